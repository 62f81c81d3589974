"""How long steps may take, how limits move, and where the text gives no limit."""

from dataclasses import dataclass
from typing import Annotated

from hotline.law import Rule
from hotline.vocabulary import (
    STARTS,
    Assignment,
    CaseId,
    ChannelId,
    ClassId,
    Content,
    Days,
    Hours,
    Id,
    KindId,
    MatterId,
    OneOf,
    Role,
    Times,
    What,
    WorkingDays,
)

UNFIXED = ("at_once", "centre", "channel", "leader", "law")
SILENT_ON = (
    "sign", "start", "contact", "progress", "plan", "return", "finish", "follow_up", "extension", "extension_length",
    "extension_times", "closing", "satisfaction", "return_limit",
)  # fmt: skip
FALLBACKS = ("not_shown", "switched_off", "setting", "centre_sets", "from_arrival", "no_cap")
LATE_RETURNS = ("counts_as_accepted", "centre_decides")
RETURNS_AGAIN = ("allowed", "not_in_principle", "centre_opens")
LATE_REQUESTS = ("refused", "centre_decides")


@dataclass(frozen=True, kw_only=True, slots=True)
class DeadlineRule(Rule):
    """How long a step may take, in one unit of time; an absent condition matches everything."""

    id: Id
    what: What
    starts: Annotated[str, OneOf("start", STARTS)]
    working_days: WorkingDays | None = None
    days: Days | None = None
    hours: Hours | None = None
    kinds: tuple[KindId, ...] = ()
    classes: tuple[ClassId, ...] = ()
    channels: tuple[ChannelId, ...] = ()
    assignments: tuple[Assignment, ...] = ()
    matters: tuple[MatterId, ...] = ()
    cases: tuple[CaseId, ...] = ()  #: only once the case has turned out so
    start_within: WorkingDays | None = None  #: working days after which a receipt or signing counts as done
    in_principle: bool = False  #: later only with a recorded reason


@dataclass(frozen=True, kw_only=True, slots=True)
class UnfixedLimit(Rule):
    """A step that the text orders without a figure: done at once, or by when somebody sets in the case."""

    id: Id
    what: What
    how: Annotated[str, OneOf("unfixed", UNFIXED)]
    kinds: tuple[KindId, ...] = ()
    classes: tuple[ClassId, ...] = ()
    channels: tuple[ChannelId, ...] = ()
    cases: tuple[CaseId, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class ExtensionRule(Rule):
    """Who may get more time, asked how, how often and for how long."""

    id: Id
    of: What = "finish"
    kinds: tuple[KindId, ...] = ()
    classes: tuple[ClassId, ...] = ()
    channels: tuple[ChannelId, ...] = ()
    asked_by: Role = "unit"
    granted_by: Role = "centre"
    late_request: Annotated[str, OneOf("late_request", LATE_REQUESTS)] = "refused"
    requires: tuple[Content, ...] = ()
    times: Times | None = None
    at_most_working_days: WorkingDays | None = None
    at_most_days: Days | None = None
    in_total: bool = False  #: the longest is the sum of all extensions
    in_principle: bool = False  #: beyond it only with a recorded ground
    tells_citizen: tuple[Content, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class ReturnRule(Rule):
    """How a unit gives a ticket back; the limit is the deadline rule for ``return``."""

    id: Id
    asked_by: Role = "unit"
    approved_by: Role | None = None
    reviewed_by: Role = "centre"
    requires: tuple[Content, ...] = ()
    late: Annotated[str, OneOf("late_return", LATE_RETURNS)]
    again: Annotated[str, OneOf("return_again", RETURNS_AGAIN)] = "allowed"
    refusal_tells: tuple[Content, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Silence(Rule):
    """Something on which the text says nothing, and what holds instead; never a figure."""

    id: Id
    about: Annotated[str, OneOf("silence", SILENT_ON)]
    fallback: Annotated[str, OneOf("fallback", FALLBACKS)]
    says: str = ""  #: for the city's page, where more than the fallback is to be said
    kinds: tuple[KindId, ...] = ()
    classes: tuple[ClassId, ...] = ()
