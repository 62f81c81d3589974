"""What GeoReport v2 writes and reads, without a server."""

import json
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.mailbox.codec import Envelope
from channels.multipart import FormRefusedError
from channels.open311 import codec
from channels.open311.keys import client_of, digest_of, new_key
from cities.loading import load_pack
from hotline.calendar import CITY_TIME
from hotline.message import InboundMessage, Location

PACK = load_pack("_example")
NOW = datetime(2026, 9, 29, 14, 30, tzinfo=CITY_TIME)
ENVELOPE = Envelope(city="_example", key="open311:k", sender="p", received_at=NOW)
LIGHT = {"description": "路灯坏了三天。", "address_string": "示例东路1号"}
SAYS = dict.fromkeys(("subject", "public", "confidential", "anonymous", "yes", "no"), "说明")


def read(form: dict[str, str], kind: str = "complaint") -> InboundMessage:
    return codec.read_post(form, PACK.kinds[kind], ENVELOPE, media="照片：{url}")


def wrong(form: dict[str, str], kind: str = "complaint") -> set[tuple[str, str]]:
    with pytest.raises(FormRefusedError) as caught:
        read(form, kind)
    return {(fault.field, fault.reason) for fault in caught.value.faults}


@given(st.text())
def test_whatever_stands_in_a_text_both_forms_can_be_read_again(text: str) -> None:
    text = text.encode("utf-8", "ignore").decode()
    said = codec.errors([(400, text)])
    assert json.loads(codec.written("errors", said, "json")) == said
    root = ElementTree.fromstring(codec.written("errors", said, "xml"))
    assert [item.tag for item in root] == ["error"] and root.findtext("error/code") == "400"


def test_the_form_of_a_kind_is_the_city_s_with_what_geo_report_asks_itself_for_information() -> None:
    told = codec.definition(PACK.kinds["complaint"], SAYS)
    attributes = {one["code"]: one for one in told["attributes"]}
    assert [one["order"] for one in told["attributes"]] == list(range(1, len(attributes) + 1))
    assert {code for code, one in attributes.items() if one["variable"]} == {
        "time", "subject", "public", "confidential", "anonymous",
    }  # fmt: skip
    assert {"description", "address_string", "phone", "last_name"} <= set(attributes)
    assert [one["key"] for one in attributes["public"]["values"]] == ["true", "false"]
    root = ElementTree.fromstring(codec.written("service_definition", told, "xml"))
    assert root.findtext("service_code") == "complaint"
    assert len(root.findall("attributes/attribute")) == len(attributes)
    assert root.find("attributes/attribute/values") is not None


def test_a_post_is_a_letter_with_everything_that_was_told() -> None:
    message = read(
        LIGHT
        | {"lat": "33.7", "long": "113.2", "first_name": "某", "last_name": "样例", "phone": "139 0000 0000"}
        | {"attribute[time]": "晚上", "attribute[subject]": "路灯", "attribute[public]": "true"}
        | {"media_url": "https://example.org/a.jpg", "device_id": "d", "account_id": "a"}
    )
    fields = dict(message.fields)
    assert message.channel == "open311" and message.letter and message.conversation == "open311:p"
    assert message.text == "路灯坏了三天。\n照片：https://example.org/a.jpg"
    assert message.location == Location(lat=33.7, lon=113.2, label="示例东路1号")
    assert fields["name"] == "样例某" and fields["phone"] == "13900000000" and fields["kind"] == "complaint"
    assert (fields["time"], fields["subject"], fields["public"]) == ("晚上", "路灯", "true")
    assert not {"device_id", "account_id"} & set(fields)


def test_who_asks_to_stay_unknown_is_not_kept() -> None:
    fields = dict(
        read(LIGHT | {"last_name": "样例某", "phone": "13900000000", "attribute[anonymous]": "true"}).fields
    )
    assert not {"name", "phone", "email"} & set(fields)


