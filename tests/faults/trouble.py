"""Seeded trouble: who is killed or paused, when, and for how long."""

import asyncio
import itertools
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random

from tests.faults.installation import Installation, Part
from tests.faults.moments import Counted, Pulse

#: Everything that may happen; PostgreSQL is only paused (it is the record, and its own crashes are its own tests).
KINDS = (
    ("kill", "gateway-1"),
    ("kill", "gateway-2"),
    ("kill", "worker-1"),
    ("kill", "worker-2"),
    ("pause", "gateway-1"),
    ("pause", "gateway-2"),
    ("pause", "worker-1"),
    ("pause", "worker-2"),
    ("kill", "valkey"),
    ("pause", "postgres"),
    ("kill", "platform"),
    ("pause", "platform"),
    # Nothing else makes many answers late, and late ones take the other way to a citizen.
    ("pause", "conversations"),
    ("pause", "conversations"),
    ("pause", "conversations"),
)
#: what each of them waits for; a gateway's messages, by and large
MOMENTS: Mapping[str, tuple[str, ...]] = {
    "worker-1": ("delivery", "answer"),
    "worker-2": ("delivery", "answer"),
    "platform": ("answer",),
}
LONGER: Mapping[str, float] = {"conversations": 4.4}  #: seconds at least, after which pushes are not answered


@dataclass(frozen=True, kw_only=True, slots=True)
class Trouble:
    """One thing that goes wrong."""

    at: int  #: after so many acknowledged messages
    what: str
    whom: str
    moment: str  #: while a message comes in, an event or an answer goes out, or at any time
    after: float  #: seconds after that moment
    lasts: float  #: seconds until it is started again, or goes on


def troubles(random: Random, *, messages: int, every: int) -> list[Trouble]:
    """Return one of each kind, then more, spread over ``messages`` with ``every`` so many between them."""
    count = max(messages // every, len(KINDS))
    rounds = (random.sample(KINDS, len(KINDS)) for _ in itertools.count())
    kinds = itertools.islice(itertools.chain.from_iterable(rounds), count)
    step = messages / (count + 1)
    return [
        _trouble(random, what, whom, at=int(step * (index + random.uniform(0.3, 1.0))))
        for index, (what, whom) in enumerate(kinds)
    ]


def _trouble(random: Random, what: str, whom: str, *, at: int) -> Trouble:
    moment = random.choice(MOMENTS.get(whom, ("message",)))
    shortest = LONGER.get(whom, 1.0)
    return Trouble(
        at=at,
        what=what,
        whom=whom,
        moment=moment if random.random() < 0.8 else "any",
        after=random.uniform(0, 0.03),
        lasts=random.uniform(0.2, 1.5)
        if what == "kill"
        else random.uniform(shortest, max(6.0, shortest + 1.0)),
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
        while trouble.whom in self._in_trouble:
            await asyncio.sleep(0.1)
        self._in_trouble.add(trouble.whom)
        part = self._parts()[trouble.whom]
        if pulse := self.moments.get(trouble.moment):
            await pulse.next(within=3.0)
        await asyncio.sleep(trouble.after)
        began = time.time()
        try:
            if trouble.what == "kill":
                part.kill()
            else:
                part.pause()
            self.made[f"{trouble.what} {trouble.whom}"] += 1
            await asyncio.sleep(trouble.lasts)
        finally:
            if trouble.what == "kill":
                part.start()
            else:
                part.resume()
            self.times.append((began, time.time()))
            self._in_trouble.discard(trouble.whom)

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
