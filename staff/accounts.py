"""Accounts and passwords: argon2id, lock-out after wrong tries, the same work for unknown names."""

import asyncio
import secrets
import unicodedata
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import asyncpg
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from groundwork.audit import COMMAND, Action, Audit, Author, Via
from groundwork.audit import PROGRAM as BY_PROGRAM
from groundwork.clock import Clock
from groundwork.database import Connection, Pool, lock, storage_errors
from groundwork.vault import Vault
from hotline.errors import HotlineError
from hotline.message import clean
from staff.passwords import MOST, WeakPasswordError, check_choice, one_time_password, written
from staff.tries import Subject, Tries, Try

MAX_TRIES = 10
MAX_NAME, MAX_UNIT = 64, 100
ONE_TIME = timedelta(hours=72)  #: how long a one-time password may be used


class Role(StrEnum):
    """What an account may do."""

    EDITOR = "editor"
    REVIEWER = "reviewer"
    DISPATCHER = "dispatcher"
    UNIT = "unit"
    LEADER = "leader"
    ADMIN = "admin"


OF_A_UNIT = (Role.UNIT, Role.LEADER)  #: roles whose accounts belong to a unit, or may


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """Somebody who may sign in."""

    id: int
    name: str
    role: Role
    unit: str = (
        ""  #: with the role ``unit`` or ``leader``: whose things it sees; a leader without one is the city's
    )
    has_factor: bool = False
    owes_password: bool = False  #: signed in with a one-time password


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """An account as those who look after accounts see it."""

    account: Account
    made_at: datetime
    signed_in_at: datetime | None
    locked: bool
    one_time_until: datetime | None


class AccountError(HotlineError):
    """The account cannot be made or changed as asked; ``why`` is a code, the text says it in English."""

    def __init__(self, why: str) -> None:
        super().__init__(_WORDS[why])
        self.why = why


_WORDS = {
    "name": f"a name has 1 to {MAX_NAME} characters and no blanks",
    "taken": "this name is taken",
    "unit": f"accounts with the role unit belong to a unit, those of leaders may, no others do; it has 1 to {MAX_UNIT} characters",
    "unknown": "there is no such account",
    "provider": "this account signs in through the OpenID provider; reset it there",
    "own": "nobody locks, demotes or resets their own account",
}


class WrongPasswordError(HotlineError):
    """No account has this name and password; which of the two is wrong is not told."""


#: What ``account_of_row`` reads, of a table that is called ``a``.
ACCOUNT_COLUMNS = (
    "a.id, a.name, a.role, a.unit, a.totp_secret IS NOT NULL AS has_factor,"
    " a.one_time_until IS NOT NULL AS owes_password"
)


def account_of_row(row: asyncpg.Record) -> Account:
    """Return the account in a row of ``ACCOUNT_COLUMNS``."""
    return Account(
        id=row["id"],
        name=row["name"],
        role=Role(row["role"]),
        unit=row["unit"],
        has_factor=row["has_factor"],
        owes_password=row["owes_password"],
    )


