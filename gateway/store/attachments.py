"""What is known about the files that citizens sent; the files themselves lie encrypted in ``FILES_DIR``."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeAlias

import asyncpg

from channels.base import StagedFile, StoredFile
from groundwork.clock import Clock
from groundwork.database import Connection, Pool, lock, storage_errors
from groundwork.outbox import Owed, owe
from groundwork.vault import Vault
from hotline.message import InboundMessage, Media

NAME, REFERENCE = "attachments.name", "attachments.reference"
FETCH = "fetch"  #: kind of the effect owed for what still lies with a platform
UNNAMED_FOR = timedelta(days=1)  #: how long a file waits for the message that it belongs to
OF_ARTICLES = "article:"  #: begins the owner of a file that an editor put into an article
KEPT, AWAITED = "kept", "awaited"

Settles: TypeAlias = Callable[[], Awaitable[None]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Awaited:
    """An attachment that still lies with its platform."""

    reference: str
    name: str


def owner_of_article(article_id: str) -> str:
    """Return whom the files of an article are kept for; no citizen's pseudonym looks like it."""
    return f"{OF_ARTICLES}{article_id}"


class Attachments:
    """Attachments on record."""

    def __init__(self, pool: Pool, vault: Vault, *, clock: Clock) -> None:
        self._pool, self._vault, self._clock = pool, vault, clock

    async def put(self, id: str, owner: str, staged: StagedFile, settle: Settles) -> StoredFile:
        """Write the row of ``staged``, whose file ``settle`` puts in its place; a known one is new again."""
        async with storage_errors(), self._pool.acquire() as connection, connection.transaction():
            await lock(connection, f"file:{staged.digest}")
            await settle()
            row = await connection.fetchrow(
                "INSERT INTO attachments (id, owner, name, type, size, digest, made_at)"
                " VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (id) DO UPDATE"
                " SET made_at = excluded.made_at, digest = excluded.digest, size = excluded.size"
                " RETURNING id, name, type, size",
                id,
                owner,
                self._vault.seal(staged.name.encode(), purpose=NAME),
                staged.type,
                staged.size,
                staged.digest,
                self._clock(),
            )
        if row is None:
            raise LookupError("an upsert returns its row")
        return self._stored(row)

    async def owned(self, ids: Sequence[str], owner: str) -> tuple[StoredFile, ...]:
        """Return those of ``ids`` that are kept for ``owner``, in that order, and keep them another day."""
        if not ids:
            return ()
        async with storage_errors(), self._pool.acquire() as connection:
            rows = await connection.fetch(
                "UPDATE attachments SET made_at = $3 WHERE id = ANY($1) AND owner = $2 AND state = $4"
                " RETURNING id, name, type, size",
                list(ids),
                owner,
                self._clock(),
                KEPT,
            )
        found = {row["id"]: self._stored(row) for row in rows}
        return tuple(found[id] for id in ids if id in found)

    async def described(self, ids: Sequence[str]) -> tuple[StoredFile, ...]:
        """Return those of ``ids`` that are on record and not refused, in that order."""
        async with storage_errors(), self._pool.acquire() as connection:
            rows = await connection.fetch(
                "SELECT id, name, type, size FROM attachments WHERE id = ANY($1) AND state = ANY($2)",
                list(ids),
                [KEPT, AWAITED],
            )
        found = {row["id"]: self._stored(row) for row in rows}
        return tuple(found[id] for id in ids if id in found)

    async def digest_of(self, id: str) -> str | None:
        """Return the digest of a kept attachment."""
        async with storage_errors(), self._pool.acquire() as connection:
            found: str | None = await connection.fetchval(
                "SELECT digest FROM attachments WHERE id = $1 AND state = $2", id, KEPT
            )
        return found

    async def awaited(self, id: str) -> Awaited | None:
        """Return where the attachment still lies, or ``None`` when it was fetched or refused."""
        async with storage_errors(), self._pool.acquire() as connection:
            row = await connection.fetchrow(
                "SELECT name, reference FROM attachments WHERE id = $1 AND state = $2", id, AWAITED
            )
        if row is None:
            return None
        return Awaited(
            reference=self._vault.open(row["reference"], purpose=REFERENCE).decode(),
            name=self._vault.open(row["name"], purpose=NAME).decode(),
        )

    async def fetched(self, id: str, staged: StagedFile, settle: Settles) -> None:
        """Note what the awaited attachment turned out to be; ``settle`` puts its file in its place."""
        async with storage_errors(), self._pool.acquire() as connection, connection.transaction():
            await lock(connection, f"file:{staged.digest}")
            await settle()
            await connection.execute(
                "UPDATE attachments SET state = $2, name = $3, type = $4, size = $5, digest = $6, reference = NULL"
                " WHERE id = $1 AND state = $7",
                id,
                KEPT,
                self._vault.seal(staged.name.encode(), purpose=NAME),
                staged.type,
                staged.size,
                staged.digest,
                AWAITED,
            )

    async def refused(self, id: str, why: str) -> None:
        """Note why the awaited attachment is not taken."""
        async with storage_errors(), self._pool.acquire() as connection:
            await connection.execute(
                "UPDATE attachments SET state = $2, reference = NULL WHERE id = $1 AND state = $3",
                id,
                why,
                AWAITED,
            )

    async def forget_unnamed(self) -> int:
        """Delete the rows that no message came to name in a day; how many there were. Files of articles stay.

        While a message waits to be settled nothing is forgotten: it may be the one that names it.
        """
        async with storage_errors(), self._pool.acquire() as connection:
            done = await connection.execute(
                "DELETE FROM attachments WHERE message_id IS NULL AND made_at < $1"
                " AND NOT starts_with(owner, $2)"
                " AND NOT EXISTS (SELECT FROM messages WHERE settled_at IS NULL)",
                self._clock() - UNNAMED_FOR,
                OF_ARTICLES,
            )
        return int(done.rpartition(" ")[2])

    async def without_row(self, digests: Sequence[str]) -> tuple[str, ...]:
        """Return those of ``digests`` that no row names."""
        async with storage_errors(), self._pool.acquire() as connection:
            rows = await connection.fetch(
                "SELECT DISTINCT digest FROM attachments WHERE digest = ANY($1)", list(digests)
            )
        named = {row["digest"] for row in rows}
        return tuple(digest for digest in digests if digest not in named)

    async def holding(self, digest: str, act: Settles) -> None:
        """Call ``act`` while nobody puts the file of that digest in its place or takes it away."""
        async with storage_errors(), self._pool.acquire() as connection, connection.transaction():
            await lock(connection, f"file:{digest}")
            await act()

    async def if_without_row(self, digest: str, remove: Callable[[], Awaitable[bool]]) -> bool:
        """Call ``remove`` if no row names ``digest``, while none can come to name it."""
        async with storage_errors(), self._pool.acquire() as connection, connection.transaction():
            await lock(connection, f"file:{digest}")
            named = await connection.fetchval(
                "SELECT EXISTS (SELECT FROM attachments WHERE digest = $1)", digest
            )
            return False if named else await remove()

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

    def _stored(self, row: asyncpg.Record) -> StoredFile:
        name = self._vault.open(row["name"], purpose=NAME).decode()
        return StoredFile(id=row["id"], name=name, type=row["type"], size=row["size"])
