"""Learns from past dispatches which letters speak for which unit; what comes out is read by ``hotline.routing``.

Character TF-IDF and a linear support vector machine per unit with squared hinge, by scikit-learn. Letters that a single
ticket holds are left out, and so are units with next to no tickets: nobody can tell what they stand for. How far the
first proposal can be trusted is measured on the newest tickets, which the weights that are measured have not seen.
"""

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

from hotline.routing import NEARLY_NONE, RUNS, WIDTH, Routing, Trust, read

SEED = 12345
STRENGTH = 0.5  #: cost of a ticket on the wrong side; labels of real histories are wrong too often for more
PASSES = 5  #: over all tickets; more change nothing that can be measured
SEEN_IN = 2  #: tickets that hold a run of letters, at least
MOST_RUNS = 150_000  #: runs of letters that are weighed; the commonest, where there are more
MOST_LETTERS = 12_000_000  #: read in all, newest first; keeps learning under 2 GB
FEWEST = 5  #: tickets of a unit that can be proposed
LEAST = 200  #: tickets from which something can be learnt and measured
HELD = 0.2  #: share of the tickets, the newest, that measuring is done on
MOST_HELD = 20_000
PRECISION = 0.95  #: of what is sure
SMALLEST = 0.01  #: weights below are left out
SCALES = np.geomspace(0.5, 12.0, 33)
STEADY = (
    10.0  #: proposals as they usually turn out that every unit is credited with, so that few prove little
)
NEVER = 2.0  #: a probability that nothing reaches
Numbers: TypeAlias = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Past:
    """One ticket of the past: what was said, and the unit that dispatchers settled on."""

    text: str
    unit: str
    at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """How well the newest tickets are told by weights learnt from the others; shares from 0 to 1."""

    tickets: int  #: that were judged
    top_1: float
    top_3: float
    coverage: float  #: share that is sure; the cut was made on the older half of them, this is the newer half
    precision: float  #: of what is sure, realised on the newer half; 0 where nothing is


@dataclass(frozen=True, kw_only=True, slots=True)
class Learnt:
    """The weights of all tickets, how well those of the earlier ones did, and how many tickets were of use."""

    routing: Routing
    earlier: Routing  #: learnt without the newest tickets, to be compared on them with others
    measured: Measured
    held: tuple[Past, ...]
    tickets: int


class TooFewTicketsError(ValueError):
    """There are too few tickets or units to learn from: bring a longer history."""


