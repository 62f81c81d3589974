"""Deliveries to a centre that fails in every way there is: once in effect, in order, by the schedule, on a fast clock."""

import asyncio
import json
import random
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from aiohttp import ClientTimeout, web
from standardwebhooks import Webhook

from dispatch_client import client as client_module
from dispatch_client.client import DispatchClient
from dispatch_client.guard import LOOPBACK, guarded_session
from gateway.__main__ import main
from gateway.link import KIND, LOOK_AGAIN, DispatchLink
from gateway.store.links import DOWN_AFTER, Links
from groundwork.audit import COMMAND, Audit
from groundwork.database import Pool, open_pool
from groundwork.effects import abandon, given_up, hasten, owe_again, waiting
from groundwork.outbox import Outbox, Owed, owe
from groundwork.settings import STANDARD_SCHEDULE, Settings, SettingsError, webhook_key
from tests.contract.test_outbox import VAULT
from tests.dispatch import GATEWAY, KEY, SECRET, SettableClock, a_number, a_ticket, filed

pytestmark = pytest.mark.enable_socket

OLDER = "whsec_b2xkZXJvbGRlcm9sZGVyb2xkZXJvbGRlcm9sZGVyb2w="
SECONDS = (0, 5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)


@dataclass
class Receiver:
    """A centre that answers each delivery as its script says, then well."""

    clock: SettableClock
    script: list[Any] = field(default_factory=list)
    always: Any = 202
    tries: list[tuple[str, datetime]] = field(default_factory=list)  #: id and moment of every delivery
    kept: list[tuple[str, int]] = field(default_factory=list)  #: ticket and sequence, as they took effect
    ids: set[str] = field(default_factory=set)
    secret: str = SECRET
    headers: list[str] = field(default_factory=list)
    let_go: asyncio.Event = field(default_factory=asyncio.Event)

    async def take(self, request: web.Request) -> web.Response:
        body = await request.read()
        Webhook(self.secret).verify(body, {name.lower(): value for name, value in request.headers.items()})
        self.headers.append(str(request.headers))
        event = json.loads(body)
        self.tries.append((event["id"], self.clock.now))
        how = self.script.pop(0) if self.script else self.always
        if how in (202, "cut", "kept then 500") and event["id"] not in self.ids:
            self.ids.add(event["id"])
            self.kept.append((event["subject"], int(event["sequence"])))
        if how == "cut" and request.transport is not None:
            request.transport.close()
        if how == "hang":
            await self.let_go.wait()
        status = how if isinstance(how, int) else 429 if str(how).startswith("wait ") else 500
        headers = {"Retry-After": str(how)[5:]} if status == 429 else {}
        return web.Response(status=status, headers=headers | {"Location": "http://127.0.0.1:1/"})


@dataclass
class Rig:
    """One worker's outbox over a real database, and the centre that it delivers to."""

    pool: Pool
    clock: SettableClock
    centre: Receiver
    link: DispatchLink
    links: Links
    outbox: Outbox
    audit: Audit

    async def owe(self, number: str, *sequences: int) -> None:
        event = filed(a_ticket(number))
        many = [
            Owed(key=f"{number}:{n}", lane=f"ticket:{number}", kind=KIND,
                 body={"id": f"{number}-{n}", "name": "filed" if n == 1 else "urged", "subject": number, "sequence": n,
                       "at": event.at.isoformat(), "data": dict(event.data)})
            for n in sequences
        ]  # fmt: skip
        async with self.pool.acquire() as connection, connection.transaction():
            await owe(connection, VAULT, many, clock=self.clock)

    async def work_off(self, number: str, *, most: int = 50) -> list[timedelta]:
        """Work the lane off as the workers do, waiting on the clock alone; return the waits."""
        waits = list[timedelta]()
        while (wait := await self.outbox.work(f"ticket:{number}")) is not None and len(waits) < most:
            waits.append(wait)
            self.clock.now += wait
        return waits

    async def figures(self) -> dict[str, int]:
        row = await self.pool.fetchrow(
            "SELECT count(*) FILTER (WHERE done_at IS NOT NULL) AS done,"
            " count(*) FILTER (WHERE gave_up_at IS NOT NULL) AS gave_up FROM effects"
        )
        return dict(row) if row else {}


