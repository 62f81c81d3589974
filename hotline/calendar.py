"""The working-day calendar of one country, as a value."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta, timezone
from enum import StrEnum

CITY_TIME = timezone(timedelta(hours=8), "CST")  #: every city of the country runs on it


class DayKind(StrEnum):
    """What a day counts as."""

    WORK = "work"
    WEEKEND = "weekend"
    HOLIDAY = "holiday"
    MAKEUP = "makeup"  #: a weekend day worked to make up for a holiday


@dataclass(frozen=True, kw_only=True, slots=True)
class Calendar:
    """Which days are worked; years outside ``known_years`` follow weekends only, provisionally."""

    known_years: frozenset[int]
    holidays: Mapping[date, str]  #: days off by decree, with the festival's name
    makeup_days: Mapping[date, str]  #: weekend days worked, with the festival's name

    def kind_of(self, day: date) -> DayKind:
        """Return what ``day`` counts as."""
        if day in self.holidays:
            return DayKind.HOLIDAY
        if day in self.makeup_days:
            return DayKind.MAKEUP
        return DayKind.WEEKEND if day.weekday() >= 5 else DayKind.WORK

    def is_working(self, day: date) -> bool:
        """Tell whether offices work on ``day``."""
        return self.kind_of(day) in (DayKind.WORK, DayKind.MAKEUP)

    def is_known(self, day: date) -> bool:
        """Tell whether the arrangement of that year has been published."""
        return day.year in self.known_years
