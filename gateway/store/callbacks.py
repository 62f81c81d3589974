"""Conversations that asked for a person: one of the staff takes each, calls or writes, and lets it go or ends it.

Whatever is said or done goes into the record, onto the tickets' timelines, to the dispatch centre and into the audit
log in one transaction that holds the conversation, so that two people never answer at once.
"""

import hashlib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import asyncpg

from gateway.store import attendances
from gateway.store.ledger import Ledger, Utterance
from gateway.store.tickets import Tickets
from gateway.web.ports import Thread
from groundwork.audit import Action, Audit, Author
from groundwork.clock import Clock
from groundwork.database import Connection, Pool, storage_errors
from hotline.citypack import CityPack
from hotline.conversation import Attendance
from hotline.errors import HotlineError
from hotline.reply import PERSON, Reply, SummaryNote
from hotline.returning import Allowance
from hotline.ticket import Contact, Ticket
from hotline.withholding import is_kept_back, withheld

OUTCOMES = ("reached", "unanswered", "unreachable", "wrong_number")  #: of a call
SAID, CALLED, ATTENDED = "said", "called", "attended"  #: on the timeline of a ticket
SEEN_FOR = timedelta(minutes=30)  #: within which looking again leaves no second entry
MOST_SHOWN, MOST_SAID = 100, 200
_WHY = "callback"


class CallbackError(HotlineError):
    """What was asked cannot be done; ``why`` is a code, ``who`` the colleague who has taken it."""

    def __init__(self, why: str, who: str = "") -> None:
        super().__init__(_WORDS[why])
        self.why, self.who = why, who


