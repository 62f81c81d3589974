"""A made-up dispatch history: varied words, wrong labels, several names of one unit, matters that move with time."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import yaml

WORDS = Path(__file__).with_name("history.yaml")
BEGUN = datetime(2024, 1, 1)  # noqa: DTZ001 — as such files write it, without an offset
DAYS = 700
MIXED_UP, ALIASED, MISTYPED, CROSSED = 0.25, 0.4, 0.04, 0.2


@dataclass(frozen=True, kw_only=True, slots=True)
class Dispatched:
    """One past ticket: what was said, the unit as somebody typed it, the unit that it is, when."""

    text: str
    typed: str
    unit: str
    at: datetime


def words() -> dict[str, Any]:
    """Return what the history is made of."""
    found: dict[str, Any] = yaml.safe_load(WORDS.read_text(encoding="utf-8"))
    return found


def aliases() -> dict[str, str]:
    """Return each alias with the unit's own name."""
    return {alias: unit["name"] for unit in words()["units"] for alias in unit["aliases"]}


def generated(count: int, *, seed: int) -> Iterator[Dispatched]:
    """Yield ``count`` past tickets, oldest first; the same for the same seed."""
    chance, told = Random(seed), words()
    weights = [1 / (rank + 1) ** 0.5 for rank in range(len(told["units"]))]
    for number in range(count):
        when = number / count
        open_units = [unit if unit.get("since", 0) <= when else None for unit in told["units"]]
        unit = None
        while unit is None:
            unit = chance.choices(open_units, weights)[0]
        yield _one(told, unit, when, chance)


def _one(told: dict[str, Any], unit: dict[str, Any], when: float, chance: Random) -> Dispatched:
    says = chance.choice(unit["says"])
    place = unit.get("in") or chance.choice([*told["districts"], "", "", ""])
    street = chance.choice(told["streets"]) + chance.choice(told["endings"])
    text = _told(told, says, place + street, chance)
    name = _moved(told, says, unit["name"], when)
    if chance.random() < MIXED_UP:
        others = [one for group in told["mixed_up"] if name in group for one in group]
        name = chance.choice(others) if others else name
    of = next(one for one in told["units"] if one["name"] == name)
    typed = chance.choice(of["aliases"]) if chance.random() < ALIASED else name
    return Dispatched(text=text, typed=typed, unit=name, at=BEGUN + timedelta(days=DAYS * when))


def _told(told: dict[str, Any], says: str, place: str, chance: Random) -> str:
    parts = [says]
    if chance.random() < CROSSED:  # a second matter, of somebody else
        parts.append(chance.choice(chance.choice(told["units"])["says"]))
    parts += chance.sample(told["fillers"], k=chance.choice((0, 0, 1, 1, 2)))
    chance.shuffle(parts)
    parts[0] = chance.choice(
        (
            f"{place}{chance.choice(told['times'])}{parts[0]}",
            f"{chance.choice(told['times'])}{place}{parts[0]}",
        )
    )
    text = (
        chance.choice(told["openings"])
        + chance.choice("，。").join(parts)
        + "。"
        + chance.choice(told["closings"])
    )
    letters = [letter for letter in text if chance.random() >= MISTYPED]
    return "".join(letters)


def _moved(told: dict[str, Any], says: str, name: str, when: float) -> str:
    for move in told["moved"]:
        if move["says"] == says:
            return str(move["to"] if when >= move["at"] else move["from"])
    return name
