"""What the cases of a period show: counted by hand here, against the period before and the year before."""

from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest

from cities.loading import load_pack
from hotline.analysis import Analysis, Counts, Listed, Progress, Seen, Share, Tally, analyse, topic_of
from hotline.calendar import CITY_TIME
from hotline.casework import Step, Taken
from hotline.figures import CaseFacts
from hotline.periods import Period
from hotline.records import from_record, to_record

WEEK = Period.of("2026-W48")  #: Monday the 23rd to Sunday the 29th of November
MONDAY = datetime(2026, 11, 23, 9, tzinfo=CITY_TIME)
NOW = MONDAY + timedelta(days=4)


def counts(**topics: int) -> Counts:
    return {("complaint", "甲局", "示例区", topic, "webchat"): number for topic, number in topics.items()}


def seen(**changes: Any) -> Seen:
    values: dict[str, Any] = {"counts": {}, "before": {}, "year_ago": {}, "ahead": {}} | changes
    return Seen(period=WEEK, now=NOW, **values)


def a_case(number: str, *steps: Taken, days: float = 0, **changes: Any) -> CaseFacts:
    values: dict[str, Any] = {
        "kind": "complaint", "ticket_class": None, "channel": "webchat", "assignment": "platform", "unit": "甲局",
        "filed_at": MONDAY + timedelta(days=days), "dues": {"finish": MONDAY + timedelta(days=3)}, "topic": "路灯",
    }  # fmt: skip
    return CaseFacts(number=number, steps=steps, **(values | changes))


def took(step: Step, days: float = 1, **data: str) -> Taken:
    return Taken(step=step, at=MONDAY + timedelta(days=days), by=1, data=data)


@pytest.mark.duty("PDS-19", "BD-30", "BD-31", "KF-3-2a", "KF-3-6", "SQ-3-10")
def test_what_grows_is_new_or_comes_with_the_season_is_told_by_counting() -> None:
    """Lamps 2 → 5 grow; water 9 → 9 does not; gas 0 → 2 is new but not many; heating came 7 times a year ago next week."""
    found = analyse(
        ("count", "topics", "growing", "new", "seasonal", "areas"),
        seen(counts=counts(路灯=5, 停水=9, 燃气=2), before=counts(路灯=2, 停水=9, 噪音=4), year_ago=counts(停水=1),
             ahead=counts(供暖=7, 路灯=2)),
    ).tallies  # fmt: skip
    assert found["count"] == (Tally(name="", number=16, before=15, year_ago=1),)
    assert [(one.name, one.more) for one in found["topics"]] == [
        ("停水", 0),
        ("路灯", 3),
        ("燃气", 2),
        ("噪音", -4),
    ]
    assert [one.name for one in found["growing"]] == ["路灯"]
    assert [one.name for one in found["new"]] == ["燃气"]
    assert found["seasonal"] == (Tally(name="供暖", number=0, year_ago=7),)
    assert found["areas"] == (Tally(name="示例区", number=16, before=15, year_ago=1),)


@pytest.mark.duty("PDS-20")
def test_opinions_are_put_together_by_what_they_are_about() -> None:
    mixed = {
        ("suggestion", "甲局", "", "公交", "wechat"): 3,
        ("complaint", "甲局", "", "公交", "wechat"): 8,
        ("suggestion", "乙局", "", "", "wechat"): 2,
    }
    assert analyse(("opinions",), seen(counts=mixed)).tallies["opinions"] == (Tally(name="公交", number=3),)


@pytest.mark.duty("PDS-19", "PDS-23", "BD-31", "R-ALL-19")
def test_repeats_are_groups_of_three_and_what_is_open_or_late_is_named() -> None:
    cases = [
        a_case("n1"), a_case("n2", related=("n1",)), a_case("n3", related=("n2", "old")), a_case("n4", related=("n5",)),
        a_case("n5", took(Step.REPLY, 2), days=1), a_case("n6", days=3, channel="media", dues={}), a_case("n7", days=-1),
    ]  # fmt: skip
    lists = analyse(("repeats", "open", "media"), seen(cases=cases)).lists
    assert lists["repeats"] == (Listed(name="路灯", numbers=("n1", "n2", "n3", "old")),)
    overdue, waiting = lists["open"]
    assert (overdue.numbers, waiting.numbers) == (("n1", "n2", "n3", "n4"), ("n6",))
    assert lists["media"] == (Listed(name="finished", numbers=()), Listed(name="open", numbers=("n6",)))
    days = analyse(("days",), seen(cases=cases)).tallies["days"]
    assert [(one.name[-2:], one.number) for one in days] == [
        ("23", 4),
        ("24", 1),
        ("25", 0),
        ("26", 1),
        ("27", 0),
    ]


