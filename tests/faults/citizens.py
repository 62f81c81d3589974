"""Citizens that behave as clients do: they send the same id again until it is settled, or leave, or cannot wait."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from tests.faults.lines import TRY_AGAIN, Line, Outcome
from tests.faults.moments import Counted, Pulse
from tests.faults.stories import Step, Story

HABITS = {"waits": 50, "hurries": 20, "leaves": 15, "doubles": 15}


@dataclass(slots=True)
class Said:
    """One message as its citizen remembers it."""

    step: Step
    id: str
    told: Outcome | None = None  #: the first outcome that was settled


@dataclass(slots=True)
class Surroundings:
    """What all citizens share."""

    gateways: Sequence[str]
    acknowledged: Counted = field(default_factory=Counted)
    message: Pulse = field(default_factory=Pulse)  #: beats when a message sets out
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

    def complain(self, index: int, what: str) -> None:
        """Report something about the message at ``index``."""
        self._around.wrong.append(f"{self._about(self.said[index])}: {what}")

    def _about(self, said: Said) -> str:
        return f"{self.name} ({self.story.name}, {self.habit}), message {said.id.rpartition('-')[2]}"

    def _gateway(self) -> str:
        return self._random.choice(self._around.gateways)

    def _ways(self, *, twice: bool) -> Sequence[str]:
        return self._around.gateways if twice else (self._gateway(),)
