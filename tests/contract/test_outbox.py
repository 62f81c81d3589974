"""What is owed is done once in effect, in order per lane, over failures and crashes."""

import asyncio
import base64
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from groundwork.audit import COMMAND, Audit
from groundwork.clock import clock_from
from groundwork.database import Pool, lock_number, open_pool
from groundwork.effects import NotGivenUpError, given_up, owe_again
from groundwork.outbox import LANE_POOL, LANES, Outbox, Owed, backlog, owe
from groundwork.settings import Settings
from groundwork.vault import Vault
from groundwork.worker import run_worker
from hotline.errors import HotlineError, StorageAwayError

CLOCK = clock_from(None)
VAULT = Vault.from_settings(
    replace(Settings(), secret_key="s" * 40, vault_keys="k1:" + base64.b64encode(b"k" * 32).decode())
)
AUDIT = Audit(VAULT, "gateway", clock=CLOCK)


class RefusedError(HotlineError):
    """Never to be tried again."""


class Carried:
    """Remembers what was carried; ``failures`` are raised first."""

    def __init__(self, *failures: Exception) -> None:
        self.done: list[str] = []
        self.failures = list(failures)

    async def __call__(self, kind: str, body: Mapping[str, Any]) -> None:
        if self.failures:
            raise self.failures.pop(0)
        self.done.append(f"{kind} {body['n']}")


@pytest.fixture
async def pool(migrated: str) -> AsyncIterator[Pool]:
    async with open_pool(migrated) as pool:
        await pool.execute("TRUNCATE effects, pgqueuer")
        yield pool


def owed(n: int, lane: str = "ticket:a") -> Owed:
    return Owed(key=f"message:{lane}:{n}", lane=lane, kind="event", body={"n": n})


async def put(pool: Pool, *many: Owed) -> None:
    async with pool.acquire() as connection, connection.transaction():
        await owe(connection, VAULT, many, clock=CLOCK)


async def test_a_lane_is_worked_off_in_order_and_only_once(pool: Pool) -> None:
    carried = Carried()
    outbox = Outbox(pool, VAULT, carried, clock=CLOCK)
    await put(pool, owed(1), owed(2))
    await put(pool, owed(2), owed(3))  # the same message settled again owes nothing new
    assert await outbox.work("ticket:a") is None
    assert await outbox.work("ticket:a") is None
    assert carried.done == ["event 1", "event 2", "event 3"]


async def test_nothing_is_owed_when_the_transaction_is_rolled_back(pool: Pool) -> None:
    async with pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await owe(connection, VAULT, [owed(1)], clock=CLOCK)
        await transaction.rollback()
    assert (await backlog(pool))["owed"] == 0
    assert await pool.fetchval("SELECT count(*) FROM pgqueuer") == 0


async def test_a_retryable_failure_waits_and_keeps_the_order(pool: Pool) -> None:
    carried = Carried(StorageAwayError("away"))
    outbox = Outbox(pool, VAULT, carried, clock=CLOCK)
    await put(pool, owed(1), owed(2))
    wait = await outbox.work("ticket:a")
    assert wait is not None and wait > timedelta(0) and carried.done == []
    later = Outbox(pool, VAULT, carried, clock=lambda: CLOCK() + timedelta(minutes=1))
    assert await later.work("ticket:a") is None
    assert carried.done == ["event 1", "event 2"]


async def test_a_final_failure_is_put_before_a_person_and_the_rest_goes_on(pool: Pool) -> None:
    carried = Carried(RefusedError("no"))
    await put(pool, owed(1), owed(2))
    assert await Outbox(pool, VAULT, carried, clock=CLOCK).work("ticket:a") is None
    assert carried.done == ["event 2"]
    assert await backlog(pool) == {"owed": 0, "late": 0, "gave_up": 1}


async def test_an_unknown_failure_is_tried_again(pool: Pool) -> None:
    carried = Carried(RuntimeError("what is this"))
    await put(pool, owed(1))
    assert await Outbox(pool, VAULT, carried, clock=CLOCK).work("ticket:a") is not None
    assert (await backlog(pool))["owed"] == 1


