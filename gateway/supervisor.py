"""``huying run``: starts every program of one installation, keeps them alive and leaves none behind."""

import asyncio
import contextlib
import fcntl
import os
import re
import shutil
import signal
import socket
import sys
import time
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from random import SystemRandom
from typing import Any

import aiohttp

from gateway.localservers import (
    Command,
    LocalServer,
    LocalServerError,
    Postgres,
    Valkey,
    ensure_database,
    is_alive,
)
from groundwork.secrets import with_secrets
from groundwork.settings import PREFIX, PROJECT, Settings

LONGEST_PAUSE = 30.0
#: A child that ran this long has recovered: its next pause is a second again.
RECOVERED_AFTER = 60.0
GRACE = 10.0
READY_WITHIN = 90.0
#: Rasa loads for 10 to 20 s; without it messages are understood by keywords, so start-up goes on.
OPTIONAL_WITHIN = 120.0
LONGEST_LOG = 20_000_000
#: Names the state folder in every child's environment, and in its children's: nothing else sets it.
MARK = "SUPERVISED_STATE_DIR"
RASA_ENVIRONMENT = PROJECT / ".rasa-venv"
RASA_MODEL = PROJECT / ".local" / "rasa-model"
RASA_MODEL_FILE = "huying.tar.gz"


class StartError(Exception):
    """The system cannot start; the text is one line that says what to do."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Service:
    """One program: how it is started, which settings it is given, when it is ready."""

    name: str
    argv: tuple[str, ...]  #: ``{NAMES}`` in braces are filled with the values of this start
    settings: tuple[str, ...] = ()  #: names after ``HUYING_``; no other setting reaches the program
    ready: str = ""  #: address that answers 200 when it serves; without one, it is ready when it runs
    once: bool = False  #: runs to its end before the others start (a migration)
    optional: bool = False  #: the others start and serve without it
    unless: str = ""  #: not started when this setting names one that runs elsewhere
    needs: tuple[str, ...] = ()  #: files that ``make setup`` makes; not started without them


_DESK_ALONE = {"DESK_PORT", "DESK_DATABASE_URL", "DESK_URL"}
_DESK = (
    "CITY HOST DESK_PORT STATE_DIR DESK_DATABASE_URL REDIS_URL PUBLIC_URL GATEWAY_URL DISPATCH_SECRET "
    "DISPATCH_SECRET_PREVIOUS SECRET_KEY VAULT_KEYS VAULT_KEYS_FILE UNITS_FILE CLOCK RATE_LIMITS TRUSTED_PROXIES "
    "SMS_URL SMS_SECRET DESK_URL STAFF_SECOND_FACTOR OIDC_ISSUER OIDC_CLIENT_ID OIDC_CLIENT_SECRET OIDC_ROLE_CLAIM OIDC_UNIT_CLAIM OIDC_ROLES LOG_LEVEL"
)
_GATEWAY = tuple(
    name
    for name in [*(field.name.upper() for field in fields(Settings)), "LOG_LEVEL"]
    if name not in _DESK_ALONE
)

#: The whole system; docker-compose.yml says the same and is tested against it.
SERVICES: tuple[Service, ...] = (
    Service(
        name="rasa",
        argv=(
            "{RASA_PYTHON}",
            "bots/rasa_project/serve.py",
            "--port",
            "{RASA_PORT}",
            "--model",
            "{RASA_MODEL}",
        ),
        settings=("RASA_TOKEN",),
        ready="{RASA_URL}/status?token={RASA_TOKEN}",
        optional=True,
        unless="RASA_URL",
        needs=("{RASA_PYTHON}", "{RASA_MODEL}/" + RASA_MODEL_FILE),
    ),
    Service(
        name="gateway-migrate", argv=("{PYTHON}", "-m", "gateway", "migrate"), settings=_GATEWAY, once=True
    ),
    Service(
        name="desk-migrate",
        argv=("{PYTHON}", "-m", "dispatch_desk", "migrate"),
        settings=tuple(_DESK.split()),
        once=True,
    ),
    Service(
        name="gateway",
        argv=("{PYTHON}", "-m", "gateway", "serve"),
        settings=_GATEWAY,
        ready="{GATEWAY_HERE}/readyz",
    ),
    Service(name="worker", argv=("{PYTHON}", "-m", "gateway", "work"), settings=_GATEWAY),
    Service(
        name="desk",
        argv=("{PYTHON}", "-m", "dispatch_desk", "serve"),
        settings=tuple(_DESK.split()),
        ready="{DESK_HERE}/readyz",
    ),
)


def values_of(settings: Settings, *, rasa_port: int) -> dict[str, str]:
    """Return what the placeholders and the children's settings are filled with."""
    gateway, desk = here(settings.host, settings.port), here(settings.host, settings.desk_port)
    given = {
        "CITY": settings.city,
        "HOST": settings.host,
        "PORT": str(settings.port),
        "DESK_PORT": str(settings.desk_port),
        "STATE_DIR": str(settings.state_dir),
        "FILES_DIR": str(settings.files_dir),
        "PUBLIC_URL": settings.public_url,
        "GATEWAY_URL": settings.gateway_url,
        "DESK_URL": settings.desk_url,
        "DATABASE_URL": settings.database_url,
        "DESK_DATABASE_URL": settings.desk_database_url,
        "REDIS_URL": settings.redis_url,
        "RASA_URL": settings.rasa_url or here("127.0.0.1", rasa_port),
        "RASA_TOKEN": settings.rasa_token,
        "DISPATCH_URL": settings.dispatch_url or desk,
        "DISPATCH_SECRET": settings.dispatch_secret,
        # Our own desk is on this machine, whatever the outside sees of it.
        "DISPATCH_NETWORKS": "" if settings.dispatch_url else _networks_of(settings),
    }
    places = {
        "PYTHON": sys.executable,
        "RASA_PYTHON": str(RASA_ENVIRONMENT / "bin" / "python"),
        "RASA_PORT": str(rasa_port),
        "RASA_MODEL": str(RASA_MODEL),
        "GATEWAY_HERE": gateway,
        "DESK_HERE": desk,
    }
    return given | places


