"""Open cases that may call for supervision, warnings of due moments, and what stands in ledgers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from dispatch_desk.cases import Case
from dispatch_desk.store.cases import opened
from dispatch_desk.store.steps import of_cases
from groundwork.database import Connection
from groundwork.vault import Vault
from hotline.casework import Step, Taken

#: Steps after which a case may call for something.
TELLING = (
    Step.URGE, Step.RATE, Step.FOLLOW_UP, Step.HOLD_REPLY, Step.ASK_RETURN, Step.REFUSE_RETURN, Step.INSTRUCT,
    Step.SUPERVISE, Step.GRANT_EXTENSION,
)  # fmt: skip
LOOKED_BACK = timedelta(days=180)


@dataclass(frozen=True, kw_only=True, slots=True)
class Warned:
    """A due moment of a case that somebody on duty was warned of."""

    number: str
    what: str
    due_at: datetime
    phase: str  #: before or after
    unit: str
    at: datetime


async def candidates(
    connection: Connection, vault: Vault, *, now: datetime, limit: int
) -> Sequence[tuple[Case, Sequence[Taken]]]:
    """Return open cases that are overdue, had a telling step, or came last: at most ``limit`` of each; people masked."""
    rows = await connection.fetch(
        "SELECT number, record FROM cases WHERE state <> 'closed' AND number IN ("
        " (SELECT number FROM cases WHERE state <> 'closed' AND due_at < $1 ORDER BY due_at, number LIMIT $3)"
        " UNION (SELECT number FROM case_steps WHERE at > $2 AND step = ANY($4) ORDER BY at DESC LIMIT $3)"
        " UNION (SELECT number FROM cases WHERE state <> 'closed' ORDER BY received_at DESC LIMIT $3))"
        " ORDER BY due_at NULLS LAST, number",
        now,
        now - LOOKED_BACK,
        limit,
        [step.value for step in TELLING],
    )
    found = [opened(vault, row["number"], row["record"], known=False) for row in rows]
    taken = await of_cases(connection, vault, [case.number for case in found])
    return [(case, taken.get(case.number, ())) for case in found]


async def unwarned(
    connection: Connection, vault: Vault, *, now: datetime, until: datetime, limit: int
) -> list[Case]:
    """Return open cases whose next moment is before ``until`` and whose warning of it may be owed, the earliest first."""
    rows = await connection.fetch(
        "SELECT number, record FROM cases c WHERE state <> 'closed' AND due_at < $1 AND NOT EXISTS (SELECT FROM due_warnings w"
        " WHERE w.number = c.number AND w.due_at = c.due_at AND (w.phase = 'after' OR c.due_at >= $2)) ORDER BY due_at, number LIMIT $3",
        until,
        now,
        limit,
    )
    return [opened(vault, row["number"], row["record"], known=False) for row in rows]


async def warn(connection: Connection, warned: Warned) -> bool:
    """Note a warning; ``False`` if it was noted before."""
    done = await connection.execute(
        "INSERT INTO due_warnings (number, what, due_at, phase, unit, at) VALUES ($1, $2, $3, $4, $5, $6)"
        " ON CONFLICT DO NOTHING",
        warned.number, warned.what, warned.due_at, warned.phase, warned.unit, warned.at,
    )  # fmt: skip
    return bool(done.endswith(" 1"))


async def warnings(connection: Connection, *, limit: int) -> list[Warned]:
    """Return the latest warnings whose moment is still the case's next one, newest first."""
    rows = await connection.fetch(
        "SELECT w.number, w.what, w.due_at, w.phase, w.unit, w.at FROM due_warnings w JOIN cases c"
        " ON c.number = w.number AND c.due_at = w.due_at WHERE c.state <> 'closed' ORDER BY w.at DESC, w.number LIMIT $1",
        limit,
    )
    return [Warned(**row) for row in rows]
