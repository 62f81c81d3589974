"""What a demand is beside its kind: each tag with the reason for it and the words it was seen by."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hotline.citation import Citation
from hotline.citypack import CityPack, TagRule
from hotline.patterns import compiled
from hotline.vocabulary import TAGS

_VIEW = 60  #: letters before and after the words that tell whether they are meant
_MOST_HITS = 20  #: of one pattern that are looked at
_WHISTLE_BLOWING, _REPORT = "whistle_blowing", "report"


@dataclass(frozen=True, kw_only=True, slots=True)
class Tag:
    """One tag of a demand; ``span`` is empty where the kind alone gives it."""

    tag: str  #: one of ``hotline.vocabulary.TAGS``
    why: str
    span: str = ""


def tags_of(pack: CityPack, text: str, *, kind: str) -> tuple[Tag, ...]:
    """Return the tags of ``text`` in the order of ``TAGS``, none twice for the same reason.

    The city's own words come first: those of its sort of matter of that name, then those of its rule; after them those
    of all cities. A ticket of the kind ``report`` is whistle-blowing in whatever words.
    """
    found = tuple(tag for name in TAGS for tag in _told(pack, text, name))
    if kind == _REPORT and not any(tag.tag == _WHISTLE_BLOWING for tag in found):
        return (*found, Tag(tag=_WHISTLE_BLOWING, why=_why(pack, "", _WHISTLE_BLOWING)))
    return found


def _told(pack: CityPack, text: str, name: str) -> Iterator[Tag]:
    common = [words for words in pack.tag_words if words.tag == name]
    for matter in (matter for matter in pack.matters if matter.id == name):
        if span := _span(text, matter.patterns, matter.unless):
            yield Tag(tag=name, why=_cited(pack, common[0].says, matter.citation), span=span)
            return
    for rule in (rule for rule in pack.tags if rule.tag == name):
        if span := _span(text, rule.patterns, rule.unless):
            yield Tag(tag=name, why=_cited(pack, rule.says, rule.citation), span=span)
            return
    for words in common:
        if span := _span(text, words.patterns, words.unless):
            yield Tag(tag=name, why=_why(pack, words.says, name), span=span)


def _span(text: str, patterns: Sequence[str], unless: Sequence[str]) -> str:
    """Return the first words that fit a pattern and are meant; empty if there are none."""
    for pattern in patterns:
        for found, _ in zip(compiled(pattern).finditer(text), range(_MOST_HITS), strict=False):
            start, end = found.span()
            seen = f"{text[max(0, start - _VIEW) : start]}<{found[0]}>{text[end : end + _VIEW]}"
            if found[0] and not any(compiled(one).search(seen) for one in unless):
                return found[0]
    return ""


def _why(pack: CityPack, says: str, name: str) -> str:
    """Return what the words mean and, where the city's text speaks of it, what it says with its article."""
    rule: TagRule | None = next((rule for rule in pack.tags if rule.tag == name), None)
    if rule is not None:
        return says + _cited(pack, rule.says, rule.citation)
    return says or next(words.says for words in pack.tag_words if words.tag == name)


def _cited(pack: CityPack, says: str, law: Citation) -> str:
    return pack.say("because", says=says, instrument=law.instrument, article=law.article)
