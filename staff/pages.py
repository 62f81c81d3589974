"""The door of one program: signing in step by step, signing out, errors in staff's look."""

import logging
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from aiohttp import web
from argon2 import PasswordHasher

from groundwork.addresses import address_of
from groundwork.audit import Audit
from groundwork.clock import Clock
from groundwork.database import Pool
from groundwork.problems import problem
from groundwork.vault import Vault
from staff.accounts import Account, Accounts, Role, WrongPasswordError
from staff.guard import STEPS, foreign, is_our_form, text_of
from staff.look import Look
from staff.origin import is_same_origin
from staff.provider import UNDER_WAY, Provider, ProviderError
from staff.second_factor import SecondFactor, WrongCodeError
from staff.sessions import LIFETIME, Session, Sessions, Stage
from staff.signing_in import Begun, SigningIn
from staff.tries import LockedOutError

log = logging.getLogger(__name__)

MAX_ONWARD = 500  #: characters of an address that is kept while a browser is away
_LOCAL_PATH = re.compile(r"/(?![/\\])[!-\[\]-~]*")  # no host, no backslash, no control character


@dataclass(frozen=True, kw_only=True, slots=True)
class DoorParts:
    """What a door is made of."""

    pool: Pool
    vault: Vault
    audit: Audit
    look: Look
    clock: Clock
    real_time: Clock
    program: str
    prefix: str  #: before the door's own addresses: "" or "/staff"
    homes: Mapping[Role, str]  #: where a role begins; the account's own page where it is not named
    units: Sequence[str]  #: that an account with the role ``unit`` can be given
    secure: bool  #: whether browsers reach the program over HTTPS for certain
    factor_required: bool
    provider: Provider | None = None
    hasher: PasswordHasher | None = None


