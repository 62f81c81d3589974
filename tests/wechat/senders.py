"""One process that sends many messages at once: ``python -m tests.wechat.senders BASE REDIS_URL COUNT``."""

import asyncio
import sys

from aiohttp import ClientSession
from redis.asyncio import Redis

from channels.base import SenderParts
from channels.wechat.api import WeChatApi
from cities.loading import load_pack
from gateway.cells import RedisCells
from tests.wechat.platform import APPID, SECRET


def sender(http: ClientSession, redis: Redis, base: str, **settings: str) -> WeChatApi:
    """Return a client of the platform as a worker has one."""
    told = {
        "wechat_appid": APPID,
        "wechat_secret": SECRET,
        "wechat_api_base": base,
        "public_url": "",
    } | settings
    say = load_pack("_example").say
    return WeChatApi(SenderParts(http=http, cells=RedisCells(redis), say=say, settings=told))


def connected(url: str) -> Redis:
    """Return a connection with the patience of a test on a busy machine."""
    return Redis.from_url(url, socket_connect_timeout=10, socket_timeout=10)


async def main(base: str, redis_url: str, count: int) -> None:
    """Send ``count`` messages at once, each to somebody else."""
    redis = connected(redis_url)
    try:
        async with ClientSession() as http:
            wechat = sender(http, redis, base)
            await asyncio.gather(*(wechat.send(f"o{number}", "好的。") for number in range(count)))
    finally:
        await redis.aclose()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
