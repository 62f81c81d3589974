"""The desk's moves after a unit's reply: call, set a rating aside, handle again, evaluate, close, archive."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import takewhile
from typing import Any

from dispatch_desk.cases import Case, law_of
from dispatch_desk.moves import Move, Moved, Mover
from hotline.archiving import missing
from hotline.calendar import CITY_TIME
from hotline.caseclock import due_in, dues_of
from hotline.casework import COUNTED, Step, Taken, casefile_of
from hotline.citation import Citation
from hotline.citypack import CityPack, DeskStep
from hotline.deadlines import Due
from hotline.events import Event
from hotline.following_up import (
    ASIDE,
    REFUSED,
    SECOND,
    Choice,
    Ground,
    Outcome,
    Standing,
    again,
    asking_of,
    choices,
    closing_grounds,
    standing,
)
from hotline.message import SOLVED

OWN_CHANNELS = ("webchat", "wechat", "mailbox", "open311", "sms")  #: on which the gateway asks for a rating
REDONE = ("undone", "explained")
MAX_WORDS = 500
_BY_EVENT = {"rated": Step.RATE, "urged": Step.URGE}
OF_PETITIONERS = frozenset(_BY_EVENT.values())  #: with no account


@dataclass(frozen=True, kw_only=True, slots=True)
class Filled:
    """What a form after the reply held; empty where it has no such field."""

    result: str = ""
    grade: str = ""
    solved: str = ""
    category: str = ""
    reason: str = ""
    day: str = ""
    number: str = ""  #: under which an instructed matter is archived
    recording: str = ""  #: how many enclosures of which sort belong to it


@dataclass(frozen=True, kw_only=True, slots=True)
class After:
    """Everything that the page of a case shows of what comes after the reply."""

    stands: Standing
    due: Due | None
    choices: tuple[Choice, ...]
    grounds: tuple[Ground, ...]
    proposed_limit: date | None
    silence_law: Citation | None
    missing: tuple[DeskStep, ...]  #: what the file lacks for the archive


def taken_of(event: Event) -> Taken | None:
    """Return the step that the petitioner took with an event from the gateway, if it is one."""
    step = _BY_EVENT.get(event.name)
    if step is None:
        return None
    grade = _rated(event.data) if step is Step.RATE else {}
    words = event.data.get("reason") or event.data.get("text") or ""
    return Taken(step=step, at=event.at, data={**grade, "reason": words})


def _rated(said: Mapping[str, Any]) -> Mapping[str, str]:
    """Return what a rating says in codes; whether the matter is solved only where it was said."""
    solved = {"solved": said["solved"]} if said.get("solved") in SOLVED else {}
    return {"satisfaction": str(said["grade"]), **solved}


def follow_up_due(case: Case) -> Due | None:
    """Return the last moment for asking the petitioner, where the city's text sets one."""
    return due_in(case.dues, "follow_up")


