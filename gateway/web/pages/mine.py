"""The tickets that were looked up on this device, so that they can be opened again without typing."""

from dataclasses import dataclass, replace

from aiohttp import web
from itsdangerous import BadSignature, URLSafeSerializer

from gateway.web.pages.proving import Typed

COOKIE = "huying_tickets"
LIFE = 30 * 24 * 3600  #: seconds for which a device remembers that was told to
MOST = 20  #: tickets; the cookie stays below a kilobyte


@dataclass(frozen=True, kw_only=True, slots=True)
class Shelf:
    """What a device remembers, newest first."""

    tickets: tuple[Typed, ...] = ()
    long: bool = False  #: thirty days, else until the browser is closed
    known: bool = False  #: whether the browser sent it, so that what it is told next comes back too

    def code_of(self, number: str) -> str:
        """Return the query code of a ticket that is remembered, else the empty string."""
        return next((one.query_code for one in self.tickets if one.number == number), "")

    def plus(self, ticket: Typed) -> "Shelf":
        """Return the shelf with ``ticket`` in front."""
        rest = (one for one in self.tickets if one.number != ticket.number)
        return replace(self, tickets=(ticket, *rest)[:MOST])


class Mine:
    """Reads and writes the one signed cookie: numbers and query codes, nothing of who the person is."""

    def __init__(self, key: bytes, *, secure: bool) -> None:
        self._signer, self._secure = URLSafeSerializer(key, salt=COOKIE), secure

    def of(self, request: web.Request) -> Shelf:
        """Return what the device of ``request`` remembers; one that is not ours is empty."""
        try:
            long, pairs = self._signer.loads(request.cookies.get(COOKIE, ""))
        except BadSignature:
            return Shelf()
        tickets = tuple(Typed(number=number, query_code=code) for number, code in pairs)
        return Shelf(tickets=tickets, long=long, known=True)

    def keep(self, response: web.StreamResponse, shelf: Shelf) -> None:
        """Let the device remember ``shelf`` from now on."""
        pairs = [[one.number, one.query_code] for one in shelf.tickets]
        response.set_cookie(
            COOKIE, str(self._signer.dumps([shelf.long, pairs])), max_age=LIFE if shelf.long else None,
            path="/progress", httponly=True, samesite="Lax", secure=self._secure,
        )  # fmt: skip
