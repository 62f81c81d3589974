"""After a reply at the desk: asked by phone where nobody rates, handled again, closed, archived, each told to the gateway."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from cities.loading import load_pack
from dispatch_desk.web.pages import DESK
from groundwork.contract import findings
from hotline.casework import Step
from hotline.citypack import CityPack
from staff.accounts import Role
from tests.dispatch import (
    Opening,
    RunningDesk,
    a_number,
    a_pack,
    a_ticket,
    an_event,
    filed,
    form_token,
    origin,
    post_event,
    text_of,
)

pytestmark = pytest.mark.enable_socket

REPLY = "11月21日晚十点，执法人员到工地检查，责令停止浇筑，罚款10000元，现已停工。承办人：王样例。"


def under(city: str) -> CityPack:
    """Return the fictional city with what another's text orders after the reply."""
    own, law = a_pack(), load_pack(city)
    asked = tuple(rule for rule in law.deadlines if rule.what == "follow_up")
    words = {**own.words, "due_from_closing_reply": "等答复后确定。"}
    return replace(
        own, words=words, desk=law.desk, desk_rules=law.desk_rules, deadlines=own.deadlines + asked
    )


@pytest.fixture
def opening_under(opening: Opening) -> Opening:
    """Open the fictional city's desk under another city's law of what follows a reply."""
    return lambda city: opening(under(city))


async def post(desk: RunningDesk, number: str, way: str, **form: str) -> tuple[int, str]:
    token = await form_token(desk.browser, number)
    answer = await desk.browser.post(
        f"/cases/{number}/{way}", data={"form_token": token, **form}, headers=origin(desk.browser), allow_redirects=False
    )  # fmt: skip
    return answer.status, await answer.text()


async def replied(desk: RunningDesk, letters: str, **changes: Any) -> str:
    number = a_number(letters)
    assert await post_event(desk.browser, filed(a_ticket(number, **changes))) == 202
    assert (await post(desk, number, "sign"))[0] == 303
    assert (await post(desk, number, "replies", text=REPLY))[0] == 303
    return number


async def told(desk: RunningDesk, number: str) -> list[str]:
    """Return what the gateway is told after the reply, each as its schema says."""
    found = await desk.services.app[DESK].find(number, unit=None)
    assert found is not None
    said = [one for one in reversed(found[1]) if one.said_here]
    assert [findings(one.name, one.data) for one in said] == [[]] * len(said)
    return [one.name for one in said][2:]


async def taken(desk: RunningDesk, number: str) -> list[Step]:
    found = await desk.services.app[DESK].find(number, unit=None)
    assert found is not None
    casework = await desk.services.app[DESK].casework(found[0], unit=None)
    return [one.step for one in casework.steps][2:]


@pytest.mark.duty("PDS-16", "PDS-17")
async def test_two_unanswered_calls_end_the_asking_and_the_call_list_shows_no_number(
    opening_under: Opening,
) -> None:
    async with opening_under("pingdingshan") as desk:
        number = await replied(desk, "CAAAEDBC")
        assert "以后再打（1）" in await text_of(desk.browser, "/calls"), "first the petitioner's own channel"
        desk.clock.now += timedelta(days=1)
        await desk.enter(Role.DISPATCHER)
        page = await text_of(desk.browser, "/calls")
        assert "现在可以打（1）" in page
        assert "13800000000" not in page
        assert (await post(desk, number, "after/follow_up", result="rang_out"))[0] == 303
        early, said = await post(desk, number, "after/follow_up", result="rang_out")
        assert (early, "还没到打电话的时间" in said) == (422, True)
        desk.clock.now += timedelta(hours=3)
        await desk.enter(Role.DISPATCHER)
        assert (await post(desk, number, "after/follow_up", result="rang_out"))[0] == 303
        assert (
            await desk.count("case_steps", "number = $1 AND 'satisfaction=counted' = ANY(said)", number) == 1
        )
        assert "按规定视为满意" in await text_of(desk.browser, f"/cases/{number}")
        assert (await post(desk, number, "after/close", category="done"))[0] == 303
        assert await told(desk, number) == ["followed_up", "closed"]


@pytest.mark.duty("SQ-3-8", "SQ-3-9", "BD-38", "XA-G4")
async def test_who_is_dissatisfied_sees_the_matter_handled_again_by_a_day(opening_under: Opening) -> None:
    async with opening_under("suqian") as desk:
        number = await replied(desk, "SECNDBCD")
        rating = an_event(
            "rated",
            {"grade": 1, "reason": "没有停工", "at": "2026-11-20T17:00:00+08:00"},
            number=number,
            sequence=2,
        )
        assert await post_event(desk.browser, rating) == 202
        assert "没有要打的电话" in await text_of(desk.browser, "/calls"), "a rating settles it (R-ALL-17)"
        late, said = await post(
            desk, number, "after/redo", category="undone", day="2026-11-01", reason="没有停工"
        )
        assert (late, "请选今天或以后的日期" in said) == (422, True)
        assert (
            await post(desk, number, "after/redo", category="undone", day="2026-11-27", reason="没有停工")
        )[0] == 303
        assert "11月27日周五" in await text_of(desk.browser, f"/cases/{number}")
        assert (await post(desk, number, "replies", text=REPLY + "二次到场核实。"))[0] == 303
        assert await taken(desk, number) == [Step.RATE, Step.REDO, Step.REPLY]
        assert await told(desk, number) == ["reopened", "replied"]
        desk.clock.now += timedelta(days=1)
        await desk.enter(Role.DISPATCHER)
        heard = {"result": "answered", "grade": "4"}
        unasked, said = await post(desk, number, "after/follow_up", **heard)
        assert (unasked, "问一句解决了没有" in said) == (422, True)
        assert (await post(desk, number, "after/follow_up", **heard, solved="partly"))[0] == 303
        assert (await told(desk, number))[-1] == "followed_up"
        assert await desk.count("case_steps", "number = $1 AND 'solved=partly' = ANY(said)", number) == 1
        assert "电话回访，部分解决" in await text_of(desk.browser, f"/cases/{number}")


