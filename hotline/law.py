"""What every rule of law has: its article, the duties it serves, the days on which it is in force."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated

from hotline.citation import Citation, LawStatus
from hotline.vocabulary import (
    BOUNDS,
    COUNTS,
    SCORED,
    CaseId,
    ChannelId,
    ClassId,
    Content,
    DutyId,
    Effect,
    GroupId,
    Id,
    KindId,
    MatterId,
    Measured,
    OneOf,
    ReadingId,
    Rhythm,
    Role,
    Shown,
    Sign,
    Topic,
)


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
    effective_to: date | None = None
    places: frozenset[str] = frozenset()  #: every article, section or item that it really has


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """A rule with its article; without dates of its own it is in force while its instrument is."""

    id: str
    citation: Citation
    duties: tuple[DutyId, ...] = ()
    readings: tuple[ReadingId, ...] = ()  #: what decides where the article leaves it open
    setting: bool = False  #: the figure is the city's own, for the text gives none
    effective_from: date | None = None
    effective_to: date | None = None  #: the last day

    def in_force(self, day: date) -> bool:
        """Tell whether the rule holds on ``day``."""
        begun = self.effective_from is None or self.effective_from <= day
        return begun and (self.effective_to is None or day <= self.effective_to)


@dataclass(frozen=True, kw_only=True, slots=True)
class Figure:
    """One number of a rule, with its unit and which side of it counts."""

    name: Id
    value: Decimal
    unit: Measured
    bound: Annotated[str, OneOf("bound", BOUNDS)] = "exactly"


@dataclass(frozen=True, kw_only=True, slots=True)
class Item:
    """One of several things that a rule lists; what it does not say, the rule says."""

    id: Id
    says: str
    article: str = ""  #: the item's own place; empty where it is the rule's
    by: Role | None = None
    to: tuple[Role, ...] = ()
    groups: tuple[GroupId, ...] = ()
    kinds: tuple[KindId, ...] = ()  #: of ticket that it is for; none named: all
    told_by: tuple[Sign, ...] = ()  #: what in the case shows it; none named: a person sees it
    void_replies: tuple[Id, ...] = ()  #: the void replies that show it
    case: CaseId | None = None  #: it holds only where the case has turned out so
    figures: tuple[Figure, ...] = ()
    effect: Effect | None = None
    scored: Annotated[str, OneOf("scored", SCORED)] | None = None  #: how ``hotline.marks`` reckons it
    of: Id | None = None  #: the measure, count or score that it is reckoned of; none: people enter it
    together: bool = False  #: its groups are ranked in one list


@dataclass(frozen=True, kw_only=True, slots=True)
class Provision(Rule):
    """One thing that intake, desk or report must do, in words with its figures typed."""

    id: Id
    topic: Topic
    says: str
    by: Role | None = None
    to: tuple[Role, ...] = ()
    approved_by: Role | None = None
    every: Rhythm | None = None
    kinds: tuple[KindId, ...] = ()
    classes: tuple[ClassId, ...] = ()
    channels: tuple[ChannelId, ...] = ()
    matters: tuple[MatterId, ...] = ()
    groups: tuple[GroupId, ...] = ()
    requires: tuple[Content, ...] = ()
    told_by: tuple[Sign, ...] = ()  #: what in the case calls for it
    case: CaseId | None = None  #: it holds only where the case has turned out so
    figures: tuple[Figure, ...] = ()
    items: tuple[Item, ...] = ()
    effect: Effect | None = None
    scored: Annotated[str, OneOf("scored", SCORED)] | None = (
        None  #: for its items too, where they say nothing
    )
    of: Id | None = None
    together: bool = False
    shows: tuple[Shown, ...] = ()  #: what the paper is put together from; none named: it is no paper
    apart: bool = False  #: what comes by its channels is scored by itself

    def figure(self, name: str) -> Figure:
        """Return the figure of that name; ``KeyError`` if the rule has none."""
        found = next((figure for figure in self.figures if figure.name == name), None)
        if found is None:
            raise KeyError(f"rule {self.id} has no figure {name}")
        return found


@dataclass(frozen=True, kw_only=True, slots=True)
class Measure(Rule):
    """A rate: what is counted over what it is counted of."""

    id: Id
    label: str
    counts: Annotated[str, OneOf("count", COUNTS)]
    over: Annotated[str, OneOf("count", COUNTS)]