async def test_only_one_worker_is_in_a_lane(pool: Pool) -> None:
    await put(pool, owed(1))
    carried = Carried()
    async with pool.acquire() as other:
        await other.execute("SELECT pg_advisory_lock($1)", lock_number("lane:ticket:a"))
        wait = await Outbox(pool, VAULT, carried, clock=CLOCK).work("ticket:a")
        assert wait is not None and carried.done == []
        await other.execute("SELECT pg_advisory_unlock_all()")
    assert await Outbox(pool, VAULT, carried, clock=CLOCK).work("ticket:a") is None
    assert carried.done == ["event 1"]


async def test_what_is_owed_is_unreadable_in_the_database(pool: Pool) -> None:
    await put(pool, Owed(key="k", lane="ticket:a", kind="event", body={"n": "豌豆射手"}))
    row = await pool.fetchrow("SELECT * FROM effects")
    assert row is not None and "豌豆射手".encode() not in row["body"]


async def test_a_worker_carries_out_what_is_owed_before_and_after_it_starts(
    pool: Pool, migrated: str
) -> None:
    carried, stop = Carried(StorageAwayError("once")), asyncio.Event()
    await put(pool, *(owed(n, f"ticket:{n % 3}") for n in range(6)))
    worker = asyncio.create_task(run_worker(migrated, Outbox(pool, VAULT, carried, clock=CLOCK), stop))
    await put(pool, owed(6, "ticket:0"))
    async with asyncio.timeout(30):
        while len(carried.done) < 7:
            await asyncio.sleep(0.05)
    stop.set()
    await asyncio.wait_for(worker, 15)
    assert sorted(carried.done) == [f"event {n}" for n in range(7)]
    for lane in range(3):
        mine = [int(done.split()[1]) for done in carried.done if int(done.split()[1]) % 3 == lane]
        assert mine == sorted(mine)


class Hanging:
    """A receiver that never answers until it is told to."""

    def __init__(self) -> None:
        self.at_once, self.most, self.let_go = 0, 0, asyncio.Event()

    async def __call__(self, kind: str, body: Mapping[str, Any]) -> None:
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        await self.let_go.wait()
        self.at_once -= 1


async def until(true: Callable[[], object]) -> None:
    async with asyncio.timeout(30):
        while not true():
            await asyncio.sleep(0.02)


async def test_lanes_that_hang_leave_a_connection_for_the_sweep(pool: Pool, migrated: str) -> None:
    hanging, stop = Hanging(), asyncio.Event()
    await put(pool, *(owed(n, f"ticket:{n}") for n in range(3 * LANES)))
    async with open_pool(migrated, size=LANE_POOL) as lanes:
        outbox = Outbox(lanes, VAULT, hanging, clock=CLOCK)
        worker = asyncio.create_task(run_worker(migrated, outbox, stop))
        await until(lambda: hanging.at_once == LANES)
        await asyncio.wait_for(outbox.sweep(), 5)
        hanging.let_go.set()
        async with asyncio.timeout(30):
            while (await backlog(pool))["owed"]:
                await asyncio.sleep(0.05)
        stop.set()
        await asyncio.wait_for(worker, 15)
    assert hanging.most == LANES


async def test_a_sweep_wakes_each_lane_once_however_often_it_runs(pool: Pool) -> None:
    await put(pool, *(owed(n, f"ticket:{n}") for n in range(3)))
    await pool.execute("TRUNCATE pgqueuer")
    later = Outbox(pool, VAULT, Carried(), clock=lambda: CLOCK() + timedelta(minutes=1))
    assert [await later.sweep() for _ in range(4)] == [3, 0, 0, 0]
    lanes = await pool.fetch("SELECT payload FROM pgqueuer ORDER BY payload")
    assert [row["payload"] for row in lanes] == [b"ticket:0", b"ticket:1", b"ticket:2"]


