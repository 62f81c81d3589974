"""A unit's reply at the desk: sent when it says something, held back with article and words when not, overruled by the centre."""

import re
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from cities.loading import load_pack
from dispatch_desk.web.pages import DESK
from groundwork.contract import findings
from hotline.casework import Step
from hotline.citation import Citation
from hotline.citypack import CityPack, ReplyElement, VoidReply
from staff.accounts import Role
from tests.dispatch import (
    RULES,
    Opening,
    RunningDesk,
    a_number,
    a_pack,
    a_ticket,
    filed,
    form_token,
    origin,
    post_event,
    text_of,
)

pytestmark = pytest.mark.enable_socket

GOOD = "11月21日晚十点，执法人员到工地检查，责令停止浇筑，罚款10000元，现已停工。承办人：王样例。"
EMPTY = "您好，您反映的问题已收悉。\n我局高度重视，已转相关部门办理，请耐心等待。"
NAMELESS = GOOD.replace("承办人：王样例。", "")


def with_a_gate() -> CityPack:
    cite = Citation(instrument=RULES, article="第十五条")
    return replace(
        a_pack(),
        reply_words=load_pack("_example").reply_words,
        void_replies=(
            VoidReply(id="empty", label="没有实质内容", citation=cite, effect="not_done", by_itself=True, told_by=("empty",)),
        ),
        reply_elements=(ReplyElement(id="handler", label="承办人", content="handler", citation=cite),),
    )  # fmt: skip


@pytest.fixture
async def desk(opening: Opening) -> AsyncIterator[RunningDesk]:
    async with opening(with_a_gate(), role=None) as opened:
        yield opened


async def signed(desk: RunningDesk, letters: str) -> str:
    number = a_number(letters)
    assert await post_event(desk.browser, filed(a_ticket(number))) == 202
    await desk.enter(Role.DISPATCHER)
    assert await post(desk, number, "sign") == 303
    return number


async def post(desk: RunningDesk, number: str, way: str, **form: str) -> int:
    token = await form_token(desk.browser, number)
    answer = await desk.browser.post(
        f"/cases/{number}/{way}", data={"form_token": token, **form}, headers=origin(desk.browser),
        allow_redirects=False,
    )  # fmt: skip
    return answer.status


async def events(desk: RunningDesk, number: str) -> list[str]:
    rows = await desk.services.pool.fetch(
        "SELECT name FROM case_events WHERE number = $1 AND said_here ORDER BY sequence", number
    )
    return [row["name"] for row in rows]


async def audited(desk: RunningDesk, number: str) -> list[tuple[str, str]]:
    rows = await desk.services.pool.fetch(
        "SELECT action, why FROM audit_log WHERE subject = $1 AND action LIKE 'reply.%' ORDER BY sequence",
        number,
    )
    return [(row["action"], row["why"]) for row in rows]


async def test_a_reply_that_says_something_goes_out_once(desk: RunningDesk) -> None:
    number = await signed(desk, "RRRRRRR1")
    await desk.enter(Role.UNIT)
    assert await post(desk, number, "replies", text=GOOD) == 303
    page = await text_of(desk.browser, f"/cases/{number}?done=sent")
    assert "答复已发出" in page and "已答复" in page and GOOD in page and "<textarea" not in page
    assert await events(desk, number) == ["signed", "replied"]
    assert await audited(desk, number) == [("reply.sent", "")]
    await desk.enter(Role.DISPATCHER)
    token = await form_token(desk.browser, number)
    again = {"form_token": token, "text": GOOD}
    answer = await desk.browser.post(
        f"/cases/{number}/replies", data=again, headers=origin(desk.browser), allow_redirects=False
    )
    assert answer.status == 303 and await events(desk, number) == ["signed", "replied"]


