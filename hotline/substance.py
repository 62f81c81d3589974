"""What a reply really says: its clauses without courtesy, receipt, forwarding, patience and promises."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from hotline.patterns import compiled
from hotline.reply_words import ReplyWords

_SLACK = 5  #: letters that may be left of a clause that says nothing: the name of a street, of an office
_SCRAP = 2  #: letters of a clause that are no statement
_LONGEST = 200  #: letters of a clause; what is typed without marks is cut
_MARKS: dict[str, str] = dict(zip(",!?;", "\uff0c\uff01\uff1f\uff1b", strict=True))
_CLAUSE = re.compile(rf"[^\uff0c\u3002\uff01\uff1f\uff1b\uff1a\n]{{1,{_LONGEST}}}")
_LETTER = re.compile("[\u4e00-\u9fff0-9a-z]")
_HAN = re.compile("[\u4e00-\u9fff]+")
_COLON = re.compile(r"(?<![0-9]):|:(?![0-9])")

Span = tuple[int, int]  #: first character and the one after the last


@dataclass(frozen=True)
class Written:
    """A text in the one form that patterns are written for, and where each letter of it stood."""

    original: str
    text: str
    places: tuple[int, ...]

    @classmethod
    def of(cls, original: str) -> "Written":
        """Return ``original`` in half width, lower case and Chinese marks, without gaps; lines end clauses."""
        letters: list[str] = []
        places: list[int] = []
        for place, character in enumerate(original):
            for letter in unicodedata.normalize("NFKC", character).casefold():
                if letter == "\n" or not letter.isspace():
                    letters.append(_MARKS.get(letter, letter))
                    places.append(place)
        text = _COLON.sub("\uff1a", "".join(letters))
        return cls(original=original, text=text, places=tuple(places))

    def quoted(self, span: Span) -> str:
        """Return the words at ``span`` as they were written."""
        return self.original[self.start_of(span) : self.places[span[1] - 1] + 1]

    def start_of(self, span: Span) -> int:
        """Return where the words at ``span`` begin in the original."""
        return self.places[span[0]]

    @cached_property
    def sentences(self) -> str:
        """The text with lines joined, for patterns that look over a whole sentence."""
        return self.text.replace("\n", "\uff0c")


@dataclass(frozen=True, kw_only=True, slots=True)
class Clause:
    """One clause and how much it says."""

    span: Span
    text: str
    letters: int  #: that say something
    is_fact: bool  #: a deed, a figure, a plain answer


def clauses(written: Written, words: ReplyWords) -> tuple[Clause, ...]:
    """Return every clause of ``written`` with what it says."""
    return tuple(_weighed(found, words) for found in _CLAUSE.finditer(written.text))


def _weighed(found: re.Match[str], words: ReplyWords) -> Clause:
    text = found.group()
    rest = text
    for pattern in words.nothing:
        rest = compiled(pattern).sub("", rest)
    says_nothing = rest != text
    for pattern in words.filler:
        rest = compiled(pattern).sub("", rest)
    letters = len(_LETTER.findall(rest))
    counted = 0 if letters <= (_SLACK if says_nothing else _SCRAP) else letters
    is_fact = (counted > 0 or not says_nothing) and found_in(text, words.facts)
    return Clause(span=found.span(), text=text, letters=counted, is_fact=is_fact)


def has_substance(said: Iterable[Clause], enough: int) -> bool:
    """Tell whether clauses say anything: one fact, or ``enough`` letters together."""
    every = tuple(said)
    return any(clause.is_fact for clause in every) or sum(clause.letters for clause in every) >= enough


def apart_from(said: Iterable[Clause], spans: Sequence[Span]) -> Iterator[Clause]:
    """Yield the clauses that no span touches."""
    for clause in said:
        start, end = clause.span
        if not any(first < end and start < last for first, last in spans):
            yield clause


def found_in(text: str, patterns: Iterable[str]) -> bool:
    """Tell whether one of ``patterns`` stands in ``text``."""
    return any(compiled(pattern).search(text) for pattern in patterns)


_FIRMLY, _SHARED = 3, 5  #: words of another matter that a reply must have, pairs of letters it may share


def is_beside(demand: Written, said: Iterable[Clause], words: ReplyWords) -> bool:
    """Tell whether what is said is about another matter than the demand.

    Both must name a matter of ``words.subjects``, none the same, the reply firmly. Places and names may be shared.
    """
    told = "\uff0c".join(clause.text for clause in said if clause.letters or clause.is_fact)
    asked, answered = _matters(demand.text, words), _matters(told, words)
    if not asked or asked.keys() & answered.keys():
        return False
    shared = len(_pairs(demand.text) & _pairs(told))
    named = sum(answered.values())
    return named >= _FIRMLY and shared <= _SHARED


def _matters(text: str, words: ReplyWords) -> dict[int, int]:
    counts = {number: sum(map(text.count, matter)) for number, matter in enumerate(words.subjects)}
    return {number: count for number, count in counts.items() if count}


def _pairs(text: str) -> set[str]:
    return {run[at : at + 2] for run in _HAN.findall(text) for at in range(len(run) - 1)}
