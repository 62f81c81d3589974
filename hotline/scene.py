"""All that one decision looks at, and how a turn is made of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from hotline.citypack import CityPack
from hotline.conversation import Attendance, Brought, Conversation, Filed, Option, Phase
from hotline.message import InboundMessage
from hotline.replies import options_of
from hotline.routing import Routing
from hotline.screening import Danger, NotAccepted
from hotline.ticket import TicketIdentity
from hotline.turn import Answer, Clarify, Decision, Opinion, Progress, Refusal, SmallTalk, Summary, Turn
from hotline.understanding import Finding, Hit, Intent, Understanding

CLEAR = 0.8  #: from this confidence on an intent is taken at its word
MOST_FILED = 5  #: tickets that a conversation knows again
DECISIVE = frozenset({Intent.GREET, Intent.THANKS, Intent.AFFIRM, Intent.DENY, Intent.HUMAN})


@dataclass(frozen=True, kw_only=True, slots=True)
class Heard:
    """A message with everything that was found out about it before deciding."""

    message: InboundMessage
    danger: Danger | None = None
    ground: NotAccepted | None = None
    understanding: Understanding = field(default_factory=Understanding)
    finding: Finding = field(default_factory=Finding)
    secrecy: bool = False  #: the citizen asks that nobody learns who said it
    meant: tuple[Hit, ...] = ()  #: of the articles that were offered last, those that hold now
    past: Routing | None = None  #: what the city's past dispatches teach


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """Where one of the citizen's tickets stands, in words."""

    number: str
    title: str
    state: str
    due: str  #: a sentence with the date and what is owed on it; empty where no date is owed
    withdrawn: bool = False
    closed: bool = False
    answered: bool = False  #: a unit's reply is there: it can be rated
    urged: int = 0  #: how often the citizen urged it


@dataclass(frozen=True, kw_only=True, slots=True)
class Scene:
    """All that one decision looks at."""

    pack: CityPack
    before: Conversation
    heard: Heard
    fresh: Sequence[TicketIdentity]  #: unused ticket identities, enough for one turn
    standings: Sequence[Standing]
    choice: str  #: id of the option chosen, or empty
    attendance: Attendance | None = None  #: the person who has taken the conversation

    @property
    def text(self) -> str:
        """What was said or chosen from a question's answers, without blanks around it."""
        said = self.heard.message.text.strip()
        if self.choice.startswith("value_"):
            return next((o.label for o in self.before.offered if o.id == self.choice), said)
        return said

    @property
    def intent(self) -> Intent:
        """What the words want; what would end or divert the talk counts only when it is clear."""
        understood = self.heard.understanding
        intent = understood.intent.plainly
        guessed = intent in DECISIVE and understood.confidence < CLEAR
        return Intent.OTHER if guessed else intent

    def clearly(self, intent: Intent) -> bool:
        """Tell whether the words, no choice among what was offered, want ``intent`` with confidence."""
        understood = self.heard.understanding
        return understood.intent is intent and understood.confidence >= CLEAR and not self.choice

    def say(self, name: str, **values: str) -> str:
        """One of the system's own sentences."""
        return self.pack.say(name, **values)

    def options(self, *ids: str) -> tuple[Option, ...]:
        """The options of those ids with their labels."""
        return options_of(self.pack, *ids)

    def turn(self, conversation: Conversation, *decisions: Decision) -> Turn:
        """A turn that leaves ``conversation`` behind, with what it offers remembered."""
        offered = tuple(option for decision in decisions for option in _offers(self, decision))
        answer = next((one.hit.article_id for one in decisions if isinstance(one, Answer)), "")
        after = replace(
            conversation,
            offered=offered,
            answer=answer,
            doubt_open=False,
            last_at=self.heard.message.received_at,
        )
        return Turn(decisions=decisions, conversation=after)

    def thinks(self, turn: Turn, *, solved: bool) -> Turn:
        """Return ``turn`` with what the citizen says of the last answer, where it was asked."""
        article = self.before.answer
        return replace(turn, opinion=Opinion(article_id=article, solved=solved)) if article else turn

    def filed(self, number: str, what: str = "", place: str = "") -> Conversation:
        """Return the conversation after the ticket ``number`` was filed from it, about ``what``."""
        one = Filed(number=number, what=what, place=place)
        return replace(
            self.before,
            phase=Phase.IDLE,
            draft=None,
            unanswered="",
            refused="",
            tickets=(*self.before.tickets, number),
            filed=(*self.before.filed, one)[-MOST_FILED:] if what else self.before.filed,
            idle_talk=0,
            brought=Brought(),
        )


def _offers(scene: Scene, decision: Decision) -> tuple[Option, ...]:
    match decision:
        case Clarify(options=options) | SmallTalk(options=options):
            return options
        case Summary():
            return scene.options("confirm", "add", "cancel")
        case Answer():
            return scene.options("solved", "unsolved")
        case Refusal():
            return scene.options("review", "more")
        case Progress(ways=ways):
            return scene.options(*ways)
        case _:
            return ()