class Accounts:
    """The accounts of one program, in its own database."""

    def __init__(
        self, pool: Pool, vault: Vault, audit: Audit, *, clock: Clock, hasher: PasswordHasher | None = None
    ) -> None:
        self._pool, self._audit, self._clock = pool, audit, clock
        self.tries = Tries(pool, vault, clock=clock)
        self._vault = vault
        self._hasher = hasher or PasswordHasher()
        self._nobody = self._hasher.hash(secrets.token_urlsafe(16))  # what unknown names are checked against
        self._two_at_once = asyncio.Semaphore(2)  # a hash takes 64 MiB: a flood must not take the memory

    # Signing in

    async def check(self, name: str, password: str, *, address: str | None) -> Account:
        """Return the account with this name and password, or raise.

        ``WrongPasswordError`` and ``LockedOutError`` say no; neither tells whether the name exists.
        Without an address tries count against the name alone.
        """
        name = canonical(name)
        made = await self.tries.begin(_subjects(name, address))
        async with storage_errors():
            row = await self._pool.fetchrow(
                f"SELECT {ACCOUNT_COLUMNS}, a.password_hash, a.one_time_until FROM staff_accounts a"  # noqa: S608 - ours
                " WHERE a.name = $1 AND a.disabled_at IS NULL",
                name,
            )
        hashed: str = row["password_hash"] if row else self._nobody
        fits = await self._fits(hashed, password)
        if row is None or not fits or _expired(row["one_time_until"], self._clock()):
            await self._refused(name, row, made, address)
            raise WrongPasswordError("no such name and password")
        await self._succeeded(row, password, made)
        return account_of_row(row)

    async def _refused(self, name: str, row: asyncpg.Record | None, made: Try, address: str | None) -> None:
        # What was typed as a name may be a password: unknown ones are kept as a digest.
        kind, subject = ("account", str(row["id"])) if row else ("name", self._name_digest(name))
        by = Author(via=Via.PAGE, address=address)
        async with self._transaction() as connection:
            await self._audit.note(connection, Action.SIGN_IN_FAILED, kind, subject, by=by, why="password")
            if made.last:
                await self._audit.note(connection, Action.LOCKED_OUT, kind, subject, by=by, why="password")

    def _name_digest(self, name: str) -> str:
        return self._vault.digest(name, purpose="staff.name").hex()[:16]

    async def _fits(self, hashed: str, password: str) -> bool:
        if len(password) > MOST:
            return False
        async with self._two_at_once:
            return await asyncio.to_thread(self._verify, hashed, written(password))

    def _verify(self, hashed: str, password: str) -> bool:
        try:
            return self._hasher.verify(hashed, password.encode("utf-8", "replace"))
        except (VerificationError, InvalidHashError):
            return False

    async def _succeeded(self, row: asyncpg.Record, password: str, made: Try) -> None:
        fresh = None
        if self._hasher.check_needs_rehash(row["password_hash"]):
            fresh = await self._hash(password)
        async with self._transaction() as connection:
            await self.tries.forgive(connection, made, _of_name(row["name"]))
            if fresh:
                await connection.execute(
                    "UPDATE staff_accounts SET password_hash = $2 WHERE id = $1 AND password_hash = $3",
                    row["id"],
                    fresh,
                    row["password_hash"],
                )

    async def _hash(self, password: str) -> str:
        async with self._two_at_once:
            return await asyncio.to_thread(self._hasher.hash, written(password))

    # The owner's own acts

    async def choose_password(self, account: Account, password: str, *, by: Author) -> None:
        """Give an account a password that its owner chose, and end its sessions; ``WeakPasswordError`` says no."""
        check_choice(password, name=account.name)
        async with storage_errors():
            before = await self._pool.fetchval(
                "SELECT password_hash FROM staff_accounts WHERE id = $1", account.id
            )
        if before is not None and await self._fits(before, password):
            raise WeakPasswordError("same")
        hashed = await self._hash(password)
        async with self._transaction() as connection:
            await connection.execute(
                "UPDATE staff_accounts SET password_hash = $2, one_time_until = NULL WHERE id = $1",
                account.id,
                hashed,
            )
            await _end_sessions(connection, account.id)
            await self._audit.note(connection, Action.PASSWORD_CHANGED, "account", str(account.id), by=by)

    # Looking after accounts

    async def add(
        self, name: str, role: Role, password: str, *, unit: str = "", by: Author = COMMAND
    ) -> Account:
        """Make an account whose password its owner knows; raises ``AccountError`` or ``WeakPasswordError``."""
        check_choice(password, name=canonical(name))
        return await self._make(name, role, password, unit=unit, one_time=False, by=by)

    async def invite(
        self, name: str, role: Role, *, unit: str = "", by: Author = COMMAND
    ) -> tuple[Account, str]:
        """Make an account with a one-time password; return both."""
        password = one_time_password()
        return await self._make(name, role, password, unit=unit, one_time=True, by=by), password

    async def _make(
        self, name: str, role: Role, password: str, *, unit: str, one_time: bool, by: Author
    ) -> Account:
        name, unit = canonical(name), clean(unit).strip()
        if not 1 <= len(name) <= MAX_NAME or any(letter.isspace() for letter in name):
            raise AccountError("name")
        _check_unit(role, unit)
        hashed, now = await self._hash(password), self._clock()
        try:
            async with self._transaction() as connection:
                account = await insert(
                    connection, name, role, hashed, at=now, unit=unit, one_time_until=now + ONE_TIME if one_time else None
                )  # fmt: skip
                await self._audit.note(
                    connection, Action.ACCOUNT_MADE, "account", str(account.id), by=by, why=f"role:{role.value}"
                )  # fmt: skip
        except asyncpg.UniqueViolationError:
            raise AccountError("taken") from None
        return account

    async def vouched(self, digest: bytes, name: str, role: Role, *, unit: str = "") -> Account:
        """Return the account of somebody a provider vouches for, made or changed as it says.

        ``WrongPasswordError`` when the account is locked. A local account of the same name is somebody else's.
        """
        _check_unit(role, unit)
        name = canonical(name)[: MAX_NAME - 9].replace(" ", "-") or "provider"
        async with self._transaction() as connection:
            await lock(connection, f"staff.provider:{digest.hex()}")
            row = await connection.fetchrow(
                f"SELECT {ACCOUNT_COLUMNS}, a.disabled_at FROM staff_accounts a WHERE a.provider_digest = $1",  # noqa: S608 - ours
                digest,
            )
            if row is None:
                return await self._welcomed(connection, digest, name, role, unit)
            if row["disabled_at"] is not None:
                raise WrongPasswordError("locked")
            account = account_of_row(row)
            if (account.role, account.unit) != (role, unit):
                await connection.execute(
                    "UPDATE staff_accounts SET role = $2, unit = $3 WHERE id = $1",
                    account.id,
                    role.value,
                    unit,
                )
                await _end_sessions(connection, account.id)
                why = f"role:{account.role.value}>{role.value}"
                await self._audit.note(
                    connection, Action.ACCOUNT_CHANGED, "account", str(account.id), by=BY_PROGRAM, why=why
                )
            return replace(account, role=role, unit=unit)

    async def _welcomed(
        self, connection: Connection, digest: bytes, name: str, role: Role, unit: str
    ) -> Account:
        if await connection.fetchval("SELECT EXISTS (SELECT FROM staff_accounts WHERE name = $1)", name):
            name = f"{name}-{digest.hex()[:8]}"
        # Of a password that nobody knows: there is no way in by one.
        account = await insert(connection, name, role, self._nobody, at=self._clock(), unit=unit)
        await connection.execute(
            "UPDATE staff_accounts SET provider_digest = $2 WHERE id = $1", account.id, digest
        )
        await self._audit.note(
            connection,
            Action.ACCOUNT_MADE,
            "account",
            str(account.id),
            by=BY_PROGRAM,
            why=f"role:{role.value}",
        )
        return account

    async def reset(self, id: int, *, by: Author, why: str = "") -> str:
        """Give an account a one-time password and take its second factor; its sessions end."""
        _check_not_own(id, by)
        password = one_time_password()
        hashed = await self._hash(password)
        async with self._transaction() as connection:
            if await connection.fetchval(
                "SELECT provider_digest IS NOT NULL FROM staff_accounts WHERE id = $1", id
            ):
                raise AccountError("provider")
            name = await connection.fetchval(
                "UPDATE staff_accounts SET password_hash = $2, one_time_until = $3, totp_secret = NULL,"
                " totp_offered = NULL WHERE id = $1 RETURNING name",
                id,
                hashed,
                self._clock() + ONE_TIME,
            )
            if name is None:
                raise AccountError("unknown")
            await connection.execute("DELETE FROM staff_recovery_codes WHERE account_id = $1", id)
            await self.tries.forget(connection, _of_name(name))
            await _end_sessions(connection, id)
            await self._audit.note(connection, Action.ACCOUNT_RESET, "account", str(id), by=by, why=why)
        return password

    async def set_locked(self, id: int, locked: bool, *, by: Author, why: str = "") -> None:
        """Let an account in no longer, or again; its sessions end."""
        _check_not_own(id, by)
        action = Action.ACCOUNT_LOCKED if locked else Action.ACCOUNT_UNLOCKED
        async with self._transaction() as connection:
            known = await connection.fetchval(
                "UPDATE staff_accounts SET disabled_at = $2 WHERE id = $1 RETURNING id",
                id,
                self._clock() if locked else None,
            )
            if known is None:
                raise AccountError("unknown")
            await _end_sessions(connection, id)
            await self._audit.note(connection, action, "account", str(id), by=by, why=why)

    async def change(self, id: int, role: Role, *, unit: str = "", by: Author) -> None:
        """Give an account another role or unit; its sessions end, so that none keeps the old rights."""
        _check_not_own(id, by)
        unit = clean(unit).strip()
        _check_unit(role, unit)
        async with self._transaction() as connection:
            before = await connection.fetchval("SELECT role FROM staff_accounts WHERE id = $1 FOR UPDATE", id)
            if before is None:
                raise AccountError("unknown")
            await connection.execute(
                "UPDATE staff_accounts SET role = $2, unit = $3 WHERE id = $1", id, role.value, unit
            )
            await _end_sessions(connection, id)
            why = f"role:{before}>{role.value}"
            await self._audit.note(connection, Action.ACCOUNT_CHANGED, "account", str(id), by=by, why=why)

    async def listed(self) -> Sequence[Standing]:
        """Return every account, by name."""
        return await self._standings("")

    async def find(self, id: int) -> Standing | None:
        """Return one account."""
        return next(iter(await self._standings(" WHERE a.id = $1", id)), None)

    async def find_named(self, name: str) -> Standing | None:
        """Return the account of that name."""
        return next(iter(await self._standings(" WHERE a.name = $1", canonical(name))), None)

    async def names(self, ids: Sequence[int]) -> dict[int, str]:
        """Return the names of accounts by id."""
        async with storage_errors():
            rows = await self._pool.fetch(
                "SELECT id, name FROM staff_accounts WHERE id = ANY($1::bigint[])", ids
            )
        return {row["id"]: row["name"] for row in rows}

    async def _standings(self, where: str, *values: Any) -> Sequence[Standing]:
        columns = f"{ACCOUNT_COLUMNS}, a.created_at, a.signed_in_at, a.disabled_at, a.one_time_until"
        async with storage_errors():
            rows = await self._pool.fetch(
                f"SELECT {columns} FROM staff_accounts a{where} ORDER BY a.name",  # noqa: S608 - ours
                *values,
            )
        return [
            Standing(
                account=account_of_row(row),
                made_at=row["created_at"],
                signed_in_at=row["signed_in_at"],
                locked=row["disabled_at"] is not None,
                one_time_until=row["one_time_until"],
            )
            for row in rows
        ]

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[Connection]:
        async with storage_errors(), self._pool.acquire() as connection, connection.transaction():
            yield connection


