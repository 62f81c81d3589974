"""Forms in any pieces mean the same; whatever breaks a rule is named; nothing else gets out."""

import tracemalloc
from collections.abc import Iterable, Mapping
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.mailbox import codec
from channels.multipart import (
    BrokenFormError,
    Event,
    Fault,
    Field,
    FileBegins,
    FileData,
    FileEnds,
    FormReader,
    FormRefusedError,
    Rules,
)
from tests.web.fake_app import NOW

BOUNDARY = "----WebKitFormBoundaryAaB03x"
KIND = f"multipart/form-data; boundary={BOUNDARY}"
RULES = codec.rules()
LETTER = {"subject": "路灯坏了", "body": "三天没有人来修。\r\n晚上看不见路。"}
ENVELOPE = codec.Envelope(city="_example", key="mailbox:k", sender="p", received_at=NOW)
#: the rules made small, so that every limit is met by a few bytes
SMALL = replace(RULES, most_parts=8, most_files=2, largest_file=40, largest_files=60, largest_form=3_000)


def part(name: str, body: bytes | str, *, filename: str | None = None, more: str = "") -> bytes:
    shown = f'; filename="{filename}"' if filename is not None else ""
    head = f'Content-Disposition: form-data; name="{name}"{shown}\r\n{more}\r\n'
    return head.encode("utf-8", "surrogatepass") + (body.encode() if isinstance(body, str) else body)


def form(*parts: bytes, boundary: str = BOUNDARY, end: str = "--\r\n") -> bytes:
    mark = f"--{boundary}\r\n".encode()
    return b"".join(mark + one + b"\r\n" for one in parts) + f"--{boundary}{end}".encode()


def text_parts(values: Mapping[str, str]) -> list[bytes]:
    return [part(name, value) for name, value in values.items()]


def read(
    data: bytes, *, rules: Rules = RULES, step: int = 1_000_000, kind: str = KIND
) -> tuple[list[Event], list[Fault]]:
    reader = FormReader(kind, rules)
    events: list[Event] = []
    for at in range(0, len(data), step):
        events += reader.feed(data[at : at + step])
    reader.finish()
    return joined(events), reader.faults


def joined(events: Iterable[Event]) -> list[Event]:
    """Return ``events`` with the data of a file in one piece, and none of a file that is not taken."""
    whole: list[Event] = []
    for event in events:
        if isinstance(event, FileData) and whole and isinstance(whole[-1], FileData):
            whole[-1] = FileData(data=whole[-1].data + event.data)
        elif isinstance(event, FileEnds) and event.fault and whole and isinstance(whole[-1], FileData):
            whole[-1] = event
        else:
            whole.append(event)
    return whole


def judged(data: bytes, *, rules: Rules, step: int) -> object:
    try:
        return read(data, rules=rules, step=step)
    except BrokenFormError as error:
        return error.faults


def reasons(faults: Iterable[Fault]) -> list[tuple[str, str]]:
    return [(fault.field, fault.reason) for fault in faults]


# Reading


def test_a_form_of_a_browser_is_read() -> None:
    data = form(
        *text_parts(LETTER),
        part("attachment", b"\xff\xd8\xff", filename="路灯.jpg", more="Content-Type: image/jpeg\r\n"),
    )
    events, faults = read(data)
    assert faults == []
    assert events == [
        Field(name="subject", value="路灯坏了"),
        Field(name="body", value="三天没有人来修。\n晚上看不见路。"),
        FileBegins(name="路灯.jpg"),
        FileData(data=b"\xff\xd8\xff"),
        FileEnds(size=3),
    ]


def test_a_file_field_in_which_nothing_was_chosen_is_no_file() -> None:
    assert read(form(part("attachment", b"", filename=""))) == ([], [])
    assert read(form(part("attachment", b"", filename="a.txt")))[0] == [
        FileBegins(name="a.txt"),
        FileEnds(size=0),
    ]


