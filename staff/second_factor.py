"""The second factor: one-time codes of an authenticator app (TOTP, RFC 6238), and recovery codes."""

import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pyotp
import segno
from markupsafe import Markup

from groundwork.audit import Action, Audit, Author, Via
from groundwork.clock import Clock
from groundwork.database import Connection, Pool, storage_errors
from groundwork.vault import Vault
from hotline.errors import HotlineError
from staff.accounts import Account
from staff.tries import Subject, Tries, Try

STEP = 30  #: seconds a code lives
DRIFT = 1  #: steps that a phone's clock may be ahead or behind
MAX_CODE_TRIES = 5
RECOVERY_CODES = 10
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"


class WrongCodeError(HotlineError):
    """The code is wrong, too old, or was used before."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Offer:
    """A secret that an app may be given; it counts once a first code was right."""

    secret: str
    address: str  #: ``otpauth://…``

    def qr_code(self) -> Markup:
        """Return the address as inline SVG without any style: the page's policy allows none."""
        code = segno.make(self.address, error="m")
        text: str = code.svg_inline(scale=5, border=4, dark="#000", light="#fff")
        return Markup(text)  # noqa: S704 - made by the library out of black and white squares


class SecondFactor:
    """The second factors of one program's accounts; ``issuer`` names the program in the app."""

    def __init__(
        self, pool: Pool, vault: Vault, audit: Audit, tries: Tries, *, real_time: Clock, issuer: str
    ) -> None:
        # The real time: phones do not follow a clock that was moved for a demonstration.
        self._pool, self._vault, self._audit, self._tries = pool, vault, audit, tries
        self._real_time, self._issuer = real_time, issuer

    async def offer(self, account: Account) -> Offer:
        """Make a new secret; one that was offered before and not confirmed is void."""
        secret = pyotp.random_base32()
        async with storage_errors():
            await self._pool.execute(
                "UPDATE staff_accounts SET totp_offered = $2 WHERE id = $1",
                account.id,
                self._vault.seal(secret.encode(), purpose=_purpose(account.id)),
            )
        return self._offer(account, secret)

    async def offered(self, account: Account) -> Offer | None:
        """Return the secret that waits for its first code."""
        secret = await self._secret(account.id, "totp_offered")
        return None if secret is None else self._offer(account, secret)

    async def confirm(self, account: Account, code: str, *, by: Author) -> Sequence[str]:
        """Take the offered secret into use by its first code; return the recovery codes, this once."""
        made = await self._tries.begin([_subject(account.id)])
        secret = await self._secret(account.id, "totp_offered")
        step = None if secret is None else self._step_of(secret, code, after=0)
        if secret is None or step is None:
            raise WrongCodeError("not the code of the offered secret")
        codes = [_recovery_code() for _ in range(RECOVERY_CODES)]
        async with self._transaction() as connection:
            await connection.execute(
                "UPDATE staff_accounts SET totp_secret = totp_offered, totp_offered = NULL, totp_step = $2"
                " WHERE id = $1",
                account.id,
                step,
            )
            await connection.execute("DELETE FROM staff_recovery_codes WHERE account_id = $1", account.id)
            await connection.executemany(
                "INSERT INTO staff_recovery_codes (account_id, digest) VALUES ($1, $2)",
                [(account.id, self._digest(account.id, code)) for code in codes],
            )
            await self._tries.forgive(connection, made, _subject(account.id).text)
            await self._audit.note(connection, Action.FACTOR_SET, "account", str(account.id), by=by)
        return codes

    async def check(self, account: Account, code: str, *, address: str | None) -> None:
        """Use up a code of the app or a recovery code, or raise ``WrongCodeError`` or ``LockedOutError``."""
        made = await self._tries.begin([_subject(account.id)])
        by = Author(via=Via.PAGE, account_id=account.id, address=address)
        secret = await self._secret(account.id, "totp_secret")
        async with self._transaction() as connection:
            if secret is not None and await self._taken(connection, account.id, secret, code):
                await self._tries.forgive(connection, made, _subject(account.id).text)
                return
            if await self._recovered(connection, account.id, code):
                await self._tries.forgive(connection, made, _subject(account.id).text)
                await self._audit.note(
                    connection, Action.RECOVERY_CODE_USED, "account", str(account.id), by=by
                )
                return
            await self._refused(connection, account.id, made, by)
        raise WrongCodeError("not a code of this account, or used before")

    async def remove(self, account: Account, *, by: Author) -> None:
        """Forget the secret and its recovery codes."""
        async with self._transaction() as connection:
            await connection.execute(
                "UPDATE staff_accounts SET totp_secret = NULL, totp_offered = NULL WHERE id = $1", account.id
            )
            await connection.execute("DELETE FROM staff_recovery_codes WHERE account_id = $1", account.id)
            await self._audit.note(connection, Action.FACTOR_REMOVED, "account", str(account.id), by=by)

    async def codes_left(self, account: Account) -> int:
        """Return how many recovery codes have not been used."""
        async with storage_errors():
            count = await self._pool.fetchval(
                "SELECT count(*) FROM staff_recovery_codes WHERE account_id = $1", account.id
            )
        return int(count)

    async def _taken(self, connection: Connection, id: int, secret: str, code: str) -> bool:
        # The row's lock makes two uses of one code follow each other: the second finds the step taken.
        last = await connection.fetchval("SELECT totp_step FROM staff_accounts WHERE id = $1 FOR UPDATE", id)
        step = self._step_of(secret, code, after=last or 0)
        if step is None:
            return False
        await connection.execute("UPDATE staff_accounts SET totp_step = $2 WHERE id = $1", id, step)
        return True

    async def _recovered(self, connection: Connection, id: int, code: str) -> bool:
        done = await connection.fetchval(
            "DELETE FROM staff_recovery_codes WHERE account_id = $1 AND digest = $2 RETURNING true",
            id,
            self._digest(id, code),
        )
        return bool(done)

    async def _refused(self, connection: Connection, id: int, made: Try, by: Author) -> None:
        await self._audit.note(connection, Action.SIGN_IN_FAILED, "account", str(id), by=by, why="code")
        if made.last:
            await self._audit.note(connection, Action.LOCKED_OUT, "account", str(id), by=by, why="code")

    def _step_of(self, secret: str, code: str, *, after: int) -> int | None:
        """Return the step whose code this is: now, just before or just after, and later than ``after``."""
        typed, app = "".join(code.split()), pyotp.TOTP(secret, interval=STEP)
        now = int(self._real_time().timestamp()) // STEP
        steps = [step for step in range(now - DRIFT, now + DRIFT + 1) if step > after]
        found = [step for step in steps if pyotp.utils.strings_equal(app.generate_otp(step), typed)]
        return found[0] if found else None

    def _offer(self, account: Account, secret: str) -> Offer:
        app = pyotp.TOTP(secret, interval=STEP, name=account.name, issuer=self._issuer)
        return Offer(secret=secret, address=app.provisioning_uri())

    async def _secret(self, id: int, column: str) -> str | None:
        async with storage_errors():
            sealed = await self._pool.fetchval(
                f"SELECT {column} FROM staff_accounts WHERE id = $1",  # noqa: S608 - one of two names of ours
                id,
            )
        return None if sealed is None else self._vault.open(sealed, purpose=_purpose(id)).decode()

    def _digest(self, id: int, code: str) -> bytes:
        typed = "".join(letter for letter in code.lower() if letter.isalnum())
        return self._vault.digest(f"{id}:{typed}", purpose="staff.recovery")

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[Connection]:
        async with storage_errors(), self._pool.acquire() as connection, connection.transaction():
            yield connection


def _subject(id: int) -> Subject:
    return Subject(text=f"code:{id}", most=MAX_CODE_TRIES)


def _purpose(id: int) -> str:
    return f"staff.totp:{id}"


def _recovery_code() -> str:
    letters = "".join(secrets.choice(_LETTERS) for _ in range(16))
    return "-".join(letters[start : start + 4] for start in range(0, 16, 4))
