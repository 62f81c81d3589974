"""Wrong query codes behind a proxy: one person's tries are not everybody's."""

from ipaddress import ip_network

import pytest
from aiohttp import web

from groundwork.addresses import PROXIES, Proxies
from tests.web.fake_app import CODE, NUMBER, FakeLimits
from tests.web.reading import Client


async def tried(client: Client, forwarded: str, number: str = NUMBER, code: str = "AAAAAA") -> int:
    body = {"number": number, "query_code": code}
    answer = await client.post("/api/progress", json=body, headers={"X-Forwarded-For": forwarded})
    return answer.status


@pytest.fixture
def trusting(app: web.Application) -> None:
    app[PROXIES] = Proxies((ip_network("127.0.0.0/8"),))


@pytest.mark.usefixtures("trusting")
async def test_behind_a_trusted_proxy_each_client_is_counted(client: Client, limits: FakeLimits) -> None:
    for n in range(10):
        assert await tried(client, f"198.51.100.{n}, 203.0.113.7", number=f"nonsense{n}") == 404
    assert await tried(client, "203.0.113.7", code=CODE) == 429
    assert await tried(client, "203.0.113.8", code=CODE) == 200
    assert set(limits.counts) == {("progress.address", "203.0.113.7")}


async def test_behind_a_proxy_nobody_told_us_of_only_numbers_are_counted(
    client: Client, limits: FakeLimits
) -> None:
    for _ in range(12):
        assert await tried(client, "203.0.113.7", number="nonsense") == 404
    assert not limits.counts
    assert await tried(client, "203.0.113.7") == 404
    assert set(limits.counts) == {("progress.number", NUMBER)}
    assert await tried(client, "203.0.113.7", code=CODE) == 200