PARTS = st.one_of(
    st.builds(part, st.sampled_from(["subject", "body", "kind", "else"]), st.binary(max_size=30)),
    st.builds(
        part, st.just("attachment"), st.binary(max_size=70), filename=st.sampled_from(["a.jpg", "", "路灯.png"])
    ),
    st.builds(part, st.just("body"), st.sampled_from([b"\r\n--", b"\r", f"\r\n--{BOUNDARY[:-1]}".encode(), b"-" * 20])),
)  # fmt: skip


@settings(print_blob=True, max_examples=300, deadline=None)
@given(st.lists(PARTS, max_size=9), st.integers(1, 70))
def test_any_pieces_of_a_form_mean_the_same(parts: list[bytes], step: int) -> None:
    data = form(*parts)
    assert judged(data, rules=SMALL, step=step) == judged(data, rules=SMALL, step=1_000_000)


@settings(print_blob=True, max_examples=400, deadline=None)
@given(st.lists(PARTS, max_size=4), st.data())
def test_a_damaged_form_is_judged_alike_in_any_pieces_and_nothing_but_its_error_gets_out(
    parts: list[bytes], data: st.DataObject
) -> None:
    damaged = bytearray(form(*parts))
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(damaged) - 1))
        damaged[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=4))
    step = data.draw(st.integers(1, 40))
    assert judged(bytes(damaged), rules=SMALL, step=step) == judged(bytes(damaged), rules=SMALL, step=10**6)


@given(st.binary(max_size=400))
def test_noise_is_no_form(noise: bytes) -> None:
    assert reasons(judged(noise, rules=RULES, step=50)) == [("form", "broken")]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "kind",
    ["", "application/json", "multipart/form-data", "multipart/form-data; boundary=", f"multipart/form-data; boundary={'a' * 71}",
     "multipart/form-data; boundary=a\tb", "multipart/mixed; boundary=a", "multipart/form-data; boundary=\u8def"],
)  # fmt: skip
def test_without_a_usable_boundary_there_is_no_form(kind: str) -> None:
    with pytest.raises(BrokenFormError):
        FormReader(kind, RULES)


