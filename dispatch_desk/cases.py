"""A case: what the desk makes of a filed ticket, and what may happen to it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeAlias

from hotline.deadlines import Due
from hotline.events import Event
from hotline.records import from_record


class State(StrEnum):
    """Where a case stands."""

    RECEIVED = "received"
    SIGNED = "signed"
    REPLIED = "replied"
    FOLLOWED_UP = "followed_up"  #: how the petitioner finds the reply is known
    CLOSED = "closed"


_MAY = frozenset({"return"})  #: a last moment for what one may do, not a duty
_HANDLED = frozenset({"sign", "start", "contact", "return", "plan", "progress", "finish"})
_DONE: Mapping[State, frozenset[str]] = {
    State.RECEIVED: frozenset(),
    State.SIGNED: frozenset({"sign"}),
    State.REPLIED: _HANDLED,
    State.FOLLOWED_UP: _HANDLED | {"follow_up"},
    State.CLOSED: _HANDLED | {"follow_up"},
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
    assignment: str = "platform"  #: the way in which the centre put it to the unit
    turned_out: tuple[str, ...] = ()  #: what gives the case limits of its own (``hotline.vocabulary.CASES``)

    @property
    def filed_at(self) -> datetime:
        """When the citizen filed it."""
        return datetime.fromisoformat(self.ticket["filed_at"])

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
        """The unit that has to sign."""
        return str(self.ticket["lead_unit"])

    @property
    def matters(self) -> tuple[str, ...]:
        """Sorts of matter with limits of their own."""
        return tuple(self.ticket.get("matters", ()))

    def is_open(self, due: Due) -> bool:
        """Tell whether what ``due`` asks for is still to be done."""
        return due.what not in _DONE[self.state]

    def next_due(self) -> Due | None:
        """Return what has to be done first."""
        duties = (due for due in self.dues if self.is_open(due) and due.what not in _MAY)
        return min(duties, key=lambda due: due.at, default=None)


Reckon: TypeAlias = Callable[[Case, datetime], tuple[Due, ...]]  #: dates of a case signed at that moment


def receive(event: Event, *, at: datetime) -> Case:
    """Return the case that a ``filed`` event opens."""
    dues = tuple(from_record(Due, due) for due in event.data["due"])
    return Case(number=event.subject, state=State.RECEIVED, ticket=event.data, dues=dues, received_at=at)


def sign(case: Case, *, unit: str, at: datetime, dues: tuple[Due, ...]) -> Case | None:
    """Return ``case`` signed by ``unit`` with the dates that run from it; ``None`` if signed before."""
    if case.state is not State.RECEIVED:
        return None
    return replace(case, state=State.SIGNED, signed_at=at, signed_unit=unit, dues=dues or case.dues)


def signed_data(case: Case) -> dict[str, Any]:
    """Return the data of ``signed`` (docs/events)."""
    return {"unit": case.signed_unit, "at": case.signed_at.isoformat() if case.signed_at else ""}


def answer(case: Case, *, at: datetime) -> Case | None:
    """Return ``case`` with its unit's reply sent; ``None`` unless it is being handled."""
    return replace(case, state=State.REPLIED, replied_at=at) if case.state is State.SIGNED else None


def replied_data(case: Case, text: str) -> dict[str, Any]:
    """Return the data of ``replied`` (docs/events)."""
    at = case.replied_at.isoformat() if case.replied_at else ""
    return {"unit": case.signed_unit or case.lead_unit, "at": at, "text": text}
