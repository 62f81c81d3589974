"""Number and query code: whoever knows both may see and add; whoever guesses is slowed down."""

import asyncio
import math
from asyncio import sleep as pause
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar
from weakref import WeakValueDictionary

from aiohttp import web

from gateway.web.ports import Limits
from groundwork.addresses import address_of, counted_as
from groundwork.limits import Take
from groundwork.problems import ProblemError
from hotline.ticket import CODE_LETTERS, is_ticket_number, normalised

Found = TypeVar("Found")

BY_NUMBER, BY_ADDRESS = "progress.number", "progress.address"
LONGEST_TYPED = 64
FREE_TRIES = 5  #: wrong pairs in a row that are told at once; each further one is told more slowly
SLOWER = 0.1  #: seconds that each further wrong pair is told later than the one before


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
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def found(
        self, typed: Typed, request: web.Request, find: Callable[[str, str], Awaitable[Found | None]]
    ) -> Found:
        """Return what ``find`` returns for the pair, or raise ``NoSuchTicketError`` or ``TooManyTriesError``.

        Whichever half is wrong, the same is counted, said and waited for.
        """
        number, code = normalised(typed.number), normalised(typed.query_code)
        well_formed = is_ticket_number(number) and len(code) == CODE_LETTERS
        address = counted_as(address_of(request))
        tries = [(BY_ADDRESS, address)] if address is not None else []
        tries += [(BY_NUMBER, number)] if well_formed else []
        # One look-up at a time for an address: those under way count as wrong until they turn out right, and an
        # office full of people who know their codes must not lock itself out.
        async with self._turns.setdefault(address or number, asyncio.Lock()):
            taken = await self._limits.take(*tries)
            if taken.wait > 0:
                raise TooManyTriesError(taken.wait)
            found = await self._looked_up(find, number, code, taken) if well_formed else None
        if found is None:
            await pause(SLOWER * max(0, FREE_TRIES - taken.left) if tries else 0.0)
            raise NoSuchTicketError(taken.left)
        return found

    async def _looked_up(
        self, find: Callable[[str, str], Awaitable[Found | None]], number: str, code: str, taken: Take
    ) -> Found | None:
        try:
            found = await find(number, code)
        except Exception:
            await self._limits.give_back(taken)  # nobody learnt whether it was right
            raise
        if found is not None:
            await self._limits.give_back(taken)
        return found