@pytest.mark.duty("BD-24", "BD-27", "BD-28")
async def test_a_unit_proposes_to_set_a_rating_aside_and_the_centre_decides(opening_under: Opening) -> None:
    async with opening_under("baoding") as desk:
        number = await replied(desk, "ASPDEBCD")
        rating = an_event(
            "rated", {"grade": 1, "reason": "", "at": "2026-11-20T17:00:00+08:00"}, number=number, sequence=2
        )
        assert await post_event(desk.browser, rating) == 202
        await desk.enter(Role.UNIT)
        why = {"category": "mistaken", "reason": "打电话核实，他点错了。"}
        assert (await post(desk, number, "after/set_rating_aside", **why))[0] == 303
        assert (await post(desk, number, "after/close", category="dealt-with"))[0] == 403
        await desk.enter(Role.DISPATCHER)
        assert "打电话核实，他点错了。" in await text_of(desk.browser, f"/cases/{number}")
        assert (await post(desk, number, "after/set_rating_aside", **why))[0] == 303
        assert (await post(desk, number, "after/archive"))[0] == 422
        assert (await post(desk, number, "after/close", category="dealt-with"))[0] == 303
        incomplete, said = await post(desk, number, "after/archive")
        assert (incomplete, "还缺：联系诉求人（第十九条）" in said) == (422, True)
        await desk.enter(Role.UNIT)
        page = await text_of(desk.browser, "/files")
        assert number in page and "联系诉求人" in page, "a unit has the files of its own cases"
        await desk.enter(Role.DISPATCHER)
        assert (await post(desk, number, "after/archive", reason="市民没有留电话。"))[0] == 303
        page = await text_of(desk.browser, f"/cases/{number}")
        assert "很不满意" in page, "the raw figure stays (R-BD-9)"
        assert await taken(desk, number) == [
            Step.RATE, Step.SET_RATING_ASIDE, Step.SET_RATING_ASIDE, Step.CLOSE, Step.ARCHIVE,
        ]  # fmt: skip


@pytest.mark.duty("SQ-5-1", "SQ-5-2", "SQ-5-3", "SQ-2-2")
async def test_the_board_shows_what_calls_for_supervision_until_it_is_on_record(
    opening_under: Opening,
) -> None:
    async with opening_under("suqian") as desk:
        number = a_number("WATCHEDB")
        assert await post_event(desk.browser, filed(a_ticket(number))) == 202
        for sequence in (2, 3, 4):
            urging = an_event(
                "urged", {"text": "", "at": "2026-11-20T17:00:00+08:00"}, number=number, sequence=sequence
            )
            assert await post_event(desk.browser, urging) == 202
        assert "市民多次催办" in await text_of(desk.browser, "/supervision")
        noted = {"category": "supervision-triggers:urged-often", "reason": "到现场开了协调会。"}
        missing, said = await post(desk, number, "supervision", **noted)
        assert (missing, "请选督办的形式" in said) == (422, True)
        assert (await post(desk, number, "supervision", **noted, form="on-site"))[0] == 303
        assert "市民多次催办" not in await text_of(desk.browser, "/supervision")
        assert "到现场开了协调会。" in await text_of(desk.browser, f"/cases/{number}")
        await desk.enter(Role.UNIT)
        assert (await desk.browser.get("/supervision")).status == 403


@pytest.mark.duty("SQ-2-2")
async def test_each_due_moment_is_warned_of_once_before_and_once_after(opening_under: Opening) -> None:
    async with opening_under("suqian") as desk:
        assert await post_event(desk.browser, filed(a_ticket(a_number("WARNEDBC")))) == 202
        watching = desk.services.supervision
        assert await watching.warn() == 0, "nothing is near"
        desk.clock.now += timedelta(days=3)  # Monday, the last day for signing
        await desk.enter(Role.DISPATCHER)
        assert (await watching.warn(), await watching.warn()) == (1, 0)
        assert "快到期" in await text_of(desk.browser, "/supervision")
        desk.clock.now += timedelta(days=1)
        await desk.enter(Role.DISPATCHER)
        assert (await watching.warn(), await watching.warn()) == (1, 0)
        assert "已过期" in await text_of(desk.browser, "/supervision")