class Following:
    """What one city's law makes of a case after the reply."""

    def __init__(self, pack: CityPack) -> None:
        self._pack = pack

    def law_on(self, day: date) -> CityPack:
        """Return the law as it stands on ``day``."""
        return self._pack.on(day)

    def law_of(self, case: Case) -> CityPack:
        """Return the law under which ``case`` was filed."""
        return law_of(self._pack, case)

    def standing(self, case: Case, taken: Sequence[Taken], now: datetime) -> Standing:
        """Return where the asking stands."""
        due = follow_up_due(case)
        return standing(
            asking_of(self.law_of(case)), taken, due=due.at if due else None, now=now,
            own_channel=case.ticket["channel"] in OWN_CHANNELS,
        )  # fmt: skip

    def after(self, case: Case, taken: Sequence[Taken], now: datetime) -> After:
        """Return what the page of a case shows of it."""
        pack, stands = self.law_of(case), self.standing(case, taken, now)
        first = _first_limit(pack, case, taken)
        return After(
            stands=stands,
            due=follow_up_due(case),
            choices=choices(pack, stands, case.ticket["kind"]),
            grounds=closing_grounds(pack, case.ticket["kind"], stands),
            proposed_limit=again(pack, first, at=now).at.date() if first else None,
            silence_law=asking_of(pack).silence_law,
            missing=self.lacking(case, taken, now),
        )

    def lacking(self, case: Case, taken: Sequence[Taken], now: datetime) -> tuple[DeskStep, ...]:
        """Return what the file of ``case`` lacks to be complete."""
        stands = self.standing(case, taken, now)
        return missing(self.law_of(case), taken, stands, reachable=case.filed.reachable)

    def mover(self, step: Step, filled: Filled, *, unit: str, by: int | None) -> Mover:
        """Return what decides on one step that a form asks for; ``unit`` is empty for the centre."""

        def move(case: Case, taken: Sequence[Taken], now: datetime) -> Moved:
            after = self.after(case, taken, now)
            choice = next((one for one in after.choices if one.step is step), None)
            if choice is None or choice.hindered:
                return choice.hindered if choice else "no_rule"
            data = _data(step, filled, after, unit, now)
            if isinstance(data, str):
                return data
            one = Taken(step=step, at=now, unit=unit, by=by, data=data)
            return self._move(case, [*taken, one])

        return move

    def _move(self, case: Case, taken: Sequence[Taken]) -> Move:
        one = taken[-1]
        at = one.at.isoformat()
        match one.step:
            case Step.FOLLOW_UP:
                return self._called(case, taken)
            case Step.REDO:
                limit = {"what": "finish", "day": one.data["new_date"]}
                told = {"at": at, "reason": one.data["reason"], "limit": limit}
                return Move(taken=one, event="reopened", told=told)
            case Step.CLOSE:
                return Move(taken=one, event="closed", told={"at": at, "ground": one.data["basis"]})
            case _:
                return Move(taken=one)

    def _called(self, case: Case, taken: Sequence[Taken]) -> Move:
        one = taken[-1]
        view = self.standing(case, taken, one.at).view
        if view is None:
            return Move(taken=one)
        told = {
            "at": one.at.isoformat(),
            "grade": view.grade,
            "by": "silence" if view.grade is None else "call",
            **({"solved": one.data["solved"]} if "solved" in one.data else {}),
        }
        if view.grade is None:
            one = replace(one, data={**one.data, "satisfaction": COUNTED})
        return Move(taken=one, event="followed_up", told=told)


def _first_limit(pack: CityPack, case: Case, taken: Sequence[Taken]) -> Due | None:
    """Return when the first reply was due, before any extension."""
    before = takewhile(lambda one: one.step is not Step.REPLY, taken)
    file = casefile_of(case.filed, (one for one in before if one.step is not Step.GRANT_EXTENSION))
    return due_in(dues_of(pack, file), "finish")


def _data(step: Step, filled: Filled, after: After, unit: str, now: datetime) -> Mapping[str, str] | str:
    """Return what is kept of a form, or a code for what is wrong in it."""
    match step:
        case Step.FOLLOW_UP:
            return _call(filled)
        case Step.SET_RATING_ASIDE:
            if (
                filled.category not in ASIDE
                or (filled.result not in ("", REFUSED))
                or (filled.result and unit)
            ):
                return "category"
            return _reasoned(filled, category=filled.category, result=filled.result)
        case Step.REDO:
            if filled.category not in REDONE:
                return "category"
            return _limited(filled, now)
        case Step.CLOSE:
            ground = next((one for one in after.grounds if one.id == filled.category), None)
            if ground is None:
                return "category"
            words = {"category": ground.id, "basis": ground.says}
            return _reasoned(filled, **words) if ground.requires or ground.whatever else words
        case Step.ARCHIVE if after.missing:
            return _reasoned(filled, basis=",".join(step.id for step in after.missing))
        case Step.ARCHIVE:
            kept = {"number": filled.number, "recording": filled.recording}
            return {name: value for name, value in kept.items() if value}
        case _:
            return _reasoned(filled)


def _call(filled: Filled) -> Mapping[str, str] | str:
    if filled.result not in {one.value for one in Outcome}:
        return "result"
    answered = filled.result == Outcome.ANSWERED
    if answered and filled.grade not in ("1", "2", "3", "4", "5"):
        return "grade"
    if answered and filled.solved not in SOLVED:
        return "solved"
    said = {"satisfaction": filled.grade, "solved": filled.solved} if answered else {}
    return {"result": filled.result, "reason": filled.reason, **said}


def _limited(filled: Filled, now: datetime) -> Mapping[str, str] | str:
    try:
        day = date.fromisoformat(filled.day)
    except ValueError:
        return "day"
    if day < now.astimezone(CITY_TIME).date():
        return "day"
    return _reasoned(filled, category=filled.category, case=SECOND, new_date=day.isoformat())


def _reasoned(filled: Filled, **more: str) -> Mapping[str, str] | str:
    return {"reason": filled.reason, **more} if filled.reason else "reason"
