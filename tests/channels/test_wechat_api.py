"""Our client of the platform against its double: tokens shared by all processes, codes told apart, files fetched."""

import asyncio
import signal
import sys
import traceback
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import pytest
from aiohttp import ClientSession, ClientTimeout
from redis.asyncio import Redis

from channels.base import NotNowError, PlatformBusyError, PlatformRefusedError, RefusedFileError
from channels.wechat import api
from channels.wechat.api import WeChatApi
from gateway.localservers import Valkey, start
from groundwork.settings import PROJECT
from hotline.errors import HotlineError
from tests.folders import server_folder
from tests.wechat.platform import RESET, SECRET, SLOW, File, Platform
from tests.wechat.senders import connected, sender

pytestmark = pytest.mark.enable_socket

OPENID, TEXT = "oia2TjuEGTNoeX76QEjQNrcURxG8", "路灯坏了"


@pytest.fixture(scope="module")
def valkey() -> Iterator[str]:
    with server_folder() as folder:
        server = Valkey(folder / "valkey")
        started = start(server)
        yield server.url()
        started.process.send_signal(signal.SIGTERM)
        started.process.wait()


@dataclass
class Rig:
    """A platform and two clients of it, as two processes have them."""

    platform: Platform
    base: str
    one: WeChatApi
    other: WeChatApi


@pytest.fixture
async def redis(valkey: str) -> AsyncIterator[Redis]:
    redis = connected(valkey)
    await redis.flushall()
    yield redis
    await redis.aclose()


@pytest.fixture
async def rig(redis: Redis) -> AsyncIterator[Rig]:
    platform = Platform()
    async with platform.serving() as base, ClientSession() as http:
        yield Rig(
            platform=platform, base=base, one=sender(http, redis, base), other=sender(http, redis, base)
        )


async def test_a_message_arrives_as_it_was_written(rig: Rig) -> None:
    await rig.one.send(OPENID, "第一行\n“引号”\\u")
    assert rig.platform.sent[0]["openid"] == OPENID
    assert "\\\\u" in rig.platform.sent[0]["content"], "the backslash of the text itself"
    await rig.one.send(OPENID, "第一行\n“引号”")
    assert rig.platform.sent[1]["content"] == "第一行\n“引号”"


async def test_all_clients_share_one_token(rig: Rig) -> None:
    for client in (rig.one, rig.other, rig.one):
        await client.send(OPENID, TEXT)
    assert rig.platform.asked == {"token": 1, "send": 3}


async def test_fifty_sends_at_once_with_a_spoilt_token_fetch_one(rig: Rig) -> None:
    await rig.one.send(OPENID, TEXT)
    rig.platform.spoil()
    rig.platform.token_takes = 0.3
    await asyncio.gather(*(client.send(OPENID, TEXT) for client in (rig.one, rig.other) for _ in range(25)))
    assert rig.platform.asked["token"] == 2 and len(rig.platform.sent) == 51


async def test_two_processes_with_a_spoilt_token_fetch_one(rig: Rig, valkey: str) -> None:
    await rig.one.send(OPENID, TEXT)
    rig.platform.spoil()
    rig.platform.token_takes = 0.3
    argv = [sys.executable, "-m", "tests.wechat.senders", rig.base, valkey, "25"]
    ones = [await asyncio.create_subprocess_exec(*argv, cwd=PROJECT) for _ in range(2)]
    try:
        async with asyncio.timeout(60):
            assert [await one.wait() for one in ones] == [0, 0]
    finally:
        for one in ones:
            if one.returncode is None:
                one.kill()
                await one.wait()
    assert rig.platform.asked["token"] == 2 and len(rig.platform.sent) == 51


@pytest.mark.parametrize("code", [40001, 40014, 42001])
async def test_a_token_that_is_refused_is_fetched_again_once(rig: Rig, code: int) -> None:
    await rig.one.send(OPENID, TEXT)
    rig.platform.faults["send"] = [code]
    await rig.one.send(OPENID, TEXT)
    assert rig.platform.asked["token"] == 2 and len(rig.platform.sent) == 2
    rig.platform.faults["send"] = [code, code]
    with pytest.raises(PlatformBusyError):
        await rig.one.send(OPENID, TEXT)
    assert rig.platform.asked["token"] == 3, "and not again and again"


async def test_a_token_is_renewed_before_its_time_is_over(rig: Rig, redis: Redis) -> None:
    await rig.one.send(OPENID, TEXT)
    (name,) = await redis.keys("cell:wechat-token:*")
    assert 0 < await redis.ttl(name) <= 7_200 - 300


async def test_without_redis_each_process_has_its_own_token(rig: Rig) -> None:
    away = Redis.from_url("redis://127.0.0.1:1", socket_connect_timeout=0.3)
    async with ClientSession() as http:
        alone = sender(http, away, rig.base)
        await asyncio.gather(*(alone.send(OPENID, TEXT) for _ in range(5)))
    await away.aclose()
    assert rig.platform.asked == {"token": 1, "send": 5}