class StaffDoor:
    """Lets staff of one program in and shows them out."""

    def __init__(self, parts: DoorParts) -> None:
        pool, vault, audit = parts.pool, parts.vault, parts.audit
        self.prefix, self.look, self.audit, self.units = parts.prefix, parts.look, audit, tuple(parts.units)
        self.pool, self.clock = pool, parts.clock
        self._secure, self._homes = parts.secure, parts.homes
        # Browsers share cookies between the ports of a host, so each program has its own name.
        self._cookie, self._handshake = f"huying_{parts.program}_staff", f"huying_{parts.program}_handshake"
        self._provider = parts.provider
        self.accounts = Accounts(pool, vault, audit, clock=parts.clock, hasher=parts.hasher)
        self.sessions = Sessions(pool, vault, clock=parts.clock)
        self.factor = SecondFactor(
            pool, vault, audit, self.accounts.tries, real_time=parts.real_time, issuer=parts.look.brand
        )
        self.signing_in = SigningIn(
            pool, audit, self.accounts, self.sessions, self.factor, clock=parts.clock,
            factor_required=parts.factor_required,
        )  # fmt: skip

    def routes(self) -> list[web.RouteDef]:
        """Return the routes of signing in and out, open to everybody."""
        at = self.prefix
        return [
            web.get(f"{at}/sign-in", self.sign_in_page),
            web.post(f"{at}/sign-in", self.sign_in),
            web.get(f"{at}/sign-in/code", self.code_page),
            web.post(f"{at}/sign-in/code", self.code),
            web.post(f"{at}/sign-out", self.sign_out),
            web.get(f"{at}/provider", self.to_provider),
            web.get(f"{at}/provider/back", self.from_provider),
        ]

    async def session_of(self, request: web.Request) -> Session | None:
        """Return the session of the browser that asks; a page that asks by itself says ``live`` in the address."""
        return await self.sessions.find(self._token(request), used="live" not in request.query)

    # Pages

    async def sign_in_page(self, request: web.Request) -> web.StreamResponse:
        """Show the form, or go on when somebody is signed in already."""
        onward = request.query.get("next", "")
        session = await self.session_of(request)
        if session and session.stage is Stage.OPEN:
            raise web.HTTPSeeOther(self._onward(onward, session.account))
        return self._form("sign-in.html", onward=onward)

    async def sign_in(self, request: web.Request) -> web.StreamResponse:
        """Check name and password and begin a fresh session, whatever token the browser brought."""
        if not is_same_origin(request.headers):
            return foreign()
        form = await request.post()
        name, onward = text_of(form, "name"), text_of(form, "next")
        try:
            begun = await self.signing_in.with_password(
                name, text_of(form, "password"), address=address_of(request), instead_of=self._token(request)
            )
        except WrongPasswordError:
            log.info("staff.refused")
            return self._form("sign-in.html", onward=onward, name=name, status=422, failed="wrong")
        except LockedOutError as error:
            log.warning("staff.locked_out")
            return self._locked_out("sign-in.html", error, onward=onward, name=name)
        return await self._go_on(request, begun, onward)

    async def code_page(self, request: web.Request) -> web.StreamResponse:
        """Ask for the one-time code."""
        session = await self._owing_code(request)
        return self._form(
            "code.html", onward=request.query.get("next", ""), form_token=self._form_token(session)
        )

    async def code(self, request: web.Request) -> web.StreamResponse:
        """Check the one-time code."""
        session = await self._owing_code(request)
        if not await is_our_form(request, self.sessions, session):
            return foreign()
        form = await request.post()
        onward, token = text_of(form, "next"), self._form_token(session)
        try:
            begun = await self.signing_in.with_code(
                session, text_of(form, "code"), address=address_of(request)
            )
        except WrongCodeError:
            log.info("staff.code_refused", extra={"account_id": session.account.id})
            return self._form("code.html", onward=onward, form_token=token, status=422, failed="wrong")
        except LockedOutError as error:
            log.warning("staff.locked_out")
            return self._locked_out("code.html", error, onward=onward, form_token=token)
        return await self._go_on(request, begun, onward)

    async def sign_out(self, request: web.Request) -> web.StreamResponse:
        """End the session of the browser that asks."""
        if not is_same_origin(request.headers):
            return foreign()
        session = await self.session_of(request)
        if session is not None:
            await self.signing_in.out(session, address=address_of(request))
        response = web.HTTPSeeOther(f"{self.prefix}/sign-in")
        response.del_cookie(self._cookie_name(request), path="/", secure=self._is_secure(request))
        response.headers["Cache-Control"] = "no-store"
        raise response

    async def to_provider(self, request: web.Request) -> web.StreamResponse:
        """Send the browser to the OpenID provider, where one is set up."""
        provider = self._the_provider()
        try:
            place, kept = await provider.begin(request.query.get("next", "")[:MAX_ONWARD])
        except ProviderError as error:
            return self._not_vouched(request, error)
        response = web.HTTPSeeOther(place)
        # Lax, not Strict: the browser comes back from another site.
        response.set_cookie(
            self._named(request, self._handshake), kept, max_age=int(UNDER_WAY.total_seconds()), path="/",
            httponly=True, samesite="Lax", secure=self._is_secure(request),
        )  # fmt: skip
        response.headers["Cache-Control"] = "no-store"
        raise response

    async def from_provider(self, request: web.Request) -> web.StreamResponse:
        """Let in whom the provider vouches for; what the browser kept is used up."""
        provider, address = self._the_provider(), address_of(request)
        kept = request.cookies.get(self._named(request, self._handshake), "")
        try:
            who, onward = await provider.finish(request.query, kept)
            account = await self.accounts.vouched(who.digest, who.name, who.role, unit=who.unit)
        except ProviderError as error:
            return self._not_vouched(request, error)
        except WrongPasswordError:
            return self._not_vouched(request, ProviderError("locked"))
        begun = await self.signing_in.with_provider(account, address=address, instead_of=self._token(request))
        log.info("staff.signed_in", extra={"account_id": account.id, "stage": begun.stage.value})
        response = web.HTTPSeeOther(self._onward(onward, account))
        self.keep(request, response, begun)
        response.del_cookie(self._named(request, self._handshake), path="/", secure=self._is_secure(request))
        response.headers["Cache-Control"] = "no-store"
        raise response

    def _the_provider(self) -> Provider:
        if self._provider is None:
            raise web.HTTPNotFound
        return self._provider

    def _not_vouched(self, request: web.Request, error: ProviderError) -> web.Response:
        log.warning("staff.not_vouched", extra={"why": error.why})
        response = self._form("sign-in.html", status=403, failed="provider")
        response.del_cookie(self._named(request, self._handshake), path="/", secure=self._is_secure(request))
        return response

    # What other pages use

    def home(self, account: Account) -> str:
        """Return where somebody begins."""
        return self._homes.get(account.role, f"{self.prefix}/account")

    def keep(self, request: web.Request, response: web.StreamResponse, begun: Begun) -> None:
        """Hand the browser the token of a session that has just begun."""
        secure = self._is_secure(request)
        response.set_cookie(
            self._cookie_name(request), begun.token, max_age=int(LIFETIME.total_seconds()), path="/",
            httponly=True, samesite="Lax", secure=secure,
        )  # fmt: skip

    def said(self, request: web.Request, status: int, **more: Any) -> web.StreamResponse:
        """Return an error as its reader can use it."""
        headers = more.pop("headers", {})
        if "text/html" not in request.headers.get("Accept", ""):
            return problem(status, _NAMES.get(status, "request"), _title(status), headers=headers)
        response = self.look.page("said.html", status=status, title=_title(status))
        response.headers.update(headers)
        return response

    async def _go_on(self, request: web.Request, begun: Begun, onward: str) -> web.StreamResponse:
        session = await self.sessions.find(begun.token)
        if session is None:  # the account was locked in the same moment
            return self._form("sign-in.html", status=422, failed="wrong")
        log.info("staff.signed_in", extra={"account_id": session.account.id, "stage": begun.stage.value})
        place = self._onward(onward, session.account)
        if begun.stage is not Stage.OPEN:
            after = "?next=" + quote(place, safe="/") if begun.stage is Stage.CODE else ""
            place = f"{self.prefix}{STEPS[begun.stage]}{after}"
        response = web.HTTPSeeOther(place)
        response.headers["Cache-Control"] = "no-store"
        self.keep(request, response, begun)
        raise response

    async def _owing_code(self, request: web.Request) -> Session:
        session = await self.session_of(request)
        if session is None or session.stage is not Stage.CODE:
            raise web.HTTPSeeOther(f"{self.prefix}/sign-in")
        return session

    def _form_token(self, session: Session) -> str:
        return self.sessions.form_token(session.token)

    def _locked_out(self, template: str, error: LockedOutError, **more: Any) -> web.Response:
        seconds = max(1, math.ceil(error.wait.total_seconds()))
        response = self._form(template, status=429, failed="locked", minutes=math.ceil(seconds / 60), **more)
        response.headers["Retry-After"] = str(seconds)
        return response

    def _form(self, template: str, *, status: int = 200, onward: str = "", **more: Any) -> web.Response:
        onward = onward if _LOCAL_PATH.fullmatch(onward) else ""
        return self.look.page(
            template, status=status, onward=onward, **({"name": "", "failed": "", "minutes": 0} | more)
        )

    def _onward(self, path: str, account: Account) -> str:
        return path if _LOCAL_PATH.fullmatch(path) and path != "/" else self.home(account)

    def _token(self, request: web.Request) -> str:
        return request.cookies.get(self._cookie_name(request), "")

    def _cookie_name(self, request: web.Request) -> str:
        return self._named(request, self._cookie)

    def _named(self, request: web.Request, cookie: str) -> str:
        # Browsers take a __Host- cookie only over HTTPS, from this host and for all its paths.
        return f"__Host-{cookie}" if self._is_secure(request) else cookie

    def _is_secure(self, request: web.Request) -> bool:
        # A forged header only makes the forger's own cookie stricter.
        forwarded = request.headers.get("X-Forwarded-Proto", "").lower()
        return self._secure or request.secure or forwarded == "https"


_NAMES = {403: "forbidden", 404: "not-found", 405: "method", 413: "too-large", 503: "storage-away"}


def _title(status: int) -> str:
    match status:
        case 403:
            title = "您的账号不能做这件事，请联系管理员。"
        case 404:
            title = "没有这个页面，请核对地址或编号。"
        case 413:
            title = "内容太大，请减小后再发。"
        case 503:
            title = "数据库暂时连不上，刚才的操作没有生效，请过一会儿再试。"
        case _:
            title = "请求不能处理，请核对后再试。"
    return title
