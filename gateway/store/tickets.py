"""The register of tickets as filed, and what has happened to them since."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from typing import Any, TypeAlias

import asyncpg

from dispatch_client import payloads
from gateway.store import attendances, feed
from gateway.store.receipts import Receipt, receipt_of
from gateway.store.sealed import CODE, DATA, TICKET
from gateway.web.ports import Thread
from groundwork.clock import Clock
from groundwork.database import Connection, Pool, lock, storage_errors
from groundwork.identities import open_record, seal_record
from groundwork.outbox import Owed, digest_of, owe
from groundwork.vault import Vault
from hotline.citypack import CityPack
from hotline.dates import dates_of
from hotline.deadlines import Due, shown_date
from hotline.effects import FileTicket, TellDesk
from hotline.errors import NotAnEventError
from hotline.events import FROM_DESK, Event
from hotline.identity import Kind
from hotline.message import InboundMessage
from hotline.records import from_record, to_record
from hotline.redaction import redact
from hotline.replies import moment_in_words
from hotline.reply import Reply
from hotline.scene import Standing
from hotline.telling import reply_of
from hotline.ticket import ALPHABET, Contact, Ticket, normalised
from hotline.transcript import Line
from hotline.withholding import for_centre, is_kept_back, said_to_centre, withheld
from kb.search import likeness

TOKEN_LETTERS = 12
MOST_FOUND = 50
MOST_COMPARED = 300  #: answered tickets that a text is compared with
LIKE = 0.3  #: likeness of a title from which on a ticket is proposed
ANSWERED = frozenset({"replied", "followed_up", "closed"})  #: events by which a unit's reply is there
#: events that those hear, too, whose tickets were merged under the one they are about
HEARD_BY_ALL = frozenset({"progressed", "replied", "followed_up", "closed", "reopened"})
MERGED, JOINED = "merged", "joined"  #: on the timeline of the later ticket, and of the main one
PARTED = "parted"  #: on both, when that was undone
#: says a reply in a conversation, under a key, inside a transaction
Tells: TypeAlias = Callable[[Connection, Thread, str, Reply], Awaitable[bool]]
WITHDRAWN, OVER = "withdrawn", frozenset({"closed"})  #: states in which nothing more is owed


@dataclass(frozen=True, kw_only=True, slots=True)
class Happening:
    """One event of a ticket's public timeline."""

    name: str
    at: datetime
    data: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """A ticket with its state and timeline, oldest first."""

    ticket: Ticket
    state: str
    happenings: tuple[Happening, ...]
    receipt: Receipt | None = None  #: none for tickets of before there were receipts


