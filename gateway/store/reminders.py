"""Reminders of what each unit owes its articles: made by themselves every week, or by a colleague, and shown to the unit."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.store.catalogue import Catalogue, Entry, Looked, UnitDuty
from groundwork.clock import Clock
from groundwork.database import Pool, lock, storage_errors
from hotline.errors import StorageAwayError

log = logging.getLogger(__name__)

BY_ITSELF = timedelta(days=7)  #: after the last one
AT_ONCE = timedelta(days=1)  #: nobody reminds a unit more often
MOST_SHOWN = 50
_TO_LOOK_AT = (Looked(state="expired"), Looked(state="expiring"), Looked(list="low"))


@dataclass(frozen=True, kw_only=True, slots=True)
class Reminder:
    """What a unit was told last, and when."""

    unit: str
    at: datetime
    account_id: int | None  #: none: it came by itself
    asked: int
    checking: int
    expiring: int
    expired: int
    low: int


class Reminders:
    """The reminders of one city."""

    def __init__(self, pool: Pool, catalogue: Catalogue, *, city: str, clock: Clock) -> None:
        self._pool, self._catalogue, self._city, self._clock = pool, catalogue, city, clock

    async def remind(self, unit: str, *, account_id: int) -> bool:
        """Remind a unit now; ``False`` where nothing waits for it or it was reminded within a day."""
        duties = [one for one in await self._catalogue.duties() if one.unit == unit]
        return await self._remind(duties, after=AT_ONCE, account_id=account_id) > 0

    async def remind_all(self) -> int:
        """Remind every unit that something waits for and that was not reminded for a week; how many those were."""
        return await self._remind(await self._catalogue.duties(), after=BY_ITSELF, account_id=None)

    async def latest(self) -> Mapping[str, Reminder]:
        """Return the last reminder of each unit."""
        async with storage_errors(), self._pool.acquire() as connection:
            rows = await connection.fetch(
                "SELECT DISTINCT ON (unit) unit, at, account_id, asked, checking, expiring, expired, low"
                " FROM article_reminders WHERE city = $1 ORDER BY unit, at DESC",
                self._city,
            )
        return {row["unit"]: Reminder(**dict(row)) for row in rows}

    async def owed(self, unit: str) -> Sequence[Entry]:
        """Return the unit's articles that have expired, expire soon or help few."""
        found: dict[str, Entry] = {}
        for asked in _TO_LOOK_AT:
            looked = Looked(state=asked.state, list=asked.list, unit=unit)
            entries, _ = await self._catalogue.look(looked, limit=MOST_SHOWN, offset=0)
            found |= {one.id: one for one in entries}
        return list(found.values())

    async def _remind(self, duties: Sequence[UnitDuty], *, after: timedelta, account_id: int | None) -> int:
        now, done = self._clock(), 0
        async with storage_errors(), self._pool.acquire() as connection, connection.transaction():
            await lock(connection, f"reminders:{self._city}")  # several workers look at the same time
            for duty in duties:
                if not duty.unit or not duty.waiting:
                    continue
                status = await connection.execute(
                    "INSERT INTO article_reminders (city, unit, at, account_id, asked, checking, expiring, expired,"
                    " low) SELECT $1, $2, $3, $4, $10, $5, $6, $7, $8 WHERE NOT EXISTS"
                    " (SELECT FROM article_reminders WHERE city = $1 AND unit = $2 AND at > $9)",
                    self._city, duty.unit, now, account_id, duty.checking, duty.expiring, duty.expired, duty.low,
                    now - after, duty.asked,
                )  # fmt: skip
                done += status.endswith(" 1")
        return done


async def remind_for_ever(reminders: Reminders, every: float) -> None:
    """Remind whom it is time to, again and again; the database being away is no news."""
    while True:
        try:
            await reminders.remind_all()
        except StorageAwayError:
            pass
        except Exception as error:  # noqa: BLE001 — a reminder less never stops the worker
            log.error("reminders.failed", extra={"error_type": type(error).__name__})
        await asyncio.sleep(every)
