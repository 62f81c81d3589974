"""What citizens send, in one shape for every channel."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from hotline.errors import NotAMessageError
from hotline.returning import ReturnPath

MAX_TEXT = 10_000  #: characters; the longest letter (CONTRACT, letters)


@dataclass(frozen=True, kw_only=True, slots=True)
class Location:
    """A point that the citizen sent, WGS-84 degrees, with the name the client gave it."""

    lat: float
    lon: float
    label: str = ""


#: fields that tell no matter
_NO_WORDS = frozenset({"confidential", "phone", "email", "kind", "public", "anonymous"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Media:
    """An attachment that still lies with the platform, to be fetched after the message is on record."""

    id: str  #: the attachment's id, as the message names it
    reference: str  #: the platform's name for it
    name: str


def clean(text: str) -> str:
    """Return ``text`` without U+0000 and lone surrogates, which no store can keep."""
    return text.replace("\x00", "").encode("utf-8", "ignore").decode("utf-8")


class Act(StrEnum):
    """What a citizen does about a ticket of theirs."""

    URGE = "urge"
    RATE = "rate"
    WITHDRAW = "withdraw"


#: What a petitioner says of whether the matter is solved; ``unknown`` is to have no view of it.
SOLVED = ("yes", "partly", "no", "unknown")


@dataclass(frozen=True, kw_only=True, slots=True)
class InboundMessage:
    """One thing a citizen said, whichever channel carried it."""

    key: str  #: channel, account, sender and the platform's id together; a repeat is a retry
    city: str
    channel: str
    conversation: str  #: where replies go; one per session, WeChat user or letter
    sender: str  #: channel-scoped pseudonym, never a phone number
    received_at: datetime  #: always with its offset
    text: str = ""
    option: str | None = None  #: id of a choice that an earlier reply offered
    location: Location | None = None
    attachments: tuple[str, ...] = ()
    fields: tuple[
        tuple[str, str], ...
    ] = ()  #: facts of a summary as edited in place, or of a letter: name, value
    letter: bool = False  #: everything is said at once; nothing can be asked back
    about: str = ""  #: number of the ticket or letter that this adds to; the query code was right
    act: Act | None = None  #: what is done about it instead of adding
    grade: int | None = None  #: 1 (worst) to 5, with ``Act.RATE`` and nothing else
    solved: str = ""  #: one of ``SOLVED``, with ``Act.RATE`` alone; empty where it was not said
    numbered: bool = False  #: the channel shows options by number, so that a bare number chooses one
    media: tuple[Media, ...] = ()  #: of ``attachments``, those that are still with the platform
    unasked: bool = False  #: nobody said it: it bears what the citizen is told unasked
    reply_to: ReturnPath | None = None  #: where replies are pushed to; none where the citizen fetches them

    def __post_init__(self) -> None:
        for name in ("key", "city", "channel", "conversation", "sender"):
            if not getattr(self, name):
                raise NotAMessageError(f"message without {name}")
        if self.received_at.tzinfo is None:
            raise NotAMessageError("received_at needs an offset")
        if len(self.text) > MAX_TEXT:
            raise NotAMessageError(f"text is longer than {MAX_TEXT} characters")
        if clean(self.text) != self.text:
            raise NotAMessageError("text holds U+0000 or a lone surrogate; clean it first")
        said = self.text.strip() or self.option or self.location or self.attachments or self.fields
        if not (said or self.act or self.unasked):
            raise NotAMessageError("empty message")
        if self.act is not None and not self.about:
            raise NotAMessageError("an act needs the number of a ticket")
        if (self.grade in range(1, 6)) != (self.act is Act.RATE):
            raise NotAMessageError("a rating has a grade from 1 to 5, and nothing else has one")
        if self.solved and (self.act is not Act.RATE or self.solved not in SOLVED):
            raise NotAMessageError("only a rating tells whether the matter is solved, in one of four words")

    @property
    def subject(self) -> str:
        """The heading of a letter; empty for everything else."""
        return next((value.strip() for name, value in self.fields if self.letter and name == "subject"), "")

    @property
    def demand(self) -> str:
        """What the words are about: a letter's heading and text, else the text."""
        return "\n".join(part for part in (self.subject, self.text.strip()) if part)

    @property
    def screened(self) -> str:
        """Every word of the message, wherever it was written: what danger is looked for in."""
        label = self.location.label if self.location else ""
        parts = (self.text, *(value for name, value in self.fields if name not in _NO_WORDS), label)
        return "\n".join(part for part in parts if part.strip())

    def fingerprint(self) -> bytes:
        """Return a digest of what was said; the same key with another one is a conflict."""
        place = self.location and [self.location.lat, self.location.lon, self.location.label]
        said: list[object] = [
            self.text, self.option, place, list(self.attachments), [list(pair) for pair in self.fields],
        ]  # fmt: skip
        said += [self.act, self.grade] if self.act is not None else []
        said += [self.solved] if self.solved else []
        return hashlib.sha256(json.dumps(said, ensure_ascii=False).encode()).digest()
