"""The pure part of the chat's socket, in Node, with a socket and a clock of its own."""

import subprocess
from pathlib import Path

SCRIPT = Path(__file__).with_name("link.mjs")


def test_the_page_s_socket_comes_back_and_asks_for_what_is_missing() -> None:
    ran = subprocess.run(["node", "--test", str(SCRIPT)], capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stdout[-4000:]
