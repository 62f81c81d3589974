"""Signs of an emergency in the stream of messages: several say the same unusual thing within hours (BD-32).

What is unusual is told by how seldom each two letters were heard before, in ordinary speech and in the stream itself:
what a city speaks of every day warns of nothing. One message warns of nothing either; it is screened by itself.
"""

from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import log

from hotline.repeats import pairs_of

WITHIN = timedelta(hours=4)  #: between the first message and the last that warn together
UNUSUAL, RARE = 6.0, 7.0  #: natural logarithms: heard in one of 400 messages at most; in one of 1,100
EVIDENCE = 9.0  #: that two messages must share, so that it is never one pair alone
#: letters of a usual message; two longer ones have more in common by chance, so ``LONGER`` more is needed for each time e more
USUAL_LENGTH, LONGER = 30, 1.5
FEW, MANY = 3, 4  #: messages: that share what is rare, or one tells of danger; that share what is unusual
OWN = 5  #: a message of the stream tells as much of what is usual as so many sentences of ordinary speech
MOST_KEPT = 300_000  #: pairs of letters of the stream; the seldom ones are forgotten first
LATELY = 50  #: warnings that a new one is compared with


@dataclass(frozen=True, kw_only=True, slots=True)
class Heard:
    """A message of the stream; what it says and where, and whether it tells of danger by itself."""

    id: str
    at: datetime
    text: str
    place: str = ""
    danger: str = ""  #: id of the danger type


@dataclass(frozen=True, kw_only=True, slots=True)
class Ordinary:
    """How often ordinary speech holds each two letters."""

    messages: int
    holding: Mapping[str, int]


@dataclass(frozen=True, kw_only=True, slots=True)
class EarlyWarning:
    """Messages that say the same unusual thing."""

    at: datetime
    messages: tuple[Heard, ...]  #: in the order in which they came
    words: tuple[str, ...]  #: what is unusual and common to some of them, the rarest first
    danger: str  #: the type that most of those tell of who tell of any, where two at least do; else none

    @property
    def ids(self) -> frozenset[str]:
        """The messages' ids."""
        return frozenset(one.id for one in self.messages)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Recent:
    heard: Heard
    pairs: frozenset[str]


class Watch:
    """Hears one message after the other, in the order in which they came, and tells when some of them warn."""

    def __init__(self, ordinary: Ordinary) -> None:
        self._ordinary = ordinary
        self._own: Counter[str] = Counter()
        self._messages = 0
        self._recent: deque[_Recent] = deque()
        self._warned: deque[EarlyWarning] = deque(maxlen=LATELY)

    def hear(self, heard: Heard) -> EarlyWarning | None:
        """Take ``heard`` in; return the warning that it completes.

        The same words at the same place count once, whoever sends them. Of one thing it is warned again when twice as
        many tell of it.
        """
        new = _Recent(heard=heard, pairs=pairs_of_words(f"{heard.place} {heard.text}"))
        while self._recent and heard.at - self._recent[0].heard.at > WITHIN:
            self._recent.popleft()
        if any(one.pairs == new.pairs for one in self._recent):
            return None
        rare = self._rarity(new.pairs)
        alike = [one for one in self._recent if _is_alike(new, one, rare)]
        self._take_in(new)
        if not self._warns(new, alike, rare):
            return None
        warning = _warning(new, alike, rare)
        if any(_is_known(warning, before) for before in self._warned):
            return None
        self._warned.append(warning)
        return warning

    def _rarity(self, pairs: frozenset[str]) -> dict[str, float]:
        """Return the unusual ones of ``pairs``, each with how unusual it is."""
        every = log(self._ordinary.messages + OWN * self._messages + 1)
        held = {pair: self._ordinary.holding.get(pair, 0) + OWN * self._own[pair] for pair in pairs}
        found = {pair: every - log(count + 1) for pair, count in held.items()}
        return {pair: rarity for pair, rarity in found.items() if rarity >= UNUSUAL}

    def _take_in(self, new: _Recent) -> None:
        self._recent.append(new)
        self._own.update(new.pairs)
        self._messages += 1
        if len(self._own) > MOST_KEPT:
            self._own = Counter({pair: count for pair, count in self._own.items() if count > 1})

    def _warns(self, new: _Recent, alike: Sequence[_Recent], rare: Mapping[str, float]) -> bool:
        if len(alike) + 1 >= MANY:
            return True
        rarest = {pair: rarity for pair, rarity in rare.items() if rarity >= RARE}
        by_rare = [one for one in alike if _is_alike(new, one, rarest)]
        telling = any(one.heard.danger for one in (new, *alike))
        return len(alike if telling else by_rare) + 1 >= FEW


def pairs_of_words(text: str) -> frozenset[str]:
    """Return the pairs of letters in ``text``; figures and codes are like each other by chance."""
    return frozenset(pair for pair in pairs_of(text) if not any(letter.isascii() for letter in pair))


def _is_alike(new: _Recent, other: _Recent, rare: Mapping[str, float]) -> bool:
    """Tell whether both share more that is unusual than two messages of their lengths do by chance."""
    shared = other.pairs & rare.keys()
    if not shared:
        return False
    chances = len(new.pairs) * len(other.pairs) / USUAL_LENGTH**2
    return sum(rare[pair] for pair in shared) >= EVIDENCE + max(0.0, LONGER * log(chances))


def _warning(new: _Recent, alike: Sequence[_Recent], rare: Mapping[str, float]) -> EarlyWarning:
    heard = tuple(one.heard for one in (*alike, new))
    shared = frozenset().union(*(one.pairs for one in alike)) & rare.keys()
    return EarlyWarning(
        at=new.heard.at,
        messages=heard,
        words=_words(f"{new.heard.place}\n{new.heard.text}", shared, rare),
        danger=_most_told(one.danger for one in heard if one.danger),
    )


def _most_told(dangers: Iterable[str]) -> str:
    return next((danger for danger, times in Counter(dangers).most_common(1) if times > 1), "")


def _words(text: str, shared: frozenset[str], rare: Mapping[str, float]) -> tuple[str, ...]:
    """Return the stretches of ``text`` that are made of ``shared`` pairs, the most unusual first."""
    found = dict[str, float]()
    start = 0
    while start < len(text) - 1:
        end = start
        while text[end : end + 2].lower() in shared:
            end += 1
        if end > start:
            word = text[start : end + 1]
            found[word] = sum(rare[text[at : at + 2].lower()] for at in range(start, end))
        start = end + 1
    return tuple(sorted(found, key=lambda word: -found[word]))


def _is_known(new: EarlyWarning, before: EarlyWarning) -> bool:
    """Tell whether it was warned of the same, and by more than half of as many."""
    return len(new.ids & before.ids) >= FEW - 1 and len(new.ids) < 2 * len(before.ids)
