"""Any steps in any order, in all five cities: the machine says what a slow reading of the list of steps says."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from cities.loading import load_pack
from hotline.calendar import CITY_TIME
from hotline.caseclock import changes_of, due_in, dues_of
from hotline.casework import CaseFile, CaseStep, Filed, Stage, Step, Taken, casefile_of
from hotline.citypack import CityPack
from hotline.procedure import CHOICES, choices_of, lacking, may, requires_of, take

CITIES = ("pingdingshan", "baoding", "xian", "kaifeng", "suqian")
FILED = datetime(2026, 11, 23, 10, tzinfo=CITY_TIME)
ENDS = {Step.REPLY, Step.CLOSE}
AGAIN = {Step.REDO, Step.REOPEN}
ANYWHEN = {
    Step.HAND_OVER, Step.ESCALATE, Step.INSTRUCT, Step.COORDINATE, Step.CALL, Step.ALERT, Step.DISSUADE, Step.SEND_UP,
}  # fmt: skip


class Oracle:
    """Answers from the whole list, each time anew; nothing is kept between two questions."""

    def __init__(self, pack: CityPack, filed: Filed, steps: list[Taken]) -> None:
        self.pack, self.filed, self.steps = pack, filed, steps

    def lead(self) -> str:
        named = [one.data["unit"] for one in self.steps if one.step is Step.DESIGNATE]
        return named[-1] if named else self.filed.lead

    def own(self) -> list[Taken]:
        """Return the steps from the last time that the lead became another on."""
        leads = [self.filed.lead]
        start = 0
        for index, one in enumerate(self.steps):
            if one.step is Step.DESIGNATE and one.data["unit"] != leads[-1]:
                leads.append(one.data["unit"])
                start = index
        return self.steps[start:]

    def helpers(self) -> set[str]:
        found: set[str] = set(self.filed.co_handlers)
        for index, one in enumerate(self.steps):
            lines = {line for line in one.data.get("units", "").split("\n") if line}
            others = lines - {Oracle(self.pack, self.filed, self.steps[: index + 1]).lead()}
            if one.step is Step.DESIGNATE:
                found = others
            elif one.step is Step.WHISTLE:
                found = found | others
        return found

    def ended(self) -> bool:
        marks = [one.step for one in self.own() if one.step in ENDS | AGAIN]
        return bool(marks) and marks[-1] in ENDS

    def signed(self) -> bool:
        return any(one.step is Step.SIGN for one in self.own())

    def waiting(self, asked: Step, *answers: Step) -> bool:
        found = [one.step for one in self.own() if one.step in (asked, *answers)]
        return bool(found) and found[-1] is asked

    def allowed(self, rule: CaseStep, unit: str | None, at: datetime) -> bool:
        step = Step(rule.step)
        if not self._mine(rule, unit) or not rule.is_for(self.as_it_is()):
            return False
        if step not in ANYWHEN and self.ended():
            return False
        done = {one.step for one in self.own()} - ({Step.REVIEW} - {one.step for one in self.latest()})
        if any(Step(name) not in done and (name != "contact" or self.filed.reachable) for name in rule.after):
            return False
        if rule.meeting == "decides" and not self._waits_for_the_meeting():
            return False
        if rule.until:
            due = due_in(dues_of(self.pack, casefile_of(self.filed, self.steps)), rule.until)
            if due is not None and at > due.at:
                return False
        return self._special(step, at)

    def _waits_for_the_meeting(self) -> bool:
        marks = {rule.id: rule.meeting for rule in self.pack.case_steps if rule.meeting}
        found = [marks[id] for one in self.own() if (id := one.data.get("form", "")) in marks]
        return bool(found) and found[-1] == "puts"

    def latest(self) -> list[Taken]:
        """Return the steps since the case was last to be handled again."""
        again = [place for place, one in enumerate(self.own()) if one.step in AGAIN]
        return self.own()[again[-1] :] if again else self.own()

    def as_it_is(self) -> Filed:
        """Return the case with the class that the centre decided last."""
        decided = [
            one.data["class"]
            for one in self.steps
            if one.step in (Step.GRANT_CLAIM, Step.ESCALATE) and one.data.get("class")
        ]
        return replace(self.filed, ticket_class=decided[-1]) if decided else self.filed

    def _mine(self, rule: CaseStep, unit: str | None) -> bool:
        if unit is None:
            return "centre" in rule.by
        levels = {one.name: one.level for one in self.pack.units}
        if rule.levels and levels.get(unit) not in rule.levels:
            return False
        return (unit == self.lead() and "lead_unit" in rule.by) or (
            unit != self.lead() and unit in self.helpers() and "co_handler" in rule.by
        )

    def _special(self, step: Step, at: datetime) -> bool:
        match step:
            case Step.SIGN:
                return not self.signed()
            case Step.REPLY:
                return self.signed()
            case Step.SPLIT:
                return bool(self.helpers())
            case Step.GRANT_RETURN | Step.REFUSE_RETURN:
                return self.waiting(Step.ASK_RETURN, Step.GRANT_RETURN, Step.REFUSE_RETURN)
            case Step.CLAIM:
                return not self.waiting(Step.CLAIM, Step.GRANT_CLAIM, Step.REFUSE_CLAIM)
            case Step.GRANT_CLAIM | Step.REFUSE_CLAIM:
                return self.waiting(Step.CLAIM, Step.GRANT_CLAIM, Step.REFUSE_CLAIM)
            case Step.REVIEW | Step.HOLD_REPLY:
                return self.waiting(Step.HAND_IN, Step.REVIEW, Step.HOLD_REPLY)
            case Step.GRANT_EXTENSION | Step.REFUSE_EXTENSION:
                return self.waiting(Step.ASK_EXTENSION, Step.GRANT_EXTENSION, Step.REFUSE_EXTENSION)
            case Step.ASK_RETURN:
                return self._return(at)
            case Step.ASK_EXTENSION:
                return self._extension(at)
        return True

    def _return(self, at: datetime) -> bool:
        if self.waiting(Step.ASK_RETURN, Step.GRANT_RETURN, Step.REFUSE_RETURN):
            return False
        (law,) = self.pack.returns
        refusals = [one for one in self.own() if one.step is Step.REFUSE_RETURN]
        if refusals and law.again != "allowed":
            return bool(refusals[-1].data.get("again"))
        due = due_in(dues_of(self.pack, casefile_of(self.filed, self.steps)), "return")
        return due is None or at <= due.at

    def _extension(self, at: datetime) -> bool:
        if self.waiting(Step.ASK_EXTENSION, Step.GRANT_EXTENSION, Step.REFUSE_EXTENSION):
            return False
        of_class = [
            law
            for law in self.pack.extensions
            if not law.classes or self.as_it_is().ticket_class in law.classes
        ]
        due = due_in(dues_of(self.pack, casefile_of(self.filed, self.steps)), "finish")
        return bool(of_class) and due is not None and at <= due.at


class Casework(RuleBasedStateMachine):
    """A case in some city; hands are the centre, the lead of now, and two other units."""

    @initialize(city=st.sampled_from(CITIES), data=st.data())
    def begin(self, city: str, data: Any) -> None:
        self.pack = load_pack(city)
        self.names = [unit.name for unit in self.pack.units[:3]]
        kind = data.draw(st.sampled_from(["complaint", "help", "consultation"]))
        classes: list[str | None] = [*sorted(self.pack.classes)] or [None]
        self.filed = Filed(
            kind=kind, ticket_class=data.draw(st.sampled_from(classes)),
            channel=data.draw(st.sampled_from(["webchat", "mailbox", "letter"])), at=FILED, lead=self.names[0],
            co_handlers=tuple(self.names[1:2]) if data.draw(st.booleans()) else (),
            matters=("enterprise",) if data.draw(st.booleans()) else (), reachable=data.draw(st.booleans()),
        )  # fmt: skip
        self.steps: list[Taken] = []
        self.file: CaseFile = casefile_of(self.filed, ())
        self.now = FILED

    @rule(hours=st.sampled_from([0, 1, 5, 23, 24, 49, 120, 400]))
    def wait(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    @rule(data=st.data())
    def step(self, data: Any) -> None:
        """Take, or fail to take, any step of the city by any hand."""
        law = data.draw(st.sampled_from(self.pack.case_steps))
        unit = data.draw(st.sampled_from([None, self.file.lead, *self.names]))
        refused = may(self.pack, law, self.file, unit=unit, at=self.now)
        allowed = Oracle(self.pack, self.filed, self.steps).allowed(law, unit, self.now)
        assert (refused is None) == allowed, (law.id, unit, refused)
        if refused is not None:
            assert refused.citation.article
            return
        form = dict.fromkeys((*requires_of(self.pack, law, self.file), *law.optional), "如实写明")
        form |= {"new_date": (self.now + timedelta(days=20)).date().isoformat()} if "new_date" in form else {}
        form |= {"length": str(data.draw(st.integers(1, 8)))} if "length" in form else {}
        form |= {"unit": data.draw(st.sampled_from(self.names))} if "unit" in form else {}
        form |= {"category": next(iter(choices_of(self.pack, law)))} if "category" in form else {}
        form |= {"number": str(law.copies)} if "number" in form and law.copies else {}
        form |= {"units": data.draw(st.sampled_from(self.names))} if "units" in form else {}
        form |= {name: data.draw(st.sampled_from(codes)) for name, codes in CHOICES.items() if name in form}
        form |= {"chief": "钱样例"} if "major" in form else {}
        form |= {"given_on": self.now.date().isoformat()} if "given_on" in form else {}
        if lacking(self.pack, law, self.file, form, writer="赵样例", at=self.now):
            assert law.step == Step.GRANT_EXTENSION, "whatever else a form asks is in it"
            return
        for one in take(self.pack, law, self.file, form, unit=unit, account=1, writer="赵样例", at=self.now):
            self.steps.append(one)
            self.file = self.file.after(one)

    @precondition(lambda self: self.file.stage is Stage.REPLIED)
    @rule(again=st.sampled_from(sorted(AGAIN)))
    def once_more(self, again: Step) -> None:
        taken = Taken(step=again, at=self.now)
        self.steps.append(taken)
        self.file = self.file.after(taken)

    @invariant()
    def the_case_is_what_its_steps_say(self) -> None:
        oracle = Oracle(self.pack, self.filed, self.steps)
        assert self.file == casefile_of(self.filed, self.steps)
        assert (self.file.lead, set(self.file.co_handlers)) == (oracle.lead(), oracle.helpers())
        assert self.file.is_open == (not oracle.ended())

    @invariant()
    def nothing_but_a_stated_reason_puts_a_date_off(self) -> None:
        moved = changes_of(self.pack, self.filed, self.steps)
        allowed = {
            "designate",
            "grant_extension",
            "set_limit",
            "instruct",
            "sheet",
            "progress",
            "reply",
            "grant_claim",
            "escalate",
        }
        assert all(one.new.at <= one.old.at or one.why in allowed for one in moved)


Casework.TestCase.settings = settings(max_examples=40, stateful_step_count=25, deadline=None, print_blob=True)
TestCasework = Casework.TestCase
