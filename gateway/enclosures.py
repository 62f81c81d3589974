"""What citizens sent along, for the dispatch centre: by links that hold for an hour and need no secret."""

import hashlib
import hmac
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol
from urllib.parse import quote, urlencode

from channels.attachments import ENDINGS
from channels.base import StoredFile
from groundwork.clock import Clock
from groundwork.vault import Vault
from hotline.calendar import CITY_TIME

LINKS_FOR = timedelta(hours=1)
PATH = "/api/dispatch/files/"


class Kept(Protocol):
    """The files on record."""

    async def described(self, ids: Sequence[str]) -> tuple[StoredFile, ...]:
        """Return those of ``ids`` that are on record, in that order; what is not fetched yet has no type."""

    def open(self, id: str) -> AsyncIterator[bytes]:
        """Yield what the attachment holds; raises ``NoSuchFileError``."""


class Enclosures:
    """Makes and reads the links; ``at`` is the gateway's address as the centre reaches it.

    Files are named by their place and type: the names that citizens give them tell who people are.
    """

    def __init__(self, kept: Kept, vault: Vault, *, at: str, real_time: Clock) -> None:
        self._kept, self._at, self._now = kept, at.rstrip("/"), real_time
        self._key = vault.derived("dispatch.files")

    async def complete(self, data: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the data of an event with a fresh link for each of its attachments."""
        ids = data.get("attachments")
        if not ids:
            return data
        until = (self._now() + LINKS_FOR).replace(microsecond=0)
        stored = await self._kept.described(ids)
        return {**data, "files": [self._told(place, one, until) for place, one in enumerate(stored, 1)]}

    def _told(self, place: int, file: StoredFile, until: datetime) -> dict[str, Any]:
        return {
            "id": file.id,
            "name": f"{place}{ending(file.type)}",
            "type": file.type,
            "size": file.size,
            "url": self._link(file.id, until),
            "expires_at": until.astimezone(CITY_TIME).isoformat(),
        }

    def _link(self, id: str, until: datetime) -> str:
        expires = str(int(until.timestamp()))
        query = urlencode({"expires": expires, "signature": self._signature(id, expires)})
        return f"{self._at}{PATH}{quote(id)}?{query}"

    def _signature(self, id: str, expires: str) -> str:
        return hmac.new(self._key, f"{id}.{expires}".encode(), hashlib.sha256).hexdigest()

    def is_open(self, id: str, expires: str, signature: str) -> bool:
        """Tell whether this link is ours and still holds."""
        if not (expires.isascii() and expires.isdigit() and len(expires) <= 11):
            return False
        right = hmac.compare_digest(
            self._signature(id, expires).encode(), signature.encode("utf-8", "replace")
        )
        return right and self._now().timestamp() < int(expires)

    def read(self, id: str) -> AsyncIterator[bytes]:
        """Yield what the attachment holds; raises ``NoSuchFileError``."""
        return self._kept.open(id)


def ending(kind: str) -> str:
    """Return the ending of files of a type, empty where there is none."""
    return f".{ENDINGS[kind][0]}" if kind in ENDINGS else ""
