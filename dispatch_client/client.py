"""Carries one event to the dispatch centre: CloudEvents JSON under a Standard Webhooks signature."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from aiohttp import (
    ClientConnectorCertificateError,
    ClientConnectorError,
    ClientConnectorSSLError,
    ClientError,
    ClientSession,
    ClientTimeout,
    ConnectionTimeoutError,
    InvalidURL,
)

from dispatch_client.errors import (
    DispatchAwayError,
    DispatchBusyError,
    DispatchUnreachedError,
    error_for,
)
from dispatch_client.guard import InternalTargetError
from hotline.errors import HotlineError
from hotline.events import CONTENT_TYPE, Event
from hotline.signing import Keys, signed_headers

PATH = "/api/events"
ALIVE = "/healthz"
PATIENCE = ClientTimeout(total=10, connect=3)


class DispatchClient:
    """Speaks to the centre at ``url``.

    ``clock`` stamps signatures, which the other side compares with its own: give it the real time,
    not a clock that was moved for a demonstration.
    """

    def __init__(
        self, http: ClientSession, url: str, keys: Keys, clock: Callable[[], datetime], source: str
    ) -> None:
        self._http, self._url, self._keys, self._clock = http, url.rstrip("/"), keys, clock
        self.source = source  #: URI by which this program names itself in its events

    def event(
        self, name: str, *, id: str, subject: str, sequence: int, at: datetime, data: Mapping[str, Any]
    ) -> Event:
        """Return an event that this program says."""
        return Event(
            id=id, source=self.source, name=name, subject=subject, sequence=sequence, at=at, data=data
        )

    async def deliver(self, event: Event) -> None:
        """Hand ``event`` over; done on return, ``retryable`` of what is raised tells whether to repeat."""
        body = event.body()
        headers = signed_headers(self._keys, id=event.id, at=self._clock(), body=body)
        status, retry_after = await self._post(body, {"Content-Type": CONTENT_TYPE, **headers})
        if not 200 <= status < 300:
            raise error_for(status, retry_after=retry_after, now=self._clock())

    async def _post(self, body: bytes, headers: Mapping[str, str]) -> tuple[int, str]:
        try:
            async with self._http.post(
                self._url + PATH, data=body, headers=headers, timeout=PATIENCE, allow_redirects=False
            ) as answer:
                return answer.status, answer.headers.get("Retry-After", "")
        except (ClientError, TimeoutError, OSError) as error:
            raise _failure(error) from error

    async def look(self) -> None:
        """Return when somebody answers at the centre's address, whatever they say; else raise as ``deliver`` does."""
        try:
            async with self._http.get(self._url + ALIVE, timeout=PATIENCE, allow_redirects=False) as answer:
                status = answer.status
        except (ClientError, TimeoutError, OSError) as error:
            raise _failure(error) from error
        if status >= 500:
            raise error_for(status)


def _failure(error: Exception) -> HotlineError:
    """Return what a try without an answer means; the text names no address."""
    why = f"dispatch centre: {type(error).__name__}"
    if isinstance(error, ClientConnectorError) and isinstance(error.os_error, InternalTargetError):
        return DispatchUnreachedError(str(error.os_error))
    # What TLS does not trust, or what is no address, is there to be looked at.
    if isinstance(error, ClientConnectorCertificateError | ClientConnectorSSLError | InvalidURL):
        return DispatchUnreachedError(why)
    if isinstance(error, ClientConnectorError | ConnectionTimeoutError):
        return DispatchAwayError(why)
    return DispatchBusyError(why)
