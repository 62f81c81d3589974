"""Every route says for whom it is, and what it says is what is let through; a route that does not say is refused."""

import re
from collections.abc import Iterator, Sequence
from typing import TypeAlias

from aiohttp import web
from aiohttp.web_routedef import AbstractRouteDef

from staff.accounts import Role
from staff.guard import guarded
from staff.sessions import Stage

PUBLIC, CITIZEN, PLATFORM, OPS = "public", "citizen", "platform", "ops"
_STAFF = re.compile(r"staff:[a-z]+( staff:[a-z]+)*")
Place: TypeAlias = tuple[str, str]  #: method and path
_TOLD: web.AppKey[dict[web.AbstractRoute, str]] = web.AppKey("audiences", dict)
_MOUNTED: web.AppKey[list[web.Application]] = web.AppKey("mounted", list)


def staff(*roles: Role) -> str:
    """Return the audience of these roles; none named: of all."""
    return " ".join(f"staff:{role.value}" for role in Role if role in (roles or tuple(Role)))


def add_routes(
    app: web.Application,
    audience: str,
    routes: Sequence[AbstractRouteDef],
    *,
    stages: frozenset[Stage] = frozenset({Stage.OPEN}),
) -> None:
    """Register ``routes`` for ``audience``: public, citizen, platform, ops or one or more ``staff:<role>``.

    Routes for staff let nobody else through; ``stages`` says in which stages of signing in they may be used.
    """
    roles = _roles(audience)
    told = app.setdefault(_TOLD, {})
    for route in routes:
        for registered in (_for_staff(route, roles, stages) if roles else route).register(app.router):
            told[registered] = audience


def mount(app: web.Application, prefix: str, part: web.Application) -> None:
    """Add an application under ``prefix``; its routes say for themselves for whom they are."""
    app.add_subapp(prefix, part)
    app.setdefault(_MOUNTED, []).append(part)


def audiences(app: web.Application) -> dict[Place, str]:
    """Return for whom each route is, those of mounted applications too; ``LookupError`` names what does not say."""
    told = _told(app)
    places = list(_places(app))
    if silent := sorted({place for place, route in places if route not in told}):
        raise LookupError(f"routes without an audience: {silent}")
    return {place: told[route] for place, route in places}


def _told(app: web.Application) -> dict[web.AbstractRoute, str]:
    own: dict[web.AbstractRoute, str] | None = app.get(_TOLD)
    told = dict(own or {})
    for part in app.get(_MOUNTED, []):
        told |= _told(part)
    return told


def _places(app: web.Application) -> Iterator[tuple[Place, web.AbstractRoute]]:
    for route in app.router.routes():
        # HEAD comes along with GET and is for the same people.
        if route.method != "HEAD" and route.resource is not None:
            yield (route.method, route.resource.canonical), route


def _roles(audience: str) -> frozenset[Role]:
    if audience in (PUBLIC, CITIZEN, PLATFORM, OPS):
        return frozenset()
    if not _STAFF.fullmatch(audience):
        raise ValueError(f"no such audience: {audience}")
    return frozenset(Role(word.removeprefix("staff:")) for word in audience.split())


def _for_staff(route: AbstractRouteDef, roles: frozenset[Role], stages: frozenset[Stage]) -> web.RouteDef:
    if not isinstance(route, web.RouteDef) or isinstance(route.handler, type):
        raise TypeError("routes for staff are functions")
    return web.RouteDef(route.method, route.path, guarded(route.handler, roles, stages), route.kwargs)