def canonical(name: str) -> str:
    """Return a name as typed in the one form it is stored in."""
    return unicodedata.normalize("NFKC", clean(name)).strip().lower()


async def insert(
    connection: Connection,
    name: str,
    role: Role,
    hashed: str,
    *,
    at: datetime,
    unit: str = "",
    one_time_until: datetime | None = None,
) -> Account:
    """Write an account whose password is already hashed."""
    id = await connection.fetchval(
        "INSERT INTO staff_accounts (name, role, password_hash, created_at, unit, one_time_until)"
        " VALUES ($1, $2, $3, $4, $5, $6) RETURNING id",
        name,
        role.value,
        hashed,
        at,
        unit,
        one_time_until,
    )
    return Account(id=id, name=name, role=role, unit=unit, owes_password=one_time_until is not None)


async def _end_sessions(connection: Connection, id: int) -> None:
    await connection.execute("DELETE FROM staff_sessions WHERE account_id = $1", id)


def _of_name(name: str) -> str:
    return f"name:{name}"


def _subjects(name: str, address: str | None) -> list[Subject]:
    found = [Subject(text=_of_name(name), most=MAX_TRIES)]
    return found if address is None else [*found, Subject(text=f"address:{address}", most=MAX_TRIES)]


def _expired(until: datetime | None, now: datetime) -> bool:
    return until is not None and until <= now


def _check_unit(role: Role, unit: str) -> None:
    fits = role is Role.LEADER or (role is Role.UNIT) == bool(unit)
    if not fits or len(unit) > MAX_UNIT:
        raise AccountError("unit")


def _check_not_own(id: int, by: Author) -> None:
    # So that one admin is always left, and nobody needs to be trusted with themselves.
    if by.account_id == id:
        raise AccountError("own")
