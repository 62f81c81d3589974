"""The duty board and the roster: who has to act today, and nobody's name or number without a look that is noted."""

from datetime import timedelta
from typing import Any

import pytest

from staff.accounts import Role
from tests.contract.test_desk_pages import file, words
from tests.dispatch import UNIT, RunningDesk, a_due, origin, text_of
from tests.staffing import Fields

pytestmark = [pytest.mark.enable_socket, pytest.mark.duty("SQ-2-2", "XA-2c")]

NAME, PHONE, OTHER = "示例甲", "0000-1234567", "示例市交通局"


@pytest.fixture(autouse=True)
async def empty(desk: RunningDesk) -> None:
    await desk.services.pool.execute(
        "TRUNCATE cases, case_events, case_steps, events_received, effects, unit_people, duty_roster, staff_tries"
    )


async def post(desk: RunningDesk, path: str, **fields: str) -> Any:
    token = Fields(await text_of(desk.browser, "/units")).token
    return await desk.browser.post(
        path, data={"form_token": token} | fields, headers=origin(desk.browser), allow_redirects=False
    )


async def on_file(desk: RunningDesk, unit: int = 0) -> str:
    """Enter somebody and return their number."""
    assert (await post(desk, f"/units/{unit}", role="duty_leader", name=NAME, phone=PHONE)).status == 303
    return str(await desk.services.pool.fetchval("SELECT max(id) FROM unit_people"))


async def test_the_board_tells_what_presses_each_unit_and_masks_who_is_on_duty(desk: RunningDesk) -> None:
    now = desk.clock.now
    late = await file(desk, "BBBBBBB1", due=(a_due("sign", now - timedelta(hours=1)),))
    today = await file(desk, "BBBBBBB2", due=(a_due("sign", now + timedelta(hours=1)),))
    danger = await file(desk, "BBBBBBB3", due=(), urgent=True, lead_unit=OTHER)
    await file(desk, "BBBBBBB4", due=(a_due("sign", now + timedelta(days=2)),))
    await desk.enter(Role.DISPATCHER)
    person, day = await on_file(desk), f"{now:%Y-%m-%d}"
    assert (await post(desk, "/units/0/turns", person=person, first=day)).status == 303
    seen = await desk.count("audit_log", "action = 'people.seen'")
    page = await text_of(desk.browser, "/board")
    said = words(page)
    assert "没签收的特急件1件，已超期1件，今天到期1件" in said
    assert said.index(OTHER) < said.index(UNIT) and page.index(danger) < page.index(late) < page.index(today)
    assert "值班领导示**" in said and NAME not in page and PHONE not in page
    assert await desk.count("audit_log", "action = 'people.seen'") == seen
    await desk.enter(Role.UNIT)
    own = await text_of(desk.browser, "/board")
    assert late in own and today in own and danger not in own and OTHER not in own


async def test_a_roster_is_entered_for_a_span_of_days_and_ends_with_its_person(desk: RunningDesk) -> None:
    await desk.enter(Role.UNIT)
    person, day = await on_file(desk), desk.clock.now.date()
    answer = await post(
        desk, "/units/0/turns", person=person, first=str(day), last=str(day + timedelta(days=2))
    )
    assert answer.headers["Location"] == "/units/0?done=rostered"
    page = words(await text_of(desk.browser, "/units/0"))
    assert "今天值班领导示例甲" in page and "11月22日周日值班领导示例甲" in page
    path = f"/units/0/turns/{day}/{person}/remove"
    assert (await post(desk, path)).headers["Location"] == "/units/0?done=unrostered"
    assert await desk.count("duty_roster") == 2
    changed = "action = 'people.changed' AND why IN ('rostered', 'unrostered') AND subject = $1"
    assert await desk.count("audit_log", changed, UNIT) >= 2
    await post(desk, f"/units/0/people/{person}/remove")
    assert await desk.count("duty_roster") == 0


async def test_nobody_rosters_another_unit_s_people(desk: RunningDesk) -> None:
    await desk.enter(Role.DISPATCHER)
    person, day = await on_file(desk, unit=1), str(desk.clock.now.date())
    assert (await post(desk, "/units/0/turns", person=person, first=day)).status == 422
    await desk.enter(Role.UNIT)
    assert (await post(desk, "/units/1/turns", person=person, first=day)).status == 404
    assert (await post(desk, "/units/0/turns", person=person, first=day)).status == 422
    assert await desk.count("duty_roster") == 0
