"""A person who talks to the pure core: screening and keyword understanding are the real ones, nothing is stored."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from bots.keyword_understanding import KeywordUnderstanding
from cities.loading import load_pack
from hotline.calendar import CITY_TIME
from hotline.citypack import CityPack
from hotline.conversation import Attendance, Conversation
from hotline.decision import asks_for_progress, decide
from hotline.effects import FileTicket, NoteDissuasion, SendReply, TellDesk, effects_of
from hotline.letters import MOST_MATTERS
from hotline.message import InboundMessage, Location
from hotline.places import with_place
from hotline.records import from_record, to_record
from hotline.reply import Reply
from hotline.scene import Heard, Standing
from hotline.screening import asks_secrecy, screen_acceptance, screen_message
from hotline.ticket import Ticket, TicketIdentity, ticket_number
from hotline.turn import Turn
from hotline.understanding import Finding, Hit, Intent, Understanding

MORNING = datetime(2026, 11, 25, 10, tzinfo=CITY_TIME)  # a Wednesday
ANSWER = "这是已经审核发布的回答。"

pack_of = cache(load_pack)
keywords = cache(lambda: KeywordUnderstanding.load(pack_of("_example").finder))


@dataclass(frozen=True, kw_only=True, slots=True)
class Came:
    """What came back for one message."""

    turn: Turn
    replies: tuple[Reply, ...]
    filed: tuple[Ticket, ...]
    told: tuple[TellDesk, ...]
    noted: tuple[NoteDissuasion, ...] = ()

    @property
    def text(self) -> str:
        """Everything that was said, with the labels of what could be chosen and what was summed up."""
        parts = []
        for reply in self.replies:
            parts += [reply.text, *(option.label for option in reply.options)]
            parts += [f"{row.label}：{row.value}" for row in (reply.summary.fields if reply.summary else ())]
            parts += [reply.call.number, *reply.call.also] if reply.call else []
        return "\n".join(parts)


@dataclass(kw_only=True)
class Person:
    """Somebody in one conversation; ``standings`` are kept as the register would keep them."""

    pack: CityPack
    channel: str = "webchat"
    now: datetime = MORNING
    state: Conversation = field(default_factory=lambda: Conversation(id="c"))
    standings: tuple[Standing, ...] = ()
    tickets: list[Ticket] = field(default_factory=list)
    count: int = 0
    attendance: Attendance | None = None  #: the person of the hotline who has taken the conversation

    def says(
        self,
        text: str = "",
        *,
        intent: Intent | None = None,
        answered: bool = False,
        place: str = "",
        files: Sequence[str] = (),
        **more: Any,
    ) -> Came:
        """Say something; without ``intent`` the keywords tell what it wants."""
        self.count += 1
        self.now += timedelta(seconds=20)
        message = InboundMessage(
            key=f"c:{self.count}", city=self.pack.code, channel=self.channel, conversation="c", sender="p",
            received_at=self.now, text=text, attachments=tuple(files),
            location=Location(lat=34.0, lon=113.0, label=place) if place else None, **more,
        )  # fmt: skip
        return self.hears(message, intent, answered=answered)

    def hears(self, message: InboundMessage, intent: Intent | None, *, answered: bool) -> Came:
        """Decide ``message`` and keep what came of it."""
        understood = keywords().read(message.text) if message.text else Understanding()
        if intent is not None:
            understood = replace(understood, intent=intent, confidence=0.95)
        heard = Heard(
            message=message,
            danger=screen_message(message, self.pack),
            ground=screen_acceptance(message.demand, self.pack) if message.demand else None,
            understanding=with_place(understood, message.text, self.pack.gazetteer),
            finding=Finding(hits=(self.hit(),), answered=True) if answered else Finding(),
            secrecy=asks_secrecy(message.demand, self.pack),
        )
        fresh = tuple(
            TicketIdentity(number=ticket_number(self.now.date(), f"{i}{self.count:07}"), query_code="ABC234")
            for i in range(MOST_MATTERS)
        )
        seen = self.standings if asks_for_progress(self.pack, self.state, heard) else ()
        turn = decide(self.pack, self.state, heard, fresh=fresh, standings=seen, attendance=self.attendance)
        assert from_record(Conversation, to_record(turn.conversation)) == turn.conversation
        owed = effects_of(message, turn, self.pack)
        self.state = turn.conversation
        came = Came(
            turn=turn,
            replies=tuple(one.reply for one in owed if isinstance(one, SendReply)),
            filed=tuple(one.ticket for one in owed if isinstance(one, FileTicket)),
            told=tuple(one for one in owed if isinstance(one, TellDesk)),
            noted=tuple(one for one in owed if isinstance(one, NoteDissuasion)),
        )
        self._kept(came)
        return came

    def desk(self, number: str, **now: Any) -> None:
        """The dispatch centre did something to the ticket."""
        self.standings = tuple(replace(s, **now) if s.number == number else s for s in self.standings)

    def hit(self) -> Hit:
        """Return an article of the knowledge base."""
        return Hit(article_id="a", version=1, question="问", answer=ANSWER, source="依据", unit="单位",
                   updated_at=MORNING, score=0.9)  # fmt: skip

    def _kept(self, came: Came) -> None:
        for ticket in came.filed:
            self.tickets.append(ticket)
            standing = Standing(number=ticket.number, title=ticket.title, state="已受理", due="")
            self.standings = (*self.standings, standing)
        for told in came.told:
            standing = next(s for s in self.standings if s.number == told.subject)
            if told.name == "withdrawn":
                self.desk(told.subject, withdrawn=True)
            if told.name == "urged":
                self.desk(told.subject, urged=standing.urged + 1)
