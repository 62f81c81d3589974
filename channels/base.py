"""The contract of a channel: its routes verify, decode with a pure codec, receive, then render."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar, Protocol

from aiohttp import ClientSession, web

from hotline.errors import HotlineError, NotAMessageError
from hotline.message import InboundMessage
from hotline.reply import Reply
from hotline.ticket import TicketIdentity


@dataclass(frozen=True, kw_only=True, slots=True)
class SentReply:
    """One thing the system said, as it was stored."""

    id: str
    in_reply_to: str  #: the client's own id of the message that it answers
    at: datetime
    reply: Reply


@dataclass(frozen=True, kw_only=True, slots=True)
class Received:
    """What came of a message so far; ``replies`` are all of them once ``settled``."""

    replies: tuple[SentReply, ...]
    settled: bool
    letter: TicketIdentity | None = None  #: under which a settled letter stands; none for other messages
    notice: str = ""  #: what to say at once to somebody whose message was put by, to be decided later


class Receives(Protocol):
    """Takes messages in, durably."""

    async def receive(self, message: InboundMessage, *, within: float, origin: str | None = None) -> Received:
        """Store ``message`` and wait up to ``within`` seconds for what is said to it.

        ``origin`` is the address that it came from, where that tells who sent it. Somebody who sends too much is
        told when to come back by an error that is a whole answer; then nothing was stored. Danger always passes.

        The same message again returns the same replies, or those settled since. Raises
        ``KeyReusedError`` for another body under the same key, ``StorageAwayError`` when nothing was
        stored; a sure emergency is answered even then.
        """

    async def warn(self, message: InboundMessage) -> Received | None:
        """Answer a sure emergency of which it is known already that it cannot be stored as it came.

        ``None`` for anything else, of which nothing is kept.
        """


@dataclass(frozen=True, kw_only=True, slots=True)
class Parcel:
    """The replies to one message, on their way to a citizen; ``parts_sent`` of them arrived already."""

    id: int
    replies: tuple[SentReply, ...]
    parts_sent: int = 0
    again: bool = False  #: they went out before, and did not arrive


class Delivers(Protocol):
    """Keeps account of replies that are pushed: none is lost, none is noted as sent that was not."""

    async def lease(self, conversation: str, key: str) -> tuple[Parcel, ...]:
        """Return what ``conversation`` is still owed, oldest first, for whoever asks first.

        For a few seconds nobody else sends it; nothing is returned that would overtake what somebody
        else is sending. When ``key`` names a message whose replies went out in answer to an earlier
        push of the same message, they come again: that answer did not arrive.
        Parcels that newer replies overtook come without options: those can no longer be chosen.
        Raises ``StorageAwayError``.
        """

    async def sent(self, parcel: Parcel, parts: int, *, whole: bool) -> None:
        """Note that the first ``parts`` parts of ``parcel`` went out as the answer to a push; ``whole``: all of it."""

    async def release(self, parcels: Sequence[Parcel]) -> None:
        """Let go of leased parcels that were not sent: somebody else may send them at once.

        Those that had gone out before and did not arrive are owed again.
        """

    async def left(self, sender: str) -> None:
        """Note that ``sender`` cannot be written to any more."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Uttered:
    """One reply of a conversation with the message that it answers; ``place`` is its number in the record."""

    place: int
    message: InboundMessage
    sent: SentReply


