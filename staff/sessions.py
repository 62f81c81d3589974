"""Sessions: a random token with the browser, only its digest in the database."""

import hashlib
import hmac
import secrets
from datetime import timedelta

from groundwork.clock import Clock
from groundwork.database import Pool, storage_errors
from groundwork.vault import Vault
from staff.accounts import Account, Role

LIFETIME = timedelta(hours=12)


class Sessions:
    """The sessions of one program, in its own database."""

    def __init__(self, pool: Pool, vault: Vault, *, clock: Clock) -> None:
        self._pool, self._vault, self._clock = pool, vault, clock

    async def open(self, account: Account, *, instead_of: str = "") -> str:
        """Begin a session and return its fresh token; the session ``instead_of`` ends."""
        token, now = secrets.token_urlsafe(32), self._clock()
        async with storage_errors(), self._pool.acquire() as connection, connection.transaction():
            await connection.execute(
                "DELETE FROM staff_sessions WHERE token_digest = $1 OR expires_at <= $2",
                _digest(instead_of),
                now,
            )
            await connection.execute(
                "INSERT INTO staff_sessions (token_digest, account_id, created_at, expires_at)"
                " VALUES ($1, $2, $3, $4)",
                _digest(token),
                account.id,
                now,
                now + LIFETIME,
            )
        return token

    async def find(self, token: str) -> Account | None:
        """Return whose session this is, with the role they have now; ``None`` once it is over."""
        if not token:
            return None
        async with storage_errors():
            row = await self._pool.fetchrow(
                "SELECT a.id, a.name, a.role FROM staff_sessions s"
                " JOIN staff_accounts a ON a.id = s.account_id"
                " WHERE s.token_digest = $1 AND s.expires_at > $2 AND a.disabled_at IS NULL",
                _digest(token),
                self._clock(),
            )
        return Account(id=row["id"], name=row["name"], role=Role(row["role"])) if row else None

    async def close(self, token: str) -> None:
        """End a session; one that is not there is over already."""
        async with storage_errors():
            await self._pool.execute("DELETE FROM staff_sessions WHERE token_digest = $1", _digest(token))

    def form_token(self, token: str) -> str:
        """Return what a form of this session must carry."""
        return self._vault.digest(token, purpose="staff.form").hex()

    def form_token_fits(self, token: str, given: str) -> bool:
        """Tell whether a form was made for this session."""
        return hmac.compare_digest(self.form_token(token).encode(), given.encode("utf-8", "replace"))


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()
