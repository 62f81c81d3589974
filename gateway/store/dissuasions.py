"""When somebody was talked out of misconduct in the chat; without a word of what was said, and without who it was."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from groundwork.database import Connection, Pool, storage_errors
from hotline.effects import NoteDissuasion


@dataclass(frozen=True, kw_only=True, slots=True)
class Dissuasion:
    """One entry of the record."""

    message: int  #: id of the message, sealed, in which it was said
    at: datetime
    channel: str
    misconduct: str  #: id of the city's rule
    tickets: tuple[str, ...]  #: numbers of the same conversation, by then


class Dissuasions:
    """The record that some cities' texts order."""

    def __init__(self, pool: Pool, *, city: str) -> None:
        self._pool, self._city = pool, city

    async def latest(self, *, limit: int) -> Sequence[Dissuasion]:
        """Return the last ``limit`` entries, newest first."""
        async with storage_errors(), self._pool.acquire() as connection:
            rows = await connection.fetch(
                "SELECT d.message_id, d.at, m.channel, d.misconduct, d.tickets FROM dissuasions d"
                " JOIN messages m ON m.id = d.message_id WHERE d.city = $1 ORDER BY d.at DESC, d.message_id DESC LIMIT $2",
                self._city,
                limit,
            )
        return [
            Dissuasion(
                message=row["message_id"],
                at=row["at"],
                channel=row["channel"],
                misconduct=row["misconduct"],
                tickets=tuple(row["tickets"]),
            )
            for row in rows
        ]


async def note(connection: Connection, message: int, city: str, effect: NoteDissuasion) -> None:
    """Write what happened in the message of that id, in the transaction that settles it."""
    await connection.execute(
        "INSERT INTO dissuasions (message_id, city, at, misconduct, tickets) VALUES ($1, $2, $3, $4, $5)",
        message,
        city,
        effect.at,
        effect.misconduct,
        list(effect.tickets),
    )
