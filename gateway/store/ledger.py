"""Messages in, replies out: what came in, what was decided, what is owed in return."""

import logging
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeAlias

import asyncpg

from channels.base import SentReply
from gateway.store import attendances, dissuasions
from gateway.store.attachments import Attachments
from gateway.store.deliveries import Deliveries
from gateway.store.letters import Letters
from gateway.store.receipts import Receipts
from gateway.store.texts import Texts
from gateway.store.tickets import Tickets
from gateway.web.ports import Thread
from groundwork.clock import Clock
from groundwork.database import Connection, Pool, storage_errors
from groundwork.identities import open_record, seal_record
from groundwork.vault import Vault
from hotline.conversation import Attendance, Conversation
from hotline.effects import Effect, EnterLetter, FileTicket, NoteDissuasion, SendReply, TellDesk
from hotline.errors import KeyReusedError
from hotline.events import Event
from hotline.message import InboundMessage
from hotline.records import from_record, to_record
from hotline.reply import PERSON, Reply
from hotline.scene import Standing
from hotline.texting import CHANNEL, asked
from hotline.transcript import MOST_LINES, By, Line
from hotline.turn import Turn

log = logging.getLogger(__name__)

CLAIM = timedelta(seconds=30)
MESSAGE, STATE, REPLY = "messages.body", "conversations.state", "replies.body"


@dataclass(frozen=True, kw_only=True, slots=True)
class Admission:
    """A message on record; ``new`` is false for a retry."""

    id: int
    new: bool
    settled: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Pending:
    """A message that waits to be decided."""

    id: int
    message: InboundMessage


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredReply:
    """A reply as it was decided, with its id."""

    id: str
    message_id: int
    message_key: str
    at: datetime
    reply: Reply


@dataclass(frozen=True, kw_only=True, slots=True)
class PlacedReply:
    """A reply at its place in the record, with the message that it answers."""

    place: int
    message: InboundMessage
    reply: StoredReply


@dataclass(frozen=True, kw_only=True, slots=True)
class Utterance:
    """One message of a conversation's history, and the replies to it."""

    message: InboundMessage
    replies: tuple[StoredReply, ...]
    settled: bool = True


Judge: TypeAlias = Callable[
    [Conversation, Pending, Sequence[Standing], Attendance | None], tuple[Turn, tuple[Effect, ...]]
]
Asks: TypeAlias = Callable[
    [Conversation, Pending], bool
]  #: whether a message wants to know where tickets stand


_BY = {PERSON: By.PERSON}


