"""The one place that asks what time it is."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from os import fstat
from pathlib import Path
from typing import TypeAlias

from hotline.calendar import CITY_TIME

Clock: TypeAlias = Callable[[], datetime]  #: returns now, in city time

LOOKS_EVERY = 0.1  #: seconds between two looks of whoever waits by a driven clock


class DrivenClock:
    """Runs from the moment in a file on, since the file was written; all processes that read it agree.

    Whoever puts another file in its place moves them all at once. While it cannot be read, what it said last holds.
    """

    def __init__(self, path: Path) -> None:
        self._path, self._shift, self._read = path, timedelta(), (0, 0)

    def __call__(self) -> datetime:
        """Return now, in city time."""
        with suppress(OSError, ValueError):
            self._look()
        return (datetime.now(UTC) + self._shift).astimezone(CITY_TIME)

    def _look(self) -> None:
        found = self._path.stat()
        if (found.st_ino, found.st_mtime_ns) == self._read:
            return
        with self._path.open(encoding="utf-8") as file:
            found, at = fstat(file.fileno()), moment(file.read().strip())
        self._shift = at - datetime.fromtimestamp(found.st_mtime, UTC)
        self._read = (found.st_ino, found.st_mtime_ns)


def clock_from(start: datetime | Path | None) -> Clock:
    """Return a clock that runs from ``start`` on or is driven by that file, or the real one (tests and demo move it)."""
    if start is None:
        return lambda: datetime.now(CITY_TIME)
    if isinstance(start, Path):
        return DrivenClock(start)
    shift = start - datetime.now(UTC)
    return lambda: (datetime.now(UTC) + shift).astimezone(CITY_TIME)


async def pause(clock: Clock, seconds: float) -> None:
    """Wait until ``clock`` has gone on by ``seconds``, which a driven one may do in a jump."""
    if not isinstance(clock, DrivenClock):
        await asyncio.sleep(seconds)
        return
    until = clock() + timedelta(seconds=seconds)
    while clock() < until:  # noqa: ASYNC110 - a file tells nobody that it was replaced
        await asyncio.sleep(LOOKS_EVERY)


def moment(raw: str) -> datetime:
    """Return the moment that ``raw`` writes, in city time unless it says otherwise; else raise ``ValueError``."""
    try:
        at = datetime.fromisoformat(raw)
    except ValueError:
        raise ValueError(f"{raw!r} is not a moment; write it like 2026-09-29T14:30:00+08:00") from None
    return at if at.tzinfo else at.replace(tzinfo=CITY_TIME)
