"""What in a case calls for supervision, a word to those above or a ledger, reckoned live by the city's rules.

Each rule of ``desk.yaml`` says by signs (``told_by``) what shows it; rules without signs are for a person to see. Numbers
such as "many times" are figures of the rules (R-ALL-19).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from hotline.calendar import CITY_TIME, Calendar
from hotline.casework import Step, Taken
from hotline.citation import Citation
from hotline.citypack import CityPack
from hotline.deadlines import Due
from hotline.law import Item, Provision

#: The step by which a rule of each topic is kept; the others are kept elsewhere.
STEPS: Mapping[str, Step] = {
    "supervise": Step.SUPERVISE, "escalate": Step.REPORT_UP, "meeting": Step.REPORT_UP, "warning": Step.REPORT_UP,
    "misconduct": Step.MISCONDUCT, "ledger": Step.LEDGER, "hand_over": Step.REPORT_UP,
}  # fmt: skip
_RESULTS = (Step.PROGRESS, Step.REPLY)


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """What of a case shows that something must be done about it."""

    taken: Sequence[Taken]
    dues: Sequence[Due]  #: what is still to be done
    kind: str
    ticket_class: str | None
    channel: str
    tags: frozenset[str]
    matters: frozenset[str]
    related: int  #: other tickets of the same person or matter
    filed_at: datetime
    dissatisfied: bool
    now: datetime

    def since_result(self, step: Step) -> list[Taken]:
        """Return the steps of that name since the unit's last word."""
        last = max((place for place, one in enumerate(self.taken) if one.step in _RESULTS), default=-1)
        return [one for one in self.taken[last + 1 :] if one.step is step]

    def has(self, step: Step) -> bool:
        """Tell whether that step was ever taken."""
        return any(one.step is step for one in self.taken)


@dataclass(frozen=True, kw_only=True, slots=True)
class Matter:
    """One thing that a rule has done about a case."""

    id: str  #: the rule's and, after a colon, the item's
    says: str
    step: Step
    law: Citation
    to: tuple[str, ...] = ()  #: who is told
    setting: bool = False
    live: bool = False  #: the case shows it
    recorded: bool = False  #: a step on it was taken


def matters(pack: CityPack, facts: Facts) -> tuple[Matter, ...]:
    """Return everything that the city's rules may have done about a case, with what it shows now.

    What goes to those above by a form of the city's casework is taken there.
    """
    done = {one.data.get("category", "") for one in facts.taken}
    found = (
        one for rule in pack.desk_rules if _is_about(rule, facts) for one in _matters_of(rule, pack, facts)
    )
    return tuple(replace(one, recorded=one.id in done) for one in found if not _has_form(pack, one))


def forms(pack: CityPack) -> tuple[Item, ...]:
    """Return the forms that supervision takes by the city's text; empty where it names none."""
    return tuple(item for rule in pack.desk_rules if rule.topic == "supervise" and not _triggers(rule)
                 for item in rule.items)  # fmt: skip


def may_urge(pack: CityPack) -> bool:
    """Tell whether it counts in this city how often the centre urged a unit."""
    return any("urged_without_result" in rule.told_by for rule in pack.desk_rules)


def urged_in_a_row(urgings: Iterable[Taken], calendar: Calendar) -> int:
    """Return how many urgings count, none having had a result: each comes after the day that the one before set.

    Without such a day each comes at least one working day after the one before (R-KF-7).
    """
    count, not_before = 0, date.min
    for one in urgings:
        day = one.at.astimezone(CITY_TIME).date()
        if day < not_before:
            continue
        count += 1
        until = one.data.get("new_date")
        not_before = date.fromisoformat(until) + timedelta(days=1) if until else _next_working(calendar, day)
    return count


def _next_working(calendar: Calendar, day: date) -> date:
    day += timedelta(days=1)
    while not calendar.is_working(day):
        day += timedelta(days=1)
    return day


def _has_form(pack: CityPack, matter: Matter) -> bool:
    """Tell whether the city's casework has a form by the same article for what goes to those above.

    What comes back from there, an instruction or supervision, is no such form.
    """
    law = (matter.law.instrument, matter.law.article)
    forms = (rule for rule in pack.case_steps if rule.step not in (Step.INSTRUCT, Step.SUPERVISE))
    return matter.step is Step.REPORT_UP and any(
        (rule.citation.instrument, rule.citation.article) == law for rule in forms
    )


