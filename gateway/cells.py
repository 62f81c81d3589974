"""A few values shared by all processes through Redis; while it is away each process has its own."""

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from redis.asyncio import Redis
from redis.exceptions import LockError, RedisError

log = logging.getLogger(__name__)

PREFIX = "cell:"
HELD_AT_MOST = 15.0  #: seconds; whoever died holding a name lets go after this long
_AWAY = (RedisError, OSError, TimeoutError)
_DROP = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0"


class RedisCells:
    """Fills the channels' port; nothing in it must survive."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._here: dict[str, tuple[str, float]] = {}
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def get(self, name: str) -> str | None:
        """Return the value, or ``None`` when it is not there or has expired."""
        try:
            value = await self._redis.get(PREFIX + name)
        except _AWAY:
            kept, until = self._here.get(name, ("", 0.0))
            return kept if until > time.monotonic() else None
        return value.decode() if isinstance(value, bytes) else value

    async def put(self, name: str, value: str, *, life: float) -> None:
        """Keep the value for ``life`` seconds."""
        self._here[name] = (value, time.monotonic() + life)
        try:
            await self._redis.set(PREFIX + name, value, px=max(int(life * 1000), 1))
        except _AWAY as error:
            log.warning("cells.away", extra={"error_type": type(error).__name__})

    async def drop(self, name: str, value: str) -> None:
        """Forget the value, if it is still this one."""
        if self._here.get(name, ("", 0.0))[0] == value:
            del self._here[name]
        try:
            await self._redis.eval(_DROP, 1, PREFIX + name, value)
        except _AWAY as error:
            log.warning("cells.away", extra={"error_type": type(error).__name__})

    @asynccontextmanager
    async def alone(self, name: str) -> AsyncIterator[None]:
        """Be the only one of all processes to do what ``name`` says, waiting for whoever is at it."""
        async with self._locks[name]:  # one of this process asks Redis, the others wait here
            lock = self._redis.lock(
                PREFIX + "lock:" + name, timeout=HELD_AT_MOST, blocking_timeout=HELD_AT_MOST
            )
            try:
                held = await lock.acquire()
            except _AWAY:
                held = False  # each process for itself
            try:
                yield
            finally:
                if held:
                    try:
                        await lock.release()
                    except (LockError, *_AWAY):
                        log.warning("cells.lock_lost")
