"""The page on adding a city is true: the city that it shows loads from the page alone."""

import re
import shutil
from datetime import datetime
from pathlib import Path

import pytest

from cities.files.sections import SECTIONS
from cities.loading import CITIES, load_pack
from hotline.calendar import CITY_TIME
from hotline.citypack import CityPack
from hotline.deadlines import due_moments
from hotline.dispatching import choose_unit

PAGE = CITIES.parent / "docs" / "how-to-add-a-city.md"
BLOCK = re.compile(r"^### (\w+)\.yaml\n.*?^```yaml\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def sixth(tmp_path_factory: pytest.TempPathFactory) -> CityPack:
    """The fictional city of the page."""
    root = tmp_path_factory.mktemp("guide") / "cities"
    for folder in ("common", "calendar"):
        shutil.copytree(CITIES / folder, root / folder)
    for file in ("duties.yaml", "readings.yaml"):
        shutil.copy(CITIES / file, root)
    (root / "sixth").mkdir()
    for name, text in blocks():
        Path(root / "sixth" / f"{name}.yaml").write_text(text, encoding="utf-8")
    return load_pack("sixth", root)


def blocks() -> list[tuple[str, str]]:
    return BLOCK.findall(PAGE.read_text(encoding="utf-8"))


def test_the_page_shows_every_file_once() -> None:
    assert sorted(name for name, _ in blocks()) == sorted(["sources", *SECTIONS])


def test_the_city_of_the_page_has_clocks_of_its_own(sixth: CityPack) -> None:
    at = datetime(2026, 11, 23, 10, 0, tzinfo=CITY_TIME)  # a Monday
    dues = {
        due.what: due.at.isoformat()
        for due in due_moments(sixth, kind="complaint", ticket_class="utility", channel="webchat", at=at)
    }
    assert dues == {
        "sign": "2026-11-24T23:59:59+08:00",
        "progress": "2026-11-24T23:59:59+08:00",
        "return": "2026-11-25T23:59:59+08:00",
        "finish": "2026-12-01T23:59:59+08:00",
    }


def test_the_city_of_the_page_dispatches_by_its_own_rules(sixth: CityPack) -> None:
    chosen = choose_unit(sixth, text="东区从昨天开始停水", place="")
    assert chosen.unit.id == "water"
    assert [share.unit for share in chosen.copies] == ["样例市东区人民政府"]
    assert [share.unit for share in chosen.co_handlers] == ["样例市东区人民政府"]
