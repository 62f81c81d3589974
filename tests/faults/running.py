"""One run: load and trouble together, then quiet, then what is true."""

import asyncio
import os
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random

from aiohttp import ClientSession, TCPConnector

from gateway.store.receipts import Receipts, folder_of
from groundwork.clock import clock_from
from groundwork.database import Connection, open_pool
from groundwork.vault import Vault
from tests.faults.centre import Centre
from tests.faults.citizens import Citizen, Follower, Surroundings, tell_platform
from tests.faults.findings import asked_again, findings, logged_wrong, owed
from tests.faults.installation import Installation
from tests.faults.letters import letter_findings
from tests.faults.lines import Account, Line, Mailbox, WebChat, WeChat
from tests.faults.platform import Journal
from tests.faults.reached import Reached, kept, reached
from tests.faults.record import Record
from tests.faults.stories import HELLO, Story, letters, talks
from tests.faults.trouble import Mischief, troubles
from tests.wechat.platform import APPID, SECRET
from tests.wechat.running import KEY, TOKEN

SEED = "HUYING_FAULTS_SEED"


@dataclass(frozen=True, kw_only=True, slots=True)
class Way:
    """A channel in the load: how its lines are made, what is told over it, and how much of the whole."""

    line: Callable[[ClientSession, str], Line]
    stories: Callable[[Random, int, int], list[Story]]
    share: int
    citizen: type[Citizen] = Citizen


