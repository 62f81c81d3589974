"""Refusals that a person was asked to look at again, and what units made of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway.store.sealed import TICKET
from groundwork.database import Pool, storage_errors
from groundwork.identities import open_record
from groundwork.vault import Vault
from hotline.records import from_record
from hotline.ticket import Ticket

_OPEN, _SENT_BACK = frozenset({"filed", "urged", "supplemented"}), frozenset({"returned", "withdrawn"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Reviewed:
    """A refusal that became a ticket; ``taken_up`` is ``None`` until a unit signed it or sent it back."""

    number: str
    rule: str  #: id of the scope rule
    text: str  #: with every identity masked
    filed_at: datetime
    taken_up: bool | None


async def reviewed(pool: Pool, vault: Vault, *, city: str) -> Sequence[Reviewed]:
    """Return them, oldest first; confidential ones are left out."""
    async with storage_errors(), pool.acquire() as connection:
        rows = await connection.fetch(
            "SELECT number, refused_by, body, filed_at, state FROM tickets"
            " WHERE city = $1 AND refused_by IS NOT NULL AND NOT confidential ORDER BY filed_at, number",
            city,
        )
    found = []
    for row in rows:
        ticket = from_record(Ticket, open_record(vault, row["body"], purpose=TICKET, known=False))
        state = row["state"]
        taken_up = None if state in _OPEN else state not in _SENT_BACK
        found.append(
            Reviewed(number=row["number"], rule=row["refused_by"], text=ticket.text, filed_at=row["filed_at"], taken_up=taken_up)
        )  # fmt: skip
    return found
