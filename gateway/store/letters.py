"""The ledger of the mailbox: every letter under its number, whatever became of it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import datetime

import asyncpg

from channels.open311.codec import NAME as OPEN311
from gateway.store.sealed import TICKET
from groundwork.database import Connection, Pool, storage_errors
from groundwork.identities import open_record, seal_record
from groundwork.vault import Vault
from hotline.conversation import Letter
from hotline.message import InboundMessage
from hotline.records import from_record, to_record
from hotline.ticket import Ticket, normalised

BODY, CODE = "letters.body", "letters.query_code"
AT_ONCE = 500  #: letters that are read in one go


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One letter as the ledger has it."""

    letter: Letter
    message_id: int
    conversation: str
    channel: str
    sender: str
    received_at: datetime
    ticket: Ticket | None  #: what became of it, if it became one
    state: str  #: of the ticket, else the outcome
    state_at: datetime
    attachments: int  #: how many came with it


class Letters:
    """Letters on record, kept beside the tickets that some of them became."""

    def __init__(self, pool: Pool, vault: Vault, *, city: str) -> None:
        self._pool, self._vault, self._city = pool, vault, city

    async def enter(
        self, connection: Connection, message_id: int, message: InboundMessage, letter: Letter
    ) -> None:
        """Write ``letter`` into the ledger, or what has become of it since, in the caller's transaction."""
        number, code = letter.identity.number, letter.identity.query_code
        await connection.execute(
            "INSERT INTO letters (number, city, message_id, conversation, outcome, received_at, query_code,"
            " code_digest, body) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
            " ON CONFLICT (number) DO UPDATE SET outcome = excluded.outcome",
            number,
            self._city,
            message_id,
            message.conversation,
            letter.outcome,
            message.received_at,
            self._vault.seal(code.encode(), purpose=CODE),
            self._code_digest(number, code),
            seal_record(self._vault, to_record(letter), purpose=BODY),
        )

    async def of_message(self, key: str) -> Letter | None:
        """Return the letter that came under ``key``, or ``None`` while it is not settled."""
        digest = self._vault.digest(key, purpose="messages.key")
        async with storage_errors(), self._pool.acquire() as connection:
            row = await connection.fetchrow(
                "SELECT l.body, l.outcome FROM letters l JOIN messages m ON m.id = l.message_id"
                " WHERE m.key_digest = $1",
                digest,
            )
        return None if row is None else self._letter(row, known=False)

    async def look_up(self, number: str, code: str) -> Entry | None:
        """Return the letter of that number if the query code is right; nothing tells which was wrong."""
        number = normalised(number)
        async with storage_errors(), self._pool.acquire() as connection:
            row = await connection.fetchrow(
                f"{_ENTRIES} WHERE l.number = $1 AND l.code_digest = $2",
                number,
                self._code_digest(number, normalised(code)),
            )
        return None if row is None else self._entry(row, known=False)

    async def entries(self, *, since: datetime, until: datetime, known: bool) -> AsyncIterator[Entry]:
        """Yield every letter of the city received from ``since`` on and before ``until``, oldest first.

        What programs post by Open311 has a number like a letter and is none.
        Without ``known`` whatever tells who people are is masked.
        """
        last: tuple[datetime, str] = (since, "")
        while True:
            async with storage_errors(), self._pool.acquire() as connection:
                rows = await connection.fetch(
                    f"{_ENTRIES} WHERE l.city = $1 AND (l.received_at, l.number) > ($2, $3)"
                    " AND l.received_at < $4 AND m.channel <> $6 ORDER BY l.received_at, l.number LIMIT $5",
                    self._city,
                    *last,
                    until,
                    AT_ONCE,
                    OPEN311,
                )
            for row in rows:
                yield self._entry(row, known=known)
            if len(rows) < AT_ONCE:
                return
            last = (rows[-1]["received_at"], rows[-1]["number"])

    def _entry(self, row: asyncpg.Record, *, known: bool) -> Entry:
        letter = self._letter(row, known=known)
        ticket = None
        if row["ticket"] is not None:
            ticket = from_record(Ticket, open_record(self._vault, row["ticket"], purpose=TICKET, known=known))
        return Entry(
            letter=letter,
            message_id=row["message_id"],
            conversation=row["conversation"],
            channel=row["channel"],
            sender=row["sender"],
            received_at=row["received_at"],
            ticket=ticket,
            state=letter.outcome if ticket is None else row["state"],
            state_at=row["state_at"] or row["settled_at"] or row["received_at"],
            attachments=row["attachments"],
        )

    def _letter(self, row: asyncpg.Record, *, known: bool) -> Letter:
        entered = from_record(Letter, open_record(self._vault, row["body"], purpose=BODY, known=known))
        return replace(entered, outcome=row["outcome"])

    def _code_digest(self, number: str, code: str) -> bytes:
        return self._vault.digest(f"{number}:{code}", purpose="tickets.code")


_ENTRIES = (
    "SELECT l.number, l.message_id, l.conversation, l.outcome, l.received_at, l.body, m.channel, m.sender, m.settled_at,"
    " t.body AS ticket, t.state, coalesce((SELECT max(e.at) FROM ticket_events e WHERE e.number = l.number),"
    " t.filed_at) AS state_at,"
    " (SELECT count(*) FROM attachments a WHERE a.message_id = l.message_id) AS attachments"
    " FROM letters l JOIN messages m ON m.id = l.message_id LEFT JOIN tickets t ON t.number = l.number"
)
