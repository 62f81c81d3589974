"""Which patterns a text may match, told by its letters: hundreds of patterns then cost microseconds."""

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum

from hotline.spelling import any_of


class Purpose(StrEnum):
    """What patterns tell."""

    DANGER = "danger"
    GROUND = "ground"  #: on which a matter belongs elsewhere
    ASIDE = "aside"  #: that something is only mentioned


class Grams:
    """For each one or two letters, the patterns that a text with them may match; those of ``""`` may match any."""

    def __init__(self, patterns: Mapping[str, frozenset[str]]) -> None:
        self._patterns = patterns
        pairs = [gram for gram in patterns if len(gram) == 2]
        first, second = (any_of(pair[at] for pair in pairs) for at in (0, 1))
        self._letter = re.compile(any_of(gram for gram in patterns if len(gram) == 1))
        self._pair = re.compile(f"{first}(?={second})")  # fits the first of each, and of some others

    def live(self, text: str, cuts: Sequence[int] = (0,)) -> dict[str, set[int]]:
        """Return the patterns that may match ``text``, each with the pieces that it may match.

        A piece begins at each of ``cuts``, in order, and ends where the next begins.
        """
        found = {pattern: set(range(len(cuts))) for pattern in self._patterns.get("", ())}
        for at, gram in self._grams_in(text):
            piece = bisect_right(cuts, at) - 1
            for pattern in self._patterns.get(gram, ()):
                found.setdefault(pattern, set()).add(piece)
        return found

    def _grams_in(self, text: str) -> Iterator[tuple[int, str]]:
        """Yield where a gram stands, and the gram; some pairs are none."""
        for one in self._pair.finditer(text):
            at = one.start()
            yield at, text[at : at + 2]
        for one in self._letter.finditer(text):
            yield one.start(), one.group()
