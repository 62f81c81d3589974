"""Accounts and passwords: argon2id, lock-out after wrong tries, the same work for unknown names."""

import asyncio
import secrets
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import asyncpg
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from groundwork.clock import Clock
from groundwork.database import Connection, Pool, lock, storage_errors
from groundwork.vault import Vault
from hotline.errors import HotlineError
from hotline.message import clean

MAX_TRIES = 10
WINDOW = timedelta(minutes=15)
MAX_NAME, MIN_PASSWORD, MAX_PASSWORD = 64, 12, 1_000


class Role(StrEnum):
    """What an account may do."""

    EDITOR = "editor"
    REVIEWER = "reviewer"
    DISPATCHER = "dispatcher"
    UNIT = "unit"
    ADMIN = "admin"


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """Somebody who may sign in."""

    id: int
    name: str
    role: Role


class AccountError(HotlineError):
    """The account cannot be made as asked; the text says why."""


class WrongPasswordError(HotlineError):
    """No account has this name and password; which of the two is wrong is not told."""


class LockedOutError(HotlineError):
    """Too many wrong tries for this name or from this address; ``wait`` says for how long."""

    retryable = True

    def __init__(self, wait: timedelta) -> None:
        super().__init__("locked out")
        self.wait = wait


class Accounts:
    """The accounts of one program, in its own database."""

    def __init__(
        self, pool: Pool, vault: Vault, *, clock: Clock, hasher: PasswordHasher | None = None
    ) -> None:
        self._pool, self._vault, self._clock = pool, vault, clock
        self._hasher = hasher or PasswordHasher()
        self._nobody = self._hasher.hash(secrets.token_urlsafe(16))  # what unknown names are checked against
        self._two_at_once = asyncio.Semaphore(2)  # a hash takes 64 MiB: a flood must not take the memory

    async def add(self, name: str, role: Role, password: str) -> Account:
        """Make an account, or raise ``AccountError``."""
        name = canonical(name)
        if not 1 <= len(name) <= MAX_NAME or any(letter.isspace() for letter in name):
            raise AccountError(f"a name has 1 to {MAX_NAME} characters and no blanks")
        if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
            raise AccountError(f"a password has {MIN_PASSWORD} to {MAX_PASSWORD} characters")
        hashed = await asyncio.to_thread(self._hasher.hash, password)
        try:
            async with storage_errors(), self._pool.acquire() as connection:
                return await insert(connection, name, role, hashed, at=self._clock())
        except asyncpg.UniqueViolationError:
            raise AccountError("this name is taken") from None

    async def check(self, name: str, password: str, *, address: str | None) -> Account:
        """Return the account with this name and password, or raise.

        ``WrongPasswordError`` and ``LockedOutError`` say no; neither tells whether the name exists.
        Without an address tries count against the name alone.
        """
        name = canonical(name)
        # The try is written before the password is looked at, so that a burst cannot outrun the count.
        subjects = [f"name:{name}"] + ([] if address is None else [f"address:{address}"])
        tries = await self._begin(subjects)
        async with storage_errors():
            row = await self._pool.fetchrow(
                "SELECT id, name, role, password_hash FROM staff_accounts"
                " WHERE name = $1 AND disabled_at IS NULL",
                name,
            )
        hashed: str = row["password_hash"] if row else self._nobody
        fits = await self._fits(hashed, password)
        if row is None or not fits:
            raise WrongPasswordError("no such name and password")
        await self._succeeded(row, password, subject=f"name:{name}", tries=tries)
        return Account(id=row["id"], name=row["name"], role=Role(row["role"]))

    async def _begin(self, subjects: Sequence[str]) -> list[int]:
        now = self._clock()
        digests = sorted(self._digest(subject) for subject in subjects)
        async with storage_errors(), self._pool.acquire() as connection, connection.transaction():
            for digest in digests:
                await lock(connection, f"staff.tries:{digest.hex()}")
            waits = [await _locked_for(connection, digest, now) for digest in digests]
            if longest := max(filter(None, waits), default=None):
                raise LockedOutError(longest)
            await connection.execute("DELETE FROM staff_tries WHERE at < $1", now - WINDOW)
            return [
                await connection.fetchval(
                    "INSERT INTO staff_tries (subject, at) VALUES ($1, $2) RETURNING id", digest, now
                )
                for digest in digests
            ]

    async def _fits(self, hashed: str, password: str) -> bool:
        if len(password) > MAX_PASSWORD:
            return False
        async with self._two_at_once:
            return await asyncio.to_thread(self._verify, hashed, password)

    def _verify(self, hashed: str, password: str) -> bool:
        try:
            return self._hasher.verify(hashed, password.encode("utf-8", "replace"))
        except (VerificationError, InvalidHashError):
            return False

    async def _succeeded(self, row: asyncpg.Record, password: str, *, subject: str, tries: list[int]) -> None:
        fresh = None
        if self._hasher.check_needs_rehash(row["password_hash"]):
            fresh = await asyncio.to_thread(self._hasher.hash, password)
        async with storage_errors(), self._pool.acquire() as connection:
            # Only this name is forgiven: an address that knows one password must not go on guessing others.
            await connection.execute(
                "DELETE FROM staff_tries WHERE id = ANY($1::bigint[]) OR subject = $2",
                tries,
                self._digest(subject),
            )
            if fresh:
                await connection.execute(
                    "UPDATE staff_accounts SET password_hash = $2 WHERE id = $1 AND password_hash = $3",
                    row["id"],
                    fresh,
                    row["password_hash"],
                )

    def _digest(self, subject: str) -> bytes:
        return self._vault.digest(subject, purpose="staff.tries")


def canonical(name: str) -> str:
    """Return a name as typed in the one form it is stored in."""
    return unicodedata.normalize("NFKC", clean(name)).strip().lower()


async def insert(connection: Connection, name: str, role: Role, hashed: str, *, at: datetime) -> Account:
    """Write an account whose password is already hashed."""
    id = await connection.fetchval(
        "INSERT INTO staff_accounts (name, role, password_hash, created_at)"
        " VALUES ($1, $2, $3, $4) RETURNING id",
        name,
        role.value,
        hashed,
        at,
    )
    return Account(id=id, name=name, role=role)


async def _locked_for(connection: Connection, subject: bytes, now: datetime) -> timedelta | None:
    oldest_that_counts = await connection.fetchval(
        "SELECT at FROM staff_tries WHERE subject = $1 AND at > $2 ORDER BY at DESC OFFSET $3 LIMIT 1",
        subject,
        now - WINDOW,
        MAX_TRIES - 1,
    )
    return None if oldest_that_counts is None else oldest_that_counts + WINDOW - now
