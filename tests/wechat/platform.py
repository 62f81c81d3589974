"""A double of ``api.weixin.qq.com``, in this process or as a program: ``python -m tests.wechat.platform PORT``.

It keeps the platform's rules on tokens, windows, counts and lengths. ``/admin`` stands beside them, for tests: what was
sent to whom, what goes wrong next, how time passes. Shapes and codes, looked up on 2026-11-25 in stored copies:
developers.weixin.qq.com/doc/store/supplier/api/basics/api_getaccesstoken (token),
developers.weixin.qq.com/doc/service/en/guide/product/kf/intro (windows and counts),
developers.weixin.qq.com/doc/service/api/material/temporary/api_getmedia (files; films come as an address),
and the table of return codes (developers.weixin.qq.com/doc/offiaccount/Getting_Started/Global_Return_Code).
"""

import asyncio
import base64
import json
import secrets
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

APPID, SECRET = "wx0123456789abcdef", "0123456789abcdef0123456789abcdef"
LIFE, GRACE = 7_200, 300  #: seconds that a token holds, and that it holds on when there is a newer one
LONGEST = 2_048  #: bytes of a text message
ALLOWED = {"message": (5, 48 * 3600), "event": (3, 60)}
SLOW, RESET = "slow", "reset"
PROBLEMS = {
    -1: "system error",
    40001: "invalid credential, access_token is invalid or not latest",
    40003: "invalid openid",
    40007: "invalid media_id",
    40013: "invalid appid",
    40125: "invalid appsecret",
    42001: "access_token expired",
    45002: "content size out of limit",
    45009: "reach max api daily quota limit",
    45015: "response out of time limit or subscription is canceled",
    45047: "out of response count limit",
}


@dataclass
class Token:
    """A token and until when it holds."""

    value: str
    until: float


@dataclass
class Window:
    """A time in which a citizen may be written to."""

    until: float
    left: int


@dataclass
class File:
    """Something that a citizen sent."""

    data: bytes
    type: str
    film: bool = False


