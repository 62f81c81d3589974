"""Learns a city's own examples of danger beside the shipped ones, and compares before they replace anything.

``python -m cities.retraining OWN.jsonl`` judges every example, shipped and own, by weights that had not seen it: once
learnt from the shipped ones alone, once from both. ``--adopt`` takes the own ones up where neither set is heard worse; ``--back`` returns to those before.
"""

import argparse
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cities import learning
from cities.hearing import DANGERS, Example, read_dangers
from cities.learning import Judged, Learner, told, unseen
from cities.loading import CITIES, city_codes, load_pack

OWN, KEPT = "own.jsonl", "own.jsonl.before"
WORSE = 0.002  #: of the area under the curve; less is chance


@dataclass(frozen=True, kw_only=True, slots=True)
class Compared:
    """How well one set of examples is heard, before and after."""

    name: str
    count: int
    before: float  #: chance that a danger scores above a message without one
    after: float

    @property
    def is_worse(self) -> bool:
        """Tell whether it is heard worse, by more than chance."""
        return self.after < self.before - WORSE


def compared(root: Path, own: Sequence[Example]) -> tuple[Compared, ...]:
    """Return how the shipped examples and ``own`` are heard without and with what ``own`` teach.

    Raises ``ValueError`` where ``own`` cannot be compared: no danger, or nothing that is none, or an id used twice.
    """
    shipped = read_dangers(root / "common" / DANGERS)
    labels = {one.label != "none" for one in own}
    if labels != {True, False}:
        raise ValueError(
            "own examples must hold dangers and messages without one: only pairs teach the difference"
        )
    pack = load_pack(city_codes(root)[0], root)
    rows = (*told(shipped, pack), *told(own, pack))
    mine = {one.id for one in own}
    learner = Learner(calls={})
    before = unseen(rows, learner, learns=lambda row: row.example.id not in mine)
    after = unseen(rows, learner)
    found = []
    for name, is_own in (("shipped", False), ("own", True)):
        was, now = (
            [one for one in judged if (one.told.example.id in mine) is is_own] for judged in (before, after)
        )
        found.append(Compared(name=name, count=len(was), before=_area(was), after=_area(now)))
    return tuple(found)


def _area(judged: Sequence[Judged]) -> float:
    dangers = [one.weighed.score for one in judged if one.told.is_danger]
    others = [one.weighed.score for one in judged if not one.told.is_danger]
    above = sum((danger > other) + (danger == other) / 2 for danger in dangers for other in others)
    return above / (len(dangers) * len(others))


def main(arguments: Sequence[str] | None = None, root: Path = CITIES) -> int:
    """Compare, and adopt or go back as asked; status 1 where nothing was adopted although it was asked for."""
    parser = argparse.ArgumentParser(prog="make retrain", description=__doc__)
    parser.add_argument(
        "examples", type=Path, nargs="?", help="JSON lines in the form of cities/common/emergency_examples"
    )
    parser.add_argument("--adopt", action="store_true", help="take them up where neither set is heard worse")
    parser.add_argument(
        "--back", action="store_true", help="return to the own examples before these, or to none"
    )
    options = parser.parse_args(arguments)
    place = root / "common" / DANGERS / OWN
    if options.back:
        return _back(place, root)
    if options.examples is None:
        parser.error("name a file of examples, or --back")
    kept = place.read_text(encoding="utf-8") if place.exists() else None
    try:
        own = _read(options.examples)
        place.unlink(missing_ok=True)  # what is learnt from now is shipped alone
        found = compared(root, own)
    except (OSError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    finally:
        if kept is not None:
            place.write_text(kept, encoding="utf-8")
    for one in found:
        sys.stdout.write(
            f"{one.name:<8} {one.count:>5} examples  before {one.before:.4f}  after {one.after:.4f}\n"
        )
    if not options.adopt:
        return 0
    if any(one.is_worse for one in found):
        sys.stderr.write(
            "not adopted: one of the sets is heard worse. Look at the labels, or add examples.\n"
        )
        return 1
    if place.exists():
        shutil.copyfile(place, place.with_name(KEPT))
    shutil.copyfile(options.examples, place)
    return learning.main([], root)


def _read(path: Path) -> tuple[Example, ...]:
    """Return the examples of one file, which may stand anywhere."""
    if not path.is_file():
        raise ValueError(f"there is no file {path}")
    found = read_dangers(path.parent, only=path.name)
    if not found:
        raise ValueError(f"{path.name} is empty")
    return found


def _back(place: Path, root: Path) -> int:
    before = place.with_name(KEPT)
    if not place.exists():
        sys.stderr.write("there are no own examples to go back from\n")
        return 1
    if before.exists():
        before.replace(place)
    else:
        place.unlink()
    return learning.main([], root)


if __name__ == "__main__":
    raise SystemExit(main())
