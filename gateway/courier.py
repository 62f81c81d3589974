"""Sends what is owed to citizens of channels that push, in order, within what the platform allows."""

import logging
from collections.abc import Mapping, Sequence

from channels.base import NotNowError, Parcel, PlatformRefusedError, Sends
from gateway.store.deliveries import Deliveries, Recipient, is_important
from groundwork.outbox import NotYetError
from hotline.errors import HotlineError
from hotline.returning import Allowance

log = logging.getLogger(__name__)


class UnderWayError(NotYetError):
    """Somebody else is sending to this citizen right now; look again when they are done."""


class Courier:
    """Carries out the effect ``replies``; a repeated or late one finds nothing left to send."""

    def __init__(self, deliveries: Deliveries, senders: Mapping[str, Sends]) -> None:
        self._deliveries, self._senders = deliveries, senders

    async def deliver(self, conversation: str) -> None:
        """Send everything that ``conversation`` is owed; what may not be sent now is kept, and that is no error."""
        parcels, busy = await self._deliveries.take(conversation)
        if busy:
            raise UnderWayError("a push is being answered")
        if not parcels:  # most often: the push was answered
            return
        try:
            refused = await self._carry(await self._deliveries.recipient(conversation), parcels)
        except BaseException:
            await self._deliveries.release(parcels)
            raise
        if refused is not None:
            raise refused  # a person looks; the citizen sees it first when they next write

    async def _carry(self, recipient: Recipient, parcels: Sequence[Parcel]) -> PlatformRefusedError | None:
        """Send ``parcels`` in order; what must be kept, or is never taken, holds nothing up behind it."""
        refused = None
        try:
            for parcel in sorted(parcels, key=lambda each: not _is_emergency(each)):  # a number to call first
                try:
                    done = await self._send(recipient, parcel)
                except PlatformRefusedError as error:
                    refused, done = error, False
                if not done:
                    await self._keep(recipient, [parcel])
        except NotNowError as error:
            # The platform knows better than our account of it.
            await self._deliveries.change(
                recipient.sender, Allowance.closed if error.closed else Allowance.exhausted
            )
            await self._keep(recipient, parcels)
        return refused

    async def _send(self, recipient: Recipient, parcel: Parcel) -> bool:
        """Send what is left of ``parcel``; ``False`` when the account of what may be sent is used up."""
        parts = self._senders[recipient.channel].parts(parcel.replies)
        important = is_important(parcel.replies)
        if parcel.parts_sent >= len(parts):
            await self._deliveries.arrived(parcel, len(parts), whole=True)
        for number in range(parcel.parts_sent + 1, len(parts) + 1):
            id = f"{parcel.replies[0].id}-{number}"
            if not await self._send_part(recipient, parts[number - 1], id=id, important=important):
                return False
            await self._deliveries.arrived(parcel, number, whole=number == len(parts))
        return True

    async def _send_part(self, recipient: Recipient, part: str, *, id: str, important: bool) -> bool:
        await self._deliveries.hold(recipient.conversation)
        # Spent before it is sent, so that a crash costs a message and not a refusal.
        window = await self._deliveries.spend(recipient.sender, important=important)
        if window is None:
            return False
        try:
            await self._senders[recipient.channel].send(recipient.address, part, id=id)
        except HotlineError:
            # Else a platform that is away for a minute would use everything up.
            await self._deliveries.change(recipient.sender, lambda allowance: allowance.given_back(window))
            raise
        return True

    async def _keep(self, recipient: Recipient, parcels: Sequence[Parcel]) -> None:
        log.info("replies.kept", extra={"channel": recipient.channel, "count": len(parcels)})
        await self._deliveries.kept(parcels)


def _is_emergency(parcel: Parcel) -> bool:
    return any(sent.reply.kind == "emergency" for sent in parcel.replies)