@dataclass
class Platform:
    """The state of one account at the platform."""

    strict: bool = False  #: only who wrote may be written to
    life: int = LIFE
    tokens: list[Token] = field(default_factory=list)
    windows: dict[str, list[Window]] = field(default_factory=dict)
    files: dict[str, File] = field(default_factory=dict)
    sent: list[dict[str, str]] = field(default_factory=list)
    asked: dict[str, int] = field(default_factory=dict)
    faults: dict[str, list[int | str]] = field(default_factory=dict)
    token_takes: float = 0.0  #: seconds
    passed: float = 0.0

    def now(self) -> float:
        """Return the platform's time."""
        return time.time() + self.passed

    def app(self) -> web.Application:
        """Return the server."""
        app = web.Application()
        app.add_routes(
            [
                web.get("/cgi-bin/token", self.token),
                web.post("/cgi-bin/message/custom/send", self.send),
                web.get("/cgi-bin/media/get", self.media),
                web.get("/film/{id}", self.film),
                web.get("/admin/seen", self.seen),
                web.post("/admin/do", self.do),
            ]
        )
        return app

    @asynccontextmanager
    async def serving(self, port: int = 0) -> AsyncIterator[str]:
        """Serve on loopback and return the address."""
        runner = web.AppRunner(self.app(), shutdown_timeout=0.1)
        await runner.setup()
        try:
            site = web.TCPSite(runner, "127.0.0.1", port, reuse_address=True)
            await site.start()
            yield f"http://127.0.0.1:{runner.addresses[0][1]}"
        finally:
            await runner.cleanup()

    # What the platform offers

    async def token(self, request: web.Request) -> web.Response:
        """Give out a new token; the one before holds on for five minutes, older ones end."""
        if (wrong := await self._trouble(request, "token")) is not None:
            return wrong
        if request.query.get("appid") != APPID:
            return problem(40013)
        if request.query.get("secret") != SECRET or request.query.get("grant_type") != "client_credential":
            return problem(40125)
        await asyncio.sleep(self.token_takes)
        for older in self.tokens:
            older.until = min(older.until, self.now() + GRACE)
        del self.tokens[:-1]
        self.tokens.append(Token(secrets.token_urlsafe(48), self.now() + self.life))
        return web.json_response({"access_token": self.tokens[-1].value, "expires_in": self.life})

    async def send(self, request: web.Request) -> web.Response:
        """Take one customer-service message."""
        if (wrong := await self._trouble(request, "send")) is not None:
            return wrong
        if (code := self._refuses(request)) != 0:
            return problem(code)
        body = (await request.read()).decode()
        said = json.loads(body)
        openid, content = said["touser"], said["text"]["content"]
        assert said["msgtype"] == "text"
        if len(content.encode()) > LONGEST:
            return problem(45002)
        if self.strict and (code := self._spend(openid)) != 0:
            return problem(code)
        # The platform shows escapes as they stand.
        self.keep(openid, content if "\\u" not in body else body)
        return web.json_response({"errcode": 0, "errmsg": "ok"})

    async def media(self, request: web.Request) -> web.Response:
        """Give out a file; errors come as text that is JSON, films as an address."""
        if (wrong := await self._trouble(request, "media")) is not None:
            return wrong
        if (code := self._refuses(request)) != 0:
            return problem(code, content_type="text/plain")
        file = self.files.get(request.query.get("media_id", ""))
        if file is None:
            return problem(40007, content_type="text/plain")
        if file.film:
            url = f"http://{request.host}/film/{request.query['media_id']}"
            return web.json_response({"video_url": url})
        headers = {"Content-disposition": 'attachment; filename="media"'}
        return web.Response(body=file.data, content_type=file.type, headers=headers)

    async def film(self, request: web.Request) -> web.Response:
        """Give out a film."""
        file = self.files[request.match_info["id"]]
        return web.Response(body=file.data, content_type=file.type)

    # What tests ask

    async def seen(self, request: web.Request) -> web.Response:
        """Tell what was asked how often, and what was sent to whom."""
        return web.json_response({"asked": self.asked, "sent": self.sent})

    async def do(self, request: web.Request) -> web.Response:
        """Change what is or goes wrong: any of wrote, left, faults, file, forward, strict, spoil."""
        told: dict[str, Any] = await request.json()
        if wrote := told.get("wrote"):
            self.wrote(wrote["openid"], wrote.get("kind", "message"))
        if left := told.get("left"):
            self.windows.pop(left, None)
        self.faults |= told.get("faults", {})
        if file := told.get("file"):
            data = base64.b64decode(file["data"])
            self.files[file["id"]] = File(data=data, type=file["type"], film=file.get("film", False))
        self.passed += told.get("forward", 0)
        self.strict = told.get("strict", self.strict)
        if told.get("spoil"):
            self.spoil()
        return web.json_response({})

    def wrote(self, openid: str, kind: str = "message") -> None:
        """Open the window of somebody who wrote, or tapped, followed, scanned."""
        count, seconds = ALLOWED[kind]
        self.windows.setdefault(openid, []).append(Window(until=self.now() + seconds, left=count))

    def keep(self, openid: str, shown: str) -> None:
        """Show somebody a customer-service message."""
        self.sent.append({"openid": openid, "content": shown})

    def spoil(self) -> None:
        """End every token at once."""
        for token in self.tokens:
            token.until = self.now() - 1

    # How it keeps its rules

    async def _trouble(self, request: web.Request, name: str) -> web.Response | None:
        self.asked[name] = self.asked.get(name, 0) + 1
        waiting = self.faults.get(name) or [0]
        fault = waiting.pop(0)
        if fault == SLOW:
            await asyncio.sleep(30)
        if fault == RESET and request.transport is not None:
            request.transport.abort()
            return web.Response()
        if isinstance(fault, int) and 400 <= fault < 600:
            return web.Response(status=fault, text="<html>bad gateway</html>")
        return problem(fault) if isinstance(fault, int) and fault else None

    def _refuses(self, request: web.Request) -> int:
        given = request.query.get("access_token", "")
        token = next((token for token in self.tokens if token.value == given), None)
        if token is None:
            return 40001
        return 0 if token.until > self.now() else 42001

    def _spend(self, openid: str) -> int:
        """Take one message off the window that ends first; 0, or why there is none."""
        open_ = [window for window in self.windows.get(openid, []) if window.until > self.now()]
        for window in sorted(open_, key=lambda window: window.until):
            if window.left > 0:
                window.left -= 1
                return 0
        return 45047 if open_ else 45015


def problem(code: int, content_type: str = "application/json") -> web.Response:
    """Return an error as the platform tells it: in a body, with status 200."""
    told = {"errcode": code, "errmsg": f"{PROBLEMS.get(code, 'error')} rid: {secrets.token_hex(4)}"}
    return web.json_response(told, content_type=content_type)


async def main(port: int) -> None:
    """Serve until the process is ended."""
    async with Platform().serving(port) as url:
        print(url, flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
