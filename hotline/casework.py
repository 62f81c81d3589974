"""What is done to a case after it was filed: every step that a city's text knows, its rule, and one step taken.

A case is the list of the steps taken, oldest first; whatever is asked of it later (may it be extended, was it late,
how often was it returned) is reckoned from that list and the city's rules, never kept beside it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Annotated

from hotline.law import Rule
from hotline.vocabulary import (
    LEVELS,
    CaseId,
    ChannelId,
    ClassId,
    Content,
    Id,
    KindId,
    MatterId,
    OneOf,
    Role,
    Times,
    What,
)

LEADER = "leader"  #: whoever a case went up to; a hand that no unit is
ACTORS = ("centre", "lead_unit", "co_handler", LEADER)
MEETING = ("puts", "decides")


class Step(StrEnum):
    """The name of a step; the desk's pages say it in Chinese."""

    SIGN = "sign"
    CONTACT = "contact"  #: the unit spoke with the petitioner
    START = "start"
    PROGRESS = "progress"
    SPLIT = "split"  #: the lead gave parts to co-handlers
    WHISTLE = "whistle"  #: other units were called to the place
    COORDINATE = "coordinate"
    ASK_RETURN = "ask_return"
    GRANT_RETURN = "grant_return"
    REFUSE_RETURN = "refuse_return"
    DESIGNATE = "designate"  #: the centre names the unit that leads
    ASK_EXTENSION = "ask_extension"
    GRANT_EXTENSION = "grant_extension"
    REFUSE_EXTENSION = "refuse_extension"
    PLAN = "plan"
    SET_LIMIT = "set_limit"
    SPECIAL_REPORT = "special_report"
    INSTRUCT = "instruct"  #: a leader's words on the case
    SHEET = "sheet"  #: the form on which a case goes to a leader
    ESCALATE = "escalate"
    HAND_OVER = "hand_over"  #: a clue goes to another body
    MISCONDUCT = "misconduct"
    CALL = "call"  #: somebody of a unit was telephoned about it
    ALERT = "alert"  #: the lines for emergencies were told, to act together
    CLAIM = "claim"  #: the unit says that it is of another class
    GRANT_CLAIM = "grant_claim"
    REFUSE_CLAIM = "refuse_claim"
    DISSUADE = "dissuade"  #: the petitioner was talked out of misconduct
    HAND_IN = "hand_in"  #: the sealed copies of a letter's reply came to the centre
    REVIEW = "review"  #: the centre found them in order
    SEND_UP = "send_up"  #: the reply went to where the letter came from
    REPLY = "reply"
    HOLD_REPLY = "hold_reply"  #: the gate, or the centre's review, sends it back
    FOLLOW_UP = "follow_up"  #: one attempt to ask how the petitioner finds the result
    RATE = "rate"
    SET_RATING_ASIDE = "set_rating_aside"
    REDO = "redo"  #: second handling
    EVALUATE = "evaluate"  #: by a third party
    URGE = "urge"
    SUPERVISE = "supervise"
    REPORT_UP = "report_up"
    LEDGER = "ledger"  #: entered in a ledger of its own
    CLOSE = "close"
    ARCHIVE = "archive"
    REOPEN = "reopen"


@dataclass(frozen=True, kw_only=True, slots=True)
class Taken:
    """One step that was taken."""

    step: Step
    at: datetime
    unit: str = ""  #: the unit that took it; empty for the centre itself
    by: int | None = None  #: the account; none where the petitioner or the clock did
    data: Mapping[str, str] = field(
        default_factory=dict
    )  #: what the form held, by ``hotline.vocabulary.CONTENTS``, and as ``form`` the id of its rule


