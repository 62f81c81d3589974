"""The dispatch centre's side of the gateway: its signed events come in, tickets and files are fetched here."""

import hmac
import json
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from aiohttp import web

from dispatch_client.payloads import pulled_data
from gateway.carrying import event_of
from gateway.enclosures import PATH, Enclosures
from gateway.files import NoSuchFileError
from gateway.store.feed import Feed, FeedTicket
from groundwork import contract
from groundwork.problems import ProblemError
from hotline.errors import NotAnEventError
from hotline.events import FROM_DESK, Event, read_event
from hotline.notices import Notice
from hotline.records import from_record
from hotline.signing import Keys, verify
from hotline.ticket import normalised

log = logging.getLogger(__name__)

MOST_AT_ONCE, USUAL_AT_ONCE = 500, 100  #: events of one page
LARGEST_CURSOR = 10**15
LARGEST_EVENT = 1_000_000
LONGEST_TEXT = 1_000  #: of a ticket, by which articles are looked for


class TakesEvents(Protocol):
    """Puts events of the dispatch centre on record."""

    async def hear(self, event: Event) -> bool:
        """Record ``event`` and return whether it is new; ``NotAnEventError`` for an unknown ticket."""


class TakesNotices(Protocol):
    """Keeps what the dispatch centre publishes."""

    async def put(self, notice: Notice) -> bool:
        """Keep ``notice`` and return whether it is news."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CentreParts:
    """What the centre's routes are made of; ``secrets`` are those that hold, ``keys`` the keys in them."""

    register: TakesEvents
    notices: TakesNotices
    feed: Feed
    enclosures: Enclosures
    keys: Keys
    secrets: Sequence[str]
    now: Callable[[], datetime]  #: the real time
    propose: Callable[[str], Awaitable[Mapping[str, Any]]]  #: articles and their wording for a text
    source: str  #: URI by which the gateway names itself in its events


class Centre:
    """Everything that a dispatch centre asks of the gateway."""

    def __init__(self, parts: CentreParts) -> None:
        self._parts = parts

    def routes(self) -> tuple[web.RouteDef, ...]:
        """Return the routes for the centre."""
        return (
            web.post("/api/dispatch/events", self.take),
            web.post("/api/dispatch/notices", self.publish),
            web.get("/api/dispatch/tickets", self.tickets),
            web.get("/api/dispatch/tickets/{number}", self.ticket),
            web.get("/api/dispatch/tickets/{number}/suggestions", self.suggestions),
            web.get(PATH + "{id}", self.file),
        )

    async def take(self, request: web.Request) -> web.Response:
        """Put a signed event on record: 202 the first time, 200 when it is known."""
        event = _read(await self._signed(request))
        try:
            new = await self._parts.register.hear(event)
        except NotAnEventError as error:
            raise _malformed(detail=str(error)) from error
        log.info("event.taken", extra={"name_of_event": event.name, "sequence": event.sequence, "new": new})
        return web.json_response({"id": event.id, "new": new}, status=202 if new else 200)

    async def publish(self, request: web.Request) -> web.Response:
        """Keep a signed notice for everybody: 202 where it is news, 200 when it is known."""
        notice = _read_notice(await self._signed(request))
        new = await self._parts.notices.put(notice)
        log.info("notice.taken", extra={"sequence": notice.sequence, "new": new})
        return web.json_response({"id": notice.id, "new": new}, status=202 if new else 200)

    async def _signed(self, request: web.Request) -> bytes:
        """Return the body that the centre signed."""
        body = await _body(request)
        try:
            verify(self._parts.keys, _lower(request), body, now=self._parts.now())
        except NotAnEventError as error:
            raise ProblemError(401, "signature", "签名不对，请核对密钥和时间。", detail=str(error)) from error
        return body

    async def tickets(self, request: web.Request) -> web.Response:
        """Return the tickets of which something was told after a cursor, in order, each with all of it."""
        self._admit(request)
        after = _number(request, "after", least=0, most=LARGEST_CURSOR, usual=0)
        limit = _number(request, "limit", least=1, most=MOST_AT_ONCE, usual=USUAL_AT_ONCE)
        page = await self._parts.feed.page(after=after, limit=limit)
        told = [await self._told(one) for one in page.tickets]
        return web.json_response({"tickets": told, "next": str(page.after), "more": page.more})

    async def ticket(self, request: web.Request) -> web.Response:
        """Return one ticket as the list has it, with fresh links to its files."""
        return web.json_response(await self._told(await self._found(request)))

    async def suggestions(self, request: web.Request) -> web.Response:
        """Propose articles and their standard wording for a ticket; its words are taken from here, none is asked for."""
        filed = (await self._found(request)).events[0]["data"]
        said = dict.fromkeys(str(filed.get(name) or "").strip() for name in ("title", "summary"))
        text = "\n".join(filter(None, said)) or str(filed.get("text") or "")
        body = await self._parts.propose(text[:LONGEST_TEXT])
        return web.json_response(body, headers={"Cache-Control": "no-store"})

    async def _found(self, request: web.Request) -> FeedTicket:
        self._admit(request)
        found = await self._parts.feed.ticket(normalised(request.match_info["number"]))
        if found is None:
            raise ProblemError(404, "no-such-ticket", "没有这个单号，请核对。")
        return found

    async def file(self, request: web.Request) -> web.StreamResponse:
        """Send an attachment to whoever has a link that holds."""
        id = request.match_info["id"]
        query = request.query
        if not self._parts.enclosures.is_open(id, query.get("expires", ""), query.get("signature", "")):
            raise ProblemError(403, "link", "链接不对或者已经过期，请重新取这张工单，用新的链接。")
        chunks = self._parts.enclosures.read(id)
        try:
            first = await anext(aiter(chunks), b"")
        except NoSuchFileError as error:
            raise ProblemError(
                404, "no-such-file", "没有这个附件，或者还没有从平台取到，请过一会儿再取。"
            ) from error
        response = web.StreamResponse(headers=_AS_FILE)
        await response.prepare(request)
        await response.write(first)
        async for chunk in chunks:
            await response.write(chunk)
        await response.write_eof()
        return response

    async def _told(self, ticket: FeedTicket) -> dict[str, Any]:
        filed, *later = ticket.events
        complete = self._parts.enclosures.complete
        events = [
            event_of({**body, "data": await complete(body["data"])}, source=self._parts.source)
            for body in later
        ]
        return pulled_data(await complete(filed["data"]), events)

    def _admit(self, request: web.Request) -> None:
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        right = [
            hmac.compare_digest(given.strip().encode("utf-8", "replace"), secret.encode())
            for secret in self._parts.secrets
        ]
        if scheme.lower() != "bearer" or not any(right):
            raise ProblemError(
                401, "secret", "密钥不对，请在 Authorization 里写 Bearer 和双方约定的密钥。",
                headers={"WWW-Authenticate": "Bearer"},
            )  # fmt: skip


