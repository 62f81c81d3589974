"""Reads what the city's platform for text messages hands over (docs/channels/sms.md). Pure."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from channels.base import FieldError, ForgedError, TooLongError
from hotline.errors import NotAMessageError, NotAnEventError
from hotline.message import InboundMessage, clean
from hotline.returning import ReturnPath
from hotline.signing import Keys, verify
from hotline.texting import CHANNEL, mobile_of

NAME = CHANNEL
MAX_TEXT = 2_000  #: characters; the longest text that platforms put together from its parts has fewer
MESSAGES, SECONDS = 500, 366 * 86_400  #: texts that one telephone gets at most, and in which time
_ID = re.compile(r"[!-~]{1,100}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Arrival:
    """What is known about a text before it is read."""

    city: str
    received_at: datetime
    pseudonym: Callable[[str], str]


def check(keys: Keys, headers: Mapping[str, str], body: bytes, *, now: datetime) -> None:
    """Raise ``ForgedError`` unless the platform signed ``body`` just now; names of headers in lower case."""
    try:
        verify(keys, headers, body, now=now)
    except NotAnEventError as error:
        raise ForgedError("sms: wrong signature") from error


def decode(body: bytes, arrival: Arrival) -> InboundMessage:
    """Read one text, or raise ``NotAMessageError``; nothing else gets out."""
    try:
        said = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise FieldError("body", "a JSON object in UTF-8") from error
    if not isinstance(said, dict):
        raise FieldError("body", "a JSON object in UTF-8")
    id, sent_by, text = (said.get(name) for name in ("id", "from", "text"))
    if not isinstance(id, str) or not _ID.fullmatch(id):
        raise FieldError("id", "1 to 100 visible ASCII characters")
    mobile = mobile_of(sent_by) if isinstance(sent_by, str) else ""
    if not mobile:
        raise FieldError("from", "a mobile number")
    if not isinstance(text, str):
        raise FieldError("text", "a string")
    if len(text) > MAX_TEXT:
        raise TooLongError(MAX_TEXT, len(text))
    if not clean(text).strip():
        raise NotAMessageError("sms: an empty text")
    sender = sender_of(mobile, arrival.pseudonym)
    return InboundMessage(
        key=f"{NAME}:{mobile}:{id}", city=arrival.city, channel=NAME, conversation=conversation_of(sender), sender=sender,
        received_at=arrival.received_at, text=clean(text), numbered=True, reply_to=path_to(mobile),
    )  # fmt: skip


def sender_of(mobile: str, pseudonym: Callable[[str], str]) -> str:
    """Return the pseudonym of whoever has that mobile number."""
    return pseudonym(f"{NAME}:{mobile}")


def conversation_of(sender: str) -> str:
    """Return the conversation by text message with the telephone of that pseudonym."""
    return f"{NAME}:{sender}"


def path_to(mobile: str) -> ReturnPath:
    """Return the way on which a telephone is texted."""
    return ReturnPath(address=mobile, messages=MESSAGES, seconds=SECONDS)
