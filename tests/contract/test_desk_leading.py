"""Leaders at the desk: shown what went up by itself, of their own level or of those under them; they instruct and supervise."""

import re
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from cities.loading import load_pack
from dispatch_desk.web.supervision import SUPERVISION
from hotline.tagging import Tag
from hotline.ticket import Contact
from staff.accounts import AccountError, Role
from tests.contract.test_desk_casework import a_case
from tests.contract.test_desk_pages import words as words_of
from tests.dispatch import PASSWORD, Opening, RunningDesk, a_pack, origin, sign_in, text_of

pytestmark = pytest.mark.enable_socket

COUNTY, DEPARTMENT, TOWN = "新城区人民政府", "市市场监管局", "西咸新区"
SENSITIVE: dict[str, Any] = {"tags": (Tag(tag="sensitive", why=""),), "ticket_class": "other"}
TOKEN = "ABCDEFGH2345"
PERSON = ("13800000000", "张样例", "138", "张某", "张*")


async def enter(desk: RunningDesk, body: str = "") -> None:
    """Sign in a leader of a body; without one, of the city."""
    name = f"leader-{body or 'city'}"
    with suppress(AccountError):
        await desk.services.door.accounts.add(name, Role.LEADER, PASSWORD, unit=body)
    assert (await sign_in(desk.browser, name, PASSWORD)).headers["Location"] == "/leading"


async def listed(desk: RunningDesk) -> list[str]:
    return re.findall(r'href="/leading/([^"#]+)"', await text_of(desk.browser, "/leading"))


async def take(desk: RunningDesk, number: str, step: str, **form: str) -> tuple[int, str]:
    token = re.findall(r'name="form_token" value="([^"]+)"', await text_of(desk.browser, "/account/password"))
    data = {"form_token": token[0], **form}
    answer = await desk.browser.post(
        f"/leading/{number}/steps/{step}", data=data, headers=origin(desk.browser), allow_redirects=False
    )
    return answer.status, await answer.text()


@pytest.mark.duty("XA-4")
async def test_what_goes_up_is_shown_to_the_city_s_leaders_who_instruct_and_supervise_on_the_case(
    opening: Opening,
) -> None:
    async with opening("xian") as desk:
        number = await a_case(desk, "MEADABC2", lead_unit=DEPARTMENT, **SENSITIVE)
        plain = await a_case(desk, "MEADABC3", lead_unit=DEPARTMENT, ticket_class="other")
        await enter(desk)
        page = await text_of(desk.browser, "/leading")
        assert number in page and plain not in page and "敏感预警" in page and "二（四）" in page
        assert (await desk.browser.get(f"/leading/{plain}")).status == 404
        shown = await text_of(desk.browser, f"/leading/{number}")
        assert "自动上报主要领导、上级部门" in words_of(shown)
        assert not any(one in shown for one in PERSON)

        words = {"name": "李样例，市长", "instruction": "本周内办结", "new_date": "2026-11-27"}
        assert (await take(desk, number, "instructed", **(words | {"instruction": ""})))[0] == 422
        assert (await take(desk, number, "instructed", **words))[0] == 303
        assert (await take(desk, number, "instructed", **words))[0] == 303, "a second click"
        assert await desk.count("case_steps", "number = $1 AND step = 'instruct'", number) == 1
        joint = {"body": "市市场监管局、新城区", "reason": "两家一起盯"}
        assert (await take(desk, number, "joint-supervision", **joint))[0] == 303
        page = await text_of(desk.browser, "/leading")
        assert "批示、督办过，还没有办结的（1）" in page and number in page
        for hand in (Role.DISPATCHER,):
            await desk.enter(hand)
            page = words_of(await text_of(desk.browser, f"/cases/{number}"))
            assert "本级党政主要领导批示意见" in page and "本周内办结" in page and "两家一起盯" in page
            assert "已自动上报主要领导、上级部门" in page and "2026-11-27" in page


