"""How soon a change answers in every process: ``python -m tests.bench.changes --articles 100000``.

Processes that follow the database as the gateway's do, each with all articles in memory; articles are published and
withdrawn one by one, and each process says when it sees that.
"""

import argparse
import asyncio
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import TypeAlias

from gateway import PROGRAM
from gateway.following import keep_library_fresh
from gateway.knowledge import BATCH, MIGRATIONS
from gateway.localservers import Postgres, ensure_database, start
from gateway.store.articles import Articles
from groundwork.audit import Audit
from groundwork.database import Pool, migrate, open_pool
from groundwork.vault import Vault
from kb.article import Article, Status
from kb.library import Library
from kb.measuring import milliseconds, synthetic
from kb.starters import starter_articles
from tests.dispatch import settings_for

FOLLOWERS = 2
LOOK_EVERY = 0.002
Seen: TypeAlias = "Queue[tuple[int, float]]"  #: number of the change, and when it was seen


def now() -> datetime:
    """Return this moment."""
    return datetime.now(UTC)


def store_in(pool: Pool) -> Articles:
    """Return the store of articles as the gateway has it."""
    vault = Vault.from_settings(settings_for("", Path(tempfile.gettempdir())))
    return Articles(pool, Audit(vault, PROGRAM, clock=now), clock=now)


@contextmanager
def server() -> Iterator[str]:
    """Yield the address of an empty gateway database on a server of its own."""
    with tempfile.TemporaryDirectory(prefix="huying-changes-", ignore_cleanup_errors=True) as folder:
        cluster = Postgres(Path(folder) / "postgres")
        started = start(cluster)
        try:
            asyncio.run(ensure_database(cluster.url(), PROGRAM))
            migrate(cluster.url(PROGRAM), MIGRATIONS)
            yield cluster.url(PROGRAM)
        finally:
            started.stop()


def changes(some: Article, count: int) -> list[Article]:
    """Return one article published, withdrawn and published again, in versions of its own."""
    stages = (Status.PUBLISHED, Status.WITHDRAWN)
    return [replace(some, status=stages[n % 2], answer=f"第{n}次。", version=n + 1) for n in range(count)]


async def follow(url: str, city: str, wanted: list[Article], ready: Barrier, seen: Seen) -> None:
    """Say when each change shows."""
    async with open_pool(url, size=2) as pool:
        articles = store_in(pool)
        library = Library(articles, city=city, now=now)
        await library.load()
        task = asyncio.create_task(keep_library_fresh(library, url))
        await asyncio.sleep(1)  # the first look and the listening connection
        await asyncio.to_thread(ready.wait)
        for number, change in enumerate(wanted):
            while not _shows(library, change):
                await asyncio.sleep(LOOK_EVERY)
            seen.put((number, time.time()))
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def _shows(library: Library, change: Article) -> bool:
    found = library.article(change.id)
    return (
        found is None
        if change.status is Status.WITHDRAWN
        else found is not None and found.answer == change.answer
    )


def _follower(url: str, city: str, wanted: list[Article], ready: Barrier, seen: Seen) -> None:
    asyncio.run(follow(url, city, wanted, ready, seen))


async def publish(url: str, wanted: list[Article], ready: Barrier, seen: Seen) -> list[float]:
    """Make each change when all have seen the one before; return how long each took to show in the last process."""
    taken = []
    async with open_pool(url, size=2) as pool:
        articles = store_in(pool)
        await asyncio.to_thread(ready.wait)
        for change in wanted:
            begun = time.time()
            await articles.put([change])
            last = max(
                [await asyncio.to_thread(seen.get, True, 60) for _ in range(FOLLOWERS)],
                key=lambda one: one[1],
            )
            taken.append(last[1] - begun)
    return taken


async def fill(url: str, articles: list[Article]) -> None:
    """Load what is there from the start."""
    async with open_pool(url, size=1) as pool:
        store = store_in(pool)
        for begin in range(0, len(articles), BATCH):
            await store.load(articles[begin : begin + BATCH])


def main() -> None:
    """Print how long changes took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--city", default="pingdingshan")
    parser.add_argument("--articles", type=int, default=100_000)
    parser.add_argument("--changes", type=int, default=40)
    options = parser.parse_args()
    starters = starter_articles(options.city)
    wanted = changes(replace(starters[0], external_id="changing", id=starters[0].id[::-1]), options.changes)
    spawning = multiprocessing.get_context("spawn")
    ready, seen = spawning.Barrier(FOLLOWERS + 1), spawning.Queue()
    with server() as url:
        asyncio.run(fill(url, [*starters, *synthetic(starters, options.articles - len(starters), now())]))
        followers = [
            spawning.Process(target=_follower, args=(url, options.city, wanted, ready, seen), daemon=True)
            for _ in range(FOLLOWERS)
        ]
        for one in followers:
            one.start()
        taken = asyncio.run(publish(url, wanted, ready, seen))
        for one in followers:
            one.join()
    sys.stdout.write(
        f"{options.articles} articles, {FOLLOWERS} processes, {len(taken)} changes: in every process after"
        f" p50 {milliseconds(taken, 0.5):.0f} ms, worst {max(taken) * 1000:.0f} ms\n"
    )


if __name__ == "__main__":
    main()
