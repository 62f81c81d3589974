"""The real browser: a script of checks is run in it, each check a line of JSON with what it found."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from groundwork.settings import PROJECT

#: its program; empty where there is none
CHROMIUM = next(
    filter(
        None, map(shutil.which, ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"))
    ),
    "",
)
with_chromium = pytest.mark.skipif(not CHROMIUM, reason="no Chromium here; install the package chromium")


def checks_in(script: Path, *arguments: str, given: object = None, timeout: float) -> int:
    """Run ``script`` with ``given`` as JSON on its input, and return how many checks it made; fail on any finding."""
    looked = subprocess.run(
        ["node", str(script), *arguments],
        cwd=PROJECT,
        input=json.dumps(given),
        capture_output=True,
        text=True,
        timeout=timeout,
    )
    checks = [json.loads(line) for line in looked.stdout.splitlines()]
    broken = {check["name"]: check["findings"] for check in checks if check["findings"]}
    assert broken == {} and looked.returncode == 0, (
        json.dumps(broken, ensure_ascii=False, indent=1) + looked.stderr
    )
    return len(checks)
