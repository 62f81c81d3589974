"""Citizens that behave as clients do: they send the same id again until it is settled, or leave, or cannot wait."""

import asyncio
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random
from typing import Any

from aiohttp import ClientError, ClientSession, ClientTimeout

from tests.faults.lines import TRY_AGAIN, Line, Outcome, WeChat
from tests.faults.moments import Counted, Pulse
from tests.faults.platform import Journal
from tests.faults.record import Record
from tests.faults.stories import Step, Story
from tests.wechat.pusher import GIVES_UP_AFTER, TRIES

HABITS = {"waits": 50, "hurries": 20, "leaves": 15, "doubles": 15}
FASTER = 0.2  #: of the platform's wait between two tries
PATIENCE = 12.0  #: seconds for an answer on WeChat, before they write on
LATEST = 8.0  #: seconds; nobody is paused for longer


@dataclass(slots=True)
class Said:
    """One message as its citizen remembers it."""

    step: Step
    id: str
    told: Outcome | None = None  #: the first outcome that was settled
    given_up: list[str] = field(default_factory=list)  #: ids under which it was not acknowledged before


@dataclass(slots=True)
class Surroundings:
    """What all citizens share."""

    gateways: Sequence[str]
    record: Record
    journal: Journal
    platform: str  #: address of WeChat's platform
    acknowledged: Counted = field(default_factory=Counted)
    message: Pulse = field(default_factory=Pulse)  #: beats when a message sets out
    http: ClientSession = field(kw_only=True)
    began: float = field(default_factory=time.monotonic)
    outcomes: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


class Citizen:
    """Tells one story over one line."""

    def __init__(
        self, name: str, story: Story, line: Line, around: Surroundings, random: Random, *, pause: float
    ) -> None:
        self.name, self.story, self.line = name, story, line
        self.said = [Said(step=step, id=f"{name}-{n}") for n, step in enumerate(story.steps)]
        habit = random.choices([*HABITS], weights=[*HABITS.values()])[0]
        self.habit = "leaves" if story.leaves else habit
        self._around, self._random, self._pause = around, random, pause

    async def tell(self) -> None:
        """Say everything, one message after the other."""
        while not await self.line.open(self._gateway()):
            await asyncio.sleep(0.3)
        for said in self.said:
            await asyncio.sleep(self._random.uniform(0, 2 * self._pause))
            await self._until_heard(said, last=said is self.said[-1])

    async def _until_heard(self, said: Said, *, last: bool) -> None:
        """Send ``said`` until the citizen is content."""
        known = False
        while True:
            outcome = await self._attempt(said)
            if outcome.acknowledged and not known:
                known = True
                await self._around.acknowledged.grow()
            if self._is_content(said, outcome, last=last):
                return
            await asyncio.sleep(self._random.uniform(0.1, 0.6))

    def _is_content(self, said: Said, outcome: Outcome, *, last: bool) -> bool:
        if outcome.settled:
            return True
        if not outcome.acknowledged:
            return False
        if last and self.habit == "leaves":
            return True
        # Nobody goes on before an emergency is on record: until then the next words stand alone.
        return self.habit == "hurries" and "emergency" not in said.step.kinds

    async def _attempt(self, said: Said) -> Outcome:
        twice = self.habit == "doubles"
        first, *more = await asyncio.gather(*(self.ask(said, gateway) for gateway in self._ways(twice=twice)))
        return max((first, *more), key=lambda outcome: (outcome.settled, outcome.acknowledged))

    async def ask(self, said: Said, gateway: str, *, patience: float = 0.0) -> Outcome:
        """Send ``said`` once and compare what comes with what came before."""
        self._around.message.beat()
        patience = patience or self._random.uniform(0.5, 6.0)
        outcome = await self.line.say(said.step, said.id, gateway, patience=patience)
        self._around.outcomes[str(outcome.status or "none")] += 1
        if not outcome.acknowledged and outcome.status not in TRY_AGAIN:
            self._around.wrong.append(f"{self._about(said)}: answered with {outcome.status}")
        if outcome.settled:
            self._compare(said, outcome)
        return outcome

    def _compare(self, said: Said, outcome: Outcome) -> None:
        if said.told is None:
            said.told = outcome
            if outcome.kinds and outcome.kinds != said.step.kinds:
                wanted = "+".join(said.step.kinds)
                self._around.wrong.append(
                    f"{self._about(said)}: {'+'.join(outcome.kinds)} instead of {wanted}"
                )
        elif outcome.replies != said.told.replies:
            self._around.wrong.append(f"{self._about(said)}: other replies when asked again")
        elif outcome.number != said.told.number:
            self._around.wrong.append(f"{self._about(said)}: another number when asked again")

    def complain(self, index: int, what: str) -> None:
        """Report something about the message at ``index``."""
        self._around.wrong.append(f"{self._about(self.said[index])}: {what}")

    def _about(self, said: Said) -> str:
        return f"{self.name} ({self.story.name}, {self.habit}), message {said.id.rpartition('-')[2]}"

    async def write_again(self, step: Step) -> None:
        """Write once more after the end of the story."""
        said = Said(step=step, id=f"{self.name}-{len(self.said)}")
        self.said.append(said)
        await self._until_heard(said, last=True)

    def _gateway(self) -> str:
        return self._random.choice(self._around.gateways)

    def _ways(self, *, twice: bool) -> Sequence[str]:
        return self._around.gateways if twice else (self._gateway(),)


