"""Who is kept from the dispatch centre, and how two people together may look: one asks, another agrees."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.store.tickets import Tickets
from groundwork.audit import Action, Audit, Author
from groundwork.clock import Clock
from groundwork.database import Connection, Pool, lock, storage_errors
from hotline.errors import HotlineError
from hotline.identity import Kind
from hotline.ticket import Contact, Ticket
from hotline.withholding import is_kept_back

WHYS = ("contact", "danger", "lawful")  #: for which the person of a confidential ticket may be looked at
OPEN_FOR = timedelta(hours=24)  #: how long a request waits for somebody who agrees
LOOKED_AT_FOR = timedelta(minutes=30)  #: after which what was granted is over
SHOWN_FOR = timedelta(days=7)


class UnsealingError(HotlineError):
    """What was asked cannot be done; ``why`` is a code, the text says it in English."""

    def __init__(self, why: str) -> None:
        super().__init__(_WORDS[why])
        self.why = why


_WORDS = {
    "unknown": "no confidential or anonymous ticket has this number or token",
    "asked": "this person has asked for it already",
    "own": "nobody agrees to their own request",
    "over": "the request was decided, or has run out",
    "late": "what was granted has run out, or was granted to somebody else",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Unsealing:
    """One request, and what has become of it."""

    id: int
    number: str
    why: str
    asked_by: int
    asked_by_name: str
    asked_at: datetime
    decided_by_name: str | None
    decided_at: datetime | None
    granted: bool

    def is_open(self, now: datetime) -> bool:
        """Tell whether somebody may still agree."""
        return self.decided_at is None and now < self.asked_at + OPEN_FOR

    def may_look(self, account: int, now: datetime) -> bool:
        """Tell whether that account may look now."""
        at = self.decided_at
        return self.granted and self.asked_by == account and at is not None and now < at + LOOKED_AT_FOR


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """Who stands behind a ticket, and all that they said."""

    number: str
    contact: Contact
    text: str


class Unsealings:
    """Requests on record; whoever looks, asks or decides is in the audit log, in the same transaction."""

    def __init__(self, pool: Pool, tickets: Tickets, audit: Audit, *, clock: Clock) -> None:
        self._pool, self._tickets, self._audit, self._clock = pool, tickets, audit, clock

    async def ask(self, number_or_token: str, why: str, *, by: Author) -> None:
        """Ask to see the person and the whole text of a confidential or anonymous ticket, found by number or token.

        Raises ``UnsealingError`` where there is no such ticket, or the same account asked already.
        """
        async with storage_errors(), self._pool.acquire() as connection, connection.transaction():
            ticket = await self._tickets.named(connection, number_or_token)
            if ticket is None or not is_kept_back(ticket.contact):
                raise UnsealingError("unknown")
            await lock(connection, f"unsealing:{ticket.number}")
            now = self._clock()
            mine = [one for one in await self._of(connection, ticket.number) if one.asked_by == by.account_id]
            if any(one.is_open(now) or one.may_look(one.asked_by, now) for one in mine):
                raise UnsealingError("asked")
            await connection.execute(
                "INSERT INTO unsealings (number, why, asked_by, asked_at) VALUES ($1, $2, $3, $4)",
                ticket.number, why, by.account_id, now,
            )  # fmt: skip
            await self._audit.note(connection, Action.UNSEALING_ASKED, "case", ticket.number, by=by, why=why)

    async def decide(self, id: int, *, granted: bool, by: Author) -> None:
        """Agree to a request, or refuse it; raises ``UnsealingError``. Nobody agrees to their own."""
        own = False
        async with storage_errors(), self._pool.acquire() as connection, connection.transaction():
            found = await self._one(connection, id)
            if not found.is_open(self._clock()):
                raise UnsealingError("over")
            own = granted and found.asked_by == by.account_id
            if not own:
                await connection.execute(
                    "UPDATE unsealings SET decided_by = $2, decided_at = $3, granted = $4 WHERE id = $1",
                    id, by.account_id, self._clock(), granted,
                )  # fmt: skip
            action = Action.UNSEALING_GRANTED if granted and not own else Action.UNSEALING_REFUSED
            await self._audit.note(
                connection, action, "case", found.number, by=by, why="own" if own else found.why
            )
        if own:  # the attempt stays on record
            raise UnsealingError("own")

    async def look(self, id: int, *, by: Author) -> Person:
        """Return the person of a ticket to whom it was granted, for half an hour; each look is on record."""
        async with storage_errors(), self._pool.acquire() as connection, connection.transaction():
            found = await self._one(connection, id)
            if by.account_id is None or not found.may_look(by.account_id, self._clock()):
                raise UnsealingError("late")
            ticket = await self._tickets.named(connection, found.number)
            if ticket is None:
                raise UnsealingError("unknown")
            await self._audit.note(connection, Action.PERSON_SEEN, "case", found.number, by=by, why=found.why)
        return Person(number=ticket.number, contact=ticket.contact, text=ticket.text)

    async def seek(self, kind: Kind, value: str, *, by: Author) -> Sequence[Ticket]:
        """Return the tickets, newest first and with people masked, that somebody of that name or number filed."""
        async with storage_errors(), self._pool.acquire() as connection, connection.transaction():
            digest, found = await self._tickets.of_person(connection, kind, value)
            await self._audit.note(
                connection, Action.PERSON_SOUGHT, "person", digest.hex()[:12], by=by, why=kind.value
            )
        return found

    async def shown(self) -> Sequence[Unsealing]:
        """Return the requests of the last days, newest first."""
        async with storage_errors(), self._pool.acquire() as connection:
            rows = await connection.fetch(
                f"{_SELECT} WHERE u.asked_at > $1 ORDER BY u.id DESC LIMIT 200", self._clock() - SHOWN_FOR
            )
        return [Unsealing(**dict(row)) for row in rows]

    async def _of(self, connection: Connection, number: str) -> Sequence[Unsealing]:
        rows = await connection.fetch(f"{_SELECT} WHERE u.number = $1 ORDER BY u.id", number)
        return [Unsealing(**dict(row)) for row in rows]

    async def _one(self, connection: Connection, id: int) -> Unsealing:
        row = await connection.fetchrow(f"{_SELECT} WHERE u.id = $1 FOR UPDATE OF u", id)
        if row is None:
            raise UnsealingError("over")
        return Unsealing(**dict(row))


_SELECT = (
    "SELECT u.id, u.number, u.why, u.asked_by, a.name AS asked_by_name, u.asked_at, d.name AS decided_by_name,"
    " u.decided_at, u.granted FROM unsealings u JOIN staff_accounts a ON a.id = u.asked_by"
    " LEFT JOIN staff_accounts d ON d.id = u.decided_by"
)
