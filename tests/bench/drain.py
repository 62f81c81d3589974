"""How fast owed tickets reach a dispatch centre: real database, real workers, a centre that only counts."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TypeAlias

import asyncpg

import gateway
from dispatch_client.payloads import ticket_data
from gateway.localservers import Postgres, ensure_database, start
from gateway.supervisor import free_port
from groundwork.clock import clock_from
from groundwork.database import migrate
from groundwork.outbox import Owed, owe
from groundwork.settings import PREFIX, PROJECT, Settings
from groundwork.vault import Vault
from hotline.ticket import ALPHABET
from tests.bench.processes import cpu, pressure
from tests.dispatch import FILED_AT, SECRET, a_number, a_ticket

Say: TypeAlias = Callable[[str], None]
WORKERS = 2  #: one for each core
BATCH = 500  #: tickets owed in one transaction
AT_LEAST = 1_000  #: tickets a second, on two cores
QUIET_WITHIN = 1_800.0  #: seconds
KEYS = {
    "SECRET_KEY": "b" * 40,
    "VAULT_KEYS": "k1:" + "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=",
    "DISPATCH_SECRET": SECRET,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Drained:
    """One run: what was owed, how long it took, what it cost."""

    tickets: int
    counted: int  #: without those that went while the workers were starting
    seconds: float
    taken: int  #: different events that the centre took
    repeated: int
    used: dict[str, float]  #: CPU seconds by program
    waited: float  #: share of the time in which somebody on the machine waited for a CPU

    @property
    def rate(self) -> float:
        """Tickets a second."""
        return self.counted / self.seconds

    @property
    def wrong(self) -> str:
        """What makes the figure worthless; empty when nothing does."""
        return "" if self.taken == self.tickets else f"{self.tickets} were owed, {self.taken} arrived"

    def line(self) -> str:
        """Return the run as one line of docs/performance.md."""
        cost = ", ".join(f"{name} {1000 * used / self.counted:.2f}" for name, used in self.used.items())
        return (
            f"| {self.tickets:,} | {self.seconds:.1f} s | {self.rate:,.0f}/s (bar {AT_LEAST:,}/s"
            f" {'met' if self.rate >= AT_LEAST else 'not met'}) | {cost} | {self.repeated} | {self.waited:.0%} |"
        )


def drain(tickets: int, folder: Path, say: Say) -> Drained:
    """Owe ``tickets`` tickets, then let the workers deliver them all; return how it went."""
    server = Postgres(folder / "pg")
    database = start(server)
    try:
        asyncio.run(ensure_database(server.url(), "gateway"))
        url = server.url("gateway")
        migrate(url, Path(gateway.__file__).parent / "store" / "migrations")
        say(f"owing {tickets:,} tickets")
        asyncio.run(_owe(url, tickets))
        with _centre() as (port, centre):
            return _drained(tickets, url, folder, port, centre, database.process.pid, say)
    finally:
        database.process.send_signal(signal.SIGQUIT)
        database.process.wait()


def _drained(
    tickets: int, url: str, folder: Path, port: int, centre: subprocess.Popen[str], database: int, say: Say
) -> Drained:
    say("delivering")
    with _workers(url, folder, port) as workers:
        roots = {"PostgreSQL": database} | {f"worker {n}": one.pid for n, one in enumerate(workers, 1)}
        early = asyncio.run(_until_begun(url))
        before, pressed, began = cpu(roots), pressure(), time.monotonic()
        asyncio.run(_until_done(url))
        seconds = time.monotonic() - began
        after, waited = cpu(roots), (pressure() - pressed) / seconds
    centre.terminate()
    told = json.loads(centre.communicate(timeout=10)[0])
    used = {name: after[name] - before[name] for name in roots}
    return Drained(tickets=tickets, counted=tickets - early, seconds=seconds, taken=told["taken"], repeated=told["repeated"], used=used,
                   waited=waited)  # fmt: skip


async def _owe(url: str, tickets: int) -> None:
    clock = clock_from(None)
    vault = Vault.from_settings(Settings.from_env({PREFIX + name: value for name, value in KEYS.items()}))
    connection = await asyncpg.connect(url)
    try:
        for first in range(0, tickets, BATCH):
            many = [_owed(n) for n in range(first, min(first + BATCH, tickets))]
            async with connection.transaction():
                await owe(connection, vault, many, clock=clock)
    finally:
        await connection.close()


def _owed(n: int) -> Owed:
    letters = "".join(ALPHABET[n >> 5 * place & 31] for place in range(8))
    number, at = a_number(letters), FILED_AT + timedelta(seconds=n % 3600)
    body = {"id": f"{n:032x}", "name": "filed", "subject": number, "sequence": 1, "at": at.isoformat(),
            "data": ticket_data(a_ticket(number))}  # fmt: skip
    return Owed(key=f"bench:{n}", lane=f"ticket:{number}", kind="event", body=body)


async def _until_begun(url: str) -> int:
    """Wait until the first ticket arrived; return how many did."""
    connection = await asyncpg.connect(url)
    try:
        while not (
            done := await connection.fetchval("SELECT count(*) FROM effects WHERE done_at IS NOT NULL")
        ):
            await asyncio.sleep(0.05)
        return int(done)
    finally:
        await connection.close()


async def _until_done(url: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        async with asyncio.timeout(QUIET_WITHIN):
            while await connection.fetchval(
                "SELECT EXISTS (SELECT FROM effects WHERE done_at IS NULL AND gave_up_at IS NULL)"
            ):
                await asyncio.sleep(0.1)
    finally:
        await connection.close()


@contextmanager
def _workers(url: str, folder: Path, port: int) -> Iterator[list[subprocess.Popen[bytes]]]:
    own = KEYS | {"CITY": "_example", "DATABASE_URL": url, "DISPATCH_URL": f"http://127.0.0.1:{port}"}
    env = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    workers = list[subprocess.Popen[bytes]]()
    try:
        for n in range(WORKERS):
            state = {"STATE_DIR": str(folder / f"worker-{n}")}
            given = {PREFIX + name: value for name, value in (own | state).items()}
            with (folder / f"worker-{n}.log").open("wb") as log:
                argv = [sys.executable, "-m", "gateway", "work"]
                workers.append(subprocess.Popen(argv, env=env | given, cwd=PROJECT, stderr=log, stdout=log))
        yield workers
    finally:
        for worker in workers:
            worker.terminate()
        for worker in workers:
            worker.wait()


@contextmanager
def _centre() -> Iterator[tuple[int, subprocess.Popen[str]]]:
    port = free_port()
    argv = [sys.executable, "-m", "tests.bench.counting", str(port)]
    process = subprocess.Popen(argv, cwd=PROJECT, stdout=subprocess.PIPE, text=True)
    try:
        yield port, process
    finally:
        process.kill()
        process.communicate()


def main() -> int:
    """Run it alone: ``python -m tests.bench.drain [TICKETS]``."""
    from tests.folders import server_folder

    with server_folder() as folder:
        found = drain(
            int(sys.argv[1]) if sys.argv[1:] else 100_000, folder, lambda what: print(what, flush=True)
        )
    print(found.line())
    if found.wrong:
        print(f"broken: {found.wrong}")
    return 1 if found.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
