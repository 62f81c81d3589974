"""Cases gathered by what was done to them, by the way they came, or by their end; each with its steps, people masked."""

from collections.abc import Sequence
from typing import Any

from dispatch_desk.cases import Case
from dispatch_desk.store.cases import opened
from dispatch_desk.store.steps import of_cases
from groundwork.database import Connection
from groundwork.vault import Vault
from hotline.casework import Step, Taken
from hotline.periods import Period

Gathered = Sequence[tuple[Case, Sequence[Taken]]]


async def with_steps(
    connection: Connection, vault: Vault, steps: Sequence[Step], *, limit: int, period: Period | None = None,
    unit: str | None = None,
) -> Gathered:  # fmt: skip
    """Return the cases on which one of ``steps`` was taken last, the newest first.

    With ``period`` given only those where that was in it, with ``unit`` those that it leads.
    """
    rows = await connection.fetch(
        "SELECT c.number, c.record FROM cases c JOIN (SELECT found.number, max(found.at) AS at"
        " FROM unnest($1::text[]) AS wanted (step) CROSS JOIN LATERAL (SELECT s.number, s.at FROM case_steps s"
        " WHERE s.step = wanted.step AND ($3::timestamptz IS NULL OR s.at >= $3) AND ($4::timestamptz IS NULL OR s.at < $4)"
        " AND ($5::text IS NULL OR EXISTS (SELECT FROM cases o WHERE o.number = s.number AND o.lead_unit = $5))"
        " ORDER BY s.at DESC LIMIT $2) AS found GROUP BY found.number ORDER BY max(found.at) DESC LIMIT $2) AS l"
        " ON l.number = c.number ORDER BY l.at DESC, c.number",
        [step.value for step in steps], limit, period and period.first, period and period.end, unit,
    )  # fmt: skip
    return await _with_steps(connection, vault, rows)


async def of_channels(
    connection: Connection, vault: Vault, channels: Sequence[str], period: Period, *, limit: int
) -> Gathered:
    """Return the cases that came by one of ``channels`` and were filed in ``period``, the first one first."""
    rows = await connection.fetch(
        "SELECT c.number, c.record FROM cases c JOIN case_facts f ON f.number = c.number WHERE f.channel = ANY($1)"
        " AND f.filed_at >= $2 AND f.filed_at < $3 ORDER BY f.filed_at, c.number LIMIT $4",
        channels, period.first, period.end, limit,
    )  # fmt: skip
    return await _with_steps(connection, vault, rows)


async def _with_steps(connection: Connection, vault: Vault, rows: Sequence[Any]) -> Gathered:
    found = [opened(vault, row["number"], row["record"], known=False) for row in rows]
    taken = await of_cases(connection, vault, [case.number for case in found])
    return [(case, taken.get(case.number, ())) for case in found]
