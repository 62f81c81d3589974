"""Looks for danger, and for matters that the law puts elsewhere. Arithmetic over the city's data."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice

from hotline.citation import Citation
from hotline.citypack import CityPack, DangerType, ScopeRule
from hotline.grams import Purpose
from hotline.links import without_addresses
from hotline.message import InboundMessage
from hotline.patterns import Hit, Said, Sought, compiled
from hotline.scoring import (
    Hearing,
    Hint,
    Span,
    Thresholds,
    Weighed,
    clause_ends,
    close_up,
    type_scores,
    weigh,
    weightiest_clause,
)
from hotline.spelling import normalised

_DANGER = Sought(purpose=Purpose.DANGER, view=(40, 24), whole=False)
_GROUND = Sought(purpose=Purpose.GROUND, view=(160, 160), whole=True)
_LONG_LETTER = 150  #: characters; who is in danger writes less
_NAMED = 1.1  #: so much more a type speaks that the lists name as news
_NEARLY = 0.05  #: of two types whose scores are that close, the graver is named
_BEYOND_DOUBT = 0.25  #: what one sentence of a letter must weigh beyond a whole message to be sure
_UNHEARD = "\x00"  #: no example holds it
#: the numbers of the emergency services stay as they are; of any other number one digit, of a letter that is repeated two
_REPEATED = re.compile(r"(?<![0-9])1(?:10|19|20|22)(?![0-9])|([0-9])[0-9.,:/~-]*[0-9]|((.)\3)\3+")
_FEWEST = 4  #: letters that weights alone judge; a shorter answer says nothing by itself
_FEW_WORDS = 15  #: characters; below is the answer to a question or a heading more often than a cry for help
_SHORT = 0.3  #: so much less is needed to ask about a message, of that length and more, than about a letter
_HINTED = 0.3  #: and so much less again where the lists find a hint
_MENTIONED = (
    1.0  #: so much more is needed to ask where a ground is only mentioned, or only information asked for
)
_TOLD_AT_LENGTH = (
    0.4  #: so much more where nothing names the ground and one part of a long letter sounds like it
)
_POSSIBLE = 0.6  #: of types whose scores are that close, every number is told


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
class Named:
    """A type of danger that the word lists find in a message."""

    danger: DangerType
    how: str  #: sure; told: the same in a story; doubt; mentioned: the words around it say that it is not happening
    hit: Hit

    @property
    def is_meant(self) -> bool:
        """Tell whether the words around it leave it standing."""
        return self.how != "mentioned"


def screen_emergency(text: str, pack: CityPack) -> Danger | None:
    """Return the danger that ``text`` reports as happening now, sure or to be asked about, or ``None``.

    Word lists and the words around them say what is named; weights learnt from examples say whether it is meant, and
    hear what has no name. A pack without weights is judged by the lists alone.
    """
    text = without_addresses(text)
    found = _screened(text, pack)
    lines = [line for line in text.split("\n") if line.strip()]
    if pack.hearing is None or (found and found.sure) or len(lines) < 2:
        return found
    # A heading, a name and an address on lines of their own must not outweigh the line that cries for help.
    alone = (_screened(line, pack, named_only=True) for line in lines)
    return next((danger for danger in alone if danger and danger.sure), found)


def screen_message(message: InboundMessage, pack: CityPack) -> Danger | None:
    """Return the danger that ``message`` reports: in all its words, or in its text alone, whichever is surer.

    Name, address and place of a form stand beside the text; they must not outweigh it.
    """
    whole = screen_emergency(message.screened, pack)
    if (whole and whole.sure) or message.text.strip() == message.screened.strip():
        return whole
    own = screen_emergency(message.text, pack)
    return own if own and (own.sure or whole is None) else whole


def _screened(text: str, pack: CityPack, *, named_only: bool = False) -> Danger | None:
    """Judge ``text`` as one message; ``named_only`` where the lists name a danger as news, and nowhere else."""
    said = Said.of(text, pack, _DANGER)
    named = named_in(said, pack)
    if named_only and not any(found.how == "sure" for found in named):
        return None
    if pack.hearing is None:
        return _by_words(named)
    if not named and len(tuple(islice(filter(str.isalpha, said.text), _FEWEST))) < _FEWEST:
        return None
    return _by_weight(said.text, named, pack, pack.hearing)


def screen_acceptance(text: str, pack: CityPack) -> NotAccepted | None:
    """Return the ground on which what ``text`` asks for is led elsewhere, or ``None``.

    Only patterns whose words the weights do not contradict refuse; what the weights alone hear is asked about first.
    """
    said = Said.of(without_addresses(text), pack, _GROUND)
    named = tuple(_grounds_in(said, pack))
    found = next((one.not_accepted for one in named if one.is_meant), None)
    if pack.grounds is None or (found and not _rule(found, pack).heard_as):  # no example is about this ground
        return found
    informs = any(compiled(pattern).search(said.text) for pattern in pack.informing)
    only_mentioned = found is None and (bool(named) or informs)
    words = _to_be_weighed(said.text, pack)
    return _by_ground_weight(words, found, pack, pack.grounds, only_mentioned=only_mentioned)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Ground:
    """A ground that patterns find in a message."""

    not_accepted: NotAccepted
    is_meant: bool  #: the words around it leave it standing


def _grounds_in(said: Said, pack: CityPack) -> Iterator[_Ground]:
    """Yield every ground whose patterns fit, sure before doubt."""
    for sure in (True, False):
        for rule in pack.scope:
            for hit in said.find(rule.sure if sure else rule.doubt, rule.unless):
                yield _Ground(not_accepted=_not_accepted(rule, sure=sure), is_meant=hit.meant)


def asks_secrecy(text: str, pack: CityPack) -> bool:
    """Tell whether the citizen asks in words that nobody learns who said it."""
    said = "".join(text.split())
    for denied in pack.words["secrecy_not"].split():
        said = said.replace(denied, "\n")
    return any(asked in said for asked in pack.words["secrecy"].split())


def _by_ground_weight(
    text: str, found: NotAccepted | None, pack: CityPack, grounds: Hearing, *, only_mentioned: bool
) -> NotAccepted | None:
    weighed = weigh(text, (), grounds)
    limits = grounds.named if found else grounds.unnamed
    more = (_MENTIONED if only_mentioned else 0.0) + (
        _TOLD_AT_LENGTH if weighed.in_letter and not found else 0.0
    )
    if weighed.score < limits.ask + more:
        return None
    if found:
        return (
            found if weighed.score >= limits.sure else replace(found, sure=False, ask=_rule(found, pack).ask)
        )
    scores = type_scores(text, weighed, grounds)
    likeliest = max(scores, key=lambda name: scores[name])
    rule = next((rule for rule in pack.scope if likeliest in rule.heard_as), None)
    return _not_accepted(rule, sure=False) if rule else None


def _rule(found: NotAccepted, pack: CityPack) -> ScopeRule:
    return next(rule for rule in pack.scope if rule.id == found.rule)


def heard_text(text: str, pack: CityPack) -> tuple[str, tuple[Hint, ...]]:
    """Return ``text`` as it is weighed, and what the word lists find in it; learning starts from the same."""
    said = Said.of(text, pack, _DANGER)
    return _to_be_weighed(said.text, pack), _hints(named_in(said, pack))


def ground_text(text: str, pack: CityPack) -> tuple[str, tuple[Hint, ...]]:
    """Return ``text`` as it is weighed for what it asks for: grounds are cities', so patterns give no hints."""
    return _to_be_weighed(normalised(text, pack.spelling), pack), ()


