"""Cases and their history; what tickets say is sealed, only what lists sort by is not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dispatch_desk.cases import Case
from dispatch_desk.store import facts
from groundwork.database import Connection
from groundwork.identities import open_record, seal_record
from groundwork.vault import Vault
from hotline.events import Event
from hotline.records import from_record, to_record

_RECORD, _EVENT = "desk.cases", "desk.case_events"
FILLED_AT_ONCE = 1000


@dataclass(frozen=True, kw_only=True, slots=True)
class Happening:
    """One line of a case's history."""

    name: str
    at: datetime
    said_here: bool
    data: Mapping[str, Any]


async def insert(connection: Connection, vault: Vault, case: Case) -> bool:
    """Write a new case; ``False`` if its number is here already."""
    new = await connection.fetchval(
        "INSERT INTO cases (number, state, urgent, due_at, lead_unit, record, units, kind, class, channel,"
        " confidential, received_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"
        " ON CONFLICT (number) DO NOTHING RETURNING true",
        *_row(vault, case),
        *_lasting(case),
        case.received_at,
    )
    if new:
        await facts.put(connection, case)
    return bool(new)


async def update(connection: Connection, vault: Vault, case: Case) -> None:
    """Replace the case of that number."""
    await facts.put(connection, case)
    await connection.execute(
        "UPDATE cases SET state = $2, urgent = $3, due_at = $4, lead_unit = $5, record = $6, units = $7 WHERE number = $1",
        *_row(vault, case),
    )


async def find(connection: Connection, vault: Vault, number: str, *, known: bool) -> Case | None:
    """Return the case with that number; without ``known`` whatever tells who people are is masked."""
    record = await connection.fetchval("SELECT record FROM cases WHERE number = $1", number)
    return None if record is None else opened(vault, number, record, known=known)


async def remember(connection: Connection, vault: Vault, event: Event, *, said_here: bool) -> None:
    """Add ``event`` to its case's history."""
    await connection.execute(
        "INSERT INTO case_events (number, said_here, name, sequence, at, body)"
        " VALUES ($1, $2, $3, $4, $5, $6)",
        event.subject,
        said_here,
        event.name,
        event.sequence,
        event.at,
        seal_record(vault, to_record(event.data), purpose=f"{_EVENT}:{event.subject}"),
    )


async def history(connection: Connection, vault: Vault, number: str, *, known: bool) -> Sequence[Happening]:
    """Return what happened to a case, newest first; without ``known`` people are masked."""
    rows = await connection.fetch(
        "SELECT name, at, said_here, body FROM case_events WHERE number = $1"
        " ORDER BY at DESC, sequence DESC, id DESC",
        number,
    )
    return [
        Happening(
            name=row["name"],
            at=row["at"],
            said_here=row["said_here"],
            data=open_record(vault, row["body"], purpose=f"{_EVENT}:{number}", known=known),
        )
        for row in rows
    ]


async def next_sequence(connection: Connection, number: str) -> int:
    """Return the number of the desk's next event about a case; the case's lock must be held."""
    last = await connection.fetchval(
        "SELECT coalesce(max(sequence), 0) FROM case_events WHERE number = $1 AND said_here", number
    )
    return int(last) + 1


async def fill_columns(connection: Connection, vault: Vault) -> int:
    """Fill what lists go by in up to ``FILLED_AT_ONCE`` cases that came before it was in columns; return how many."""
    rows = await connection.fetch(
        "SELECT number, record FROM cases WHERE lead_unit IS NULL OR kind IS NULL LIMIT $1 FOR UPDATE",
        FILLED_AT_ONCE,
    )
    found = [opened(vault, row["number"], row["record"], known=False) for row in rows]
    await connection.executemany(
        "UPDATE cases SET lead_unit = $2, units = $3, kind = $4, class = $5, channel = $6, confidential = $7"
        " WHERE number = $1",
        [(case.number, case.lead_unit, list(case.units), *_lasting(case)) for case in found],
    )
    return len(found)


async def write_facts(connection: Connection, vault: Vault) -> int:
    """Write what figures need of up to ``FILLED_AT_ONCE`` cases that came before it was kept; return how many."""
    rows = await connection.fetch(
        "SELECT number, record FROM cases c WHERE NOT EXISTS (SELECT FROM case_facts f WHERE f.number = c.number) LIMIT $1",
        FILLED_AT_ONCE,
    )
    for row in rows:
        await facts.put(connection, opened(vault, row["number"], row["record"], known=False))
    return len(rows)


def opened(vault: Vault, number: str, record: bytes, *, known: bool) -> Case:
    """Return a case out of its sealed record; without ``known`` whatever tells who people are is masked."""
    return from_record(Case, open_record(vault, record, purpose=f"{_RECORD}:{number}", known=known))


def _row(vault: Vault, case: Case) -> tuple[Any, ...]:
    due = case.next_due()
    sealed = seal_record(vault, to_record(case), purpose=f"{_RECORD}:{case.number}")
    return (
        case.number, case.state.value, case.urgent, due and due.at, case.lead_unit, sealed, list(case.units)
    )  # fmt: skip


def _lasting(case: Case) -> tuple[Any, ...]:
    """Return what lists go by and no step changes."""
    return case.ticket["kind"], case.ticket["class"] or "", case.ticket["channel"], case.confidential
