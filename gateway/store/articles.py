"""Articles on record; the library of every process reads what changed from here."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import asyncpg

from groundwork.audit import COMMAND, Action, Audit, Author
from groundwork.clock import Clock
from groundwork.database import Connection, Pool, storage_errors
from hotline.records import from_record, to_record
from kb.article import Article

MOST_CHANGES = 2000  #: that are read at once; who follows asks again for the rest
CHANGED = "articles_changed"  #: the channel on which PostgreSQL tells every process of a commit
BULK_WITHIN = 600.0  #: seconds that one statement over very many articles may take
_LOAD = """
WITH news AS (
    SELECT g.*, coalesce(a.version, 0) + 1 AS version FROM given g LEFT JOIN articles a ON a.id = g.id
    WHERE a.id IS NULL OR (a.body - '{version,updated_at}'::text[]) <> (g.body - '{version,updated_at}'::text[])
), placed AS (
    INSERT INTO articles (id, city, version, status, body, updated_at, change)
    SELECT id, city, version, status, jsonb_set(body, '{version}', to_jsonb(version)), updated_at,
        nextval('article_changes') FROM news
    ON CONFLICT (id) DO UPDATE SET version = excluded.version, status = excluded.status, body = excluded.body,
        updated_at = excluded.updated_at, change = excluded.change
    RETURNING id, version, body
), kept AS (
    INSERT INTO article_versions (article_id, version, body, recorded_at)
    SELECT id, version, body, $1 FROM placed RETURNING 1
)
SELECT count(*) FROM kept
"""


class Articles:
    """Fills the library's port; each change has a number, so that nothing is missed."""

    def __init__(self, pool: Pool, audit: Audit, *, clock: Clock) -> None:
        self._pool, self._audit, self._clock = pool, audit, clock

    async def published(self, city: str) -> Sequence[Article]:
        """Return every published article of ``city``."""
        async with storage_errors(), self._pool.acquire() as connection:
            rows = await connection.fetch(
                "SELECT body FROM articles WHERE city = $1 AND status = 'published' ORDER BY id",
                city,
                timeout=BULK_WITHIN,
            )
        return [article_of(row) for row in rows]

    async def changed_since(self, mark: str | None) -> tuple[Sequence[Article], str]:
        """Return what changed after ``mark``, whatever its status now, and the mark to ask from next."""
        async with storage_errors(), self._pool.acquire() as connection:
            if mark is None:
                return (), str(await connection.fetchval("SELECT coalesce(max(change), 0) FROM articles"))
            rows = await connection.fetch(
                "SELECT body, change FROM articles WHERE change > $1 ORDER BY change LIMIT $2",
                int(mark),
                MOST_CHANGES,
            )
        return [article_of(row) for row in rows], str(rows[-1]["change"]) if rows else mark

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

    async def load(self, articles: Sequence[Article], *, by: Author = COMMAND, why: str = "") -> int:
        """Record many articles at once, as ``put`` does; one entry in the log stands for all. How many changed."""
        async with storage_errors(), self._pool.acquire() as connection, connection.transaction():
            await connection.execute("LOCK TABLE articles IN SHARE ROW EXCLUSIVE MODE")
            await connection.execute(
                "CREATE TEMP TABLE given (id text, city text, status text, body jsonb, updated_at timestamptz)"
                " ON COMMIT DROP"
            )
            await connection.copy_records_to_table(
                "given", records=map(_record, articles), timeout=BULK_WITHIN
            )
            changed = int(await connection.fetchval(_LOAD, self._clock(), timeout=BULK_WITHIN))
            if changed:
                await _tell(connection)
                subject = f"{articles[0].city}:{changed}"
                await self._audit.note(
                    connection, Action.ARTICLES_IMPORTED, "articles", subject, by=by, why=why
                )
        return changed

    async def _put(self, connection: Connection, article: Article) -> bool:
        before = await connection.fetchrow("SELECT version, body FROM articles WHERE id = $1", article.id)
        if before is not None and _same(article_of(before), article):
            return False
        version = before["version"] + 1 if before else 1
        await record(connection, replace(article, version=version), self._clock())
        return True


async def record(connection: Connection, article: Article, at: datetime) -> None:
    """Write one version of an article, inside a transaction that holds the table's lock."""
    body = json.dumps(to_record(article), ensure_ascii=False)
    await connection.execute(
        "INSERT INTO articles (id, city, version, status, body, updated_at, change)"
        " VALUES ($1, $2, $3, $4, $5, $6, nextval('article_changes')) ON CONFLICT (id) DO UPDATE SET"
        " version = excluded.version, status = excluded.status, body = excluded.body,"
        " updated_at = excluded.updated_at, change = excluded.change",
        article.id,
        article.city,
        article.version,
        article.status.value,
        body,
        article.updated_at,
    )
    await connection.execute(
        "INSERT INTO article_versions (article_id, version, body, recorded_at) VALUES ($1, $2, $3, $4)",
        article.id,
        article.version,
        body,
        at,
    )
    await _tell(connection)


async def _tell(connection: Connection) -> None:
    """Let every process know once the transaction commits; one notice however often it is called before."""
    await connection.execute("SELECT pg_notify($1, '')", CHANGED)


def _record(article: Article) -> tuple[str, str, str, str, datetime]:
    body = json.dumps(to_record(article), ensure_ascii=False)
    return article.id, article.city, article.status.value, body, article.updated_at


def article_of(row: asyncpg.Record | Mapping[str, Any]) -> Article:
    """Return the article in a row's ``body``."""
    return from_record(Article, json.loads(row["body"]))


def _same(one: Article, other: Article) -> bool:
    apart = {"version", "updated_at"}
    first, second = to_record(one), to_record(other)
    return all(first[name] == second[name] for name in first if name not in apart)
