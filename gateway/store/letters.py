"""The ledger of the mailbox: every letter under its number, whatever became of it."""

from groundwork.database import Connection, Pool, storage_errors
from groundwork.vault import Vault
from hotline.conversation import Letter
from hotline.message import InboundMessage
from hotline.records import from_record, to_record

BODY, CODE = "letters.body", "letters.query_code"


class Letters:
    """Letters on record, kept beside the tickets that some of them became."""

    def __init__(self, pool: Pool, vault: Vault, *, city: str) -> None:
        self._pool, self._vault, self._city = pool, vault, city

    async def enter(
        self, connection: Connection, message_id: int, message: InboundMessage, letter: Letter
    ) -> None:
        """Write ``letter`` into the ledger, or what has become of it since, in the caller's transaction."""
        number, code = letter.identity.number, letter.identity.query_code
        await connection.execute(
            "INSERT INTO letters (number, city, message_id, conversation, outcome, received_at, query_code,"
            " code_digest, body) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
            " ON CONFLICT (number) DO UPDATE SET outcome = excluded.outcome",
            number,
            self._city,
            message_id,
            message.conversation,
            letter.outcome,
            message.received_at,
            self._vault.seal(code.encode(), purpose=CODE),
            self._vault.digest(f"{number}:{code}", purpose="tickets.code"),
            self._vault.seal_json(to_record(letter), purpose=BODY),
        )

    async def of_message(self, key: str) -> Letter | None:
        """Return the letter that came under ``key``, or ``None`` while it is not settled."""
        digest = self._vault.digest(key, purpose="messages.key")
        async with storage_errors(), self._pool.acquire() as connection:
            sealed = await connection.fetchval(
                "SELECT l.body FROM letters l JOIN messages m ON m.id = l.message_id WHERE m.key_digest = $1",
                digest,
            )
        return None if sealed is None else from_record(Letter, self._vault.open_json(sealed, purpose=BODY))
