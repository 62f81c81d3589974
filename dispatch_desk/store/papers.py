"""Papers of the centre and of units; what they say is sealed, whose they are and how they stand is not."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from groundwork.database import Connection
from groundwork.identities import open_record, seal_record
from groundwork.vault import Vault
from hotline.analysis import Analysis
from hotline.records import from_record, to_record

_BODY, _SAID = "desk.papers", "desk.paper_steps"
DRAFT, APPROVED = "draft", "approved"


@dataclass(frozen=True, kw_only=True, slots=True)
class Chosen:
    """A typical case with the line that is told of it."""

    number: str
    says: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Body:
    """What a paper says."""

    words: dict[str, str] = field(default_factory=dict)  #: by ``hotline.vocabulary.CONTENTS``
    cases: tuple[Chosen, ...] = ()
    approver: str = ""
    figures: Analysis | None = None  #: as they were when it was approved; a draft's are reckoned anew


@dataclass(frozen=True, kw_only=True, slots=True)
class Paper:
    """A paper on record."""

    id: int
    rule: str
    period: str
    unit: str  #: whose it is; empty for the centre
    state: str
    account_id: int
    at: datetime
    body: Body


@dataclass(frozen=True, kw_only=True, slots=True)
class PaperStep:
    """What became of an approved paper."""

    step: str  #: sent, read, published, withdrawn
    account_id: int
    unit: str
    at: datetime
    said: str


async def insert(connection: Connection, vault: Vault, paper: Paper) -> int:
    """Write a new paper; return its id."""
    return int(
        await connection.fetchval(
            "INSERT INTO papers (rule, period, unit, state, account_id, at, body) VALUES ($1, $2, $3, $4, $5, $6, $7)"
            " RETURNING id",
            paper.rule, paper.period, paper.unit, paper.state, paper.account_id, paper.at, _sealed(vault, paper.body),
        )
    )  # fmt: skip


async def update(connection: Connection, vault: Vault, paper: Paper) -> None:
    """Replace a draft; what was approved stays as it is."""
    await connection.execute(
        "UPDATE papers SET state = $2, account_id = $3, at = $4, body = $5 WHERE id = $1 AND state = 'draft'",
        paper.id, paper.state, paper.account_id, paper.at, _sealed(vault, paper.body),
    )  # fmt: skip


async def find(connection: Connection, vault: Vault, id: int) -> Paper | None:
    """Return the paper with that id."""
    row = await connection.fetchrow("SELECT * FROM papers WHERE id = $1", id)
    return None if row is None else _paper(vault, row)


async def latest(connection: Connection, vault: Vault, *, limit: int) -> Sequence[Paper]:
    """Return the papers that were begun last, newest first."""
    rows = await connection.fetch("SELECT * FROM papers ORDER BY id DESC LIMIT $1", limit)
    return [_paper(vault, row) for row in rows]


async def seen_by(connection: Connection, vault: Vault, unit: str, *, limit: int) -> Sequence[Paper]:
    """Return a unit's own papers and what the centre approved and sent out, newest first."""
    rows = await connection.fetch(
        "SELECT * FROM papers p WHERE unit = $1 OR (unit = '' AND state = 'approved' AND EXISTS"
        " (SELECT FROM paper_steps s WHERE s.paper = p.id AND s.step = 'sent')) ORDER BY id DESC LIMIT $2",
        unit,
        limit,
    )
    return [_paper(vault, row) for row in rows]


async def approved(connection: Connection, unit: str, periods: Sequence[str]) -> frozenset[tuple[str, str]]:
    """Return rule and period of the papers of a unit, or of the centre, that were approved for one of ``periods``."""
    rows = await connection.fetch(
        "SELECT DISTINCT rule, period FROM papers WHERE unit = $1 AND state = 'approved' AND period = ANY($2)",
        unit,
        list(periods),
    )
    return frozenset((row["rule"], row["period"]) for row in rows)


async def steps_of(connection: Connection, vault: Vault, id: int) -> Sequence[PaperStep]:
    """Return what became of a paper, oldest first."""
    rows = await connection.fetch(
        "SELECT step, account_id, unit, at, said FROM paper_steps WHERE paper = $1 ORDER BY id", id
    )
    return [PaperStep(**{**dict(row), "said": vault.open_json(row["said"], purpose=_SAID)}) for row in rows]


async def add_step(connection: Connection, vault: Vault, id: int, step: PaperStep) -> None:
    """Note what became of a paper."""
    await connection.execute(
        "INSERT INTO paper_steps (paper, step, account_id, unit, at, said) VALUES ($1, $2, $3, $4, $5, $6)",
        id, step.step, step.account_id, step.unit, step.at, vault.seal_json(step.said, purpose=_SAID),
    )  # fmt: skip


async def known_cases(connection: Connection, numbers: Sequence[str], *, unit: str | None) -> frozenset[str]:
    """Return which of the numbers are cases; with ``unit`` given only those that it leads."""
    rows = await connection.fetch(
        "SELECT number FROM case_facts WHERE number = ANY($1) AND ($2::text IS NULL OR unit = $2)",
        list(numbers),
        unit,
    )
    return frozenset(row["number"] for row in rows)


def _paper(vault: Vault, row: Any) -> Paper:
    body = from_record(Body, open_record(vault, row["body"], purpose=_BODY, known=True))
    names = ("id", "rule", "period", "unit", "state", "account_id", "at")
    return Paper(**{name: row[name] for name in names}, body=body)


def _sealed(vault: Vault, body: Body) -> bytes:
    return seal_record(vault, to_record(body), purpose=_BODY)
