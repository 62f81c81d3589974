"""How both programs serve HTTP: nobody holds a connection for long, and what cannot be read is answered in Chinese."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from aiohttp import web
from aiohttp.http_parser import RawRequestMessage
from aiohttp.web_protocol import RequestHandler

from groundwork.headers import HEADERS

#: Seconds for which a connection may wait with no whole request: also between two, and while headers trickle in.
#: Longer than the minute for which proxies keep theirs, so that they close first.
PATIENCE = 75.0
_TEMPLATES = Path(__file__).with_name("templates")
_UNREADABLE, _OUR_FAULT = (
    (_TEMPLATES / name).read_text("utf-8") for name in ("unreadable.html", "our-fault.html")
)


class Runner(web.AppRunner):
    """Runs an application without an access log; whatever is under way at the end has five seconds."""

    __slots__ = ()

    def __init__(self, app: web.Application, *, patience: float = PATIENCE) -> None:
        super().__init__(
            app, access_log=None, handle_signals=False, shutdown_timeout=5, keepalive_timeout=patience
        )

    async def _make_server(self) -> web.Server:
        made = await super()._make_server()
        return _Server(
            made.request_handler,
            request_factory=made.request_factory,
            loop=asyncio.get_running_loop(),
            **made._kwargs,  # noqa: SLF001 — aiohttp offers no other way to a protocol of one's own
        )


class _Server(web.Server):
    def __call__(self) -> RequestHandler:
        return _Protocol(self, loop=self._loop, **self._kwargs)


class _Protocol(RequestHandler):
    """Answers what never reaches a handler: it cannot be known who asked, so a page answers.

    A connection that becomes a socket is open for hours and there are thousands, so it lets go of what only HTTP needs.
    """

    __slots__ = ()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._upgraded and self._messages:  # the same headers stand in it as text
            message, payload = self._messages[-1]
            if isinstance(message, RawRequestMessage):
                self._messages[-1] = message._replace(raw_headers=()), payload

    def set_parser(self, parser: Any, data_received_cb: Callable[[], None] | None = None) -> None:
        super().set_parser(parser, data_received_cb)
        self._parser = None

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        super().handle_error(request, status, exc, message)  # ends the connection if an answer has begun
        response = web.Response(
            text=_UNREADABLE if status < 500 else _OUR_FAULT,
            status=status,
            content_type="text/html",
            charset="utf-8",
            headers={**HEADERS, "Cache-Control": "no-store"},
        )
        response.force_close()
        return response
