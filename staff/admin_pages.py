"""For admins: who may sign in as what, and the audit log; nothing of what citizens say."""

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from groundwork import audit
from groundwork.addresses import address_of
from groundwork.audit import Author
from groundwork.database import storage_errors
from staff.accounts import OF_A_UNIT, Account, AccountError, Role, Standing
from staff.guard import account_of, form_token_of, text_of
from staff.pages import StaffDoor
from staff.signing_in import author

REASONS = ("joined", "moved", "left", "lost", "suspected")  #: words for them are in accounts-words.html
PAGE = 100  #: entries of the log on one page


class AdminPages:
    """``/accounts`` and ``/audit``."""

    def __init__(self, door: StaffDoor) -> None:
        self._door, self._at = door, f"{door.prefix}/accounts"

    def routes(self) -> list[web.RouteDef]:
        """Return the routes for admins."""
        one = self._at + r"/{id:\d{1,17}}"
        return [
            web.get(self._at, self.accounts),
            web.post(self._at, self.make),
            web.get(one, self.account),
            web.post(f"{one}/change", self.change),
            web.post(f"{one}/lock", self.lock),
            web.post(f"{one}/unlock", self.unlock),
            web.post(f"{one}/reset", self.reset),
            web.get(f"{self._door.prefix}/audit", self.log),
        ]

    async def accounts(self, request: web.Request) -> web.StreamResponse:
        """List the accounts, with a form that makes another."""
        return await self._accounts(request)

    async def make(self, request: web.Request) -> web.StreamResponse:
        """Make an account; its one-time password is on the answer and nowhere else."""
        form = await request.post()
        role, typed = _role(text_of(form, "role")), text_of(form, "name")
        unit = text_of(form, "unit") if role in OF_A_UNIT else ""
        if role is None or (unit and unit not in self._door.units):
            return await self._accounts(request, failed="unit" if role else "role", typed=typed)
        try:
            made, password = await self._door.accounts.invite(typed, role, unit=unit, by=_by(request))
        except AccountError as error:
            return await self._accounts(request, failed=error.why, typed=typed)
        return self._one_time(request, made, password, new=True)

    async def account(self, request: web.Request) -> web.StreamResponse:
        """Show one account with what can be done to it."""
        return self._account(request, await self._found(request))

    async def change(self, request: web.Request) -> web.StreamResponse:
        """Give it another role or unit."""
        form, standing = await request.post(), await self._found(request)
        role = _role(text_of(form, "role"))
        unit = text_of(form, "unit") if role in OF_A_UNIT else ""
        if role is None or (unit and unit not in self._door.units):
            return self._account(request, standing, failed="unit" if role else "role")
        try:
            await self._door.accounts.change(standing.account.id, role, unit=unit, by=_by(request))
        except AccountError as error:
            return self._account(request, standing, failed=error.why)
        raise web.HTTPSeeOther(f"{self._at}/{standing.account.id}?done=changed")

    async def lock(self, request: web.Request) -> web.StreamResponse:
        """Let it in no longer."""
        return await self._set_locked(request, True)

    async def unlock(self, request: web.Request) -> web.StreamResponse:
        """Let it in again."""
        return await self._set_locked(request, False)

    async def reset(self, request: web.Request) -> web.StreamResponse:
        """Give it a one-time password and take its second factor."""
        form, standing = await request.post(), await self._found(request)
        if (why := text_of(form, "why")) not in REASONS:
            return self._account(request, standing, failed="why")
        try:
            password = await self._door.accounts.reset(standing.account.id, by=_by(request), why=why)
        except AccountError as error:
            return self._account(request, standing, failed=error.why)
        return self._one_time(request, standing.account, password, new=False)

    async def log(self, request: web.Request) -> web.StreamResponse:
        """Show the audit log, newest first: ids and codes, never what anybody wrote."""
        before = _number(request.query.get("before", ""))
        async with storage_errors(), self._door.pool.acquire() as connection:
            entries = await audit.page(connection, before=before, limit=PAGE + 1)
        ids = {entry.account_id for entry in entries if entry.account_id is not None}
        ids |= {int(entry.subject) for entry in entries if entry.kind == "account"}
        return self._door.look.page(
            "audit.html",
            account=account_of(request),
            entries=entries[:PAGE],
            older=entries[PAGE - 1].sequence if len(entries) > PAGE else None,
            newest=before is None,
            names=await self._door.accounts.names(sorted(ids)),
        )

    async def _set_locked(self, request: web.Request, locked: bool) -> web.StreamResponse:
        form, standing = await request.post(), await self._found(request)
        if (why := text_of(form, "why")) not in REASONS:
            return self._account(request, standing, failed="why")
        try:
            await self._door.accounts.set_locked(standing.account.id, locked, by=_by(request), why=why)
        except AccountError as error:
            return self._account(request, standing, failed=error.why)
        done = "locked" if locked else "unlocked"
        raise web.HTTPSeeOther(f"{self._at}/{standing.account.id}?done={done}")

    async def _found(self, request: web.Request) -> Standing:
        standing = await self._door.accounts.find(int(request.match_info["id"]))
        if standing is None:
            raise web.HTTPNotFound
        return standing

    async def _accounts(self, request: web.Request, *, failed: str = "", typed: str = "") -> web.Response:
        return self._page(
            request, "accounts.html", failed=failed, typed=typed, standings=await self._door.accounts.listed()
        )

    def _account(self, request: web.Request, standing: Standing, *, failed: str = "") -> web.Response:
        own = standing.account.id == account_of(request).id
        done = "" if failed else request.query.get("done", "")
        return self._page(
            request, "account.html", failed=failed, standing=standing, own=own, done=done, reasons=REASONS
        )

    def _one_time(self, request: web.Request, made: Account, password: str, *, new: bool) -> web.Response:
        return self._page(request, "one-time.html", failed="", made=made, password=password, new=new)

    def _page(self, request: web.Request, template: str, *, failed: str, **more: Any) -> web.Response:
        values: Mapping[str, Any] = {
            "account": account_of(request),
            "form_token": form_token_of(request),
            "now": self._door.clock(),
            "roles": [role.value for role in Role],
            "units": self._door.units,
        }
        return self._door.look.page(
            template, status=422 if failed else 200, failed=failed, **(dict(values) | more)
        )


def _by(request: web.Request) -> Author:
    return author(account_of(request), address_of(request))


def _role(name: str) -> Role | None:
    return Role(name) if name in list(Role) else None


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 18 else None
