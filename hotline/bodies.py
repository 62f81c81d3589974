"""Who handles tickets: units in their groups, the levels of the network, and the rules of dispatch."""

from dataclasses import dataclass
from typing import Annotated

from hotline.law import Rule
from hotline.vocabulary import (
    LEVELS,
    MATTERS,
    Between,
    Content,
    GroupId,
    Id,
    KindId,
    MatterId,
    OneOf,
    Pattern,
    PatternInView,
    Role,
    UnitId,
)

REWARDS = ("own", "superior")
REACHES = ("city", "own", "under")
UNIT_DUTIES = (
    "accept", "answer", "dispatch", "supervise", "follow_up", "score", "coordinate", "handle", "report_back", "report_up",
    "enter_own_findings", "lead",
)  # fmt: skip
WHENS = (
    "one_unit", "several_units", "no_unit", "township_matter", "department_and_district", "utility", "enterprise",
    "disputed", "instructed", "cross_level", "other_region", "own_platform",
)  # fmt: skip
DISPATCHES = (
    "direct", "centre_designates", "lead_and_co_handlers", "copy_superior", "copy_district", "district_co_handles",
    "company_direct", "working_group", "joint", "via_county", "hand_on",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class UnitGroup(Rule):
    """A group of units as the annex lists it; ranks and scores are kept within it."""

    id: Id
    label: str
    count: Annotated[int, Between(1, 999)] | None = None  #: how many the annex says or shows
    members: tuple[str, ...] = ()
    ranked: bool = True
    rewards: Annotated[str, OneOf("rewards", REWARDS)] = "own"  #: who takes its rewards and penalties


@dataclass(frozen=True, kw_only=True, slots=True)
class Unit(Rule):
    """A body that handles tickets, by duties and place."""

    id: str  #: the name, where the file gives no other
    name: str
    aliases: tuple[str, ...] = ()
    group: GroupId | None = None
    superior: UnitId | None = None
    level: Annotated[str, OneOf("level", LEVELS)] | None = None
    ranked: bool = True
    keywords: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    default: bool = False  #: takes what no rule gives to another


@dataclass(frozen=True, kw_only=True, slots=True)
class NetworkLevel(Rule):
    """One level of the network: what it is called and what it has to do."""

    id: Id
    level: Annotated[str, OneOf("level", LEVELS)]
    label: str
    does: tuple[Annotated[str, OneOf("unit_duty", UNIT_DUTIES)], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class OnFile(Rule):
    """Which people each unit has on file."""

    id: Id
    roles: tuple[Role, ...]
    levels: tuple[Annotated[str, OneOf("level", LEVELS)], ...] = ()
    groups: tuple[GroupId, ...] = ()
    unlisted: bool = False  #: for units outside the annex

    def is_for(self, unit: Unit) -> bool:
        """Tell whether ``unit`` is one of those that have these people on file."""
        if self.unlisted:
            return unit.group is None
        return (not self.levels or unit.level in self.levels) and (
            not self.groups or unit.group in self.groups
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class LeaderRule(Rule):
    """As whom leaders are told of cases that go up by themselves, and whose cases they reach."""

    id: Id
    label: str
    told_as: Role  #: as rules of the desk name them in ``to``
    #: ``city``: all, for leaders of the city itself; ``own``: those of their body and of bodies under it; ``under``: those of
    #: the bodies under it alone
    reaches: tuple[Annotated[str, OneOf("reach", REACHES)], ...]
    levels: tuple[Annotated[str, OneOf("level", LEVELS)], ...] = ()  #: of their body


@dataclass(frozen=True, kw_only=True, slots=True)
class Matter(Rule):
    """A sort of matter that is dispatched in its own way, whatever its kind and class."""

    id: Annotated[str, OneOf("matter", MATTERS)]
    label: str
    patterns: tuple[Pattern, ...]
    unless: tuple[PatternInView, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class DispatchRule(Rule):
    """Who gets a ticket in one situation: lead, co-handlers, copies."""

    id: Id
    when: Annotated[str, OneOf("when", WHENS)]
    does: tuple[Annotated[str, OneOf("dispatch", DISPATCHES)], ...]
    says: str
    lead: UnitId | None = None
    co_handlers: tuple[UnitId, ...] = ()
    copies: tuple[UnitId, ...] = ()
    kinds: tuple[KindId, ...] = ()
    matters: tuple[MatterId, ...] = ()
    by: Role | None = None
    requires: tuple[Content, ...] = ()
