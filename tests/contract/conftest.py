"""One real PostgreSQL for the run, one database for each module, a desk in this process."""

import asyncio
import shutil
import signal
import tempfile
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from aiohttp import ClientSession
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

import gateway
from cities.loading import load_pack
from dispatch_desk.__main__ import MIGRATIONS
from dispatch_desk.app import compose
from gateway.localservers import Postgres, StartedServer, Valkey, ensure_database, start
from groundwork.database import migrate, open_pool
from hotline.citypack import CityPack
from staff.accounts import Role
from tests.dispatch import CHEAP, WRITTEN, Opening, RunningDesk, SettableClock, a_pack, settings_for
from tests.folders import server_folder


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL server on a socket, gone with the run."""
    # Not tmp_path: its folders are closed to the user that the server runs as when we are root.
    folder = Path(tempfile.mkdtemp(prefix="huying-pg-"))
    server = Postgres(folder / "pg")
    started = start(server)
    asyncio.run(do_not_wait_for_the_disk(server.url()))
    yield server
    started.process.send_signal(signal.SIGQUIT)  # at once: nothing here is worth a checkpoint
    started.process.wait()
    shutil.rmtree(folder, ignore_errors=True)


async def do_not_wait_for_the_disk(url: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("ALTER SYSTEM SET fsync = off")
        await connection.execute("SELECT pg_reload_conf()")
    finally:
        await connection.close()


@pytest.fixture(scope="module")
def database_url(postgres: Postgres) -> str:
    """The address of an empty database that nobody else uses."""
    name = f"t{uuid.uuid4().hex[:12]}"
    asyncio.run(ensure_database(postgres.url(), name))
    return postgres.url(name)


@pytest.fixture(scope="module")
def migrated(database_url: str) -> str:
    """The address of a database in the gateway's newest form."""
    migrate(database_url, Path(gateway.__file__).parent / "store" / "migrations")
    return database_url


@pytest.fixture(scope="module")
def gateway_url(postgres: Postgres) -> str:
    """The same beside a desk's, for tests of both: two programs never share a database."""
    name = f"t{uuid.uuid4().hex[:12]}"
    asyncio.run(ensure_database(postgres.url(), name))
    migrate(postgres.url(name), Path(gateway.__file__).parent / "store" / "migrations")
    return postgres.url(name)


@pytest.fixture(scope="module")
def desk_url(database_url: str) -> str:
    """The address of a database in the desk's newest form."""
    migrate(database_url, MIGRATIONS)
    return database_url


@pytest.fixture
async def desk(desk_url: str, tmp_path: Path, aiohttp_client: Any) -> AsyncIterator[RunningDesk]:
    """A desk of the fictional city and a browser that has not signed in; the clock stands still."""
    settings, clock = settings_for(desk_url, tmp_path), SettableClock()
    async with open_pool(desk_url) as pool, ClientSession() as http:
        services = compose(settings, a_pack(), pool, http, clock=clock, code_time=clock, hasher=CHEAP)
        browser = await aiohttp_client(services.app)
        yield RunningDesk(services=services, browser=browser, clock=clock, settings=settings)


@pytest.fixture
async def opening(desk_url: str, tmp_path: Path, aiohttp_client: Any) -> AsyncIterator[Opening]:
    """Open desks under any law over one database that was emptied before."""
    async with open_pool(desk_url) as pool, ClientSession() as http:
        await pool.execute(f"TRUNCATE {', '.join(WRITTEN)}")

        @asynccontextmanager
        async def opened(
            law: str | CityPack, *, role: Role | None = Role.DISPATCHER, **more: Any
        ) -> AsyncIterator[RunningDesk]:
            settings, clock = settings_for(desk_url, tmp_path, **more), SettableClock()
            pack = load_pack(law) if isinstance(law, str) else law
            services = compose(settings, pack, pool, http, clock=clock, code_time=clock, hasher=CHEAP)
            browser = await aiohttp_client(services.app)
            desk = RunningDesk(services=services, browser=browser, clock=clock, settings=settings)
            if role is not None:
                await desk.enter(role)
            yield desk

        yield opened


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[Valkey, StartedServer]]:
    with server_folder() as folder:
        valkey = Valkey(folder / "valkey")
        running = start(valkey)
        yield valkey, running
        running.kill()


@pytest.fixture
async def redis(server: tuple[Valkey, StartedServer]) -> AsyncIterator[Redis]:
    """A client of an empty Valkey."""
    url = server[0].url()
    async with Redis.from_url(
        url, socket_connect_timeout=0.3, socket_timeout=0.5, retry=Retry(NoBackoff(), 0)
    ) as client:
        await client.flushall()
        yield client