def _to_be_weighed(text: str, pack: CityPack) -> str:
    """Return ``text``, as long as it was, with a letter that weighs nothing for all that says nothing about danger.

    That is who somebody is, every digit of a number but its first (the numbers for emergencies apart), and a letter
    beyond its second time in a row: a list of prices or dates must not weigh more than a word.
    """
    for found in pack.finder.find(text):
        text = f"{text[: found.start]}{_UNHEARD * (found.end - found.start)}{text[found.end :]}"
    return _REPEATED.sub(_unheard, text)


def _unheard(found: re.Match[str]) -> str:
    kept = found[1] or found[2] or found[0]
    return kept + _UNHEARD * (len(found[0]) - len(kept))


def named_in(said: Said, pack: CityPack) -> tuple[Named, ...]:
    """Return what the word lists find, the gravest danger first, and of one danger the surest."""
    return tuple(chain.from_iterable(_named(danger, said, pack) for danger in pack.dangers))


def _named(danger: DangerType, said: Said, pack: CityPack) -> Iterator[Named]:
    unless = (*danger.unless, *pack.not_now)
    now = pack.now if len(said.text) > _LONG_LETTER else ()
    for patterns, how, if_story in ((danger.sure, "sure", "told"), (danger.doubt, "doubt", "mentioned")):
        for hit in said.find(patterns, unless):
            is_news = not now or any(compiled(pattern).search(hit.context) for pattern in now)
            yield Named(
                danger=danger, how=(how if is_news else if_story) if hit.meant else "mentioned", hit=hit
            )


