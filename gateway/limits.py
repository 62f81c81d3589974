"""Rate limits over Redis; while it is away each process counts for itself."""

import logging
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from redis.asyncio import Redis
from redis.exceptions import RedisError

from gateway.figures import Figures

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Limit:
    """So many times within so many seconds."""

    times: int
    seconds: int


LIMITS: Mapping[str, Limit] = {
    "progress.number": Limit(times=10, seconds=900),  # wrong tries for one ticket number (CONTRACT)
    "progress.address": Limit(times=10, seconds=900),  # wrong tries from one address (CONTRACT)
    "uploads.address": Limit(
        times=200, seconds=600
    ),  # files from one address; a whole office may sit behind it
}


class Limits:
    """Counts what somebody did; names are digests or addresses, never words."""

    def __init__(self, redis: Redis, figures: Figures, *, on: bool) -> None:
        self._redis, self._figures, self._on = redis, figures, on
        self._here: defaultdict[str, list[float]] = defaultdict(list)
        self._away = False

    async def allowed(self, kind: str, who: str) -> float:
        """Return 0 while ``who`` is within the limit, else the seconds until it opens again."""
        if not self._on:
            return 0.0
        limit, key = LIMITS[kind], f"limit:{kind}:{who}"
        try:
            async with self._redis.pipeline(transaction=False) as pipe:
                pipe.get(key)
                pipe.ttl(key)
                count, left = await pipe.execute()
        except (RedisError, OSError, TimeoutError):
            self._is_away()
            return self._wait_here(key, limit)
        self._is_back()
        return float(max(left, 1)) if int(count or 0) >= limit.times else 0.0

    async def failed(self, kind: str, who: str) -> int:
        """Count one more time and return how many are left."""
        if not self._on:
            return LIMITS[kind].times
        limit, key = LIMITS[kind], f"limit:{kind}:{who}"
        self._here[key].append(time.monotonic())  # also here, so that losing Redis opens no door
        self._tidy()
        try:
            async with self._redis.pipeline(transaction=True) as pipe:
                pipe.incr(key)
                pipe.expire(key, limit.seconds, nx=True)
                count, _ = await pipe.execute()
        except (RedisError, OSError, TimeoutError):
            self._is_away()
            count = len(self._here[key])
        else:
            self._is_back()
        return max(limit.times - int(count), 0)

    def _is_away(self) -> None:
        self._figures.limits_away()
        if not self._away:  # once for each outage; how often stands in the figures
            log.warning("limits.away")
        self._away = True

    def _is_back(self) -> None:
        if self._away:
            log.warning("limits.back")
        self._away = False

    def _wait_here(self, key: str, limit: Limit) -> float:
        now = time.monotonic()
        recent = [at for at in self._here.get(key, ()) if now - at < limit.seconds]
        return limit.seconds - (now - recent[0]) if len(recent) >= limit.times else 0.0

    def _tidy(self) -> None:
        if len(self._here) <= 10_000:
            return
        oldest = time.monotonic() - max(limit.seconds for limit in LIMITS.values())
        for key in [key for key, times in self._here.items() if times[-1] < oldest]:
            del self._here[key]