def learn(past: Sequence[Past], *, version: str, seed: int = SEED) -> Learnt:
    """Return what ``past``, oldest first, teaches; the same for the same tickets and seed.

    Raises ``TooFewTicketsError``. Time grows with tickets times units: 16,000 tickets of 32 units took under half a minute;
    100,000 of 160 units more than eight minutes of one core, and 1.2 GB.
    """
    past = _newest(past)
    count = min(MOST_HELD, int(len(past) * HELD))
    before, held = past[: len(past) - count], past[len(past) - count :]
    if len(past) < LEAST:
        raise TooFewTicketsError(f"{len(past)} tickets are too few, {LEAST} are the least")
    earlier = _Fit.of(before, seed)
    decisions = earlier.decisions([one.text for one in held])
    right = earlier.places([one.unit for one in held])
    older, newer = slice(0, count // 2), slice(count // 2, count)
    trial = _trust(decisions[older], right[older])
    trust = _trust(decisions, right)
    return Learnt(
        routing=_Fit.of(past, seed).routing(version, trust),
        earlier=earlier.routing(version, trust),
        measured=_measured(decisions, right, newer, trial),
        held=tuple(held),
        tickets=len(past),
    )


def _newest(past: Sequence[Past]) -> Sequence[Past]:
    """Return the newest tickets that may be read in all."""
    letters = 0
    for place in range(len(past) - 1, -1, -1):
        letters += len(read(past[place].text))
        if letters > MOST_LETTERS:
            return past[place + 1 :]
    return past


@dataclass(frozen=True, kw_only=True, slots=True)
class _Fit:
    """Weights as they were found: a row for each run of letters, a column for each unit."""

    units: tuple[str, ...]
    keys: Numbers
    rarity: Numbers
    weights: Numbers
    bias: Numbers

    @classmethod
    def of(cls, past: Sequence[Past], seed: int) -> "_Fit":
        names, counts = np.unique([one.unit for one in past], return_counts=True)
        units = tuple(map(str, names[counts >= FEWEST]))
        if len(units) < 2:
            raise TooFewTicketsError(f"fewer than two units have {FEWEST} tickets")
        place_of = {unit: place for place, unit in enumerate(units)}
        used = [one for one in past if one.unit in place_of]
        keys, rarity = _vocabulary(one.text for one in used)
        values = _values([one.text for one in used], keys, rarity)
        labels = np.array([place_of[one.unit] for one in used])
        weights, bias = _separated(values, labels, len(units), seed)
        return cls(units=units, keys=keys, rarity=rarity, weights=weights, bias=bias)

    def decisions(self, texts: Sequence[str]) -> Numbers:
        """Return a row for each text with a number for each unit: the higher, the likelier."""
        found = _values(texts, self.keys, self.rarity) @ self.weights + self.bias
        return np.asarray(found, dtype=np.float64)

    def places(self, units: Iterable[str]) -> Numbers:
        """Return the column of each unit, -1 for those that are never proposed."""
        place_of = {unit: place for place, unit in enumerate(self.units)}
        return np.array([place_of.get(unit, -1) for unit in units])

    def routing(self, version: str, trust: Trust) -> Routing:
        """Return the weights worth keeping, as whole numbers, in the form that is read."""
        scale = float(np.abs(self.weights).max()) / np.iinfo(np.int16).max
        rows, owners = np.nonzero(np.abs(self.weights) >= SMALLEST)
        return Routing(
            version=version,
            units=self.units,
            bias=tuple(map(float, self.bias)),
            trust=trust,
            weight_scale=scale,
            keys=_buffer(self.keys),
            rarity=_buffer(self.rarity.astype(np.float32)),
            starts=_buffer(np.searchsorted(rows, np.arange(len(self.keys) + 1)).astype(np.uint32)),
            owners=_buffer(owners.astype(np.uint16)),
            weights=_buffer(np.rint(self.weights[rows, owners] / scale).astype(np.int16)),
        )


def _buffer(numbers: Numbers) -> memoryview:
    return memoryview(numbers)  # type: ignore[arg-type]  # numpy's own stubs do not say so


def _keys(text: str) -> Numbers:
    """Return what ``hotline.routing.keys_of`` returns, without repeats, and how often each stands there."""
    letters = np.frombuffer(read(text).encode("utf-32-le", "surrogatepass"), dtype=np.uint32).astype(
        np.uint64
    )
    found, run = [letters], letters
    for size in range(1, RUNS):
        run = (run[: max(len(letters) - size, 0)] << np.uint64(WIDTH)) | letters[size:]
        found.append(run)
    return np.concatenate(found)


def _vocabulary(texts: Iterable[str]) -> tuple[Numbers, Numbers]:
    """Return the runs of letters that are weighed, ascending, with the rarity of each."""
    keys, counts, waiting, number = np.empty(0, np.uint64), np.empty(0, np.int64), [], 0
    for text in texts:
        number += 1
        waiting.append(np.unique(_keys(text)))
        if len(waiting) == 5_000:
            keys, counts, waiting = *_counted(keys, counts, waiting), []
    keys, counts = _counted(keys, counts, waiting)
    kept = counts >= SEEN_IN
    keys, counts = keys[kept], counts[kept]
    if len(keys) > MOST_RUNS:
        commonest = np.sort(np.argsort(-counts, kind="stable")[:MOST_RUNS])
        keys, counts = keys[commonest], counts[commonest]
    return keys, np.log((1 + number) / (1 + counts)) + 1


def _counted(keys: Numbers, counts: Numbers, more: Sequence[Numbers]) -> tuple[Numbers, Numbers]:
    every = np.concatenate([keys, *more])
    times = np.concatenate([counts, np.ones(len(every) - len(keys), np.int64)])
    found, where = np.unique(every, return_inverse=True)
    return found, np.bincount(where, weights=times, minlength=len(found)).astype(np.int64)


def _values(texts: Sequence[str], keys: Numbers, rarity: Numbers) -> csr_matrix:
    """Return TF-IDF of each text, a row of unit length each."""
    ends, places, values = [0], [], []
    for text in texts:
        found, counts = np.unique(_keys(text), return_counts=True)
        where = np.minimum(np.searchsorted(keys, found), max(len(keys) - 1, 0))
        known = keys[where] == found
        where = where[known]
        weighed = (1 + np.log(counts[known])) * rarity[where]
        places.append(where.astype(np.int32))
        values.append(weighed / (np.sqrt(weighed @ weighed) or 1.0))
        ends.append(ends[-1] + len(where))
    return csr_matrix((np.concatenate(values), np.concatenate(places), ends), shape=(len(texts), len(keys)))


def _separated(values: csr_matrix, labels: Numbers, count: int, seed: int) -> tuple[Numbers, Numbers]:
    """Return a column of weights for each unit that keeps its tickets apart from all others, and its bias."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # so many passes are wanted and no more
        # One after the other: liblinear draws from one well for all threads, and two would drink in any order.
        fit = LinearSVC(C=STRENGTH, max_iter=PASSES, random_state=seed).fit(values, labels)
    if count == 2:  # one machine tells two units apart
        return np.hstack([-fit.coef_.T, fit.coef_.T]), np.hstack([-fit.intercept_, fit.intercept_])
    return fit.coef_.T, fit.intercept_


def _trust(decisions: Numbers, right: Numbers) -> Trust:
    """Return how far first proposals can be trusted, by what became of these.

    Dispatchers themselves do not agree on some units, and no score tells that: each unit has its own share of right
    ones beside what such scores usually mean. A proposal is judged by the share that the others give its unit.
    """
    scale = _scale(decisions, right)
    first, hits = decisions.argmax(axis=1), decisions.argmax(axis=1) == right
    if (
        hits.all() or not hits.any()
    ):  # nothing to learn trust from: probabilities are taken at their word, or never
        plain, cut = (1.0,) * decisions.shape[1], PRECISION if hits.all() else NEVER
        return Trust(scale=scale, slope=1.0, shift=0.0, shares=plain, sure_from=cut)
    odds = _odds(_likely(decisions, scale).max(axis=1))
    fit = LogisticRegression().fit(odds, hits)
    usual = fit.predict_proba(odds)[:, 1]
    expected = np.bincount(first, weights=usual, minlength=decisions.shape[1]) + STEADY
    found = np.bincount(first, weights=hits, minlength=decisions.shape[1]) + STEADY
    of_others = (found[first] - hits) / (expected[first] - usual)
    return Trust(
        scale=scale,
        slope=float(fit.coef_[0, 0]),
        shift=float(fit.intercept_[0]),
        shares=tuple(map(float, found / expected)),
        sure_from=_cut(np.minimum(usual * of_others, 1 - NEARLY_NONE), hits),
    )


def _scale(decisions: Numbers, right: Numbers) -> float:
    """Return what decisions are multiplied by so that the right units are likeliest."""
    told, columns = decisions[right >= 0], right[right >= 0]

    def likelihood(scale: float) -> float:
        return float(np.log(_likely(told, scale)[np.arange(len(columns)), columns] + NEARLY_NONE).sum())

    return max(map(float, SCALES), key=likelihood)


def _odds(scores: Numbers) -> Numbers:
    """Return the logarithm of the odds, a column."""
    kept = np.clip(scores, NEARLY_NONE, 1 - NEARLY_NONE)
    return np.asarray(np.log(kept / (1 - kept)))[:, None]


def _likely(decisions: Numbers, scale: float) -> Numbers:
    powers = np.exp((decisions - decisions.max(axis=1, keepdims=True)) * scale)
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def _cut(scores: Numbers, right: Numbers) -> float:
    """Return the lowest score from which on the precision is reached with one standard error to spare."""
    order = np.argsort(-scores, kind="stable")
    counts = np.arange(1, len(order) + 1)
    shares = np.cumsum(right[order]) / counts
    # Wilson's lower bound for one standard error: a handful of right ones prove nothing.
    spare = np.sqrt(shares * (1 - shares) / counts + 1 / (4 * counts**2))
    lowest = (shares + 1 / (2 * counts) - spare) / (1 + 1 / counts)
    reached = np.nonzero(lowest >= PRECISION)[0]
    return float(scores[order[reached[-1]]]) if len(reached) else NEVER


def _measured(decisions: Numbers, right: Numbers, newer: slice, trial: Trust) -> Measured:
    ranked = np.argsort(-decisions, axis=1, kind="stable")[:, :3]
    hits = ranked == right[:, None]
    scores = _likely(decisions[newer], trial.scale).max(axis=1)
    judged = map(trial.confidence, ranked[newer, 0], scores)
    sure = np.array([confidence >= trial.sure_from for confidence in judged])
    return Measured(
        tickets=len(right),
        top_1=float(hits[:, 0].mean()),
        top_3=float(hits.any(axis=1).mean()),
        coverage=float(sure.mean()),
        precision=float(hits[newer, 0][sure].mean()) if sure.any() else 0.0,
    )
