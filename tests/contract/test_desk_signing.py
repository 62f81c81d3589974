"""The sign button: one event owed, delivered until it is taken, whatever is clicked meanwhile."""

import asyncio
import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from aiohttp import web

from dispatch_desk.returns import KIND, GatewayRejectedError, Returns
from groundwork.clock import clock_from
from groundwork.contract import findings
from groundwork.database import open_pool
from groundwork.outbox import Outbox
from groundwork.vault import Vault
from groundwork.worker import run_worker
from hotline.calendar import CITY_TIME
from hotline.errors import HotlineError
from hotline.events import FROM_DESK, Event, read_event
from hotline.signing import verify
from staff.accounts import Role
from tests.dispatch import (
    KEY,
    RunningDesk,
    a_number,
    a_ticket,
    filed,
    form_token,
    origin,
    post_event,
    text_of,
)

pytestmark = pytest.mark.enable_socket

REAL_TIME = clock_from(None)


class Gateway:
    """Stands at the gateway's door: answers as told and keeps what it was sent."""

    def __init__(self, *answers: int) -> None:
        self.answers, self.events, self.url = list(answers), list[Event](), ""
        self.told = asyncio.Event()

    async def post(self, request: web.Request) -> web.Response:
        body = await request.read()
        id = verify(KEY, request.headers, body, now=REAL_TIME())
        assert findings("envelope", json.loads(body)) == []
        event = read_event(body, names=FROM_DESK)
        assert (id, findings("signed", event.data)) == (event.id, [])
        status = self.answers.pop(0) if self.answers else 202
        if status < 300:
            self.events.append(event)
            self.told.set()
        return web.Response(status=status)


@pytest.fixture
async def gateway(aiohttp_server: Any) -> Gateway:
    stand_in, app = Gateway(), web.Application()
    app.router.add_post("/api/dispatch/events", stand_in.post)
    stand_in.url = str((await aiohttp_server(app)).make_url("/"))
    return stand_in


def outbox_to(desk: RunningDesk, gateway: Gateway) -> Outbox:
    returns = Returns(desk.browser.session, gateway.url, KEY, REAL_TIME)
    vault = Vault.from_settings(desk.settings)
    return Outbox(desk.services.pool, vault, returns.carry, clock=desk.clock)


async def a_case(desk: RunningDesk, letters: str) -> str:
    number = a_number(letters)
    assert await post_event(desk.browser, filed(a_ticket(number))) == 202
    return number


async def click(desk: RunningDesk, number: str, token: str) -> int:
    answer = await desk.browser.post(
        f"/cases/{number}/sign",
        data={"form_token": token},
        headers=origin(desk.browser),
        allow_redirects=False,
    )
    return answer.status


async def test_signing_tells_the_gateway_who_and_when(desk: RunningDesk, gateway: Gateway) -> None:
    number = await a_case(desk, "GGGGGGG1")
    await desk.enter(Role.DISPATCHER)
    assert await click(desk, number, await form_token(desk.browser, number)) == 303
    assert await outbox_to(desk, gateway).work(f"case:{number}") is None
    (event,) = gateway.events
    assert (event.name, event.subject, event.sequence, event.source) == (
        "signed",
        number,
        1,
        "urn:huying:desk:_example",
    )
    assert event.data == {"unit": "示例区住建局", "at": desk.clock.now.isoformat()}
    assert "示例区住建局签收" in await text_of(desk.browser, f"/cases/{number}")


async def test_a_second_click_changes_nothing(desk: RunningDesk, gateway: Gateway) -> None:
    number = await a_case(desk, "GGGGGGG3")
    await desk.enter(Role.DISPATCHER)
    token = await form_token(desk.browser, number)
    assert await click(desk, number, token) == 303
    before = await desk.services.pool.fetchrow("SELECT * FROM cases WHERE number = $1", number)
    desk.clock.now += timedelta(hours=1)
    assert await click(desk, number, token) == 303
    assert await desk.services.pool.fetchrow("SELECT * FROM cases WHERE number = $1", number) == before
    assert await desk.count("effects", "lane = $1", f"case:{number}") == 1


async def test_clicks_at_the_same_moment_owe_one_event(desk: RunningDesk, gateway: Gateway) -> None:
    number = await a_case(desk, "GGGGGGG4")
    await desk.enter(Role.DISPATCHER)
    token = await form_token(desk.browser, number)
    assert await asyncio.gather(*(click(desk, number, token) for _ in range(5))) == [303] * 5
    assert await desk.count("effects", "lane = $1", f"case:{number}") == 1
    assert await desk.count("case_events", "number = $1 AND said_here", number) == 1
    figures = await (await desk.browser.get("/metrics")).text()
    assert "huying_desk_signed_total 1.0" in figures


async def test_what_is_owed_is_kept_while_the_gateway_is_busy(desk: RunningDesk, gateway: Gateway) -> None:
    gateway.answers = [503, 409, 202]
    number = await a_case(desk, "GGGGGGG5")
    await desk.enter(Role.DISPATCHER)
    await click(desk, number, await form_token(desk.browser, number))
    outbox = outbox_to(desk, gateway)
    for _ in range(2):
        wait = await outbox.work(f"case:{number}")
        assert wait is not None
        desk.clock.now += wait
    assert await outbox.work(f"case:{number}") is None
    assert len(gateway.events) == 1


