"""Looks for danger, and for matters that the law puts elsewhere. Arithmetic over the city's data."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import chain
from operator import add

from hotline.citation import Citation
from hotline.citypack import CityPack, DangerType, ScopeRule

Spellings = tuple[tuple[str, str], ...]

#: how much of a sentence, before and after the words found, decides what they mean
_DANGER_VIEW = (40, 24)
_DEMAND_VIEW = (160, 160)
_LONG_LETTER = 150  #: characters; who is in danger writes less

#: Chinese punctuation stands for its ASCII form after NFKC, so that patterns are written one way
_PUNCTUATION: Mapping[int, str] = {
    ord(plain): usual for plain, usual in zip(",!?;:\n", "\uff0c\uff01\uff1f\uff1b\uff1a\uff0c", strict=True)
} | {ord("<"): "", ord(">"): ""}  # the two that mark what was found
_SENTENCE = re.compile("[^\u3002\uff01\uff1f\uff1b]+[\u3002\uff01\uff1f\uff1b]*")
_GAPS = re.compile("[^\\S\n]|[\u200b-\u200f\u2060\ufeff\ufe0f]")
_LINES = re.compile("\\s*\n\\s*")


@dataclass(frozen=True, kw_only=True, slots=True)
class Danger:
    """An emergency heard in a message; ``sure`` or to be asked about."""

    type: str  #: id of the danger type in the pack
    call: str  #: the number to call first
    also: tuple[str, ...]
    headline: str
    why: str
    steps: tuple[str, ...]
    span: str  #: the words that it was heard in
    sure: bool
    ask: str  #: the question when not sure


@dataclass(frozen=True, kw_only=True, slots=True)
class NotAccepted:
    """A ground on which the matter belongs elsewhere; ``sure`` or to be asked about."""

    rule: str
    citation: Citation
    sure: bool
    ask: str


@dataclass(frozen=True, kw_only=True, slots=True)
class _Heard:
    """Words that a pattern found, and the same between < and > with what stands around them."""

    span: str
    context: str


def screen_emergency(text: str, pack: CityPack) -> Danger | None:
    """Return the gravest danger that ``text`` reports as happening now, or ``None``; sure before doubt."""
    said = _said(text, pack)
    doubtful: Danger | None = None
    for danger in pack.dangers:
        unless = (*danger.unless, *pack.not_now)
        told = tuple(_meant(danger.sure, unless, said))
        if happening := next((heard for heard in told if _counts(heard, said)), None):
            return _danger(danger, happening, sure=True)
        if doubtful is None:
            hints = (heard for heard in _meant(danger.doubt, unless, said) if _counts(heard, said))
            heard = next(chain(told, hints), None)
            doubtful = _danger(danger, heard, sure=False) if heard else None
    return doubtful


def screen_acceptance(text: str, pack: CityPack) -> NotAccepted | None:
    """Return the ground on which what ``text`` asks for is led elsewhere, or ``None``."""
    said = _said(text, pack, view=_DEMAND_VIEW, whole=True)
    for sure in (True, False):
        for rule in pack.scope:
            if next(_meant(rule.sure if sure else rule.doubt, rule.unless, said), None):
                return _not_accepted(rule, sure=sure)
    return None


def asks_secrecy(text: str, pack: CityPack) -> bool:
    """Tell whether the citizen asks in words that nobody learns who said it."""
    said = "".join(text.split())
    for denied in pack.words["secrecy_not"].split():
        said = said.replace(denied, "\n")
    return any(asked in said for asked in pack.words["secrecy"].split())


def normalised(text: str, spellings: Spellings = ()) -> str:
    """Return ``text`` in the one form that patterns are written for: NFKC, no gaps, usual spelling."""
    plain = _LINES.sub("\n", unicodedata.normalize("NFKC", text).strip())
    letters, words = _speller(spellings)
    plain = _GAPS.sub("", plain).casefold().translate(letters)
    present = frozenset(plain)
    for wrong, right, needed in words:
        if needed <= present and wrong in plain:
            plain = plain.replace(wrong, right)
    return plain


@cache
def _speller(spellings: Spellings) -> tuple[Mapping[int, str], tuple[tuple[str, str, frozenset[str]], ...]]:
    """Return the letters to change, and the words to change with their letters, longest first."""
    letters = {ord(wrong): right for wrong, right in spellings if len(wrong) == 1}
    words = ((wrong.translate(letters), right) for wrong, right in spellings if len(wrong) > 1)
    longest_first = sorted(words, key=lambda pair: -len(pair[0]))
    return {**_PUNCTUATION, **letters}, tuple(
        (wrong, right, frozenset(wrong)) for wrong, right in longest_first
    )


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


Index = Mapping[str, frozenset[str]]


def _live(text: str, index: Index) -> frozenset[str]:
    """Return the patterns that may match ``text``, going by its letters and every two in a row."""
    grams = filter(index.__contains__, chain(("",), text, map(add, text, text[1:])))
    return frozenset().union(*map(index.__getitem__, grams))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Said:
    """What was said, in pieces that are looked at one by one, each with the patterns worth trying."""

    live: frozenset[str]
    pieces: tuple[tuple[str, frozenset[str]], ...]
    index: Index
    view: tuple[int, int]
    now: tuple[str, ...]  #: of which a hit must show one to count, in a letter that is long


def _said(text: str, pack: CityPack, *, view: tuple[int, int] = _DANGER_VIEW, whole: bool = False) -> _Said:
    said = normalised(text, pack.spellings)
    index = {"": _all_patterns(pack)} if pack.grams is None else pack.grams
    pieces = tuple((piece, _live(piece, index)) for piece in ([said] if whole else _SENTENCE.findall(said)))
    return _Said(
        live=frozenset().union(*(live for _, live in pieces)),
        pieces=pieces,
        index=index,
        view=view,
        now=pack.now if len(said) > _LONG_LETTER else (),
    )


def _all_patterns(pack: CityPack) -> frozenset[str]:
    rules: tuple[DangerType | ScopeRule, ...] = (*pack.dangers, *pack.scope)
    return frozenset(pack.not_now).union(*((*rule.sure, *rule.doubt, *rule.unless) for rule in rules))


def _counts(heard: _Heard, said: _Said) -> bool:
    """Tell whether a hit is news: a long letter tells a story, and must say that it is happening now."""
    return not said.now or any(_compiled(pattern).search(heard.context) for pattern in said.now)


def _meant(patterns: tuple[str, ...], unless: tuple[str, ...], said: _Said) -> Iterator[_Heard]:
    """Yield what ``patterns`` find, save where the words around it say that it is only mentioned."""
    for pattern in patterns:
        if pattern in said.live:  # hardly ever; nothing else can match
            for piece in (piece for piece, live in said.pieces if pattern in live):
                for found in _compiled(pattern).finditer(piece):
                    context = _in_context(piece, found, said.view)
                    if not _only_mentioned(context, unless, said.index):
                        yield _Heard(span=found.group(), context=context)


def _only_mentioned(context: str, unless: tuple[str, ...], index: Index) -> bool:
    live = _live(context, index)
    return any(pattern in live and _compiled(pattern).search(context) for pattern in unless)


def _in_context(text: str, found: re.Match[str], view: tuple[int, int]) -> str:
    """Return the words found between < and >, with what stands around them."""
    before, after = view
    start, end = found.span()
    return f"{text[max(0, start - before) : start]}<{found.group()}>{text[end : end + after]}"


def _danger(danger: DangerType, heard: _Heard, *, sure: bool) -> Danger:
    return Danger(
        type=danger.id,
        call=danger.call,
        also=danger.also,
        headline=danger.headline,
        why=danger.why,
        steps=danger.steps,
        span=heard.span,
        sure=sure,
        ask="" if sure else danger.ask,
    )


def _not_accepted(rule: ScopeRule, *, sure: bool) -> NotAccepted:
    return NotAccepted(rule=rule.id, citation=rule.citation, sure=sure, ask="" if sure else rule.ask)