@dataclass(frozen=True, kw_only=True, slots=True)
class CaseStep(Rule):
    """A step that the city's text has: who takes it, on which cases, and what its form holds."""

    id: Id
    step: Annotated[str, OneOf("case_step", tuple(Step))]
    label: str
    by: tuple[Annotated[str, OneOf("actor", ACTORS)], ...]
    requires: tuple[Content, ...] = ()
    optional: tuple[Content, ...] = ()
    approved_by: Role | None = None  #: whose name the form asks for; never that of the writer (R-ALL-23)
    after: tuple[Annotated[str, OneOf("case_step", tuple(Step))], ...] = ()  #: steps that come first
    kinds: tuple[KindId, ...] = ()
    classes: tuple[ClassId, ...] = ()
    channels: tuple[ChannelId, ...] = ()
    matters: tuple[MatterId, ...] = ()
    levels: tuple[Annotated[str, OneOf("level", LEVELS)], ...] = ()  #: of the unit that takes it
    turns_out: CaseId | None = None  #: what the case is from then on
    turns_class: ClassId | None = None  #: the class that it is of from then on
    until: What | None = None  #: the limit after which it is too late for the step
    chosen_of: Id | None = None  #: the rule of the desk out of whose items ``category`` is chosen
    meeting: Annotated[str, OneOf("meeting", MEETING)] | None = (
        None  #: it puts the case to the joint meeting, or is what that decides
    )
    by_phone: bool = False  #: taken by telephoning somebody of the directory
    copies: Times | None = None  #: how many its form must say there are
    tells_citizen: tuple[Content, ...] = ()

    def is_for(self, filed: "Filed") -> bool:
        """Tell whether cases filed like that can have this step."""
        return (
            (not self.kinds or filed.kind in self.kinds)
            and (not self.classes or filed.ticket_class in self.classes)
            and (not self.channels or filed.channel in self.channels)
            and (not self.matters or bool(set(filed.matters) & set(self.matters)))
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Filed:
    """What a case was when it came."""

    kind: str
    ticket_class: str | None
    channel: str
    at: datetime
    lead: str
    co_handlers: tuple[str, ...] = ()
    matters: tuple[str, ...] = ()
    reachable: bool = True  #: whether a unit can speak with the petitioner itself (R-ALL-16)


class Stage(StrEnum):
    """Where a case stands."""

    RECEIVED = "received"
    SIGNED = "signed"
    REPLIED = "replied"
    FOLLOWED_UP = "followed_up"  #: how the petitioner finds the reply is known
    CLOSED = "closed"


#: Where a step leaves a case; the others leave it where it is.
_LEADS_TO: Mapping[Step, Stage] = {
    Step.SIGN: Stage.SIGNED,
    Step.REPLY: Stage.REPLIED,
    Step.RATE: Stage.FOLLOWED_UP,
    Step.FOLLOW_UP: Stage.FOLLOWED_UP,
    Step.REDO: Stage.SIGNED,
    Step.REOPEN: Stage.SIGNED,
    Step.CLOSE: Stage.CLOSED,
}
_ASKED = (Step.RATE, Step.FOLLOW_UP)  #: lead on from a reply, and only once they tell how it is found
_AGAIN = (Step.REDO, Step.REOPEN)
COUNTED = "counted"  #: what a call says of ``satisfaction`` after which silence counts as satisfied
_ORDERS = {Step.INSTRUCT: "leader", Step.SHEET: "through_train"}  #: the ways of assignment that they open


@dataclass(frozen=True, kw_only=True, slots=True)
class CaseFile:
    """A case as it stands after the steps taken; made by ``casefile_of`` alone."""

    filed: Filed  #: with the class that it is of now
    lead: str
    co_handlers: tuple[str, ...]
    begun: datetime  #: the filing, or the last time that another unit got the case
    stage: Stage = Stage.RECEIVED
    steps: tuple[Taken, ...] = ()  #: all of them, oldest first
    since: tuple[Taken, ...] = ()  #: those since the case was begun
    cases: tuple[str, ...] = ()  #: what has turned out (``hotline.vocabulary.CASES``)
    assignment: str = "platform"
    ordered: Taken | None = None  #: the leader's words or the sheet that assigned it anew

    def of(self, step: Step) -> tuple[Taken, ...]:
        """Return every such step since the case was begun, oldest first."""
        return tuple(one for one in self.since if one.step is step)

    def anew(self, step: Step) -> tuple[Taken, ...]:
        """Return every such step since the case was begun or was last to be handled again, oldest first."""
        last = max((place for place, one in enumerate(self.since) if one.step in _AGAIN), default=0)
        return tuple(one for one in self.since[last:] if one.step is step)

    def pending(self, asked: Step, *answers: Step) -> Taken | None:
        """Return what was asked for last, if none of ``answers`` has come since."""
        last = next((one for one in reversed(self.since) if one.step in (asked, *answers)), None)
        return last if last and last.step is asked else None

    def after(self, taken: Taken) -> "CaseFile":
        """Return the case after one more step."""
        return _after(self, taken)

    @property
    def is_open(self) -> bool:
        """Whether the case waits for its unit."""
        return self.stage in (Stage.RECEIVED, Stage.SIGNED)


def casefile_of(filed: Filed, steps: Iterable[Taken]) -> CaseFile:
    """Return how a case stands after ``steps``, which come oldest first."""
    file = CaseFile(filed=filed, lead=filed.lead, co_handlers=filed.co_handlers, begun=filed.at)
    for taken in steps:
        file = file.after(taken)
    return file


def units_in(text: str) -> tuple[str, ...]:
    """Return the units that a form names, one a line."""
    return tuple(dict.fromkeys(filter(None, map(str.strip, text.splitlines()))))


def _after(file: CaseFile, taken: Taken) -> CaseFile:
    file = replace(file, steps=(*file.steps, taken))
    named = units_in(taken.data.get("units", ""))
    if taken.step is Step.DESIGNATE:
        return _designated(file, taken, named)
    turned_out = taken.data.get("case", "")
    orders = _ORDERS.get(taken.step)
    joined = (unit for unit in named if taken.step is Step.WHISTLE and unit != file.lead)
    return replace(
        file,
        filed=replace(file.filed, ticket_class=taken.data.get("class", file.filed.ticket_class)),
        since=(*file.since, taken),
        stage=_stage_after(file.stage, taken),
        cases=tuple(dict.fromkeys((*file.cases, *filter(None, [turned_out])))),
        assignment=orders or file.assignment,
        ordered=taken if orders else file.ordered,
        co_handlers=tuple(dict.fromkeys((*file.co_handlers, *joined))),
    )


def _stage_after(stage: Stage, taken: Taken) -> Stage:
    if taken.step in _ASKED and (stage is not Stage.REPLIED or "satisfaction" not in taken.data):
        return stage
    return _LEADS_TO.get(taken.step, stage)


def _designated(file: CaseFile, taken: Taken, co_handlers: tuple[str, ...]) -> CaseFile:
    """The clocks of a new lead begin with the dispatch to it; the same lead's run on (R-ALL-8)."""
    lead = taken.data["unit"]
    others = tuple(unit for unit in co_handlers if unit != lead)
    if lead == file.lead:
        return replace(file, co_handlers=others, since=(*file.since, taken))
    return replace(
        file, lead=lead, co_handlers=others, begun=taken.at, stage=Stage.RECEIVED, since=(taken,), cases=()
    )
