"""Reads what a browser or an API client sends. Pure: bytes or form values in, a message out."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from channels.base import FieldError, TooLongError
from hotline.message import InboundMessage, Location, clean

MAX_TEXT = 4_000  #: characters of one message (CONTRACT)
MAX_FIELD = 10_000  #: characters of one fact of a summary, which may gather several messages
MAX_FIELDS = 20
MAX_ATTACHMENTS = 5  #: of one message
MAX_BODY = 256 * 1024  #: bytes; every character may arrive escaped
FORM_FIELD = "field."  #: prefix of a summary's facts among form values

_ID = re.compile(r"[A-Za-z0-9_-]{1,100}")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_ATTACHMENT = re.compile(r"[0-9a-f]{32}")
_KNOWN = frozenset({"id", "text", "option", "location", "fields", "attachments"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Envelope:
    """What the server knows about a message before it reads it."""

    city: str
    session: str
    sender: str
    received_at: datetime


def conversation_of(session: str) -> str:
    """Return the conversation that a session is."""
    return f"webchat:{session}"


def decode(body: bytes, envelope: Envelope) -> InboundMessage:
    """Read the JSON body of ``POST /api/chat/messages``, or raise ``NotAMessageError``; nothing else."""
    return _message(_read(body), envelope)


def _read(body: bytes) -> Mapping[str, Any]:
    if len(body) > MAX_BODY:
        raise TooLongError(MAX_TEXT)
    try:
        data = json.loads(body.decode("utf-8"), object_pairs_hook=_object, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:  # "[" * 200000 is a RecursionError, not a ValueError
        raise FieldError("body", "not one JSON object in UTF-8") from error
    if not isinstance(data, dict):
        raise FieldError("body", "not a JSON object")
    return data


def decode_frame(text: str) -> Mapping[str, Any]:
    """Read one frame of a socket as a JSON object with a ``type``, or raise ``NotAMessageError``; nothing else."""
    data = _read(text.encode("utf-8", "replace"))
    if not isinstance(data.get("type"), str):
        raise FieldError("body", "a frame needs a type")
    return data


def decode_said(frame: Mapping[str, Any], envelope: Envelope) -> InboundMessage:
    """Read the message in a ``say`` frame, or raise ``NotAMessageError``; nothing else."""
    return _message(frame, envelope)


def place_asked(frame: Mapping[str, Any]) -> str:
    """Return the id of the last reply that the client of a ``resume`` frame has; empty for none."""
    after = frame.get("after")
    return after if isinstance(after, str) else ""


def decode_form(form: Mapping[str, str], envelope: Envelope) -> InboundMessage:
    """Read the values of a page's form, or raise ``NotAMessageError``; nothing else."""
    data: dict[str, Any] = {name: form[name] for name in ("id", "text", "option") if form.get(name)}
    if form.get("attachments"):
        data["attachments"] = form["attachments"].split(",")
    if form.get("lat") or form.get("lon"):
        data["location"] = {"lat": _number(form.get("lat")), "lon": _number(form.get("lon"))}
    edited = {
        name.removeprefix(FORM_FIELD): value for name, value in form.items() if name.startswith(FORM_FIELD)
    }
    return _message(data | ({"fields": edited} if edited else {}), envelope)


def _message(data: Mapping[str, Any], envelope: Envelope) -> InboundMessage:
    id = data.get("id")
    if not isinstance(id, str) or not _ID.fullmatch(id):
        raise FieldError("id", "1 to 100 letters, digits, hyphens or underscores")
    text, option, location = (
        _text(data.get("text")),
        _option(data.get("option")),
        _location(data.get("location")),
    )
    fields, attachments = _fields(data.get("fields")), attachments_of(data)
    if not (text.strip() or option or location or fields or attachments):
        raise FieldError("text", "nothing was said or chosen")
    conversation = conversation_of(envelope.session)
    return InboundMessage(
        key=f"{conversation}:{id}", city=envelope.city, channel="webchat", conversation=conversation,
        sender=envelope.sender, received_at=envelope.received_at,
        text=text, option=option, location=location, fields=fields, attachments=attachments,
    )  # fmt: skip


def attachments_of(data: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the ids of attachments that ``data`` names; whose they are, only their keeper knows."""
    value = data.get("attachments")
    if value is None:
        return ()
    if not isinstance(value, list) or len(value) > MAX_ATTACHMENTS:
        raise FieldError("attachments", f"must be a list of at most {MAX_ATTACHMENTS} ids")
    if not all(isinstance(id, str) and _ATTACHMENT.fullmatch(id) for id in value):
        raise FieldError("attachments", "must be ids that an upload returned")
    return tuple(dict.fromkeys(value))


def client_id(message: InboundMessage) -> str:
    """Return the id that the client gave to ``message``."""
    return message.key.removeprefix(f"{message.conversation}:")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    # Parsers differ in which of two equal names wins, so a body that repeats one of ours has no meaning.
    found = dict(pairs)
    if len(found) != len(pairs) and any(
        [n for n, _ in pairs].count(name) > 1 for name in _KNOWN & set(found)
    ):
        raise ValueError("a name is given twice")
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _string(value: Any, field: str) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise FieldError(field, "must be a string")
    return clean(value)


def _text(value: Any) -> str:
    text = _string(value, "text")
    if len(text) > MAX_TEXT:
        raise TooLongError(MAX_TEXT, len(text))
    return text


def _option(value: Any) -> str | None:
    option = _string(value, "option").strip()
    if len(option) > 100:
        raise FieldError("option", "must be an id that a reply offered")
    return option or None


def _location(value: Any) -> Location | None:
    if value is None:
        return None
    if not isinstance(value, dict):
        raise FieldError("location", "must be an object with lat and lon")
    label = _string(value.get("label"), "location")
    if len(label) > 200:
        raise FieldError("location", "label is longer than 200 characters")
    return Location(lat=_degrees(value.get("lat"), 90), lon=_degrees(value.get("lon"), 180), label=label)


def _number(text: Any) -> float | None:
    try:
        return float(text)
    except (TypeError, ValueError):
        return None


def _degrees(value: Any, limit: int) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not -limit <= value <= limit:
        raise FieldError("location", "lat and lon must be degrees (WGS-84)")
    return float(value)


def _fields(value: Any) -> tuple[tuple[str, str], ...]:
    if value is None:
        return ()
    if not isinstance(value, dict) or len(value) > MAX_FIELDS:
        raise FieldError("fields", f"must be an object of at most {MAX_FIELDS} names and strings")
    return tuple(sorted((_name(name), _value(text)) for name, text in value.items()))


def _name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise FieldError("fields", "names are those of the summary")
    return name


def _value(value: Any) -> str:
    text = _string(value, "fields")
    if len(text) > MAX_FIELD:
        raise TooLongError(MAX_FIELD, len(text))
    return text
