"""Finds the words of a demand that stand for all of it: a title is cut out of them, never made up."""

import re
from collections import Counter
from collections.abc import Collection, Sequence

from hotline.citypack import CityPack

LETTERS = 24  #: of a title, at most; titles stand in lists
SUMMARY = 160  #: letters of a summary
_ASKS, _HOLDS, _FIGURE = (
    3.0,
    1.5,
    1.0,
)  #: what a sentence of a summary is worth for asking, for a known word, for a figure
_LETTER = 4  #: sentences that make a letter
_FEWEST = 4  #: letters of a sentence that can stand for a demand
_LONGEST_OPENING = 20  #: letters of a greeting, or of a clause that says who speaks

_SENTENCE_ENDS = re.compile(r"(?<=[\u3002\uff01\uff1f!?\uff1b;])|\n")
_CLAUSE_ENDS = re.compile(r"[\s,:!\u3001\u3002\uff01\uff0c\uff1a]")
_NO_LETTER = re.compile(r"[\W_]+")
_DIGIT = re.compile(r"\d|[\u4e00\u4e8c\u4e24\u4e09\u56db\u4e94\u516d\u4e03\u516b\u4e5d\u5341]")


def title_of(text: str, pack: CityPack) -> str:
    """Return at most ``LETTERS`` letters out of the sentence that names the demand, in the words of ``text``."""
    line = " ".join(demand_in(text, pack).split()).rstrip("\u3002\uff0c,\uff1b;")
    return line if len(line) <= LETTERS else f"{line[: LETTERS - 1]}\u2026"


def summary_of(text: str, pack: CityPack, *, holds: Collection[str] = ()) -> str:
    """Return what ``text`` is about in at most ``SUMMARY`` letters: its own sentences, in its order, the telling ones.

    Courtesy, who speaks and sentences that only plead or scold are left out. The sentences that ask come first, then
    those that hold a figure or one of ``holds`` (places, times, bodies), then those whose words the rest repeats. A
    sentence alone may be longer. Text without a sentence that tells something is returned as it is.
    """
    parts = [said for part in _SENTENCE_ENDS.split(text) if len(_bare(said := _said(part, pack))) >= _FEWEST]
    told = [part for part in parts if not _only_feels(part, pack)]
    if not told:
        return text.strip()
    worth = _worth(told, pack, holds)
    kept, left = set[int](), SUMMARY
    for number in sorted(range(len(told)), key=lambda number: (-worth[number], number)):
        if not kept or len(told[number]) <= left:
            kept.add(number)
            left -= len(told[number])
    return "".join(_ended(told[number]) for number in sorted(kept))


def _worth(told: Sequence[str], pack: CityPack, holds: Collection[str]) -> list[float]:
    """Return how much each sentence tells."""
    pairs = [{bare[at : at + 2] for at in range(len(bare) - 1)} for bare in map(_bare, told)]
    common = Counter(pair for one in pairs for pair in one)
    demand = demand_in("".join(told), pack)
    return [
        _ASKS * _asking(one, pack)
        + _ASKS * (demand in one or one in demand)
        + _HOLDS * sum(word in one for word in holds)
        + _FIGURE * (_DIGIT.search(one) is not None)
        + sum(common[pair] > 1 for pair in mine) / max(len(mine), 1)
        for one, mine in zip(told, pairs, strict=True)
    ]


def _only_feels(sentence: str, pack: CityPack) -> bool:
    """Tell whether nothing is left of ``sentence`` without the words of pleading and scolding."""
    rest = sentence
    for word in pack.words["feels"].split():
        rest = rest.replace(word, "")
    return rest != sentence and len(_bare(rest)) < _FEWEST


def _ended(sentence: str) -> str:
    return sentence if _SENTENCE_ENDS.search(sentence) else f"{sentence}\u3002"


def demand_in(text: str, pack: CityPack) -> str:
    """Return the sentence of ``text`` that names the demand: the first, but of a letter the one that asks most plainly.

    A sentence with a clause that begins by asking comes before one that holds a word of asking somewhere.
    """
    parts = [part for part in _SENTENCE_ENDS.split(text) if _bare(part)]
    told = [said for part in parts if len(_bare(said := _said(part, pack))) >= _FEWEST]
    if told and len(parts) >= _LETTER:
        return max(told, key=lambda sentence: _asking(sentence, pack))
    return told[0] if told else text.strip()


def _said(sentence: str, pack: CityPack) -> str:
    """Return ``sentence`` without greeting, form of address and who speaks at its beginning."""
    said = sentence.strip()
    while (end := _CLAUSE_ENDS.search(said, 0, _LONGEST_OPENING + 1)) and _opens(said[: end.start()], pack):
        said = said[end.end() :].lstrip()
    return said


def _opens(clause: str, pack: CityPack) -> bool:
    words = pack.words
    return (
        not clause
        or clause in words["opening_whole"].split()
        or clause.startswith(tuple(words["opening_begins"].split()))
        or clause.endswith(tuple(words["opening_ends"].split()))
    )


def _asking(sentence: str, pack: CityPack) -> int:
    """Return how plainly ``sentence`` asks for something: 2 by how a clause begins, 1 by a word in it, 0 not at all."""
    first, denied = (tuple(pack.words[name].split()) for name in ("asks_first", "asks_not"))
    clauses = [clause.strip() for clause in _CLAUSE_ENDS.split(sentence)]
    if any(clause.startswith(first) and not clause.startswith(denied) for clause in clauses):
        return 2
    for word in denied:
        sentence = sentence.replace(word, "")
    return int(any(asked in sentence for asked in pack.words["asks"].split()))


def _bare(text: str) -> str:
    return _NO_LETTER.sub("", text)
