"""What was put to the joint meeting and what it decided, out of the steps taken on a case and the city's rules.

A case is put by a form of the city's casework (``CaseStep.meeting``) or by a step of supervision under a rule on meetings;
the decision comes back by a form, or as the result that such a step holds.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from hotline.casework import Step, Taken
from hotline.citation import Citation
from hotline.citypack import CityPack
from hotline.periods import Period

#: Steps by which a case may be put to a meeting.
PUTTING = (Step.ESCALATE, Step.REPORT_UP)


@dataclass(frozen=True, kw_only=True, slots=True)
class Point:
    """One thing that a meeting has to decide about a case."""

    says: str  #: what sort of matter it is, in the words of the rule
    law: Citation
    put_at: datetime
    unit: str = ""  #: that put it; empty for the centre
    reason: str = ""
    decided_at: datetime | None = None
    decision: str = ""

    def is_on(self, period: Period) -> bool:
        """Tell whether it stands on the agenda of ``period``: put by its end, and not decided before it began."""
        return self.put_at < period.end and (self.decided_at is None or self.decided_at >= period.first)


def has_meeting(pack: CityPack) -> bool:
    """Tell whether the city's text knows a meeting that decides cases."""
    return any(rule.topic == "meeting" for rule in pack.desk_rules)


def points_of(pack: CityPack, taken: Iterable[Taken]) -> tuple[Point, ...]:
    """Return what a case was put to the meeting for, in the order in which that was done."""
    subjects = _subjects(pack)
    forms = {rule.id: rule for rule in pack.case_steps if rule.meeting}
    waiting: dict[str, Point] = {}
    decided: list[Point] = []
    for one in taken:
        rule = forms.get(one.data.get("form", ""))
        if rule is not None and rule.meeting == "decides":
            decided += [_decided(point, one) for point in waiting.values()]
            waiting.clear()
        elif rule is not None:
            waiting.setdefault(rule.id, _put(rule.label, rule.citation, one))
        elif one.step is Step.REPORT_UP and one.data.get("category") in subjects:
            subject = one.data["category"]
            point = waiting.setdefault(subject, _put(*subjects[subject], one))
            if one.data.get("result"):
                decided.append(_decided(point, one))
                del waiting[subject]
    return tuple(sorted((*decided, *waiting.values()), key=lambda point: point.put_at))


def _put(says: str, law: Citation, one: Taken) -> Point:
    return Point(says=says, law=law, put_at=one.at, unit=one.unit, reason=one.data.get("reason", ""))


def _decided(point: Point, one: Taken) -> Point:
    return replace(point, decided_at=one.at, decision=one.data.get("result", ""))


def _subjects(pack: CityPack) -> Mapping[str, tuple[str, Citation]]:
    """Return what the rules on meetings take up, by the id under which supervision puts it on record."""
    return dict(_listed(pack))


def _listed(pack: CityPack) -> Iterator[tuple[str, tuple[str, Citation]]]:
    for rule in pack.desk_rules:
        if rule.topic != "meeting":
            continue
        if not rule.items:
            yield rule.id, (rule.says, rule.citation)
        for item in rule.items:
            yield (
                f"{rule.id}:{item.id}",
                (item.says, replace(rule.citation, article=item.article or rule.citation.article)),
            )
