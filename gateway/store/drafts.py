"""Working copies of articles, their steps through review, and the versions that were published."""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import asyncpg

from gateway.store.articles import BULK_WITHIN, article_of, record
from groundwork.audit import COMMAND, Action, Audit, Author
from groundwork.clock import Clock
from groundwork.database import Connection, Pool, lock, storage_errors
from hotline.errors import HotlineError
from hotline.records import to_record
from kb.article import Article, Status
from kb.workflow import Actor, Part, Stage, Step, StepRefusedError, Working, stepped, why_not, written

_COLUMNS = "article_id, stage, body, base, revision, authors, checked_by, remark, since, edited_at"
_LOAD = """
WITH news AS (
    SELECT g.*, coalesce(a.version, 0) AS base FROM given g
    LEFT JOIN articles a ON a.id = g.id AND a.status <> 'draft'
    LEFT JOIN article_drafts d ON d.article_id = g.id
    WHERE (d.article_id IS NULL OR d.stage = 'draft' AND d.authors = '{}')
        AND coalesce(d.body, a.body, '{}') - '{version,updated_at,status}'::text[]
            <> g.body - '{version,updated_at,status}'::text[]
)
INSERT INTO article_drafts (article_id, city, stage, body, unit, base, revision, authors, since, edited_at)
SELECT id, city, 'draft', body, unit, base, 1, '{}', $1, $1 FROM news
ON CONFLICT (article_id) DO UPDATE SET body = excluded.body, unit = excluded.unit, base = excluded.base,
    revision = article_drafts.revision + 1, edited_at = excluded.edited_at
RETURNING 1
"""


class StaleError(HotlineError):
    """Somebody else wrote meanwhile; ``current`` is what stands now, or ``None`` when it is gone."""

    def __init__(self, current: Working | None) -> None:
        self.current = current
        super().__init__("written by another meanwhile")


@dataclass(frozen=True, kw_only=True, slots=True)
class DoneStep:
    """One step that was done."""

    step: str
    version: int
    account_id: int | None
    at: datetime
    remark: str


