"""Repeats: one person's are linked and urge, other people's are merged by a person alone, and all hear the result."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import FormData

from gateway.app import make_app
from gateway.bootstrap import Services, open_services
from gateway.store.corrections import corrections
from gateway.store.sealed import DATA
from gateway.web.staff import PREFIX
from groundwork.identities import open_record
from groundwork.outbox import PURPOSE
from hotline.events import Event
from staff.accounts import Role
from staff.guard import DOOR
from staff.pages import StaffDoor
from tests.dispatch import PASSWORD, SettableClock, settings_for
from tests.staffing import Visitor, jar

pytestmark = pytest.mark.enable_socket

TEXT = "示例东路中段的路灯坏了三天，晚上一片漆黑，老人不敢出门。"
LATER = "示例东路中段路灯坏了好几天，晚上一片漆黑，老人都不敢出门。"
PLACE = "示例东路中段"


@dataclass
class Bench:
    """The gateway and a dispatcher with a browser."""

    services: Services
    client: Any
    visitor: Visitor
    clock: SettableClock

    async def letter(self, body: str, **values: str) -> str:
        form = FormData(default_to_multipart=True)
        self.clock.now += timedelta(minutes=1)
        told = {
            "subject": "路灯",
            "body": body,
            "kind": "complaint",
            "place": PLACE,
            "name": "样例甲",
        } | values
        for name, value in told.items():
            form.add_field(name, value)
        key = f"{abs(hash((body, *values.values()))):020d}"
        answer = await self.client.post("/api/mailbox/letters", data=form, headers={"Idempotency-Key": key})
        assert answer.status == 201, await answer.text()
        return str((await answer.json())["number"])

    async def pairs(self) -> list[tuple[str, str, bool, bool | None]]:
        while await self.services.repeats.look():
            pass
        rows = await self.services.pool.fetch("SELECT number, main, same_person, merged FROM repeats")
        return [tuple(row) for row in rows]

    async def timeline(self, number: str) -> list[tuple[str, dict[str, Any]]]:
        rows = await self.services.pool.fetch(
            "SELECT name, data FROM ticket_events WHERE number = $1 ORDER BY id", number
        )
        vault = self.services.vault
        return [
            (row["name"], dict(open_record(vault, row["data"], purpose=DATA, known=True))) for row in rows
        ]

    async def owed(self, number: str) -> list[str]:
        rows = await self.services.pool.fetch(
            "SELECT body FROM effects WHERE lane = $1 ORDER BY id", f"ticket:{number}"
        )
        return [
            open_record(self.services.vault, row["body"], purpose=PURPOSE, known=True)["name"] for row in rows
        ]

    async def decide(self, number: str, main: str, merged: str) -> str:
        await self.visitor.get("/ops/repeats")
        status, where = await self.visitor.post("/ops/repeats", number=number, main=main, merged=merged)
        assert status == 303
        return where.partition("done=")[2]


@pytest.fixture
async def bench(migrated: str, tmp_path: Path, aiohttp_client: Any) -> AsyncIterator[Bench]:
    settings = replace(
        settings_for("", tmp_path), database_url=migrated, public_url="http://127.0.0.1:8080",
        files_dir=tmp_path / "files", redis_url=f"unix://{tmp_path}/no-redis", rate_limits=False,
    )  # fmt: skip
    async with open_services(settings) as opened:
        await opened.pool.execute(
            "TRUNCATE messages, conversations, tickets, letters, staff_accounts, staff_tries, effects CASCADE"
        )
        clock = SettableClock()
        services = replace(opened, clock=clock)
        client = await aiohttp_client(make_app(services), cookie_jar=jar())
        visitor = Visitor(client, at=PREFIX)
        door = client.app[DOOR]
        assert isinstance(door, StaffDoor)
        await door.accounts.add("anna", Role.DISPATCHER, PASSWORD)
        await visitor.sign_in("anna", PASSWORD)
        await visitor.get("/ops/repeats")
        yield Bench(services, client, visitor, clock)


async def test_one_persons_repeat_is_linked_and_urges_the_first(bench: Bench) -> None:
    first = await bench.letter(TEXT, phone="13800000001")
    again = await bench.letter(LATER, phone="138-0000-0001")
    assert await bench.pairs() == [(again, first, True, None)]
    assert [name for name, _ in await bench.timeline(first)] == ["urged"]
    assert await bench.owed(first) == ["filed", "urged"] and await bench.owed(again) == ["filed"]
    assert await bench.pairs() == [(again, first, True, None)]  # looked at once
    status, page = await bench.visitor.get("/ops/repeats")
    assert status == 200 and again not in page


@pytest.mark.duty("ALL-3")
async def test_other_peoples_repeats_wait_for_a_person_and_all_hear_the_result(bench: Bench) -> None:
    first = await bench.letter(TEXT, phone="13800000001")
    later = await bench.letter(LATER, phone="13800000002", name="样例乙")
    assert await bench.pairs() == [(later, first, False, None)]
    assert await bench.timeline(first) == [] == await bench.timeline(later)  # nothing by itself
    status, page = await bench.visitor.get("/ops/repeats")
    assert (
        status == 200 and all(one in page for one in (first, later)) and not re.search(r"1380000000\d", page)
    )
    assert await bench.decide(later, first, "yes") == "merged"
    assert await bench.decide(later, first, "yes") == "gone"
    assert await bench.owed(first) == ["filed", "supplemented"] == await bench.owed(later)
    said = Event(
        id="e1", source="urn:desk", name="replied", subject=first, sequence=1, at=bench.services.clock(),
        data={"text": "样例甲您好，13800000001，路灯已经修好。", "unit": "示例市城市管理局"},
    )  # fmt: skip
    assert [await bench.services.tickets.take(said) for _ in range(2)] == [True, False]
    (_, own), (name, heard) = await bench.timeline(later)
    assert own == {"main": first} and name == "replied" and heard["unit"] == "示例市城市管理局"
    assert "路灯已经修好" in heard["text"] and "13800000001" not in heard["text"]
    states = await bench.services.pool.fetch("SELECT state FROM tickets")
    assert {row["state"] for row in states} == {"replied"}
    log = await bench.services.pool.fetch("SELECT subject, why FROM audit_log WHERE action = 'repeat.merged'")
    assert [tuple(row) for row in log][-1:] == [(later, first)]


async def test_a_merge_can_be_undone_and_each_goes_on_by_itself(bench: Bench) -> None:
    first = await bench.letter(TEXT, phone="13800000001")
    later = await bench.letter(LATER, phone="13800000002", name="样例乙")
    await bench.pairs()
    await bench.decide(later, first, "yes")
    for sequence, (subject, name) in enumerate([(later, "signed"), (first, "progressed")], start=1):
        said = Event(id=f"e{sequence}", source="urn:desk", name=name, subject=subject, sequence=sequence,
                     at=bench.services.clock(), data={"text": "正在修。", "unit": "示例市城市管理局"})  # fmt: skip
        await bench.services.tickets.take(said)
    _, page = await bench.visitor.get("/ops/repeats")
    assert "撤销合并" in page
    for done in ("parted", "gone"):
        _, where = await bench.visitor.post("/ops/repeats/undo", number=later, main=first)
        assert where.endswith(f"done={done}")
    assert await bench.owed(later) == ["filed", "supplemented", "supplemented"] == await bench.owed(first)
    states = await bench.services.pool.fetch("SELECT number, state FROM tickets")
    assert dict(map(tuple, states)) == {first: "progressed", later: "signed"}
    closed = Event(
        id="e9",
        source="urn:desk",
        name="closed",
        subject=first,
        sequence=3,
        at=bench.services.clock(),
        data={},
    )
    await bench.services.tickets.take(closed)
    assert "closed" not in [name for name, _ in await bench.timeline(later)]
    assert (await bench.timeline(later))[-1] == ("parted", {"main": first})
    assert (
        await bench.services.pool.fetchval("SELECT count(*) FROM audit_log WHERE action = 'repeat.parted'")
        == 1
    )


async def test_what_is_kept_apart_is_not_proposed_again(bench: Bench) -> None:
    first = await bench.letter(TEXT, phone="13800000001")
    later = await bench.letter(LATER, phone="13800000002")
    await bench.pairs()
    assert await bench.decide(later, first, "no") == "apart"
    assert await bench.pairs() == [(later, first, False, False)]
    assert await bench.owed(later) == ["filed"]
    _, page = await bench.visitor.get("/ops/repeats")
    assert later not in page


async def test_what_a_dispatcher_corrected_is_learnt_next_time(bench: Bench) -> None:
    number, secret = (
        await bench.letter(TEXT + "电话13800000001"),
        await bench.letter(TEXT, confidential="true"),
    )
    for sequence, (subject, unit) in enumerate(
        ((number, "市住建局"), (number, "市城管局"), (secret, "市城管局"))
    ):
        said = Event(id=f"r{sequence}", source="urn:desk", name="reassigned", subject=subject, sequence=sequence + 1,
                     at=bench.services.clock() + timedelta(minutes=sequence), data={"unit": unit})  # fmt: skip
        await bench.services.tickets.take(said)
    services = bench.services
    (found,) = await corrections(services.pool, services.vault, services.pack)
    assert found.unit == "示例市城市管理局" and "路灯坏了" in found.text and "13800000001" not in found.text


async def test_a_confidential_ticket_is_nobodys_repeat(bench: Bench) -> None:
    await bench.letter(TEXT, phone="13800000001")
    await bench.letter(LATER, phone="13800000002", confidential="true")
    await bench.letter(TEXT + "。", phone="13800000001", confidential="true")
    assert await bench.pairs() == []
