"""The duty board's figures: what is overdue, due today, and danger that nobody signed, by the unit that leads."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from groundwork.database import Connection

FIRST = 3  #: cases that a line names
_LINES = """
SELECT lead_unit AS unit, count(*) FILTER (WHERE alarm) AS alarms, count(*) FILTER (WHERE due_at < $1) AS late,
       count(*) FILTER (WHERE due_at >= $1 AND due_at < $2) AS today,
       (array_agg(number ORDER BY place, number))[1:$3] AS first
FROM (
    SELECT lead_unit, number, place, due_at, false AS alarm FROM cases WHERE due_at < $2 AND place >= 0
    UNION ALL
    SELECT lead_unit, number, place, due_at, true FROM cases WHERE place < 0
) AS pressing
WHERE $4::text IS NULL OR lead_unit = $4
GROUP BY lead_unit ORDER BY min(place)
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """What presses one unit."""

    unit: str
    alarms: int  #: danger that nobody signed
    late: int
    today: int  #: due before midnight, not late
    first: Sequence[str]  #: the numbers of what presses most


async def lines(
    connection: Connection, *, now: datetime, tomorrow: datetime, scope: str | None
) -> Sequence[Line]:
    """Return the units that something presses, those it presses most first; with ``scope`` only that one."""
    rows = await connection.fetch(_LINES, now, tomorrow, FIRST, scope)
    return [Line(**row) for row in rows]
