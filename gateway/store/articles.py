"""Articles on record; the library of every process reads what changed from here."""

import json
from collections.abc import Sequence

import asyncpg

from groundwork.audit import COMMAND, Action, Audit, Author
from groundwork.clock import Clock
from groundwork.database import Connection, Pool, storage_errors
from hotline.records import from_record, to_record
from kb.article import Article, Status


class Articles:
    """Fills the library's port; each change has a number, so that nothing is missed."""

    def __init__(self, pool: Pool, audit: Audit, *, clock: Clock) -> None:
        self._pool, self._audit, self._clock = pool, audit, clock

    async def published(self, city: str) -> Sequence[Article]:
        """Return every published article of ``city``."""
        async with storage_errors(), self._pool.acquire() as connection:
            rows = await connection.fetch(
                "SELECT body FROM articles WHERE city = $1 AND status = 'published' ORDER BY id", city
            )
        return [_article(row) for row in rows]

    async def changed_since(self, mark: str | None) -> tuple[Sequence[Article], str]:
        """Return what changed after ``mark``, whatever its status now, and the mark to ask from next."""
        async with storage_errors(), self._pool.acquire() as connection:
            if mark is None:
                return (), str(await connection.fetchval("SELECT coalesce(max(change), 0) FROM articles"))
            rows = await connection.fetch(
                "SELECT body, change FROM articles WHERE change > $1 ORDER BY change", int(mark)
            )
        return [_article(row) for row in rows], str(rows[-1]["change"]) if rows else mark

    async def put(self, articles: Sequence[Article], *, by: Author = COMMAND, why: str = "") -> int:
        """Record ``articles``; one that says the same as before makes no new version. How many changed."""
        changed = list[str]()
        async with storage_errors(), self._pool.acquire() as connection, connection.transaction():
            # One writer at a time: a lower change number must never become visible after a higher one.
            await connection.execute("LOCK TABLE articles IN SHARE ROW EXCLUSIVE MODE")
            for article in articles:
                if await self._put(connection, article):
                    changed.append(article.id)
            for id in changed:
                await self._audit.note(connection, Action.ARTICLE_RECORDED, "article", id, by=by, why=why)
        return len(changed)

    async def overview(
        self, city: str, status: Status | None, *, limit: int, offset: int
    ) -> tuple[Sequence[Article], dict[str, int]]:
        """Return some of the articles of a status, or of all, changed last on top, and how many each status has."""
        async with storage_errors(), self._pool.acquire() as connection:
            rows = await connection.fetch(
                "SELECT body FROM articles WHERE city = $1 AND ($2::text IS NULL OR status = $2)"
                " ORDER BY updated_at DESC, id LIMIT $3 OFFSET $4",
                city,
                status and status.value,
                limit,
                offset,
            )
            counts = await connection.fetch(
                "SELECT status, count(*) FROM articles WHERE city = $1 GROUP BY status", city
            )
        return [_article(row) for row in rows], {row["status"]: row["count"] for row in counts}

    async def _put(self, connection: Connection, article: Article) -> bool:
        before = await connection.fetchrow("SELECT version, body FROM articles WHERE id = $1", article.id)
        if before is not None and _same(_article(before), article):
            return False
        record = to_record(article) | {"version": before["version"] + 1 if before else 1}
        body = json.dumps(record, ensure_ascii=False)
        await connection.execute(
            "INSERT INTO articles (id, city, version, status, body, updated_at, change)"
            " VALUES ($1, $2, $3, $4, $5, $6, nextval('article_changes')) ON CONFLICT (id) DO UPDATE SET"
            " version = excluded.version, status = excluded.status, body = excluded.body,"
            " updated_at = excluded.updated_at, change = excluded.change",
            article.id,
            article.city,
            record["version"],
            article.status.value,
            body,
            article.updated_at,
        )
        await connection.execute(
            "INSERT INTO article_versions (article_id, version, body, recorded_at) VALUES ($1, $2, $3, $4)",
            article.id,
            record["version"],
            body,
            self._clock(),
        )
        return True


def _article(row: asyncpg.Record) -> Article:
    return from_record(Article, json.loads(row["body"]))


def _same(one: Article, other: Article) -> bool:
    apart = {"version", "updated_at"}
    first, second = to_record(one), to_record(other)
    return all(first[name] == second[name] for name in first if name not in apart)
