"""What every answer carries, and which posts are believed to come from our own pages."""

from collections.abc import Awaitable, Callable
from typing import TypeAlias
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Middleware

from groundwork.problems import ProblemError

Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    # Not no-referrer: browsers would then send "Origin: null" with our own forms.
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Put the headers of every answer on ``response`` (an ``on_response_prepare`` handler)."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)


def same_origin(hosts: frozenset[str]) -> Middleware:
    """Return a middleware that refuses posts to pages from other sites; ``hosts`` are ours beside ``Host``."""

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.method not in _SAFE and uses_cookies(request) and not _is_ours(request, hosts):
            raise ProblemError(403, "foreign-origin", "请从本网站的页面提交。")
        return await handler(request)

    return check


def uses_cookies(request: web.Request) -> bool:
    """Tell whether a request may act through a cookie; the interfaces for programs never do."""
    return not request.path.startswith("/api/")


def _is_ours(request: web.Request, hosts: frozenset[str]) -> bool:
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = request.headers.get("Origin")
    # Neither header: not a browser of the last years, and SameSite=Lax keeps the cookie from foreign posts.
    return origin is None or urlsplit(origin).netloc in hosts | {request.host}
