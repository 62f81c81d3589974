"""Learns from the examples how much letters and hints speak for danger: linear, exact, the same everywhere.

``python -m cities.learning`` writes ``common/hearing.json``; `make setup` runs it whenever examples or word lists change.

A message is its windows (``hotline.scoring``). No danger means none in any window; danger means that one window holds
it, and which one is found by learning in rounds. Weights are those of a support vector machine with squared hinge,
found by dual coordinate descent (Hsieh et al., 2008) in scikit-learn. Thresholds come from messages that the weights had not seen.
"""

import argparse
import hashlib
import sys
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from math import log
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.svm import LinearSVC

from cities.hearing import DANGERS, FILE, GROUNDS, Example, read_dangers, read_grounds, written
from cities.loading import CITIES, city_codes, load_pack
from hotline import vocabulary
from hotline.citypack import CityPack
from hotline.scoring import (
    Hearing,
    Hint,
    Span,
    Thresholds,
    Weighed,
    grams,
    named_in,
    share,
    type_scores,
    weigh,
    windows,
)
from hotline.screening import ground_text, heard_text, screen_acceptance

SEED = 12345
ROUNDS = 3  #: of choosing the window of each letter that holds the danger
TOLERANCE = 0.01  #: of the vector machine; .0001 changed none of 4,005 verdicts
MOST_PASSES = 5000
FOLDS = 5
SEEN_IN = 2  #: messages that hold a gram, at least
DOUBTFUL = 0.7  #: weight of an example in doubt beside one that is sure
STRENGTH = 1.0  #: cost of an example on the wrong side
TYPE_STRENGTH = 0.3
TYPE_SMOOTH = 0.07  #: what every type holds of every gram
CALL_SHARE, LIKELY_SHARE = (
    0.6,
    0.5,
)  #: of what tells the numbers apart, and of naive Bayes, beside what tells the types apart
HINT_SCALE = 0.3  #: how easily hints gain weight beside letters
LETTER_SCALE = 0.25
SMALLEST = 0.004  #: weights below are left out of the file
LIKELY = 0.12  #: of naive Bayes beside the vector machine
LENGTH = 0.15  #: taken off for each doubling of a letter's windows


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """An example as it is weighed."""

    example: Example
    text: str
    hints: tuple[Hint, ...]
    spans: tuple[Span, ...]

    @property
    def is_danger(self) -> bool:
        """Tell whether it is to be heard."""
        return self.example.label != "none"

    def window(self, span: Span) -> Counter[str]:
        """Return what stands in one window, hints marked by @, each as often as it stands there."""
        found = Counter(grams(self.text, span))
        found.update(f"@{name}" for name in named_in(span, self.hints))
        return found


Read = Callable[[str, CityPack], tuple[str, tuple[Hint, ...]]]  #: how a message is read before it is weighed


def told(examples: Iterable[Example], pack: CityPack, read: Read = heard_text) -> tuple[Told, ...]:
    """Return the examples as they are weighed, in the order given."""
    found = []
    for example in examples:
        text, hints = read(example.text, pack)
        found.append(Told(example=example, text=text, hints=hints, spans=windows(text)))
    return tuple(found)