def _networks_of(settings: Settings) -> str:
    return ",".join([*map(str, settings.dispatch_networks), "127.0.0.0/8", "::1/128"])


def here(host: str, port: int) -> str:
    """Return the address at which this machine reaches a server bound to ``host``."""
    reached = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - recognised, not bound
    return f"http://{f'[{reached}]' if ':' in reached else reached}:{port}"


def command_of(service: Service, values: Mapping[str, str], environ: Mapping[str, str]) -> Command:
    """Return how ``service`` is started: its own settings and nobody else's."""
    env = {name: value for name, value in environ.items() if not name.startswith(PREFIX)}
    for name in service.settings:
        if value := values.get(name) or environ.get(PREFIX + name):
            env[PREFIX + name] = value
    env |= {MARK: values["STATE_DIR"], "PYTHONUNBUFFERED": "1"}
    return Command(argv=tuple(word.format_map(values) for word in service.argv), env=env, cwd=str(PROJECT))


class Pause:
    """How long to wait before the next start of something that keeps dying: 1, 2, 4 … 30 s."""

    def __init__(self) -> None:
        self._next = 1.0

    def after(self, ran_for: float) -> float:
        """Return the pause after a life of ``ran_for`` seconds."""
        if ran_for >= RECOVERED_AFTER:
            self._next = 1.0
        pause, self._next = self._next, min(self._next * 2, LONGEST_PAUSE)
        return pause


