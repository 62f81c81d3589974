"""How often each article answers, what people thought of it, and what they say is wrong with it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from groundwork.clock import Clock
from groundwork.database import Pool, storage_errors
from groundwork.vault import Vault
from hotline.calendar import CITY_TIME

PERIOD = timedelta(days=30)  #: that the figures are about
MOST_OPEN = 50  #: requests about one article; who floods it keeps nobody else out of the others
_PURPOSE = "correction"


@dataclass(frozen=True, kw_only=True, slots=True)
class Use:
    """What the last thirty days say about an article."""

    answered: int = 0
    solved: int = 0
    unsolved: int = 0

    @property
    def share_solved(self) -> float | None:
        """How many of those who said so were helped; ``None`` when nobody said."""
        said = self.solved + self.unsolved
        return self.solved / said if said else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Correction:
    """Somebody says that an article is wrong."""

    id: int
    article_id: str
    version: int
    account_id: int | None  #: none: a citizen
    at: datetime
    text: str


class Feedback:
    """Figures and correction requests of one city."""

    def __init__(self, pool: Pool, vault: Vault, *, city: str, clock: Clock) -> None:
        self._pool, self._vault, self._city, self._clock = pool, vault, city, clock

    async def count(self, uses: Mapping[str, Use]) -> None:
        """Add to today's figures of each article id."""
        rows = [
            (id, self._today(), use.answered, use.solved, use.unsolved) for id, use in sorted(uses.items())
        ]
        async with storage_errors(), self._pool.acquire() as connection:
            await connection.executemany(
                "INSERT INTO article_uses AS u (article_id, day, answered, solved, unsolved)"
                " VALUES ($1, $2, $3, $4, $5) ON CONFLICT (article_id, day) DO UPDATE SET"
                " answered = u.answered + excluded.answered, solved = u.solved + excluded.solved,"
                " unsolved = u.unsolved + excluded.unsolved",
                rows,
            )

    async def uses(self) -> dict[str, Use]:
        """Return the figures of the last thirty days by article id; what was never used is not in it."""
        async with storage_errors(), self._pool.acquire() as connection:
            rows = await connection.fetch(
                "SELECT article_id, sum(answered)::int AS answered, sum(solved)::int AS solved,"
                " sum(unsolved)::int AS unsolved FROM article_uses WHERE day > $1 GROUP BY article_id",
                self._today() - PERIOD,
            )
        return {
            row["article_id"]: Use(answered=row["answered"], solved=row["solved"], unsolved=row["unsolved"])
            for row in rows
        }

    async def correct(self, article_id: str, version: int, text: str, *, account_id: int | None) -> None:
        """Keep what somebody says is wrong; of one article no more than ``MOST_OPEN`` wait at a time."""
        async with storage_errors(), self._pool.acquire() as connection:
            await connection.execute(
                "INSERT INTO article_corrections (city, article_id, version, account_id, at, body)"
                " SELECT $1, $2, $3, $4, $5, $6 WHERE (SELECT count(*) FROM article_corrections"
                " WHERE article_id = $2 AND closed_at IS NULL) < $7",
                self._city,
                article_id,
                version,
                account_id,
                self._clock(),
                self._vault.seal(text.encode(), purpose=_PURPOSE),
                MOST_OPEN,
            )

    async def corrections(self) -> Sequence[Correction]:
        """Return the open requests, oldest first."""
        async with storage_errors(), self._pool.acquire() as connection:
            rows = await connection.fetch(
                "SELECT id, article_id, version, account_id, at, body FROM article_corrections"
                " WHERE city = $1 AND closed_at IS NULL ORDER BY at LIMIT 200",
                self._city,
            )
        return [
            Correction(
                id=row["id"],
                article_id=row["article_id"],
                version=row["version"],
                account_id=row["account_id"],
                at=row["at"],
                text=self._vault.open(row["body"], purpose=_PURPOSE).decode(),
            )
            for row in rows
        ]

    async def close(self, id: int, *, account_id: int) -> None:
        """Note that a request was dealt with."""
        async with storage_errors(), self._pool.acquire() as connection:
            await connection.execute(
                "UPDATE article_corrections SET closed_at = $3, closed_by = $4"
                " WHERE id = $1 AND city = $2 AND closed_at IS NULL",
                id,
                self._city,
                self._clock(),
                account_id,
            )

    def _today(self) -> date:
        return self._clock().astimezone(CITY_TIME).date()
