"""What every channel must do, as tests that a new channel runs over itself (docs/how-to-add-a-channel.md).

A channel's test gives a ``Driver`` that speaks to it as its platform or its clients do, and inherits the
tests of ``ChannelContract``. The core behind the channel is ``RecordingCore``, which keeps the promises of
``channels.base`` in memory and can be away or slow.
"""

import asyncio
import hashlib
import logging
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from channels.base import ChannelParts, Parcel, Received, SentReply, StagedFile, StoredFile, Uttered
from hotline.errors import KeyReusedError, StorageAwayError
from hotline.message import InboundMessage
from hotline.reply import Call, Reply
from hotline.ticket import TicketIdentity

ORDINARY = "the street lamp at our gate has been dark for three days"
URGENT = "the house below us is on fire"
ANSWER = "noted, somebody will look at it"
NUMBER = "119"


@dataclass
class RecordingCore:
    """Fills what a channel is made of, in memory; ``away`` and ``slow`` play trouble."""

    now: datetime
    away: bool = False
    slow: bool = False
    messages: dict[str, InboundMessage] = field(default_factory=dict)
    attempts: int = 0
    gone: list[str] = field(default_factory=list)  #: senders who cannot be written to any more
    files: dict[str, bytes] = field(default_factory=dict)
    staged: dict[str, bytes] = field(default_factory=dict)
    _owed: dict[str, list[str]] = field(default_factory=dict)  #: keys by conversation
    _sent: dict[str, bool] = field(default_factory=dict)  #: key: whether it went out whole

    def parts(self, settings: Mapping[str, str] | None = None) -> ChannelParts:
        """Return the parts of a channel with this core behind it."""
        return ChannelParts(
            city="_example",
            receive=self,
            clock=lambda: self.now,
            key=lambda purpose: hashlib.sha256(purpose.encode()).digest(),
            pseudonym=lambda who: hashlib.sha256(who.encode()).hexdigest()[:32],
            say=lambda name, **values: " ".join([name, *values.values()]),
            deliveries=self,
            follows=self,
            problem=lambda error: {"title": type(error).__name__},
            files=self,
            origin=lambda request: None,
            settings=settings or {},
        )

    async def receive(self, message: InboundMessage, *, within: float, origin: str | None = None) -> Received:
        """Answer as the intake does: durable, the same again for the same key."""
        self.attempts += 1
        await asyncio.sleep(0)
        replies = self._replies(message)
        if self.away:
            if URGENT in message.screened:
                return Received(replies=replies, settled=True)
            raise StorageAwayError("away")
        known = self.messages.setdefault(message.key, message)
        if known.fingerprint() != message.fingerprint():
            raise KeyReusedError("another body")
        if message.reply_to is not None and known is message:
            self._owed.setdefault(message.conversation, []).append(message.key)
        if self.slow:
            return Received(replies=(), settled=False)
        letter = TicketIdentity(number="20260929ABCDEFGH0", query_code="ABC234") if message.letter else None
        return Received(replies=replies, settled=True, letter=letter)

    def _replies(self, message: InboundMessage) -> tuple[SentReply, ...]:
        call = Call(number=NUMBER, also=(), why="", headline="") if URGENT in message.screened else None
        reply = Reply(kind="emergency" if call else "smalltalk", text=ANSWER, call=call)
        id = hashlib.sha256(message.key.encode()).hexdigest()[:32]
        return (SentReply(id=id, in_reply_to=message.key.rpartition(":")[2], at=self.now, reply=reply),)

    @contextmanager
    def follow(self, conversation: str, wake: Callable[[], None]) -> Iterator[None]:
        """Wake nobody: what is said is said at once."""
        yield

    async def place_of(self, conversation: str, reply: str) -> int:
        """Know no reply."""
        return 0

    async def last_place(self, conversation: str) -> int:
        """Know of no reply."""
        return 0

    async def since(self, conversation: str, place: int, *, limit: int) -> tuple[Uttered, ...]:
        """Return nothing."""
        return ()

    async def lease(self, conversation: str, key: str) -> tuple[Parcel, ...]:
        """Return what is owed and, for a message that came again, what went out already."""
        if self.away:
            raise StorageAwayError("away")
        due = [k for k in self._owed.get(conversation, ()) if k == key or not self._sent.get(k)]
        return tuple(
            Parcel(id=list(self.messages).index(k), replies=self._replies(self.messages[k])) for k in due
        )

    async def sent(self, parcel: Parcel, parts: int, *, whole: bool) -> None:
        """Note what went out."""
        self._sent[list(self.messages)[parcel.id]] = whole

    async def release(self, parcels: Sequence[Parcel]) -> None:
        """Let go: what is owed is still owed."""

    async def left(self, sender: str) -> None:
        """Note who left."""
        self.gone.append(sender)

    async def warn(self, message: InboundMessage) -> Received | None:
        """Answer an emergency that cannot be stored as it came."""
        return Received(replies=self._replies(message), settled=True) if URGENT in message.screened else None

    async def stage(self, chunks: AsyncIterator[bytes], *, name: str) -> StagedFile:
        """Take anything."""
        data = b"".join([chunk async for chunk in chunks])
        digest = hashlib.sha256(data).hexdigest()
        self.staged[digest] = data
        return StagedFile(
            place=digest,
            print=digest,
            digest=digest,
            name=name,
            type="application/octet-stream",
            size=len(data),
        )

    async def put(self, staged: StagedFile, *, owner: str) -> StoredFile:
        """Keep it for ``owner``."""
        if self.away:
            raise StorageAwayError("away")
        id = hashlib.sha256(f"{owner}:{staged.print}".encode()).hexdigest()[:32]
        self.files[id] = self.staged[staged.place]
        return StoredFile(id=id, name=staged.name, type=staged.type, size=staged.size)

    async def drop(self, staged: StagedFile) -> None:
        """Forget it."""
        self.staged.pop(staged.place, None)

    async def owned(self, ids: Sequence[str], *, owner: str) -> tuple[StoredFile, ...]:
        """Own nothing that was kept before."""
        return ()

    async def keep(self, chunks: AsyncIterator[bytes], *, name: str, owner: str) -> StoredFile:
        """Keep anything at once."""
        staged = await self.stage(chunks, name=name)
        stored = await self.put(staged, owner=owner)
        await self.drop(staged)
        return stored


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What came back."""

    status: int
    said: str = ""  #: everything that the citizen was told
    stored: bool = False  #: whether the other side was told that it need not send again


class Driver(Protocol):
    """Speaks to one channel of a running server as its platform or clients do."""

    core: RecordingCore

    async def say(self, text: str, *, id: int, sender: str = "one") -> Outcome:
        """Say ``text``; the same ``id`` and sender again is the same message sent again."""

    async def forged(self, text: str) -> Outcome | None:
        """Say ``text`` without the right to: a wrong signature or token; ``None`` where anybody may write."""

    async def raw(self, body: bytes) -> Outcome:
        """Send any bytes as the body of a message that is otherwise in order, signed where that can be done."""

    def identity(self, sender: str) -> str:
        """Return what the platform calls ``sender``: it must not be seen outside the vault."""


#: Bodies that hold no message in any channel, and bodies that a parser may choke on.
HOSTILE: tuple[bytes, ...] = (
    b"",
    b"\x00" * 1000,
    b"\xff\xfe\xfd" * 100,
    b"\xd6\xd0\xce\xc4" * 100,  # GBK
    b"[" * 200_000,
    b"{" * 50_000,
    b'{"id": "\\ud800", "text": "\\ud800\\u0000"}',
    b"<a>" * 100_000,
    (
        b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">'
        b'<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]><xml><Content>&c;</Content></xml>'
    ),
    b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]><xml><Content>&e;</Content></xml>',
    b"--x\r\nContent-Disposition: form-data; name=" + b"a" * 100_000,
    b"a" * 1_000_000,
)


class ChannelContract:
    """Inherited by the test class of each channel; a fixture called ``driver`` gives its ``Driver``."""

    async def test_what_is_said_is_received_and_answered(self, driver: Driver) -> None:
        """One message in, its reply out, under names that tell nobody who it was."""
        outcome = await driver.say(ORDINARY, id=1)
        assert 200 <= outcome.status < 300
        assert outcome.stored
        assert ANSWER in outcome.said
        (message,) = driver.core.messages.values()
        assert ORDINARY in message.text
        assert message.city == "_example"
        assert message.channel
        assert message.key.startswith(f"{message.channel}:")
        for open_name in (message.sender, message.conversation):
            assert driver.identity("one") not in open_name

    async def test_the_same_again_changes_nothing(self, driver: Driver) -> None:
        """A retry, a platform's re-send, a client after a broken connection."""
        first = await driver.say(ORDINARY, id=1)
        again = [await driver.say(ORDINARY, id=1) for _ in range(2)]
        assert all(outcome.stored for outcome in again)
        assert {outcome.said for outcome in again} == {first.said}
        assert len(driver.core.messages) == 1

    async def test_the_same_at_once_is_one_message(self, driver: Driver) -> None:
        """Ten re-sends that overtake each other."""
        outcomes = await asyncio.gather(*(driver.say(ORDINARY, id=1) for _ in range(10)))
        assert all(outcome.stored for outcome in outcomes)
        assert len(driver.core.messages) == 1

    async def test_a_message_that_is_still_being_decided_is_taken_once(self, driver: Driver) -> None:
        """Acknowledged without an answer, then sent again."""
        driver.core.slow = True
        assert (await driver.say(ORDINARY, id=1)).stored
        driver.core.slow = False
        assert (await driver.say(ORDINARY, id=1)).stored
        assert len(driver.core.messages) == 1

    async def test_senders_may_share_an_id(self, driver: Driver) -> None:
        """Ids are unique for a sender at best."""
        outcomes = [await driver.say(ORDINARY, id=7, sender=f"sender{n}") for n in range(15)]
        assert all(outcome.stored for outcome in outcomes)
        assert len(driver.core.messages) == 15
        assert len({message.sender for message in driver.core.messages.values()}) == 15

    async def test_a_forged_message_is_refused(self, driver: Driver) -> None:
        """Nothing of it reaches the core."""
        outcome = await driver.forged(ORDINARY)
        if outcome is None:
            return
        assert 400 <= outcome.status < 500
        assert not outcome.stored
        assert driver.core.attempts == 0

    async def test_an_emergency_is_answered_with_its_number(self, driver: Driver) -> None:
        """At once, in the answer itself."""
        outcome = await driver.say(URGENT, id=1)
        assert outcome.stored
        assert NUMBER in outcome.said

    async def test_without_storage_nothing_is_acknowledged(self, driver: Driver) -> None:
        """The other side keeps it and sends it again; then it is received."""
        driver.core.away = True
        outcome = await driver.say(ORDINARY, id=1)
        assert outcome.status == 503
        assert not outcome.stored
        driver.core.away = False
        assert (await driver.say(ORDINARY, id=1)).stored
        assert len(driver.core.messages) == 1

    async def test_without_storage_an_emergency_still_gets_its_number(self, driver: Driver) -> None:
        """Whatever else is broken."""
        driver.core.away = True
        outcome = await driver.say(URGENT, id=1)
        assert outcome.status == 200
        assert NUMBER in outcome.said

    async def test_a_million_characters_are_refused_or_cut_but_never_our_fault(self, driver: Driver) -> None:
        """Nobody may fill the memory or make a fault."""
        outcome = await driver.say(chr(0x5582) * 1_000_000, id=1)
        assert outcome.status < 500
        assert all(len(message.text) <= 10_000 for message in driver.core.messages.values())

    async def test_what_no_parser_likes_is_refused_and_nothing_is_stored_by_halves(
        self, driver: Driver
    ) -> None:
        """Entity bombs, endless nesting, broken encodings, foreign forms."""
        for body in HOSTILE:
            outcome = await driver.raw(body)
            assert outcome.status < 500, body[:60]
        assert not driver.core.messages
        assert not driver.core.files
        assert not driver.core.staged

    async def test_nul_and_lone_surrogates_never_reach_the_store(self, driver: Driver) -> None:
        """They are cleaned away, once, in the codec."""
        outcome = await driver.say(f"\x00{ORDINARY}\x00", id=1)
        assert outcome.status < 500
        for message in driver.core.messages.values():
            assert "\x00" not in message.text

    async def test_no_word_of_a_citizen_is_logged(self, driver: Driver, caplog: "Logs") -> None:
        """Nor what their platform calls them."""
        caplog.set_level(logging.DEBUG)
        await driver.say(ORDINARY, id=1)
        await driver.forged(ORDINARY)
        await driver.raw(ORDINARY.encode())
        logged = "\n".join(f"{record.getMessage()} {vars(record)}" for record in caplog.records)
        assert ORDINARY not in logged
        assert driver.identity("one") not in logged


class Logs(Protocol):
    """What pytest's ``caplog`` gives."""

    @property
    def records(self) -> Sequence[logging.LogRecord]:
        """Everything that was logged."""

    def set_level(self, level: int) -> None:
        """Log from ``level`` on."""
