"""Session tokens: signed, valid for thirty days, nothing to look up."""

import hashlib
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from itsdangerous import BadSignature, TimestampSigner

LIFE = timedelta(days=30)
_SESSION = re.compile(r"[A-Za-z0-9_-]{24}")


class _ClockedSigner(TimestampSigner):
    """Signs and checks by the installation's clock, which tests and the demo move."""

    def __init__(self, key: bytes, clock: Callable[[], datetime]) -> None:
        super().__init__(key, salt="webchat.session", key_derivation="hmac", digest_method=hashlib.sha256)
        self._clock = clock

    def get_timestamp(self) -> int:
        """Return now in whole seconds."""
        return int(self._clock().timestamp())


@dataclass(frozen=True, kw_only=True, slots=True)
class Session:
    """A fresh session and the token that proves it."""

    id: str
    token: str


class Sessions:
    """Opens sessions and knows its own tokens again."""

    def __init__(self, key: bytes, clock: Callable[[], datetime]) -> None:
        self._signer = _ClockedSigner(key, clock)

    def open(self) -> Session:
        """Return a new session that nobody can guess."""
        id = secrets.token_urlsafe(18)
        return Session(id=id, token=self._signer.sign(id).decode())

    def session_of(self, token: str) -> str | None:
        """Return the session of ``token``, or ``None`` when it is forged, damaged or older than thirty days."""
        try:
            id = self._signer.unsign(
                token.encode("utf-8", "replace"), max_age=int(LIFE.total_seconds())
            ).decode()
        except (BadSignature, UnicodeDecodeError):
            return None
        return id if _SESSION.fullmatch(id) else None
