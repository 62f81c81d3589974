"""Which posts are believed to come from our own pages."""

from collections.abc import Awaitable, Callable
from typing import TypeAlias
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Middleware

from groundwork.problems import ProblemError

Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def same_origin(hosts: frozenset[str]) -> Middleware:
    """Return a middleware that refuses posts to pages from other sites; ``hosts`` are ours beside ``Host``."""

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        acts = request.method not in _SAFE or "Upgrade" in request.headers  # a socket is not a mere look
        if acts and uses_cookies(request) and not _is_ours(request, hosts):
            raise ProblemError(403, "foreign-origin", "请从本网站的页面提交。")
        return await handler(request)

    return check


def uses_cookies(request: web.Request) -> bool:
    """Tell whether a request may act through a cookie; the interfaces for programs never do."""
    return not request.path.startswith(("/api/", "/open311/"))


def _is_ours(request: web.Request, hosts: frozenset[str]) -> bool:
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = request.headers.get("Origin")
    # Neither header: not a browser of the last years, and SameSite=Lax keeps the cookie from foreign posts.
    return origin is None or urlsplit(origin).netloc in hosts | {request.host}
