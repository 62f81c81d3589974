"""The lists beside the inbox on the real database: the month's meeting, the ledger of letters, who is on duty and was called."""

import io
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import openpyxl
import pytest

from dispatch_desk.web.directory import DIRECTORY
from hotline.tagging import Tag
from tests.contract.test_desk_casework import a_case, text_alone
from tests.dispatch import (
    Opening,
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

LETTER_REPLY = "11月24日，王样例到现场修好路灯3盏，现已全部亮起。承办人：王样例。"


async def send(desk: RunningDesk, number: str, path: str, form: Mapping[str, str]) -> tuple[int, str]:
    """Send a form from the page of a case."""
    data = {"form_token": await form_token(desk.browser, number), **form}
    answer = await desk.browser.post(path, data=data, headers=origin(desk.browser), allow_redirects=False)
    return answer.status, await answer.text()


async def sheet(desk: RunningDesk, path: str) -> list[tuple[Any, ...]]:
    body = await (await desk.browser.get(path)).read()
    return list(openpyxl.load_workbook(io.BytesIO(body)).active.iter_rows(values_only=True))


@pytest.mark.duty("XA-M3b", "XA-G1")
async def test_the_meeting_s_agenda_names_the_cases_put_to_it_and_takes_the_decision_back(
    opening: Opening,
) -> None:
    async with opening("xian") as desk:
        number = await a_case(desk, "MEETNGBC")
        noted = {"category": "monthly-meeting:common", "reason": "五个小区都有"}
        assert (await send(desk, number, f"/cases/{number}/supervision", noted))[0] == 303
        page = await text_of(desk.browser, "/meeting")
        assert number in page and "共性问题" in page and "还没有" in page
        assert (await send(desk, number, f"/cases/{number}/supervision", noted | {"result": "下月统一改造"}))[
            0
        ] == 303
        assert "下月统一改造" in await text_of(desk.browser, "/meeting")
        head, row = await sheet(desk, "/meeting.xlsx")
        assert (row[0], row[3], row[8]) == (number, "共性问题", "下月统一改造") and len(head) == len(row)


@pytest.mark.duty("PDS-14")
async def test_the_ledger_of_letters_shows_the_sealed_copies_the_review_and_the_sending_up(
    opening: Opening,
) -> None:
    async with opening("pingdingshan") as desk:
        number = await a_case(desk, "MAEBDEBC", channel="mailbox", ticket_class="B")
        other = await a_case(desk, "CHATTEDB")
        for way, form in (
            ("sign", {}),
            ("steps/told-first", {"time_of_contact": "11月24日", "result": "修好了"}),
            ("steps/sealed-letter", {"content": LETTER_REPLY, "seal": "办公室", "number": "3"}),
            ("steps/letter-reviewed", {}),
            ("replies", {"text": LETTER_REPLY}),
            ("steps/letter-sent-up", {"body": "市长信箱", "time": "11月25日"}),
        ):
            status, said = await send(desk, number, f"/cases/{number}/{way}", form)
            assert status == 303, (way, text_alone(said))
        page = await text_of(desk.browser, "/letters")
        assert number in page and other not in page and page.count("还没有") == 0
        head, row = await sheet(desk, "/letters.xlsx")
        assert row[0] == number and all(row[5:]) and len(head) == len(row)


@pytest.mark.duty("XA-2c", "XA-M4a", "XA-M4c")
async def test_a_call_out_of_the_directory_stands_on_the_case_with_who_was_called(
    opening: Opening,
) -> None:
    async with opening("xian") as desk:
        pack = desk.services.app[DIRECTORY].pack
        number = await a_case(desk, "CAEEDABC", lead_unit=pack.units[0].name)

        assert (
            await send(
                desk, number, "/units/0", {"role": "duty_officer", "name": "示例甲", "phone": "0000-1234567"}
            )
        )[0] == 303
        id = str(await desk.services.pool.fetchval("SELECT id FROM unit_people"))
        today = desk.services.app[DIRECTORY].today()
        assert (await send(desk, number, "/units/0/turns", {"person": id, "first": today.isoformat()}))[
            0
        ] == 303
        page = await text_of(desk.browser, f"/cases/{number}")
        assert "值班人员示" in page and "示例甲" not in page
        assert ("今天不上班" in page) == (not pack.calendar.is_working(today))
        call = {"number": number, "person": id, "what": "phone-urge", "reason": "到期", "result": "今天办"}
        wrong, said = await send(desk, number, f"/units/0/calls?case={number}", call | {"person": "0"})
        assert (wrong, "通话没有记下" in said) == (422, True)
        assert (await send(desk, number, f"/units/0/calls?case={number}", call))[0] == 303
        assert await desk.count("case_steps", "number = $1 AND step = 'urge'", number) == 1
        assert "电话催办" in await text_of(desk.browser, f"/cases/{number}")


@pytest.mark.duty("XA-M5")
async def test_the_liaison_officers_that_units_let_be_published_are_read_by_anybody(opening: Opening) -> None:
    async with opening("xian") as desk:
        number = await a_case(desk, "PEEPCEDA")
        entry = {"role": "liaison", "name": "示例乙", "phone": "0000-7654321"}
        for more, shown in (({}, False), ({"published": "yes"}, True), ({}, False)):
            assert (await send(desk, number, "/units/0", entry | more))[0] == 303
            page = await text_of(desk.browser, "/published/liaisons")
            assert ("示例乙" in page and "0000-7654321" in page) is shown
        assert (await desk.browser.get("/published/figures")).status == 404, "the plan has no such page"


@pytest.mark.duty("PDS-26", "BD-37")
@pytest.mark.parametrize("city", ["pingdingshan", "baoding"])
async def test_the_figures_of_the_months_that_are_over_are_read_by_anybody(
    city: str, opening: Opening
) -> None:
    async with opening(city) as desk:
        number = await a_case(desk, "MEEMCEDA")
        assert "这个月没有工单" in await text_of(desk.browser, "/published/figures"), "this month is not over"
        desk.clock.now += timedelta(days=31)
        page = await text_of(desk.browser, "/published/figures")
        assert "受理1件" in page and number not in page and "2026年11月办理情况" in page
        assert (await desk.browser.get("/published/liaisons")).status == 404


@pytest.mark.duty("XA-1b")
async def test_a_case_tells_how_often_its_petitioner_came_before(opening: Opening) -> None:
    async with opening("xian") as desk:
        number = a_number("AGAENBCD")
        event = filed(a_ticket(number))
        told = replace(event, data=dict(event.data) | {"petitioner": {"earlier": 4, "open": 2}})
        assert await post_event(desk.browser, told) == 202
        page = await text_of(desk.browser, f"/cases/{number}")
        assert "提交过4件，提交这件时2件还没有办结" in page


@pytest.mark.duty("XA-3", "XA-4")
async def test_ledgers_and_what_goes_up_leave_as_workbooks(opening: Opening) -> None:
    async with opening("xian") as desk:
        number = await a_case(desk, "MAEXCEPT", tags=(Tag(tag="sensitive", why=""),))
        head, row = await sheet(desk, "/supervision.xlsx")
        assert (row[0], row[3], row[5].split()) == (number, "敏感预警", ["主要领导", "上级部门"]) and len(
            head
        ) == len(row)
        entry = {"category": "one-standard:unclear-duty", "reason": "两家都说不管"}
        assert (await send(desk, number, f"/cases/{number}/supervision", entry))[0] == 303
        head, row = await sheet(desk, "/ledgers.xlsx")
        assert (row[0], row[1], row[5]) == ("权责不明诉求", number, "两家都说不管") and len(head) == len(row)
