"""A database that dies in the middle of anything is away, whatever its client calls that."""

import asyncio
from collections import Counter
from collections.abc import Iterator

import asyncpg
import pytest

from gateway.localservers import Postgres, StartedServer, start
from groundwork import worker
from groundwork.database import DATABASE_ERRORS, Pool, open_pool, storage_errors
from groundwork.outbox import Outbox
from groundwork.worker import run_worker
from hotline.errors import StorageAwayError
from tests.folders import server_folder

CITIZENS = 12
DEATHS = 3


@pytest.fixture
def mortal() -> Iterator[Postgres]:
    """A PostgreSQL of its own, started; the test kills it and starts it again."""
    with server_folder() as folder:
        yield Postgres(folder / "pg")


async def test_every_statement_that_a_killed_server_breaks_off_says_that_storage_is_away(
    mortal: Postgres,
) -> None:
    started = start(mortal)
    outcomes: Counter[str] = Counter()
    try:
        async with open_pool(mortal.url(), size=CITIZENS, clears=False) as pool:
            for _ in range(DEATHS):
                started = await one_death(pool, mortal, started, outcomes)
            async with storage_errors(), pool.acquire() as connection:
                assert await connection.fetchval("SELECT 1") == 1
    finally:
        started.stop()
    assert set(outcomes) == {"answered", "away"}, outcomes


async def one_death(
    pool: Pool, server: Postgres, started: StartedServer, outcomes: Counter[str]
) -> StartedServer:
    """Kill the server while statements are under way, start it again, and see that it is used again."""
    stop = asyncio.Event()
    asking = [asyncio.create_task(ask(pool, stop, outcomes, n)) for n in range(CITIZENS)]
    await asyncio.sleep(0.3)
    started.kill()
    await asyncio.sleep(0.3)
    again = start(server)
    before = outcomes["answered"]
    async with asyncio.timeout(30):
        while outcomes["answered"] < before + CITIZENS:
            await asyncio.sleep(0.05)
    stop.set()
    await asyncio.gather(*asking)
    return again


async def ask(pool: Pool, stop: asyncio.Event, outcomes: Counter[str], first: int) -> None:
    """Ask again and again, each time something that has to be prepared anew."""
    number = first
    while not stop.is_set():
        number += CITIZENS
        try:
            async with storage_errors(), pool.acquire() as connection:
                await connection.fetchval(f"SELECT {number} + $1::bigint", 1)
        except StorageAwayError:
            outcomes["away"] += 1
        except Exception as error:  # noqa: BLE001 — what else it might be is the question
            outcomes[type(error).__name__] += 1
        else:
            outcomes["answered"] += 1
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("kind", DATABASE_ERRORS)
async def test_a_worker_whose_database_dies_connects_again(
    kind: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    stop, lives = asyncio.Event(), []

    async def life(url: str, outbox: Outbox, stop: asyncio.Event) -> None:
        lives.append(url)
        if len(lives) == 1:
            raise kind("gone")
        stop.set()

    monkeypatch.setattr(worker, "_run_once", life)
    await asyncio.wait_for(run_worker("postgresql://somewhere", None, stop), 30)  # type: ignore[arg-type]  # unused
    assert len(lives) == 2


def test_what_asyncpg_says_about_a_server_that_died_is_among_the_errors() -> None:
    assert issubclass(asyncpg.InternalClientError, DATABASE_ERRORS)
    assert issubclass(asyncpg.ConnectionDoesNotExistError, DATABASE_ERRORS)
