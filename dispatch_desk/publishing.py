"""What the texts have the desk publish: the month's figures of every unit, and the liaison officers of enterprises."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from dispatch_desk.people import Person
from dispatch_desk.reporting import Report, Reporting
from dispatch_desk.store import people
from groundwork.clock import Clock
from groundwork.database import Pool, storage_errors
from groundwork.vault import Vault
from hotline.citation import Citation
from hotline.citypack import CityPack
from hotline.periods import Period

MONTHS = 12  #: that are shown, the last one over first
LIAISON = "liaison"
_KEPT_FOR = timedelta(minutes=10)  #: anybody may ask, so a month is reckoned once in a while


class Publishing:
    """What anybody may read at one city's desk."""

    def __init__(
        self, pool: Pool, vault: Vault, reporting: Reporting, pack: CityPack, *, clock: Clock
    ) -> None:
        self._pool, self._vault, self._reporting = pool, vault, reporting
        self.pack, self.clock = pack, clock
        self._kept: dict[Period, tuple[datetime, Report]] = {}

    @property
    def circular_law(self) -> Citation | None:
        """The article that has figures published; none where the text has not."""
        rules = (rule for rule in self.pack.report_rules if rule.topic == "publish" and "public" in rule.to)
        found = sorted(rules, key=lambda rule: rule.every != "month")
        return found[0].citation if found else None

    @property
    def liaisons_law(self) -> Citation | None:
        """The article that has a list of liaison officers published; none where the text has not."""
        rules = (rule for rule in self.pack.desk_rules if rule.topic == "publish" and "public" in rule.to)
        return next((rule.citation for rule in rules if "enterprise" in rule.matters), None)

    def months(self) -> Sequence[Period]:
        """Return the months that are published, the newest first: those that are over."""
        now = Period.at(self.clock())
        return [now.before(n) for n in range(1, MONTHS + 1)]

    async def circular(self, period: Period) -> Report:
        """Return the figures of one of ``months``, at most ten minutes old."""
        now = self.clock()
        kept = self._kept.get(period)
        if kept is None or now - kept[0] > _KEPT_FOR:
            kept = now, await self._reporting.report(period, unit=None)
            self._kept = {month: self._kept[month] for month in self.months() if month in self._kept}
            self._kept[period] = kept
        return kept[1]

    async def liaisons(self) -> Sequence[Person]:
        """Return the liaison officers whose units let them be published."""
        async with storage_errors(), self._pool.acquire() as connection:
            return await people.published(connection, self._vault, LIAISON)
