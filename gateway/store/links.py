"""How the link to the dispatch centre stands, for every process alike."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from groundwork.audit import Action, Audit, Author
from groundwork.clock import Clock
from groundwork.database import Pool, storage_errors

DOWN_AFTER = timedelta(seconds=60)  #: of failures alone, the link counts as down
_FRESH = timedelta(seconds=30)  #: how exactly the last success is kept


@dataclass(frozen=True, kw_only=True, slots=True)
class LinkState:
    """When deliveries last worked, and why none is made now."""

    worked_at: datetime | None = None
    failing_since: datetime | None = None
    failures: int = 0
    last_error: str | None = None  #: name of an error, never what the centre wrote
    hold_until: datetime | None = None
    disabled_at: datetime | None = None
    recovered_at: datetime | None = None

    def is_down(self, now: datetime) -> bool:
        """Tell whether somebody has to look: switched off, or nothing arrived for a minute of trying."""
        failing = self.failing_since is not None and now - self.failing_since >= DOWN_AFTER
        return self.disabled_at is not None or failing


class Links:
    """The one row of ``dispatch_link``."""

    def __init__(self, pool: Pool, *, clock: Clock) -> None:
        self._pool, self._clock = pool, clock

    async def state(self) -> LinkState:
        """Return how the link stands."""
        async with storage_errors():
            row = await self._pool.fetchrow(
                "SELECT worked_at, failing_since, failures, last_error, hold_until, disabled_at, recovered_at"
                " FROM dispatch_link"
            )
        return LinkState(**row) if row else LinkState()

    async def worked(self) -> None:
        """Note that something arrived; after a time down, what waits is to be tried at once."""
        now = self._clock()
        async with storage_errors():
            await self._pool.execute(
                "UPDATE dispatch_link SET worked_at = $1::timestamptz, failures = 0, failing_since = NULL,"
                " last_error = NULL, hold_until = NULL, recovered_at = CASE WHEN failing_since < $2"
                " THEN $1::timestamptz ELSE recovered_at END"
                " WHERE failing_since IS NOT NULL OR worked_at IS NULL OR worked_at < $3",
                now,
                now - DOWN_AFTER,
                now - _FRESH,
            )

    async def failed(self, error: str) -> None:
        """Note that something did not arrive, by the name of the error."""
        async with storage_errors():
            await self._pool.execute(
                "UPDATE dispatch_link SET failures = failures + 1, last_error = $2,"
                " failing_since = coalesce(failing_since, $1)",
                self._clock(),
                error,
            )

    async def hold(self, wait: timedelta) -> None:
        """Send nothing for ``wait``: the centre asked for it."""
        async with storage_errors():
            await self._pool.execute("UPDATE dispatch_link SET hold_until = $1", self._clock() + wait)

    async def disable(self, *, audit: Audit, by: Author) -> bool:
        """Send nothing until somebody switches the link on again; ``False`` if it was off already."""
        return await self._switch(
            "UPDATE dispatch_link SET disabled_at = $1, last_error = 'DispatchGoneError'"
            " WHERE disabled_at IS NULL RETURNING true",
            Action.DISPATCH_DISABLED, audit, by,
        )  # fmt: skip

    async def enable(self, *, audit: Audit, by: Author) -> bool:
        """Send again, what waits at once; ``False`` if the link was on already."""
        return await self._switch(
            "UPDATE dispatch_link SET disabled_at = NULL, failing_since = NULL, failures = 0, hold_until = NULL,"
            " recovered_at = $1 WHERE disabled_at IS NOT NULL RETURNING true",
            Action.DISPATCH_ENABLED, audit, by,
        )  # fmt: skip

    async def _switch(self, statement: str, action: Action, audit: Audit, by: Author) -> bool:
        async with storage_errors(), self._pool.acquire() as connection, connection.transaction():
            done = await connection.fetchval(statement, self._clock())
            if done:
                await audit.note(connection, action, "link", "dispatch", by=by)
        return bool(done)

    async def caught_up(self, recovered_at: datetime) -> None:
        """Note that what waited at that moment was set going."""
        async with storage_errors():
            await self._pool.execute(
                "UPDATE dispatch_link SET recovered_at = NULL WHERE recovered_at = $1", recovered_at
            )
