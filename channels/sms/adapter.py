"""Texts that the city's platform hands over: verified, put on record, and answered in the response."""

import logging
from contextlib import suppress
from datetime import UTC, datetime
from typing import ClassVar

from aiohttp import web

from channels.base import ChannelParts, Parcel, TooLongError
from channels.bundle import Bundle, bundle
from channels.sms import codec
from channels.wording import Wording
from hotline.errors import StorageAwayError
from hotline.signing import key_of

log = logging.getLogger(__name__)

PATH = "/api/sms/messages"
SETTLED_WITHIN = 4.0  #: seconds after which a text is acknowledged and its answer follows by itself
MAX_BODY = 32 * 1024  #: bytes


class Sms:
    """Takes what citizens write to the hotline by text message."""

    name: ClassVar[str] = codec.NAME
    audience: ClassVar[str] = "platform"

    def __init__(self, parts: ChannelParts) -> None:
        secret = parts.settings.get("sms_secret", "")
        self._parts, self._key = parts, key_of(secret) if secret else b""
        self._wording = Wording(parts.say, parts.settings.get("public_url", ""))

    def routes(self) -> tuple[web.RouteDef, ...]:
        """Return the route for the platform; none where no platform is set."""
        return (web.post(PATH, self.take),) if self._key else ()

    async def take(self, request: web.Request) -> web.StreamResponse:
        """Take one signed text: 200 with what is to be sent back, 202 where that follows by itself."""
        body = bytearray()
        async for chunk in request.content.iter_any():
            body += chunk
            if len(body) > MAX_BODY:
                raise TooLongError(codec.MAX_TEXT)
        headers = {name.lower(): value for name, value in request.headers.items()}
        codec.check(self._key, headers, bytes(body), now=datetime.now(UTC))
        arrival = codec.Arrival(
            city=self._parts.city, received_at=self._parts.clock(), pseudonym=self._parts.pseudonym
        )
        message = codec.decode(bytes(body), arrival)
        received = await self._parts.receive.receive(message, within=SETTLED_WITHIN)
        if not received.settled:
            return web.json_response({"text": received.notice}, status=202)
        leased: tuple[Parcel, ...] = ()
        with suppress(StorageAwayError):  # what is owed follows by itself
            leased = await self._parts.deliveries.lease(message.conversation, message.key)
        return await self._answered(request, bundle(leased, received.replies, self._wording), leased)

    async def _answered(
        self, request: web.Request, answer: Bundle, leased: tuple[Parcel, ...]
    ) -> web.StreamResponse:
        """Answer the platform, and note as sent what was really written."""
        response = web.json_response({"text": answer.text})
        deliveries = self._parts.deliveries
        try:
            await response.prepare(request)
            await response.write_eof()
        except OSError as error:
            log.warning("text.unanswered", extra={"error_type": type(error).__name__})
            with suppress(StorageAwayError):
                await deliveries.release(leased)
            return response
        with suppress(StorageAwayError):  # it is sent again then: twice is better than never
            for each in answer.said:
                await deliveries.sent(each.parcel, each.count, whole=each.whole)
            await deliveries.release(answer.left)
        return response
