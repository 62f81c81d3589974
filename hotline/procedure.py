"""Whether a step may be taken on a case by the city's text, with the article where not, and taking it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from hotline.calendar import CITY_TIME
from hotline.caseclock import day_named, due_in, dues_of, granted
from hotline.casework import CaseFile, CaseStep, Stage, Step, Taken, units_in
from hotline.citation import Citation
from hotline.citypack import CityPack
from hotline.law import Item
from hotline.limits import ExtensionRule, ReturnRule
from hotline.meetings import points_of

YES, NO = "yes", "no"
#: Contents that are one of a few codes; the desk's pages say them in Chinese.
CHOICES: Mapping[str, tuple[str, ...]] = {
    "major": (YES, NO), "leader": ("mayor", "deputy_mayor", "secretary_general"),
}  # fmt: skip
LONGEST = 366  #: units of time; more is a slip
_AT_ANY_STAGE = frozenset({
    Step.HAND_OVER, Step.ESCALATE, Step.INSTRUCT, Step.COORDINATE, Step.CALL, Step.ALERT, Step.DISSUADE, Step.SEND_UP,
})  # fmt: skip
_ANSWERS = {
    Step.ASK_RETURN: (Step.GRANT_RETURN, Step.REFUSE_RETURN),
    Step.ASK_EXTENSION: (Step.GRANT_EXTENSION, Step.REFUSE_EXTENSION),
    Step.CLAIM: (Step.GRANT_CLAIM, Step.REFUSE_CLAIM),
    Step.HAND_IN: (Step.REVIEW, Step.HOLD_REPLY),
}
_ASKED = {answer: asked for asked, answers in _ANSWERS.items() for answer in answers}
_FOR_THE_LEAD = (Step.SIGN, Step.REPLY)  #: what the centre does in the lead's stead
_SILENT = {Step.ASK_RETURN: "return", Step.ASK_EXTENSION: "extension"}  #: subjects of a city's silences


@dataclass(frozen=True, kw_only=True, slots=True)
class Refused:
    """Why a step may not be taken now."""

    why: str  #: a code that the desk's pages say in words
    citation: Citation
    values: Mapping[str, str] = field(default_factory=dict)  #: what the words need


@dataclass(frozen=True, kw_only=True, slots=True)
class Offer:
    """A step as a case page shows it: possible, or refused and why."""

    step: Step
    rule: CaseStep | None  #: none where the city's text lacks the step
    refused: Refused | None
    requires: tuple[str, ...] = ()


class NotAllowedError(ValueError):
    """The step was taken although ``may`` refuses it, or its form lacks what ``lacking`` names."""


def offers(
    pack: CityPack, file: CaseFile, *, unit: str | None, at: datetime, hand: str = ""
) -> tuple[Offer, ...]:
    """Return every step of the city's text and the silent ones, as they stand for whoever acts for ``unit``.

    ``unit`` is ``None`` for the centre; ``hand`` names who acts where that is neither of both. Steps that belong to somebody else's hand are left out, and so are those for
    cases of another sort, save the two that people look for first: the return and the extension.
    """
    found = [
        Offer(step=Step(rule.step), rule=rule, refused=may(pack, rule, file, unit=unit, at=at, hand=hand),
              requires=requires_of(pack, rule, file))
        for rule in pack.case_steps
        if _concerns(rule, file, hand or _actor(file, unit))
    ]  # fmt: skip
    return (
        *found,
        *(
            _silence(pack, step)
            for step in _SILENT
            if unit is not None and not hand and _is_silent(pack, step)
        ),
    )


def may(
    pack: CityPack, rule: CaseStep, file: CaseFile, *, unit: str | None, at: datetime, hand: str = ""
) -> Refused | None:
    """Tell why the step of ``rule`` may not be taken at ``at`` for ``unit`` (``None``: the centre); ``None`` if it may.

    ``hand`` is one of ``hotline.casework.ACTORS`` that no unit tells.
    """
    for check in (_hand, _sort, _stage, _order, _in_time, _BY_STEP.get(Step(rule.step), _nothing)):
        refused = check(_Asked(pack, rule, file, unit, at, hand or _actor(file, unit)))
        if refused is not None:
            return refused
    return None


def may_reply(pack: CityPack, file: CaseFile, *, unit: str | None, at: datetime) -> Offer:
    """Return whether a reply may leave now, and what its form must hold beside the text; every rule on it counts."""
    rules = [rule for rule in pack.case_steps if rule.step == Step.REPLY and rule.is_for(file.filed)]
    found = (may(pack, rule, file, unit=unit, at=at) for rule in rules)
    refused = next((one for one in found if one is not None), None)
    wanted = dict.fromkeys(name for rule in rules for name in requires_of(pack, rule, file))
    return Offer(step=Step.REPLY, rule=next(iter(rules), None), refused=refused, requires=tuple(wanted))


def requires_of(pack: CityPack, rule: CaseStep, file: CaseFile) -> tuple[str, ...]:
    """Return what the form of a step must hold, in order; what the rule on returns or extensions asks is among it."""
    wanted: list[str] = list(rule.requires)
    if rule.step == Step.ASK_RETURN and (back := _return_rule(pack)):
        wanted += back.requires
    if rule.step == Step.ASK_EXTENSION and (more := _extension_rule(pack, file)):
        wanted += more.requires
    if rule.step == Step.GRANT_EXTENSION and _is_beyond_times(pack, file):
        wanted.append("basis")
    if rule.approved_by:
        wanted.append("approver")
    return tuple(dict.fromkeys(wanted))


def lacking(
    pack: CityPack, rule: CaseStep, file: CaseFile, data: Mapping[str, str], *, writer: str, at: datetime
) -> tuple[str, ...]:
    """Return the contents that a form lacks, or that cannot be right: a day gone by, a unit nobody knows."""
    wanted = requires_of(pack, rule, file)
    wrong = [name for name in wanted if not data.get(name, "").strip()]
    known = {unit.name for unit in pack.units}
    today = at.astimezone(CITY_TIME).date()
    day = day_named(Taken(step=Step(rule.step), at=at, data=data))
    checks = {
        "category": not rule.chosen_of or data.get("category") in choices_of(pack, rule),
        "number": not rule.copies or _copies(data.get("number", "")) >= rule.copies,
        "unit": data.get("unit", "") in known,
        "units": known.issuperset(units_in(data.get("units", ""))),
        "new_date": day is not None and day >= today,
        "length": not _is_for_extension(rule) or _is_length(data.get("length", "")),
        "approver": data.get("approver", "").strip() != writer,
        "chief": data.get("chief", "").strip() != writer,
        "given_on": _is_past_day(data.get("given_on", ""), today),
    } | {name: data.get(name, "") in codes for name, codes in CHOICES.items()}
    wrong += [name for name, right in checks.items() if data.get(name) and not right]
    if data.get("major") == YES and not data.get("chief", "").strip():
        wrong.append("chief")  # a major matter goes up one level more (R-SQ-4)
    if rule.step == Step.GRANT_EXTENSION and "length" not in wrong and _is_too_long(pack, file, data):
        wrong.append("basis" if _extension(pack, file).in_principle else "length")
    return tuple(dict.fromkeys(wrong))


def take(
    pack: CityPack, rule: CaseStep, file: CaseFile, data: Mapping[str, str], *, unit: str | None, account: int | None,
    writer: str, at: datetime, hand: str = "",
) -> tuple[Taken, ...]:  # fmt: skip
    """Return what is now on record: the step, and the new dispatch where a granted return brings one.

    Raises ``NotAllowedError`` where ``may`` or ``lacking`` would have said so.
    """
    refused = may(pack, rule, file, unit=unit, at=at, hand=hand)
    wrong = lacking(pack, rule, file, data, writer=writer, at=at)
    if refused is not None or wrong:
        raise NotAllowedError(refused.why if refused else ",".join(wrong))
    asked = (*requires_of(pack, rule, file), *rule.optional)
    held = {name: data[name].strip() for name in asked if data.get(name, "").strip()}
    turned = {"form": rule.id, "case": rule.turns_out, "class": rule.turns_class}
    held |= {name: value for name, value in turned.items() if value}
    for_unit = file.lead if rule.step in _FOR_THE_LEAD else ""
    taken = Taken(step=Step(rule.step), at=at, unit=unit or for_unit, by=account, data=held)
    if taken.step is Step.GRANT_RETURN:
        return taken, replace(taken, step=Step.DESIGNATE)
    return (taken,)


def choices_of(pack: CityPack, rule: CaseStep) -> Mapping[str, Item]:
    """Return what the form's ``category`` may be, by the name that goes on record: the rule's id and the item's."""
    chosen = pack.provision(rule.chosen_of) if rule.chosen_of else None
    return {f"{chosen.id}:{item.id}": item for item in chosen.items} if chosen else {}


