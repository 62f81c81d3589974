"""A case: what the desk makes of a filed ticket and of the steps taken on it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeAlias

from hotline.calendar import CITY_TIME
from hotline.caseclock import day_named, dues_of
from hotline.casework import CaseFile, CaseStep, Filed, Stage, Step, Taken, casefile_of
from hotline.citypack import CityPack
from hotline.deadlines import Due
from hotline.events import Event
from hotline.procedure import told_of
from hotline.records import from_record

State: TypeAlias = Stage

_MAY = frozenset({"return"})  #: a last moment for what one may do, not a duty
_BEFORE_REPLY = frozenset({"sign", "start", "contact", "return", "plan", "progress", "finish", "mend"})
_DONE: Mapping[Stage, frozenset[str]] = {
    Stage.RECEIVED: frozenset(),
    Stage.SIGNED: frozenset({"sign"}),
    Stage.REPLIED: _BEFORE_REPLY,
    Stage.FOLLOWED_UP: _BEFORE_REPLY | {"follow_up"},
    Stage.CLOSED: _BEFORE_REPLY | {"follow_up"},
}
#: What a step settles, as limits call it.
_SETTLES: Mapping[Step, str] = {
    Step.START: "start",
    Step.CONTACT: "contact",
    Step.PROGRESS: "progress",
    Step.PLAN: "plan",
    Step.ASK_RETURN: "return",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """One ticket at the desk, with the desk's own dates."""

    number: str
    state: State
    ticket: Mapping[str, Any]  #: data of ``filed``, as docs/events/filed.v1.json describes it
    dues: tuple[Due, ...]
    received_at: datetime
    signed_at: datetime | None = None
    signed_unit: str = ""
    replied_at: datetime | None = None
    lead: str = ""  #: the unit that has it, once the centre gave it to another than the ticket names
    helpers: tuple[str, ...] | None = None  #: its co-handlers, once they are others than the ticket names
    assignment: str = "platform"  #: the way in which the centre put it to the unit
    topic: str = ""  #: what it is about, out of the list that all cities share
    done: tuple[str, ...] = ()  #: what was done beside signing and replying, as limits call it

    @property
    def filed_at(self) -> datetime:
        """When the citizen filed it."""
        return datetime.fromisoformat(self.ticket["filed_at"])

    @property
    def area(self) -> str:
        """The county or district that the place names."""
        division = self.ticket.get("division")
        return str(division["name"]) if division else ""

    @property
    def urgent(self) -> bool:
        """Whether life or property is in danger."""
        return bool(self.ticket["urgent"])

    @property
    def confidential(self) -> bool:
        """Whether lists must show neither place nor person."""
        return bool(self.ticket["contact"]["confidential"])

    @property
    def has_person(self) -> bool:
        """Whether there is a name or number that may be looked at."""
        contact = self.ticket["contact"]
        return not (self.confidential or contact["anonymous"]) and bool(contact["name"] or contact["phone"])

    @property
    def lead_unit(self) -> str:
        """The unit that answers for the case."""
        return self.lead or str(self.ticket["lead_unit"])

    @property
    def co_handlers(self) -> tuple[str, ...]:
        """The units that handle it together with the lead."""
        if self.helpers is not None:
            return self.helpers
        return tuple(share["unit"] for share in self.ticket.get("co_handlers", ()))

    @property
    def filed(self) -> Filed:
        """What the city's rules look at."""
        ticket = self.ticket
        return Filed(
            kind=ticket["kind"],
            ticket_class=ticket["class"],
            channel=ticket["channel"],
            at=self.filed_at,
            lead=str(ticket["lead_unit"]),
            co_handlers=tuple(share["unit"] for share in ticket.get("co_handlers", ())),
            matters=self.matters,
            reachable=not ticket["contact"]["anonymous"],
        )

    def is_seen_by(self, unit: str | None) -> bool:
        """Tell whether an account of ``unit`` may see it; ``None`` is the centre."""
        return unit is None or unit in self.units

    @property
    def units(self) -> tuple[str, ...]:
        """The units that handle it and are shown it: the lead, then its co-handlers."""
        return tuple(dict.fromkeys((self.lead_unit, *self.co_handlers)))

    @property
    def matters(self) -> tuple[str, ...]:
        """Sorts of matter with limits of their own."""
        return tuple(self.ticket.get("matters", ()))

    def is_open(self, due: Due) -> bool:
        """Tell whether what ``due`` asks for is still to be done."""
        return due.what not in _DONE[self.state] and due.what not in self.done

    def next_due(self) -> Due | None:
        """Return what has to be done first."""
        duties = (due for due in self.dues if self.is_open(due) and due.what not in _MAY)
        return min(duties, key=lambda due: due.at, default=None)


