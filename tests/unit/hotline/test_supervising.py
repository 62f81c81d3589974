"""What a case calls for by the real texts: triggers from steps, dues and repeated tickets, and who is told."""

import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from cities.loading import load_pack
from hotline.calendar import CITY_TIME
from hotline.casework import Step, Taken
from hotline.citation import Citation
from hotline.deadlines import Due
from hotline.supervising import Facts, forms, matters, may_urge, urged_in_a_row

NOW = datetime(2026, 11, 23, 4, tzinfo=UTC)  #: a Monday, noon
DAY = timedelta(days=1)
QUIET = Facts(
    taken=(), dues=(), kind="complaint", ticket_class=None, channel="webchat", tags=frozenset(), matters=frozenset(),
    related=0, filed_at=NOW - DAY, dissatisfied=False, now=NOW,
)  # fmt: skip


def due(what: str, days_ago: int) -> Due:
    law = Citation(instrument="《示例》", article="第一条")
    return Due(what=what, at=NOW - days_ago * DAY, citation=law, provisional=False, why="")


def steps(*names: Step, unit: str = "示例局", by: int | None = 1, **data: str) -> list[Taken]:
    return [
        Taken(step=name, at=NOW - 40 * DAY + place * 3 * DAY, unit=unit, by=by, data=data)
        for place, name in enumerate(names)
    ]


def live(city: str, facts: Facts) -> set[str]:
    return {one.id.split(":")[-1] for one in matters(load_pack(city), facts) if one.live and not one.recorded}


@pytest.mark.duty("BD-25")
def test_baoding_keeps_three_grades_of_supervision_apart() -> None:
    assert [one.id for one in forms(load_pack("baoding"))] == ["city", "county", "own-unit"]


@pytest.mark.duty("BD-25")
@pytest.mark.parametrize(
    ("changes", "trigger"),
    [
        ({"dues": (due("sign", 1),)}, "refuses-to-sign"),
        ({"dues": (due("finish", 1),)}, "overdue"),
        ({"related": 2}, "repeated"),
        ({"taken": steps(Step.URGE, Step.URGE, Step.URGE, by=None)}, "repeated"),
        ({"tags": frozenset({"group"})}, "many-people"),
    ],
)
def test_baoding_supervises_what_is_refused_overdue_or_repeated(
    changes: dict[str, object], trigger: str
) -> None:
    assert live("baoding", replace(QUIET, **changes)) == {trigger}  # type: ignore[arg-type]
    assert live("baoding", QUIET) == set()


@pytest.mark.duty("SQ-5-2")
@pytest.mark.parametrize(
    ("taken", "trigger"),
    [
        (steps(Step.REFUSE_RETURN, Step.ASK_RETURN), "shuffles-off"),
        (steps(Step.HOLD_REPLY, basis="handler,beside-the-question"), "false-or-beside"),
        (steps(Step.HOLD_REPLY, basis="stock-phrase"), "empty-talk"),
        (steps(Step.HOLD_REPLY, basis="not-our-duty"), "unclear-duty-as-excuse"),
        (steps(Step.URGE, Step.URGE, Step.URGE, by=None), "urged-often"),
        (steps(Step.HOLD_REPLY, basis="sent-to-the-other-party"), "rude"),
    ],
)
def test_suqian_supervises_by_what_the_steps_show(taken: list[Taken], trigger: str) -> None:
    assert live("suqian", replace(QUIET, taken=taken)) == {trigger}


@pytest.mark.duty("SQ-5-2", "SQ-5-3")
def test_suqian_has_eight_triggers_and_six_forms() -> None:
    pack = load_pack("suqian")
    found = [one for one in matters(pack, QUIET) if one.step is Step.SUPERVISE]
    assert (len(found), len(forms(pack))) == (8, 6)


@pytest.mark.duty("XA-4")
def test_an_abnormal_ticket_goes_up_to_chief_and_superior() -> None:
    loud = replace(
        QUIET, tags=frozenset({"sensitive"}), dissatisfied=True, dues=(due("progress", 8),), filed_at=NOW - 15 * DAY,
        taken=[*steps(Step.ASK_RETURN), *steps(Step.ASK_RETURN, unit="另一局"), *steps(Step.URGE, Step.URGE, Step.URGE, by=None)],
    )  # fmt: skip
    found = [one for one in matters(load_pack("xian"), loud) if one.live and one.id.startswith("abnormal")]
    assert len(found) == 6
    assert {one.to for one in found} == {("chief", "superior")}
    assert {one.step for one in found} == {Step.REPORT_UP}


@pytest.mark.duty("XA-3")
def test_four_ledgers_are_kept_and_two_fill_by_what_the_case_shows() -> None:
    found = [
        one
        for one in matters(load_pack("xian"), replace(QUIET, matters=frozenset({"enterprise"})))
        if one.step is Step.LEDGER
    ]
    assert [(one.id.split(":")[1], one.live) for one in found] == [
        ("unreasonable", False), ("unclear-duty", False), ("buck-passing", False), ("enterprise", True),
    ]  # fmt: skip