class Follows(Protocol):
    """Tells readers what is said in a conversation, in the order of the record, whoever came to settle it."""

    def follow(self, conversation: str, wake: Callable[[], None]) -> AbstractContextManager[None]:
        """Call ``wake`` whenever something may have been said there, for as long as the body runs.

        It may be called for nothing, and comes late rather than never.
        """

    async def place_of(self, conversation: str, reply: str) -> int:
        """Return the place of a reply, 0 for one that is not on record there; raises ``StorageAwayError``."""

    async def last_place(self, conversation: str) -> int:
        """Return the place of the last reply, 0 before the first; raises ``StorageAwayError``."""

    async def since(self, conversation: str, place: int, *, limit: int) -> tuple[Uttered, ...]:
        """Return the first ``limit`` replies behind ``place``, in order; raises ``StorageAwayError``."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredFile:
    """An attachment that was checked and is kept, encrypted."""

    id: str
    name: str
    type: str  #: by content
    size: int  #: bytes as kept


class RefusedFileError(NotAMessageError):
    """A file is not taken; ``why`` is one of size, pixels, type, mismatch, empty, damaged or gone."""

    def __init__(self, why: str, *, name: str = "", size: int = 0) -> None:
        super().__init__(f"attachment refused: {why}")
        self.why, self.name, self.size = why, name, size


@dataclass(frozen=True, kw_only=True, slots=True)
class StagedFile:
    """An attachment that was checked and lies encrypted on the disk, but is on no record yet."""

    place: str  #: the keeper's own name for it
    print: str  #: keyed digest of what was sent
    digest: str  #: keyed digest of what is kept
    name: str
    type: str
    size: int


class KeepsFiles(Protocol):
    """Checks what is sent along and keeps it, encrypted, before the message that names it is admitted."""

    async def stage(self, chunks: AsyncIterator[bytes], *, name: str) -> StagedFile:
        """Check and encrypt what ``chunks`` hold; raises ``RefusedFileError`` and then leaves nothing.

        It may be given to ``put`` and is to be given to ``drop``; what a crash leaves behind is swept.
        """

    async def put(self, staged: StagedFile, *, owner: str) -> StoredFile:
        """Put ``staged`` on record for ``owner``; the same file of the same owner gets the same id.

        Raises ``StorageAwayError``, and then ``staged`` is as it was.
        """

    async def drop(self, staged: StagedFile) -> None:
        """Forget ``staged``, whether it was put on record or not; the record stays."""

    async def owned(self, ids: Sequence[str], *, owner: str) -> tuple[StoredFile, ...]:
        """Return those of ``ids`` that ``owner`` sent and that are kept, in that order, for another day.

        Raises ``StorageAwayError``.
        """

    async def keep(self, chunks: AsyncIterator[bytes], *, name: str, owner: str) -> StoredFile:
        """Keep what ``chunks`` hold for ``owner``; the same file of the same owner gets the same id.

        Raises ``RefusedFileError``; nothing of a refused file stays. What no message names is swept
        after a day.
        """


class Cells(Protocol):
    """A few values shared by all processes; away, each process has its own."""

    async def get(self, name: str) -> str | None:
        """Return the value, or ``None`` when it is not there or has expired."""

    async def put(self, name: str, value: str, *, life: float) -> None:
        """Keep the value for ``life`` seconds."""

    async def drop(self, name: str, value: str) -> None:
        """Forget the value, if it is still this one."""

    def alone(self, name: str) -> AbstractAsyncContextManager[None]:
        """Be the only one of all processes to do what ``name`` says, waiting for whoever is at it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ChannelParts:
    """What every channel is made of."""

    city: str
    receive: Receives
    clock: Callable[[], datetime]  #: now, with its offset
    key: Callable[[str], bytes]  #: the signing key for a purpose
    pseudonym: Callable[[str], str]  #: a sender's name that does not tell who it is
    say: Callable[..., str]  #: one of the system's own sentences, by name, blanks filled
    deliveries: Delivers
    follows: Follows
    problem: Callable[[Exception], Mapping[str, Any]]  #: what a citizen is told about an error
    files: KeepsFiles
    origin: Callable[[web.Request], str | None]  #: the address by which floods are counted, if any
    settings: Mapping[str, str] = field(
        repr=False
    )  #: those that channels need, by name after HUYING_, in lower case


class Channel(Protocol):
    """One way in; a handler returns its routes and needs no server."""

    name: ClassVar[str]
    audience: ClassVar[str]  #: who calls its routes: citizen or platform

    def routes(self) -> tuple[web.RouteDef, ...]:
        """Return the routes that this channel answers; none where it is not configured."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SenderParts:
    """What a channel that pushes needs in order to reach a citizen who is not asking."""

    http: ClientSession
    cells: Cells
    say: Callable[..., str]
    settings: Mapping[str, str] = field(repr=False)


class Sends(Protocol):
    """Reaches citizens through a platform; used by the worker."""

    def parts(self, replies: Sequence[SentReply]) -> tuple[str, ...]:
        """Return the messages that ``replies`` are sent as; the same replies always give the same parts."""

    async def send(self, address: str, part: str, *, id: str) -> None:
        """Send one message, done on return; ``id`` is the same whenever the same part is tried again.

        Raises ``NotNowError`` where the platform allows nothing until the citizen writes again, a
        ``retryable`` error for what may pass by itself.
        """

    def fetch(self, reference: str) -> AsyncIterator[bytes]:
        """Return what the platform keeps under ``reference``; raises ``RefusedFileError`` when it is gone."""


class NotNowError(HotlineError):
    """The platform lets nothing through to this citizen now; it is kept until they write again.

    ``closed`` says that no window is open, otherwise the count of the open one is used up.
    """

    def __init__(self, *, closed: bool) -> None:
        super().__init__("window closed" if closed else "count used up")
        self.closed = closed


class PlatformBusyError(HotlineError):
    """The platform is away, slow or over its daily quota; ``wait`` is how long it asks for, if it says."""

    retryable = True

    def __init__(self, what: str, wait: timedelta | None = None) -> None:
        super().__init__(what)
        self.wait = wait


class PlatformRefusedError(HotlineError):
    """The platform will never take this; a person has to look."""


class FieldError(NotAMessageError):
    """One part of what arrived is not what it must be; ``field`` names it."""

    def __init__(self, field: str, what: str) -> None:
        super().__init__(f"{field}: {what}")
        self.field = field


class TooLongError(NotAMessageError):
    """More than a message may hold; send it in several, of at most ``limit`` characters."""

    def __init__(self, limit: int, found: int | None = None) -> None:
        super().__init__(f"more than {limit} characters")
        self.limit, self.found = limit, found


class ForgedError(HotlineError):
    """The signature of a push is wrong or too old: it does not come from the platform."""
