"""PostgreSQL: pools, migrations, advisory locks."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import asyncpg

from hotline.errors import StorageAwayError

if TYPE_CHECKING:
    Pool: TypeAlias = asyncpg.Pool[asyncpg.Record]
    Connection: TypeAlias = (
        asyncpg.Connection[asyncpg.Record] | asyncpg.pool.PoolConnectionProxy[asyncpg.Record]
    )
else:
    Pool = asyncpg.Pool
    Connection = asyncpg.Connection

OLDEST_SERVER = 180_000
RELAXED = {
    "synchronous_commit": "off"
}  #: a crash of the server may lose the last moments; what is there is whole
#: Every way in which the database can be away or unable.
DATABASE_ERRORS = (
    OSError,  # TimeoutError is one
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # the server died between two steps of a statement
    asyncpg.PostgresError,
)


class DatabaseUnusableError(RuntimeError):
    """The database does not exist, refuses us, or is too old; the text is one line that says which."""


@asynccontextmanager
async def storage_errors() -> AsyncIterator[None]:
    """Turn every way in which the database can be away into ``StorageAwayError``."""
    try:
        yield
    except (asyncpg.IntegrityConstraintViolationError, asyncpg.DataError):
        raise  # what was asked is wrong, not the database
    except DATABASE_ERRORS as error:
        # A full disk, a read-only replica, a missing table: to who asks, the storage is away.
        raise StorageAwayError(type(error).__name__) from error


@asynccontextmanager
async def open_pool(
    url: str, *, size: int = 10, clears: bool = True, durable: bool = True
) -> AsyncIterator[Pool]:
    """A pool that connects when first used, so that a program starts while the database is away.

    A connection that comes back is cleared of locks, settings and subscriptions, which costs a round trip;
    ``clears=False`` is for those who leave none behind. An open transaction is rolled back either way.
    ``durable=False`` does not wait for the disk: for what is harmless when it has to be done again.
    """
    pool = asyncpg.create_pool(
        url,
        min_size=0,
        max_size=size,
        command_timeout=10,
        timeout=3,
        server_settings={"application_name": "huying", "timezone": "UTC"} | ({} if durable else RELAXED),
        reset=None if clears else _left_as_it_is,
    )
    pool = await pool
    try:
        yield pool
    finally:
        try:
            await asyncio.wait_for(pool.close(), 5)
        except (TimeoutError, OSError, asyncpg.PostgresError):
            pool.terminate()


async def _left_as_it_is(connection: Connection) -> None:
    """Do nothing; asyncpg has rolled back what was open."""


def lock_number(name: str) -> int:
    """Return the 64-bit number of an advisory lock for ``name``."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)


async def lock(connection: Connection, name: str) -> None:
    """Hold ``name`` until the transaction ends; its own statement, before the read it protects."""
    await connection.execute("SELECT pg_advisory_xact_lock($1)", lock_number(name))


def migrate(url: str, scripts: Path) -> None:
    """Bring the database at ``url`` to the newest revision of ``scripts`` (Alembic)."""
    from alembic import command
    from alembic.config import Config
    from sqlalchemy.exc import DBAPIError

    config = Config()
    config.set_main_option("script_location", str(scripts))
    config.set_main_option("sqlalchemy.url", sqlalchemy_url(url).replace("%", "%%"))
    try:
        command.upgrade(config, "head")
    except (OSError, DBAPIError, asyncpg.PostgresError) as error:
        raise DatabaseUnusableError(
            f"the database cannot be brought up to date: {_first_line(error)}"
        ) from error


def _first_line(error: Exception) -> str:
    cause = getattr(error, "orig", None) or error  # SQLAlchemy wraps what the driver raised
    line = next(iter(str(cause).splitlines()), type(cause).__name__)
    return line.rpartition(">: ")[2]


def run_migrations() -> None:
    """Do what Alembic's ``env.py`` must do; both programs' files call this."""
    from alembic import context
    from sqlalchemy import pool
    from sqlalchemy.engine import Connection as SyncConnection
    from sqlalchemy.ext.asyncio import create_async_engine

    def upgrade(connection: SyncConnection) -> None:
        context.configure(connection=connection, transactional_ddl=True)
        with context.begin_transaction():
            # Two programs may start at once: the second waits, then finds nothing to do.
            connection.exec_driver_sql("SELECT pg_advisory_xact_lock(727374)")
            context.run_migrations()

    async def run() -> None:
        url = context.config.get_main_option("sqlalchemy.url") or ""
        engine = create_async_engine(url, poolclass=pool.NullPool)
        async with engine.connect() as connection:
            await connection.run_sync(upgrade)
            await connection.commit()
        await engine.dispose()

    asyncio.run(run())


def run_script(sql: str) -> None:
    """Run several statements inside the current migration; Alembic's own way takes one at a time."""
    from alembic import op
    from sqlalchemy.util import await_only

    bind = op.get_bind()
    bind.exec_driver_sql("SELECT 1")  # begins the transaction that the script then runs in
    await_only(bind.connection.driver_connection.execute(sql))  # type: ignore[union-attr]


def sqlalchemy_url(url: str) -> str:
    """Return ``url`` for SQLAlchemy's asyncpg dialect, unix sockets included."""
    parts = urlsplit(url)
    query = urlencode(parse_qsl(parts.query), safe="/")
    return urlunsplit(("postgresql+asyncpg", parts.netloc, parts.path, query, ""))


async def check_server(pool: Pool) -> None:
    """Raise ``DatabaseUnusableError`` when the server is older than PostgreSQL 18."""
    found = int(await pool.fetchval("SHOW server_version_num"))
    if found < OLDEST_SERVER:
        raise DatabaseUnusableError(f"PostgreSQL {found // 10_000} is too old: version 18 or newer is needed")
