"""News of the lists: one connection listens for all open pages, each hears what concerns it, gathered for a moment."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import asyncpg

from dispatch_desk.store import listing
from groundwork.database import DATABASE_ERRORS

log = logging.getLogger(__name__)

CHANNEL = "desk_cases"  #: as the migration's trigger names it
NAME = "huying live"
GATHER = 1.0  #: seconds for which news is gathered before it is told
RETRY, ALIVE = (
    5.0,
    30.0,
)  #: seconds before the next try to listen, and between two looks whether the connection lives
PATIENCE = 3.0
_NEW = "INSERT"


@dataclass(frozen=True, kw_only=True, slots=True)
class News:
    """What became of the cases that somebody may see: how many are new, how many of those danger, how many changed."""

    new: int = 0
    alarms: int = 0
    changed: int = 0

    def __add__(self, other: "News") -> "News":
        return News(
            new=self.new + other.new, alarms=self.alarms + other.alarms, changed=self.changed + other.changed
        )


UNKNOWN = News(changed=1)  #: something may have been missed: look again


class Viewer:
    """One open page; what it does not fetch is added up, so that a slow one costs nothing."""

    def __init__(self, unit: str | None) -> None:
        self.unit = unit
        self._news, self._wakes, self.over = News(), asyncio.Event(), False

    def tell(self, news: News) -> None:
        """Add ``news`` to what the page has not heard."""
        self._news += news
        self._wakes.set()

    def end(self) -> None:
        """Let the page know that nothing more comes."""
        self.over = True
        self._wakes.set()

    async def next(self, wait: float) -> News | None:
        """Return what is new, or ``None`` after ``wait`` seconds or at the end."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._wakes.wait(), wait)
        self._wakes.clear()
        news, self._news = self._news, News()
        return news if news != News() else None


class Live:
    """Listens at the database for as long as anybody looks."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._viewers, self._watched = set[Viewer](), asyncio.Event()
        self._heard, self._woken = dict[str, str](), asyncio.Event()

    @contextmanager
    def watching(self, unit: str | None) -> Iterator[Viewer]:
        """Tell a page of the cases of ``unit``, or of all, until it is left."""
        viewer = Viewer(unit)
        self._viewers.add(viewer)
        self._watched.set()
        try:
            yield viewer
        finally:
            self._viewers.discard(viewer)

    def end(self) -> None:
        """End every open page, so that the program can stop."""
        for viewer in self._viewers:
            viewer.end()

    async def run(self) -> None:
        """Listen for ever from the first viewer on; a connection that breaks is made anew."""
        await self._watched.wait()
        while True:
            with suppress(*DATABASE_ERRORS):
                async with self._listening() as connection:
                    await self._follow(connection)
            log.warning("live.away")
            await asyncio.sleep(RETRY)

    @asynccontextmanager
    async def _listening(self) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
        connection = await asyncpg.connect(
            self._url, timeout=PATIENCE, command_timeout=PATIENCE, server_settings={"application_name": NAME}
        )
        try:
            connection.add_termination_listener(lambda _: self._woken.set())
            await connection.add_listener(CHANNEL, self._hear)
            yield connection
        finally:
            connection.terminate()  # nothing is under way that would have to be ended in good order

    def _hear(self, _connection: Any, _pid: int, _channel: str, payload: object) -> None:
        what, _, number = str(payload).partition(" ")
        if self._heard.get(number) != _NEW:
            self._heard[number] = what
        self._woken.set()

    async def _follow(self, connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        self._tell_all(UNKNOWN)
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), ALIVE)
            await asyncio.sleep(GATHER)
            self._woken.clear()
            heard, self._heard = self._heard, {}
            rows = await listing.concerning(connection, list(heard))  # also shows that the connection lives
            self._tell(heard, rows)

    def _tell_all(self, news: News) -> None:
        for viewer in self._viewers:
            viewer.tell(news)

    def _tell(self, heard: Mapping[str, str], rows: Sequence[Any]) -> None:
        for viewer in self._viewers:
            concern = [row for row in rows if viewer.unit is None or viewer.unit in (row["units"] or ())]
            new = [row for row in concern if heard[row["number"]] == _NEW]
            if concern:
                alarms = sum(row["alarm"] for row in new)
                viewer.tell(News(new=len(new), alarms=alarms, changed=len(concern) - len(new)))