@pytest.mark.duty("XA-3", "SQ-2-4", "SQ-7", "KF-3-2c")
def test_ledgers_risks_clues_and_what_leaders_instructed_are_listed_by_their_steps() -> None:
    cases = [
        a_case("n1", took(Step.LEDGER, category="ledgers:enterprise")),
        a_case(
            "n2",
            took(Step.LEDGER, -9, category="ledgers:enterprise"),
            took(Step.REPORT_UP, category="opinion-watched"),
        ),
        a_case("n3", took(Step.HAND_OVER), took(Step.HAND_OVER, 2)),
    ]
    lists = analyse(("ledgers", "risks", "clues"), seen(cases=cases)).lists
    assert lists["ledgers"] == (Listed(name="ledgers:enterprise", numbers=("n1",)),), (
        "entered in another week"
    )
    assert lists["risks"] == (Listed(name="opinion-watched", numbers=("n2",)),)
    assert lists["clues"] == (Listed(name="", numbers=("n3",)),)
    order = took(Step.INSTRUCT, 0.5, leader="mayor", given_on="2026-11-23")
    done = analyse(("instructed",), seen(instructed=[a_case("n4", order, took(Step.REPLY, 2))])).instructed
    assert done == (
        Progress(number="n4", leader="mayor", given_on="2026-11-23", unit="甲局", due=MONDAY + timedelta(days=3),
                 finished_at=MONDAY + timedelta(days=2)),
    )  # fmt: skip


def test_rates_are_two_numbers_and_an_analysis_is_kept_as_it_was() -> None:
    cases = [a_case("n1", took(Step.REPLY, 2)), a_case("n2", took(Step.REPLY, 3.5))]
    found = analyse(("rates", "repeats", "count", "words", "cases"), seen(cases=cases))
    assert Share(name="finishing", met=1, of=2) in found.rates
    apart = analyse(("unit_rates",), seen(cases=[cases[0], replace(cases[1], unit="乙局")])).unit_rates
    assert [(one.unit, next(s for s in one.shares if s.name == "finishing")) for one in apart] == [
        ("乙局", Share(name="finishing", met=0, of=1)), ("甲局", Share(name="finishing", met=1, of=1)),
    ]  # fmt: skip
    assert from_record(Analysis, to_record(found)) == found


def test_parts_add_up_to_the_whole_whatever_the_cases() -> None:
    seed = 20261127
    random = Random(seed)
    sorts = [
        ("complaint", unit, area, topic, "phone")
        for unit in "甲乙"
        for area in ("", "东区")
        for topic in ("", "路灯")
    ]
    for _ in range(50):
        now, before = ({sort: random.randrange(4) for sort in sorts} for _ in range(2))
        found = analyse(("count", "units", "kinds"), seen(counts=now, before=before)).tallies
        whole = found["count"][0]
        for part in ("units", "kinds"):
            assert sum(one.number for one in found[part]) == whole.number, f"seed {seed}"
            assert sum(one.before for one in found[part]) == whole.before, f"seed {seed}"


@pytest.mark.parametrize(
    ("said", "topic"),
    [
        ("门口路灯不亮，路灯杆也歪了，影响停车", "路灯"),
        ("谢谢你们", ""),
        ("楼上漏水，自来水停水三天", "停水"),
    ],
)
def test_a_topic_is_the_subject_named_most_often_and_none_of_the_citizens_words(
    said: str, topic: str
) -> None:
    assert topic_of(said, load_pack("_example").reply_words.subjects) == topic


@pytest.mark.parametrize(
    ("name", "first", "before", "year_ago"),
    [
        ("2026-W48", "2026-11-23", "2026-W47", "2025-W48"),
        ("2026-W53", "2026-12-28", "2026-W52", "2025-W52"),
        ("2027-W01", "2027-01-04", "2026-W53", "2026-W01"),
        ("2028-02-29", "2028-02-29", "2028-02-28", "2027-02-28"),
        ("2026-01", "2026-01-01", "2025-12", "2025-01"),
        ("2026-Q1", "2026-01-01", "2025-Q4", "2025-Q1"),
        ("2026", "2026-01-01", "2025", "2025"),
    ],
)
def test_a_period_knows_the_one_before_and_that_of_the_year_before(
    name: str, first: str, before: str, year_ago: str
) -> None:
    period = Period.of(name)
    assert (period.name, period.first.date().isoformat()) == (name, first)
    assert (period.previous.name, period.year_ago.name, period.previous.next) == (before, year_ago, period)
    assert period.first in period and period.end not in period
