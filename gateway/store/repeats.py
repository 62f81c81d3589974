"""Repeats on record: the same person's are linked and urge, other people's wait for a person to merge them."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from gateway.store.sealed import TICKET
from gateway.store.tickets import WITHDRAWN, Tickets
from groundwork.audit import Action, Audit, Author
from groundwork.clock import Clock
from groundwork.database import Connection, Pool, lock, storage_errors
from groundwork.identities import open_record
from groundwork.vault import Vault
from hotline.citypack import CityPack
from hotline.effects import TellDesk
from hotline.errors import HotlineError, StorageAwayError
from hotline.records import from_record
from hotline.repeats import WITHIN, Likeness, Told, likenesses, pairs_of
from hotline.ticket import Ticket

log = logging.getLogger(__name__)

AT_ONCE = 50  #: tickets that one look compares
MOST_COMPARED = 400  #: recent tickets that each is compared with
MOST_REMEMBERED = 3_000  #: tickets opened once and kept as they are compared
MOST_SHOWN = 100
CLOSED = "closed"


class RepeatGoneError(HotlineError):
    """Somebody decided it already, or one of the two was merged or withdrawn since; look at the list again."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Repeat:
    """Two tickets that may be about one matter, people masked."""

    later: Ticket
    main: Ticket
    likeness: float
    same_place: bool
    found_at: datetime


