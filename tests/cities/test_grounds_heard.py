"""Grounds that few patterns reach are heard by what examples taught; demands that share their words are taken up."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

from cities.loading import load_pack
from hotline.screening import screen_acceptance

ROWS = Path(__file__).parent / "data" / "grounds_of_suqian.jsonl"


def rows() -> list[dict[str, Any]]:
    return [json.loads(line) for line in ROWS.read_text(encoding="utf-8").splitlines()]


def test_most_of_what_belongs_elsewhere_is_heard_and_no_lawful_neighbour() -> None:
    """Disclosure, secrets, morals, discipline and proceedings: six of eight each; of forty lawful neighbours none is refused, three are asked."""
    pack = load_pack("suqian")
    heard = Counter(
        row["ground"] for row in rows() if row["ground"] and screen_acceptance(row["text"], pack) is not None
    )
    assert {ground for ground in heard if heard[ground] >= 6} == {
        "disclosure", "secrets", "morals", "discipline", "proceedings",
    }  # fmt: skip
    found = [screen_acceptance(row["text"], pack) for row in rows() if row["ground"] is None]
    asked = [one for one in found if one is not None]
    assert not any(one.sure for one in asked) and len(asked) <= 3, asked
