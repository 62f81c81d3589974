"""The chat's REST interface (CONTRACT, HTTP)."""

from collections.abc import Sequence
from typing import Any, ClassVar

from aiohttp import web

from channels.base import ChannelParts, FieldError, KeepsFiles, Received, SentReply
from channels.multipart import Fault, FormRefusedError, Rules
from channels.uploads import Form, read_form
from channels.webchat import codec
from channels.webchat.session import Sessions
from hotline.message import InboundMessage
from hotline.reply import wire

ONE_FILE = Rules(fields={}, file="file", most_parts=4, most_files=1)
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
            web.post("/api/chat/attachments", self.take_file),
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
        await require_owned(self._parts.files, message.attachments, message.sender)
        received = await self.receive(message, request)
        return (
            _json({"replies": wired(received.replies)}, status=200)
            if received.settled
            else _json({"replies": []}, status=202)
        )

    async def take_file(self, request: web.Request) -> web.Response:
        """Keep one file for the messages of this session that will name it."""
        session = self._session(request)
        if request.content_type != "multipart/form-data":
            raise web.HTTPUnsupportedMediaType
        form = Form()
        try:
            await read_form(request, ONE_FILE, self._parts.files, form)
            some = form.files or form.lost
            faults = form.faults or ([] if some else [Fault(field="file", reason="missing")])
            if faults:
                raise FormRefusedError(faults)
            (stored,) = await form.put(self._parts.files, owner=self._parts.pseudonym(session))
        finally:
            await form.drop(self._parts.files)
        told = {"id": stored.id, "name": stored.name, "type": stored.type, "size": stored.size}
        return _json(told, status=201)

    def session_of(self, request: web.Request) -> str | None:
        """Return the session whose token ``request`` bears; ``None`` without a valid one."""
        return self.sessions.session_of(bearer_of(request))

    def envelope(self, session: str) -> codec.Envelope:
        """Return what is known about a message of ``session`` that arrives now."""
        return codec.Envelope(
            city=self._parts.city,
            session=session,
            sender=self._parts.pseudonym(session),
            received_at=self._parts.clock(),
        )

    async def receive(self, message: InboundMessage, request: web.Request) -> Received:
        """Store ``message``, which came by ``request``, and wait as long as a client waits."""
        origin = self._parts.origin(request)
        return await self._parts.receive.receive(message, within=ANSWER_WITHIN, origin=origin)

    def _session(self, request: web.Request) -> str:
        session = self.session_of(request)
        if session is None:
            raise web.HTTPUnauthorized(headers={"WWW-Authenticate": "Bearer"})
        return session


async def require_owned(files: KeepsFiles, ids: Sequence[str], *owners: str) -> None:
    """Raise ``FieldError`` unless each of ``ids`` was uploaded by one of ``owners`` and is kept."""
    found = {file.id for owner in owners for file in await files.owned(ids, owner=owner)} if ids else set()
    if found != set(ids):
        raise FieldError("attachments", "must be ids that this session uploaded")


def wired(replies: Sequence[SentReply]) -> list[dict[str, Any]]:
    """Return ``replies`` as CONTRACT's JSON objects."""
    return [wire(sent.reply, id=sent.id, in_reply_to=sent.in_reply_to) for sent in replies]


def _json(data: dict[str, Any], *, status: int) -> web.Response:
    return web.json_response(data, status=status, headers={"Cache-Control": "no-store"})


def bearer_of(request: web.Request) -> str:
    """Return the token that ``request`` bears, or the empty string."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""
