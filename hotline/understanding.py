"""What a message seems to want, and what the knowledge base found for it."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum


class Intent(StrEnum):
    """What the citizen wants with this message."""

    GREET = "greet"
    THANKS = "thanks"
    CONSULT = "consult"
    HELP = "help"
    COMPLAIN = "complain"
    REPORT = "report"
    SUGGEST = "suggest"
    PRAISE = "praise"
    PROGRESS = "progress"
    AFFIRM = "affirm"
    DENY = "deny"
    HUMAN = "human"
    INFORM = "inform"  #: a bare fact: a place, a time, a number
    OTHER = "other"  #: nothing that can be told with any confidence
    URGE = "urge"  #: an open matter is to go faster
    SUPPLEMENT = "supplement"  #: more about a matter that is filed or being written down
    WITHDRAW = "withdraw"  #: a filed matter is taken back
    RATE = "rate"  #: how a matter was handled
    CORRECT = "correct"  #: something was said or written down wrongly
    CANCEL = "cancel"  #: what is being written down is broken off
    GOODBYE = "goodbye"
    ANONYMOUS = "anonymous"  #: does not say who it is
    CONFIDENTIAL = "confidential"  #: nobody is to learn who said it
    ROBOT = "robot"  #: asks whether it speaks with a machine

    @property
    def plainly(self) -> "Intent":
        """The intent that a dialogue without an answer of its own to this one takes it for; loses nothing said."""
        return _PLAINLY.get(self, self)


_PLAINLY = {
    Intent.URGE: Intent.PROGRESS,
    Intent.CANCEL: Intent.DENY,
    Intent.GOODBYE: Intent.THANKS,
    Intent.ROBOT: Intent.GREET,
    Intent.SUPPLEMENT: Intent.OTHER,
    Intent.WITHDRAW: Intent.OTHER,
    Intent.RATE: Intent.OTHER,
    Intent.CORRECT: Intent.OTHER,
    Intent.ANONYMOUS: Intent.OTHER,
    Intent.CONFIDENTIAL: Intent.OTHER,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Entity:
    """A fact found in the text: ``place time phone name ticket``, ``money`` or ``organisation`` (complained about or named)."""

    name: str
    value: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Understanding:
    """One reading of one message; ``confidence`` from 0 to 1, ``by`` names who read it."""

    intent: Intent = Intent.OTHER
    confidence: float = 0.0
    entities: tuple[Entity, ...] = ()
    by: str = "keywords"

    def value_of(self, name: str) -> str:
        """Return the first entity of that name, or the empty string."""
        return next((entity.value for entity in self.entities if entity.name == name), "")


@dataclass(frozen=True, kw_only=True, slots=True)
class Hit:
    """One published article that may answer; ``answer`` is verbatim what was reviewed."""

    article_id: str
    version: int
    question: str
    answer: str
    source: str  #: the instrument and article it rests on
    unit: str  #: who answers for it
    updated_at: datetime
    score: float  #: 0 to 1, comparable between queries
    short_answer: str = ""  #: for a channel that takes little; reviewed like the answer
    category: str = ""
    region: str = ""  #: the county it holds in; empty: everywhere in the city
    source_url: str = ""
    links: tuple[tuple[str, str], ...] = ()  #: title and address of what belongs to it
    source_seen: date | None = None  #: when the source was last compared
    until: date | None = None  #: the last day on which it holds; ``None``: no end is set


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """What the knowledge base says; ``answered`` is false when the best hit is not good enough."""

    hits: tuple[Hit, ...] = ()
    answered: bool = False
