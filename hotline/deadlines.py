"""When things are due, reckoned day by day on the city's calendar."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

from hotline.calendar import CITY_TIME, Calendar, DayKind
from hotline.citation import Citation
from hotline.citypack import CityPack
from hotline.limits import DeadlineRule
from hotline.vocabulary import LENGTHS

END_OF_DAY = time(23, 59, 59, tzinfo=CITY_TIME)
ARRIVALS, SIGNINGS = (
    ("dispatch", "transfer"),
    ("signing", "receipt"),
)  #: starts when the unit gets it, and takes it
_HANDED_OVER = (*ARRIVALS, "notice")  #: starts that the centre sets
_PROMISES = ("finish", "progress", "plan")  #: what a citizen may be told as a date, the most telling first


@dataclass(frozen=True, kw_only=True, slots=True)
class CountedDay:
    """One day of a reckoning: what it is and the number it counts as, if it counts."""

    day: date
    kind: DayKind
    name: str  #: the festival, where there is one
    count: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Due:
    """A moment by which something must be done, with its ground."""

    what: str  #: sign start contact progress plan return finish follow_up
    at: datetime  #: with its offset
    citation: Citation
    provisional: bool
    why: str  #: why provisional; empty otherwise
    days: tuple[CountedDay, ...] = ()  #: the reckoning; empty for limits in hours
    unit: str = ""  #: working_days, days or hours: an extension runs on in it
    since: datetime | None = None  #: when the period began to run


@dataclass(frozen=True, slots=True)
class _Case:
    """What decides which rules a ticket falls under."""

    kind: str
    ticket_class: str | None
    channel: str
    assignment: str
    matters: frozenset[str]
    cases: frozenset[str]

    def falls_under(self, rule: DeadlineRule) -> bool:
        return (
            (not rule.kinds or self.kind in rule.kinds)
            and (not rule.classes or self.ticket_class in rule.classes)
            and (not rule.channels or self.channel in rule.channels)
            and (not rule.assignments or self.assignment in rule.assignments)
            and (not rule.matters or bool(self.matters & set(rule.matters)))
            and (not rule.cases or bool(self.cases & set(rule.cases)))
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Start:
    """When a period begins to run; ``why`` says why that is not settled yet."""

    at: datetime
    why: str = ""


def due_moments(
    pack: CityPack,
    *,
    kind: str,
    ticket_class: str | None,
    channel: str,
    at: datetime,
    happened: Mapping[str, datetime] | None = None,
    assignment: str = "platform",
    matters: Collection[str] = (),
    cases: Collection[str] = (),
) -> tuple[Due, ...]:
    """Return every moment that runs from a ticket filed at ``at``, in order of time.

    ``happened`` holds what is known by now: ``dispatch``, ``transfer``, ``notice``, ``receipt``, ``signing``,
    ``closing_reply``. What is not known yet is taken at its last lawful moment, and the result is provisional
    (R-ALL-5, R-ALL-12). ``assignment`` is the way in which the centre put the matter to the unit; ``cases`` is what
    has turned out in the case.
    """
    filed = at.astimezone(CITY_TIME)
    pack = pack.on(filed.date())
    case = _Case(kind, ticket_class, channel, assignment, frozenset(matters), frozenset(cases))
    rules = tuple(rule for rule in pack.deadlines if rule.in_force(filed.date()) and case.falls_under(rule))
    dues: dict[str, Due] = {}
    for what in sorted({rule.what for rule in rules}, key=_order_of_reckoning):
        candidates = _most_special(rule for rule in rules if rule.what == what)
        found = [due for rule in candidates if (due := _due(pack, rule, filed, dues, happened or {}))]
        if found:
            dues[what] = min(found, key=lambda due: due.at)
    return tuple(sorted(dues.values(), key=lambda due: (due.at, due.what)))


def extended(pack: CityPack, due: Due, number: int) -> Due:
    """Return ``due`` put off by ``number`` of its own unit of time, running on from the old moment (R-ALL-11)."""
    if number < 1:
        raise ValueError(f"an extension has at least one unit of time, not {number}")
    if due.unit == "hours":
        return replace(due, at=due.at + timedelta(hours=number))
    if due.unit not in LENGTHS:
        raise ValueError(f"a due moment in {due.unit or 'no unit'} cannot be extended")
    working = due.unit == "working_days"
    last = due.days[-1]
    more = _count(pack.calendar, last.day, number, working=working)[1:]
    days = (
        *due.days,
        *(replace(day, count=day.count + (last.count or 0)) if day.count else day for day in more),
    )
    why = due.why or (_unknown_year(pack, days) if working else "")
    return replace(due, at=_end_of(days), days=days, provisional=bool(why), why=why)


def limited(pack: CityPack, what: str, last: date, citation: Citation, *, since: datetime) -> Due:
    """Return the moment by which ``what`` is due where ``last`` was set in the case at ``since``; it can be extended."""
    days = _days_to(pack.calendar, since.astimezone(CITY_TIME).date(), last)
    return Due(what=what, at=datetime.combine(last, END_OF_DAY), citation=citation, provisional=False, why="",
               days=days, unit="working_days", since=since)  # fmt: skip


def shown_date(dues: Iterable[Due]) -> Due | None:
    """Return what the citizen is promised: the finish, else the next word that is owed (R-ALL-12)."""
    by_what = {due.what: due for due in dues}
    return next((by_what[what] for what in _PROMISES if what in by_what), None)


def _most_special(rules: Iterable[DeadlineRule]) -> list[DeadlineRule]:
    """Return the rules that prevail for one duty: way of assignment, channel, class, kind (R-ALL-9)."""
    ranked = list(rules)
    best = max(map(_speciality, ranked))
    return [rule for rule in ranked if _speciality(rule) == best]


def _speciality(rule: DeadlineRule) -> tuple[bool, bool, bool, bool, date]:
    conditions = rule.assignments + rule.cases, rule.channels, rule.classes + rule.matters, rule.kinds
    assigned, by_channel, by_class, by_kind = map(bool, conditions)
    return assigned, by_channel, by_class, by_kind, rule.effective_from or date.min


def _order_of_reckoning(what: str) -> tuple[int, str]:
    """Sign first, for others start from it; follow-up last, for it starts from the finish."""
    return {"sign": 0, "follow_up": 2}.get(what, 1), what


def _due(
    pack: CityPack,
    rule: DeadlineRule,
    filed: datetime,
    dues: Mapping[str, Due],
    happened: Mapping[str, datetime],
) -> Due | None:
    start = _start(pack, rule, filed, dues, happened.get(rule.starts))
    if start is None:
        return None
    at, days = _end(pack.calendar, rule, start.at)
    why = start.why + (_unknown_year(pack, days) if rule.working_days is not None else "")
    return Due(what=rule.what, at=at, citation=rule.citation, provisional=bool(why), why=why,
               days=days, unit=_unit(rule), since=start.at)  # fmt: skip


def _unit(rule: DeadlineRule) -> str:
    return next((length for length in LENGTHS if getattr(rule, length) is not None), "")


def _unknown_year(pack: CityPack, days: Iterable[CountedDay]) -> str:
    year = next((counted.day.year for counted in days if not pack.calendar.is_known(counted.day)), None)
    return pack.say("due_year_unknown", year=str(year)) if year else ""


def _start(
    pack: CityPack, rule: DeadlineRule, filed: datetime, dues: Mapping[str, Due], known: datetime | None
) -> _Start | None:
    if rule.starts == "filing":
        return _Start(at=filed)
    if rule.starts == "closing_reply":
        return _from_closing_reply(pack, dues, known)
    if rule.starts in _HANDED_OVER:
        return _from_handing_over(pack, rule, filed, known)
    return _from_taking(pack, rule, filed, dues, known)


def _from_handing_over(pack: CityPack, rule: DeadlineRule, filed: datetime, known: datetime | None) -> _Start:
    """Return when the unit was given the matter; no text limits that, so before it the filing, provisionally."""
    if known:
        return _Start(at=known.astimezone(CITY_TIME))
    return _Start(at=filed, why=pack.say(f"due_from_{rule.starts}"))


def _from_closing_reply(pack: CityPack, dues: Mapping[str, Due], known: datetime | None) -> _Start | None:
    """Return the reply's arrival; before it the last lawful one, or nothing where the text sets none."""
    if known:
        return _Start(at=known.astimezone(CITY_TIME))
    finish = dues.get("finish")
    return _Start(at=finish.at, why=pack.say("due_from_closing_reply")) if finish else None


