"""Which papers a city's text has somebody write, for which periods, and what one still lacks before it is approved.

A paper is a report, a bulletin or a filing of the centre or of a unit; every rule with parts to show (``shows``) has one.
Rules kept live have none: their figures are on a page of their own.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime

from hotline.citypack import CityPack
from hotline.law import Provision
from hotline.periods import RHYTHMS, Period
from hotline.seats import read_seats

LIVE = "live"
PARTS = (
    "count",
    "kinds",
    "units",
    "areas",
    "topics",
    "growing",
    "repeats",
    "open",
)  #: that everybody is shown live, whatever the text names
BACK = 3  #: periods before the present one that a paper may still be begun for
_FREE = (
    "month",
    "quarter",
    "half_year",
    "year",
)  #: rhythms to choose from where the text says only "regularly"


def papers_of(pack: CityPack, *, of_unit: bool | None = None) -> tuple[Provision, ...]:
    """Return the rules that somebody writes papers by: those of units, of the centre, or all."""
    return tuple(
        rule
        for rule in _showing(pack)
        if rule.every != LIVE and (of_unit is None or is_of_unit(rule) == of_unit)
    )


def live_rules(pack: CityPack, *, of_unit: bool) -> tuple[Provision, ...]:
    """Return the rules whose figures units, or the centre, are shown live."""
    return tuple(rule for rule in _showing(pack) if rule.every == LIVE and is_of_unit(rule) == of_unit)


def is_of_unit(rule: Provision) -> bool:
    """Tell whether units write by ``rule``; else the centre does."""
    return rule.by == "unit"


def is_public(rule: Provision) -> bool:
    """Tell whether what is written by ``rule`` is for everybody once it is approved."""
    return "public" in rule.to


def periods_of(rule: Provision, now: datetime) -> tuple[Period, ...]:
    """Return the periods that a paper may be begun for at ``now``, the present one first."""
    return tuple(dict.fromkeys(_periods(rule, now)))


def owed(rule: Provision, now: datetime) -> Period | None:
    """Return the period that is over and for which a paper of a fixed rhythm should be there."""
    return Period.at(now, rule.every).previous if rule.every in RHYTHMS else None


def lacking(
    rule: Provision, words: Mapping[str, str], chosen: int, *, approver: str, writer: str
) -> tuple[str, ...]:
    """Return what a paper lacks before it is approved: words, chosen cases, a name that is not the writer's (R-ALL-23)."""
    wanted = [name for name in rule.requires if not words.get(name, "").strip()]
    if "seats" in rule.requires and read_seats(words.get("seats", "")) is None:
        wanted.append("seats")
    if rule.shows == ("cases",) and not chosen:
        wanted.append("cases")
    if not approver.strip() or approver.strip() == writer:
        wanted.append("approver")
    return tuple(wanted)


def _showing(pack: CityPack) -> Iterator[Provision]:
    return (rule for rule in (*pack.desk_rules, *pack.report_rules) if rule.shows)


def _periods(rule: Provision, now: datetime) -> Iterator[Period]:
    every = str(rule.every)
    if every in RHYTHMS:
        period = Period.at(now, every)
        for _ in range(BACK + 1):
            yield period
            period = period.previous
    elif every == "event":
        yield Period.at(now, "day")
    else:
        for rhythm in _FREE:
            present = Period.at(now, rhythm)
            yield from (present, present.previous)
