"""Whether a message is taken now: somebody in danger always is, and what is pushed to us is never refused."""

from collections.abc import Iterator

from channels.open311.codec import NAME as OPEN311
from gateway.web.floods import TooManyMessagesError
from gateway.web.ports import Limits
from groundwork.limits import Subject
from hotline.message import InboundMessage
from hotline.screening import Danger

PERSON, ADDRESS, LETTERS, PHONE = "messages.person", "messages.address", "letters.address", "phone"
NOTICE = "notices.person"
KEYED = {OPEN311: "requests.key"}  #: channels whose clients say who they are: not their address is counted


class Gate:
    """Judges each message by what its sender, their address and the phone number in it did lately."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits

    async def is_open(self, message: InboundMessage, danger: Danger | None, origin: str | None) -> bool:
        """Tell whether to decide ``message`` at once; otherwise it is stored and decided later, in its turn.

        ``origin`` is the address that it came from, or the client where clients have keys; without one neither address nor phone number is counted.
        A danger, sure or to be asked about, is not counted, and for half an hour nothing else in its conversation
        is: the answer to "is anybody hurt?" names no danger. Raises ``TooManyMessagesError`` where the sender can
        be told to wait; a platform cannot.
        """
        if danger is not None:
            await self._limits.spare(message.conversation)
            return True
        taken = await self._limits.take(*_counted(message, origin), unless=message.conversation)
        if taken.wait <= 0:
            return True
        if message.reply_to is None:
            raise TooManyMessagesError(taken.wait)
        return False

    async def tells(self, message: InboundMessage) -> bool:
        """Tell whether to say to the sender of ``message`` that it waits; once in a while is enough."""
        return (await self._limits.take((NOTICE, message.sender))).wait <= 0


def _counted(message: InboundMessage, origin: str | None) -> Iterator[Subject]:
    if not message.letter:  # each letter has a sender of its own
        yield PERSON, message.sender
    if origin is None:
        return
    yield KEYED.get(message.channel, LETTERS if message.letter else ADDRESS), origin
    phone = "".join(filter(str.isdecimal, dict(message.fields).get("phone", "")))
    if phone:
        yield PHONE, phone
