"""A city's platform for text messages, as docs/channels/sms.md asks for it: it takes each id once and lets tests trouble it."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

from hotline.signing import key_of, signed_headers, verify

SECRET = "whsec_" + "dGhlIHBsYXRmb3JtIG9mIHRoZSBmaWN0aW9uYWwgY2l0eQ=="
KEY = key_of(SECRET)


@dataclass
class Platform:
    """Keeps what it sent, in order; ``faults`` are the statuses of its next answers, ``hangs_up`` loses one after taking it."""

    sent: list[tuple[str, str]] = field(default_factory=list)  #: to, text
    ids: list[str] = field(default_factory=list)  #: of every request that was signed, repeats too
    faults: list[int] = field(default_factory=list)
    hangs_up: bool = False

    async def take(self, request: web.Request) -> web.Response:
        """Send one text, once for each id."""
        body = await request.read()
        id = verify(
            KEY, {name.lower(): value for name, value in request.headers.items()}, body, now=datetime.now(UTC)
        )
        said, known = json.loads(body), id in self.ids
        assert set(said) == {"to", "text"}
        self.ids.append(id)
        if self.faults:
            self.ids.pop()
            return web.Response(status=self.faults.pop(0))
        if not known:
            self.sent.append((said["to"], said["text"]))
        if self.hangs_up:
            self.hangs_up = False
            assert request.transport is not None
            request.transport.abort()
        return web.Response(status=200 if known else 202)

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[str]:
        """Serve, and return the address."""
        app = web.Application()
        app.add_routes([web.post("/send", self.take)])
        async with TestServer(app) as server:
            yield str(server.make_url("/send"))


def signed(said: Any, *, id: str = "one", key: bytes = KEY) -> dict[str, Any]:
    """Return what a platform posts to the gateway: the arguments of a client's ``post``."""
    body = said if isinstance(said, bytes) else json.dumps(said, ensure_ascii=False).encode()
    headers = signed_headers(key, id=id, at=datetime.now(UTC), body=body)
    return {"data": body, "headers": {"Content-Type": "application/json", **headers}}
