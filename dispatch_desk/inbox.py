"""The inbox: one page of the cases that somebody may see, with the size of each view, in one look at the database."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from dispatch_desk.store import listing
from dispatch_desk.store.listing import Asked, Row
from groundwork.clock import Clock
from groundwork.database import Pool, storage_errors
from groundwork.vault import Vault
from hotline.calendar import CITY_TIME

PAGE = 50  #: cases on one page


@dataclass(frozen=True, kw_only=True, slots=True)
class Listing:
    """One page of the list, with the size of each view."""

    rows: Sequence[Row]
    counts: dict[str, int]  #: ``listing.MOST`` stands for that many or more
    earlier: bool  #: there are cases before these
    later: bool


def asked_at(now: datetime, *, scope: str | None) -> Asked:
    """Return the asking for everything that the unit ``scope`` may see at that moment, or anybody with ``None``."""
    tomorrow = datetime.combine(now.astimezone(CITY_TIME).date() + timedelta(days=1), time(), CITY_TIME)
    return Asked(now=now, tomorrow=tomorrow, scope=scope)


class Inbox:
    """The lists of one city's dispatch centre."""

    def __init__(self, pool: Pool, vault: Vault, *, clock: Clock) -> None:
        self._pool, self._vault, self.clock = pool, vault, clock

    async def listing(self, asked: Asked) -> Listing:
        """Return the page that is asked for; people in it are masked."""
        async with (
            storage_errors(),
            self._pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            await listing.plan_anew(connection)
            counts = await listing.counts(connection, asked)
            found = await listing.page(connection, self._vault, asked, limit=PAGE + 1)
        return _listing(asked, found, counts)


def _listing(asked: Asked, found: Sequence[Row], counts: dict[str, int]) -> Listing:
    more = len(found) > PAGE
    if asked.key and asked.key.backwards:
        return Listing(rows=found[-PAGE:], counts=counts, earlier=more, later=True)
    return Listing(rows=found[:PAGE], counts=counts, earlier=asked.key is not None, later=more)
