"""The chat's REST interface (CONTRACT, HTTP)."""

from collections.abc import Sequence
from typing import Any, ClassVar

from aiohttp import web

from channels.base import ChannelParts, Received, SentReply
from channels.webchat import codec
from channels.webchat.session import Sessions
from hotline.message import InboundMessage
from hotline.reply import wire

ANSWER_WITHIN = 4.0  #: seconds that a client waits for replies before it is told to ask again


class WebChat:
    """Takes messages as JSON under a bearer token; the chat page uses the same parts under a cookie."""

    name: ClassVar[str] = "webchat"
    audience: ClassVar[str] = "citizen"

    def __init__(self, parts: ChannelParts) -> None:
        self._parts = parts
        self.sessions = Sessions(parts.key("webchat.session"), parts.clock)

    def routes(self) -> tuple[web.RouteDef, ...]:
        """Return the routes that this channel answers."""
        return (
            web.post("/api/chat/sessions", self.open_session),
            web.post("/api/chat/messages", self.take_message),
        )

    async def open_session(self, request: web.Request) -> web.Response:
        """Give out a new session with its token."""
        session = self.sessions.open()
        return _json({"session": session.id, "token": session.token}, status=201)

    async def take_message(self, request: web.Request) -> web.Response:
        """Store one message and return what was said to it: 200 when settled, else 202."""
        session = self._session(request)
        if request.content_type != "application/json":
            raise web.HTTPUnsupportedMediaType
        message = codec.decode(await request.read(), self.envelope(session))
        received = await self.receive(message)
        return (
            _json({"replies": wired(received.replies)}, status=200)
            if received.settled
            else _json({"replies": []}, status=202)
        )

    def envelope(self, session: str) -> codec.Envelope:
        """Return what is known about a message of ``session`` that arrives now."""
        return codec.Envelope(
            city=self._parts.city,
            session=session,
            sender=self._parts.pseudonym(session),
            received_at=self._parts.clock(),
        )

    async def receive(self, message: InboundMessage) -> Received:
        """Store ``message`` and wait as long as a client waits."""
        return await self._parts.receive.receive(message, within=ANSWER_WITHIN)

    def _session(self, request: web.Request) -> str:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        session = self.sessions.session_of(token.strip()) if scheme.lower() == "bearer" else None
        if session is None:
            raise web.HTTPUnauthorized(headers={"WWW-Authenticate": "Bearer"})
        return session


def wired(replies: Sequence[SentReply]) -> list[dict[str, Any]]:
    """Return ``replies`` as CONTRACT's JSON objects."""
    return [wire(sent.reply, id=sent.id, in_reply_to=sent.in_reply_to) for sent in replies]


def _json(data: dict[str, Any], *, status: int) -> web.Response:
    return web.json_response(data, status=status, headers={"Cache-Control": "no-store"})
