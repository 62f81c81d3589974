"""Finds a city's patterns in a message, and tells what is meant from what is only mentioned."""

import re
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from functools import cache
from itertools import islice

from hotline.citypack import CityPack, DangerType, ScopeRule
from hotline.grams import Grams, Purpose
from hotline.spelling import normalised

_MOST_HITS = 4  #: of one pattern in one sentence; more of the same tells nothing more
_END = re.compile("[\u3002\uff01\uff1f\uff1b]+(?=.)")


@dataclass(frozen=True, kw_only=True, slots=True)
class Hit:
    """Words that a pattern found, and what stands around them."""

    at: int  #: where in the message
    span: str
    context: str  #: the same between < and > with what stands around it
    meant: bool  #: not only mentioned


@dataclass(frozen=True, kw_only=True, slots=True)
class Sought:
    """What is looked for in a message, and how."""

    purpose: Purpose
    view: tuple[int, int]  #: how many letters before and after the words found decide what they mean
    whole: bool  #: whether a match may reach over the end of a sentence


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """A message as patterns see it."""

    text: str
    pieces: tuple[tuple[int, str], ...]  #: the parts that patterns are looked for in, and where each begins
    live: Mapping[str, Set[int]]  #: the patterns worth trying, and in which pieces
    asides: Grams  #: of what makes words only mentioned
    view: tuple[int, int]

    @classmethod
    def of(cls, text: str, pack: CityPack, sought: Sought) -> "Said":
        """Return ``text`` in the usual spelling, cut into the pieces in which that is looked for."""
        said = normalised(text, pack.spelling)
        grams = pack.grams or dict.fromkeys(Purpose, Grams({"": _all_patterns(pack)}))
        cuts = [0] if sought.whole else [0, *(end.end() for end in _END.finditer(said))]
        live = grams[sought.purpose].live(said, cuts)
        pieces = tuple((at, said[at:end]) for at, end in zip(cuts, [*cuts[1:], len(said)], strict=True))
        return cls(text=said, pieces=pieces, live=live, asides=grams[Purpose.ASIDE], view=sought.view)

    def find(self, patterns: tuple[str, ...], unless: tuple[str, ...]) -> Iterator[Hit]:
        """Yield what ``patterns`` find; it is only mentioned where one of ``unless`` fits the words around it."""
        for pattern in patterns:
            if pattern in self.live:  # hardly ever; nothing else can match
                sought = compiled(pattern)
                for at, piece in (self.pieces[number] for number in sorted(self.live[pattern])):
                    if sought.search(piece):  # seldom
                        yield from self._hits(sought, unless, at, piece)

    def _hits(self, sought: re.Pattern[str], unless: tuple[str, ...], at: int, piece: str) -> Iterator[Hit]:
        for found in islice(sought.finditer(piece), _MOST_HITS):
            context = _in_context(piece, found, self.view)
            yield Hit(
                at=at + found.start(),
                span=found.group(),
                context=context,
                meant=not self._only_mentioned(context, unless),
            )

    def _only_mentioned(self, context: str, unless: tuple[str, ...]) -> bool:
        live = self.asides.live(context)
        return any(pattern in live and compiled(pattern).search(context) for pattern in unless)


@cache
def compiled(pattern: str) -> re.Pattern[str]:
    """Return ``pattern`` ready for searching."""
    return re.compile(pattern)


def _all_patterns(pack: CityPack) -> frozenset[str]:
    rules: tuple[DangerType | ScopeRule, ...] = (*pack.dangers, *pack.scope)
    return frozenset(pack.not_now).union(*((*rule.sure, *rule.doubt, *rule.unless) for rule in rules))


def _in_context(text: str, found: re.Match[str], view: tuple[int, int]) -> str:
    """Return the words found between < and >, with what stands around them."""
    before, after = view
    start, end = found.span()
    return f"{text[max(0, start - before) : start]}<{found.group()}>{text[end : end + after]}"
