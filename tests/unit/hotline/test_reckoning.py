"""The clocks against a slow reckoning by another source, day by day, from 2020 to 2026; extensions; moments made known later."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from functools import cache

import chinese_calendar
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cities.loading import load_pack
from hotline.calendar import CITY_TIME
from hotline.citation import Citation
from hotline.citypack import CityPack
from hotline.deadlines import Due, due_moments, extended
from hotline.limits import DeadlineRule

LAW = Citation(instrument="《示例市热线条例》", article="第八条")
FIRST, LAST = date(2020, 1, 1), date(2026, 11, 1)  #: so that sixty working days end inside the known years
MOMENTS = st.datetimes(
    datetime.combine(FIRST, time()), datetime.combine(LAST, time()), timezones=st.just(CITY_TIME)
)
UNITS = st.sampled_from(["working_days", "days", "hours"])
ALL = settings(print_blob=True, max_examples=200, deadline=None)


@cache
def pack() -> CityPack:
    return load_pack("_example")


def limit(unit: str, number: int, starts: str = "filing", what: str = "finish") -> DeadlineRule:
    rule = DeadlineRule(id=f"{what}-{starts}", what=what, starts=starts, citation=LAW)
    return replace(rule, **{unit: number})  # type: ignore[arg-type]


def due_of(rules: tuple[DeadlineRule, ...], at: datetime, **more: object) -> dict[str, Due]:
    case: dict[str, object] = {"kind": "complaint", "ticket_class": None, "channel": "phone"}
    found = due_moments(replace(pack(), deadlines=rules), at=at, **(case | more))  # type: ignore[arg-type]
    return {due.what: due for due in found}


def by_hand(at: datetime, unit: str, number: int) -> datetime:
    """Return the end of a period by walking over every day and asking the package itself."""
    if unit == "hours":
        return at + number * timedelta(hours=1)
    day, left = at.date(), number
    while left:
        day += timedelta(days=1)
        if unit == "days" or chinese_calendar.is_workday(day):
            left -= 1
    return datetime.combine(day, time(23, 59, 59), tzinfo=CITY_TIME)


def days() -> Iterator[date]:
    for offset in range((LAST - FIRST).days):
        yield FIRST + timedelta(days=offset)


@pytest.mark.duty("R-ALL-1")
@pytest.mark.parametrize("number", [1, 2, 5, 7, 10, 15])
def test_working_days_are_those_of_the_national_calendar_on_every_day_of_seven_years(number: int) -> None:
    """R-ALL-1."""
    rule = (limit("working_days", number),)
    for day in days():
        at = datetime.combine(day, time(22, 0), tzinfo=CITY_TIME)
        assert due_of(rule, at)["finish"].at == by_hand(at, "working_days", number), day


@pytest.mark.duty("R-ALL-1", "R-ALL-2", "R-ALL-3")
@given(MOMENTS, UNITS, st.integers(1, 30))
@ALL
def test_every_period_equals_the_slow_reckoning(at: datetime, unit: str, number: int) -> None:
    """R-ALL-1, R-ALL-2, R-ALL-3."""
    due = due_of((limit(unit, number),), at)["finish"]
    assert due.at == by_hand(at, unit, number) and not due.provisional and due.unit == unit


@given(MOMENTS, MOMENTS, UNITS, st.integers(1, 30))
@ALL
def test_who_files_later_is_never_due_earlier(one: datetime, other: datetime, unit: str, number: int) -> None:
    rule = (limit(unit, number),)
    early, late = (due_of(rule, at)["finish"].at for at in sorted((one, other)))
    assert early <= late


@pytest.mark.duty("PDS-9", "R-ALL-11")
@given(MOMENTS, UNITS, st.integers(1, 20), st.integers(1, 20))
@ALL
def test_an_extension_runs_on_from_the_old_moment_in_the_old_unit(
    at: datetime, unit: str, number: int, more: int
) -> None:
    """R-ALL-11: as if the limit had been that much longer from the beginning."""
    due = due_of((limit(unit, number),), at)["finish"]
    later = extended(pack(), due, more)
    assert later.at > due.at
    assert later.at == due_of((limit(unit, number + more),), at)["finish"].at
    assert [day.count for day in later.days if day.count] == (
        [] if unit == "hours" else list(range(1, number + more + 1))
    )
    assert (later.what, later.citation, later.provisional) == (due.what, due.citation, False)


def test_an_extension_over_an_unpublished_year_is_provisional() -> None:
    at = datetime(2026, 12, 21, 10, tzinfo=CITY_TIME)
    due = due_of((limit("working_days", 5),), at)["finish"]
    assert not due.provisional
    later = extended(pack(), due, 10)
    assert later.provisional and "2027" in later.why


@pytest.mark.duty("R-ALL-11")
@pytest.mark.parametrize("number", [0, -2])
def test_an_extension_never_shortens(number: int) -> None:
    due = due_of((limit("days", 5),), datetime(2026, 3, 2, 10, tzinfo=CITY_TIME))["finish"]
    with pytest.raises(ValueError, match="at least one"):
        extended(pack(), due, number)


def test_what_has_no_unit_of_time_cannot_be_extended() -> None:
    at = datetime(2026, 3, 2, 10, tzinfo=CITY_TIME)
    with pytest.raises(ValueError, match="no unit"):
        extended(pack(), Due(what="finish", at=at, citation=LAW, provisional=False, why=""), 3)


@pytest.mark.duty("R-ALL-5", "R-ALL-12")
@given(MOMENTS, st.integers(0, 24 * 20), st.integers(1, 10))
@ALL
def test_a_signing_that_becomes_known_only_brings_the_date_forward(
    at: datetime, hours: int, number: int
) -> None:
    """R-ALL-5, R-ALL-12."""
    rules = (limit("working_days", 1, what="sign"), limit("working_days", number, starts="signing"))
    promised = due_of(rules, at)
    signed = due_of(rules, at, happened={"signing": at + timedelta(hours=hours)})
    assert promised["finish"].provisional and not signed["finish"].provisional
    assert signed["finish"].at <= promised["finish"].at
    last = by_hand(at, "working_days", 1)
    assert signed["finish"].at == by_hand(min(at + timedelta(hours=hours), last), "working_days", number)


@pytest.mark.duty("R-KF-3")
@pytest.mark.parametrize("start", ["dispatch", "transfer", "notice"])
def test_what_the_centre_starts_is_provisional_until_it_has(start: str) -> None:
    """R-KF-3: from the recorded moment, by then settled."""
    rules = (limit("working_days", 10, starts=start),)
    at, given_at = (datetime(2026, 11, day, 10, tzinfo=CITY_TIME) for day in (20, 24))
    before = due_of(rules, at)["finish"]
    assert before.provisional and before.why and before.at == by_hand(at, "working_days", 10)
    after = due_of(rules, at, happened={start: given_at})["finish"]
    assert not after.provisional and after.at == by_hand(given_at, "working_days", 10)


@pytest.mark.duty("R-ALL-9", "R-KF-4")
def test_the_way_of_assignment_beats_the_channel() -> None:
    """R-ALL-9, R-KF-4."""
    rules = (
        replace(limit("working_days", 5), channels=("phone",)),
        replace(limit("working_days", 10, starts="notice"), assignments=("leader", "through_train")),
    )
    at = datetime(2026, 11, 20, 10, tzinfo=CITY_TIME)
    told = {"notice": at}
    assert due_of(rules, at, happened=told)["finish"].at == by_hand(at, "working_days", 5)
    for way in ("leader", "through_train"):
        found = due_of(rules, at, happened=told, assignment=way)["finish"]
        assert found.at == by_hand(at, "working_days", 10)


@pytest.mark.duty("R-BD-6")
def test_a_limit_for_what_turns_out_waits_until_it_has() -> None:
    """BD-21-7, R-BD-6: the report is owed beside the finish, which keeps its limit."""
    report = replace(limit("working_days", 5, what="progress"), cases=("not_solvable_now",))
    rules = (limit("working_days", 7), report)
    at = datetime(2026, 11, 20, 10, tzinfo=CITY_TIME)
    assert set(due_of(rules, at)) == {"finish"}
    assert set(due_of(rules, at, cases=["not_solvable_now"])) == {"finish", "progress"}


def test_a_matter_has_a_limit_of_its_own_beside_the_kind() -> None:
    rules = (
        replace(limit("days", 7), kinds=("complaint",)),
        replace(limit("hours", 24), matters=("utility",)),
    )
    at = datetime(2026, 11, 20, 10, tzinfo=CITY_TIME)
    assert due_of(rules, at)["finish"].unit == "days"
    assert due_of(rules, at, matters=("utility",))["finish"].at == at + timedelta(hours=24)
