"""Requests that no browser sends: unreadable, endless, slow, or with something hidden in them."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import Protocol

import pytest
from aiohttp import ClientSession, web

from groundwork.headers import POLICY
from groundwork.serving import Runner
from tests.web.fake_app import CODE, NUMBER, FakeCore
from tests.web.reading import Client, Page


class Ask(Protocol):
    """Sends bytes and returns what comes, until the end or until ``enough``."""

    def __call__(self, sent: bytes, *, enough: bytes = b"") -> Awaitable[bytes]: ...


@asynccontextmanager
async def served(app: web.Application, *, patience: float = 75.0) -> AsyncIterator[Ask]:
    """Serve ``app`` as the programs do; the value sends bytes."""
    runner = Runner(app, patience=patience)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        port = runner.addresses[0][1]

        async def ask(sent: bytes, *, enough: bytes = b"") -> bytes:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                writer.write(sent)
                await writer.drain()
                return await asyncio.wait_for(reader.readuntil(enough) if enough else reader.read(), 20)
            finally:
                writer.close()
                await writer.wait_closed()

        yield ask
    finally:
        await runner.cleanup()


@pytest.mark.parametrize(
    "request_",
    [
        b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nCookie: " + b"a" * 9000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n" + b"".join(b"X-%d: 1\r\n" % n for n in range(200)) + b"\r\n",
        b"GET / HTTP/1.1\r\nHost x\r\n\r\n",
        b"GET / HTTP/9\r\n\r\n",
        b"POST /chat HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nContent-Length: 9\r\n\r\ntext",
        b"POST /chat HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    ],
    ids=[
        "long address",
        "long cookie",
        "many headers",
        "no colon",
        "version",
        "two lengths",
        "smuggling",
        "tls",
    ],
)
async def test_what_cannot_be_read_is_answered_in_chinese(
    app: web.Application, core: FakeCore, request_: bytes
) -> None:
    async with served(app) as ask:
        head, _, body = (await ask(request_)).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.0 400 ")  # which also says that the connection ends
    page = Page(body.decode())
    assert "读不懂" in page.words and "12345" in page.words
    assert (
        f"Content-Security-Policy: {POLICY}".encode() in head
        and b"no-store" in head
        and b"Server: Huying" in head
    )
    assert b"aaaa" not in body and not core.messages


async def test_headers_that_never_end_do_not_hold_a_connection(app: web.Application) -> None:
    """Slowloris, from the first byte on and after a first answer."""
    async with served(app, patience=0.2) as ask:
        assert await ask(b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ") == b""
        assert await ask(b"") == b""
        answer = await ask(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET /healthz HTT")
    assert answer.count(b"HTTP/1.1 200") == 1


async def test_a_form_that_trickles_in_is_not_waited_for(
    app: web.Application, core: FakeCore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.web.forms.PATIENCE", 0.1)
    head = b"POST /chat HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    async with served(app) as ask:
        answer = await ask(head + b"Content-Length: 900\r\n\r\ntext=", enough=b"</html>")
    assert answer.startswith(b"HTTP/1.1 408 ") and "没有收全" in answer.decode() and not core.messages


async def test_a_broken_chunk_is_told_to_nobody(app: web.Application, core: FakeCore) -> None:
    sent = b"POST /chat HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz-13900000000\r\n"
    async with served(app) as ask:
        answer = await ask(sent)
    assert b" 400 " in answer[:16] and b"13900000000" not in answer and not core.messages


async def test_a_false_host_is_written_nowhere(client: Client) -> None:
    for path in ("/", "/chat", "/mailbox", "/progress", "/nothing-here", "/api/nothing"):
        response = await client.get(
            path, headers={"Host": "evil.example", "X-Forwarded-Host": "evil.example"}
        )
        told = json.dumps(dict(response.headers)) + await response.text()
        assert "evil.example" not in told


@pytest.mark.parametrize(
    "back", ["/chat\r\nSet-Cookie: a=b", "/chat\nX: y", "/chat%0d%0aX: y", "/chat\u2028X"]
)
async def test_no_header_is_injected_by_a_value(client: Client, back: str) -> None:
    response = await client.post("/mode", data={"mode": "care", "back": back}, allow_redirects=False)
    assert response.status == 303 and response.headers["Location"] == "/" and "X" not in response.headers
    assert list(response.cookies) == ["huying_mode"]


@pytest.mark.parametrize(
    "path",
    [
        "/static/../manifest.json", "/static/%2e%2e%2fsite.py", "/static/..%5c..%5csite.py", "/static//etc/passwd",
        "/static/weui.0.css%00", "/kb/public/..%2f..%2fsite.py", "/../../etc/passwd", "/.env", "/static/.git/config",
    ],
)  # fmt: skip
async def test_no_path_leads_to_a_file(app: web.Application, path: str) -> None:
    async with served(app) as ask:
        answer = await ask(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    assert answer[8:13] in (b" 404 ", b" 400 ")
    assert b"import " not in answer and b"root:" not in answer


async def test_no_personal_page_is_kept_by_anybody(client: Client) -> None:
    asked = {"number": NUMBER, "query_code": CODE, "code": CODE}
    answers = [
        await client.get("/chat"),
        await client.post("/chat", data={"text": "身份证"}),
        await client.post("/chat/say", data={"id": "1", "text": "身份证"}),
        await client.post("/kb/public", data={"q": "身份证"}),
        await client.post("/progress", data=asked),
        await client.post("/api/progress", json=asked),
        await client.post("/api/chat/sessions"),
        await client.get("/nothing-here"),
    ]
    for answer in answers:
        assert answer.headers["Cache-Control"] == "no-store", answer.url


async def test_a_connection_that_becomes_a_socket_keeps_nothing_that_only_http_needs() -> None:
    kept: list[object] = []

    async def talk(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        kept.extend((*request.raw_headers, *filter(None, [request.protocol._parser])))
        async for message in socket:
            await socket.send_str(f"{message.data} {request.headers['X-Asked']}")
        return socket

    app = web.Application()
    app.router.add_get("/", talk)
    runner = Runner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        async with (
            ClientSession() as http,
            http.ws_connect(
                f"http://127.0.0.1:{runner.addresses[0][1]}/", headers={"X-Asked": "there"}
            ) as socket,
        ):
            await socket.send_str("here")
            assert await socket.receive_str(timeout=5) == "here there"
            await socket.close()
        assert kept == []
    finally:
        await runner.cleanup()
