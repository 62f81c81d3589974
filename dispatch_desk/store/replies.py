"""Replies as units entered them; their words and findings are sealed, only their outcome is not.

They are opened whole: what a unit wrote itself is not masked from it, or it could not mend it.
"""

from datetime import datetime

from dispatch_desk.replying import Draft, Outcome, Reply
from groundwork.database import Connection
from groundwork.identities import open_record, seal_record
from groundwork.vault import Vault
from hotline.records import from_record, to_record

_DRAFT = "desk.replies"


async def insert(
    connection: Connection, vault: Vault, number: str, draft: Draft, outcome: Outcome, *, at: datetime
) -> None:
    """Put a reply on record."""
    await connection.execute(
        "INSERT INTO replies (number, outcome, draft, written_at) VALUES ($1, $2, $3, $4)",
        number,
        outcome.value,
        _sealed(vault, number, draft),
        at,
    )


async def latest(connection: Connection, vault: Vault, number: str) -> Reply | None:
    """Return the last reply to a case."""
    row = await connection.fetchrow(
        "SELECT id, outcome, draft, written_at FROM replies WHERE number = $1 ORDER BY id DESC LIMIT 1",
        number,
    )
    if row is None:
        return None
    record = open_record(vault, row["draft"], purpose=f"{_DRAFT}:{number}", known=True)
    return Reply(
        id=row["id"],
        outcome=Outcome(row["outcome"]),
        at=row["written_at"],
        draft=from_record(Draft, record),
    )


async def overrule(connection: Connection, vault: Vault, number: str, id: int, draft: Draft) -> None:
    """Note that a held reply was sent all the same, with the reason in ``draft``."""
    await connection.execute(
        "UPDATE replies SET outcome = $2, draft = $3 WHERE id = $1",
        id,
        Outcome.OVERRULED.value,
        _sealed(vault, number, draft),
    )


async def counts(connection: Connection) -> dict[str, int]:
    """Return how many replies there are of each outcome."""
    rows = await connection.fetch("SELECT outcome, count(*) AS n FROM replies GROUP BY outcome")
    return dict.fromkeys(Outcome, 0) | {Outcome(row["outcome"]): row["n"] for row in rows}


def _sealed(vault: Vault, number: str, draft: Draft) -> bytes:
    return seal_record(vault, to_record(draft), purpose=f"{_DRAFT}:{number}")
