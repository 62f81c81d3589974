"""How dates move after filing: forward with events, back only for a stated reason, never silently."""

from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cities.loading import load_pack
from hotline.calendar import CITY_TIME
from hotline.citypack import CityPack
from hotline.dates import Dates, dates_of
from hotline.deadlines import Due, due_moments, shown_date
from hotline.events import Event
from hotline.telling import reply_of
from hotline.ticket import Contact, Ticket

PACK = load_pack("_example")
FILED = datetime(2026, 11, 23, 10, tzinfo=CITY_TIME)  # a Monday


@dataclass(frozen=True)
class Told:
    """An event as the register keeps it."""

    name: str
    at: datetime
    data: dict[str, Any] = field(default_factory=dict)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=CITY_TIME)


def a_ticket(pack: CityPack = PACK, filed: datetime = FILED, **changes: Any) -> Ticket:
    case: dict[str, Any] = {"kind": "complaint", "ticket_class": "normal", "channel": "webchat"} | changes
    return Ticket(
        number="", query_code="", city=pack.code, kind_label="", class_label="", title="", summary="", text="",
        place="", time="", contact=Contact(), lead_unit="", lead_unit_why="", law=(), filed_at=filed,
        due=due_moments(pack, at=filed, **case), **case,
    )  # fmt: skip


def after(*told: Told, ticket: Ticket | None = None, pack: CityPack = PACK) -> Dates:
    return dates_of(pack, ticket or a_ticket(pack), told)


def by_what(dates: Dates) -> dict[str, Due]:
    return {due.what: due for due in dates.due}


def signed(text: str) -> Told:
    return Told("signed", at(text), {"unit": "示例区住建局", "at": at(text).isoformat()})


def test_before_anything_has_happened_the_dates_are_those_of_the_filing() -> None:
    ticket = a_ticket()
    assert after(ticket=ticket) == Dates(due=ticket.due)


@pytest.mark.duty("R-ALL-5", "R-ALL-12")
def test_a_signing_in_time_brings_the_date_forward_and_says_so() -> None:
    """Promised for Tue 1 Dec, signed on the Monday of the filing: Mon 30 Nov."""
    dates = after(signed("2026-11-23T15:00"))
    finish = by_what(dates)["finish"]
    assert (finish.at, finish.provisional, finish.why) == (at("2026-11-30T23:59:59"), False, "")
    (change,) = [change for change in dates.changes if change.new.what == "finish"]
    assert (change.old.at, change.new, change.why) == (at("2026-12-01T23:59:59"), finish, "signed")
    assert change.at == at("2026-11-23T15:00")
    assert shown_date(dates.due) == finish


@pytest.mark.duty("R-ALL-5", "R-ALL-12")
def test_a_signing_that_is_late_changes_no_date_and_settles_it() -> None:
    dates = after(signed("2026-11-27T09:00"))
    finish = by_what(dates)["finish"]
    assert finish.at == at("2026-12-01T23:59:59") and not finish.provisional
    assert [change for change in dates.changes if change.new.what == "finish"] == []


@pytest.mark.duty("R-ALL-4", "R-XA-1", "R-KF-3")
@pytest.mark.parametrize(("city", "ticket_class"), [("xian", "other"), ("kaifeng", "routine")])
def test_once_a_unit_has_signed_no_date_waits_for_the_dispatch_to_it(city: str, ticket_class: str) -> None:
    pack = load_pack(city)
    ticket = a_ticket(pack, ticket_class=ticket_class)
    assert all(due.provisional for due in ticket.due)
    dates = after(signed("2026-11-23T10:30"), ticket=ticket, pack=pack)
    assert [(due.what, due.at, due.provisional) for due in dates.due] == [
        (due.what, due.at, False) for due in ticket.due
    ]
    to_another = Told("reassigned", at("2026-11-24T09:00"), {"unit": "示例局", "reason": "归它管"})
    assert not any(due.provisional for due in after(to_another, ticket=ticket, pack=pack).due)


def test_a_second_signing_changes_nothing() -> None:
    once = after(signed("2026-11-23T15:00"))
    assert after(signed("2026-11-23T15:00"), signed("2026-11-24T15:00")) == once


@pytest.mark.duty("R-ALL-11", "PDS-9")
def test_an_extension_runs_on_and_is_told_with_its_reason() -> None:
    """Signed on Monday: Mon 30 Nov; four working days more: 1, 2, 3, Fri 4 Dec."""
    granted = Told(
        "extended", at("2026-11-27T10:15"), {"what": "finish", "number": 4, "reason": "等检测结果"}
    )
    dates = after(signed("2026-11-23T15:00"), granted)
    finish = by_what(dates)["finish"]
    assert finish.at == at("2026-12-04T23:59:59")
    assert [day.count for day in finish.days if day.count] == list(range(1, 10))
    change = [change for change in dates.changes if change.new.what == "finish"][-1]
    assert (change.why, change.reason, change.old.at) == ("extended", "等检测结果", at("2026-11-30T23:59:59"))
    follow_up = by_what(dates)["follow_up"]  # three more working days: 7, 8, Wed 9 Dec
    assert follow_up.at == at("2026-12-09T23:59:59") and follow_up.provisional and follow_up.why


def test_a_signing_after_an_extension_keeps_the_extension() -> None:
    granted = Told(
        "extended", at("2026-11-23T11:00"), {"what": "finish", "number": 4, "reason": "等检测结果"}
    )
    finish = by_what(after(granted, signed("2026-11-23T15:00")))["finish"]
    assert finish.at == at("2026-12-04T23:59:59") and not finish.provisional


