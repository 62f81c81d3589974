"""The desk's door for events: what it takes, what it refuses, and that nothing is lost or doubled."""

import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest

from dispatch_client import payloads
from hotline.message import Location
from tests.dispatch import (
    FILED_AT,
    GATEWAY,
    KEY,
    RunningDesk,
    a_number,
    a_ticket,
    an_event,
    filed,
    post_body,
    post_event,
)

pytestmark = pytest.mark.enable_socket


async def test_a_filed_ticket_becomes_a_case(desk: RunningDesk) -> None:
    ticket = a_ticket(a_number("AAAAAAA1"), location=Location(lat=33.7, lon=113.3))
    assert await post_event(desk.browser, filed(ticket)) == 202
    assert await desk.count("cases", "number = $1 AND state = 'received'", ticket.number) == 1


async def test_the_same_event_twice_is_taken_once(desk: RunningDesk) -> None:
    event = filed(a_ticket(a_number("AAAAAAA2")))
    assert [await post_event(desk.browser, event) for _ in range(3)] == [202, 200, 200]
    assert await desk.count("events_received", "subject = $1", event.subject) == 1
    assert await desk.count("case_events", "number = $1", event.subject) == 1


async def test_the_same_event_at_the_same_moment_is_taken_once(desk: RunningDesk) -> None:
    event = filed(a_ticket(a_number("AAAAAAA3")))
    answers = await asyncio.gather(*(post_event(desk.browser, event) for _ in range(5)))
    assert sorted(answers) == [200, 200, 200, 200, 202]
    assert await desk.count("case_events", "number = $1", event.subject) == 1


async def test_one_id_about_two_tickets_is_two_events(desk: RunningDesk) -> None:
    first, second = (filed(a_ticket(a_number(letters)), id="one-id") for letters in ("AAAAAAA4", "AAAAAAA5"))
    assert [await post_event(desk.browser, event) for event in (first, second)] == [202, 202]


async def test_a_supplement_before_its_ticket_waits_for_it(desk: RunningDesk) -> None:
    number = a_number("AAAAAAA6")
    data = payloads.supplement_data("还有灰尘", at=FILED_AT)
    late = an_event("supplemented", data, number=number, sequence=2)
    assert await post_event(desk.browser, late) == 202
    assert await desk.count("cases", "number = $1", number) == 0
    assert await post_event(desk.browser, late) == 200
    assert await post_event(desk.browser, filed(a_ticket(number))) == 202
    names = await desk.services.pool.fetch(
        "SELECT name FROM case_events WHERE number = $1 ORDER BY sequence", number
    )
    assert [row["name"] for row in names] == ["filed", "supplemented"]
    assert await desk.count("events_received", "subject = $1 AND applied_at IS NULL", number) == 0


async def test_events_in_any_order_are_all_kept(desk: RunningDesk) -> None:
    number = a_number("AAAAAAA7")
    urged = [
        an_event("urged", payloads.urge_data(at=FILED_AT), number=number, sequence=n) for n in (5, 3, 4, 2)
    ]
    for event in (*urged[:2], filed(a_ticket(number)), *urged[2:]):
        assert await post_event(desk.browser, event) == 202
    assert await desk.count("case_events", "number = $1", number) == 5


async def test_a_second_filing_of_a_ticket_does_not_replace_the_first(desk: RunningDesk) -> None:
    number = a_number("AAAAAAA8")
    assert await post_event(desk.browser, filed(a_ticket(number))) == 202
    sealed = await desk.services.pool.fetchval("SELECT record FROM cases WHERE number = $1", number)
    assert await post_event(desk.browser, filed(a_ticket(number, title="别的事"), id="another")) == 202
    assert await desk.services.pool.fetchval("SELECT record FROM cases WHERE number = $1", number) == sealed


@pytest.mark.parametrize("age", [timedelta(minutes=6), -timedelta(minutes=6)])
async def test_a_signature_of_another_time_is_refused(desk: RunningDesk, age: timedelta) -> None:
    event = filed(a_ticket(a_number("AAAAAAA9")))
    assert await post_event(desk.browser, event, at=datetime.now(UTC) - age) == 401


async def test_a_signature_with_another_key_is_refused(desk: RunningDesk) -> None:
    event = filed(a_ticket(a_number("AAAAAAB1")))
    assert await post_event(desk.browser, event, key=KEY[::-1]) == 401
    assert await desk.count("events_received", "subject = $1", event.subject) == 0


async def test_no_signature_is_refused_with_a_problem(desk: RunningDesk) -> None:
    answer = await desk.browser.post("/api/events", data=filed(a_ticket()).body())
    assert answer.status == 401
    assert answer.content_type == "application/problem+json"
    assert (await answer.json())["type"] == "urn:huying:problem:signature"


