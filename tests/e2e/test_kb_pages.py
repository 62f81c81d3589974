"""The editors' pages as people meet them, in Chromium, against the started system."""

import json
import subprocess
from pathlib import Path

import pytest

from groundwork.settings import PROJECT
from tests.e2e.system import System
from tests.e2e.test_browser import CHROMIUM
from tests.e2e.test_staff_pages import SHOTS, forgive

SCRIPT = Path(__file__).with_name("kb.mjs")


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here; install the package chromium")
def test_three_people_take_an_article_to_citizens_and_away_again(system: System) -> None:
    assert CHROMIUM is not None
    roles = ("editor", "unit", "reviewer")
    accounts = {role: (role, system.password("gateway", role)) for role in roles}
    try:
        looked = subprocess.run(
            ["node", str(SCRIPT), system.gateway_url, CHROMIUM, SHOTS],
            cwd=PROJECT,
            input=json.dumps(accounts),
            capture_output=True,
            text=True,
            timeout=300,
        )
    finally:
        forgive(system)
    checks = [json.loads(line) for line in looked.stdout.splitlines()]
    broken = {check["name"]: check["findings"] for check in checks if check["findings"]}
    assert broken == {} and looked.returncode == 0, (
        json.dumps(broken, ensure_ascii=False, indent=1) + looked.stderr
    )
    assert len(checks) == 3
