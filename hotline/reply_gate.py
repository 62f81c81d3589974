"""Whether a unit's reply to a demand may be sent, by the rules of the city's text; pure, and the same everywhere."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hotline.citation import Citation
from hotline.citypack import CityPack, ReplyElement, VoidReply
from hotline.patterns import compiled
from hotline.reply_words import Fault, ReplyWords
from hotline.substance import (
    Clause,
    Span,
    Written,
    apart_from,
    clauses,
    found_in,
    has_substance,
    is_beside,
)

#: contents that are there as soon as a reply has substance: what was done and how it came out
_HANDLING = frozenset({"result", "progress", "measures"})
REMARKED = "remarked"  #: the effect of a finding that only asks for plainer words
_VIEW = 160  #: letters before and after a phrase that may show that it is not only a phrase
_PHRASE_ENOUGH = 3  #: times ``enough``, from which on a stock phrase is only how a reply ends


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One reason why a reply does not count as it is."""

    rule: str  #: id of the element or void reply in the city's desk.yaml
    label: str  #: in words for the unit
    citation: Citation
    effect: str  #: what follows (``hotline.vocabulary.EFFECTS``)
    by_itself: bool  #: it follows without a person's decision (R-SQ-3)
    missing: bool  #: something is not there; nothing is marked then
    span: str  #: the words that show it, as they were written; empty where ``missing``
    at: int  #: where they begin

    @property
    def holds(self) -> bool:
        """Whether the reply stays here because of it; remarks hold nothing back."""
        return self.effect != REMARKED


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What is known of the demand beside its words; what is not known asks for nothing."""

    kind: str = ""
    ticket_class: str | None = None
    channel: str = ""
    anonymous: bool = False
    cases: tuple[str, ...] | None = None  #: what it has turned out to be on record


def judge_reply(demand: str, reply: str, pack: CityPack, asked: Asked | None = None) -> tuple[Finding, ...]:
    """Return every reason against ``reply``, void ones first; none: it may be sent."""
    read = _Read.of(demand, reply, pack.reply_words)
    known = asked or Asked()
    return (*_void(read, pack, known), *_missing(read, pack, known))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Read:
    """Demand and reply as the rules see them."""

    demand: Written
    reply: Written
    said: tuple[Clause, ...]
    words: ReplyWords

    @classmethod
    def of(cls, demand: str, reply: str, words: ReplyWords) -> "_Read":
        written = Written.of(reply)
        return cls(demand=Written.of(demand), reply=written, said=clauses(written, words), words=words)

    @property
    def is_empty(self) -> bool:
        return not has_substance(self.said, self.words.enough)

    @property
    def whole(self) -> Span:
        """Everything that is written, without the gaps around it."""
        return (0, len(self.reply.text))

    def has(self, content: str) -> bool:
        """Tell whether the reply has something of that content."""
        if content in _HANDLING:
            return not self.is_empty
        return found_in(self.reply.sentences, self.words.contents.get(content, ()))

    def hits(self, patterns: Sequence[str], unless: Sequence[str] = ()) -> list[Span]:
        """Return where ``patterns`` stand in the reply, save where ``unless`` fits the words around."""
        text, found = self.reply.sentences, []
        for pattern in patterns:
            for hit in compiled(pattern).finditer(text):
                start, end = hit.span()
                view = f"{text[max(0, start - _VIEW) : start]}<{hit.group()}>{text[end : end + _VIEW]}"
                if not found_in(view, unless):
                    found.append((start, end))
        return sorted(found)

    def is_bare(self, spans: Sequence[Span], enough: int) -> bool:
        """Tell whether nothing of substance is left without the clauses at ``spans``."""
        return not has_substance(apart_from(self.said, spans), enough)


def _void(read: _Read, pack: CityPack, asked: Asked) -> Iterator[Finding]:
    for rule in pack.void_replies:
        if rule.unless_case and (asked.cases is None or rule.unless_case in asked.cases):
            continue
        spans = _void_spans(read, rule)
        if spans:
            yield _finding(rule, read, spans[0], effect=rule.effect, by_itself=rule.by_itself)


def _void_spans(read: _Read, rule: VoidReply) -> list[Span]:
    """Return the words by which ``rule`` is broken; a reply that is empty as a whole shows its stock phrase first."""
    phrases = _phrases(read, rule)
    spans = [span for fault in rule.told_by for span in _fault_spans(read, fault)]
    if spans and phrases:
        return phrases
    return spans or (phrases if read.is_bare(phrases, _PHRASE_ENOUGH * read.words.enough) else [])


def _phrases(read: _Read, rule: VoidReply) -> list[Span]:
    text = read.reply.sentences
    named = [(text.find(phrase), len(phrase)) for phrase in rule.phrases]
    literal = [(at, at + length) for at, length in named if at >= 0]
    return sorted([*literal, *read.hits(rule.patterns, rule.unless)])


def _fault_spans(read: _Read, name: str) -> list[Span]:
    if name == "empty":
        return [read.whole] if read.is_empty else []
    if name == "beside":
        return [read.whole] if is_beside(read.demand, read.said, read.words) else []
    fault = read.words.faults.get(name)
    return _told(read, fault) if fault is not None else []


def _told(read: _Read, fault: Fault) -> list[Span]:
    asked = read.demand.sentences
    if fault.demand and not found_in(asked, fault.demand):
        return []
    if found_in(asked, fault.not_demand) or found_in(read.reply.sentences, fault.without):
        return []
    if any(read.has(content) for content in fault.lacks):
        return []
    spans = read.hits(fault.patterns, fault.unless) if fault.patterns else [read.whole]
    return spans if not fault.bare or read.is_bare(spans, read.words.enough) else []


def _missing(read: _Read, pack: CityPack, asked: Asked) -> Iterator[Finding]:
    for element in _needed(read, pack, asked):
        if (element.content in _HANDLING or element.content in read.words.contents) and not read.has(
            element.content
        ):
            yield _finding(element, read, None, effect="sent_back", by_itself=False)


def _needed(read: _Read, pack: CityPack, asked: Asked) -> list[ReplyElement]:
    """Return the elements that this reply must have; where the text has its own list for the nameless, only those."""
    every = [element for element in pack.reply_elements if _is_for(element, asked)]
    nameless = [element for element in every if element.needed == "anonymous"]
    hidden = asked.anonymous or any(
        found_in(written.sentences, read.words.anonymous) for written in (read.demand, read.reply)
    )
    if nameless and hidden:
        return nameless
    unsatisfied = found_in(read.reply.sentences, read.words.unsatisfied)
    return [
        element
        for element in every
        if element.needed == "always" or (element.needed == "unsatisfied" and unsatisfied)
    ]


def _is_for(element: ReplyElement, asked: Asked) -> bool:
    return (
        (not element.kinds or asked.kind in element.kinds)
        and (not element.classes or asked.ticket_class in element.classes)
        and (not element.channels or asked.channel in element.channels)
    )


def _finding(
    rule: ReplyElement | VoidReply, read: _Read, span: Span | None, *, effect: str, by_itself: bool
) -> Finding:
    shown = span is not None and span[1] > span[0]
    return Finding(
        rule=rule.id,
        label=rule.label,
        citation=rule.citation,
        effect=effect,
        by_itself=by_itself,
        missing=span is None,
        span=read.reply.quoted(span) if shown and span else "",
        at=read.reply.start_of(span) if shown and span else 0,
    )
