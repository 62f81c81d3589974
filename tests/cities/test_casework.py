"""Cases in the five cities' law, from the filing to the reply: what may be done when, by whom, and what it moves."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from cities.loading import load_pack
from groundwork.settings import PROJECT
from hotline.calendar import CITY_TIME
from hotline.caseclock import changes_of, due_in, dues_of
from hotline.casework import CaseFile, CaseStep, Filed, Stage, Step, Taken, casefile_of
from hotline.figures import CaseFacts, rate
from hotline.periods import Period
from hotline.procedure import (
    NotAllowedError,
    Refused,
    choices_of,
    lacking,
    may,
    may_reply,
    offers,
    rule_of,
    take,
    told_of,
)

MONDAY = datetime(2026, 11, 23, 10, tzinfo=CITY_TIME)
WORDS = {
    "new_date": "2026-12-18", "length": "3", "approver": "王样例", "name": "李样例", "time_of_contact": "11月24日10点",
    "leader": "mayor", "given_on": "2026-11-23", "major": "no",
}  # fmt: skip
CENTRE = None


class Life:
    """One case of a city; ``may`` and ``do`` name steps by the id of their rule."""

    def __init__(
        self, city: str, ticket_class: str | None = None, kind: str = "complaint", **more: Any
    ) -> None:
        self.pack = load_pack(city)
        self.lead, self.other, self.third = (unit.name for unit in self.pack.units[:3])
        values: dict[str, Any] = {"channel": "webchat", "at": MONDAY, "lead": self.lead} | more
        self.filed = Filed(kind=kind, ticket_class=ticket_class, **values)
        self.file: CaseFile = casefile_of(self.filed, ())

    def rule(self, id: str) -> CaseStep:
        return next(rule for rule in self.pack.case_steps if rule.id == id)

    def why(self, id: str, at: datetime, unit: str | None) -> str:
        """Return why the step is refused, with its article; empty if it is not."""
        refused = may(self.pack, self.rule(id), self.file, unit=unit, at=at)
        return f"{refused.why} {refused.citation.article}" if refused else ""

    def lacks(self, id: str, at: datetime, **data: str) -> tuple[str, ...]:
        return lacking(self.pack, self.rule(id), self.file, data, writer="赵样例", at=at)

    def do(self, id: str, at: datetime, hand: str | None, /, **data: str) -> None:
        """Take a step whose form holds ``data`` and, for the rest of what it must hold, any words."""
        rule = self.rule(id)
        known = {name: WORDS.get(name, "如实写明") for name in (*rule.requires, "approver", *self._asked(id))}
        form = known | {"unit": self.other} | data
        taken = take(self.pack, rule, self.file, form, unit=hand, account=1, writer="赵样例", at=at)
        for one in taken:
            self.file = self.file.after(one)

    def add(self, step: Step, at: datetime, **data: str) -> None:
        """Put a step on record for which the city's casework has no form."""
        self.file = self.file.after(Taken(step=step, at=at, data=data))

    def _asked(self, id: str) -> tuple[str, ...]:
        return next(
            (one.requires for one in self.offers(MONDAY, self.lead) if one.rule and one.rule.id == id), ()
        )

    def offers(self, at: datetime, unit: str | None) -> Any:
        return offers(self.pack, self.file, unit=unit, at=at)

    def due(self, what: str) -> date | None:
        due = due_in(dues_of(self.pack, self.file), what)
        return due.at.astimezone(CITY_TIME).date() if due else None

    def reply(self, at: datetime) -> Refused | None:
        return may_reply(self.pack, self.file, unit=self.lead, at=at).refused

    def silent(self, step: Step) -> Any:
        return next(one for one in self.offers(MONDAY, self.lead) if one.step is step and one.rule is None)


def days(number: float) -> datetime:
    return MONDAY + timedelta(days=number)


