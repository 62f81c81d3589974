"""The chat in Chromium over a bad network and two replicas, one of which dies in use."""

import os
import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from signal import SIGKILL

from gateway.localservers import dying_with_parent
from gateway.supervisor import free_ports
from groundwork.settings import PREFIX, PROJECT
from tests.e2e.chromium import CHROMIUM, checks_in, with_chromium
from tests.e2e.citizen import Browser, eventually
from tests.e2e.system import System

SCRIPT = Path(__file__).with_name("sockets.mjs")


@contextmanager
def started(*arguments: str, env: dict[str, str] | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """Run a module of ours for as long as the body runs."""
    program = subprocess.Popen(
        [sys.executable, "-P", "-m", *arguments], cwd=PROJECT, env=env, stdout=subprocess.DEVNULL,
        preexec_fn=dying_with_parent(SIGKILL),
    )  # fmt: skip
    try:
        yield program
    finally:
        program.kill()
        program.wait()


def is_up(url: str) -> bool:
    try:
        return Browser(url).get("/healthz").status == 200
    except OSError:
        return False


@with_chromium
def test_nothing_is_lost_doubled_or_out_of_order_over_lost_frames_and_a_killed_replica(
    system: System,
) -> None:
    seed = random.SystemRandom().randrange(1_000_000)
    print(f"seed {seed}")
    environment = Path(f"/proc/{system.pid('gateway')}/environ").read_bytes().decode().split("\0")
    env = dict(pair.split("=", 1) for pair in environment if pair)
    second, proxy = free_ports(2)
    replica, base = f"http://127.0.0.1:{second}", f"http://127.0.0.1:{proxy}"
    with started("gateway", "serve", env=env | {f"{PREFIX}PORT": str(second)}) as killed:
        eventually(lambda: is_up(replica))
        ways = (replica, system.gateway_url)
        with started("tests.e2e.unreliable", str(proxy), str(seed), *ways, env=dict(os.environ)):
            eventually(lambda: is_up(base))
            assert checks_in(SCRIPT, base, CHROMIUM, str(killed.pid), timeout=200) == 2
            assert killed.wait(10) == -9