def told_of(rule: CaseStep, taken: Taken) -> str:
    """Return what the citizen is told of a step, by its rule."""
    return "\n".join(taken.data[name] for name in rule.tells_citizen if name in taken.data)


def rule_of(pack: CityPack, taken: Taken) -> CaseStep | None:
    """Return the rule by whose form a step was taken; none where the city's casework has no such form."""
    fit = [
        rule
        for rule in pack.case_steps
        if rule.step == taken.step
        and (rule.turns_out or "") == taken.data.get("case", "")
        and set(rule.requires) <= set(taken.data)
    ]
    return max(fit, key=lambda rule: len(rule.requires), default=None)


@dataclass(frozen=True, slots=True)
class _Asked:
    """One question whether a step may be taken."""

    pack: CityPack
    rule: CaseStep
    file: CaseFile
    unit: str | None
    at: datetime
    hand: str

    def no(self, why: str, citation: Citation | None = None, **values: str) -> Refused:
        return Refused(why=why, citation=citation or self.rule.citation, values=values)


def _nothing(_: _Asked) -> Refused | None:
    return None


def _hand(asked: _Asked) -> Refused | None:
    """Only those whom the text names, and only on their own cases."""
    rule = asked.rule
    if asked.hand not in rule.by:
        return asked.no("hand")
    if rule.levels and _level(asked.pack, asked.unit) not in rule.levels:
        return asked.no("level")
    return None