@pytest.mark.parametrize("number", [0, -3, "4", True, None, 4.0, 100_000])
def test_an_extension_that_makes_no_sense_moves_nothing(number: object) -> None:
    odd = Told("extended", FILED, {"what": "finish", "number": number, "reason": "x"})
    assert after(odd) == after()
    assert after(Told("extended", FILED, {"what": ["finish"], "number": 4})) == after()


@pytest.mark.duty("R-ALL-8")
def test_another_unit_begins_anew_and_the_citizen_is_told() -> None:
    """Given to another unit on Thu 26 Nov: signed by Fri 27 at the latest, five more days: Fri 4 Dec."""
    dates = after(
        signed("2026-11-23T15:00"), Told("reassigned", at("2026-11-26T09:00"), {"unit": "另一单位"})
    )
    finish = by_what(dates)["finish"]
    assert finish.at == at("2026-12-04T23:59:59") and finish.provisional
    assert {change.why for change in dates.changes if change.new.what == "finish"} == {"signed", "reassigned"}
    again = after(
        signed("2026-11-23T15:00"), Told("reassigned", at("2026-11-26T09:00")), signed("2026-11-26T10:00")
    )
    assert by_what(again)["finish"].at == at("2026-12-03T23:59:59")


def test_a_reply_settles_the_follow_up() -> None:
    dates = after(signed("2026-11-23T15:00"), Told("replied", at("2026-11-25T16:00")))
    follow_up = by_what(dates)["follow_up"]
    assert not follow_up.provisional and follow_up.at == at("2026-11-30T23:59:59")


def test_a_published_calendar_moves_a_date_that_waited_for_it() -> None:
    """Filed on Tue 29 Dec 2026, signed by Wed 30: 31, 4, 5, 6, Thu 7 Jan. With 4 and 5 off: 31, 6, 7, 8, Mon 11 Jan."""
    ticket = a_ticket(filed=at("2026-12-29T10:00"))
    off = {**PACK.calendar.holidays, date(2027, 1, 4): "元旦", date(2027, 1, 5): "元旦"}
    known = replace(PACK.calendar, known_years=PACK.calendar.known_years | {2027}, holidays=off)
    dates = dates_of(replace(PACK, calendar=known, book=None), ticket, ())
    change = next(change for change in dates.changes if change.new.what == "finish")
    assert (change.why, change.old.at, change.new.at) == (
        "calendar", at("2027-01-07T23:59:59"), at("2027-01-11T23:59:59"),
    )  # fmt: skip


def test_a_date_that_waits_for_nothing_stays_as_it_was_told() -> None:
    """The law's files may be put right later: what a citizen was told holds."""
    ticket = a_ticket()
    longer = tuple(replace(rule, working_days=9) if rule.working_days else rule for rule in PACK.deadlines)
    pack = replace(PACK, deadlines=longer, book=None)
    dates = after(signed("2026-11-23T15:00"), ticket=ticket, pack=pack)
    assert by_what(dates)["finish"].at == at("2026-12-01T23:59:59")
    assert by_what(dates)["sign"].at == at("2026-11-24T23:59:59") and dates.changes == ()


@pytest.mark.parametrize("data", [{}, {"at": 7}, {"at": "gestern"}, {"at": "2026-11-23T15:00:00"}])
def test_a_moment_that_cannot_be_read_is_that_of_the_event(data: dict[str, Any]) -> None:
    told = Told("signed", at("2026-11-23T15:00"), data)
    assert by_what(after(told))["finish"].at == at("2026-11-30T23:59:59")


@pytest.mark.duty("R-ALL-18", "SQ-3-9")
def test_a_second_handling_has_the_day_that_the_centre_set() -> None:
    data = {"reason": "没有停工", "limit": {"what": "finish", "day": "2026-12-16"}}
    told = (
        signed("2026-11-23T15:00"),
        Told("extended", at("2026-11-24T09:00"), {"what": "finish", "number": 2, "reason": "要等检测"}),
        Told("replied", at("2026-11-26T09:00")),
        Told("reopened", at("2026-11-27T09:00"), data),
    )
    dates = after(*told)
    assert by_what(dates)["finish"].at == at("2026-12-16T23:59:59"), "the extension is used up"
    last = dates.changes[-1]
    assert (last.why, last.reason, last.new.what) == ("reopened", "没有停工", "finish")
    event = Event(
        id="e4", source="urn:desk", name="reopened", subject="", sequence=4, at=told[-1].at, data=data
    )
    reply = reply_of(PACK, a_ticket(), told, event, overtaken=False)
    assert reply is not None and "没有停工" in reply.text and "12月16日" in reply.text


EVENTS = st.builds(
    Told,
    st.sampled_from(
        ["signed", "progressed", "replied", "urged", "followed_up", "closed", "reopened", "returned"]
    ),
    st.integers(0, 24 * 20).map(lambda hours: FILED + timedelta(hours=hours)),
)


@pytest.mark.duty("R-ALL-12")
@given(st.lists(EVENTS, max_size=6), st.sampled_from(["normal", "complex", "urgent", None]))
@settings(print_blob=True, max_examples=80, deadline=None)
def test_without_a_reason_that_the_law_knows_no_date_goes_back(told: list[Told], ticket_class: str) -> None:
    ticket = a_ticket(ticket_class=ticket_class)
    dates = dates_of(PACK, ticket, sorted(told, key=lambda one: one.at))
    before = {due.what: due.at for due in ticket.due}
    assert {due.what for due in dates.due} == set(before)
    assert all(due.at <= before[due.what] for due in dates.due)
    assert all(change.new.at < change.old.at for change in dates.changes)
