"""Polls: who may be asked what, and the counting of answers, which knows nobody."""

from collections import Counter
from dataclasses import replace
from datetime import date
from random import Random

import pytest

from cities.loading import load_pack
from hotline.polls import Answer, Counted, Poll, fault_of, lacking, poll_rule, results

POLL = Poll(
    id=1, question="满意吗？", options=("满意", "不满意"), ordered_by="市政府", first=date(2026, 11, 1), last=date(2026, 11, 30),
    areas=("东区", "西区"), groups=("学生", "老人"), system="公交",
)  # fmt: skip
DAY = date(2026, 11, 2)


@pytest.mark.duty("PDS-21")
def test_only_a_text_that_asks_for_opinions_has_polls() -> None:
    rule = poll_rule(load_pack("pingdingshan"))
    assert rule is not None and rule.citation.article == "第二十一条"
    assert {item.id for item in rule.items} == {"period", "area", "system", "people"}
    assert poll_rule(load_pack("suqian")) is None


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({}, ""),
        ({"question": ""}, "text"),
        ({"options": ("满意",)}, "options"),
        ({"options": ("满意", "满意")}, "options"),
        ({"last": date(2026, 10, 31)}, "days"),
        ({"ordered_by": ""}, "text"),
        ({"groups": ("",)}, "text"),
    ],
)
def test_a_poll_says_what_is_wrong_with_it(changes: dict[str, object], fault: str) -> None:
    assert fault_of(replace(POLL, **changes)) == fault  # type: ignore[arg-type]


@pytest.mark.duty("PDS-21")
def test_an_answer_is_taken_within_the_days_from_the_areas_and_groups_that_are_asked() -> None:
    right = Answer(option=1, area="东区", group="学生", day=DAY)
    assert lacking(POLL, right) == ""
    assert lacking(POLL, replace(right, option=2)) == "option"
    assert lacking(POLL, replace(right, area="别处")) == "area"
    assert lacking(POLL, replace(right, group="")) == "group"
    everybody = replace(POLL, areas=(), groups=())
    assert lacking(everybody, replace(right, area="", group="")) == ""
    assert [POLL.is_open(day) for day in (date(2026, 10, 31), DAY, date(2026, 11, 30), date(2026, 12, 1))] == [
        False, True, True, False,
    ]  # fmt: skip


@pytest.mark.duty("PDS-21")
def test_results_are_counted_in_all_and_by_area_group_and_day() -> None:
    seed = 20261128
    random = Random(seed)
    given = Counter(
        Answer(
            option=random.randrange(2),
            area=random.choice(POLL.areas),
            group=random.choice(POLL.groups),
            day=DAY,
        )
        for _ in range(200)
    )
    found = results(POLL, given)
    assert found.whole.total == 200
    for part in (found.areas, found.groups, found.days):
        assert [sum(one.numbers[place] for one in part) for place in range(2)] == [*found.whole.numbers], (
            f"seed {seed}"
        )
    assert [one.name for one in found.groups] == ["学生", "老人"]
    assert results(POLL, {}).whole == Counted(name="", numbers=(0, 0))
