"""Serve the model: ``HUYING_RASA_TOKEN=… python bots/rasa_project/serve.py --port N --model DIR``, with Rasa's own Python.

It becomes Rasa in the same process, so that the token never stands on a command line that other users can list. What
runs is ``rasa run --enable-api -i 127.0.0.1 -p N --auth-token=… -m DIR/huying.tar.gz --quiet`` with no channel, no
action server, one worker and no telemetry; ``--print`` shows it with the token left out. SIGTERM ends it.
"""

import argparse
import os
import runpy
import shlex
import shutil
import signal
import sys
import warnings
from pathlib import Path

sys.dont_write_bytecode = True  # the project's folder may be read-only

import train  # noqa: E402  (the switch above must come first)

VARIABLE = "HUYING_RASA_TOKEN"


def arguments_of(port: int, model: Path, token: str) -> list[str]:
    """Return Rasa's arguments: loopback only, a token for every call, quiet so that no message is printed."""
    return [
        *("rasa", "run", "--enable-api", "--quiet", "-i", "127.0.0.1", "-p", str(port)),
        f"--auth-token={token}",  # in one word: a token may begin with a hyphen
        *("-m", str(model / train.MODEL)),
        *("--credentials", str(train.PROJECT / "credentials.yml")),
        *("--endpoints", str(train.PROJECT / "endpoints.yml")),
    ]


def fresh(scratch: Path) -> Path:
    """Return ``scratch`` without the folders that a killed server left; jieba's dictionary cache stays."""
    scratch.mkdir(parents=True, exist_ok=True)
    for left in scratch.iterdir():
        if left.is_dir():
            shutil.rmtree(left, ignore_errors=True)
    return scratch


def unheard(*_arguments: object, **_options: object) -> None:
    """Keep the warnings of old libraries to ourselves; some of them set the filters anew, so filters do not help."""


def become_rasa(port: int, model: Path, token: str) -> None:
    """Run Rasa here and now; returns when it was told to stop."""
    scratch = fresh(model / f"serving-{port}")
    environment = train.environment(scratch)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(scratch)
    sys.path[0] = str(train.PROJECT)  # where the custom component is found
    warnings.showwarning = unheard
    sys.argv = arguments_of(port, model, token)
    # Until the server has its own handlers, there is nothing to finish: end at once and without a traceback.
    for stop in (signal.SIGTERM, signal.SIGINT):
        signal.signal(stop, signal.SIG_DFL)
    runpy.run_module("rasa", run_name="__main__", alter_sys=True)


def main() -> None:
    """Read the two arguments and the token, refuse what cannot work, serve."""
    parser = argparse.ArgumentParser(description="Serve the understanding model on loopback.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--model", type=Path, required=True, help="the folder that train.py wrote")
    parser.add_argument("--print", action="store_true", help="print Rasa's command line and end")
    given = parser.parse_args()
    model = given.model.resolve()
    if given.print:
        print(shlex.join([sys.executable, "-m", *arguments_of(given.port, model, f"${VARIABLE}")]))
        return
    token = os.environ.get(VARIABLE, "")
    if not token:
        sys.exit(f"rasa: set {VARIABLE}; without it the server would answer anybody")
    if not (model / train.MODEL).is_file():
        sys.exit(f"rasa: no model in {model}; run train.py --out {model} first")
    become_rasa(given.port, model, token)


if __name__ == "__main__":
    main()
