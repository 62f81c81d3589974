"""What figures need of cases, in the clear: dates, kinds and codes, no words; nothing sealed is opened for them."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from dispatch_desk.cases import Case
from groundwork.database import Connection
from hotline.analysis import DIMENSIONS, Counts
from hotline.casework import Step, Taken
from hotline.figures import CaseFacts
from hotline.periods import Period

_LIMITS = ("sign", "contact", "finish")  #: whose moments figures ask for
#: What of a step's form is a code out of a closed list, by step; everything else may hold words.
_CODES: Mapping[Step, tuple[str, ...]] = {
    Step.RATE: ("satisfaction", "solved"),
    Step.FOLLOW_UP: ("satisfaction", "solved", "result"),
    Step.SET_RATING_ASIDE: ("result",),
    Step.INSTRUCT: ("leader", "given_on"),
    Step.LEDGER: ("category",),
    Step.REPORT_UP: ("category",),
}
_CODE = re.compile(r"[a-z0-9_:-]{1,120}")
_CONCERNED = """
    SELECT number FROM case_facts WHERE filed_at >= $1 AND filed_at < $2
    UNION SELECT number FROM case_facts WHERE sign_at >= $1 AND sign_at < $2
    UNION SELECT number FROM case_facts WHERE contact_at >= $1 AND contact_at < $2
    UNION SELECT number FROM case_facts WHERE finish_at >= $1 AND finish_at < $2
    UNION SELECT number FROM case_steps WHERE at >= $1 AND at < $2 AND step = ANY($4)
"""
#: Steps by which a case stands in a period, whenever it was filed.
_BY_STEP = (
    Step.REPLY, Step.RATE, Step.FOLLOW_UP, Step.LEDGER, Step.REPORT_UP, Step.HAND_OVER, Step.INSTRUCT,
)  # fmt: skip
_COUNTED = """
    SELECT kind, unit, area, topic, channel, count(*) AS number FROM case_facts
    WHERE filed_at >= $1 AND filed_at < $2 AND ($3::text IS NULL OR unit = $3) GROUP BY kind, unit, area, topic, channel
"""
_INSTRUCTED = """
    SELECT * FROM case_facts WHERE number IN (SELECT number FROM case_steps WHERE step = $3 AND at >= $1 AND at < $2)
    ORDER BY number
"""


async def put(connection: Connection, case: Case) -> None:
    """Write what figures need of a case, or write it anew."""
    dues = {due.what: due.at for due in case.dues}
    await connection.execute(
        "INSERT INTO case_facts (number, kind, class, channel, assignment, unit, filed_at, sign_at, contact_at, finish_at,"
        " area, topic, related) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) ON CONFLICT (number) DO UPDATE SET kind = EXCLUDED.kind,"
        " class = EXCLUDED.class, assignment = EXCLUDED.assignment, unit = EXCLUDED.unit,"
        " sign_at = EXCLUDED.sign_at, contact_at = EXCLUDED.contact_at, finish_at = EXCLUDED.finish_at,"
        " area = EXCLUDED.area, topic = EXCLUDED.topic, related = EXCLUDED.related",
        case.number, case.ticket["kind"], case.ticket["class"], case.ticket["channel"], case.assignment, case.lead_unit,
        case.filed_at, *(dues.get(what) for what in _LIMITS), case.area, case.topic, list(case.ticket["related"]),
    )  # fmt: skip


def codes_of(taken: Taken) -> list[str]:
    """Return what a step says in codes, as ``case_steps.said`` holds it."""
    found = ((key, taken.data.get(key, "")) for key in _CODES.get(taken.step, ()))
    return [f"{key}={value}" for key, value in found if _CODE.fullmatch(value)]


async def of_period(
    connection: Connection, period: Period, *, unit: str | None = None
) -> Sequence[CaseFacts]:
    """Return the cases that any figure of ``period`` may ask about; with ``unit`` given only those that it leads."""
    rows = await connection.fetch(
        f"SELECT f.* FROM case_facts f JOIN ({_CONCERNED}) c USING (number)"  # noqa: S608 - a constant of ours
        " WHERE $3::text IS NULL OR f.unit = $3 ORDER BY f.number",
        period.first, period.end, unit, [step.value for step in _BY_STEP],
    )  # fmt: skip
    return await _with_steps(connection, rows)


async def counted(connection: Connection, period: Period, *, unit: str | None = None) -> Counts:
    """Return how many cases were filed in ``period`` of each sort, by ``hotline.analysis.DIMENSIONS``."""
    rows = await connection.fetch(_COUNTED, period.first, period.end, unit)
    return {tuple(row[name] for name in DIMENSIONS): row["number"] for row in rows}


async def instructed(connection: Connection, *, first: datetime, until: datetime) -> Sequence[CaseFacts]:
    """Return the cases on which a leader's words were recorded from ``first`` to before ``until``."""
    rows = await connection.fetch(_INSTRUCTED, first, until, Step.INSTRUCT.value)
    return await _with_steps(connection, rows)


async def _with_steps(connection: Connection, rows: Sequence[Any]) -> Sequence[CaseFacts]:
    taken = await connection.fetch(
        "SELECT number, step, unit, account_id, at, said FROM case_steps WHERE number = ANY($1::text[]) ORDER BY id",
        [row["number"] for row in rows],
    )
    steps: dict[str, list[Taken]] = {}
    for row in taken:
        steps.setdefault(row["number"], []).append(_taken(row))
    return [_facts(row, steps.get(row["number"], ())) for row in rows]


def _facts(row: Any, steps: Sequence[Taken]) -> CaseFacts:
    return CaseFacts(
        number=row["number"],
        kind=row["kind"],
        ticket_class=row["class"],
        channel=row["channel"],
        assignment=row["assignment"],
        unit=row["unit"],
        filed_at=row["filed_at"],
        dues={what: row[f"{what}_at"] for what in _LIMITS if row[f"{what}_at"] is not None},
        steps=tuple(steps),
        area=row["area"],
        topic=row["topic"],
        related=tuple(row["related"]),
    )


def _taken(row: Any) -> Taken:
    said = dict(code.split("=", 1) for code in row["said"])
    return Taken(step=Step(row["step"]), at=row["at"], unit=row["unit"], by=row["account_id"], data=said)
