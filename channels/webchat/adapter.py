"""The chat's interfaces, REST and socket (CONTRACT, HTTP)."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from aiohttp import web

from channels.base import ChannelParts, FieldError, KeepsFiles, Received, SentReply, StoredFile, Uttered
from channels.multipart import Fault, FormRefusedError, Rules
from channels.uploads import Form, read_form
from channels.webchat import codec
from channels.webchat.session import Sessions
from channels.webchat.socket import PROTOCOL, TOKEN, Manner, Socket, Talk
from hotline.errors import StorageAwayError
from hotline.message import InboundMessage
from hotline.reply import wire

ONE_FILE = Rules(fields={}, file="file", most_parts=4, most_files=1)
MOST_SOCKETS, MOST_OF_SESSION = 10_000, 10  #: open at once; more ask instead of listening
ANSWER_WITHIN = 4.0  #: seconds that a client waits for replies before it is told to ask again


class WebChat:
    """Takes messages as JSON under a bearer token; the chat page uses the same parts under a cookie."""

    name: ClassVar[str] = "webchat"
    audience: ClassVar[str] = "citizen"

    def __init__(self, parts: ChannelParts) -> None:
        self._parts = parts
        self.sessions = Sessions(parts.key("webchat.session"), parts.clock)
        self._sockets: set[Socket] = set()
        self._of_session: Counter[str] = Counter()

    def routes(self) -> tuple[web.RouteDef, ...]:
        """Return the routes that this channel answers."""
        return (
            web.post("/api/chat/sessions", self.open_session),
            web.post("/api/chat/messages", self.take_message),
            web.post("/api/chat/attachments", self.take_file),
            web.get("/api/chat/ws", self.open_socket),
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
        received = await self.receive(message, request)
        return (
            _json({"replies": wired(received.replies)}, status=200)
            if received.settled
            else _json({"replies": []}, status=202)
        )

    async def take_file(self, request: web.Request) -> web.Response:
        """Keep one file for the messages of this session that will name it."""
        stored = await self.kept_file(request, self._session(request))
        return _json(described(stored), status=201)

    async def kept_file(self, request: web.Request, session: str) -> StoredFile:
        """Keep the one file of the form in ``request`` for ``session``."""
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
        return stored

    async def open_socket(self, request: web.Request) -> web.StreamResponse:
        """Speak with a client whose token came as a sub-protocol: its headers are not a browser's to set."""
        session = self.sessions.session_of(token_offered(request))
        if session is None:
            raise web.HTTPUnauthorized(headers={"WWW-Authenticate": f"{PROTOCOL} {TOKEN}"})
        return await self.talk(request, session, JSON)

    async def talk(self, request: web.Request, session: str, manner: Manner) -> web.WebSocketResponse:
        """Serve a socket of ``session`` until it is closed; raises ``HTTPTooManyRequests`` where there are too many."""
        if len(self._sockets) >= MOST_SOCKETS or self._of_session[session] >= MOST_OF_SESSION:
            raise web.HTTPTooManyRequests
        talk = Talk(
            conversation=codec.conversation_of(session),
            envelope=lambda: self.envelope(session),
            receive=lambda message: self.receive(message, request),
            follows=self._parts.follows,
            problem=self._parts.problem,
            manner=manner,
        )
        socket = Socket(talk, request)
        self._sockets.add(socket)
        self._of_session[session] += 1
        try:
            return await socket.serve()
        finally:
            self._sockets.discard(socket)
            self._of_session[session] -= 1
            if not self._of_session[session]:
                del self._of_session[session]

    async def close(self, app: web.Application) -> None:
        """End every socket, so that its client looks for another server at once."""
        await asyncio.gather(*(socket.close() for socket in tuple(self._sockets)), return_exceptions=True)

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
        """Store ``message``, which came by ``request``, and wait as long as a client waits.

        Raises ``FieldError`` for a file that this session did not upload.
        """
        try:
            await require_owned(self._parts.files, message.attachments, message.sender)
        except StorageAwayError:
            warned = await self._parts.receive.warn(message)  # a danger waits for no file
            if warned is None:
                raise
            return warned
        origin = self._parts.origin(request)
        return await self._parts.receive.receive(message, within=ANSWER_WITHIN, origin=origin)

    def _session(self, request: web.Request) -> str:
        session = self.session_of(request)
        if session is None:
            raise web.HTTPUnauthorized(headers={"WWW-Authenticate": "Bearer"})
        return session


def token_offered(request: web.Request) -> str:
    """Return the token that a socket's client offers as a sub-protocol, or the empty string."""
    offered = (part.strip() for part in request.headers.get("Sec-WebSocket-Protocol", "").split(","))
    return next((part.removeprefix(TOKEN) for part in offered if part.startswith(TOKEN)), "")


async def require_owned(files: KeepsFiles, ids: Sequence[str], *owners: str) -> None:
    """Raise ``FieldError`` unless each of ``ids`` was uploaded by one of ``owners`` and is kept."""
    found = {file.id for owner in owners for file in await files.owned(ids, owner=owner)} if ids else set()
    if found != set(ids):
        raise FieldError("attachments", "must be ids that this session uploaded")


def wired(replies: Sequence[SentReply]) -> list[dict[str, Any]]:
    """Return ``replies`` as CONTRACT's JSON objects."""
    return [wire(sent.reply, id=sent.id, in_reply_to=sent.in_reply_to) for sent in replies]


def described(stored: StoredFile) -> dict[str, Any]:
    """Return what a client is told about a file that was kept."""
    return {"id": stored.id, "name": stored.name, "type": stored.type, "size": stored.size}


def _frames(replies: Sequence[SentReply]) -> list[Mapping[str, Any]]:
    return [{"type": "reply", "reply": reply} for reply in wired(replies)]


def _told(uttered: Sequence[Uttered]) -> list[Mapping[str, Any]]:
    return [{**frame, "last": frame["reply"]["id"]} for frame in _frames([one.sent for one in uttered])]


#: of clients that speak JSON
JSON = Manner(read=codec.decode_said, show=_told, urge=_frames)


def _json(data: dict[str, Any], *, status: int) -> web.Response:
    return web.json_response(data, status=status, headers={"Cache-Control": "no-store"})


def bearer_of(request: web.Request) -> str:
    """Return the token that ``request`` bears, or the empty string."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""
