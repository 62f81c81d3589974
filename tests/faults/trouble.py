"""Seeded trouble: who is killed or paused, when, and for how long."""

import asyncio
import itertools
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from random import Random
from typing import ClassVar

import asyncpg

from tests.faults.installation import Installation, Part
from tests.faults.moments import Counted, Pulse

GATEWAY = "a gateway"  #: whichever the seed says
#: Everything that may happen. A strike kills a gateway that keeps emergencies outside a database that is away; a hold
#: lets messages in but none be decided, until a gateway that acknowledged some of them is killed.
KINDS = (
    ("kill", "gateway-1"),
    ("kill", "gateway-2"),
    ("kill", "worker-1"),
    ("kill", "worker-2"),
    ("kill", "valkey"),
    ("kill", "postgres"),
    ("pause", "gateway-1"),
    ("pause", "gateway-2"),
    ("pause", "worker-1"),
    ("pause", "worker-2"),
    ("pause", "postgres"),
    ("kill", "platform"),
    ("pause", "platform"),
    # Nothing else makes many answers late, and late ones take the other way to a citizen.
    ("pause", "conversations"),
    ("pause", "conversations"),
    ("pause", "conversations"),
    ("strike", GATEWAY),
    ("hold", GATEWAY),
)
#: what each of them waits for; a gateway's messages, by and large
MOMENTS: Mapping[str, tuple[str, ...]] = {
    "worker-1": ("delivery", "answer"),
    "worker-2": ("delivery", "answer"),
    "platform": ("answer",),
}
LONGER: Mapping[str, float] = {"conversations": 4.4}  #: seconds at least, after which pushes are not answered
LASTS = {"kill": (0.2, 1.5), "pause": (1.0, 6.0), "strike": (0.0, 2.5), "hold": (4.5, 6.0)}
SPOOLS_WITHIN = 6.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Trouble:
    """One thing that goes wrong."""

    kind: tuple[str, str]
    at: int  #: after so many acknowledged messages
    what: str
    whom: str
    moment: str  #: while a message comes in, an event or an answer goes out, or at any time
    after: float  #: seconds after that moment
    lasts: float  #: seconds until it is started again, or goes on


def troubles(random: Random, *, messages: int, every: int) -> list[Trouble]:
    """Return one of each kind, then more, spread over ``messages`` with ``every`` so many between them."""
    count = max(messages // every, len(KINDS))
    kinds = list(itertools.islice(_rounds(random), count))
    step = messages / (count + 1)
    return [
        _trouble(random, kind, at=int(step * (index + random.uniform(0.3, 1.0))))
        for index, kind in enumerate(kinds)
    ]


def _rounds(random: Random) -> Iterator[tuple[str, str]]:
    while True:
        kinds = random.sample(KINDS, len(KINDS))
        # What a hold leaves behind is taken over after 30 s only: early, so that nobody has to wait for it.
        kinds.remove(("hold", GATEWAY))
        kinds.insert(random.randrange(3), ("hold", GATEWAY))
        yield from kinds


def _trouble(random: Random, kind: tuple[str, str], *, at: int) -> Trouble:
    what, whom = kind
    if whom == GATEWAY:
        whom = random.choice(("gateway-1", "gateway-2"))
    moment = random.choice(MOMENTS.get(whom, ("message",)))
    shortest, longest = LASTS[what]
    return Trouble(
        kind=kind,
        at=at,
        what=what,
        whom=whom,
        moment=moment if random.random() < 0.8 else "any",
        after=random.uniform(0, 0.03),
        lasts=random.uniform(LONGER.get(whom, shortest), longest),
    )


@dataclass(slots=True)
class Mischief:
    """Carries out a plan of troubles; they may overlap, but none befalls a part that is in one already."""

    installation: Installation
    plan: list[Trouble]
    acknowledged: Counted
    moments: Mapping[str, Pulse]
    made: Counter[str] = field(default_factory=Counter)
    times: list[tuple[float, float]] = field(default_factory=list)  #: from when to when something was wrong
    _in_trouble: set[str] = field(default_factory=set)

    async def run(self) -> None:
        """Make every trouble of the plan, and return when all of them are over."""
        async with asyncio.TaskGroup() as under_way:
            for trouble in self.plan:
                await self.acknowledged.reaches(trouble.at)
                under_way.create_task(self._make(trouble))

    async def _make(self, trouble: Trouble) -> None:
        struck = {trouble.whom} | (
            {"postgres", "conversations"} if trouble.what in ("strike", "hold") else set()
        )
        while struck & self._in_trouble:
            await asyncio.sleep(0.1)
        self._in_trouble |= struck
        if pulse := self.moments.get(trouble.moment):
            await pulse.next(within=3.0)
        await asyncio.sleep(trouble.after)
        began = time.time()
        try:
            await self._MAKERS[trouble.what](self, trouble)
        finally:
            self.times.append((began, time.time()))
            self._in_trouble -= struck
        self.made[" ".join(trouble.kind)] += 1

    async def _kill(self, trouble: Trouble) -> None:
        part = self._parts()[trouble.whom]
        part.kill()
        try:
            await asyncio.sleep(trouble.lasts)
        finally:
            part.start()

    async def _pause(self, trouble: Trouble) -> None:
        part = self._parts()[trouble.whom]
        part.pause()
        try:
            await asyncio.sleep(trouble.lasts)
        finally:
            part.resume()

    async def _strike(self, trouble: Trouble) -> None:
        self.installation.postgres.kill()
        try:
            await self._spooled(trouble.whom, within=SPOOLS_WITHIN)
            await asyncio.sleep(trouble.lasts)  # in which it may have begun to hand over what it keeps
            await self._kill(replace(trouble, lasts=0.2))
        finally:
            self.installation.postgres.start()

    async def _hold(self, trouble: Trouble) -> None:
        connection = await asyncpg.connect(self.installation.database_url, timeout=10)
        try:
            await connection.execute("BEGIN; LOCK TABLE conversations IN ACCESS EXCLUSIVE MODE")
            await asyncio.sleep(trouble.lasts)  # longer than a client waits for its replies
            self._parts()[trouble.whom].kill()
        finally:
            await connection.close(timeout=5)
            self._parts()[trouble.whom].start()

    _MAKERS: ClassVar[Mapping[str, Callable[["Mischief", Trouble], Awaitable[None]]]] = {
        "kill": _kill,
        "pause": _pause,
        "strike": _strike,
        "hold": _hold,
    }

    async def _spooled(self, gateway: str, *, within: float) -> None:
        """Wait until ``gateway`` keeps an emergency outside the database; it may be handing it over already."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within):
                while not any(path.startswith(f"{gateway}/") for path in self.installation.spooled()):
                    await asyncio.sleep(0.05)

    def _parts(self) -> dict[str, Part]:
        here = self.installation
        parts: tuple[Part, ...] = (
            *here.programs,
            here.postgres,
            here.valkey,
            here.platform,
            here.conversations,
        )
        return {part.name: part for part in parts}
