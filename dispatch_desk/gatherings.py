"""Lists that the texts ask for beside the inbox: the month's meeting, the ledger of letters, the archive."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from dispatch_desk.cases import Case
from dispatch_desk.following import Following
from dispatch_desk.store import gathered
from groundwork.clock import Clock
from groundwork.database import Pool, storage_errors
from groundwork.vault import Vault
from hotline.caseclock import due_in
from hotline.casework import Step, Taken
from hotline.citation import Citation
from hotline.citypack import CityPack, DeskStep
from hotline.deadlines import Due
from hotline.meetings import PUTTING, Point, points_of
from hotline.periods import Period

MOST = 1000  #: cases on one list


@dataclass(frozen=True, kw_only=True, slots=True)
class Letter:
    """One line of the ledger of letters."""

    case: Case
    due: Due | None  #: of the reply
    steps: Mapping[Step, Taken]  #: the last of each


@dataclass(frozen=True, kw_only=True, slots=True)
class Filed:
    """One file of the archive, or one that waits for it."""

    case: Case
    closed_at: datetime
    archived_at: datetime | None
    missing: Sequence[DeskStep]


class Gatherings:
    """The lists of one city's dispatch centre."""

    def __init__(
        self, pool: Pool, vault: Vault, pack: CityPack, following: Following, *, clock: Clock
    ) -> None:
        self._pool, self._vault, self.clock = pool, vault, clock
        self._following, self.pack = following, pack

    async def agenda(self, period: Period) -> Sequence[tuple[Case, Point]]:
        """Return what the meeting of ``period`` has to decide or did decide, what was put first on top."""
        async with storage_errors(), self._pool.acquire() as connection:
            found = await gathered.with_steps(connection, self._vault, PUTTING, limit=MOST)
        points = [
            (case, point)
            for case, taken in found
            for point in points_of(self._following.law_of(case), taken)
            if point.is_on(period)
        ]
        return sorted(points, key=lambda one: (one[1].put_at, one[0].number))

    @property
    def ledger(self) -> tuple[Sequence[str], Citation] | None:
        """The channels whose letters have a ledger of their own, with the article; none where the text has none."""
        rule = next((rule for rule in self.pack.desk_rules if rule.topic == "ledger" and rule.channels), None)
        return (rule.channels, rule.citation) if rule else None

    async def letters(self, period: Period) -> Sequence[Letter]:
        """Return the letters of ``period`` in the order in which they came."""
        if self.ledger is None:
            return ()
        async with storage_errors(), self._pool.acquire() as connection:
            found = await gathered.of_channels(
                connection, self._vault, self.ledger[0], period, limit=10 * MOST
            )
        return [
            Letter(case=case, due=due_in(case.dues, "finish"), steps={one.step: one for one in taken})
            for case, taken in found
        ]

    async def ledgers(self, period: Period) -> Sequence[tuple[Case, Taken]]:
        """Return every entry that was made in a ledger in ``period``, with its case, the first one first."""
        async with storage_errors(), self._pool.acquire() as connection:
            found = await gathered.with_steps(
                connection, self._vault, (Step.LEDGER,), limit=MOST, period=period
            )
        entries = [
            (case, one) for case, taken in found for one in taken if one.step is Step.LEDGER and one.at in period
        ]  # fmt: skip
        return sorted(entries, key=lambda entry: (entry[1].at, entry[0].number))

    @property
    def archive_law(self) -> Citation | None:
        """The article that has files kept; none where the text is silent."""
        return next((rule.citation for rule in self.pack.desk_rules if rule.topic == "archive"), None)

    async def archive(self, period: Period, unit: str | None) -> Sequence[Filed]:
        """Return the files closed in ``period``, newest first; with ``unit`` given those of the cases that it leads."""
        now = self.clock()
        async with storage_errors(), self._pool.acquire() as connection:
            found = await gathered.with_steps(
                connection, self._vault, (Step.CLOSE,), limit=MOST, period=period, unit=unit
            )
        return [
            Filed(
                case=case,
                closed_at=max(one.at for one in taken if one.step is Step.CLOSE),
                archived_at=max((one.at for one in taken if one.step is Step.ARCHIVE), default=None),
                missing=self._following.lacking(case, taken, now),
            )
            for case, taken in found
        ]
