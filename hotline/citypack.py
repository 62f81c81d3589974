"""One city's law and words as values; ``cities.loading`` makes them, everything here only reads."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Annotated

from hotline.bodies import DispatchRule, LeaderRule, Matter, NetworkLevel, OnFile, Unit, UnitGroup
from hotline.calendar import Calendar
from hotline.casework import CaseStep
from hotline.citation import Citation, LawStatus, Route
from hotline.grams import Grams, Purpose
from hotline.identity import NUMBERS, Finder
from hotline.law import Item, Measure, Provision, Rule, Source
from hotline.limits import DeadlineRule, ExtensionRule, ReturnRule, Silence, UnfixedLimit
from hotline.moments import Times
from hotline.places import Gazetteer
from hotline.reply_words import ReplyWords
from hotline.scoring import Hearing
from hotline.spelling import AS_WRITTEN, Spelling
from hotline.vocabulary import (
    DESK_STEPS,
    FAULTS,
    GROUNDS,
    QUESTION_FIELDS,
    REMARKS,
    Between,
    CaseId,
    ChannelId,
    ClassId,
    Content,
    Effect,
    EmergencyNumber,
    Id,
    KindId,
    Known,
    MatterId,
    OneOf,
    Pattern,
    PatternInView,
    Reasoned,
    Role,
    TagId,
    WorkingDays,
)

GIVEN_BY = ("text", "centre", "claim")
SPEAKERS = ("person", "legal_person", "organisation", "enterprise", "grass_roots_unit")
RUN_BY = ("us", "imported")
HANDLINGS = ("transferred", "joint", "chief_leads", "on_the_spot", "on_call")
ABOUT = ("everyone", "confidential", "whistle_blower", "anonymous")
SHARED = ("name", "phone", "content", "place")
WITHHELD_FROM = ("unit", "public", "everyone")
WHEN_NEEDED = ("always", "unsatisfied", "anonymous")


@dataclass(frozen=True, kw_only=True, slots=True)
class AcceptedMatter(Rule):
    """Something that the hotline takes up, and from whom."""

    id: Id
    says: str
    kinds: tuple[KindId, ...] = ()
    speakers: tuple[Annotated[str, OneOf("speaker", SPEAKERS)], ...] = ()
    matters: tuple[MatterId, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class ScopeRule(Rule):
    """One ground on which a matter is led elsewhere; patterns are regular expressions."""

    id: str
    citation: Annotated[Citation, Reasoned()]  #: with the reason in words and the route, where there is one
    like: tuple[Annotated[str, Known("wording")], ...] = ()  #: wordings of all cities that it is told by too
    sure: tuple[Pattern, ...] = ()  #: any of them: the ground holds
    doubt: tuple[Pattern, ...] = ()  #: any of them: ask first
    unless: tuple[
        PatternInView, ...
    ] = ()  #: any of them: the words are only mentioned, the ground does not hold
    ask: str = ""  #: the question when in doubt
    heard_as: tuple[
        Annotated[str, OneOf("heard_as", GROUNDS)], ...
    ] = ()  #: which examples are about this ground; needs ``ask``


@dataclass(frozen=True, kw_only=True, slots=True)
class ChannelRule(Rule):
    """A way in that the text names: our own, or imported from somebody else's system."""

    id: ChannelId
    label: str
    run_by: Annotated[str, OneOf("run_by", RUN_BY)] = "imported"
    ledger: bool = False  #: what comes by it stands in the ledger of letters, although it is imported


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """One thing a ticket must know, and how it is asked for."""

    field: Annotated[str, OneOf("question", QUESTION_FIELDS)]
    label: str
    ask: str
    ask_again: str
    optional: bool = False
    options: tuple[str, ...] = ()
    why: str = ""  #: what it is needed for, said to whoever wonders; with the article that asks for it
    citation: Citation | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Kind(Rule):
    """A kind of ticket (CONTRACT: consultation help complaint report suggestion praise other)."""

    id: KindId
    label: str
    questions: tuple[Question, ...] = ()
    default_class: ClassId | None = field(default=None, metadata={"key": "class"})
    class_fixed: Citation | None = (
        None  #: where the text puts the whole kind into its class, whatever is said
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class TicketClass(Rule):
    """A class of ticket with its own clock; ``patterns`` tell a matter that belongs to it."""

    id: str
    label: str
    patterns: tuple[Pattern, ...] = ()
    kinds: tuple[KindId, ...] = ()  #: the only kinds that can be in it; none named: all
    given_by: Annotated[str, OneOf("given_by", GIVEN_BY)] = (
        "text"  #: the text's words, the centre in the case, or a unit's claim that the centre confirms
    )
    highest: bool = field(default=False, metadata={"key": ""})  #: emergency.yaml says which one


@dataclass(frozen=True, kw_only=True, slots=True)
class TagWords:
    """One way in which a tag is told in every city, and what it means."""

    id: Id
    tag: TagId
    says: str
    patterns: tuple[Pattern, ...]
    unless: tuple[PatternInView, ...] = ()  #: any of them: the words are only mentioned


@dataclass(frozen=True, kw_only=True, slots=True)
class TagRule(Rule):
    """What the city's text says about demands of a tag; its own patterns come before those of all cities."""

    id: Id
    tag: TagId
    says: str
    patterns: tuple[Pattern, ...] = ()
    unless: tuple[PatternInView, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class DangerType:
    """A kind of emergency: whom to call first, what to do first."""

    id: str
    call: EmergencyNumber
    also: tuple[EmergencyNumber, ...] = ()
    headline: str
    why: str
    steps: tuple[str, ...]
    sure: tuple[Pattern, ...] = ()
    doubt: tuple[Pattern, ...] = ()
    unless: tuple[PatternInView, ...] = ()
    ask: str


@dataclass(frozen=True, kw_only=True, slots=True)
class EmergencyRule(Rule):
    """What the city's text orders for danger, beside the limits in deadlines.yaml."""

    id: Id
    says: str
    how: Annotated[str, OneOf("handling", HANDLINGS)]
    lines: tuple[EmergencyNumber, ...] = ()
    classes: tuple[ClassId, ...] = ()
    by: Role | None = None
    requires: tuple[Content, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class PrivacyRule(Rule):
    """One thing the city says about personal data, in words for the citizen, and what is withheld from whom."""

    id: str
    says: str
    about: Annotated[str, OneOf("about", ABOUT)] = "everyone"
    withholds: tuple[Annotated[str, OneOf("shared", SHARED)], ...] = ()
    withheld_from: tuple[Annotated[str, OneOf("withheld_from", WITHHELD_FROM)], ...] = ()
    asks_name: bool = False  #: a real name is asked for; never a condition


@dataclass(frozen=True, kw_only=True, slots=True)
class DeskStep(Rule):
    """A step of the dispatch desk, by the name that the city's text gives it."""

    id: Annotated[str, OneOf("step", DESK_STEPS)]
    label: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ReplyElement(Rule):
    """Something that a unit's reply must hold."""

    id: Id
    content: Content
    label: str
    needed: Annotated[str, OneOf("needed", WHEN_NEEDED)] = "always"
    kinds: tuple[KindId, ...] = ()
    classes: tuple[ClassId, ...] = ()
    channels: tuple[ChannelId, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class VoidReply(Rule):
    """A reply that does not count, how it is told, and what follows."""

    id: Id
    label: str
    effect: Effect
    told_by: tuple[Annotated[str, OneOf("fault", FAULTS)], ...] = ()  #: any of them; how, all cities share
    phrases: tuple[str, ...] = ()  #: stock phrases that the text names
    patterns: tuple[Pattern, ...] = ()
    unless: tuple[PatternInView, ...] = ()
    by_itself: bool = False  #: the effect follows without a person's decision
    redo_within: WorkingDays | None = None
    unless_case: CaseId | None = None  #: what it lacks on record: that the case has turned out so


@dataclass(frozen=True, kw_only=True, slots=True)
class ReplyRemark(Rule):
    """Something in a reply that could be put more plainly; it holds nothing back."""

    id: Id
    label: str
    told_by: Annotated[str, OneOf("remark", REMARKS)]
    at_most: Annotated[int, Between(1, 10_000)] | None = None  #: letters, of the reply or of one sentence
    known: tuple[str, ...] = ()  #: abbreviations that need no explanation, in small letters


@dataclass(frozen=True, kw_only=True, slots=True)
class CityPack:
    """Everything the core needs to know about one city, as the law stands during one period."""

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
    #: which patterns a text may match; absent: all are tried
    grams: Mapping[Purpose, Grams] | None = field(default=None, repr=False, compare=False)
    now: tuple[str, ...] = ()  #: what says that it is happening; long letters must say it
    spelling: Spelling = field(
        default=AS_WRITTEN, repr=False, compare=False
    )  #: mistyped, traditional and spoken forms with the usual one
    finder: Finder = field(default=NUMBERS, repr=False, compare=False)  #: of what tells who somebody is
    times: Times = field(default_factory=Times, repr=False, compare=False)
    gazetteer: Gazetteer = field(default_factory=Gazetteer, repr=False, compare=False)
    hearing: Hearing | None = field(
        default=None, repr=False
    )  #: learnt from examples of danger; absent: word lists alone
    informing: tuple[str, ...] = ()  #: patterns of demands that only ask for information
    grounds: Hearing | None = field(default=None, repr=False)  #: the same for matters that belong elsewhere
    privacy: tuple[PrivacyRule, ...] = ()
    desk: Mapping[str, DeskStep] = field(default_factory=dict)
    channels: tuple[ChannelRule, ...] = ()
    accepted: tuple[AcceptedMatter, ...] = ()
    unfixed: tuple[UnfixedLimit, ...] = ()
    extensions: tuple[ExtensionRule, ...] = ()
    returns: tuple[ReturnRule, ...] = ()
    silences: tuple[Silence, ...] = ()
    emergency: tuple[EmergencyRule, ...] = ()
    groups: tuple[UnitGroup, ...] = ()
    levels: tuple[NetworkLevel, ...] = ()
    on_file: tuple[OnFile, ...] = ()
    leaders: tuple[LeaderRule, ...] = ()
    matters: tuple[Matter, ...] = ()
    tags: tuple[TagRule, ...] = ()
    tag_words: tuple[TagWords, ...] = ()  #: of all cities
    dispatch: tuple[DispatchRule, ...] = ()
    reply_elements: tuple[ReplyElement, ...] = ()
    void_replies: tuple[VoidReply, ...] = ()
    reply_remarks: tuple[ReplyRemark, ...] = ()
    reply_words: ReplyWords = field(default_factory=ReplyWords, repr=False)  #: how replies are read
    intake_rules: tuple[Provision, ...] = ()
    desk_rules: tuple[Provision, ...] = ()
    case_steps: tuple[CaseStep, ...] = ()
    report_rules: tuple[Provision, ...] = ()
    measures: tuple[Measure, ...] = ()
    since: date | None = None  #: first day on which the law stood like this; ``None``: from the beginning
    digest: str = ""  #: of the files that it was read from
    book: "Lawbook | None" = field(default=None, repr=False, compare=False)  #: the law of other days

    @property
    def version(self) -> str:
        """Return what a ticket keeps: since when the law stood like this, and the files it was read from."""
        return f"{self.since.isoformat() if self.since else 'first'}+{self.digest}"

    @property
    def drafts(self) -> tuple[str, ...]:
        """Return the instruments that are not law in force: texts published for comment."""
        return tuple(source.instrument for source in self.sources if source.status is LawStatus.DRAFT)

    def on(self, day: date) -> "CityPack":
        """Return the law as it stands on ``day``."""
        found = self.book.on(day) if self.book else self
        return self if found.since == self.since else found

    def say(self, name: str, **values: str) -> str:
        """Return one of the system's own sentences with its blanks filled."""
        return self.words[name].format(city=self.name, hotline=self.hotline, **values)

    def highest_class(self) -> str | None:
        """Return the class of danger to life and property, if the city's text has classes."""
        return next((c.id for c in self.classes.values() if c.highest), None)

    def seals(self, kind: str) -> bool:
        """Tell whether the city keeps from the unit who made a ticket of this kind, unasked: whistle-blowers."""
        sealed = (rule for rule in self.privacy if rule.about == "whistle_blower")
        return kind == "report" and any("unit" in rule.withheld_from for rule in sealed)

    def imports(self, channel: str) -> bool:
        """Tell whether somebody else runs that way in: what comes by it was taken up there and is ours to file."""
        return any(rule.id == channel and rule.run_by == "imported" for rule in self.channels)

    def keeps_ledger(self, channel: str) -> bool:
        """Tell whether letters by that way stand in the ledger: our own do, imported ones where the text says so."""
        return not self.imports(channel) or any(rule.ledger for rule in self.channels if rule.id == channel)

    @property
    def on_misconduct(self) -> Provision | None:
        """Return the rule by which it is recorded that a petitioner was talked out of misconduct, if there is one."""
        rules = (rule for rule in self.desk_rules if rule.topic == "misconduct" and "petitioner" in rule.to)
        return next((rule for rule in rules if rule.effect == "recorded"), None)

    @property
    def profiles(self) -> bool:
        """Tell whether staff are shown, by the city's text, how often a petitioner came before."""
        rules = (rule for rule in self.intake_rules if rule.topic == "assistance")
        return any(item.id == "profile" for rule in rules for item in rule.items)

    def misconduct(self, id: str) -> Item | None:
        """Return that kind of misconduct, where the city's text has it recorded."""
        rule = self.on_misconduct
        return next((item for item in rule.items if item.id == id), None) if rule else None

    def provision(self, name: str) -> Provision | None:
        """Return the rule of intake, desk or report with that id; ``None`` where the city has none."""
        every = (*self.intake_rules, *self.desk_rules, *self.report_rules)
        return next((rule for rule in every if rule.id == name), None)


@dataclass(frozen=True, kw_only=True, slots=True)
class Lawbook:
    """A city's law through time: one pack for each period between two changes, oldest first."""

    periods: tuple[CityPack, ...]

    def on(self, day: date) -> CityPack:
        """Return the pack of the period that ``day`` is in; the first one for days before all of them."""
        begun = [pack for pack in self.periods if pack.since is None or pack.since <= day]
        return replace(begun[-1] if begun else self.periods[0], book=self)
