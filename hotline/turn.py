"""What the core may decide about a message: a closed union, an emergency always first."""

from dataclasses import dataclass
from typing import TypeAlias

from hotline.conversation import Conversation, Option
from hotline.screening import Danger, NotAccepted
from hotline.ticket import Ticket
from hotline.understanding import Hit

MAX_DECISIONS = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """Verbatim text of a published article, with its source."""

    hit: Hit


@dataclass(frozen=True, kw_only=True, slots=True)
class Clarify:
    """A question back; with ``danger`` the number to call is shown beside it."""

    text: str
    options: tuple[Option, ...] = ()
    danger: Danger | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class SummaryField:
    """One fact of the summary, editable in place."""

    name: str
    label: str
    value: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Summary:
    """What would be filed, for the citizen to confirm."""

    fields: tuple[SummaryField, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Refusal:
    """The law puts the matter elsewhere: reason, article, route, and a person who looks again."""

    ground: NotAccepted


@dataclass(frozen=True, kw_only=True, slots=True)
class EmergencyTransfer:
    """Call this number now; ``recorded`` only when a ticket comes with it."""

    danger: Danger
    recorded: bool
    asks_place: bool = True  #: it is not known where, and can be asked


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenTicket:
    """File this ticket."""

    ticket: Ticket


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """Where the citizen's own tickets stand."""

    text: str
    ticket: str = ""
    ways: tuple[str, ...] = ()  #: what can be done about the last of them: ids of options


@dataclass(frozen=True, kw_only=True, slots=True)
class Urge:
    """The citizen urges a ticket of theirs, for the ``times``-th time where that is known."""

    number: str
    text: str = ""
    times: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Rate:
    """The citizen rates a finished ticket, 1 to 5."""

    number: str
    grade: int
    reason: str = ""
    solved: str = ""  #: one of ``hotline.message.SOLVED``; empty where it was not said


@dataclass(frozen=True, kw_only=True, slots=True)
class Withdraw:
    """The citizen takes a ticket back."""

    number: str
    reason: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Supplement:
    """The citizen adds to a ticket of theirs."""

    number: str
    text: str
    attachments: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class HandOver:
    """A person takes over: this callback ticket carries the whole context."""

    ticket: Ticket


@dataclass(frozen=True, kw_only=True, slots=True)
class SmallTalk:
    """Courtesy, or a short notice that needs no decision."""

    text: str
    options: tuple[Option, ...] = ()
    dissuades: str = ""  #: id of the misconduct that the citizen is talked out of


@dataclass(frozen=True, kw_only=True, slots=True)
class LeaveToPerson:
    """A person of the hotline attends and answers this; the bot says nothing, or once that it is so."""

    tells: bool


Decision: TypeAlias = (
    Answer
    | Clarify
    | Summary
    | Refusal
    | EmergencyTransfer
    | OpenTicket
    | Progress
    | Urge
    | Rate
    | Withdraw
    | Supplement
    | HandOver
    | SmallTalk
    | LeaveToPerson
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Opinion:
    """What the citizen says about an answer: whether it helped."""

    article_id: str
    solved: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Turn:
    """One to four decisions about one message, and the conversation after them."""

    decisions: tuple[Decision, ...]
    conversation: Conversation
    opinion: Opinion | None = None  #: for the figures of the knowledge base

    def __post_init__(self) -> None:
        if not 1 <= len(self.decisions) <= MAX_DECISIONS:
            raise ValueError(f"a turn holds 1 to {MAX_DECISIONS} decisions, not {len(self.decisions)}")
        late = [d for d in self.decisions[1:] if isinstance(d, EmergencyTransfer)]
        if late:
            raise ValueError("an emergency comes first")
