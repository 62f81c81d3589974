"""Texts to whoever is on duty: a case or a warning, once, with the way straight to the case and nothing of the petitioner."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import urlsplit

import pytest
from aiohttp import ClientSession

from cities.loading import load_pack
from dispatch_desk.app import compose
from dispatch_desk.people import Person
from dispatch_desk.store import people, roster
from dispatch_desk.texting import KIND
from groundwork.database import open_pool
from groundwork.vault import Vault
from staff.accounts import Role
from tests.contract.test_desk_following import replied, under
from tests.dispatch import (
    CHEAP,
    PASSWORD,
    UNIT,
    RunningDesk,
    SettableClock,
    a_number,
    a_ticket,
    an_event,
    filed,
    post_event,
    settings_for,
    sign_in,
    text_of,
)
from tests.texts import SECRET, Platform

pytestmark = [pytest.mark.enable_socket, pytest.mark.duty("XA-2c")]

MOBILE, OTHER, DESK = "13800000000", "13900000000", "http://desk.example"
Opening: TypeAlias = Callable[..., AbstractAsyncContextManager[tuple[RunningDesk, Platform]]]


@pytest.fixture
async def opening(desk_url: str, tmp_path: Path, aiohttp_client: Any) -> AsyncIterator[Opening]:
    """Opens a desk under a city's law with a platform for texts beside it, connected or not."""
    async with open_pool(desk_url) as pool, ClientSession() as http:
        await pool.execute(
            "TRUNCATE cases, case_events, case_steps, due_warnings, events_received, effects, staff_tries, replies, unit_people,"
            " duty_roster"
        )

        @asynccontextmanager
        async def opened(city: str, *, connected: bool = True) -> AsyncIterator[tuple[RunningDesk, Platform]]:
            platform, clock = Platform(), SettableClock()
            async with platform.serving() as base:
                more = {"sms_url": base, "sms_secret": SECRET} if connected else {}
                settings = settings_for(desk_url, tmp_path, desk_url=DESK, **more)
                pack = under(city)
                pack = replace(pack, words={**load_pack(city).words, **pack.words})
                services = compose(settings, pack, pool, http, clock=clock, code_time=clock, hasher=CHEAP)
                browser = await aiohttp_client(services.app)
                yield (
                    RunningDesk(services=services, browser=browser, clock=clock, settings=settings),
                    platform,
                )

        yield opened


async def on_duty(desk: RunningDesk, *phones: str, days: int = 5) -> None:
    """Put people with those telephones on duty at ``UNIT`` from today on."""
    today, vault = desk.clock.now.date(), Vault.from_settings(desk.settings)
    async with desk.services.pool.acquire() as connection:
        entries = [
            Person(unit=UNIT, role="duty_officer", name=f"示例{n}", phone=phone)
            for n, phone in enumerate(phones)
        ]
        await people.put(connection, vault, entries, at=desk.clock.now)
        for row in await connection.fetch("SELECT id FROM unit_people"):
            await roster.enter(
                connection, row["id"], unit=UNIT, days=[today + timedelta(days=day) for day in range(days)]
            )


async def work(desk: RunningDesk) -> None:
    """Let a worker carry out the texts that are owed, as far as it can now."""
    rows = await desk.services.pool.fetch(
        "SELECT lane FROM effects WHERE kind = $1 AND done_at IS NULL AND gave_up_at IS NULL", KIND
    )
    for row in rows:
        await desk.services.outbox.work(row["lane"])


async def test_a_warning_goes_to_whoever_is_on_duty_once_and_leads_to_the_case(opening: Opening) -> None:
    async with opening("baoding") as (desk, platform):
        await on_duty(desk, "138 0000 0000", "0312-1234567", OTHER)
        ticket = a_ticket(a_number("TEXTSAAA"))
        assert await post_event(desk.browser, filed(ticket)) == 202
        desk.clock.now += timedelta(days=3)  # the last day for signing
        watching = desk.services.supervision
        assert (await watching.warn(), await watching.warn()) == (1, 0)
        for _ in range(2):
            await work(desk)
        assert sorted(to for to, _ in platform.sent) == [MOBILE, OTHER], "a landline takes no texts"
        assert len({text for _, text in platform.sent}) == 1
        text = platform.sent[0][1]
        assert "快到期" in text and f"{DESK}/cases/{ticket.number}" in text
        known = (ticket.contact.name, ticket.contact.phone, ticket.title, ticket.place, "示例0")
        assert not any(word and word in text for word in known)
        desk.clock.now += timedelta(days=1)
        assert await watching.warn() == 1
        await work(desk)
        assert len(platform.sent) == 4 and "已经过期" in platform.sent[-1][1]