@pytest.mark.duty("PDS-8C", "PDS-9", "PDS-13", "R-PDS-3", "R-ALL-11")
def test_a_hard_case_of_pingdingshan_lives_by_its_plan_and_the_limit_that_the_centre_sets() -> None:
    life = Life("pingdingshan", "C")
    life.do("sign", days(0), life.lead)
    assert life.due("plan") == date(2026, 11, 30) and life.due("finish") is None
    assert life.why("set-limit", days(1), CENTRE) == "before_plan 第八条"
    assert life.why("ask-extension", days(1), life.lead) == "no_limit 第九条"
    assert life.lacks("plan", days(1)) == ("deputy_head", "person", "contact", "work_so_far", "plan")
    life.do("plan", days(1), life.lead)
    assert life.lacks("set-limit", days(2), new_date="2026-11-24", reason="过去的日子") == ("new_date",)
    life.do("set-limit", days(2), CENTRE)
    assert life.due("finish") == date(2026, 12, 18)
    life.do("ask-extension", days(9), life.lead)
    assert life.why("ask-extension", days(9), life.lead).startswith("pending")
    life.do("grant-extension", days(10), CENTRE, reason="等规划调整批复")
    assert life.due("finish") == date(2026, 12, 23)
    changes = changes_of(life.pack, life.filed, life.file.steps)
    assert [(one.why, one.new.at.date(), one.reason) for one in changes] == [
        ("grant_extension", date(2026, 12, 23), "等规划调整批复")
    ]
    life.do("ask-extension", days(11), life.lead)
    assert life.lacks("grant-extension", days(11), length="3", reason="还要等") == ("basis",), (
        "once in principle"
    )
    refused = life.reply(days(12))
    assert refused is not None and (refused.why, refused.citation.article) == ("before_contact", "第十三条")
    life.do("told-first", days(12), life.lead)
    assert life.reply(days(12)) is None
    life.do("reply", days(12), life.lead)
    assert life.file.stage is Stage.REPLIED and life.due("follow_up") == date(2026, 12, 8)
    assert life.why("plan", days(13), life.lead) == "replied 第八条"


@pytest.mark.duty("PDS-8D", "PDS-13", "R-ALL-6", "R-ALL-16")
def test_danger_in_pingdingshan_is_answered_after_its_special_report() -> None:
    life = Life("pingdingshan", "D", reachable=False)
    life.do("sign", days(0), CENTRE)
    assert life.lacks("people-in-charge", days(0)) == ("deputy_head", "person", "measures")
    life.do("people-in-charge", days(0), life.lead)
    assert life.due("start") is None, "no figure, no date"
    refused = life.reply(days(1))
    assert refused is not None and refused.why == "before_special_report"
    life.do("special-report", days(1), life.lead)
    assert life.reply(days(1)) is None, "nobody owes a contact with somebody unknown"


@pytest.mark.duty("PDS-9", "PDS-11", "R-PDS-2", "R-ALL-8", "R-ALL-23")
def test_pingdingshan_takes_returns_within_a_day_of_the_receipt_and_extends_no_quick_case() -> None:
    life = Life("pingdingshan", "B")
    life.do("sign", days(0), life.lead)
    assert life.lacks("ask-return", days(0.5), reason="不归我们管", basis="三定方案", approver="赵样例") == (
        "approver",
    )
    assert life.why("ask-return", days(1.01), life.lead) == "late_return 第十一条"
    life.do("ask-return", days(0.9), life.lead)
    assert life.why("grant-return", days(1), life.lead).startswith("hand")
    life.do("grant-return", days(2), CENTRE)
    assert (life.file.lead, life.file.stage, life.file.begun) == (life.other, Stage.RECEIVED, days(2))
    assert life.due("finish") == date(2026, 12, 2), "the new unit's days begin with the new dispatch"
    assert life.why("sign", days(2), life.lead).startswith("hand"), "the first unit is out of it"
    assert life.why("ask-extension", days(30), life.other) == "expired 第九条"
    quick = Life("pingdingshan", "A")
    assert quick.why("ask-extension", days(0), quick.lead) == "sort 第九条"
    assert any(one.step is Step.ASK_EXTENSION and one.refused for one in quick.offers(days(0), quick.lead)), (
        "in sight"
    )


@pytest.mark.duty("PDS-2b", "PDS-10", "PDS-12", "PDS-15", "PDS-24", "PDS-25", "R-ALL-7", "R-ALL-23")
def test_pingdingshan_has_one_lead_for_several_units_and_hands_clues_over_after_approval() -> None:
    life = Life("pingdingshan", "B", kind="report", channel="letter")
    assert life.why("split", days(0), life.lead).startswith("alone")
    life.do("designate", days(0), CENTRE, unit=life.lead, units=life.third)
    assert life.file.begun == MONDAY, "the same lead's clocks run on"
    life.do("split", days(0), life.lead)
    assert life.why("split", days(0), life.third).startswith("hand"), "the lead answers for it"
    finish = life.due("finish")
    life.do("disagreement", days(1), life.lead)
    life.do("coordinated", days(2), CENTRE)
    assert life.due("finish") == finish, "coordination stops no clock"
    assert life.why("whistle", days(1), life.lead) == "level 第二条", "streets call, departments come"
    life.do("instruct", days(1), CENTRE, new_date="2026-12-01")
    assert life.due("finish") == date(2026, 12, 1), "handled as the written instruction says"
    assert life.lacks("clue", days(1), body="纪检监察机关", content="线索") == ("approver",)
    life.do("clue", days(1), CENTRE)
    assert life.why("inspection-result", days(1), life.lead).startswith("hand")
    life.do("inspection", days(1), CENTRE)
    life.do("inspection-result", days(3), CENTRE)
    assert [one.step for one in life.file.steps if one.step is Step.HAND_OVER] == [Step.HAND_OVER] * 3


