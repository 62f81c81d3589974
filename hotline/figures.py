"""Figures about cases: a rate is the cases that meet something over the cases of which it is asked.

What is counted, a measure of the city's ``report.yaml`` says by two words of ``hotline.vocabulary.COUNTS``. The
definitions are the common ones where no text has its own (R-ALL-21 for response, resolution and satisfaction):

- a case stands in the period in which it was filed (``tickets``), fell due (``due``), was answered (``finished``),
  or its petitioner was last heard (``reached``, ``rated``); so a past month changes no more;
- what falls due is the limit of the thing counted; a first contact for which no text sets a limit is due with the
  answer; what is not yet due and not yet done is in neither number;
- solved is what the petitioner calls solved as a whole, over those who say whether it is; who does not know, or was
  not asked, stands in neither number (R-ALL-21);
- satisfied are the two best of five grades; ratings set aside count nowhere.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from typing import TypeAlias

from hotline.calendar import CITY_TIME, Calendar
from hotline.casework import COUNTED, Step, Taken
from hotline.law import Measure
from hotline.periods import Period

SATISFIED_FROM = 4  #: of five grades
BY_PHONE = "phone"


@dataclass(frozen=True, kw_only=True, slots=True)
class CaseFacts:
    """What figures need of a case: no words, nobody's name."""

    number: str
    kind: str
    ticket_class: str | None
    channel: str
    assignment: str
    unit: str  #: the one that leads
    filed_at: datetime
    dues: Mapping[str, datetime]  #: the moment for each of ``hotline.vocabulary.WHATS`` that has one
    steps: tuple[Taken, ...] = ()  #: oldest first
    area: str = ""  #: county or district; empty where the place names none
    topic: str = ""  #: what it is about, by ``hotline.analysis.topic_of``
    related: tuple[str, ...] = ()  #: tickets of the same person or matter

    def last(self, *steps: Step) -> Taken | None:
        """Return the last of these steps that was taken."""
        return next((one for one in reversed(self.steps) if one.step in steps), None)

    def first(self, step: Step) -> datetime | None:
        """Return when a step was taken for the first time."""
        return next((one.at for one in self.steps if one.step is step), None)

    @property
    def finished_at(self) -> datetime | None:
        """When it was answered; a second handling or a reopening begins anew."""
        last = self.last(Step.REPLY, Step.REDO, Step.REOPEN)
        return last.at if last is not None and last.step is Step.REPLY else None

    @property
    def signed_at(self) -> datetime | None:
        """When it was signed for, the last time."""
        signed = self.last(Step.SIGN)
        return None if signed is None else signed.at

    def heard(self, key: str) -> Taken | None:
        """Return the last rating or follow-up that says ``key`` and was not set aside."""
        for one in reversed(self.steps):
            if one.step is Step.SET_RATING_ASIDE and not one.unit and one.data.get("result") != "refused":
                return None
            if one.step in (Step.RATE, Step.FOLLOW_UP) and key in one.data:
                return one
        return None


@dataclass(frozen=True, kw_only=True, slots=True)
class Rate:
    """One figure with the numbers of the cases behind it."""

    id: str
    met: tuple[str, ...]  #: numerator
    of: tuple[str, ...]  #: denominator

    @property
    def value(self) -> Fraction | None:
        """The exact share; none where nothing was asked."""
        return Fraction(len(self.met), len(self.of)) if self.of else None


def _took(step: Step) -> Callable[[CaseFacts], bool]:
    return lambda case: case.last(step) is not None


def _in_time(what: str, done: "Moment") -> Callable[[CaseFacts], bool]:
    def check(case: CaseFacts) -> bool:
        due, at = _limit(case, what), done(case)
        return due is not None and at is not None and at <= due

    return check


def _limit(case: CaseFacts, what: str) -> datetime | None:
    return case.dues.get(what) or (case.dues.get("finish") if what == "contact" else None)


def _says(key: str, wanted: Callable[[str], bool]) -> Callable[[CaseFacts], bool]:
    def check(case: CaseFacts) -> bool:
        said = case.heard(key)
        return said is not None and wanted(said.data[key])

    return check


def _heard_at(key: str) -> "Moment":
    def moment(case: CaseFacts) -> datetime | None:
        said = case.heard(key)
        return None if said is None else said.at

    return moment


def _has_view(case: CaseFacts) -> datetime | None:
    """Return when the petitioner last said whether it is solved; not to know is to have said nothing."""
    said = case.heard("solved")
    return None if said is None or said.data["solved"] == "unknown" else said.at


Moment: TypeAlias = Callable[[CaseFacts], datetime | None]