@dataclass(frozen=True, kw_only=True, slots=True)
class Learner:
    """The way of learning; evaluation changes one part at a time to see what it is worth."""

    rounds: int = ROUNDS
    strength: float = STRENGTH
    weighed_grams: Callable[[str], bool] = bool  #: which grams and hints count
    length: float = LENGTH
    likely: float = LIKELY
    smallest_type: float = 0.05  #: of what tells types apart, below which a gram is left out of it
    calls: Mapping[str, str]  #: what types have in common, the number to call; empty: types are not learnt

    def learn(self, rows: Sequence[Told]) -> Hearing:
        """Return what ``rows`` teach, without thresholds."""
        columns = _Columns.of(rows, self.weighed_grams)
        every = [_Window.of(row, span) for row in rows for span in row.spans]
        matrix = columns.matrix(every)
        letters: dict[str, float] = {}
        weights: list[float] = []
        spans: dict[str, Span] = {}
        for turn in range(self.rounds):
            chosen = [
                place
                for place, one in enumerate(every)
                if not one.row.is_danger
                or len(one.row.spans) == 1
                or (turn and spans[one.row.example.id] == one.span)
            ]
            weights = _separated(
                matrix[chosen],
                [every[place].row.is_danger for place in chosen],
                [self.strength * _importance(every[place].row) for place in chosen],
            )
            spans = _loudest(every, (matrix @ weights).tolist())
        letters, hints = columns.named(weights)
        if self.likely:
            letters = _with_likelihood(letters, every, spans, columns, self.likely)
        alone = {name: weight for name, weight in letters.items() if len(name) == 1}
        pairs: dict[str, dict[str, float]] = {}
        for pair in filter(_is_pair, letters):
            pairs.setdefault(pair[0], {})[pair[1]] = letters[pair] + alone.get(pair[0], 0.0)
        hearing = Hearing(
            version="", letters=alone, pairs=pairs, hints=hints, bias=weights[-1], length=self.length, types={}, type_names=(),
            type_bias=(), named=NOWHERE, in_letter=NOWHERE, unnamed=NOWHERE,
        )  # fmt: skip
        if not self.calls:
            return hearing
        loudest = [one for one in every if one.row.is_danger and one.span == spans[one.row.example.id]]
        return _with_types(hearing, loudest, columns, self.calls, smallest=self.smallest_type)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Window:
    """One window of an example and what stands in it."""

    row: Told
    span: Span
    held: Mapping[str, int]

    @classmethod
    def of(cls, row: Told, span: Span) -> "_Window":
        return cls(row=row, span=span, held=row.window(span))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Columns:
    """Which place in a vector each gram and hint has, and how large its values are."""

    places: Mapping[str, int]
    scale: tuple[float, ...]

    @classmethod
    def of(cls, rows: Sequence[Told], counted: Callable[[str], bool]) -> "_Columns":
        held: Counter[str] = Counter()
        for row in rows:
            held.update({name for span in row.spans for name in row.window(span)})
        # The commonest first: they then lie together in memory, which is most of what looking them up costs.
        names = sorted(
            (name for name, times in held.items() if times >= SEEN_IN and counted(name)),
            key=lambda name: (-held[name], name),
        )
        scale = tuple(
            HINT_SCALE
            if name[0] == "@" and len(name) > 1
            else LETTER_SCALE * (1 + log(len(rows) / held[name]))
            for name in names
        )
        return cls(places={name: place for place, name in enumerate(names)}, scale=scale)

    @property
    def size(self) -> int:
        return len(self.scale) + 1  # the last one is the same for every window

    def matrix(self, windows: Sequence[_Window]) -> Any:
        """Return one row for each window, of what is weighed in it; a sparse matrix."""
        begins, places, values = [0], array("i"), array("d")
        for one in windows:
            part = share(one.span)
            for name, times in one.held.items():
                if (place := self.places.get(name)) is not None:
                    places.append(place)
                    values.append(self.scale[place] * (1.0 if _is_hint(name) else part * times))
            places.append(self.size - 1)
            values.append(1.0)
            begins.append(len(places))
        found = csr_matrix((np.asarray(values), np.asarray(places), begins), shape=(len(windows), self.size))
        found.sort_indices()
        return found

    def named(self, weights: Sequence[float]) -> tuple[dict[str, float], dict[str, float]]:
        """Return the weights of letters and of hints as they are added up."""
        full = {name: weights[place] * self.scale[place] for name, place in self.places.items()}
        letters = {name: w for name, w in full.items() if not _is_hint(name) and abs(w) >= SMALLEST}
        hints = {name[1:]: round(w, 3) for name, w in full.items() if _is_hint(name)}
        return letters, hints


def _is_hint(name: str) -> bool:
    return name[0] == "@" and len(name) > 2


def _is_pair(gram: str) -> bool:
    return len(gram) == 2


def _importance(row: Told) -> float:
    """Return how much one window counts: a long letter without danger has many."""
    if row.is_danger:
        return DOUBTFUL if row.example.label == "doubt" else 1.0
    return float(len(row.spans) ** -0.5)


def _loudest(every: Iterable[_Window], scores: Iterable[float]) -> dict[str, Span]:
    """Return for each message the window that sounds most like danger."""
    best: dict[str, tuple[float, Span]] = {}
    for one, score in zip(every, scores, strict=True):
        if (id := one.row.example.id) not in best or score > best[id][0]:
            best[id] = score, one.span
    return {id: span for id, (_, span) in best.items()}


def _separated(matrix: Any, apart: Sequence[bool], costs: Sequence[float]) -> list[float]:
    """Return the weights that keep the rows of ``matrix`` on their sides at the least cost: squared hinge, by dual descent."""
    if len(set(apart)) == 1:
        return [0.0] * (matrix.shape[1] - 1) + [1.0 if apart[0] else -1.0]
    machine = LinearSVC(
        loss="squared_hinge",
        dual=True,
        fit_intercept=False,
        tol=TOLERANCE,
        max_iter=MOST_PASSES,
        random_state=SEED,
    )
    machine.fit(matrix, apart, sample_weight=costs)
    weights: list[float] = machine.coef_[0].tolist()
    return weights


