"""The real system, started as a user starts it: ``huying run`` in a process of its own."""

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from signal import SIGCONT, SIGINT, SIGKILL, SIGTERM, Signals
from typing import Self

from gateway.localservers import Postgres, dying_with_parent, is_alive, postgres_programs, processes_in
from gateway.supervisor import free_ports, marked_processes
from groundwork.settings import PREFIX, PROJECT

#: A first start trains nothing and loads Rasa once: 20 s on two quiet cores.
READY_WITHIN = 240.0


class System:
    """One installation: its addresses, its processes, its database; nothing of it outlives ``stop``."""

    def __init__(
        self, folder: Path, *, city: str = "pingdingshan", env: Mapping[str, str] | None = None
    ) -> None:
        self.state, self.output = folder / "state", folder / "output"
        port, desk_port = free_ports(2)
        self.gateway_url, self.desk_url = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{desk_port}"
        own = {"CITY": city, "PORT": str(port), "DESK_PORT": str(desk_port), "STATE_DIR": str(self.state)}
        self.env = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
        self.env |= {PREFIX + name: value for name, value in own.items()} | dict(env or {})
        self.process: subprocess.Popen[bytes] | None = None
        self._killed: dict[str, int] = {}

    @classmethod
    @contextmanager
    def running(
        cls, folder: Path, *, city: str = "pingdingshan", env: Mapping[str, str] | None = None
    ) -> Iterator[Self]:
        """Start a system and stop it at the end, whatever happens."""
        system = cls(folder, city=city, env=env)
        system.start()
        try:
            yield system
        finally:
            system.stop()

    # Start and stop

    def start(self) -> None:
        """Run ``huying run`` and wait for its line ``Huying is ready``."""
        self.output.parent.mkdir(parents=True, exist_ok=True)
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-m", "gateway", "run"], cwd=PROJECT, env=self.env, stdout=output,
                stderr=subprocess.STDOUT, preexec_fn=dying_with_parent(SIGTERM),
            )  # fmt: skip
        try:
            self._wait_for(lambda: self.said_ready() or self._ended(), READY_WITHIN)
            assert self.said_ready(), (
                f"it ended with {self.process.poll()} and said:\n{self.said()}\n{self.logs()[-4000:]}"
            )
        except BaseException:
            self.process.kill()
            self.process.wait()
            raise

    def stop(self, signal_number: Signals = SIGINT) -> None:
        """End it as a user does and see that it leaves no process."""
        if self.process is None:
            return
        for name in ("rasa", "desk", "worker", "gateway"):  # what a test had stopped must be able to end
            if pid := self._pid_or_none(name):
                _send(pid, SIGCONT)
        if self.process.poll() is None:
            self.process.send_signal(signal_number)
        code = self.process.wait(90)
        self.process = None
        assert self.left() == [], f"processes are left: {self.left()}"
        assert code == 0, f"it ended with {code} and said:\n{self.said()}"

    def left(self) -> list[int]:
        """Return the live processes of this installation, the supervisor apart."""
        servers = [*processes_in(self.state / "postgres"), *processes_in(self.state / "valkey")]
        return marked_processes(self.state) + [pid for pid in servers if is_alive(pid)]

    # What it says

    def said(self) -> str:
        """Return what it printed on the terminal."""
        return self.output.read_text(errors="replace") if self.output.exists() else ""

    def said_ready(self) -> bool:
        """Tell whether it printed the line that users wait for."""
        return any(line.startswith("Huying is ready") for line in self.said().splitlines())

    def logs(self) -> str:
        """Return the logs of all its programs and servers."""
        return "\n".join(
            path.read_text(errors="replace") for path in sorted((self.state / "logs").glob("*.log"))
        )

    def log_of(self, name: str) -> str:
        """Return the log of one program or server."""
        path = self.state / "logs" / f"{name}.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def password(self, program: str, name: str) -> str:
        """Return the password of a demo account, which stands as ``program name role password`` in a file."""
        rows = [line.split() for line in (self.state / "accounts").read_text().splitlines()]
        return next(row[3] for row in rows if row[:2] == [program, name])

    # Its processes

    def pid(self, name: str) -> int:
        """Return the process id of a program or server."""
        return int((self.state / "run" / f"{name}.pid").read_text())

    def signal(self, name: str, signal_number: Signals) -> None:
        """Send a signal to one process."""
        os.kill(self.pid(name), signal_number)

    def kill(self, name: str, signal_number: Signals = SIGKILL) -> None:
        """End one process and wait until it is gone; the supervisor starts it again."""
        pid = self._killed[name] = self.pid(name)
        os.kill(pid, signal_number)
        self._wait_for(lambda: not is_alive(pid), 30)

    def wait_restarted(self, name: str, *, within: float = 60) -> None:
        """Wait until a killed program runs again and, if it has an address, serves."""
        self._wait_for(lambda: self._pid_or_none(name) not in (None, self._killed.get(name)), within)
        base = {"gateway": self.gateway_url, "desk": self.desk_url}.get(name)
        if base:
            self._wait_for(lambda: _status(f"{base}/readyz") == 200, within)

    # Its database

    def database_url(self, program: str = "gateway") -> str:
        """Return the address of the gateway's or the desk's database."""
        setting = {"gateway": "DATABASE_URL", "desk": "DESK_DATABASE_URL"}[program]
        if given := self.env.get(PREFIX + setting):
            return given
        postgres = Postgres(self.state / "postgres")
        return postgres.url(program)

    def count(self, query: str, *, program: str = "gateway") -> int:
        """Return the one number that ``query`` selects."""
        argv = [_psql(), self.database_url(program), "-X", "-q", "-A", "-t", "-c", query]
        said = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=30).stdout
        return int(said.strip() or 0)

    @contextmanager
    def settling_held(self, citizen: object = None) -> Iterator[None]:
        """Let messages in but none be settled: another session holds the conversations."""
        held = "BEGIN; LOCK TABLE conversations IN ACCESS EXCLUSIVE MODE; SELECT 'held';\n"
        argv = [_psql(), self.database_url(), "-X", "-q", "-A", "-t"]
        with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as session:
            assert session.stdin is not None and session.stdout is not None
            session.stdin.write(held)
            session.stdin.flush()
            assert session.stdout.readline().strip() == "held"
            try:
                yield
            finally:
                session.communicate("ROLLBACK;\n", timeout=30)

    def _pid_or_none(self, name: str) -> int | None:
        try:
            return self.pid(name)
        except (FileNotFoundError, ValueError):
            return None

    def _ended(self) -> bool:
        return self.process is not None and self.process.poll() is not None

    def _wait_for(self, true: Callable[[], object], within: float) -> None:
        until = time.monotonic() + within
        while not true():
            assert time.monotonic() < until, f"waited {within:.0f} s in vain; it said:\n{self.said()}"
            time.sleep(0.05)


def _send(pid: int, signal_number: Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal_number)


def _status(url: str) -> int:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=5) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


def _psql() -> str:
    return str(postgres_programs(18) / "psql")