#: What has a limit, and when it was done, by the word that counts it.
LIMITED: Mapping[str, tuple[str, Moment]] = {
    "signed_in_time": ("sign", lambda case: case.signed_at),
    "contacted_in_time": ("contact", lambda case: case.first(Step.CONTACT)),
    "finished_in_time": ("finish", lambda case: case.finished_at),
}
#: Whether a case meets what is counted.
MET: Mapping[str, Callable[[CaseFacts], bool]] = {
    **{name: _in_time(what, done) for name, (what, done) in LIMITED.items()},
    "online_tickets": lambda case: case.channel != BY_PHONE,
    "finished": lambda case: case.finished_at is not None,
    "solved": _says("solved", lambda said: said == "yes"),
    "satisfied": _says("satisfaction", lambda said: said == COUNTED or int(said) >= SATISFIED_FROM),
    "repeated": lambda case: case.last(Step.REDO, Step.REOPEN) is not None,
    "returned": _took(Step.GRANT_RETURN),
    "extended": _took(Step.GRANT_EXTENSION),
    "redone": _took(Step.REDO),
    "done_at_once": lambda case: case.last(Step.REDO) is None,
    "held": _took(Step.HOLD_REPLY),
    "followed_up": lambda case: case.last(Step.FOLLOW_UP, Step.RATE) is not None,
}
#: The moment by which a case stands in a period.
STANDS: Mapping[str, Moment] = {
    "tickets": lambda case: case.filed_at,
    "finished": lambda case: case.finished_at,
    "reached": _has_view,
    "rated": _heard_at("satisfaction"),
}
#: Figures that every city has, whatever its text scores: (id, what is counted, over what).
COMMON = (
    ("signing", "signed_in_time", "due"), ("contact", "contacted_in_time", "due"), ("finishing", "finished_in_time", "due"),
    ("solved", "solved", "reached"), ("satisfied", "satisfied", "rated"), ("returned", "returned", "tickets"),
    ("extended", "extended", "tickets"), ("redone", "redone", "finished"), ("held", "held", "finished"),
    ("followed-up", "followed_up", "finished"),
)  # fmt: skip


def is_reckoned(counts: str, over: str) -> bool:
    """Tell whether a rate comes from the cases; the others are entered or scores of scores."""
    return counts in MET and (over in STANDS or (over == "due" and counts in LIMITED))


def rate(
    id: str, counts: str, over: str, cases: Iterable[CaseFacts], period: Period, *, now: datetime
) -> Rate:
    """Return one rate of the cases that stand in ``period`` as things are at ``now``."""
    stands = _fell_due(counts, now) if over == "due" else STANDS[over]
    asked = [case for case in cases if (at := stands(case)) is not None and at in period]
    return Rate(
        id=id,
        met=tuple(case.number for case in asked if MET[counts](case)),
        of=tuple(case.number for case in asked),
    )


def _fell_due(counts: str, now: datetime) -> Moment:
    what, done = LIMITED[counts]

    def moment(case: CaseFacts) -> datetime | None:
        due = _limit(case, what)
        return due if due is not None and (due < now or done(case) is not None) else None

    return moment


def common_rates(cases: Sequence[CaseFacts], period: Period, *, now: datetime) -> dict[str, Rate]:
    """Return the figures of ``COMMON``, by id."""
    return {id: rate(id, counts, over, cases, period, now=now) for id, counts, over in COMMON}


def city_rates(
    measures: Iterable[Measure], cases: Sequence[CaseFacts], period: Period, *, now: datetime
) -> dict[str, Rate]:
    """Return the figures that the city's text names and the cases can tell, by id."""
    return {
        one.id: rate(one.id, one.counts, one.over, cases, period, now=now)
        for one in measures
        if is_reckoned(one.counts, one.over)
    }


def urged_in_vain(case: CaseFacts, calendar: Calendar, gap: int) -> bool:
    """Tell whether the centre urged twice in a row after the last day, ``gap`` working days apart, without an answer."""
    due = case.dues.get("finish")
    urged: datetime | None = None
    for one in case.steps:
        if one.step is Step.REPLY:
            urged = None
        elif one.step is Step.URGE and one.by is not None and due is not None and one.at > due:
            if urged is not None and _working_days(urged, one.at, calendar) >= gap:
                return True
            urged = urged or one.at
    return False


def _working_days(first: datetime, last: datetime, calendar: Calendar) -> int:
    """Return how many working days begin after ``first`` up to ``last``'s day."""
    day, until = (moment.astimezone(CITY_TIME).date() for moment in (first, last))
    return sum(calendar.is_working(day + timedelta(days=n + 1)) for n in range((until - day).days))
