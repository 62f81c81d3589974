"""The load generator, a program of its own: talks, measures, prints one JSON object."""

import argparse
import asyncio
import json
import resource
import secrets
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from random import Random
from typing import Any, Protocol

import uvloop
from aiohttp import ClientError, ClientSession, ClientTimeout, TCPConnector

from tests.bench.talks import endless
from tests.faults.lines import Account, WeChat
from tests.faults.stories import Step, Story
from tests.wechat.platform import APPID
from tests.wechat.pusher import GIVES_UP_AFTER
from tests.wechat.running import KEY, TOKEN

PATIENCE = 30.0
MOST_WRONG = 20  #: that are told; all are counted


class Talk(Protocol):
    """One conversation with a system."""

    async def say(self, step: Step, id: str) -> str:
        """Say ``step`` until it is answered; what was wrong with the answer, or nothing."""


class Huying:
    """Our web chat over its public interface."""

    def __init__(self, http: ClientSession, url: str) -> None:
        self._http, self._url = http, url
        self._headers: dict[str, str] = {}

    async def say(self, step: Step, id: str) -> str:
        """Post until settled, as a client does."""
        if not self._headers:
            async with self._http.post(f"{self._url}/api/chat/sessions", json={}) as made:
                self._headers = {"Authorization": f"Bearer {(await made.json())['token']}"}
        while True:
            async with self._http.post(
                f"{self._url}/api/chat/messages", json={"id": id, "text": step.text}, headers=self._headers
            ) as answer:
                body = await answer.json(content_type=None)
            kinds = tuple(reply["kind"] for reply in body["replies"]) if answer.status == 200 else ()
            if kinds and kinds != (
                "emergency",
            ):  # alone it says whom to call, and the ticket is still to come
                return "" if kinds == step.kinds else f"{kinds} instead of {step.kinds}"
            if answer.status not in (200, 202, 503):
                return f"status {answer.status}"
            await asyncio.sleep(0.1)


class Rasa:
    """A Rasa assistant over its REST channel."""

    def __init__(self, http: ClientSession, url: str) -> None:
        self._http, self._url, self._sender = http, f"{url}/webhooks/rest/webhook", secrets.token_hex(8)

    async def say(self, step: Step, id: str) -> str:
        """Post once; every message must get an answer, and the last one a ticket number."""
        async with self._http.post(self._url, json={"sender": self._sender, "message": step.text}) as answer:
            if answer.status != 200:
                return f"status {answer.status}"
            said = [one.get("text", "") for one in await answer.json()]
        wanted = {"ticket": "单号", "summary": "对不对"}.get(step.kinds[-1], "")
        return "" if said and wanted in said[-1] else f"{said} has no {wanted or 'answer'}"


class Pushes:
    """WeChat's platform, pushing in encrypted mode; what counts is how fast a push is acknowledged."""

    def __init__(self, http: ClientSession, url: str, account: Account) -> None:
        self._line, self._url = WeChat(http, secrets.token_hex(8), account), url

    async def say(self, step: Step, id: str) -> str:
        """Push once."""
        outcome = await self._line.say(step, id, self._url, patience=GIVES_UP_AFTER)
        return "" if outcome.acknowledged else f"status {outcome.status}"


@dataclass(slots=True)
class Measured:
    """What a load came to."""

    messages: int = 0
    seconds: float = 0.0
    p50: float = 0.0  #: seconds from when a message was due until it was answered
    p99: float = 0.0
    worst: float = 0.0
    wrong_count: int = 0
    wrong: list[str] = field(default_factory=list)
    cpu: float = 0.0  #: seconds of this program
    took: list[float] = field(default_factory=list)


class Load:
    """Talks to one system."""

    def __init__(self, talk: Callable[[], Talk], stories: Iterator[Story]) -> None:
        self._talk, self._stories = talk, stories
        self._ready: deque[tuple[Talk, deque[Step]]] = deque()
        self.measured = Measured()

    async def at_rate(self, rate: float, seconds: float, random: Random) -> None:
        """Let messages set out at random moments, so many a second, however long the answers take."""
        async with asyncio.TaskGroup() as under_way:
            began = due = time.perf_counter()
            while due - began < seconds:
                await asyncio.sleep(max(due - time.perf_counter(), 0))
                under_way.create_task(self._one(due))
                due += random.expovariate(rate)

    async def at_once(self, citizens: int, seconds: float) -> None:
        """Let so many citizens talk without a pause."""
        until = time.perf_counter() + seconds

        async def talk_on() -> None:
            while time.perf_counter() < until:
                await self._one(time.perf_counter())

        await asyncio.gather(*(talk_on() for _ in range(citizens)))

    async def _one(self, due: float) -> None:
        talk, steps = (
            self._ready.popleft() if self._ready else (self._talk(), deque(next(self._stories).steps))
        )
        said = steps.popleft()
        try:
            wrong = await talk.say(said, secrets.token_hex(8))
        except (ClientError, OSError, TimeoutError) as error:
            wrong = type(error).__name__
        now = time.perf_counter()
        self.measured.took.append(now - due)
        if wrong:
            self.measured.wrong_count += 1
            self.measured.wrong = [*self.measured.wrong, f"{said.text}: {wrong}"][:MOST_WRONG]
        elif steps:
            self._ready.append(
                (talk, steps)
            )  # its end, so that a conversation has pauses as far as others talk

    def result(self, seconds: float) -> Measured:
        """Return the figures."""
        took = sorted(self.measured.took)
        if took:
            self.measured.p50, self.measured.p99 = _share(took, 0.5), _share(took, 0.99)
            self.measured.worst = took[-1]
        used = resource.getrusage(resource.RUSAGE_SELF)
        self.measured.messages, self.measured.seconds = len(took), seconds
        self.measured.cpu = used.ru_utime + used.ru_stime
        self.measured.took = []
        return self.measured


def _share(ordered: list[float], share: float) -> float:
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


async def measure(given: argparse.Namespace) -> Measured:
    """Do what the command line says."""
    random = Random(given.seed)
    async with ClientSession(connector=TCPConnector(limit=0), timeout=ClientTimeout(total=PATIENCE)) as http:
        talks: dict[str, Callable[[], Any]] = {
            "huying": lambda: Huying(http, given.url),
            "rasa": lambda: Rasa(http, given.url),
            "wechat": lambda: Pushes(http, given.url, Account(appid=APPID, token=TOKEN, key=KEY)),
        }
        load = Load(talks[given.system], endless(given.mix, random))
        began = time.perf_counter()
        if given.rate:
            await load.at_rate(given.rate, given.seconds, random)
        else:
            await load.at_once(given.at_once, given.seconds)
        return load.result(time.perf_counter() - began)


def main() -> int:
    """Talk as asked and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("system", choices=("huying", "rasa", "wechat"))
    parser.add_argument("url")
    parser.add_argument("--mix", default="mix")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--rate", type=float, default=0)
    parser.add_argument("--at-once", type=int, default=16)
    print(json.dumps(asdict(uvloop.run(measure(parser.parse_args()))), ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
