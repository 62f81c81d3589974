"""Sign-in page, sign-out, and the check that stands before every staff page."""

import logging
import math
import re
from collections.abc import Awaitable, Callable
from functools import wraps
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import quote

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from groundwork.addresses import address_of
from groundwork.problems import problem
from staff.accounts import Account, Accounts, LockedOutError, Role, WrongPasswordError
from staff.origin import SAFE, is_same_origin
from staff.sessions import LIFETIME, Sessions

log = logging.getLogger(__name__)

Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]
ROLES_OF = "staff_roles"  #: attribute of a handler that only these roles reach
FORM_FIELD = "form_token"
_WHO: web.RequestKey[Account] = web.RequestKey("staff_account", Account)
_TOKEN: web.RequestKey[str] = web.RequestKey("staff_token", str)
_LOCAL_PATH = re.compile(r"/(?![/\\])[!-\[\]-~]*")  # no host, no backslash, no control character


class StaffDoor:
    """Lets staff of one program in.

    ``static`` is where the program serves vendor/tabler.min.css, vendor/tokens.css and staff.css.
    """

    def __init__(
        self,
        accounts: Accounts,
        sessions: Sessions,
        *,
        program: str,
        brand: str,
        home: str = "/",
        static: str = "/static",
    ) -> None:
        self.accounts, self.sessions = accounts, sessions
        self._home = home
        # Browsers share cookies between the ports of a host, so each program has its own name.
        self._cookie = f"huying_{program}_staff"
        self._page = _templates(brand=brand, static=static)

    def routes(self) -> list[web.RouteDef]:
        """Return the routes of signing in and out."""
        return [
            web.get("/sign-in", self.sign_in_page),
            web.post("/sign-in", self.sign_in),
            web.post("/sign-out", self.sign_out),
        ]

    async def who(self, request: web.Request) -> Account | None:
        """Return who is signed in, if anybody."""
        token = request.cookies.get(self._cookie, "")
        account = await self.sessions.find(token)
        if account is not None:
            request[_WHO], request[_TOKEN] = account, token
        return account

    async def sign_in_page(self, request: web.Request) -> web.StreamResponse:
        """Show the form, or go on when somebody is signed in already."""
        onward = self._onward(request.query.get("next", ""))
        if await self.who(request):
            raise web.HTTPSeeOther(onward)
        return self._form(onward=onward)

    async def sign_in(self, request: web.Request) -> web.StreamResponse:
        """Check name and password and begin a fresh session, whatever token the browser brought."""
        if not is_same_origin(request.headers):
            return _foreign()
        form = await request.post()
        name, onward = _text(form.get("name")), self._onward(_text(form.get("next")))
        try:
            password, address = _text(form.get("password")), address_of(request)
            account = await self.accounts.check(name, password, address=address)
        except WrongPasswordError:
            log.info("staff.refused")
            return self._form(onward=onward, name=name, status=422, failed="wrong")
        except LockedOutError as error:
            log.warning("staff.locked_out")
            return self._locked_out(error, onward=onward, name=name)
        token = await self.sessions.open(account, instead_of=request.cookies.get(self._cookie, ""))
        log.info("staff.signed_in", extra={"account_id": account.id, "role": account.role.value})
        response = web.HTTPSeeOther(onward)
        response.set_cookie(
            self._cookie, token, max_age=int(LIFETIME.total_seconds()), path="/",
            httponly=True, samesite="Lax", secure=_behind_https(request),
        )  # fmt: skip
        raise response

    async def sign_out(self, request: web.Request) -> web.StreamResponse:
        """End the session of the browser that asks."""
        if not is_same_origin(request.headers):
            return _foreign()
        await self.sessions.close(request.cookies.get(self._cookie, ""))
        response = web.HTTPSeeOther("/sign-in")
        response.del_cookie(self._cookie, path="/")
        raise response

    def _locked_out(self, error: LockedOutError, *, onward: str, name: str) -> web.Response:
        seconds = max(1, math.ceil(error.wait.total_seconds()))
        minutes = math.ceil(seconds / 60)
        response = self._form(onward=onward, name=name, status=429, failed="locked", minutes=minutes)
        response.headers["Retry-After"] = str(seconds)
        return response

    def _form(self, *, onward: str, name: str = "", status: int = 200, **more: Any) -> web.Response:
        text = self._page.get_template("sign-in.html").render(onward=onward, name=name, **more)
        return web.Response(text=text, status=status, content_type="text/html")

    def _onward(self, path: str) -> str:
        return path if _LOCAL_PATH.fullmatch(path) else self._home


DOOR: web.AppKey[StaffDoor] = web.AppKey("staff_door", StaffDoor)


def require(*roles: Role) -> Callable[[Handler], Handler]:
    """Let only these roles reach a handler (none named: any), and unsafe methods only from our own forms."""
    allowed = frozenset(roles or Role)

    def around(handler: Handler) -> Handler:
        @wraps(handler)
        async def guarded(request: web.Request) -> web.StreamResponse:
            door = request.config_dict[DOOR]
            account = await door.who(request)
            if account is None:
                raise web.HTTPSeeOther(_sign_in_address(request))
            if account.role not in allowed:
                raise web.HTTPForbidden(reason="role")
            if request.method not in SAFE and not await _is_our_form(request, door):
                return _foreign()
            return await handler(request)

        setattr(guarded, ROLES_OF, allowed)
        return guarded

    return around


def account_of(request: web.Request) -> Account:
    """Return who is signed in, behind ``require``."""
    return request[_WHO]


def form_token_of(request: web.Request) -> str:
    """Return what forms of the page being made must carry, behind ``require``."""
    return request.config_dict[DOOR].sessions.form_token(request[_TOKEN])


async def _is_our_form(request: web.Request, door: StaffDoor) -> bool:
    if not is_same_origin(request.headers):
        return False
    form = await request.post()
    return door.sessions.form_token_fits(request[_TOKEN], _text(form.get(FORM_FIELD)))


def _sign_in_address(request: web.Request) -> str:
    if request.method != "GET" or request.path_qs == "/":
        return "/sign-in"
    return f"/sign-in?next={quote(request.path_qs, safe='/')}"


def _behind_https(request: web.Request) -> bool:
    # A forged header only makes the forger's own cookie stricter.
    return request.secure or request.headers.get("X-Forwarded-Proto", "").lower() == "https"


def _foreign() -> web.Response:
    return problem(403, "foreign-form", "这个请求不是从本站页面发出的，请回到页面刷新后再试。")


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _templates(**names: Any) -> Environment:
    folder = Path(__file__).with_name("templates")
    page = Environment(loader=FileSystemLoader(folder), autoescape=True, undefined=StrictUndefined)
    page.globals.update(names)
    return page