_WORDS = {
    "gone": "it was ended, or never was",
    "taken": "a colleague has taken it",
    "free": "it has to be taken first",
    "sealed": "the person of a confidential or anonymous ticket is looked at by two",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Callback:
    """One conversation that asked for a person, people masked."""

    id: int
    conversation: str
    channel: str
    sender: str
    asked_at: datetime
    urgent: bool
    taken_by: int | None
    taken_by_name: str
    attendance: Attendance | None
    unanswered: int  #: what the citizen wrote since whoever has taken it last spoke
    tickets: tuple[Ticket, ...]  #: that asked for a person, oldest first

    def holder(self, now: datetime) -> str:
        """Return the name of whoever it belongs to at that moment; empty when it is free."""
        return self.taken_by_name if self.attendance and self.attendance.holds(now) else ""

    @property
    def confidential(self) -> bool:
        """Whether it must not be seen who the petitioner is."""
        return any(is_kept_back(one.contact) for one in self.tickets)


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """A call that was noted."""

    at: datetime
    outcome: str
    note: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Context:
    """All that whoever answers has to know, people masked."""

    callback: Callback
    said: tuple[Utterance, ...]
    calls: tuple[Call, ...]
    allowance: Allowance | None  #: how often they may be written to; ``None`` where nothing is pushed
    kept_back: bool  #: nobody who handles it sees who the person is
    undelivered: int  #: messages that are still on their way to the citizen, or kept until they write

    @property
    def attachments(self) -> tuple[str, ...]:
        """The ids of what the citizen sent along, in that order."""
        return _sent_along(self.said)


class Callbacks:
    """What waits for a person in one city; every act names who does it."""

    def __init__(
        self, pool: Pool, ledger: Ledger, tickets: Tickets, audit: Audit, *, pack: CityPack, clock: Clock,
        told: Callable[[str], None],
    ) -> None:  # fmt: skip
        self._pool, self._ledger, self._tickets, self._audit = pool, ledger, tickets, audit
        self._pack, self._clock, self._told = pack, clock, told

    async def listed(self) -> Sequence[Callback]:
        """Return what is open: danger first, then what nobody has taken, then by how long it waits."""
        async with storage_errors(), self._pool.acquire() as connection:
            rows = await connection.fetch(
                f"{_SELECT} WHERE c.city = $1 AND c.closed_at IS NULL ORDER BY c.urgent DESC, c.asked_at LIMIT $2",
                self._pack.code,
                MOST_SHOWN,
            )
            found = await self._with_tickets(connection, rows)
        now = self._clock()
        return sorted(found, key=lambda one: (not one.urgent, bool(one.holder(now)), one.asked_at))

    async def open(self, id: int, *, by: Author) -> Context:
        """Return a conversation with its context; that it was looked at is on record. Raises ``CallbackError``."""
        async with storage_errors(), self._pool.acquire() as connection, connection.transaction():
            callback = await self._one(connection, id)
            calls = await self._calls(connection, callback)
            undelivered = await connection.fetchval(
                "SELECT count(*) FROM deliveries WHERE conversation = $1 AND done_at IS NULL",
                callback.conversation,
            )
            kept_back = await self._tickets.kept_back(connection, callback.conversation)
            if not await self._seen_lately(connection, callback, by):
                await self._note(connection, Action.CALLBACK_SEEN, callback, by)
        return Context(
            callback=callback,
            said=await self._said(callback.conversation, kept_back),
            calls=calls,
            allowance=await self._ledger.deliveries.allowance(callback.sender),
            kept_back=bool(kept_back),
            undelivered=undelivered,
        )

    async def _said(self, conversation: str, kept_back: Sequence[Contact]) -> tuple[Utterance, ...]:
        """Return the talk: numbers masked, and of somebody who is kept back nothing that tells who they are."""
        said = await self._ledger.history(conversation, limit=MOST_SAID, known=bool(kept_back))

        def told(text: str) -> str:
            for contact in kept_back:
                text = withheld(text, contact, self._pack.finder)
            return text

        return tuple(_retold(one, told) for one in said) if kept_back else said

    async def take(self, id: int, *, by: Author) -> None:
        """Take a conversation that is free; taking one's own again changes nothing. Raises ``CallbackError``."""
        async with self._held(id) as (connection, callback):
            holder = callback.holder(self._clock())
            if holder and callback.taken_by == by.account_id:
                return
            if holder:
                raise CallbackError("taken", holder)
            await connection.execute(
                "UPDATE callbacks SET taken_by = $2, taken_at = $3, spoke_at = NULL WHERE id = $1",
                id, by.account_id, self._clock(),
            )  # fmt: skip
            await self._note(connection, Action.CALLBACK_TAKEN, callback, by)

    async def say(self, id: int, key: str, text: str, *, by: Author) -> None:
        """Say ``text`` to the citizen on their channel; the same ``key`` with the same text again says nothing.

        Raises ``CallbackError`` unless whoever says it has taken the conversation.
        """
        async with self._held(id) as (connection, callback):
            _require_own(callback, by)
            # Other words under one key are another message.
            whole = f"callback:{id}:{key}:{hashlib.sha256(text.encode()).hexdigest()[:16]}"
            reply = Reply(kind="notice", text=text, by=PERSON)
            if not await self._ledger.say(connection, _thread(callback), whole, reply):
                return
            await connection.execute("UPDATE callbacks SET spoke_at = $2 WHERE id = $1", id, self._clock())
            told = self._pack.say("callback_said", text=text)
            await self._onto_tickets(connection, callback, whole, SAID, {"text": text}, told)
            await self._note(connection, Action.CALLBACK_SAID, callback, by)
        self._told(callback.conversation)

    async def called(self, id: int, key: str, outcome: str, note: str, *, by: Author) -> None:
        """Note what came of a call, once for each ``key``; raises ``CallbackError`` as ``say`` does."""
        async with self._held(id) as (connection, callback):
            _require_own(callback, by)
            label = self._pack.words[f"call_{outcome}"]
            data = {"text": label, "outcome": outcome, "note": note}
            told = self._pack.say("callback_called", outcome=label, note=note)
            if await self._onto_tickets(
                connection, callback, f"callback:{id}:{key}:call", CALLED, data, told
            ):
                await self._note(connection, Action.CALLBACK_CALLED, callback, by, why=outcome)

    async def phone(self, id: int, *, by: Author) -> str:
        """Return the number that the citizen left, empty without one; each look is on record.

        Raises ``CallbackError``, also where the person is kept back: those are looked at by two (``Unsealings``).
        """
        async with self._held(id) as (connection, callback):
            _require_own(callback, by)
            if await self._tickets.kept_back(connection, callback.conversation):
                raise CallbackError("sealed")
            found = [await self._tickets.named(connection, one.number) for one in reversed(callback.tickets)]
            await self._note(connection, Action.PERSON_SEEN, callback, by, why=_WHY)
        return next((one.contact.phone for one in found if one and one.contact.phone), "")

    async def attachment(self, id: int, place: int, *, by: Author) -> str:
        """Return the id of the ``place``-th thing that the citizen sent along, from 1; that it is opened is on record.

        Raises ``CallbackError`` where there is none.
        """
        async with self._held(id) as (connection, callback):
            found = _sent_along(await self._ledger.history(callback.conversation, limit=MOST_SAID))
            if not 0 < place <= len(found):
                raise CallbackError("gone")
            await self._note(connection, Action.FILE_SEEN, callback, by, why=str(place))
        return found[place - 1]

    async def give_back(self, id: int, *, by: Author) -> None:
        """Let the conversation go: it waits for somebody again, and the bot speaks. Raises ``CallbackError``."""
        async with self._held(id) as (connection, callback):
            _require_own(callback, by)
            await connection.execute(
                "UPDATE callbacks SET taken_by = NULL, taken_at = NULL, spoke_at = NULL WHERE id = $1", id
            )
            await self._part(connection, callback)
            await self._note(connection, Action.CALLBACK_RETURNED, callback, by)
        self._told(callback.conversation)

    async def close(self, id: int, note: str, *, by: Author) -> None:
        """End it with what came of it, which the centre is told; the bot speaks again. Raises ``CallbackError``."""
        async with self._held(id) as (connection, callback):
            _require_own(callback, by)
            await connection.execute(
                "UPDATE callbacks SET closed_by = $2, closed_at = $3 WHERE id = $1",
                id,
                by.account_id,
                self._clock(),
            )
            await self._part(connection, callback)
            told = self._pack.say("callback_closed", note=note)
            await self._onto_tickets(
                connection, callback, f"callback:{id}:closed", ATTENDED, {"note": note}, told
            )
            await self._note(connection, Action.CALLBACK_CLOSED, callback, by)
        self._told(callback.conversation)

    async def _part(self, connection: Connection, callback: Callback) -> None:
        """Tell the citizen who was written to that the bot answers again; once for each taking."""
        attendance = callback.attendance
        if attendance is None or attendance.spoke_at is None:
            return
        key = f"callback:{callback.id}:{attendance.since.isoformat()}:over"
        reply = Reply(kind="smalltalk", text=self._pack.say("attended_over"))
        await self._ledger.say(connection, _thread(callback), key, reply)

    async def _onto_tickets(
        self, connection: Connection, callback: Callback, key: str, name: str, data: dict[str, Any], told: str
    ) -> bool:
        """Put an act onto the tickets' timelines and owe the centre ``told`` of it; ``False`` if it was there."""
        new = False
        for masked in callback.tickets:
            ticket = await self._tickets.named(connection, masked.number)
            if ticket is not None:
                words = withheld(told, ticket.contact, self._pack.finder)
                new |= await self._tickets.add_by_staff(
                    connection,
                    ticket.number,
                    f"{key}:{ticket.number}",
                    name,
                    data,
                    at=self._clock(),
                    told=words,
                )
        return new

    @asynccontextmanager
    async def _held(self, id: int) -> AsyncIterator[tuple[Connection, Callback]]:
        """Open a transaction in which nobody else says anything in the conversation."""
        async with storage_errors(), self._pool.acquire() as connection, connection.transaction():
            conversation = await connection.fetchval("SELECT conversation FROM callbacks WHERE id = $1", id)
            await attendances.hold(connection, conversation or "")
            yield connection, await self._one(connection, id)

    async def _one(self, connection: Connection, id: int) -> Callback:
        rows = await connection.fetch(
            f"{_SELECT} WHERE c.id = $1 AND c.city = $2 AND c.closed_at IS NULL", id, self._pack.code
        )
        if not rows:
            raise CallbackError("gone")
        [callback] = await self._with_tickets(connection, rows)
        return callback

    async def _with_tickets(self, connection: Connection, rows: Sequence[asyncpg.Record]) -> list[Callback]:
        tickets = await self._tickets.to_call(connection, [row["id"] for row in rows])
        return [_callback(row, tickets.get(row["id"], ())) for row in rows]

    async def _calls(self, connection: Connection, callback: Callback) -> tuple[Call, ...]:
        happened = await self._tickets.happened(connection, callback.tickets[-1].number)
        return tuple(
            Call(at=one.at, outcome=str(one.data["outcome"]), note=str(one.data["note"]))
            for one in happened
            if one.name == CALLED
        )

    async def _seen_lately(self, connection: Connection, callback: Callback, by: Author) -> bool:
        found = await connection.fetchval(
            "SELECT max(at) FROM audit_log WHERE kind = 'case' AND subject = $1 AND action = $2 AND account_id = $3",
            callback.tickets[-1].number, Action.CALLBACK_SEEN.value, by.account_id,
        )  # fmt: skip
        return bool(found and found > self._clock() - SEEN_FOR)

    async def _note(
        self, connection: Connection, action: Action, callback: Callback, by: Author, why: str = ""
    ) -> None:
        await self._audit.note(connection, action, "case", callback.tickets[-1].number, by=by, why=why)


def _sent_along(said: Sequence[Utterance]) -> tuple[str, ...]:
    return tuple(id for one in said for id in one.message.attachments)


def _retold(one: Utterance, told: Callable[[str], str]) -> Utterance:
    """Return what was said with every text that a page shows passed through ``told``."""
    message = replace(one.message, text=told(one.message.text))
    replies = (replace(sent, reply=_reply_retold(sent.reply, told)) for sent in one.replies)
    return replace(one, message=message, replies=tuple(replies))


def _reply_retold(reply: Reply, told: Callable[[str], str]) -> Reply:
    fields = reply.summary.fields if reply.summary else ()
    summary = SummaryNote(fields=tuple(replace(field, value=told(field.value)) for field in fields))
    return replace(reply, text=told(reply.text), summary=summary if reply.summary else None)


def _require_own(callback: Callback, by: Author) -> None:
    if callback.taken_by is None:
        raise CallbackError("free")
    if callback.taken_by != by.account_id:
        raise CallbackError("taken", callback.taken_by_name)


def _thread(callback: Callback) -> Thread:
    return Thread(
        number=callback.tickets[-1].number, conversation=callback.conversation, channel=callback.channel,
        sender=callback.sender,
    )  # fmt: skip


def _callback(row: asyncpg.Record, tickets: tuple[Ticket, ...]) -> Callback:
    attendance = Attendance(since=row["taken_at"], spoke_at=row["spoke_at"]) if row["taken_at"] else None
    return Callback(
        id=row["id"], conversation=row["conversation"], channel=row["channel"], sender=row["sender"],
        asked_at=row["asked_at"], urgent=row["urgent"], taken_by=row["taken_by"], taken_by_name=row["name"] or "",
        attendance=attendance, unanswered=row["unanswered"], tickets=tickets,
    )  # fmt: skip


#: A message that was left to a person has no reply but the one that says so.
_SELECT = (
    "SELECT c.*, a.name, (SELECT count(*) FROM messages m WHERE m.conversation = c.conversation"
    " AND m.received_at > coalesce(c.spoke_at, c.taken_at) AND m.settled_at IS NOT NULL AND NOT EXISTS"
    " (SELECT FROM replies r WHERE r.message_id = m.id AND r.kind <> 'handover')) AS unanswered"
    " FROM callbacks c LEFT JOIN staff_accounts a ON a.id = c.taken_by"
)
