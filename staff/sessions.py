"""Sessions: a random token with the browser, only its digest in the database."""

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import asyncpg

from groundwork.clock import Clock
from groundwork.database import Connection, Pool, storage_errors
from groundwork.vault import Vault
from staff.accounts import ACCOUNT_COLUMNS, Account, account_of_row

LIFETIME = timedelta(hours=12)
IDLE = timedelta(hours=1)
HALFWAY = timedelta(minutes=10)  #: a sign-in that is not complete
NOTED_EVERY = timedelta(minutes=1)  #: how exactly it is known when a session was last used
_ADDRESS = "staff.session_address"


class Stage(StrEnum):
    """What a session may be used for; everything but ``OPEN`` owes one more step."""

    OPEN = "open"
    CODE = "code"  #: a one-time code is owed
    PASSWORD = "password"  # noqa: S105 #: a password of one's own is owed
    FACTOR = "factor"  #: a second factor must be set up


@dataclass(frozen=True, kw_only=True, slots=True)
class Session:
    """Somebody's signed-in browser."""

    id: int
    token: str
    account: Account
    stage: Stage


@dataclass(frozen=True, kw_only=True, slots=True)
class Listed:
    """One line of the list that an owner sees."""

    id: int
    created_at: datetime
    seen_at: datetime
    address: str


class Sessions:
    """The sessions of one program, in its own database."""

    def __init__(self, pool: Pool, vault: Vault, *, clock: Clock) -> None:
        self._pool, self._vault, self._clock = pool, vault, clock

    async def open(
        self,
        connection: Connection,
        account_id: int,
        stage: Stage,
        *,
        instead_of: str = "",
        address: str | None,
    ) -> str:
        """Begin a session in the caller's transaction and return its fresh token; ``instead_of`` ends."""
        token, now = secrets.token_urlsafe(32), self._clock()
        await connection.execute(
            "DELETE FROM staff_sessions WHERE token_digest = $1 OR expires_at <= $2", _digest(instead_of), now
        )
        await connection.execute(
            "INSERT INTO staff_sessions (token_digest, account_id, stage, created_at, seen_at, expires_at, address)"
            " VALUES ($1, $2, $3, $4, $4, $5, $6)",
            _digest(token),
            account_id,
            stage.value,
            now,
            now + (LIFETIME if stage is Stage.OPEN else HALFWAY),
            None if address is None else self._vault.seal(address.encode(), purpose=_ADDRESS),
        )
        return token

    async def find(self, token: str, *, used: bool = True) -> Session | None:
        """Return whose session this is, with the role they have now; ``None`` once it is over.

        With ``used`` false, as where a page asks by itself, the session grows as old as if nobody had asked.
        """
        if not token:
            return None
        now = self._clock()
        async with storage_errors():
            row = await self._pool.fetchrow(
                f"SELECT s.id AS session_id, s.stage, s.seen_at, {ACCOUNT_COLUMNS} FROM staff_sessions s"  # noqa: S608 - ours
                " JOIN staff_accounts a ON a.id = s.account_id"
                " WHERE s.token_digest = $1 AND s.expires_at > $2 AND s.seen_at > $3 AND a.disabled_at IS NULL",
                _digest(token),
                now,
                now - IDLE,
            )
            if row is None:
                return None
            if used:
                await self._note(row, now)
        return Session(
            id=row["session_id"], token=token, account=account_of_row(row), stage=Stage(row["stage"])
        )

    async def _note(self, row: asyncpg.Record, now: datetime) -> None:
        if now - row["seen_at"] >= NOTED_EVERY:
            await self._pool.execute(
                "UPDATE staff_sessions SET seen_at = $2 WHERE id = $1 AND seen_at < $2",
                row["session_id"],
                now,
            )

    async def close(self, connection: Connection, token: str) -> None:
        """End a session in the caller's transaction; one that is not there is over already."""
        await connection.execute("DELETE FROM staff_sessions WHERE token_digest = $1", _digest(token))

    async def of(self, account_id: int) -> Sequence[Listed]:
        """Return the live sessions of an account, the one used last on top."""
        now = self._clock()
        async with storage_errors():
            rows = await self._pool.fetch(
                "SELECT id, created_at, seen_at, address FROM staff_sessions WHERE account_id = $1"
                " AND expires_at > $2 AND seen_at > $3 AND stage = 'open' ORDER BY seen_at DESC, id DESC",
                account_id,
                now,
                now - IDLE,
            )
        return [
            Listed(
                id=row["id"], created_at=row["created_at"], seen_at=row["seen_at"], address=self._opened(row["address"])
            )
            for row in rows
        ]  # fmt: skip

    def _opened(self, address: bytes | None) -> str:
        return "" if address is None else self._vault.open(address, purpose=_ADDRESS).decode()

    def form_token(self, token: str) -> str:
        """Return what a form of this session must carry."""
        return self._vault.digest(token, purpose="staff.form").hex()

    def form_token_fits(self, token: str, given: str) -> bool:
        """Tell whether a form was made for this session."""
        return hmac.compare_digest(self.form_token(token).encode(), given.encode("utf-8", "replace"))


async def end(connection: Connection, account_id: int, *, but: int = 0, only: int = 0) -> int:
    """End the sessions of an account, all but one, or only one of them; return how many there were."""
    done = await connection.execute(
        "DELETE FROM staff_sessions WHERE account_id = $1 AND id <> $2 AND ($3 = 0 OR id = $3)",
        account_id,
        but,
        only,
    )
    return int(done.rpartition(" ")[2])


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()
