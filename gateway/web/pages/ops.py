"""``/ops``: what we lean on, what is owed, what was given up; ids, kinds and errors, never contents."""

import asyncio
from collections.abc import Sequence

from aiohttp import web

from gateway.web.health import Check, is_up
from groundwork.addresses import address_of
from groundwork.audit import Audit
from groundwork.database import Pool, storage_errors
from groundwork.effects import NotGivenUpError, given_up, owe_again
from groundwork.outbox import backlog
from staff.guard import account_of, form_token_of
from staff.look import Look
from staff.signing_in import author

MOST_SHOWN = 100


class OpsPages:
    """The page for admins, and the button that sets something given up going again."""

    def __init__(self, look: Look, pool: Pool, audit: Audit, checks: Sequence[Check]) -> None:
        self._look, self._pool, self._audit, self._checks = look, pool, audit, tuple(checks)

    def routes(self) -> tuple[web.RouteDef, ...]:
        """Return the routes for admins."""
        return (web.get("/ops", self.show), web.post(r"/ops/effects/{id:\d{1,17}}/retry", self.retry))

    async def show(self, request: web.Request) -> web.StreamResponse:
        """Show how the gateway stands."""
        up = await asyncio.gather(*(is_up(check) for check in self._checks))
        async with storage_errors(), self._pool.acquire() as connection:
            gave_up = await given_up(connection)
            waiting = await connection.fetchval("SELECT count(*) FROM messages WHERE settled_at IS NULL")
        async with storage_errors():
            owed = await backlog(self._pool)
        return self._look.page(
            "ops.html",
            account=account_of(request),
            form_token=form_token_of(request),
            checks=[(check.name, is_there) for check, is_there in zip(self._checks, up, strict=True)],
            waiting=waiting,
            owed=owed,
            gave_up=gave_up[:MOST_SHOWN],
            more=max(0, len(gave_up) - MOST_SHOWN),
            done=request.query.get("done", ""),
        )

    async def retry(self, request: web.Request) -> web.StreamResponse:
        """Owe a given-up effect again; one that is not given up any more is left alone."""
        by = author(account_of(request), address_of(request))
        try:
            async with storage_errors(), self._pool.acquire() as connection:
                await owe_again(connection, [int(request.match_info["id"])], audit=self._audit, by=by)
        except NotGivenUpError:
            raise web.HTTPSeeOther("/ops?done=nothing") from None
        raise web.HTTPSeeOther("/ops?done=retried")
