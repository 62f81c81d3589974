"""The link to the dispatch centre: one delivery at a time per ticket, and what the centre's answers mean for all of them."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any, Final, TypeAlias

from dispatch_client.client import DispatchClient
from dispatch_client.errors import DispatchAwayError, DispatchGoneError, DispatchThrottledError
from gateway.carrying import event_of
from gateway.store.links import Links, LinkState
from groundwork.audit import PROGRAM, Audit
from groundwork.clock import Clock
from groundwork.database import Pool
from groundwork.outbox import NotYetError, hurry
from hotline.errors import HotlineError, StorageAwayError

log = logging.getLogger(__name__)

KIND: Final = "event"  #: of the effects that go this way
PULLED: Final = "pull"  #: instead of an address: the centre fetches by itself
LOOK_AGAIN = timedelta(hours=1)  #: while the link is off; switching it on wakes everything
WATCH_EVERY = 5.0  #: seconds
KNOWN_FOR = 0.5  #: seconds that a process may go by an older state of the link
_NOTED_FOR = 20.0  #: seconds for which one noted success stands for all


class LinkOffError(NotYetError):
    """The centre wants nothing at this address until a person switches the link on again."""


#: Completes the data of an event with what holds only for a while, such as links to files.
Completes: TypeAlias = Callable[[Mapping[str, Any]], Awaitable[Mapping[str, Any]]]


class DispatchLink:
    """Carries out the effect ``event``; ``completes`` is asked anew before each try."""

    def __init__(
        self, client: DispatchClient | None, links: Links, audit: Audit, completes: Completes, *, clock: Clock
    ) -> None:
        self._client, self._links, self._audit, self._completes = client, links, audit, completes
        self._clock = clock
        self._told_down = False
        self._state, self._read_at, self._noted_at = LinkState(), -KNOWN_FOR, -_NOTED_FOR

    async def deliver(self, body: Mapping[str, Any]) -> None:
        """Hand one event over, or raise; a centre that fetches by itself is sent nothing."""
        if self._client is None:
            return
        await self._wait_if_asked()
        whole = {**body, "data": await self._completes(body["data"])}
        event = event_of(whole, source=self._client.source)
        try:
            await self._client.deliver(event)
        except DispatchGoneError as error:
            await self._off()
            raise LinkOffError("switched off by the centre", wait=LOOK_AGAIN) from error
        except DispatchThrottledError as error:
            await self._links.hold(error.wait)
            self._read_at = -KNOWN_FOR
            raise NotYetError("the centre asked to wait", wait=error.wait) from error
        except HotlineError as error:
            await self._links.failed(type(error).__name__)
            raise
        await self._worked()

    async def _wait_if_asked(self) -> None:
        state, now = await self._known(), self._clock()
        if state.disabled_at is not None:
            raise LinkOffError("the link is off", wait=LOOK_AGAIN)
        if state.hold_until is not None and state.hold_until > now:
            raise NotYetError("the centre asked to wait", wait=state.hold_until - now)

    async def _known(self) -> LinkState:
        if time.monotonic() - self._read_at >= KNOWN_FOR:
            self._state, self._read_at = await self._links.state(), time.monotonic()
        return self._state

    async def _worked(self) -> None:
        if self._state.failing_since is not None or time.monotonic() - self._noted_at >= _NOTED_FOR:
            await self._links.worked()
            self._noted_at = time.monotonic()

    async def _off(self) -> None:
        if await self._links.disable(audit=self._audit, by=PROGRAM):
            log.error("dispatch.disabled")
        self._read_at = -KNOWN_FOR

    async def check(self) -> None:
        """Raise when the link is down, or nobody answers at the centre's address."""
        if self._client is None:
            return
        if (await self._links.state()).is_down(self._clock()):
            raise RuntimeError("the link to the dispatch centre is down")
        await self._client.look()

    async def watch(self, pool: Pool) -> None:
        """Once: tell when the link is down, and set going what waits as soon as it is not."""
        if self._client is None:
            return
        state = await self._links.state()
        self._tell(state)
        if state.disabled_at is not None:
            return
        count = 0
        if state.recovered_at is not None:
            count = await hurry(pool, KIND, clock=self._clock)
            await self._links.caught_up(state.recovered_at)
        elif state.last_error == DispatchAwayError.__name__:
            count = await self._hurry_if_back(pool)
        if count:
            log.info("dispatch.hurried", extra={"count": count})

    def _tell(self, state: LinkState) -> None:
        """Log that the link went down or came back, once."""
        down = state.is_down(self._clock())
        if down and not self._told_down:
            log.error("dispatch.down", extra={"failures": state.failures, "error_type": state.last_error})
        elif self._told_down and not down:
            log.info("dispatch.up")
        self._told_down = down

    async def _hurry_if_back(self, pool: Pool) -> int:
        assert self._client is not None
        try:
            await self._client.look()
        except HotlineError:
            return 0
        return await hurry(pool, KIND, clock=self._clock, error=DispatchAwayError.__name__)


async def watch_for_ever(link: DispatchLink, pool: Pool) -> None:
    """Watch the link again and again; the database being away is no news."""
    while True:
        try:
            await link.watch(pool)
        except StorageAwayError:
            pass
        except Exception as error:  # noqa: BLE001 — watching must not end with one fault
            log.warning("dispatch.not_watched", extra={"error_type": type(error).__name__})
        await asyncio.sleep(WATCH_EVERY)
