"""Steps at the desk: taken once by the hands that the text names, kept with the events owed, seen by the units of the case."""

import re
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from cities.loading import load_pack
from groundwork.contract import findings
from groundwork.identities import open_record
from groundwork.vault import Vault
from hotline.citation import Citation
from hotline.citypack import CityPack
from hotline.dispatching import UnitShare
from hotline.limits import ExtensionRule, ReturnRule
from hotline.vocabulary import CONTENTS
from staff.accounts import AccountError, Role
from tests.dispatch import (
    PASSWORD,
    RULES,
    UNIT,
    Opening,
    RunningDesk,
    a_number,
    a_pack,
    a_ticket,
    filed,
    form_token,
    origin,
    post_event,
    sign_in,
    text_of,
)

pytestmark = pytest.mark.enable_socket

OTHER = "示例市交通局"
LAW = Citation(instrument=RULES, article="第十条")


def with_returns() -> CityPack:
    """Return the fictional city with its rules on returns and extensions."""
    return replace(
        a_pack(),
        words=load_pack("_example").words,
        returns=(ReturnRule(id="return", citation=LAW, requires=("reason", "basis"), late="centre_decides"),),
        extensions=(ExtensionRule(id="extension", citation=LAW, requires=("reason", "length")),),
    )


@pytest.fixture
async def desk(opening: Opening) -> AsyncIterator[RunningDesk]:
    async with opening(with_returns(), role=None) as opened:
        yield opened


async def a_case(desk: RunningDesk, letters: str, **changes: Any) -> str:
    number = a_number(letters)
    assert await post_event(desk.browser, filed(a_ticket(number, **changes))) == 202
    return number


async def send(
    desk: RunningDesk, number: str, way: str, /, *, seen: str = "", **form: str
) -> tuple[int, str]:
    """Send a form of a case; its token is that of the page of ``seen`` where the case's own page has no form."""
    token = await form_token(desk.browser, seen or number)
    answer = await desk.browser.post(
        f"/cases/{number}/{way}", data={"form_token": token, **form}, headers=origin(desk.browser),
        allow_redirects=False,
    )  # fmt: skip
    return answer.status, await answer.text()


async def told(desk: RunningDesk, number: str) -> list[tuple[str, dict[str, Any]]]:
    """Return what the gateway is owed word of, in order; each as its schema says."""
    rows = await desk.services.pool.fetch(
        "SELECT name, body FROM case_events WHERE number = $1 AND said_here ORDER BY sequence", number
    )
    vault = Vault.from_settings(desk.settings)
    said = [(row["name"], open_record(vault, row["body"], purpose=f"desk.case_events:{number}", known=True))
            for row in rows]  # fmt: skip
    assert all(findings(name, data) == [] for name, data in said)
    assert await desk.count("effects", "lane = $1", f"case:{number}") == len(said)
    return said


async def test_a_granted_return_gives_the_case_to_another_unit_whose_days_begin_anew(
    desk: RunningDesk,
) -> None:
    number = await a_case(desk, "CCCCCCC2")
    await desk.enter(Role.UNIT)
    assert (await send(desk, number, "sign"))[0] == 303
    status, page = await send(desk, number, "steps/ask-return", reason="不归我们管")
    assert status == 422 and "请填好：依据的法律、文件和条款" in page and "不归我们管</textarea>" in page
    assert (await send(desk, number, "steps/ask-return", reason="不归我们管", basis="三定方案"))[0] == 303
    assert (await send(desk, number, "steps/grant-return", unit=OTHER, reason="归交通局"))[0] == 422, (
        "not by itself"
    )
    desk.clock.now += timedelta(days=4)
    await desk.enter(Role.DISPATCHER)
    form = {"unit": OTHER, "reason": "这段路归交通局管"}
    for _ in range(2):
        assert (await send(desk, number, "steps/grant-return", **form))[0] == 303
    page = await text_of(desk.browser, f"/cases/{number}?done=step")
    assert f"<dt>牵头单位</dt><dd>{OTHER}" in page and "待签收" in page and "第十条" in page
    said = await told(desk, number)
    assert [name for name, _ in said] == ["signed", "returned", "reassigned"]
    assert said[2][1] == {"unit": OTHER, "at": desk.clock.now.isoformat(), "reason": "这段路归交通局管"}
    await desk.enter(Role.UNIT)
    assert (await desk.browser.get(f"/cases/{number}")).status == 404, "the first unit sees it no more"
    assert number not in await text_of(desk.browser, "/")


