"""All articles of a city as their editors look for them: what is on record and what is being worked on, side by side."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from gateway.store.articles import article_of
from gateway.store.feedback import PERIOD, Use
from groundwork.clock import Clock
from groundwork.database import Pool, storage_errors
from hotline.calendar import CITY_TIME
from kb.article import Article
from kb.workflow import EXPIRING, Stage

LISTS = ("never", "most", "low")  #: never used, most used, low-rated
LOW = 0.7  #: share of those who say so that are helped, below which an article is looked at
_BOTH = """
WITH both_ AS (
    SELECT coalesce(a.id, d.article_id) AS id, a.body AS body, d.body AS draft, coalesce(d.stage, '') AS stage,
        coalesce(a.status, '') AS status, (a.body->>'valid_from')::timestamptz AS valid_from,
        (a.body->>'valid_to')::timestamptz AS valid_to, coalesce(d.edited_at, a.updated_at) AS changed_at
    FROM (SELECT * FROM articles WHERE city = $1 AND status <> 'draft') a
    FULL JOIN (SELECT * FROM article_drafts WHERE city = $1) d ON d.article_id = a.id
), used AS (
    SELECT article_id, sum(answered)::int AS answered, sum(solved)::int AS solved, sum(unsolved)::int AS unsolved
    FROM article_uses WHERE day > $2 GROUP BY article_id
), shown AS (
    SELECT b.*, coalesce(u.answered, 0) AS answered, coalesce(u.solved, 0) AS solved,
        coalesce(u.unsolved, 0) AS unsolved, coalesce(b.draft, b.body) AS latest,
        CASE WHEN b.status = '' THEN '' WHEN b.status <> 'published' THEN 'withdrawn'
            WHEN b.valid_to <= $3 THEN 'expired' WHEN b.valid_from > $3 THEN 'ahead'
            WHEN b.valid_to <= $4 THEN 'expiring' ELSE 'published' END AS standing
    FROM both_ b LEFT JOIN used u ON u.article_id = b.id
)
"""
_WHERE = """
WHERE ($5 = '' OR stage = $5 OR standing = $5 OR ($5 = 'published' AND standing = 'expiring'))
    AND ($6 = '' OR latest->>'unit' = $6) AND ($7 = '' OR latest->>'region' = $7)
    AND ($8 = '' OR position($8 IN latest->>'question') > 0 OR position($8 IN latest->>'answer') > 0
        OR position($8 IN latest->>'source') > 0 OR latest->>'external_id' = $8)
    AND ($9 = '' OR ($9 = 'never' AND standing IN ('published', 'expiring') AND answered = 0
            AND NOT coalesce((latest->>'staff_only')::boolean, false))
        OR ($9 = 'most' AND answered > 0)
        OR ($9 = 'low' AND solved + unsolved > 0 AND solved < $10::float8 * (solved + unsolved)))
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Looked:
    """What somebody looks for; empty: everything."""

    words: str = ""
    state: str = ""  #: a stage or a standing
    unit: str = ""
    region: str = ""
    list: str = ""  #: one of ``LISTS``


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One article in the list."""

    id: str
    on_record: Article | None
    draft: Article | None
    stage: str
    standing: str
    use: Use

    @property
    def latest(self) -> Article:
        """What is being worked on, else what is on record."""
        found = self.draft or self.on_record
        assert found is not None
        return found


@dataclass(frozen=True, kw_only=True, slots=True)
class UnitDuty:
    """What waits for one unit."""

    unit: str
    articles: int = 0
    asked: int = 0  #: questions that it is to write the answers to
    checking: int = 0
    expiring: int = 0
    expired: int = 0
    low: int = 0

    @property
    def waiting(self) -> int:
        """How much that is together."""
        return self.asked + self.checking + self.expiring + self.expired + self.low


class Catalogue:
    """The list of one city's articles."""

    def __init__(self, pool: Pool, *, city: str, clock: Clock) -> None:
        self._pool, self._city, self._clock = pool, city, clock

    async def look(self, asked: Looked, *, limit: int, offset: int) -> tuple[Sequence[Entry], int]:
        """Return some entries, changed last on top (the most used on top in that list), and how many there are."""
        order = "answered DESC, id" if asked.list == "most" else "changed_at DESC, id"
        values = (*self._moments(), asked.state, asked.unit, asked.region, asked.words, asked.list, LOW)
        async with storage_errors(), self._pool.acquire() as connection:
            rows = await connection.fetch(
                f"{_BOTH} SELECT *, count(*) OVER () AS total FROM shown {_WHERE}"  # noqa: S608 - constants
                f" ORDER BY {order} LIMIT $11 OFFSET $12",
                *values,
                limit,
                offset,
            )
        return [_entry(row) for row in rows], rows[0]["total"] if rows else 0

    async def counts(self) -> dict[str, int]:
        """Return how many articles stand where, and how many are low-rated."""
        async with storage_errors(), self._pool.acquire() as connection:
            rows = await connection.fetch(
                f"{_BOTH} SELECT stage, standing, count(*) AS count,"  # noqa: S608 - constants
                " count(*) FILTER (WHERE solved + unsolved > 0 AND solved < $5::float8 * (solved + unsolved)) AS low"
                " FROM shown GROUP BY 1, 2",
                *self._moments(),
                LOW,
            )
        found: dict[str, int] = {"low": 0, "total": 0}
        for row in rows:
            for name in {row["stage"], row["standing"]} - {""}:
                found[name] = found.get(name, 0) + row["count"]
            found["low"] += row["low"]
            found["total"] += row["count"]
        return found

    async def choices(self) -> tuple[list[str], list[str]]:
        """Return every unit and every county that an article names."""
        async with storage_errors(), self._pool.acquire() as connection:
            rows = await connection.fetch(
                f"{_BOTH} SELECT DISTINCT latest->>'unit' AS unit, coalesce(latest->>'region', '') AS region"  # noqa: S608
                " FROM shown",
                *self._moments(),
            )
        return sorted({row["unit"] for row in rows} - {""}), sorted({row["region"] for row in rows} - {""})

    async def duties(self) -> Sequence[UnitDuty]:
        """Return what waits for each unit, most on top."""
        async with storage_errors(), self._pool.acquire() as connection:
            rows = await connection.fetch(
                f"{_BOTH} SELECT latest->>'unit' AS unit, count(*)::int AS articles,"  # noqa: S608 - constants
                " count(*) FILTER (WHERE stage = 'checking')::int AS checking,"
                " count(*) FILTER (WHERE standing = 'expiring')::int AS expiring,"
                " count(*) FILTER (WHERE standing = 'expired')::int AS expired,"
                " count(*) FILTER (WHERE solved + unsolved > 0 AND solved < $5::float8 * (solved + unsolved))::int AS low"
                " FROM shown GROUP BY 1",
                *self._moments(),
                LOW,
            )
            handed = await connection.fetch(
                "SELECT unit, count(*)::int AS asked FROM unanswered_questions"
                " WHERE city = $1 AND outcome = 'unit' GROUP BY 1",
                self._city,
            )
        duties = {row["unit"]: UnitDuty(**dict(row)) for row in rows}
        for unit, asked in handed:
            duties[unit] = replace(duties.get(unit, UnitDuty(unit=unit)), asked=asked)
        return sorted(duties.values(), key=lambda one: (-one.waiting, one.unit))

    async def all_on_record(self) -> Sequence[Article]:
        """Return the published version of every article that has one, by external id."""
        async with storage_errors(), self._pool.acquire() as connection:
            rows = await connection.fetch(
                "SELECT body FROM articles WHERE city = $1 AND status = 'published' ORDER BY body->>'external_id'",
                self._city,
            )
        return [article_of(row) for row in rows]

    def _moments(self) -> tuple[Any, ...]:
        now: datetime = self._clock()
        since = now.astimezone(CITY_TIME).date() - timedelta(days=PERIOD.days)
        return self._city, since, now, now + EXPIRING


def is_state(name: str) -> bool:
    """Tell whether a filter of that name exists."""
    return name in {*Stage, "ahead", "published", "expiring", "expired", "withdrawn"}


def _entry(row: Any) -> Entry:
    return Entry(
        id=row["id"],
        on_record=_read(row["body"]),
        draft=_read(row["draft"]),
        stage=row["stage"],
        standing=row["standing"],
        use=Use(answered=row["answered"], solved=row["solved"], unsolved=row["unsolved"]),
    )


def _read(body: str | None) -> Article | None:
    return article_of({"body": body}) if body else None
