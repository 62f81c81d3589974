"""Leaders' call-in days: announced a week ahead where the text has them, shown on the first page, their calls noted."""

from dataclasses import replace
from datetime import date, time, timedelta
from pathlib import Path
from typing import Any

import pytest

from cities.loading import load_pack
from gateway.app import make_app
from gateway.bootstrap import open_services
from gateway.web.staff import PREFIX
from hotline.call_in import CallIn, call_in_rules, fault_of
from staff.accounts import Role
from staff.guard import DOOR
from staff.pages import StaffDoor
from tests.contract.test_dissuasions import settings_of
from tests.dispatch import PASSWORD, SettableClock
from tests.staffing import Visitor, jar

TODAY = date(2026, 11, 20)
DAY = {
    "day": "2026-11-27",
    "first": "09:00",
    "last": "11:00",
    "leader": "示例甲（示例职务）",
    "place": "示例大厅",
}


@pytest.mark.duty("PDS-6", "R-ALL-20")
@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({}, ""),
        ({"day": TODAY + timedelta(days=6)}, "late"),  # one week ahead
        ({"last": time(10, 59)}, "short"),  # two hours take the figure in
        ({"last": time(8)}, "short"),
        ({"leader": ""}, "leader"),
        ({"place": "示" * 61}, "place"),
    ],
)
def test_a_day_is_announced_a_week_ahead_and_lasts_two_hours(changes: dict[str, Any], wrong: str) -> None:
    rules = call_in_rules(load_pack("pingdingshan"))
    assert rules is not None and rules.law.article == "第六条"
    one = CallIn(
        day=TODAY + timedelta(days=7), first=time(9), last=time(11), leader="示例甲", place="示例大厅"
    )
    assert fault_of(rules, replace(one, **changes), today=TODAY) == wrong
    assert call_in_rules(load_pack("suqian")) is None


@pytest.mark.enable_socket
@pytest.mark.duty("PDS-6")
async def test_what_is_announced_stands_on_the_first_page_until_it_is_over(
    migrated: str, tmp_path: Path, aiohttp_client: Any
) -> None:
    async with open_services(settings_of("pingdingshan", migrated, tmp_path)) as opened:
        await opened.pool.execute("TRUNCATE call_ins, staff_accounts, staff_tries CASCADE")
        clock = SettableClock()
        client = await aiohttp_client(make_app(replace(opened, clock=clock)), cookie_jar=jar())
        door = client.app[DOOR]
        assert isinstance(door, StaffDoor)
        await door.accounts.add("anna", Role.DISPATCHER, PASSWORD)
        visitor = Visitor(client, at=PREFIX)
        await visitor.sign_in("anna", PASSWORD)
        await visitor.get("/ops/call-ins")
        assert (await visitor.post("/ops/call-ins", **DAY | {"day": "2026-11-26"}))[0] == 422
        assert (await visitor.post("/ops/call-ins", **DAY))[0] == 303
        assert (await visitor.post("/ops/call-ins", **DAY | {"leader": "示例乙"}))[0] == 303
        one, other = [row["id"] for row in await opened.pool.fetch("SELECT id FROM call_ins ORDER BY id")]
        assert (await visitor.post(f"/ops/call-ins/{other}/take-back"))[0] == 303
        first = await (await client.get("/")).text()
        assert "领导接线" in first and "示例甲" in first and "示例乙" not in first
        clock.now += timedelta(days=8)
        assert "领导接线" not in await (await client.get("/")).text()
        await visitor.sign_in("anna", PASSWORD)
        await visitor.get("/ops/call-ins")
        calls = {"calls": "12", "tickets": "20261127AAAAAAAA"}
        assert (await visitor.post(f"/ops/call-ins/{one}/calls", **calls))[0] == 422, "no such number"
        assert (await visitor.post(f"/ops/call-ins/{one}/calls", **calls | {"tickets": ""}))[0] == 303
        assert "12件" in (await visitor.get("/ops/call-ins"))[1]
