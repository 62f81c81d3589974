"""What a connection carries back into its pool."""

import asyncio
from contextlib import suppress

import asyncpg

from groundwork.database import Connection, lock, open_pool


async def is_free(connection: Connection, number: int) -> bool:
    """Tell whether another session could take the lock, and leave it free."""
    return bool(await connection.fetchval("SELECT pg_try_advisory_xact_lock($1)", number))


async def test_a_lock_that_was_not_let_go_does_not_outlive_the_borrowing(database_url: str) -> None:
    other = await asyncpg.connect(database_url)
    async with open_pool(database_url, size=1) as pool:
        async with pool.acquire() as connection:
            await connection.execute("SELECT pg_advisory_lock(7)")
            assert not await is_free(other, 7)
        assert await is_free(other, 7)
    await other.close()


async def test_what_was_broken_off_is_rolled_back_in_a_pool_that_does_not_clear(database_url: str) -> None:
    other = await asyncpg.connect(database_url)
    await other.execute("CREATE TABLE notes (said text)")
    async with open_pool(database_url, size=1, clears=False) as pool:
        written = asyncio.Event()

        async def writes() -> None:
            async with pool.acquire() as connection, connection.transaction():
                await lock(connection, "conversation:a")
                await connection.execute("INSERT INTO notes VALUES ('half')")
                written.set()
                await connection.execute("SELECT pg_sleep(60)")

        task = asyncio.create_task(writes())
        await asyncio.wait_for(written.wait(), 30)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        async with pool.acquire() as connection, connection.transaction():
            async with asyncio.timeout(30):
                await lock(connection, "conversation:a")
            assert await connection.fetchval("SELECT count(*) FROM notes") == 0
        async with other.transaction():
            await lock(other, "conversation:a")
    await other.close()
