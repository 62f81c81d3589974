"""Carries one event to the dispatch centre: CloudEvents JSON under a Standard Webhooks signature."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from aiohttp import ClientError, ClientSession, ClientTimeout

from dispatch_client.errors import DispatchBusyError, error_for
from hotline.events import CONTENT_TYPE, Event
from hotline.signing import signed_headers

PATH = "/api/events"
PATIENCE = ClientTimeout(total=10, connect=3)


class DispatchClient:
    """Speaks to the centre at ``url``.

    ``clock`` stamps signatures, which the other side compares with its own: give it the real time,
    not a clock that was moved for a demonstration.
    """

    def __init__(
        self, http: ClientSession, url: str, key: bytes, clock: Callable[[], datetime], source: str
    ) -> None:
        self._http, self._url, self._key, self._clock = http, url.rstrip("/") + PATH, key, clock
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
        headers = signed_headers(self._key, id=event.id, at=self._clock(), body=body)
        status = await self._post(body, {"Content-Type": CONTENT_TYPE, **headers})
        if not 200 <= status < 300:
            raise error_for(status)

    async def _post(self, body: bytes, headers: Mapping[str, str]) -> int:
        try:
            async with self._http.post(
                self._url, data=body, headers=headers, timeout=PATIENCE, allow_redirects=False
            ) as answer:
                return answer.status
        except (ClientError, TimeoutError, OSError) as error:
            raise DispatchBusyError(f"dispatch centre: {type(error).__name__}") from error
