"""Looks for danger, and for matters that the law puts elsewhere. Arithmetic over the city's data."""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from hotline.citation import Citation
from hotline.citypack import CityPack, DangerType, ScopeRule

Spellings = tuple[tuple[str, str], ...]

#: how much of a sentence, before and after the words found, decides what they mean
_DANGER_VIEW = (40, 24)
_DEMAND_VIEW = (160, 160)

#: Chinese punctuation stands for its ASCII form after NFKC, so that patterns are written one way
_PUNCTUATION = str.maketrans(",!?;:\n", "\uff0c\uff01\uff1f\uff1b\uff1a\uff0c", "<>")
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


def screen_emergency(text: str, pack: CityPack) -> Danger | None:
    """Return the gravest danger that ``text`` reports as happening now, or ``None``; sure before doubt."""
    triggers = tuple(pattern for danger in pack.dangers for pattern in (*danger.sure, *danger.doubt))
    sentences = _sentences_with(triggers, normalised(text, pack.spellings))
    for sure in (True, False):
        for danger in pack.dangers if sentences else ():
            patterns = danger.sure if sure else danger.doubt
            unless = (*danger.unless, *pack.not_now)
            if span := next(_meant(patterns, unless, sentences, _DANGER_VIEW), ""):
                return _danger(danger, span, sure=sure)
    return None


def screen_acceptance(text: str, pack: CityPack) -> NotAccepted | None:
    """Return the ground on which what ``text`` asks for is led elsewhere, or ``None``."""
    triggers = tuple(pattern for rule in pack.scope for pattern in (*rule.sure, *rule.doubt))
    said = normalised(text, pack.spellings)
    if not (triggers and _any(triggers).search(said)):
        return None
    for sure in (True, False):
        for rule in pack.scope:
            patterns = rule.sure if sure else rule.doubt
            if next(_meant(patterns, rule.unless, (said,), _DEMAND_VIEW), ""):
                return _not_accepted(rule, sure=sure)
    return None


def normalised(text: str, spellings: Spellings = ()) -> str:
    """Return ``text`` in the one form that patterns are written for: NFKC, no gaps, usual spelling."""
    plain = _LINES.sub("\n", unicodedata.normalize("NFKC", text).strip())
    plain = _GAPS.sub("", plain).casefold().translate(_PUNCTUATION)
    if not spellings:
        return plain
    letters, words, pattern = _speller(spellings)
    plain = plain.translate(letters)
    return pattern.sub(lambda found: words[found.group()], plain) if pattern else plain


@cache
def _speller(spellings: Spellings) -> tuple[Mapping[int, str], Mapping[str, str], re.Pattern[str] | None]:
    letters = {ord(wrong): right for wrong, right in spellings if len(wrong) == 1}
    words = {wrong.translate(letters): right for wrong, right in spellings if len(wrong) > 1}
    longest_first = sorted(words, key=len, reverse=True)
    pattern = re.compile("|".join(map(re.escape, longest_first))) if words else None
    return MappingProxyType(letters), MappingProxyType(words), pattern


@cache
def _any(patterns: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns))


def _sentences_with(patterns: tuple[str, ...], text: str) -> tuple[str, ...]:
    """Return the sentences worth a closer look; most messages have none, and cost one search."""
    if not (patterns and _any(patterns).search(text)):
        return ()
    return tuple(sentence for sentence in _SENTENCE.findall(text) if _any(patterns).search(sentence))


def _meant(
    patterns: tuple[str, ...], unless: tuple[str, ...], texts: Sequence[str], view: tuple[int, int]
) -> Iterator[str]:
    """Yield what ``patterns`` find, save where the words around it say that it is only mentioned."""
    for text in texts if patterns else ():
        for found in _any(patterns).finditer(text):
            if not (unless and _any(unless).search(_in_context(text, found, view))):
                yield found.group()


def _in_context(text: str, found: re.Match[str], view: tuple[int, int]) -> str:
    """Return the words found between < and >, with what stands around them."""
    before, after = view
    start, end = found.span()
    return f"{text[max(0, start - before) : start]}<{found.group()}>{text[end : end + after]}"


def _danger(danger: DangerType, span: str, *, sure: bool) -> Danger:
    return Danger(
        type=danger.id,
        call=danger.call,
        also=danger.also,
        headline=danger.headline,
        why=danger.why,
        steps=danger.steps,
        span=span,
        sure=sure,
        ask="" if sure else danger.ask,
    )


def _not_accepted(rule: ScopeRule, *, sure: bool) -> NotAccepted:
    return NotAccepted(rule=rule.id, citation=rule.citation, sure=sure, ask="" if sure else rule.ask)
