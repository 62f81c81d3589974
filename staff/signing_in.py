"""Signing in, step by step: each step that is done ends the session before and begins another."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from groundwork.audit import Action, Audit, Author, Via
from groundwork.clock import Clock
from groundwork.database import Connection, Pool, storage_errors
from staff.accounts import Account, Accounts
from staff.second_factor import SecondFactor
from staff.sessions import Session, Sessions, Stage, end


@dataclass(frozen=True, kw_only=True, slots=True)
class Begun:
    """A session that has just begun."""

    token: str
    stage: Stage


class SigningIn:
    """The way in; with ``factor_required`` nobody gets through without a second factor."""

    def __init__(
        self, pool: Pool, audit: Audit, accounts: Accounts, sessions: Sessions, factor: SecondFactor,
        *, clock: Clock, factor_required: bool,
    ) -> None:  # fmt: skip
        self._pool, self._audit, self._accounts, self._sessions = pool, audit, accounts, sessions
        self._factor, self._clock, self.factor_required = factor, clock, factor_required

    async def with_password(self, name: str, password: str, *, address: str | None, instead_of: str) -> Begun:
        """Check name and password; raises what ``Accounts.check`` raises."""
        account = await self._accounts.check(name, password, address=address)
        stage = Stage.CODE if account.has_factor else self.stage_after(account)
        return await self._begin(account, stage, address=address, instead_of=instead_of, by="password")

    async def with_code(self, session: Session, code: str, *, address: str | None) -> Begun:
        """Check the second factor of a session that owes it; raises what ``SecondFactor.check`` raises."""
        await self._factor.check(session.account, code, address=address)
        stage = self.stage_after(session.account)
        return await self._begin(
            session.account, stage, address=address, instead_of=session.token, by="password+code"
        )

    async def with_provider(self, account: Account, *, address: str | None, instead_of: str) -> Begun:
        """Let somebody in whom the OpenID provider vouches for; second factors are the provider's business."""
        return await self._begin(account, Stage.OPEN, address=address, instead_of=instead_of, by="provider")

    async def again(self, session: Session, stage: Stage, *, address: str | None) -> Begun:
        """Go on under another token after a change of what the session may do."""
        async with self._transaction() as connection:
            token = await self._sessions.open(
                connection, session.account.id, stage, instead_of=session.token, address=address
            )
        return Begun(token=token, stage=stage)

    async def out(self, session: Session, *, address: str | None) -> None:
        """End a session."""
        by = author(session.account, address)
        async with self._transaction() as connection:
            await self._sessions.close(connection, session.token)
            await self._audit.note(connection, Action.SIGNED_OUT, "account", str(session.account.id), by=by)

    async def end_others(self, session: Session, *, address: str | None, only: int = 0) -> int:
        """End the owner's other sessions, or one of them; return how many there were."""
        id = session.account.id
        async with self._transaction() as connection:
            ended = await end(connection, id, but=session.id, only=only)
            by, why = author(session.account, address), f"count:{ended}"
            await self._audit.note(connection, Action.SESSIONS_ENDED, "account", str(id), by=by, why=why)
        return ended

    def stage_after(self, account: Account) -> Stage:
        """Return what is owed once password, and code where there is one, were right."""
        if account.owes_password:
            return Stage.PASSWORD
        if self.factor_required and not account.has_factor:
            return Stage.FACTOR
        return Stage.OPEN

    async def _begin(
        self, account: Account, stage: Stage, *, address: str | None, instead_of: str, by: str
    ) -> Begun:
        async with self._transaction() as connection:
            token = await self._sessions.open(
                connection, account.id, stage, instead_of=instead_of, address=address
            )
            if stage is not Stage.CODE:
                await connection.execute(
                    "UPDATE staff_accounts SET signed_in_at = $2 WHERE id = $1", account.id, self._clock()
                )
                who = author(account, address)
                await self._audit.note(
                    connection, Action.SIGNED_IN, "account", str(account.id), by=who, why=by
                )
        return Begun(token=token, stage=stage)

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[Connection]:
        async with storage_errors(), self._pool.acquire() as connection, connection.transaction():
            yield connection


def author(account: Account, address: str | None) -> Author:
    """Return whose act it is that a signed-in person does on a page."""
    return Author(via=Via.PAGE, account_id=account.id, address=address)
