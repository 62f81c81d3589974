"""The platform's callback: every push is verified, put on record, and answered within five seconds."""

import asyncio
import logging
import secrets
import time
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, ClassVar, TypeVar

from aiohttp import web

from channels.base import ChannelParts, ForgedError, Parcel, TooLongError
from channels.bundle import Bundle, bundle
from channels.wechat import codec
from channels.wechat.envelope import Account, Opened, check_address, open_push, seal_answer
from channels.wording import Wording
from hotline.errors import HotlineError, KeyReusedError, NotAMessageError, StorageAwayError
from hotline.message import InboundMessage

log = logging.getLogger(__name__)

T = TypeVar("T")

READ_WITHIN = 2.0  #: seconds for the body of a push; the platform's own take milliseconds
SETTLED_WITHIN = 4.0  #: seconds after which the push is acknowledged and the answer follows by itself
ANSWERED_WITHIN = 4.4  #: seconds until the answer must be on its way; the platform hangs up after 5
WRITTEN_WITHIN = 2.0
HUNG_UP_AFTER = 4.9  #: seconds after which nobody may be there to read what is written
NOTED_WITHIN = 5.0  #: the citizen waits for none of this
MAX_BODY = 128 * 1024  #: bytes; the longest text comes to some 30 KB in compatible mode
MAX_ECHO = 1_000
DONE = "success"  #: what stops the platform from sending a push again