@pytest.mark.duty("BD-18", "BD-21-1", "R-BD-2", "R-ALL-8")
def test_baoding_lets_a_unit_return_before_signing_too_and_a_refusal_buys_no_time() -> None:
    life = Life("baoding")
    assert life.why("ask-return", days(1), life.lead) == "", "before signing"
    life.do("ask-return", days(1.5), life.lead)
    assert life.lacks("refuse-return", days(2)) == ("reason",)
    life.do("refuse-return", days(2), CENTRE)
    assert (life.file.lead, life.file.begun) == (life.lead, MONDAY)
    assert life.why("ask-return", days(2), life.lead) == "", "the draft forbids no second one"
    assert life.why("ask-return", days(3), life.lead) == "late_return 第二十一条第一项"
    life.do("sign", days(2), life.lead)
    life.do("designate", days(3), CENTRE)
    assert life.file.lead == life.other, "later only the centre can move the case"


@pytest.mark.duty("BD-21-3", "BD-21-6", "BD-21-7", "R-BD-3", "R-BD-4", "R-BD-5", "R-BD-6")
def test_baoding_replaces_its_limit_by_the_laws_own_and_by_nothing_else() -> None:
    life = Life("baoding", "urgent", kind="help")
    life.do("on-the-spot", days(0), life.lead)
    life.do("urgent-progress", MONDAY + timedelta(hours=1), life.lead, progress="险情已经控制")
    assert told_of(life.rule("urgent-progress"), life.file.steps[-1]) == "险情已经控制"
    assert life.file.stage is Stage.RECEIVED, "no waiting for a signature"
    life.do("sign", days(0), life.lead)
    finish = life.due("finish")
    life.do("not-solvable-now", days(1), life.lead)
    assert life.due("finish") == finish and life.file.is_open, "neither closes nor extends"
    assert set(life.lacks("statutory-period", days(1), progress="正在鉴定")) == {
        "basis",
        "length",
        "new_date",
    }
    life.do("statutory-period", days(1), life.lead, new_date="2027-01-20")
    assert life.due("finish") == date(2027, 1, 20) and "statutory_period" in life.file.cases


@pytest.mark.duty("BD-22", "R-BD-7", "R-ALL-11")
def test_baoding_adds_its_extensions_up_to_fifteen_days_beyond_which_a_law_is_named() -> None:
    life = Life("baoding")
    life.do("sign", days(0), life.lead)
    finish = life.due("finish")
    life.do("ask-extension", days(1), life.lead)
    life.do("grant-extension", days(1), CENTRE, length="10")
    life.do("ask-extension", days(2), life.lead)
    assert life.lacks("grant-extension", days(2), length="6", reason="还没有查完") == ("basis",)
    assert life.lacks("grant-extension", days(2), length="5", reason="还没有查完") == ()
    assert life.lacks("grant-extension", days(2), length="五", reason="还没有查完") == ("length",)
    life.do("grant-extension", days(2), CENTRE, length="6", basis="某法第一条")
    assert (finish, life.due("finish")) == (date(2026, 12, 2), date(2026, 12, 24))
    assert life.why("grant-extension", days(2), CENTRE) == "not_asked_extension 第二十二条"


@pytest.mark.duty("BD-4", "BD-19", "BD-20", "BD-23", "R-ALL-7")
def test_baoding_sends_hard_cases_up_and_what_is_decided_comes_back() -> None:
    life = Life("baoding")
    life.do("sign", days(0), life.lead)
    life.do("contact", days(0), life.lead)
    assert life.why("joint-meeting", days(1), CENTRE) == "before_meeting 第四条"
    life.do("goes-up", days(1), life.lead)
    life.do("to-the-joint-meeting", days(2), CENTRE)
    life.do("joint-meeting", days(3), CENTRE, result="由市交通局牵头，月底前完成")
    assert life.file.steps[-1].data["result"] == "由市交通局牵头，月底前完成"
    assert life.reply(days(4)) is None
    life.do("reply", days(4), life.lead)
    assert life.file.stage is Stage.REPLIED


