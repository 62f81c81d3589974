"""Law through time: a ticket is filed under, and reckoned by, the law of its day."""

import shutil
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import pytest

from cities.loading import CITIES, load_book, load_pack
from hotline.calendar import CITY_TIME
from hotline.citypack import CityPack
from hotline.deadlines import due_moments

CHANGED = """
  - id: consultation-finish
    what: finish
    starts: filing
    working_days: 1
    kinds: [consultation]
    effective_from: 2026-07-01
    source: ordinance
    article: 第八条
    reading: R-ALL-1

unfixed:"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A copy of what the fictional city needs, whose law changes on 2026-07-01."""
    for folder in ("_example", "common", "calendar"):
        shutil.copytree(CITIES / folder, tmp_path / "cities" / folder)
    for name in ("duties.yaml", "readings.yaml"):
        shutil.copy(CITIES / name, tmp_path / "cities")
    file = tmp_path / "cities" / "_example" / "deadlines.yaml"
    text = file.read_text(encoding="utf-8").replace("\nunfixed:", CHANGED)
    old = "    kinds: [consultation]\n    source"
    file.write_text(text.replace(old, "    effective_to: 2026-06-30\n" + old, 1), encoding="utf-8")
    return tmp_path / "cities"


def finish(pack: CityPack, day: str) -> str:
    at = datetime.fromisoformat(f"{day}T10:00").replace(tzinfo=CITY_TIME)
    dues = due_moments(pack, kind="consultation", ticket_class="normal", channel="phone", at=at)
    # the class of the consultation has no limit of its own in the changed city
    return next(due.at.date().isoformat() for due in dues if due.what == "finish")


def test_rules_follow_the_day_of_the_filing_whichever_pack_one_holds(root: Path) -> None:
    for day in (date(2024, 3, 1), date(2026, 6, 30), date(2026, 7, 1), date(2030, 1, 1)):
        pack = load_pack("_example", root, on=day)
        assert finish(pack, "2026-06-30") == "2026-07-03"  # signed by 07-01, two working days
        assert finish(pack, "2026-07-01") == "2026-07-02"  # the new law: one from filing


def test_each_period_has_its_own_version(root: Path) -> None:
    old, new = (load_pack("_example", root, on=date(2026, month, 15)) for month in (6, 7))
    assert old.version.startswith("2024-01-01+") and new.version.startswith("2026-07-01+")
    assert old.on(date(2026, 7, 1)).version == new.version
    assert new.on(date(2026, 6, 30)).version == old.version
    assert [rule.working_days for rule in old.deadlines if rule.id == "consultation-finish"] == [2]
    assert [rule.working_days for rule in new.deadlines if rule.id == "consultation-finish"] == [1]


def test_the_version_tells_every_change_of_the_files(root: Path) -> None:
    before = load_pack("_example", root).version
    file = root / "_example" / "privacy.yaml"
    file.write_text(
        file.read_text(encoding="utf-8").replace("不给任何单位看", "不给单位看"), encoding="utf-8"
    )
    assert load_pack("_example", root).version != before


def test_without_dates_of_its_own_a_rule_is_in_force_while_its_instrument_is() -> None:
    (only,) = load_book("_example").periods
    assert only.since == date(2024, 1, 1)
    assert {rule.effective_from for rule in only.deadlines} == {date(2024, 1, 1)}
    assert not only.deadlines[0].in_force(date(2023, 12, 31))


def test_before_any_law_the_first_one_speaks_but_sets_no_dates() -> None:
    pack = load_pack("_example", on=date(2020, 1, 1))
    assert set(pack.kinds) and pack.since == date(2024, 1, 1)
    at = datetime(2020, 1, 2, 10, tzinfo=CITY_TIME)
    assert due_moments(pack, kind="complaint", ticket_class="normal", channel="phone", at=at) == ()


def test_a_pack_changed_in_hand_stays_changed_within_its_period() -> None:
    pack = replace(load_pack("_example"), deadlines=())
    assert pack.on(date(2026, 1, 5)).deadlines == ()
