"""The way back: the desk's own events and what it publishes, signed, to the gateway."""

from collections.abc import Mapping
from typing import Any

from aiohttp import ClientError, ClientSession, ClientTimeout

from groundwork.clock import Clock
from hotline.errors import HotlineError
from hotline.events import CONTENT_TYPE, Event
from hotline.notices import Notice
from hotline.records import from_record
from hotline.signing import Keys, signed_headers

PATH = "/api/dispatch/events"
NOTICES = "/api/dispatch/notices"
KIND, NOTICE = "return", "notice"  #: of the owed effect
JSON = "application/json"
PATIENCE = ClientTimeout(total=10, connect=3)
_PASSING = frozenset({408, 409, 425, 429})
_MISLED = frozenset({401, 403, 404, 405, 407})


class GatewayBusyError(HotlineError):
    """The gateway is away, slow or busy; the same event may be sent again."""

    retryable = True


class GatewayUnreachedError(HotlineError):
    """We were not let through to the gateway: look at clocks, secrets, addresses and proxies on the way.

    That passes without anything being done to the event, so it is sent again.
    """

    retryable = True


class GatewayRejectedError(HotlineError):
    """The gateway will never take this event as it is; a person has to look."""


class Returns:
    """Carries owed events to the gateway at ``url``; ``real_time`` stamps the signatures."""

    def __init__(self, http: ClientSession, url: str, keys: Keys, real_time: Clock) -> None:
        self._http, self._url, self._keys, self._real_time = http, url.rstrip("/"), keys, real_time

    async def carry(self, kind: str, body: Mapping[str, Any]) -> None:
        """Deliver the event or notice in ``body``; done on return (a port of the outbox)."""
        if kind == KIND:
            await self.deliver(from_record(Event, body))
        elif kind == NOTICE:
            notice = from_record(Notice, body)
            await self._hand_over(
                NOTICES, notice.body(), id=f"{notice.id}-{notice.sequence}", content_type=JSON
            )
        else:
            raise GatewayRejectedError(f"nothing carries {kind}")

    async def deliver(self, event: Event) -> None:
        """Hand ``event`` over; ``retryable`` of what is raised tells whether to repeat."""
        await self._hand_over(PATH, event.body(), id=event.id, content_type=CONTENT_TYPE)

    async def _hand_over(self, path: str, body: bytes, *, id: str, content_type: str) -> None:
        headers = signed_headers(self._keys, id=id, at=self._real_time(), body=body)
        status = await self._post(path, body, {"Content-Type": content_type, **headers})
        if status >= 500 or status in _PASSING:
            raise GatewayBusyError(f"gateway answered {status}")
        if 300 <= status < 400 or status in _MISLED:
            raise GatewayUnreachedError(f"gateway answered {status}")
        if not 200 <= status < 300:
            raise GatewayRejectedError(f"gateway answered {status}")

    async def _post(self, path: str, body: bytes, headers: Mapping[str, str]) -> int:
        try:
            async with self._http.post(
                self._url + path, data=body, headers=headers, timeout=PATIENCE, allow_redirects=False
            ) as answer:
                return answer.status
        except (ClientError, TimeoutError, OSError) as error:
            raise GatewayBusyError(f"gateway: {type(error).__name__}") from error
