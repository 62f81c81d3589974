"""Text messages: who may get one, what it says of a ticket, how a bare grade answers it, and how a platform is asked to send.

A telephone is read by others too. A text says a number and where to look, nothing of the matter; whoever is kept back from
those who handle it gets none.
"""

import json
import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from hotline.citypack import CityPack
from hotline.conversation import Conversation, Doing, Phase
from hotline.events import Event
from hotline.following_up import asking_of
from hotline.reply import Reply
from hotline.ticket import Contact
from hotline.withholding import is_kept_back

CHANNEL = "sms"  #: of what comes in as a text message
WAY = "sms"  #: the item of a rule on following up that names text messages
TOLD = frozenset(
    {"reassigned", "extended", "replied", "reopened"}
)  #: events that change a date, or the result
ANSWERABLE = timedelta(days=7)  #: for so long a bare grade answers the question in a text
_MOBILE = re.compile(r"(?:(?:\+|00)?86)?(1[3-9][0-9]{9})")
_BETWEEN = re.compile(r"[\s\-]")


class Fate(StrEnum):
    """What the platform's answer means for a text."""

    SENT = "sent"
    BUSY = "busy"  #: the same text may be tried again
    CLOSED = "closed"  #: this number takes no texts
    REFUSED = "refused"  #: a person has to look


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """A text that asked how a ticket was handled."""

    number: str
    at: datetime
    rated: bool = False  #: it was rated since, by whichever way


def mobile_of(said: str) -> str:
    """Return the mobile number that ``said`` is, in its eleven digits, or the empty string."""
    found = _MOBILE.fullmatch(_BETWEEN.sub("", said))
    return found[1] if found else ""


def mobile_to_text(contact: Contact) -> str:
    """Return the mobile number at which the person of ``contact`` may be texted, or the empty string."""
    return "" if is_kept_back(contact) else mobile_of(contact.phone)


def asks_by_text(pack: CityPack) -> bool:
    """Tell whether the city's text has petitioners asked by text message how they find the result."""
    return WAY in asking_of(pack).ways


def news_of(pack: CityPack, number: str, event: Event, *, public_url: str, asks: bool) -> Reply:
    """Return what a text says of ``event``; with ``asks`` it asks for a grade in answer."""
    name = "text_replied" if event.name == "replied" else "text_news"
    url = f"{public_url}/progress?number={number}"
    told = pack.say(name, number=number, url=url)
    return Reply(kind="notice", text=told + (pack.say("text_rate") if asks else ""))


def asked(conversation: Conversation, question: Question | None) -> Conversation:
    """Return ``conversation`` as one in which a bare grade answers ``question``, unless a number means something else by now."""
    if question is None:
        return conversation
    newest = conversation.last_at is None or question.at > conversation.last_at
    free = conversation.phase is Phase.IDLE and not conversation.offered and conversation.doing is None
    if not newest and (question.rated or not free):
        return conversation
    doing = Doing(act="rate", number=question.number)
    # Without a last moment: however long they took, it is the answer to what they were asked.
    return replace(conversation, doing=doing, offered=(), last_at=None)


def body_of(to: str, text: str) -> bytes:
    """Return the body of the request that asks the platform to send ``text`` to the mobile number ``to``."""
    return json.dumps({"to": to, "text": text}, ensure_ascii=False, separators=(",", ":")).encode()


def fate_of(status: int) -> Fate:
    """Return what the platform's status means; unknown ones are final, so that a person looks at them."""
    if 200 <= status < 300:
        return Fate.SENT
    if status >= 500 or status in (408, 409, 425, 429):
        return Fate.BUSY
    return Fate.CLOSED if status == 410 else Fate.REFUSED
