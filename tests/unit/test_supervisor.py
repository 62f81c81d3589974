"""What ``huying run`` promises, shown on small stand-ins for the real programs."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.localservers import is_alive, processes_in
from gateway.supervisor import Pause, command_of, free_ports, how_it_ended, marked_processes
from tests.folders import server_folder
from tests.supervised import stand_in

pytestmark = pytest.mark.enable_socket  # ports of this machine, to see that they are taken or free


class StandInSystem:
    """A supervisor with stand-ins, running as a process of its own."""

    def __init__(self, folder: Path) -> None:
        self.state, self.notes = folder / "state", folder / "notes"
        self.port, self.desk_port = free_ports(2)
        self.output = folder / "output"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, *options: str, ignoring_sigint: bool = False) -> "StandInSystem":
        argv = [
            sys.executable,
            "-m",
            "tests.supervised",
            str(self.state),
            str(self.port),
            str(self.desk_port),
            *options,
        ]
        sigint = signal.SIG_IGN if ignoring_sigint else signal.SIG_DFL

        def as_from_a_terminal() -> None:
            signal.signal(signal.SIGHUP, signal.SIG_DFL)  # whoever runs the tests may have it ignored
            signal.signal(signal.SIGINT, sigint)

        with self.output.open("ab") as output:
            self.process = subprocess.Popen(
                argv, stdout=output, stderr=output, env=os.environ | {"STAND_IN_NOTES": str(self.notes)},
                preexec_fn=as_from_a_terminal,
            )  # fmt: skip
        return self

    def wait_ready(self) -> "StandInSystem":
        self.wait_for(lambda: "Huying is ready" in self.said())
        return self

    def said(self) -> str:
        return self.output.read_text() if self.output.exists() else ""

    def started(self, name: str) -> list[dict[str, Any]]:
        lines = self.notes.read_text().splitlines() if self.notes.exists() else []
        return [note for note in map(json.loads, lines) if note["name"] == name]

    def pid(self, name: str) -> int:
        return int((self.state / "run" / f"{name}.pid").read_text())

    def wait_for(self, true: Callable[[], object], *, within: float = 20) -> None:
        until = time.monotonic() + within
        while not true():
            assert time.monotonic() < until, f"waited in vain; it said: {self.said()}"
            time.sleep(0.02)

    def end(self, signal_number: signal.Signals, *, within: float = 20) -> int:
        assert self.process is not None
        self.process.send_signal(signal_number)
        return self.process.wait(within)

    def left(self) -> list[int]:
        servers = [*processes_in(self.state / "postgres"), *processes_in(self.state / "valkey")]
        return marked_processes(self.state) + [pid for pid in servers if is_alive(pid)]


@pytest.fixture
def system() -> Iterator[StandInSystem]:
    with server_folder() as folder:
        system = StandInSystem(folder)
        yield system
        if system.process is not None and system.process.poll() is None:
            system.end(signal.SIGKILL)
        system.wait_for(lambda: not system.left())


@pytest.mark.parametrize("signal_number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_polite_end_leaves_no_process(system: StandInSystem, signal_number: signal.Signals) -> None:
    system.start().wait_ready()
    assert len(system.left()) == 3
    assert system.end(signal_number) == 0
    assert system.left() == []
    assert list((system.state / "run").iterdir()) == []


def test_ctrl_c_works_where_a_script_started_it_in_the_background(system: StandInSystem) -> None:
    system.start(ignoring_sigint=True).wait_ready()
    assert system.end(signal.SIGINT) == 0
    assert system.left() == []


def test_kill_9_of_the_supervisor_leaves_no_process(system: StandInSystem) -> None:
    system.start("--servers").wait_ready()
    system.end(signal.SIGKILL)
    system.wait_for(lambda: not system.left())


def test_a_start_after_kill_9_is_a_good_one(system: StandInSystem) -> None:
    system.start("--servers").wait_ready().end(signal.SIGKILL)
    system.output.unlink()
    system.start("--servers").wait_ready()
    assert system.end(signal.SIGINT) == 0
    assert system.left() == []


def test_what_a_child_started_does_not_outlive_it(system: StandInSystem) -> None:
    system.start("--habits", '{"gateway": "parent"}').wait_ready()
    assert len(system.left()) == 4
    system.end(signal.SIGTERM)
    assert system.left() == []


def test_a_stray_of_a_killed_supervisor_is_ended_by_the_next(system: StandInSystem) -> None:
    system.start("--habits", '{"gateway": "parent"}').wait_ready().end(signal.SIGKILL)
    system.wait_for(lambda: len(system.left()) == 1)  # the kernel ends children, not grandchildren
    stray = system.left()
    system.output.unlink()
    system.start().wait_ready()
    assert not is_alive(stray[0])
    system.end(signal.SIGINT)


def test_a_child_that_ignores_the_signal_is_killed_when_the_user_insists(system: StandInSystem) -> None:
    system.start("--habits", '{"desk": "stubborn"}').wait_ready()
    assert system.process is not None
    system.process.send_signal(signal.SIGINT)
    system.wait_for(lambda: "Stopping" in system.said())
    system.process.send_signal(signal.SIGINT)
    assert system.process.wait(5) == 0
    assert system.left() == []


@pytest.mark.parametrize("name", ["gateway", "rasa"])
def test_a_dead_child_is_started_again_and_named(system: StandInSystem, name: str) -> None:
    system.start().wait_ready()
    before = system.pid(name)
    os.kill(before, signal.SIGKILL)
    system.wait_for(lambda: len(system.started(name)) == 2)
    system.wait_for(lambda: system.pid(name) != before)
    assert f"{name} was killed by SIGKILL; starting it again in 1 s" in system.said()
    system.end(signal.SIGINT)


@pytest.mark.parametrize("name", ["postgres", "valkey"])
def test_a_dead_server_is_started_again_over_the_same_data(system: StandInSystem, name: str) -> None:
    system.start("--servers").wait_ready()
    before = system.pid(name)
    os.kill(before, signal.SIGKILL)
    system.wait_for(lambda: system.pid(name) != before)
    assert system.end(signal.SIGINT) == 0
    assert system.left() == []


def test_a_taken_port_is_one_line_naming_port_and_setting(system: StandInSystem) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", system.desk_port))
        holder.listen()
        system.start()
        assert system.process is not None
        assert system.process.wait(20) == 1
    said = system.said().splitlines()
    assert len(said) == 1
    assert f"{system.desk_port} (HUYING_DESK_PORT)" in said[0]
    assert system.started("gateway") == []


def test_a_second_start_on_the_same_folder_is_one_line(system: StandInSystem) -> None:
    system.start().wait_ready()
    second = StandInSystem(system.state.parent)
    second.output = system.state.with_name("second")
    second.start()
    assert second.process is not None and system.process is not None
    assert second.process.wait(20) == 1
    (line,) = second.said().splitlines()
    assert "already running on" in line and f"process {system.process.pid}" in line
    assert system.process.poll() is None
    system.end(signal.SIGINT)


def test_of_two_starts_at_once_one_runs(system: StandInSystem) -> None:
    second = StandInSystem(system.state.parent)
    second.output = system.state.with_name("second")
    system.start("--servers"), second.start("--servers")
    both = [process for process in (system.process, second.process) if process]
    system.wait_for(lambda: any(process.poll() == 1 for process in both))
    winner = system if second.process in [process for process in both if process.poll() == 1] else second
    winner.wait_ready()
    assert winner.end(signal.SIGINT) == 0
    assert winner.left() == []


def test_a_failed_migration_says_the_reason_and_stops_everything(system: StandInSystem) -> None:
    system.start("--migration", "fails")
    assert system.process is not None
    assert system.process.wait(20) == 1
    last = system.said().splitlines()[-1]
    assert "gateway-migrate ended with exit code 3: the reason it failed" in last
    assert system.started("gateway") == [] and system.left() == []


def test_a_program_that_cannot_start_says_the_reason(system: StandInSystem) -> None:
    system.start("--habits", '{"desk": "fails"}')
    assert system.process is not None
    assert system.process.wait(20) == 1
    assert (
        "desk ended with exit code 3 before it was ready: the reason it failed"
        in system.said().splitlines()[-1]
    )
    assert system.left() == []


def test_the_system_is_ready_without_an_optional_program(system: StandInSystem) -> None:
    system.start("--habits", '{"rasa": "fails"}').wait_ready()
    assert "without rasa" in system.said()
    system.end(signal.SIGINT)


def test_a_child_s_errors_reach_the_terminal_with_its_name(system: StandInSystem) -> None:
    system.start("--habits", '{"gateway": "complains"}').wait_ready()
    system.wait_for(lambda: "[gateway] ERROR something went wrong" in system.said())
    system.end(signal.SIGINT)


def test_a_program_is_given_its_own_settings_and_no_others(system: StandInSystem) -> None:
    system.start().wait_ready().end(signal.SIGINT)
    (rasa,), (gateway,) = system.started("rasa"), system.started("gateway")
    assert rasa["given"] == {"HUYING_RASA_TOKEN": "stand-in"}
    assert set(gateway["given"]) == {
        f"HUYING_{name}" for name in ("CITY", "PORT", "DATABASE_URL", "RASA_URL")
    }


def test_an_operator_s_setting_is_handed_on_only_where_it_belongs() -> None:
    values = {"PYTHON": "python", "STATE_DIR": "/state"}
    environ = {"HUYING_VAULT_KEYS": "k1:secret", "HUYING_CLOCK": "2026-09-29", "PATH": "/bin"}
    command = command_of(stand_in("gateway", "1", settings=("CLOCK",)), values, environ)
    assert "HUYING_VAULT_KEYS" not in command.env
    assert command.env["HUYING_CLOCK"] == "2026-09-29"
    assert command.env["PATH"] == "/bin"


def test_pauses_grow_to_half_a_minute_and_start_again_after_recovery() -> None:
    pause = Pause()
    assert [pause.after(0.1) for _ in range(7)] == [1, 2, 4, 8, 16, 30, 30]
    assert pause.after(3600) == 1


def test_an_end_is_told_in_words() -> None:
    assert how_it_ended(3) == "ended with exit code 3"
    assert how_it_ended(-9) == "was killed by SIGKILL"
    assert how_it_ended(-200) == "was killed by signal 200"
