"""Effects owed: written with the decision, carried out in order per lane, repeated until done."""

import json
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, TypeAlias

from pgqueuer import PgQueuer
from pgqueuer.adapters.drivers.asyncpg import AsyncpgDriver
from pgqueuer.domain.errors import RetryRequested
from pgqueuer.models import Job
from pgqueuer.queries import Queries

from groundwork.audit import PROGRAM, Action, Audit
from groundwork.clock import Clock
from groundwork.database import Connection, Pool, lock_number
from groundwork.identities import open_record, seal_record
from groundwork.vault import Vault
from hotline.errors import HotlineError

log = logging.getLogger(__name__)

ENTRYPOINT = "lane"
HEARTBEAT = timedelta(seconds=10)  #: a killed worker's jobs come back after this long
LONGEST_WAIT = 300.0
LANES = 30  #: worked at the same time, over all workers; each keeps a connection meanwhile
LANE_POOL = LANES + 1  #: connections; the last one is for the sweep
PURPOSE = "effects.body"
_NO_WAIT = timedelta()
_MOST_HURRIED = 500  #: effects in one step

SCHEMA = """
CREATE TABLE effects (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key_digest bytea NOT NULL UNIQUE,
    lane text NOT NULL,
    kind text NOT NULL,
    body bytea NOT NULL,
    owed_at timestamptz NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    next_at timestamptz,
    last_error text,
    done_at timestamptz,
    gave_up_at timestamptz
);
CREATE INDEX effects_owed ON effects (lane, id) WHERE done_at IS NULL AND gave_up_at IS NULL;
"""

#: Rows come and go; what is gone is to be swept before it slows down those who look for the next job.
TENDED = "ALTER TABLE pgqueuer SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);"

#: column and purpose, for the migrations' ``sealed_with_comments``
SEALED = {"effects.body": PURPOSE}


@dataclass(frozen=True, kw_only=True, slots=True)
class Owed:
    """One thing we owe; lanes are worked off in order, each by one worker at a time."""

    key: str
    lane: str
    kind: str
    body: Mapping[str, Any]
    not_before: datetime | None = None


class NotYetError(HotlineError):
    """Nothing failed, it is too early; look again after ``wait``, as often as it takes."""

    retryable = True

    def __init__(self, why: str, *, wait: timedelta = timedelta(seconds=1)) -> None:
        super().__init__(why)
        self.wait = wait


Carry: TypeAlias = Callable[[str, Mapping[str, Any]], Awaitable[None]]


async def owe(connection: Connection, vault: Vault, owed: Sequence[Owed], *, clock: Clock) -> None:
    """Write ``owed`` and wake the workers, inside the caller's transaction; known keys are left alone."""
    if not owed:
        return
    now = clock()
    await connection.executemany(
        "INSERT INTO effects (key_digest, lane, kind, body, owed_at, next_at) VALUES ($1, $2, $3, $4, $5, $6)"
        " ON CONFLICT (key_digest) DO NOTHING",
        [
            (
                digest_of(vault, one.key),
                one.lane,
                one.kind,
                seal_record(vault, dict(one.body), purpose=PURPOSE),
                now,
                one.not_before,
            )
            for one in owed
        ],
    )
    waits = {one.lane: max(one.not_before - now, _NO_WAIT) if one.not_before else _NO_WAIT for one in owed}
    await wake(connection, waits)


def digest_of(vault: Vault, key: str) -> bytes:
    """Return what stands for the key of an effect on record."""
    return vault.digest(key, purpose="effects.key")


async def wake(connection: Connection, lanes: Mapping[str, timedelta]) -> None:
    """Ask the workers to look at each of ``lanes`` after the time given; asking twice is harmless."""
    if lanes:
        count = len(lanes)
        queries = Queries(AsyncpgDriver(connection))  # type: ignore[arg-type]  # a pool's proxy is one
        await queries.enqueue(
            [ENTRYPOINT] * count, [lane.encode() for lane in lanes], [0] * count, list(lanes.values())
        )