@pytest.fixture
async def rig(migrated: str, aiohttp_server: Any, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Rig]:
    monkeypatch.setattr(client_module, "PATIENCE", ClientTimeout(total=0.3))
    clock = SettableClock()
    centre = Receiver(clock)
    app = web.Application()
    app.router.add_post("/api/events", centre.take)
    url = str((await aiohttp_server(app)).make_url("/")).rstrip("/")
    async with open_pool(migrated) as pool, guarded_session(LOOPBACK) as http:
        await pool.execute("TRUNCATE effects, pgqueuer")
        await pool.execute("DELETE FROM dispatch_link; INSERT INTO dispatch_link DEFAULT VALUES")
        audit = Audit(VAULT, "gateway", clock=clock)
        keys = (KEY, webhook_key(OLDER))
        client = DispatchClient(http, url, keys, lambda: datetime.now(UTC), GATEWAY)
        links = Links(pool, clock=clock)
        link = DispatchLink(client, links, audit, as_it_is, clock=clock)
        monkeypatch.setattr("gateway.link.KNOWN_FOR", 0.0)
        outbox = Outbox(pool, VAULT, lambda _, body: link.deliver(body), clock=clock, audit=audit,
                        schedules={KIND: STANDARD_SCHEDULE})  # fmt: skip
        yield Rig(pool, clock, centre, link, links, outbox, audit)
    centre.let_go.set()


async def as_it_is(data: Any) -> Any:
    return data


NUMBER = a_number("DDDDDDD1")


async def test_what_fails_is_tried_by_the_schedule_and_then_put_before_a_person(rig: Rig) -> None:
    rig.centre.always = 500
    await rig.owe(NUMBER, 1)
    began = rig.clock.now
    await rig.work_off(NUMBER)
    tried = [at - began for _, at in rig.centre.tries]
    gaps = [tried[0], *(later - earlier for earlier, later in pairwise(tried))]
    assert gaps == list(STANDARD_SCHEDULE) == [timedelta(seconds=each) for each in SECONDS]
    assert await rig.figures() == {"done": 0, "gave_up": 1}
    assert (await rig.links.state()).is_down(rig.clock.now)
    with pytest.raises(RuntimeError):
        await rig.link.check()  # /readyz says degraded
    rig.centre.always = 202
    async with rig.pool.acquire() as connection:
        await owe_again(connection, None, audit=rig.audit, by=COMMAND)
    await rig.work_off(NUMBER)
    assert rig.centre.kept == [(NUMBER, 1)] and not (await rig.links.state()).is_down(rig.clock.now)


@pytest.mark.parametrize(
    "how", [500, 503, 429, 408, 301, 302, 307, 401, 403, 404, "cut", "hang", "kept then 500"]
)
async def test_each_failure_is_repeated_and_takes_effect_once_and_in_order(rig: Rig, how: Any) -> None:
    rig.centre.script = [how, how, 202, how]
    await rig.owe(NUMBER, 1, 2, 3)
    await rig.work_off(NUMBER)
    assert rig.centre.kept == [(NUMBER, 1), (NUMBER, 2), (NUMBER, 3)]
    assert await rig.figures() == {"done": 3, "gave_up": 0}


async def test_a_centre_that_asks_for_time_gets_it_for_every_ticket_and_loses_no_try(rig: Rig) -> None:
    rig.centre.script = ["wait 90"] * 12
    other = a_number("DDDDDDD2")
    await rig.owe(NUMBER, 1)
    await rig.owe(other, 1)
    assert await rig.outbox.work(f"ticket:{NUMBER}") == timedelta(seconds=90)
    assert await rig.outbox.work(f"ticket:{other}") == timedelta(seconds=90) and len(rig.centre.tries) == 1
    waits = await rig.work_off(NUMBER)
    assert set(waits) == {timedelta(seconds=90)} and await rig.figures() == {"done": 1, "gave_up": 0}