@pytest.mark.parametrize(
    ("code", "error", "closed"),
    [
        (45015, NotNowError, True), (43004, NotNowError, True), (45047, NotNowError, False), (45009, PlatformBusyError, None),
        (-1, PlatformBusyError, None), (503, PlatformBusyError, None), (45002, PlatformRefusedError, None),
        (40003, PlatformRefusedError, None), (48001, PlatformRefusedError, None), (99999, PlatformRefusedError, None),
        (RESET, PlatformBusyError, None),
    ],
)  # fmt: skip
async def test_codes_are_told_apart(
    rig: Rig, code: int | str, error: type[HotlineError], closed: bool | None
) -> None:
    rig.platform.faults["send"] = [code]
    with pytest.raises(error) as raised:
        await rig.one.send(OPENID, TEXT)
    assert getattr(raised.value, "closed", None) == closed
    assert raised.value.retryable is (error is PlatformBusyError)
    assert rig.platform.asked["send"] == 1, "it is the outbox that tries again"


async def test_windows_and_counts_are_the_platform_s(rig: Rig) -> None:
    rig.platform.strict = True
    with pytest.raises(NotNowError) as raised:
        await rig.one.send(OPENID, TEXT)
    assert raised.value.closed
    rig.platform.wrote(OPENID)
    for _ in range(5):
        await rig.one.send(OPENID, TEXT)
    with pytest.raises(NotNowError) as raised:
        await rig.one.send(OPENID, TEXT)
    assert not raised.value.closed
    with pytest.raises(PlatformRefusedError):
        await rig.one.send(OPENID, "路" * 700)


async def test_a_platform_that_is_slow_or_away_is_busy(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "CALL", ClientTimeout(total=0.2))
    rig.platform.faults["token"] = [SLOW]
    with pytest.raises(PlatformBusyError):
        await rig.one.send(OPENID, TEXT)


async def test_a_wrong_secret_waits_until_somebody_mends_it(rig: Rig, redis: Redis) -> None:
    async with ClientSession() as http:
        with pytest.raises(PlatformBusyError):
            await sender(http, redis, rig.base, wechat_secret="wrong").send(OPENID, TEXT)
        with pytest.raises(NotNowError):
            await sender(http, redis, rig.base, wechat_secret="").send(OPENID, TEXT)


async def test_errors_and_logs_hold_no_token_no_secret_no_words(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", "channels")
    rig.platform.faults |= {"token": [RESET, RESET], "send": [RESET]}  # a GET is tried twice on the wire
    shown = []
    for _ in range(2):
        try:
            await rig.one.send(OPENID, TEXT)
        except HotlineError as error:
            told = traceback.format_exception(error)
            shown += [line for block in told for line in block.splitlines() if not line.startswith("    ")]
    shown += [f"{record.getMessage()} {record.__dict__}" for record in caplog.records]
    assert len(shown) > 4
    secrets = [TEXT, OPENID, SECRET, "access_token", *(token.value for token in rig.platform.tokens)]
    assert not any(secret in line for secret in secrets for line in shown)


# Files


async def fetched(client: WeChatApi, reference: str) -> bytes:
    return b"".join([chunk async for chunk in client.fetch(reference)])


async def test_a_picture_is_fetched(rig: Rig) -> None:
    data = b"\xff\xd8" + b"x" * 300_000
    rig.platform.files["m1"] = File(data=data, type="image/jpeg")
    assert await fetched(rig.one, "m1") == data


async def test_a_film_is_fetched_from_where_it_lies(rig: Rig) -> None:
    rig.platform.files["m1"] = File(data=b"film" * 1000, type="video/mp4", film=True)
    assert await fetched(rig.one, "m1") == b"film" * 1000


@pytest.mark.parametrize(
    "url", ["http://169.254.169.254/x", "http://localhost/x", "http://evilqq.com/x", "file:///x", ""]
)
async def test_a_film_that_lies_elsewhere_is_not_fetched(rig: Rig, url: str) -> None:
    with pytest.raises(PlatformRefusedError):
        _ = [chunk async for chunk in rig.one._film(url)]


async def test_a_file_that_is_gone_is_refused_for_good(rig: Rig) -> None:
    with pytest.raises(RefusedFileError) as raised:
        await fetched(rig.one, "m1")
    assert raised.value.why == "gone" and not raised.value.retryable


async def test_a_file_beyond_every_limit_is_not_taken_whole(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api, "LARGEST_FILE", 100_000)
    rig.platform.files["m1"] = File(data=b"x" * 200_000, type="image/jpeg")
    with pytest.raises(RefusedFileError) as raised:
        await fetched(rig.one, "m1")
    assert raised.value.why == "size"


async def test_a_spoilt_token_is_fetched_again_for_a_file_too(rig: Rig) -> None:
    rig.platform.files["m1"] = File(data=b"x", type="image/jpeg")
    await rig.one.send(OPENID, TEXT)
    rig.platform.spoil()
    assert await fetched(rig.one, "m1") == b"x"
    assert rig.platform.asked["token"] == 2


@pytest.mark.parametrize("fault", [RESET, -1, 502])
async def test_trouble_on_the_way_to_a_file_may_pass(rig: Rig, fault: int | str) -> None:
    rig.platform.faults["media"] = [fault, fault]  # a GET that is cut off is tried twice on the wire
    with pytest.raises(PlatformBusyError):
        await fetched(rig.one, "m1")
