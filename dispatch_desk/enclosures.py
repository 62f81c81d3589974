"""What citizens sent along: the desk keeps none of it and fetches each file from the gateway when somebody opens it."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

from aiohttp import ClientError, ClientSession, ClientTimeout, StreamReader

from dispatch_desk.cases import Case
from dispatch_desk.store.cases import Happening
from hotline.errors import HotlineError

PATIENCE = ClientTimeout(total=60, connect=3, sock_read=10)
_TICKET = "/api/dispatch/tickets/"


class EnclosureAwayError(HotlineError):
    """The gateway is away, or has not got the file from its platform yet; it may be asked for again."""

    retryable = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Enclosure:
    """One file of a case, as the gateway told of it; what it did not know yet is empty."""

    id: str
    name: str = ""
    type: str = ""
    size: int = 0


def enclosed(case: Case, history: Sequence[Happening]) -> tuple[Enclosure, ...]:
    """Return the files of a ticket and of its supplements, in the order in which they came; none of a confidential case.

    Pictures and papers tell who somebody is: of a confidential case nobody at the desk has a right to them.
    """
    if case.confidential:
        return ()
    supplements = [one.data for one in reversed(history) if one.name == "supplemented"]
    return tuple(one for data in (case.ticket, *supplements) for one in _of(data))


def _of(data: Mapping[str, Any]) -> list[Enclosure]:
    told = {file["id"]: file for file in data.get("files", ())}
    return [_enclosure(id, told.get(id, {})) for id in data.get("attachments", ())]


def _enclosure(id: str, told: Mapping[str, Any]) -> Enclosure:
    return Enclosure(id=id, name=told.get("name", ""), type=told.get("type", ""), size=told.get("size", 0))


class Fetching:
    """Fetches files from the gateway at ``url`` with the secret that both programs share."""

    def __init__(self, http: ClientSession, url: str, secret: str) -> None:
        self._http, self._url = http, url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {secret}"}

    @asynccontextmanager
    async def open(self, number: str, id: str) -> AsyncIterator[tuple[Enclosure, StreamReader]]:
        """Open the file ``id`` of a ticket by a fresh link; raises ``EnclosureAwayError``."""
        try:
            file = await self._file(number, id)
            link = urlsplit(file["url"])
            # Whatever host it names: the file is asked for where the ticket was.
            address = f"{self._url}{link.path}?{link.query}"
            async with self._http.get(address, timeout=PATIENCE, allow_redirects=False) as answer:
                if answer.status != 200:
                    raise EnclosureAwayError(f"gateway answered {answer.status}")
                yield _enclosure(id, file), answer.content
        except (ClientError, TimeoutError, OSError) as error:
            raise EnclosureAwayError(f"gateway: {type(error).__name__}") from error

    async def _file(self, number: str, id: str) -> Mapping[str, Any]:
        address = self._url + _TICKET + quote(number)
        async with self._http.get(
            address, headers=self._headers, timeout=PATIENCE, allow_redirects=False
        ) as answer:
            if answer.status != 200:
                raise EnclosureAwayError(f"gateway answered {answer.status}")
            ticket = await answer.json()
        told = [*ticket.get("files", ()), *_later(ticket)]
        found: Mapping[str, Any] | None = next((file for file in told if file["id"] == id), None)
        if found is None:
            raise EnclosureAwayError("the gateway names no such file")
        return found


def _later(ticket: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [file for event in ticket.get("events", ()) for file in event["data"].get("files", ())]
