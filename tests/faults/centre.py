"""Stands for the dispatch centre: checks, remembers, and is in trouble at seeded moments."""

import asyncio
import json
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any, Self

from aiohttp import web
from standardwebhooks import Webhook, WebhookVerificationError

from gateway.supervisor import free_port
from tests.faults.moments import Pulse

#: How an arrival goes, with its weight; ``cut`` loses the answer to what was kept.
HABITS = {
    "well": 52,
    "slow": 10,
    "busy": 8,
    "cut": 12,
    "broken": 6,
    "throttled": 4,
    "led elsewhere": 4,
    "not found": 4,
}
ANSWERS = {"busy": 503, "broken": 500, "throttled": 429, "led elsewhere": 302, "not found": 404}
MOST_TROUBLES = 3  #: for one event, so that back-off ends in the time of a test
PREFIX, SUFFIX = "huying.ticket.", ".v1"


@dataclass(frozen=True, kw_only=True, slots=True)
class Arrival:
    """An event as it was kept the first time."""

    id: str
    name: str
    subject: str
    sequence: int
    said: str  #: the whole event without the links to files, which are made anew each time
    data: Any


@dataclass(slots=True)
class Centre:
    """Takes events over real HTTP; a library that is not ours checks the signatures."""

    random: Random
    secret: str = ""
    delivery: Pulse = field(default_factory=Pulse)  #: beats while an event is being taken
    well: bool = False  #: from now on nothing goes wrong
    kept: dict[str, Arrival] = field(default_factory=dict)  #: by event id, in order of arrival
    repeats: int = 0
    wrong: list[str] = field(default_factory=list)
    habits: Counter[str] = field(default_factory=Counter)
    url: str = ""
    _troubles: Counter[str] = field(default_factory=Counter)

    @classmethod
    @asynccontextmanager
    async def running(cls, random: Random) -> AsyncIterator[Self]:
        """Serve on a port of 127.0.0.1."""
        centre = cls(random)
        app = web.Application()
        app.router.add_post("/api/events", centre.take)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await runner.setup()
        port = free_port()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        centre.url = f"http://127.0.0.1:{port}"
        try:
            yield centre
        finally:
            await runner.cleanup()

    async def take(self, request: web.Request) -> web.Response:
        """Take one event, as well as things go at this moment."""
        body = await request.read()
        try:
            Webhook(self.secret).verify(body, {k.lower(): v for k, v in request.headers.items()})
        except WebhookVerificationError as error:
            self.wrong.append(f"an event came with a wrong signature: {error}")
            return web.Response(status=401)
        arrival = _read(body)
        habit = self._habit(arrival.id)
        self.delivery.beat()
        if habit == "slow":
            await asyncio.sleep(self.random.uniform(0.2, 2.0))
        if habit in ANSWERS:
            more = {"throttled": {"Retry-After": "1"}, "led elsewhere": {"Location": "http://127.0.0.1:9/"}}
            return web.Response(status=ANSWERS[habit], headers=more.get(habit, {}))
        self._keep(arrival)
        if habit == "cut" and request.transport is not None:
            request.transport.close()
        return web.Response(status=202)

    def _habit(self, id: str) -> str:
        habit = self.random.choices([*HABITS], weights=[*HABITS.values()])[0]
        if self.well or self._troubles[id] >= MOST_TROUBLES:
            habit = "well"
        if habit != "well":
            self._troubles[id] += 1
        self.habits[habit] += 1
        return habit

    def _keep(self, arrival: Arrival) -> None:
        known = self.kept.setdefault(arrival.id, arrival)
        if known is not arrival:
            self.repeats += 1
            if known.said != arrival.said:
                self.wrong.append(f"{arrival.name} of {arrival.subject} came again with another body")

    def told(self) -> dict[str, list[Arrival]]:
        """Return what arrived by ticket, in the order of first arrival."""
        by_ticket: defaultdict[str, list[Arrival]] = defaultdict(list)
        for arrival in self.kept.values():
            by_ticket[arrival.subject].append(arrival)
        return dict(by_ticket)


def _read(body: bytes) -> Arrival:
    event = json.loads(body)
    event["data"].pop("files", None)
    return Arrival(
        id=event["id"],
        name=event["type"].removeprefix(PREFIX).removesuffix(SUFFIX),
        subject=event["subject"],
        sequence=int(event["sequence"]),
        said=json.dumps(event, sort_keys=True),
        data=event["data"],
    )
