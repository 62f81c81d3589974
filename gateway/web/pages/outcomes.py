"""What a form of the progress page led to, kept for half an hour so that it has an address that Back shows again."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from aiohttp import web

from channels.base import SentReply
from gateway.web.faults import Told
from gateway.web.floods import TooManyMessagesError
from gateway.web.pages.proving import NoSuchTicketError, TooManyTriesError, Typed
from gateway.web.ports import Sheets
from hotline.records import from_record, to_record

PLACE, COOKIE = "/progress/seen", "huying_seen"


@dataclass(frozen=True, kw_only=True, slots=True)
class Acted:
    """What was asked for under the timeline, and what came of it."""

    doing: str  #: urge, add, rate or withdraw
    text: str  #: what was typed, when it has to be shown again
    grade: str
    solved: str
    lacks: bool  #: what is needed was not given
    long: bool
    said: tuple[SentReply, ...] = ()
    flood: str = ""  #: what is said to somebody who sent too much lately
    faults: tuple[Told, ...] = ()  #: what is wrong with what was sent along

    @property
    def undone(self) -> bool:
        """Nothing was taken: what was typed is shown again."""
        return self.lacks or self.long or bool(self.flood or self.faults)


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """The page that a form leads to: ``form``, ``timeline`` or ``receipt``."""

    page: str
    typed: Typed
    status: int = 200
    wait: str = ""  #: seconds after which it can be tried again
    acted: Acted | None = None
    missing: tuple[str, ...] = ()  #: fields that were left empty
    wrong: str = ""  #: that number and code do not belong together, in words
    left: int = 0  #: tries that remain then
    locked: str = ""  #: that it is too much, in words
    broken: tuple[Told, ...] = ()  #: what is wrong with a form that did not arrive whole

    @classmethod
    def of(cls, typed: Typed, error: NoSuchTicketError | TooManyTriesError) -> Self:
        """Return what is shown to somebody who did not prove a ticket to be theirs."""
        if isinstance(error, NoSuchTicketError):
            return cls(page="form", typed=typed, status=error.status, wrong=error.title, left=error.left)
        return cls(page="form", typed=typed, status=error.status, locked=error.title, wait=waits(error))

    @property
    def urgent(self) -> bool:
        """Whether it holds a number to call, which must not hang on another page."""
        return self.acted is not None and any(sent.reply.kind == "emergency" for sent in self.acted.said)


class Outcomes:
    """Keeps outcomes sealed, each for one browser until it is closed, and for one secret address."""

    def __init__(self, sheets: Sheets, *, secure: bool) -> None:
        self._sheets, self._secure = sheets, secure

    async def address_of(self, request: web.Request, outcome: Outcome) -> str:
        """Return where ``outcome`` can be seen from now on; empty where it cannot be kept, so that it is shown at once."""
        id = secrets.token_urlsafe(18)
        if COOKIE not in request.cookies or outcome.urgent:
            return ""
        kept = await self._sheets.put(_owner(request, id), to_record(outcome))
        return f"{PLACE}/{id}" if kept else ""

    async def seen(self, request: web.Request, id: str) -> Outcome | None:
        """Return what was kept under ``id`` for the browser of ``request``."""
        kept = await self._sheets.get(_owner(request, id)) if COOKIE in request.cookies else None
        return from_record(Outcome, kept) if isinstance(kept, Mapping) else None

    def greet(self, request: web.Request, response: web.StreamResponse) -> None:
        """Give a browser that has none the name by which its outcomes are kept; coming back, it tells that they can be."""
        if COOKIE not in request.cookies:
            response.set_cookie(
                COOKIE,
                secrets.token_urlsafe(18),
                path="/progress",
                httponly=True,
                samesite="Lax",
                secure=self._secure,
            )


def redirect(address: str) -> web.Response:
    """Return the answer that sends a browser there by GET."""
    return web.Response(status=303, headers={"Location": address})


def waits(error: TooManyTriesError | TooManyMessagesError) -> str:
    """Return the seconds after which it can be tried again."""
    return str(error.more["headers"]["Retry-After"])


def _owner(request: web.Request, id: str) -> str:
    return f"progress:{request.cookies[COOKIE]}:{id}"
