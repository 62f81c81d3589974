"""The supervision board: what open cases call for, the ledgers, and warnings before and after each due moment."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from dispatch_desk.cases import Case
from dispatch_desk.clocks import countdown
from dispatch_desk.store import gathered, gone_up, people, supervision
from dispatch_desk.store.gone_up import GoneUp
from dispatch_desk.store.supervision import Warned
from dispatch_desk.supervising import Oversight, Supervising
from dispatch_desk.texting import Texting
from groundwork.clock import Clock, pause
from groundwork.database import Connection, Pool, storage_errors
from groundwork.vault import Vault
from hotline.casework import Step, Taken
from hotline.deadlines import Due
from hotline.errors import StorageAwayError

log = logging.getLogger(__name__)

MOST, MOST_WARNINGS, MOST_DUE = 200, 100, 2000
AHEAD = timedelta(
    days=2
)  #: how far ahead moments are looked at; on the last day, or when 70 % is gone, it is warned
EVERY = 60.0  #: seconds between two looks
ON_DUTY = frozenset({"duty_officer", "duty_leader"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Board:
    """What the page of supervision shows."""

    calling: Sequence[tuple[Case, Oversight]]
    ledgers: Mapping[str, Sequence[Case]]  #: by what the city's text calls each
    supervised: Mapping[str, Sequence[Case]]  #: by the form or grade of supervision
    forms: Mapping[str, str]  #: what those are called, by id
    warned: Sequence[Warned]
    on_duty: frozenset[str]  #: units with somebody on duty on file


class Supervision:
    """The supervision of one city's dispatch centre."""

    def __init__(
        self,
        pool: Pool,
        vault: Vault,
        supervising: Supervising,
        *,
        clock: Clock,
        texting: Texting | None = None,
    ) -> None:
        self._pool, self._vault, self._clock, self._texting = pool, vault, clock, texting
        self.supervising = supervising

    async def board(self) -> Board:
        """Return what open cases call for now, what stands in ledgers, and the latest warnings."""
        now = self._clock()
        async with storage_errors(), self._pool.acquire() as connection:
            found = await supervision.candidates(connection, self._vault, now=now, limit=MOST)
            entered = await gathered.with_steps(
                connection, self._vault, (Step.LEDGER, Step.SUPERVISE), limit=MOST
            )
            warned = await supervision.warnings(connection, limit=MOST_WARNINGS)
            filled = await people.filled(connection)
        seen = [(case, self.supervising.oversight(case, taken, now)) for case, taken in found]
        return Board(
            calling=[(case, oversight) for case, oversight in seen if oversight.calling],
            ledgers=_sorted(entered, Step.LEDGER, "basis"),
            supervised=_sorted(entered, Step.SUPERVISE, "proposal"),
            forms={one.id: one.says for one in self.supervising.forms(now)},
            warned=warned,
            on_duty=frozenset(unit for unit, roles in filled.items() if roles & ON_DUTY),
        )

    async def warn(self) -> int:
        """Note each warning that has become due, once; return how many there were."""
        now, count = self._clock(), 0
        async with storage_errors(), self._pool.acquire() as connection:
            due_soon = await supervision.unwarned(
                connection, self._vault, now=now, until=now + AHEAD, limit=MOST_DUE
            )
            for case in due_soon:
                due = case.next_due()
                clock = countdown(due, since=case.filed_at, now=now) if due else None
                if due is None or clock is None or clock.state == "calm":
                    continue
                warned = Warned(number=case.number, what=due.what, due_at=due.at, unit=case.lead_unit, at=now,
                                phase="after" if clock.state == "late" else "before")  # fmt: skip
                if await self._warned(connection, warned, due):
                    count += 1
                    log.info(
                        "due.warned", extra={"number": case.number, "what": due.what, "phase": warned.phase}
                    )
        return count

    async def _warned(self, connection: Connection, warned: Warned, due: Due) -> bool:
        """Note a warning and owe it by text, once; ``False`` if it was noted before."""
        async with connection.transaction():
            new = await supervision.warn(connection, warned)
            if new and self._texting is not None:
                await self._texting.warn(connection, warned, due)
        return new

    async def raise_up(self) -> int:
        """Note each matter that the city's text sends up to leaders by itself, once; return how many there were."""
        now, count = self._clock(), 0
        if not self.supervising.has_leaders(now):
            return 0
        async with storage_errors(), self._pool.acquire() as connection:
            found = await supervision.candidates(connection, self._vault, now=now, limit=MOST)
            for case, taken in found:
                await asyncio.sleep(0)  # pages go on meanwhile
                for matter, told in self.supervising.going_up(case, taken, now):
                    if await gone_up.note(
                        connection, GoneUp(number=case.number, matter=matter.id, told=told, at=now)
                    ):
                        count += 1
                        log.info("case.gone_up", extra={"number": case.number, "matter": matter.id})
        return count

    async def gone_up(self, number: str) -> Sequence[GoneUp]:
        """Return what of a case went up to leaders by itself."""
        async with storage_errors(), self._pool.acquire() as connection:
            return await gone_up.of_case(connection, number)

    async def warn_for_ever(self) -> None:
        """Look once a minute what is due and what goes up; the database being away stops nothing else."""
        while True:
            try:
                await self.warn()
                await self.raise_up()
            except StorageAwayError as error:
                log.warning("due.not_warned", extra={"error_type": type(error).__name__})
            await pause(self._clock, EVERY)


def _sorted(
    found: Sequence[tuple[Case, Sequence[Taken]]], step: Step, key: str
) -> Mapping[str, Sequence[Case]]:
    """Return the cases on which ``step`` was taken, by what its form held under ``key``."""
    held: dict[str, list[Case]] = {}
    for case, taken in found:
        for name in {one.data[key] for one in taken if one.step is step and key in one.data}:
            held.setdefault(name, []).append(case)
    return held