async def test_an_extension_moves_the_date_with_its_reason_and_a_second_click_changes_nothing(
    desk: RunningDesk,
) -> None:
    number = await a_case(desk, "CCCCCCC3")
    await desk.enter(Role.DISPATCHER)
    await send(desk, number, "sign")
    page = await text_of(desk.browser, f"/cases/{number}")
    assert "没有等着审的延期申请" in page and 'aria-disabled="true"' in page
    assert f'/cases/{number}/steps/ask-extension"' not in page, "the unit asks, not the centre"
    await desk.enter(Role.UNIT)
    assert (await send(desk, number, "steps/ask-extension", reason="要等检测", length="半个月"))[0] == 422
    asked = {"reason": "要等检测", "length": "3"}
    assert (await send(desk, number, "steps/ask-extension", **asked))[0] == 303
    assert (await send(desk, number, "steps/progress", progress="已经送检"))[0] == 303
    assert (await send(desk, number, "steps/progress", progress="已经送检"))[0] == 303, "the same form again"
    await desk.enter(Role.DISPATCHER)
    assert (await send(desk, number, "steps/grant-extension", **asked))[0] == 303
    page = await text_of(desk.browser, f"/cases/{number}")
    assert "办结答复原定11月27日周五" in page and "后改为12月2日周三：要等检测" in page
    said = await told(desk, number)
    assert [name for name, _ in said] == ["signed", "progressed", "extended"]
    assert said[1][1]["text"] == "已经送检"
    assert (said[2][1]["number"], said[2][1]["reason"], said[2][1]["unit"]) == (3, "要等检测", UNIT)
    assert await desk.count("case_steps", "number = $1", number) == 4
    assert await desk.count("audit_log", "subject = $1 AND action = 'case.step'", number) == 3


async def test_a_co_handler_sees_the_case_and_only_its_own_steps(desk: RunningDesk) -> None:
    share = UnitShare(unit=UNIT, why="同一路段。", law=LAW)
    number = await a_case(desk, "CCCCCCC4", lead_unit=OTHER, co_handlers=(share,))
    await desk.enter(Role.UNIT)
    assert number in await text_of(desk.browser, "/")
    page = await text_of(desk.browser, f"/cases/{number}")
    assert "steps/ask-return" not in page and "steps/progress" not in page
    own = await a_case(desk, "CCCCCCC5")
    assert (await send(desk, number, "sign", seen=own))[0] == 303
    assert (await send(desk, number, "steps/ask-return", seen=own, reason="不归", basis="三定"))[0] == 422
    assert (await send(desk, number, "after/set_rating_aside", seen=own, reason="他评错了"))[0] == 404
    assert await told(desk, number) == [], "signing is the lead's"
    assert (await send(desk, number, "steps/no-such-step", seen=own))[0] == 404