@pytest.mark.duty("XA-M4a", "XA-M4b", "XA-1f", "XA-M3", "R-XA-1", "R-XA-2", "R-XA-3", "R-ALL-25")
def test_xian_starts_within_the_hour_and_calls_units_together() -> None:
    life = Life("xian", "other")
    dues = {due.what: due for due in dues_of(life.pack, life.file)}
    assert dues["start"].at == dues["sign"].at == MONDAY + timedelta(hours=1)
    life.do("sign", days(0), life.lead)
    life.do("start", days(0), life.lead)
    life.do("whistle", days(0), life.lead, units=f"{life.other}\n{life.third}")
    assert life.file.co_handlers == (life.other, life.third)
    life.do("split", days(0), life.lead)
    life.do("reported-in", days(1), life.other)
    life.do("state", days(2), life.lead)
    assert life.file.is_open, "a report is not the end"
    assert life.why("ask-return", days(20), life.lead) == "", "no figure for the return"
    assert set(life.lacks("ask-return", days(1))) == {"reason", "basis", "proposal"}
    silent = life.silent(Step.ASK_EXTENSION)
    assert silent.refused.why == "silent" and silent.refused.values["says"] == "方案没有延期这一步。"


@pytest.mark.duty("XA-M1", "XA-M2", "XA-M5", "R-XA-6")
def test_xian_settles_disputes_step_by_step_and_serves_enterprises_by_the_through_train() -> None:
    life = Life("xian", "other", matters=("enterprise",))
    assert life.why("hard-ticket", days(0), life.lead) == "before_coordinate 三（一）4"
    life.do("disputed", days(0), life.lead)
    life.do("hard-ticket", days(1), life.lead)
    life.do("meeting-decision", days(2), CENTRE)
    life.do("designate", days(2), CENTRE, units=life.third)
    assert (life.file.lead, life.file.co_handlers) == (life.other, (life.third,))
    life.do("working-group", days(2), life.other)
    life.do("enterprise-explained", days(3), life.other)
    assert life.file.cases == ("unreasonable",) and life.due("progress") == date(2026, 12, 2)
    plain = Life("xian", "other")
    assert plain.why("working-group", days(0), plain.lead) == "sort 三（五）2"


@pytest.mark.duty("XA-M4b", "R-XA-3", "R-XA-4")
def test_xian_gives_a_complex_case_fifteen_days_once_the_centre_confirms_what_the_unit_claims_in_time() -> (
    None
):
    life = Life("xian", "other")
    assert life.due("progress") == date(2026, 11, 30) and life.due("plan") is None
    assert life.why("next-measures", days(0), life.lead).startswith("sort")
    assert life.why("confirm-complex", days(0), CENTRE) == "not_asked_claim 三（四）2（4）"
    assert life.why("claim-complex", days(8), life.lead) == "late 三（四）2（4）", "within the seven days"
    life.do("claim-complex", days(7), life.lead)
    assert life.why("claim-complex", days(7), life.lead).startswith("pending")
    assert life.due("progress") == date(2026, 11, 30), "a claim alone moves nothing"
    life.do("confirm-complex", days(8), CENTRE, reason="涉及多年的历史遗留")
    assert (life.due("progress"), life.due("plan")) == (None, date(2026, 12, 8))
    life.do("next-measures", days(9), life.lead)
    refused = Life("xian", "other")
    refused.do("claim-complex", days(1), refused.lead)
    refused.do("deny-complex", days(2), CENTRE)
    assert refused.due("progress") == date(2026, 11, 30)
    assert Life("xian", "emergency").why("claim-complex", days(0), life.lead).startswith("sort")


@pytest.mark.duty("XA-1d", "XA-2c", "XA-M5")
def test_xian_has_calls_joint_lines_and_tracking_on_the_case() -> None:
    life = Life("xian", "emergency", matters=("enterprise",))
    assert life.lacks("lines-told", days(0)) == ("body", "time", "content")
    life.do("lines-told", days(0), CENTRE, body="119")
    assert life.lacks("phone-contact", days(0), person="值班人员") == ("reason", "result")
    for call in ("phone-contact", "phone-urge", "phone-supervise", "enterprise-tracked"):
        life.do(call, days(0), CENTRE)
    taken = [(one.step, one.data["form"]) for one in life.file.steps]
    assert taken == [
        (Step.ALERT, "lines-told"), (Step.CALL, "phone-contact"), (Step.URGE, "phone-urge"),
        (Step.SUPERVISE, "phone-supervise"), (Step.SUPERVISE, "enterprise-tracked"),
    ]  # fmt: skip
    assert Life("xian", "other").why("lines-told", days(0), CENTRE).startswith("sort")


