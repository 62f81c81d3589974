"""What the dispatch centre was told, for a centre that fetches by itself: in order, and nothing is passed over."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from groundwork.database import Connection, Pool, lock, storage_errors
from groundwork.identities import open_record
from groundwork.outbox import PURPOSE
from groundwork.vault import Vault

_LOCK = "dispatch_feed"


@dataclass(frozen=True, kw_only=True, slots=True)
class FeedTicket:
    """One ticket as the centre was told of it: the bodies of its events, oldest first, the first is ``filed``."""

    number: str
    events: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class FeedPage:
    """Tickets of which something was told after a cursor, and the cursor after them."""

    tickets: tuple[FeedTicket, ...]
    after: int
    more: bool


async def enter(connection: Connection, key_digest: bytes, number: str) -> None:
    """Enter the owed event of that key, in the transaction that owes it; a repeat changes nothing."""
    await connection.execute(
        "INSERT INTO dispatch_feed (effect_id, number) SELECT id, $2 FROM effects WHERE key_digest = $1"
        " ON CONFLICT DO NOTHING",
        key_digest,
        number,
    )


class Feed:
    """Reads ``dispatch_feed``.

    Ids are drawn before their transactions end, so that a reader who went by them could pass over one that commits
    late. Positions are given to committed rows alone, by one reader at a time: whatever appears later comes after.
    """

    def __init__(self, pool: Pool, vault: Vault) -> None:
        self._pool, self._vault = pool, vault

    async def page(self, *, after: int, limit: int) -> FeedPage:
        """Return the tickets of the next ``limit`` events after the position ``after``, each once."""
        async with storage_errors(), self._pool.acquire() as connection:
            await self._number(connection, limit=limit + 1, after=after)
            rows = await connection.fetch(
                "SELECT position, number FROM dispatch_feed WHERE position > $1 ORDER BY position LIMIT $2",
                after,
                limit + 1,
            )
            shown = rows[:limit]
            numbers = list(dict.fromkeys(row["number"] for row in shown))
            tickets = await self._tickets(connection, numbers)
        last = shown[-1]["position"] if shown else after
        return FeedPage(tickets=tickets, after=last, more=len(rows) > limit)

    async def ticket(self, number: str) -> FeedTicket | None:
        """Return one ticket, or ``None`` where there is none of that number."""
        async with storage_errors(), self._pool.acquire() as connection:
            return next(iter(await self._tickets(connection, [number])), None)

    async def _number(self, connection: Connection, *, limit: int, after: int) -> None:
        async with connection.transaction():
            await lock(connection, _LOCK)
            await connection.execute(
                "WITH reached AS (SELECT coalesce(max(position), 0) AS last FROM dispatch_feed),"
                " new AS (SELECT id, row_number() OVER (ORDER BY id) AS place FROM (SELECT id FROM dispatch_feed"
                "  WHERE position IS NULL ORDER BY id LIMIT (SELECT greatest(0, $1 + least($2, last) - last) FROM reached)) AS n)"
                " UPDATE dispatch_feed f SET position = reached.last + new.place FROM new, reached WHERE f.id = new.id",
                limit,
                after,
            )

    async def _tickets(self, connection: Connection, numbers: Sequence[str]) -> tuple[FeedTicket, ...]:
        rows = await connection.fetch(
            "SELECT f.number, e.body FROM dispatch_feed f JOIN effects e ON e.id = f.effect_id"
            " WHERE f.number = ANY($1) ORDER BY f.id",
            list(numbers),
        )
        events: dict[str, list[Mapping[str, Any]]] = {number: [] for number in numbers}
        for row in rows:
            events[row["number"]].append(open_record(self._vault, row["body"], purpose=PURPOSE, known=True))
        return tuple(FeedTicket(number=number, events=tuple(told)) for number, told in events.items() if told)