async def test_the_signature_is_held_against_the_real_time_not_a_moved_clock(desk: RunningDesk) -> None:
    desk.clock.now = FILED_AT + timedelta(days=400)
    assert await post_event(desk.browser, filed(a_ticket(a_number("AAAAAAB2")))) == 202


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"[" * 100_000,
        b"{}",
        b'{"specversion":"1.0"}',
        filed(a_ticket()).body().replace(b"ticket.filed", b"ticket.sneezed"),
        filed(a_ticket()).body().replace(b"ticket.filed", b"ticket.signed"),
        filed(a_ticket()).body().replace(a_number().encode(), b"20261120ABCDEFGHX"),
        filed(a_ticket()).body().replace(b'"title"', b'"titel"'),
        filed(a_ticket()).body().replace(b'"urgent":false', b'"urgent":"no"'),
        filed(a_ticket()).body().replace(b'"place"', b'"query_code"'),
        filed(a_ticket()).body().replace(b'"time":"20', b'"time":"no20', 1),
    ],
    ids=range(12),
)
async def test_what_is_no_event_is_refused_with_a_problem(desk: RunningDesk, body: bytes) -> None:
    answer = await post_body(desk.browser, body)
    assert answer.status == 422
    assert (await answer.json())["type"] == "urn:huying:problem:event"


async def test_a_ticket_under_the_number_of_another_is_refused(desk: RunningDesk) -> None:
    event = an_event(
        "filed", payloads.ticket_data(a_ticket(a_number("AAAAAAB3"))), number=a_number("AAAAAAB4")
    )
    assert await post_event(desk.browser, event) == 422


async def test_a_finding_names_the_field_and_never_quotes_it(desk: RunningDesk) -> None:
    ticket = a_ticket(a_number("AAAAAAB5"))
    data = payloads.ticket_data(ticket) | {"title": {"name": "张样例"}}
    answer = await post_body(desk.browser, an_event("filed", data, number=ticket.number).body())
    assert (await answer.json())["errors"] == [{"field": "title", "detail": "type"}]
    assert "张样例" not in await answer.text()


async def test_more_than_a_megabyte_is_refused(desk: RunningDesk) -> None:
    assert (await post_body(desk.browser, b" " * 1_000_001)).status == 413
    assert (await post_body(desk.browser, b" " * 1_000_000)).status == 422


async def test_fields_added_later_are_ignored(desk: RunningDesk) -> None:
    ticket = a_ticket(a_number("AAAAAAB6"))
    data = payloads.ticket_data(ticket) | {"mood": "calm"}
    assert await post_event(desk.browser, an_event("filed", data, number=ticket.number)) == 202


async def test_what_a_citizen_said_lies_sealed_in_the_database(desk: RunningDesk) -> None:
    ticket = a_ticket(a_number("AAAAAAB7"))
    await post_event(desk.browser, filed(ticket))
    supplement = payloads.supplement_data("还有灰尘", at=FILED_AT)
    await post_event(desk.browser, an_event("supplemented", supplement, number=ticket.number, sequence=2))
    rows = []
    for table in ("cases", "case_events", "events_received", "effects"):
        rows += await desk.services.pool.fetch(f"SELECT to_jsonb(t)::text AS text FROM {table} AS t")
    stored = "\n".join(row["text"] for row in rows)
    for word in (ticket.title, ticket.contact.phone, ticket.contact.name, ticket.place, "还有灰尘"):
        assert word not in stored
        assert word.encode().hex() not in stored


async def test_logs_name_the_event_and_not_the_citizen(
    desk: RunningDesk, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    ticket = a_ticket(a_number("AAAAAAB8"))
    await post_event(desk.browser, filed(ticket))
    said = "\n".join(str(vars(record)) for record in caplog.records)
    assert "event.taken" in said
    for word in (ticket.title, ticket.contact.phone, ticket.place, GATEWAY):
        assert word not in said


async def test_events_are_counted_by_name_and_result(desk: RunningDesk) -> None:
    event = filed(a_ticket(a_number("AAAAAAB9")))
    await post_event(desk.browser, event)
    await post_event(desk.browser, event)
    await post_body(desk.browser, json.dumps({}).encode())
    figures = await (await desk.browser.get("/metrics")).text()
    assert 'huying_desk_events_total{name="filed",result="new"} 1.0' in figures
    assert 'huying_desk_events_total{name="filed",result="known"} 1.0' in figures
    assert 'huying_desk_events_total{name="unknown",result="malformed"} 1.0' in figures
