"""The staff's pages of both programs as people meet them, in Chromium, against the started system."""

import os
import subprocess
import sys
from pathlib import Path

from groundwork.settings import PROJECT
from tests.e2e.chromium import CHROMIUM, checks_in, with_chromium
from tests.e2e.citizen import Browser, Citizen, Dispatcher, eventually
from tests.e2e.system import System
from tests.e2e.test_mailbox import sent
from tests.e2e.test_spine import file_complaint

SCRIPT = Path(__file__).with_name("staff.mjs")
#: Name a folder to look at the pages: pictures of each at both widths.
SHOTS = os.environ.get("HUYING_TEST_SHOTS", "-")


@with_chromium
def test_staff_sign_in_with_two_factors_and_see_their_own_pages_only(system: System) -> None:
    number = file_complaint(Citizen(system.gateway_url))["number"]
    dispatcher = Dispatcher(system.desk_url, "dispatcher", system.password("desk", "dispatcher"))
    values = {
        "subject": "举报",
        "body": "举报示例局有人收钱办事。我叫样例乙，电话13900000001。",
        "confidential": "true",
    }
    secret = sent(Browser(system.gateway_url), values | {"name": "样例乙", "phone": "13900000001"})["number"]
    eventually(lambda: dispatcher.case(number).status == dispatcher.case(secret).status == 200)
    rows = [line.split() for line in (system.state / "accounts").read_text().splitlines()]
    passwords = {f"{program} {name}": password for program, name, _, password in rows}
    try:
        made = checks_in(
            SCRIPT, system.gateway_url, system.desk_url, CHROMIUM, number, secret, SHOTS,
            given=passwords, timeout=900,
        )  # fmt: skip
    finally:
        forgive(system)
    assert made == 122


def test_what_staff_did_is_on_record_in_both_programs_and_whole(system: System) -> None:
    Dispatcher(system.desk_url, "dispatcher", system.password("desk", "dispatcher"))
    verified = huying(system, "audit", "verify")
    assert verified.returncode == 0, verified.stdout + verified.stderr
    assert [line.partition(":")[0] for line in verified.stdout.splitlines()] == ["gateway", "desk"]
    assert (system.state / "audit-desk.anchors").exists()
    listed = huying(system, "staff", "list").stdout.splitlines()
    assert "editor editor open" in listed


def huying(system: System, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-P", "-m", "gateway", *arguments]
    return subprocess.run(
        command, cwd=PROJECT, env=system.env, capture_output=True, text=True, timeout=60, check=False
    )


def forgive(system: System) -> None:
    """Let the next test sign in from the same address."""
    gone = "WITH gone AS (DELETE FROM staff_tries RETURNING 1) SELECT count(*) FROM gone"
    for program in ("desk", "gateway"):
        system.count(gone, program=program)
