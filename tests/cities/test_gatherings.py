"""What the texts have gathered over the cases: the month's meeting, and whether a file is complete for the archive."""

from datetime import datetime, timedelta

import pytest

from cities.loading import load_pack
from hotline.archiving import missing
from hotline.calendar import CITY_TIME
from hotline.casework import Step, Taken
from hotline.following_up import asking_of, standing
from hotline.meetings import has_meeting, points_of
from hotline.periods import Period

FIRST = datetime(2026, 11, 2, 9, tzinfo=CITY_TIME)
OCTOBER, NOVEMBER, DECEMBER = (Period(2026, month) for month in (10, 11, 12))


def took(step: Step, day: int, unit: str = "", **data: str) -> Taken:
    return Taken(step=step, at=FIRST + timedelta(days=day), unit=unit, data=data)


@pytest.mark.duty("XA-M3b", "XA-M1", "XA-G1")
def test_the_agenda_of_xian_holds_what_was_put_to_the_meeting_until_it_is_decided() -> None:
    pack = load_pack("xian")
    taken = [
        took(Step.REPORT_UP, 0, category="monthly-meeting:seasonal", reason="每到汛期都有"),
        took(Step.REPORT_UP, 0, category="abnormal-goes-up:sensitive", reason="不上会的"),
        took(Step.REPORT_UP, 1, category="stuck-points", reason="没有经费渠道"),
        took(Step.ESCALATE, 2, "示例区", form="hard-ticket", reason="两区都说不归自己"),
    ]
    points = points_of(pack, taken)
    assert [(one.says[:5], one.law.article, one.unit) for one in points] == [
        ("季节性问题", "三（三）1", ""), ("重点、难点", "四（一）", ""), ("报市大数据", "三（一）4", "示例区"),
    ]  # fmt: skip
    assert all(one.is_on(NOVEMBER) and one.is_on(DECEMBER) and not one.is_on(OCTOBER) for one in points)
    first = took(Step.REPORT_UP, 10, category="monthly-meeting:seasonal", reason="上会", result="汛前清淤")
    decided, *waiting = points_of(pack, [*taken, first])
    assert decided.decision == "汛前清淤" and not any(one.decided_at for one in waiting)
    last = took(Step.COORDINATE, 20, form="meeting-decision", result="由示例区牵头")
    every = points_of(pack, [*taken, first, last])
    assert [one.decision for one in every] == ["汛前清淤", "由示例区牵头", "由示例区牵头"]
    assert not any(one.is_on(DECEMBER) for one in every) and all(one.is_on(NOVEMBER) for one in every)


@pytest.mark.duty("BD-4")
def test_baoding_s_joint_meeting_is_put_and_answered_by_its_own_forms() -> None:
    pack = load_pack("baoding")
    put = took(Step.ESCALATE, 0, form="to-the-joint-meeting", reason="跨县")
    above = took(Step.ESCALATE, 0, form="goes-up", reason="报政府的不是上会")
    assert [one.reason for one in points_of(pack, [above, put])] == ["跨县"]
    assert has_meeting(pack) and not has_meeting(load_pack("suqian"))


@pytest.mark.duty("BD-28", "R-ALL-16")
@pytest.mark.parametrize(
    ("steps", "reachable", "lacks"),
    [
        (["sign", "contact", "reply", "rate", "close"], True, []),
        (["sign", "reply", "rate", "close"], True, ["contact"]),
        (["sign", "reply", "close"], True, ["contact", "follow_up"]),
        (["sign", "reply", "close"], False, []),  # nobody can be reached
        (["reply"], False, ["sign", "close"]),
    ],
)
def test_a_file_of_baoding_is_complete_when_every_step_of_the_text_is_in_it(
    steps: list[str], reachable: bool, lacks: list[str]
) -> None:
    pack = load_pack("baoding")
    taken = [
        took(Step(name), day, **({"satisfaction": "5"} if name == "rate" else {})) for day, name in enumerate(steps)
    ]  # fmt: skip
    stands = standing(asking_of(pack), taken, due=None, own_channel=True, now=FIRST + timedelta(days=30))
    found = missing(pack, taken, stands, reachable=reachable)
    assert sorted(one.id for one in found) == sorted(lacks)
    assert all(one.label and one.citation.article for one in found)