async def _remind(connection: Connection, lanes: list[str]) -> None:
    # A lane that was reminded and not looked at yet is left alone. ``wake`` must not do so: a job at work may be
    # past what was added since. A reminder may miss it, for another one follows.
    if lanes:
        queries, count = Queries(AsyncpgDriver(connection)), len(lanes)  # type: ignore[arg-type]
        payloads: list[bytes | None] = [lane.encode() for lane in lanes]
        await queries.enqueue(
            [ENTRYPOINT] * count, payloads, [0] * count, dedupe_key=list(lanes), on_conflict="skip"
        )


#: In one step, because most lanes owe one thing: what was carried out is done, and what comes next is returned.
_NEXT = (
    "WITH done AS (UPDATE effects SET done_at = $3 WHERE id = $2)"
    " SELECT id, kind, body, attempts, next_at FROM effects WHERE lane = $1"
    " AND done_at IS NULL AND gave_up_at IS NULL AND id IS DISTINCT FROM $2 ORDER BY id LIMIT 1"
)


class Outbox:
    """Works lanes off with ``carry``; a retryable failure waits, a final one is put before a person.

    ``schedules`` holds, by kind, the waits before each try; after the last one an effect is put before a person too.
    What is not in it is tried for as long as it takes, 1 s to 5 min apart.
    """

    def __init__(
        self, pool: Pool, vault: Vault, carry: Carry, *, clock: Clock, audit: Audit | None = None,
        schedules: Mapping[str, Sequence[timedelta]] = MappingProxyType({}),
    ) -> None:  # fmt: skip
        self._pool, self._vault, self._carry, self.clock = pool, vault, carry, clock
        self._audit, self._schedules = audit, schedules

    def register(self, jobs: PgQueuer) -> None:
        """Let ``jobs`` call this outbox for every lane that was woken."""

        @jobs.entrypoint(ENTRYPOINT, concurrency_limit=LANES)
        async def lane(job: Job) -> None:
            wait = await self.work((job.payload or b"").decode())
            if wait is not None:
                raise RetryRequested(delay=wait)

    async def work(self, lane: str) -> timedelta | None:
        """Carry out what ``lane`` owes; the time to wait before looking again, if any is left."""
        async with self._pool.acquire() as connection:
            number = lock_number(f"lane:{lane}")
            if not await connection.fetchval("SELECT pg_try_advisory_lock($1)", number):
                return timedelta(seconds=1)  # another worker is at it and may miss what was added since
            try:
                return await self._work(connection, lane)
            finally:
                await _let_go(connection, number)

    async def _work(self, connection: Connection, lane: str) -> timedelta | None:
        row = await connection.fetchrow(_NEXT, lane, None, None)
        while row is not None:
            now = self.clock()
            if row["next_at"] is not None and row["next_at"] > now:
                left: timedelta = row["next_at"] - now
                return max(left, timedelta(milliseconds=100))
            try:
                body = open_record(self._vault, row["body"], purpose=PURPOSE, known=True)
                await self._carry(row["kind"], body)
            except NotYetError as error:
                await connection.execute(
                    "UPDATE effects SET next_at = $2 WHERE id = $1", row["id"], self.clock() + error.wait
                )
                return error.wait
            except Exception as error:  # noqa: BLE001 — whatever a carrier raises, the debt stays on record
                wait = await self._failed(connection, row["id"], row["kind"], row["attempts"] + 1, error)
                if wait is not None:
                    return wait
                row = await connection.fetchrow(_NEXT, lane, None, None)
            else:
                # What commits meanwhile may be missed; whoever added it has woken the lane again.
                row = await connection.fetchrow(_NEXT, lane, row["id"], self.clock())
        return None

    def _wait_after(self, kind: str, attempts: int) -> timedelta | None:
        """Return how long to wait after that many tries, ``None`` when there is none left."""
        schedule = self._schedules.get(kind)
        if schedule is None:
            return timedelta(seconds=min(2.0 ** min(attempts - 1, 10), LONGEST_WAIT))
        return schedule[attempts] if attempts < len(schedule) else None

    async def _failed(
        self, connection: Connection, id: int, kind: str, attempts: int, error: Exception
    ) -> timedelta | None:
        # An error we have not named may pass by itself, so it is tried again like a retryable one.
        hopeless = isinstance(error, HotlineError) and not error.retryable
        wait = None if hopeless else self._wait_after(kind, attempts)
        final, now = wait is None, self.clock()
        extra = {"effect_id": id, "attempts": attempts, "error_type": type(error).__name__}
        log.warning("effect.gave_up" if final else "effect.failed", extra=extra)
        async with connection.transaction():
            await connection.execute(
                "UPDATE effects SET attempts = $2, last_error = $3, next_at = $4, gave_up_at = $5 WHERE id = $1",
                id,
                attempts,
                type(error).__name__,
                now + (wait or _NO_WAIT),
                now if final else None,
            )
            if final and self._audit is not None:
                name = type(error).__name__
                await self._audit.note(
                    connection, Action.EFFECT_GAVE_UP, "effect", str(id), by=PROGRAM, why=name
                )
        return wait

    async def sweep(self) -> int:
        """Wake every lane that owes something whose time has come, once; how many lanes there were."""
        async with self._pool.acquire() as connection:
            rows = await connection.fetch(
                "SELECT DISTINCT lane FROM effects WHERE done_at IS NULL AND gave_up_at IS NULL"
                " AND owed_at < $1 AND (next_at IS NULL OR next_at < $1)"
                # Thousands may wait their turn; who has a job is not forgotten.
                " AND convert_to(lane, 'UTF8') NOT IN (SELECT payload FROM pgqueuer WHERE entrypoint = $2"
                "  AND payload IS NOT NULL AND execute_after <= now())",
                self.clock() - timedelta(seconds=30),
                ENTRYPOINT,
            )
            await _remind(connection, [row["lane"] for row in rows])
        return len(rows)