@pytest.mark.duty("XA-4")
def test_what_xian_s_leaders_instruct_and_supervise_together_stands_on_the_case() -> None:
    life = Life("xian", "other")
    life.do("instructed", days(0), CENTRE, new_date="2026-12-04")
    assert life.due("finish") == date(2026, 12, 4), "a day that a leader names is the only limit to finish"
    life.do("joint-supervision", days(1), CENTRE, body="上级行业主管部门")
    assert [one.data["form"] for one in life.file.steps] == ["instructed", "joint-supervision"]


@pytest.mark.duty("PDS-14", "R-PDS-1", "R-PDS-5")
@pytest.mark.parametrize("channel", ["mailbox", "board"])
def test_a_letter_of_pingdingshan_is_answered_once_its_three_sealed_copies_were_reviewed(
    channel: str,
) -> None:
    life = Life("pingdingshan", "B", channel=channel)
    life.do("sign", days(0), life.lead)
    life.do("told-first", days(0), life.lead)
    refused = life.reply(days(1))
    assert refused is not None and (refused.why, refused.citation.article) == ("before_review", "第十四条")
    two = {"content": "回复全文", "seal": "办公室 李样例", "number": "2"}
    assert life.lacks("sealed-letter", days(1), **two) == ("number",), "three copies"
    assert life.why("letter-reviewed", days(1), CENTRE).startswith("not_asked_hand_in")
    life.do("sealed-letter", days(1), life.lead, number="3")
    life.do("letter-sent-back", days(2), CENTRE, reason="没有写办理结果")
    assert life.why("letter-reviewed", days(2), CENTRE).startswith("not_asked_hand_in"), "handed in anew"
    life.do("sealed-letter", days(3), life.lead, number="3")
    assert life.why("letter-reviewed", days(3), life.lead).startswith("hand")
    life.do("letter-reviewed", days(3), CENTRE)
    assert life.why("letter-sent-up", days(3), CENTRE).startswith("before_reply")
    life.do("reply", days(3), life.lead)
    life.do("letter-sent-up", days(3), CENTRE)
    life.add(Step.REDO, days(5), case="second_handling", new_date="2026-12-16", reason="没有修好")
    refused = life.reply(days(6))
    assert refused is not None and refused.why == "before_review", "another reply, another review"
    plain = Life("pingdingshan", "B")
    plain.do("sign", days(0), plain.lead)
    plain.do("told-first", days(0), plain.lead)
    assert plain.reply(days(1)) is None and plain.why("sealed-letter", days(1), plain.lead).startswith("sort")


@pytest.mark.duty("BD-40", "BD-14")
def test_baoding_records_five_kinds_of_misconduct_and_a_person_alone_passes_one_to_the_police() -> None:
    life = Life("baoding")
    kinds = choices_of(life.pack, life.rule("dissuaded"))
    assert [kind.partition(":")[2] for kind in kinds] == [
        "false-accusation", "disorder", "harassment", "occupation", "others",
    ]  # fmt: skip
    assert life.lacks("dissuaded", days(0), category="something", content="劝过了") == ("category",)
    for kind in kinds:
        life.do("dissuaded", days(0), life.lead, category=kind)
    assert not life.file.of(Step.HAND_OVER) and life.file.is_open, "nothing goes to the police by itself"
    assert life.why("to-the-police", days(0), life.lead).startswith("hand")
    life.do("to-the-police", days(0), CENTRE, category=next(iter(kinds)))
    assert life.file.is_open, "the demand is handled all the same"


