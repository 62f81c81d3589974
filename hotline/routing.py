"""Which unit such matters were given to before: weights learnt from a city's own past dispatches.

A text is what its letters say, one to three in a row, as TF-IDF; each unit has one weight for each of them, a linear
support vector machine against all the others (``bots.unit_learning`` finds them). What is read here is arithmetic over
buffers that the caller may keep in a file: no weight becomes an object, and every process shares the same pages.
"""

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from heapq import nlargest
from math import exp, log, sqrt

OPENING, ENDING = 250, 150  #: characters of a long text that are read: the matter, and what is asked for
RUNS = 3  #: letters in a row, at most
WIDTH = 21  #: bits of one letter in a key
NEARLY_NONE = 1e-6  #: probabilities are this far from 0 and 1, so that odds exist
_NUMBERS = re.compile(r"\d{5,}")  #: telephone and identity numbers say nothing about the matter


@dataclass(frozen=True, kw_only=True, slots=True)
class Proposal:
    """A unit with the probability, from 0 to 1, that dispatchers would have given the matter to it."""

    unit: str
    score: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged:
    """What past dispatches say of one text."""

    proposals: tuple[Proposal, ...]  #: likeliest first
    confidence: float  #: probability that the first one is right, given also how often its unit was
    sure: bool  #: the first one reaches the precision that was asked for when the weights were learnt


@dataclass(frozen=True, kw_only=True, slots=True)
class Trust:
    """How scores become probabilities, and from which on the first proposal may be followed."""

    scale: float  #: what decisions are multiplied by before they are compared
    slope: float  #: how much the odds of the first proposal count
    shift: float  #: what is added to them
    shares: tuple[float, ...]  #: for each unit, how often it was right where it came first, beside the usual
    sure_from: float  #: confidence; above 1: never

    def confidence(self, place: int, score: float) -> float:
        """Return the probability that the unit at ``place``, first with ``score``, is the right one."""
        score = min(max(score, NEARLY_NONE), 1 - NEARLY_NONE)
        usual = 1 / (1 + exp(-self.slope * log(score / (1 - score)) - self.shift))
        return min(usual * self.shares[place], 1 - NEARLY_NONE)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Routing:
    """What past dispatches teach; rows of weights stand one after the other, row ``i`` from ``starts[i]`` on."""

    version: str
    units: tuple[str, ...]
    bias: tuple[float, ...]
    trust: Trust
    weight_scale: float  #: weights are whole numbers of this
    keys: Sequence[int]  #: of letters in a row, ascending
    rarity: Sequence[float]  #: inverse document frequency of each
    starts: Sequence[int]  #: one more than keys
    owners: Sequence[int]  #: place in ``units`` of each weight
    weights: Sequence[int]

    def judge(self, text: str, *, most: int) -> "Judged":
        """Return the ``most`` likeliest units, at least one, likeliest first; the probabilities of all units make 1."""
        decisions = self._decisions(text)
        highest = max(decisions)
        likely = [exp((decision - highest) * self.trust.scale) for decision in decisions]
        total = sum(likely)
        places = nlargest(most, range(len(likely)), key=likely.__getitem__)
        confidence = self.trust.confidence(places[0], likely[places[0]] / total)
        return Judged(
            proposals=tuple(Proposal(unit=self.units[i], score=likely[i] / total) for i in places),
            confidence=confidence,
            sure=confidence >= self.trust.sure_from,
        )

    def _decisions(self, text: str) -> list[float]:
        totals = [0.0] * len(self.units)
        for row, value in self._values(text).items():
            part = value * self.weight_scale
            for i in range(self.starts[row], self.starts[row + 1]):
                totals[self.owners[i]] += part * self.weights[i]
        return [bias + total for bias, total in zip(self.bias, totals, strict=True)]

    def _values(self, text: str) -> Mapping[int, float]:
        """Return TF-IDF of unit length: what stands in ``text`` by its row."""
        values = {
            row: (1 + log(count)) * self.rarity[row]
            for key, count in Counter(keys_of(text)).items()
            if (row := bisect_left(self.keys, key)) < len(self.keys) and self.keys[row] == key
        }
        length = sqrt(sum(value * value for value in values.values())) or 1.0
        return {row: value / length for row, value in values.items()}


def read(text: str) -> str:
    """Return ``text`` in the form whose letters are counted."""
    text = _NUMBERS.sub("0", " ".join(text.lower().split()))
    return text if len(text) <= OPENING + ENDING else text[:OPENING] + text[-ENDING:]


def keys_of(text: str) -> list[int]:
    """Return a whole number for each one, two and three letters in a row, repeats included."""
    letters = [ord(letter) for letter in read(text)]
    found = list(letters)
    run = letters
    for size in range(1, RUNS):
        run = [(before << WIDTH) | letter for before, letter in zip(run, letters[size:], strict=False)]
        found += run
    return found
