"""Days, weeks, months, quarters, half-years and years, by the name that a page's address and an entry bear."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Self

from hotline.calendar import CITY_TIME

_MONTHS = {"month": 1, "quarter": 3, "half_year": 6, "year": 12}
_DAYS = {"day": 1, "week": 7}
RHYTHMS = (*_DAYS, *_MONTHS)  #: those that are periods
_NAME = re.compile(
    r"(20\d\d)(?:-(?:(0[1-9]|1[0-2])(?:-(0[1-9]|[12]\d|3[01]))?|Q([1-4])|H([12])|W(0[1-9]|[1-4]\d|5[0-3])))?"
)


@dataclass(frozen=True, order=True, slots=True)
class Period:
    """Whole days of city time; ``every`` is the rhythm of the rules that it is for."""

    year: int
    month: int  #: the first one
    every: str = "month"
    day: int = 1  #: the first one; a week's is a Monday

    @classmethod
    def of(cls, name: str) -> Self:
        """Return the period called ``2026-11-26``, ``2026-W48``, ``2026-11``, ``2026-Q4``, ``2026-H2`` or ``2026``.

        Raises ``ValueError`` for every other name.
        """
        found = _NAME.fullmatch(name)
        if found is None:
            raise ValueError(f"no period is called {name!r}")
        year, month, day, quarter, half, week = (int(part or 0) for part in found.groups())
        if week:
            return cls._from(date.fromisocalendar(year, week, 1), "week")
        if day:
            return cls._from(date(year, month, day), "day")
        if month:
            return cls(year, month)
        if quarter:
            return cls(year, 3 * quarter - 2, "quarter")
        return cls(year, 6 * half - 5, "half_year") if half else cls(year, 1, "year")

    @classmethod
    def at(cls, moment: datetime, every: str = "month") -> Self:
        """Return the period of that rhythm that ``moment`` is in."""
        day = moment.astimezone(CITY_TIME).date()
        if every in _DAYS:
            return cls._from(day - timedelta(days=day.weekday() if every == "week" else 0), every)
        length = _MONTHS[every]
        return cls(day.year, (day.month - 1) // length * length + 1, every)

    @classmethod
    def _from(cls, day: date, every: str) -> Self:
        return cls(day.year, day.month, every, day.day)

    @property
    def name(self) -> str:
        """What ``of`` reads."""
        if self.every == "week":
            year, week, _ = self._first_day.isocalendar()
            return f"{year}-W{week:02}"
        if self.every == "day":
            return self._first_day.isoformat()
        part = (self.month - 1) // _MONTHS[self.every] + 1
        return f"{self.year}" + {
            "month": f"-{part:02}",
            "quarter": f"-Q{part}",
            "half_year": f"-H{part}",
        }.get(self.every, "")

    @property
    def _first_day(self) -> date:
        return date(self.year, self.month, self.day)

    @property
    def first(self) -> datetime:
        """The moment at which it begins."""
        return datetime.combine(self._first_day, time(), CITY_TIME)

    @property
    def end(self) -> datetime:
        """The moment at which it is over."""
        if self.every in _DAYS:
            return self.first + timedelta(days=_DAYS[self.every])
        years, month = divmod(self.month - 1 + _MONTHS[self.every], 12)
        return datetime.combine(date(self.year + years, month + 1, 1), time(), CITY_TIME)

    def __contains__(self, moment: datetime) -> bool:
        """Tell whether ``moment`` is in it."""
        return self.first <= moment < self.end

    @property
    def previous(self) -> Self:
        """The period of the same rhythm right before it."""
        return self.at(self.first - timedelta(days=1), self.every)

    @property
    def next(self) -> Self:
        """The period of the same rhythm right after it."""
        return self.at(self.end, self.every)

    @property
    def year_ago(self) -> Self:
        """The same period of the year before: the week of that number, the day of that date, or the last there was."""
        if self.every == "week":
            year, week, _ = self._first_day.isocalendar()
            return self._from(date.fromisocalendar(year - 1, min(week, 52), 1), "week")
        day = 28 if (self.month, self.day) == (2, 29) else self.day
        return replace(self, year=self.year - 1, day=day)

    def months(self) -> Iterator["Period"]:
        """Return the months that begin in it, or the one that it begins in."""
        for offset in range(_MONTHS.get(self.every, 1)):
            yield Period(self.year, self.month + offset)

    def before(self, months: int) -> "Period":
        """Return the month that lies so many months before the first one."""
        years, month = divmod(self.year * 12 + self.month - 1 - months, 12)
        return Period(years, month + 1)
