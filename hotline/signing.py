"""Standard Webhooks signatures: HMAC-SHA256 over id, time and body (standardwebhooks.com, v1).

While a secret is being changed there are two keys, the new one first: what is sent carries a signature of each, and what
comes in is taken under either.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TypeAlias

from hotline.errors import NotAnEventError

TOLERANCE = timedelta(minutes=5)
Keys: TypeAlias = bytes | tuple[bytes, ...]  #: one key, or the new one and those that still hold


def signature(key: bytes, *, id: str, at: datetime, body: bytes) -> str:
    """Return the ``webhook-signature`` value of ``body``."""
    signed = b".".join((id.encode(), str(int(at.timestamp())).encode(), body))
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def signed_headers(keys: Keys, *, id: str, at: datetime, body: bytes) -> dict[str, str]:
    """Return the three headers that go with ``body``, signed with each of ``keys``."""
    return {
        "webhook-id": id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(signature(key, id=id, at=at, body=body) for key in every(keys)),
    }


def key_of(secret: str) -> bytes:
    """Return the key bytes of a well-formed ``whsec_…`` secret."""
    return base64.b64decode(secret.removeprefix("whsec_"))


def every(keys: Keys) -> tuple[bytes, ...]:
    """Return ``keys`` as a tuple, however many there are."""
    return (keys,) if isinstance(keys, bytes) else keys


def verify(keys: Keys, headers: Mapping[str, str], body: bytes, *, now: datetime) -> str:
    """Return the id of a body that was signed with one of ``keys`` within five minutes of ``now``.

    Raises ``NotAnEventError`` for anything else; header names are looked up in lower case.
    """
    id, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not id or not id.isascii() or not stamp.isascii() or not stamp.isdigit() or len(stamp) > 11:
        raise NotAnEventError("webhook-id or webhook-timestamp is missing or malformed")
    at = datetime.fromtimestamp(int(stamp), now.tzinfo)
    if abs(now - at) > TOLERANCE:
        raise NotAnEventError("webhook-timestamp is more than five minutes away from now")
    wanted = [signature(key, id=id, at=at, body=body).encode() for key in every(keys)]
    given = [one.encode("utf-8", "replace") for one in headers.get("webhook-signature", "").split(" ")]
    if not any(hmac.compare_digest(mine, one) for mine in wanted for one in given):
        raise NotAnEventError("webhook-signature does not match")
    return id
