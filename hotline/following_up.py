"""After the reply: how the petitioner finds it, who is called when, what may follow and when a case may end.

All of it is reckoned from the steps taken and the city's rules (``desk.yaml``); a text that is silent has no limit, no gap
and no fiction here (R-ALL-25). What a petitioner said themselves always prevails over what silence counts as (R-PDS-4).
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from hotline.acts import DISSATISFIED
from hotline.calendar import CITY_TIME
from hotline.casework import COUNTED, Step, Taken
from hotline.citation import Citation
from hotline.citypack import CityPack
from hotline.deadlines import CountedDay, Due, extended
from hotline.law import Item, Provision

SECOND = "second_handling"
ASIDE = ("mistaken", "malicious")  #: why a rating may be set aside
REFUSED = "refused"


class Outcome(StrEnum):
    """What became of one call."""

    ANSWERED = "answered"
    RANG_OUT = "rang_out"  #: rung until it cut off; nothing else counts as unanswered
    BUSY = "busy"
    OFF = "off"
    DECLINED = "declined"
    CUT_SHORT = "cut_short"


class Stage(StrEnum):
    """Where the asking stands."""

    UNREPLIED = "unreplied"
    UNASKED = "unasked"  #: the city's text has no follow-up
    ASKED = "asked"  #: by the petitioner's own channel; it is too early to call
    WAITING = "waiting"  #: called, and to be called again later
    CALLABLE = "callable"
    SETTLED = "settled"


@dataclass(frozen=True, kw_only=True, slots=True)
class Asking:
    """The city's rules of asking; without ``law`` nobody is called."""

    law: Citation | None = None
    channel_first: timedelta = timedelta(0)  #: how long the petitioner's own channel has before the phone
    gap: timedelta = timedelta(0)  #: between two calls
    silent_calls: int = 0  #: so many unanswered calls count as satisfied; 0: none do
    silence_law: Citation | None = None
    ways: tuple[str, ...] = ()  #: ids of the ways that the text names; none where it leaves them open


@dataclass(frozen=True, kw_only=True, slots=True)
class View:
    """How the petitioner finds the result."""

    at: datetime
    grade: int | None  #: 1 (worst) to 5; ``None`` where silence counts as satisfied
    by_call: bool
    solved: str = ""  #: of ``hotline.message.SOLVED``, as far as it was said
    set_aside: bool = False

    @property
    def dissatisfied(self) -> bool:
        """Whether it asks for something more to be done."""
        return not self.set_aside and self.grade is not None and self.grade <= DISSATISFIED


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """Where a case stands after its last reply."""

    stage: Stage
    rounds: int = 0  #: replies sent so far
    replied_at: datetime | None = None
    calls: tuple[Taken, ...] = ()  #: since the last reply
    call_from: datetime | None = None  #: when the next call may be made
    view: View | None = None
    proposed: Taken | None = None  #: the unit asks for the rating to be set aside
    coordinated: bool = False
    evaluated: bool = False
    closed: bool = False
    archived: bool = False
    cases: frozenset[str] = frozenset()  #: what the case has turned out to be


def asking_of(pack: CityPack) -> Asking:
    """Return how the city's text has petitioners asked."""
    rules = [rule for rule in pack.desk_rules if rule.topic in ("follow_up", "satisfaction")]
    law = next((rule for rule in rules if rule.topic == "follow_up" and not rule.setting), None)
    silence = next((rule for rule in rules if rule.effect == "counts_as_satisfied"), None)
    return Asking(
        law=law.citation if law else None,
        channel_first=_longest(rules, "channel_first"),
        gap=_longest(rules, "gap"),
        silent_calls=int(silence.figure("calls").value) if silence else 0,
        silence_law=silence.citation if silence else None,
        ways=tuple(item.id for item in law.items) if law else (),
    )


