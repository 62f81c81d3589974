"""Limits over a real Valkey: counted for all processes, and for this one alone while it is stopped or gone."""

import asyncio
import logging
import signal
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from gateway.figures import Figures
from gateway.limits import MOST_HERE, PAUSE, Limits
from gateway.localservers import StartedServer, Valkey
from gateway.sheets import LIFE, RedisSheets
from groundwork.limits import LIMITS
from tests.contract.test_files import VAULT

pytestmark = pytest.mark.enable_socket
NUMBER, ADDRESS = "progress.number", "progress.address"
MOST = LIMITS[NUMBER].times


@dataclass
class Now:
    """A clock that stands until it is moved."""

    at: float = 1_000.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def stopped(server: tuple[Valkey, StartedServer]) -> Iterator[StartedServer]:
    """The server, to be stopped by the test; it goes on afterwards."""
    yield server[1]
    server[1].process.send_signal(signal.SIGCONT)


def limits_on(redis: Redis, figures: Figures | None = None, now: Now | None = None) -> Limits:
    return Limits(redis, figures or Figures(), key=b"k" * 32, limits=LIMITS, on=True, now=now or Now())


async def test_what_one_process_counts_another_refuses(redis: Redis) -> None:
    first, second = limits_on(redis), limits_on(redis)
    left = [(await first.take((NUMBER, "a"))).left for _ in range(MOST)]
    assert left == list(range(MOST - 1, -1, -1))
    refused = await second.take((NUMBER, "a"))
    assert LIMITS[NUMBER].seconds - 60 < refused.wait <= LIMITS[NUMBER].seconds
    assert (await second.take((NUMBER, "b"))).wait == 0