def _by_words(named: Iterable[Named]) -> Danger | None:
    """Return the gravest danger that is named and meant, sure before doubt."""
    meant = tuple(found for found in named if found.is_meant)
    found = next(chain((found for found in meant if found.how == "sure"), meant), None)
    return _danger(found.danger, found.hit.span, sure=found.how == "sure") if found else None


def _by_weight(said: str, named: tuple[Named, ...], pack: CityPack, hearing: Hearing) -> Danger | None:
    """Return the danger that the weights speak for, in the words of the lists where they name it."""
    text = _to_be_weighed(said, pack)
    weighed = weigh(text, _hints(named), hearing)
    limits = _limits(weighed, hearing)
    looks = ((weighed, limits), *_closer(text, named, hearing)) if weighed.in_letter else ((weighed, limits),)
    heard = [(weighed, limits) for weighed, limits in looks if weighed.score >= limits.ask]
    sure = (
        weighed for weighed, limits in heard if weighed.score >= limits.sure and not _is_contradicted(weighed)
    )
    if certain := next(sure, None):
        return _heard(said, text, certain, named, pack, hearing, sure=True)
    if heard:
        return _heard(said, text, heard[0][0], named, pack, hearing, sure=False)
    # What the lists name as news and the words around leave standing is asked about, whatever the weights say.
    told = next((found for found in named if found.how == "sure"), None)
    return _danger(told.danger, told.hit.span, sure=False) if told else None


def _closer(text: str, named: Iterable[Named], hearing: Hearing) -> Iterator[tuple[Weighed, Thresholds]]:
    """Yield the sentences of a letter that name a danger, each weighed by itself: a story must not drown a cry for help.

    It is asked about where it would be as a message of its own; sure where it is news, and well beyond doubt.
    """
    ask = hearing.unnamed.ask
    sure = hearing.unnamed.sure + _BEYOND_DOUBT
    cuts, hints = clause_ends(text), _hints(named, told="sure")
    for span, how in dict.fromkeys(_to_look_at(text, named, cuts)):
        start, end = span
        inside = [replace(hint, at=hint.at - start) for hint in hints if start <= hint.at < end]
        alone = weigh(text[start:end], inside, hearing)
        limits = Thresholds(ask=ask, sure=sure if how == "sure" else float("inf"))
        yield replace(alone, span=span), limits


def _to_look_at(text: str, named: Iterable[Named], cuts: Sequence[int]) -> Iterator[tuple[Span, str]]:
    for found in named:
        if found.how in ("sure", "told"):
            yield close_up(text, found.hit.at, cuts), found.how


