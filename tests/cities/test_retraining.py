"""A city's own examples are compared before they are taken up, and can be given back."""

import json
import shutil
from pathlib import Path

import pytest

from cities.hearing import DANGERS, GROUNDS, read_dangers
from cities.learning import learnt
from cities.loading import CITIES
from cities.retraining import OWN, main

PLACES = ("_example", "common", "calendar")
WORDS = ("冒烟", "着了", "塌了", "晕了", "撞了")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The fictional city with few examples, so that learning takes a moment."""
    for folder in PLACES:
        shutil.copytree(CITIES / folder, tmp_path / "cities" / folder)
    for file in ("duties.yaml", "readings.yaml"):
        shutil.copy(CITIES / file, tmp_path / "cities")
    for folder, file, many in ((DANGERS, "rescue.jsonl", 250), (GROUNDS, "pairs.jsonl", 200)):
        kept = tmp_path / "cities" / "common" / folder
        for path in kept.glob("*.jsonl"):
            lines = path.read_text(encoding="utf-8").splitlines()[:many] if path.name == file else []
            path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return tmp_path / "cities"


def own(folder: Path, *, right: bool = True) -> Path:
    """Write examples in a word of the city's own; the wrong ones say the opposite of what is meant."""
    path = folder / "ours.jsonl"
    rows: list[dict[str, object]] = []
    for number in range(40):
        word, danger = WORDS[number % 5], number % 2 == 0
        text = f"咕噜塔{word}{number}号那边快来" if danger else f"咕噜塔{number}号那边的票怎么买"
        label = "now" if danger is right else "none"
        call, kind = ("119", "fire") if label == "now" else (None, None)
        rows.append({"id": f"ours{number}", "text": text, "label": label, "call": call, "also": [], "type": kind,
                     "pair": f"ours{number // 2}", "how": "plain"})  # fmt: skip
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def taught(root: Path) -> set[str]:
    return {example.id for example in read_dangers(root / "common" / DANGERS)}


def test_own_examples_are_compared_adopted_and_given_back(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    weights = root / "common" / "hearing.json"
    weights.unlink(missing_ok=True)
    assert main([str(own(tmp_path))], root) == 0
    assert not weights.exists() and not (root / "common" / DANGERS / OWN).exists(), (
        "comparing changes nothing"
    )
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == ["shipped", "own"]
    assert main([str(own(tmp_path)), "--adopt"], root) == 0
    assert "ours1" in taught(root) and "咕噜" in weights.read_text(encoding="utf-8")
    assert main(["--back"], root) == 0
    assert "ours1" not in taught(root) and "咕噜" not in weights.read_text(encoding="utf-8")
    assert main(["--back"], root) == 1


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "is empty"),
        ('{"id": 1}\n', "ours.jsonl:1"),
        ('{"id":"a","text":"着火了","label":"now","call":"119","also":[],"type":"fire","pair":null,"how":"x"}\n',
         "dangers and messages without one"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_learnt_from_is_told_and_nothing_changes(
    root: Path, tmp_path: Path, text: str, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "ours.jsonl"
    path.write_text(text, encoding="utf-8")
    assert main([str(path), "--adopt"], root) == 1
    assert told in capsys.readouterr().err and not (root / "common" / DANGERS / OWN).exists()
    assert main([str(tmp_path / "none.jsonl")], root) == 1


def test_the_same_examples_teach_the_same(root: Path) -> None:
    assert learnt(root) == learnt(root)
