"""The pages as people meet them, in Chromium, against the started system."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from groundwork.settings import PROJECT
from tests.e2e.system import System

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
SCRIPT = Path(__file__).with_name("browser.mjs")


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here; install the package chromium")
def test_every_page_is_sound_at_every_width_and_usable_by_keyboard_and_without_javascript(
    system: System,
) -> None:
    assert CHROMIUM is not None
    looked = subprocess.run(
        ["node", str(SCRIPT), system.gateway_url, CHROMIUM],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=400,
    )
    checks = [json.loads(line) for line in looked.stdout.splitlines()]
    broken = {check["name"]: check["findings"] for check in checks if check["findings"]}
    assert broken == {} and looked.returncode == 0, (
        json.dumps(broken, ensure_ascii=False, indent=1) + looked.stderr
    )
    assert len(checks) == 78
