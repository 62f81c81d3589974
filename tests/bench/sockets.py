"""How much memory open chat sockets take, and how soon they hear: ``python -m tests.bench.sockets 5000``."""

import argparse
import asyncio
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Self, TypeAlias

from aiohttp import ClientSession, ClientWebSocketResponse, TCPConnector

from channels.webchat.socket import PROTOCOL, TOKEN
from tests.bench.processes import cpu, pressure
from tests.e2e.system import System
from tests.folders import server_folder

Say: TypeAlias = Callable[[str], None]
MOST_MB = 250.0  #: of a gateway with the starter articles, with or without sockets
AT_ONCE = 50  #: sockets that are being opened
SPEAKERS = 200  #: of the open sockets, each of which says one thing
APART = 0.1  #: seconds between two of them
SETTLES = 5.0  #: seconds of quiet before memory is read


@dataclass(frozen=True, kw_only=True, slots=True)
class Listened:
    """One run: sockets held open by one gateway, and what it took."""

    sockets: int
    kept: int  #: of them, open to the end
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
        if self.kept < self.sockets:
            return f"{self.sockets} were opened, {self.kept} stayed open"
        return "" if len(self.heard) == speakers else f"{speakers} spoke, {len(self.heard)} heard an answer"

    def line(self) -> str:
        """Return the run as one line of docs/performance.md."""
        each = 1000 * (self.after - self.before) / self.sockets
        middle, last = (self.heard[int(len(self.heard) * share)] for share in (0.5, 0.99))
        return (
            f"| {self.sockets:,} | {self.opened_in:.0f} s | {self.before:.0f} MB | {self.after:.0f} MB (bar {MOST_MB:.0f} MB"
            f" {'met' if self.after <= MOST_MB else 'not met'}) | {each:.0f} KB |"
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
        pages = await asyncio.gather(*(Page.opened(http, gate) for _ in range(sockets)))
        opened_in = time.monotonic() - began
        say(f"{sockets} sockets are open after {opened_in:.0f} s")
        await asyncio.sleep(SETTLES)
        after = memory_of(gateway)
        heard = await asyncio.gather(
            *(page.say(n * APART) for n, page in enumerate(pages[:SPEAKERS])), return_exceptions=True
        )
        await asyncio.sleep(SETTLES)
        used = cpu({"gateway": gateway})["gateway"]
        await asyncio.sleep(SETTLES)
        quiet = (cpu({"gateway": gateway})["gateway"] - used) / SETTLES
        waited = (pressure() - waited) / (time.monotonic() - began)
        kept = sum(not page.socket.closed for page in pages)
        for page in pages:
            page.reading.cancel()
    return Listened(
        sockets=sockets, opened_in=opened_in, before=before, after=after, kept=kept,
        heard=tuple(sorted(one for one in heard if isinstance(one, float))),
        quiet=1000 * quiet, waited=waited,
    )  # fmt: skip


class Page:
    """An open page: its socket, read all the time, and the moment at which it heard an answer."""

    def __init__(self, socket: ClientWebSocketResponse) -> None:
        self.socket = socket
        self.ready, self.heard = asyncio.Event(), asyncio.Event()
        self.reading = asyncio.create_task(self._read())

    @classmethod
    async def opened(cls, http: ClientSession, gate: asyncio.Semaphore) -> Self:
        """Open one with a session of its own, and wait until it is told that there is nothing to tell."""
        async with gate:
            # A browser opens a socket on a connection of its own, never on one that it has asked something by.
            async with http.post("/api/chat/sessions", json={}, headers={"Connection": "close"}) as made:
                token = (await made.json())["token"]
            page = cls(await http.ws_connect("/api/chat/ws", protocols=(PROTOCOL, TOKEN + token)))
            await page.socket.send_json({"type": "resume"})
            await page.ready.wait()
            return page

    async def say(self, after: float) -> float:
        """Say something ``after`` so many seconds; return how long the answer took."""
        await asyncio.sleep(after)
        began = time.monotonic()
        await self.socket.send_json({"type": "say", "id": "m1", "text": "你好"})
        async with asyncio.timeout(30):
            await self.heard.wait()
        return time.monotonic() - began

    async def _read(self) -> None:
        async for message in self.socket:
            kind = message.json()["type"]
            if kind == "whole":
                self.ready.set()
            elif kind == "reply":
                self.heard.set()


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
