"""How much memory open chat sockets take, and how soon they hear: ``python -m tests.bench.sockets 5000``."""

import argparse
import asyncio
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from aiohttp import ClientSession, ClientWebSocketResponse, TCPConnector

from channels.webchat.socket import PROTOCOL, TOKEN
from tests.bench.processes import cpu, pressure
from tests.e2e.system import System
from tests.folders import server_folder

Say: TypeAlias = Callable[[str], None]
MOST_MB = 250.0  #: of a gateway at rest with the starter articles
AT_ONCE = 50  #: sockets that are being opened
SPEAKERS = 200  #: of the open sockets, each of which says one thing
APART = 0.1  #: seconds between two of them
SETTLES = 5.0  #: seconds of quiet before memory is read


@dataclass(frozen=True, kw_only=True, slots=True)
class Listened:
    """One run: sockets held open by one gateway, and what it took."""

    sockets: int
    opened_in: float  #: seconds
    before: float  #: megabytes of the gateway without a socket
    after: float  #: with all of them at rest
    heard: tuple[float, ...]  #: seconds from saying to hearing, sorted
    quiet: float  #: CPU milliseconds of the gateway in a second in which nobody says anything
    waited: float  #: share of the time in which somebody on the machine waited for a CPU

    @property
    def wrong(self) -> str:
        """What makes the figure worthless; empty when nothing does."""
        speakers = min(SPEAKERS, self.sockets)
        return "" if len(self.heard) == speakers else f"{speakers} spoke, {len(self.heard)} heard an answer"

    def line(self) -> str:
        """Return the run as one line of docs/performance.md."""
        each = 1000 * (self.after - self.before) / self.sockets
        middle, last = (self.heard[int(len(self.heard) * share)] for share in (0.5, 0.99))
        return (
            f"| {self.sockets:,} | {self.opened_in:.0f} s | {self.before:.0f} MB (bar {MOST_MB:.0f} MB"
            f" {'met' if self.before <= MOST_MB else 'not met'}) | {self.after:.0f} MB | {each:.0f} KB |"
            f" {1000 * middle:.0f} / {1000 * last:.0f} ms | {self.quiet:.0f} ms | {self.waited:.0%} |"
        )


def listen(sockets: int, folder: Path, say: Say) -> Listened:
    """Open ``sockets`` sockets on a started system and return what they took."""
    with System.running(folder) as system:
        return asyncio.run(_listen(system, sockets, say))


async def _listen(system: System, sockets: int, say: Say) -> Listened:
    gateway = system.pid("gateway")
    await asyncio.sleep(SETTLES)
    before, began, waited = memory_of(gateway), time.monotonic(), pressure()
    async with ClientSession(system.gateway_url, connector=TCPConnector(limit=0)) as http:
        gate = asyncio.Semaphore(AT_ONCE)
        opened = await asyncio.gather(*(_opened(http, gate) for _ in range(sockets)))
        opened_in = time.monotonic() - began
        say(f"{sockets} sockets are open after {opened_in:.0f} s")
        await asyncio.sleep(SETTLES)
        after = memory_of(gateway)
        heard = await asyncio.gather(*(_heard(one, n) for n, one in enumerate(opened[:SPEAKERS])))
        await asyncio.sleep(SETTLES)
        used = cpu({"gateway": gateway})["gateway"]
        await asyncio.sleep(SETTLES)
        quiet = (cpu({"gateway": gateway})["gateway"] - used) / SETTLES
        waited = (pressure() - waited) / (time.monotonic() - began)
        for one in opened:
            one._response.close()  # all at once, as when a network breaks
    return Listened(
        sockets=sockets, opened_in=opened_in, before=before, after=after, heard=tuple(sorted(filter(None, heard))),
        quiet=1000 * quiet, waited=waited,
    )  # fmt: skip


async def _opened(http: ClientSession, gate: asyncio.Semaphore) -> ClientWebSocketResponse:
    async with gate:
        async with http.post("/api/chat/sessions", json={}) as made:
            token = (await made.json())["token"]
        socket = await http.ws_connect("/api/chat/ws", protocols=(PROTOCOL, TOKEN + token))
        await socket.send_json({"type": "resume"})
        await socket.receive_json()
        return socket


async def _heard(socket: ClientWebSocketResponse, n: int) -> float | None:
    await asyncio.sleep(n * APART)
    began = time.monotonic()
    await socket.send_json({"type": "say", "id": "m1", "text": "你好"})
    frame: dict[str, Any] = {}
    async with asyncio.timeout(30):
        while frame.get("type") != "reply":
            frame = await socket.receive_json()
    return time.monotonic() - began


def memory_of(pid: int) -> float:
    """Return the resident megabytes of a process."""
    status = Path(f"/proc/{pid}/status").read_text("utf-8")
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS:"))) / 1024


def main() -> int:
    """Measure and print; a citizen who hears nothing is an error."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sockets", type=int, nargs="?", default=5_000)
    with server_folder() as folder:
        found = listen(parser.parse_args().sockets, folder, lambda what: print(what, flush=True))
    print(found.line())
    if found.wrong:
        print(f"broken: {found.wrong}")
    return 1 if found.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
