"""The events that gateway and dispatch centre exchange: CloudEvents 1.0 in JSON (docs/events)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hotline.errors import NotAnEventError
from hotline.ticket import is_ticket_number

PREFIX, SUFFIX = "huying.ticket.", ".v1"
TO_DESK = ("filed", "urged", "supplemented", "rated", "withdrawn")
FROM_DESK = ("signed", "returned", "reassigned", "extended", "progressed", "replied", "followed_up", "closed", "reopened")  # fmt: skip
CONTENT_TYPE = "application/cloudevents+json"


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """Something that happened to one ticket."""

    id: str  #: the same for every delivery of the same event
    source: str  #: URI of the program that says it
    name: str  #: one of TO_DESK or FROM_DESK
    subject: str  #: ticket number
    sequence: int  #: per subject and source, from 1
    at: datetime
    data: Mapping[str, Any]

    def envelope(self) -> dict[str, Any]:
        """Return the event as a CloudEvent in the form of JSON data."""
        return {
            "specversion": "1.0",
            "id": self.id,
            "source": self.source,
            "type": f"{PREFIX}{self.name}{SUFFIX}",
            "subject": self.subject,
            "time": self.at.isoformat(),
            "sequence": f"{self.sequence:010}",  # CloudEvents sequence extension: ordered as text
            "datacontenttype": "application/json",
            "data": dict(self.data),
        }

    def body(self) -> bytes:
        """Return the event as the CloudEvents JSON that is signed and sent."""
        return json.dumps(self.envelope(), ensure_ascii=False, separators=(",", ":")).encode()


def read_event(body: bytes, *, names: tuple[str, ...]) -> Event:
    """Read an event whose name is one of ``names``, or raise ``NotAnEventError``."""
    try:
        envelope = json.loads(body)
        event = Event(
            id=_text(envelope, "id"),
            source=_text(envelope, "source"),
            name=_text(envelope, "type").removeprefix(PREFIX).removesuffix(SUFFIX),
            subject=_text(envelope, "subject"),
            sequence=_sequence(_text(envelope, "sequence")),
            at=datetime.fromisoformat(_text(envelope, "time")),
            data=envelope["data"],
        )
        json.dumps(envelope, ensure_ascii=False, allow_nan=False).encode()  # no lone surrogate, no NaN
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise NotAnEventError(f"not a ticket event: {type(error).__name__}") from error
    if envelope.get("specversion") != "1.0" or event.name not in names:
        raise NotAnEventError("unknown type or specversion; see docs/events")
    if not 2000 <= event.at.year < 3000:
        raise NotAnEventError("time is not of this millennium")
    if not is_ticket_number(event.subject) or event.at.tzinfo is None or not isinstance(event.data, dict):
        raise NotAnEventError("subject must be a ticket number, time must have an offset, data an object")
    return event


def _text(envelope: Any, name: str) -> str:
    value = envelope[name]
    if not isinstance(value, str) or not value or len(value) > 500:
        raise ValueError(name)
    return value


def _sequence(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or not 0 < int(text) < 10**10:
        raise ValueError("sequence")
    return int(text)
