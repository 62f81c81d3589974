"""The box's one route."""

from typing import ClassVar

from aiohttp import web

from channels.base import ChannelParts
from hotline.reply import Reply
from tests.channels.toy import codec


class Toy:
    """Takes signed lines and answers in words."""

    name: ClassVar[str] = "toy"
    audience: ClassVar[str] = "platform"

    def __init__(self, parts: ChannelParts) -> None:
        self._parts, self._key = parts, parts.key("toy")

    def routes(self) -> tuple[web.RouteDef, ...]:
        """Return the route that this channel answers."""
        return (web.post("/api/toy", self.take),)

    async def take(self, request: web.Request) -> web.Response:
        """Verify, decode, receive; only then acknowledge."""
        body = await request.read()
        codec.check(self._key, request.headers.get("Toy-Signature", ""), body)
        card, _, _ = codec.lines(body)
        envelope = codec.Envelope(city=self._parts.city, received_at=self._parts.clock())
        message = codec.decode(body, envelope, self._parts.pseudonym(card))
        received = await self._parts.receive.receive(message, within=2.0)
        return web.Response(text="\n".join(_words(sent.reply) for sent in received.replies))


def _words(reply: Reply) -> str:
    return f"{reply.call.number} {reply.text}" if reply.call else reply.text
