"""Papers at the desk: written over live figures, approved by somebody else, frozen, sent, read; a unit's own alone."""

import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Any

import pytest
from openpyxl import load_workbook

from cities.loading import load_pack
from dispatch_desk.web.papers import PAPERS
from groundwork.audit import Author, Via
from staff.accounts import AccountError, Role
from tests.dispatch import (
    FILED_AT,
    PASSWORD,
    Opening,
    RunningDesk,
    a_number,
    a_ticket,
    filed,
    origin,
    post_event,
    sign_in,
    text_of,
)

pytestmark = pytest.mark.enable_socket


@pytest.fixture
def opening_papers(opening: Opening) -> Opening:
    """Open a desk under the law of a city, with an account of its first unit named like the city, at half past six."""

    @asynccontextmanager
    async def opened(city: str) -> AsyncIterator[RunningDesk]:
        async with opening(city, role=None) as desk:
            accounts, unit = desk.services.door.accounts, load_pack(city).units[0].name
            with suppress(AccountError):
                await accounts.add(f"papers-{city}", Role.UNIT, PASSWORD, unit=unit)
            desk.clock.now = FILED_AT + timedelta(hours=3)
            await desk.enter(Role.DISPATCHER)
            yield desk

    return opened


async def post(desk: RunningDesk, path: str, **form: str) -> tuple[int, str]:
    """Send a form with the token of the list of papers; return status and page, or where it leads."""
    token = (await text_of(desk.browser, "/papers")).split('name="form_token" value="')[1].split('"')[0]
    answer = await desk.browser.post(
        path, data={"form_token": token, **form}, headers=origin(desk.browser), allow_redirects=False
    )
    return answer.status, answer.headers.get("Location") or await answer.text()


async def file(desk: RunningDesk, city: str, letters: str, **changes: Any) -> str:
    number = a_number(letters)
    ticket = a_ticket(number, lead_unit=load_pack(city).units[0].name, ticket_class=None, **changes)
    assert await post_event(desk.browser, filed(ticket, id=f"e-{number}")) < 300
    return number


@pytest.mark.duty("SQ-7", "PDS-19", "KF-3-2a")
async def test_a_weekly_report_is_written_approved_and_then_stays_as_it_is(opening_papers: Opening) -> None:
    async with opening_papers("suqian") as desk:
        numbers = [await file(desk, "suqian", f"PAPERSA{n}", title="示例路的路灯不亮") for n in "234"]
        assert "2026年第46周（11月9日起）的还没有审核" in await text_of(desk.browser, "/papers")
        status, place = await post(desk, "/papers", rule="weekly-report", period="2026-W47")
        assert status == 303
        id, nobody = int(place.rpartition("/")[2]), Author(via=Via.PAGE, account_id=1)
        assert await desk.services.app[PAPERS].find(id, scope="", reader=nobody) is None, (
            "a unit's account without a unit"
        )
        assert (
            await desk.services.app[PAPERS].begin("common-problems", "2026-11", scope="", by=nobody) is None
        )
        assert (await post(desk, "/papers", rule="weekly-report", period="2020-W47"))[0] == 404
        assert (await post(desk, "/papers", rule="common-problems", period="2026-11"))[0] == 404, "a unit's"
        draft = await text_of(desk.browser, place)
        assert "七（一）" in draft and "3 − 0 = 3" in draft and "路灯" in draft
        status, page = await post(desk, place, remark="路灯故障多", cases="20260101ZZZZZZZ2 没有这件")
        assert status == 422 and "典型案例" in page and "20260101ZZZZZZZ2" in page
        assert (await post(desk, place, remark="路灯故障多", cases=f"{numbers[0]} 三天修好"))[0] == 303
        assert (await post(desk, place, remark="路灯故障多", cases="没有编号"))[0] == 422
        assert "三天修好" in await text_of(desk.browser, place), "what was chosen stays"
        writer = await desk.staff(Role.DISPATCHER)
        assert (await post(desk, f"{place}/approve", approver=writer))[0] == 422
        assert (await post(desk, f"{place}/steps", step="sent", said="市领导"))[0] == 404, (
            "not before it is approved"
        )
        assert (await post(desk, f"{place}/approve", approver="王样例"))[0] == 303
        await file(desk, "suqian", "PAPERSA5", title="路灯又坏了")
        frozen = await text_of(desk.browser, place)
        assert (
            "3 − 0 = 3" in frozen and "三天修好" in frozen and "王样例审核" in frozen and "保存" not in frozen
        )
        assert (await post(desk, place, remark="改掉"))[0] == 404
        for step, said in (("sent", "报市领导李样例"), ("read", "李样例已阅")):
            assert (await post(desk, f"{place}/steps", step=step, said=said))[0] == 303
        assert (await post(desk, f"{place}/steps", step="read"))[0] == 422
        page = await text_of(desk.browser, place)
        assert "报市领导李样例" in page and "李样例已阅" in page
        book = load_workbook(io.BytesIO(await (await desk.browser.get(f"{place}.xlsx")).read()))
        assert ["路灯", 3, 0, 0] in [[cell.value for cell in row] for row in book["事项"].rows]
        assert await desk.count("papers", "position('样例'::bytea in body) > 0") == 0, "sealed"
        assert await desk.count("audit_log", "kind = 'paper' AND action = 'paper.approved'") == 1


