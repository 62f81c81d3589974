"""Who is on duty on which day: people of the units' files; who they are is sealed there."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from dispatch_desk.people import Person, Turn
from dispatch_desk.store.people import opened
from groundwork.database import Connection
from groundwork.vault import Vault

_PEOPLE = "SELECT r.day, p.id, p.unit, p.role, p.person, p.published FROM duty_roster r JOIN unit_people p ON p.id = r.person_id"


async def on_duty(connection: Connection, vault: Vault, day: date) -> Mapping[str, Sequence[Person]]:
    """Return whom each unit has on duty on ``day``, leaders first; a unit without a roster is not in it."""
    rows = await connection.fetch(f"{_PEOPLE} WHERE r.day = $1 ORDER BY p.role <> 'duty_leader', p.id", day)
    found = dict[str, list[Person]]()
    for row in rows:
        found.setdefault(row["unit"], []).append(opened(vault, row))
    return found


async def of_unit(
    connection: Connection, vault: Vault, unit: str, *, first: date, last: date
) -> Sequence[Turn]:
    """Return the turns of a unit's people from ``first`` to ``last``, in order."""
    rows = await connection.fetch(
        f"{_PEOPLE} WHERE p.unit = $1 AND r.day BETWEEN $2 AND $3 ORDER BY r.day, p.role <> 'duty_leader', p.id",
        unit,
        first,
        last,
    )
    return [Turn(day=row["day"], person=opened(vault, row)) for row in rows]


async def enter(connection: Connection, id: int, *, unit: str, days: Iterable[date]) -> bool:
    """Put somebody of a unit on duty on these days; ``False`` if nobody of that number is on its file."""
    known = await connection.fetchval("SELECT true FROM unit_people WHERE id = $1 AND unit = $2", id, unit)
    if not known:
        return False
    await connection.executemany(
        "INSERT INTO duty_roster (day, person_id) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        [(day, id) for day in days],
    )
    return True


async def remove(connection: Connection, id: int, *, unit: str, day: date) -> bool:
    """Take somebody of a unit off duty on that day."""
    gone = await connection.fetchval(
        "DELETE FROM duty_roster r USING unit_people p WHERE p.id = r.person_id AND p.id = $1 AND p.unit = $2"
        " AND r.day = $3 RETURNING true",
        id,
        unit,
        day,
    )
    return gone is not None
