"""What the screens cost beside trying every pattern of their lists: ``python -m tests.bench.screens --city suqian``.

Texts are the test sets' own messages without danger, joined to 1,000 characters (no example that was learnt from, for
its letters would all be known): everyday ones, and as the worst case those that all use the words of a danger.
"""

import argparse
import json
import random
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import fmean

from cities.loading import load_pack
from hotline.citypack import CityPack
from hotline.patterns import compiled
from hotline.screening import screen_acceptance, screen_emergency
from hotline.spelling import normalised

SETS = Path(__file__).parents[1] / "unit" / "hotline" / "data" / "independent"
LENGTH, ROUNDS = 1000, 25
TEXTS = 80  #: more than whose identities the finder remembers, so that every time is as long as the first
BAR = 1.0  #: ms for a text of that length (DESIGN: figures to reach)
SEED = 5


def messages(*, hard: bool) -> list[str]:
    """Return the messages without danger, everyday or with its words, of the sets that tell the two apart."""
    rows = (
        json.loads(line)
        for path in sorted(SETS.glob("emergency[3-9].jsonl"))
        for line in path.open(encoding="utf-8")
    )
    return [row["text"] for row in rows if not row["danger"] and row["hard"] is hard]


def joined(texts: Sequence[str], chance: random.Random) -> str:
    """Return messages one after the other, as long as a long letter."""
    letter = ""
    while len(letter) < LENGTH:
        letter += f"{chance.choice(texts)}\u3002"
    return letter[:LENGTH]


def cost(screen: Callable[[str], object], texts: Sequence[str]) -> float:
    """Return the milliseconds for one text, of each the least of all rounds: whatever else runs here only adds.

    No text comes twice in a row, so that none finds its own letters in the processor's caches.
    """
    least = [float("inf")] * len(texts)
    for _ in range(ROUNDS):
        for place, text in enumerate(texts):
            before = time.perf_counter()
            screen(text)
            least[place] = min(least[place], time.perf_counter() - before)
    return 1000 * fmean(least)


def every_pattern(text: str, pack: CityPack) -> int:
    """Return how many patterns of danger ``text`` holds, looking for each."""
    said = normalised(text, pack.spelling)
    patterns = (pattern for danger in pack.dangers for pattern in (*danger.sure, *danger.doubt))
    return sum(compiled(pattern).search(said) is not None for pattern in patterns)


def main() -> None:
    """Print what each screen takes, for a short message and for a long letter."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--city", default="pingdingshan")
    options = parser.parse_args()
    pack, chance = load_pack(options.city), random.Random(SEED)
    everyday, hard = messages(hard=False), messages(hard=True)
    columns = {
        "20 to 40 characters": chance.sample([text for text in everyday if 20 <= len(text) <= 40], TEXTS),
        f"{LENGTH} characters": [joined(everyday, chance) for _ in range(TEXTS)],
        "the same of words of danger": [joined(hard, chance) for _ in range(TEXTS)],
    }
    screens: dict[str, Callable[[str], object]] = {
        "danger": lambda text: screen_emergency(text, pack),
        "grounds": lambda text: screen_acceptance(text, pack),
        "every pattern of danger, one by one": lambda text: every_pattern(text, pack),
    }
    costs = {name: [cost(screen, texts) for texts in columns.values()] for name, screen in screens.items()}
    slowest = costs["every pattern of danger, one by one"]
    sys.stdout.write(f"| ms | {' | '.join(columns)} |\n|{'---|' * (len(columns) + 1)}\n")
    for name, found in costs.items():
        cells = (f"{one:.2f} ({one / beside:.0%})" for one, beside in zip(found, slowest, strict=True))
        sys.stdout.write(f"| {name} | {' | '.join(cells)} |\n")
    met = "met" if costs["danger"][1] < BAR else "NOT met"
    sys.stdout.write(f"bar {BAR:.0f} ms for danger in {LENGTH} characters: {met}\n")


if __name__ == "__main__":
    main()
