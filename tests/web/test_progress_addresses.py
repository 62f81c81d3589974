"""Wrong query codes behind a proxy: one person's tries are not everybody's."""

import asyncio
from ipaddress import ip_network

import pytest
from aiohttp import web

from gateway.web.pages import proving
from groundwork.addresses import PROXIES, Proxies
from tests.web.fake_app import CODE, NUMBER, FakeLimits
from tests.web.reading import Client
from tests.web.test_progress_page import well_formed_stranger


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


@pytest.mark.usefixtures("trusting")
async def test_a_burst_of_guesses_gets_ten_and_never_an_eleventh(client: Client, limits: FakeLimits) -> None:
    """Also when the right pair is among those that come too late."""
    pairs = ["AAAAAA"] * 10 + [CODE] * 20
    statuses = await asyncio.gather(*(tried(client, "203.0.113.7", code=code) for code in pairs))
    assert statuses.count(404) == 10 and set(statuses[10:]) == {429}
    assert set(limits.counts.values()) == {10}


@pytest.mark.usefixtures("trusting")
async def test_an_office_of_people_who_know_their_codes_locks_nobody_out(
    client: Client, limits: FakeLimits
) -> None:
    statuses = await asyncio.gather(*(tried(client, "203.0.113.7", code=CODE) for _ in range(40)))
    assert set(statuses) == {200} and not limits.counts


async def test_wrong_pairs_are_told_more_and_more_slowly_whichever_half_is_wrong(
    client: Client, limits: FakeLimits, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []

    async def pause(seconds: float) -> None:
        waited.append(round(seconds, 3))

    monkeypatch.setattr(proving, "pause", pause)
    monkeypatch.setattr(proving, "SLOWER", 0.1)
    for number in (NUMBER, well_formed_stranger()):
        waited.clear()
        limits.counts.clear()
        for _ in range(10):
            assert await tried(client, "", number=number) == 404
        assert waited == [0.0] * 4 + [0.0, 0.1, 0.2, 0.3, 0.4, 0.5]
