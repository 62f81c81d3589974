"""The one way in: screen, store, acknowledge; then understand, decide and settle."""

import asyncio
import logging
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol

from gateway.figures import Figures
from gateway.spool import Spool
from gateway.store.ledger import Admission, Ledger, Pending, StoredReply
from groundwork.clock import Clock
from hotline.calendar import CITY_TIME
from hotline.citypack import CityPack
from hotline.conversation import Attendance, Conversation
from hotline.decision import asks_for_progress, decide, handed_over
from hotline.effects import Effect, effects_of
from hotline.errors import KeyReusedError, StorageAwayError
from hotline.events import Event
from hotline.letters import MOST_MATTERS
from hotline.links import without_addresses
from hotline.message import InboundMessage
from hotline.opening import offered_articles
from hotline.places import with_place
from hotline.ports import Searches, Understands
from hotline.replies import reply_for
from hotline.routing import Routing
from hotline.scene import Heard, Standing
from hotline.screening import Danger, asks_secrecy, screen_acceptance, screen_message
from hotline.ticket import ALPHABET, CODE_LETTERS, RANDOM_LETTERS, TicketIdentity, ticket_number
from hotline.turn import EmergencyTransfer, Turn

log = logging.getLogger(__name__)

ADMIT_WITHIN = 2.5  #: seconds; a database that hangs counts as away
SETTLE_KEPT_WITHIN = 5.0  #: seconds that the spool waits for one message; it is on record by then
HITS = 5
ROUNDS = 20  #: how often one call prepares anew because more messages came meanwhile


@dataclass(frozen=True, kw_only=True, slots=True)
class Received:
    """What can be said by now; ``settled`` is false while the decision is still to come."""

    replies: tuple[StoredReply, ...]
    settled: bool


class Notes(Protocol):
    """Keeps count of what is answered and what is not; nothing waits for it."""

    def note(self, heard: Heard, turn: Turn) -> None:
        """Note what came of a message; the same one may be noted again."""