def _heard(
    said: str, text: str, weighed: Weighed, named: tuple[Named, ...], pack: CityPack, hearing: Hearing,
    *, sure: bool,
) -> Danger | None:  # fmt: skip
    """Return the danger that the window speaks for; ``None`` where the city's lists do not know it."""
    scores = type_scores(text, weighed, hearing)
    news = {found.danger.id for found in named if found.how == "sure" and weighed.holds(found.hit.at)}
    danger = _likeliest({id: score + _NAMED * (id in news) for id, score in scores.items()}, pack)
    if danger is None:
        return None
    own = (
        found for found in named if found.danger is danger and found.is_meant and weighed.holds(found.hit.at)
    )
    words = next((found.hit.span for found in own), "")
    return _danger(
        danger,
        words or weightiest_clause(text, weighed.span, hearing, said=said),
        sure=sure,
        others=_other_numbers(danger, scores, named, pack),
    )


def _limits(weighed: Weighed, hearing: Hearing) -> Thresholds:
    """Return the thresholds: what the lists name needs less weight, to be sure only where it is news."""
    if "sure" in weighed.hints:
        return hearing.in_letter if weighed.in_letter else hearing.named
    if "told" in weighed.hints:
        return replace(hearing.unnamed, ask=hearing.in_letter.ask)
    if weighed.in_letter:
        return hearing.unnamed
    less = (_SHORT if weighed.length >= _FEW_WORDS else 0.0) + (_HINTED if "doubt" in weighed.hints else 0.0)
    return replace(hearing.unnamed, ask=hearing.unnamed.ask - less)


def _is_contradicted(weighed: Weighed) -> bool:
    """Tell whether the lists see a danger only mentioned or told where the weights hear one: then it is asked about."""
    return not {"mentioned", "told"}.isdisjoint(weighed.hints) and "sure" not in weighed.hints


def _likeliest(scores: Mapping[str, float], pack: CityPack) -> DangerType | None:
    """Return the type that the window speaks for most; of two that speak nearly as much, the graver."""
    return next(_within(_NEARLY, scores, pack), None)


def _within(reach: float, scores: Mapping[str, float], pack: CityPack) -> Iterator[DangerType]:
    """Yield the types that speak nearly as much as the one that speaks most, gravest first."""
    best = max(scores.values(), default=0.0)
    return (danger for danger in pack.dangers if scores.get(danger.id, float("-inf")) >= best - reach)


def _other_numbers(
    danger: DangerType, scores: Mapping[str, float], named: Iterable[Named], pack: CityPack
) -> Iterator[str]:
    """Yield the numbers of what else is named for sure, and of what it may be as well."""
    for other in (found.danger for found in named if found.how == "sure" and found.danger is not danger):
        yield from (other.call, *other.also)
    for other in _within(_POSSIBLE, scores, pack):
        yield other.call


def _hints(named: Iterable[Named], told: str = "told") -> tuple[Hint, ...]:
    """Return what the lists find as it is weighed: how it is named, and the same with the type."""
    ways = ((found, told if found.how == "told" else found.how) for found in named)
    return tuple(Hint(at=found.hit.at, names=(how, f"{how}:{found.danger.id}")) for found, how in ways)


def _danger(danger: DangerType, span: str, *, sure: bool, others: Iterable[str] = ()) -> Danger:
    also = dict.fromkeys((*danger.also, *others))
    return Danger(
        type=danger.id,
        call=danger.call,
        also=tuple(number for number in also if number != danger.call),
        headline=danger.headline,
        why=danger.why,
        steps=danger.steps,
        span=span,
        sure=sure,
        ask="" if sure else danger.ask,
    )


def _not_accepted(rule: ScopeRule, *, sure: bool) -> NotAccepted:
    return NotAccepted(rule=rule.id, citation=rule.citation, sure=sure, ask="" if sure else rule.ask)
