"""What went up to leaders by itself: which matter of which case, as whom they are told, when; each once."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from dispatch_desk.cases import Case
from dispatch_desk.store.cases import opened
from groundwork.database import Connection
from groundwork.vault import Vault


@dataclass(frozen=True, kw_only=True, slots=True)
class GoneUp:
    """One matter of a case that went up."""

    number: str
    matter: str  #: the rule's id and, after a colon, the item's
    told: tuple[str, ...]  #: as rules of the desk name them
    at: datetime


async def note(connection: Connection, one: GoneUp) -> bool:
    """Note that a matter went up; ``False`` if it did before."""
    done = await connection.execute(
        "INSERT INTO gone_up (number, matter, told, at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
        one.number, one.matter, list(one.told), one.at,
    )  # fmt: skip
    return bool(done.endswith(" 1"))


async def of_case(connection: Connection, number: str) -> Sequence[GoneUp]:
    """Return what went up of a case, the first one first."""
    rows = await connection.fetch(
        "SELECT number, matter, told, at FROM gone_up WHERE number = $1 ORDER BY at, matter", number
    )
    return [_gone_up(row) for row in rows]


async def latest(
    connection: Connection, vault: Vault, *, told: Collection[str], leads: Collection[str] | None, limit: int
) -> Sequence[tuple[Case, Sequence[GoneUp]]]:
    """Return open cases of which something went up to one of ``told``, what went up last on top; people masked.

    With ``leads`` given only those for which one of these units answers.
    """
    rows = await connection.fetch(
        "SELECT c.number, c.record FROM (SELECT number, max(at) AS at FROM gone_up WHERE told && $1 GROUP BY number) g"
        " JOIN cases c USING (number) WHERE c.state <> 'closed' AND ($2::text[] IS NULL OR c.lead_unit = ANY($2))"
        " ORDER BY g.at DESC, c.number LIMIT $3",
        list(told), leads if leads is None else list(leads), limit,
    )  # fmt: skip
    found = await connection.fetch(
        "SELECT number, matter, told, at FROM gone_up WHERE number = ANY($1) ORDER BY at, matter",
        [row["number"] for row in rows],
    )
    gone = [_gone_up(row) for row in found]
    cases = [opened(vault, row["number"], row["record"], known=False) for row in rows]
    return [(case, [one for one in gone if one.number == case.number]) for case in cases]


def _gone_up(row: asyncpg.Record) -> GoneUp:
    return GoneUp(number=row["number"], matter=row["matter"], told=tuple(row["told"]), at=row["at"])
