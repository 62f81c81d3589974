"""The archive of the desk: put away month by month, instructed matters by the day of the instruction, files counted."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from dispatch_desk.store import steps
from groundwork.vault import Vault
from hotline.casework import Step, Taken
from staff.accounts import Role
from tests.dispatch import (
    FILED_AT,
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

FILES = [
    {
        "id": f"file-{n}",
        "name": f"{n}",
        "type": sort,
        "size": 9,
        "url": "http://gateway.example/f",
        "expires_at": "2026-11-21T00:00:00Z",
    }
    for n, sort in enumerate(("image/jpeg", "image/png", "audio/amr"))
]


@pytest.fixture
async def desk(opening: Opening) -> AsyncIterator[RunningDesk]:
    async with opening("kaifeng", role=None) as opened:
        yield opened


async def closed(desk: RunningDesk, letters: str, *before: tuple[Step, dict[str, str]]) -> str:
    """Put a closed case on record, with the steps ``before`` its reply; return its number."""
    number, pool = a_number(letters), desk.services.pool
    ticket = a_ticket(number, ticket_class="routine", attachments=tuple(str(file["id"]) for file in FILES))
    event = filed(ticket, id=f"e-{number}")
    event = replace(event, data={**event.data, "files": FILES})
    assert await post_event(desk.browser, event) < 300
    async with pool.acquire() as connection, connection.transaction():
        for step, data in (*before, (Step.REPLY, {}), (Step.CLOSE, {"basis": "同意报结"})):
            taken = Taken(step=step, at=FILED_AT + timedelta(days=1), by=1, data=data)
            await steps.insert(connection, Vault.from_settings(desk.settings), number, taken)
        await connection.execute("UPDATE cases SET state = 'closed' WHERE number = $1", number)
    return number


def instructed(leader: str, day: str) -> tuple[Step, dict[str, str]]:
    return Step.INSTRUCT, {"leader": leader, "given_on": day, "name": "李样例", "instruction": "速办"}


@pytest.mark.duty("KF-3-7")
async def test_a_months_run_puts_away_what_was_closed_and_numbers_what_leaders_instructed(
    desk: RunningDesk,
) -> None:
    plain = await closed(desk, "ARCHVAA2")
    first = await closed(desk, "ARCHVAA3", instructed("mayor", "2026-11-20"))
    second = await closed(desk, "ARCHVAA4", instructed("mayor", "2026-11-20"))
    other = await closed(desk, "ARCHVAA5", instructed("deputy_mayor", "2026-11-19"))
    unclosed = a_number("ARCHVAA7")
    assert await post_event(desk.browser, filed(a_ticket(unclosed, ticket_class="routine"))) < 300
    desk.clock.now = FILED_AT + timedelta(days=15)
    await desk.enter(Role.DISPATCHER)
    assert "等着归档的0件" in await text_of(desk.browser, "/archive?period=2026-10")
    page = await text_of(desk.browser, "/archive?period=2026-11")
    assert "等着归档的4件" in page and "三（七）1" in page and "图片2" in page and "录音1" in page
    for done in ("4", "0"):
        answer = await desk.browser.post(
            "/archive?period=2026-11", data={"form_token": await form_token(desk.browser, unclosed)},
            headers=origin(desk.browser), allow_redirects=False,
        )  # fmt: skip
        assert answer.headers["Location"] == f"/archive?period=2026-11&done={done}"
    page = await text_of(desk.browser, "/archive?period=2026-12")
    assert "这个月归档的4件" in page
    places = [page.index(text) for text in ("市长2026-11-20-01", "市长2026-11-20-02", "副市长2026-11-19-01")]
    assert len(places) == 3 and page.index(first) < places[0] < page.index(second) < places[1]
    assert other in page and plain in page


@pytest.mark.duty("KF-3-4")
async def test_the_report_of_a_matter_tells_what_was_done_and_names_no_petitioner(desk: RunningDesk) -> None:
    number = await closed(desk, "ARCHVAA6", (Step.PROGRESS, {"progress": "已经到工地查看"}))
    await desk.enter(Role.DISPATCHER)
    page = await text_of(desk.browser, f"/cases/{number}/report")
    assert "办理报告" in page and "已经到工地查看" in page and "签字" in page
    assert "样例" not in page.replace("示例", "") and "13800000000" not in page
