"""Whether the desk lives, whether it can work, and its figures."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
from aiohttp import web
from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from dispatch_desk.store import replies
from groundwork.database import Pool, storage_errors
from groundwork.outbox import backlog
from groundwork.problems import problem
from hotline.errors import StorageAwayError

PATIENCE = 2.0


class Metrics:
    """What the desk counts; one registry per program, so that two can live in one process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.events = Counter(
            "huying_desk_events", "Events at the door", ["name", "result"], registry=self.registry
        )
        self.signed = Counter("huying_desk_signed", "Cases signed", registry=self.registry)
        self.replies = Gauge(
            "huying_desk_replies",
            "Replies entered, by what became of them",
            ["outcome"],
            registry=self.registry,
        )
        self.effects = Gauge("huying_desk_effects", "Effects not done", ["state"], registry=self.registry)


class Health:
    """Answers the machines that watch over the desk."""

    def __init__(self, pool: Pool, metrics: Metrics) -> None:
        self._pool, self._metrics = pool, metrics

    async def live(self, request: web.Request) -> web.Response:
        """Answer as long as the process does."""
        return web.json_response({"status": "ok"})

    async def ready(self, request: web.Request) -> web.Response:
        """Answer 200 only when the database does what the desk needs; late deliveries degrade it."""
        try:
            async with _soon():
                await self._pool.fetchval("SELECT count(*) FROM (SELECT FROM cases LIMIT 1) AS one")
                owed = await backlog(self._pool)
        except StorageAwayError:
            return problem(503, "storage-away", "数据库暂时连不上，请稍后再试。")
        degraded = ["outbox"] if owed["late"] or owed["gave_up"] else []
        return web.json_response({"status": "ready", "degraded": degraded})

    async def metrics(self, request: web.Request) -> web.Response:
        """Return the figures in Prometheus' text format."""
        try:
            async with _soon():
                for state, count in (await backlog(self._pool)).items():
                    self._metrics.effects.labels(state).set(count)
                async with self._pool.acquire() as connection:
                    for outcome, count in (await replies.counts(connection)).items():
                        self._metrics.replies.labels(outcome).set(count)
        except StorageAwayError:
            self._metrics.effects.clear()
            self._metrics.replies.clear()
        body = generate_latest(self._metrics.registry)
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})


@asynccontextmanager
async def _soon() -> AsyncIterator[None]:
    """Raise ``StorageAwayError`` unless the database answers in good order within ``PATIENCE``."""
    try:
        async with storage_errors(), asyncio.timeout(PATIENCE):
            yield
    except asyncpg.PostgresError as error:  # reached, but without our tables or rights
        raise StorageAwayError(type(error).__name__) from error
