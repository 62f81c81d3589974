"""Which papers the five texts ask for, of whom, how often, with what in them."""

import json

import pytest

from cities.loading import city_codes, load_pack
from dispatch_desk.web import look
from hotline.calendar import CITY_TIME
from hotline.papers import is_public, lacking, live_rules, owed, papers_of, periods_of
from hotline.seats import COLUMNS, read_seats, summed
from tests.cities.test_scores import NOW

WORDS = json.loads((look.STATIC.parent / "report_words.json").read_text(encoding="utf-8"))


@pytest.mark.duty(
    "PDS-19",
    "PDS-20",
    "PDS-23",
    "BD-31",
    "BD-37",
    "KF-3-2a",
    "KF-3-2c",
    "KF-3-5",
    "KF-3-6",
    "KF-3-7",
    "SQ-7",
    "SQ-2-4",
)
@pytest.mark.parametrize(
    ("city", "papers"),
    [
        ("pingdingshan", {"weekly-analysis": "week 第十九条", "monthly-notice": "month 第十九条", "yearly-summary": "year 第十九条",
                          "common-demands": "regularly 第二十条", "column": "event 第二十三条"}),
        ("baoding", {"daily-count": "day 第三十一条", "monthly-analysis": "month 第三十一条", "quarterly-bulletin": "quarter 第三十一条",
                     "work-published": "regularly 第三十七条"}),
        ("kaifeng", {"weekly-hot-topics": "week 三（二）1", "progress-report": "month 三（二）3", "kinds-analysed": "regularly 三（六）2", "seat-statistics": "regularly 三（六）1",
                     "tendencies": "regularly 三（六）3", "published-after-approval": "regularly 三（五）3",
                     "papers-archive": "regularly 三（七）3", "sound-and-picture-archive": "regularly 三（七）4"}),
        ("suqian", {"weekly-report": "week 七（一）", "special-report": "event 七（一）", "clues": "regularly 七（二）"}),
        ("xian", {}),
    ],
)  # fmt: skip
def test_the_centre_writes_what_the_text_asks_for_in_its_rhythm(city: str, papers: dict[str, str]) -> None:
    rules = papers_of(load_pack(city), of_unit=False)
    assert {rule.id: f"{rule.every} {rule.citation.article}" for rule in rules} == papers


@pytest.mark.duty("BD-34", "KF-4b", "KF-A5", "KF-A7", "SQ-2-4", "SQ-3-10", "SQ-4-4b")
@pytest.mark.parametrize(
    ("city", "papers"),
    [
        ("baoding", {"lasting-cure"}),
        ("kaifeng", {"units-report", "money-sent-in", "self-check"}),
        ("suqian", {"projects-filed", "common-problems", "opinion-analysis"}),
        ("pingdingshan", set()),
        ("xian", set()),
    ],
)
def test_units_write_what_the_text_asks_of_them(city: str, papers: set[str]) -> None:
    rules = papers_of(load_pack(city), of_unit=True)
    assert {rule.id for rule in rules} == papers and not any(is_public(rule) for rule in rules)


@pytest.mark.duty("PDS-19", "BD-30", "BD-34", "XA-3", "SQ-2-4")
def test_what_is_analysed_live_has_its_article() -> None:
    live = {
        (city, of_unit): {
            rule.id: rule.citation.article for rule in live_rules(load_pack(city), of_unit=of_unit)
        }
        for city in ("pingdingshan", "baoding", "xian", "suqian")
        for of_unit in (False, True)
    }
    assert live["pingdingshan", False] == {"live-analysis": "第十九条", "media-leads": "第二十三条"}
    assert live["baoding", False] == {"demand-database": "第三十条"}
    assert live["baoding", True] == {"units-see-ahead": "第三十四条"}
    assert live["xian", False] == {"ledgers": "二（三）"} and live["suqian", False] == {
        "opinion-risks": "二（四）"
    }


@pytest.mark.parametrize("city", city_codes())
def test_every_paper_says_its_parts_and_words_in_chinese(city: str) -> None:
    for rule in papers_of(load_pack(city)):
        assert set(rule.requires) <= set(WORDS["contents"]) and set(rule.shows) <= set(WORDS["parts"]), (
            rule.id
        )


def test_a_paper_is_begun_for_its_own_periods() -> None:
    rules = {rule.id: rule for rule in papers_of(load_pack("baoding"))}
    now = NOW.astimezone(CITY_TIME)  # the first of January 2027
    assert [one.name for one in periods_of(rules["daily-count"], now)][:2] == ["2027-01-01", "2026-12-31"]
    assert [one.name for one in periods_of(rules["quarterly-bulletin"], now)][:2] == ["2027-Q1", "2026-Q4"]
    over = [
        period and period.name
        for id in ("daily-count", "quarterly-bulletin")
        for period in (owed(rules[id], now),)
    ]
    assert over == ["2026-12-31", "2026-Q4"] and owed(rules["work-published"], now) is None
    free = [one.name for one in periods_of(rules["work-published"], now)]
    assert free == ["2027-01", "2026-12", "2027-Q1", "2026-Q4", "2027-H1", "2026-H2", "2027", "2026"]


@pytest.mark.duty("SQ-7", "R-ALL-23")
def test_a_paper_is_approved_by_somebody_else_once_it_says_everything() -> None:
    special = next(rule for rule in papers_of(load_pack("suqian")) if rule.id == "special-report")
    said = {"special_report": "情况如下"}
    assert lacking(special, {}, 0, approver="", writer="赵样例") == ("special_report", "cases", "approver")
    assert lacking(special, said, 1, approver="赵样例", writer="赵样例") == ("approver",)
    assert lacking(special, said, 1, approver="王样例", writer="赵样例") == ()


@pytest.mark.duty("KF-3-6")
def test_the_figures_of_each_seat_are_taken_out_of_the_telephone_system_and_summed() -> None:
    rule = next(rule for rule in papers_of(load_pack("kaifeng")) if rule.id == "seat-statistics")
    pasted = "座席01\t120\t300\t420\t60\t80\t40\n\n座席02，90，200，400，80，60，30\n"
    seats = read_seats(pasted)
    assert seats is not None and [seat.name for seat in seats] == ["座席01", "座席02"]
    assert dict(zip(COLUMNS, summed(seats), strict=True)) == {
        "calls": 210, "talk": 500, "work": 820, "idle": 140, "accepted": 140, "passed_on": 70,
    }  # fmt: skip
    assert lacking(rule, {"seats": pasted}, 0, approver="王样例", writer="赵样例") == ()
    for wrong in ("座席01 1 2 3", "座席01 1 2 3 4 5 -6", "座席01 一 2 3 4 5 6"):
        assert lacking(rule, {"seats": wrong}, 0, approver="王样例", writer="赵样例") == ("seats",)
    assert summed(()) == (0,) * 6