@pytest.mark.duty("KF-3-2b", "KF-3-2c", "KF-3-5", "KF-A1", "R-KF-3", "R-KF-4", "R-KF-5", "R-ALL-9")
def test_kaifeng_keeps_its_five_days_beside_the_leaders_ten_and_the_sheet_beats_the_ten() -> None:
    life = Life("kaifeng", "mayor")
    life.do("sign", days(0), life.lead)
    assert life.due("finish") == date(2026, 11, 30)
    assert life.why("mayor", days(1), CENTRE) == "before_special_report 三（二）3"
    life.do("special-report", days(1), CENTRE)
    life.do("mayor", days(1), CENTRE)
    finishes = [due.at.date() for due in dues_of(life.pack, life.file) if due.what == "finish"]
    assert finishes == [date(2026, 11, 30), date(2026, 12, 8)]
    life.do("through-train-sheet", days(1), CENTRE, new_date="2026-12-03")
    finishes = [due.at.date() for due in dues_of(life.pack, life.file) if due.what == "finish"]
    assert finishes == [date(2026, 11, 30), date(2026, 12, 3)]
    life.do("to-inspection", days(2), CENTRE)
    life.do("result-to-the-mayor", days(5), CENTRE)
    life.do("ask-extension", days(3), life.lead)
    life.do("grant-extension", days(3), CENTRE, length="2")
    assert life.due("finish") == date(2026, 12, 7), "Monday: in working days"
    weighty = Life("kaifeng", "secretary")
    weighty.do("through-the-secretary-general", days(0), CENTRE)
    assert weighty.lacks("deputy-mayor", days(0), name="李样例", instruction="速办", leader="king", given_on="2026-11-24") == (
        "given_on", "leader",
    ), "a day to come, a leader nobody knows"  # fmt: skip
    weighty.do("deputy-mayor", days(0), CENTRE, leader="deputy_mayor")
    assert weighty.due("finish") == date(2026, 12, 7)
    weighty.do("sign", days(0), weighty.lead)
    assert weighty.why("result-to-the-leader", days(1), CENTRE) == "before_reply 三（五）2"
    weighty.add(Step.REPLY, days(1))
    weighty.do("result-to-the-leader", days(1), CENTRE)


@pytest.mark.duty("KF-3-1e", "KF-3-2b", "KF-3-2c")
def test_the_office_of_kaifeng_decides_case_by_case_which_way_a_matter_goes() -> None:
    life = Life("kaifeng", "routine")
    assert life.why("special-report", days(0), CENTRE) == "sort 三（二）3"
    assert "hand" in life.why("as-mayor", days(0), life.lead)
    life.do("as-urgent", days(0), CENTRE)
    life.do("as-secretary", days(0), CENTRE)
    life.do("through-the-secretary-general", days(0), CENTRE)
    life.do("as-mayor", days(0), CENTRE)
    life.do("special-report", days(0), CENTRE)
    life.do("mayor", days(0), CENTRE)
    life.do("through-train-sheet", days(0), CENTRE, new_date="2026-12-03")
    finishes = [due.at.date() for due in dues_of(life.pack, life.file) if due.what == "finish"]
    assert date(2026, 12, 3) in finishes


@pytest.mark.duty("KF-A1", "R-KF-5", "R-ALL-11")
def test_kaifeng_takes_no_extension_asked_late_and_one_asked_in_time_counts_when_granted_late() -> None:
    late, early = Life("kaifeng", "routine"), Life("kaifeng", "routine")
    assert late.due("finish") == date(2026, 11, 30)
    assert late.why("ask-extension", days(8), late.lead) == "expired 第四条（三）1"
    early.do("ask-extension", days(4), early.lead)
    early.do("grant-extension", days(8), CENTRE, length="3")
    assert (late.due("finish"), early.due("finish")) == (date(2026, 11, 30), date(2026, 12, 3))
    facts = [
        CaseFacts(
            number=str(n), kind="complaint", ticket_class="routine", channel="phone", assignment="platform",
            unit=one.lead, filed_at=MONDAY, dues={due.what: due.at for due in dues_of(one.pack, one.file)},
            steps=(Taken(step=Step.REPLY, at=days(9)),),
        )
        for n, one in enumerate((late, early))
    ]  # fmt: skip
    found = rate("on-time", "finished_in_time", "due", facts, Period.of("2026"), now=days(20))
    assert (found.met, found.of) == (("1",), ("0", "1")), "the points of the first are lost"


@pytest.mark.duty("KF-A1", "R-KF-4", "R-KF-5", "R-ALL-11")
def test_in_kaifeng_an_extension_puts_off_each_limit_that_runs_when_it_is_asked_for() -> None:
    def finishes() -> list[date]:
        return [due.at.date() for due in dues_of(life.pack, life.file) if due.what == "finish"]

    life = Life("kaifeng", "routine")
    life.do("sign", days(0), life.lead)
    life.do("ask-extension", days(1), life.lead)
    life.do("grant-extension", days(1), CENTRE, length="2")
    assert finishes() == [date(2026, 12, 2)]
    life.do("instructed", days(2), CENTRE, new_date="")
    assert finishes() == [date(2026, 12, 2), date(2026, 12, 9)], (
        "ten days of its own, the five with what was added stay"
    )
    life.do("ask-extension", days(3), life.lead)
    life.do("grant-extension", days(4), CENTRE, length="1")
    assert finishes() == [date(2026, 12, 3), date(2026, 12, 10)]
    life.do("ask-extension", days(12), life.lead)
    life.do("grant-extension", days(12), CENTRE, length="1")
    assert finishes() == [date(2026, 12, 3), date(2026, 12, 11)], "asked after the first was over"
    moved = [
        (one.why, one.old.at.date().day, one.new.at.date().day)
        for one in changes_of(life.pack, life.filed, life.file.steps)
    ]
    grant = "grant_extension"
    assert moved == [(grant, 30, 2), (grant, 2, 3), (grant, 9, 10), (grant, 10, 11)], (
        "an instruction moves none"
    )