@pytest.mark.duty("XA-M6")
def test_who_is_supervised_three_times_without_result_is_reported_to_discipline() -> None:
    twice, thrice = (
        steps(Step.SUPERVISE, Step.SUPERVISE),
        steps(Step.SUPERVISE, Step.SUPERVISE, Step.SUPERVISE),
    )
    assert "reported-to-discipline" not in live("xian", replace(QUIET, taken=twice))
    assert "reported-to-discipline" in live("xian", replace(QUIET, taken=thrice))
    assert "reported-to-discipline" not in live(
        "xian", replace(QUIET, taken=[*thrice, *steps(Step.PROGRESS)])
    )
    told = next(one for one in matters(load_pack("xian"), QUIET) if one.id == "reported-to-discipline")
    assert told.to == ("discipline",)


@pytest.mark.duty("KF-3-2a", "KF-3-3")
def test_kaifeng_supervises_what_leaders_instruct_and_what_is_urged_twice_in_vain() -> None:
    assert may_urge(load_pack("kaifeng"))
    assert not may_urge(load_pack("suqian"))
    assert live("kaifeng", replace(QUIET, taken=steps(Step.INSTRUCT))) == {"supervision"}
    assert live("kaifeng", replace(QUIET, taken=steps(Step.URGE, Step.URGE))) == {"supervision"}
    assert live("kaifeng", replace(QUIET, taken=steps(Step.URGE, Step.PROGRESS, Step.URGE))) == set()
    assert live("kaifeng", replace(QUIET, taken=steps(Step.GRANT_EXTENSION))) == {
        "supervised-within-the-extension"
    }
    assert [form.id for form in forms(load_pack("kaifeng"))] == ["by-phone", "on-site", "by-coordination"]


@pytest.mark.duty("KF-3-2a", "KF-3-3")
def test_urgings_in_a_row_are_counted_as_a_slow_count_does() -> None:
    """The oracle walks day by day; the seed of a failing case is in the message."""
    calendar = load_pack("kaifeng").calendar
    for seed in range(300):
        rng = random.Random(seed)
        moments = sorted(NOW + timedelta(hours=rng.randint(0, 400)) for _ in range(rng.randint(0, 5)))
        until = [
            rng.choice(["", (at + timedelta(days=rng.randint(0, 4))).date().isoformat()]) for at in moments
        ]
        urgings = [
            Taken(step=Step.URGE, at=at, by=1, data={"new_date": day} if day else {})
            for at, day in zip(moments, until, strict=True)
        ]
        count, blocked = 0, set[date]()
        for one in urgings:
            day = one.at.astimezone(CITY_TIME).date()
            if day in blocked:
                continue
            count, blocked = count + 1, {day - DAY * back for back in range(60)}
            last = date.fromisoformat(one.data["new_date"]) if one.data.get("new_date") else None
            step = day
            while (last and step <= last) or (not last and (step == day or not calendar.is_working(step))):
                blocked.add(step)
                step += DAY
        assert urged_in_a_row(urgings, calendar) == count, f"seed {seed}"


@pytest.mark.duty("BD-39")
def test_misconduct_of_units_is_passed_on_to_the_body_in_charge() -> None:
    found = [one for one in matters(load_pack("baoding"), QUIET) if one.step is Step.MISCONDUCT]
    assert len(found) == 6
    assert {one.to for one in found} == {("authority_in_charge", "discipline")}


@pytest.mark.duty("XA-M3b", "SQ-2-4")
@pytest.mark.parametrize(
    ("city", "id"),
    [
        ("xian", "monthly-meeting:seasonal"),
        ("suqian", "opinion-watched"),
    ],
)
def test_what_only_a_person_sees_can_be_put_on_record(city: str, id: str) -> None:
    found = {one.id: one for one in matters(load_pack(city), QUIET)}
    assert (found[id].step, found[id].live) == (Step.REPORT_UP, False)


def test_what_was_recorded_calls_no_more() -> None:
    late = replace(QUIET, dues=(due("finish", 1),))
    noted = steps(Step.SUPERVISE, category="supervision-triggers:overdue")
    assert live("baoding", late) == {"overdue"}
    assert live("baoding", replace(late, taken=noted)) == set()


@pytest.mark.duty("BD-4", "KF-3-1b")
@pytest.mark.parametrize(
    ("city", "id", "form"),
    [("baoding", "joint-meeting", "to-the-joint-meeting"), ("kaifeng", "duty-leader", "duty-leader")],
)
def test_what_the_casework_has_a_form_for_is_offered_there_alone(city: str, id: str, form: str) -> None:
    law = load_pack(city)
    assert id not in {one.id for one in matters(law, QUIET)}
    assert (form, Step.ESCALATE) in {(rule.id, rule.step) for rule in law.case_steps}
