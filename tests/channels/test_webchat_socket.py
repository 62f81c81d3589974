"""The chat's socket over a fake intake, through a real server."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType, WSServerHandshakeError
from pytest_aiohttp.plugin import AiohttpClient

from channels.base import SentReply
from channels.webchat import adapter, socket
from gateway.web.pages.chat import COOKIE
from tests.web.fake_app import FakeCore, fake_app, fake_assets
from tests.web.reading import Client


@pytest.fixture
def core() -> FakeCore:
    return FakeCore()


@pytest.fixture
async def client(aiohttp_client: AiohttpClient, tmp_path: Path, core: FakeCore) -> Client:
    return await aiohttp_client(fake_app(fake_assets(tmp_path), core=core))


@pytest.fixture
async def token(client: Client) -> str:
    return str((await (await client.post("/api/chat/sessions")).json())["token"])


async def connect(client: Client, token: str) -> ClientWebSocketResponse:
    return await client.ws_connect("/api/chat/ws", protocols=(socket.PROTOCOL, f"{socket.TOKEN}{token}"))


@pytest.fixture
async def open_socket(client: Client, token: str) -> AsyncIterator[ClientWebSocketResponse]:
    async with await connect(client, token) as opened:
        yield opened


async def frames(opened: ClientWebSocketResponse, until: str = "whole") -> list[dict[str, Any]]:
    """Return what comes up to the first frame of type ``until``."""
    found: list[dict[str, Any]] = []
    async with asyncio.timeout(5):
        while not found or found[-1]["type"] != until:
            found.append(await opened.receive_json())
    return found


def replies(found: list[dict[str, Any]]) -> list[str]:
    return [frame["reply"]["id"] for frame in found if frame["type"] == "reply"]


async def test_what_is_said_is_taken_and_answered_from_the_record(
    open_socket: ClientWebSocketResponse,
) -> None:
    assert open_socket.protocol == socket.PROTOCOL
    await open_socket.send_json({"type": "resume"})
    assert await frames(open_socket) == [{"type": "whole", "last": ""}]
    await open_socket.send_json({"type": "say", "id": "m1", "text": "身份证"})
    found = await frames(open_socket)
    if {"type": "taken", "id": "m1"} not in found:
        found += await frames(open_socket, "taken")
    assert {"type": "typing", "id": "m1"} in found and {"type": "taken", "id": "m1"} in found
    [reply] = [frame["reply"] for frame in found if frame["type"] == "reply"]
    assert (reply["in_reply_to"], reply["kind"]) == ("m1", "answer")


async def test_who_comes_back_is_told_what_it_has_not_in_order_and_once(
    client: Client, token: str, core: FakeCore
) -> None:
    said = {"Authorization": f"Bearer {token}"}
    for n in range(45):  # more than the record is asked for at once
        await client.post("/api/chat/messages", json={"id": f"m{n}", "text": "煤气"}, headers=said)
    every = [one.id for one in next(iter(core.said.values())) if isinstance(one, SentReply)]
    assert len(every) == 90
    for after in (None, "no such reply", every[0], every[41], every[-1]):
        async with await connect(client, token) as opened:
            await opened.send_json({"type": "resume", "after": after})
            found = await frames(opened)
            told = [frame for frame in found if frame["type"] == "reply"]
            assert [frame["after"] for frame in told] == [after or "", *(frame["last"] for frame in told)][
                :-1
            ]
            assert replies(found) == every[every.index(after) + 1 if after in every else 0 :]


async def test_every_reader_of_a_session_hears_and_no_other_does(client: Client, token: str) -> None:
    other = (await (await client.post("/api/chat/sessions")).json())["token"]
    sockets = [await connect(client, one) for one in (token, token, other)]
    for opened in sockets:
        await opened.send_json({"type": "resume"})
        await frames(opened)
    await client.post(
        "/api/chat/messages",
        json={"id": "m1", "text": "身份证"},
        headers={"Authorization": f"Bearer {token}"},
    )
    heard = [replies(await frames(opened)) for opened in sockets]
    assert heard[0] == heard[1] and len(heard[0]) == 1 and heard[2] == []
    for opened in sockets:
        await opened.close()


async def test_an_emergency_is_told_without_the_record(
    open_socket: ClientWebSocketResponse, core: FakeCore
) -> None:
    core.away = True
    await open_socket.send_json({"type": "say", "id": "m1", "text": "煤气味很大"})
    found = await frames(open_socket, "taken")
    assert [frame["reply"]["call"]["number"] for frame in found if frame["type"] == "reply"] == ["119"]
    await open_socket.send_json({"type": "say", "id": "m2", "text": "路灯坏了"})
    [error] = [frame for frame in await frames(open_socket, "error") if frame["type"] == "error"]
    assert (error["id"], error["problem"]["status"]) == ("m2", 503)


@pytest.mark.parametrize("frame", ["[]", "{", '{"type": 7}', "[" * 100_000, '{"type": "say", "id": "\\ud800"}',
                                   '{"type": "say", "id": "m", "attachments": ["0"]}'])  # fmt: skip
async def test_what_cannot_be_read_is_told_and_the_socket_lasts(
    open_socket: ClientWebSocketResponse, frame: str
) -> None:
    await open_socket.send_str(frame)
    assert (await frames(open_socket, "error"))[-1]["problem"]["status"] == 422
    await open_socket.send_json({"type": "resume"})
    await frames(open_socket)


async def test_no_token_no_socket_and_no_more_than_some(
    client: Client, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for protocols in ((), (socket.PROTOCOL,), (socket.PROTOCOL, "token.x")):
        with pytest.raises(WSServerHandshakeError) as refused:
            await client.ws_connect("/api/chat/ws", protocols=protocols)
        assert refused.value.status == 401
    monkeypatch.setattr(adapter, "MOST_OF_SESSION", 1)
    async with await connect(client, token):
        with pytest.raises(WSServerHandshakeError) as refused:
            await connect(client, token)
        assert refused.value.status == 429
    for _ in range(50):  # the server needs a moment to see that the first is gone
        try:
            await (await connect(client, token)).close()
            return
        except WSServerHandshakeError:
            await asyncio.sleep(0.02)
    raise AssertionError("a closed socket still counts")


async def test_the_page_s_socket_brings_lines_for_its_cookie_and_our_own_origin_alone(client: Client) -> None:
    await client.get("/chat")
    ours = {"Origin": str(client.make_url("/")).rstrip("/")}
    for headers in ({"Origin": "https://elsewhere.example"}, {"Sec-Fetch-Site": "cross-site"}):
        with pytest.raises(WSServerHandshakeError) as refused:
            await client.ws_connect("/chat/ws", protocols=(socket.PROTOCOL,), headers=headers)
        assert refused.value.status == 403
    async with client.ws_connect("/chat/ws", protocols=(socket.PROTOCOL,), headers=ours) as opened:
        await opened.send_json({"type": "say", "id": "m1", "text": "<b>身份证</b>"})
        found = [frame for frame in await frames(opened) if frame["type"] == "lines"]
        html = "".join(frame["html"] for frame in found)
        assert 'data-said="m1"' in html and 'data-to="m1"' in html and "<b>" not in html
    client.session.cookie_jar.clear()
    with pytest.raises(WSServerHandshakeError) as refused:
        await client.ws_connect(
            "/chat/ws", protocols=(socket.PROTOCOL,), headers={**ours, "Cookie": f"{COOKIE}=x"}
        )
    assert refused.value.status == 401


async def test_a_reader_that_does_not_read_is_cut_off_and_told_the_rest_when_it_is_back(
    client: Client, token: str, core: FakeCore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "READS_WITHIN", 0.3)
    said = {"Authorization": f"Bearer {token}"}
    for n in range(3):
        await client.post("/api/chat/messages", json={"id": f"m{n}", "text": "身份证"}, headers=said)
    [log] = core.said.values()
    every = [one for one in log if isinstance(one, SentReply)]
    long = [replace(one, reply=replace(one.reply, text="路" * 100_000)) for one in every]
    core.said[next(iter(core.said))] = [*long] * 20  # megabytes, more than the buffers between
    opened = await connect(client, token)
    # A phone asleep: its socket is open and nobody takes what arrives.
    transport = opened._conn.transport  # type: ignore[union-attr]
    assert transport is not None
    transport.pause_reading()
    await opened.send_json({"type": "resume"})
    for _ in range(100):
        if not core.readers:
            break
        await asyncio.sleep(0.05)
    assert not core.readers, "still served"
    transport.abort()
    core.said[next(iter(core.said))] = [*every]
    async with await connect(client, token) as again:
        await again.send_json({"type": "resume", "after": every[0].id})
        assert replies(await frames(again)) == [one.id for one in every[1:]]


async def test_a_server_that_ends_says_so_at_once(
    client: Client, open_socket: ClientWebSocketResponse
) -> None:
    await open_socket.send_json({"type": "resume"})
    await frames(open_socket)
    asyncio.get_running_loop().call_soon(lambda: asyncio.ensure_future(client.app.shutdown()))
    async with asyncio.timeout(3):
        last = await open_socket.receive()
    assert (last.type, last.data) == (WSMsgType.CLOSE, 1001)
