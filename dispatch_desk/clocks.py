"""How much time is left, as a value that a page can say in words."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from hotline.calendar import CITY_TIME, DayKind
from hotline.deadlines import Due

_OFF = (DayKind.WEEKEND, DayKind.HOLIDAY)


@dataclass(frozen=True, kw_only=True, slots=True)
class Countdown:
    """The time until ``due``, or since."""

    due: Due
    state: str  #: calm, soon or late
    days: int | None  #: days left that count, today excluded; ``None`` for limits in hours and when late
    working: bool  #: whether only working days count
    span: timedelta  #: time left, or time over when late
    used: int  #: percent of the time that is gone


def countdown(due: Due, *, since: datetime, now: datetime) -> Countdown:
    """Return how ``due``, whose clock was known from ``since`` on, stands at ``now``."""
    left = due.at - now
    late = left < timedelta(0)
    days = None if late or not due.days else _days_left(due, now)
    used = _used(since, due.at, now)
    soon = used >= 70 if days is None else days <= 1
    return Countdown(
        due=due,
        state="late" if late else "soon" if soon else "calm",
        days=days,
        working=not any(day.count and day.kind in _OFF for day in due.days),
        span=abs(left),
        used=used,
    )


def _days_left(due: Due, now: datetime) -> int:
    today = now.astimezone(CITY_TIME).date()
    return sum(1 for day in due.days if day.count and day.day > today)


def _used(since: datetime, until: datetime, now: datetime) -> int:
    whole = (until - since).total_seconds()
    if whole <= 0 or now >= until:
        return 100
    return max(0, min(99, int(100 * (now - since).total_seconds() / whole)))