ACCOUNT = Account(appid=APPID, token=TOKEN, key=KEY)
#: every channel of the load, one line each; a channel's own settings go into ``SETTINGS``
WAYS: Mapping[str, Way] = {
    "webchat": Way(line=WebChat, stories=talks, share=3),
    "mailbox": Way(line=Mailbox, stories=letters, share=2),
    "wechat": Way(line=partial(WeChat, account=ACCOUNT), stories=talks, share=5, citizen=Follower),
}
SETTINGS: Mapping[str, str] = {
    "WECHAT_TOKEN": TOKEN,
    "WECHAT_APPID": APPID,
    "WECHAT_SECRET": SECRET,
    "WECHAT_AES_KEY": KEY,
    # The standard one lasts for days; that it is kept to is shown on a fast clock (tests/contract/test_link.py).
    "DISPATCH_SCHEDULE": "0s," + ",".join(["1s"] * 8 + ["2s"] * 8 + ["4s"] * 8),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """How much of everything."""

    seed: int
    messages: int
    at_once: int  #: citizens who talk at the same time
    pause: float  #: seconds between the messages of one citizen, on average
    every: int  #: messages between two troubles, on average; every kind of trouble happens at least once
    load_within: float
    quiet_within: float


@dataclass(slots=True)
class Report:
    """What was done and what was found."""

    plan: Plan
    findings: list[str] = field(default_factory=list)
    messages: int = 0
    tickets: int = 0
    events: int = 0
    repeats: int = 0
    troubles: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    centre: Counter[str] = field(default_factory=Counter)
    logged: Counter[str] = field(default_factory=Counter)
    reached: Reached = field(default_factory=Reached)
    load_seconds: float = 0.0
    quiet_seconds: float = 0.0

    def __str__(self) -> str:
        rows = [
            f"seed {self.plan.seed} ({SEED}={self.plan.seed} repeats it)",
            f"{self.messages} messages in {self.load_seconds:.0f} s, quiet after {self.quiet_seconds:.0f} s more",
            f"{self.tickets} tickets, {self.events} events, {self.repeats} of them repeated",
            f"troubles: {_counted(self.troubles)}",
            f"answers: {_counted(self.outcomes)}",
            f"WeChat: {self.reached}",
            f"centre: {_counted(self.centre)}",
            f"logged: {_counted(self.logged)}",
            f"findings: {len(self.findings)}",
            *self.findings[:40],
        ]
        return "\n".join(rows)


def _counted(some: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(some.items())) or "none"


def seed() -> int:
    """Return the seed that was asked for, or a new one."""
    return int(os.environ.get(SEED) or int.from_bytes(os.urandom(4), "big"))


async def run(plan: Plan, folder: Path) -> Report:
    """Run ``plan`` in ``folder`` and return what was found; no process is left behind."""
    report, random = Report(plan), Random(plan.seed)
    async with Centre.running(Random(f"{plan.seed}:centre")) as centre:
        async with Installation.running(
            folder, dispatch_url=centre.url, random=random, env=SETTINGS
        ) as installation:
            centre.secret = installation.dispatch_secret
            async with ClientSession(connector=TCPConnector(limit=0)) as http:
                await _within(report, plan, installation, centre, http)
            report.logged = installation.logged()
        report.findings += [f"process {pid} is left" for pid in installation.left()]
        report.findings += [f"still in the spool: {path}" for path in installation.spooled()]
        report.findings += logged_wrong(report.logged)
    return report


async def _within(
    report: Report, plan: Plan, installation: Installation, centre: Centre, http: ClientSession
) -> None:
    journal = installation.journal
    around = Surroundings(
        gateways=[gateway.url for gateway in installation.gateways],
        record=Record(installation.database_url, installation.vault()),
        journal=journal,
        platform=installation.platform.url,
        http=http,
    )
    citizens = _citizens(plan, around, http)
    mischief = Mischief(
        installation=installation,
        plan=troubles(Random(f"{plan.seed}:trouble"), messages=plan.messages, every=plan.every),
        acknowledged=around.acknowledged,
        moments={"message": around.message, "delivery": centre.delivery, "answer": journal.kept},
    )
    began = time.monotonic()
    following = asyncio.create_task(journal.follow())
    try:
        async with asyncio.timeout(plan.load_within), asyncio.TaskGroup() as under_way:
            under_way.create_task(mischief.run())
            under_way.create_task(_all_tell(citizens, plan.at_once))
    except TimeoutError:
        report.findings.append(f"the load was not done within {plan.load_within:.0f} s")
    report.load_seconds, report.troubles = time.monotonic() - began, mischief.made
    centre.well = True
    began = time.monotonic()
    for program in installation.programs:
        program.revive()
    await installation.all_serve()
    while not await tell_platform(http, installation.platform.url, {"well": True}):
        await asyncio.sleep(0.1)
    vault = installation.vault()
    followers = [citizen for citizen in citizens if isinstance(citizen, Follower)]
    async with open_pool(installation.database_url, size=1) as pool, pool.acquire() as connection:
        report.findings += await _quiet(connection, installation, plan.quiet_within)
        report.quiet_seconds = time.monotonic() - began
        await _write_again(report, connection, vault, followers, journal)
        report.findings += await _quiet(connection, installation, plan.quiet_within)
        report.findings += await findings(connection, vault, citizens, centre)
        _, broken = await Receipts(vault, clock=clock_from(None)).examine(
            connection, folder_of(installation.folder)
        )
        report.findings += [f"receipts: {one.what}" for one in broken]
        await asked_again(citizens, around.gateways)  # not before: it would bring back what was lost
        digests = {
            row["id"]: row["key_digest"]
            for row in await connection.fetch("SELECT id, key_digest FROM messages")
        }
        following.cancel()
        journal.read()
        await reached(report.reached, connection, vault, followers, journal, mischief.times)
    report.findings += await letter_findings(
        installation.database_url, installation.folder, vault, citizens, digests
    )
    report.findings += report.reached.findings
    report.findings += around.wrong
    report.findings += [
        f"{p.name} ended {p.deaths} times by itself" for p in installation.programs if p.deaths
    ]
    report.messages = sum(len(citizen.said) for citizen in citizens)
    report.tickets = sum(len(citizen.story.tickets) for citizen in citizens)
    report.events, report.repeats, report.centre = len(centre.kept), centre.repeats, centre.habits
    report.outcomes = around.outcomes


async def _write_again(
    report: Report, connection: Connection, vault: Vault, followers: Sequence[Follower], journal: Journal
) -> None:
    """Let everybody whose replies are kept write once more: they are shown then, and nothing is kept any more."""
    waiting, found = await kept(connection, vault, followers, journal)
    report.reached.kept = len(waiting)
    report.findings += found
    for follower in waiting:
        await follower.write_again(HELLO)


def _citizens(plan: Plan, around: Surroundings, http: ClientSession) -> list[Citizen]:
    whole = sum(way.share for way in WAYS.values())
    citizens: list[Citizen] = []
    for channel, way in WAYS.items():
        random = Random(f"{plan.seed}:{channel}")
        for story in way.stories(random, len(citizens) + 1, plan.messages * way.share // whole):
            name = f"{channel}-{len(citizens) + 1}"
            citizens.append(
                way.citizen(
                    name, story, way.line(http, name), around, Random(f"{plan.seed}:{name}"), pause=plan.pause
                )
            )
    Random(plan.seed).shuffle(citizens)
    return citizens


async def _all_tell(citizens: Sequence[Citizen], at_once: int) -> None:
    waiting = iter(citizens)

    async def one_after_the_other() -> None:
        for citizen in waiting:
            await citizen.tell()

    async with asyncio.TaskGroup() as under_way:
        for _ in range(at_once):
            under_way.create_task(one_after_the_other())


async def _quiet(connection: Connection, installation: Installation, within: float) -> list[str]:
    """Wait until nothing is owed any more; what still is after ``within`` seconds is a finding."""
    left: dict[str, int] = {}
    with suppress(TimeoutError):
        async with asyncio.timeout(within):
            while True:
                left = await owed(connection)
                if spooled := installation.spooled():
                    left["spooled"] = len(spooled)
                if not left:
                    return []
                await asyncio.sleep(0.5)
    return [f"not quiet after {within:.0f} s: {left}"]
