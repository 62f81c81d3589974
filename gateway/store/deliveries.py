"""Replies that are pushed: owed with the decision, sent once in effect, kept while nothing may be sent."""

import json
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeAlias

import asyncpg

from channels.base import Parcel, SentReply
from groundwork.clock import Clock
from groundwork.database import Connection, Pool, storage_errors
from groundwork.outbox import Owed, owe
from groundwork.vault import Vault
from hotline.message import InboundMessage
from hotline.records import from_record, to_record
from hotline.returning import Allowance, ReturnPath

ADDRESS = "recipients.address"
ANSWERED_WITHIN = timedelta(seconds=4.5)  #: until then the push itself may be answered with the replies
LEASE = timedelta(seconds=6)  #: a handler that died lets go after this long
COURIER_LEASE = timedelta(seconds=25)  #: from one part to the next; a token and a part, both at their slowest
REPUSHED_WITHIN = timedelta(seconds=5.5)  #: after an answer did not arrive
IMPORTANT = frozenset({"emergency", "ticket", "handover", "notice", "rating"})
KIND = "replies"  #: of the owed effect

#: reads the replies to messages, inside a connection that is held already
Reads: TypeAlias = Callable[[Connection, Sequence[int]], Awaitable[Mapping[int, tuple[SentReply, ...]]]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Recipient:
    """Whom a parcel goes to, and how often they may be written to."""

    conversation: str
    sender: str
    channel: str
    address: str
    allowance: Allowance


class Deliveries:
    """Fills the channels' port over the database; the courier works from the same rows."""

    def __init__(self, pool: Pool, vault: Vault, replies: Reads, *, clock: Clock) -> None:
        self._pool, self._vault, self._replies, self._clock = pool, vault, replies, clock

    async def owe(self, connection: Connection, message_id: int, message: InboundMessage) -> None:
        """Owe the replies to ``message`` to whoever sent it, in the caller's transaction."""
        path = message.reply_to
        if path is None:
            return
        await self._open_window(connection, message)
        await self._owe(connection, message_id, message, wait=ANSWERED_WITHIN)

    async def owe_unasked(self, connection: Connection, message_id: int, message: InboundMessage) -> None:
        """Owe what is said unasked to whoever can be pushed to; the others see it when they look."""
        known = await connection.fetchval("SELECT true FROM recipients WHERE sender = $1", message.sender)
        if known:
            await self._owe(connection, message_id, message, wait=timedelta())

    async def _owe(
        self, connection: Connection, message_id: int, message: InboundMessage, *, wait: timedelta
    ) -> None:
        await connection.execute(
            "INSERT INTO deliveries (message_id, conversation, sender, channel) VALUES ($1, $2, $3, $4)"
            " ON CONFLICT DO NOTHING",
            message_id,
            message.conversation,
            message.sender,
            message.channel,
        )
        owed = Owed(
            key=f"{message.key}:replies",
            lane=f"citizen:{message.conversation}",
            kind=KIND,
            body={"conversation": message.conversation},
            not_before=message.received_at + wait,
        )
        await owe(connection, self._vault, [owed], clock=self._clock)

    async def reaches(self, connection: Connection, sender: str) -> bool:
        """Tell whether something may be pushed to ``sender`` now."""
        stored = await connection.fetchval("SELECT allowance FROM recipients WHERE sender = $1", sender)
        return stored is not None and _allowance(stored).choose(self._clock(), important=True) is not None

    async def open(self, connection: Connection, sender: str, channel: str, path: ReturnPath) -> None:
        """Let ``sender`` be written to as ``path`` allows from now on, in the caller's transaction."""
        await self._open(connection, sender, channel, path, self._clock())

    async def _open_window(self, connection: Connection, message: InboundMessage) -> None:
        path = message.reply_to
        assert path is not None
        await self._open(connection, message.sender, message.channel, path, message.received_at)

    async def _open(
        self, connection: Connection, sender: str, channel: str, path: ReturnPath, at: datetime
    ) -> None:
        known = await connection.fetchrow(
            "SELECT allowance FROM recipients WHERE sender = $1 FOR UPDATE", sender
        )
        before = _allowance(known["allowance"]) if known else Allowance()
        await connection.execute(
            "INSERT INTO recipients (sender, channel, address, allowance, updated_at) VALUES ($1, $2, $3, $4, $5)"
            " ON CONFLICT (sender) DO UPDATE SET address = excluded.address, allowance = excluded.allowance,"
            " updated_at = excluded.updated_at",
            sender,
            channel,
            self._vault.seal(path.address.encode(), purpose=ADDRESS),
            json.dumps(to_record(before.opened(path, at))),
            self._clock(),
        )

    async def lease(self, conversation: str, key: str) -> tuple[Parcel, ...]:
        """Return what ``conversation`` is owed, oldest first; see the port."""
        digest = self._vault.digest(key, purpose="messages.key")
        async with storage_errors(), self._pool.acquire() as connection:
            rows = await connection.fetch(
                "WITH owed AS (SELECT message_id, coalesce(leased_until >= now(), false) AS busy,"
                "  answered AND message_id = (SELECT id FROM messages WHERE key_digest = $2) AS again"
                "  FROM deliveries WHERE conversation = $1 AND (done_at IS NULL"
                "   OR answered AND message_id = (SELECT id FROM messages WHERE key_digest = $2))"
                "  ORDER BY message_id FOR UPDATE)"
                " UPDATE deliveries d SET leased_until = now() + $3 FROM owed o WHERE d.message_id = o.message_id"
                # What somebody else is sending right now is not overtaken.
                " AND (o.again OR NOT EXISTS (SELECT FROM owed e WHERE e.busy AND e.message_id <= o.message_id))"
                " RETURNING d.message_id, o.again, CASE WHEN o.again THEN 0 ELSE d.parts_sent END AS parts_sent",
                conversation,
                digest,
                LEASE,
            )
            return await self._parcels(connection, conversation, rows)

    async def take(self, conversation: str) -> tuple[tuple[Parcel, ...], bool]:
        """Lease for the courier what is owed, oldest first; and whether somebody else is at any of it."""
        async with storage_errors(), self._pool.acquire() as connection, connection.transaction():
            rows = await connection.fetch(
                "SELECT message_id, parts_sent, false AS again, leased_until >= now() AS busy FROM deliveries"
                " WHERE conversation = $1 AND done_at IS NULL ORDER BY message_id FOR UPDATE",
                conversation,
            )
            if not rows or any(row["busy"] for row in rows):
                return (), bool(rows)
            await connection.execute(
                "UPDATE deliveries SET leased_until = now() + $2 WHERE message_id = ANY($1)",
                [row["message_id"] for row in rows],
                COURIER_LEASE,
            )
            return await self._parcels(connection, conversation, rows), False

    async def hold(self, conversation: str) -> None:
        """Lease what was taken for as long again; to be called before each part is sent."""
        async with storage_errors(), self._pool.acquire() as connection:
            await connection.execute(
                "UPDATE deliveries SET leased_until = now() + $2"
                " WHERE conversation = $1 AND done_at IS NULL AND leased_until IS NOT NULL",
                conversation,
                COURIER_LEASE,
            )

    async def _parcels(
        self, connection: Connection, conversation: str, rows: Sequence[asyncpg.Record]
    ) -> tuple[Parcel, ...]:
        ids = sorted(row["message_id"] for row in rows)
        if not ids:
            return ()
        state = {row["message_id"]: row for row in rows}
        said = await self._replies(connection, ids)
        newest = await connection.fetchval(
            "SELECT max(message_id) FROM deliveries WHERE conversation = $1", conversation
        )
        parcels = (
            Parcel(id=id, replies=said[id], parts_sent=state[id]["parts_sent"], again=state[id]["again"])
            for id in ids
        )
        return tuple(parcel if parcel.id == newest else _overtaken(parcel) for parcel in parcels)

    async def sent(self, parcel: Parcel, parts: int, *, whole: bool) -> None:
        """Note what went out as the answer to a push; see the port."""
        await self._note(parcel.id, parts, whole=whole, answered=True)

    async def arrived(self, parcel: Parcel, parts: int, *, whole: bool) -> None:
        """Note that the courier sent the first ``parts`` parts of ``parcel``."""
        await self._note(parcel.id, parts, whole=whole, answered=False)

    async def _note(self, id: int, parts: int, *, whole: bool, answered: bool) -> None:
        async with storage_errors(), self._pool.acquire() as connection:
            await connection.execute(
                "WITH noted AS (UPDATE deliveries SET parts_sent = greatest(parts_sent, $2),"
                "  answered = answered OR $3, kept_at = NULL,"
                "  done_at = CASE WHEN $4 THEN coalesce(done_at, $5::timestamptz) ELSE done_at END,"
                "  leased_until = CASE WHEN $4 OR $3 THEN NULL ELSE leased_until END"
                "  WHERE message_id = $1 RETURNING conversation)"
                # Where nothing else is owed, what the worker was asked for is done too: it need not look.
                " UPDATE effects SET done_at = $5::timestamptz WHERE $3 AND $4 AND kind = $6"
                " AND done_at IS NULL AND gave_up_at IS NULL"
                " AND lane = (SELECT 'citizen:' || conversation FROM noted) AND NOT EXISTS (SELECT FROM deliveries"
                "  WHERE conversation = (SELECT conversation FROM noted) AND done_at IS NULL AND message_id <> $1)",
                id,
                parts,
                answered,
                whole,
                self._clock(),
                KIND,
            )

    async def kept(self, parcels: Sequence[Parcel]) -> None:
        """Note that nothing may be sent now: the citizen sees it first when they write again."""
        async with storage_errors(), self._pool.acquire() as connection:
            await connection.execute(
                "UPDATE deliveries SET kept_at = $2, leased_until = NULL"
                " WHERE message_id = ANY($1) AND done_at IS NULL",
                [parcel.id for parcel in parcels],
                self._clock(),
            )

    async def release(self, parcels: Sequence[Parcel]) -> None:
        """Let go of what was taken; it is tried again later, and so is an answer that did not arrive twice."""
        async with storage_errors(), self._pool.acquire() as connection, connection.transaction():
            await connection.execute(
                "UPDATE deliveries SET leased_until = NULL WHERE message_id = ANY($1) AND done_at IS NULL",
                [parcel.id for parcel in parcels if not parcel.again],
            )
            rows = await connection.fetch(
                "UPDATE deliveries SET leased_until = NULL, done_at = NULL, answered = false, parts_sent = 0"
                " WHERE message_id = ANY($1) RETURNING message_id, conversation",
                [parcel.id for parcel in parcels if parcel.again],
            )
            await owe(connection, self._vault, [self._anew(row) for row in rows], clock=self._clock)

    def _anew(self, row: asyncpg.Record) -> Owed:
        return Owed(
            key=f"delivery:{row['message_id']}:{uuid.uuid4()}",
            lane=f"citizen:{row['conversation']}",
            kind=KIND,
            body={"conversation": row["conversation"]},
            not_before=self._clock() + REPUSHED_WITHIN,
        )

    async def allowance(self, sender: str) -> Allowance | None:
        """Return how often ``sender`` may be written to; ``None`` for somebody to whom nothing is pushed."""
        async with storage_errors(), self._pool.acquire() as connection:
            stored = await connection.fetchval("SELECT allowance FROM recipients WHERE sender = $1", sender)
        return None if stored is None else _allowance(stored)

    async def recipient(self, conversation: str) -> Recipient:
        """Return whom a ``conversation`` is with in which something is or was owed."""
        async with storage_errors(), self._pool.acquire() as connection:
            row = await connection.fetchrow(
                "SELECT r.sender, r.channel, r.address, r.allowance FROM deliveries d JOIN recipients r"
                " USING (sender) WHERE d.conversation = $1 ORDER BY d.message_id DESC LIMIT 1",
                conversation,
            )
        if row is None:
            raise LookupError("nothing was ever owed in this conversation")
        return Recipient(
            conversation=conversation,
            sender=row["sender"],
            channel=row["channel"],
            address=self._vault.open(row["address"], purpose=ADDRESS).decode(),
            allowance=_allowance(row["allowance"]),
        )

    async def change(self, sender: str, change: Callable[[Allowance], Allowance]) -> Allowance | None:
        """Replace the allowance of ``sender`` in one step and return it."""
        async with storage_errors(), self._pool.acquire() as connection, connection.transaction():
            row = await connection.fetchrow(
                "SELECT allowance FROM recipients WHERE sender = $1 FOR UPDATE", sender
            )
            if row is None:
                return None
            after = change(_allowance(row["allowance"]))
            await connection.execute(
                "UPDATE recipients SET allowance = $2, updated_at = $3 WHERE sender = $1",
                sender,
                json.dumps(to_record(after)),
                self._clock(),
            )
        return after

    async def spend(self, sender: str, *, important: bool) -> str | None:
        """Take one message off what ``sender`` may be sent: from which window, ``None`` when nothing may be sent now."""
        now, found = self._clock(), list[str]()

        def spent(allowance: Allowance) -> Allowance:
            found.extend(filter(None, [allowance.choose(now, important=important)]))
            return allowance.spent(found[0]) if found else allowance

        await self.change(sender, spent)
        return found[0] if found else None

    async def left(self, sender: str) -> None:
        """Note that ``sender`` cannot be written to any more."""
        await self.change(sender, lambda allowance: allowance.closed())


def is_important(replies: Sequence[SentReply]) -> bool:
    """Tell whether the last allowed message may be spent on ``replies``."""
    return any(sent.reply.kind in IMPORTANT for sent in replies)


def _overtaken(parcel: Parcel) -> Parcel:
    """Return ``parcel`` as something older: what it offered can no longer be chosen."""
    if not any(sent.reply.options for sent in parcel.replies):
        return parcel
    said = tuple(replace(sent, reply=replace(sent.reply, options=())) for sent in parcel.replies)
    # Its parts are cut anew, so that the count of those sent means nothing: rather some of it twice than lost.
    return replace(parcel, replies=said, parts_sent=0)


def _allowance(stored: str) -> Allowance:
    return from_record(Allowance, json.loads(stored))
