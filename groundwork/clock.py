"""The one place that asks what time it is."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeAlias

from hotline.calendar import CITY_TIME

Clock: TypeAlias = Callable[[], datetime]  #: returns now, in city time


def clock_from(start: datetime | None) -> Clock:
    """Return a clock that runs from ``start`` on, or the real one (tests and demo move it)."""
    if start is None:
        return lambda: datetime.now(CITY_TIME)
    shift = start - datetime.now(UTC)
    return lambda: (datetime.now(UTC) + shift).astimezone(CITY_TIME)