class Follower(Citizen):
    """Writes on WeChat, where the platform pushes three times and then tells them that the service is at fault."""

    line: WeChat
    trail: list[
        str
    ]  #: every try with its time, what it was and what came of it; for whoever looks into a finding

    def __init__(self, *told: Any, **more: Any) -> None:
        super().__init__(*told, **more)
        self.trail = []

    async def _until_heard(self, said: Said, *, last: bool) -> None:
        """Write until it is acknowledged, or on record all the same."""
        seen = self._seen()
        while not await self._pushed(said):
            self._around.outcomes["given up by the platform"] += 1
            if await self._turned_up(said):
                self._around.outcomes["on record all the same"] += 1
                break
            said.given_up.append(said.id)
            said.id = f"{said.id}-again"
        await self._around.acknowledged.grow()
        if self.habit == "leaves" and last:
            return
        if "emergency" in said.step.kinds:
            while await self._around.record.state(self.line.key(said.id)) != "settled":
                await asyncio.sleep(0.3)
        elif self.habit == "hurries":
            return
        await self._answered(seen)

    async def _pushed(self, said: Said) -> bool:
        await self._written()
        tries, broke_off = 0, False
        # An answer may lie in a connection that broke off. Only another try tells the gateway that it did not
        # arrive, so that there is one until the push is acknowledged.
        while tries < TRIES or broke_off:
            tries += 1
            began, last = time.monotonic(), tries >= TRIES
            gateway, patience, answers = self._gateway(), self._holds(last=last), len(self.line.answers)
            outcome = await self.ask(said, gateway, patience=patience)
            self.trail.append(
                f"{began - self._around.began:.3f} to {time.monotonic() - self._around.began:.3f} {said.id} to {gateway[-5:]}"
                f" holding {patience:.2f}: {outcome.status}{' and an answer' * (len(self.line.answers) - answers)}"
            )
            if outcome.acknowledged:
                return True
            broke_off = broke_off or patience < GIVES_UP_AFTER
            left = GIVES_UP_AFTER - (time.monotonic() - began)
            await asyncio.sleep(max(left * FASTER, 0.05))
        return False

    async def _written(self) -> None:
        """Let the platform know that this citizen wrote: it opens their window, whatever we do."""
        told = {"wrote": {"openid": self.line.openid}}
        while not await tell_platform(self._around.http, self._around.platform, told):
            await asyncio.sleep(0.2)  # while it is away nobody can write

    def _holds(self, *, last: bool) -> float:
        """Return how long the platform's connection holds; some break off, but never the last."""
        if not last and self._random.random() < (0.6 if self.habit == "doubles" else 0.15):
            return self._random.uniform(0.005, 0.3)
        return GIVES_UP_AFTER

    async def _turned_up(self, said: Said) -> bool:
        """Tell whether something of ``said`` came through after all: who was paused may have it still."""
        await asyncio.sleep(LATEST)
        while (state := await self._around.record.state(self.line.key(said.id))) == "unknown":
            await asyncio.sleep(0.3)
        return state != "absent"

    async def _answered(self, seen: int) -> None:
        """Wait a while for an answer, as people do; what is kept comes only when they write again."""
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                while self._seen() == seen:
                    await asyncio.sleep(0.05)

    def _seen(self) -> int:
        return len(self.line.answers) + len(self._around.journal.shown[self.line.openid])


async def tell_platform(http: ClientSession, platform: str, told: Mapping[str, Any]) -> bool:
    """Tell the platform's double something, and whether it heard."""
    with suppress(ClientError, OSError, TimeoutError):
        async with http.post(f"{platform}/admin/do", json=told, timeout=ClientTimeout(total=3)) as answer:
            return answer.status == 200
    return False
