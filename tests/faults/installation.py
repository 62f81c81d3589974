"""Two gateways and two workers on one database, each a process that can be killed, paused and started again."""

import asyncio
import base64
import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from random import Random
from typing import Self

from aiohttp import ClientError, ClientSession, ClientTimeout

from gateway.localservers import (
    LocalServer,
    Postgres,
    StartedServer,
    Valkey,
    dying_with_parent,
    ensure_database,
    is_alive,
    postgres_programs,
    processes_in,
    start,
)
from gateway.supervisor import MARK, free_port, marked_processes
from groundwork.settings import PREFIX, PROJECT, Settings
from groundwork.vault import Vault
from tests.faults.platform import Journal
from tests.faults.stories import CITY

STARTED_WITHIN = 120.0


def random_secrets(random: Random) -> dict[str, str]:
    """Return the secrets that all processes of one installation share."""
    key = base64.b64encode(random.randbytes(32)).decode()
    return {
        "SECRET_KEY": random.randbytes(24).hex(),
        "VAULT_KEYS": f"k1:{key}",
        "DISPATCH_SECRET": f"whsec_{base64.b64encode(random.randbytes(32)).decode()}",
    }


class Program:
    """One process of ours."""

    def __init__(
        self, name: str, module: Sequence[str], env: Mapping[str, str], log: Path, url: str = "", *,
        sign: str = "/healthz",
    ) -> None:  # fmt: skip
        self.name, self.url, self.log = name, url, log
        self._argv = (sys.executable, "-P", "-m", *module)
        self._sign = sign  #: path that answers once it serves
        self._env = env
        self._process: subprocess.Popen[bytes] | None = None
        self.deaths = 0  #: of its own, which nobody brought about

    @property
    def runs(self) -> bool:
        """Tell whether the process is there, paused or not."""
        return self._process is not None and self._process.poll() is None

    def revive(self) -> None:
        """Count a death of its own, if there was one, and start the process again."""
        if not self.runs:
            self.deaths += 1
            self.start()

    def start(self) -> None:
        """Start the process; the kernel kills it should this one die."""
        assert not self.runs
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._argv, env=dict(self._env), cwd=PROJECT, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True, preexec_fn=dying_with_parent(signal.SIGKILL),
            )  # fmt: skip

    def send(self, number: signal.Signals) -> None:
        """Send a signal, if there is anybody to get it."""
        if self._process is not None and self.runs:
            self._process.send_signal(number)

    def kill(self) -> None:
        """End the process as a power cut would."""
        self.deaths += self._process is not None and not self.runs
        self.send(signal.SIGKILL)
        self._reap()

    def pause(self) -> None:
        """Let it do nothing, while its connections stay as they are."""
        self.send(signal.SIGSTOP)

    def resume(self) -> None:
        """Let a paused process go on."""
        self.send(signal.SIGCONT)

    async def stop(self) -> int | None:
        """Ask the process to end and return its exit status."""
        self.resume()
        self.send(signal.SIGTERM)
        for _ in range(200):
            if not self.runs:
                break
            await asyncio.sleep(0.1)
        self.send(signal.SIGKILL)
        self._reap()
        return None if self._process is None else self._process.returncode

    def _reap(self) -> None:
        if self._process is not None:
            self._process.wait()

    async def serves(self, http: ClientSession) -> bool:
        """Tell whether it answers; a worker answers nobody, so it is enough that it runs."""
        if not self.url:
            return self.runs
        with suppress(ClientError, OSError, TimeoutError):
            async with http.get(f"{self.url}{self._sign}") as answer:
                return answer.status == 200
        return False


class Server:
    """PostgreSQL or Valkey."""

    def __init__(self, server: LocalServer) -> None:
        self.name, self._server = server.name, server
        self._started: StartedServer | None = None

    @property
    def runs(self) -> bool:
        """Tell whether the process is there, paused or not."""
        return self._started is not None and self._started.process.poll() is None

    def start(self) -> None:
        """Start the server and wait until it serves."""
        self._started = start(self._server)

    def kill(self) -> None:
        """End the server as a power cut would."""
        if self._started is not None:
            self._started.kill()

    def pause(self) -> None:
        """Stop the server and every process it has made; connections stay as they are."""
        self._send(signal.SIGSTOP)

    def resume(self) -> None:
        """Let a paused server go on."""
        self._send(signal.SIGCONT)

    def stop(self) -> None:
        """End the server in good order."""
        if self._started is not None:
            self.resume()
            self._started.stop()

    def left(self) -> list[int]:
        """Return the live processes of this server."""
        return [pid for pid in processes_in(self._server.folder) if is_alive(pid)]

    def _send(self, number: signal.Signals) -> None:
        # The first process first: a stopped one makes no new ones that would be missed.
        first = [self._started.process.pid] if self._started is not None and self.runs else []
        for pid in [*first, *(pid for pid in self.left() if pid not in first)]:
            with suppress(ProcessLookupError):
                os.kill(pid, number)


class Held:
    """Conversations, which a session of somebody else can hold: messages come in, and none is settled."""

    name = "conversations"

    def __init__(self, url: str) -> None:
        self._url = url
        self._session: subprocess.Popen[bytes] | None = None

    def pause(self) -> None:
        """Let a session take them, as soon as it gets them."""
        # Nothing here may wait for the server, which may be paused: it looks by itself whether we are gone.
        take = (
            "SET client_connection_check_interval = '100ms'; BEGIN;"
            " LOCK TABLE conversations IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(60);"
        )
        self._session = subprocess.Popen(
            [postgres_programs(18) / "psql", self._url, "-X", "-q", "-c", take], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=dying_with_parent(signal.SIGKILL),
        )  # fmt: skip

    def resume(self) -> None:
        """End that session."""
        if self._session is not None:
            self._session.kill()
            self._session.wait()
            self._session = None

    def kill(self) -> None:
        """Tables are not killed."""
        raise NotImplementedError(self.name)

    start = kill


