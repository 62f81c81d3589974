"""How much time a clock says is left."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatch_desk.clocks import countdown
from hotline.calendar import CITY_TIME
from tests.dispatch import FILED_AT, a_due, counted

END = datetime(2026, 11, 25, 23, 59, 59, tzinfo=CITY_TIME)
DAYS = counted(None, None, None, 1, 2, 3)  #: Friday to Wednesday, three working days


@pytest.mark.parametrize(
    ("now", "days", "state"),
    [
        (datetime(2026, 11, 20, 16, 0, tzinfo=CITY_TIME), 3, "calm"),
        (datetime(2026, 11, 22, 12, 0, tzinfo=CITY_TIME), 3, "calm"),
        (datetime(2026, 11, 23, 9, 0, tzinfo=CITY_TIME), 2, "calm"),
        (datetime(2026, 11, 24, 9, 0, tzinfo=CITY_TIME), 1, "soon"),
        (datetime(2026, 11, 25, 23, 0, tzinfo=CITY_TIME), 0, "soon"),
        (datetime(2026, 11, 26, 0, 0, tzinfo=CITY_TIME), None, "late"),
    ],
)
def test_only_days_that_count_are_counted(now: datetime, days: int | None, state: str) -> None:
    clock = countdown(a_due("finish", END, days=DAYS), since=FILED_AT, now=now)
    assert (clock.days, clock.state, clock.working) == (days, state, True)


def test_limits_in_days_count_weekends_too() -> None:
    clock = countdown(a_due("finish", END, days=counted(None, 1, 2, 3, 4, 5)), since=FILED_AT, now=FILED_AT)
    assert (clock.days, clock.working) == (5, False)


def test_limits_in_hours_turn_amber_by_what_is_used() -> None:
    due = a_due("sign", FILED_AT + timedelta(hours=10))
    calm = countdown(due, since=FILED_AT, now=FILED_AT + timedelta(hours=6))
    soon = countdown(due, since=FILED_AT, now=FILED_AT + timedelta(hours=8))
    assert (calm.state, calm.span, calm.days) == ("calm", timedelta(hours=4), None)
    assert soon.state == "soon"


@settings(print_blob=True)
@given(minutes=st.integers(-100_000, 100_000), length=st.integers(0, 100_000))
def test_a_clock_is_late_exactly_when_the_moment_has_passed(minutes: int, length: int) -> None:
    due = a_due("sign", FILED_AT + timedelta(minutes=length))
    clock = countdown(due, since=FILED_AT, now=FILED_AT + timedelta(minutes=minutes))
    assert (clock.state == "late") == (minutes > length)
    assert 0 <= clock.used <= 100 and clock.span >= timedelta(0)
