"""The pages as people meet them, in Chromium, against the started system."""

from pathlib import Path

from tests.e2e.chromium import CHROMIUM, checks_in, with_chromium
from tests.e2e.system import System

SCRIPT = Path(__file__).with_name("browser.mjs")


@with_chromium
def test_what_the_system_says_is_sound_at_every_width_and_usable_by_keyboard_and_without_javascript(
    system: System,
) -> None:
    assert checks_in(SCRIPT, system.gateway_url, CHROMIUM, timeout=400) == 47
