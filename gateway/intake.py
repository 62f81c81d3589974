"""The one way in: screen, store, acknowledge; then understand, decide and settle."""

import asyncio
import logging
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from gateway.figures import Figures
from gateway.spool import Spool
from gateway.store.ledger import Ledger, Pending, StoredReply
from groundwork.clock import Clock
from hotline.calendar import CITY_TIME
from hotline.citypack import CityPack
from hotline.conversation import Conversation
from hotline.decision import Heard, Standing, decide, handed_over
from hotline.effects import Effect, effects_of
from hotline.errors import KeyReusedError, StorageAwayError
from hotline.message import InboundMessage
from hotline.ports import Searches, Understands
from hotline.replies import reply_for
from hotline.screening import Danger, screen_acceptance, screen_emergency
from hotline.ticket import ALPHABET, CODE_LETTERS, RANDOM_LETTERS, TicketIdentity, ticket_number
from hotline.turn import EmergencyTransfer, Turn

log = logging.getLogger(__name__)

ADMIT_WITHIN = 2.5  #: seconds; a database that hangs counts as away
HITS = 5
ROUNDS = 20  #: how often one call prepares anew because more messages came meanwhile


@dataclass(frozen=True, kw_only=True, slots=True)
class Received:
    """What can be said by now; ``settled`` is false while the decision is still to come."""

    replies: tuple[StoredReply, ...]
    settled: bool


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
    ) -> None:
        self._ledger, self._spool, self._pack = ledger, spool, pack
        self._understanding, self._library = understanding, library
        self._clock, self._figures = clock, figures
        self._running: set[asyncio.Task[None]] = set()

    async def receive(self, message: InboundMessage, *, within: float) -> Received:
        """Store ``message`` and return its replies if they are decided ``within`` seconds.

        A sure emergency is answered with its number even when nothing can be stored; it is then
        kept in the spool, and the reply does not claim that it was recorded. Raises
        ``KeyReusedError`` and ``StorageAwayError``.
        """
        began = time.monotonic()
        danger = screen_emergency(message.text, self._pack)
        try:
            admission = await asyncio.wait_for(self._ledger.admit(message), ADMIT_WITHIN)
        except (StorageAwayError, TimeoutError) as error:
            if danger is None or not danger.sure:
                raise StorageAwayError("the message was not stored") from error
            return await self._without_storage(message, danger)
        self._figures.admitted(message.channel, new=admission.new)
        log.info("message.admitted", extra={"message_id": admission.id, "channel": message.channel})
        if not admission.settled:
            try:
                await self._settled(message.conversation, within - (time.monotonic() - began))
            except StorageAwayError:
                return Received(replies=(), settled=False)  # on record; the sweep decides it
        replies = await self._ledger.replies_to(admission.id)
        return Received(replies=replies or (), settled=replies is not None)

    async def keep(self, message: InboundMessage) -> None:
        """Admit a message that waited in the spool, and decide it; a repeat is harmless."""
        try:
            await self._ledger.admit(message)
        except KeyReusedError:
            # Two emergencies under one id, both answered: there is nobody left to refuse the second to.
            apart = message.fingerprint().hex()[:16]
            await self._ledger.admit(replace(message, key=f"{message.key}:{apart}"))
        await self.settle(message.conversation)

    async def _without_storage(self, message: InboundMessage, danger: Danger) -> Received:
        await self._spool.append(message)
        reply = reply_for(EmergencyTransfer(danger=danger, recorded=False), self._pack)
        # Its own id: once recorded, the emergency is answered again, with its ticket.
        stored = StoredReply(
            id=str(self._ledger.reply_id(f"{message.key}:spooled")),
            message_id=0,
            message_key=message.key,
            at=self._clock(),
            reply=reply,
        )
        self._figures.spooled()
        return Received(replies=(stored,), settled=True)

    async def _settled(self, conversation: str, within: float) -> None:
        """Settle ``conversation``, waiting no longer than ``within``; the work goes on behind."""
        task = asyncio.create_task(self.settle(conversation))
        self._running.add(task)
        task.add_done_callback(self._done)
        done, _ = await asyncio.wait({task}, timeout=max(within, 0.0))
        if done:
            task.result()

    def _done(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.warning("settle.failed", extra={"error_type": type(task.exception()).__name__})

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
                state: Conversation, one: Pending, standings: Sequence[Standing]
            ) -> tuple[Turn, tuple[Effect, ...]]:
                return self._judge(state, prepared[one.id], standings)

            left = await self._ledger.settle(conversation, frozenset(prepared), judge)
            if not left:
                return

    async def _heard(self, message: InboundMessage) -> Heard:
        """Find out about ``message`` whatever takes time, outside any transaction."""
        text = message.text.strip()
        if not text:
            return Heard(message=message)
        understanding, finding = await asyncio.gather(
            self._understanding.understand(text), self._library.search(text, limit=HITS)
        )
        return Heard(
            message=message,
            danger=screen_emergency(text, self._pack),
            ground=screen_acceptance(text, self._pack),
            understanding=understanding,
            finding=finding,
        )

    def _judge(
        self, state: Conversation, heard: Heard, standings: Sequence[Standing]
    ) -> tuple[Turn, tuple[Effect, ...]]:
        identity = fresh_identity(heard.message.received_at)
        try:
            turn = decide(self._pack, state, heard, fresh=(identity,), standings=standings)
        except Exception as error:
            # Nobody's words may wait for ever on a fault of ours: a person gets them instead.
            log.error("decision.failed", exc_info=error)
            self._figures.undecided()
            turn = handed_over(self._pack, state, heard, identity=identity)
        self._figures.decided(turn)
        return turn, effects_of(heard.message, turn, self._pack)

    async def sweep(self) -> int:
        """Take over what a dead process left pending; how many conversations there were."""
        conversations = await self._ledger.take_over(limit=100)
        for conversation in conversations:
            await self.settle(conversation)
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


def fresh_identity(at: datetime) -> TicketIdentity:
    """Draw a ticket number of that day and a query code."""
    letters = "".join(secrets.choice(ALPHABET) for _ in range(RANDOM_LETTERS))
    code = "".join(secrets.choice(ALPHABET) for _ in range(CODE_LETTERS))
    return TicketIdentity(number=ticket_number(at.astimezone(CITY_TIME).date(), letters), query_code=code)
