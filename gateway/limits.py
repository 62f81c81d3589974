"""Limits counted in Redis for all processes; while it is away each process counts for itself."""

import asyncio
import hashlib
import hmac
import logging
import secrets
import time
from collections import OrderedDict, defaultdict, deque
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar

from redis.asyncio import Redis
from redis.exceptions import RedisError

from bots.breaker import Breaker
from gateway.figures import Figures
from groundwork.limits import Limit, Subject, Take

log = logging.getLogger(__name__)

T = TypeVar("T")

ASK_WITHIN = 0.25  #: seconds that a citizen's answer waits for Redis
PAUSE = 2.0  #: seconds for which a Redis that did not answer is asked nothing
SPARED_FOR = 1800  #: seconds; a conversation in which danger was heard is not limited so long
UNCOUNTED = 1_000_000  #: what is left where nothing is counted
MOST_HERE = 10_000  #: of one kind that this process counts in its memory; the least recent are forgotten

#: Looks at every subject and counts for all of them or for none, in one step: two requests at once cannot both
#: take the last time that is left. KEYS: a mark that spares, then a sorted set of moments for each subject.
#: ARGV: a name for this time, then times and milliseconds for each subject. Returns what to wait, and what is left.
TAKE = """
if redis.call('EXISTS', KEYS[1]) == 1 then return {0, tonumber(ARGV[2]) or 0} end
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local wait, left = 0, math.huge
for i = 2, #KEYS do
  local times, span = tonumber(ARGV[2 * i - 2]), tonumber(ARGV[2 * i - 1])
  redis.call('ZREMRANGEBYSCORE', KEYS[i], '-inf', now - span)
  local free = times - redis.call('ZCARD', KEYS[i])
  left = math.min(left, free - 1)
  if free <= 0 then
    local opens = redis.call('ZRANGE', KEYS[i], -times, -times, 'WITHSCORES')
    wait = math.max(wait, opens[2] + span - now)
  end
end
if wait > 0 then return {wait, 0} end
for i = 2, #KEYS do
  redis.call('ZADD', KEYS[i], now, ARGV[1])
  redis.call('PEXPIRE', KEYS[i], ARGV[2 * i - 1])
end
return {0, left}
"""


