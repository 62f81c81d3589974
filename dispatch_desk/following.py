"""The desk's moves after a unit's reply: call, set a rating aside, handle again, evaluate, close, archive."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from dispatch_desk.cases import Case, Reckon, State
from dispatch_desk.moves import Move, Moved, Mover
from hotline.calendar import CITY_TIME
from hotline.casework import Step, Taken
from hotline.citation import Citation
from hotline.citypack import CityPack
from hotline.deadlines import END_OF_DAY, Due
from hotline.events import Event
from hotline.following_up import (
    ASIDE,
    REFUSED,
    Choice,
    Ground,
    Outcome,
    Standing,
    View,
    again,
    asking_of,
    choices,
    closing_grounds,
    standing,
)

OWN_CHANNELS = ("webchat", "wechat", "mailbox", "open311")  #: on which the gateway asks for a rating
REDONE = ("undone", "explained")
MAX_WORDS = 500
_BY_EVENT = {"rated": Step.RATE, "urged": Step.URGE}


@dataclass(frozen=True, kw_only=True, slots=True)
class Filled:
    """What a form after the reply held; empty where it has no such field."""

    result: str = ""
    grade: str = ""
    category: str = ""
    reason: str = ""
    day: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class After:
    """Everything that the page of a case shows of what comes after the reply."""

    stands: Standing
    due: Due | None
    choices: tuple[Choice, ...]
    grounds: tuple[Ground, ...]
    proposed_limit: date | None
    silence_law: Citation | None


def taken_of(event: Event) -> Taken | None:
    """Return the step that the petitioner took with an event from the gateway, if it is one."""
    step = _BY_EVENT.get(event.name)
    if step is None:
        return None
    grade = {"satisfaction": str(event.data["grade"])} if step is Step.RATE else {}
    words = event.data.get("reason") or event.data.get("text") or ""
    return Taken(step=step, at=event.at, data={**grade, "reason": words})


def followed(case: Case) -> Case:
    """Return ``case`` with its petitioner's view known, if it waited for that."""
    return replace(case, state=State.FOLLOWED_UP) if case.state is State.REPLIED else case


def with_follow_up(case: Case, reckoned: Sequence[Due]) -> Case:
    """Return a case that was just replied to with the follow-up's moment as it runs from that reply."""
    others = tuple(due for due in case.dues if due.what != "follow_up")
    return replace(case, dues=others + tuple(due for due in reckoned if due.what == "follow_up"))


def follow_up_due(case: Case) -> Due | None:
    """Return the last moment for asking the petitioner, where the city's text sets one."""
    return _named(case.dues, "follow_up")


class Following:
    """What one city's law makes of a case after the reply."""

    def __init__(self, pack: CityPack, reckon: Reckon) -> None:
        self._pack, self._reckon = pack, reckon

    def law_on(self, day: date) -> CityPack:
        """Return the law as it stands on ``day``."""
        return self._pack.on(day)

    def law_of(self, case: Case) -> CityPack:
        """Return the law under which ``case`` was filed."""
        return self.law_on(case.filed_at.astimezone(CITY_TIME).date())

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
        first = _named(self._reckon(case, case.signed_at or now), "finish")
        return After(
            stands=stands,
            due=follow_up_due(case),
            choices=choices(pack, stands, case.ticket["kind"]),
            grounds=closing_grounds(pack, case.ticket["kind"], stands),
            proposed_limit=again(pack, first, at=now).at.date() if first else None,
            silence_law=asking_of(pack).silence_law,
        )

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
            return self._move(case, [*taken, one], choice)

        return move

    def _move(self, case: Case, taken: Sequence[Taken], choice: Choice) -> Move:
        one = taken[-1]
        match one.step:
            case Step.FOLLOW_UP:
                view = self.standing(case, taken, one.at).view
                return _called(case, one, view) if view else Move(taken=one)
            case Step.REDO:
                told = {"at": one.at.isoformat(), "reason": one.data["reason"], "until": one.data["new_date"]}
                return Move(taken=one, case=_reopened(case, one, choice.law), event="reopened", told=told)
            case Step.CLOSE:
                closed = replace(case, state=State.CLOSED)
                told = {"at": one.at.isoformat(), "ground": one.data["basis"]}
                return Move(taken=one, case=closed, event="closed", told=told)
            case _:
                return Move(taken=one)


def _called(case: Case, one: Taken, view: View) -> Move:
    how = "silence" if view.grade is None else "call"
    told = {"at": one.at.isoformat(), "grade": view.grade, "by": how}
    return Move(taken=one, case=followed(case), event="followed_up", told=told)


def _reopened(case: Case, one: Taken, law: Citation) -> Case:
    at = datetime.combine(date.fromisoformat(one.data["new_date"]), END_OF_DAY)
    limit = Due(what="finish", at=at, citation=law, provisional=False, why="", since=one.at)
    others = tuple(due for due in case.dues if due.what not in ("finish", "follow_up"))
    return replace(case, state=State.SIGNED, replied_at=None, dues=(*others, limit))


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
        case Step.ARCHIVE:
            return {}
        case _:
            return _reasoned(filled)


def _call(filled: Filled) -> Mapping[str, str] | str:
    if filled.result not in {one.value for one in Outcome}:
        return "result"
    answered = filled.result == Outcome.ANSWERED
    if answered and filled.grade not in ("1", "2", "3", "4", "5"):
        return "grade"
    return {"result": filled.result, "reason": filled.reason} | (
        {"satisfaction": filled.grade} if answered else {}
    )


def _limited(filled: Filled, now: datetime) -> Mapping[str, str] | str:
    try:
        day = date.fromisoformat(filled.day)
    except ValueError:
        return "day"
    if day < now.astimezone(CITY_TIME).date():
        return "day"
    return _reasoned(filled, category=filled.category, new_date=day.isoformat())


def _reasoned(filled: Filled, **more: str) -> Mapping[str, str] | str:
    return {"reason": filled.reason, **more} if filled.reason else "reason"


def _named(dues: Sequence[Due], what: str) -> Due | None:
    return next((due for due in dues if due.what == what), None)
