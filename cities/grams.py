"""Patterns read, not run: whether one is sound and safe, and which characters every match of it must hold.

Screening looks at these one or two characters first: hundreds of patterns then cost microseconds on a message
that has none of them. They are derived, so that nobody has to keep a second list. Patterns are compiled when
they are first needed, which would otherwise be most of the time that a city takes to load.
"""

import re
from collections.abc import Iterator
from functools import cache, lru_cache
from itertools import pairwise, permutations, product
from re import _constants as op  # type: ignore[attr-defined]  # the only parser that agrees with re
from re import _parser  # type: ignore[attr-defined]
from typing import Any

Grams = frozenset[str]
Item = tuple[Any, Any]  #: a part of a parsed pattern: what it is, and its value

_COMMON = frozenset(
    "的了我人在有不他她它被要是一来到去上下里个出着过这那就都还也没给让进走开说你们正大小好家从住<>"
)
_PAIR, _SINGLE, _VERY_COMMON = 1, 8, 60  #: how much a gram lets through, roughly
_MOST_PAIRS = 80
_REPEATS = (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT)
_FEW = 9  #: times that anything may be repeated: two ways to read each are then still only some hundreds
_MOST_WORDS = 2000
_IN_HAND = (
    8  #: parsed patterns that are kept: one is asked several things in a row, and all of them are large
)


@cache
def needed(pattern: str) -> Grams:
    """Return grams of which every match of ``pattern`` holds one; empty where that cannot be told."""
    return _of_sequence(list(_parsed(pattern))) or frozenset()


def shortest(pattern: str) -> int:
    """Return the length of the shortest match, or raise ``re.error`` where ``pattern`` is not sound."""
    parsed = _parsed(pattern)
    for item in _all_items(parsed) if "(?<" in pattern else ():
        _check_behind(item)
    return int(parsed.getwidth()[0])


def is_runaway(pattern: str) -> bool:
    """Tell whether a repetition in ``pattern`` can read the same text in many ways, so that time explodes.

    Safe are a repeated single character, words of which no text is made in two ways, and ``*+``, which never
    gives back what it has read.
    """
    return any(_reads_in_many_ways(item) for item in _all_items(_parsed(pattern)))


def is_endless(pattern: str) -> bool:
    """Tell whether a match of ``pattern`` may be of any length and begin anywhere, so that time is quadratic."""
    parsed = _parsed(pattern)
    if len(parsed) and tuple(parsed[0]) == (op.AT, op.AT_BEGINNING):
        return False
    return any(kind in _REPEATS and value[1] == op.MAXREPEAT for kind, value in _all_items(parsed))


def _reads_in_many_ways(item: Item) -> bool:
    kind, value = item
    if kind not in (op.MAX_REPEAT, op.MIN_REPEAT) or value[1] <= _FEW or value[2].getwidth() == (1, 1):
        return False
    words = _words(list(value[2]))
    return words is None or not _is_code(words)


def _is_code(words: list[str]) -> bool:
    """Tell whether no text is made of ``words`` in two ways (Sardinas and Patterson, 1953)."""
    if "" in words or len(set(words)) < len(words):
        return False
    seen: set[str] = set()
    rests = {long[len(short) :] for short, long in permutations(words, 2) if long.startswith(short)}
    while rests and rests.isdisjoint(words):
        seen |= rests
        follow = {word[len(rest) :] for rest in rests for word in words if word.startswith(rest)}
        follow |= {rest[len(word) :] for rest in rests for word in words if rest.startswith(word)}
        rests = follow - seen
    return not rests


def _words(items: list[Item]) -> list[str] | None:
    """Return every text that ``items`` in a row can read, or ``None`` where they are too many to list."""
    parts = [_words_of(item) for item in items]
    words = [""]
    for part in parts:
        if part is None or len(words) * len(part) > _MOST_WORDS:
            return None
        words = [before + after for before in words for after in part]
    return words


