"""``make faults``: the same as the test, longer."""

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from tests.faults.running import SEED, Plan, run, seed
from tests.folders import server_folder


def main() -> int:
    """Run as many messages as asked for; the exit status is 1 when something was found."""
    parser = argparse.ArgumentParser(prog="make faults", description=__doc__)
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=None, help=f"also {SEED}")
    parser.add_argument("--at-once", type=int, default=40, help="citizens who talk at the same time")
    parser.add_argument("--every", type=int, default=60, help="messages between two troubles")
    parser.add_argument("--within", type=float, default=1800, help="seconds that the load may take")
    parser.add_argument("--keep", action="store_true", help="keep the folder with the logs and the database")
    given = parser.parse_args()
    plan = Plan(
        seed=seed() if given.seed is None else given.seed, messages=given.messages, at_once=given.at_once,
        pause=0.4, every=given.every, load_within=given.within, quiet_within=300,
    )  # fmt: skip
    print(f"faults: seed {plan.seed}, {plan.messages} messages", flush=True)
    if given.keep:
        folder = Path(tempfile.mkdtemp(prefix="huying-faults-"))
        print(f"faults: in {folder}")
        report = asyncio.run(run(plan, folder))
    else:
        with server_folder() as folder:
            report = asyncio.run(run(plan, folder))
    print(report)
    return 1 if report.findings else 0


if __name__ == "__main__":
    sys.exit(main())
