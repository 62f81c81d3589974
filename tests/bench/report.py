"""What a bench says: bars met or not, and the tables of docs/performance.md."""

import os
import platform
import re
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path

from gateway.localservers import postgres_programs, redis_program
from groundwork.settings import PROJECT
from tests.bench import phases
from tests.bench.drain import Drained
from tests.bench.phases import Phase, Run
from tests.bench.sockets import Listened

DOCUMENT = PROJECT / "docs" / "performance.md"
LATEST, RUNS, DRAINS, INBOX, SOCKETS = "latest run", "all runs", "deliveries", "inbox", "sockets"
MOST_RUNS = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Bar:
    """A figure to reach (docs/performance.md says where it comes from)."""

    what: str
    unit: str
    limit: float
    found: float
    at_least: bool = False

    @property
    def met(self) -> bool:
        """Tell whether it was reached."""
        return self.found >= self.limit if self.at_least else self.found <= self.limit

    def __str__(self) -> str:
        sign = "≥" if self.at_least else "≤"
        return f"{'met    ' if self.met else 'NOT met'} {self.what}: {self.found:.3g} {self.unit} ({sign} {self.limit:g})"


def bars(run: Run) -> list[Bar]:
    """Return every bar that this run can be held against."""
    found = run.phases
    half, full, same = found[phases.AT_RATE], found[phases.SATURATED], found[phases.SAME]
    reached = [
        Bar(what="CPU for one message of the mix, at rate", unit="ms", limit=10, found=half.per_message),
        Bar(
            what="CPU for one message of the mix, at saturation", unit="ms", limit=10, found=full.per_message
        ),
        Bar(what=f"p99 at {run.size.rate:.0f} messages a second", unit="s", limit=1, found=half.p99),
    ]
    reached += [
        Bar(
            what=f"CPU of a message in “{name}” for one of ours, same conversation", unit="times", limit=8,
            found=found[name].per_message / same.per_message, at_least=True,
        )
        for name in (phases.RASA_SAME, phases.RASA_KEPT)
        if name in found
    ]  # fmt: skip
    if pushes := found.get(phases.PUSHES):
        reached.append(Bar(what="p99 of WeChat's acknowledgement", unit="s", limit=0.5, found=pushes.p99))
    reached += [
        Bar(what=f"latest acknowledgement of “{name}”", unit="s", limit=4.5, found=found[name].worst)
        for name in (phases.PUSHES, *phases.STOPPED.values())
        if name in found
    ]
    return reached


def broken(run: Run) -> list[str]:
    """Return what makes the figures worthless: wrong answers."""
    return [
        f"{phase.name}: {phase.wrong_count} wrong answers, as {'; '.join(phase.wrong[:3])}"
        for phase in run.phases.values()
        if phase.wrong_count
    ]


def write(run: Run, path: Path = DOCUMENT) -> None:
    """Put the tables of ``run`` into the document, and a line for it among the runs."""
    text = path.read_text(encoding="utf-8")
    text = _replaced(text, LATEST, lambda _: latest(run))
    path.write_text(_replaced(text, RUNS, lambda before: _with_line(before, run)), encoding="utf-8")


def write_line(found: Drained | Listened, path: Path = DOCUMENT) -> None:
    """Put a line for ``found`` into the document."""
    line = f"| {_now()} | {_revision()} {found.line()}\n"
    block = DRAINS if isinstance(found, Drained) else SOCKETS
    text = path.read_text(encoding="utf-8")
    path.write_text(_replaced(text, block, lambda before: f"{before.rstrip()}\n{line}\n"), encoding="utf-8")


def write_inbox(table: str, path: Path = DOCUMENT) -> None:
    """Put what the inbox took into the document, instead of what it took before."""
    text = path.read_text(encoding="utf-8")
    path.write_text(
        _replaced(
            text,
            INBOX,
            lambda _: f"\n{_now()}, {_revision()}, {_processor()}, {os.cpu_count()} cores. {table}\n",
        ),
        encoding="utf-8",
    )


def _replaced(text: str, name: str, change: Callable[[str], str]) -> str:
    begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
    before, _, rest = text.partition(begin)
    inside, found, after = rest.partition(end)
    if not found:
        raise ValueError(f"the document has no block named {name}")
    return f"{before}{begin}{change(inside)}{end}{after}"


def latest(run: Run) -> str:
    """Return everything about one run."""
    parts = [_where(run), _phases(run), _programs(run), "\n".join(f"- {bar}" for bar in bars(run)) + "\n"]
    return "\n" + "\n".join(parts) + "\n"


