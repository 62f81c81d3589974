"""A full Rasa dialogue with its action server: trained and run as its makers say, on loopback."""

import asyncio
import importlib.util
import os
import secrets
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import yaml

from gateway.localservers import Postgres, StartedServer, dying_with_parent, ensure_database, start
from gateway.supervisor import free_port, free_ports
from groundwork.settings import PROJECT

HERE = Path(__file__).parent / "rasa_dialogue"
UNDERSTANDING = PROJECT / "bots" / "rasa_project"
PYTHON = PROJECT / ".rasa-venv" / "bin" / "python"
TRACKER = "tracker"
MODEL = "dialogue.tar.gz"
READY_WITHIN = 240.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Dialogue:
    """A running assistant."""

    url: str
    roots: Mapping[str, int]  #: process ids by name


def train(folder: Path, *, config: str = "config.yml") -> Path:
    """Train the assistant on the same examples as our model and return it."""
    model = folder / MODEL
    command = [
        *(str(PYTHON), "-m", "rasa", "train", "--quiet", "--config", str(HERE / config)),
        *(
            "--domain",
            str(HERE / "domain.yml"),
            "--data",
            str(UNDERSTANDING / "data" / "nlu"),
            str(HERE / "data"),
        ),
        *("--out", str(folder), "--fixed-model-name", MODEL.removesuffix(".tar.gz")),
    ]
    ran = subprocess.run(
        command, cwd=folder, env=environment(folder), capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0 and model.is_file(), (ran.stderr or ran.stdout)[-2000:]
    return model


@contextmanager
def running(model: Path, folder: Path, *, postgres: StartedServer | None = None) -> Iterator[Dialogue]:
    """Serve the assistant and its actions until the body ends; with ``postgres`` it keeps its dialogues there."""
    port, actions = free_ports(2)
    env = environment(folder)
    endpoints = folder / "endpoints.yml"
    endpoints.write_text(_endpoints(actions, postgres), encoding="utf-8")
    rasa = [
        *(str(PYTHON), "-m", "rasa", "run", "--quiet", "--enable-api", "-i", "127.0.0.1", "-p", str(port)),
        *("-m", str(model), "--endpoints", str(endpoints)),
        *("--credentials", str(HERE / "credentials.yml")),
    ]
    sdk = [str(PYTHON), "-m", "rasa_sdk", "--actions", "actions", "--port", str(actions), "--quiet"]
    with (folder / "dialogue.log").open("ab") as log:
        started = {
            "rasa": _started(rasa, folder, env, log.fileno()),
            "actions": _started(sdk, HERE, env, log.fileno()),
        }
    try:
        _until_ready(started, [f"http://127.0.0.1:{port}/", f"http://127.0.0.1:{actions}/health"], folder)
        roots = {name: process.pid for name, process in started.items()}
        if postgres is not None:
            roots["postgres"] = postgres.process.pid
        yield Dialogue(url=f"http://127.0.0.1:{port}", roots=roots)
    finally:
        for process in started.values():
            _end(process)


@contextmanager
def store(folder: Path) -> Iterator[StartedServer]:
    """A PostgreSQL for dialogues; Rasa reaches it over TCP only."""
    server = Postgres(folder / "tracker", port=free_port(), password=secrets.token_hex(16), name="tracker")
    started = start(server)
    try:
        asyncio.run(ensure_database(server.url(), TRACKER))
        yield started
    finally:
        started.stop()


def _endpoints(actions: int, postgres: StartedServer | None) -> str:
    endpoints: dict[str, Any] = {"action_endpoint": {"url": f"http://127.0.0.1:{actions}/webhook"}}
    if postgres is not None:
        server = postgres.server
        assert isinstance(server, Postgres)
        endpoints["tracker_store"] = {
            "type": "SQL", "dialect": "postgresql", "url": "127.0.0.1", "port": server.port, "db": TRACKER,
            "username": "huying", "password": server.password,
        }  # fmt: skip
    return yaml.safe_dump(endpoints)


def _started(command: list[str], cwd: Path, env: Mapping[str, str], log: int) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        command, cwd=cwd, env=dict(env), stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
        preexec_fn=dying_with_parent(signal.SIGKILL),
    )  # fmt: skip


def _until_ready(started: Mapping[str, "subprocess.Popen[bytes]"], urls: list[str], folder: Path) -> None:
    until = time.monotonic() + READY_WITHIN
    while not all(map(_answers, urls)):
        ended = [name for name, process in started.items() if process.poll() is not None]
        log = (folder / "dialogue.log").read_text(errors="replace")[-2000:]
        assert not ended, f"{ended} ended:\n{log}"
        assert time.monotonic() < until, f"not ready within {READY_WITHIN:.0f} s:\n{log}"
        time.sleep(0.2)


def _answers(url: str) -> bool:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=5) as answer:
            return int(answer.status) == 200
    except (urllib.error.URLError, OSError):
        return False


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def environment(scratch: Path) -> dict[str, str]:
    """Return what our own Rasa runs with: quiet, one thread for each library, nothing sent home."""
    return dict(_our_training().environment(scratch)) | {
        "PYTHONPATH": f"{UNDERSTANDING}:{HERE}",
        "SANIC_HOST": "127.0.0.1",
        "ACTION_SERVER_SANIC_WORKERS": "1",
    }


def _our_training() -> ModuleType:
    spec = importlib.util.spec_from_file_location("rasa_project_train", UNDERSTANDING / "train.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
