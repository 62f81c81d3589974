"""Figures and scores of one city's units for a period, with what people entered for them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from dispatch_desk.store import entries, facts
from groundwork.audit import Action, Audit, Author
from groundwork.clock import Clock
from groundwork.database import Pool, storage_errors
from groundwork.vault import Vault
from hotline.calendar import CITY_TIME
from hotline.citypack import CityPack
from hotline.figures import CaseFacts, Rate, city_rates, common_rates
from hotline.law import Provision
from hotline.marks import Entry, Known, Part, Picked, Ranking, Sheet, assess, confirmer, often, parts_of
from hotline.periods import Period

YEAR_BACK = 11  #: months before the one asked for that interviews are counted in


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """The figures of one unit, or of all."""

    unit: str  #: empty for all together
    tickets: int
    rates: Mapping[str, Rate]


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """The figures of a period: all together, each unit that has any, and the tickets filed day by day."""

    period: Period
    whole: Row
    rows: Sequence[Row]
    days: Sequence[tuple[date, int]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Scores:
    """Every unit's score for a period, the lists of places, what follows, and what was entered."""

    period: Period
    sheets: Mapping[str, Sheet]
    rankings: Sequence[Ranking]
    often: Sequence[Picked]
    entries: Sequence[Entry]


class Reporting:
    """What the desk's reports read and write, each in one transaction."""

    def __init__(self, pool: Pool, vault: Vault, audit: Audit, pack: CityPack, *, clock: Clock) -> None:
        self._pool, self._vault, self._audit, self.clock = pool, vault, audit, clock
        self.pack = pack

    async def report(self, period: Period, *, unit: str | None) -> Report:
        """Return the figures of ``period``; with ``unit`` given only that unit's."""
        cases = await self._cases(period, unit)
        filed = Counter(
            case.filed_at.astimezone(CITY_TIME).date() for case in cases if case.filed_at in period
        )
        return Report(
            period=period,
            whole=self._row("", cases, period),
            rows=[self._row(name, some, period) for name, some in _by_unit(cases).items()],
            days=sorted(filed.items()),
        )

    async def scores(self, period: Period, *, apart: bool | None = None) -> Scores:
        """Return the scores of ``period``; with ``apart`` only of what is scored apart, or of the rest."""
        cases = [case for case in await self._cases(period, None) if self._is_asked(case, apart)]
        last = [*period.months()][-1]
        given = await self._entries(last.before(max(YEAR_BACK, len([*period.months()]) - 1)), last)
        known = Known(pack=self.pack, cases=_by_unit(cases), entries=given, now=self.clock())
        sheets, lists = assess(known, period)
        return Scores(period=period, sheets=sheets, rankings=lists, often=often(known, last), entries=given)

    async def enter(self, entry: Entry, *, by: Author) -> None:
        """Put on record what people know of a unit."""
        async with storage_errors(), self._pool.acquire() as connection, connection.transaction():
            await entries.insert(connection, self._vault, entry, by=by.account_id, at=self.clock())
            what = f"{entry.rule}/{entry.item}"
            await self._audit.note(connection, Action.SCORE_ENTERED, "unit", entry.unit, by=by, why=what)

    async def withdraw(self, id: int, *, by: Author) -> bool:
        """Let an entry count no more; ``False`` if it does not count."""
        async with storage_errors(), self._pool.acquire() as connection, connection.transaction():
            unit = await entries.withdraw(connection, id, at=self.clock())
            if unit is not None:
                await self._audit.note(connection, Action.SCORE_WITHDRAWN, "unit", unit, by=by, why=str(id))
        return unit is not None

    async def confirm(self, id: int, confirmation: str, *, by: Author) -> bool:
        """Note who above confirmed an entry of money; ``False`` if there is nothing to confirm."""
        rules = [part.rule.id for part in parts_of(self.pack, "money")]
        async with storage_errors(), self._pool.acquire() as connection, connection.transaction():
            unit = await entries.confirm(connection, self._vault, id, confirmation, rules=rules)
            if unit is not None:
                await self._audit.note(connection, Action.SCORE_CONFIRMED, "unit", unit, by=by, why=str(id))
        return unit is not None

    def waits_for(self, entry: Entry) -> Provision | None:
        """Return the rule by which ``entry`` does not count yet, for nobody above has confirmed it."""
        is_money = any(part.key == (entry.rule, entry.item) for part in parts_of(self.pack, "money"))
        return confirmer(self.pack) if is_money and not entry.confirmation else None

    def enterable(self) -> list[Part]:
        """Return what people enter for a score."""
        return [part for part in parts_of(self.pack) if part.by_hand]

    def apart(self) -> Provision | None:
        """Return the rule by which some tickets are scored by themselves, if the city has one."""
        return next((rule for rule in self.pack.report_rules if rule.apart), None)

    def _is_asked(self, case: CaseFacts, apart: bool | None) -> bool:
        rule = self.apart()
        return rule is None or apart is None or (case.channel in rule.channels) == apart

    def _row(self, unit: str, cases: Sequence[CaseFacts], period: Period) -> Row:
        now = self.clock()
        return Row(
            unit=unit,
            tickets=sum(case.filed_at in period for case in cases),
            rates=common_rates(cases, period, now=now)
            | {
                f"city-{id}": rate
                for id, rate in city_rates(self.pack.measures, cases, period, now=now).items()
            },
        )

    async def _cases(self, period: Period, unit: str | None) -> Sequence[CaseFacts]:
        async with storage_errors(), self._pool.acquire() as connection:
            return await facts.of_period(connection, period, unit=unit)

    async def _entries(self, first: Period, last: Period) -> Sequence[Entry]:
        async with storage_errors(), self._pool.acquire() as connection:
            return await entries.between(connection, self._vault, first, last)


def _by_unit(cases: Sequence[CaseFacts]) -> dict[str, list[CaseFacts]]:
    found: dict[str, list[CaseFacts]] = {}
    for case in cases:
        found.setdefault(case.unit, []).append(case)
    return dict(sorted(found.items(), key=lambda one: (-len(one[1]), one[0])))
