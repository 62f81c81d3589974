"""What people asked: golden questions that must stay answered, and what nobody wrote an answer to."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from groundwork.audit import Action, Audit, Author
from groundwork.clock import Clock
from groundwork.database import Pool, storage_errors
from groundwork.vault import Vault
from hotline.message import clean
from kb.golden import Golden

MOST_READ = 2000  #: unanswered questions that are grouped on one page
HANDED = "unit"  #: the outcome of a question that a unit is asked to write the answer to
_PURPOSE = "unanswered"


@dataclass(frozen=True, kw_only=True, slots=True)
class GoldenRow:
    """A golden question on record."""

    id: int
    question: str
    article_id: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Unanswered:
    """A question that nothing answered, without what tells who asked."""

    id: int
    at: datetime
    text: str


class Questions:
    """The questions of one city."""

    def __init__(self, pool: Pool, vault: Vault, audit: Audit, *, city: str, clock: Clock) -> None:
        self._pool, self._vault, self._audit, self._city, self._clock = pool, vault, audit, city, clock

    async def golden(self) -> Sequence[Golden]:
        """Return every golden question, in a steady order."""
        return [Golden(question=row.question, article_id=row.article_id) for row in await self.golden_rows()]

    async def golden_rows(self) -> Sequence[GoldenRow]:
        """Return every golden question with its number."""
        async with storage_errors(), self._pool.acquire() as connection:
            rows = await connection.fetch(
                "SELECT id, question, coalesce(article_id, '') AS article_id FROM golden_questions"
                " WHERE city = $1 ORDER BY id",
                self._city,
            )
        return [GoldenRow(**dict(row)) for row in rows]

    async def add_golden(self, question: str, article_id: str, *, by: Author) -> None:
        """Keep a golden question; one that was there gets the new article."""
        async with storage_errors(), self._pool.acquire() as connection, connection.transaction():
            id = await connection.fetchval(
                "INSERT INTO golden_questions (city, question, article_id, added_by, added_at)"
                " VALUES ($1, $2, $3, $4, $5)"
                " ON CONFLICT (city, question) DO UPDATE SET article_id = excluded.article_id RETURNING id",
                self._city,
                clean(question).strip(),
                article_id or None,
                by.account_id,
                self._clock(),
            )
            await self._audit.note(connection, Action.GOLDEN_CHANGED, "golden", str(id), by=by, why="added")

    async def drop_golden(self, id: int, *, by: Author) -> None:
        """Forget a golden question."""
        async with storage_errors(), self._pool.acquire() as connection, connection.transaction():
            await connection.execute(
                "DELETE FROM golden_questions WHERE id = $1 AND city = $2", id, self._city
            )
            await self._audit.note(connection, Action.GOLDEN_CHANGED, "golden", str(id), by=by, why="dropped")

    async def keep_unanswered(self, asked: Sequence[tuple[str, str]]) -> None:
        """Keep questions, each with the key of its message; the same message again adds nothing."""
        at = self._clock()
        rows = [
            (
                self._vault.digest(key, purpose=_PURPOSE),
                self._city,
                at,
                self._vault.seal(text.encode(), purpose=_PURPOSE),
            )
            for key, text in asked
        ]
        async with storage_errors(), self._pool.acquire() as connection:
            await connection.executemany(
                "INSERT INTO unanswered_questions (digest, city, at, body) VALUES ($1, $2, $3, $4)"
                " ON CONFLICT (digest) DO NOTHING",
                rows,
            )

    async def unanswered(self, *, within: timedelta) -> Sequence[Unanswered]:
        """Return what was asked in vain lately and nobody has dealt with, newest first."""
        return await self._read("outcome = '' AND at > $3", self._clock() - within)

    async def handed(self, unit: str) -> Sequence[Unanswered]:
        """Return what a unit is asked to write the answers to, newest first."""
        return await self._read("outcome = 'unit' AND unit = $3", unit)

    async def _read(self, which: str, value: object) -> Sequence[Unanswered]:
        async with storage_errors(), self._pool.acquire() as connection:
            rows = await connection.fetch(
                f"SELECT id, at, body FROM unanswered_questions WHERE city = $1 AND {which}"  # noqa: S608 - constants
                " ORDER BY at DESC LIMIT $2",
                self._city,
                MOST_READ,
                value,
            )
        return [
            Unanswered(
                id=row["id"], at=row["at"], text=self._vault.open(row["body"], purpose=_PURPOSE).decode()
            )
            for row in rows
        ]

    async def deal_with(
        self, ids: Sequence[int], outcome: str, *, unit: str = "", of: str | None = None
    ) -> None:
        """Note what became of unanswered questions: ``drafted merged not_ours``, ``HANDED`` to ``unit``, or nothing again.

        ``of`` changes only those that this unit was handed.
        """
        async with storage_errors(), self._pool.acquire() as connection:
            await connection.execute(
                "UPDATE unanswered_questions SET outcome = $3, unit = $4 WHERE city = $1 AND id = ANY($2)"
                " AND ($5::text IS NULL OR outcome = 'unit' AND unit = $5)",
                self._city,
                list(ids),
                outcome,
                unit,
                of,
            )