class Drafts:
    """The working copies of one city."""

    def __init__(self, pool: Pool, audit: Audit, *, city: str, clock: Clock) -> None:
        self._pool, self._audit, self._city, self._clock = pool, audit, city, clock

    async def find(self, article_id: str) -> Working | None:
        """Return the working copy of an article."""
        async with storage_errors(), self._pool.acquire() as connection:
            return await self._find(connection, article_id)

    async def on_record(self, article_id: str) -> Article | None:
        """Return the version that is or was published last."""
        async with storage_errors(), self._pool.acquire() as connection:
            return await self._on_record(connection, article_id)

    async def versions(self, article_id: str) -> Sequence[Article]:
        """Return every published version, newest first."""
        async with storage_errors(), self._pool.acquire() as connection:
            rows = await connection.fetch(
                "SELECT v.body FROM article_versions v JOIN articles a ON a.id = v.article_id"
                " WHERE v.article_id = $1 AND a.city = $2 ORDER BY v.version DESC LIMIT 100",
                article_id,
                self._city,
            )
        return [article_of(row) for row in rows]

    async def steps(self, article_id: str) -> Sequence[DoneStep]:
        """Return what was done to an article, newest first."""
        async with storage_errors(), self._pool.acquire() as connection:
            rows = await connection.fetch(
                "SELECT step, version, account_id, at, remark FROM article_steps WHERE article_id = $1"
                " ORDER BY id DESC LIMIT 100",
                article_id,
            )
        return [DoneStep(**dict(row)) for row in rows]

    async def waiting(self, *stages: Stage, unit: str | None = None) -> Sequence[Working]:
        """Return the working copies at these stages, longest waiting first, of one unit or of all."""
        async with storage_errors(), self._pool.acquire() as connection:
            rows = await connection.fetch(
                f"SELECT {_COLUMNS} FROM article_drafts WHERE city = $1 AND stage = ANY($2)"  # noqa: S608 - constants
                " AND ($3::text IS NULL OR unit = $3) ORDER BY since LIMIT 200",
                self._city,
                [stage.value for stage in stages],
                unit,
            )
        return [_working(row) for row in rows]

    async def write(self, article: Article, actor: Actor, *, revision: int, by: Author) -> Working:
        """Keep what somebody wrote; ``revision`` is the one they began from, 0 for a new working copy.

        Raises ``StaleError`` when another wrote meanwhile and ``StepRefusedError`` when it may not be written now.
        """
        at = self._clock()
        async with self._changing(article.id) as connection:
            before = await self._find(connection, article.id)
            if (before.revision if before else 0) != revision:
                raise StaleError(before)
            if before is None:
                before = await self._begun(connection, article, at)
            draft = replace(article, status=Status.DRAFT, version=before.base + 1, updated_at=at)
            working = written(before, draft, actor, at=at)
            await self._keep(connection, working)
            await self._note(connection, working.article, Step.WRITE, actor, by)
        return working

    async def step(
        self, article_id: str, step: Step, actor: Actor, *, revision: int, by: Author, remark: str = ""
    ) -> Working:
        """Take a working copy one step on; raises as ``write`` does. Publishing has its own way."""
        at = self._clock()
        async with self._changing(article_id) as connection:
            before = await self._at(connection, article_id, revision)
            if step is Step.DISCARD:
                if why := why_not(before, step, actor):
                    raise StepRefusedError(why)
                await connection.execute("DELETE FROM article_drafts WHERE article_id = $1", article_id)
                after = before
            else:
                after = stepped(before, step, actor, at=at, remark=remark)
                await self._keep(connection, after)
            await self._note(connection, after.article, step, actor, by, remark)
        return after

    async def publish(
        self,
        article_id: str,
        actor: Actor,
        *,
        revision: int,
        by: Author,
        remark: str = "",
        regressions: int = 0,
    ) -> Article:
        """Put a reviewed working copy before citizens; raises as ``write`` does."""
        at = self._clock()
        async with self._changing(article_id) as connection:
            # As whoever records articles: a lower change number must never become visible after a higher one.
            await connection.execute("LOCK TABLE articles IN SHARE ROW EXCLUSIVE MODE")
            working = await self._at(connection, article_id, revision)
            if why := why_not(working, Step.PUBLISH, actor, remark=remark, regressions=regressions):
                raise StepRefusedError(why)
            article = await self._published(connection, working, at)
            await connection.execute("DELETE FROM article_drafts WHERE article_id = $1", article_id)
            await self._note(connection, article, Step.PUBLISH, actor, by, remark)
        return article

    async def withdraw(self, article_id: str, actor: Actor, *, by: Author, remark: str) -> Article:
        """Take the published version away from citizens; raises ``StepRefusedError``."""
        async with self._changing(article_id) as connection:
            await connection.execute("LOCK TABLE articles IN SHARE ROW EXCLUSIVE MODE")
            article = await self._on_record(connection, article_id)
            if article is None or article.status is not Status.PUBLISHED:
                raise StepRefusedError("stage")
            if actor.part is not Part.REVIEWER:
                raise StepRefusedError("part")
            if not remark.strip():
                raise StepRefusedError("remark")
            gone = replace(article, status=Status.WITHDRAWN, version=article.version + 1)
            await record(connection, gone, self._clock())
            await self._note(connection, gone, Step.WITHDRAW, actor, by, remark)
        return gone

    async def change_all(
        self, ids: Sequence[str], actor: Actor, *, by: Author, **changes: Any
    ) -> tuple[int, int]:
        """Begin a working copy with ``changes`` of each article that nobody is working on; how many, and how many not."""
        done = 0
        for id in ids:
            article = await self.on_record(id)
            if article is None or await self.find(id) is not None:
                continue
            try:
                await self.write(replace(article, **changes), actor, revision=0, by=by)
                done += 1
            except (StaleError, StepRefusedError):
                continue
        return done, len(ids) - done

    async def load(
        self, articles: Sequence[Article], *, by: Author = COMMAND, why: str = ""
    ) -> tuple[int, list[str]]:
        """Make working copies of imported articles; return how many, and the external ids that somebody has in hand."""
        async with storage_errors(), self._pool.acquire() as connection, connection.transaction():
            await lock(connection, _lock_of(self._city))
            await connection.execute(
                "CREATE TEMP TABLE given (id text, city text, unit text, body jsonb) ON COMMIT DROP"
            )
            records = [
                (one.id, one.city, one.unit, json.dumps(to_record(one), ensure_ascii=False))
                for one in articles
            ]
            await connection.copy_records_to_table("given", records=records, timeout=BULK_WITHIN)
            held = await connection.fetch(
                "SELECT g.body->>'external_id' AS id FROM given g JOIN article_drafts d ON d.article_id = g.id"
                " WHERE d.stage <> 'draft' OR d.authors <> '{}' ORDER BY 1"
            )
            taken = len(await connection.fetch(_LOAD, self._clock(), timeout=BULK_WITHIN))
            if taken:
                subject = f"{self._city}:{taken}"
                await self._audit.note(
                    connection, Action.ARTICLES_IMPORTED, "articles", subject, by=by, why=why
                )
        return taken, [row["id"] for row in held]

    @asynccontextmanager
    async def _changing(self, article_id: str) -> AsyncIterator[Connection]:
        """Be the only one who changes this article, in a transaction."""
        async with storage_errors(), self._pool.acquire() as connection, connection.transaction():
            await lock(connection, f"article:{article_id}")
            yield connection

    async def _find(self, connection: Connection, article_id: str) -> Working | None:
        row = await connection.fetchrow(
            f"SELECT {_COLUMNS} FROM article_drafts WHERE article_id = $1 AND city = $2",  # noqa: S608 - constants
            article_id,
            self._city,
        )
        return None if row is None else _working(row)

    async def _at(self, connection: Connection, article_id: str, revision: int) -> Working:
        working = await self._find(connection, article_id)
        if working is None or working.revision != revision:
            raise StaleError(working)
        return working

    async def _on_record(self, connection: Connection, article_id: str) -> Article | None:
        row = await connection.fetchrow(
            "SELECT body FROM articles WHERE id = $1 AND city = $2 AND status <> 'draft'",
            article_id,
            self._city,
        )
        return None if row is None else article_of(row)

    async def _begun(self, connection: Connection, article: Article, at: datetime) -> Working:
        base = await self._on_record(connection, article.id)
        return Working(
            article=base or article, base=base.version if base else 0, revision=0, since=at, edited_at=at
        )

    async def _keep(self, connection: Connection, working: Working) -> None:
        await connection.execute(
            "INSERT INTO article_drafts (article_id, city, stage, body, unit, base, revision, authors, checked_by,"
            " remark, since, edited_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"
            " ON CONFLICT (article_id) DO UPDATE SET stage = excluded.stage, body = excluded.body,"
            " unit = excluded.unit, revision = excluded.revision, authors = excluded.authors,"
            " checked_by = excluded.checked_by, remark = excluded.remark, since = excluded.since,"
            " edited_at = excluded.edited_at",
            working.article.id,
            self._city,
            working.stage.value,
            json.dumps(to_record(working.article), ensure_ascii=False),
            working.article.unit,
            working.base,
            working.revision,
            sorted(working.authors),
            working.checked_by,
            working.remark,
            working.since,
            working.edited_at,
        )

    async def _published(self, connection: Connection, working: Working, at: datetime) -> Article:
        last = await connection.fetchval("SELECT version FROM articles WHERE id = $1", working.article.id)
        article = replace(working.article, status=Status.PUBLISHED, version=(last or 0) + 1, updated_at=at)
        await record(connection, article, at)
        return article

    async def _note(
        self, connection: Connection, article: Article, step: Step, actor: Actor, by: Author, remark: str = ""
    ) -> None:
        await connection.execute(
            "INSERT INTO article_steps (article_id, version, step, account_id, at, remark)"
            " VALUES ($1, $2, $3, $4, $5, $6)",
            article.id,
            article.version,
            step.value,
            actor.id,
            self._clock(),
            remark.strip(),
        )
        why = f"{step.value}:{article.version}"
        await self._audit.note(connection, Action.ARTICLE_STEP, "article", article.id, by=by, why=why)


def _working(row: asyncpg.Record) -> Working:
    return Working(
        article=article_of(row),
        stage=Stage(row["stage"]),
        base=row["base"],
        revision=row["revision"],
        authors=frozenset(row["authors"]),
        checked_by=row["checked_by"],
        remark=row["remark"],
        since=row["since"],
        edited_at=row["edited_at"],
    )


def _lock_of(city: str) -> str:
    return f"articles:{city}"