class Limits:
    """Counts what somebody did. Neither Redis nor memory holds a name, an address or a number, only keyed digests."""

    def __init__(
        self,
        redis: Redis,
        figures: Figures,
        *,
        key: bytes,
        limits: Mapping[str, Limit],
        on: bool,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._redis, self._figures, self._on, self._key, self._now = redis, figures, on, key, now
        self._limits = limits
        self._script = redis.register_script(TAKE)
        self._here = _Here(now)
        self._breaker = Breaker(patience=1, pause=PAUSE, clock=now)
        self._away = False

    async def take(self, *subjects: Subject, unless: str = "") -> Take:
        """Count one time for each of ``subjects`` if every one of them has one left, else for none.

        Who is spared as ``unless`` is not counted. Never raises and never waits long: without Redis this process's
        own count decides.
        """
        if not (self._on and subjects):
            return Take(wait=0.0, left=UNCOUNTED)
        token, spared = secrets.token_hex(6), self._name("spared", unless)
        if self._here.spares(spared):  # also where Redis was away when the danger was heard
            return Take(wait=0.0, left=UNCOUNTED)
        counted = [(self._name(kind, who), self._limits[kind]) for kind, who in subjects]
        told: list[str | int] = [token]
        for _, limit in counted:
            told += [limit.times, limit.seconds * 1000]
        keys = [spared, *(name for name, _ in counted)]
        answer = await self._asked(lambda: self._script(keys=keys, args=told))
        if answer is None:
            wait, left = self._here.take(counted, token)
        else:
            wait, left = answer[0] / 1000, int(answer[1])
            if wait == 0:
                self._here.note(counted, token)  # also here, so that losing Redis opens no door
        return Take(wait=float(wait), left=left, subjects=subjects if wait == 0 else (), token=token)

    async def give_back(self, taken: Take) -> None:
        """Take back what ``taken`` counted: it was nothing to be counted."""
        names = [self._name(kind, who) for kind, who in taken.subjects]
        self._here.give_back(names, taken.token)

        async def forget() -> list[object]:
            async with self._redis.pipeline(transaction=False) as pipe:
                for name in names:
                    pipe.zrem(name, taken.token)
                return list(await pipe.execute())

        if self._on and names:
            await self._asked(forget)

    async def spare(self, who: str) -> None:
        """Count nothing for ``who`` for half an hour."""
        name = self._name("spared", who)
        self._here.spare(name)
        if self._on:
            await self._asked(lambda: self._redis.set(name, 1, ex=SPARED_FOR))

    def _name(self, kind: str, who: str) -> str:
        digest = hmac.new(self._key, f"{kind}:{who}".encode("utf-8", "replace"), hashlib.sha256).hexdigest()
        return f"limit:{kind}:{digest[:32]}"

    async def _asked(self, ask: Callable[[], Awaitable[T]]) -> T | None:
        """Return what Redis answers, or ``None`` while it is away."""
        if self._breaker.lets_through():
            try:
                async with asyncio.timeout(ASK_WITHIN):
                    answer = await ask()
            except (RedisError, OSError, TimeoutError):
                self._breaker.failed()
            else:
                self._breaker.succeeded()
                if self._away:
                    log.warning("limits.back")
                self._away = False
                return answer
        self._figures.limits_away()
        if not self._away:  # once for each outage; how often stands in the figures
            log.warning("limits.away")
        self._away = True
        return None


class _Here:
    """The same counts in memory."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._kinds: defaultdict[str, OrderedDict[str, deque[tuple[float, str]]]] = defaultdict(OrderedDict)
        self._spared: OrderedDict[str, float] = OrderedDict()

    def take(self, counted: list[tuple[str, Limit]], token: str) -> tuple[float, int]:
        """Count one time for each or for none, and return what to wait and what is left."""
        now = self._now()
        moments = [(self._moments(name, limit, now), limit) for name, limit in counted]
        waits = [
            each[-limit.times][0] + limit.seconds - now for each, limit in moments if len(each) >= limit.times
        ]
        if waits:
            return max(waits), 0
        self.note(counted, token)
        return 0.0, min(limit.times - len(each) for each, limit in moments)

    def note(self, counted: list[tuple[str, Limit]], token: str) -> None:
        """Count one time for each, keeping no more than matter."""
        now = self._now()
        for name, limit in counted:
            moments = self._moments(name, limit, now)
            moments.append((now, token))
            if len(moments) > limit.times:
                moments.popleft()

    def give_back(self, names: list[str], token: str) -> None:
        """Forget what ``token`` counted."""
        for name in names:
            of_kind = self._kinds[_kind_of(name)]
            if name in of_kind:
                of_kind[name] = deque(entry for entry in of_kind[name] if entry[1] != token)

    def spare(self, name: str) -> None:
        """Count nothing for the mark ``name``."""
        self._spared[name] = self._now() + SPARED_FOR
        self._spared.move_to_end(name)
        if len(self._spared) > MOST_HERE:
            self._spared.popitem(last=False)

    def spares(self, name: str) -> bool:
        """Tell whether nothing is counted for the mark ``name``."""
        return self._spared.get(name, 0.0) > self._now()

    def _moments(self, name: str, limit: Limit, now: float) -> deque[tuple[float, str]]:
        of_kind, oldest = self._kinds[_kind_of(name)], now - limit.seconds
        moments = of_kind.setdefault(name, deque())
        of_kind.move_to_end(name)
        while len(of_kind) > 1:  # whoever did nothing for long stands first, and is forgotten
            first = next(iter(of_kind))
            stale = not of_kind[first] or of_kind[first][-1][0] <= oldest
            if not (stale or len(of_kind) > MOST_HERE):
                break
            del of_kind[first]
        while moments and moments[0][0] <= oldest:
            moments.popleft()
        return moments


def _kind_of(name: str) -> str:
    return name.rpartition(":")[0]
