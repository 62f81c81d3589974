"""What dispatchers corrected: tickets that were given to another unit than the one proposed."""

import asyncpg

from bots.unit_learning import Past
from gateway.store.sealed import DATA, TICKET
from groundwork.database import Pool, storage_errors
from groundwork.identities import open_record
from groundwork.vault import Vault
from hotline.citypack import CityPack
from hotline.dispatching import cleaned_unit
from hotline.records import from_record
from hotline.redaction import redact
from hotline.ticket import Ticket

REASSIGNED = "reassigned"


async def corrections(pool: Pool, vault: Vault, pack: CityPack) -> tuple[Past, ...]:
    """Return each ticket that was reassigned, with the unit that it came to last, oldest first.

    Names and numbers are masked; what somebody asked to keep confidential is not learnt from.
    """
    async with storage_errors(), pool.acquire() as connection:
        rows = await connection.fetch(
            "SELECT DISTINCT ON (t.filed_at, t.number) t.body, e.data FROM ticket_events e"
            " JOIN tickets t ON t.number = e.number WHERE e.name = $1 AND t.city = $2"
            " ORDER BY t.filed_at, t.number, e.at DESC, e.id DESC",
            REASSIGNED,
            pack.code,
        )
    return tuple(one for row in rows if (one := _correction(row, vault, pack)) is not None)


def _correction(row: asyncpg.Record, vault: Vault, pack: CityPack) -> Past | None:
    data = open_record(vault, row["data"], purpose=DATA, known=False)
    unit = data.get("unit")
    ticket = from_record(Ticket, open_record(vault, row["body"], purpose=TICKET, known=False))
    if ticket.contact.confidential or not isinstance(unit, str) or not unit.strip():
        return None
    text = redact(ticket.text, pack.finder)
    return Past(text=text, unit=cleaned_unit(pack, unit), at=ticket.filed_at)
