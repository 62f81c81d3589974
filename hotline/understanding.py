"""What a message seems to want, and what the knowledge base found for it."""

from dataclasses import dataclass
from datetime import datetime
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


@dataclass(frozen=True, kw_only=True, slots=True)
class Entity:
    """A fact found in the text: ``place``, ``time``, ``phone``, ``name`` or ``ticket``."""

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


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """What the knowledge base says; ``answered`` is false when the best hit is not good enough."""

    hits: tuple[Hit, ...] = ()
    answered: bool = False
