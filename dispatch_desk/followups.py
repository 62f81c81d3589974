"""Whom to call: the cases that a unit replied to and whose petitioner has not said how they find it."""

from collections.abc import Sequence

from dispatch_desk.cases import Case
from dispatch_desk.following import Following, follow_up_due
from dispatch_desk.store.following import replied
from groundwork.clock import Clock
from groundwork.database import Pool, storage_errors
from groundwork.vault import Vault
from hotline.calendar import CITY_TIME
from hotline.deadlines import Due
from hotline.following_up import Asking, Standing, asking_of

MOST = 200  #: cases on the list of calls


class Followups:
    """The calls of one city's dispatch centre."""

    def __init__(self, pool: Pool, vault: Vault, following: Following, *, clock: Clock) -> None:
        self._pool, self._vault, self._clock = pool, vault, clock
        self.following = following

    @property
    def asking(self) -> Asking:
        """How the text in force has petitioners asked."""
        return asking_of(self.following.law_on(self._clock().astimezone(CITY_TIME).date()))

    async def waiting(self) -> Sequence[tuple[Case, Standing, Due | None]]:
        """Return the cases whose petitioner's view is not known, with the follow-up's moment, what is due first on top."""
        async with storage_errors(), self._pool.acquire() as connection:
            found = await replied(connection, self._vault, limit=MOST)
        now = self._clock()
        return [
            (case, self.following.standing(case, taken, now), follow_up_due(case)) for case, taken in found
        ]
