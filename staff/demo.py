"""Accounts for trying the program out; on loopback only, and only while there are none."""

import fcntl
import os
import secrets
from pathlib import Path

from argon2 import PasswordHasher

from groundwork.clock import clock_from
from groundwork.database import Pool, lock, storage_errors
from groundwork.settings import Settings
from staff.accounts import Role, insert

FILE = "accounts"


async def ensure_demo_accounts(pool: Pool, settings: Settings, program: str) -> bool:
    """Make one account per role and note them in ``STATE_DIR/accounts``; tell whether any was made."""
    if not settings.on_loopback:
        return False
    async with storage_errors(), pool.acquire() as connection, connection.transaction():
        await lock(connection, "staff.demo")
        if await connection.fetchval("SELECT EXISTS (SELECT FROM staff_accounts)"):
            return False
        hasher, now = PasswordHasher(), clock_from(settings.clock)()
        passwords = {role: secrets.token_urlsafe(12) for role in Role}
        for role, password in passwords.items():
            await insert(connection, role.value, role, hasher.hash(password), at=now)
        # Noted before the commit: accounts that nobody knows the passwords of would be there for good.
        lines = [f"{program} {role} {role} {password}" for role, password in passwords.items()]
        _note(settings.state_dir / FILE, program, lines)
    return True


def _note(path: Path, program: str, lines: list[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "r+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # the other program may be noting its own
        others = [line for line in file.read().splitlines() if not line.startswith(f"{program} ")]
        file.seek(0)
        file.truncate()
        file.write("".join(f"{line}\n" for line in (*others, *lines)))