def _from_taking(
    pack: CityPack, rule: DeadlineRule, filed: datetime, dues: Mapping[str, Due], known: datetime | None
) -> _Start:
    """Return receipt or signing, at most its last lawful moment; arrival where none is set (R-ALL-5)."""
    last = _last_taking(pack.calendar, rule, filed, dues)
    if last is None:
        return _Start(at=filed)
    if known:
        return _Start(at=min(known.astimezone(CITY_TIME), last))
    return _Start(at=last, why=pack.say(f"due_from_{rule.starts}"))


def _last_taking(
    calendar: Calendar, rule: DeadlineRule, filed: datetime, dues: Mapping[str, Due]
) -> datetime | None:
    if rule.start_within is not None:
        return _end_of(_count(calendar, filed.date(), rule.start_within, working=True))
    sign = dues.get("sign") if rule.starts == "signing" else None
    return sign.at if sign else None


def _end(calendar: Calendar, rule: DeadlineRule, start: datetime) -> tuple[datetime, tuple[CountedDay, ...]]:
    """Return the last moment of the period: hours to the minute, days to 24:00 of the last one."""
    if rule.hours is not None:
        return start + timedelta(hours=rule.hours), ()
    number = rule.working_days if rule.working_days is not None else rule.days
    if number is None:
        raise ValueError(f"deadline rule {rule.id} has no length")
    days = _count(calendar, start.date(), number, working=rule.working_days is not None)
    return _end_of(days), days


def _count(calendar: Calendar, first: date, number: int, *, working: bool) -> tuple[CountedDay, ...]:
    """Return the days from the event, which is not counted, to the ``number``-th that counts."""
    days = [_counted(calendar, first, None)]
    count = 0
    while count < number:
        day = days[-1].day + timedelta(days=1)
        counts = not working or calendar.is_working(day)
        count += counts
        days.append(_counted(calendar, day, count if counts else None))
    return tuple(days)


def _days_to(calendar: Calendar, first: date, last: date) -> tuple[CountedDay, ...]:
    """Return the days from the event, which is not counted, to ``last``, working days numbered."""
    days = [_counted(calendar, first, None)]
    while days[-1].day < last:
        day = days[-1].day + timedelta(days=1)
        count = sum(one.count is not None for one in days) + 1 if calendar.is_working(day) else None
        days.append(_counted(calendar, day, count))
    return tuple(days)


def _counted(calendar: Calendar, day: date, count: int | None) -> CountedDay:
    name = calendar.holidays.get(day) or calendar.makeup_days.get(day) or ""
    return CountedDay(day=day, kind=calendar.kind_of(day), name=name, count=count)


def _end_of(days: tuple[CountedDay, ...]) -> datetime:
    return datetime.combine(days[-1].day, END_OF_DAY)
