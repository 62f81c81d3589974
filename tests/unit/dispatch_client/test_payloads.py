"""What we send is what docs/events says; the query code never leaves."""

import json
from dataclasses import fields
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from dispatch_client import payloads
from dispatch_desk.cases import file_of, receive, said_of
from groundwork.contract import SCHEMAS, findings, validator
from hotline.casework import Step, Taken
from hotline.deadlines import Due
from hotline.errors import NotAnEventError
from hotline.events import TO_DESK, read_event
from hotline.message import Location
from hotline.records import from_record
from hotline.ticket import Contact, Ticket
from tests.dispatch import FILED_AT, a_number, a_pack, a_ticket, an_event, filed

PAYLOADS: dict[str, dict[str, Any]] = {
    "supplemented": payloads.supplement_data("还有灰尘", at=FILED_AT, attachments=("ab12",)),
    "urged": payloads.urge_data(at=FILED_AT),
    "rated": payloads.rating_data(2, "没有解决", at=FILED_AT),
    "withdrawn": payloads.withdrawal_data(at=FILED_AT),
}


@pytest.mark.parametrize("path", sorted(SCHEMAS.glob("*.json")), ids=lambda path: path.stem)
def test_every_schema_is_one(path: Any) -> None:
    schema = json.loads(path.read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"].endswith("2020-12/schema")
    assert schema["$id"] == f"urn:huying:schema:ticket.{path.name.removesuffix('.json')}"


def test_every_event_to_the_desk_has_its_schema() -> None:
    assert {name for name in TO_DESK if (SCHEMAS / f"{name}.v1.json").exists()} == set(TO_DESK)


@pytest.mark.parametrize(
    "ticket",
    [
        a_ticket(),
        a_ticket(ticket_class=None, class_label="", location=Location(lat=33.7, lon=113.3, label="门口")),
        a_ticket(contact=Contact(anonymous=True, confidential=True), due=(), law=(), urgent=True),
        a_ticket(contact=Contact(name="张样例", email="zhang@example.com"), public=True, channel="mailbox"),
        a_ticket(related=(a_number("BBBBBBBB"),), attachments=("ab12",), asks_person=True),
    ],
)
def test_a_filed_ticket_is_as_the_schema_says(ticket: Ticket) -> None:
    assert findings("filed", payloads.ticket_data(ticket)) == []


def test_a_filed_ticket_says_everything_but_the_query_code() -> None:
    ticket = a_ticket()
    data = payloads.ticket_data(ticket)
    own = {field.name for field in fields(Ticket)} - {"query_code", "ticket_class", "named", "site", "when"}
    expected = own | {"class", "source", "parties", "division", "transcript"}
    assert set(data) == expected
    assert ticket.query_code not in filed(ticket).body().decode()
    assert data["due"][0]["article"] == "示例市热线办法第八条"
    assert [day["count"] for day in data["due"][0]["days"]] == [None, None, None, 1]


def test_an_event_of_before_there_were_letters_is_still_one() -> None:
    data = payloads.ticket_data(a_ticket())
    del data["public"], data["contact"]["email"]
    assert findings("filed", data) == []


@pytest.mark.parametrize(("name", "value"), [("public", "yes"), ("contact", {"email": 1})])
def test_the_schema_says_what_e_mail_and_publicity_are(name: str, value: object) -> None:
    data = payloads.ticket_data(a_ticket())
    data[name] = {**data[name], **value} if isinstance(value, dict) else value
    assert [finding["field"] for finding in findings("filed", data)] == [
        "contact/email" if name == "contact" else name
    ]


def test_the_schema_refuses_a_query_code() -> None:
    assert findings("filed", payloads.ticket_data(a_ticket()) | {"query_code": "QC7777"})
    assert findings("urged", PAYLOADS["urged"] | {"query_code": "QC7777"})


def test_the_desk_reads_back_the_same_due_moments() -> None:
    ticket = a_ticket()
    read = tuple(from_record(Due, due) for due in payloads.ticket_data(ticket)["due"])
    assert read == ticket.due


@pytest.mark.parametrize(("name", "data"), PAYLOADS.items())
def test_the_other_events_are_as_their_schemas_say(name: str, data: dict[str, Any]) -> None:
    assert findings(name, data) == []
    body = an_event(name, data, number=a_number()).body()
    assert findings("envelope", json.loads(body)) == []
    assert read_event(body, names=TO_DESK).data == data


def test_the_word_that_a_case_is_signed_is_as_its_schema_says() -> None:
    case = receive(filed(a_ticket()), at=FILED_AT)
    taken = Taken(step=Step.SIGN, at=FILED_AT + timedelta(hours=2), unit=case.lead_unit)
    rule = next(rule for rule in a_pack().case_steps if rule.step == Step.SIGN)
    ((_, said),) = said_of(rule, file_of(case, ()), taken, ())
    assert findings("signed", said) == []


@settings(print_blob=True, max_examples=60)
@given(
    title=st.text(max_size=40), text=st.text(max_size=200), name=st.text(max_size=20), urgent=st.booleans()
)
def test_whatever_a_citizen_says_arrives_as_it_was_said(
    title: str, text: str, name: str, urgent: bool
) -> None:
    ticket = a_ticket(title=title, text=text, contact=Contact(name=name), urgent=urgent)
    event = filed(ticket)
    assert findings("envelope", json.loads(event.body())) == []
    read = read_event(event.body(), names=TO_DESK)
    assert read == event
    assert findings("filed", read.data) == []


@pytest.mark.parametrize(
    "broken",
    [
        {"specversion": "0.3"},
        {"type": "huying.ticket.signed.v1"},
        {"subject": "20261120ABCDEFGHZ"},
        {"subject": "２０２６１１２０ABCDEFGHJ"},
        {"sequence": "0"},
        {"sequence": "-1"},
        {"sequence": "9" * 20},
        {"sequence": 1},
        {"time": "2026-11-20T15:30:00"},
        {"time": "0001-01-01T00:00:00+08:00"},
        {"data": []},
        {"data": {"text": "\ud800"}},
        {"data": {"grade": float("nan")}},
        {"id": ""},
        {"id": "x" * 501},
    ],
    ids=str,
)
def test_a_crooked_event_is_refused_in_good_order(broken: dict[str, Any]) -> None:
    envelope = json.loads(an_event("urged", PAYLOADS["urged"], number=a_number()).body())
    with pytest.raises(NotAnEventError):
        read_event(json.dumps(envelope | broken).encode(), names=TO_DESK)


@pytest.mark.parametrize(
    "body", [b"", b"[", b"[" * 200_000, b"null", b"[]", b'"x"', b"\xff\xfe", b"{}"], ids=len
)
def test_what_is_no_event_at_all_is_refused_in_good_order(body: bytes) -> None:
    with pytest.raises(NotAnEventError):
        read_event(body, names=TO_DESK)


def test_schemas_are_read_once() -> None:
    assert validator("filed") is validator("filed")
