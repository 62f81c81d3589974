"""Opinion polls on a matter set from above: within days, of areas, a trade and groups of people, counted as they come."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from hotline.citypack import CityPack
from hotline.law import Provision

LEAST, MOST = 2, 10  #: options of a poll; groups and areas may be as many
LONGEST = 200  #: characters of a question, an option, a group


@dataclass(frozen=True, kw_only=True, slots=True)
class Poll:
    """What is asked, by whose order, and of whom."""

    id: int
    question: str
    options: tuple[str, ...]
    ordered_by: str  #: who set the matter
    first: date
    last: date
    areas: tuple[str, ...] = ()  #: counties that are asked; none named: the whole city
    system: str = ""  #: the trade it is about
    groups: tuple[str, ...] = ()  #: groups of people; none named: everybody

    def is_open(self, day: date) -> bool:
        """Tell whether it may be answered on ``day``."""
        return self.first <= day <= self.last


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """One answer, without who gave it."""

    option: int  #: its place, from 0
    area: str
    group: str
    day: date


@dataclass(frozen=True, kw_only=True, slots=True)
class Counted:
    """How often each option was chosen by those of one area, one group, or on one day."""

    name: str
    numbers: tuple[int, ...]  #: by option

    @property
    def total(self) -> int:
        """How many answers there are."""
        return sum(self.numbers)


@dataclass(frozen=True, kw_only=True, slots=True)
class Results:
    """What came in so far."""

    whole: Counted
    areas: tuple[Counted, ...]
    groups: tuple[Counted, ...]
    days: tuple[Counted, ...]


def poll_rule(pack: CityPack) -> Provision | None:
    """Return the rule by which the city asks for opinions, if its text has one."""
    return next((rule for rule in (*pack.report_rules, *pack.intake_rules) if rule.topic == "poll"), None)


def fault_of(poll: Poll) -> str:
    """Return what is wrong with a poll as a code, empty if nothing is."""
    texts = (poll.question, poll.ordered_by, *poll.options, *poll.groups)
    if not all(0 < len(text) <= LONGEST for text in texts) or len(poll.system) > LONGEST:
        return "text"
    if not LEAST <= len(set(poll.options)) == len(poll.options) <= MOST or len(poll.groups) > MOST:
        return "options"
    return "days" if poll.last < poll.first else ""


def lacking(poll: Poll, answer: Answer) -> str:
    """Return what an answer lacks as a code, empty if it can be counted."""
    if not 0 <= answer.option < len(poll.options):
        return "option"
    if poll.areas and answer.area not in poll.areas:
        return "area"
    return "group" if poll.groups and answer.group not in poll.groups else ""


def results(poll: Poll, answers: Mapping[Answer, int]) -> Results:
    """Return how often each option was chosen, in all and by area, group and day."""
    rows = answers.items()
    return Results(
        whole=_counted(poll, "", rows),
        areas=_each(poll, poll.areas, rows, "area"),
        groups=_each(poll, poll.groups, rows, "group"),
        days=_each(poll, sorted({answer.day.isoformat() for answer in answers}), rows, "day"),
    )


def _each(
    poll: Poll, names: Sequence[str], rows: Iterable[tuple[Answer, int]], key: str
) -> tuple[Counted, ...]:
    every = tuple(rows)
    return tuple(
        _counted(poll, name, [row for row in every if str(getattr(row[0], key)) == name]) for name in names
    )


def _counted(poll: Poll, name: str, rows: Iterable[tuple[Answer, int]]) -> Counted:
    found: Counter[int] = Counter()
    for answer, number in rows:
        found[answer.option] += number
    return Counted(name=name, numbers=tuple(found[place] for place in range(len(poll.options))))
