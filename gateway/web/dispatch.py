"""Where the dispatch centre's signed events come back."""

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from aiohttp import web

from groundwork.problems import problem
from hotline.errors import NotAnEventError
from hotline.events import FROM_DESK, Event, read_event
from hotline.signing import verify

log = logging.getLogger(__name__)

LARGEST = 1_000_000


class TakesEvents(Protocol):
    """Puts events of the dispatch centre on record."""

    async def take(self, event: Event) -> bool:
        """Record ``event`` and return whether it is new; ``NotAnEventError`` for an unknown ticket."""


def dispatch_routes(
    register: TakesEvents, key: bytes, now: Callable[[], datetime]
) -> tuple[web.RouteDef, ...]:
    """Return the route that takes events signed with ``key``; ``now`` is the real time."""

    async def take(request: web.Request) -> web.Response:
        body = await request.read()
        try:
            verify(key, {name.lower(): value for name, value in request.headers.items()}, body, now=now())
        except NotAnEventError as error:
            return problem(401, "signature", "签名不对，请核对密钥和时间。", detail=str(error))
        try:
            event = read_event(body, names=FROM_DESK)
            new = await register.take(event)
        except NotAnEventError as error:
            return problem(422, "event", "事件不符合约定，请对照 docs/events。", detail=str(error))
        log.info("event.taken", extra={"name_of_event": event.name, "sequence": event.sequence, "new": new})
        return web.json_response({"id": event.id, "new": new}, status=202 if new else 200)

    return (web.post("/api/dispatch/events", take),)