class Repeats:
    """Looks for repeats among recent tickets; what it finds nobody merges but a person."""

    def __init__(
        self, pool: Pool, vault: Vault, tickets: Tickets, audit: Audit, *, pack: CityPack, clock: Clock
    ) -> None:
        self._pool, self._vault, self._tickets, self._audit = pool, vault, tickets, audit
        self._pack, self._clock = pack, clock
        self._remembered: OrderedDict[str, Told | None] = OrderedDict()

    async def look(self) -> int:
        """Compare tickets that were filed since with those before; how many there were."""
        count = 0
        while count < AT_ONCE and await self._look_at_one():
            count += 1
        return count

    async def _look_at_one(self) -> bool:
        """Compare the oldest that waits, in its own transaction: nobody who urges it waits for the others."""
        async with storage_errors(), self._pool.acquire() as connection, connection.transaction():
            row = await connection.fetchrow(
                "SELECT number, conversation, lead_unit, filed_at, body FROM tickets WHERE compared_at IS NULL"
                " AND city = $1 ORDER BY filed_at LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED",
                self._pack.code,
            )
            if row is None:
                return False
            await self._compare(connection, row)
            await connection.execute(
                "UPDATE tickets SET compared_at = $2 WHERE number = $1", row["number"], self._clock()
            )
        return True

    async def _compare(self, connection: Connection, row: asyncpg.Record) -> None:
        new = self._told(row)
        if new is None:
            return
        own = await self._same_person(connection, row)
        others = [told for other in await self._recent(connection, row, own) if (told := self._told(other))]
        found = likenesses(new, others, own=own)
        mine = next((one for one in found if one.number in own), None)
        if mine is not None:
            await self._link(connection, new, mine)
            return
        for one in found:
            await self._note(connection, new.number, one, same_person=False)

    async def _same_person(self, connection: Connection, row: asyncpg.Record) -> frozenset[str]:
        """Return the person's other tickets, by number and e-mail; in one conversation they were asked themselves."""
        rows = await connection.fetch(
            "SELECT DISTINCT t.number FROM ticket_people mine JOIN ticket_people other"
            " ON other.field = mine.field AND other.digest = mine.digest JOIN tickets t ON t.number = other.number"
            " WHERE mine.number = $1 AND mine.field <> 'name' AND t.number <> $1 AND t.conversation <> $2",
            row["number"],
            row["conversation"],
        )
        return frozenset(one["number"] for one in rows)

    async def _recent(
        self, connection: Connection, row: asyncpg.Record, own: frozenset[str]
    ) -> Sequence[asyncpg.Record]:
        """Return the tickets, still open and under no other, that are the person's own or of the same unit."""
        found: Sequence[asyncpg.Record] = await connection.fetch(
            "SELECT t.number, t.body FROM tickets t WHERE t.city = $1 AND t.number <> $2"
            " AND (t.lead_unit = $3 OR t.number = ANY($4)) AND t.conversation <> $5"
            " AND (t.filed_at, t.number) < ($6, $2) AND t.filed_at > $6 - $7::interval AND t.state <> ALL($8)"
            " AND NOT EXISTS (SELECT FROM repeats r WHERE r.number = t.number AND (r.merged OR r.same_person))"
            " ORDER BY t.filed_at DESC LIMIT $9",
            self._pack.code, row["number"], row["lead_unit"], list(own), row["conversation"], row["filed_at"],
            WITHIN, [CLOSED, WITHDRAWN], MOST_COMPARED,
        )  # fmt: skip
        return found

    def _told(self, row: asyncpg.Record) -> Told | None:
        """Return what of a ticket is compared; nothing of a confidential one: that it was filed is a secret too."""
        number = row["number"]
        if number not in self._remembered:
            ticket = self._ticket(row["body"])
            told = Told(number=number, pairs=pairs_of(ticket.text), place=ticket.place, location=ticket.location,
                        at=ticket.filed_at)  # fmt: skip
            self._remembered[number] = None if ticket.contact.confidential else told
            if len(self._remembered) > MOST_REMEMBERED:
                self._remembered.popitem(last=False)
        return self._remembered[number]

    def _ticket(self, sealed: bytes) -> Ticket:
        return from_record(Ticket, open_record(self._vault, sealed, purpose=TICKET, known=False))

    async def _link(self, connection: Connection, new: Told, found: Likeness) -> None:
        """Note that one person wrote twice, and let the earlier ticket be urged by it."""
        if not await self._note(connection, new.number, found, same_person=True):
            return
        words = self._pack.say("repeat_urges", number=new.number)
        urge = TellDesk(
            key=f"repeat:{new.number}:urged", subject=found.number, name="urged", at=new.at, text=words
        )
        await self._tickets.tell(connection, urge)
        log.info("repeat.linked")

    async def _note(self, connection: Connection, number: str, found: Likeness, *, same_person: bool) -> bool:
        done = await connection.execute(
            "INSERT INTO repeats (number, main, same_person, likeness, same_place, found_at)"
            " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
            number, found.number, same_person, found.score, found.same_place, self._clock(),
        )  # fmt: skip
        return bool(done.endswith(" 1"))

    async def shown(self) -> Sequence[Repeat]:
        """Return what waits for a person, the likest first."""
        async with storage_errors(), self._pool.acquire() as connection:
            rows = await connection.fetch(
                "SELECT * FROM repeats_to_decide WHERE city = $1 ORDER BY likeness DESC, number LIMIT $2",
                self._pack.code,
                MOST_SHOWN,
            )
        return [self._repeat(row) for row in rows]

    def _repeat(self, row: asyncpg.Record) -> Repeat:
        return Repeat(
            later=self._ticket(row["later_body"]),
            main=self._ticket(row["main_body"]),
            likeness=row["likeness"],
            same_place=row["same_place"],
            found_at=row["found_at"],
        )

    async def decide(self, number: str, main: str, *, merged: bool, by: Author) -> None:
        """Merge ``number`` under ``main``, or keep both apart; raises ``RepeatGoneError``."""
        async with self._both(number, main) as connection:
            done = await connection.execute(
                "UPDATE repeats r SET merged = $3, decided_by = $4, decided_at = $5 FROM repeats_to_decide o"
                " WHERE r.number = $1 AND r.main = $2 AND o.number = r.number AND o.main = r.main",
                number, main, merged, by.account_id, self._clock(),
            )  # fmt: skip
            if not done.endswith(" 1"):
                raise RepeatGoneError(f"{number} waits for no decision any more")
            if merged:
                await self._tickets.merge(connection, number, main, at=self._clock())
            action = Action.REPEAT_MERGED if merged else Action.REPEAT_APART
            await self._audit.note(connection, action, "case", number, by=by, why=main)

    async def merges(self) -> Sequence[Repeat]:
        """Return the merges that can be undone, the newest first: the main ticket is not over."""
        async with storage_errors(), self._pool.acquire() as connection:
            rows = await connection.fetch(
                "SELECT r.*, l.body AS later_body, m.body AS main_body FROM repeats r"
                " JOIN tickets l ON l.number = r.number JOIN tickets m ON m.number = r.main"
                " WHERE r.merged AND l.city = $1 AND l.state <> $3 AND m.state <> ALL($2)"
                " ORDER BY r.decided_at DESC LIMIT $4",
                self._pack.code, [CLOSED, WITHDRAWN], WITHDRAWN, MOST_SHOWN,
            )  # fmt: skip
        return [self._repeat(row) for row in rows]

    async def undo(self, number: str, main: str, *, by: Author) -> None:
        """Let ``number``, merged under ``main``, go on by itself again; raises ``RepeatGoneError``."""
        async with self._both(number, main) as connection:
            done = await connection.execute(
                "UPDATE repeats r SET merged = false, decided_by = $3, decided_at = $4 FROM tickets m"
                " WHERE r.number = $1 AND r.main = $2 AND r.merged AND m.number = r.main AND m.state <> ALL($5)",
                number, main, by.account_id, self._clock(), [CLOSED, WITHDRAWN],
            )  # fmt: skip
            if not done.endswith(" 1"):
                raise RepeatGoneError(f"{number} does not stand under {main} any more")
            await self._tickets.part(connection, number, main, at=self._clock())
            await self._audit.note(connection, Action.REPEAT_PARTED, "case", number, by=by, why=main)

    @asynccontextmanager
    async def _both(self, number: str, main: str) -> AsyncIterator[Connection]:
        """Open a transaction in which nobody else touches the two tickets."""
        async with storage_errors(), self._pool.acquire() as connection, connection.transaction():
            for one in sorted((number, main)):
                await lock(connection, f"ticket:{one}")
            yield connection


async def look_for_ever(repeats: Repeats, every: float) -> None:
    """Look for repeats again and again; the database being away is no news."""
    while True:
        try:
            more = await repeats.look() == AT_ONCE
        except StorageAwayError:
            more = False
        except Exception as error:  # noqa: BLE001 — the look outlives whatever one ticket does
            log.error("repeats.failed", extra={"error_type": type(error).__name__})
            more = False
        await asyncio.sleep(0 if more else every)
