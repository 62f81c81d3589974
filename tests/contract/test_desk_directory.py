"""The desk's directory: who may enter, see and change whom a unit has on file; who they are is sealed."""

from typing import Any

import pytest

from dispatch_desk.people import ROLES
from dispatch_desk.web.directory import LABELS
from staff.accounts import Role
from tests.dispatch import UNIT, RunningDesk, origin, text_of

pytestmark = [pytest.mark.enable_socket, pytest.mark.duty("PDS-5", "BD-7", "KF-4a", "SQ-2-1", "XA-M4c")]

NAME, PHONE = "示例甲", "0000-1234567"
OTHER = "示例市交通局"


@pytest.fixture(autouse=True)
async def empty(desk: RunningDesk) -> None:
    await desk.services.pool.execute("TRUNCATE unit_people, duty_roster, staff_tries")


async def post(desk: RunningDesk, path: str, **fields: str) -> Any:
    page = await text_of(desk.browser, "/units")
    token = page.split('name="form_token" value="')[1].split('"')[0]
    return await desk.browser.post(
        path, data={"form_token": token} | fields, headers=origin(desk.browser), allow_redirects=False
    )


async def enter(desk: RunningDesk, **changes: str) -> Any:
    return await post(desk, "/units/0", **({"role": "deputy_head", "name": NAME, "phone": PHONE} | changes))


async def test_somebody_entered_is_shown_and_what_is_missing_shrinks(desk: RunningDesk) -> None:
    await desk.enter(Role.DISPATCHER)
    assert LABELS["deputy_head"][0] in await text_of(desk.browser, "/units?view=missing")
    answer = await enter(desk)
    assert (answer.status, answer.headers["Location"]) == (303, "/units/0?done=entered")
    page = await text_of(desk.browser, "/units/0")
    assert NAME in page and PHONE in page
    assert "还缺：专职人员。" in page


async def test_who_they_are_is_in_no_column_in_the_clear(desk: RunningDesk) -> None:
    await desk.enter(Role.DISPATCHER)
    await enter(desk)
    rows = await desk.services.pool.fetch(
        "SELECT p::text AS text, encode(person, 'escape') AS raw FROM unit_people p"
    )
    assert len(rows) == 1
    for text in rows[0].values():
        assert NAME not in text and PHONE not in text and "1234567" not in text
    log = await desk.services.pool.fetch("SELECT action, subject, why FROM audit_log WHERE kind = 'unit'")
    assert ("people.changed", UNIT, "entered") in {tuple(row.values()) for row in log}
    assert NAME not in str([tuple(row.values()) for row in log])


async def test_looking_at_people_leaves_an_entry(desk: RunningDesk) -> None:
    await desk.enter(Role.DISPATCHER)
    await enter(desk)
    seen = "kind = 'unit' AND action = 'people.seen'"
    before = await desk.count("audit_log", seen)
    await text_of(desk.browser, "/units/0")
    assert await desk.count("audit_log", seen) == before + 1
    await text_of(desk.browser, "/units/1")
    assert await desk.count("audit_log", seen) == before + 1, "nobody is on that file"


async def test_the_same_person_again_gets_a_new_phone_and_no_second_line(desk: RunningDesk) -> None:
    await desk.enter(Role.DISPATCHER)
    await enter(desk)
    await enter(desk, phone="0000-7654321")
    page = await text_of(desk.browser, "/units/0")
    assert "0000-7654321" in page and PHONE not in page
    assert await desk.count("unit_people") == 1


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"name": "  "}, "请写姓名"),
        ({"phone": "<script>"}, "电话不对"),
        ({"role": "emperor"}, "请选一个角色"),
    ],
)
async def test_a_faulty_entry_is_told_keeps_what_was_typed_and_enters_nothing(
    desk: RunningDesk, changes: dict[str, str], told: str
) -> None:
    await desk.enter(Role.DISPATCHER)
    answer = await enter(desk, **changes)
    page = await answer.text()
    assert answer.status == 422 and told in page
    assert ('value="示例甲"' in page) == ("name" not in changes)
    assert await desk.count("unit_people") == 0


async def test_pasted_lines_are_entered_all_or_none(desk: RunningDesk) -> None:
    await desk.enter(Role.ADMIN)
    good = f"{UNIT}\t分管领导\t示例甲\t00000000\n{OTHER}\t专职人员\t示例乙\t00000001"
    answer = await post(desk, "/units", lines=f"{good}\n没有的局\t专职人员\t示例丙\t00000002")
    page = await answer.text()
    assert answer.status == 422 and "第3行" in page and "没有的局" in page and "示例甲" in page
    assert await desk.count("unit_people") == 0
    answer = await post(desk, "/units", lines=good)
    assert (answer.status, answer.headers["Location"]) == (303, "/units?done=2")
    assert await desk.count("unit_people") == 2
    assert (await post(desk, "/units", lines=" \n")).status == 422


async def test_somebody_taken_off_is_gone(desk: RunningDesk) -> None:
    await desk.enter(Role.DISPATCHER)
    await enter(desk)
    id = await desk.services.pool.fetchval("SELECT id FROM unit_people")
    assert (await post(desk, f"/units/1/people/{id}/remove")).status == 303
    assert await desk.count("unit_people") == 1, "the number of another unit's page takes nobody off"
    for _ in range(2):
        assert (await post(desk, f"/units/0/people/{id}/remove")).status == 303
    assert await desk.count("unit_people") == 0


async def test_a_unit_keeps_its_own_page_and_learns_nothing_of_others(desk: RunningDesk) -> None:
    await desk.enter(Role.UNIT)
    assert UNIT in await text_of(desk.browser, "/units")
    assert (await enter(desk)).status == 303
    assert NAME in await text_of(desk.browser, "/units/0")
    assert (await desk.browser.get("/units/1")).status == 404
    assert (await post(desk, "/units/1", role="chief", name=NAME, phone=PHONE)).status == 404
    assert (await post(desk, "/units", lines=f"{UNIT},分管领导,示例甲,00000000")).status == 403
    assert (await desk.browser.get("/units/99")).status == 404


def test_every_role_has_its_word() -> None:
    assert set(LABELS) == set(ROLES)
    words = [word for some in LABELS.values() for word in some]
    assert len(words) == len(set(words))