_AS_FILE = {
    "Content-Type": "application/octet-stream",
    "Content-Disposition": "attachment",
    "Cache-Control": "no-store",
}


async def _body(request: web.Request) -> bytes:
    try:
        body = await request.read()
    except web.HTTPRequestEntityTooLarge as error:
        raise _too_large() from error
    if len(body) > LARGEST_EVENT:
        raise _too_large()
    return body


def _too_large() -> ProblemError:
    return ProblemError(413, "too-large", "事件超过1MB，请减小后再发。")


def _lower(request: web.Request) -> dict[str, str]:
    return {name.lower(): value for name, value in request.headers.items()}


def _read(body: bytes) -> Event:
    try:
        event = read_event(body, names=FROM_DESK)
    except NotAnEventError as error:
        raise _malformed(detail=str(error)) from error
    if contract.has_schema(event.name) and (wrong := contract.findings(event.name, event.data)):
        raise _malformed(errors=wrong)
    return event


def _read_notice(body: bytes) -> Notice:
    try:
        data = json.loads(body)
        json.dumps(data, ensure_ascii=False, allow_nan=False).encode()  # no lone surrogate, no NaN
        if not (wrong := contract.findings("notice", data)):
            return from_record(Notice, data)
    except (ValueError, RecursionError) as error:
        raise _malformed(detail=f"not a notice: {type(error).__name__}") from error
    raise _malformed(errors=wrong)


def _malformed(**more: Any) -> ProblemError:
    return ProblemError(422, "event", "事件不符合约定，请对照 docs/events。", **more)


def _number(request: web.Request, name: str, *, least: int, most: int, usual: int) -> int:
    given = request.query.get(name, "")
    if not given:
        return usual
    if not (given.isascii() and given.isdigit() and least <= int(given[:17]) <= most):
        raise ProblemError(
            422, "query", "查询的参数不对，请改好再取。",
            errors=[{"field": name, "detail": f"要是{least}到{most}的整数；after 用上一页的 next。"}],
        )  # fmt: skip
    return int(given)