async def test_410_switches_the_link_off_until_somebody_switches_it_on(rig: Rig) -> None:
    rig.centre.script = [410]
    await rig.owe(NUMBER, 1, 2)
    assert await rig.outbox.work(f"ticket:{NUMBER}") == LOOK_AGAIN
    rig.clock.now += LOOK_AGAIN
    assert await rig.outbox.work(f"ticket:{NUMBER}") == LOOK_AGAIN
    state = await rig.links.state()
    assert len(rig.centre.tries) == 1 and state.disabled_at is not None and state.is_down(rig.clock.now)
    assert await rig.links.enable(audit=rig.audit, by=COMMAND)
    assert not await rig.links.enable(audit=rig.audit, by=COMMAND)
    await rig.link.watch(rig.pool)  # what waits goes at once, not in an hour
    assert await rig.outbox.work(f"ticket:{NUMBER}") is None
    assert rig.centre.kept == [(NUMBER, 1), (NUMBER, 2)]
    actions = await rig.pool.fetch(
        "SELECT action FROM audit_log WHERE kind = 'link' ORDER BY sequence DESC LIMIT 2"
    )
    assert [row["action"] for row in actions] == ["dispatch.enabled", "dispatch.disabled"]


async def test_what_the_centre_never_takes_is_given_up_and_the_rest_goes_on(rig: Rig) -> None:
    rig.centre.script = [422]
    await rig.owe(NUMBER, 1, 2)
    await rig.work_off(NUMBER)
    assert rig.centre.kept == [(NUMBER, 2)] and await rig.figures() == {"done": 1, "gave_up": 1}


async def test_a_link_that_was_down_and_works_again_sends_everything_at_once(rig: Rig) -> None:
    rig.centre.script = [503, 503, 503]
    late = a_number("DDDDDDD3")
    await rig.owe(NUMBER, 1)
    await rig.outbox.work(f"ticket:{NUMBER}")
    rig.clock.now += timedelta(seconds=5)
    assert await rig.outbox.work(f"ticket:{NUMBER}") == timedelta(minutes=5)
    rig.clock.now += DOWN_AFTER
    await rig.link.watch(rig.pool)
    await rig.outbox.work(f"ticket:{NUMBER}")
    assert len(rig.centre.tries) == 2  # still down: the schedule holds
    rig.centre.script = []
    await rig.owe(late, 1)
    await rig.work_off(late)
    await rig.link.watch(rig.pool)
    assert await rig.outbox.work(f"ticket:{NUMBER}") is None and len(rig.centre.kept) == 2
    assert (await rig.links.state()).recovered_at is None


async def test_a_centre_that_nobody_served_gets_everything_as_soon_as_somebody_does(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, unused_tcp_port: int
) -> None:
    client = rig.link._client
    assert client is not None
    there = client._url
    monkeypatch.setattr(client, "_url", f"http://127.0.0.1:{unused_tcp_port}")
    await rig.owe(NUMBER, 1)
    assert await rig.outbox.work(f"ticket:{NUMBER}") == timedelta(seconds=5)
    rig.clock.now += timedelta(seconds=5)
    assert await rig.outbox.work(f"ticket:{NUMBER}") == timedelta(minutes=5)
    await rig.link.watch(rig.pool)
    assert await rig.outbox.work(f"ticket:{NUMBER}") == timedelta(minutes=5)
    monkeypatch.setattr(client, "_url", there)
    await rig.link.watch(rig.pool)
    assert await rig.outbox.work(f"ticket:{NUMBER}") is None and rig.centre.kept == [(NUMBER, 1)]


async def test_both_secrets_sign_while_they_are_changed_and_headers_name_nobody(rig: Rig) -> None:
    await rig.owe(NUMBER, 1)
    rig.centre.secret = OLDER
    await rig.work_off(NUMBER)
    other = a_number("DDDDDDD4")
    rig.centre.secret = SECRET
    await rig.owe(other, 1)
    await rig.work_off(other)
    assert len(rig.centre.kept) == 2
    contact = a_ticket().contact
    for text in (contact.name, contact.phone, a_ticket().title, NUMBER[:8] + "DD "):
        assert not any(text in headers for headers in rig.centre.headers)


