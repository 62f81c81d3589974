"""Number and query code: whoever knows both may see and add; whoever guesses is slowed down."""

import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from aiohttp import web

from gateway.web.ports import Limits
from groundwork.addresses import address_of
from groundwork.problems import ProblemError
from hotline.ticket import CODE_LETTERS, is_ticket_number, normalised

Found = TypeVar("Found")

BY_NUMBER, BY_ADDRESS = "progress.number", "progress.address"
LONGEST_TYPED = 64
MOST_TRIES = 10  #: what is left where nothing counts: neither an address nor a well-formed number


class NoSuchTicketError(ProblemError):
    """Number and code do not belong together; ``left`` tries remain."""

    def __init__(self, left: int) -> None:
        super().__init__(404, "no-such-ticket", "单号和查询码对不上，请对照回执再填。")
        self.left = left


class TooManyTriesError(ProblemError):
    """Locked for ``minutes``."""

    def __init__(self, seconds: float) -> None:
        self.minutes = max(1, math.ceil(seconds / 60))
        title = f"试的次数太多，请{self.minutes}分钟后再查，或者拨打12345。"
        super().__init__(429, "too-many-tries", title, headers={"Retry-After": str(math.ceil(seconds))})


@dataclass(frozen=True, kw_only=True, slots=True)
class Typed:
    """What a person typed, as it is shown again."""

    number: str = ""
    query_code: str = ""


class Proof:
    """Looks up what somebody proves to be theirs; wrong pairs are counted by number and by address."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits

    async def found(
        self, typed: Typed, request: web.Request, find: Callable[[str, str], Awaitable[Found | None]]
    ) -> Found:
        """Return what ``find`` returns for the pair, or raise ``NoSuchTicketError`` or ``TooManyTriesError``."""
        number, code = normalised(typed.number), normalised(typed.query_code)
        well_formed = is_ticket_number(number) and len(code) == CODE_LETTERS
        address = address_of(request)
        tries = [(BY_ADDRESS, address)] if address is not None else []
        tries += [(BY_NUMBER, number)] if well_formed else []
        wait = max([await self._limits.allowed(kind, who) for kind, who in tries], default=0.0)
        if wait > 0:
            raise TooManyTriesError(wait)
        found = await find(number, code) if well_formed else None
        if found is None:
            left = [await self._limits.failed(kind, who) for kind, who in tries]
            raise NoSuchTicketError(min(left, default=MOST_TRIES))
        return found
