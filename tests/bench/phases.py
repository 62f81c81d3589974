"""The phases of a bench: start a system, load it, count what its processes used."""

import argparse
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from signal import SIGCONT, SIGSTOP
from typing import Any, TypeAlias

from groundwork.settings import PROJECT
from tests.bench import dialogue
from tests.bench.processes import cpu, pressure
from tests.e2e.system import System
from tests.wechat.running import running_platform

DRAINED_WITHIN = 120.0
AT_RATE, SATURATED, SAME, LONG = "mix at rate", "mix at saturation", "same conversation", "long session"
PUSHES = "WeChat pushes"
STOPPED = {name: f"WeChat pushes, {name} stopped" for name in ("rasa", "valkey", "desk")}
RASA_SAME, RASA_LONG, RASA_KEPT = "Rasa, in memory", "Rasa, long session", "Rasa, in PostgreSQL"
FEW, OLD_LINES = ("--at-once", "2"), "ten street lamps in one session, 2 citizens without a pause"
Say: TypeAlias = Callable[[str], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Size:
    """How much of everything."""

    seconds: float = 30.0  #: of each measured phase
    warm_up: float = 10.0
    rate: float = 100.0  #: half of the bar of 200 messages a second
    at_once: int = 16  #: citizens who talk without a pause, for saturation
    seed: int = 1
    idle: float = 10.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Phase:
    """What one phase came to."""

    name: str
    load: str  #: in words
    messages: int
    seconds: float
    p50: float
    p99: float
    worst: float
    wrong: Sequence[str]
    wrong_count: int
    used: Mapping[str, float]  #: CPU seconds by program
    generator: float  #: CPU seconds of the load generator
    waited: float  #: share of the time in which somebody on the machine waited for a CPU

    @property
    def per_message(self) -> float:
        """CPU milliseconds of all programs of the system for one message."""
        return 1000 * sum(self.used.values()) / self.messages if self.messages else 0.0

    @property
    def rate(self) -> float:
        """Messages answered in a second."""
        return self.messages / self.seconds if self.seconds else 0.0


@dataclass(slots=True)
class Run:
    """All phases of one bench."""

    size: Size
    phases: dict[str, Phase] = field(default_factory=dict)
    idle: Mapping[str, float] = field(default_factory=dict)  #: CPU milliseconds a second at rest, by program
    trained: float = 0.0


def our_system(run: Run, folder: Path, say: Say) -> None:
    """Measure the whole system as ``huying run`` starts it."""
    size = run.size
    rate, many = ("--rate", str(size.rate)), ("--at-once", str(size.at_once))
    paced, eager = f"{size.rate:.0f} messages a second", f"{size.at_once} citizens without a pause"
    with running_platform() as platform, System.running(folder, env=platform.settings) as system:
        roots, url = roots_of(system), system.gateway_url
        generate("huying", url, "--seconds", str(size.warm_up), *many)
        until_drained(system)
        run.idle = at_rest(roots, size.idle)

        def measure(name: str, load: str, *arguments: str, channel: str = "huying") -> None:
            say(f"{name}: {load}")
            with _counted(roots, lambda: until_drained(system)) as counted:
                counted["load"] = generate(channel, url, *_common(size), *arguments)
            run.phases[name] = _phase(name, load, counted)

        measure(AT_RATE, f"the mix, {paced}", *rate)
        measure(SATURATED, f"the mix, {eager}", *many)
        measure(SAME, f"the street lamp, {eager}", *many, "--mix", "same")
        measure(LONG, OLD_LINES, *FEW, "--mix", "long")
        measure(PUSHES, f"the mix as encrypted pushes, {paced}", *rate, channel="wechat")
        for name, phase in STOPPED.items():
            stop = size.seconds / 3
            with stopped(system, name, after=stop, seconds=stop):
                measure(phase, f"the same, {name} stopped for {stop:.0f} s", *rate, channel="wechat")


def rasa_dialogue(run: Run, folder: Path, say: Say, *, config: str = "config.yml") -> None:
    """Measure a full Rasa dialogue that holds the same conversation: in memory, then over PostgreSQL as ours is."""
    size = run.size
    say(f"training the Rasa dialogue ({config})")
    began = time.monotonic()
    model = dialogue.train(folder, config=config)
    run.trained = time.monotonic() - began
    many = ("--at-once", str(size.at_once))
    eager = f"{size.at_once} citizens without a pause"

    def measure(assistant: dialogue.Dialogue, name: str, load: str, *arguments: str) -> None:
        say(f"{name}: {load}")
        with _counted(assistant.roots, lambda: None) as counted:
            counted["load"] = generate("rasa", assistant.url, *_common(size), *arguments)
        run.phases[name] = _phase(name, load, counted)

    def warmed(assistant: dialogue.Dialogue) -> dialogue.Dialogue:
        generate("rasa", assistant.url, "--seconds", str(size.warm_up), *many, "--mix", "same")
        return assistant

    with dialogue.running(model, folder) as assistant:
        measure(warmed(assistant), RASA_SAME, f"the street lamp, {eager}", *many, "--mix", "same")
        measure(assistant, RASA_LONG, OLD_LINES, *FEW, "--mix", "long")
    with (
        dialogue.store(folder) as postgres,
        dialogue.running(model, folder, postgres=postgres) as assistant,
    ):
        measure(warmed(assistant), RASA_KEPT, f"the street lamp, {eager}", *many, "--mix", "same")


@contextmanager
def stopped(system: System, name: str, *, after: float, seconds: float) -> Iterator[None]:
    """Stop a program in its tracks for a while of what is done meanwhile: who waits for it waits in vain."""
    over = threading.Event()

    def stop() -> None:
        if over.wait(after):
            return
        system.signal(name, SIGSTOP)
        try:
            over.wait(seconds)
        finally:
            system.signal(name, SIGCONT)

    thread = threading.Thread(target=stop)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _common(size: Size) -> tuple[str, ...]:
    return ("--seconds", str(size.seconds), "--seed", str(size.seed))


def roots_of(system: System) -> dict[str, int]:
    """Return the process ids of all programs and servers of a started system."""
    assert system.process is not None
    names = sorted(path.stem for path in (system.state / "run").glob("*.pid"))
    return {"supervisor": system.process.pid, **{name: system.pid(name) for name in names}}


def until_drained(system: System) -> None:
    """Wait until every owed effect is carried out: what a message costs includes it."""
    until = time.monotonic() + DRAINED_WITHIN
    while system.count("SELECT count(*) FROM effects WHERE done_at IS NULL"):
        assert time.monotonic() < until, "effects are still owed"
        time.sleep(0.5)


def at_rest(roots: Mapping[str, int], seconds: float) -> dict[str, float]:
    """Return what the programs use while nobody says anything, in milliseconds a second."""
    before = cpu(roots)
    time.sleep(seconds)
    return {name: 1000 * (used - before[name]) / seconds for name, used in cpu(roots).items()}


def generate(system: str, url: str, *arguments: str) -> dict[str, Any]:
    """Run the load generator and return its figures."""
    command = [sys.executable, "-P", "-m", "tests.bench.load", system, url, *arguments]
    ran = subprocess.run(command, cwd=PROJECT, env=_with_tests(), capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr[-2000:]
    figures: dict[str, Any] = json.loads(ran.stdout)
    return figures


def _with_tests() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(PROJECT)}


@contextmanager
def _counted(roots: Mapping[str, int], until_done: Callable[[], None]) -> Iterator[dict[str, Any]]:
    counted: dict[str, Any] = {}
    before, waited, began = cpu(roots), pressure(), time.monotonic()
    yield counted
    counted["waited"] = (pressure() - waited) / (time.monotonic() - began)
    until_done()
    counted["used"] = {name: used - before[name] for name, used in cpu(roots).items()}


def _phase(name: str, load: str, counted: Mapping[str, Any]) -> Phase:
    figures = argparse.Namespace(**counted["load"])
    return Phase(
        name=name, load=load, messages=figures.messages, seconds=figures.seconds, p50=figures.p50, p99=figures.p99,
        worst=figures.worst, wrong=tuple(figures.wrong), wrong_count=figures.wrong_count,
        used=counted["used"], generator=figures.cpu, waited=counted["waited"],
    )  # fmt: skip