def _words_of(item: Item) -> list[str] | None:
    kind, value = item
    if kind is op.LITERAL:
        return [chr(value)]
    if kind is op.IN:
        return sorted(edge) if (edge := _edge(item, 0)) else None
    if kind in (op.AT, op.ASSERT, op.ASSERT_NOT):
        return [""]  # looks, and reads nothing
    if kind in _REPEATS:
        return _words_repeated(*value)
    if (branches := _branches(item)) is None:
        return None
    found = [_words(branch) for branch in branches]
    return [word for words in found if words for word in words] if all(found) else None


def _words_repeated(least: int, most: int, body: Any) -> list[str] | None:
    words = _words(list(body))
    if (
        words is None
        or most > _FEW
        or sum(len(words) ** times for times in range(least, most + 1)) > _MOST_WORDS
    ):
        return None
    return ["".join(row) for times in range(least, most + 1) for row in product(words, repeat=times)]


@lru_cache(maxsize=_IN_HAND)
def _parsed(pattern: str) -> Any:
    return _parser.parse(pattern)


def _all_items(parsed: Any) -> Iterator[Item]:
    for item in parsed:
        yield item
        for part in _parts(item[1]):
            yield from _all_items(part)


def _parts(value: Any) -> Iterator[Any]:
    if isinstance(value, _parser.SubPattern):
        yield value
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _parts(part)


def _check_behind(item: Item) -> None:
    """Refuse what the compiler alone refuses: a look behind of no fixed length."""
    kind, value = item
    if kind in (op.ASSERT, op.ASSERT_NOT) and value[0] < 0:
        shortest_behind, longest_behind = value[1].getwidth()
        if shortest_behind != longest_behind:
            raise re.error("look-behind requires fixed-width pattern")


def _of_sequence(items: list[Item]) -> Grams | None:
    """Return the grams that let the least through, among the parts that must all be there."""
    if items and all(kind is op.LITERAL for kind, _ in items):
        return _of_word("".join(chr(letter) for _, letter in items))
    choices = [_of_part(item) for item in items]
    choices += [_of_pair(left, right) for left, right in pairwise(items)]
    return min((grams for grams in choices if grams), key=_cost, default=None)


def _of_word(word: str) -> Grams:
    """Return its first two letters that are not both common; most parts of patterns are plain words."""
    pairs = [left + right for left, right in pairwise(word)] or [word]
    return frozenset({next((pair for pair in pairs if not _COMMON.issuperset(pair)), pairs[0])})


def _of_part(item: Item) -> Grams | None:
    kind, value = item
    if kind is op.LITERAL:
        return frozenset({chr(value)})
    if kind is op.IN:
        return _edge(item, 0)
    if kind in _REPEATS:
        return _of_sequence(list(value[2])) if value[0] >= 1 else None
    if (branches := _branches(item)) is None:
        return None
    found = [_of_sequence(branch) for branch in branches]
    return frozenset().union(*(grams for grams in found if grams)) if all(found) else None


def _of_pair(left: Item, right: Item) -> Grams | None:
    """Return what can stand on the seam of two neighbours."""
    ends, starts = _edge(left, -1), _edge(right, 0)
    if not ends or not starts or len(ends) * len(starts) > _MOST_PAIRS:
        return None
    return frozenset(end + start for end in ends for start in starts)


def _edge(item: Item, at: int) -> Grams | None:
    """Return every character that ``item`` can begin (0) or end (-1) with, if they can be listed."""
    kind, value = item
    if kind is op.LITERAL:
        return frozenset({chr(value)})
    if kind is op.IN:
        return frozenset(chr(v) for _, v in value) if all(k is op.LITERAL for k, _ in value) else None
    if (branches := _branches(item)) is None:
        return None
    edges = [_edge(branch[at], at) if branch else None for branch in branches]
    return frozenset().union(*(edge for edge in edges if edge)) if all(edges) else None


def _branches(item: Item) -> list[list[Item]] | None:
    kind, value = item
    if kind is op.SUBPATTERN:
        return [list(value[-1])]
    return [list(branch) for branch in value[1]] if kind is op.BRANCH else None


def _cost(grams: Grams) -> int:
    return sum(_PAIR if len(gram) == 2 else _VERY_COMMON if gram in _COMMON else _SINGLE for gram in grams)
