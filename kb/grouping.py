"""Questions that ask the same, put together; pure."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from kb.words import grams, plain

ALIKE = 0.4  #: share of characters and pairs in common from which on two questions ask the same


@dataclass(frozen=True, kw_only=True, slots=True)
class Group:
    """Places of questions in the sequence given; the first one stands for them."""

    places: tuple[int, ...]


def grouped(texts: Sequence[str]) -> tuple[Group, ...]:
    """Return the texts in groups, the largest first; each joins the group whose first one it is most like."""
    held = [frozenset(grams(plain(text))) for text in texts]
    firsts: list[int] = []
    members: dict[int, list[int]] = {}
    by_gram: defaultdict[str, list[int]] = defaultdict(list)
    for place, own in enumerate(held):
        common: defaultdict[int, int] = defaultdict(int)
        for gram in own:
            for first in by_gram[gram]:
                common[first] += 1
        best = max(common, key=lambda first: _dice(common[first], own, held[first]), default=None)
        if best is not None and _dice(common[best], own, held[best]) >= ALIKE:
            members[best].append(place)
            continue
        firsts.append(place)
        members[place] = [place]
        for gram in own:
            by_gram[gram].append(place)
    ordered = sorted(firsts, key=lambda first: (-len(members[first]), first))
    return tuple(Group(places=tuple(members[first])) for first in ordered)


def _dice(common: int, one: frozenset[str], other: frozenset[str]) -> float:
    return 2 * common / (len(one) + len(other))
