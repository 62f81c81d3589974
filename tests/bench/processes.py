"""CPU that processes used, from ``/proc``: user and system time, children that ended included."""

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, kw_only=True, slots=True)
class Process:
    """What ``/proc/<pid>/stat`` says."""

    parent: int
    own: float  #: seconds of this process
    ended: float  #: seconds of its children that ended and were waited for


def processes() -> dict[int, Process]:
    """Return every process of this machine that can be read."""
    found = {}
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, IndexError, ValueError):
            values = (entry / "stat").read_text().rsplit(")", 1)[1].split()
            user, kernel, ended_user, ended_kernel = (int(value) / TICK for value in values[11:15])
            found[int(entry.name)] = Process(
                parent=int(values[1]), own=user + kernel, ended=ended_user + ended_kernel
            )
    return found


def cpu(roots: Mapping[str, int]) -> dict[str, float]:
    """Return the CPU seconds of each of ``roots`` with everything below it, by name.

    A child that ends moves its time to its parent, so that differences over a while are whole.
    """
    all_ = processes()
    named = {pid: name for name, pid in roots.items()}
    used = dict.fromkeys(roots, 0.0)
    for pid, process in all_.items():
        name = _name(pid, named, all_)
        if name:
            used[name] += process.own + process.ended
    return used


def _name(pid: int, named: Mapping[int, str], all_: Mapping[int, Process]) -> str:
    while pid in all_:
        if pid in named:
            return named[pid]
        pid = all_[pid].parent
    return ""


def pressure() -> float:
    """Return the seconds in which somebody on this machine waited for a CPU, since it was started."""
    with suppress(OSError, IndexError, ValueError):
        first = Path("/proc/pressure/cpu").read_text().splitlines()[0]
        return int(first.rpartition("total=")[2]) / 1e6
    return 0.0