@pytest.mark.duty("SQ-3-7", "R-SQ-3")
async def test_an_empty_reply_is_held_back_with_article_and_words_until_it_is_mended(
    desk: RunningDesk,
) -> None:
    number = await signed(desk, "RRRRRRR2")
    await desk.enter(Role.UNIT)
    assert await post(desk, number, "replies", text=EMPTY) == 303
    page = await text_of(desk.browser, f"/cases/{number}?done=held")
    assert "没有发出：有2处要改" in page and "没有实质内容" in page and "缺要素：承办人" in page
    assert "第十五条" in page and '<mark class="is-bad" id="m1">' in page and "视为没有办结" in page
    assert EMPTY.replace("\n", "") in re.sub(r"\s", "", page) and "认定可以发出" not in page
    assert await events(desk, number) == ["signed"]
    assert await post(desk, number, "replies", text=NAMELESS) == 303
    assert "没有发出：有1处要改" in await text_of(desk.browser, f"/cases/{number}")
    assert await post(desk, number, "replies", text=GOOD) == 303
    assert await events(desk, number) == ["signed", "replied"]
    assert await audited(desk, number) == [
        ("reply.held", "empty,handler"), ("reply.held", "handler"), ("reply.sent", ""),
    ]  # fmt: skip


async def test_the_centre_overrules_for_a_reason_and_that_is_counted(desk: RunningDesk) -> None:
    number = await signed(desk, "RRRRRRR3")
    await post(desk, number, "replies", text=NAMELESS)
    page = await text_of(desk.browser, f"/cases/{number}")
    found = re.search(r"/replies/(\d+)/overrule", page)
    assert found
    way = f"replies/{found[1]}/overrule"
    assert await post(desk, number, way, reason="好") == 422
    assert await post(desk, number, "replies/1234567/overrule", reason="承办人在附件里写了") == 404
    assert await events(desk, number) == ["signed"]
    assert await post(desk, number, way, reason="承办人在附件里写了") == 303
    page = await text_of(desk.browser, f"/cases/{number}?done=overruled")
    assert "认定可以发出的理由：承办人在附件里写了" in page and "缺要素：承办人" in page
    assert await events(desk, number) == ["signed", "replied"]
    assert await audited(desk, number) == [("reply.held", "handler"), ("reply.overruled", "handler")]
    assert await steps_of(desk, number) == [Step.SIGN, Step.HOLD_REPLY, Step.REPLY]
    figures = await (await desk.browser.get("/metrics")).text()
    assert 'huying_desk_replies{outcome="overruled"} 1.0' in figures
    assert 'huying_desk_replies{outcome="held"} 0.0' in figures
    assert await post(desk, number, way, reason="再认定一次也不行") == 404


async def test_a_unit_neither_overrules_nor_replies_for_another_nor_before_signing(desk: RunningDesk) -> None:
    number = await signed(desk, "RRRRRRR4")
    unsigned, other = a_number("RRRRRRR5"), a_number("RRRRRRR6")
    assert await post_event(desk.browser, filed(a_ticket(unsigned))) == 202
    assert await post_event(desk.browser, filed(a_ticket(other, lead_unit="示例市交通局"))) == 202
    await desk.enter(Role.UNIT)
    await post(desk, number, "replies", text=NAMELESS)
    token = await form_token(desk.browser, number)
    for path, status in (
        (f"{number}/replies/1/overrule", 403), (f"{unsigned}/replies", 404), (f"{other}/replies", 404),
    ):  # fmt: skip
        form = {"form_token": token, "text": GOOD, "reason": "我们自己认定"}
        answer = await desk.browser.post(f"/cases/{path}", data=form, headers=origin(desk.browser))
        assert answer.status == status, path
    assert await post(desk, number, "replies", text="  ") == 422
    assert await desk.count("replies") == 1


async def test_what_the_gateway_is_told_keeps_the_schema_and_the_reply_is_sealed(desk: RunningDesk) -> None:
    number = await signed(desk, "RRRRRRR7")
    await post(desk, number, "replies", text=GOOD)
    async with desk.services.pool.acquire() as connection:
        row = await connection.fetchrow("SELECT draft, outcome FROM replies WHERE number = $1", number)
    assert row is not None and row["outcome"] == "sent" and "罚款".encode() not in row["draft"]
    found = await desk.services.app[DESK].find(number, unit=None, known=True)
    assert found is not None
    said = next(one for one in found[1] if one.name == "replied")
    assert findings("replied", said.data) == [] and said.data["text"] == GOOD


async def steps_of(desk: RunningDesk, number: str) -> list[Step]:
    rows = await desk.services.pool.fetch(
        "SELECT step, account_id FROM case_steps WHERE number = $1 ORDER BY id", number
    )
    assert all(row["account_id"] for row in rows)
    return [Step(row["step"]) for row in rows]
