"""Which lists stand in which file, what their rules are, and where they go in the pack."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from cities.forms import Reader
from cities.pages import Table
from hotline.bodies import DispatchRule, LeaderRule, Matter, NetworkLevel, OnFile, Unit, UnitGroup
from hotline.casework import CaseStep
from hotline.citypack import (
    AcceptedMatter,
    ChannelRule,
    DeskStep,
    EmergencyRule,
    Kind,
    PrivacyRule,
    ReplyElement,
    ReplyRemark,
    ScopeRule,
    TagRule,
    TicketClass,
    VoidReply,
)
from hotline.law import Measure, Provision, Rule
from hotline.limits import DeadlineRule, ExtensionRule, ReturnRule, Silence, UnfixedLimit

Rules = Mapping[str, tuple[Rule, ...]]  #: by the pack's field that holds them
Check = Callable[[Table, Rule], None]


@dataclass(frozen=True, slots=True)
class Section:
    """One list of a file."""

    key: str
    field: str  #: of ``CityPack``
    rule: type[Rule]
    optional: bool = True
    given: tuple[str, ...] = ()  #: fields that may be left out where their place gives them


#: In the order in which files are read: each may name what the ones before it define.
SECTIONS: Mapping[str, tuple[Section, ...]] = {
    "kinds": (
        Section("classes", "classes", TicketClass),
        Section("kinds", "kinds", Kind, optional=False),
        Section("tags", "tags", TagRule),
    ),
    "units": (
        Section("groups", "groups", UnitGroup),
        Section("units", "units", Unit, optional=False, given=("id", "citation")),
        Section("levels", "levels", NetworkLevel),
        Section("on_file", "on_file", OnFile),
        Section("leaders", "leaders", LeaderRule),
    ),
    "dispatch": (
        Section("matters", "matters", Matter),
        Section("rules", "dispatch", DispatchRule, optional=False),
    ),
    "scope": (
        Section("accepted", "accepted", AcceptedMatter, optional=False),
        Section("grounds", "scope", ScopeRule, optional=False),
    ),
    "intake": (
        Section("channels", "channels", ChannelRule, optional=False),
        Section("rules", "intake_rules", Provision),
    ),
    "deadlines": (
        Section("deadlines", "deadlines", DeadlineRule, optional=False),
        Section("unfixed", "unfixed", UnfixedLimit),
        Section("extensions", "extensions", ExtensionRule),
        Section("returns", "returns", ReturnRule),
        Section("silences", "silences", Silence),
    ),
    "emergency": (Section("rules", "emergency", EmergencyRule),),
    "privacy": (Section("privacy", "privacy", PrivacyRule, optional=False),),
    "desk": (
        Section("steps", "desk", DeskStep, optional=False),
        Section("elements", "reply_elements", ReplyElement),
        Section("void_replies", "void_replies", VoidReply),
        Section("remarks", "reply_remarks", ReplyRemark),
        Section("rules", "desk_rules", Provision),
        Section("casework", "case_steps", CaseStep),
    ),
    "report": (
        Section("measures", "measures", Measure),
        Section("rules", "report_rules", Provision),
    ),
}


def read_section(
    reader: Reader, top: Table, section: Section, check: Check | None = None
) -> tuple[Rule, ...]:
    """Return the rules of one list of a file."""
    tables = top.tables(section.key, optional=section.optional)
    return reader.rules(section.rule, tables, check)


def read_sections(
    reader: Reader, top: Table, sections: Iterable[Section], checks: Mapping[type[Rule], Check] | None = None
) -> dict[str, tuple[Rule, ...]]:
    """Return the rules of several lists of a file, each checked by the check for its type."""
    wanted = checks or {}
    return {
        section.field: read_section(reader, top, section, wanted.get(section.rule)) for section in sections
    }