@pytest.mark.duty("SQ-3-10", "SQ-4-4b", "KF-4b", "KF-A7")
async def test_a_units_paper_reaches_the_centre_once_approved_and_holds_its_own_cases(
    opening_papers: Opening,
) -> None:
    async with opening_papers("suqian") as desk:
        await file(desk, "suqian", "PAPERSB2")
        other = a_ticket(a_number("PAPERSB3"), lead_unit=load_pack("suqian").units[1].name, ticket_class=None)
        assert await post_event(desk.browser, filed(other, id="e-other")) < 300
        await sign_in(desk.browser, "papers-suqian", PASSWORD)
        _, place = await post(desk, "/papers", rule="common-problems", period="2026-11")
        assert "1 − 0 = 1" in await text_of(desk.browser, place)
        assert (await post(desk, place, remark="夜间施工多", proposal="定时巡查"))[0] == 303
        _, project = await post(desk, "/papers", rule="projects-filed", period="2026-11")
        await desk.enter(Role.DISPATCHER)
        assert (await desk.browser.get(place)).status == 404, "a draft is the unit's"
        await sign_in(desk.browser, "papers-suqian", PASSWORD)
        assert (await post(desk, f"{place}/approve", approver="王样例"))[0] == 303
        assert (await post(desk, f"{project}/approve", approver="王样例"))[0] == 422
        await desk.enter(Role.DISPATCHER)
        assert "定时巡查" in await text_of(desk.browser, place)
        assert "common-problems" not in await text_of(desk.browser, "/papers") and place in await text_of(
            desk.browser, "/papers"
        )
        assert (await post(desk, f"{place}/approve", approver="王样例"))[0] == 404


@pytest.mark.duty("BD-31", "BD-34")
async def test_what_is_sent_to_units_is_noted_as_read_once_and_each_sees_its_own_data(
    opening_papers: Opening,
) -> None:
    async with opening_papers("baoding") as desk:
        number = await file(desk, "baoding", "PAPERSC2")
        _, place = await post(desk, "/papers", rule="quarterly-bulletin", period="2026-Q4")
        await post(desk, place, remark="按期办结要抓紧")
        assert (await post(desk, f"{place}/approve", approver="王样例"))[0] == 303
        await sign_in(desk.browser, "papers-baoding", PASSWORD)
        assert (await desk.browser.get(place)).status == 404, "not sent yet"
        await desk.enter(Role.DISPATCHER)
        assert (await post(desk, f"{place}/steps", step="sent", said="各承办单位"))[0] == 303
        await sign_in(desk.browser, "papers-baoding", PASSWORD)
        for _ in range(2):
            assert "按期办结要抓紧" in await text_of(desk.browser, place)
        assert await desk.count("paper_steps", "step = 'read' AND unit <> ''") == 1
        assert (await desk.browser.post(f"{place}/steps", headers=origin(desk.browser))).status == 403
        page = await text_of(desk.browser, "/analysis?period=2026-11")
        assert number in page and "第三十四条" in page and "季节性" in page and "只有本单位牵头的" in page