class Intake:
    """Receives every message of every channel."""

    def __init__(
        self,
        ledger: Ledger,
        spool: Spool,
        pack: CityPack,
        understanding: Understands,
        library: Searches,
        *,
        clock: Clock,
        figures: Figures,
        past: Callable[[], Routing | None] = lambda: None,
        noted: Notes | None = None,
        told: Callable[[str], None] = lambda conversation: None,
    ) -> None:
        self._ledger, self._spool, self._pack = ledger, spool, pack
        self._understanding, self._library = understanding, library
        self._clock, self._figures, self._noted = clock, figures, noted
        self._past = past  #: what the city's past dispatches teach, as it stands now
        self._told = told  #: called with each conversation in which something was said
        self._running: set[asyncio.Task[Any]] = set()

    async def hear(self, event: Event) -> bool:
        """Put an event of the dispatch centre on record and wake who reads what is said of it; ``False`` if it was known.

        Raises ``NotAnEventError`` for a ticket that is not on record.
        """
        new, conversations = await self._ledger.hear(event)
        for conversation in conversations:
            self._told(conversation)
        return new

    async def receive(self, message: InboundMessage, *, within: float) -> Received:
        """Store ``message`` and return its replies if they are decided ``within`` seconds.

        A sure emergency is answered with its number even when nothing can be stored; it is then
        kept in the spool, and the reply does not claim that it was recorded. Raises
        ``KeyReusedError`` and ``StorageAwayError``.
        """
        began = time.monotonic()
        danger = self.danger_in(message)
        if danger is None or not danger.sure:
            return await self._received(message, within, began)
        # From here on nothing that fails or lasts may keep the number from somebody in danger.
        try:
            try:
                received = await self._received(message, within, began)
            except KeyReusedError:
                received = await self._received(_under_its_own_key(message), within, began)
        except Exception as error:  # noqa: BLE001 — see above
            log.warning("emergency.not_stored", extra={"error_type": type(error).__name__})
            return await self._without_storage(message, danger)
        if received.settled:
            return received
        return Received(replies=(self._meanwhile(message, danger, "pending"),), settled=True)

    def danger_in(self, message: InboundMessage) -> Danger | None:
        """Return the danger that ``message`` reports by the law of its day, sure or to be asked about."""
        return screen_message(message, self._law_of(message))

    async def put_by(self, message: InboundMessage) -> Received:
        """Store ``message`` and leave it to the sweep, which decides it with whatever else waits in its conversation.

        Raises ``KeyReusedError`` and ``StorageAwayError``.
        """
        return await self._received(message, None, time.monotonic())

    async def warn(self, message: InboundMessage) -> Received | None:
        """Answer a sure emergency that cannot be stored as it came; it is kept in the spool. Else ``None``."""
        danger = screen_message(message, self._pack)
        if danger is None or not danger.sure:
            return None
        return await self._without_storage(message, danger)

    async def _received(self, message: InboundMessage, within: float | None, began: float) -> Received:
        admission = await self._admitted(message)
        self._figures.admitted(message.channel, new=admission.new)
        log.info("message.admitted", extra={"message_id": admission.id, "channel": message.channel})
        try:
            if not admission.settled and within is not None:
                await self._settled(message.conversation, within - (time.monotonic() - began))
            replies = await self._ledger.replies_to(admission.id)
        except StorageAwayError:
            return Received(replies=(), settled=False)  # on record; the sweep decides it
        return Received(replies=replies or (), settled=replies is not None)

    async def _admitted(self, message: InboundMessage) -> Admission:
        """Admit ``message``; a database that hangs counts as away, and what it did goes unasked."""
        admitting = asyncio.create_task(self._ledger.admit(message))
        self._running.add(admitting)
        admitting.add_done_callback(self._done)
        # Not wait_for: it would wait for the cancelling too, which a hanging server makes long.
        done, _ = await asyncio.wait({admitting}, timeout=ADMIT_WITHIN)
        if not done:
            raise StorageAwayError("the message was not stored in time")
        return admitting.result()

    async def keep(self, message: InboundMessage) -> None:
        """Admit a message that waited in the spool, and decide it; a repeat is harmless."""
        try:
            await self._ledger.admit(message)
        except KeyReusedError:
            # Two emergencies under one id, both answered: there is nobody left to refuse the second to.
            await self._ledger.admit(_under_its_own_key(message))
        try:
            await self._settled(message.conversation, SETTLE_KEPT_WITHIN)
        except Exception as error:  # noqa: BLE001 — it is on record: the sweep decides it
            log.warning("settle.failed", extra={"error_type": type(error).__name__})

    async def _without_storage(self, message: InboundMessage, danger: Danger) -> Received:
        try:
            await self._spool.append(message)
            self._figures.spooled()
        except OSError as error:
            log.error("spool.failed", extra={"error_type": type(error).__name__})
        return Received(replies=(self._meanwhile(message, danger, "not_recorded"),), settled=True)

    def _meanwhile(self, message: InboundMessage, danger: Danger, state: str) -> StoredReply:
        """Return the number to call, claiming no more than is so; ``state`` names the sentence."""
        reply = reply_for(EmergencyTransfer(danger=danger, recorded=False), self._pack)
        # Its own id: once decided, the emergency is answered again, with its ticket.
        return StoredReply(
            id=str(self._ledger.reply_id(f"{message.key}:{state}")),
            message_id=0,
            message_key=message.key,
            at=self._clock(),
            reply=replace(reply, text=self._pack.say(f"emergency_{state}")),
        )

    async def _settled(self, conversation: str, within: float) -> None:
        """Settle ``conversation``, waiting no longer than ``within``; the work goes on behind."""
        task = asyncio.create_task(self.settle(conversation))
        self._running.add(task)
        task.add_done_callback(self._done)
        done, _ = await asyncio.wait({task}, timeout=max(within, 0.0))
        if done:
            task.result()

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.warning("intake.failed", extra={"error_type": type(task.exception()).__name__})

    async def close(self) -> None:
        """Let what is being decided finish; what does not is taken over by the sweep."""
        if self._running:
            await asyncio.wait(self._running, timeout=5)

    async def settle(self, conversation: str) -> None:
        """Decide everything that waits in ``conversation``."""
        prepared: dict[int, Heard] = {}
        for _ in range(ROUNDS):
            for one in await self._ledger.pending(conversation):
                if one.id not in prepared:
                    prepared[one.id] = await self._heard(one.message)
            if not prepared:
                return

            def judge(
                state: Conversation,
                one: Pending,
                standings: Sequence[Standing],
                attendance: Attendance | None,
            ) -> tuple[Turn, tuple[Effect, ...]]:
                return self._judge(state, prepared[one.id], standings, attendance)

            def asks(state: Conversation, one: Pending) -> bool:
                heard = prepared[one.id]
                return asks_for_progress(self._law_of(heard.message), state, heard)

            left = await self._ledger.settle(conversation, frozenset(prepared), judge, asks=asks)
            self._told(conversation)
            if not left:
                return

    async def _heard(self, message: InboundMessage) -> Heard:
        """Find out about ``message`` whatever takes time, outside any transaction."""
        text = message.demand
        pack = self._law_of(message)
        danger = screen_message(message, pack)
        words = without_addresses(text).strip()
        if not words:
            return Heard(message=message, danger=danger, past=self._past())
        understanding, finding = await asyncio.gather(
            self._understanding.understand(without_addresses(message.text).strip() or words),
            self._library.search(message.subject or words, limit=HITS),
        )
        return Heard(
            message=message,
            danger=danger,
            ground=screen_acceptance(text, pack),
            understanding=with_place(understanding, text, pack.gazetteer),
            finding=finding,
            secrecy=asks_secrecy(text, pack),
            past=self._past(),
        )

    def _judge(
        self, state: Conversation, heard: Heard, standings: Sequence[Standing], attendance: Attendance | None
    ) -> tuple[Turn, tuple[Effect, ...]]:
        pack = self._law_of(heard.message)
        offered = map(self._library.hit, offered_articles(state))
        heard = replace(heard, meant=tuple(hit for hit in offered if hit is not None))
        fresh = tuple(fresh_identity(heard.message.received_at) for _ in range(MOST_MATTERS))
        try:
            turn = decide(pack, state, heard, fresh=fresh, standings=standings, attendance=attendance)
            effects = effects_of(heard.message, turn, pack)
        except Exception as error:
            # Nobody's words may wait for ever on a fault of ours: a person gets them instead.
            log.error("decision.failed", exc_info=error)
            self._figures.undecided()
            turn = handed_over(pack, state, heard, identity=fresh[0])
            effects = effects_of(heard.message, turn, pack)
        self._figures.decided(turn)
        if self._noted is not None:
            self._noted.note(heard, turn)
        return turn, effects

    def _law_of(self, message: InboundMessage) -> CityPack:
        """Return the law of the day on which ``message`` came."""
        return self._pack.on(message.received_at.astimezone(CITY_TIME).date())

    async def sweep(self) -> int:
        """Take over what a dead process left pending; how many conversations there were."""
        conversations = await self._ledger.take_over(limit=100)
        for conversation in conversations:
            try:
                await self.settle(conversation)
            except StorageAwayError:
                raise
            except Exception as error:  # noqa: BLE001 — one that cannot be settled must not hold up the others
                log.error("sweep.one_failed", extra={"error_type": type(error).__name__})
        if conversations:
            log.info("sweep.took_over", extra={"count": len(conversations)})
        return len(conversations)


async def sweep_for_ever(intake: Intake, every: float) -> None:
    """Sweep again and again; the database being away is no news."""
    while True:
        try:
            await intake.sweep()
        except StorageAwayError:
            pass
        except Exception as error:  # noqa: BLE001 — the sweep outlives whatever one message does
            log.error("sweep.failed", extra={"error_type": type(error).__name__})
        await asyncio.sleep(every)


def _under_its_own_key(message: InboundMessage) -> InboundMessage:
    """Return ``message`` under a key that only the same words share, for one whose id was used before."""
    key = f"{message.key}:{message.fingerprint().hex()[:16]}"
    # A letter is a conversation; the one that had the key first stays what it is.
    return replace(message, key=key, conversation=key if message.letter else message.conversation)


def fresh_identity(at: datetime) -> TicketIdentity:
    """Draw a ticket number of that day and a query code."""
    letters = "".join(secrets.choice(ALPHABET) for _ in range(RANDOM_LETTERS))
    code = "".join(secrets.choice(ALPHABET) for _ in range(CODE_LETTERS))
    return TicketIdentity(number=ticket_number(at.astimezone(CITY_TIME).date(), letters), query_code=code)
