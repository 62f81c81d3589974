"""A notice on its way: published at the desk once approved and free of names, carried signed, shown, taken back."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestClient

from dispatch_desk.returns import NOTICE, NOTICES, Returns
from gateway.store.notices import Notices
from gateway.web.dispatch import Centre, CentreParts
from groundwork.database import Pool, open_pool
from groundwork.problems import ProblemError
from hotline.calendar import CITY_TIME
from hotline.notices import Notice, Part, Row, Table
from hotline.records import to_record
from staff.accounts import Role
from tests.contract.test_desk_papers import post
from tests.dispatch import KEY, Opening

pytestmark = pytest.mark.enable_socket

PUBLISHED = Notice(
    id="baoding-paper-1", sequence=1, title="工作情况向社会公布。", law="《示例市热线条例》第三十七条", first=date(2026, 10, 1),
    last=date(2026, 10, 31), at=datetime(2026, 11, 2, 9, tzinfo=CITY_TIME), parts=(Part(title="内容", text="路灯都修好了。"),),
    tables=(Table(title="总量", rows=(Row(name="受理", number=3), Row(name="按时办结", number=2, of=3))),),
)  # fmt: skip
Client = TestClient[Any, Any]


@pytest.fixture
async def notices(gateway_url: str) -> AsyncIterator[Notices]:
    async with open_pool(gateway_url) as pool:
        await pool.execute("TRUNCATE notices")
        yield Notices(pool, city="baoding")


@pytest.fixture
async def gateway(notices: Notices, aiohttp_client: Any) -> Client:
    none: Any = None
    parts = CentreParts(
        register=none, notices=notices, feed=none, enclosures=none, keys=KEY, secrets=(), now=lambda: datetime.now(UTC),
        propose=none, source="",
    )  # fmt: skip

    @web.middleware
    async def tell(request: web.Request, handler: Any) -> web.StreamResponse:
        try:
            answer: web.StreamResponse = await handler(request)
            return answer
        except ProblemError as error:
            return web.Response(status=error.status)

    app = web.Application(middlewares=[tell])
    app.add_routes(Centre(parts).routes())
    client: Client = await aiohttp_client(app)
    return client


@pytest.mark.duty("BD-37", "KF-3-5", "PDS-23")
async def test_the_last_word_about_a_notice_holds_however_often_and_late_others_come(
    gateway: Client, notices: Notices
) -> None:
    async with ClientSession() as http:
        returns = Returns(http, str(gateway.make_url("")), KEY, lambda: datetime.now(UTC))
        back = replace(PUBLISHED, sequence=2, withdrawn=True, parts=(), tables=())
        for _ in range(2):
            await returns.carry(NOTICE, to_record(PUBLISHED))
        assert await notices.shown() == [PUBLISHED]
        await returns.carry(NOTICE, to_record(back))
        await returns.carry(NOTICE, to_record(PUBLISHED))
        assert await notices.shown() == []
        await returns.carry(NOTICE, to_record(replace(PUBLISHED, sequence=3)))
        assert [one.sequence for one in await notices.shown()] == [3]


@pytest.mark.parametrize(
    "wrong",
    [
        {"id": ""},
        {"first": "2026-13-01"},
        {"sequence": 0},
        {"tables": [{"title": "x", "rows": [{"name": "y", "number": -1}]}]},
    ],
)
async def test_nothing_else_is_taken(gateway: Client, notices: Notices, wrong: dict[str, Any]) -> None:
    from hotline.signing import signed_headers

    body = json.dumps(to_record(PUBLISHED) | wrong).encode()
    headers = signed_headers(KEY, id="n1", at=datetime.now(UTC), body=body)
    assert (await gateway.post(NOTICES, data=body, headers=headers)).status == 422
    assert (await gateway.post(NOTICES, data=body)).status == 401
    assert await notices.shown() == []


@pytest.mark.duty("BD-37", "KF-3-5", "PDS-23")
async def test_a_paper_for_everybody_leaves_once_approved_and_without_anybodys_number(
    opening: Opening,
) -> None:
    async with opening("baoding") as desk:
        pool: Pool = desk.services.pool
        await pool.execute("TRUNCATE effects")
        _, place = await post(desk, "/papers", rule="work-published", period="2026-11")
        await post(desk, place, content="有疑问请打13800000000")
        assert (await post(desk, f"{place}/steps", step="published"))[0] == 404, "not before it is approved"
        await post(desk, f"{place}/approve", approver="王样例")
        status, page = await post(desk, f"{place}/steps", step="published")
        assert status == 422 and "像有人的姓名、电话或者证件号" in page
        _, place = await post(desk, "/papers", rule="work-published", period="2026-11")
        await post(desk, place, content="路灯都修好了。")
        await post(desk, f"{place}/approve", approver="王样例")
        for step in ("published", "withdrawn"):
            assert (await post(desk, f"{place}/steps", step=step))[0] == 303
        assert (await post(desk, f"{place}/steps", step="withdrawn"))[0] == 404
        assert await desk.count("effects", "lane = 'notices' AND kind = 'notice'") == 2
        _, internal = await post(desk, "/papers", rule="monthly-analysis", period="2026-11")
        await post(desk, internal, remark="路灯", proposal="巡查")
        await post(desk, f"{internal}/approve", approver="王样例")
        assert (await post(desk, f"{internal}/steps", step="published"))[0] == 404, "not for everybody"
        assert await desk.staff(Role.DISPATCHER)
