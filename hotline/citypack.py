"""One city's law and words as values; ``cities.loading`` makes them, everything here only reads."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from hotline.calendar import Calendar
from hotline.citation import Citation, LawStatus, Route


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """One instrument of law."""

    id: str
    instrument: str
    number: str  #: empty where the text bears none
    issuer: str
    published: date | None
    effective_from: date | None
    status: LawStatus


@dataclass(frozen=True, kw_only=True, slots=True)
class ScopeRule:
    """One ground on which a matter is led elsewhere; patterns are regular expressions."""

    id: str
    citation: Citation  #: with the reason in words and the route, where there is one
    sure: tuple[str, ...]  #: any of them: the ground holds
    doubt: tuple[str, ...]  #: any of them: ask first
    unless: tuple[str, ...]  #: any of them: the words are only mentioned, the ground does not hold
    ask: str  #: the question when in doubt


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """One thing a ticket must know, and how it is asked for."""

    field: str  #: what, place, time, phone or name
    label: str
    ask: str
    ask_again: str
    optional: bool = False
    options: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Kind:
    """A kind of ticket (CONTRACT: consultation help complaint report suggestion praise other)."""

    id: str
    label: str
    citation: Citation
    questions: tuple[Question, ...]
    default_class: str | None
    class_fixed: Citation | None = (
        None  #: where the text puts the whole kind into its class, whatever is said
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class TicketClass:
    """A class of ticket with its own clock; ``patterns`` tell a matter that belongs to it."""

    id: str
    label: str
    citation: Citation
    patterns: tuple[str, ...]
    highest: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class DeadlineRule:
    """How long a step may take; an absent condition matches everything."""

    id: str
    what: str  #: sign start contact progress plan return finish follow_up
    starts: str  #: filing, receipt, signing or closing_reply
    working_days: int | None
    days: int | None
    hours: int | None
    citation: Citation
    kinds: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    effective_from: date | None = None
    reading: str = ""  #: the reading that decides what the text leaves open
    start_within: int | None = None  #: working days after which a receipt or signing counts as done


@dataclass(frozen=True, kw_only=True, slots=True)
class DangerType:
    """A kind of emergency: whom to call first, what to do first."""

    id: str
    call: str
    also: tuple[str, ...]
    headline: str
    why: str
    steps: tuple[str, ...]
    sure: tuple[str, ...]
    doubt: tuple[str, ...]
    unless: tuple[str, ...]
    ask: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Unit:
    """A body that handles tickets, by duties and place."""

    id: str
    name: str
    citation: Citation
    keywords: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    default: bool = False  #: takes what no rule gives to another


@dataclass(frozen=True, kw_only=True, slots=True)
class PrivacyRule:
    """One thing the city says about personal data, in words for the citizen."""

    id: str
    says: str
    citation: Citation


@dataclass(frozen=True, kw_only=True, slots=True)
class DeskStep:
    """A step of the dispatch desk, by the name that the city's text gives it."""

    id: str
    label: str
    citation: Citation


@dataclass(frozen=True, kw_only=True, slots=True)
class CityPack:
    """Everything the core needs to know about one city."""

    code: str
    name: str
    hotline: str  #: what the city calls its hotline
    sources: tuple[Source, ...]
    kinds: Mapping[str, Kind]
    classes: Mapping[str, TicketClass]
    scope: tuple[ScopeRule, ...]
    deadlines: tuple[DeadlineRule, ...]
    dangers: tuple[DangerType, ...]  #: gravest first
    not_now: tuple[str, ...]  #: past, negation, hypothesis, drills, proper names; the hit is between < and >
    units: tuple[Unit, ...]
    referral: Route | None  #: where a person looks again
    words: Mapping[str, str]  #: the sentences that the system says itself
    calendar: Calendar
    #: patterns that a text with these one or two letters may match, those of "" always; absent: try all
    grams: Mapping[str, frozenset[str]] | None = None
    now: tuple[str, ...] = ()  #: what says that it is happening; long letters must say it
    spellings: tuple[tuple[str, str], ...] = ()  #: mistyped, traditional or spoken form and the usual one
    privacy: tuple[PrivacyRule, ...] = ()
    desk: Mapping[str, DeskStep] = field(default_factory=dict)

    def say(self, name: str, **values: str) -> str:
        """Return one of the system's own sentences with its blanks filled."""
        return self.words[name].format(city=self.name, hotline=self.hotline, **values)

    def highest_class(self) -> str | None:
        """Return the class of danger to life and property, if the city's text has classes."""
        return next((c.id for c in self.classes.values() if c.highest), None)
