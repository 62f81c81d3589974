"""What a conversation remembers between two messages."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from hotline.message import Location
from hotline.ticket import TicketIdentity

MOST_BROUGHT = 20  #: attachments that one ticket takes along


class Phase(StrEnum):
    """Where the intake stands."""

    IDLE = "idle"
    COLLECTING = "collecting"
    CONFIRMING = "confirming"


@dataclass(frozen=True, kw_only=True, slots=True)
class Option:
    """A choice offered to the citizen; chosen by ``id`` or by its label as text."""

    id: str
    label: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Draft:
    """A ticket in the making."""

    kind: str
    said: tuple[str, ...]  #: the citizen's own words, in order
    facts: Mapping[str, str] = field(default_factory=dict)  #: by question field
    asked: tuple[str, ...] = ()  #: fields already asked for, again when twice
    asking: str = ""  #: the field whose answer is awaited
    ground: str = ""  #: id of the scope rule that was asked about
    callback: bool = False  #: a person was asked for


@dataclass(frozen=True, kw_only=True, slots=True)
class Urgent:
    """A danger reported in this conversation and the ticket it became."""

    ticket: str
    type: str  #: of the danger; another one in the same conversation is another ticket
    at: datetime
    place_awaited: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Brought:
    """What was sent along since the last ticket; the next one takes it."""

    attachments: tuple[str, ...] = ()
    location: Location | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Letter:
    """The letter that a conversation is: under which number it stands in the ledger, what became of it."""

    identity: TicketIdentity
    outcome: str  #: ticket, answered or refused
    draft: Draft  #: what would be filed, should the citizen not be content


@dataclass(frozen=True, kw_only=True, slots=True)
class Conversation:
    """The state of one conversation; replaced as a whole by each turn."""

    id: str
    phase: Phase = Phase.IDLE
    draft: Draft | None = None
    offered: tuple[Option, ...] = ()
    unanswered: str = ""  #: the last question that found no answer, or an answer that did not help
    refused: str = ""  #: the last demand that was refused, for a review by a person
    tickets: tuple[str, ...] = ()  #: numbers filed here, oldest first
    urgent: Urgent | None = None  #: the danger being reported here
    brought: Brought = field(default_factory=Brought)
    letter: Letter | None = None
    doubted: str = ""  #: id of the danger type that was asked about
    doubted_text: str = ""  #: the words that raised it
    doubted_at: datetime | None = None
    doubt_open: bool = False  #: the last reply asked about it
    last_at: datetime | None = None
