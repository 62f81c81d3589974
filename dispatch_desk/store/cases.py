"""Cases and their history; what tickets say is sealed, only what lists sort by is not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dispatch_desk.cases import Case
from groundwork.database import Connection
from groundwork.identities import open_record, seal_record
from groundwork.vault import Vault
from hotline.events import Event
from hotline.records import from_record, to_record

_RECORD, _EVENT = "desk.cases", "desk.case_events"

VIEWS: Mapping[str, str] = {
    "all": "true",
    "unsigned": "state = 'received'",
    "today": "due_at >= $1 AND due_at < $2",
    "late": "due_at < $1",
}
_ALARM = "(urgent AND state = 'received')"
#: The index ``cases_in_order`` has the same words.
_ORDER = (
    f"{_ALARM} DESC, (CASE WHEN {_ALARM} THEN received_at END) DESC NULLS LAST, due_at NULLS LAST, number"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Happening:
    """One line of a case's history."""

    name: str
    at: datetime
    said_here: bool
    data: Mapping[str, Any]


async def insert(connection: Connection, vault: Vault, case: Case) -> bool:
    """Write a new case; ``False`` if its number is here already."""
    return bool(
        await connection.fetchval(
            "INSERT INTO cases (number, state, urgent, due_at, lead_unit, record, received_at)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (number) DO NOTHING RETURNING true",
            *_row(vault, case),
            case.received_at,
        )
    )


async def update(connection: Connection, vault: Vault, case: Case) -> None:
    """Replace the case of that number."""
    await connection.execute(
        "UPDATE cases SET state = $2, urgent = $3, due_at = $4, lead_unit = $5, record = $6 WHERE number = $1",
        *_row(vault, case),
    )


async def find(connection: Connection, vault: Vault, number: str, *, known: bool) -> Case | None:
    """Return the case with that number; without ``known`` whatever tells who people are is masked."""
    record = await connection.fetchval("SELECT record FROM cases WHERE number = $1", number)
    return None if record is None else opened(vault, number, record, known=known)


async def page(
    connection: Connection,
    vault: Vault,
    view: str,
    *,
    now: datetime,
    tomorrow: datetime,
    unit: str | None,
    limit: int,
    offset: int,
) -> list[Case]:
    """Return the cases of one of ``VIEWS``: unsigned danger first, the newest on top; then what is due first."""
    # Not every view names both moments; the comparison gives them a type in those that do not.
    rows = await connection.fetch(
        f"SELECT number, record FROM cases WHERE ({VIEWS[view]})"  # noqa: S608 - a constant of ours
        " AND $1::timestamptz < $2::timestamptz AND ($3::text IS NULL OR lead_unit = $3)"
        f" ORDER BY {_ORDER} LIMIT $4 OFFSET $5",
        now,
        tomorrow,
        unit,
        limit,
        offset,
    )
    return [opened(vault, row["number"], row["record"], known=False) for row in rows]


async def counts(
    connection: Connection, *, now: datetime, tomorrow: datetime, unit: str | None
) -> dict[str, int]:
    """Return how many cases each of ``VIEWS`` holds."""
    columns = ", ".join(f'count(*) FILTER (WHERE {where}) AS "{name}"' for name, where in VIEWS.items())
    row = await connection.fetchrow(
        f"SELECT {columns} FROM cases WHERE $1::timestamptz < $2::timestamptz"  # noqa: S608 - ours
        " AND ($3::text IS NULL OR lead_unit = $3)",
        now,
        tomorrow,
        unit,
    )
    return dict(row) if row else dict.fromkeys(VIEWS, 0)


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


async def name_units(connection: Connection, vault: Vault) -> int:
    """Fill the unit of cases that came before it was a column; return how many there were."""
    rows = await connection.fetch("SELECT number, record FROM cases WHERE lead_unit IS NULL FOR UPDATE")
    found = [
        (row["number"], opened(vault, row["number"], row["record"], known=False).lead_unit) for row in rows
    ]
    await connection.executemany("UPDATE cases SET lead_unit = $2 WHERE number = $1", found)
    return len(found)


def _row(vault: Vault, case: Case) -> tuple[Any, ...]:
    due = case.next_due()
    sealed = seal_record(vault, to_record(case), purpose=f"{_RECORD}:{case.number}")
    return case.number, case.state.value, case.urgent, due and due.at, case.lead_unit, sealed


def opened(vault: Vault, number: str, record: bytes, *, known: bool) -> Case:
    """Return the case in a sealed record; without ``known`` people are masked."""
    return from_record(Case, open_record(vault, record, purpose=f"{_RECORD}:{number}", known=known))
