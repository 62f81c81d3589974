"""The desk's moves of supervision: what a case calls for now, and what was done about it on record."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from dispatch_desk.cases import Case
from dispatch_desk.following import MAX_WORDS, Following
from dispatch_desk.moves import Move, Moved, Mover
from hotline.calendar import CITY_TIME
from hotline.casework import Step, Taken
from hotline.law import Item
from hotline.leading import going_up
from hotline.supervising import Facts, Matter, forms, matters, may_urge

URGE = "urge"  #: what a form names instead of a matter when the unit is urged


@dataclass(frozen=True, kw_only=True, slots=True)
class Noted:
    """What a form of supervision held."""

    category: str
    form: str = ""
    reason: str = ""
    result: str = ""
    day: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Oversight:
    """Everything that the page of a case shows of supervision."""

    matters: tuple[Matter, ...]
    forms: tuple[Item, ...]
    may_urge: bool
    noted: tuple[Taken, ...]

    @property
    def calling(self) -> tuple[Matter, ...]:
        """What the case shows and nobody has done anything about."""
        return tuple(one for one in self.matters if one.live and not one.recorded)


class Supervising:
    """What one city's law has supervised."""

    def __init__(self, following: Following) -> None:
        self._following = following

    def forms(self, now: datetime) -> tuple[Item, ...]:
        """Return the forms, or grades, that supervision takes by the text in force."""
        return forms(self._following.law_on(now.astimezone(CITY_TIME).date()))

    def oversight(self, case: Case, taken: Sequence[Taken], now: datetime) -> Oversight:
        """Return what a case calls for and what was done."""
        pack = self._following.law_of(case)
        found = matters(pack, self._facts(case, taken, now))
        steps = {one.step for one in found} | {Step.URGE}
        noted = tuple(one for one in taken if one.step in steps and one.by is not None)
        return Oversight(matters=found, forms=forms(pack), may_urge=may_urge(pack), noted=noted)

    def has_leaders(self, now: datetime) -> bool:
        """Tell whether the text in force sends anything up to leaders by itself."""
        return bool(self._following.law_on(now.astimezone(CITY_TIME).date()).leaders)

    def going_up(
        self, case: Case, taken: Sequence[Taken], now: datetime
    ) -> Sequence[tuple[Matter, tuple[str, ...]]]:
        """Return what of a case goes up to leaders by itself now, with as whom they are told."""
        pack = self._following.law_of(case)
        told = {rule.told_as for rule in pack.leaders}
        found = going_up(pack, self.oversight(case, taken, now).matters)
        return [(one, tuple(role for role in one.to if role in told)) for one in found]

    def mover(self, noted: Noted, *, by: int | None) -> Mover:
        """Return what decides on one step of supervision."""

        def move(case: Case, taken: Sequence[Taken], now: datetime) -> Moved:
            oversight = self.oversight(case, taken, now)
            matter = next((one for one in oversight.matters if one.id == noted.category), None)
            urging = noted.category == URGE and oversight.may_urge
            if matter is None and not urging:
                return "category"
            step = matter.step if matter else Step.URGE
            wrong = _fault(noted, step, oversight)
            return wrong or Move(taken=Taken(step=step, at=now, by=by, data=_data(noted, matter)))

        return move

    def _facts(self, case: Case, taken: Sequence[Taken], now: datetime) -> Facts:
        ticket = case.ticket
        view = self._following.standing(case, taken, now).view
        return Facts(
            taken=taken,
            dues=tuple(due for due in case.dues if case.is_open(due)),
            kind=ticket["kind"],
            ticket_class=ticket["class"],
            channel=ticket["channel"],
            tags=frozenset(ticket.get("tags", ())),
            matters=frozenset(case.matters),
            related=len(ticket["related"]),
            filed_at=case.filed_at,
            dissatisfied=view is not None and view.dissatisfied,
            now=now,
        )


def _fault(noted: Noted, step: Step, oversight: Oversight) -> str:
    """Return what is wrong with a form as a code, empty if nothing is."""
    if step is Step.SUPERVISE and oversight.forms and noted.form not in {one.id for one in oversight.forms}:
        return "form"
    if not noted.reason or len(noted.reason) > MAX_WORDS:
        return "reason"
    return "" if not noted.day or _is_day(noted.day) else "day"


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _data(noted: Noted, matter: Matter | None) -> Mapping[str, str]:
    data = {
        "category": noted.category,
        "basis": matter.says if matter else "",
        "person": ",".join(matter.to) if matter else "",
        "proposal": noted.form,
        "reason": noted.reason,
        "result": noted.result,
        "new_date": noted.day,
    }
    return {name: value for name, value in data.items() if value}
