"""Finds what tells who somebody is: numbers, addresses, the names that people give of themselves."""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any

from hotline.spelling import any_of


class Kind(StrEnum):
    """What identifies somebody."""

    NAME = "name"
    PHONE = "phone"
    EMAIL = "email"
    ADDRESS = "address"
    ID_NUMBER = "id_number"
    PLATE = "plate"
    CARD = "card"  #: a bank card, an old ID number, any run of digits long enough to be one
    OPENID = "openid"


@dataclass(frozen=True, slots=True)
class Found:
    """Somebody's identity, from ``start`` to ``end`` of a text."""

    kind: Kind
    start: int
    end: int


#: first letter of a number plate: the short name of a province or of a special fleet
_PROVINCES = (
    "\u4eac\u6d25\u6caa\u6e1d\u5180\u8c6b\u4e91\u8fbd\u9ed1\u6e58\u7696\u9c81\u65b0\u82cf\u6d59\u8d63"
    "\u9102\u6842\u7518\u664b\u8499\u9655\u5409\u95fd\u8d35\u7ca4\u9752\u85cf\u5ddd\u5b81\u743c\u4f7f"
)
_PLATE_ENDS = "\u6302\u5b66\u8b66\u6e2f\u6fb3\u9886"  #: trailer, learner, police, Hong Kong, Macau, consulate

_GAP = r"[ \t\u00a0\u3000\-\u2010-\u2015\u2212._\u00b7]{0,2}"


def _spaced(count: str) -> str:
    """Return a pattern for that many further digits, written together or in groups."""
    return rf"(?:{_GAP}[0-9]){count}"


_COUNTRY = rf"(?:\+|00)86{_GAP}"
_LOCAL = r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~\-]"
#: Patterns begin with a letter, and then look back, so that what none can begin with is passed over many times faster.
#: starts only where a run of letters starts and never gives one back, so that a long run is read once
_EMAIL = re.compile(rf"{_LOCAL}(?<!{_LOCAL}{{2}}){_LOCAL}*+@[A-Za-z0-9\-]+(?:\.[A-Za-z0-9\-]+)+")
_OPENID = re.compile(r"o(?<![A-Za-z0-9_\-]o)[A-Za-z0-9_\-]{27}(?![A-Za-z0-9_\-])")
_PLATE_HAS_DIGIT = r"(?=[A-Za-z \t\u00a0\u3000._\u00b7\-]{1,9}[0-9])"
_PLATE = re.compile(
    rf"[{_PROVINCES}]{_PLATE_HAS_DIGIT}{_GAP}[A-Za-z]{_GAP}"
    rf"(?:[A-Za-z0-9]{_GAP}){{4,5}}[A-Za-z0-9{_PLATE_ENDS}](?![A-Za-z0-9])"
)
_LANDLINE = re.compile(
    rf"(?<![0-9])(?:{_COUNTRY})?[(]?0(?:10|2[0-9]|[3-9][0-9]{{2}})[)]?{_GAP}[2-9]{_spaced('{6,7}')}(?![0-9])"
)
_MOBILE = re.compile(rf"(?<![0-9])(?:{_COUNTRY}|86{_GAP})?1{_GAP}[3-9]{_spaced('{9}')}")
_ID_CARD = re.compile(rf"(?<![0-9])[1-9]{_spaced('{16}')}{_GAP}[0-9Xx](?![0-9A-Za-z])")
#: an old ID number, a bank card, any other run long enough to be one; a ticket number ends in letters
_LONG_NUMBER = re.compile(r"(?<![0-9A-Za-z])(?:[0-9]{15,}[Xx]?|[0-9]{11,14}(?![0-9A-Za-z]))")
_CARD = re.compile(rf"(?<![0-9])(?:[0-9]{{4}}{_GAP}){{3,4}}[0-9]{{1,7}}(?![0-9])")
#: a number said in words, with a pause between its groups: 138, 0013, 8000
_PAUSE = r"[,\u3001\uff0c ]{1,2}"
_SPOKEN = re.compile(rf"(?<![0-9])1[3-9][0-9](?:{_PAUSE}[0-9]{{4}}){{2}}(?![0-9])")

#: everything that numbers are written with, and no more: whatever a number is, it lies in one such stretch
_STRETCH = re.compile(r"[0-9+(][0-9Xx+() \t\u00a0\u3000\-\u2010-\u2015\u2212._\u00b7,\u3001\uff0c]{6,}")

_NUMBERS = (
    (Kind.ID_NUMBER, _ID_CARD),
    (Kind.CARD, _LONG_NUMBER),
    (Kind.CARD, _CARD),
    (Kind.PHONE, _LANDLINE),
    (Kind.PHONE, _MOBILE),
    (Kind.PHONE, _SPOKEN),
)
_SHAPES = ((Kind.EMAIL, _EMAIL), (Kind.OPENID, _OPENID), (Kind.PLATE, _PLATE))
#: a ticket's number tells nobody who somebody is (hotline/ticket.py)
_TICKET = re.compile(
    r"20(?<![0-9A-Za-z]20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])[0-9A-HJKMNP-TV-Z]{9}(?![0-9A-Za-z])"
)
_FOUND = "\x00"  #: stands where something was found already; no message holds it