def _with_likelihood(
    letters: Mapping[str, float],
    every: Iterable[_Window],
    spans: Mapping[str, Span],
    columns: _Columns,
    part: float,
) -> dict[str, float]:
    """Return ``letters`` mixed with naive Bayes, which is steadier about what is seldom seen."""
    held: tuple[Counter[str], Counter[str]] = Counter(), Counter()
    for one in every:
        row = one.row
        if not row.is_danger or one.span == spans[row.example.id]:
            names = (name for name in one.held if name in columns.places and not _is_hint(name))
            held[row.is_danger].update(dict.fromkeys(names, _importance(row)))
    kinds = len(columns.places)
    totals = [log(sum(counts.values()) + kinds) for counts in held]
    mixed = {}
    for name in columns.places:
        if not _is_hint(name):
            none, danger = (log(counts[name] + 1) - total for counts, total in zip(held, totals, strict=True))
            mixed[name] = letters.get(name, 0.0) + part * (danger - none)
    return {name: weight for name, weight in mixed.items() if abs(weight) >= SMALLEST}


def _with_types(
    hearing: Hearing,
    loudest: Sequence[_Window],
    columns: _Columns,
    calls: Mapping[str, str],
    *,
    smallest: float,
) -> Hearing:
    """Return ``hearing`` with what tells one type from the others, going by the loudest window of each danger."""
    of_types = [one.row.example.type or "" for one in loudest]
    names = tuple(sorted(set(filter(None, of_types))))
    matrix = columns.matrix(loudest)

    def apart(belong: Iterable[bool]) -> list[float]:
        return _separated(matrix, list(belong), [TYPE_STRENGTH] * len(loudest))

    by_type = {name: apart(found == name for found in of_types) for name in names}
    by_call = {
        call: apart(calls[found] == call for found in of_types) for call in sorted(set(calls.values()))
    }
    likely = _likely(names, of_types, matrix)
    types = {}
    for gram, place in columns.places.items():
        each = tuple(
            columns.scale[place]
            * (
                by_type[name][place]
                + CALL_SHARE * by_call[calls[name]][place]
                + LIKELY_SHARE * likely[name][place]
            )
            for name in names
        )
        if max(map(abs, each)) >= smallest:
            types[gram] = tuple(round(weight, 2) for weight in each)
    bias = tuple(round(by_type[name][-1] + CALL_SHARE * by_call[calls[name]][-1], 3) for name in names)
    return replace(hearing, types=types, type_names=names, type_bias=bias)


def _likely(names: Sequence[str], of_types: Sequence[str], matrix: Any) -> dict[str, list[float]]:
    """Return complement naive Bayes weights (Rennie et al., 2003): steady where a type has few examples."""
    letters = matrix[:, :-1]
    types = np.asarray(of_types)
    held = np.vstack([TYPE_SMOOTH + np.asarray(letters[types == name].sum(axis=0)).ravel() for name in names])
    others = held.sum(axis=0) - held
    weights = np.log(others.sum(axis=1, keepdims=True)) - np.log(others)
    weights -= weights.mean(axis=0)
    return dict(zip(names, weights.tolist(), strict=True))


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged:
    """One example and how danger was heard in it by weights that had not seen it."""

    told: Told
    weighed: Weighed
    types: Mapping[str, float]

    @property
    def is_named(self) -> bool:
        """Tell whether the word lists name its danger for sure."""
        return "sure" in self.weighed.hints


def unseen(
    rows: Sequence[Told], learner: Learner, folds: int = FOLDS, learns: Callable[[Told], bool] = bool
) -> list[Judged]:
    """Return each example judged by what the others teach, or those of them that ``learns`` picks; pairs stay together."""
    judged = []
    for fold in range(folds):
        held = [row for row in rows if _fold(row, folds) == fold]
        hearing = learner.learn([row for row in rows if _fold(row, folds) != fold and learns(row)])
        judged += [judge(row, hearing) for row in held]
    return judged


def judge(row: Told, hearing: Hearing) -> Judged:
    """Return how ``hearing`` hears ``row``."""
    weighed = weigh(row.text, row.hints, hearing)
    return Judged(told=row, weighed=weighed, types=type_scores(row.text, weighed, hearing))


def _fold(row: Told, folds: int) -> int:
    return int(hashlib.sha256(row.example.pair.encode()).hexdigest(), 16) % folds


