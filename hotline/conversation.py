"""What a conversation remembers between two messages."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from hotline.message import Location
from hotline.ticket import TicketIdentity
from hotline.understanding import Understanding

SILENCE = timedelta(
    minutes=30
)  #: after this long a silence it is asked whether to go on (DESIGN, Conversation)
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
    like: str = ""  #: number of a ticket of the same person that may be about the same matter
    refused_by: str = ""  #: id of the scope rule that it was refused by


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
    links: tuple[str, ...] = ()  #: pages passed on, each with its title where it has one

    def under(self, text: str) -> str:
        """Return ``text`` with the links that were sent along under it."""
        return "\n".join(filter(None, (text, *self.links)))


@dataclass(frozen=True, kw_only=True, slots=True)
class Letter:
    """The letter that a conversation is: under which number it stands in the ledger, what became of it."""

    identity: TicketIdentity
    outcome: str  #: ticket, answered or refused
    draft: Draft  #: what would be filed, should the citizen not be content


@dataclass(frozen=True, kw_only=True, slots=True)
class Filed:
    """A ticket filed here, as far as it must be known again: the same matter is not filed twice unasked."""

    number: str
    what: str
    place: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Doing:
    """Something about a ticket that was begun and waits for its words, its grade or its yes."""

    act: str  #: supplement, withdraw, rate or solved
    number: str
    grade: int = 0  #: with ``solved``: what was rated just before


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """What was said after a long silence, kept until it is known what it belongs to."""

    text: str
    understanding: Understanding = field(default_factory=Understanding)


@dataclass(frozen=True, kw_only=True, slots=True)
class Attendance:
    """A person of the hotline has taken the conversation, and holds it until they have been silent for too long."""

    since: datetime  #: when they took it
    spoke_at: datetime | None = None  #: when they last said something to the citizen

    @property
    def until(self) -> datetime:
        """When the bot speaks again by itself."""
        return (self.spoke_at or self.since) + SILENCE

    def holds(self, now: datetime) -> bool:
        """Tell whether the conversation is theirs at that moment."""
        return now < self.until


@dataclass(frozen=True, kw_only=True, slots=True)
class Conversation:
    """The state of one conversation; replaced as a whole by each turn."""

    id: str
    phase: Phase = Phase.IDLE
    draft: Draft | None = None
    offered: tuple[Option, ...] = ()
    answer: str = ""  #: id of the article that answered last, while it is asked whether it helped
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
    waiting: tuple[Draft, ...] = ()  #: matters that come next, in order
    filed: tuple[Filed, ...] = ()  #: the last tickets filed here, oldest first
    doing: Doing | None = None
    paused: bool = False  #: after a long silence it was asked whether to go on
    held: Held | None = None
    rude: int = 0  #: messages that only insulted
    attended: datetime | None = (
        None  #: the taking by a person (``Attendance.since``) that the citizen knows of
    )
    idle_talk: int = 0  #: messages since the last ticket that brought nothing to do
