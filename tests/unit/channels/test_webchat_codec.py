"""The chat's codec: anything in, a message or one error out."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.base import FieldError, TooLongError
from channels.webchat.codec import MAX_FIELDS, MAX_TEXT, Envelope, client_id, decode, decode_form
from hotline.errors import NotAMessageError
from hotline.message import InboundMessage
from tests.web.fake_app import NOW

ENVELOPE = Envelope(city="_example", session="s" * 24, sender="pseudonym", received_at=NOW)
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None), max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
KNOWN = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(("text", "option", "location", "fields", "attachments", "else"), ANY_JSON)
    | {"id": st.from_regex(r"[A-Za-z0-9_-]{1,100}", fullmatch=True) | ANY_JSON},
)


def read(data: Any) -> InboundMessage:
    return decode(json.dumps(data).encode(), ENVELOPE)


def is_whole(message: InboundMessage) -> bool:
    words = [message.text, message.option or "", *(part for pair in message.fields for part in pair)]
    "".join(words).encode("utf-8")
    return message.conversation == f"webchat:{ENVELOPE.session}" and "\x00" not in "".join(words)


@settings(print_blob=True)
@given(st.binary(max_size=300))
def test_any_bytes_are_a_message_or_one_error(body: bytes) -> None:
    with contextlib.suppress(NotAMessageError):
        assert is_whole(decode(body, ENVELOPE))


@settings(print_blob=True)
@given(KNOWN)
def test_any_object_is_a_message_or_one_error(data: Any) -> None:
    with contextlib.suppress(NotAMessageError):
        assert is_whole(read(data))


@settings(print_blob=True)
@given(
    st.dictionaries(st.sampled_from(["id", "text", "option", "field.what", "field.X", "other"]), st.text())
)
def test_any_form_is_a_message_or_one_error(form: dict[str, str]) -> None:
    with contextlib.suppress(NotAMessageError):
        assert is_whole(decode_form(form, ENVELOPE))


def test_a_message_carries_its_session_and_the_clients_id() -> None:
    message = read({"id": "a-1_B", "text": "路灯坏了"})
    assert (message.key, message.conversation, message.channel) == (
        f"webchat:{'s' * 24}:a-1_B",
        f"webchat:{'s' * 24}",
        "webchat",
    )
    assert (message.sender, message.received_at, message.text) == ("pseudonym", NOW, "路灯坏了")
    assert client_id(message) == "a-1_B"


def test_unknown_names_are_ignored() -> None:
    assert read({"id": "1", "text": "你好", "mood": "happy"}).text == "你好"


def test_an_option_a_place_and_edited_facts_come_through() -> None:
    message = read(
        {
            "id": "1",
            "option": "confirm",
            "location": {"lat": 33.7, "lon": 113.3, "label": "示例路"},
            "fields": {"place": "示例路2号", "phone": ""},
        }
    )
    assert message.option == "confirm"
    assert message.location is not None and message.location.label == "示例路"
    assert message.fields == (("phone", ""), ("place", "示例路2号"))


def test_the_order_of_edited_facts_does_not_make_another_message() -> None:
    one = read({"id": "1", "option": "confirm", "fields": {"a": "1", "b": "2"}})
    other = read({"id": "1", "option": "confirm", "fields": {"b": "2", "a": "1"}})
    assert one.fingerprint() == other.fingerprint()


def test_other_facts_under_the_same_option_are_another_message() -> None:
    one = read({"id": "1", "option": "confirm", "fields": {"place": "1"}})
    other = read({"id": "1", "option": "confirm", "fields": {"place": "2"}})
    assert one.fingerprint() != other.fingerprint()


def test_a_form_gives_the_same_message_as_json() -> None:
    form = decode_form({"id": "1", "option": "confirm", "field.place": "示例路", "text": ""}, ENVELOPE)
    assert form == read({"id": "1", "option": "confirm", "fields": {"place": "示例路"}})


def test_what_no_store_can_keep_is_taken_out() -> None:
    message = decode(rb'{"id": "1", "text": "a\u0000b\ud800c\ud83d\ude00"}', ENVELOPE)
    assert message.text == "abc\U0001f600"


def test_the_longest_text_passes_and_one_more_character_does_not() -> None:
    assert len(read({"id": "1", "text": "路" * MAX_TEXT}).text) == MAX_TEXT
    with pytest.raises(TooLongError) as caught:
        read({"id": "1", "text": "路" * (MAX_TEXT + 1)})
    assert (caught.value.limit, caught.value.found) == (MAX_TEXT, MAX_TEXT + 1)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"[" * 200_000, "body"),
        (b'{"id": "1", "text": "a", "text": "b"}', "body"),
        (b'{"id": "1", "text": "a", "location": {"lat": NaN, "lon": 1}}', "body"),
        (b"[]", "body"),
        (b"\xff\xfe", "body"),
        ("{'id': 1}".encode("utf-16"), "body"),
        (b'{"text": "a"}', "id"),
        (b'{"id": 7, "text": "a"}', "id"),
        (b'{"id": "", "text": "a"}', "id"),
        (b'{"id": "a b", "text": "a"}', "id"),
        (b'{"id": "1\\n", "text": "a"}', "id"),
        ('{"id": "路", "text": "a"}'.encode(), "id"),
        (b'{"id": "' + b"a" * 101 + b'", "text": "a"}', "id"),
        (b'{"id": "1"}', "text"),
        (b'{"id": "1", "text": " \\n\\u3000"}', "text"),
        (b'{"id": "1", "text": ["a"]}', "text"),
        (b'{"id": "1", "option": {}}', "option"),
        (b'{"id": "1", "option": "' + b"a" * 101 + b'"}', "option"),
        (b'{"id": "1", "location": {"lat": 91, "lon": 0}}', "location"),
        (b'{"id": "1", "location": {"lat": true, "lon": 0}}', "location"),
        (b'{"id": "1", "location": {"lat": 1e999, "lon": 0}}', "location"),
        (b'{"id": "1", "location": [1, 2]}', "location"),
        (b'{"id": "1", "option": "confirm", "fields": {"Bad Name": ""}}', "fields"),
        (b'{"id": "1", "option": "confirm", "fields": {"place": 1}}', "fields"),
    ],
)
def test_what_is_wrong_is_named(body: bytes, field: str) -> None:
    with pytest.raises(FieldError) as caught:
        decode(body, ENVELOPE)
    assert caught.value.field == field


def test_too_many_facts_are_refused() -> None:
    with pytest.raises(FieldError):
        read({"id": "1", "option": "confirm", "fields": {f"f{n}": "" for n in range(MAX_FIELDS + 1)}})


def test_attachments_are_ids_of_uploads_each_once() -> None:
    one, two = "a" * 32, "0" * 32
    assert read({"id": "1", "attachments": [one, two, one]}).attachments == (one, two)
    assert read({"id": "1", "text": "你好", "attachments": None}).attachments == ()


@pytest.mark.parametrize(
    "value", ["a" * 32, [1], ["x"], ["A" * 32], ["a" * 32] * 6, {}, [["a" * 32]], [None]]
)
def test_other_attachments_are_refused(value: object) -> None:
    with pytest.raises(FieldError) as refused:
        read({"id": "1", "text": "a", "attachments": value})
    assert refused.value.field == "attachments"
