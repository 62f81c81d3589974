"""Events as they came: each is kept once, and waits until its case is there."""

from datetime import datetime

from groundwork.database import Connection
from groundwork.identities import open_record, seal_record
from groundwork.vault import Vault
from hotline.events import Event
from hotline.records import from_record, to_record

_PURPOSE = "desk.events"


async def keep(connection: Connection, vault: Vault, event: Event, *, at: datetime) -> bool:
    """Store ``event``; ``False`` if it was already here."""
    key = vault.digest(f"{event.source}\n{event.id}\n{event.subject}", purpose=_PURPOSE)
    return bool(
        await connection.fetchval(
            "INSERT INTO events_received (key_digest, name, subject, sequence, body, received_at)"
            " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (key_digest) DO NOTHING RETURNING true",
            key,
            event.name,
            event.subject,
            event.sequence,
            seal_record(vault, to_record(event), purpose=_PURPOSE),
            at,
        )
    )


async def take_waiting(connection: Connection, vault: Vault, number: str, *, at: datetime) -> list[Event]:
    """Return the events of ``number`` that have not been applied, in their order, and mark them applied."""
    rows = await connection.fetch(
        "UPDATE events_received SET applied_at = $2 WHERE subject = $1 AND applied_at IS NULL"
        " RETURNING id, sequence, body",
        number,
        at,
    )
    ordered = sorted(rows, key=lambda row: (row["sequence"], row["id"]))
    opened = (open_record(vault, row["body"], purpose=_PURPOSE, known=True) for row in ordered)
    return [from_record(Event, one) for one in opened]
