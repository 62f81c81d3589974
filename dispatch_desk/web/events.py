"""The door for events: verify, read, check, keep — then acknowledge."""

import logging

from aiohttp import web

from dispatch_desk.desk import Desk
from dispatch_desk.web.health import Metrics
from groundwork import contract
from groundwork.clock import Clock
from groundwork.problems import ProblemError
from hotline.errors import NotAnEventError
from hotline.events import TO_DESK, Event, read_event
from hotline.signing import Keys, verify

log = logging.getLogger(__name__)

MAX_BODY = 1_000_000


class EventDoor:
    """Takes signed events; ``real_time`` is what their time stamps are held against."""

    def __init__(self, desk: Desk, keys: Keys, metrics: Metrics, *, real_time: Clock) -> None:
        self._desk, self._keys, self._metrics, self._real_time = desk, keys, metrics, real_time

    async def post(self, request: web.Request) -> web.Response:
        """Answer 202 the first time, 200 when the event is known, a problem when it is not one."""
        body = await self._body(request)
        self._verify(request, body)
        event = self._read(body)
        new = await self._desk.take(event)
        self._metrics.events.labels(event.name, "new" if new else "known").inc()
        return web.json_response({"id": event.id, "new": new}, status=202 if new else 200)

    async def _body(self, request: web.Request) -> bytes:
        body = bytearray()
        async for chunk in request.content.iter_any():
            body += chunk
            if len(body) > MAX_BODY:
                raise ProblemError(413, "too-large", "事件超过1MB，请减小后再发。")
        return bytes(body)

    def _verify(self, request: web.Request, body: bytes) -> None:
        try:
            verify(self._keys, request.headers, body, now=self._real_time())
        except NotAnEventError:
            self._metrics.events.labels("unknown", "unsigned").inc()
            log.warning("event.unsigned")
            raise ProblemError(401, "signature", "签名不对或已经过期，请核对双方的密钥和时钟。") from None

    def _read(self, body: bytes) -> Event:
        try:
            event = read_event(body, names=TO_DESK)
        except NotAnEventError as error:
            raise self._malformed("unknown", detail=str(error)) from None
        if wrong := contract.findings(event.name, event.data):
            raise self._malformed(event.name, errors=wrong)
        if event.name == "filed" and event.data["number"] != event.subject:
            raise self._malformed(event.name, errors=[{"field": "number", "detail": "subject"}])
        return event

    def _malformed(self, name: str, **more: object) -> ProblemError:
        self._metrics.events.labels(name, "malformed").inc()
        log.warning("event.malformed", extra={"event_type": name})
        return ProblemError(422, "event", "事件的格式不对，请对照事件说明改好再发。", **more)
