"""The platform's interface: access token, customer-service messages, files that citizens sent.

Calls and error codes: the platform's pages getAccessToken, customer-service messages and getMedia
(developers.weixin.qq.com/doc/service/api) and its table of return codes.
"""

import json
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

from aiohttp import ClientError, ClientResponse, ClientTimeout

from channels.base import (
    NotNowError,
    PlatformBusyError,
    PlatformRefusedError,
    RefusedFileError,
    SenderParts,
    SentReply,
)
from channels.wording import Wording
from hotline.errors import HotlineError

log = logging.getLogger(__name__)

BASE = "https://api.weixin.qq.com"
CALL = ClientTimeout(total=8, connect=3)
DOWNLOAD = ClientTimeout(total=120, connect=3, sock_read=10)
MARGIN = 300  #: seconds before its end that a token is no longer used
LONGEST_ANSWER = 64 * 1024
LARGEST_FILE = 32 * 1024 * 1024  #: bytes; whoever keeps files has a lower limit of their own
SPOILT = frozenset({40001, 40014, 42001})  #: the token is wrong, or its time is over
NO_SUCH_FILE = 40007
FILM_HOSTS = (".qq.com", ".qpic.cn")  #: where the platform keeps films


def error_for(code: int) -> HotlineError:
    """Return what a return code means to us; unknown ones are final, so that a person looks at them."""
    match code:
        case 45015 | 43004:  # no window is open, or the citizen no longer follows
            return NotNowError(closed=True)
        case 45047:
            return NotNowError(closed=False)
        case -1 | 45009 | 45011:  # busy; the quota of the day; too many calls a minute
            return PlatformBusyError(f"wechat {code}")
        case _ if code in SPOILT:
            return PlatformBusyError(f"wechat {code}")
    return PlatformRefusedError(f"wechat {code}")


class WeChatApi:
    """Reaches the followers of one official account."""

    def __init__(self, parts: SenderParts) -> None:
        settings = parts.settings
        self._http, self._cells = parts.http, parts.cells
        self._appid, self._secret = settings.get("wechat_appid", ""), settings.get("wechat_secret", "")
        self._base = (settings.get("wechat_api_base") or BASE).rstrip("/")
        self._wording = Wording(parts.say, settings.get("public_url", ""))

    def parts(self, replies: Sequence[SentReply]) -> tuple[str, ...]:
        """Return the messages that ``replies`` are sent as."""
        return self._wording.parts([sent.reply for sent in replies])

    async def send(self, address: str, part: str, *, id: str = "") -> None:
        """Send one customer-service message; see the port. The platform knows no ids."""
        if not self._secret:
            raise NotNowError(closed=True)  # only what a citizen writes can be answered
        message = {"touser": address, "msgtype": "text", "text": {"content": part}}
        # Not escaped: the platform shows \uXXXX as it stands.
        body = json.dumps(message, ensure_ascii=False).encode()
        for last in (False, True):
            token = await self._token()
            url = f"{self._base}/cgi-bin/message/custom/send"
            async with self._asking("POST", url, {"access_token": token}, data=body) as answer:
                code = _code(await _json(answer))
            if code == 0:
                return
            await self._spoilt(code, token, last=last)

    async def fetch(self, reference: str) -> AsyncIterator[bytes]:
        """Return what a citizen sent, kept by the platform for three days; see the port."""
        for last in (False, True):
            token = await self._token()
            query = {"access_token": token, "media_id": reference}
            url = f"{self._base}/cgi-bin/media/get"
            async with self._asking("GET", url, query, limits=DOWNLOAD) as answer:
                if not _is_json(answer):
                    async for chunk in _chunks(answer):
                        yield chunk
                    return
                told = await _json(answer)
            if "video_url" in told:
                async for chunk in self._film(str(told["video_url"])):
                    yield chunk
                return
            code = _code(told)
            if code == NO_SUCH_FILE:
                raise RefusedFileError("gone")
            await self._spoilt(code, token, last=last)

    async def _film(self, url: str) -> AsyncIterator[bytes]:
        """Return the film at ``url``, which must lie with the platform."""
        host = urlsplit(url).hostname or ""
        if host != urlsplit(self._base).hostname and not host.endswith(FILM_HOSTS):
            raise PlatformRefusedError("wechat: a film elsewhere")
        async with self._asking("GET", url, {}, limits=DOWNLOAD) as answer:
            async for chunk in _chunks(answer):
                yield chunk

    async def _spoilt(self, code: int, token: str, *, last: bool) -> None:
        """Forget a spoilt token, so that the call is made once more with another; raise for anything else."""
        if last or code not in SPOILT:
            raise error_for(code)
        await self._cells.drop(self._cell, token)

    @property
    def _cell(self) -> str:
        return f"wechat-token:{self._appid}"

    async def _token(self) -> str:
        """Return a token that all processes share; one of them fetches it, the others wait for it."""
        if known := await self._cells.get(self._cell):
            return known
        async with self._cells.alone(self._cell):
            return await self._cells.get(self._cell) or await self._new_token()

    async def _new_token(self) -> str:
        query = {"grant_type": "client_credential", "appid": self._appid, "secret": self._secret}
        async with self._asking("GET", f"{self._base}/cgi-bin/token", query) as answer:
            told = await _json(answer)
        token, life = told.get("access_token"), told.get("expires_in")
        if not (isinstance(token, str) and token and isinstance(life, int)):
            # A wrong secret or an address that is not allowed: what is owed waits until somebody mends it.
            log.error("wechat.no_token", extra={"code": _code(told)})
            raise PlatformBusyError("wechat: no token")
        log.info("wechat.new_token")
        await self._cells.put(self._cell, token, life=max(life - MARGIN, life / 2))
        return token

    @asynccontextmanager
    async def _asking(
        self, method: str, url: str, query: Mapping[str, str], *, data: bytes | None = None,
        limits: ClientTimeout | None = None,
    ) -> AsyncIterator[ClientResponse]:  # fmt: skip
        """Ask the platform; whatever goes wrong on the way is a ``PlatformBusyError``."""
        headers = {"Content-Type": "application/json"} if data is not None else {}
        try:
            async with self._http.request(
                method,
                url,
                params=query,
                data=data,
                headers=headers,
                timeout=limits or CALL,
                allow_redirects=False,
            ) as answer:
                if answer.status != 200:
                    raise PlatformBusyError(f"wechat: HTTP {answer.status}")
                yield answer
        except (ClientError, OSError, TimeoutError) as error:
            # from None: such errors name the address, which holds the secret or the token.
            raise PlatformBusyError(f"wechat: {type(error).__name__}") from None


async def _json(answer: ClientResponse) -> Mapping[str, Any]:
    """Return the JSON object of an answer, however it is labelled."""
    body = await answer.content.read(LONGEST_ANSWER)
    while len(body) < LONGEST_ANSWER and (more := await answer.content.read(LONGEST_ANSWER)):
        body += more
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict):
        raise PlatformBusyError("wechat: an answer that is no JSON object")
    return told


def _code(told: Mapping[str, Any]) -> int:
    """Return the return code of an answer; one without it went well."""
    code = told.get("errcode", 0)
    return code if isinstance(code, int) else -1


def _is_json(answer: ClientResponse) -> bool:
    return answer.content_type == "application/json" or answer.content_type.startswith("text/")


async def _chunks(answer: ClientResponse) -> AsyncIterator[bytes]:
    size = 0
    async for chunk in answer.content.iter_chunked(64 * 1024):
        size += len(chunk)
        if size > LARGEST_FILE:
            raise RefusedFileError("size", size=size)
        yield chunk
