"""Floods from one address: files are refused before they are read, sessions come slowly; words are judged by the gate."""

import math
from asyncio import sleep as pause
from collections.abc import Awaitable, Callable
from typing import TypeAlias

from aiohttp import web
from aiohttp.typedefs import Middleware

from gateway.web.ports import Limits
from groundwork.addresses import address_of, counted_as, is_loopback
from groundwork.problems import ProblemError

Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]

FILES, SESSIONS, SOCKETS = "uploads.address", "sessions.address", "sockets.address"
#: take files and nothing else; what comes with words is a message
_FILES_AT = frozenset({"/api/chat/attachments", "/chat/files"})
_SESSIONS_AT = "/api/chat/sessions"
_SOCKETS_AT = frozenset({"/api/chat/ws", "/chat/ws"})
SLOWLY = 1.0  #: seconds that a session beyond the limit is waited for


class FloodError(ProblemError):
    """Somebody does more than they may; it opens again after ``seconds``."""

    def __init__(self, name: str, title: str, seconds: float) -> None:
        self.seconds = max(1, math.ceil(seconds))
        minutes = math.ceil(self.seconds / 60)
        super().__init__(429, name, title.format(minutes=minutes), headers={"Retry-After": str(self.seconds)})


class TooManyFilesError(FloodError):
    """An address sends no more files for so many ``seconds``."""

    def __init__(self, seconds: float) -> None:
        title = "传的文件太多，请{minutes}分钟后再传。事情可以先用文字说，急事请拨打12345。"
        super().__init__("too-many-files", title, seconds)


class TooManySocketsError(FloodError):
    """An address opens no more sockets for so many ``seconds``; messages can be sent without."""

    def __init__(self, seconds: float) -> None:
        super().__init__("too-many-sockets", "连接太多，请{minutes}分钟后再连。消息照样可以发。", seconds)


class TooManyQueriesError(FloodError):
    """An address asks for service requests, or tries keys, more often than is answered."""

    def __init__(self, seconds: float) -> None:
        super().__init__("too-many-queries", "问得太快，请{minutes}分钟后再查。", seconds)


class TooManyMessagesError(FloodError):
    """Somebody writes more than is taken; what was written was not stored, and may be sent again then."""

    def __init__(self, seconds: float) -> None:
        title = "发得太快，这一条还没有收下，请{minutes}分钟后再发。有危险请直接拨打110、119或120，急事请拨打12345。"
        super().__init__("too-many-messages", title, seconds)


def origin_of(request: web.Request) -> str | None:
    """Return the address by which floods are counted.

    ``None`` where nobody can tell it, and for this machine itself: what comes from there is the operator's own, or
    everybody's behind a proxy that was not named.
    """
    address = address_of(request)
    return None if is_loopback(address) else counted_as(address)


async def flooded(limits: Limits, request: web.Request, files: int) -> bool:
    """Count ``files`` that the address of ``request`` wants kept; tell whether they are too many."""
    address = counted_as(address_of(request))
    if address is None:
        return False
    return any([(await limits.take((FILES, address))).wait > 0 for _ in range(files)])


def limit_floods(limits: Limits) -> Middleware:
    """Return a middleware that counts files, sockets and new sessions by address.

    A session costs a signature and nothing else, and without one nobody can say that they are in danger: beyond the
    limit it is given a little later, and never refused.
    """

    @web.middleware
    async def count(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.method == "POST" and request.path in _FILES_AT:
            address = counted_as(address_of(request))
            wait = (await limits.take((FILES, address))).wait if address is not None else 0.0
            if wait > 0:
                raise TooManyFilesError(wait)
        if request.method == "POST" and request.path == _SESSIONS_AT:
            origin = origin_of(request)
            if origin is not None and (await limits.take((SESSIONS, origin))).wait > 0:
                await pause(SLOWLY)
        if request.path in _SOCKETS_AT:
            origin = origin_of(request)
            wait = (await limits.take((SOCKETS, origin))).wait if origin is not None else 0.0
            if wait > 0:
                raise TooManySocketsError(wait)
        return await handler(request)

    return count
