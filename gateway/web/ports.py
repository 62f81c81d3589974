"""What the pages need from the rest of the gateway."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, Self, TypeAlias

from channels.base import Received, Receives, SentReply
from groundwork.limits import Subject, Take
from hotline.call_in import CallIn
from hotline.dates import Change
from hotline.deadlines import Due
from hotline.message import InboundMessage
from hotline.notices import Notice
from hotline.polls import Answer, Poll
from hotline.understanding import Finding, Hit

__all__ = [
    "Articles", "CallIns", "Change", "History", "InboundText", "Limits", "News", "Notice", "Poll", "Polling", "Received", "Receives", "Registers", "Said", "SentReply",
    "Sheets", "Step", "Thread", "TicketStatus",
]  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class InboundText:
    """One thing the citizen said, as it is shown again."""

    id: str
    at: datetime
    text: str
    option: str | None = None  #: shown by its label when there is no text
    files: int = 0  #: how many came along
    located: bool = False  #: whether a place came along
    pending: bool = False  #: whether it is still being looked into

    @classmethod
    def of(cls, message: InboundMessage, *, pending: bool = False) -> Self:
        """Return what is shown of ``message``."""
        return cls(
            id=message.key.rpartition(":")[2], at=message.received_at, text=message.text, option=message.option,
            files=len(message.attachments), located=message.location is not None, pending=pending,
        )  # fmt: skip


Said: TypeAlias = InboundText | SentReply


class History(Protocol):
    """What was said in a conversation."""

    async def history(self, conversation: str, *, limit: int) -> tuple[Said, ...]:
        """Return the last ``limit`` things said, oldest first; raises ``StorageAwayError``."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One line of a ticket's public timeline; ``name`` is that of the event."""

    at: datetime
    name: str
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class TicketStatus:
    """What the holder of number and code may see: no staff names, no phones."""

    number: str
    title: str
    state: str  #: filed, sent or the name of the last event of the desk
    lead_unit: str
    shown_due: Due | None  #: the next moment that concerns the citizen
    due: tuple[Due, ...]
    confidential: bool
    steps: tuple[Step, ...]  #: newest first
    changes: tuple[Change, ...] = ()  #: of dates, oldest first
    letter: str = ""  #: what became of the letter that it was: ticket, answered or refused
    replies: tuple[SentReply, ...] = ()  #: what was said to the letter
    kind: str = ""  #: what the city's text calls it
    filed_at: datetime | None = None
    mark: str = ""  #: of its receipt; empty where there is none


@dataclass(frozen=True, kw_only=True, slots=True)
class Thread:
    """Where a message about a ticket or letter belongs."""

    number: str
    conversation: str
    channel: str  #: which it came in by, and whose clock it keeps
    sender: str


class Registers(Protocol):
    """The register of tickets and the ledger of letters."""

    async def look_up(self, number: str, query_code: str) -> TicketStatus | None:
        """Return the ticket or letter, or ``None`` alike for an unknown number and a wrong code."""

    async def thread(self, number: str, query_code: str) -> Thread | None:
        """Return where to add to a ticket or letter, or ``None`` as ``look_up`` does."""

    async def letter(self, key: str) -> Received | None:
        """Return what has come of the letter of that secret key; ``None`` when it is not on record."""


class Articles(Protocol):
    """The published answers."""

    async def search(self, question: str, *, limit: int) -> Finding:
        """Return hits best first."""

    async def article(self, id: str) -> Hit | None:
        """Return one published article."""

    async def related(self, id: str) -> tuple[Hit, ...]:
        """Return the published articles to read on after one."""

    async def listed(self) -> tuple[Hit, ...]:
        """Return every published article, in a steady order."""

    async def opinion(self, id: str, *, solved: bool, text: str) -> None:
        """Count what somebody thinks of an article; ``text`` says what is wrong with it."""


class CallIns(Protocol):
    """The days on which leaders take calls."""

    async def coming(self) -> Sequence[CallIn]:
        """Return what is announced for today and later, the next one first."""


class Limits(Protocol):
    """Counts what somebody does."""

    async def take(self, *subjects: Subject, unless: str = "") -> Take:
        """Count one time for each of ``subjects`` if every one of them has one left, else for none."""

    async def give_back(self, taken: Take) -> None:
        """Take back what ``taken`` counted."""

    async def spare(self, who: str) -> None:
        """Count nothing for ``who`` for half an hour, where it is named as ``unless``."""


class News(Protocol):
    """What the dispatch centre publishes."""

    async def shown(self) -> Sequence[Notice]:
        """Return the notices that everybody may read, newest first; raises ``StorageAwayError``."""


class Polling(Protocol):
    """Polls, and the answers to them."""

    async def listed(self) -> Sequence[Poll]:
        """Return the latest polls, newest first; raises ``StorageAwayError``."""

    async def find(self, id: int) -> Poll | None:
        """Return the poll with that id."""

    async def answer(self, id: int, answer: Answer, *, voter: bytes) -> bool:
        """Count an answer; ``False`` if this browser's was counted before."""


class Sheets(Protocol):
    """Remembers for half an hour what somebody wrote, so that Back and reload lose nothing."""

    async def put(self, owner: str, value: Any) -> bool:
        """Keep a plain value under a secret name; ``False`` when it cannot be kept now."""

    async def get(self, owner: str) -> Any:
        """Return the value, or ``None`` when it is not there."""
