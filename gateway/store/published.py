"""What everybody may see of the tickets on record (Open311): where each stands, and nothing of who asked."""

import asyncio
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import asyncpg

from channels.open311.codec import NAME, Query, ServiceRequest
from gateway.store.letters import BODY
from gateway.store.sealed import DATA, TICKET
from gateway.store.tickets import OVER, WITHDRAWN, Happening
from groundwork.database import Connection, Pool, storage_errors
from groundwork.identities import open_record
from groundwork.vault import Vault
from hotline.citypack import CityPack
from hotline.conversation import Letter
from hotline.dates import dates_of
from hotline.deadlines import shown_date
from hotline.records import from_record
from hotline.redaction import MASK
from hotline.ticket import Contact, Ticket, is_ticket_number, normalised
from hotline.withholding import withheld

ENDED = (WITHDRAWN, *sorted(OVER))  #: states of tickets that are closed to the public
AT_ONCE = 10  #: records opened before others have their turn

_TICKETS = "SELECT number, kind, state, filed_at, confidential, body FROM tickets"
_LETTERS = (
    "SELECT l.number, l.outcome, l.received_at, l.body, m.settled_at FROM letters l JOIN messages m"
    " ON m.id = l.message_id WHERE l.city = $1 AND l.number = ANY($2) AND m.channel = $3 AND l.outcome <> 'ticket'"
)


class Published:
    """The public side of the register.

    Description, address and coordinates are shown where the citizen agreed, without what tells who somebody is.
    A confidential ticket is in no list; by its number, which only its citizen and the centre have, it says where it
    stands and neither what it is about nor whom it concerns.
    """

    def __init__(self, pool: Pool, vault: Vault, *, pack: CityPack) -> None:
        self._pool, self._vault, self._pack = pool, vault, pack
        self._door = re.compile(pack.words["open311_door"])

    async def found(self, query: Query) -> tuple[ServiceRequest, ...]:
        """Return what ``query`` asks for, newest first; raises ``StorageAwayError``."""
        async with storage_errors(), self._pool.acquire() as connection:
            if query.numbers:
                numbers = [each for each in map(normalised, query.numbers) if is_ticket_number(each)]
                rows = await connection.fetch(
                    f"{_TICKETS} WHERE city = $1 AND number = ANY($2) ORDER BY filed_at DESC, number",
                    self._pack.code,
                    numbers,
                )
                letters = await connection.fetch(_LETTERS, self._pack.code, numbers, NAME)
            else:
                rows, letters = await self._listed(connection, query), []
            events = await self._events(connection, [row["number"] for row in rows])
        found = [self._letter(row) for row in letters]
        for place, row in enumerate(rows):
            if place % AT_ONCE == AT_ONCE - 1:
                await asyncio.sleep(0)
            one = self._ticket(row, events[row["number"]], by_number=bool(query.numbers))
            found += [one] if one is not None else []
        return tuple(found)

    async def _listed(self, connection: Connection, query: Query) -> list[asyncpg.Record]:
        return await connection.fetch(
            f"{_TICKETS} WHERE city = $1 AND NOT confidential AND filed_at >= $2 AND filed_at <= $3"
            " AND (kind = ANY($4) OR $4 = '{}') AND CASE WHEN state = ANY($5) THEN 'closed' ELSE 'open' END = ANY($6)"
            " ORDER BY filed_at DESC, number LIMIT $7 OFFSET $8",
            self._pack.code,
            query.since,
            query.until,
            list(query.kinds),
            list(ENDED),
            list(query.statuses),
            query.size,
            (query.page - 1) * query.size,
        )

    async def _events(
        self, connection: Connection, numbers: Sequence[str]
    ) -> Mapping[str, list[asyncpg.Record]]:
        rows = await connection.fetch(
            "SELECT number, name, at, data FROM ticket_events WHERE number = ANY($1) ORDER BY at, id",
            list(numbers),
        )
        events: defaultdict[str, list[asyncpg.Record]] = defaultdict(list)
        for row in rows:
            events[row["number"]].append(row)
        return events

    def _ticket(
        self, row: asyncpg.Record, events: Sequence[asyncpg.Record], *, by_number: bool
    ) -> ServiceRequest | None:
        ticket = from_record(Ticket, self._opened(row["body"], TICKET))
        secret = row["confidential"] or ticket.contact.confidential
        if secret and not by_number:
            return None
        happenings = [
            Happening(name=one["name"], at=one["at"], data=self._opened(one["data"], DATA)) for one in events
        ]
        expected = shown_date(dates_of(self._pack, ticket, happenings).due)
        shown = None if secret or not ticket.public else self._shown(row["body"], ticket)
        return ServiceRequest(
            number=row["number"],
            kind=row["kind"],
            kind_label=ticket.kind_label,
            closed=row["state"] in ENDED,
            notes=self._state(row["state"]),
            unit="" if secret else ticket.lead_unit,
            requested_at=row["filed_at"],
            updated_at=max((one.at for one in happenings), default=row["filed_at"]),
            expected_at=expected.at if expected is not None else None,
            description=shown.text if shown else "",
            address=shown.place if shown else "",
            location=shown.location if shown else None,
        )

    def _shown(self, sealed: bytes, ticket: Ticket) -> Ticket:
        """Return a ticket that may be published, told without whoever asked, any number and any door."""
        said = open_record(self._vault, sealed, purpose=TICKET, known=True)
        nobody = replace(from_record(Contact, said["contact"]), anonymous=True)
        text, place = (
            self._door.sub(_hidden, withheld(said[name], nobody, self._pack.finder))
            for name in ("text", "place")
        )
        return replace(ticket, text=text, place=place)

    def _letter(self, row: asyncpg.Record) -> ServiceRequest:
        """Return a request that was answered or refused at once: it is closed and tells nothing more."""
        draft = from_record(Letter, self._opened(row["body"], BODY)).draft
        kind, at = self._pack.kinds[draft.kind], row["received_at"]
        return ServiceRequest(
            number=row["number"], kind=kind.id, kind_label=kind.label, closed=True, notes=self._state(row["outcome"]),
            unit="", requested_at=at, updated_at=row["settled_at"] or at, expected_at=None,
        )  # fmt: skip

    def _opened(self, sealed: bytes, purpose: str) -> Any:
        return open_record(self._vault, sealed, purpose=purpose, known=False)

    def _state(self, name: str) -> str:
        return self._pack.words.get(f"state_{name}", self._pack.words["state_progressed"])


def _hidden(found: re.Match[str]) -> str:
    return MASK * len(found[0])