class Tickets:
    """Tickets on record; whatever is written here owes the dispatch centre an event."""

    def __init__(self, pool: Pool, vault: Vault, *, pack: CityPack, clock: Clock) -> None:
        self._pool, self._vault, self._pack, self._clock = pool, vault, pack, clock

    async def file(
        self, connection: Connection, message_id: int, message: InboundMessage, effect: FileTicket,
        said: Sequence[Line] = (),
    ) -> Any:  # fmt: skip
        """Register the ticket and owe the dispatch centre its ``filed``, in the caller's transaction.

        ``said`` is what was said before it, oldest first. Returns the record that its receipt is about.
        """
        ticket, token = effect.ticket, self._token(effect.ticket.number)
        record = to_record(ticket)
        await connection.execute(
            "INSERT INTO tickets (number, city, message_id, conversation, sender, channel, kind, class, urgent,"
            " lead_unit, filed_at, query_code, code_digest, body, person, refused_by)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, nullif($16, ''))",
            ticket.number,
            ticket.city,
            message_id,
            message.conversation,
            message.sender,
            ticket.channel,
            ticket.kind,
            ticket.ticket_class,
            ticket.urgent,
            ticket.lead_unit,
            ticket.filed_at,
            self._vault.seal(ticket.query_code.encode(), purpose=CODE),
            self._code_digest(ticket.number, ticket.query_code),
            seal_record(self._vault, record, purpose=TICKET),
            token,
            ticket.refused_by,
        )
        await self._index_person(connection, ticket)
        if ticket.contact.confidential:  # in no list that others see
            await connection.execute(
                "UPDATE tickets SET confidential = true WHERE number = $1", ticket.number
            )
        await self._owe(connection, effect.key, ticket.number, "filed", 1, ticket.filed_at,
                        self._filed_data(ticket, said, token=token) | await self._profile(connection, ticket))  # fmt: skip
        return record

    async def _profile(self, connection: Connection, ticket: Ticket) -> dict[str, Any]:
        """Return how many tickets the person filed before, and how many of them are open, where the text has staff see it.

        People are known again by number and e-mail; nothing is told of those who stay unknown, and of what they filed in secret.
        """
        if not self._pack.profiles or ticket.contact.confidential or ticket.contact.anonymous:
            return {}
        row = await connection.fetchrow(
            "SELECT count(DISTINCT t.number) AS earlier, count(DISTINCT t.number) FILTER (WHERE t.state <> ALL($3)) AS open"
            " FROM ticket_people mine JOIN ticket_people other ON other.field = mine.field AND other.digest = mine.digest"
            " JOIN tickets t ON t.number = other.number WHERE mine.number = $1 AND mine.field <> 'name' AND t.city = $2"
            " AND t.number <> $1 AND NOT t.confidential",
            ticket.number, ticket.city, [WITHDRAWN, *OVER],
        )  # fmt: skip
        return {"petitioner": {"earlier": row["earlier"], "open": row["open"]}} if row else {}

    def _filed_data(self, ticket: Ticket, said: Sequence[Line], *, token: str) -> dict[str, Any]:
        finder, told = self._pack.finder, for_centre(ticket, self._pack.finder, token=token)
        return payloads.ticket_data(
            told,
            channel_label=next((one.label for one in self._pack.channels if one.id == ticket.channel), ""),
            transcript=said_to_centre(said, ticket.contact, finder),
        )

    async def _index_person(self, connection: Connection, ticket: Ticket) -> None:
        """Note by which names and numbers the ticket can be found; only digests are kept."""
        given = {
            Kind.NAME: ticket.contact.name,
            Kind.PHONE: ticket.contact.phone,
            Kind.EMAIL: ticket.contact.email,
        }
        await connection.executemany(
            "INSERT INTO ticket_people (number, field, digest) VALUES ($1, $2, $3)",
            [
                (ticket.number, kind.value, self._person(kind, value))
                for kind, value in given.items()
                if value
            ],
        )

    def _person(self, kind: Kind, value: str) -> bytes:
        return self._vault.digest(value.casefold(), purpose=f"ticket_people.{kind.value}")

    async def tell(self, connection: Connection, effect: TellDesk) -> None:
        """Owe the dispatch centre what the citizen did, and put it onto the timeline."""
        row = await connection.fetchrow(
            "UPDATE tickets SET sequence = sequence + 1 WHERE number = $1 RETURNING sequence, body",
            effect.subject,
        )
        if row is None:
            raise LookupError("an effect names a ticket that is not on record")
        sequence, contact = row["sequence"], self._ticket(row["body"], known=True).contact
        told = _told(replace(effect, text=withheld(effect.text, contact, self._pack.finder)))
        event_id = await self._owe(
            connection, effect.key, effect.subject, effect.name, sequence, effect.at, told
        )
        await self._note(  # the record keeps the citizen's own words
            connection, effect.subject, event_id, "citizen", sequence, effect.name, effect.at, _told(effect)
        )
        if effect.name == WITHDRAWN:
            await connection.execute(
                "UPDATE tickets SET state = $2 WHERE number = $1", effect.subject, WITHDRAWN
            )

    async def _owe(
        self, connection: Connection, key: str, subject: str, name: str, sequence: int, at: datetime,
        data: Mapping[str, Any],
    ) -> str:  # fmt: skip
        event_id = self._event_id(key)
        body = {"id": event_id, "subject": subject, "name": name, "sequence": sequence,
                "at": at.isoformat(), "data": dict(data)}  # fmt: skip
        one = Owed(key=key, lane=f"ticket:{subject}", kind="event", body=body)
        await owe(connection, self._vault, [one], clock=self._clock)
        await feed.enter(connection, digest_of(self._vault, key), subject)
        return event_id

    async def _note(
        self, connection: Connection, number: str, event_id: str, source: str, sequence: int, name: str,
        at: datetime, data: Mapping[str, Any],
    ) -> bool:  # fmt: skip
        done = await connection.execute(
            "INSERT INTO ticket_events (number, event_digest, source, sequence, name, at, received_at, data)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (event_digest) DO NOTHING",
            number,
            self._vault.digest(f"{source}:{event_id}", purpose="ticket_events.id"),
            source,
            sequence,
            name,
            at,
            self._clock(),
            seal_record(self._vault, dict(data), purpose=DATA),
        )
        return bool(done.endswith(" 1"))

    async def take(self, event: Event, *, tell: Tells | None = None) -> bool:
        """Put an event of the dispatch centre onto the timeline; ``False`` if it was there already.

        ``tell`` is called, in the same transaction, for each ticket whose citizen is to hear of it. Raises ``NotAnEventError`` for a ticket that is not on record.
        """
        async with storage_errors(), self._pool.acquire() as connection, connection.transaction():
            if tell is not None:
                await _hold_those_of(connection, event.subject)
            await lock(connection, f"ticket:{event.subject}")
            try:
                new = await self._note(connection, event.subject, event.id, event.source, event.sequence,
                                       event.name, event.at, event.data)  # fmt: skip
            except asyncpg.ForeignKeyViolationError:
                raise NotAnEventError("no such ticket") from None
            if new:
                await connection.execute(
                    "UPDATE tickets SET state = (SELECT name FROM ticket_events WHERE number = $1"
                    " AND source = $2 ORDER BY sequence DESC LIMIT 1)"
                    " WHERE number = $1 AND (state <> $3 OR $4)",
                    event.subject,
                    event.source,
                    WITHDRAWN,
                    event.name == "reopened",
                )
                hearing = [event.subject]
                if event.name in HEARD_BY_ALL:
                    hearing += await self._tell_merged(connection, event)
                for number in hearing if tell else ():
                    await self._tell(connection, number, event, tell)
        return new

    async def _tell(self, connection: Connection, number: str, event: Event, tell: Tells | None) -> None:
        """Let ``tell`` say to the citizen of a ticket what the event means for it."""
        row = await connection.fetchrow(
            "SELECT conversation, channel, sender, number, body, state FROM tickets WHERE number = $1", number
        )
        if tell is None or row is None or row["state"] == WITHDRAWN:
            return
        events = await connection.fetch(
            "SELECT name, at, data, sequence FROM ticket_events WHERE number = $1 ORDER BY at, id", number
        )
        overtaken = any(one["name"] in FROM_DESK and one["sequence"] > event.sequence for one in events)
        ticket = self._ticket(row["body"], known=False)
        happenings = tuple(map(self._happening, events))
        reply = reply_of(self._pack, ticket, happenings, event, overtaken=overtaken)
        if reply is not None:
            thread = Thread(**{name: row[name] for name in ("number", "conversation", "channel", "sender")})
            await tell(connection, thread, f"centre:{event.source}:{event.id}:{number}", reply)

    async def merge(self, connection: Connection, number: str, main: str, *, at: datetime) -> None:
        """Tell both tickets' timelines and the dispatch centre that ``number`` goes on under ``main``."""
        words = (self._pack.say("repeat_under", number=main), self._pack.say("repeat_over", number=number))
        await self._tell_both(connection, (number, main), (MERGED, JOINED), words, at=at)

    async def part(self, connection: Connection, number: str, main: str, *, at: datetime) -> None:
        """Tell the same that ``number`` goes on by itself after all; it stands where its own events left it."""
        words = (self._pack.say("repeat_parted", number=main), self._pack.say("repeat_parted", number=number))
        await self._tell_both(connection, (number, main), (PARTED, PARTED), words, at=at)
        await connection.execute(
            "UPDATE tickets SET state = coalesce((SELECT e.name FROM ticket_events e WHERE e.number = $1 AND e.name = ANY($3)"
            " AND NOT EXISTS (SELECT FROM ticket_events m WHERE m.number = $2 AND (m.source, m.sequence, m.name, m.at)"
            " = (e.source, e.sequence, e.name, e.at)) ORDER BY e.sequence DESC LIMIT 1), 'filed')"
            " WHERE number = $1 AND state <> $4",
            number, main, list(FROM_DESK), WITHDRAWN,
        )  # fmt: skip

    async def _tell_both(
        self, connection: Connection, pair: tuple[str, str], names: tuple[str, str], words: tuple[str, str], *, at: datetime
    ) -> None:  # fmt: skip
        number, main = pair
        for subject, name, said, data in zip(
            pair, names, words, ({"main": main}, {"merged": number}), strict=True
        ):
            key = f"{names[0]}:{number}:{main}:{subject}"
            await self.add_by_staff(connection, subject, key, name, data, at=at, told=said)

    async def add_by_staff(
        self, connection: Connection, number: str, key: str, name: str, data: Mapping[str, Any], *, at: datetime,
        told: str,
    ) -> bool:  # fmt: skip
        """Put onto a ticket's timeline what staff here did about it, and owe the dispatch centre ``told`` about it.

        ``False`` if that act, known by its ``key``, is there already.
        """
        if not await self._is_new(connection, key):
            return False
        sequence = await connection.fetchval(
            "UPDATE tickets SET sequence = sequence + 1 WHERE number = $1 RETURNING sequence", number
        )
        words = payloads.supplement_data(told, at=at)
        event_id = await self._owe(connection, key, number, "supplemented", sequence, at, words)
        return await self._note(connection, number, event_id, "staff", sequence, name, at, data)

    async def _is_new(self, connection: Connection, key: str) -> bool:
        digest = self._vault.digest(f"staff:{self._event_id(key)}", purpose="ticket_events.id")
        return not await connection.fetchval("SELECT true FROM ticket_events WHERE event_digest = $1", digest)

    def _event_id(self, key: str) -> str:
        return self._vault.digest(key, purpose="events.id")[:16].hex()

    async def _tell_merged(self, connection: Connection, event: Event) -> list[str]:
        """Let those whose tickets go on under this one hear what has become of it, without what names a person.

        Returns the numbers of their tickets, without those that had heard it.
        """
        heard = list[str]()
        data = {name: redact(value, self._pack.finder) if isinstance(value, str) else value
                for name, value in event.data.items()}  # fmt: skip
        rows = await connection.fetch("SELECT number FROM repeats WHERE main = $1 AND merged", event.subject)
        for number in (row["number"] for row in rows):
            new = await self._note(connection, number, f"{event.id}:{number}", event.source, event.sequence,
                                   event.name, event.at, data)  # fmt: skip
            if new:
                heard.append(number)
                await connection.execute(
                    "UPDATE tickets SET state = $2 WHERE number = $1 AND state NOT IN ($3, 'closed')",
                    number,
                    event.name,
                    WITHDRAWN,
                )
        return heard

    async def look_up(self, number: str, code: str) -> Record | None:
        """Return the ticket of that number if the query code is right; nothing tells which was wrong."""
        number = normalised(number)
        async with storage_errors(), self._pool.acquire() as connection:
            row = await connection.fetchrow(
                "SELECT t.body, t.state, r.at, r.hash FROM tickets t LEFT JOIN receipts r ON r.number = t.number"
                " WHERE t.number = $1 AND t.code_digest = $2",
                number,
                self._code_digest(number, normalised(code)),
            )
            if row is None:
                return None
            happenings = await self.happened(connection, number)
        return Record(
            ticket=self._ticket(row["body"], known=False),
            state=row["state"],
            happenings=happenings,
            receipt=receipt_of(row["at"], row["hash"]) if row["hash"] else None,
        )

    async def thread_of(self, number: str, code: str) -> Thread | None:
        """Return where to add to that ticket, if the query code is right."""
        number = normalised(number)
        async with storage_errors(), self._pool.acquire() as connection:
            row = await connection.fetchrow(
                "SELECT number, conversation, channel, sender FROM tickets"
                " WHERE number = $1 AND code_digest = $2",
                number,
                self._code_digest(number, normalised(code)),
            )
        return None if row is None else Thread(**row)

    async def named(self, connection: Connection, number_or_token: str) -> Ticket | None:
        """Return the whole ticket of that number, or whose person has that token; for a purpose on record alone."""
        sealed = await connection.fetchval(
            "SELECT body FROM tickets WHERE number = $1 OR person = $1", normalised(number_or_token)
        )
        return None if sealed is None else self._ticket(sealed, known=True)

    async def to_call(
        self, connection: Connection, callbacks: Sequence[int]
    ) -> dict[int, tuple[Ticket, ...]]:
        """Return the tickets of each of those callbacks, oldest first; who is kept back is not in them, others masked."""
        rows = await connection.fetch(
            "SELECT callback, body FROM tickets WHERE callback = ANY($1) ORDER BY callback, filed_at",
            list(callbacks),
        )
        return {
            id: tuple(self._for_staff(row["body"]) for row in of_one)
            for id, of_one in groupby(rows, key=lambda row: int(row["callback"]))
        }

    def _for_staff(self, sealed: bytes) -> Ticket:
        masked = self._ticket(sealed, known=False)
        if not is_kept_back(masked.contact):
            return masked
        return for_centre(
            self._ticket(sealed, known=True), self._pack.finder, token=self._token(masked.number)
        )

    async def kept_back(self, connection: Connection, conversation: str) -> tuple[Contact, ...]:
        """Return who must not be seen of those who filed a ticket in ``conversation``; for masking alone."""
        rows = await connection.fetch("SELECT body FROM tickets WHERE conversation = $1", conversation)
        contacts = [self._ticket(row["body"], known=True).contact for row in rows]
        return tuple(contact for contact in contacts if is_kept_back(contact))

    async def happened(self, connection: Connection, number: str) -> tuple[Happening, ...]:
        """Return the timeline of a ticket, oldest first and people masked."""
        events = await connection.fetch(
            "SELECT name, at, data FROM ticket_events WHERE number = $1 ORDER BY at, id", number
        )
        return tuple(map(self._happening, events))

    async def of_person(
        self, connection: Connection, kind: Kind, value: str
    ) -> tuple[bytes, tuple[Ticket, ...]]:
        """Return the digest of a name or number and the tickets filed under it, newest first, people masked.

        Confidential ones are not among them: that somebody filed one is a secret too.
        """
        digest = self._person(kind, value)
        rows = await connection.fetch(
            "SELECT t.body FROM ticket_people p JOIN tickets t ON t.number = p.number"
            " WHERE p.field = $1 AND p.digest = $2 ORDER BY t.filed_at DESC LIMIT $3",
            kind.value,
            digest,
            MOST_FOUND,
        )
        found = tuple(self._ticket(row["body"], known=False) for row in rows)
        return digest, tuple(one for one in found if not one.contact.confidential)

    async def closed_like(self, text: str, *, limit: int) -> list[dict[str, Any]]:
        """Return the lately answered tickets whose titles are most like ``text``; never confidential ones, no people."""
        async with storage_errors(), self._pool.acquire() as connection:
            rows = await connection.fetch(
                "SELECT body, state FROM tickets WHERE city = $1 AND state = ANY($2) ORDER BY filed_at DESC LIMIT $3",
                self._pack.code,
                sorted(ANSWERED),
                MOST_COMPARED,
            )
        tickets = [(self._ticket(row["body"], known=False), row["state"]) for row in rows]
        scored = [
            (likeness(ticket.title, text), ticket, state)
            for ticket, state in tickets
            if not ticket.contact.confidential
        ]
        best = sorted((one for one in scored if one[0] >= LIKE), key=lambda one: -one[0])[:limit]
        return [
            {"number": one.number, "title": one.title, "kind": one.kind, "lead_unit": one.lead_unit, "state": state,
             "score": round(score, 3)}
            for score, one, state in best
        ]  # fmt: skip

    async def standings(self, connection: Connection, numbers: Sequence[str]) -> tuple[Standing, ...]:
        """Return where the tickets of those numbers stand, oldest first."""
        if not numbers:
            return ()
        rows = await connection.fetch(
            "SELECT number, state, body FROM tickets WHERE number = ANY($1) ORDER BY filed_at", list(numbers)
        )
        events = await connection.fetch(
            "SELECT number, name, at, data FROM ticket_events WHERE number = ANY($1) ORDER BY at, id",
            list(numbers),
        )
        return tuple(self._standing(row, [e for e in events if e["number"] == row["number"]]) for row in rows)

    def _standing(self, row: asyncpg.Record, events: Sequence[asyncpg.Record]) -> Standing:
        ticket = self._ticket(row["body"], known=False)
        owed = row["state"] not in ANSWERED
        last = shown_date(dates_of(self._pack, ticket, map(self._happening, events)).due) if owed else None
        return Standing(
            number=ticket.number,
            title=ticket.title,
            state=self._pack.words.get(f"state_{row['state']}", self._pack.words["state_progressed"]),
            due=self._owed(last) if last is not None else "",
            withdrawn=row["state"] == WITHDRAWN,
            closed=row["state"] in OVER,
            answered=any(event["name"] in ANSWERED for event in events),
            urged=sum(event["name"] == "urged" for event in events),
        )

    def _owed(self, due: Due) -> str:
        return self._pack.say(f"progress_due_{due.what}", date=moment_in_words(self._pack.say, due))

    def _happening(self, event: asyncpg.Record) -> Happening:
        data = open_record(self._vault, event["data"], purpose=DATA, known=False)
        return Happening(name=event["name"], at=event["at"], data=data)

    def _ticket(self, sealed: bytes, *, known: bool) -> Ticket:
        return from_record(Ticket, open_record(self._vault, sealed, purpose=TICKET, known=known))

    def _token(self, number: str) -> str:
        """Return what stands for the person of a ticket outside the gateway; nobody can guess it."""
        drawn = self._vault.digest(number, purpose="tickets.person")
        return "".join(ALPHABET[byte % len(ALPHABET)] for byte in drawn[:TOKEN_LETTERS])

    def _code_digest(self, number: str, code: str) -> bytes:
        return self._vault.digest(f"{number}:{code}", purpose="tickets.code")


async def _hold_those_of(connection: Connection, number: str) -> None:
    """Hold every conversation in which something may be said about a ticket, before the ticket: in settling's order."""
    rows = await connection.fetch(
        "SELECT conversation FROM tickets WHERE number = $1 UNION SELECT t.conversation FROM repeats r"
        " JOIN tickets t ON t.number = r.number WHERE r.main = $1 AND r.merged ORDER BY 1",
        number,
    )
    for row in rows:
        await attendances.hold(connection, row["conversation"])


def _told(effect: TellDesk) -> dict[str, Any]:
    if effect.grade is not None:
        return payloads.rating_data(effect.grade, effect.text, solved=effect.solved, at=effect.at)
    if effect.name == "supplemented":
        return payloads.supplement_data(effect.text, at=effect.at, attachments=effect.attachments)
    return _TOLD[effect.name](effect.text, effect.at)


_TOLD: Mapping[str, Callable[[str, datetime], dict[str, Any]]] = {
    "urged": lambda text, at: payloads.urge_data(text, at=at),
    "withdrawn": lambda text, at: payloads.withdrawal_data(text, at=at),
}
