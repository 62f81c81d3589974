"""Limits over a real Valkey: counted for all processes, and for this one alone while it is stopped or gone."""

import logging
import signal
from collections.abc import Iterator

import pytest
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from gateway.figures import Figures
from gateway.limits import LIMITS, Limits
from gateway.localservers import StartedServer, Valkey, start
from tests.folders import server_folder

pytestmark = pytest.mark.enable_socket
KIND = "progress.number"


@pytest.fixture
def server() -> Iterator[tuple[Valkey, StartedServer]]:
    with server_folder() as folder:
        valkey = Valkey(folder / "valkey")
        running = start(valkey)
        yield valkey, running
        running.process.send_signal(signal.SIGCONT)
        running.kill()


def client_of(valkey: Valkey) -> Redis:
    return Redis.from_url(
        valkey.url(), socket_connect_timeout=0.1, socket_timeout=0.1, retry=Retry(NoBackoff(), 0)
    )


async def test_what_one_process_counts_another_refuses(server: tuple[Valkey, StartedServer]) -> None:
    async with client_of(server[0]) as one, client_of(server[0]) as other:
        first, second = Limits(one, Figures(), on=True), Limits(other, Figures(), on=True)
        left = [await first.failed(KIND, "a") for _ in range(LIMITS[KIND].times)]
        assert left == list(range(LIMITS[KIND].times - 1, -1, -1))
        assert 0 < await second.allowed(KIND, "a") <= LIMITS[KIND].seconds
        assert await second.allowed(KIND, "b") == 0


async def test_a_stopped_server_is_told_once_and_opens_no_door(
    server: tuple[Valkey, StartedServer], caplog: pytest.LogCaptureFixture
) -> None:
    valkey, running = server
    figures = Figures()
    async with client_of(valkey) as redis:
        limits = Limits(redis, figures, on=True)
        assert await limits.allowed(KIND, "a") == 0
        with caplog.at_level(logging.WARNING, logger="gateway.limits"):
            running.process.send_signal(signal.SIGSTOP)
            for _ in range(LIMITS[KIND].times):
                await limits.failed(KIND, "a")
            assert await limits.allowed(KIND, "a") > 0
            assert await limits.allowed(KIND, "b") == 0
            assert [record.getMessage() for record in caplog.records] == ["limits.away"]
            assert figures.registry.get_sample_value("huying_limits_away_total") == LIMITS[KIND].times + 2
            running.process.send_signal(signal.SIGCONT)
            await limits.allowed(KIND, "c")
            assert [record.getMessage() for record in caplog.records] == ["limits.away", "limits.back"]