def law_of(pack: CityPack, case: Case) -> CityPack:
    """Return the law of the day on which ``case`` was filed."""
    return pack.on(case.filed_at.astimezone(CITY_TIME).date())


def receive(event: Event, *, at: datetime) -> Case:
    """Return the case that a ``filed`` event opens."""
    dues = tuple(from_record(Due, due) for due in event.data["due"])
    return Case(number=event.subject, state=State.RECEIVED, ticket=event.data, dues=dues, received_at=at)


def arrived(pack: CityPack, case: Case) -> Case:
    """Return a case that its unit has just got: dates that waited for that are settled."""
    known = {due.what: due for due in dues_of(law_of(pack, case), file_of(case, ())) if not due.provisional}
    dues = tuple(known.get(due.what, due) if due.provisional else due for due in case.dues)
    return replace(case, dues=dues)


def file_of(case: Case, steps: Sequence[Taken]) -> CaseFile:
    """Return how ``case`` stands after ``steps``, all that were taken on it, oldest first."""
    return casefile_of(case.filed, (*_unkept(case, steps), *steps))


def _unkept(case: Case, steps: Sequence[Taken]) -> Iterator[Taken]:
    """Yield signing and reply of a case that had them before steps were kept."""
    kept = {taken.step for taken in steps}
    for step, at in ((Step.SIGN, case.signed_at), (Step.REPLY, case.replied_at)):
        if at is not None and step not in kept:
            yield Taken(step=step, at=at, unit=case.signed_unit)


def as_it_stands(case: Case, file: CaseFile, dues: tuple[Due, ...]) -> Case:
    """Return ``case`` as lists show it after a step: where it stands, who has it, what is due."""
    signing = next(iter(file.of(Step.SIGN)), None)
    reply = next(iter(reversed(file.anew(Step.REPLY))), None)
    return replace(
        case,
        state=file.stage,
        dues=dues,
        lead=file.lead,
        helpers=file.co_handlers,
        assignment=file.assignment,
        done=tuple(sorted({_SETTLES[one.step] for one in file.since if one.step in _SETTLES})),
        signed_at=signing.at if signing else None,
        signed_unit=signing.unit if signing else "",
        replied_at=reply.at if reply else None,
    )


def said_of(
    rule: CaseStep, before: CaseFile, taken: Taken, dues: Sequence[Due]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the events that tell the citizen of a step, by name with their data (docs/events).

    ``dues`` run after the step: a day that a form names is told where it is now the last one for the answer.
    """
    at, data = taken.at.isoformat(), taken.data
    unit = taken.unit or before.lead
    match taken.step:
        case Step.SIGN:
            yield "signed", {"unit": unit, "at": at}
        case Step.GRANT_RETURN:
            yield "returned", {"unit": before.lead, "at": at, "reason": data["reason"]}
        case Step.DESIGNATE if data["unit"] != before.lead:
            yield "reassigned", {"unit": data["unit"], "at": at, "reason": data["reason"]}
        case Step.GRANT_EXTENSION:
            number, reason = int(data["length"]), data["reason"]
            yield (
                "extended",
                {"what": "finish", "number": number, "reason": reason, "unit": before.lead, "at": at},
            )
    text, day = told_of(rule, taken), day_named(taken)
    finish = next((due for due in dues if due.what == "finish"), None)
    holds = day is not None and finish is not None and finish.at.astimezone(CITY_TIME).date() == day
    if text or holds:
        limit = {"limit": {"what": "finish", "day": str(day)}} if holds else {}
        yield "progressed", {"unit": unit, "at": at, "text": text, **limit}


def replied_data(case: Case, text: str) -> dict[str, Any]:
    """Return the data of ``replied`` (docs/events)."""
    at = case.replied_at.isoformat() if case.replied_at else ""
    return {"unit": case.signed_unit or case.lead_unit, "at": at, "text": text}
