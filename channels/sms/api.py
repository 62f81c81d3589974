"""Asks the city's own platform to send a text: one small signed request (docs/channels/sms.md)."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime

from aiohttp import ClientError, ClientTimeout

from channels.base import (
    NotNowError,
    PlatformBusyError,
    PlatformRefusedError,
    RefusedFileError,
    SenderParts,
    SentReply,
)
from channels.wording import Wording
from hotline.signing import key_of, signed_headers
from hotline.texting import Fate, body_of, fate_of

PATIENCE = ClientTimeout(total=10, connect=3)


class SmsApi:
    """Texts mobile numbers through the platform at ``HUYING_SMS_URL``."""

    def __init__(self, parts: SenderParts) -> None:
        settings = parts.settings
        self._http, self._url = parts.http, settings.get("sms_url", "")
        self._secret = settings.get("sms_secret", "")
        self._wording = Wording(parts.say, settings.get("public_url", ""))

    def parts(self, replies: Sequence[SentReply]) -> tuple[str, ...]:
        """Return the texts that ``replies`` are sent as."""
        return self._wording.parts([sent.reply for sent in replies])

    async def send(self, address: str, part: str, *, id: str) -> None:
        """Have one text sent, under the same ``id`` at every try; see the port."""
        if not self._url or not self._secret:
            raise NotNowError(closed=True)
        body = body_of(address, part)
        headers = signed_headers(key_of(self._secret), id=id, at=datetime.now(UTC), body=body)
        try:
            async with self._http.post(
                self._url, data=body, headers={"Content-Type": "application/json", **headers},
                timeout=PATIENCE, allow_redirects=False,
            ) as answer:  # fmt: skip
                status = answer.status
        except (ClientError, TimeoutError, OSError) as error:
            raise PlatformBusyError(f"sms: {type(error).__name__}") from error
        match fate_of(status):
            case Fate.BUSY:
                raise PlatformBusyError(f"sms: answered {status}")
            case Fate.CLOSED:
                raise NotNowError(closed=True)
            case Fate.REFUSED:
                raise PlatformRefusedError(f"sms: answered {status}")

    async def fetch(self, reference: str) -> AsyncIterator[bytes]:
        """Refuse: texts bring no files."""
        raise RefusedFileError("gone")
        yield b""
