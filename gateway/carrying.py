"""Carries out what the outbox owes: each kind of effect by whoever can."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any, TypeAlias

from hotline.errors import HotlineError
from hotline.events import Event


class UnknownEffectError(HotlineError):
    """The outbox holds an effect that this version does not know; a person must look."""


Carries: TypeAlias = Callable[[Mapping[str, Any]], Awaitable[None]]


class Carrier:
    """Knows for each kind of effect who carries it out; each is idempotent by its id."""

    def __init__(self, carriers: Mapping[str, Carries]) -> None:
        self._carriers = carriers

    async def carry(self, kind: str, body: Mapping[str, Any]) -> None:
        """Carry out one effect, or raise; a retryable error brings it back."""
        carries = self._carriers.get(kind)
        if carries is None:
            raise UnknownEffectError(kind)
        await carries(body)


def event_of(body: Mapping[str, Any], *, source: str) -> Event:
    """Return the event that the body of an effect of the kind ``event`` holds."""
    return Event(
        id=body["id"],
        source=source,
        name=body["name"],
        subject=body["subject"],
        sequence=body["sequence"],
        at=datetime.fromisoformat(body["at"]),
        data=body["data"],
    )
