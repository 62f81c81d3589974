"""Days on which leaders take calls, as announced; what is taken back stays on record and is shown to nobody outside."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from groundwork.audit import Action, Audit, Author
from groundwork.clock import Clock
from groundwork.database import Pool, storage_errors
from hotline.calendar import CITY_TIME
from hotline.call_in import CallIn

_ROW = "SELECT id, day, first, last, leader, place, announced_at, taken_back_at, calls, tickets FROM call_ins"
MOST = 60  #: days that a page shows


@dataclass(frozen=True, kw_only=True, slots=True)
class Announced:
    """One day that was announced, with what was noted of it afterwards."""

    id: int
    what: CallIn
    announced_at: datetime
    taken_back_at: datetime | None
    calls: int | None
    tickets: tuple[str, ...]


class CallIns:
    """The days of one city."""

    def __init__(self, pool: Pool, audit: Audit, *, city: str, clock: Clock) -> None:
        self._pool, self._audit, self._city, self._clock = pool, audit, city, clock

    def today(self) -> date:
        """Return the day that it is in the city."""
        return self._clock().astimezone(CITY_TIME).date()

    async def coming(self) -> Sequence[CallIn]:
        """Return what is announced for today and later, the next one first."""
        async with storage_errors(), self._pool.acquire() as connection:
            rows = await connection.fetch(
                f"{_ROW} WHERE city = $1 AND day >= $2 AND taken_back_at IS NULL ORDER BY day, first, id LIMIT $3",
                self._city, self.today(), MOST,
            )  # fmt: skip
        return [_announced(row).what for row in rows]

    async def latest(self) -> Sequence[Announced]:
        """Return what was announced, the latest day first, with what was taken back."""
        async with storage_errors(), self._pool.acquire() as connection:
            rows = await connection.fetch(
                f"{_ROW} WHERE city = $1 ORDER BY day DESC, id DESC LIMIT $2", self._city, MOST
            )
        return [_announced(row) for row in rows]

    async def announce(self, one: CallIn, *, by: Author) -> None:
        """Put a day on record; from now on everybody is told of it."""
        async with storage_errors(), self._pool.acquire() as connection, connection.transaction():
            id = await connection.fetchval(
                "INSERT INTO call_ins (city, day, first, last, leader, place, announced_at)"
                " VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id",
                self._city, one.day, one.first, one.last, one.leader, one.place, self._clock(),
            )  # fmt: skip
            await self._audit.note(
                connection, Action.CALL_IN_KEPT, "call_in", str(id), by=by, why="announced"
            )

    async def take_back(self, id: int, *, by: Author) -> bool:
        """Announce a day no more; ``False`` where it is not announced or over."""
        return await self._change(
            "UPDATE call_ins SET taken_back_at = $3 WHERE id = $1 AND city = $2 AND taken_back_at IS NULL AND day >= $4",
            id, self._clock(), self.today(), by=by, why="taken_back",
        )  # fmt: skip

    async def note(self, id: int, calls: int, tickets: Sequence[str], *, by: Author) -> bool:
        """Note what was taken on a day that has come; ``False`` where there was no such day."""
        return await self._change(
            "UPDATE call_ins SET calls = $3, tickets = $4 WHERE id = $1 AND city = $2 AND taken_back_at IS NULL AND day <= $5",
            id, calls, list(tickets), self.today(), by=by, why="calls",
        )  # fmt: skip

    async def _change(self, statement: str, id: int, *values: Any, by: Author, why: str) -> bool:
        async with storage_errors(), self._pool.acquire() as connection, connection.transaction():
            done = await connection.execute(statement, id, self._city, *values)
            changed = bool(done.endswith(" 1"))
            if changed:
                await self._audit.note(connection, Action.CALL_IN_KEPT, "call_in", str(id), by=by, why=why)
        return changed


def _announced(row: Any) -> Announced:
    what = CallIn(
        day=row["day"], first=row["first"], last=row["last"], leader=row["leader"], place=row["place"]
    )
    return Announced(
        id=row["id"], what=what, announced_at=row["announced_at"], taken_back_at=row["taken_back_at"],
        calls=row["calls"], tickets=tuple(row["tickets"]),
    )  # fmt: skip
