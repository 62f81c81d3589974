"""``/ops``: what we lean on, what is owed, what was given up; ids, kinds and errors, never contents."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import NoReturn

from aiohttp import web

from gateway.store.links import Links
from gateway.web.health import Check, is_up
from groundwork.addresses import address_of
from groundwork.audit import Audit
from groundwork.clock import Clock
from groundwork.database import Pool, storage_errors
from groundwork.effects import (
    NotGivenUpError,
    NotWaitingError,
    Row,
    abandon,
    given_up,
    hasten,
    owe_again,
    waiting,
)
from groundwork.outbox import backlog
from staff.guard import account_of, form_token_of
from staff.look import Look
from staff.signing_in import author

MOST_SHOWN = 100


class OpsPages:
    """The page for admins, with buttons for what fails or was given up, and for a link that was switched off."""

    def __init__(
        self, look: Look, pool: Pool, audit: Audit, checks: Sequence[Check], links: Links, *, clock: Clock
    ) -> None:
        self._look, self._pool, self._audit, self._checks = look, pool, audit, tuple(checks)
        self._links, self._clock = links, clock

    def routes(self) -> tuple[web.RouteDef, ...]:
        """Return the routes for admins."""
        at = r"/ops/effects/{id:\d{1,17}}"
        return (
            web.get("/ops", self.show),
            web.post(f"{at}/retry", self.retry),
            web.post(f"{at}/now", self.hurry),
            web.post(f"{at}/give-up", self.give_up),
            web.post("/ops/dispatch/enable", self.enable),
        )

    async def show(self, request: web.Request) -> web.StreamResponse:
        """Show how the gateway stands."""
        up = await asyncio.gather(*(is_up(check) for check in self._checks))
        async with storage_errors(), self._pool.acquire() as connection:
            gave_up, failing = await given_up(connection), await waiting(connection)
            undecided = await connection.fetchval("SELECT count(*) FROM messages WHERE settled_at IS NULL")
        async with storage_errors():
            owed = await backlog(self._pool)
        link = await self._links.state()
        return self._look.page(
            "ops.html",
            account=account_of(request),
            form_token=form_token_of(request),
            checks=[(check.name, is_there) for check, is_there in zip(self._checks, up, strict=True)],
            waiting=undecided,
            owed=owed,
            link=link,
            down=link.is_down(self._clock()),
            failing=failing[:MOST_SHOWN],
            gave_up=gave_up[:MOST_SHOWN],
            more=max(0, len(gave_up) - MOST_SHOWN),
            more_failing=max(0, len(failing) - MOST_SHOWN),
            done=request.query.get("done", ""),
        )

    async def retry(self, request: web.Request) -> web.StreamResponse:
        """Owe a given-up effect again; one that is not given up any more is left alone."""
        await self._act(request, owe_again, "retried")

    async def hurry(self, request: web.Request) -> web.StreamResponse:
        """Try a failing effect now; one that does not wait any more is left alone."""
        await self._act(request, hasten, "retried")

    async def give_up(self, request: web.Request) -> web.StreamResponse:
        """Give a failing effect up; one that does not wait any more is left alone."""
        await self._act(request, abandon, "abandoned")

    async def _act(
        self, request: web.Request, act: Callable[..., Awaitable[list[Row]]], done: str
    ) -> NoReturn:
        by = author(account_of(request), address_of(request))
        try:
            async with storage_errors(), self._pool.acquire() as connection:
                await act(connection, [int(request.match_info["id"])], audit=self._audit, by=by)
        except (NotGivenUpError, NotWaitingError):
            done = "nothing"
        raise web.HTTPSeeOther(f"/ops?done={done}")

    async def enable(self, request: web.Request) -> web.StreamResponse:
        """Switch the link to the dispatch centre on again."""
        by = author(account_of(request), address_of(request))
        done = await self._links.enable(audit=self._audit, by=by)
        raise web.HTTPSeeOther(f"/ops?done={'enabled' if done else 'nothing'}")
