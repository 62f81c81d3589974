"""How the dates of a filed ticket stand by now: what events settle, and every change with its reason."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, Protocol

from hotline.calendar import CITY_TIME
from hotline.citypack import CityPack
from hotline.deadlines import ARRIVALS, SIGNINGS, Due, due_moments, extended, limited
from hotline.ticket import Ticket

LONGEST_EXTENSION = 366  #: units of time; more is a slip of whoever says so


class Happened(Protocol):
    """Something that the dispatch centre told about a ticket."""

    @property
    def name(self) -> str:
        """Return the event's name, as in ``hotline.events.FROM_DESK``."""

    @property
    def at(self) -> datetime:
        """Return when it was said."""

    @property
    def data(self) -> Mapping[str, Any]:
        """Return what was said (docs/events)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """A date that is another one than the citizen was told before."""

    old: Due
    new: Due
    why: str  #: signed, replied, extended, reassigned, progressed or calendar; at the desk the name of a step
    at: datetime | None = None  #: of the event; ``None`` when only the calendar has become known
    reason: str = ""  #: as the centre gave it


@dataclass(frozen=True, kw_only=True, slots=True)
class Dates:
    """The dates that hold now, and how they came to differ from those at filing, oldest change first."""

    due: tuple[Due, ...]
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Limit:
    """A last day that law, centre or a leader set in the case."""

    day: date
    at: datetime  #: when it was set


@dataclass(frozen=True, kw_only=True, slots=True)
class _Known:
    """What the reckoning rests on by now."""

    begun: datetime  #: the filing, or the last time that another unit got the ticket
    happened: Mapping[str, datetime] = field(default_factory=dict)
    more: Mapping[str, int] = field(default_factory=dict)  #: granted units of time by step
    limits: Mapping[str, Limit] = field(default_factory=dict)  #: last days that were set in the case


def dates_of(pack: CityPack, ticket: Ticket, happenings: Iterable[Happened]) -> Dates:
    """Return the dates of ``ticket`` after ``happenings``, which come oldest first.

    A provisional date is reckoned anew when what it waits for is known; it comes forward with events, and goes back
    only by an extension, another unit, or a calendar that was not published (R-ALL-8, R-ALL-11, R-ALL-12).
    """
    pack = pack.on(ticket.filed_at.astimezone(CITY_TIME).date())
    known = _Known(begun=ticket.filed_at)
    dates = _after(pack, ticket, known, Dates(due=ticket.due), why="calendar")
    for one in happenings:
        after = _learnt(known, one)
        if after == known:
            continue
        known = after
        reason = one.data.get("reason", "")
        dates = _after(pack, ticket, known, dates, why=one.name, at=one.at,
                       reason=reason if isinstance(reason, str) else "")  # fmt: skip
    return dates


def _learnt(known: _Known, one: Happened) -> _Known:
    match one.name:
        case "signed" if "signing" not in known.happened:
            taken = dict.fromkeys(SIGNINGS, _moment(one))
            return replace(known, happened={**_arrived(known.begun), **taken, **known.happened})
        case "replied":
            return replace(known, happened={**known.happened, "closing_reply": _moment(one)})
        case "reassigned":
            return _Known(begun=_moment(one), happened=_arrived(_moment(one)))
        case "reopened":
            return _begun_again(known, _limit(one))
        case "progressed" if limit := _limit(one):
            return replace(known, limits={**known.limits, "finish": limit})
        case "extended":
            what, number = one.data.get("what", "finish"), one.data.get("number")
            if isinstance(what, str) and type(number) is int and 0 < number <= LONGEST_EXTENSION:
                return replace(known, more={**known.more, what: known.more.get(what, 0) + number})
    return known


def _arrived(at: datetime) -> dict[str, datetime]:
    """Return what is known once a unit has the ticket: it came with the filing or the last transfer (R-ALL-4, R-ALL-8)."""
    return dict.fromkeys(ARRIVALS, at)


def _begun_again(known: _Known, limit: Limit | None) -> _Known:
    """A second handling has a limit of its own; the reply and the extensions before it are used up (R-ALL-18)."""
    happened = {name: at for name, at in known.happened.items() if name != "closing_reply"}
    limits = {**known.limits, "finish": limit} if limit else known.limits
    return replace(known, happened=happened, more={}, limits=limits)


def _limit(one: Happened) -> Limit | None:
    """Return the last day for the finish that the event names; what is no day is none."""
    try:
        named = one.data["limit"]
        return Limit(day=date.fromisoformat(named["day"]), at=one.at) if named["what"] == "finish" else None
    except (KeyError, TypeError, ValueError):
        return None


def _moment(one: Happened) -> datetime:
    """Return the moment that the event names, else when it was said."""
    try:
        named = datetime.fromisoformat(one.data["at"])
    except (KeyError, TypeError, ValueError):
        return one.at
    return named if named.tzinfo else one.at


def _after(
    pack: CityPack, ticket: Ticket, known: _Known, dates: Dates, *, why: str, at: datetime | None = None,
    reason: str = "",
) -> Dates:  # fmt: skip
    reckoned = _reckoned(pack, ticket, known)
    held: list[Due] = []
    changes = list(dates.changes)
    for old in dates.due:
        new = reckoned.get(old.what)
        if new is None or not _may_replace(pack, old, new, why, known):
            held.append(old)
            continue
        held.append(new)
        if new.at != old.at:
            changes.append(Change(old=old, new=new, why=why, at=at, reason=reason))
    held += (reckoned[what] for what in known.limits if all(due.what != what for due in held))
    return Dates(due=tuple(sorted(held, key=lambda due: (due.at, due.what))), changes=tuple(changes))


def _reckoned(pack: CityPack, ticket: Ticket, known: _Known) -> dict[str, Due]:
    dues = {due.what: due for due in _moments(pack, ticket, known)}
    for what, limit in known.limits.items():
        ground = dues.get(what) or next((rule for rule in pack.unfixed if rule.what == what), None)
        citation = ground.citation if ground else ticket.due[0].citation
        dues[what] = limited(pack, what, limit.day, citation, since=limit.at)
    for what, number in known.more.items():
        if what in dues and dues[what].unit:
            dues[what] = extended(pack, dues[what], number)
    if "finish" in known.more and "finish" in dues and "follow_up" in dues:
        dues["follow_up"] = _following(pack, ticket, known, finish=dues["finish"], old=dues["follow_up"])
    return dues


def _moments(pack: CityPack, ticket: Ticket, known: _Known) -> tuple[Due, ...]:
    return due_moments(
        pack,
        kind=ticket.kind,
        ticket_class=ticket.ticket_class,
        channel=ticket.channel,
        at=known.begun,
        happened=known.happened,
        matters=ticket.matters,
    )


def _following(pack: CityPack, ticket: Ticket, known: _Known, *, finish: Due, old: Due) -> Due:
    """Return the follow-up after a finish that has more time, as long as the reply has not come."""
    if "closing_reply" in known.happened:
        return old
    later = replace(known, happened={**known.happened, "closing_reply": finish.at})
    found = next(due for due in _moments(pack, ticket, later) if due.what == "follow_up")
    return replace(found, provisional=True, why=old.why)


def _may_replace(pack: CityPack, old: Due, new: Due, why: str, known: _Known) -> bool:
    """Tell whether the citizen's date may become ``new``: what was settled stays, but for a stated reason."""
    if why == "reassigned":
        return True
    if why in ("progressed", "reopened"):
        return old.what in known.limits
    if why == "extended":
        return new.at >= old.at and (old.what in known.more or old.provisional)
    if why == "calendar":
        return _waits_for_calendar(pack, old)
    return old.provisional and (new.at <= old.at or _waits_for_calendar(pack, old))


def _waits_for_calendar(pack: CityPack, due: Due) -> bool:
    years = {day.day.year for day in due.days}
    return any(pack.say("due_year_unknown", year=str(year)) in due.why for year in years)