async def test_a_burst_never_gets_more_than_there_is(
    redis: Redis, server: tuple[Valkey, StartedServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Looking and counting are one step, in Redis and without it."""
    monkeypatch.setattr("gateway.limits.ASK_WITHIN", 30.0)  # a busy machine is no server that is away
    async with Redis.from_url(server[0].url()) as patient:
        both = limits_on(patient), limits_on(patient)
        taken = await asyncio.gather(*(both[n % 2].take((NUMBER, "a")) for n in range(60)))
    assert sum(take.wait == 0 for take in taken) == MOST
    nowhere = limits_on(Redis.from_url("redis://127.0.0.1:1", retry=Retry(NoBackoff(), 0)))
    taken = await asyncio.gather(*(nowhere.take((NUMBER, "a")) for _ in range(60)))
    assert sum(take.wait == 0 for take in taken) == MOST


async def test_where_one_subject_is_used_up_nothing_is_counted_for_the_others(redis: Redis) -> None:
    limits = limits_on(redis)
    for _ in range(MOST):
        await limits.take((NUMBER, "a"))
    for _ in range(3):
        assert (await limits.take((ADDRESS, "1.2.3.4"), (NUMBER, "a"))).wait > 0
    assert (await limits.take((ADDRESS, "1.2.3.4"))).left == MOST - 1


async def test_what_is_given_back_was_never_counted(redis: Redis) -> None:
    limits = limits_on(redis)
    for _ in range(3 * MOST):
        taken = await limits.take((ADDRESS, "1.2.3.4"), (NUMBER, "a"))
        assert taken.wait == 0 and taken.left == MOST - 1
        await limits.give_back(taken)


async def test_the_window_slides(redis: Redis) -> None:
    """It opens again as each of the times becomes old, not all at once."""
    limits = limits_on(redis)
    first, second = [await limits.take((NUMBER, "a")) for _ in range(MOST)][:2]
    (key,) = await redis.keys("limit:*")
    span = LIMITS[NUMBER].seconds * 1000
    await redis.zincrby(key, -span, first.token)
    await redis.zincrby(key, 60_000 - span, second.token)
    assert (await limits.take((NUMBER, "a"))).left == 0
    assert 50 < (await limits.take((NUMBER, "a"))).wait <= 60


async def test_redis_holds_no_address_and_no_number_and_nothing_for_ever(redis: Redis) -> None:
    limits = limits_on(redis)
    await limits.take((ADDRESS, "203.0.113.7"), (NUMBER, "20260929ABCDEFGH0"), ("phone", "13800000000"))
    await limits.spare("webchat:s")
    keys = await redis.keys("*")
    assert len(keys) == 4
    for told in ("203.0.113", "ABCDEFGH", "1380000", "webchat"):
        assert not any(told in str(key) for key in keys)
    assert all([0 < await redis.ttl(key) <= 3600 for key in keys])


async def test_who_is_spared_is_not_counted_by_any_process(redis: Redis) -> None:
    first, second = limits_on(redis), limits_on(redis)
    for _ in range(MOST):
        await first.take((NUMBER, "a"))
    await first.spare("conversation")
    assert (await second.take((NUMBER, "a"), unless="conversation")).wait == 0
    assert (await second.take((NUMBER, "a"), unless="another")).wait > 0


async def test_where_nothing_is_counted_nothing_runs_out(redis: Redis) -> None:
    off = Limits(redis, Figures(), key=b"k" * 32, limits=LIMITS, on=False)
    for limits, subjects in ((limits_on(redis), ()), (off, ((NUMBER, "a"),))):
        for _ in range(2 * MOST):
            taken = await limits.take(*subjects)
            assert taken.wait == 0 and taken.left > MOST
            await limits.give_back(taken)
    assert await redis.keys("*") == []


async def test_a_stopped_server_is_told_once_holds_nobody_up_and_opens_no_door(
    redis: Redis, stopped: StartedServer, caplog: pytest.LogCaptureFixture
) -> None:
    figures, now = Figures(), Now()
    limits = limits_on(redis, figures, now)
    before = [await limits.take((NUMBER, "a")) for _ in range(4)]
    assert before[-1].left == MOST - 4
    with caplog.at_level(logging.WARNING, logger="gateway.limits"):
        stopped.process.send_signal(signal.SIGSTOP)
        async with asyncio.timeout(5):  # one question is waited for, not each
            for _ in range(MOST - 4):
                assert (await limits.take((NUMBER, "a"))).wait == 0
            await asyncio.gather(*(limits.take((ADDRESS, str(n))) for n in range(200)))
        assert (await limits.take((NUMBER, "a"))).wait > 0  # those before the outage count too
        assert (await limits.take((NUMBER, "b"))).wait == 0
        await limits.spare("conversation")
        assert (await limits.take((NUMBER, "a"), unless="conversation")).wait == 0
        assert [record.getMessage() for record in caplog.records] == ["limits.away"]
        assert figures.registry.get_sample_value("huying_limits_away_total") == MOST - 4 + 200 + 3
        stopped.process.send_signal(signal.SIGCONT)
        now.at += PAUSE
        assert (await limits.take((NUMBER, "c"))).wait == 0
        for _ in range(MOST + 1):
            assert (await limits.take((NUMBER, "c"), unless="conversation")).wait == 0
        assert [record.getMessage() for record in caplog.records] == ["limits.away", "limits.back"]


async def test_what_a_process_remembers_by_itself_has_an_end() -> None:
    now = Now()
    limits = limits_on(Redis.from_url("redis://127.0.0.1:1", retry=Retry(NoBackoff(), 0)), now=now)
    for n in range(MOST_HERE + 50):
        await limits.take((ADDRESS, str(n)))
    of_kind = limits._here._kinds["limit:" + ADDRESS]
    assert len(of_kind) == MOST_HERE
    now.at += LIMITS[ADDRESS].seconds + 1
    await limits.take((ADDRESS, "later"))
    assert len(of_kind) == 1


async def test_a_letter_on_its_way_lies_sealed_for_half_an_hour_and_is_not_kept_while_valkey_is_away(
    redis: Redis, stopped: StartedServer
) -> None:
    sheets, sheet = RedisSheets(redis, VAULT), {"values": {"body": "路灯坏了三天"}}
    assert await sheets.put("browser:letter", sheet) and await sheets.get("browser:letter") == sheet
    assert await sheets.get("other:letter") is None
    (name,) = [name async for name in redis.scan_iter("sheet:*")]
    assert b"letter" not in name and "路灯".encode() not in (await redis.get(name) or b"")
    assert 0 < await redis.ttl(name) <= LIFE
    stopped.process.send_signal(signal.SIGSTOP)
    assert not await sheets.put("browser:letter", sheet) and await sheets.get("browser:letter") is None