def standing(
    asking: Asking, taken: Sequence[Taken], *, due: datetime | None, own_channel: bool, now: datetime
) -> Standing:
    """Return where the asking stands at ``now``; ``due`` is its last moment, where there is one.

    ``own_channel`` says that the petitioner came by a channel on which they are asked without a call.
    """
    replies = [place for place, one in enumerate(taken) if one.step is Step.REPLY]
    if not replies or any(one.step is Step.REDO for one in taken[replies[-1] :]):
        return Standing(stage=Stage.UNREPLIED, rounds=len(replies))
    since = taken[replies[-1] :]
    calls = tuple(one for one in since if one.step is Step.FOLLOW_UP)
    view = _view(since) or _silence(asking, calls, due)
    call_from = _call_from(asking, since[0].at, calls, own_channel=own_channel)
    has = {one.step for one in since}
    return Standing(
        stage=_stage(asking, view, calls, call_from, now),
        rounds=len(replies),
        replied_at=since[0].at,
        calls=calls,
        call_from=call_from,
        view=view and replace(view, set_aside=_is_aside(since, view.at)),
        proposed=_proposed(since),
        coordinated=Step.COORDINATE in has,
        evaluated=Step.EVALUATE in has,
        closed=Step.CLOSE in has,
        archived=Step.ARCHIVE in has,
        cases=frozenset(filter(None, (one.data.get("case") for one in taken))),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """A step that the city's text knows here; ``hindered`` says as a code why it cannot be taken now."""

    step: Step
    law: Citation
    hindered: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ground:
    """One ground on which a case is closed."""

    id: str
    says: str
    law: Citation
    whatever: bool = False  #: although the petitioner is not satisfied
    requires: tuple[str, ...] = ()


def choices(pack: CityPack, stands: Standing, kind: str) -> tuple[Choice, ...]:
    """Return the steps after the reply that the city's text knows, each with what is in its way.

    Steps that the city's casework has a form for are taken there.
    """
    asking, second = asking_of(pack), _second(pack)
    evaluation = _rule(pack, "evaluate")
    archive = _rule(pack, "archive")
    aside = next((item for item in second.items if item.effect == "not_counted"), None) if second else None
    laws = {
        Step.FOLLOW_UP: asking.law,
        Step.SET_RATING_ASIDE: aside and second and _law_of(second, aside),
        Step.REDO: second and second.citation,
        Step.COORDINATE: evaluation and evaluation.citation,
        Step.EVALUATE: evaluation and evaluation.citation,
        Step.CLOSE: _close_law(pack),
        Step.ARCHIVE: archive and archive.citation,
    }
    return tuple(
        Choice(step=step, law=law, hindered=_hindrance(step, pack, stands, kind))
        for step, law in laws.items()
        if law and not any(rule.step == step for rule in pack.case_steps)
    )


def closing_grounds(pack: CityPack, kind: str, stands: Standing) -> tuple[Ground, ...]:
    """Return the grounds on which a case of ``kind`` may be closed as it stands; where none is listed, the step is one."""
    found = [ground for rule in pack.desk_rules for ground in _grounds_of(rule, kind, stands.cases)]
    listed = any(rule.topic == "close" and rule.items for rule in pack.desk_rules)
    step, law = _closing_step(pack), _close_law(pack)
    if not listed and law is not None:
        found.insert(0, Ground(id="done", says=pack.desk[step].label, law=law))
    waits = _in_the_way_of_closing(pack, stands)
    return tuple(ground for ground in found if ground.whatever or not waits)


def again(pack: CityPack, due: Due, *, at: datetime) -> Due:
    """Return ``due`` reckoned anew from ``at``: the first limit, which a second handling is proposed (R-ALL-18)."""
    now = at.astimezone(CITY_TIME)
    today = CountedDay(day=now.date(), kind=pack.calendar.kind_of(now.date()), name="", count=None)
    hours = round((due.at - (due.since or due.at)).total_seconds() / 3600)
    number = next((day.count for day in reversed(due.days) if day.count), hours)
    start = replace(due, at=now, days=(today,) if due.days else (), since=now, provisional=False, why="")
    return extended(pack, start, max(number, 1))


def _longest(rules: Iterable[Provision], name: str) -> timedelta:
    hours = [int(figure.value) for rule in rules for figure in rule.figures if figure.name == name]
    return timedelta(hours=max(hours, default=0))


def _view(since: Sequence[Taken]) -> View | None:
    """Return what the petitioner said last, by whichever way."""
    for one in reversed(since):
        grade = one.data.get("satisfaction", "")
        if one.step in (Step.RATE, Step.FOLLOW_UP) and grade not in ("", COUNTED):
            solved = one.data.get("solved", "")
            return View(at=one.at, grade=int(grade), by_call=one.step is Step.FOLLOW_UP, solved=solved)
    return None


def _silence(asking: Asking, calls: Iterable[Taken], due: datetime | None) -> View | None:
    """Return the view that unanswered calls count as; each at least the gap after the one counted before it."""
    counted: list[datetime] = []
    for call in calls:
        in_time = due is None or call.at <= due
        apart = not counted or call.at - counted[-1] >= asking.gap
        if call.data.get("result") == Outcome.RANG_OUT and in_time and apart:
            counted.append(call.at)
        if len(counted) == asking.silent_calls > 0:
            return View(at=call.at, grade=None, by_call=True)
    return None


def _call_from(asking: Asking, replied: datetime, calls: Sequence[Taken], *, own_channel: bool) -> datetime:
    first = replied + (asking.channel_first if own_channel else timedelta(0))
    return max(first, calls[-1].at + asking.gap) if calls else first


def _stage(
    asking: Asking, view: View | None, calls: Sequence[Taken], call_from: datetime, now: datetime
) -> Stage:
    if view is not None:
        return Stage.SETTLED
    if asking.law is None:
        return Stage.UNASKED
    if now >= call_from:
        return Stage.CALLABLE
    return Stage.WAITING if calls else Stage.ASKED


def _is_aside(since: Iterable[Taken], view_at: datetime) -> bool:
    """Tell whether the centre set the view aside; a view given later stands on its own."""
    return any(
        one.step is Step.SET_RATING_ASIDE and not one.unit and one.data.get("result") != REFUSED and one.at >= view_at
        for one in since
    )  # fmt: skip


def _proposed(since: Sequence[Taken]) -> Taken | None:
    """Return the unit's proposal that the centre has not decided (R-BD-9)."""
    last = next((one for one in reversed(since) if one.step is Step.SET_RATING_ASIDE), None)
    return last if last and last.unit else None


def _hindrance(step: Step, pack: CityPack, stands: Standing, kind: str) -> str:
    if stands.stage is Stage.UNREPLIED:
        return "unreplied"
    if step is Step.ARCHIVE:
        return "archived" if stands.archived else "" if stands.closed else "unclosed"
    if stands.archived or (stands.closed and step is Step.CLOSE):
        return "archived" if stands.archived else "closed"
    if step is Step.FOLLOW_UP:
        return {Stage.SETTLED: "settled", Stage.CALLABLE: ""}.get(stands.stage, "early")
    if step is Step.CLOSE:
        return "" if closing_grounds(pack, kind, stands) else _in_the_way_of_closing(pack, stands)
    if stands.view is None or not stands.view.dissatisfied:
        return "not_dissatisfied"
    return "uncoordinated" if step is Step.EVALUATE and not stands.coordinated else ""


def _in_the_way_of_closing(pack: CityPack, stands: Standing) -> str:
    """Return what closing waits for: the follow-up where the text puts it first, and an answer to dissatisfaction."""
    steps = [*pack.desk]
    asked_first = "follow_up" in steps and (
        "close" not in steps or steps.index("follow_up") < steps.index("close")
    )
    if asked_first and stands.stage is not Stage.SETTLED:
        return "unasked"
    if stands.view is None or not stands.view.dissatisfied:
        return ""
    if _second(pack) and stands.rounds == 1:
        return "undone"
    return "unevaluated" if _rule(pack, "evaluate") and not stands.evaluated else ""


def _second(pack: CityPack) -> Provision | None:
    return _rule(pack, SECOND)


def _rule(pack: CityPack, topic: str) -> Provision | None:
    return next((rule for rule in pack.desk_rules if rule.topic == topic), None)


def _law_of(rule: Provision, item: Item) -> Citation:
    return replace(rule.citation, article=item.article or rule.citation.article)


def _closing_step(pack: CityPack) -> str:
    return "close" if "close" in pack.desk else "reply"


def _close_law(pack: CityPack) -> Citation | None:
    step = pack.desk.get(_closing_step(pack))
    return step.citation if step else None


def _grounds_of(rule: Provision, kind: str, cases: Collection[str]) -> Iterable[Ground]:
    if rule.topic == "close" and not rule.items and (not rule.case or rule.case in cases):
        yield Ground(
            id=rule.id, says=rule.says, law=rule.citation, whatever=True, requires=tuple(rule.requires)
        )
    for item in rule.items:
        ends = (
            rule.topic == "close" or item.effect == "closed" or (item.case and item.effect == "led_elsewhere")
        )
        if ends and (not item.kinds or kind in item.kinds) and (not item.case or item.case in cases):
            yield Ground(id=item.id, says=item.says, law=_law_of(rule, item), whatever=not item.kinds)
