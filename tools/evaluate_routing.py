"""Measures the proposing of units and writes the figures into docs/evaluation.md, between its marks.

``make evaluate`` runs it: on a made-up history, split by time, and on the titles of ``../shared/data`` where that folder
exists, as a stand-in. Beside it, in the same run, character TF-IDF with a linear support vector machine as it comes.
"""

import csv
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.svm import LinearSVC

from bots.unit_learning import Past, learn
from tests.bench.history import Dispatched, generated

PROJECT = Path(__file__).parent.parent
PAGE = PROJECT / "docs" / "evaluation.md"
REAL = PROJECT.parent / "shared" / "data" / "topics_dev.csv"
BEGIN, END = "<!-- routing, by `make evaluate`: begin -->", "<!-- routing, by `make evaluate`: end -->"
TICKETS, SEEDS = 16_000, (5, 6)
SPLITS = (1, 2, 3)
TEST = 0.2  #: share of the rows, the newest


@dataclass(frozen=True, kw_only=True, slots=True)
class Figures:
    """Shares of the test rows."""

    usual_1: float  #: first proposals of the usual recipe that are right
    usual_3: float
    top_1: float
    top_3: float
    coverage: float  #: that are sure
    precision: float  #: of these, right


def main() -> int:
    """Measure, and write the page."""
    text = "\n".join(_lines())
    before, rest = PAGE.read_text(encoding="utf-8").split(BEGIN)
    PAGE.write_text(f"{before}{BEGIN}\n{text}\n{END}{rest.split(END)[1]}", encoding="utf-8")
    sys.stdout.write(f"{text}\n")
    return 0


def _lines() -> Iterator[str]:
    yield "| rows | usual recipe top-1 / top-3 | ours top-1 / top-3 | sure | of these right |"
    yield "|---|---|---|---|---|"
    for seed in SEEDS:
        history = tuple(generated(TICKETS, seed=seed))
        yield _row(f"made-up history, units cleaned, seed {seed}", measured(_past(history, cleaned=True)))
    history = tuple(generated(TICKETS, seed=SEEDS[0]))
    yield _row(f"the same, units as typed, seed {SEEDS[0]}", measured(_past(history, cleaned=False)))
    if not REAL.exists():
        yield ""
        yield "The stand-in was skipped: `../shared/data/topics_dev.csv` is not there."
        return
    found = [measured(_shuffled(seed)) for seed in SPLITS]
    for seed, figures in zip(SPLITS, found, strict=True):
        yield _row(f"titles with 7 topics, split {seed}", figures)
    ahead = sum(one.top_1 - one.usual_1 for one in found) / len(found)
    yield ""
    yield f"On the stand-in ours is {100 * ahead:+.1f} points from the usual recipe, on average of {len(found)} random splits."


def _row(name: str, found: Figures) -> str:
    usual, ours = f"{found.usual_1:.1%} / {found.usual_3:.1%}", f"{found.top_1:.1%} / {found.top_3:.1%}"
    return f"| {name} | {usual} | {ours} | {found.coverage:.1%} | {found.precision:.1%} |"


def measured(past: Sequence[Past]) -> Figures:
    """Return how the newest rows are told by what the others teach, ours and the usual recipe."""
    count = int(len(past) * TEST)
    before, test = past[:-count], past[-count:]
    routing = learn(before, version="measured").routing
    judged = [routing.judge(one.text, most=3) for one in test]
    hits = [[p.unit == one.unit for p in found.proposals] for one, found in zip(test, judged, strict=True)]
    sure = [hit[0] for hit, found in zip(hits, judged, strict=True) if found.sure]
    usual_1, usual_3 = _usual(before, test)
    return Figures(
        usual_1=usual_1,
        usual_3=usual_3,
        top_1=sum(hit[0] for hit in hits) / count,
        top_3=sum(map(any, hits)) / count,
        coverage=len(sure) / count,
        precision=sum(sure) / len(sure) if sure else 0.0,
    )


def _usual(before: Sequence[Past], test: Sequence[Past]) -> tuple[float, float]:
    """Return top-1 and top-3 of character 1 to 3-gram TF-IDF with LinearSVC, both as they come."""
    letters = TfidfVectorizer(analyzer="char", ngram_range=(1, 3))
    machine = LinearSVC(random_state=0).fit(
        letters.fit_transform([one.text for one in before]), [one.unit for one in before]
    )
    ranked = np.argsort(-machine.decision_function(letters.transform([one.text for one in test])), axis=1)
    right = machine.classes_[ranked[:, :3]] == np.array([one.unit for one in test])[:, None]
    return float(right[:, 0].mean()), float(right.any(axis=1).mean())


def _past(history: Sequence[Dispatched], *, cleaned: bool) -> tuple[Past, ...]:
    return tuple(Past(text=one.text, unit=one.unit if cleaned else one.typed, at=one.at) for one in history)


def _shuffled(seed: int) -> tuple[Past, ...]:
    with REAL.open(encoding="utf-8-sig", newline="") as file:
        rows = [Past(text=row["title"], unit=row["topic"]) for row in csv.DictReader(file)]
    Random(seed).shuffle(rows)
    return tuple(rows)


if __name__ == "__main__":
    began = time.monotonic()
    status = main()
    sys.stderr.write(f"{time.monotonic() - began:.0f} s\n")
    raise SystemExit(status)