async def test_an_internal_address_is_not_connected_to_unless_it_is_allowed(rig: Rig) -> None:
    client = rig.link._client
    assert client is not None
    async with guarded_session(()) as http:
        client._http = http
        await rig.owe(NUMBER, 1)
        assert await rig.outbox.work(f"ticket:{NUMBER}") == timedelta(seconds=5)
    assert rig.centre.tries == []
    assert await rig.pool.fetchval("SELECT last_error FROM effects") == "DispatchUnreachedError"


async def test_a_person_sees_what_fails_tries_it_now_or_gives_it_up(rig: Rig) -> None:
    rig.centre.script = [500, 500, 500]
    await rig.owe(NUMBER, 1, 2)
    await rig.outbox.work(f"ticket:{NUMBER}")
    async with rig.pool.acquire() as connection:
        (stuck,) = await waiting(connection)
        assert (stuck["error"], stuck["attempts"]) == ("DispatchBusyError", 1)
        await hasten(connection, [stuck["id"]], audit=rig.audit, by=COMMAND)
        assert (
            await rig.outbox.work(f"ticket:{NUMBER}") == timedelta(minutes=5) and len(rig.centre.tries) == 2
        )
        await abandon(connection, [stuck["id"]], audit=rig.audit, by=COMMAND)
        assert [row["id"] for row in await given_up(connection)] == [stuck["id"]]
    rig.centre.script = []
    await rig.work_off(NUMBER)
    assert rig.centre.kept == [(NUMBER, 2)]


async def test_workers_killed_at_any_moment_lose_nothing_and_double_nothing(rig: Rig) -> None:
    """A cancelled worker leaves as little behind as a killed one; ``tests/faults`` kills real processes."""
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    chance = random.Random(seed)
    numbers = [a_number(f"EEEEEEE{letter}") for letter in "123456"]
    failing: list[Any] = [
        500,
        "cut",
        "kept then 500",
        302,
    ] * 2  # fewer than the tries after which one is given up
    ways = [*failing, *["wait 3"] * 8, *[202] * 24]
    rig.centre.script = chance.sample(ways, k=len(ways))
    for number in numbers:
        await rig.owe(number, 1, 2, 3)
    lanes = {f"ticket:{number}" for number in numbers}
    tasks = dict[asyncio.Task[timedelta | None], str]()
    while lanes or tasks:
        for lane in lanes:
            tasks[asyncio.create_task(rig.outbox.work(lane))] = lane
        lanes = set()
        await asyncio.sleep(chance.random() / 200)
        for task in chance.sample([*tasks], k=len(tasks) // 3):
            task.cancel()
        for task, done in zip(tasks, await asyncio.gather(*tasks, return_exceptions=True), strict=True):
            if done is not None:
                lanes.add(tasks[task])
        tasks = {}
        rig.clock.now += timedelta(hours=1)
    assert (await rig.figures())["gave_up"] == 0
    for number in numbers:
        assert [sequence for subject, sequence in rig.centre.kept if subject == number] == [1, 2, 3], seed


def test_the_commands_tell_how_the_link_and_the_receipts_stand(
    migrated: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def become(statement: str) -> None:
        connection = await asyncpg.connect(migrated)
        await connection.execute(statement)
        await connection.close()

    for name, value in (("STATE_DIR", str(tmp_path)), ("DATABASE_URL", migrated), ("SECRET_KEY", "s" * 40)):
        monkeypatch.setenv(f"HUYING_{name}", value)
    asyncio.run(become("UPDATE dispatch_link SET disabled_at = now()"))
    assert main(["dispatch", "status"]) == 1 and '"down": true' in capsys.readouterr().out
    assert main(["dispatch", "enable"]) == 0 and '"disabled_at": null' in capsys.readouterr().out
    assert main(["dispatch", "enable"]) == 0 and "the link is on" in capsys.readouterr().err
    assert main(["receipts", "verify"]) == 0 and "0 entries" in capsys.readouterr().out


def test_schedules_of_an_installation_are_read_and_checked() -> None:
    read: Callable[[str], Any] = lambda raw: Settings.from_env({"HUYING_DISPATCH_SCHEDULE": raw})  # noqa: E731
    assert read("0s,1s,2m").dispatch_schedule == tuple(timedelta(seconds=each) for each in (0, 1, 120))
    for wrong in ("5", "1s", "0s,99h", "0s,soon"):
        with pytest.raises(SettingsError):
            read(wrong)
