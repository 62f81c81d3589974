"""What is known about the files that citizens sent; the files themselves lie encrypted in ``FILES_DIR``."""

from collections.abc import Sequence

from groundwork.clock import Clock
from groundwork.database import Connection
from groundwork.outbox import Owed, owe
from groundwork.vault import Vault
from hotline.message import InboundMessage, Media

NAME, REFERENCE = "attachments.name", "attachments.reference"
FETCH = "fetch"  #: kind of the effect owed for what still lies with a platform


class Attachments:
    """Attachments on record."""

    def __init__(self, vault: Vault, *, clock: Clock) -> None:
        self._vault, self._clock = vault, clock

    async def named(self, connection: Connection, message_id: int, message: InboundMessage) -> None:
        """Tie the attachments that ``message`` names to it and owe the fetching of those still elsewhere."""
        if not message.attachments:
            return
        await self._await(connection, message.sender, message.media)
        await connection.execute(
            "UPDATE attachments SET message_id = $1 WHERE id = ANY($2) AND message_id IS NULL",
            message_id,
            list(message.attachments),
        )
        owed = [
            Owed(key=f"{message.key}:{one.id}", lane=f"file:{one.id}", kind=FETCH,
                 body={"attachment": one.id, "channel": message.channel})
            for one in message.media
        ]  # fmt: skip
        await owe(connection, self._vault, owed, clock=self._clock)

    async def _await(self, connection: Connection, owner: str, media: Sequence[Media]) -> None:
        await connection.executemany(
            "INSERT INTO attachments (id, owner, name, type, size, digest, state, reference, made_at)"
            " VALUES ($1, $2, $3, '', 0, '', 'awaited', $4, $5) ON CONFLICT (id) DO NOTHING",
            [
                (
                    one.id,
                    owner,
                    self._vault.seal(one.name.encode(), purpose=NAME),
                    self._vault.seal(one.reference.encode(), purpose=REFERENCE),
                    self._clock(),
                )
                for one in media
            ],
        )
