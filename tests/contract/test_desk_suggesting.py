"""What the desk proposes for a case: articles asked of the gateway by number alone, earlier cases that the account may see."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web

from hotline.ticket import Contact
from staff.accounts import Role
from tests.dispatch import (
    SECRET,
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

WORDING = "夜间22时至次日6时不得施工。\n已经开工的，可以打12345。"
INSIDE = "巡查时间表在内网。"
REPLY = "11月21日晚十点，执法人员到工地检查，责令停止浇筑，罚款10000元，现已停工。承办人：王样例。"
OTHERS = "示例市交通局"


def an_article(id: str, answer: str, *, staff_only: bool = False, score: float = 0.9) -> dict[str, Any]:
    return {"id": id, "question": f"问题{id}", "answer": answer, "short_answer": "", "source": "示例市热线办法第三条",
            "version": 1, "score": score, "staff_only": staff_only}  # fmt: skip


@dataclass
class Gateway:
    """A gateway that proposes what a test says, or answers as a broken one would."""

    articles: Any = field(
        default_factory=lambda: [an_article("a1", WORDING), an_article("a2", INSIDE, staff_only=True)]
    )
    status: int = 200
    asked: list[tuple[str, str, bytes]] = field(default_factory=list)

    async def suggestions(self, request: web.Request) -> web.Response:
        self.asked.append((request.path_qs, request.headers["Authorization"], await request.read()))
        return web.json_response({"answered": True, "articles": self.articles}, status=self.status)


@pytest.fixture
def gateway() -> Gateway:
    return Gateway()


@pytest.fixture
async def desk(opening: Opening, aiohttp_server: Any, gateway: Gateway) -> AsyncIterator[RunningDesk]:
    app = web.Application()
    app.router.add_get("/api/dispatch/tickets/{number}/suggestions", gateway.suggestions)
    server = await aiohttp_server(app)
    async with opening(a_pack(), gateway_url=str(server.make_url("/"))) as opened:
        yield opened


async def a_case(desk: RunningDesk, letters: str, *ways: str, **changes: Any) -> str:
    number = a_number(letters)
    assert await post_event(desk.browser, filed(a_ticket(number, **changes))) == 202
    for way in ways:
        assert (await send(desk, number, way, text=REPLY))[0] == 303
    return number


async def send(desk: RunningDesk, number: str, way: str, **form: str) -> tuple[int, str]:
    data = {"form_token": await form_token(desk.browser, number), **form}
    answer = await desk.browser.post(
        f"/cases/{number}/{way}", data=data, headers=origin(desk.browser), allow_redirects=False
    )
    return answer.status, await answer.text()


def proposed(page: str) -> str:
    """Return the part of a case's page that proposes."""
    return page.split('id="suggested"')[1].split("</section>")[0]


@pytest.mark.duty("XA-1b")
async def test_articles_are_asked_for_by_number_and_one_click_puts_a_wording_into_the_reply(
    desk: RunningDesk, gateway: Gateway
) -> None:
    number = await a_case(desk, "AGGEST22", "sign")
    await desk.enter(Role.UNIT)
    gateway.asked.clear()
    page = proposed(await text_of(desk.browser, f"/cases/{number}"))
    assert gateway.asked == [(f"/api/dispatch/tickets/{number}/suggestions", f"Bearer {SECRET}", b"")]
    assert WORDING in page and INSIDE in page and "示例市热线办法第三条" in page
    assert 'value="a1"' in page and 'value="a2"' not in page, "what is for colleagues alone has no button"
    status, page = await send(desk, number, "wording", text="11月21日到了现场。", wording="a1")
    assert status == 200 and f">11月21日到了现场。\n{WORDING}</textarea>" in page and "还没有发出" in page
    assert await desk.count("replies") == 0
    assert await desk.count("case_events", "said_here AND name = 'replied'") == 0


@pytest.mark.parametrize("wording", ["a2", "unknown", ""])
async def test_what_may_not_be_passed_on_or_is_unknown_leaves_the_reply_as_it_was(
    wording: str, desk: RunningDesk
) -> None:
    number = await a_case(desk, "AGGEST33", "sign")
    status, page = await send(desk, number, "wording", text="11月21日到了现场。", wording=wording)
    assert status == 422 and ">11月21日到了现场。</textarea>" in page and "答复没有变" in page


@pytest.mark.duty("XA-1b")
@pytest.mark.parametrize(
    ("status", "articles"), [(404, []), (503, []), (200, "x"), (200, [{"id": 1}]), (200, None)]
)
async def test_a_case_is_worked_on_while_the_gateway_is_away(
    status: int, articles: Any, desk: RunningDesk, gateway: Gateway
) -> None:
    gateway.status, gateway.articles = status, articles
    number = await a_case(desk, "AGGEST44", "sign")
    assert "现在连不上知识库" in proposed(await text_of(desk.browser, f"/cases/{number}"))
    assert (await send(desk, number, "replies", text=REPLY))[0] == 303


async def test_what_is_hardly_about_the_case_is_not_shown(desk: RunningDesk, gateway: Gateway) -> None:
    gateway.articles = [an_article("a1", WORDING, score=0.05)]
    number = await a_case(desk, "AGGEST44", "sign")
    page = await text_of(desk.browser, f"/cases/{number}")
    assert "可以参考的" not in page and WORDING not in page


@pytest.mark.duty("XA-1b")
async def test_answered_cases_of_the_sort_are_shown_to_who_may_see_them_and_never_confidential_ones(
    desk: RunningDesk,
) -> None:
    done = ("sign", "replies")
    like = await a_case(desk, "AGGEST55", *done, title="示例花园北侧工地夜间施工")
    far = await a_case(desk, "AGGEST66", *done, title="示例大道工地夜间施工吵人", lead_unit=OTHERS)
    secret = await a_case(
        desk, "AGGEST77", *done, contact=Contact(name="张样例", phone="13800000000", confidential=True)
    )
    unlike = await a_case(
        desk, "AGGEST33", *done, title="公交车总不来", summary="52路等了一个小时", text="52路"
    )
    unanswered = await a_case(desk, "AGGEST44", "sign")
    number = await a_case(desk, "AGGEST22", "sign")
    page = proposed(await text_of(desk.browser, f"/cases/{number}"))
    assert like in page and far in page
    assert not any(other in page for other in (secret, unlike, unanswered, "13800000000"))
    await desk.enter(Role.UNIT)
    page = proposed(await text_of(desk.browser, f"/cases/{number}"))
    assert like in page and far not in page
    assert 'id="suggested"' not in await text_of(desk.browser, f"/cases/{like}"), "it is answered"


@pytest.mark.duty("XA-1b")
async def test_a_case_shows_what_was_taken_out_of_the_petitioner_s_words(desk: RunningDesk) -> None:
    number = await a_case(desk, "AGGEST22")
    page = await text_of(desk.browser, f"/cases/{number}")
    shown = page.split("市民反映的事")[1].split("</dl>")[0]
    for label, value in (
        ("诉求", "希望停止夜间施工"),
        ("种类", "投诉，一般事项"),
        ("地点", "示例区示例路1号"),
        ("时间", "晚上10点以后"),
    ):
        assert f"<dt>{label}</dt>" in shown and value in shown
    assert "以原话为准" in page
