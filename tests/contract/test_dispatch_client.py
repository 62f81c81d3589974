"""The client against a real desk, and against centres that are slow, away or unwilling."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import ClientSession, ClientTimeout, web

from dispatch_client import client as module
from dispatch_client.client import DispatchClient
from dispatch_client.errors import DispatchBusyError, DispatchRejectedError, DispatchUnreachedError
from dispatch_client.payloads import ticket_data
from hotline.signing import verify
from tests.dispatch import FILED_AT, GATEWAY, KEY, RunningDesk, a_number, a_ticket, filed

pytestmark = pytest.mark.enable_socket

EVENT = filed(a_ticket())


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
async def http() -> AsyncIterator[ClientSession]:
    async with ClientSession() as session:
        yield session


async def centre(aiohttp_server: Any, answer: Any) -> str:
    app = web.Application()
    app.router.add_post("/api/events", answer)
    return str((await aiohttp_server(app)).make_url("/")).rstrip("/")


async def test_a_ticket_reaches_the_desk_and_a_repeat_is_harmless(
    desk: RunningDesk, http: ClientSession
) -> None:
    url = str(desk.browser.make_url("/"))
    client = DispatchClient(http, url, KEY, now, GATEWAY)
    ticket = a_ticket(a_number("CCCCCCC1"))
    event = client.event(
        "filed", id="c1", subject=ticket.number, sequence=1, at=FILED_AT, data=ticket_data(ticket)
    )
    assert event.source == GATEWAY
    await client.deliver(event)
    await client.deliver(event)
    assert await desk.count("cases", "number = $1", ticket.number) == 1


async def test_every_delivery_is_signed_afresh(aiohttp_server: Any, http: ClientSession) -> None:
    seen = []

    async def answer(request: web.Request) -> web.Response:
        seen.append(verify(KEY, request.headers, await request.read(), now=now()))
        assert request.content_type == "application/cloudevents+json"
        return web.Response(status=202)

    client = DispatchClient(http, await centre(aiohttp_server, answer), KEY, now, GATEWAY)
    await client.deliver(EVENT)
    assert seen == [EVENT.id]


@pytest.mark.parametrize(
    ("status", "expected"),
    [(409, DispatchBusyError), (429, DispatchBusyError), (503, DispatchBusyError),
     (302, DispatchUnreachedError), (401, DispatchUnreachedError), (404, DispatchUnreachedError), (422, DispatchRejectedError)],
)  # fmt: skip
async def test_an_answer_says_whether_to_repeat(
    status: int, expected: type[Exception], aiohttp_server: Any, http: ClientSession
) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=status, headers={"Location": "http://elsewhere.invalid/"})

    client = DispatchClient(http, await centre(aiohttp_server, answer), KEY, now, GATEWAY)
    with pytest.raises(expected):
        await client.deliver(EVENT)


async def test_a_centre_that_is_away_is_tried_again(http: ClientSession, unused_tcp_port: int) -> None:
    client = DispatchClient(http, f"http://127.0.0.1:{unused_tcp_port}", KEY, now, GATEWAY)
    with pytest.raises(DispatchBusyError):
        await client.deliver(EVENT)


async def test_a_centre_that_does_not_answer_is_tried_again(
    aiohttp_server: Any, http: ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PATIENCE", ClientTimeout(total=0.2))
    let_go = asyncio.Event()

    async def answer(_: web.Request) -> web.Response:
        await let_go.wait()
        return web.Response()

    client = DispatchClient(http, await centre(aiohttp_server, answer), KEY, now, GATEWAY)
    with pytest.raises(DispatchBusyError):
        await client.deliver(EVENT)
    let_go.set()
