"""How a unit's reply is read: which words say nothing, where its contents stand, how each fault is told."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Annotated

from hotline.vocabulary import TOLD_FAULTS, Content, OneOf, Pattern, PatternInView

FaultId = Annotated[str, OneOf("fault", TOLD_FAULTS)]


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """One way in which a reply does not count; it is there when everything that is written here holds."""

    id: FaultId
    patterns: tuple[Pattern, ...] = ()  #: one of them stands in the reply
    unless: tuple[PatternInView, ...] = ()  #: and none of these fits the words around it
    demand: tuple[Pattern, ...] = ()  #: one of them stands in the demand
    not_demand: tuple[Pattern, ...] = ()  #: and none of these
    without: tuple[Pattern, ...] = ()  #: none of them stands anywhere in the reply
    lacks: tuple[Content, ...] = ()  #: the reply has none of these contents
    bare: bool = False  #: without the clauses found nothing of substance is left


@dataclass(frozen=True, kw_only=True, slots=True)
class ReplyWords:
    """What all cities have in common about replies (``cities/common/replies.yaml``); empty, nothing is told."""

    enough: int = 1  #: letters that say something, from which on a reply has substance
    nothing: tuple[str, ...] = ()  #: what a clause may be made of and still say nothing
    facts: tuple[str, ...] = ()  #: what is substance however short
    filler: tuple[str, ...] = ()  #: words that are not counted
    contents: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    unsatisfied: tuple[str, ...] = ()  #: what in a reply says that the citizen is not
    anonymous: tuple[str, ...] = ()  #: what in a demand or a reply says that nobody left a name
    faults: Mapping[str, Fault] = field(default_factory=lambda: MappingProxyType({}))
    subjects: tuple[tuple[str, ...], ...] = ()  #: the words of one matter each
