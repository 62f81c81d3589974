"""What leaders see: cases that went up to them by themselves, of their own level or of the bodies under them."""

from collections.abc import Sequence
from dataclasses import dataclass

from dispatch_desk.cases import Case
from dispatch_desk.store import cases, gone_up
from dispatch_desk.store.gone_up import GoneUp
from dispatch_desk.store.steps import of_cases
from dispatch_desk.supervising import Supervising
from groundwork.clock import Clock
from groundwork.database import Pool, storage_errors
from groundwork.vault import Vault
from hotline.casework import Step, Taken
from hotline.citypack import CityPack
from hotline.leading import Reach, reach_of
from hotline.supervising import Matter

MOST = 300  #: cases on the list
ACTS = (Step.INSTRUCT, Step.SUPERVISE)  #: what leaders do about a case


@dataclass(frozen=True, kw_only=True, slots=True)
class Raised:
    """One case that went up, with why and since when, and what leaders did about it."""

    case: Case
    matters: Sequence[tuple[Matter, GoneUp]]
    acts: Sequence[Taken]


class Leading:
    """What the leaders of one city are shown."""

    def __init__(
        self, pool: Pool, vault: Vault, pack: CityPack, supervising: Supervising, *, clock: Clock
    ) -> None:
        self._pool, self._vault, self._clock = pool, vault, clock
        self._pack, self._supervising = pack, supervising

    def reach(self, body: str) -> tuple[Reach, ...]:
        """Return how far a leader of ``body`` sees; without one it is a leader of the city."""
        return reach_of(self._pack, body)

    async def listed(self, body: str) -> Sequence[Raised]:
        """Return the open cases that went up to a leader of ``body``, what came last on top."""
        reach = self.reach(body)
        if not reach:
            return ()
        leads = None if any(one.leads is None for one in reach) else {
            name for one in reach for name in one.leads or ()
        }  # fmt: skip
        async with storage_errors(), self._pool.acquire() as connection:
            found = await gone_up.latest(
                connection, self._vault, told={one.rule.told_as for one in reach}, leads=leads, limit=MOST
            )
            steps = await of_cases(connection, self._vault, [case.number for case, _ in found])
        raised = (self._raised(case, gone, steps.get(case.number, ()), reach) for case, gone in found)
        return [one for one in raised if one is not None]

    async def find(self, number: str, body: str) -> Raised | None:
        """Return a case that went up to a leader of ``body``, people masked; ``None`` for every other."""
        async with storage_errors(), self._pool.acquire() as connection:
            case = await cases.find(connection, self._vault, number, known=False)
            gone = await gone_up.of_case(connection, number)
            steps = await of_cases(connection, self._vault, [number])
        return None if case is None else self._raised(case, gone, steps.get(number, ()), self.reach(body))

    def _raised(
        self, case: Case, gone: Sequence[GoneUp], taken: Sequence[Taken], reach: Sequence[Reach]
    ) -> Raised | None:
        mine = [one for one in gone if any(each.takes_in(case.lead_unit, one.told) for each in reach)]
        if not mine:
            return None
        known = {one.id: one for one in self._supervising.oversight(case, taken, self._clock()).matters}
        acts = tuple(one for one in taken if one.step in ACTS and one.by is not None)
        matters = [(known[one.matter], one) for one in mine if one.matter in known]
        return Raised(case=case, matters=matters, acts=acts)
