"""A program for the supervisor's tests: notes what it was given, serves ``/readyz``, and has one habit."""

import json
import os
import signal
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer


class Ready(BaseHTTPRequestHandler):
    """Answers every question with 200."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet."""


def main(name: str, port: str, habit: str) -> int:
    """Live as ``habit`` says."""
    if habit == "fails":
        print("the reason it failed", file=sys.stderr)
        return 3
    with open(os.environ["STAND_IN_NOTES"], "a") as notes:
        given = {key: value for key, value in os.environ.items() if key.startswith("HUYING_")}
        notes.write(json.dumps({"name": name, "pid": os.getpid(), "given": given}) + "\n")
    if habit == "once":
        return 0
    if habit == "stubborn":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if habit == "parent":
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    if habit == "complains":
        print("ERROR something went wrong", file=sys.stderr, flush=True)
    HTTPServer(("127.0.0.1", int(port)), Ready).serve_forever()
    return 0


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:4]))