class Child:
    """One process that is started again whenever it ends."""

    def __init__(
        self, name: str, command: Callable[[], Command], *, folder: Path, say: Callable[[str], None],
        stop_signal: signal.Signals = signal.SIGTERM, prepare: Callable[[], None] | None = None,
    ) -> None:  # fmt: skip
        self.name, self.log = name, folder / "logs" / f"{name}.log"
        self._command, self._prepare, self._say, self._stop_signal = command, prepare, say, stop_signal
        self._pid_file = folder / "run" / f"{name}.pid"
        self._process: asyncio.subprocess.Process | None = None
        self._group_ended = True
        self.deaths = 0

    @property
    def pid(self) -> int:
        """The process id; 0 before the first start."""
        return self._process.pid if self._process else 0

    @property
    def code(self) -> int | None:
        """How the process ended; ``None`` while it runs."""
        return self._process.returncode if self._process else None

    async def start(self) -> None:
        """Start the process, after what has to be made or cleared away before it."""
        if self._prepare and self.deaths:
            await asyncio.to_thread(self._prepare)
        elif (
            self._prepare
        ):  # in the main thread: what it starts is signalled when the thread that made it ends
            self._prepare()
        command = self._command()
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *command.argv, stdout=log, stderr=log, **command.options()
            )
        self._group_ended = False
        write_atomically(self._pid_file, f"{self.pid}\n")

    async def wait(self) -> int:
        """Return the exit status once the process has ended, with all that it had started."""
        assert self._process is not None
        code = await self._process.wait()
        self._end_group()
        return code

    async def keep(self) -> None:
        """Start the process again, with a growing pause, for as long as this runs."""
        pause = Pause()
        while True:
            started = time.monotonic()
            code = await self.wait()
            self.deaths += 1
            wait = pause.after(time.monotonic() - started)
            self._say(
                f"{self.name} {how_it_ended(code)}; starting it again in {wait:.0f} s (log: {self.log})"
            )
            await asyncio.sleep(wait)
            while True:
                try:
                    await self.start()
                    break
                except (OSError, LocalServerError) as error:
                    wait = pause.after(0)
                    self._say(f"{self.name} cannot be started ({error}); trying again in {wait:.0f} s")
                    await asyncio.sleep(wait)

    async def stop(self, *, grace: float = GRACE) -> None:
        """End the process and all that it started: politely, then not."""
        if self._process and self.code is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(self._stop_signal)
            try:
                await asyncio.wait_for(self.wait(), grace)
            except TimeoutError:
                self._say(f"{self.name} did not stop within {grace:.0f} s and is killed")
        self._end_group()
        if self._process:
            await self._process.wait()
        self._pid_file.unlink(missing_ok=True)

    def _end_group(self) -> None:
        # Each child leads a group of its own; what it started must not outlive it. Once only: ids are used again.
        if not self._group_ended:
            self._group_ended = True
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)


@dataclass(frozen=True, kw_only=True, slots=True)
class Program:
    """A started child and the address that tells when it serves."""

    child: Child
    ready: str