BROKEN = {
    "nothing": b"",
    "no end": form(*text_parts(LETTER))[:-6],
    "cut in a header": form(*text_parts(LETTER))[:60],
    "another boundary": form(*text_parts(LETTER), boundary="other"),
    "words before it": b"hello\r\n" + form(*text_parts(LETTER)),
    "no disposition": form(b"Content-Type: text/plain\r\n\r\nbody"),
    "no name": form(b"Content-Disposition: form-data\r\n\r\nbody"),
    "not form data": form(b'Content-Disposition: attachment; name="body"\r\n\r\nbody'),
    "a header twice": form(b'Content-Disposition: form-data; name="body"\r\nContent-Disposition: form-data; name="x"\r\n\r\nb'),
    "a huge header": form(part("body", "b", more=f"X-Long: {'a' * 3_000}\r\n")),
    "many headers": form(part("body", "b", more="".join(f"X-{n}: 1\r\n" for n in range(20)))),
    "a header without an end": form(b'Content-Disposition: form-data; name="body"'),
    "line feeds alone": form(*text_parts(LETTER)).replace(b"\r\n", b"\n"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
@pytest.mark.parametrize("step", [1, 17, 100_000])
def test_a_broken_form_is_refused(name: str, step: int) -> None:
    assert reasons(judged(BROKEN[name], rules=RULES, step=step)) == [("form", "broken")]  # type: ignore[arg-type]


def test_thousands_of_parts_end_the_reading() -> None:
    data = form(*[part(f"n{n}", "x") for n in range(3_000)])
    assert reasons(judged(data, rules=RULES, step=5_000)) == [("form", "parts")]  # type: ignore[arg-type]


def test_a_form_without_end_ends_the_reading_and_takes_no_memory() -> None:
    reader = FormReader(KIND, RULES)
    reader.feed(f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="body"\r\n\r\n'.encode())
    piece = "路".encode() * 100_000
    tracemalloc.start()
    try:
        refused = None
        while refused is None:
            try:
                reader.feed(piece)
            except BrokenFormError as error:
                refused = error
        assert tracemalloc.get_traced_memory()[1] < 4 * 1024 * 1024
    finally:
        tracemalloc.stop()
    assert reasons(refused.faults) == [("form", "large")]


def test_unknown_and_repeated_fields_and_foreign_letters_are_named_all_at_once() -> None:
    data = form(
        *text_parts(LETTER),
        part("subject", "again"),
        part("role", "mayor"),
        part("place", "示例路".encode("gbk")),
        part("name", "样例", more="Content-Type: text/plain; charset=gbk\r\n"),
    )
    events, faults = read(data)
    assert reasons(faults) == [
        ("subject", "repeated"),
        ("role", "unknown"),
        ("place", "charset"),
        ("name", "charset"),
    ]
    assert [event.name for event in events if isinstance(event, Field)] == ["subject", "body"]


def test_letters_that_no_store_can_keep_are_taken_out() -> None:
    data = form(part("body", b"a\x00b\xed\xa0\x80c\xed\xb0\x80"), part("place", b"\xed\xa0\xbd\xed\xb8\x80x"))
    assert read(data)[0] == [Field(name="body", value="abc"), Field(name="place", value="x")]


def test_a_million_letters_are_not_kept_and_said_to_be_too_many() -> None:
    events, faults = read(form(part("subject", "s"), part("body", "路" * 1_000_000)), step=65_536)
    assert events == [Field(name="subject", value="s")] and reasons(faults) == [("body", "too_long")]


def test_a_text_somewhat_too_long_comes_back_whole() -> None:
    events, faults = read(form(part("body", "路" * 10_500)))
    assert faults == [] and events == [Field(name="body", value="路" * 10_500)]


def test_files_beyond_a_limit_are_passed_over_and_what_follows_is_read() -> None:
    files = [part("attachment", b"x" * size, filename=f"{size}.txt") for size in (41, 40, 25, 5)]
    events, faults = read(form(*files, part("place", "p")), rules=replace(SMALL, most_files=3))
    ends = [event for event in events if isinstance(event, FileEnds)]
    assert faults == []
    told = [(end.size, end.fault.reason if end.fault else "") for end in ends]
    assert told == [(41, "size"), (40, ""), (25, "total"), (5, "count")]
    assert ends[0].fault is not None and (ends[0].fault.found, ends[0].fault.name) == (41, "41.txt")
    assert events[-1] == Field(name="place", value="p")


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        ('filename="%E8%B7%AF%E7%81%AF.jpg"', "路灯.jpg"),
        ("filename*=UTF-8''%E8%B7%AF%E7%81%AF.jpg", "路灯.jpg"),
        ('filename="100%.jpg"', "100%.jpg"),
        ('filename="a%FF.jpg"', "a%FF.jpg"),
        ("filename=plain.jpg", "plain.jpg"),
        ('filename="C:\\\\temp\\\\a.jpg"', "a.jpg"),
    ],
)
def test_names_of_files_are_read_as_browsers_and_libraries_write_them(disposition: str, name: str) -> None:
    head = f'Content-Disposition: form-data; name="attachment"; {disposition}\r\n\r\nx'
    assert read(form(head.encode()))[0][0] == FileBegins(name=name)


# The letter


def faults_of(**values: str) -> list[tuple[str, str]]:
    return reasons(codec.read({**LETTER, **values}))


def test_subject_and_body_are_all_that_a_letter_needs() -> None:
    assert faults_of() == []
    assert faults_of(subject=" ", body="\n") == [("subject", "missing"), ("body", "missing")]
    assert reasons(codec.read(LETTER, needed=("kind", "subject", "phone"))) == [
        ("kind", "missing"),
        ("phone", "missing"),
    ]


@pytest.mark.parametrize(
    ("name", "longest"), [("subject", 40), ("body", 10_000), ("place", 200), ("name", 50)]
)
def test_every_text_has_its_limit(name: str, longest: int) -> None:
    assert faults_of(**{name: "路" * longest}) == []
    (fault,) = codec.read({**LETTER, name: "路" * (longest + 1)})
    assert (fault.reason, fault.found, fault.limit) == ("too_long", longest + 1, longest)


@pytest.mark.parametrize("phone", ["13900000000", "139 0000 0000", "+86 139-0000-0000", "0375-2345678", ""])
def test_telephone_numbers_of_this_country_are_taken(phone: str) -> None:
    assert faults_of(phone=phone) == []


@pytest.mark.parametrize(("phone", "found"), [("1390000000", 10), ("139 0000 000", 10), ("139000000001", 12)])
def test_digits_of_a_mobile_number_are_counted(phone: str, found: int) -> None:
    (fault,) = codec.read({**LETTER, "phone": phone})
    assert (fault.reason, fault.found, fault.limit) == ("digits", found, 11)


@pytest.mark.parametrize("phone", ["10000000000", "2345678", "没有", "12345"])
def test_other_numbers_are_asked_about(phone: str) -> None:
    assert [field for field, _ in faults_of(phone=phone)] == ["phone"]


@pytest.mark.parametrize("email", ["a@b.cn", "name.x+y@mail.example.com", "样例@例子.中国"])
def test_addresses_are_taken(email: str) -> None:
    assert faults_of(email=email) == []


@pytest.mark.parametrize("email", ["a", "a@b", "a b@c.cn", "@b.cn", "a@.cn", "a@b..cn", "a@b.cn, c@d.cn"])
def test_what_is_no_address_is_named(email: str) -> None:
    assert faults_of(email=email) == [("email", "email")]


def test_flags_and_kinds_are_closed_lists() -> None:
    assert faults_of(public="true", confidential="false", anonymous="", kind="report") == []
    assert faults_of(public="yes", kind="war") == [("kind", "choice"), ("public", "flag")]


def test_a_letter_says_all_that_its_form_says_in_a_steady_order() -> None:
    values = {**LETTER, "phone": "139 0000 0000", "name": "样例先生", "public": "true", "kind": "complaint"}
    one = codec.letter(values, ["b", "a", "b"], ENVELOPE)
    other = codec.letter(dict(reversed(values.items())), ["b", "a"], ENVELOPE)
    assert one == other and one.fingerprint() == other.fingerprint()
    assert one.letter and one.key == "mailbox:k" and one.attachments == ("b", "a")
    assert one.fields == (
        ("subject", "路灯坏了"), ("kind", "complaint"), ("name", "样例先生"), ("phone", "13900000000"),
        ("public", "true"), ("confidential", "false"), ("anonymous", "false"),
    )  # fmt: skip


def test_an_anonymous_letter_holds_nothing_of_its_writer() -> None:
    values = {**LETTER, "phone": "13900000000", "name": "样例先生", "email": "a@b.cn", "anonymous": "true"}
    told = dict(codec.letter(values, (), ENVELOPE).fields)
    assert not {"phone", "name", "email"} & set(told) and told["anonymous"] == "true"


@pytest.mark.parametrize("given", ["a", "8e03978e-40d5-43e8-bc93-6894a57f9324", "x" * 200])
def test_a_key_is_what_the_client_chose(given: str) -> None:
    assert codec.letter_key(given) == f"mailbox:{given}"


@pytest.mark.parametrize("given", ["", "x" * 201, "a b", "路", "a\n", "\x7f"])
def test_what_is_no_key_is_refused(given: str) -> None:
    with pytest.raises(FormRefusedError):
        codec.letter_key(given)


@given(st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=40))
def test_no_key_looks_like_that_of_an_addition_to_another_letter(given: str) -> None:
    key = codec.letter_key(given)
    assert key.count(":") == 1 and (given == given.replace("%", "") or "%25" in key)


@settings(print_blob=True, max_examples=200)
@given(
    st.fixed_dictionaries(
        {"subject": st.text(min_size=1, max_size=50), "body": st.text(min_size=1, max_size=80)},
        optional={name: st.text(max_size=60) for name in codec.LONGEST if name not in LETTER},
    )
)
def test_values_are_named_at_fault_or_make_a_letter(values: dict[str, str]) -> None:
    if codec.read(values):
        return
    message = codec.letter(values, (), ENVELOPE)
    assert message.text and message.subject and len(message.text) <= 10_000
    assert "\x00" not in message.text + "".join(value for _, value in message.fields)
