"""The desk's reports: figures from what stands in the clear, entries for a reason, a unit's own numbers alone."""

import io
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from openpyxl import load_workbook

from dispatch_desk.store import cases, facts, steps
from groundwork.vault import Vault
from hotline.casework import Step, Taken
from hotline.citation import Citation
from hotline.citypack import CityPack
from hotline.law import Figure, Item, Measure, Provision
from hotline.periods import Period
from staff.accounts import Role
from tests.dispatch import (
    FILED_AT,
    RULES,
    UNIT,
    Opening,
    RunningDesk,
    a_number,
    a_pack,
    a_ticket,
    filed,
    origin,
    post_event,
    text_of,
)

pytestmark = pytest.mark.enable_socket

PERIOD = Period.of("2026-11")
OTHER = "示例市交通局"
SCORES = "/reports/units/0?period=2026-11"


def scoring() -> CityPack:
    """Return the fictional city: 10 points for being on time, one off per percent below 95; 5 for each praise."""
    cite = Citation(instrument=RULES, article="第十六条")
    numbers = {"full": ("10", "points"), "threshold": ("95", "percent"), "points": ("-1", "points")}
    figures = tuple(
        Figure(name=name, value=Decimal(value), unit=unit) for name, (value, unit) in numbers.items()
    )
    praise = Item(
        id="praised",
        says="受到表扬的，每件加5分。",
        figures=(Figure(name="points", value=Decimal(5), unit="points"),),
    )
    return replace(
        a_pack(),
        measures=(Measure(id="on-time", label="按时办结率", counts="finished_in_time", over="due", citation=cite),),
        report_rules=(
            Provision(id="on-time-points", topic="score", says="按时办结率低于95%的扣分。", every="month", figures=figures, scored="per_percent_below", of="on-time", citation=cite),
            Provision(id="bonus", topic="bonus", says="加分。", every="month", items=(praise,), scored="per_item", citation=cite),
        ),
    )  # fmt: skip


@pytest.fixture
async def desk(opening: Opening) -> AsyncIterator[RunningDesk]:
    async with opening(scoring(), role=None) as opened:
        yield opened


async def taken(desk: RunningDesk, letters: str, unit: str = UNIT) -> str:
    """File a ticket whose answer is due a day later; return its number."""
    number = a_number(letters)
    ticket = a_ticket(number, lead_unit=unit)
    due = replace(ticket.due[0], what="finish", at=FILED_AT + timedelta(days=1))
    event = filed(replace(ticket, due=(due,)), id=f"e-{number}")
    assert await post_event(desk.browser, event) < 300
    return number


async def took(desk: RunningDesk, number: str, step: Step, hours: int, **data: str) -> None:
    one = Taken(step=step, at=FILED_AT + timedelta(hours=hours), unit=UNIT, data=data)
    async with desk.services.pool.acquire() as connection:
        await steps.insert(connection, Vault.from_settings(desk.settings), number, one)


async def post(desk: RunningDesk, path: str, **fields: str) -> Any:
    token = (await text_of(desk.browser, SCORES)).split('name="form_token" value="')[1].split('"')[0]
    return await desk.browser.post(
        path, data={"form_token": token} | fields, headers=origin(desk.browser), allow_redirects=False
    )


@pytest.mark.duty("PDS-26", "BD-38", "KF-A1")
async def test_a_month_shows_each_unit_with_numerator_and_denominator(desk: RunningDesk) -> None:
    first, second, other = [
        await taken(desk, "AAAAAAAA"),
        await taken(desk, "BBBBBBBB"),
        await taken(desk, "CCCCCCCC", OTHER),
    ]
    await took(desk, first, Step.REPLY, 3)
    await took(desk, second, Step.REPLY, 30)
    await took(desk, first, Step.RATE, 40, satisfaction="5", reason="谢谢王样例")
    desk.clock.now = FILED_AT + timedelta(days=3)
    await desk.enter(Role.DISPATCHER)
    page = await text_of(desk.browser, "/reports?period=2026-11")
    assert "受理3件，到期的3件按时办结1件" in page and "33.33%" in page and "1 ÷ 2" in page
    await desk.enter(Role.UNIT)
    own = await text_of(desk.browser, "/reports?period=2026-11")
    assert "受理2件" in own and OTHER not in own
    assert (await desk.browser.get("/reports/units/1")).status == 404
    assert (await desk.browser.get("/reports/ranking")).status == 403
    score = await text_of(desk.browser, SCORES)
    assert first in score and other not in score
    assert "1 ÷ 2 = 50.00%; 10 - 45 × 1 = 0" in score


async def test_nothing_in_words_stands_beside_the_figures(desk: RunningDesk) -> None:
    number = await taken(desk, "DDDDDDDD")
    await took(desk, number, Step.RATE, 4, satisfaction="2", reason="谢谢王样例")
    await took(desk, number, Step.FOLLOW_UP, 5, result="谢谢王样例")
    said = await desk.services.pool.fetch("SELECT said FROM case_steps ORDER BY id")
    assert [row["said"] for row in said] == [["satisfaction=2"], []]
    async with desk.services.pool.acquire() as connection:
        (found,) = await facts.of_period(connection, PERIOD)
        assert (found.number, found.unit, found.kind) == (number, UNIT, "complaint")
        assert await facts.of_period(connection, PERIOD, unit=OTHER) == []
        assert await facts.of_period(connection, Period.of("2026-10")) == []
        await connection.execute("DELETE FROM case_facts")
        assert await cases.write_facts(connection, Vault.from_settings(desk.settings)) == 1
        assert await facts.of_period(connection, PERIOD) == [found]


@pytest.mark.duty("KF-A3")
async def test_what_people_know_is_entered_for_a_reason_and_withdrawn(desk: RunningDesk) -> None:
    number = await taken(desk, "EEEEEEEE")
    await took(desk, number, Step.REPLY, 3)
    await desk.enter(Role.DISPATCHER)
    path = "/reports/units/0/entries?period=2026-11"
    for bad in ({"value": "x"}, {"reason": ""}, {"part": "on-time-points/"}):
        assert (
            await post(
                desk, path, **({"part": "bonus/praised", "value": "2", "reason": "市报第三版表扬"} | bad)
            )
        ).status == 422
    done = await post(desk, path, part="bonus/praised", value="2", reason="市报第三版表扬")
    assert done.status == 303
    page = await text_of(desk.browser, SCORES)
    assert "总分20" in page and "2 × 5 = 10" in page and "市报第三版表扬" in page
    assert await desk.count("report_entries", "encode(reason, 'escape') LIKE '%市报%'") == 0
    assert await desk.count("audit_log", "action = 'score.entered' AND why = 'bonus/praised'") == 1
    book = load_workbook(io.BytesIO(await (await desk.browser.get("/reports.xlsx?period=2026-11")).read()))
    figures, lines = book.worksheets
    assert [cell.value for cell in figures[3]][:2] == [UNIT, 1]
    assert ["2 × 5 = 10", 10] in [[row[3].value, row[4].value] for row in lines.rows]
    ranked = await text_of(desk.browser, "/reports/ranking?period=2026-11")
    assert UNIT in ranked and "待定" in ranked  # the other unit had nothing due
    id = await desk.services.pool.fetchval("SELECT id FROM report_entries")
    assert (await post(desk, f"/reports/units/0/entries/{id}/withdraw?period=2026-11")).status == 303
    assert "总分10" in await text_of(desk.browser, SCORES)
