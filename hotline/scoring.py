"""How much a message sounds like danger: weights of one and two letters, learnt from examples, added up.

A letter is heard in windows, runs of clauses of a few dozen characters, so that one clause in a long story counts and
a long story by itself does not. Sums from the beginning make every window a subtraction.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, pairwise, repeat
from math import log2, sqrt
from operator import add

START, END = "^", "$"  #: stand before and after every message: where a word stands tells something
WIDE, NARROW = 90, 40  #: characters of a window: a wide one holds a story, a narrow one a cry for help
_WHOLE = WIDE + 20  #: up to here a message is one window
_CLAUSE, _STEP = 36, 24  #: dictated text has no marks: longer clauses are cut into steps
_SMOOTH = 10.0  #: characters; keeps very short messages from weighing everything by one word
_CLAUSES = re.compile("[^\uff0c\u3002\uff01\uff1f\uff1b\u3001]+[\uff0c\u3002\uff01\uff1f\uff1b\u3001]*")

_SENTENCE_ENDS = "\u3002\uff01\uff1f\uff1b"

_NO_PAIRS: dict[str, float] = {}
_LOOK_UP: Callable[[dict[str, float], str, float], float] = dict.get

Span = tuple[int, int]  #: first character and the one after the last


@dataclass(frozen=True, kw_only=True, slots=True)
class Hint:
    """Something that the word lists found: where it begins, and the names under which it is weighed."""

    at: int
    names: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Thresholds:
    """From which score on a message is asked about, and from which on there is no doubt."""

    ask: float
    sure: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Hearing:
    """What was learnt from examples."""

    version: str  #: of the examples and of the way of learning
    letters: Mapping[str, float]  #: what a letter weighs
    #: what it weighs together with the pair that it begins, by the second
    pairs: Mapping[str, dict[str, float]]
    hints: Mapping[str, float]  #: weight of what the word lists found
    bias: float
    length: float  #: taken off for each doubling of the windows of a letter: more chances are no more danger
    types: Mapping[str, tuple[float, ...]]  #: how much letters and hints speak for each type
    type_names: tuple[str, ...]
    type_bias: tuple[float, ...]
    named: Thresholds  #: where the word lists name a danger for sure, in a short message
    in_letter: Thresholds  #: where they name one in a letter
    unnamed: Thresholds
    counts: Mapping[str, int] = field(default_factory=dict)  #: of what it was learnt from


@dataclass(frozen=True, kw_only=True, slots=True)
class Weighed:
    """The window that sounds most like danger."""

    score: float
    span: Span
    hints: tuple[str, ...]
    in_letter: bool  #: one window of several

    @property
    def length(self) -> int:
        """How many characters the window has."""
        return self.span[1] - self.span[0]

    def holds(self, at: int) -> bool:
        """Tell whether the window holds the character at ``at``."""
        return self.span[0] <= at < self.span[1]


def folded(text: str) -> str:
    """Return ``text`` as letters are weighed: every digit alike, with its two ends."""
    for digit in "123456789":
        if digit in text:
            text = text.replace(digit, "0")
    return f"{START}{text}{END}"


def grams(text: str, span: Span) -> Iterator[str]:
    """Yield every one and two letters of ``text`` that begin in ``span``."""
    start, end = span
    marked = folded(text)
    end = end + 2 if end == len(text) else end
    yield from marked[start:end]
    yield from map(add, marked[start:end], marked[start + 1 : end + 1])


def share(span: Span) -> float:
    """Return how much one letter counts in a window of this length."""
    return 1.0 / sqrt(span[1] - span[0] + _SMOOTH)


def windows(text: str) -> tuple[Span, ...]:
    """Return the windows of ``text``: all of it when it is short, else runs of clauses."""
    if len(text) <= _WHOLE:
        return ((0, len(text)),)
    cuts = clause_ends(text)
    found: list[Span] = []
    last = 0
    for index, start in enumerate(cuts[:-1]):
        last = max(last, index + 1)
        while last < len(cuts) - 1 and cuts[last + 1] - start <= WIDE:
            last += 1
        if not found or found[-1][1] != cuts[last]:
            found.append((start, cuts[last]))
    return tuple(found)


def clause_ends(text: str) -> list[int]:
    """Return where the clauses of ``text`` begin and end, the places where a window may."""
    cuts = [0]
    for clause in _CLAUSES.finditer(text):
        start, end = cuts[-1], clause.end()
        while end - start > _CLAUSE:
            start += _STEP
            cuts.append(start)
        cuts.append(end)
    if cuts[-1] != len(text):
        cuts.append(len(text))
    return cuts


def close_up(text: str, at: int, cuts: Sequence[int]) -> Span:
    """Return the clauses from the one at ``at`` to the end of its sentence, as far as a narrow window reaches.

    ``cuts`` are the ``clause_ends`` of the text.
    """
    first = bisect_right(cuts, at) - 1
    last = first + 1
    while not _ends(text[cuts[last] - 1]) and last < len(cuts) - 1 and cuts[last + 1] - cuts[first] <= NARROW:
        last += 1
    return cuts[first], cuts[last]


def _ends(letter: str) -> bool:
    return letter in _SENTENCE_ENDS


def weigh(text: str, hints: Sequence[Hint], hearing: Hearing) -> Weighed:
    """Return the window of ``text`` that sounds most like danger, with its score."""
    sums = _sums(text, hearing)
    found = windows(text)
    best, best_score = found[0], float("-inf")
    for span in found:
        start, end = span
        score = (sums[end] - sums[start]) * share(span)
        if hints:
            score += sum(hearing.hints.get(name, 0.0) for name in named_in(span, hints))
        if score > best_score:
            best, best_score = span, score
    return Weighed(
        score=best_score + hearing.bias - hearing.length * log2(len(found)),
        span=best,
        hints=named_in(best, hints),
        in_letter=len(found) > 1,
    )


def _sums(text: str, hearing: Hearing) -> list[float]:
    """Return what the letters before each place of ``text`` weigh together, each with the pair that it begins.

    The two ends weigh with the first letter and with the last.
    """
    marked = list(folded(text))
    alone = map(hearing.letters.get, marked, repeat(0.0))
    by_second = map(hearing.pairs.get, marked, repeat(_NO_PAIRS))
    each = map(_LOOK_UP, by_second, [*marked[1:], ""], alone)
    sums = list(accumulate(each, initial=0.0))
    return [*sums[:-3], sums[-1]]


def named_in(span: Span, hints: Iterable[Hint]) -> tuple[str, ...]:
    """Return the names of all hints that begin in ``span``, each once."""
    return tuple(dict.fromkeys(name for hint in hints if span[0] <= hint.at < span[1] for name in hint.names))


def type_scores(text: str, weighed: Weighed, hearing: Hearing) -> dict[str, float]:
    """Return how much the window speaks for each type of danger."""
    sums = list(hearing.type_bias)
    part = share(weighed.span)
    of_letters = ((gram, part) for gram in grams(text, weighed.span))
    for name, weight in (*of_letters, *((f"@{hint}", 1.0) for hint in weighed.hints)):
        if name in hearing.types:
            sums = [total + weight * value for total, value in zip(sums, hearing.types[name], strict=True)]
    return dict(zip(hearing.type_names, sums, strict=True))


def weightiest_clause(text: str, span: Span, hearing: Hearing, *, said: str) -> str:
    """Return of ``said`` the clause in ``span`` whose letters speak most for danger.

    ``text`` is the same as it is weighed, as long as ``said``: what weighs nothing is blank there.
    """
    cuts = [cut for cut in clause_ends(text) if span[0] <= cut <= span[1]]
    clauses = tuple(pairwise(cuts)) or (span,)
    sums = _sums(text, hearing)
    best = max(clauses, key=lambda clause: (sums[clause[1]] - sums[clause[0]]) * share(clause))
    return said[best[0] : best[1]].strip("\uff0c\u3002\uff01\uff1f\uff1b\u3001") or said[span[0] : span[1]]