Part = Program | Server | Held


class Installation:
    """All processes of one test, on the settings that ``env`` adds; nothing of it outlives ``stop``."""

    def __init__(self, folder: Path, *, dispatch_url: str, random: Random, env: Mapping[str, str]) -> None:
        self.folder = folder
        self._postgres, self._valkey = Postgres(folder / "postgres"), Valkey(folder / "valkey")
        self.postgres, self.valkey = Server(self._postgres), Server(self._valkey)
        self._shared = random_secrets(random) | {
            "CITY": CITY,
            "DISPATCH_URL": dispatch_url,
            "PUBLIC_URL": "http://hotline.example",
            "FILES_DIR": str(folder / "files"),
            **env,
        }
        self.gateways: tuple[Program, ...] = ()
        self.workers: tuple[Program, ...] = ()
        port = free_port()
        url, seed = f"http://127.0.0.1:{port}", self._shared["SECRET_KEY"]
        self.journal = Journal(folder / "platform.journal")
        self.platform = Program(
            "platform", ("tests.faults.platform", str(port), str(self.journal.path), seed),
            self._env("platform", 0) | {"PYTHONPATH": str(PROJECT)}, folder / "platform.out", url, sign="/admin/seen",
        )  # fmt: skip
        self._shared["WECHAT_API_BASE"] = url
        self.conversations = Held(self.database_url)

    @classmethod
    @asynccontextmanager
    async def running(
        cls, folder: Path, *, dispatch_url: str, random: Random, env: Mapping[str, str] | None = None
    ) -> AsyncIterator[Self]:
        """Start everything, and end everything at the end, whatever happened."""
        installation = cls(folder, dispatch_url=dispatch_url, random=random, env=env or {})
        try:
            await installation.start()
            yield installation
        finally:
            await installation.stop()

    async def start(self) -> None:
        """Start the servers, bring the database up to date, start the programs and wait for them."""
        self.postgres.start()
        self.valkey.start()
        await ensure_database(self._postgres.url(), "gateway")
        self._shared |= {"DATABASE_URL": self.database_url, "REDIS_URL": self._valkey.url()}
        migration = subprocess.run(
            [sys.executable, "-P", "-m", "gateway", "migrate"], env=self._env("migrate", 0), cwd=PROJECT,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert migration.returncode == 0, migration.stderr[-2000:]
        self.gateways = tuple(self._program(f"gateway-{n}", "serve") for n in (1, 2))
        self.workers = tuple(self._program(f"worker-{n}", "work") for n in (1, 2))
        for program in (self.platform, *self.programs):
            program.start()
        await self.all_serve()

    async def all_serve(self) -> None:
        """Wait until every program serves."""
        async with asyncio.timeout(STARTED_WITHIN), ClientSession(timeout=ClientTimeout(total=2)) as http:
            for program in (self.platform, *self.programs):
                while not await program.serves(http):
                    await asyncio.sleep(0.05)

    async def stop(self) -> None:
        """Let everything go on, then end it in good order."""
        self.postgres.resume()
        self.conversations.resume()
        await asyncio.gather(*(program.stop() for program in self.programs))
        await self.platform.stop()
        self.valkey.stop()
        self.postgres.stop()

    @property
    def programs(self) -> tuple[Program, ...]:
        """The processes of ours."""
        return (*self.gateways, *self.workers)

    @property
    def database_url(self) -> str:
        """The address of the database."""
        return self._postgres.url("gateway")

    @property
    def dispatch_secret(self) -> str:
        """The secret under which events are signed."""
        return self._shared["DISPATCH_SECRET"]

    def vault(self) -> Vault:
        """Return the vault that all processes use."""
        given = {PREFIX + name: self._shared[name] for name in ("SECRET_KEY", "VAULT_KEYS")}
        return Vault.from_settings(Settings.from_env(given))

    def left(self) -> list[int]:
        """Return the live processes of this installation."""
        return [*marked_processes(self.folder), *self.postgres.left(), *self.valkey.left()]

    def spooled(self) -> list[str]:
        """Return the files in which emergencies still wait, or which could not be read."""
        kept = [path for path in self.folder.glob("*/spool/*") if path.name != "drain.lock"]
        return [path.relative_to(self.folder).as_posix() for path in kept]

    def logged(self) -> Counter[str]:
        """Count what the programs logged, by event; what is no log line counts as ``unstructured``."""
        counted: Counter[str] = Counter()
        for program in self.programs:
            for line in program.log.read_text(errors="replace").splitlines():
                try:
                    counted[str(json.loads(line)["event"])] += 1
                except (ValueError, KeyError, TypeError):
                    counted["unstructured"] += 1
        return counted

    def _program(self, name: str, command: str) -> Program:
        port = free_port() if command == "serve" else 0
        url = f"http://127.0.0.1:{port}" if port else ""
        return Program(name, ("gateway", command), self._env(name, port), self.folder / f"{name}.log", url)

    def _env(self, name: str, port: int) -> dict[str, str]:
        kept = {key: value for key, value in os.environ.items() if not key.startswith(PREFIX)}
        own = {"STATE_DIR": str(self.folder / name)} | ({"PORT": str(port)} if port else {})
        return (
            kept
            | {PREFIX + key: value for key, value in (self._shared | own).items()}
            | {MARK: str(self.folder)}
        )
