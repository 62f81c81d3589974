"""The steps taken on cases; what their forms held is sealed, names and times are not."""

from collections.abc import Mapping, Sequence
from typing import Any

from dispatch_desk.store.facts import codes_of
from groundwork.database import Connection
from groundwork.identities import open_record, seal_record
from groundwork.vault import Vault
from hotline.casework import Step, Taken

_DATA = "desk.case_steps"


async def insert(connection: Connection, vault: Vault, number: str, taken: Taken) -> None:
    """Put a step on record."""
    await connection.execute(
        "INSERT INTO case_steps (number, step, unit, account_id, at, data, said)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7)",
        number,
        taken.step.value,
        taken.unit,
        taken.by,
        taken.at,
        seal_record(vault, dict(taken.data), purpose=f"{_DATA}:{number}"),
        codes_of(taken),
    )


async def of_case(connection: Connection, vault: Vault, number: str, *, known: bool) -> Sequence[Taken]:
    """Return the steps taken on a case, oldest first; without ``known`` people are masked."""
    rows = await connection.fetch(
        "SELECT step, unit, account_id, at, data FROM case_steps WHERE number = $1 ORDER BY id", number
    )
    return [_taken(vault, number, row, known=known) for row in rows]


async def of_cases(
    connection: Connection, vault: Vault, numbers: Sequence[str]
) -> Mapping[str, Sequence[Taken]]:
    """Return the steps taken on each of those cases, oldest first, people masked; without steps a case is left out."""
    rows = await connection.fetch(
        "SELECT number, step, unit, account_id, at, data FROM case_steps WHERE number = ANY($1) ORDER BY id",
        numbers,
    )
    found: dict[str, list[Taken]] = {}
    for row in rows:
        found.setdefault(row["number"], []).append(_taken(vault, row["number"], row, known=False))
    return found


def _taken(vault: Vault, number: str, row: Any, *, known: bool) -> Taken:
    return Taken(
        step=Step(row["step"]),
        at=row["at"],
        unit=row["unit"],
        by=row["account_id"],
        data=open_record(vault, row["data"], purpose=f"{_DATA}:{number}", known=known),
    )