class WeChat:
    """Takes what the platform pushes for one official account."""

    name: ClassVar[str] = codec.NAME
    audience: ClassVar[str] = "platform"

    def __init__(self, parts: ChannelParts) -> None:
        self._parts = parts
        self._account = Account.from_settings(parts.settings)
        self._wording = Wording(parts.say, parts.settings.get("public_url", ""))
        self._behind: set[asyncio.Task[Any]] = set()

    def routes(self) -> tuple[web.RouteDef, ...]:
        """Return the callback's routes; none where no account is set."""
        if self._account is None:
            return ()
        return (web.get("/wechat", self.verify), web.post("/wechat", self.push))

    async def verify(self, request: web.Request) -> web.Response:
        """Prove to the platform that this address is ours."""
        echo = request.query.get("echostr", "")
        try:
            check_address(self._owner, request.query)
        except ForgedError:
            return _refused(403)
        return web.Response(text=echo) if 0 < len(echo) <= MAX_ECHO else _refused(400)

    async def push(self, request: web.Request) -> web.StreamResponse:
        """Take one push: forged ones get 403, unreadable ones another 4xx, and nothing of them is kept."""
        began = time.monotonic()
        try:
            body = await _body(request)
            opened = open_push(self._owner, request.query, body, now=datetime.now(UTC))
            push = codec.decode(opened.fields, self._arrival())
        except (HotlineError, TimeoutError) as error:
            status = _status(error)
            log.warning("push.refused", extra={"status": status, "error_type": type(error).__name__})
            return _refused(status)
        match push:
            case codec.Ignored():
                return _acknowledged()
            case codec.Left(sender=sender):
                return await self._said_goodbye(sender, began)
            case InboundMessage():
                return await self._took(request, opened, push, began)

    @property
    def _owner(self) -> Account:
        assert self._account is not None  # without one there are no routes
        return self._account

    def _arrival(self) -> codec.Arrival:
        settings = self._parts.settings
        return codec.Arrival(
            city=self._parts.city,
            appid=self._owner.appid,
            received_at=self._parts.clock(),
            pseudonym=self._parts.pseudonym,
            say=self._parts.say,
            message_quota=codec.Quota.read(settings["wechat_quota"]),
            event_quota=codec.Quota.read(settings["wechat_quota_event"]),
        )

    async def _said_goodbye(self, sender: str, began: float) -> web.Response:
        try:
            await self._within(self._parts.deliveries.left(sender), began, ANSWERED_WITHIN)
        except StorageAwayError:
            return _refused(503)  # the platform says it again
        return _acknowledged()

    async def _took(
        self, request: web.Request, opened: Opened, message: InboundMessage, began: float
    ) -> web.StreamResponse:
        used = time.monotonic() - began
        receiving = self._parts.receive.receive(message, within=max(SETTLED_WITHIN - used, 0.0))
        try:
            received = await self._within(receiving, began, ANSWERED_WITHIN)
        except StorageAwayError:
            return _refused(503)  # not on record: the platform sends it again
        except KeyReusedError:
            log.warning("push.changed", extra={"channel": self.name})
            return _acknowledged()  # the first of the two is on record, and a third would change nothing
        if not received.settled and received.notice:
            # On record and put by: the citizen is told so, and the platform sees nothing but an answer.
            told = Bundle(text=received.notice, said=(), left=())
            return await self._answered(request, opened, told, (), began)
        if not received.settled:
            return _acknowledged()  # the answer is owed, and follows as a customer-service message
        leased = await self._leased(message, began)
        answer = bundle(leased, received.replies, self._wording)
        if not answer.text:
            await self._release(leased)
            return _acknowledged()
        return await self._answered(request, opened, answer, leased, began)

    async def _leased(self, message: InboundMessage, began: float) -> tuple[Parcel, ...]:
        lease = self._parts.deliveries.lease(message.conversation, message.key)
        try:
            return await self._within(lease, began, ANSWERED_WITHIN)
        except StorageAwayError:
            return ()  # decided and owed all the same: it follows as a customer-service message

    async def _answered(
        self, request: web.Request, opened: Opened, answer: Bundle, leased: Sequence[Parcel], began: float
    ) -> web.StreamResponse:
        """Answer the push, and note as sent what was really written."""
        now = datetime.now(UTC)
        plain = codec.answer(opened.fields, answer.text, now=now)
        xml = seal_answer(self._owner, opened, plain, nonce=secrets.token_hex(8), now=now)
        response = web.Response(text=xml, content_type="application/xml")
        try:
            async with asyncio.timeout(WRITTEN_WITHIN):
                await response.prepare(request)
                await response.write_eof()
            if time.monotonic() - began > HUNG_UP_AFTER:  # this process stood still, and saw nobody go
                raise TimeoutError
        except OSError as error:  # a time-out is one too
            log.warning("push.unanswered", extra={"error_type": type(error).__name__})
            await self._release(leased)
            return response
        await self._noted(answer)
        return response

    async def _noted(self, answer: Bundle) -> None:
        deliveries, now = self._parts.deliveries, time.monotonic()
        try:
            for each in answer.said:
                sent = deliveries.sent(each.parcel, each.count, whole=each.whole)
                await self._within(sent, now, NOTED_WITHIN)
        except StorageAwayError:
            # It is said again by a customer-service message: twice is better than never.
            log.warning("push.not_noted", extra={"channel": self.name})
        await self._release(answer.left)

    async def _release(self, parcels: Sequence[Parcel]) -> None:
        if not parcels:
            return
        with suppress(StorageAwayError):  # they are let go by themselves after some seconds
            await self._within(self._parts.deliveries.release(parcels), time.monotonic(), NOTED_WITHIN)

    async def _within(self, work: Coroutine[Any, Any, T], began: float, seconds: float) -> T:
        """Return what ``work`` returns, or raise ``StorageAwayError`` at ``began`` + ``seconds``; it goes on behind."""
        task = asyncio.create_task(work)
        self._behind.add(task)
        task.add_done_callback(self._finished)
        # Not wait_for: it waits for the cancelling too, which a hanging database makes long.
        done, _ = await asyncio.wait({task}, timeout=max(began + seconds - time.monotonic(), 0.0))
        if not done:
            raise StorageAwayError("not in time")
        return task.result()

    def _finished(self, task: asyncio.Task[Any]) -> None:
        self._behind.discard(task)
        if not task.cancelled():
            task.exception()  # seen; who still waits for it is told


async def _body(request: web.Request) -> bytes:
    """Read the body, whatever its sender claims about its length, within the limits of size and time."""
    if "Content-Encoding" in request.headers:
        raise NotAMessageError("wechat: a packed body")
    body = bytearray()
    try:
        async with asyncio.timeout(READ_WITHIN):
            async for chunk in request.content.iter_any():
                body += chunk
                if len(body) > MAX_BODY:
                    raise TooLongError(MAX_BODY)
    except TimeoutError:
        raise
    except (web.RequestPayloadError, OSError) as error:
        raise NotAMessageError("wechat: the body broke off") from error
    return bytes(body)


def _status(error: Exception) -> int:
    match error:
        case ForgedError():
            return 403
        case TooLongError():
            return 413
        case TimeoutError():
            return 408
    return 400


def _refused(status: int) -> web.Response:
    return web.Response(status=status)


def _acknowledged() -> web.Response:
    return web.Response(text=DONE)
