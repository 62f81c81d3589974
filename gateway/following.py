"""The library of every process at what the database holds: told at each commit, and asked again in case."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable

import asyncpg

from gateway.store.articles import CHANGED
from groundwork.database import DATABASE_ERRORS
from hotline.errors import HotlineError
from kb.library import Library

log = logging.getLogger(__name__)

TOLD_EVERY = 5.0  #: seconds between two looks while the database tells of changes: a lost notice ends here
UNTOLD_EVERY = 0.5  #: seconds between two looks while it cannot
FIT_EVERY = 2.0  #: seconds between two looks whether the rule has to be fitted again
AGAIN_AFTER = 1.0  #: seconds until a lost connection is tried again


class Notices:
    """Tells that somebody committed a change of articles; without a connection it lets the caller look more often."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._news = asyncio.Event()
        self._listening = False

    async def listen(self) -> None:
        """Hear the database for as long as this runs, connecting again whenever it was away."""
        while True:
            with contextlib.suppress(*DATABASE_ERRORS):
                await self._listen()
            await asyncio.sleep(AGAIN_AFTER)

    async def wait(self) -> None:
        """Return at the next notice, or when it is time to look without one."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._news.wait(), TOLD_EVERY if self._listening else UNTOLD_EVERY)
        self._news.clear()

    async def _listen(self) -> None:
        # Not of the pool: a connection that listens is never given back.
        connection = await asyncpg.connect(self._url, timeout=3)
        try:
            lost = asyncio.Event()
            connection.add_termination_listener(lambda _: lost.set())
            await connection.add_listener(CHANGED, lambda *_: self._news.set())
            self._listening = True
            self._news.set()  # what was committed while nobody listened
            await lost.wait()
        finally:
            self._listening = False
            connection.terminate()


async def keep_library_fresh(library: Library, url: str) -> None:
    """Load the library, then follow its changes; the database being away is no news."""
    notices = Notices(url)
    await asyncio.gather(notices.listen(), _follow(library, notices), _fit_for_ever(library))


async def _follow(library: Library, notices: Notices) -> None:
    while True:
        await _tried(library.refresh)
        await notices.wait()


async def _fit_for_ever(library: Library) -> None:
    """Fit the rule beside the following: over many articles it takes longer than a change may."""
    while True:
        await asyncio.sleep(FIT_EVERY)
        await _tried(library.refit)


async def _tried(action: Callable[[], Awaitable[object]]) -> None:
    try:
        await action()
    except HotlineError:
        pass
    except Exception as error:  # noqa: BLE001 — a bad article must not stop the following of others
        log.error("library.failed", extra={"error_type": type(error).__name__})
