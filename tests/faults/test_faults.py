"""Parts are killed and paused at seeded moments while citizens talk; afterwards everything is as it must be."""

import pytest

from tests.faults.running import Plan, run, seed
from tests.faults.trouble import KINDS
from tests.folders import server_folder


@pytest.mark.duty("ALL-2", "ALL-3")
async def test_nothing_is_lost_doubled_or_out_of_order_while_parts_die() -> None:
    plan = Plan(seed=seed(), messages=300, at_once=16, pause=0.4, every=30, load_within=300, quiet_within=180)
    with server_folder() as folder:
        report = await run(plan, folder)
    print(report)
    assert report.findings == [], report
    assert {" ".join(kind) for kind in KINDS} == set(report.troubles), report
    assert report.messages >= 300 and report.tickets > 0 and report.events > report.tickets
