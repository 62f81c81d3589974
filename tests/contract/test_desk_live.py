"""Open lists hear of what concerns them, and of nothing else, for as long as somebody may see it."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from dispatch_desk import live
from dispatch_desk.live import News
from dispatch_desk.web import inbox
from staff.accounts import Role
from tests.dispatch import RunningDesk, a_number, a_ticket, filed, post_event

pytestmark = [pytest.mark.enable_socket, pytest.mark.duty("SQ-2-2")]
PATIENCE = 10.0


@pytest.fixture(autouse=True)
async def quick(desk: RunningDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "GATHER", 0.0)
    monkeypatch.setattr(live, "RETRY", 0.05)
    monkeypatch.setattr(inbox, "HEARTBEAT", 0.2)
    await desk.services.pool.execute(
        "TRUNCATE cases, case_events, case_steps, events_received, effects, staff_tries"
    )


async def file(desk: RunningDesk, letters: str, **changes: Any) -> str:
    number = a_number(letters)
    assert await post_event(desk.browser, filed(a_ticket(number, **changes))) == 202
    return number


async def news_of(answer: Any) -> AsyncIterator[News]:
    """Yield what a stream tells, until it ends."""
    name = ""
    while line := (await asyncio.wait_for(answer.content.readline(), PATIENCE)).decode():
        if line.startswith("event: "):
            name = line[7:].strip()
        if line.startswith("data: ") and name == "news":
            yield News(**json.loads(line[6:]))


async def test_a_unit_hears_of_its_cases_only_and_nothing_of_what_they_say(desk: RunningDesk) -> None:
    own = await file(desk, "MMMMMMM1")
    await desk.enter(Role.UNIT)
    async with desk.browser.get("/inbox/events?live=1") as answer:
        assert answer.content_type == "text/event-stream" and answer.headers["X-Accel-Buffering"] == "no"
        told = news_of(answer)
        assert await anext(told) == live.UNKNOWN  # whatever came before it listened
        await file(desk, "MMMMMMM2", lead_unit="示例市交通局", urgent=True)
        await file(desk, "MMMMMMM3", urgent=True)
        assert await anext(told) == News(new=1, alarms=1)
        await desk.services.pool.execute("UPDATE cases SET state = 'signed' WHERE number = $1", own)
        assert await anext(told) == News(changed=1)


async def test_a_stream_ends_with_its_session_and_outlives_the_connection_to_the_database(
    desk: RunningDesk,
) -> None:
    await desk.enter(Role.DISPATCHER)
    seen = "SELECT max(seen_at) FROM staff_sessions"
    async with desk.browser.get("/inbox/events?live=1") as answer:
        told = news_of(answer)
        assert await anext(told) == live.UNKNOWN
        gone = await desk.services.pool.fetchval(
            "SELECT bool_or(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE datname = current_database() AND application_name = $1",
            live.NAME,
        )
        assert gone and await anext(told) == live.UNKNOWN
        await file(desk, "MMMMMMM4")
        assert await anext(told) == News(new=1)
        before = await desk.services.pool.fetchval(seen)
        desk.clock.now += timedelta(minutes=30)
        await file(desk, "MMMMMMM5")
        assert await anext(told) == News(new=1)
        assert await desk.services.pool.fetchval(seen) == before  # a page that only listens is not used
        await desk.services.pool.execute("DELETE FROM staff_sessions")
        assert [one async for one in told] == []


async def test_what_a_slow_page_did_not_fetch_is_added_up() -> None:
    viewer = live.Viewer(None)
    for _ in range(1000):
        viewer.tell(News(new=1))
    viewer.tell(News(alarms=1))
    assert await viewer.next(1.0) == News(new=1000, alarms=1)
    assert await viewer.next(0.0) is None
