"""What is on record of a message, asked while things go wrong."""

from typing import Literal

import asyncpg

from groundwork.database import DATABASE_ERRORS
from groundwork.vault import Vault

WITHIN = 2.0

State = Literal["unknown", "absent", "pending", "settled"]


class Record:
    """Looks into the database as an operator would."""

    def __init__(self, url: str, vault: Vault) -> None:
        self._url, self._vault = url, vault

    async def state(self, key: str) -> State:
        """Return where the message of that key stands; ``unknown`` while the database does not answer."""
        digest = self._vault.digest(key, purpose="messages.key")
        try:
            connection = await asyncpg.connect(self._url, timeout=WITHIN, command_timeout=WITHIN)
        except DATABASE_ERRORS:
            return "unknown"
        try:
            row = await connection.fetchrow(
                "SELECT settled_at IS NOT NULL AS settled FROM messages WHERE key_digest = $1", digest
            )
        except DATABASE_ERRORS:
            return "unknown"
        finally:
            connection.terminate()
        if row is None:
            return "absent"
        return "settled" if row["settled"] else "pending"