def _is_about(rule: Provision, facts: Facts) -> bool:
    if rule.topic not in STEPS or "petitioner" in rule.to:
        return False
    if rule.topic == "hand_over" and not rule.told_by:
        return False  # clues are handed over after approval, not by what the case shows
    return (
        (not rule.kinds or facts.kind in rule.kinds)
        and (not rule.classes or facts.ticket_class in rule.classes)
        and (not rule.channels or facts.channel in rule.channels)
        and (not rule.matters or bool(facts.matters & set(rule.matters)))
    )


def _triggers(rule: Provision) -> bool:
    """Tell whether a rule's items say when it applies, rather than how it is kept."""
    return any(item.told_by or item.void_replies for item in rule.items)


def _matters_of(rule: Provision, pack: CityPack, facts: Facts) -> Iterator[Matter]:
    step = STEPS[rule.topic]
    whole = Matter(id=rule.id, says=rule.says, step=step, law=rule.citation, to=rule.to, setting=rule.setting)
    if rule.topic == "supervise" and not _triggers(rule):
        if rule.told_by:
            yield replace(whole, live=_is_shown(rule, pack, facts))
        return
    for item in rule.items:
        law = replace(rule.citation, article=item.article or rule.citation.article)
        yield replace(whole, id=f"{rule.id}:{item.id}", says=item.says, law=law, to=item.to or rule.to,
                      live=_is_shown(item, pack, facts))  # fmt: skip
    if not rule.items:
        yield replace(whole, live=_is_shown(rule, pack, facts))


def _is_shown(rule: Provision | Item, pack: CityPack, facts: Facts) -> bool:
    least = int(rule.figures[0].value) if rule.figures else 1
    if isinstance(rule, Item) and rule.void_replies and _held_for(rule.void_replies, facts):
        return True
    return any(_SIGNS[sign](facts, least, pack) for sign in rule.told_by)


def _held_for(rules: Iterable[str], facts: Facts) -> bool:
    held = (one.data.get("basis", "").split(",") for one in facts.taken if one.step is Step.HOLD_REPLY)
    return any(set(rules) & set(found) for found in held)


def _overdue(facts: Facts, days: int, _: CityPack) -> bool:
    """Tell whether something else than signing is overdue, by that many days, begun ones too."""
    late = (facts.now - due.at for due in facts.dues if due.what not in ("sign", "return", "follow_up"))
    return any(by > timedelta(days=days - 1) for by in late)


def _unsigned(facts: Facts, _: int, __: CityPack) -> bool:
    return any(due.what == "sign" and due.at < facts.now for due in facts.dues)


def _urged(facts: Facts, times: int, _: CityPack) -> bool:
    """Count what the petitioner asked; the centre's own urgings have an account."""
    return sum(one.by is None for one in facts.since_result(Step.URGE)) >= times


def _urged_without_result(facts: Facts, times: int, pack: CityPack) -> bool:
    by_centre = [one for one in facts.since_result(Step.URGE) if one.by is not None]
    return urged_in_a_row(by_centre, pack.calendar) >= times


def _returned(facts: Facts, _: int, __: CityPack) -> bool:
    return len({one.unit for one in facts.taken if one.step is Step.ASK_RETURN}) > 1


def _returned_again(facts: Facts, _: int, __: CityPack) -> bool:
    steps = [one.step for one in facts.taken]
    return Step.REFUSE_RETURN in steps and Step.ASK_RETURN in steps[steps.index(Step.REFUSE_RETURN) :]


def _long_open(facts: Facts, days: int, _: CityPack) -> bool:
    return not facts.has(Step.CLOSE) and facts.now - facts.filed_at >= timedelta(days=days)


_SIGNS: Mapping[str, Callable[[Facts, int, CityPack], bool]] = {
    "unsigned": _unsigned,
    "overdue": _overdue,
    "urged": _urged,
    "urged_without_result": _urged_without_result,
    "repeated": lambda facts, times, _: facts.related + 1 >= times,
    "many_people": lambda facts, _, __: "group" in facts.tags,
    "dissatisfied": lambda facts, _, __: facts.dissatisfied,
    "returned": _returned,
    "returned_again": _returned_again,
    "long_open": _long_open,
    "sensitive": lambda facts, _, __: "sensitive" in facts.tags,
    "instructed": lambda facts, _, __: facts.has(Step.INSTRUCT),
    "supervised": lambda facts, times, _: len(facts.since_result(Step.SUPERVISE)) >= times,
    "extended": lambda facts, _, __: facts.has(Step.GRANT_EXTENSION) and not facts.has(Step.REPLY),
    "enterprise": lambda facts, _, __: "enterprise" in facts.matters,
}
