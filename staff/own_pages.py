"""Everybody's own account: password, second factor, and the browsers that are signed in."""

from typing import Any

from aiohttp import web

from groundwork.addresses import address_of
from staff.accounts import WrongPasswordError
from staff.guard import account_of, form_token_of, session_of, text_of
from staff.pages import StaffDoor
from staff.passwords import LEAST, WeakPasswordError
from staff.second_factor import WrongCodeError
from staff.sessions import Session, Stage
from staff.signing_in import author
from staff.tries import LockedOutError

#: Each step can be reached by those who owe it, and later at any time.
PASSWORD_STAGES = frozenset({Stage.OPEN, Stage.PASSWORD})
FACTOR_STAGES = frozenset({Stage.OPEN, Stage.FACTOR})


class OwnPages:
    """``/account`` and what lies below it."""

    def __init__(self, door: StaffDoor) -> None:
        self._door, self._at = door, f"{door.prefix}/account"

    def routes(self) -> list[web.RouteDef]:
        """Return the routes for those who are signed in."""
        return [
            web.get(self._at, self.overview),
            web.post(f"{self._at}/sessions/end", self.end_sessions),
            web.post(f"{self._at}/second-factor/remove", self.remove_factor),
        ]

    def password_routes(self) -> list[web.RouteDef]:
        """Return the routes of choosing a password."""
        return [
            web.get(f"{self._at}/password", self.password_page),
            web.post(f"{self._at}/password", self.password),
        ]

    def factor_routes(self) -> list[web.RouteDef]:
        """Return the routes of setting up a second factor."""
        return [
            web.get(f"{self._at}/second-factor", self.factor_page),
            web.post(f"{self._at}/second-factor/offer", self.offer_factor),
            web.post(f"{self._at}/second-factor", self.confirm_factor),
        ]

    async def overview(self, request: web.Request) -> web.StreamResponse:
        """Show how the account stands and where it is signed in."""
        return await self._overview(request)

    async def end_sessions(self, request: web.Request) -> web.StreamResponse:
        """End one other session of the owner, or all others."""
        form, session = await request.post(), session_of(request)
        only = text_of(form, "session")
        number = int(only) if only.isascii() and only.isdecimal() and len(only) < 18 else 0
        if only and not number:
            raise web.HTTPNotFound
        await self._door.signing_in.end_others(session, address=address_of(request), only=number)
        raise web.HTTPSeeOther(f"{self._at}?done=ended")

    async def password_page(self, request: web.Request) -> web.StreamResponse:
        """Ask for a new password, and for the old one where it was not typed just now."""
        return self._password(request)

    async def password(self, request: web.Request) -> web.StreamResponse:
        """Take a new password: every session ends, this browser goes on under another."""
        form, session = await request.post(), session_of(request)
        new, address = text_of(form, "new"), address_of(request)
        if new != text_of(form, "again"):
            return self._password(request, failed="differ")
        try:
            if session.stage is Stage.OPEN:
                await self._door.accounts.check(session.account.name, text_of(form, "old"), address=address)
            by = author(session.account, address)
            await self._door.accounts.choose_password(session.account, new, by=by)
        except WrongPasswordError:
            return self._password(request, failed="wrong")
        except WeakPasswordError as error:
            return self._password(request, failed=error.why)
        except LockedOutError:
            return self._password(request, failed="locked")
        raise await self._on(request, session, f"{self._at}?done=password")

    async def factor_page(self, request: web.Request) -> web.StreamResponse:
        """Explain the second factor; a secret that waits for its first code is shown again."""
        account = account_of(request)
        offer = None if account.has_factor else await self._door.factor.offered(account)
        return self._factor(request, offer=offer)

    async def offer_factor(self, request: web.Request) -> web.StreamResponse:
        """Make a secret after the password was typed once more, where it was not typed just now."""
        form, session = await request.post(), session_of(request)
        if session.account.has_factor:
            raise web.HTTPSeeOther(f"{self._at}/second-factor")
        if failed := await self._unproved(request, session, text_of(form, "password")):
            return self._factor(request, failed=failed)
        await self._door.factor.offer(session.account)
        raise web.HTTPSeeOther(f"{self._at}/second-factor")

    async def confirm_factor(self, request: web.Request) -> web.StreamResponse:
        """Take the secret into use; the recovery codes are on the answer and nowhere else."""
        form, session = await request.post(), session_of(request)
        address = address_of(request)
        offer = await self._door.factor.offered(session.account)
        if session.account.has_factor or offer is None:
            raise web.HTTPSeeOther(f"{self._at}/second-factor")
        by = author(session.account, address)
        try:
            codes = await self._door.factor.confirm(session.account, text_of(form, "code"), by=by)
        except WrongCodeError:
            return self._factor(request, offer=offer, failed="code")
        except LockedOutError:
            return self._factor(request, offer=offer, failed="locked")
        await self._door.signing_in.end_others(session, address=address)
        begun = await self._door.signing_in.again(session, Stage.OPEN, address=address)
        response = self._door.look.page("codes.html", account=session.account, codes=codes)
        self._door.keep(request, response, begun)
        return response

    async def remove_factor(self, request: web.Request) -> web.StreamResponse:
        """Take the second factor off the account, after password and code."""
        form, session = await request.post(), session_of(request)
        if self._door.signing_in.factor_required:
            raise web.HTTPForbidden
        if failed := await self._unproved(request, session, text_of(form, "password")):
            return await self._overview(request, failed=failed)
        address = address_of(request)
        try:
            await self._door.factor.check(session.account, text_of(form, "code"), address=address)
        except WrongCodeError:
            return await self._overview(request, failed="code")
        except LockedOutError:
            return await self._overview(request, failed="locked")
        await self._door.factor.remove(session.account, by=author(session.account, address))
        await self._door.signing_in.end_others(session, address=address)
        raise await self._on(request, session, f"{self._at}?done=removed")

    async def _unproved(self, request: web.Request, session: Session, password: str) -> str:
        """Return why the password does not prove whose browser it is; nothing when it does."""
        if session.stage is not Stage.OPEN:
            return ""
        try:
            await self._door.accounts.check(session.account.name, password, address=address_of(request))
        except WrongPasswordError:
            return "wrong"
        except LockedOutError:
            return "locked"
        return ""

    async def _on(self, request: web.Request, session: Session, place: str) -> web.HTTPSeeOther:
        """Return the way on under a new session, to what is owed next or to ``place``."""
        standing = await self._door.accounts.find(session.account.id)
        if standing is None or standing.locked:
            raise web.HTTPSeeOther(f"{self._door.prefix}/sign-in")
        stage = self._door.signing_in.stage_after(standing.account)
        begun = await self._door.signing_in.again(session, stage, address=address_of(request))
        response = web.HTTPSeeOther(f"{self._at}/second-factor" if stage is Stage.FACTOR else place)
        self._door.keep(request, response, begun)
        return response

    async def _overview(self, request: web.Request, *, failed: str = "") -> web.Response:
        session = session_of(request)
        account = session.account
        return self._door.look.page(
            "own.html",
            status=422 if failed else 200,
            account=account,
            form_token=form_token_of(request),
            sessions=await self._door.sessions.of(account.id),
            this_one=session.id,
            codes_left=await self._door.factor.codes_left(account),
            factor_required=self._door.signing_in.factor_required,
            done="" if failed else request.query.get("done", ""),
            failed=failed,
        )

    def _password(self, request: web.Request, *, failed: str = "") -> web.Response:
        return self._stage_page(request, "password.html", failed=failed, least=LEAST)

    def _factor(self, request: web.Request, *, offer: Any = None, failed: str = "") -> web.Response:
        return self._stage_page(request, "factor.html", failed=failed, offer=offer)

    def _stage_page(self, request: web.Request, template: str, *, failed: str, **more: Any) -> web.Response:
        session = session_of(request)
        return self._door.look.page(
            template,
            status=422 if failed else 200,
            account=session.account,
            form_token=form_token_of(request),
            stage=session.stage.value,
            failed=failed,
            **more,
        )