class Supervisor:
    """Everything that ``huying run`` does for one state folder."""

    def __init__(
        self, settings: Settings, *, services: Sequence[Service] = SERVICES, environ: Mapping[str, str] = os.environ,
        say: Callable[[str], None] | None = None,
    ) -> None:  # fmt: skip
        self._settings, self._services, self._environ = settings, services, environ
        self._say = say or _print
        self._folder = settings.state_dir
        self._stores: list[Child] = []
        self._programs: list[Child] = []
        self._tasks: list[asyncio.Task[None]] = []

    async def run(self) -> int:
        """Run until told to stop; return the exit status."""
        stop, hurry = asyncio.Event(), asyncio.Event()
        _on_signals(lambda: (hurry if stop.is_set() else stop).set())
        serving = asyncio.create_task(self._serve())
        stopping = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if serving.done():
                serving.result()
            else:
                self._say("Stopping …")
        finally:
            await _cancel([serving, stopping])
            await self._stop_all(hurry)
        self._say("Huying has stopped; no process is left.")
        return 0

    async def _serve(self) -> None:
        started = time.monotonic()
        self._make_folders()
        await end_strays(self._folder)
        check_ports(self._settings)
        values = values_of(self._settings, rasa_port=steady_port(self._folder))
        self._say(f"Huying is starting for {self._settings.city}; state in {self._folder}")
        rows, unprepared = self._rows(values)
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as http:
            optional = [await self._launch(row, values) for row in rows if row.optional]
            values |= await self._start_stores()
            await asyncio.gather(*(self._finish(row, values) for row in rows if row.once))
            programs = [await self._launch(row, values) for row in rows if not row.once and not row.optional]
            await asyncio.gather(*(self._until_ready(program, http) for program in programs))
            missing = await asyncio.gather(*(self._optionally_ready(program, http) for program in optional))
        self._announce(values, time.monotonic() - started, [*unprepared, *filter(None, missing)])
        await asyncio.gather(*self._tasks)  # they only end by a defect, which must not pass unseen

    def _rows(self, values: Mapping[str, str]) -> tuple[list[Service], list[str]]:
        """Return the services to start, and the names of optional ones that are not prepared."""
        rows = [
            row for row in self._services if not (row.unless and getattr(self._settings, row.unless.lower()))
        ]
        unprepared = [
            row for row in rows if not all(Path(need.format_map(values)).exists() for need in row.needs)
        ]
        return [row for row in rows if row not in unprepared], [row.name for row in unprepared]

    def _make_folders(self) -> None:
        for folder in (self._folder, self._folder / "logs", self._folder / "run"):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for stale in (self._folder / "run").iterdir():
            stale.unlink()

    async def _start_stores(self) -> dict[str, str]:
        """Start the servers for which no address was set; return their addresses."""
        settings, found, servers = self._settings, dict[str, str](), list[LocalServer]()
        if not (settings.database_url and settings.desk_database_url):
            servers.append(postgres := Postgres(self._folder / "postgres"))
        if not settings.redis_url:
            servers.append(valkey := Valkey(self._folder / "valkey"))
        await asyncio.gather(*(self._start_store(server) for server in servers))
        if not settings.redis_url:
            found["REDIS_URL"] = valkey.url()
        for name, database in (("DATABASE_URL", "gateway"), ("DESK_DATABASE_URL", "desk")):
            if not getattr(settings, name.lower()):
                await ensure_database(postgres.url(), database)
                found[name] = postgres.url(database)
        return found

    async def _start_store(self, server: LocalServer) -> None:
        child = Child(
            server.name, server.command, folder=self._folder, say=self._say, stop_signal=server.stop_signal,
            prepare=server.prepare,
        )  # fmt: skip
        self._stores.append(child)
        await child.start()
        until = time.monotonic() + READY_WITHIN
        while not server.is_ready(child.pid):
            if child.code is not None or time.monotonic() > until:
                raise StartError(f"{server.name} did not start: {last_line(child.log)} (log: {child.log})")
            await asyncio.sleep(0.02)
        self._keep(child)

    async def _launch(self, row: Service, values: Mapping[str, str]) -> Program:
        """Start a program; an optional one is kept alive from here on, the others once they were ready."""
        child = await self._start(row, values)
        if row.optional:
            self._keep(child)
        else:
            self._tasks.append(asyncio.create_task(echo_errors(child.name, child.log, self._say)))
        return Program(child=child, ready=row.ready.format_map(values))

    async def _start(self, row: Service, values: Mapping[str, str]) -> Child:
        child = Child(
            row.name, lambda: command_of(row, values, self._environ), folder=self._folder, say=self._say
        )
        self._programs.append(child)
        try:
            await child.start()
        except OSError as error:
            raise StartError(f"{row.name} cannot be started ({error.strerror}): run make setup") from error
        return child

    def _keep(self, child: Child) -> None:
        self._tasks.append(asyncio.create_task(child.keep()))

    async def _finish(self, row: Service, values: Mapping[str, str]) -> None:
        """Run a program to its end, or say why that failed."""
        child = await self._start(row, values)
        code = await child.wait()
        await child.stop()
        if code:
            raise StartError(f"{row.name} {how_it_ended(code)}: {last_line(child.log)} (log: {child.log})")
        self._programs.remove(child)

    async def _until_ready(self, program: Program, http: aiohttp.ClientSession) -> None:
        child, until = program.child, time.monotonic() + READY_WITHIN
        while program.ready and not await answers(http, program.ready):
            if child.code is not None:
                raise StartError(
                    f"{child.name} {how_it_ended(child.code)} before it was ready: {last_line(child.log)} (log: {child.log})"
                )
            if time.monotonic() > until:
                raise StartError(f"{child.name} was not ready within {READY_WITHIN:.0f} s (log: {child.log})")
            await asyncio.sleep(0.05)
        self._keep(child)

    async def _optionally_ready(self, program: Program, http: aiohttp.ClientSession) -> str:
        """Return the program's name when it is not up after a fair wait or a second death."""
        until = time.monotonic() + OPTIONAL_WITHIN
        while not await answers(http, program.ready):
            if program.child.deaths > 1 or time.monotonic() > until:
                return program.child.name
            await asyncio.sleep(0.1)
        return ""

    def _announce(self, values: Mapping[str, str], took: float, missing: Sequence[str]) -> None:
        accounts = self._folder / "accounts"
        self._say(f"  citizens        {values['GATEWAY_HERE']}/  (chat: {values['GATEWAY_HERE']}/chat)")
        self._say(f"  dispatch desk   {values['DESK_HERE']}/")
        self._say(f"  answers, operations (staff)  {values['GATEWAY_HERE']}/staff/sign-in")
        self._say(f"  logs            {self._folder / 'logs'}")
        if accounts.exists():
            kind = "demo accounts" if self._settings.on_loopback else "first accounts, to be changed"
            self._say(f"  {kind} (kept in {accounts}):")
            for line in accounts.read_text(encoding="utf-8").splitlines():
                self._say(f"    {line}")
        for name in missing:
            self._say(f"  without {name}: see {self._folder / 'logs'}; make setup prepares what is missing")
        self._say(f"Huying is ready ({took:.0f} s): {values['GATEWAY_HERE']}/  Ctrl-C stops it.")

    async def _stop_all(self, hurry: asyncio.Event) -> None:
        """Stop the programs, then what they stand on; a second signal kills what is left."""
        await _cancel(self._tasks)
        hurrying = asyncio.create_task(hurry.wait())
        for tier in (self._programs, self._stores):
            stops = [asyncio.create_task(child.stop()) for child in reversed(tier)]
            stopped: asyncio.Future[Any] = asyncio.gather(*stops)
            either: set[asyncio.Future[Any]] = {stopped, hurrying}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if not stopped.done():
                await _cancel(stops)
                await asyncio.gather(*(child.stop(grace=0) for child in tier))
        await _cancel([hurrying])
        await end_strays(self._folder)


