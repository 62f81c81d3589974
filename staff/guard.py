"""What stands before every staff page: signed in, far enough, with the right role, by a form of our own."""

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any, Protocol, TypeAlias
from urllib.parse import quote

from aiohttp import web

from groundwork.problems import problem
from hotline.errors import StorageAwayError
from staff.accounts import Account, Role
from staff.origin import SAFE, is_same_origin
from staff.sessions import Session, Sessions, Stage

Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]
FORM_FIELD = "form_token"
_SESSION: web.RequestKey[Session] = web.RequestKey("staff_session", Session)


class Door(Protocol):
    """What the guard asks of a program's door."""

    sessions: Sessions
    prefix: str

    async def session_of(self, request: web.Request) -> Session | None:
        """Return the session of the browser that asks."""

    def said(self, request: web.Request, status: int, **more: Any) -> web.StreamResponse:
        """Return an error as a page of staff's look."""


DOOR: web.AppKey[Door] = web.AppKey("staff_door")
STEPS = {
    Stage.CODE: "/sign-in/code",
    Stage.PASSWORD: "/account/password",
    Stage.FACTOR: "/account/second-factor",
}


def guarded(handler: Handler, roles: frozenset[Role], stages: frozenset[Stage]) -> Handler:
    """Let only these roles through, in these stages, and unsafe methods only from our own forms."""

    @wraps(handler)
    async def guard(request: web.Request) -> web.StreamResponse:
        door = request.config_dict[DOOR]
        try:
            session = await door.session_of(request)
            if session is None:
                raise web.HTTPSeeOther(_sign_in_address(request, door.prefix))
            if session.stage not in stages:
                raise web.HTTPSeeOther(door.prefix + STEPS.get(session.stage, "/account"))
            if session.account.role not in roles:
                return door.said(request, 403)
            if request.method not in SAFE and not await is_our_form(request, door.sessions, session):
                return foreign()
            request[_SESSION] = session
            return await handler(request)
        except StorageAwayError:
            return door.said(request, 503, headers={"Retry-After": "5"})
        except web.HTTPException as error:
            if error.status < 400:
                error.headers["Cache-Control"] = "no-store"
                raise
            return door.said(request, error.status)

    return guard


def session_of(request: web.Request) -> Session:
    """Return the session behind a route for staff."""
    return request[_SESSION]


def account_of(request: web.Request) -> Account:
    """Return who is signed in, behind a route for staff."""
    return request[_SESSION].account


async def session_stands(request: web.Request) -> bool:
    """Tell, during a long answer behind a route for staff, whether the same session still stands for the same account."""
    now = await request.config_dict[DOOR].session_of(request)
    return now is not None and (now.account, now.stage) == (account_of(request), Stage.OPEN)


def form_token_of(request: web.Request) -> str:
    """Return what forms of the page being made must carry, behind a route for staff."""
    return request.config_dict[DOOR].sessions.form_token(request[_SESSION].token)


def text_of(form: Any, name: str) -> str:
    """Return a field of a form as text; what is missing, or a file, is empty."""
    value = form.get(name)
    return value if isinstance(value, str) else ""


async def is_our_form(request: web.Request, sessions: Sessions, session: Session) -> bool:
    """Tell whether a form was made by us for this session."""
    if not is_same_origin(request.headers):
        return False
    form = await request.post()
    return sessions.form_token_fits(session.token, text_of(form, FORM_FIELD))


def foreign() -> web.Response:
    """Return the refusal of a form that is not ours."""
    return problem(403, "foreign-form", "这个请求不是从本站页面发出的，请回到页面刷新后再试。")


def _sign_in_address(request: web.Request, prefix: str) -> str:
    if request.method != "GET" or request.path_qs == "/":
        return f"{prefix}/sign-in"
    return f"{prefix}/sign-in?next={quote(request.path_qs, safe='/')}"
