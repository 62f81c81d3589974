"""Reads what the box sends: three lines, who, which and what."""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime

from channels.base import FieldError, ForgedError, TooLongError
from hotline.message import InboundMessage, clean

MAX_TEXT = 2_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Envelope:
    """What is known before reading."""

    city: str
    received_at: datetime


def check(key: bytes, signature: str, body: bytes) -> None:
    """Raise ``ForgedError`` unless the box signed ``body``."""
    good = hmac.new(key, body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(good.encode(), signature.encode("utf-8", "replace")):
        raise ForgedError("toy: wrong signature")


def decode(body: bytes, envelope: Envelope, pseudonym: str) -> InboundMessage:
    """Read one message of ``pseudonym``, or raise ``NotAMessageError``; nothing else."""
    card, id, text = lines(body)
    if len(text) > MAX_TEXT:
        raise TooLongError(MAX_TEXT, len(text))
    return InboundMessage(
        key=f"toy:{card}:{id}", city=envelope.city, channel="toy", conversation=f"toy:{pseudonym}", sender=pseudonym,
        received_at=envelope.received_at, text=text,
    )  # fmt: skip


def lines(body: bytes) -> tuple[str, str, str]:
    """Return card, id and text, cleaned."""
    try:
        card, id, text = clean(body.decode("utf-8")).split("\n", 2)
    except ValueError as error:
        raise FieldError("body", "three lines: card, id, text") from error
    return card, id, text
