"""``make bench``: our whole system and a full Rasa dialogue, one after the other, on this machine."""

import argparse
import sys

from tests.bench.drain import Drained, drain
from tests.bench.phases import Run, Size, our_system, rasa_dialogue
from tests.bench.report import DOCUMENT, bars, broken, latest, write, write_line
from tests.bench.sockets import Listened, listen
from tests.folders import server_folder


def main() -> int:
    """Measure, print, write the document; bars that are not met are told, wrong answers are an error."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--seconds", type=float, default=30, help="of each measured phase")
    parser.add_argument("--rate", type=float, default=100, help="messages a second in the first phase")
    parser.add_argument("--at-once", type=int, default=16, help="citizens at saturation")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--config", default="config.yml", help="of the Rasa dialogue; standard.yml takes DIET and TED"
    )
    parser.add_argument(
        "--tickets", type=int, default=100_000, help="owed at once and drained; 0 leaves that out"
    )
    parser.add_argument("--sockets", type=int, default=5_000, help="held open; 0 leaves that out")
    parser.add_argument("--no-document", action="store_true", help="only print")
    given = parser.parse_args()
    run = Run(size=Size(seconds=given.seconds, rate=given.rate, at_once=given.at_once, seed=given.seed))
    with server_folder() as folder:
        our_system(run, folder, say)
    with server_folder() as folder:
        rasa_dialogue(run, folder, say, config=given.config)
    more = [found for found in (_listened(given.sockets), _drained(given.tickets)) if found is not None]
    print(latest(run))
    for bar in bars(run):
        print(bar)
    wrong = broken(run) + [found.wrong for found in more if found.wrong]
    for line in wrong:
        print(f"broken: {line}")
    if not wrong and not given.no_document:
        write(run)
        for found in more:
            write_line(found)
        print(f"written to {DOCUMENT.name}")
    return 1 if wrong else 0


def _listened(sockets: int) -> Listened | None:
    if not sockets:
        return None
    with server_folder() as folder:
        found = listen(sockets, folder, say)
    print(found.line())
    return found


def _drained(tickets: int) -> Drained | None:
    if not tickets:
        return None
    with server_folder() as folder:
        found = drain(tickets, folder, say)
    print(found.line())
    return found


def say(what: str) -> None:
    """Tell what goes on."""
    print(f"bench: {what}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