class Ledger:
    """The one record of messages; ``admit`` and ``settle`` are durable when they return."""

    def __init__(
        self,
        pool: Pool,
        vault: Vault,
        tickets: Tickets,
        *,
        city: str,
        clock: Clock,
        texts: Texts | None = None,
    ) -> None:
        self._pool, self._vault, self._tickets = pool, vault, tickets
        self._city, self._clock, self._texts = city, clock, texts
        self.receipts = Receipts(vault, clock=clock)
        self.letters = Letters(pool, vault, city=city)
        self.deliveries = Deliveries(pool, vault, self.replies_of, clock=clock)
        self.attachments = Attachments(pool, vault, clock=clock)

    async def admit(self, message: InboundMessage) -> Admission:
        """Store ``message`` as pending under a claim of 30 s; a retry is a no-op.

        Raises ``KeyReusedError`` for the same key with another body, ``StorageAwayError`` when
        nothing could be stored.
        """
        key = self._vault.digest(message.key, purpose="messages.key")
        fingerprint = self._vault.digest(message.fingerprint().hex(), purpose="messages.fingerprint")
        body = seal_record(self._vault, to_record(message), purpose=MESSAGE)
        async with storage_errors(), self._pool.acquire() as connection:
            id = await connection.fetchval(
                "INSERT INTO messages (key_digest, fingerprint, city, channel, conversation, sender,"
                " received_at, body, claimed_until) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, now() + $9)"
                " ON CONFLICT (key_digest) DO NOTHING RETURNING id",
                key,
                fingerprint,
                message.city,
                message.channel,
                message.conversation,
                message.sender,
                message.received_at,
                body,
                CLAIM,
            )
            if id is not None:
                return Admission(id=id, new=True, settled=False)
            row = await connection.fetchrow(
                "SELECT id, fingerprint, settled_at FROM messages WHERE key_digest = $1", key
            )
        if row is None or row["fingerprint"] != fingerprint:
            raise KeyReusedError("this id was used for another message")
        return Admission(id=row["id"], new=False, settled=row["settled_at"] is not None)

    async def pending(self, conversation: str) -> tuple[Pending, ...]:
        """Return what waits in ``conversation``, in order of admission."""
        async with storage_errors(), self._pool.acquire() as connection:
            return await self._pending(connection, conversation)

    async def _pending(self, connection: Connection, conversation: str) -> tuple[Pending, ...]:
        rows = await connection.fetch(
            "SELECT id, body FROM messages WHERE conversation = $1 AND settled_at IS NULL ORDER BY id",
            conversation,
        )
        return tuple(Pending(id=row["id"], message=self._message(row["body"])) for row in rows)

    async def settle(
        self, conversation: str, prepared: frozenset[int], judge: Judge, *, asks: Asks
    ) -> tuple[int, ...]:
        """Decide every pending message of ``conversation`` in one transaction with what is then owed.

        ``judge`` is told where the conversation's tickets stand when ``asks`` says that it wants to know, and of the
        person who has taken the conversation.
        Returns the ids of messages that are not in ``prepared``: they and all later ones are left
        pending, so that the caller prepares them and comes again.
        """
        async with storage_errors(), self._pool.acquire() as connection, connection.transaction():
            await attendances.hold(connection, conversation)
            pending = await self._pending(connection, conversation)
            ready = []
            for one in pending:
                if one.id not in prepared:
                    break
                ready.append(one)
            if ready:
                await self._settle(connection, conversation, ready, judge, asks)
            return tuple(one.id for one in pending[len(ready) :])

    async def _settle(
        self, connection: Connection, conversation: str, ready: Sequence[Pending], judge: Judge, asks: Asks
    ) -> None:
        state, filed = await self._conversation(connection, conversation), dict[str, Any]()
        if self._texts is not None and ready[0].message.channel == CHANNEL:
            before = ready[0].message.received_at
            state = asked(state, await self._texts.question(connection, conversation, before=before))
        attendance = await attendances.attendance_of(connection, conversation)
        for one in ready:
            about = (one.message.about,) if one.message.about else ()
            wanted = about or state.tickets if asks(state, one) else ()
            standings = await self._tickets.standings(connection, wanted)
            turn, effects = judge(state, one, standings, attendance)
            state = turn.conversation
            filed |= await self._write(connection, one, effects)
        await connection.execute(
            "WITH done AS (UPDATE messages SET settled_at = $4 WHERE id = ANY($5))"
            " INSERT INTO conversations (id, city, state, updated_at) VALUES ($1, $2, $3, $4)"
            " ON CONFLICT (id) DO UPDATE SET state = excluded.state, updated_at = excluded.updated_at",
            conversation,
            self._city,
            seal_record(self._vault, to_record(state), purpose=STATE),
            self._clock(),
            [one.id for one in ready],
        )
        await self.receipts.enter(connection, filed)

    async def _conversation(self, connection: Connection, id: str) -> Conversation:
        sealed = await connection.fetchval("SELECT state FROM conversations WHERE id = $1", id)
        if sealed is None:
            return Conversation(id=id)
        return from_record(Conversation, open_record(self._vault, sealed, purpose=STATE, known=True))

    async def _write(self, connection: Connection, one: Pending, effects: Sequence[Effect]) -> dict[str, Any]:
        """Write what ``effects`` say; return the records of the tickets that were filed, by number."""
        filed = dict[str, Any]()
        replies = [effect for effect in effects if isinstance(effect, SendReply)]
        for effect in effects:
            if isinstance(effect, FileTicket):
                said = await self._said_before(connection, one)
                filed[effect.ticket.number] = await self._tickets.file(
                    connection, one.id, one.message, effect, said
                )
                await attendances.asked(connection, one.message, effect.ticket)
            elif isinstance(effect, TellDesk):
                await self._tickets.tell(connection, effect)
            elif isinstance(effect, EnterLetter):
                await self.letters.enter(connection, one.id, one.message, effect.letter)
            elif isinstance(effect, NoteDissuasion):
                await dissuasions.note(connection, one.id, self._city, effect)
        await self._enter(connection, one.id, replies)
        if one.message.attachments or one.message.media:
            await self.attachments.named(connection, one.id, one.message)
        await self.deliveries.owe(connection, one.id, one.message)
        return filed

    async def _enter(self, connection: Connection, id: int, replies: Sequence[SendReply]) -> None:
        await connection.executemany(
            "INSERT INTO replies (id, message_id, position, kind, body, said_at) VALUES ($1, $2, $3, $4, $5, $6)",
            [
                (
                    self.reply_id(effect.key),
                    id,
                    effect.position,
                    effect.reply.kind,
                    seal_record(self._vault, to_record(effect.reply), purpose=REPLY),
                    self._clock(),
                )
                for effect in replies
            ],
        )

    async def hear(self, event: Event) -> tuple[bool, tuple[str, ...]]:
        """Put an event of the dispatch centre on record and say to citizens what they hear of it, once.

        Returns whether it is new, and the conversations in which something was said. Raises ``NotAnEventError`` for a
        ticket that is not on record.
        """
        told = list[str]()

        async def tell(connection: Connection, thread: Thread, key: str, reply: Reply) -> bool:
            # In a talk by text nothing of the matter is said unasked.
            said = thread.channel != CHANNEL and await self.say(connection, thread, key, reply)
            if said:
                told.append(thread.conversation)
            if self._texts is not None and (said or thread.channel == CHANNEL):
                await self._text(self._texts, connection, thread, key, event)
            return said

        return await self._tickets.take(event, tell=tell), tuple(told)

    async def _text(
        self, texts: Texts, connection: Connection, thread: Thread, key: str, event: Event
    ) -> None:
        """Tell the petitioner of a ticket by text message too, where its own channel cannot reach them."""
        if thread.channel != CHANNEL and await self.deliveries.reaches(connection, thread.sender):
            return
        ticket = await self._tickets.named(connection, thread.number)
        news = None if ticket is None else await texts.news(connection, ticket, thread, event)
        if news is None:
            return
        if news.path is not None:
            await self.deliveries.open(connection, news.thread.sender, CHANNEL, news.path)
        await self.say(connection, news.thread, f"{key}:text", news.reply)

    async def say(self, connection: Connection, thread: Thread, key: str, reply: Reply) -> bool:
        """Say ``reply`` in a conversation unasked, and owe it where the channel pushes; ``False`` if it was said.

        In a transaction that holds the conversation (``attendances.hold``), so that what is said keeps its order.
        """
        now = self._clock()
        message = InboundMessage(
            key=key, city=self._city, channel=thread.channel, conversation=thread.conversation,
            sender=thread.sender, received_at=now, unasked=True,
        )  # fmt: skip
        id = await connection.fetchval(
            "INSERT INTO messages (key_digest, fingerprint, city, channel, conversation, sender, received_at, body,"
            " claimed_until, settled_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $7, $7)"
            " ON CONFLICT (key_digest) DO NOTHING RETURNING id",
            self._vault.digest(key, purpose="messages.key"),
            self._vault.digest(message.fingerprint().hex(), purpose="messages.fingerprint"),
            self._city,
            thread.channel,
            thread.conversation,
            thread.sender,
            now,
            seal_record(self._vault, to_record(message), purpose=MESSAGE),
        )
        if id is None:
            return False
        said = SendReply(key=f"{key}:reply", conversation=thread.conversation, position=0, reply=reply)
        await self._enter(connection, id, [said])
        await connection.execute(  # by which readers elsewhere find it
            "UPDATE conversations SET updated_at = $2 WHERE id = $1", thread.conversation, now
        )
        await self.deliveries.owe_unasked(connection, id, message)
        return True

    async def _said_before(self, connection: Connection, one: Pending) -> tuple[Line, ...]:
        """Return what was said since the conversation's last ticket, up to this message and with it, oldest first."""
        rows = await connection.fetch(
            "SELECT id, body FROM messages WHERE conversation = $1 AND id <= $2 AND id > coalesce((SELECT"
            " max(message_id) FROM tickets WHERE conversation = $1 AND message_id < $2), 0)"
            " ORDER BY id DESC LIMIT $3",
            one.message.conversation,
            one.id,
            MOST_LINES,
        )
        replies = await self._replies(connection, [row["id"] for row in rows])
        lines = list[Line]()
        for row in reversed(rows):
            message = self._message(row["body"])
            if not message.unasked:
                words = message.demand or message.option or ""
                lines.append(Line(at=message.received_at, by=By.CITIZEN, text=words))
            said = (self._reply(reply, "") for reply in replies if reply["message_id"] == row["id"])
            lines += [Line(at=one.at, by=_BY.get(one.reply.by, By.BOT), text=one.reply.text) for one in said]
        return tuple(lines)

    def reply_id(self, key: str) -> uuid.UUID:
        """Return the id of the reply with that effect key; the same at every attempt."""
        return uuid.UUID(bytes=self._vault.digest(key, purpose="replies.id")[:16], version=4)

    async def replies_to(self, id: int) -> tuple[StoredReply, ...] | None:
        """Return the replies to a settled message, or ``None`` while it is pending."""
        async with storage_errors(), self._pool.acquire() as connection:
            rows = await connection.fetch(
                "SELECT m.body AS message, m.settled_at, r.id, r.message_id, r.body, r.said_at FROM messages m"
                " LEFT JOIN replies r ON r.message_id = m.id WHERE m.id = $1 ORDER BY r.position",
                id,
            )
        if not rows or rows[0]["settled_at"] is None:
            return None
        key = self._message(rows[0]["message"]).key
        return tuple(self._reply(row, key) for row in rows if row["id"] is not None)

    async def of_key(self, key: str) -> tuple[StoredReply, ...] | None:
        """Return the replies to the message of that key; ``None`` while it is pending or not on record."""
        digest = self._vault.digest(key, purpose="messages.key")
        async with storage_errors(), self._pool.acquire() as connection:
            id = await connection.fetchval("SELECT id FROM messages WHERE key_digest = $1", digest)
        return None if id is None else await self.replies_to(id)

    async def replies_of(
        self, connection: Connection, ids: Sequence[int]
    ) -> dict[int, tuple[SentReply, ...]]:
        """Return the replies to each of the messages, as channels see them."""
        rows = await self._replies(connection, ids)
        said = {id: list[SentReply]() for id in ids}
        for row in rows:
            stored = self._reply(row, "")
            said[row["message_id"]].append(
                SentReply(id=stored.id, in_reply_to="", at=stored.at, reply=stored.reply)
            )
        return {id: tuple(replies) for id, replies in said.items()}

    async def _replies(self, connection: Connection, ids: Sequence[int]) -> list[asyncpg.Record]:
        return await connection.fetch(
            "SELECT id, message_id, body, said_at FROM replies WHERE message_id = ANY($1)"
            " ORDER BY message_id, position",
            list(ids),
        )

    async def history(self, conversation: str, *, limit: int, known: bool = True) -> tuple[Utterance, ...]:
        """Return the last ``limit`` messages of ``conversation`` with their replies, oldest first.

        Without ``known`` whatever tells who people are is masked.
        """
        async with storage_errors(), self._pool.acquire() as connection:
            messages = await connection.fetch(
                "SELECT id, body, settled_at FROM messages WHERE conversation = $1 ORDER BY id DESC LIMIT $2",
                conversation,
                limit,
            )
            rows = await self._replies(connection, [row["id"] for row in messages])
        said = {
            row["id"]: (self._message(row["body"], known=known), row["settled_at"])
            for row in reversed(messages)
        }
        return tuple(
            Utterance(
                message=message,
                replies=tuple(
                    self._reply(row, message.key, known=known) for row in rows if row["message_id"] == id
                ),
                settled=settled_at is not None,
            )
            for id, (message, settled_at) in said.items()
        )

    async def place_of(self, conversation: str, reply: str) -> int:
        """Return the place of the reply of that id, 0 for one that is not on record in ``conversation``."""
        try:
            id = uuid.UUID(reply)
        except ValueError:
            return 0
        return await self._place(conversation, id)

    async def last_place(self, conversation: str) -> int:
        """Return the place of the last reply of ``conversation``, 0 before the first."""
        return await self._place(conversation, None)

    async def _place(self, conversation: str, id: uuid.UUID | None) -> int:
        async with storage_errors(), self._pool.acquire() as connection:
            place = await connection.fetchval(
                "SELECT max(r.sequence) FROM messages m JOIN replies r ON r.message_id = m.id"
                " WHERE m.conversation = $1 AND ($2::uuid IS NULL OR r.id = $2)",
                conversation,
                id,
            )
        return place or 0

    async def since(self, conversation: str, place: int, *, limit: int) -> tuple[PlacedReply, ...]:
        """Return the first ``limit`` replies of ``conversation`` behind ``place``, in the order of their settling."""
        async with storage_errors(), self._pool.acquire() as connection:
            rows = await connection.fetch(
                "SELECT m.body AS message, r.sequence, r.id, r.message_id, r.body, r.said_at FROM messages m"
                " JOIN replies r ON r.message_id = m.id WHERE m.conversation = $1 AND r.sequence > $2"
                " ORDER BY r.sequence LIMIT $3",
                conversation,
                place,
                limit,
            )
        return tuple(map(self._placed, rows))

    def _placed(self, row: asyncpg.Record) -> PlacedReply:
        message = self._message(row["message"])
        return PlacedReply(place=row["sequence"], message=message, reply=self._reply(row, message.key))

    async def settled_since(self, conversations: Sequence[str], moment: datetime) -> tuple[str, ...]:
        """Return those of ``conversations`` in which something was settled, or told unasked, after ``moment``."""
        async with storage_errors(), self._pool.acquire() as connection:
            rows = await connection.fetch(
                "SELECT id FROM conversations c WHERE id = ANY($1) AND (updated_at > $2 OR (SELECT settled_at FROM messages"
                " WHERE conversation = c.id AND settled_at IS NOT NULL ORDER BY id DESC LIMIT 1) > $2)",
                list(conversations),
                moment,
            )
        return tuple(row["id"] for row in rows)

    async def take_over(self, *, limit: int) -> tuple[str, ...]:
        """Claim conversations whose messages a dead process left pending; return their ids."""
        async with storage_errors(), self._pool.acquire() as connection:
            rows = await connection.fetch(
                "UPDATE messages SET claimed_until = now() + $2 WHERE id IN (SELECT id FROM messages"
                " WHERE settled_at IS NULL AND claimed_until < now() ORDER BY id LIMIT $1"
                " FOR UPDATE SKIP LOCKED) RETURNING conversation",
                limit,
                CLAIM,
            )
        return tuple(sorted({row["conversation"] for row in rows}))

    def _message(self, sealed: bytes, *, known: bool = True) -> InboundMessage:
        return from_record(InboundMessage, open_record(self._vault, sealed, purpose=MESSAGE, known=known))

    def _reply(self, row: asyncpg.Record, message_key: str, *, known: bool = True) -> StoredReply:
        return StoredReply(
            id=str(row["id"]),
            message_id=row["message_id"],
            message_key=message_key,
            at=row["said_at"],
            reply=from_record(Reply, open_record(self._vault, row["body"], purpose=REPLY, known=known)),
        )