class Finder:
    """Finds identities in text; with ``words`` also the names and home addresses that people give of themselves.

    ``words`` are patterns by kind, each with a group ``who`` (cities/common/identity.yaml).
    """

    def __init__(self, words: Mapping[Kind, Sequence[str]] | None = None) -> None:
        self._words = tuple(
            (kind, re.compile(pattern)) for kind, patterns in (words or {}).items() for pattern in patterns
        )
        # What is said goes through both screens, and into message, state, ticket and event, one after the other.
        self._cached = lru_cache(maxsize=64)(self._find)

    def find(self, text: str) -> tuple[Found, ...]:
        """Return what identifies somebody in ``text``, in order, none over another."""
        return self._cached(text)

    def _find(self, text: str) -> tuple[Found, ...]:
        found = list[Found]()
        readable = _TICKET.sub(lambda one: _FOUND * len(one.group()), plain(text))
        for kind, pattern in _SHAPES:
            readable = _blanked(readable, kind, pattern, found)
        readable = _without_numbers(readable, found)
        _without_numbers(
            digits(readable), found
        )  # only now: a word of number beside a number is none of its digits
        for kind, pattern in self._words:
            for one in pattern.finditer(text):
                start, end = one.span("who")
                if not any(start < other.end and other.start < end for other in found):
                    found.append(Found(kind, start, end))
        return tuple(sorted(found, key=lambda one: one.start))


def written_out(data: Mapping[str, Any]) -> dict[Kind, tuple[str, ...]]:
    """Return the patterns of ``identity.yaml``'s content by kind, every ``{set}`` in them filled in."""
    sets = data["sets"]
    kinds = [kind for kind in Kind if kind.value in data]
    return {kind: tuple(filled(pattern, sets) for pattern in data[kind.value]) for kind in kinds}


def filled(pattern: str, sets: Mapping[str, str]) -> str:
    """Return ``pattern`` with each ``{set}`` filled in."""
    for name, piece in sets.items():
        pattern = pattern.replace(f"{{{name}}}", f"(?:{piece})")
    return pattern


NUMBERS = Finder()  #: finds what is told by its shape alone


def _without_numbers(readable: str, found: list[Found]) -> str:
    """Return ``readable`` with every number in it blanked, and add them to ``found``."""
    for stretch in _STRETCH.finditer(readable):
        start, end = max(stretch.start() - 1, 0), stretch.end() + 1  # with the letter before and after
        piece, inside = readable[start:end], list[Found]()
        for kind, pattern in _NUMBERS:
            piece = _blanked(piece, kind, pattern, inside)
        found += [Found(one.kind, start + one.start, start + one.end) for one in inside]
        readable = readable[:start] + piece + readable[end:]
    return readable


def _blanked(readable: str, kind: Kind, pattern: re.Pattern[str], found: list[Found]) -> str:
    def blank(one: re.Match[str]) -> str:
        phone = kind is Kind.CARD and (_MOBILE.fullmatch(one.group()) or _LANDLINE.fullmatch(one.group()))
        found.append(Found(Kind.PHONE if phone else kind, *one.span()))
        return _FOUND * len(one.group())

    return pattern.sub(blank, readable)


class _Letters(dict[str, str]):
    """What stands for a letter, filled as letters are met."""

    def __init__(self, of: Callable[[str], str]) -> None:
        super().__init__()
        self._of = of

    def __missing__(self, letter: str) -> str:
        found = self[letter] = self._of(letter)
        return found


def _plain(letter: str) -> str:
    folded = unicodedata.normalize("NFKC", letter)
    stands_for_it = len(folded) == 1 and folded.isascii() and (folded.isalnum() or folded in "@.-_+()")
    return folded if stands_for_it else letter


def _digit(letter: str) -> str:
    value = unicodedata.numeric(letter, -1)
    return str(int(value)) if value in range(10) else letter


#: what is none of the usual signs and Chinese characters, which are plain as they are
_DRESSED = re.compile(
    "[^\t\n -~\u2014\u2018-\u201d\u2026\u3001-\u3017\u4e00-\u9fff\uff01\uff0c\uff1a\uff1b\uff1f]"
)
_PLAIN, _DIGITS = _Letters(_plain), _Letters(_digit)
#: the same and the words of one digit among what is plain as it is
_MAY_COUNT = re.compile(
    "|".join(
        (
            _DRESSED.pattern,
            any_of(
                one
                for one in map(chr, (*range(0x3001, 0x3018), *range(0x4E00, 0xA000)))
                if _digit(one) != one
            ),
        )
    )
)


def plain(text: str) -> str:
    """Return ``text`` with full-width and otherwise dressed-up digits, letters and signs plain, one for one."""
    return _DRESSED.sub(lambda one: _PLAIN[one.group()], text)


def digits(text: str) -> str:
    """Return ``text`` with words of one digit, such as the Chinese for three, as that digit, one for one."""
    return _MAY_COUNT.sub(lambda one: _DIGITS[one.group()], text)
