"""The contract of a channel: its routes verify, decode with a pure codec, receive, then render."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Protocol

from aiohttp import web

from hotline.errors import NotAMessageError
from hotline.message import InboundMessage
from hotline.reply import Reply


@dataclass(frozen=True, kw_only=True, slots=True)
class SentReply:
    """One thing the system said, as it was stored."""

    id: str
    in_reply_to: str  #: the client's own id of the message that it answers
    at: datetime
    reply: Reply


@dataclass(frozen=True, kw_only=True, slots=True)
class Received:
    """What came of a message so far; ``replies`` are all of them once ``settled``."""

    replies: tuple[SentReply, ...]
    settled: bool


class Receives(Protocol):
    """Takes messages in, durably."""

    async def receive(self, message: InboundMessage, *, within: float) -> Received:
        """Store ``message`` and wait up to ``within`` seconds for what is said to it.

        The same message again returns the same replies, or those settled since. Raises
        ``KeyReusedError`` for another body under the same key, ``StorageAwayError`` when nothing was
        stored; a sure emergency is answered even then.
        """


@dataclass(frozen=True, kw_only=True, slots=True)
class ChannelParts:
    """What every channel is made of."""

    city: str
    receive: Receives
    clock: Callable[[], datetime]  #: now, with its offset
    key: Callable[[str], bytes]  #: the signing key for a purpose
    pseudonym: Callable[[str], str]  #: a sender's name that does not tell who it is


class Channel(Protocol):
    """One way in; a handler returns its routes and needs no server."""

    name: ClassVar[str]
    audience: ClassVar[str]  #: who calls its routes: citizen or platform

    def routes(self) -> tuple[web.RouteDef, ...]:
        """Return the routes that this channel answers."""


class FieldError(NotAMessageError):
    """One part of what arrived is not what it must be; ``field`` names it."""

    def __init__(self, field: str, what: str) -> None:
        super().__init__(f"{field}: {what}")
        self.field = field


class TooLongError(NotAMessageError):
    """More than a message may hold; send it in several, of at most ``limit`` characters."""

    def __init__(self, limit: int, found: int | None = None) -> None:
        super().__init__(f"more than {limit} characters")
        self.limit, self.found = limit, found