def _sort(asked: _Asked) -> Refused | None:
    return None if asked.rule.is_for(asked.file.filed) else asked.no("sort")


def _stage(asked: _Asked) -> Refused | None:
    file, step = asked.file, Step(asked.rule.step)
    if step in _AT_ANY_STAGE:
        return None
    if not file.is_open:
        return asked.no(file.stage.value)
    if step is Step.SIGN and file.stage is Stage.SIGNED:
        return asked.no("signed")
    return asked.no("unsigned") if step is Step.REPLY and file.stage is Stage.RECEIVED else None


def _order(asked: _Asked) -> Refused | None:
    """What the text puts before this step has been done; nobody owes a contact that cannot be made (R-ALL-16)."""
    file = asked.file
    if asked.rule.meeting == "decides" and not _is_before_meeting(asked):
        return asked.no("before_meeting")
    for name in asked.rule.after:
        first = Step(name)
        done = file.anew(first) if first is Step.REVIEW else file.of(first)  # another reply, another review
        if not done and (first is not Step.CONTACT or file.filed.reachable):
            return asked.no(f"before_{first.value}")
    return None


def _is_before_meeting(asked: _Asked) -> bool:
    return any(point.decided_at is None for point in points_of(asked.pack, asked.file.since))


def _in_time(asked: _Asked) -> Refused | None:
    """A step that has to come before a limit is past comes before it."""
    due = due_in(dues_of(asked.pack, asked.file), asked.rule.until) if asked.rule.until else None
    return asked.no("late") if due is not None and asked.at > due.at else None


def _claiming(asked: _Asked) -> Refused | None:
    return asked.no("pending") if asked.file.pending(Step.CLAIM, *_ANSWERS[Step.CLAIM]) else None


def _asking_return(asked: _Asked) -> Refused | None:
    rule = _return_rule(asked.pack)
    if rule is None:
        return asked.no("sort")
    if asked.file.pending(Step.ASK_RETURN, *_ANSWERS[Step.ASK_RETURN]):
        return asked.no("pending")
    refusals = asked.file.of(Step.REFUSE_RETURN)
    if refusals and rule.again != "allowed":
        return None if refusals[-1].data.get("again") else asked.no("again", rule.citation)
    due = due_in(dues_of(asked.pack, asked.file), "return")
    if due is None or asked.at <= due.at:
        return None
    return asked.no("accepted" if rule.late == "counts_as_accepted" else "late_return", due.citation)


