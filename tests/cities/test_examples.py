"""The examples of danger and of matters that belong elsewhere keep their form, and the test sets stay apart from them."""

import json
import unicodedata
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pytest

from cities.loading import CITIES, load_pack
from groundwork.settings import PROJECT
from hotline.vocabulary import EMERGENCY_NUMBERS

EXAMPLES = sorted((CITIES / "common" / "emergency_examples").glob("*.jsonl"))
PAIRS = CITIES / "common" / "acceptance_examples" / "pairs.jsonl"
INDEPENDENT = PROJECT / "tests" / "unit" / "hotline" / "data" / "independent"
DANGER_SETS = [*EXAMPLES, INDEPENDENT / "emergency.jsonl"]


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def plain(text: str) -> str:
    return "".join(letter for letter in unicodedata.normalize("NFKC", text) if letter.isalnum())


@pytest.mark.parametrize("path", DANGER_SETS, ids=lambda path: path.name)
def test_every_example_of_danger_names_its_number_and_type(path: Path) -> None:
    types = {danger.id for danger in load_pack("_example").dangers}
    for row in rows(path):
        assert row["label"] in ("now", "doubt", "none"), row["id"]
        is_danger = row["label"] != "none"
        assert (row["call"] in EMERGENCY_NUMBERS) is is_danger, row["id"]
        assert (row["type"] in types) is is_danger, row["id"]
        assert set(row["also"]) <= set(EMERGENCY_NUMBERS) - {row["call"]}, row["id"]
        assert row["text"].strip() and row["how"], row["id"]


def test_there_are_thousands_and_no_text_comes_twice() -> None:
    every = [row for path in EXAMPLES for row in rows(path)]
    assert len(every) > 3_000
    for key in ("id", "text"):
        assert [value for value, count in Counter(row[key] for row in every).items() if count > 1] == []
    assert sum(row["label"] == "none" for row in every) > len(every) / 3


def test_a_pair_differs_in_what_it_means() -> None:
    verdicts = defaultdict(set)
    for path in EXAMPLES:
        for row in rows(path):
            if row["pair"]:
                verdicts[row["pair"]].add(row["label"])
    assert len(verdicts) > 800
    assert [pair for pair, labels in verdicts.items() if len(labels) < 2] == []


def test_acceptance_pairs_hold_one_that_is_taken_up() -> None:
    taken = defaultdict(list)
    for row in rows(PAIRS):
        if row["pair"]:
            taken[row["pair"]].append(row["ground"] is None)
    assert len(taken) > 200
    assert [pair for pair, answers in taken.items() if not any(answers)] == []


@pytest.mark.parametrize("name", ["emergency.jsonl", "acceptance.jsonl"])
def test_no_row_of_a_test_set_is_an_example(name: str) -> None:
    examples = {plain(row["text"]) for path in (*EXAMPLES, PAIRS) for row in rows(path)}
    assert [row["id"] for row in rows(INDEPENDENT / name) if plain(row["text"]) in examples] == []
