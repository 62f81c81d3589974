"""Finds a city's patterns in a message, and tells what is meant from what is only mentioned."""

import re
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from functools import cache
from itertools import chain
from operator import add

from hotline.citypack import CityPack, DangerType, ScopeRule
from hotline.spelling import spelled

#: for each one or two letters, the patterns that a text with them may match; those of "" may match any
Index = Mapping[str, frozenset[str]]

_MOST_HITS = 4  #: of one pattern in one sentence; more of the same tells nothing more
_SENTENCE = re.compile("[^\u3002\uff01\uff1f\uff1b]+[\u3002\uff01\uff1f\uff1b]*")


@dataclass(frozen=True, kw_only=True, slots=True)
class Hit:
    """Words that a pattern found, and what stands around them."""

    at: int  #: where in the message
    span: str
    context: str  #: the same between < and > with what stands around it
    meant: bool  #: not only mentioned


@dataclass(frozen=True, kw_only=True, slots=True)
class _Piece:
    """A part of the message that patterns are looked for in, with the patterns worth trying."""

    at: int
    text: str
    live: frozenset[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """A message as patterns see it."""

    text: str
    pieces: tuple[_Piece, ...]
    live: frozenset[str]
    index: Index
    view: tuple[int, int]  #: how many letters before and after the words found decide what they mean

    @classmethod
    def of(cls, text: str, pack: CityPack, *, view: tuple[int, int], whole: bool = False) -> "Said":
        """Return ``text`` in the usual spelling, cut into sentences or ``whole``."""
        found = spelled(text, pack.spelling)
        said = found.text
        index = {"": _all_patterns(pack)} if pack.grams is None else pack.grams
        pieces = ((0, said),) if whole else tuple((m.start(), m.group()) for m in _SENTENCE.finditer(said))
        present = _present(found.letters, found.pairs, index)
        cut = tuple(_Piece(at=at, text=piece, live=_live(piece, present, index)) for at, piece in pieces)
        live = frozenset().union(*(piece.live for piece in cut))
        return cls(text=said, pieces=cut, live=live, index=index, view=view)

    def find(self, patterns: tuple[str, ...], unless: tuple[str, ...]) -> Iterator[Hit]:
        """Yield what ``patterns`` find; it is only mentioned where one of ``unless`` fits the words around it."""
        for pattern in patterns:
            if pattern in self.live:  # hardly ever; nothing else can match
                for piece in (piece for piece in self.pieces if pattern in piece.live):
                    yield from self._find(pattern, unless, piece)

    def _find(self, pattern: str, unless: tuple[str, ...], piece: _Piece) -> Iterator[Hit]:
        for found, _ in zip(compiled(pattern).finditer(piece.text), range(_MOST_HITS), strict=False):
            context = _in_context(piece.text, found, self.view)
            yield Hit(
                at=piece.at + found.start(),
                span=found.group(),
                context=context,
                meant=not self._only_mentioned(context, unless),
            )

    def _only_mentioned(self, context: str, unless: tuple[str, ...]) -> bool:
        live = _live(
            context, _present(set(context), set(map(add, context, context[1:])), self.index), self.index
        )
        return any(pattern in live and compiled(pattern).search(context) for pattern in unless)


@cache
def compiled(pattern: str) -> re.Pattern[str]:
    """Return ``pattern`` ready for searching."""
    return re.compile(pattern)


def _present(letters: Set[str], pairs: Set[str], index: Index) -> tuple[str, ...]:
    """Return the letters and pairs that some pattern needs."""
    return ("", *(index.keys() & pairs), *(index.keys() & letters))


def _live(text: str, present: tuple[str, ...], index: Index) -> frozenset[str]:
    """Return the patterns that may match ``text``, going by which of ``present`` it holds."""
    return frozenset(chain.from_iterable(index.get(gram, ()) for gram in present if gram in text))


def _all_patterns(pack: CityPack) -> frozenset[str]:
    rules: tuple[DangerType | ScopeRule, ...] = (*pack.dangers, *pack.scope)
    return frozenset(pack.not_now).union(*((*rule.sure, *rule.doubt, *rule.unless) for rule in rules))


def _in_context(text: str, found: re.Match[str], view: tuple[int, int]) -> str:
    """Return the words found between < and >, with what stands around them."""
    before, after = view
    start, end = found.span()
    return f"{text[max(0, start - before) : start]}<{found.group()}>{text[end : end + after]}"
