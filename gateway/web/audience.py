"""Every route says for whom it is; a route that does not say is refused."""

import re
from collections.abc import Iterator, Sequence
from typing import TypeAlias

from aiohttp import web

_AUDIENCE = re.compile(r"public|citizen|platform|ops|staff:[a-z]+")
Place: TypeAlias = tuple[str, str]  #: method and path
AUDIENCES: web.AppKey[dict[Place, str]] = web.AppKey("audiences", dict)


def add_routes(app: web.Application, audience: str, routes: Sequence[web.RouteDef]) -> None:
    """Register ``routes`` for ``audience``: public, citizen, platform, ops or ``staff:<role>``."""
    if not _AUDIENCE.fullmatch(audience):
        raise ValueError(f"no such audience: {audience}")
    told = app.setdefault(AUDIENCES, {})
    for route in routes:
        told[route.method, route.path] = audience
        route.register(app.router)


def audiences(app: web.Application) -> dict[Place, str]:
    """Return for whom each route is; raises ``LookupError`` for a route that does not say."""
    told = app.get(AUDIENCES, {})
    silent = sorted(set(_places(app)) - set(told))
    if silent:
        raise LookupError(f"routes without an audience: {silent}")
    return dict(told)


def _places(app: web.Application) -> Iterator[Place]:
    for route in app.router.routes():
        # HEAD comes along with GET and is for the same people.
        if route.method != "HEAD" and route.resource is not None:
            yield route.method, route.resource.canonical