@pytest.mark.duty("KF-2", "KF-3-1b", "KF-3-1e", "R-ALL-25")
def test_kaifeng_brings_what_weighs_before_leaders_and_knows_no_return() -> None:
    life = Life("kaifeng", "urgent")
    life.do("duty-leader", days(0), CENTRE)
    life.do("submission-form", days(0), CENTRE)
    life.do("instructed", days(0), CENTRE)
    assert life.file.assignment == "leader"
    silent = life.silent(Step.ASK_RETURN)
    assert silent.refused.values["says"] == "没有规定承办单位可以退回；市里打开了才有。"


@pytest.mark.duty("SQ-3-4a", "R-SQ-2", "R-ALL-8")
def test_suqian_takes_a_late_return_for_acceptance_and_a_second_one_only_if_the_centre_opens_it() -> None:
    life = Life("suqian")
    assert set(life.lacks("ask-return", days(0))) == {
        "reason",
        "basis",
        "proposal",
        "checker_name",
        "checker_phone",
    }
    assert life.why("ask-return", days(2), life.lead) == "accepted 三（四）"
    life.do("ask-return", days(1), life.lead)
    life.do("refuse-return", days(1), CENTRE)
    assert life.why("ask-return", days(1), life.lead) == "again 三（四）"
    opened = Life("suqian")
    opened.do("ask-return", days(1), opened.lead)
    opened.do("refuse-return", days(1), CENTRE, again="补充的材料要再看")
    assert opened.why("ask-return", days(3), opened.lead) == ""


@pytest.mark.duty(
    "SQ-2-3", "SQ-3-3", "SQ-3-4b", "SQ-3-5", "SQ-3-6", "SQ-4-1", "R-SQ-1", "R-SQ-4", "R-ALL-23", "R-ALL-25"
)
def test_suqian_replies_after_speaking_with_the_petitioner_and_with_its_heads_approval() -> None:
    life = Life("suqian")
    life.do("sign", days(0), life.lead)
    life.do("before-the-leader", days(0), life.lead)
    life.do("passed-on", days(0), life.lead)
    assert life.due("finish") is None and life.why("ask-extension", days(0), life.lead) == "no_limit 三（四）"
    life.do("set-limit", days(0), CENTRE, basis="省平台的时限", new_date="2026-12-02")
    life.do("ask-extension", days(1), life.lead)
    life.do("grant-extension", days(1), CENTRE, length="3")
    assert life.due("finish") == date(2026, 12, 7)
    refused = life.reply(days(1))
    assert refused is not None and refused.why == "before_contact"
    life.do("contact", days(1), life.lead)
    offer = may_reply(life.pack, life.file, unit=life.lead, at=days(1))
    assert offer.refused is None and offer.requires == ("major", "approver")
    asked = {"major": "no", "approver": "王样例"}
    assert life.lacks("reply", days(1), **asked | {"approver": "赵样例"}) == ("approver",), "never the writer"
    assert life.lacks("reply", days(1), **asked) == ()
    assert life.lacks("reply", days(1), **asked | {"major": "yes"}) == ("chief",)
    assert life.lacks("reply", days(1), **asked | {"major": "yes", "chief": "赵样例"}) == ("chief",)
    assert life.lacks("reply", days(1), **asked | {"major": "yes", "chief": "李样例"}) == ()
    with pytest.raises(NotAllowedError):
        life.do("reply", days(1), life.other)


