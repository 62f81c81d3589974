"""The national calendar, as the packs bring it."""

from datetime import date, timedelta
from functools import cache

import pytest

from cities.loading import load_pack
from hotline.calendar import Calendar, DayKind


@cache
def calendar() -> Calendar:
    return load_pack("_example").calendar


@pytest.mark.parametrize(
    ("day", "kind", "name"),
    [
        (date(2026, 9, 29), DayKind.WORK, ""),
        (date(2026, 10, 1), DayKind.HOLIDAY, "国庆节"),
        (date(2026, 10, 7), DayKind.HOLIDAY, "国庆节"),
        (date(2026, 10, 10), DayKind.MAKEUP, "国庆节"),
        (date(2026, 9, 20), DayKind.MAKEUP, "国庆节"),
        (date(2026, 9, 25), DayKind.HOLIDAY, "中秋节"),
        (date(2026, 10, 11), DayKind.WEEKEND, ""),
        (date(2027, 1, 1), DayKind.HOLIDAY, "元旦"),
        (date(2027, 1, 2), DayKind.WEEKEND, ""),
    ],
)
def test_each_day_is_what_the_decree_makes_it(day: date, kind: DayKind, name: str) -> None:
    found = calendar().holidays.get(day) or calendar().makeup_days.get(day) or ""
    assert (calendar().kind_of(day), found) == (kind, name)


def test_a_makeup_saturday_is_worked() -> None:
    assert calendar().is_working(date(2026, 10, 10))
    assert not calendar().is_working(date(2026, 10, 11))


def test_years_are_known_only_once_their_arrangement_is_published() -> None:
    assert calendar().is_known(date(2026, 12, 31))
    assert not calendar().is_known(date(2027, 1, 1))


def test_holidays_and_makeup_days_never_overlap() -> None:
    assert not calendar().holidays.keys() & calendar().makeup_days.keys()


def test_every_name_is_chinese() -> None:
    names = {*calendar().holidays.values(), *calendar().makeup_days.values()}
    assert all(not name.isascii() for name in names), names


def test_a_known_year_has_about_250_working_days() -> None:
    days = [date(2026, 1, 1) + timedelta(days=n) for n in range(365)]
    assert 245 <= sum(map(calendar().is_working, days)) <= 252
