"""Wrong tries, counted in the database: a restart opens no door."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from groundwork.clock import Clock
from groundwork.database import Connection, Pool, lock, storage_errors
from groundwork.vault import Vault
from hotline.errors import HotlineError

WINDOW = timedelta(minutes=15)


class LockedOutError(HotlineError):
    """Too many wrong tries for this name or from this address; ``wait`` says for how long."""

    retryable = True

    def __init__(self, wait: timedelta) -> None:
        super().__init__("locked out")
        self.wait = wait


@dataclass(frozen=True, kw_only=True, slots=True)
class Subject:
    """What tries are counted for."""

    text: str
    most: int  #: tries within ``WINDOW``


@dataclass(frozen=True, kw_only=True, slots=True)
class Try:
    """One try that has been counted, as if it were wrong."""

    ids: Sequence[int]
    last: bool  #: whether no other is left after it


class Tries:
    """The tries of one program; names and addresses are kept as digests."""

    def __init__(self, pool: Pool, vault: Vault, *, clock: Clock) -> None:
        self._pool, self._vault, self._clock = pool, vault, clock

    async def begin(self, subjects: Sequence[Subject]) -> Try:
        """Count a try before it is made, so that a burst cannot outrun the count; raises ``LockedOutError``."""
        now = self._clock()
        most = {self._digest(subject.text): subject.most for subject in subjects}
        async with storage_errors(), self._pool.acquire() as connection, connection.transaction():
            for digest in sorted(most):
                await lock(connection, f"staff.tries:{digest.hex()}")
            waits = [await _locked_for(connection, digest, most[digest], now) for digest in most]
            if longest := max(filter(None, waits), default=None):
                raise LockedOutError(longest)
            await connection.execute("DELETE FROM staff_tries WHERE at < $1", now - WINDOW)
            ids = [
                await connection.fetchval(
                    "INSERT INTO staff_tries (subject, at) VALUES ($1, $2) RETURNING id", digest, now
                )
                for digest in most
            ]
            left = [await _locked_for(connection, digest, most[digest], now) for digest in most]
        return Try(ids=ids, last=any(left))

    async def forgive(self, connection: Connection, made: Try, subject: str) -> None:
        """Take a try back that was right, and the wrong ones for ``subject`` before it.

        Nobody else is forgiven: an address that knows one password must not go on guessing others.
        """
        await connection.execute(
            "DELETE FROM staff_tries WHERE id = ANY($1::bigint[]) OR subject = $2",
            list(made.ids),
            self._digest(subject),
        )

    async def forget(self, connection: Connection, subject: str) -> None:
        """Take back every try for ``subject``."""
        await connection.execute("DELETE FROM staff_tries WHERE subject = $1", self._digest(subject))

    def _digest(self, subject: str) -> bytes:
        return self._vault.digest(subject, purpose="staff.tries")


async def _locked_for(connection: Connection, subject: bytes, most: int, now: datetime) -> timedelta | None:
    oldest_that_counts = await connection.fetchval(
        "SELECT at FROM staff_tries WHERE subject = $1 AND at > $2 ORDER BY at DESC OFFSET $3 LIMIT 1",
        subject,
        now - WINDOW,
        most - 1,
    )
    return None if oldest_that_counts is None else oldest_that_counts + WINDOW - now