@pytest.mark.duty("SQ-4-4", "SQ-7", "R-SQ-4", "R-ALL-23")
def test_suqian_ends_by_law_leads_elsewhere_and_has_the_chief_approve_a_final_reply() -> None:
    life = Life("suqian")
    life.do("sign", days(0), life.lead)
    assert life.lacks("led-elsewhere", days(1), basis="民事诉讼法", conversation="讲明了") == ("procedure",)
    life.do("led-elsewhere", days(1), life.lead, procedure="向区法院起诉")
    led = life.file.steps[-1]
    assert told_of(life.rule("led-elsewhere"), led) == "向区法院起诉\n如实写明"
    life.do("settled", days(1), life.lead, basis="区法院判决")
    life.do("discipline-check", days(1), life.lead)
    whole = {"reason": "没有依据", "documents": "会议纪要", "verification": "已经核实"}
    assert life.lacks("final-approved", days(2), **whole, approver="赵样例") == ("approver",), (
        "never the writer"
    )
    life.do("final-approved", days(2), life.lead)
    assert life.file.cases == ("in_procedure", "settled", "unreasonable")
    assert [rule.id for one in life.file.steps if (rule := rule_of(life.pack, one))] == [
        "sign", "led-elsewhere", "settled", "discipline-check", "final-approved",
    ]  # fmt: skip
    life.do("clue", days(2), CENTRE)
    assert life.why("clue", days(2), life.lead) == "hand 七（二）"


@pytest.mark.duty("SQ-3-7", "SQ-4-5", "KF-3-3", "KF-3-4", "R-ALL-18", "R-SQ-3")
@pytest.mark.parametrize(("city", "article"), [("suqian", "三（七）"), ("kaifeng", "三（四）")])
def test_a_reply_that_was_held_back_is_mended_by_a_day_that_buys_no_other_time(
    city: str, article: str
) -> None:
    life = Life(city, "routine" if city == "kaifeng" else None)
    life.do("sign", days(0), life.lead)
    assert life.why("mend", days(1), CENTRE) == f"before_hold_reply {article}"
    finish = life.due("finish")
    life.add(Step.HOLD_REPLY, days(1), basis="stock-phrase")
    life.do("mend", days(1), CENTRE, reason="没有写结果", new_date="2026-11-26")
    due = due_in(dues_of(life.pack, life.file), "mend")
    assert due is not None and due.citation.article == article
    assert (life.due("mend"), life.due("finish")) == (date(2026, 11, 26), finish)
    life.add(Step.HOLD_REPLY, days(2), basis="stock-phrase")
    assert life.due("mend") == date(2026, 11, 26)
    life.add(Step.REPLY, days(2))
    assert life.due("mend") is None


@pytest.mark.duty("SQ-3-9", "R-ALL-18", "R-ALL-17")
def test_suqian_handles_again_what_the_petitioner_finds_wanting_by_a_day_of_its_own() -> None:
    life = Life("suqian")
    life.do("sign", days(0), life.lead)
    life.do("set-limit", days(0), CENTRE, new_date="2026-12-04")
    life.do("ask-extension", days(1), life.lead)
    life.do("grant-extension", days(2), CENTRE)
    assert life.due("finish") == date(2026, 12, 9), "three working days on"
    life.add(Step.REPLY, days(3))
    life.add(Step.FOLLOW_UP, days(4), result="rang_out")
    stages = [life.file.stage]  # nobody was heard
    life.add(Step.RATE, days(4), satisfaction="1")
    assert [*stages, life.file.stage] == [Stage.REPLIED, Stage.FOLLOWED_UP]
    life.add(Step.REDO, days(5), case="second_handling", new_date="2026-12-16", reason="没有停工")
    assert (life.file.stage, life.due("finish")) == (Stage.SIGNED, date(2026, 12, 16)), (
        "the extension is used up"
    )
    finish = due_in(dues_of(life.pack, life.file), "finish")
    assert finish is not None and finish.citation.article == "三（九）"
    life.do("ask-extension", days(6), life.lead)
    life.do("grant-extension", days(7), CENTRE, length="1")
    assert life.due("finish") == date(2026, 12, 17)
    life.add(Step.REPLY, days(8))
    life.add(Step.CLOSE, days(9))
    assert life.file.stage is Stage.CLOSED
    changes = changes_of(life.pack, life.filed, life.file.steps)
    assert [one.why for one in changes] == ["grant_extension", "redo", "grant_extension"]


@pytest.mark.parametrize("city", ["pingdingshan", "baoding", "xian", "kaifeng", "suqian"])
def test_every_step_has_its_article_and_is_said_in_words_on_the_page(city: str) -> None:
    """What a form asks and what a refusal says stand in the desk's templates."""
    words = (PROJECT / "dispatch_desk/web/templates/step_words.html").read_text(encoding="utf-8")
    for rule in load_pack(city).case_steps:
        assert rule.citation.article and rule.label
        assert all(f'"{name}": ' in words for name in (*rule.requires, *rule.optional, *rule.tells_citizen))
        assert all(f'"before_{step}": ' in words for step in rule.after)
