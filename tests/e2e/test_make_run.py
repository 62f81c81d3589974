"""Starting again, starting twice, and leaving nothing behind."""

import subprocess
import sys
import time
from signal import SIGINT, SIGTERM

from groundwork.settings import PROJECT
from tests.e2e.citizen import Citizen, by_kind
from tests.e2e.system import System
from tests.folders import server_folder


def test_what_was_filed_is_there_after_ctrl_c_and_a_second_start() -> None:
    with server_folder() as folder:
        start_twice(System(folder))


def start_twice(installed: System) -> None:
    installed.start()
    ticket = by_kind(Citizen(installed.gateway_url).say("我家楼下着火了"), "ticket")["ticket"]
    installed.stop(SIGINT)  # asserts that no process is left and the exit status is 0
    installed.start()
    try:
        found = Citizen(installed.gateway_url).progress(ticket["number"], ticket["query_code"])
        assert found.status == 200 and found.json()["number"] == ticket["number"]
    finally:
        installed.stop(SIGTERM)


def test_a_second_start_over_a_running_system_says_so_in_one_line(system: System) -> None:
    began = time.monotonic()
    second = subprocess.run(
        [sys.executable, "-P", "-m", "gateway", "run"],
        cwd=PROJECT,
        env=system.env,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert second.returncode != 0 and time.monotonic() - began < 30
    assert len((second.stdout + second.stderr).strip().splitlines()) == 1
    assert "already" in second.stdout + second.stderr or "running" in second.stdout + second.stderr
