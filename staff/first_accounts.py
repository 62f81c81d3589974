"""The first accounts of a program: for trying it out on loopback, one admin elsewhere; only while there are none."""

import fcntl
import os
import secrets
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from argon2 import PasswordHasher

from groundwork.audit import PROGRAM, Action, Audit
from groundwork.clock import clock_from
from groundwork.database import Connection, Pool, lock, storage_errors
from groundwork.settings import Settings
from groundwork.vault import Vault
from staff.accounts import ONE_TIME, Role, insert
from staff.passwords import one_time_password

FILE = "accounts"


async def ensure_first_accounts(pool: Pool, settings: Settings, program: str, *, unit: str) -> bool:
    """Make the first accounts and note them in ``STATE_DIR/accounts``; tell whether any was made.

    On loopback: one for each role, the unit's for ``unit``, to try things out with. Elsewhere: one admin with a
    one-time password, which must be changed at the first sign-in.
    """
    async with storage_errors(), pool.acquire() as connection, connection.transaction():
        await lock(connection, "staff.demo")
        if await connection.fetchval("SELECT EXISTS (SELECT FROM staff_accounts)"):
            return False
        clock = clock_from(settings.clock)
        if settings.on_loopback:
            passwords = {role: secrets.token_urlsafe(12) for role in Role}
        else:
            passwords = {Role.ADMIN: one_time_password()}
        until = None if settings.on_loopback else clock() + ONE_TIME
        # Noted before the commit: accounts that nobody knows the passwords of would be there for good.
        lines = [f"{program} {role} {role} {password}" for role, password in passwords.items()]
        ids = await _insert(connection, passwords, unit, at=clock(), until=until)
        _note(settings.state_dir / FILE, program, lines)
        audit = Audit(Vault.from_settings(settings), program, clock=clock)
        for role, id in ids.items():
            await audit.note(
                connection, Action.ACCOUNT_MADE, "account", str(id), by=PROGRAM, why=f"role:{role.value}"
            )
    return True


async def _insert(
    connection: Connection, passwords: Mapping[Role, str], unit: str, *, at: datetime, until: datetime | None
) -> dict[Role, int]:
    hasher, made = PasswordHasher(), dict[Role, int]()
    for role, password in passwords.items():
        account = await insert(
            connection, role.value, role, hasher.hash(password), at=at,
            unit=unit if role is Role.UNIT else "", one_time_until=until,
        )  # fmt: skip
        made[role] = account.id
    return made


def _note(path: Path, program: str, lines: list[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "r+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # the other program may be noting its own
        others = [line for line in file.read().splitlines() if not line.startswith(f"{program} ")]
        file.seek(0)
        file.truncate()
        file.write("".join(f"{line}\n" for line in (*others, *lines)))
