"""Scores, places and what follows from them, exactly as a city's ``report.yaml`` words them.

Every line of a score names its rule and article, the figures that went in and the arithmetic. Points are decimals
rounded half up to hundredths where a share does not come out even; rates are compared as exact fractions.
Readings: R-KF-2, R-KF-6, R-KF-7, R-SQ-6, R-SQ-7, R-PDS-6, R-ALL-20, R-ALL-22.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from itertools import groupby

from hotline.bodies import Unit
from hotline.citation import Citation
from hotline.citypack import CityPack
from hotline.figures import MET, CaseFacts, Rate, city_rates, urged_in_vain
from hotline.law import Figure, Item, Provision
from hotline.periods import Period

CENT = Decimal("0.01")
URGED_IN_VAIN = "urged_in_vain"
BY_HAND = ("per_item", "entered", "weighted", "money", "recorded")


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """One thing that a rule scores: the rule itself or one of its items."""

    rule: Provision
    item: Item | None = None

    @property
    def scored(self) -> str | None:
        """How it is reckoned."""
        return (self.item and self.item.scored) or self.rule.scored

    @property
    def of(self) -> str | None:
        """What it is reckoned of; none where people enter it."""
        return self.item.of if self.item else self.rule.of

    @property
    def says(self) -> str:
        """What the text says, in our words."""
        return self.item.says if self.item else self.rule.says

    @property
    def citation(self) -> Citation:
        """Where the text says it."""
        article = self.item.article if self.item else ""
        return replace(self.rule.citation, article=article) if article else self.rule.citation

    @property
    def key(self) -> tuple[str, str]:
        """The ids of rule and item."""
        return self.rule.id, self.item.id if self.item else ""

    @property
    def groups(self) -> tuple[str, ...]:
        """The groups of units that it is for; none named: all."""
        return (self.item.groups if self.item else ()) or self.rule.groups

    def figure(self, name: str) -> Figure | None:
        """Return a figure of the item, or else of its rule."""
        both = (*(self.item.figures if self.item else ()), *self.rule.figures)
        return next((one for one in both if one.name == name), None)

    def value(self, name: str, default: int = 0) -> Decimal:
        """Return that figure's number."""
        found = self.figure(name)
        return found.value if found else Decimal(default)

    @property
    def by_hand(self) -> bool:
        """Whether people enter something for it: what they alone know, a tie they decided, an interview held."""
        entered = self.scored in BY_HAND and self.of is None
        return entered or self.scored == "places" or self.rule.effect == "interviewed"


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """Something entered by hand: how many, how much, or that it happened."""

    unit: str
    month: Period
    rule: str
    item: str
    value: Decimal
    reason: str = ""
    id: int = 0
    confirmation: str = ""  #: by whom or by which paper it was confirmed


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One line of a score; without ``points`` something is missing, and there is no total."""

    part: Part
    points: Decimal | None
    arithmetic: str
    rate: Rate | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Sheet:
    """How one unit's score comes about."""

    unit: str
    lines: tuple[Line, ...]
    tickets: int
    left_out: bool = False  #: it was sent nothing, and the text leaves it out

    @property
    def so_far(self) -> Decimal:
        """The sum of the points that are known."""
        return sum((line.points for line in self.lines if line.points is not None), Decimal())

    @property
    def total(self) -> Decimal | None:
        """The whole score; none while a line is open."""
        known = bool(self.lines) and all(line.points is not None for line in self.lines)
        return self.so_far if known and not self.left_out else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """A unit's place among its like; ties share the better one."""

    unit: str
    value: Fraction
    place: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Picked:
    """A unit to which something happens by its place or its history; undecided ones go to a person."""

    part: Part
    unit: str
    decided: bool
    arithmetic: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Ranking:
    """One list of places, the best first, and whom its rule picks out."""

    part: Part
    groups: tuple[str, ...]
    places: tuple[Place, ...]
    picked: tuple[Picked, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """What scores are reckoned from: cases of the units, entries, the moment at which it is asked."""

    pack: CityPack
    cases: Mapping[str, Sequence[CaseFacts]]  #: by unit
    entries: Sequence[Entry]
    now: datetime

    def entered(self, part: Part, unit: str, period: Period) -> list[Entry]:
        """Return what was entered for a part of a unit's score, oldest first."""
        found = (one for one in self.entries if (one.rule, one.item) == part.key and one.unit == unit)
        return sorted(
            (one for one in found if one.month.first in period), key=lambda one: (one.month, one.id)
        )

    def rates(self, unit: str, period: Period) -> dict[str, Rate]:
        """Return the measures that the city's text names for one unit."""
        return city_rates(self.pack.measures, self.cases.get(unit, ()), period, now=self.now)

    def tickets(self, unit: str, period: Period) -> int:
        """Return how many cases a unit was sent."""
        return sum(case.filed_at in period for case in self.cases.get(unit, ()))


def parts_of(pack: CityPack, *scored: str) -> Iterator[Part]:
    """Return the parts of the city's rules that are reckoned, or those reckoned in one of the ways ``scored``."""
    for rule in pack.report_rules:
        items = [Part(rule=rule, item=item) for item in rule.items]
        for part in items or [Part(rule=rule)]:
            if part.scored is not None and (not scored or part.scored in scored):
                yield part


def is_for(part: Part, unit: Unit) -> bool:
    """Tell whether ``part`` concerns units of this one's group."""
    return not part.groups or unit.group in part.groups


def hundredths(value: Fraction | Decimal) -> Decimal:
    """Return ``value`` rounded half up to two places."""
    if isinstance(value, Fraction):
        value = Decimal(value.numerator) / Decimal(value.denominator)
    return value.quantize(CENT, ROUND_HALF_UP)


def sheet_of(known: Known, unit: Unit, period: Period) -> Sheet:
    """Return the score of one unit for ``period`` by the rules of that rhythm; places are added by ``with_places``."""
    tickets = known.tickets(unit.name, period)
    lines = [
        _LINES[str(part.scored)](known, part, unit, period)
        for part in parts_of(known.pack, *_LINES)
        if part.rule.every == period.every and is_for(part, unit)
    ]
    leaves_out = any(rule.effect == "left_out" for rule in known.pack.report_rules)
    return Sheet(
        unit=unit.name,
        lines=tuple(lines),
        tickets=tickets,
        left_out=leaves_out and not tickets and bool(lines),
    )


def _per_percent_below(known: Known, part: Part, unit: Unit, period: Period) -> Line:
    """Points off for each whole percent below the threshold, from the full points or down to the floor."""
    rate = known.rates(unit.name, period)[str(part.of)]
    full, least = part.value("full"), part.value("threshold")
    if rate.value is None:
        return Line(part=part, points=None, arithmetic="0 ÷ 0", rate=rate)
    short = max(Fraction(least) - 100 * rate.value, Fraction())
    steps = short // Fraction(part.value("step", 1))
    lowest = -full if part.figure("full") else part.value("floor")
    off = max(steps * part.value("points"), lowest)
    arithmetic = f"{_percent(rate)}; {full} - {steps} × {-part.value('points')} = {full + off}"
    return Line(part=part, points=full + off, arithmetic=arithmetic, rate=rate)


def _share_off(known: Known, part: Part, unit: Unit, period: Period) -> Line:
    """Full points less the share of what went wrong."""
    rate, full = known.rates(unit.name, period)[str(part.of)], part.value("full")
    if rate.value is None:
        return Line(part=part, points=None, arithmetic="0 ÷ 0", rate=rate)
    points = hundredths(Fraction(full) * (1 - rate.value))
    arithmetic = f"{full} - {full} × {len(rate.met)} ÷ {len(rate.of)} = {points}"
    return Line(part=part, points=points, arithmetic=arithmetic, rate=rate)


def _per_item(known: Known, part: Part, unit: Unit, period: Period) -> Line:
    """Points for each, or for each whole ``items`` of them."""
    rate = _counted(known, part, unit, period)
    number = (
        Decimal(len(rate.met))
        if rate
        else sum((e.value for e in known.entered(part, unit.name, period)), Decimal())
    )
    step = part.value("items", 1)
    points = number // step * part.value("points") + 0  # never -0
    inner = f"⌊{number} ÷ {step}⌋" if step != 1 else str(number)
    return Line(
        part=part, points=points, arithmetic=f"{inner} × {part.value('points')} = {points}", rate=rate
    )


def _counted(known: Known, part: Part, unit: Unit, period: Period) -> Rate | None:
    """Return the cases filed in ``period`` that a part counts; none where people enter the number."""
    if part.of is None:
        return None
    filed = [case for case in known.cases.get(unit.name, ()) if case.filed_at in period]
    meets = _in_vain(known.pack) if part.of == URGED_IN_VAIN else MET[part.of]
    return Rate(
        id=part.of,
        met=tuple(case.number for case in filed if meets(case)),
        of=tuple(case.number for case in filed),
    )


def _in_vain(pack: CityPack) -> Callable[[CaseFacts], bool]:
    gaps = (figure.value for rule in pack.report_rules for figure in rule.figures if figure.name == "gap")
    gap = int(next(gaps, Decimal(1)))
    return lambda case: urged_in_vain(case, pack.calendar, gap)


def _entered(known: Known, part: Part, unit: Unit, period: Period) -> Line:
    """What the assessors gave, the last entry holds, within the points that there are."""
    given = known.entered(part, unit.name, period)
    if not given:
        return Line(part=part, points=None, arithmetic="")
    value = max(given[-1].value, Decimal())
    points = min(value, part.value("points")) if part.figure("points") else value
    return Line(part=part, points=points, arithmetic=f"{points}")


def _weighted(known: Known, part: Part, unit: Unit, period: Period) -> Line:
    """A rate, or percent entered, by its weight; where the city set no weight only the rate is there."""
    rate = known.rates(unit.name, period)[part.of] if part.of else None
    given = known.entered(part, unit.name, period) if part.of is None else []
    share = rate.value if rate else Fraction(given[-1].value) / 100 if given else None
    weight, full = part.figure("weight"), part.value("full", 100)
    shown = _percent(rate) if rate else f"{given[-1].value}%" if given else ""
    if share is None or weight is None:
        return Line(part=part, points=None, arithmetic=shown, rate=rate)
    points = hundredths(Fraction(full) * Fraction(weight.value) / 100 * share)
    arithmetic = f"{shown}; {full} × {weight.value}% × {hundredths(100 * share)}% = {points}"
    return Line(part=part, points=points, arithmetic=arithmetic, rate=rate)


def _mean(known: Known, part: Part, unit: Unit, period: Period) -> Line:
    """The mean of the months in which the unit was sent anything (R-SQ-6)."""
    months = [month for month in period.months() if known.tickets(unit.name, month)]
    totals = [sheet_of(known, unit, month).total for month in months]
    scores = [total for total in totals if total is not None]
    if not scores or len(scores) < len(totals):
        return Line(part=part, points=None, arithmetic=f"{len(scores)} ÷ {len(totals)}")
    points = hundredths(Fraction(sum(scores)) / len(scores))
    arithmetic = f"({' + '.join(map(str, scores))}) ÷ {len(scores)} = {points}"
    return Line(part=part, points=points, arithmetic=arithmetic)


_LINES: Mapping[str, Callable[[Known, Part, Unit, Period], Line]] = {
    "per_percent_below": _per_percent_below,
    "share_off": _share_off,
    "per_item": _per_item,
    "entered": _entered,
    "weighted": _weighted,
    "mean": _mean,
}


def _percent(rate: Rate) -> str:
    met, of = len(rate.met), len(rate.of)
    return f"{met} ÷ {of}" + (f" = {hundredths(100 * rate.value)}%" if rate.value is not None else "")


def money_of(known: Known, period: Period) -> dict[str, Decimal]:
    """Return each unit's sum of rewards less penalties; those of a group without its own go to the superior."""
    own = {group.id: group.rewards == "own" for group in known.pack.groups}
    sums: dict[str, Decimal] = {}
    units = {name: unit for unit in known.pack.units for name in (unit.name, *unit.aliases)}
    for unit in known.pack.units:
        taker = unit if own.get(unit.group or "", True) else units.get(unit.superior or "")
        if taker is not None:
            sums[taker.name] = sums.get(taker.name, Decimal()) + _earned(known, unit, taker, period)
    return sums


def confirmer(pack: CityPack) -> Provision | None:
    """Return the rule by which entries of money count only once somebody above has confirmed them, if there is one."""
    return next((rule for rule in pack.report_rules if rule.topic == "reward" and rule.approved_by), None)


def _earned(known: Known, unit: Unit, taker: Unit, period: Period) -> Decimal:
    parts = (part for part in parts_of(known.pack, "money") if is_for(part, taker))
    waits = confirmer(known.pack) is not None
    return sum(
        (
            entry.value * part.value("amount")
            for part in parts
            for entry in known.entered(part, unit.name, period)
            if entry.confirmation or not waits
        ),
        Decimal(),
    )


def ranked(values: Mapping[str, Fraction]) -> tuple[Place, ...]:
    """Return units by their value, the best first; ties share the better place (R-ALL-22)."""
    places: list[Place] = []
    ordered = sorted(values.items(), key=lambda one: (-one[1], one[0]))
    for value, some in groupby(ordered, key=lambda one: one[1]):
        place = len(places) + 1
        places += [Place(unit=unit, value=value, place=place) for unit, _ in some]
    return tuple(places)


def cut(places: Sequence[Place], number: int, *, last: bool) -> list[tuple[Place, bool]]:
    """Return the first or last ``number`` of ``places``; of those tied across the line none is decided.

    Where all are equal nobody is first or last.
    """
    ordered = list(reversed(places)) if last else list(places)
    if not ordered or number < 1 or ordered[0].value == ordered[-1].value:
        return []
    edge = ordered[min(number, len(ordered)) - 1].value
    beyond = any(one.value == edge for one in ordered[number:])
    within = [one for index, one in enumerate(ordered) if index < number or one.value == edge]
    return [(one, not (beyond and one.value == edge)) for one in within]


def rankings(known: Known, sheets: Mapping[str, Sheet], period: Period) -> tuple[Ranking, ...]:
    """Return the lists of places that the rules of ``period``'s rhythm ask for."""
    parts = [part for part in parts_of(known.pack, "places") if part.rule.every == period.every]
    return tuple(ranking for part in parts for ranking in _of_part(known, sheets, part, period))


def _of_part(known: Known, sheets: Mapping[str, Sheet], part: Part, period: Period) -> Iterator[Ranking]:
    values = _values(known, sheets, part, period)
    for groups in _lists(part):
        within = {
            unit.name: values[unit.name]
            for unit in known.pack.units
            if unit.name in values and _is_ranked(known.pack, unit) and (not groups or unit.group in groups)
        }
        places = ranked(within)
        yield Ranking(part=part, groups=groups, places=places, picked=tuple(_picked(part, places)))


def _lists(part: Part) -> list[tuple[str, ...]]:
    """Return the groups of each list: all of the part's together, or one list for each."""
    if not part.groups or (part.item or part.rule).together:
        return [part.groups]
    return [(group,) for group in part.groups]


def _is_ranked(pack: CityPack, unit: Unit) -> bool:
    return unit.ranked and all(group.ranked for group in pack.groups if group.id == unit.group)


def _values(known: Known, sheets: Mapping[str, Sheet], part: Part, period: Period) -> Mapping[str, Fraction]:
    """Return what units are ranked by: the year's money, a rate, the points of one rule, or the whole score."""
    if part.of == "money":
        return {unit: Fraction(value) for unit, value in money_of(known, period).items()}
    if part.of in {measure.id for measure in known.pack.measures}:
        rates = {unit: known.rates(unit, period)[str(part.of)].value for unit in known.cases}
        return {unit: value for unit, value in rates.items() if value is not None}
    return {
        unit: Fraction(points)
        for unit, sheet in sheets.items()
        if (points := _points(sheet, part.of)) is not None
    }


def _points(sheet: Sheet, rule: str | None) -> Decimal | None:
    if rule is None:
        return sheet.total
    lines = [line.points for line in sheet.lines if line.part.rule.id == rule]
    return None if not lines or None in lines else sum((one for one in lines if one is not None), Decimal())


def _picked(part: Part, places: Sequence[Place]) -> Iterator[Picked]:
    """Return whom a rule picks out of one list: its first or last places, below a share of the best where it says so."""
    for name, last in (("first-places", False), ("last-places", True)):
        for place, decided in cut(places, int(part.value(name)), last=last):
            share, best = part.figure("of-best"), places[0].value
            if share is None or place.value < best * Fraction(share.value) / 100:
                shown = f"{hundredths(place.value)}" + (
                    f" < {hundredths(best)} × {share.value}%" if share else ""
                )
                yield Picked(part=part, unit=place.unit, decided=decided, arithmetic=shown)


def with_places(
    known: Known, sheets: Mapping[str, Sheet], rankings: Iterable[Ranking], period: Period
) -> dict[str, Sheet]:
    """Return the sheets with the points that places bring; a tie across the line is open until a person enters it."""
    done = dict(sheets)
    for picked in (one for ranking in rankings for one in ranking.picked):
        if picked.part.figure("points") and picked.unit in done:
            points = _points_of_place(known, picked, period)
            line = Line(part=picked.part, points=points, arithmetic=picked.arithmetic)
            done[picked.unit] = replace(done[picked.unit], lines=(*done[picked.unit].lines, line))
    return done


def _points_of_place(known: Known, picked: Picked, period: Period) -> Decimal | None:
    points = picked.part.value("points")
    if picked.decided:
        return points
    given = known.entered(picked.part, picked.unit, period)
    return (points if given[-1].value else Decimal()) if given else None


def often(known: Known, month: Period) -> tuple[Picked, ...]:
    """Return the units that were interviewed in so many months in a row, or so often within a year, up to ``month``.

    One entry is one interview; those that follow from having been interviewed often are not counted again (R-PDS-6).
    """
    return tuple(
        Picked(part=part, unit=unit.name, decided=True, arithmetic=shown)
        for part in parts_of(known.pack, "often")
        for unit in known.pack.units
        if (shown := _often(known, part, unit.name, month))
    )


def _often(known: Known, part: Part, unit: str, month: Period) -> str:
    counting = {one.key for one in parts_of(known.pack, "recorded", "places") if one.rule.id == part.of}
    first = month.before(int(part.value("period", 12)) - 1)
    found = [
        one.month
        for one in known.entries
        if one.unit == unit and (one.rule, one.item) in counting and first <= one.month <= month
    ]
    row = _longest_row(found)
    if row >= part.value("in-a-row"):
        return f"{row} ≥ {part.value('in-a-row')}"
    return f"{len(found)} ≥ {part.value('in-all')}" if len(found) >= part.value("in-all") else ""


def _longest_row(months: Iterable[Period]) -> int:
    """Return the length of the longest run of months that follow one another."""
    longest = run = 0
    before: int | None = None
    for index in sorted({one.year * 12 + one.month for one in months}):
        run = run + 1 if before is not None and index == before + 1 else 1
        longest, before = max(longest, run), index
    return longest


def assess(known: Known, period: Period) -> tuple[dict[str, Sheet], tuple[Ranking, ...]]:
    """Return every unit's score for ``period`` with the points of its place, and the lists of places."""
    sheets = {unit.name: sheet_of(known, unit, period) for unit in known.pack.units}
    lists = rankings(known, sheets, period)
    return with_places(known, sheets, lists, period), lists