@pytest.mark.parametrize(
    ("status", "letters"),
    [(302, "GGGGGGB1"), (401, "GGGGGGB2"), (403, "GGGGGGB3"), (404, "GGGGGGB4"), (405, "GGGGGGB5")],
)
async def test_what_was_not_let_through_to_the_gateway_is_sent_again(
    desk: RunningDesk, gateway: Gateway, status: int, letters: str
) -> None:
    gateway.answers = [status]
    number = await a_case(desk, letters)
    await desk.enter(Role.DISPATCHER)
    await click(desk, number, await form_token(desk.browser, number))
    outbox = outbox_to(desk, gateway)
    wait = await outbox.work(f"case:{number}")
    assert wait is not None and gateway.events == []
    desk.clock.now += wait
    assert await outbox.work(f"case:{number}") is None
    assert [event.subject for event in gateway.events] == [number]


async def test_what_is_late_or_given_up_degrades_the_desk(desk: RunningDesk, gateway: Gateway) -> None:
    number = await a_case(desk, "GGGGGGB6")
    await desk.enter(Role.DISPATCHER)
    await click(desk, number, await form_token(desk.browser, number))
    await desk.services.pool.execute("DELETE FROM effects WHERE lane <> $1", f"case:{number}")
    for change, degraded in (
        ("attempts = 9", []),
        ("attempts = 10", ["outbox"]),
        ("gave_up_at = now(), attempts = 1", ["outbox"]),
        ("done_at = now()", []),
    ):
        await desk.services.pool.execute(f"UPDATE effects SET {change}")
        answer = await desk.browser.get("/readyz")
        assert (answer.status, (await answer.json())["degraded"]) == (200, degraded)


async def test_what_the_gateway_will_never_take_is_put_before_a_person(
    desk: RunningDesk, gateway: Gateway
) -> None:
    gateway.answers = [422]
    number = await a_case(desk, "GGGGGGG6")
    await desk.enter(Role.DISPATCHER)
    await click(desk, number, await form_token(desk.browser, number))
    assert await outbox_to(desk, gateway).work(f"case:{number}") is None
    assert await desk.count("effects", "lane = $1 AND gave_up_at IS NOT NULL", f"case:{number}") == 1
    figures = await (await desk.browser.get("/metrics")).text()
    assert 'huying_desk_effects{state="gave_up"} 1.0' in figures


async def test_the_worker_delivers_by_itself(desk: RunningDesk, desk_url: str, gateway: Gateway) -> None:
    number = await a_case(desk, "GGGGGGG7")
    await desk.enter(Role.DISPATCHER)
    stop = asyncio.Event()
    worker = asyncio.create_task(run_worker(desk_url, outbox_to(desk, gateway), stop))
    await click(desk, number, await form_token(desk.browser, number))
    await asyncio.wait_for(gateway.told.wait(), 20)
    stop.set()
    await asyncio.wait_for(worker, 20)
    assert number in {event.subject for event in gateway.events}


@pytest.mark.duty("R-ALL-5")
async def test_dates_run_from_the_signing_once_it_is_known(desk: RunningDesk) -> None:
    number = await a_case(desk, "GGGGGGG8")
    await desk.enter(Role.DISPATCHER)
    assert "暂定。等签收后确定。" in await text_of(desk.browser, f"/cases/{number}")
    await click(desk, number, await form_token(desk.browser, number))  # on the Friday of filing
    page = await text_of(desk.browser, f"/cases/{number}")
    assert "暂定" not in page
    assert "办结答复：最晚11月27日周五" in page
    due = await desk.services.pool.fetchval("SELECT due_at FROM cases WHERE number = $1", number)
    assert due == datetime(2026, 11, 27, 23, 59, 59, tzinfo=CITY_TIME)


async def test_an_unknown_case_cannot_be_signed(desk: RunningDesk) -> None:
    number = await a_case(desk, "GGGGGGG9")
    await desk.enter(Role.DISPATCHER)
    token = await form_token(desk.browser, number)
    assert await click(desk, a_number("HHHHHHHH"), token) == 404
    assert await click(desk, "20261120ABCDEFGHX", token) == 404


async def test_an_effect_of_another_kind_is_final(desk: RunningDesk) -> None:
    returns = Returns(desk.browser.session, "http://127.0.0.1:9", KEY, REAL_TIME)
    with pytest.raises(GatewayRejectedError):
        await returns.carry("dance", {})


async def test_a_gateway_that_is_away_is_tried_again(desk: RunningDesk, unused_tcp_port: int) -> None:
    returns = Returns(desk.browser.session, f"http://127.0.0.1:{unused_tcp_port}", KEY, REAL_TIME)
    with pytest.raises(HotlineError) as failed:
        await returns.deliver(filed(a_ticket()))
    assert failed.value.retryable


async def test_nothing_is_owed_when_the_transaction_fails(
    desk: RunningDesk, desk_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = await a_case(desk, "GGGGGGGA")
    await desk.enter(Role.DISPATCHER)
    token = await form_token(desk.browser, number)

    async def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("power cut")

    with monkeypatch.context() as patch:
        patch.setattr("dispatch_desk.desk.owe", fail)
        assert await click(desk, number, token) == 500
    assert await desk.count("cases", "number = $1 AND state = 'received'", number) == 1
    assert await desk.count("case_events", "number = $1 AND said_here", number) == 0
    async with open_pool(desk_url) as pool:
        assert await pool.fetchval("SELECT count(*) FROM effects WHERE lane = $1", f"case:{number}") == 0
    assert await click(desk, number, token) == 303
    assert (
        await desk.services.pool.fetchval("SELECT kind FROM effects WHERE lane = $1", f"case:{number}")
        == KIND
    )