async def hurry(pool: Pool, kind: str, *, clock: Clock, error: str | None = None) -> int:
    """Try everything of ``kind`` that waits, with ``error`` given only what failed with it, now instead of later."""
    last = count = 0
    while True:
        async with pool.acquire() as connection, connection.transaction():
            rows = await connection.fetch(
                "UPDATE effects SET next_at = $2 WHERE id IN (SELECT id FROM effects WHERE kind = $1 AND id > $3"
                " AND done_at IS NULL AND gave_up_at IS NULL AND next_at > $2"
                " AND ($4::text IS NULL OR last_error = $4) ORDER BY id LIMIT $5) RETURNING id, lane",
                kind,
                clock(),
                last,
                error,
                _MOST_HURRIED,
            )
            await wake(connection, {row["lane"]: _NO_WAIT for row in rows})
        if not rows:
            return count
        last, count = max(row["id"] for row in rows), count + len(rows)


async def _let_go(connection: Connection, number: int) -> None:
    """Give a lane back; a connection that cannot must not go back to the pool with it."""
    try:
        await connection.execute("SELECT pg_advisory_unlock($1)", number)
    except BaseException:
        connection.terminate()
        raise


async def backlog(pool: Pool) -> dict[str, int]:
    """Count what is owed, late (10 or more tries) and given up, for metrics and readiness."""
    row = await pool.fetchrow(
        "SELECT count(*) FILTER (WHERE gave_up_at IS NULL) AS owed,"
        " count(*) FILTER (WHERE gave_up_at IS NULL AND attempts >= 10) AS late,"
        " count(*) FILTER (WHERE gave_up_at IS NOT NULL) AS gave_up FROM effects WHERE done_at IS NULL"
    )
    return dict(row) if row else {}


def as_json(value: Mapping[str, Any]) -> str:
    """Return ``value`` as compact JSON, characters kept."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
