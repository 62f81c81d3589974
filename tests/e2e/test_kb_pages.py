"""The editors' pages as people meet them, in Chromium, against the started system."""

from pathlib import Path

from tests.e2e.chromium import CHROMIUM, checks_in, with_chromium
from tests.e2e.system import System
from tests.e2e.test_staff_pages import SHOTS, forgive

SCRIPT = Path(__file__).with_name("kb.mjs")


@with_chromium
def test_three_people_take_an_article_to_citizens_and_away_again(system: System) -> None:
    roles = ("editor", "unit", "reviewer")
    accounts = {role: (role, system.password("gateway", role)) for role in roles}
    try:
        made = checks_in(SCRIPT, system.gateway_url, CHROMIUM, SHOTS, given=accounts, timeout=300)
    finally:
        forgive(system)
    assert made == 4