REPLY = (
    "11月24日上午10时，承办人王样例（电话0375-0000000）和您电话沟通，您说工地晚上十点以后还在浇筑；当晚执法人员到工地检查，"
    "责令停止夜间施工，罚款10000元，现已停工。办理情况和结果已告知您，您表示满意。"
)
#: By city: the class, then who takes which step, and what more its form holds.
LIVES: dict[str, tuple[str | None, tuple[tuple[Role, str, dict[str, str]], ...]]] = {
    "pingdingshan": ("C", (
        (Role.UNIT, "plan", {}), (Role.DISPATCHER, "set-limit", {}), (Role.UNIT, "ask-extension", {}),
        (Role.DISPATCHER, "grant-extension", {}), (Role.UNIT, "told-first", {}),
    )),
    "baoding": (None, (
        (Role.UNIT, "contact", {}), (Role.UNIT, "goes-up", {}), (Role.UNIT, "ask-extension", {}),
        (Role.DISPATCHER, "grant-extension", {}),
        (Role.UNIT, "dissuaded", {"category": "misconduct-of-petitioners:occupation"}),
    )),
    "xian": ("other", (
        (Role.UNIT, "start", {}), (Role.UNIT, "whistle", {}), (Role.UNIT, "split", {}), (Role.UNIT, "state", {}),
        (Role.UNIT, "claim-complex", {}), (Role.DISPATCHER, "confirm-complex", {}), (Role.UNIT, "next-measures", {}),
        (Role.DISPATCHER, "phone-contact", {}),
    )),
    "kaifeng": ("routine", (
        (Role.DISPATCHER, "instructed", {}), (Role.UNIT, "progress", {}), (Role.UNIT, "ask-extension", {}),
        (Role.DISPATCHER, "refuse-extension", {}),
    )),
    "suqian": (None, (
        (Role.UNIT, "before-the-leader", {}), (Role.UNIT, "ask-return", {}), (Role.DISPATCHER, "refuse-return", {}),
        (Role.UNIT, "contact", {}), (Role.UNIT, "not-solvable-now", {}),
    )),
}  # fmt: skip
HEARD = {
    "pingdingshan": ["signed", "progressed", "extended", "replied"],
    "baoding": ["signed", "extended", "progressed", "replied"],
    "xian": ["signed", "progressed", "progressed", "progressed", "replied"],
    "kaifeng": ["signed", "progressed", "replied"],
    "suqian": ["signed", "progressed", "replied"],
}


@pytest.mark.parametrize("city", LIVES)
async def test_a_case_of_each_city_lives_from_its_filing_to_its_reply(city: str, opening: Opening) -> None:
    pack = load_pack(city)
    ticket_class, steps = LIVES[city]
    lead, other = pack.units[0].name, pack.units[1].name
    form = dict.fromkeys(CONTENTS, "如实写明") | {
        "new_date": "2026-12-18",
        "length": "3",
        "major": "no",
        "leader": "mayor",
        "given_on": "2026-11-20",
        "units": other,
        "unit": other,
    }
    async with opening(pack, role=None) as desk:
        browser = desk.browser
        with suppress(AccountError):
            await desk.services.door.accounts.add(city, Role.UNIT, PASSWORD, unit=lead)
        number = await a_case(desk, "CCCCCCC6", lead_unit=lead, ticket_class=ticket_class)
        for hand, way, more in (
            (Role.UNIT, "sign", {}),
            *((who, f"steps/{id}", data) for who, id, data in steps),
        ):
            await sign_in(browser, city if hand is Role.UNIT else await desk.staff(hand), PASSWORD)
            status, page = await send(desk, number, way, **(form | more))
            assert status == 303, (way, text_alone(page))
        await sign_in(browser, city, PASSWORD)
        assert (await send(desk, number, "replies", text=REPLY, approver="李样例", major="no"))[0] == 303
        page = await text_of(browser, f"/cases/{number}")
        assert "已答复" in page, text_alone(page)
        assert [name for name, _ in await told(desk, number)] == HEARD[city]


def text_alone(page: str) -> list[str]:
    """Return what a page says of what was wrong."""
    return re.findall(r'(?s)<(?:p class="hy-alert|li id="f)[^>]*>(.*?)</', page)


async def test_what_a_form_holds_is_sealed(desk: RunningDesk) -> None:
    number = await a_case(desk, "CCCCCCC5")
    await desk.enter(Role.DISPATCHER)
    await send(desk, number, "sign")
    await send(desk, number, "steps/progress", progress="已经到张样例家里看过")
    row = await desk.services.pool.fetchval("SELECT data FROM case_steps WHERE step = 'progress'")
    assert "样例".encode() not in row
