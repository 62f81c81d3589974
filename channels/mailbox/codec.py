"""Reads what the form of a letter holds. Pure: values in, a message or every fault out."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from channels.multipart import Fault, FormRefusedError, Rules
from hotline.message import MAX_TEXT, InboundMessage, clean
from hotline.redaction import valid_phone

FILE = "attachment"
LONGEST: Mapping[str, int] = {  #: characters
    "subject": 40,
    "body": MAX_TEXT,
    "kind": 20,
    "place": 200,
    "name": 50,
    "phone": 40,
    "email": 254,
    "public": 5,
    "confidential": 5,
    "anonymous": 5,
}
FLAGS = ("public", "confidential", "anonymous")
KINDS = ("suggestion", "complaint", "consultation", "report", "help", "praise", "other")  #: CONTRACT
MOST_FILES, LARGEST_FILES = 5, 30 * 1024 * 1024  #: CONTRACT
#: Bytes that are read of one value: what is too long comes back to whoever typed it, a million characters do not.
_READ = {name: 4 * longest * 4 + 1_024 for name, longest in LONGEST.items()}
#: who the writer is; an anonymous letter is stored without
_WHO = ("name", "phone", "email")
_ORDER = ("subject", "kind", "place", *_WHO, *FLAGS)
_KEY = re.compile(r"[\x21-\x7e]{1,200}")
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s.]+(?:\.[^@\s.]+)+")
_MOBILE = re.compile(r"1[0-9]*")


@dataclass(frozen=True, kw_only=True, slots=True)
class Envelope:
    """What the server knows about a letter before it reads it."""

    city: str
    key: str  #: of the message
    sender: str
    received_at: datetime


def rules(*more: str, repeated: Iterable[str] = ()) -> Rules:
    """Return what a letter's form may hold; pages have fields of their own besides."""
    own = dict.fromkeys((*more, *repeated), 1_000)
    return Rules(
        fields={**_READ, **own}, file=FILE, repeated=frozenset(repeated), most_files=MOST_FILES,
        largest_files=LARGEST_FILES,
    )  # fmt: skip


def letter_key(given: str) -> str:
    """Return the key of a letter that came with that ``Idempotency-Key``, or raise ``FormRefusedError``."""
    if not _KEY.fullmatch(given):
        raise FormRefusedError([Fault(field="Idempotency-Key", reason="key")])
    # A colon would divide the key anew: what is added to a letter has keys that begin with the letter's.
    return f"mailbox:{quote(given, safe='.~_-')}"


def read(values: Mapping[str, str], *, needed: Iterable[str] = ("subject", "body")) -> tuple[Fault, ...]:
    """Return everything that is wrong with the values of a letter."""
    missing = [name for name in needed if not clean(values.get(name, "")).strip()]
    faults = [Fault(field=name, reason="missing") for name in missing]
    for name, longest in LONGEST.items():
        value = values.get(name, "").strip()
        fault = _fault_of(name, value, longest) if value else None
        faults += [fault] if fault else []
    return tuple(faults)


def _fault_of(name: str, value: str, longest: int) -> Fault | None:
    if len(value) > longest:
        return Fault(field=name, reason="too_long", found=len(value), limit=longest)
    if name in FLAGS:
        return None if value in ("true", "false") else Fault(field=name, reason="flag")
    if name == "kind":
        return None if value in KINDS else Fault(field=name, reason="choice")
    if name == "email":
        return None if _EMAIL.fullmatch(value) else Fault(field=name, reason="email")
    return _phone_fault(value) if name == "phone" else None


def _phone_fault(value: str) -> Fault | None:
    if valid_phone(value) is not None:
        return None
    digits = "".join(letter for letter in value if letter.isdecimal())
    if _MOBILE.fullmatch(digits) and len(digits) != 11:
        return Fault(field="phone", reason="digits", found=len(digits), limit=11)
    return Fault(field="phone", reason="phone")


def letter(
    values: Mapping[str, str], attachments: Iterable[str], envelope: Envelope, *, channel: str = "mailbox"
) -> InboundMessage:
    """Return the letter of values in which nothing is wrong; an anonymous one holds nothing of its writer."""
    told = {name: clean(values.get(name, "")).strip() for name in _ORDER}
    told["phone"] = valid_phone(told["phone"]) or ""
    told |= {name: "true" if told[name] == "true" else "false" for name in FLAGS}
    if told["anonymous"] == "true":
        told |= dict.fromkeys(_WHO, "")
    return InboundMessage(
        key=envelope.key, city=envelope.city, channel=channel, conversation=f"{channel}:{envelope.sender}",
        sender=envelope.sender, received_at=envelope.received_at, text=clean(values["body"]).strip(),
        fields=tuple((name, told[name]) for name in _ORDER if told[name]),
        attachments=tuple(dict.fromkeys(attachments)), letter=True,
    )  # fmt: skip