def _where(run: Run) -> str:
    rows = {
        "when": _now(),
        "revision": _revision(),
        "machine": f"{_processor()}, {os.cpu_count()} cores, {_memory():.0f} GB, {platform.system()} {platform.release()}",
        "versions": ", ".join(f"{name} {found}" for name, found in _versions().items()),
        "CPU pressure": ", ".join(f"{phase.name} {phase.waited:.0%}" for phase in run.phases.values()),
        "load": f"seed {run.size.seed}, {run.size.seconds:.0f} s a phase after {run.size.warm_up:.0f} s to warm up",
    }
    return _table(("", ""), list(rows.items()))


def _phases(run: Run) -> str:
    rows = [
        (
            phase.name, phase.load, f"{phase.messages}", f"{phase.rate:.0f}", f"{phase.per_message:.1f}",
            f"{1000 * phase.p50:.0f}", f"{1000 * phase.p99:.0f}",
            f"{1000 * phase.worst:.0f}", f"{phase.wrong_count}",
        )
        for phase in run.phases.values()
    ]  # fmt: skip
    heads = ("phase", "load", "messages", "a second", "CPU ms each", "p50 ms", "p99 ms", "max ms", "wrong")
    return _table(heads, rows)


def _programs(run: Run) -> str:
    names = sorted({name for phase in run.phases.values() for name in phase.used})
    rows: list[Sequence[str]] = [
        (phase.name, *(_each(phase, name) for name in names), f"{_milliseconds(phase.generator, phase):.2f}")
        for phase in run.phases.values()
    ]
    rest = (
        "at rest, ms a second",
        *(f"{run.idle[name]:.1f}" if name in run.idle else "" for name in names),
        "",
    )
    return _table(("CPU ms a message", *names, "(load generator)"), [*rows, rest])


def _each(phase: Phase, name: str) -> str:
    return f"{_milliseconds(phase.used[name], phase):.2f}" if name in phase.used else ""


def _milliseconds(seconds: float, phase: Phase) -> float:
    return 1000 * seconds / phase.messages if phase.messages else 0.0


def _with_line(before: str, run: Run) -> str:
    heads = ("when", "revision", "CPU ms each, at rate", "saturated", "p50, p99 ms at rate", "a second", "same conversation",
             "Rasa in memory, in PostgreSQL", "pressure")  # fmt: skip
    found = run.phases
    half, full, same = found[phases.AT_RATE], found[phases.SATURATED], found[phases.SAME]
    rasa = [found[name].per_message for name in (phases.RASA_SAME, phases.RASA_KEPT) if name in found]
    row = (
        _now(), _revision(), f"{half.per_message:.1f}", f"{full.per_message:.1f}",
        f"{1000 * half.p50:.0f}, {1000 * half.p99:.0f}", f"{full.rate:.0f}", f"{same.per_message:.1f}",
        ", ".join(f"{each:.1f}" for each in rasa) or "–", f"{half.waited:.0%}",
    )  # fmt: skip
    known = [line for line in before.splitlines() if re.match(r"\| 20\d\d-", line)][1 - MOST_RUNS :]
    return "\n" + "\n".join([*_table(heads, []).splitlines(), *known, _row(row)]) + "\n\n"


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "\n".join([_row(heads), _row(["---"] * len(heads)), *map(_row, rows)]) + "\n"


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _now() -> str:
    return f"{datetime.now(UTC) + timedelta(hours=8):%Y-%m-%d %H:%M}"


def _revision() -> str:
    command = ["git", "-C", str(PROJECT), "describe", "--always", "--dirty"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def _processor() -> str:
    found = re.search(r"^model name\s*: (.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return found[1] if found else platform.machine()


def _memory() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30


def _versions() -> Mapping[str, str]:
    def asked(program: Path) -> str:
        said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
        found = re.search(r"(?:\(PostgreSQL\) |v=)([\d.]+)", said)
        return found[1] if found else "unknown"

    rasa = next(iter(re.findall(r"^rasa==([\d.]+)", _rasa_lock(), re.MULTILINE)), "unknown")
    return {
        "Python": platform.python_version(),
        "PostgreSQL": asked(postgres_programs(None) / "postgres"),
        "Valkey": asked(redis_program()),
        "Rasa": rasa,
        **{name: version(name) for name in ("aiohttp", "asyncpg", "pgqueuer", "uvloop")},
    }


def _rasa_lock() -> str:
    return (PROJECT / "bots" / "rasa_project" / "lock.txt").read_text(encoding="utf-8")