async def test_the_link_leads_through_the_sign_in_straight_to_the_case(opening: Opening) -> None:
    async with opening("baoding") as (desk, platform):
        await on_duty(desk, MOBILE)
        ticket = a_ticket(a_number("TEXTSBBB"), urgent=True)
        await post_event(desk.browser, filed(ticket))
        await work(desk)
        ((_, text),) = platform.sent
        assert "特急" in text, "danger is told at once, in every city"
        path = urlsplit(text[text.index(DESK) :]).path
        answer = await desk.browser.get(path, allow_redirects=False)
        assert answer.status == 303 and answer.headers["Location"] == f"/sign-in?next={path}"
        account = await desk.staff(Role.UNIT)
        entered = await sign_in(desk.browser, account, PASSWORD, next=path)
        assert entered.headers["Location"] == path
        assert ticket.number in await text_of(desk.browser, path)


@pytest.mark.parametrize(("city", "told"), [("xian", 1), ("suqian", 0)])
async def test_each_case_is_told_by_text_where_the_city_s_text_has_staff_work_so(
    opening: Opening, city: str, told: int
) -> None:
    async with opening(city) as (desk, platform):
        await on_duty(desk, MOBILE)
        event = filed(a_ticket(a_number("TEXTSCCC")))
        for _ in range(2):
            await post_event(desk.browser, event)
            await work(desk)
        assert len(platform.sent) == told


async def test_a_busy_platform_is_tried_again_and_a_lost_answer_sends_nothing_twice(opening: Opening) -> None:
    async with opening("xian") as (desk, platform):
        await on_duty(desk, MOBILE)
        platform.faults = [503]
        await post_event(desk.browser, filed(a_ticket(a_number("TEXTSDDD"))))
        await work(desk)
        assert platform.sent == []
        platform.hangs_up = True  # sent, and nobody here learns of it
        for _ in range(3):
            desk.clock.now += timedelta(hours=1)
            await work(desk)
        assert len(platform.sent) == 1 and len(set(platform.ids)) == 1
        assert await desk.count("effects", "kind = $1 AND done_at IS NOT NULL", KIND) == 1


async def test_a_number_that_takes_no_texts_is_put_before_a_person(opening: Opening) -> None:
    async with opening("xian") as (desk, platform):
        await on_duty(desk, MOBILE, OTHER)
        platform.faults = [410]
        await post_event(desk.browser, filed(a_ticket(a_number("TEXTSEEE"))))
        await work(desk)
        assert len(platform.sent) == 1, "the other one is not held up"
        assert await desk.count("effects", "kind = $1 AND gave_up_at IS NOT NULL", KIND) == 1


@pytest.mark.duty("BD-26")
async def test_a_grade_that_came_by_text_stands_on_the_case_as_it_was_given(opening: Opening) -> None:
    async with opening("baoding") as (desk, _):
        await desk.enter(Role.DISPATCHER)
        number = await replied(desk, "TEXTSFFF", channel="sms")
        data = {"grade": 1, "reason": "", "at": desk.clock.now.isoformat()}
        assert await post_event(desk.browser, an_event("rated", data, number=number, sequence=2)) == 202
        page = await text_of(desk.browser, f"/cases/{number}")
        assert "很不满意" in page
        assert "发短信请他评价" in await text_of(desk.browser, "/calls")


async def test_without_a_platform_nobody_is_texted_and_the_pages_say_so(opening: Opening) -> None:
    async with opening("xian", connected=False) as (desk, platform):
        await on_duty(desk, MOBILE)
        await post_event(desk.browser, filed(a_ticket(a_number("TEXTSGGG"), urgent=True)))
        desk.clock.now += timedelta(days=3)
        await desk.services.supervision.warn()
        await work(desk)
        assert platform.sent == [] and await desk.count("effects", "kind = $1", KIND) == 0
        await desk.enter(Role.DISPATCHER)
        for path in ("/supervision", "/units/0"):
            assert "短信平台没有接通" in await text_of(desk.browser, path)