@pytest.mark.parametrize(
    ("form", "fault"),
    [
        ({"address_string": "示例东路"}, ("description", "missing")),
        (LIGHT | {"description": "路" * 4_001}, ("description", "too_long")),
        ({"description": "路灯坏了"}, ("address_string", "missing")),
        (LIGHT | {"lat": "33.7"}, ("long", "degrees")),
        (LIGHT | {"lat": "nan", "long": "1"}, ("lat", "degrees")),
        (LIGHT | {"lat": "91", "long": "1"}, ("lat", "degrees")),
        (LIGHT | {"phone": "123"}, ("phone", "digits")),
        (LIGHT | {"email": "nobody"}, ("email", "email")),
        (LIGHT | {"attribute[public]": "yes"}, ("attribute[public]", "flag")),
        (LIGHT | {"attribute[colour]": "red"}, ("attribute[colour]", "unknown")),
        (LIGHT | {"attribute[time]": "晚" * 201}, ("attribute[time]", "too_long")),
        (LIGHT | {"media_url": "javascript:x"}, ("media_url", "link")),
        (LIGHT | {"media_url": "http://["}, ("media_url", "link")),
    ],
)  # fmt: skip
def test_each_fault_is_named_by_the_argument_of_the_interface(
    form: dict[str, str], fault: tuple[str, str]
) -> None:
    assert fault in wrong(form)


def test_a_kind_that_asks_for_no_place_needs_none() -> None:
    assert read({"description": "社保卡多久能办好"}, "consultation").location is None


def test_a_refused_form_can_still_be_screened() -> None:
    drafted = codec.draft({"description": "着火了", "lat": "x"}, "other", ENVELOPE)
    assert drafted is not None and drafted.text == "着火了"
    assert codec.draft({}, "other", ENVELOPE) is None


def test_without_dates_the_last_ninety_days_are_meant() -> None:
    query = codec.read_query({}, now=NOW)
    assert (query.since, query.until, query.size, query.page) == (NOW - timedelta(days=90), NOW, 1000, 1)
    assert query.statuses == ("open", "closed") and not query.kinds


@pytest.mark.parametrize(
    ("given", "since", "until"),
    [
        ({"start_date": "2026-01-01T00:00:00Z"}, "2026-01-01T00:00:00+00:00", "2026-04-01T00:00:00+00:00"),
        ({"start_date": "2026-09-01T00:00:00 08:00"}, "2026-09-01T00:00:00+08:00", NOW.isoformat()),
        ({"end_date": "2026-04-01T00:00:00Z"}, "2026-01-01T00:00:00+00:00", "2026-04-01T00:00:00+00:00"),
    ],
)
def test_one_date_alone_spans_ninety_days(given: dict[str, str], since: str, until: str) -> None:
    query = codec.read_query(given, now=NOW)
    assert (query.since, query.until) == (datetime.fromisoformat(since), datetime.fromisoformat(until))


@pytest.mark.parametrize(
    "given",
    [
        {"start_date": "2026-01-01"}, {"start_date": "yesterday"}, {"end_date": "0001-01-01T00:00:00+08:00"},
        {"start_date": "2026-01-01T00:00:00Z", "end_date": "2026-06-01T00:00:00Z"},
        {"start_date": "2026-02-01T00:00:00Z", "end_date": "2026-01-01T00:00:00Z"},
        {"status": "lost"}, {"page": "0"}, {"page_size": "²"},
    ],
)  # fmt: skip
def test_a_query_that_means_nothing_is_refused_unless_numbers_override_it(given: dict[str, str]) -> None:
    with pytest.raises(FormRefusedError):
        codec.read_query(given, now=NOW)
    assert codec.read_query(given | {"service_request_id": "1,2"}, now=NOW).numbers == ("1", "2")


@given(st.dictionaries(st.sampled_from(["start_date", "end_date", "page", "status"]), st.text()))
def test_any_query_is_read_or_refused(given: dict[str, str]) -> None:
    with suppress(FormRefusedError):
        assert codec.read_query(given, now=NOW).size == codec.MOST


@given(
    st.dictionaries(
        st.sampled_from(["description", "address_string", "lat", "long", "phone", "media_url", "attribute[x]", "last_name"]),
        st.text(),
    )
)  # fmt: skip
def test_any_form_is_read_or_refused(form: dict[str, Any]) -> None:
    with suppress(FormRefusedError):
        assert read(form, "other").text


def test_a_client_is_known_by_its_key_alone() -> None:
    key = new_key()
    known = {"app": digest_of(key), "other": digest_of(new_key())}
    assert client_of(key, known) == "app"
    assert client_of("", known) is None and client_of(digest_of(key), known) is None
