"""What a turn obliges us to do; keys come from the message, so repeats are harmless."""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias, assert_never

from hotline.citypack import CityPack
from hotline.conversation import Letter
from hotline.message import InboundMessage
from hotline.replies import reply_for
from hotline.reply import Reply
from hotline.ticket import Ticket
from hotline.turn import (
    Answer,
    Clarify,
    Decision,
    EmergencyTransfer,
    HandOver,
    LeaveToPerson,
    OpenTicket,
    Progress,
    Rate,
    Refusal,
    SmallTalk,
    Summary,
    Supplement,
    Turn,
    Urge,
    Withdraw,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class SendReply:
    """Say this to the citizen of ``conversation``."""

    key: str
    conversation: str
    position: int  #: order among the replies to one message
    reply: Reply


@dataclass(frozen=True, kw_only=True, slots=True)
class FileTicket:
    """Write this ticket into the register, onto the citizen's timeline, and tell the dispatch centre."""

    key: str
    ticket: Ticket


@dataclass(frozen=True, kw_only=True, slots=True)
class TellDesk:
    """Tell the dispatch centre what the citizen did about the ticket ``subject``."""

    key: str
    subject: str
    name: str  #: urged, supplemented, rated or withdrawn
    at: datetime
    text: str = ""
    grade: int | None = None
    solved: str = ""
    attachments: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class EnterLetter:
    """Write this letter, or what has become of it, into the ledger of the mailbox."""

    key: str
    letter: Letter


@dataclass(frozen=True, kw_only=True, slots=True)
class NoteDissuasion:
    """Write into the record that the citizen was talked out of ``misconduct``."""

    key: str
    at: datetime
    misconduct: str  #: id of the city's rule
    tickets: tuple[str, ...]  #: of the conversation by then


Effect: TypeAlias = SendReply | FileTicket | TellDesk | EnterLetter | NoteDissuasion


def effects_of(message: InboundMessage, turn: Turn, pack: CityPack) -> tuple[Effect, ...]:
    """Return what is now owed; the same message always yields the same keys."""
    owed: list[Effect] = []
    for index, decision in enumerate(turn.decisions):
        key = f"{message.key}:{index}"
        if not (isinstance(decision, LeaveToPerson) and not decision.tells):
            reply = reply_for(decision, pack)
            owed.append(
                SendReply(key=f"{key}:reply", conversation=message.conversation, position=index, reply=reply)
            )
        owed += _beyond_reply(key, decision, message.received_at)
        if isinstance(decision, SmallTalk) and decision.dissuades and pack.misconduct(decision.dissuades):
            note = NoteDissuasion(
                key=f"{key}:dissuaded",
                at=message.received_at,
                misconduct=decision.dissuades,
                tickets=turn.conversation.tickets,
            )
            owed.append(note)
    letter = turn.conversation.letter
    if letter is not None and (message.letter or message.about):
        owed.append(EnterLetter(key=f"{message.key}:letter", letter=letter))
    return tuple(owed)


def _beyond_reply(key: str, decision: Decision, at: datetime) -> tuple[FileTicket | TellDesk, ...]:
    match decision:
        case OpenTicket(ticket=ticket) | HandOver(ticket=ticket):
            return (FileTicket(key=f"{key}:filed", ticket=ticket),)
        case Supplement(number=number, text=text, attachments=attachments):
            return (
                TellDesk(key=f"{key}:supplemented", subject=number, name="supplemented", at=at, text=text,
                         attachments=attachments),
            )  # fmt: skip
        case Urge(number=number, text=text):
            return (TellDesk(key=f"{key}:urged", subject=number, name="urged", at=at, text=text),)
        case Rate(number=number, grade=grade, reason=reason, solved=solved):
            return (
                TellDesk(key=f"{key}:rated", subject=number, name="rated", at=at, text=reason, grade=grade,
                         solved=solved),
            )  # fmt: skip
        case Withdraw(number=number, reason=reason):
            return (TellDesk(key=f"{key}:withdrawn", subject=number, name="withdrawn", at=at, text=reason),)
        case (
            Answer()
            | Clarify()
            | Summary()
            | Refusal()
            | EmergencyTransfer()
            | Progress()
            | SmallTalk()
            | LeaveToPerson()
        ):
            return ()
        case _:
            assert_never(decision)
