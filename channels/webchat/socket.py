"""One open socket: what is said is taken in its turn, and what was said goes out in the order of the record.

Nothing waits in memory for a reader: each is told from the record, a few replies at a time, as fast as it reads. A
reader that does not read is cut off; when it comes back it says what it has and is told the rest.
"""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aiohttp import WSCloseCode, WSMsgType, web

from channels.base import Follows, Received, SentReply, Uttered
from channels.webchat import codec
from hotline.errors import StorageAwayError
from hotline.message import InboundMessage, clean

log = logging.getLogger(__name__)

PROTOCOL = "huying.v1"
TOKEN = "token."  #: prefix of the sub-protocol that carries a session's token  # noqa: S105
HEARTBEAT = 25.0  #: seconds between pings; proxies close what is silent for a minute
READS_WITHIN = 10.0  #: seconds in which a reader takes what was sent to it
CLOSES_WITHIN = 2.0  #: seconds in which a client answers that it closes too
BATCH = 20  #: replies that are read from the record at once
AGAIN_AFTER = 2.0  #: seconds until a record that was away is asked again


@dataclass(frozen=True, kw_only=True, slots=True)
class Manner:
    """How one kind of client speaks on its socket."""

    read: Callable[[Mapping[str, Any], codec.Envelope], InboundMessage]  #: the message of a ``say`` frame
    show: Callable[
        [Sequence[Uttered]], Sequence[Mapping[str, Any]]
    ]  #: frames of what is on record, ``last`` its id
    urge: Callable[
        [Sequence[SentReply]], Sequence[Mapping[str, Any]]
    ]  #: frames of what cannot wait for the record


@dataclass(frozen=True, kw_only=True, slots=True)
class Talk:
    """What a socket needs of its channel."""

    conversation: str
    envelope: Callable[[], codec.Envelope]
    receive: Callable[[InboundMessage], Awaitable[Received]]  #: stores a message and returns what came of it
    follows: Follows
    problem: Callable[[Exception], Mapping[str, Any]]
    manner: Manner


class GoneError(Exception):
    """The reader does not read, or is there no more."""


class Socket:
    """Serves one socket until either side ends it; silent until the client has spoken.

    There are thousands, open for hours: one at rest keeps as little as it can.
    """

    __slots__ = ("_due", "_last", "_place", "_request", "_socket", "_talk", "_telling")

    def __init__(self, talk: Talk, request: web.Request) -> None:
        self._talk, self._request = talk, request
        self._socket = web.WebSocketResponse(
            protocols=(PROTOCOL,),
            heartbeat=HEARTBEAT,
            compress=False,
            max_msg_size=codec.MAX_BODY,
            timeout=CLOSES_WITHIN,
        )
        self._place: int | None = None  #: of the last reply that was sent; none before the client has spoken
        self._last: str | None = None  #: its id, so that a client notices a gap; none where it is not known
        self._due = False  #: whether the record may hold more
        self._telling: asyncio.Task[None] | None = None

    async def serve(self) -> web.WebSocketResponse:
        """Speak with the client; returns when the socket is closed."""
        await self._socket.prepare(self._request)
        self._socket.headers.clear()  # they are sent
        with self._talk.follows.follow(self._talk.conversation, self._wake):
            try:
                async for message in self._socket:
                    if message.type is WSMsgType.TEXT:
                        await self._heard(message.data)
            except GoneError:
                self._cut()
            finally:
                self._stop_telling()
        return self._socket

    async def close(self) -> None:
        """End it in order: the client opens another, wherever it finds a server."""
        await self._socket.close(code=WSCloseCode.GOING_AWAY)

    async def _heard(self, text: str) -> None:
        frame: Mapping[str, Any] = {}
        try:
            frame = codec.decode_frame(text)
            match frame["type"]:
                case "say":
                    await self._said(frame)
                case "resume":
                    await self._begin(codec.place_asked(frame))
        except GoneError:
            raise
        except Exception as error:  # noqa: BLE001 — whatever went wrong, the client is told and the socket lasts
            about = {"id": clean(str(frame["id"]))} if "id" in frame else {}
            await self._send({"type": "error", **about, "problem": self._talk.problem(error)})

    async def _said(self, frame: Mapping[str, Any]) -> None:
        message = self._talk.manner.read(frame, self._talk.envelope())
        if self._place is None:
            await self._begin(None)
        await self._send({"type": "typing", "id": frame["id"]})
        received = await self._talk.receive(message)
        # The number to call waits for nothing; the record tells of it again, under its id.
        urgent = [sent for sent in received.replies if sent.reply.kind == "emergency"]
        for shown in self._talk.manner.urge(urgent):
            await self._send(shown)
        silent = received.settled and not received.replies  # a person of the hotline answers
        await self._send({"type": "taken", "id": frame["id"]} | ({"silent": True} if silent else {}))
        self._wake()

    async def _begin(self, after: str | None) -> None:
        """Tell what is behind the reply ``after``, everything where it is empty, what comes from now on for ``None``.

        While the record is away all that it holds is told when it is back; the client knows again what it has.
        """
        self._stop_telling()
        follows, conversation = self._talk.follows, self._talk.conversation
        try:
            if after is None:
                self._place = await follows.last_place(conversation)
            else:
                self._last = after
                self._place = await follows.place_of(conversation, after) if after else 0
        except StorageAwayError:
            self._place = 0
        self._wake()

    def _wake(self) -> None:
        self._due = True
        if self._place is not None and (self._telling is None or self._telling.done()):
            self._telling = asyncio.create_task(self._tell(self._place))

    def _stop_telling(self) -> None:
        if self._telling is not None:
            self._telling.cancel()
        self._telling = None

    async def _tell(self, place: int) -> None:
        """Send what is behind ``place``; what is said meanwhile is read from the record too."""
        try:
            while self._due and not self._socket.closed:
                self._due = False
                try:
                    place = self._place = await self._tell_rest(place)
                except StorageAwayError:
                    self._due = True
                    await asyncio.sleep(AGAIN_AFTER)
        except GoneError:
            self._cut()
        except Exception as error:  # noqa: BLE001 — a client that is told nothing must know that it is, and come back
            log.error("socket.failed", extra={"error_type": type(error).__name__})
            self._cut()
        finally:
            if self._telling is asyncio.current_task():
                self._telling = None

    async def _tell_rest(self, place: int) -> int:
        follows, conversation = self._talk.follows, self._talk.conversation
        while batch := await follows.since(conversation, place, limit=BATCH):
            for shown in self._talk.manner.show(batch):
                await self._send({**shown, "after": self._last})
                self._last = shown["last"]
            place = batch[-1].place
        await self._send({"type": "whole", "last": self._last})
        return place

    async def _send(self, frame: Mapping[str, Any]) -> None:
        try:
            async with asyncio.timeout(READS_WITHIN):
                await self._socket.send_json(frame, dumps=_dumps)
        except (ConnectionError, TimeoutError) as error:
            raise GoneError from error

    def _cut(self) -> None:
        if self._request.transport is not None:
            self._request.transport.abort()


def _dumps(frame: Any) -> str:
    return json.dumps(frame, ensure_ascii=False)
