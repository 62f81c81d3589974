"""Two people together see who stands behind a confidential ticket; one alone does not, and both are on record."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from aiohttp import FormData

from gateway.app import make_app
from gateway.bootstrap import Services, open_services
from gateway.web.staff import PREFIX
from groundwork.identities import open_record
from groundwork.outbox import PURPOSE
from staff.accounts import Role
from staff.guard import DOOR
from staff.pages import StaffDoor
from tests.dispatch import PASSWORD, SettableClock, settings_for
from tests.staffing import Visitor, jar

pytestmark = pytest.mark.enable_socket

WHO = {"name": "样例甲", "phone": "13800000001", "email": "a@example.org"}
TEXT = "我叫样例甲，电话13800000001。举报示例局某科长收钱办事。"


@dataclass
class Bench:
    """The gateway, two dispatchers with a browser each, and one confidential ticket."""

    services: Services
    clock: SettableClock
    first: Visitor
    second: Visitor
    number: str
    token: str

    async def log(self) -> list[tuple[str, str, str]]:
        """Return what the audit log says of people: action, reason, who."""
        rows = await self.services.pool.fetch(
            "SELECT l.action, l.why, a.name FROM audit_log l JOIN staff_accounts a ON a.id = l.account_id"
            " WHERE l.action LIKE 'unsealing.%' OR l.action LIKE 'person.%' ORDER BY sequence"
        )
        return [tuple(row) for row in rows]

    async def id(self) -> int:
        return int(await self.services.pool.fetchval("SELECT max(id) FROM unsealings"))

    async def ask(self, **form: str) -> tuple[int, str]:
        return await self.first.post("/ops/sealed", **({"number": self.number, "why": "contact"} | form))


async def a_letter(client: Any, key: str, **values: str) -> str:
    form = FormData(default_to_multipart=True)
    for name, value in ({"subject": "举报", "body": TEXT} | WHO | values).items():
        form.add_field(name, value)
    answer = await client.post(
        "/api/mailbox/letters", data=form, headers={"Idempotency-Key": f"{key}-000000"}
    )
    assert answer.status == 201
    return str((await answer.json())["number"])


@pytest.fixture
async def bench(migrated: str, tmp_path: Path, aiohttp_client: Any) -> AsyncIterator[Bench]:
    settings = replace(
        settings_for("", tmp_path), database_url=migrated, public_url="http://127.0.0.1:8080",
        files_dir=tmp_path / "files", redis_url=f"unix://{tmp_path}/no-redis", rate_limits=False,
    )  # fmt: skip
    clock = SettableClock()
    async with open_services(settings) as opened:
        await opened.pool.execute(
            "TRUNCATE messages, conversations, tickets, letters, staff_accounts, staff_tries, effects CASCADE"
        )
        services = replace(opened, clock=clock)
        client = await aiohttp_client(make_app(services), cookie_jar=jar())
        number = await a_letter(client, "one", confidential="true")
        sealed = await opened.pool.fetchval("SELECT body FROM effects WHERE kind = 'event'")
        event = open_record(opened.vault, sealed, purpose=PURPOSE, known=True)
        assert event["data"]["contact"]["confidential"] and WHO["phone"] not in str(event)
        assert "0001。" not in str(event)  # nor the end of it
        visitors = [Visitor(client, at=PREFIX)]
        visitors.append(Visitor(await aiohttp_client(client.server, cookie_jar=jar()), at=PREFIX))
        door = client.app[DOOR]
        assert isinstance(door, StaffDoor)
        for visitor, name in zip(visitors, ("anna", "berta"), strict=True):
            await door.accounts.add(name, Role.DISPATCHER, PASSWORD)
            assert await visitor.sign_in(name, PASSWORD) == (303, "/ops/callbacks")
            await visitor.get("/ops/sealed")
        yield Bench(services, clock, visitors[0], visitors[1], number, event["data"]["contact"]["token"])


@pytest.mark.duty("KF-3-1d")
async def test_two_people_see_the_person_and_both_are_in_the_log(bench: Bench) -> None:
    assert await bench.ask(number=bench.token) == (303, "/ops/sealed?done=asked")
    id = await bench.id()
    status, page = await bench.first.post(f"/ops/sealed/{id}/look")
    assert status == 422 and WHO["phone"] not in page
    assert (await bench.second.post(f"/ops/sealed/{id}/decide", granted="yes"))[0] == 303
    for visitor in (bench.second, bench.first):
        status, page = await visitor.post(f"/ops/sealed/{id}/look")
        shown = all(value in page for value in WHO.values()) and "某科长收钱" in page
        assert (status, shown) == ((200, True) if visitor is bench.first else (422, False))
    assert await bench.log() == [
        ("unsealing.asked", "contact", "anna"),
        ("unsealing.granted", "contact", "berta"),
        ("person.seen", "contact", "anna"),
    ]


@pytest.mark.duty("KF-3-1d")
async def test_one_alone_is_refused_and_the_attempt_is_in_the_log(bench: Bench) -> None:
    await bench.ask()
    id = await bench.id()
    status, page = await bench.first.post(f"/ops/sealed/{id}/decide", granted="yes")
    assert status == 422 and "另一位同事" in page
    assert (await bench.first.post(f"/ops/sealed/{id}/look"))[0] == 422
    assert await bench.log() == [("unsealing.asked", "contact", "anna"), ("unsealing.refused", "own", "anna")]
    with pytest.raises(asyncpg.CheckViolationError):  # nor by the database alone
        await bench.services.pool.execute(
            "UPDATE unsealings SET decided_by = asked_by, decided_at = now(), granted = true"
        )
    assert (await bench.second.post(f"/ops/sealed/{id}/decide", granted="no"))[0] == 303
    assert (await bench.first.post(f"/ops/sealed/{id}/look"))[0] == 422
    assert (await bench.second.post(f"/ops/sealed/{id}/decide", granted="yes"))[0] == 422


async def test_what_is_added_later_goes_without_the_person_and_is_kept_whole(bench: Bench) -> None:
    pool, vault = bench.services.pool, bench.services.vault
    sealed = await pool.fetchval("SELECT query_code FROM tickets WHERE number = $1", bench.number)
    code = vault.open(sealed, purpose="tickets.query_code").decode()
    body = {"id": "added", "query_code": code, "text": "我叫样例甲，改打13800000002"}
    answer = await bench.first.client.post(f"/api/tickets/{bench.number}/supplements", json=body)
    assert answer.status in (200, 201, 202), await answer.text()
    await bench.services.intake.close()
    owed = await pool.fetchval("SELECT body FROM effects WHERE kind = 'event' ORDER BY id DESC LIMIT 1")
    told = open_record(vault, owed, purpose=PURPOSE, known=True)
    assert told["name"] == "supplemented" and "13800000002" not in str(told) and "样例甲" not in str(told)
    data = await pool.fetchval("SELECT data FROM ticket_events WHERE number = $1", bench.number)
    kept = open_record(vault, data, purpose="ticket_events.data", known=True)
    assert kept["text"] == "我叫样例甲，改打13800000002"


async def test_a_request_and_what_was_granted_run_out(bench: Bench) -> None:
    await bench.ask()
    assert (await bench.ask())[0] == 422  # once at a time
    bench.clock.now += timedelta(hours=24)
    for visitor, name in ((bench.first, "anna"), (bench.second, "berta")):
        assert (await visitor.sign_in(name, PASSWORD))[0] == 303
        await visitor.get("/ops/sealed")
    assert (await bench.second.post(f"/ops/sealed/{await bench.id()}/decide", granted="yes"))[0] == 422
    await bench.ask()
    id = await bench.id()
    await bench.second.post(f"/ops/sealed/{id}/decide", granted="yes")
    bench.clock.now += timedelta(minutes=30)
    status, page = await bench.first.post(f"/ops/sealed/{id}/look")
    assert status == 422 and WHO["name"] not in page
    assert "person.seen" not in str(await bench.log())


async def test_what_is_not_kept_back_cannot_be_unsealed(bench: Bench) -> None:
    plain = await a_letter(bench.first.client, "two")
    for number in (plain, "20261126ABCDEFGHJ", "", "x" * 400):
        assert (await bench.ask(number=number))[0] == 422
    assert (await bench.ask(why="curious"))[0] == 422
    assert await bench.log() == []


async def test_tickets_are_found_by_a_number_and_confidential_ones_are_not(bench: Bench) -> None:
    plain = await a_letter(bench.first.client, "three")
    for kind, value in {"phone": "138 0000 0001", "name": "样例甲", "email": "A@example.org"}.items():
        status, page = await bench.first.post("/ops/people", kind=kind, value=value)
        assert status == 200 and plain in page and bench.number not in page and WHO["phone"] not in page
    status, page = await bench.first.post("/ops/people", kind="phone", value="13900000009")
    assert status == 200 and "没有这个电话的工单" in page
    for wrong in ({"kind": "phone", "value": "12"}, {"kind": "id_number", "value": "1"}, {"kind": "name"}):
        assert (await bench.first.post("/ops/people", **wrong))[0] == 422
    rows = await bench.services.pool.fetch(
        "SELECT subject, why FROM audit_log WHERE action = 'person.sought'"
    )
    assert len(rows) == 4 and "13800000001" not in str([tuple(row) for row in rows])
