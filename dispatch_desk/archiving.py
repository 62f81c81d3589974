"""The archive: what was closed is put away month by month, instructed matters under a number of their own.

An instructed matter is numbered by the leader who instructed and the day of the instruction; several of one day follow
each other as they were recorded, so that no later one moves the number of an earlier one.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from dispatch_desk.cases import Case
from dispatch_desk.desk import Desk
from dispatch_desk.enclosures import enclosed
from dispatch_desk.following import Filled, Following
from dispatch_desk.store import archive, cases, steps
from dispatch_desk.store.facts import codes_of
from groundwork.audit import Action, Author
from groundwork.clock import Clock
from groundwork.database import Connection, Pool, storage_errors
from groundwork.vault import Vault
from hotline.casework import Step, Taken
from hotline.law import Provision
from hotline.periods import Period

MOST = 500  #: cases of one run
LOOKED_BACK = timedelta(days=731)  #: what was closed before that is past a run


@dataclass(frozen=True, kw_only=True, slots=True)
class Volume:
    """One case as the archive holds it."""

    case: Case
    steps: int
    number: str  #: of an instructed matter: leader, day, which of that day; else empty
    enclosures: Mapping[str, int]  #: how many of each sort: image, audio, video, file


@dataclass(frozen=True, kw_only=True, slots=True)
class Shelf:
    """What waits for the archive at the end of a month, and what was put away in it."""

    waiting: Sequence[Volume]
    kept: Sequence[Volume]
    rules: Sequence[Provision]


class Archiving:
    """The archive of one city's dispatch centre."""

    def __init__(self, pool: Pool, vault: Vault, desk: Desk, following: Following, *, clock: Clock) -> None:
        self._pool, self._vault, self._desk, self._following = pool, vault, desk, following
        self._clock = clock

    async def shelf(self, month: Period) -> Shelf:
        """Return what is to be archived by the end of ``month`` and what was archived in it."""
        async with storage_errors(), self._pool.acquire() as connection:
            waiting = await archive.waiting(
                connection, self._vault, first=month.end - LOOKED_BACK, until=month.end, limit=MOST
            )
            kept = await archive.kept(connection, self._vault, first=month.first, until=month.end, limit=MOST)
            shelf = [
                [await self._volume(connection, case, taken) for case, taken in some]
                for some in (waiting, kept)
            ]
        law = self._following.law_on(self._clock().date())
        rules = [rule for rule in law.desk_rules if rule.topic == "archive"]
        return Shelf(waiting=shelf[0], kept=shelf[1], rules=rules)

    async def run(self, month: Period, *, by: Author) -> int:
        """Archive everything that was closed before the end of ``month``; return how many cases that were."""
        shelf = await self.shelf(month)
        done = [await self.put_away(volume.case.number, by=by) for volume in shelf.waiting]
        return done.count("")

    async def put_away(self, number: str, *, by: Author, reason: str = "") -> str | None:
        """Archive one case; return what is in its way, empty where nothing is, ``None`` where there is no such case.

        A file that lacks something is archived with a ``reason`` alone.
        """
        filled = replace(await self._filled(number), reason=reason)
        mover = self._following.mover(Step.ARCHIVE, filled, unit="", by=by.account_id)
        return await self._desk.move(number, mover, unit=None, action=Action.CASE_STEP, by=by)

    async def _filled(self, number: str) -> Filled:
        async with storage_errors(), self._pool.acquire() as connection:
            case = await cases.find(connection, self._vault, number, known=False)
            if case is None:
                return Filled()
            taken = await steps.of_case(connection, self._vault, number, known=False)
            volume = await self._volume(connection, case, taken)
        sorts = "\n".join(f"{sort} {count}" for sort, count in volume.enclosures.items())
        return Filled(number=volume.number, recording=sorts)

    async def _volume(self, connection: Connection, case: Case, taken: Sequence[Taken]) -> Volume:
        history = await cases.history(connection, self._vault, case.number, known=False)
        sorts = Counter(_sort(one.type) for one in enclosed(case, history))
        number = await self._number(connection, case.number, taken)
        return Volume(case=case, steps=len(taken), number=number, enclosures=dict(sorted(sorts.items())))

    async def _number(self, connection: Connection, number: str, taken: Sequence[Taken]) -> str:
        instructed = next((one for one in reversed(taken) if one.step is Step.INSTRUCT), None)
        codes = codes_of(instructed) if instructed else []
        if instructed is None or not codes:
            return ""
        place = await archive.place_of(connection, number, codes)
        return f"{instructed.data['leader']}-{instructed.data['given_on']}-{place:02}"


def _sort(media_type: str) -> str:
    sort = media_type.partition("/")[0]
    return sort if sort in ("image", "audio", "video") else "file"
