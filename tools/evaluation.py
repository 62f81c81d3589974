"""Measures the two screens on the independent test sets: ``python -m tools.evaluation CITY`` prints what docs/evaluation.md tells."""

import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cities.loading import load_pack
from hotline.citypack import CityPack
from hotline.screening import Danger, NotAccepted, screen_acceptance, screen_emergency

TESTS = Path(__file__).resolve().parent.parent / "tests" / "unit" / "hotline" / "data" / "independent"


def main(arguments: list[str]) -> int:
    """Print one line for each group of messages."""
    if len(arguments) != 1:
        print("name a folder under cities/: python -m tools.evaluation CITY", file=sys.stderr)
        return 2
    pack = load_pack(arguments[0])
    for title, counts in (*emergencies(pack), *acceptance(pack)):
        total = sum(counts.values())
        shares = "  ".join(f"{name} {counts[name] / total:6.1%}" for name in ("sure", "asked", "none"))
        print(f"{title:<40} {total:>4}  {shares}")
    return 0


def emergencies(pack: CityPack) -> Iterator[tuple[str, Counter[str]]]:
    """Yield how each group of the emergency set is judged."""
    groups: dict[str, Counter[str]] = {}
    for row in rows("emergency"):
        named = "emergency, plain" if row["how"].startswith("plain") else "emergency, no obvious word"
        group = (
            named if row["label"] == "now" else {"doubt": "doubtful", "none": "hard negative"}[row["label"]]
        )
        groups.setdefault(group, Counter())[verdict(screen_emergency(row["text"], pack))] += 1
    yield from sorted(groups.items())


def acceptance(pack: CityPack) -> Iterator[tuple[str, Counter[str]]]:
    """Yield how the pairs of this city are judged."""
    groups: dict[str, Counter[str]] = {}
    for row in rows("acceptance"):
        if row["city"] == pack.code:
            group = "belongs elsewhere" if row["ground"] else "to be taken up"
            groups.setdefault(group, Counter())[verdict(screen_acceptance(row["text"], pack))] += 1
    yield from sorted(groups.items())


def verdict(found: Danger | NotAccepted | None) -> str:
    """Return one of sure, asked and none."""
    return "none" if found is None else "sure" if found.sure else "asked"


def rows(name: str) -> list[dict[str, Any]]:
    """Return a test set."""
    return [json.loads(line) for line in (TESTS / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
