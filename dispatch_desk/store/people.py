"""The people that units have on file: name and phone sealed, unit and role not."""

from collections.abc import Iterable
from datetime import datetime

import asyncpg

from dispatch_desk.people import Person
from groundwork.database import Connection
from groundwork.vault import Vault

_PERSON = "desk.unit_people"


async def filled(connection: Connection) -> dict[str, frozenset[str]]:
    """Return, by unit, the roles for which somebody is on file."""
    rows = await connection.fetch(
        "SELECT unit, array_agg(DISTINCT role) AS roles FROM unit_people GROUP BY unit"
    )
    return {row["unit"]: frozenset(row["roles"]) for row in rows}


async def of_unit(connection: Connection, vault: Vault, unit: str) -> list[Person]:
    """Return everybody a unit has on file, in the order in which they were entered."""
    rows = await connection.fetch(
        "SELECT id, unit, role, person, published FROM unit_people WHERE unit = $1 ORDER BY id", unit
    )
    return [opened(vault, row) for row in rows]


def opened(vault: Vault, row: asyncpg.Record) -> Person:
    """Return somebody out of a row of ``unit_people``."""
    known = vault.open_json(row["person"], purpose=_PERSON)
    return Person(id=row["id"], unit=row["unit"], role=row["role"], published=row["published"], **known)


async def published(connection: Connection, vault: Vault, role: str) -> list[Person]:
    """Return everybody of that role whose unit lets them be published, by unit."""
    rows = await connection.fetch(
        "SELECT id, unit, role, person, published FROM unit_people WHERE role = $1 AND published ORDER BY unit, id",
        role,
    )
    return [opened(vault, row) for row in rows]


async def put(connection: Connection, vault: Vault, people: Iterable[Person], *, at: datetime) -> set[str]:
    """Write people; who is there already, under the same unit, role and name, gets the new phone, and is published or not as said last.

    Return the units whose file changed.
    """
    changed = set()
    for person in people:
        sealed = vault.seal_json({"name": person.name, "phone": person.phone}, purpose=_PERSON)
        digest = vault.digest(f"{person.unit}\0{person.role}\0{person.name}", purpose=_PERSON)
        await connection.execute(
            "INSERT INTO unit_people (unit, role, person, digest, noted_at, published) VALUES ($1, $2, $3, $4, $5, $6)"
            " ON CONFLICT (unit, role, digest) DO UPDATE SET person = EXCLUDED.person, noted_at = EXCLUDED.noted_at,"
            " published = EXCLUDED.published",
            person.unit, person.role, sealed, digest, at, person.published,
        )  # fmt: skip
        changed.add(person.unit)
    return changed


async def remove(connection: Connection, id: int, *, unit: str) -> bool:
    """Take somebody off a unit's file; nothing of them is kept."""
    gone = await connection.fetchval(
        "DELETE FROM unit_people WHERE id = $1 AND unit = $2 RETURNING id", id, unit
    )
    return gone is not None