async def test_what_is_owed_anew_wakes_its_lane_though_a_job_is_there(pool: Pool) -> None:
    """That job may be at work already and past the point where it would see what is new."""
    await put(pool, owed(1))
    later = Outbox(pool, VAULT, Carried(), clock=lambda: CLOCK() + timedelta(minutes=1))
    await later.sweep()
    before = await pool.fetchval("SELECT count(*) FROM pgqueuer")
    await put(pool, owed(2))
    assert await pool.fetchval("SELECT count(*) FROM pgqueuer") == before + 1


async def test_an_empty_sweep_wakes_nobody(pool: Pool) -> None:
    assert await Outbox(pool, VAULT, Carried(), clock=CLOCK).sweep() == 0
    assert await pool.fetchval("SELECT count(*) FROM pgqueuer") == 0


async def test_what_was_given_up_is_listed_without_its_contents_and_owed_again(pool: Pool) -> None:
    carried = Carried(RefusedError("no"), RefusedError("no"))
    await put(pool, owed(1, "ticket:a"), owed(2, "ticket:b"), owed(3, "ticket:c"))
    outbox = Outbox(pool, VAULT, carried, clock=CLOCK)
    for lane in "abc":
        assert await outbox.work(f"ticket:{lane}") is None
    await pool.execute("TRUNCATE pgqueuer")
    async with pool.acquire() as connection:
        listed = await given_up(connection)
        first, second = (row["id"] for row in listed)
        fields = {"kind": "event", "attempts": 1, "error": "RefusedError"}
        assert listed == [
            {"id": first, "lane": "ticket:a"} | fields,
            {"id": second, "lane": "ticket:b"} | fields,
        ]
        assert [row["id"] for row in await owe_again(connection, [second], audit=AUDIT, by=COMMAND)] == [
            second
        ]
        assert [row["id"] for row in await owe_again(connection, None, audit=AUDIT, by=COMMAND)] == [first]
        assert await given_up(connection) == []
    assert sorted(await woken(pool)) == ["ticket:a", "ticket:b"]
    for lane in "ab":
        assert await outbox.work(f"ticket:{lane}") is None
    assert carried.done == ["event 3", "event 1", "event 2"]


async def woken(pool: Pool) -> list[str]:
    return [row["payload"].decode() for row in await pool.fetch("SELECT payload FROM pgqueuer")]


async def test_only_what_was_given_up_can_be_owed_again(pool: Pool) -> None:
    await put(pool, owed(1))
    id = await pool.fetchval("SELECT id FROM effects")
    async with pool.acquire() as connection:
        for wrong in (id, id + 1):
            with pytest.raises(NotGivenUpError):
                await owe_again(connection, [wrong], audit=AUDIT, by=COMMAND)
        assert await owe_again(connection, None, audit=AUDIT, by=COMMAND) == []


def test_both_commands_speak_json_lines(migrated: str, tmp_path: Path) -> None:
    asyncio.run(one_given_up(migrated))
    for program, setting in (
        ("gateway", "HUYING_DATABASE_URL"),
        ("dispatch_desk", "HUYING_DESK_DATABASE_URL"),
    ):
        env = {"PATH": "", "HUYING_STATE_DIR": str(tmp_path), setting: migrated}
        said = run([program, "effects", "list"], env)
        row = json.loads(said.stdout)
        assert (said.returncode, row["lane"], row["error"]) == (0, "ticket:a", "RefusedError")
        assert run([program, "effects", "retry", "--id", "999999"], env).returncode == 1
    again = run([program, "effects", "retry", "--id", str(row["id"])], env)
    assert (again.returncode, json.loads(again.stdout)["id"]) == (0, row["id"])
    assert run([program, "effects", "list"], env).stdout == ""
    away = run(["gateway", "effects", "list"], {"PATH": "", "HUYING_STATE_DIR": str(tmp_path)})
    assert away.returncode == 1 and "is Huying running?" in away.stderr and "Traceback" not in away.stderr


async def one_given_up(url: str) -> None:
    async with open_pool(url) as pool:
        await pool.execute("TRUNCATE effects, pgqueuer")
        await put(pool, owed(1))
        await Outbox(pool, VAULT, Carried(RefusedError("no")), clock=CLOCK).work("ticket:a")


def run(arguments: list[str], env: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", *arguments]
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)
