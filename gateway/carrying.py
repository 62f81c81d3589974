"""Carries out what the outbox owes: events for the dispatch centre."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from dispatch_client.client import DispatchClient
from hotline.errors import HotlineError
from hotline.events import Event


class UnknownEffectError(HotlineError):
    """The outbox holds an effect that this version does not know; a person must look."""


class Carrier:
    """Knows for each kind of effect who carries it out; each is idempotent by its id."""

    def __init__(self, dispatch: DispatchClient, *, source: str) -> None:
        self._dispatch, self._source = dispatch, source

    async def carry(self, kind: str, body: Mapping[str, Any]) -> None:
        """Carry out one effect, or raise; a retryable error brings it back."""
        if kind != "event":
            raise UnknownEffectError(kind)
        await self._dispatch.deliver(
            Event(
                id=body["id"],
                source=self._source,
                name=body["name"],
                subject=body["subject"],
                sequence=body["sequence"],
                at=datetime.fromisoformat(body["at"]),
                data=body["data"],
            )
        )
