"""What the cases of a period show: how many of which sort and against when, what grows, what comes again, what is open.

Everything is counted, nothing weighed: a topic grows when there are at least three (R-ALL-19) and more than in the period
before. A case stands in the period in which it was filed; ledgers, reports and clues in that of the step.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TypeAlias

from hotline.calendar import CITY_TIME
from hotline.casework import Step
from hotline.figures import CaseFacts, common_rates
from hotline.periods import Period

DIMENSIONS = ("kind", "unit", "area", "topic", "channel")
MANY = 3  #: cases from which on it is many (R-ALL-19)
MOST = 20  #: lines of a list
OPINION = "suggestion"  #: the kind of ticket that opinions and suggestions are
MEDIA = "media"  #: the channel of leads from the media

Counts: TypeAlias = Mapping[tuple[str, ...], int]  #: how many by ``DIMENSIONS``


@dataclass(frozen=True, kw_only=True, slots=True)
class Tally:
    """How many of one sort there are, and how many there were."""

    name: str
    number: int
    before: int = 0  #: in the period before
    year_ago: int = 0  #: in the same period of the year before

    @property
    def more(self) -> int:
        """By how many it grew since the period before."""
        return self.number - self.before


@dataclass(frozen=True, kw_only=True, slots=True)
class Listed:
    """Cases under one name."""

    name: str
    numbers: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Share:
    """A rate as two numbers."""

    name: str
    met: int
    of: int


@dataclass(frozen=True, kw_only=True, slots=True)
class UnitShares:
    """The rates of one unit."""

    unit: str
    shares: tuple[Share, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """How a matter stands that a leader instructed."""

    number: str
    leader: str
    given_on: str
    unit: str
    due: datetime | None
    finished_at: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Analysis:
    """The figures of a paper, by the name of the part that shows them."""

    at: datetime  #: the moment at which they were reckoned
    tallies: Mapping[str, tuple[Tally, ...]] = field(default_factory=dict)
    lists: Mapping[str, tuple[Listed, ...]] = field(default_factory=dict)
    rates: tuple[Share, ...] = ()
    unit_rates: tuple[UnitShares, ...] = ()  #: of the units that have any, by name
    instructed: tuple[Progress, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """What an analysis is made from."""

    period: Period
    now: datetime
    counts: Counts
    before: Counts
    year_ago: Counts
    ahead: Counts  #: of the coming period, a year ago
    cases: Sequence[CaseFacts] = ()  #: that stand in the period
    instructed: Sequence[CaseFacts] = ()


def topic_of(text: str, subjects: Iterable[Sequence[str]]) -> str:
    """Return what ``text`` is about: the first word of the subject that it names most often; empty if none."""
    counts = [(sum(map(text.count, words)), words[0]) for words in subjects]
    most, name = max(counts, key=lambda one: one[0], default=(0, ""))
    return name if most else ""


def analyse(shown: Iterable[str], seen: Seen) -> Analysis:
    """Return what the parts ``shown`` show; parts that are words or chosen cases have no figures."""
    parts = tuple(shown)
    return Analysis(
        at=seen.now,
        tallies={name: _TALLIES[name](seen) for name in parts if name in _TALLIES},
        lists={name: tuple(_LISTS[name](seen)) for name in parts if name in _LISTS},
        rates=_rates(seen.cases, seen) if "rates" in parts else (),
        unit_rates=tuple(_unit_rates(seen)) if "unit_rates" in parts else (),
        instructed=tuple(map(_progress, seen.instructed)) if "instructed" in parts else (),
    )


def _summed(counts: Counts, dimension: str, kind: str | None) -> Counter[str]:
    place = DIMENSIONS.index(dimension)
    found: Counter[str] = Counter()
    for key, number in counts.items():
        if kind is None or key[0] == kind:
            found[key[place]] += number
    return found


def _by(dimension: str, kind: str | None = None) -> Callable[[Seen], tuple[Tally, ...]]:
    """Return what counts by a dimension; the most frequent come first, what bears no name is left out."""

    def tallies(seen: Seen) -> tuple[Tally, ...]:
        now, before, year_ago = (
            _summed(counts, dimension, kind) for counts in (seen.counts, seen.before, seen.year_ago)
        )
        names = sorted(filter(None, {*now, *before}), key=lambda name: (-now[name], -before[name], name))
        return tuple(
            Tally(name=name, number=now[name], before=before[name], year_ago=year_ago[name]) for name in names
        )

    return tallies


def _whole(seen: Seen) -> tuple[Tally, ...]:
    numbers = (sum(counts.values()) for counts in (seen.counts, seen.before, seen.year_ago))
    number, before, year_ago = numbers
    return (Tally(name="", number=number, before=before, year_ago=year_ago),)


def _growing(seen: Seen) -> tuple[Tally, ...]:
    found = [one for one in _by("topic")(seen) if one.number >= MANY and one.more > 0]
    return tuple(sorted(found, key=lambda one: (-one.more, -one.number, one.name)))[:MOST]


def _new(seen: Seen) -> tuple[Tally, ...]:
    """Topics that neither the period before nor the same one of last year knew."""
    return tuple(one for one in _by("topic")(seen) if one.number and not (one.before or one.year_ago))


def _seasonal(seen: Seen) -> tuple[Tally, ...]:
    """Topics that came often a year ago in the period that is ahead."""
    ahead, now = _summed(seen.ahead, "topic", None), _summed(seen.counts, "topic", None)
    often = [(name, number) for name, number in ahead.most_common(MOST) if name and number >= MANY]
    return tuple(Tally(name=name, number=now[name], year_ago=number) for name, number in often)


def _days(seen: Seen) -> tuple[Tally, ...]:
    filed = Counter(_day(case.filed_at) for case in _filed(seen))
    first, last = seen.period.first.date(), min(seen.period.end - timedelta(days=1), seen.now).date()
    days = (first + timedelta(days=n) for n in range((last - first).days + 1))
    return tuple(Tally(name=day.isoformat(), number=filed[day]) for day in days)


def _day(moment: datetime) -> date:
    return moment.astimezone(CITY_TIME).date()


def _filed(seen: Seen) -> Iterator[CaseFacts]:
    return (case for case in seen.cases if case.filed_at in seen.period)


def _repeats(seen: Seen) -> Iterator[Listed]:
    """Yield groups of at least three tickets that belong together, the largest first."""
    heads: dict[str, str] = {}

    def head_of(number: str) -> str:
        while heads.setdefault(number, number) != number:
            number = heads[number]
        return number

    for case in _filed(seen):
        for other in case.related:
            heads[head_of(other)] = head_of(case.number)
    groups: dict[str, list[str]] = {}
    for number in heads:
        groups.setdefault(head_of(number), []).append(number)
    topics = {case.number: case.topic for case in seen.cases}
    for group in sorted(
        (sorted(some) for some in groups.values() if len(some) >= MANY), key=lambda one: (-len(one), one)
    ):
        yield Listed(name=next((topics[n] for n in group if topics.get(n)), ""), numbers=tuple(group))


def _open(seen: Seen) -> Iterator[Listed]:
    waits = [case for case in _filed(seen) if case.finished_at is None]
    late = [case.number for case in waits if "finish" in case.dues and case.dues["finish"] < seen.now]
    yield Listed(name="overdue", numbers=tuple(late))
    yield Listed(name="open", numbers=tuple(case.number for case in waits if case.number not in set(late)))


def _media(seen: Seen) -> Iterator[Listed]:
    leads = [case for case in _filed(seen) if case.channel == MEDIA]
    yield Listed(name="finished", numbers=tuple(case.number for case in leads if case.finished_at))
    yield Listed(name="open", numbers=tuple(case.number for case in leads if not case.finished_at))


def _stepped(step: Step, key: str) -> Callable[[Seen], Iterator[Listed]]:
    """Return what lists the cases on which a step was taken in the period, by what its form says of ``key``."""

    def lists(seen: Seen) -> Iterator[Listed]:
        found: dict[str, dict[str, None]] = {}
        for case in seen.cases:
            for one in case.steps:
                if one.step is step and one.at in seen.period:
                    found.setdefault(one.data.get(key, ""), {})[case.number] = None
        for name, numbers in sorted(found.items()):
            yield Listed(name=name, numbers=tuple(numbers))

    return lists


def _rates(cases: Sequence[CaseFacts], seen: Seen) -> tuple[Share, ...]:
    found = common_rates(cases, seen.period, now=seen.now)
    return tuple(Share(name=name, met=len(rate.met), of=len(rate.of)) for name, rate in found.items())


def _unit_rates(seen: Seen) -> Iterator[UnitShares]:
    for unit in sorted({case.unit for case in seen.cases}):
        shares = _rates([case for case in seen.cases if case.unit == unit], seen)
        if any(share.of for share in shares):
            yield UnitShares(unit=unit, shares=shares)


def _progress(case: CaseFacts) -> Progress:
    order = case.last(Step.INSTRUCT)
    said = order.data if order else {}
    return Progress(
        number=case.number, leader=said.get("leader", ""), given_on=said.get("given_on", ""), unit=case.unit,
        due=case.dues.get("finish"), finished_at=case.finished_at,
    )  # fmt: skip


_TALLIES: Mapping[str, Callable[[Seen], tuple[Tally, ...]]] = {
    "count": _whole,
    "kinds": _by("kind"),
    "units": _by("unit"),
    "areas": _by("area"),
    "topics": _by("topic"),
    "channels": _by("channel"),
    "opinions": _by("topic", OPINION),
    "growing": _growing,
    "new": _new,
    "seasonal": _seasonal,
    "days": _days,
}
_LISTS: Mapping[str, Callable[[Seen], Iterator[Listed]]] = {
    "repeats": _repeats,
    "open": _open,
    "media": _media,
    "ledgers": _stepped(Step.LEDGER, "category"),
    "risks": _stepped(Step.REPORT_UP, "category"),
    "clues": _stepped(Step.HAND_OVER, "category"),
}
