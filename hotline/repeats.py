"""Which recent tickets may be about the same matter: by words, place and time; a person decides.

Words are compared as pairs of letters weighed by how rare they are among the recent tickets (TF-IDF, cosine), so that
what everybody writes counts little. Nothing here merges anything.
"""

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import asin, cos, log, radians, sin, sqrt

from hotline.message import Location

WITHIN = timedelta(days=30)  #: between two filings
NEAR = 300.0  #: metres between two points of one place
FEWEST = 3  #: pairs of letters that a place needs to be compared
SAME_PLACE = 0.6  #: share of the shorter place's pairs of letters from which both are one
LIKE_HERE, LIKE_SOMEWHERE = (
    0.3,
    0.55,
)  #: likeness from which on a person is asked: at one place; where one is not known
LIKE_IN_SORT = 0.2  #: likeness from which on another matter is of the same sort
LIKE_OWN = 0.5  #: the same for what one person writes
MOST = 3  #: proposals for one ticket
_EARTH = 6_371_000.0  #: metres


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """What of a ticket is compared."""

    number: str
    pairs: Counter[str]  #: of letters in its words, each as often as it stands there (``pairs_of``)
    place: str
    location: Location | None
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Likeness:
    """Another ticket that may be about the same matter."""

    number: str
    score: float  #: likeness of the words, 0 to 1
    same_place: bool  #: both name the place, and it is one; false where one of them names none


def likenesses(new: Told, others: Sequence[Told], *, own: Collection[str] = ()) -> tuple[Likeness, ...]:
    """Return those of ``others`` that may be about the matter of ``new``, likest first.

    ``own`` are the numbers of tickets by the same person.
    """
    rarity = _rarity([one.pairs for one in (new, *others)])
    mine = _weighed(new.pairs, rarity)
    found = []
    for other in others:
        same = same_place(new, other)
        if same is False or abs(new.at - other.at) > WITHIN:
            continue
        if other.number in own and _at_other_doors(new.place, other.place):
            continue  # who tells of two doors means two matters; a neighbour may give another number for one
        score = _cosine(mine, _weighed(other.pairs, rarity))
        if score >= (LIKE_OWN if other.number in own else LIKE_HERE if same else LIKE_SOMEWHERE):
            found.append(Likeness(number=other.number, score=score, same_place=bool(same)))
    return tuple(sorted(found, key=lambda one: -one.score)[:MOST])


def of_a_sort(new: Counter[str], others: Mapping[str, Counter[str]], *, most: int = MOST) -> tuple[str, ...]:
    """Return the keys of those of ``others`` that are about a matter of the same sort, wherever and whenever, likest first."""
    rarity = _rarity([new, *others.values()])
    mine = _weighed(new, rarity)
    scored = [(_cosine(mine, _weighed(pairs, rarity)), key) for key, pairs in others.items()]
    best = sorted((one for one in scored if one[0] >= LIKE_IN_SORT), key=lambda one: -one[0])
    return tuple(key for _, key in best[:most])


def same_place(one: Told, other: Told) -> bool | None:
    """Tell whether both are about one place; ``None`` where one of them does not say where."""
    if one.location is not None and other.location is not None:
        return _metres(one.location, other.location) <= NEAR
    few, many = sorted((set(pairs_of(one.place)), set(pairs_of(other.place))), key=len)
    if len(few) < FEWEST:
        return None  # none, or no more than a district: many places lie in it
    return len(few & many) >= SAME_PLACE * len(few)


def _at_other_doors(one: str, other: str) -> bool:
    """Tell whether both places name numbers and none in common."""
    first, second = set(re.findall("[0-9]+", one)), set(re.findall("[0-9]+", other))
    return bool(first and second) and first.isdisjoint(second)


def pairs_of(text: str) -> Counter[str]:
    """Return the pairs of letters in ``text``, signs left out, each as often as it stands there."""
    letters = "".join(letter for letter in text.lower() if letter.isalnum())
    return Counter(letters[i : i + 2] for i in range(len(letters) - 1))


def _rarity(held: Sequence[Counter[str]]) -> dict[str, float]:
    counts = Counter(pair for pairs in held for pair in pairs)
    return {pair: log((1 + len(held)) / (1 + count)) + 1 for pair, count in counts.items()}


def _weighed(pairs: Counter[str], rarity: dict[str, float]) -> dict[str, float]:
    values = {pair: (1 + log(count)) * rarity[pair] for pair, count in pairs.items()}
    length = sqrt(sum(value * value for value in values.values())) or 1.0
    return {pair: value / length for pair, value in values.items()}


def _cosine(one: dict[str, float], other: dict[str, float]) -> float:
    return sum(value * other[pair] for pair, value in one.items() if pair in other)


def _metres(one: Location, other: Location) -> float:
    """Return the length of the great circle between two points (haversine)."""
    lat, other_lat = radians(one.lat), radians(other.lat)
    half = sin((other_lat - lat) / 2) ** 2
    half += cos(lat) * cos(other_lat) * sin(radians(other.lon - one.lon) / 2) ** 2
    return 2 * _EARTH * asin(min(1.0, sqrt(half)))