def supervise(settings: Settings) -> int:
    """Run the whole system until Ctrl-C; return the exit status."""
    try:
        with alone(settings.state_dir):
            return run_loop(Supervisor(with_secrets(settings)))
    except (StartError, LocalServerError) as error:
        print(f"Huying: {error}", file=sys.stderr, flush=True)
        return 1


def run_loop(supervisor: Supervisor) -> int:
    """Run ``supervisor`` on a loop of its own."""
    if hasattr(
        os, "pidfd_open"
    ):  # otherwise a thread per child; the kernel ties children to the thread that made them
        asyncio.set_child_watcher(asyncio.PidfdChildWatcher())
    return asyncio.run(supervisor.run())


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Hold the state folder; the kernel lets go of it however this process ends."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = (folder / "lock").open("a+")
    except OSError as error:
        raise StartError(
            f"{folder} cannot be written ({error.strerror}): set HUYING_STATE_DIR to another folder"
        ) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            holder = lock.read().strip() or "unknown"
            raise StartError(
                f"already running on {folder} (process {holder}): stop that one, or set HUYING_STATE_DIR to another folder"
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def is_held(folder: Path) -> bool:
    """Tell whether somebody runs on the state folder now."""
    try:
        with (folder / "lock").open("r+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def check_ports(settings: Settings) -> None:
    """Raise ``StartError`` naming every port that is taken and the setting that moves it."""
    wanted = {f"{PREFIX}PORT": settings.port, f"{PREFIX}DESK_PORT": settings.desk_port}
    if settings.port == settings.desk_port:
        raise StartError(
            f"{PREFIX}PORT and {PREFIX}DESK_PORT are both {settings.port}: give them different numbers"
        )
    taken = [f"{port} ({name})" for name, port in wanted.items() if not can_bind(settings.host, port)]
    if taken:
        ports, them = ("ports", "those settings") if len(taken) > 1 else ("port", "that setting")
        raise StartError(
            f"{ports} {' and '.join(taken)} on {settings.host} cannot be used: stop what listens there, or give {them} another number"
        )


def can_bind(host: str, port: int) -> bool:
    """Tell whether a server could listen on ``host`` and ``port`` now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True


#: ports below those that the kernel gives away
ASKED_FOR, STEADY = range(10_000, 20_000), range(20_000, 30_000)


def steady_port(folder: Path) -> int:
    """Return the same port for the same state folder; a free one if it is taken."""
    port = STEADY[zlib.crc32(os.fsencode(folder)) % len(STEADY)]
    return port if can_bind("127.0.0.1", port) else free_port()


def free_port() -> int:
    """Return a port on 127.0.0.1 that nobody listens on."""
    return free_ports(1)[0]


def free_ports(count: int) -> list[int]:
    """Return that many different ports on 127.0.0.1 that nobody listens on, or raise ``OSError`` where there are too few.

    Nobody else is given one while its server is down for a moment.
    """
    found: list[int] = []
    with ExitStack() as held:  # all are held until the last is found
        for port in SystemRandom().sample(ASKED_FOR, len(ASKED_FOR)):
            if len(found) == count:
                break
            probe = held.enter_context(socket.socket())
            with contextlib.suppress(OSError):
                probe.bind(("127.0.0.1", port))
                found.append(port)
    if len(found) < count:
        raise OSError("no port between 10000 and 19999 of 127.0.0.1 is free")
    return found


async def answers(http: aiohttp.ClientSession, url: str) -> bool:
    """Tell whether ``url`` answers 200."""
    try:
        async with http.get(url) as response:
            return response.status == 200
    except (aiohttp.ClientError, TimeoutError, OSError):
        return False


def marked_processes(folder: Path) -> list[int]:
    """Return the live processes that a supervisor of ``folder`` started, and those that they started."""
    mark = f"{MARK}={folder}".encode()
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if mark in (entry / "environ").read_bytes().split(b"\0") and is_alive(int(entry.name)):
                found.append(int(entry.name))
    return found


async def end_strays(folder: Path) -> None:
    """Kill what a killed supervisor left of its programs (its servers are ended by their own rules)."""
    until = time.monotonic() + 5
    while (left := marked_processes(folder)) and time.monotonic() < until:
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        await asyncio.sleep(0.02)


_ERROR = re.compile(r'"level": ?"(error|critical)"|\b(ERROR|CRITICAL|FATAL|PANIC)\b|^Traceback ')


async def echo_errors(name: str, log: Path, say: Callable[[str], None], *, every: float = 0.3) -> None:
    """Repeat a child's errors on the terminal and keep its log from growing without end."""
    at = log.stat().st_size
    while True:
        await asyncio.sleep(every)
        size = log.stat().st_size if log.exists() else 0
        if size > at:
            with log.open("rb") as file:
                file.seek(at)
                lines = file.read().decode(errors="replace").splitlines()
            errors = [line for line in lines if _ERROR.search(line)]
            for line in errors[:5]:
                say(f"[{name}] {line[:500]}")
            if len(errors) > 5:
                say(f"[{name}] … {len(errors) - 5} more (log: {log})")
        at = size
        if size > LONGEST_LOG:  # children append, so the file can be emptied under them
            shutil.copyfile(log, log.with_suffix(".log.1"))
            os.truncate(log, 0)
            at = 0


def how_it_ended(code: int) -> str:
    """Return an exit status in words."""
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        return f"was killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"was killed by signal {-code}"


def last_line(log: Path) -> str:
    """Return the last line that a child wrote, shortened."""
    try:
        lines = log.read_text(encoding="utf-8", errors="replace")[-4000:].splitlines()
    except OSError:
        return "no output"
    return next((line.strip()[:300] for line in reversed(lines) if line.strip()), "no output")


def write_atomically(path: Path, text: str) -> None:
    """Replace ``path``, so that a reader sees the old or the new text and nothing between."""
    draft = path.with_name(f".{path.name}.new")
    draft.write_text(text)
    draft.replace(path)


def _print(line: str) -> None:
    with contextlib.suppress(BrokenPipeError):  # `huying run | head` must not bring the system down
        print(line, flush=True)


def _on_signals(told: Callable[[], None]) -> None:
    # SIGINT also when a shell script made its background processes ignore it; SIGHUP not under nohup.
    for signal_number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal_number == signal.SIGHUP and signal.getsignal(signal_number) is signal.SIG_IGN:
            continue
        asyncio.get_running_loop().add_signal_handler(signal_number, told)


async def _cancel(tasks: Sequence["asyncio.Future[Any]"]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