def _asking_extension(asked: _Asked) -> Refused | None:
    rule = _extension_rule(asked.pack, asked.file)
    if rule is None:
        return asked.no("sort", *(one.citation for one in asked.pack.extensions[:1]))
    if asked.file.pending(Step.ASK_EXTENSION, *_ANSWERS[Step.ASK_EXTENSION]):
        return asked.no("pending")
    if rule.times is not None and len(granted(asked.file)) >= rule.times and not rule.in_principle:
        return asked.no("times", rule.citation, times=str(rule.times))
    due = due_in(dues_of(asked.pack, asked.file), rule.of)
    if due is None:
        return asked.no("no_limit", rule.citation)
    if asked.at > due.at and rule.late_request == "refused":
        return asked.no("expired", rule.citation)
    return None


def _answering(asked: _Asked) -> Refused | None:
    if asked.rule.step in asked.rule.after:  # what the gate held back by itself was handed in to nobody
        return None
    question = _ASKED[Step(asked.rule.step)]
    if not asked.file.pending(question, *_ANSWERS[question]):
        return asked.no(f"not_asked_{_SILENT.get(question, question.value)}")
    return None


def _with_others(asked: _Asked) -> Refused | None:
    return None if asked.file.co_handlers else asked.no("alone")


_BY_STEP: Mapping[Step, Callable[[_Asked], Refused | None]] = {
    Step.ASK_RETURN: _asking_return,
    Step.ASK_EXTENSION: _asking_extension,
    Step.CLAIM: _claiming,
    Step.SPLIT: _with_others,
} | dict.fromkeys(_ASKED, _answering)


def _actor(file: CaseFile, unit: str | None) -> str:
    if unit is None:
        return "centre"
    if unit == file.lead:
        return "lead_unit"
    return "co_handler" if unit in file.co_handlers else ""


def _level(pack: CityPack, unit: str | None) -> str | None:
    return next((one.level for one in pack.units if one.name == unit), None)


def _concerns(rule: CaseStep, file: CaseFile, hand: str) -> bool:
    return hand in rule.by and (rule.is_for(file.filed) or rule.step in _SILENT)


def _return_rule(pack: CityPack) -> ReturnRule | None:
    return next(iter(pack.returns), None)


def _extension_rule(pack: CityPack, file: CaseFile) -> ExtensionRule | None:
    filed = file.filed
    return next(
        (
            rule
            for rule in pack.extensions
            if (not rule.kinds or filed.kind in rule.kinds)
            and (not rule.classes or filed.ticket_class in rule.classes)
            and (not rule.channels or filed.channel in rule.channels)
        ),
        None,
    )


def _extension(pack: CityPack, file: CaseFile) -> ExtensionRule:
    rule = _extension_rule(pack, file)
    if rule is None:
        raise NotAllowedError("no extension for such a case")
    return rule


def _is_beyond_times(pack: CityPack, file: CaseFile) -> bool:
    rule = _extension_rule(pack, file)
    return rule is not None and rule.times is not None and len(granted(file)) >= rule.times


def _is_too_long(pack: CityPack, file: CaseFile, data: Mapping[str, str]) -> bool:
    """Tell whether an extension is longer than the text lets it be, unless a law is named where that lifts the bound."""
    rule = _extension(pack, file)
    most = rule.at_most_working_days or rule.at_most_days
    length = int(data["length"]) + (sum(granted(file)) if rule.in_total else 0)
    return most is not None and length > most and not (rule.in_principle and data.get("basis", "").strip())


def _is_for_extension(rule: CaseStep) -> bool:
    return rule.step in (Step.ASK_EXTENSION, Step.GRANT_EXTENSION)


def _is_length(text: str) -> bool:
    return text.isascii() and text.isdigit() and 0 < int(text[:4]) <= LONGEST and len(text) < 4


def _copies(text: str) -> int:
    return int(text) if _is_length(text) else 0


def _is_past_day(text: str, today: date) -> bool:
    try:
        return date.fromisoformat(text) <= today
    except ValueError:
        return False


def _is_silent(pack: CityPack, step: Step) -> bool:
    return any(silence.about == _SILENT[step] for silence in pack.silences) and not any(
        rule.step == step for rule in pack.case_steps
    )


def _silence(pack: CityPack, step: Step) -> Offer:
    silence = next(silence for silence in pack.silences if silence.about == _SILENT[step])
    refused = Refused(why="silent", citation=silence.citation, values={"says": silence.says})
    return Offer(step=step, rule=None, refused=refused)
