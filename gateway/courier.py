"""Sends what is owed to citizens of channels that push, in order, within what the platform allows."""

import logging
from collections.abc import Mapping, Sequence

from channels.base import NotNowError, Parcel, Sends
from gateway.store.deliveries import Deliveries, Recipient, is_important
from hotline.errors import HotlineError
from hotline.returning import Allowance

log = logging.getLogger(__name__)


class UnderWayError(HotlineError):
    """Somebody else is sending to this citizen right now; look again when they are done."""

    retryable = True


class Courier:
    """Carries out the effect ``replies``; a repeated or late one finds nothing left to send."""

    def __init__(self, deliveries: Deliveries, senders: Mapping[str, Sends]) -> None:
        self._deliveries, self._senders = deliveries, senders

    async def deliver(self, conversation: str) -> None:
        """Send everything that ``conversation`` is owed; what may not be sent now is kept, and that is no error."""
        recipient = await self._deliveries.recipient(conversation)
        parcels, busy = await self._deliveries.take(conversation)
        if busy:
            raise UnderWayError("a push is being answered")
        if recipient is None or not parcels:
            return
        try:
            for index, parcel in enumerate(parcels):
                if not await self._send(recipient, parcel):
                    await self._keep(recipient, parcels[index:])
                    return
        except NotNowError as error:
            # The platform knows better than our account of it.
            await self._deliveries.change(
                recipient.sender, Allowance.closed if error.closed else Allowance.exhausted
            )
            await self._keep(recipient, parcels)
        except BaseException:
            await self._deliveries.release(parcels)
            raise

    async def _send(self, recipient: Recipient, parcel: Parcel) -> bool:
        """Send what is left of ``parcel``; ``False`` when the account of what may be sent is used up."""
        sender = self._senders[recipient.channel]
        parts, important = sender.parts(parcel.replies), is_important(parcel.replies)
        if parcel.parts_sent >= len(parts):
            await self._deliveries.arrived(parcel, len(parts), whole=True)
        for number in range(parcel.parts_sent + 1, len(parts) + 1):
            # Spent before it is sent: a count that is one too low costs a message, one too high a refusal.
            if not await self._deliveries.spend(recipient.sender, important=important):
                return False
            await sender.send(recipient.address, parts[number - 1])
            await self._deliveries.arrived(parcel, number, whole=number == len(parts))
        return True

    async def _keep(self, recipient: Recipient, parcels: Sequence[Parcel]) -> None:
        log.info("replies.kept", extra={"channel": recipient.channel, "count": len(parcels)})
        await self._deliveries.kept(parcels)