@pytest.mark.duty("XA-4")
async def test_a_county_s_leaders_see_their_own_level_and_a_trade_authority_those_under_it(
    opening: Opening,
) -> None:
    law = load_pack("xian")
    under = {TOWN: DEPARTMENT}  #: whose superior is whom
    ids = {unit.name: unit.id for unit in law.units}
    units = tuple(replace(one, superior=ids.get(under.get(one.name, ""))) for one in law.units)
    async with opening(replace(law, units=units)) as desk:
        county = await a_case(desk, "MEADABC4", lead_unit=COUNTY, **SENSITIVE)
        town = await a_case(desk, "MEADABC5", lead_unit=TOWN, **SENSITIVE)
        trade = await a_case(desk, "MEADABC6", lead_unit=DEPARTMENT, **SENSITIVE)
        for body, seen in (("", {county, town, trade}), (COUNTY, {county}), (DEPARTMENT, {town})):
            await enter(desk, body)
            assert set(await listed(desk)) == seen, body
            for number in {county, town, trade}:
                there = (await desk.browser.get(f"/leading/{number}")).status
                assert there == (200 if number in seen else 404), (body, number)
                status, _ = await take(desk, number, "instructed", name="某", instruction="速办")
                assert status == (303 if number in seen else 404), (body, number)


@pytest.mark.duty("XA-4")
async def test_a_sealed_petitioner_is_never_shown_and_no_other_page_or_step_is_a_leader_s(
    opening: Opening,
) -> None:
    async with opening("xian") as desk:
        contact = Contact(confidential=True, token=TOKEN)
        number = await a_case(desk, "MEADABC7", lead_unit=DEPARTMENT, contact=contact, **SENSITIVE)
        await enter(desk)
        page = await text_of(desk.browser, "/leading")
        assert number in page and "（保密件）" in page and "示例小区" not in page
        shown = await text_of(desk.browser, f"/leading/{number}")
        assert "这里看不到是谁" in shown and TOKEN not in shown and "示例区示例路1号" not in shown
        for path in (
            f"/cases/{number}",
            f"/cases/{number}/files/1",
            f"/cases/{number}/report",
            "/",
            "/supervision",
        ):
            assert (await desk.browser.get(path)).status == 403, path
        for step in ("designate", "sign", "reply", "phone-urge", "grant-return", "no-such"):
            status, _ = await take(desk, number, step, unit=COUNTY, reason="改派", person="某", result="好")
            assert status in (404, 422), step
        assert await desk.count("case_steps", "number = $1", number) == 0


@pytest.mark.duty("XA-4")
async def test_it_goes_up_by_itself_once_and_stays_up_when_the_sign_is_gone(opening: Opening) -> None:
    async with opening("xian") as desk:
        number = await a_case(desk, "MEADABC2", lead_unit=DEPARTMENT, ticket_class="other")
        watching = desk.services.app[SUPERVISION]
        assert await watching.raise_up() == 0
        desk.clock.now += timedelta(days=16)  # long unresolved, and badly overdue
        first = await watching.raise_up()
        assert first >= 1 and await watching.raise_up() == 0
        assert await desk.count("gone_up", "number = $1 AND told = '{chief,superior}'", number) == first
        desk.clock.now -= timedelta(days=16)
        await enter(desk)
        assert "现在已经不是这样" in await text_of(desk.browser, f"/leading/{number}")


@pytest.mark.duty("XA-4")
async def test_a_city_whose_text_sends_nothing_up_shows_leaders_nothing(opening: Opening) -> None:
    async with opening(a_pack()) as desk:
        number = await a_case(desk, "MEADABC2", tags=(Tag(tag="sensitive", why=""),))
        await enter(desk)
        assert "没有要把工单自动上报给领导" in await text_of(desk.browser, "/leading")
        assert (await desk.browser.get(f"/leading/{number}")).status == 404
        assert await desk.services.app[SUPERVISION].raise_up() == 0
