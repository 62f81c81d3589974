"""Runs an outbox until told to stop, over its own connection."""

import asyncio
import contextlib
import logging
from datetime import timedelta

import asyncpg
from pgqueuer import PgQueuer

from groundwork.clock import pause
from groundwork.database import DATABASE_ERRORS, RELAXED
from groundwork.outbox import HEARTBEAT, LANES, Outbox

log = logging.getLogger(__name__)

SWEEP_EVERY = 15.0


async def run_worker(url: str, outbox: Outbox, stop: asyncio.Event) -> None:
    """Work off owed effects until ``stop`` is set; reconnects when the database was away."""
    wait = 1.0
    while not stop.is_set():
        try:
            await _run_once(url, outbox, stop)
            wait = 1.0
        except DATABASE_ERRORS as error:
            log.warning("worker.disconnected", extra={"error_type": type(error).__name__})
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), wait)
        wait = min(wait * 2, 15.0)


async def _run_once(url: str, outbox: Outbox, stop: asyncio.Event) -> None:
    connection = await asyncpg.connect(
        url, timeout=5, server_settings=RELAXED
    )  # a lost note is a repeated job
    try:
        jobs = PgQueuer.from_asyncpg_connection(connection)
        outbox.register(jobs)
        connection.add_termination_listener(lambda _: jobs.shutdown.set())
        helpers = [asyncio.create_task(_until(stop, jobs)), asyncio.create_task(_sweep(outbox))]
        try:
            await jobs.run(
                dequeue_timeout=timedelta(seconds=5), batch_size=LANES, heartbeat_timeout=HEARTBEAT
            )
        finally:
            for helper in helpers:
                helper.cancel()
            await asyncio.gather(*helpers, return_exceptions=True)
    finally:
        await connection.close(timeout=3)


async def _until(stop: asyncio.Event, jobs: PgQueuer) -> None:
    await stop.wait()
    jobs.shutdown.set()


async def _sweep(outbox: Outbox) -> None:
    while True:
        try:
            await outbox.sweep()
        except DATABASE_ERRORS as error:
            # The jobs have a connection of their own, which may well be alive: go on sweeping.
            log.warning("sweep.failed", extra={"error_type": type(error).__name__})
        await pause(outbox.clock, SWEEP_EVERY)