@dataclass(frozen=True, kw_only=True, slots=True)
class Care:
    """How easily is asked, and how easily one is sure; what word lists or patterns name needs less weight."""

    ask: float  #: share of the hard examples without danger, unseen and unnamed, that may be asked about
    sure: float  #: share that may be taken for sure
    named: tuple[float, float]  #: so much less to ask, and to be sure, where it is named in a short message
    in_letter: tuple[float, float]  #: the same in a letter
    smallest_type: float = 0.05  #: see ``Learner``

    def applied(self, hearing: Hearing, judged: Sequence[Judged]) -> Hearing:
        """Return ``hearing`` with the thresholds that ``judged`` ask for."""
        scores = sorted((one.weighed.score for one in hard(judged) if not one.is_named), reverse=True)
        if not scores:
            raise ValueError(
                "no threshold can be found: no example without danger shares its pair with one that has it"
            )
        ask, sure = (scores[int(share * len(scores))] for share in (self.ask, self.sure))

        def at(less: tuple[float, float]) -> Thresholds:
            return Thresholds(ask=round(ask - less[0], 3), sure=round(sure - less[1], 3))

        return replace(hearing, named=at(self.named), in_letter=at(self.in_letter), unnamed=at((0.0, 0.0)))


OF_DANGERS = Care(ask=0.078, sure=0.008, named=(1.3, 1.0), in_letter=(0.4, 0.5), smallest_type=0.5)
OF_GROUNDS = Care(ask=0.043, sure=0.004, named=(1.5, 1.5), in_letter=(1.5, 1.5))
NOWHERE = Thresholds(ask=0.0, sure=0.0)  #: stands where thresholds are still to be found


def hard(judged: Iterable[Judged]) -> list[Judged]:
    """Return the examples without danger that share their words with one that has it."""
    every = list(judged)
    pairs = {one.told.example.pair for one in every if one.told.is_danger}
    return [one for one in every if not one.told.is_danger and one.told.example.pair in pairs]


def learnt(root: Path = CITIES) -> dict[str, Hearing]:
    """Return what the examples teach; the same examples and lists give the same. Raises ``ValueError`` for a bad example."""
    packs = [replace(load_pack(code, root), hearing=None, grounds=None) for code in city_codes(root)]
    pack = packs[0]  # danger and spelling are the same in every city
    dangers = read_dangers(root / "common" / DANGERS)
    grounds = (*read_grounds(root / "common" / GROUNDS), *_ordinary(dangers, packs))
    calls = {danger.id: danger.call for danger in pack.dangers}
    to_themselves = {name: name for name in vocabulary.GROUNDS}
    with ProcessPoolExecutor(max_workers=2) as pool:  # they have nothing to do with each other
        heard = pool.submit(hearing_of, told(dangers, pack), calls, OF_DANGERS)
        told_apart = pool.submit(hearing_of, told(grounds, pack, ground_text), to_themselves, OF_GROUNDS)
        return {DANGERS: heard.result(), GROUNDS: told_apart.result()}


def hearing_of(rows: Sequence[Told], calls: Mapping[str, str], care: Care) -> Hearing:
    """Return what ``rows`` teach, with thresholds."""
    counts = Counter(row.example.label for row in rows)
    found = replace(
        Learner(calls=calls, smallest_type=care.smallest_type).learn(rows),
        version=version_of(rows),
        counts=dict(sorted(counts.items())),
    )
    return care.applied(found, unseen(rows, Learner(calls={})))


def _ordinary(dangers: Iterable[Example], packs: Sequence[CityPack]) -> Iterator[Example]:
    """Yield the examples without danger as demands that are taken up, save those that some city's patterns touch."""
    for example in dangers:
        if example.label == "none" and not any(screen_acceptance(example.text, pack) for pack in packs):
            yield replace(example, id=f"ordinary-{example.id}", pair=f"ordinary-{example.pair}")


def version_of(rows: Iterable[Told]) -> str:
    """Return twelve letters that differ whenever examples, word lists or the way of learning do."""
    content = hashlib.sha256(Path(__file__).read_bytes())
    for row in rows:
        content.update(repr(row).encode())
    return content.hexdigest()[:12]


def main(arguments: Sequence[str] | None = None, root: Path = CITIES) -> int:
    """Write what the examples teach; return 1 after saying which example is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=root / "common" / FILE)
    options = parser.parse_args(arguments)
    try:
        found = learnt(root)
    except ValueError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    text = written(found)
    options.out.write_text(text, encoding="utf-8")
    taught = ", ".join(f"{sum(hearing.counts.values())} {name}" for name, hearing in found.items())
    sys.stdout.write(f"learnt from {taught}: {len(text) // 1024} KB\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
