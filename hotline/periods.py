"""Months, quarters, half-years and years, by the name that a page's address and an entry bear."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Self

from hotline.calendar import CITY_TIME

_MONTHS = {"month": 1, "quarter": 3, "half_year": 6, "year": 12}
_NAME = re.compile(r"(20\d\d)(?:-(?:(0[1-9]|1[0-2])|Q([1-4])|H([12])))?")


@dataclass(frozen=True, order=True, slots=True)
class Period:
    """Whole months of one year in city time; ``every`` is the rhythm of the rules that it is for."""

    year: int
    month: int  #: the first one
    every: str = "month"

    @classmethod
    def of(cls, name: str) -> Self:
        """Return the period called ``2026-11``, ``2026-Q4``, ``2026-H2`` or ``2026``, or raise ``ValueError``."""
        found = _NAME.fullmatch(name)
        if found is None:
            raise ValueError(f"no period is called {name!r}")
        year, month, quarter, half = (int(part or 0) for part in found.groups())
        if month:
            return cls(year, month)
        if quarter:
            return cls(year, 3 * quarter - 2, "quarter")
        return cls(year, 6 * half - 5, "half_year") if half else cls(year, 1, "year")

    @classmethod
    def at(cls, moment: datetime, every: str = "month") -> Self:
        """Return the period of that rhythm that ``moment`` is in."""
        day, length = moment.astimezone(CITY_TIME).date(), _MONTHS[every]
        return cls(day.year, (day.month - 1) // length * length + 1, every)

    @property
    def name(self) -> str:
        """What ``of`` reads."""
        part = (self.month - 1) // _MONTHS[self.every] + 1
        return f"{self.year}" + {
            "month": f"-{part:02}",
            "quarter": f"-Q{part}",
            "half_year": f"-H{part}",
        }.get(self.every, "")

    @property
    def first(self) -> datetime:
        """The moment at which it begins."""
        return datetime.combine(date(self.year, self.month, 1), time(), CITY_TIME)

    @property
    def end(self) -> datetime:
        """The moment at which it is over."""
        years, month = divmod(self.month - 1 + _MONTHS[self.every], 12)
        return datetime.combine(date(self.year + years, month + 1, 1), time(), CITY_TIME)

    def __contains__(self, moment: datetime) -> bool:
        """Tell whether ``moment`` is in it."""
        return self.first <= moment < self.end

    def months(self) -> Iterator["Period"]:
        """Return its months in order."""
        for offset in range(_MONTHS[self.every]):
            yield Period(self.year, self.month + offset)

    def before(self, months: int) -> "Period":
        """Return the month that lies so many months before the first one."""
        years, month = divmod(self.year * 12 + self.month - 1 - months, 12)
        return Period(years, month + 1)
