"""The scores of the five cities on worked examples, the arithmetic beside each; and what every score keeps to."""

import random
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from cities.loading import load_pack
from hotline.calendar import CITY_TIME
from hotline.casework import COUNTED, Step, Taken
from hotline.citypack import CityPack
from hotline.figures import CaseFacts, common_rates, rate, urged_in_vain
from hotline.law import Figure
from hotline.marks import (
    Entry,
    Known,
    Sheet,
    assess,
    confirmer,
    cut,
    money_of,
    often,
    parts_of,
    ranked,
    rankings,
    sheet_of,
)
from hotline.periods import Period

FILED = datetime(2026, 3, 2, 9, tzinfo=CITY_TIME)  #: a Monday
DUE = FILED + timedelta(days=7)
NOW = datetime(2027, 1, 1, tzinfo=CITY_TIME)
YEAR, MARCH = Period.of("2026"), Period.of("2026-03")
SEED = 20260302


def a_case(number: int = 0, unit: str = "", *steps: Taken, **changes: Any) -> CaseFacts:
    values: dict[str, Any] = {
        "number": f"n{number}", "kind": "complaint", "ticket_class": None, "channel": "phone", "assignment": "platform",
        "unit": unit, "filed_at": FILED, "dues": {"finish": DUE}, "steps": steps,
    }  # fmt: skip
    return CaseFacts(**(values | changes))


def took(step: Step, days: float = 1, **more: Any) -> Taken:
    return Taken(step=step, at=FILED + timedelta(days=days), **more)


def handled(unit: str, in_time: int, late: int, *more: Taken) -> list[CaseFacts]:
    return [a_case(n, unit, took(Step.REPLY, 3 if n < in_time else 9), *more) for n in range(in_time + late)]


def known(pack: CityPack, cases: Iterable[CaseFacts] = (), entries: Iterable[Entry] = ()) -> Known:
    by_unit: dict[str, list[CaseFacts]] = {}
    for case in cases:
        by_unit.setdefault(case.unit, []).append(case)
    return Known(pack=pack, cases=by_unit, entries=tuple(entries), now=NOW)


def entry(unit: str, rule: str, item: str, value: int, month: Period = MARCH) -> Entry:
    return Entry(
        unit=unit,
        month=month,
        rule=rule,
        item=item,
        value=Decimal(value),
        reason="示例",
        confirmation="示例函",
    )


def points(sheet: Sheet) -> dict[str, Decimal | None]:
    return {"/".join(filter(None, line.part.key)): line.points for line in sheet.lines}


def score(pack: CityPack, group: str, cases: list[CaseFacts], entries: Iterable[Entry] = ()) -> Sheet:
    unit = next(one for one in pack.units if one.group == group)
    return sheet_of(known(pack, [replace(c, unit=unit.name) for c in cases], entries), unit, YEAR)


@pytest.fixture(scope="module")
def kaifeng() -> CityPack:
    return load_pack("kaifeng")


@pytest.mark.duty("KF-A1")
@pytest.mark.parametrize(
    ("in_time", "late", "wanted"),
    [
        (100, 0, 30),
        (95, 5, 30),  # 95.0 % is not under 95 % (R-ALL-20)
        (941, 59, 30),  # 94.1 %: 0.9 below, no whole percent
        (94, 6, 29),  # 94.0 %: one whole percent
        (90, 10, 25),  # 95 - 90 = 5
        (1, 9, 0),  # 10 %: 85 points off, the item ends at 0
    ],
)
def test_kaifeng_takes_a_point_for_each_whole_percent_below_95(
    kaifeng: CityPack, in_time: int, late: int, wanted: int
) -> None:
    found = points(score(kaifeng, "departments", handled("", in_time, late)))
    assert found["on-time-points"] == wanted


@pytest.mark.duty("KF-A2")
def test_kaifeng_takes_the_share_of_what_came_again(kaifeng: CityPack) -> None:
    """3 of 40 came again: 30 - 30 × 3 ÷ 40 = 27.75."""
    cases = handled("", 40, 0)
    cases[:3] = [replace(case, steps=(*case.steps, took(Step.REOPEN, 5))) for case in cases[:3]]
    sheet = score(kaifeng, "departments", cases)
    assert points(sheet)["quality-points"] == Decimal("27.75")
    line = next(one for one in sheet.lines if one.part.rule.id == "quality-points")
    assert line.arithmetic == "30 - 30 × 3 ÷ 40 = 27.75" and line.rate and line.rate.met == ("n0", "n1", "n2")
    assert line.part.citation.article == "第四条（三）2"


@pytest.mark.duty("KF-A3", "KF-A6")
def test_a_whole_year_of_a_kaifeng_department(kaifeng: CityPack) -> None:
    """30 + 30 + ⌊25 ÷ 10⌋ × 1 + 2 × 10 + 1 × 5 - 1 × 5 - 1 × 10 + 7 × 5 + 3 = 110; the bonus has no end."""
    unit = next(one.name for one in kaifeng.units if one.group == "departments")
    given = [entry(unit, "bonus", "leaders-matters", 2), entry(unit, "bonus", "praised-by-media", 1),
             entry(unit, "penalty", "unfit-reply", 1), entry(unit, "penalty", "leak", 1)]  # fmt: skip
    basic = [("groundwork", one) for one in ("body", "people", "sessions", "funds")]
    basic += [("rules-of-the-unit", one) for one in ("own-rules", "eight-systems", "platform", "papers")]
    given += [entry(unit, rule, item, 3 if item == "papers" else 5) for rule, item in basic]
    sheet = score(kaifeng, "departments", handled("", 25, 0), given)
    assert sheet.total == 110
    without = score(kaifeng, "departments", handled("", 25, 0), given[:-1])
    assert without.total is None and without.so_far == 107  # what is not entered is not made up


@pytest.mark.duty("KF-A3")
def test_two_urgings_after_the_last_day_without_an_answer_cost_five(kaifeng: CityPack) -> None:
    """DUE is Monday the 9th; urged on Tuesday and Wednesday. By the petitioner, on one day, or answered between: none."""
    urge = {"by": 1}
    twice = a_case(0, "", took(Step.URGE, 8, **urge), took(Step.URGE, 9, **urge))
    others = [
        a_case(1, "", took(Step.URGE, 8), took(Step.URGE, 9)),
        a_case(2, "", took(Step.URGE, 8, **urge), took(Step.URGE, 8.1, **urge)),
        a_case(3, "", took(Step.URGE, 8, **urge), took(Step.REPLY, 8.5), took(Step.URGE, 9, **urge)),
        a_case(4, "", took(Step.URGE, 5, **urge), took(Step.URGE, 8, **urge)),
    ]
    assert [urged_in_vain(one, kaifeng.calendar, 1) for one in (twice, *others)] == [True, *[False] * 4]
    assert points(score(kaifeng, "counties", [twice, *others]))["penalty/urged-twice"] == -5


@pytest.mark.duty("KF-A4", "KF-A5", "KF-4")
def test_kaifengs_money_ranks_counties_and_departments_apart(kaifeng: CityPack) -> None:
    """Counties: 30,000 and 10,000 first, -10,000 and -30,000 last; six at 0 in between."""
    counties = [one.name for one in kaifeng.units if one.group == "counties"]
    given = [entry(counties[0], "money-main-leaders", "counties", 1), entry(counties[1], "money-inspection", "counties", 1),
             entry(counties[2], "money-deputy-mayor", "counties", -1), entry(counties[3], "money-main-leaders", "counties", -1)]  # fmt: skip
    sheets, lists = assess(known(kaifeng, (), given), YEAR)
    first = next(one for one in lists if one.part.key == ("ranking", "first-counties"))
    assert [one.value for one in first.places] == [30000, 10000, *[0] * (len(counties) - 4), -10000, -30000]
    assert {one.unit for one in first.picked if one.decided} == set(counties[:2])
    assert points(sheets[counties[0]])["ranking/first-counties"] == 15
    assert points(sheets[counties[3]])["ranking/last-counties"] == -15
    departments = next(one for one in lists if one.part.key == ("ranking", "first-departments"))
    assert departments.groups == ("departments", "provincial")
    assert departments.picked == ()  # all at 0: nobody is first


@pytest.mark.duty("KF-A4")
def test_a_tie_across_the_line_is_open_until_a_person_enters_it(kaifeng: CityPack) -> None:
    """Three counties share the second place of two: 30,000, then 10,000 three times."""
    counties = [one.name for one in kaifeng.units if one.group == "counties"]
    given = [entry(counties[0], "money-main-leaders", "counties", 1)]
    given += [entry(name, "money-inspection", "counties", 1) for name in counties[1:4]]
    decided = [
        entry(counties[1], "ranking", "first-counties", 1),
        entry(counties[2], "ranking", "first-counties", 0),
    ]
    sheets, _ = assess(known(kaifeng, (), [*given, *decided]), YEAR)
    assert [points(sheets[name])["ranking/first-counties"] for name in counties[:4]] == [15, 15, 0, None]


@pytest.mark.duty("KF-A5", "KF-4")
def test_the_money_of_a_company_goes_to_the_one_above_at_its_rate(kaifeng: CityPack) -> None:
    company = next(one for one in kaifeng.units if one.group == "companies" and one.superior)
    given = [entry(company.name, "money-inspection", "departments", 2)]
    _, lists = assess(known(kaifeng, (), given), YEAR)
    places = next(one.places for one in lists if one.part.key == ("ranking", "first-departments"))
    above = next(one.name for one in kaifeng.units if company.superior in (one.name, one.id, *one.aliases))
    assert (places[0].unit, places[0].value) == (above, Fraction(6000))  # 2 × 3,000


@pytest.mark.duty("KF-A5")
def test_kaifengs_money_counts_once_the_bureau_has_confirmed_it(kaifeng: CityPack) -> None:
    unit = next(one.name for one in kaifeng.units if one.group == "counties")
    entered = entry(unit, "money-main-leaders", "counties", 1)
    waiting = replace(entered, confirmation="")
    assert money_of(known(kaifeng, (), [waiting]), YEAR)[unit] == 0
    assert money_of(known(kaifeng, (), [waiting, entered]), YEAR)[unit] == 30000
    rule = confirmer(kaifeng)
    assert rule is not None and (rule.citation.article, rule.approved_by) == ("第十条", "inspection")
    assert confirmer(load_pack("suqian")) is None


@pytest.mark.duty("KF-A7")
def test_a_kaifeng_unit_that_was_sent_nothing_is_left_out(kaifeng: CityPack) -> None:
    assert score(kaifeng, "departments", []).left_out
    assert not score(kaifeng, "departments", handled("", 1, 0)).left_out


@pytest.mark.duty("SQ-3-9", "SQ-6")
def test_suqian_has_no_total_without_weights_and_the_mean_of_the_months_with_them() -> None:
    """March, each weight 20 %: 100 × 20 % × (90 % + 2/4 + 1/2 + 1/1 + 3/4) = 18 + 10 + 10 + 20 + 15 = 73; one was redone."""
    pack = load_pack("suqian")
    unit = next(one for one in pack.units if one.group == "government")
    rated = took(Step.RATE, 10, data={"satisfaction": "4", "solved": "yes"})
    bad = took(Step.RATE, 10, data={"satisfaction": "2"})
    cases = handled(unit.name, 3, 1)
    cases[0] = replace(cases[0], steps=(*cases[0].steps, rated))
    cases[1] = replace(cases[1], steps=(*cases[1].steps, bad))
    cases[2] = replace(cases[2], steps=(*cases[2].steps, took(Step.REDO, 11), took(Step.REPLY, 12)))
    given = [entry(unit.name, "monthly-score", "attention", 90)]
    assert sheet_of(known(pack, cases, given), unit, MARCH).total is None
    weighed = with_weights(
        pack, dict.fromkeys(("attention", "on-time", "satisfied", "solved", "at-once"), 20)
    )
    facts = known(weighed, cases, given)
    assert sheet_of(facts, unit, MARCH).total == Decimal(73)
    year = sheet_of(facts, unit, YEAR)
    assert (year.total, year.lines[0].arithmetic) == (
        Decimal(73),
        "(73.00) ÷ 1 = 73.00",
    )  # one month counts


def with_weights(pack: CityPack, weights: dict[str, int]) -> CityPack:
    """Return ``pack`` with the weights that a city would set."""

    def weigh(rule: Any) -> Any:
        if rule.id != "monthly-score":
            return rule
        figures = {
            name: (Figure(name="weight", value=Decimal(value), unit="percent"),)
            for name, value in weights.items()
        }
        return replace(rule, items=tuple(replace(item, figures=figures[item.id]) for item in rule.items))

    return replace(pack, report_rules=tuple(weigh(rule) for rule in pack.report_rules))


@pytest.mark.duty("PDS-28")
def test_pingdingshan_interviews_the_last_if_they_are_far_below_the_best() -> None:
    """Districts: best 100; 84.9 < 85 is picked, 85.0 is not. Departments and stationed units are one group of two."""
    pack = with_units(load_pack("pingdingshan"), {"districts": 3, "departments": 2, "stationed": 2})

    def picked(scores: dict[str, str]) -> set[str]:
        given = [
            replace(entry(unit, "assessment-scores", "", 0), value=Decimal(value))
            for unit, value in scores.items()
        ]
        _, lists = assess(known(pack, (), given), MARCH)
        return {one.unit for ranking in lists for one in ranking.picked if one.decided}

    assert picked({"districts0": "100", "districts1": "90", "districts2": "84.9"}) == {"districts2"}
    assert picked({"districts0": "100", "districts1": "90", "districts2": "85.0"}) == set()
    last_two = {"departments0": "90", "departments1": "71.9", "stationed0": "72", "stationed1": "70"}
    assert picked(last_two) == {"departments1", "stationed1"}  # 90 × 80 % = 72


@pytest.mark.duty("PDS-28", "PDS-29")
def test_pingdingshan_counts_interviews_in_a_row_and_in_a_year() -> None:
    pack = with_units(load_pack("pingdingshan"), {"districts": 1})

    def follows(*months: str) -> set[str]:
        given = [entry("districts0", "interview", "poor-work", 1, Period.of(month)) for month in months]
        return {str(one.part.key[1]) for one in often(known(pack, (), given), Period.of("2026-12"))}

    assert follows("2026-03") == set()
    assert follows("2026-03", "2026-03") == set()  # two in one month are not in consecutive months
    assert follows("2026-03", "2026-04") == {"interviewed-often"}
    assert follows("2026-01", "2026-05", "2026-09") == {"interviewed-often"}
    assert follows("2025-11", "2025-12") == set()  # over a year ago, but for one
    assert follows("2026-03", "2026-04", "2026-05") == {"interviewed-often", "interviewed-very-often"}


def with_units(pack: CityPack, groups: dict[str, int]) -> CityPack:
    """Return ``pack`` with fictional units in its groups."""
    one = pack.units[0]
    units = tuple(
        replace(
            one, id=f"{group}{n}", name=f"{group}{n}", aliases=(), group=group, ranked=True, superior=None
        )
        for group, number in groups.items()
        for n in range(number)
    )
    return replace(pack, units=units)


@pytest.mark.duty("BD-38")
@pytest.mark.parametrize("period", [MARCH, YEAR])
def test_baoding_shows_three_rates_and_what_is_entered_without_a_total(period: Period) -> None:
    """The text names response, resolution and satisfaction, no weights: 4 of 5 contacted, 2 of 3 satisfied.

    One of the two who say whether it is solved calls it so; the third does not know (R-ALL-21).
    """
    pack = load_pack("baoding")
    unit = next(one for one in pack.units if one.group and one.ranked)
    said = [
        {"satisfaction": "5", "solved": "yes"},
        {"satisfaction": "4", "solved": "no"},
        {"satisfaction": "1", "solved": "unknown"},
    ]
    cases = [
        a_case(n, unit.name, took(Step.CONTACT, 9 if n == 4 else 1), took(Step.REPLY, 3), *[took(Step.RATE, 8, data=one) for one in said[n : n + 1]])
        for n in range(5)
    ]  # fmt: skip
    sheet = sheet_of(known(pack, cases), unit, period)
    shown = {line.part.key[1]: line.arithmetic for line in sheet.lines}
    assert shown["response"].startswith("4 ÷ 5") and shown["resolution"].startswith("1 ÷ 2")
    assert shown["satisfaction"].startswith("2 ÷ 3") and sheet.total is None
    assert {"peer-review", "quality"} < shown.keys()


@pytest.mark.duty("XA-G4")
def test_xian_ranks_each_group_by_each_rate_every_half_year() -> None:
    pack = load_pack("xian")
    units = [one for one in pack.units if one.group == "public-services"][:3]
    cases = [case for n, unit in enumerate(units) for case in contacted(unit.name, 4 - n, n)]
    facts = known(pack, cases)
    lists = rankings(facts, {}, Period.of("2026-H1"))
    found = next(r for r in lists if r.part.key[1] == "response" and r.groups == ("public-services",))
    assert [(one.unit, one.value) for one in found.places] == [
        (units[0].name, Fraction(1)), (units[1].name, Fraction(3, 4)), (units[2].name, Fraction(1, 2)),
    ]  # fmt: skip
    quarter = sheet_of(facts, units[1], Period.of("2026-Q1"))
    assert quarter.lines[0].arithmetic == "3 ÷ 4 = 75.00%"


def contacted(unit: str, in_time: int, late: int) -> list[CaseFacts]:
    return [a_case(n, unit, took(Step.CONTACT, 1 if n < in_time else 9)) for n in range(in_time + late)]


def test_ties_share_the_better_place_and_across_the_line_go_to_a_person() -> None:
    places = ranked({"a": Fraction(3), "b": Fraction(2), "c": Fraction(2), "d": Fraction(1)})
    assert [(one.unit, one.place) for one in places] == [("a", 1), ("b", 2), ("c", 2), ("d", 4)]
    assert [(one.unit, sure) for one, sure in cut(places, 2, last=False)] == [
        ("a", True),
        ("b", False),
        ("c", False),
    ]
    assert [one.unit for one, sure in cut(places, 3, last=True) if sure] == ["d", "c", "b"]


def test_figures_name_the_cases_behind_them() -> None:
    cases = [
        a_case(1, "", took(Step.SIGN, 0.5), took(Step.REPLY, 3), took(Step.GRANT_EXTENSION, 2), dues={"sign": FILED + timedelta(days=1), "finish": DUE}),
        a_case(2, "", took(Step.GRANT_RETURN, 1)),
        a_case(3, "", took(Step.REPLY, 3), took(Step.REDO, 5)),
    ]  # fmt: skip
    found = common_rates(cases, MARCH, now=NOW)
    shown = {id: (one.met, one.of) for id, one in found.items()}
    assert shown["signing"] == (("n1",), ("n1",))
    assert shown["finishing"] == (("n1",), ("n1", "n2", "n3"))  # what has to be done again is not done
    assert shown["returned"] == (("n2",), ("n1", "n2", "n3")) and shown["extended"][0] == ("n1",)
    assert found["solved"].value is None  # nobody was asked: no figure


@pytest.mark.duty("XA-G4", "BD-38", "R-ALL-21")
@pytest.mark.parametrize(
    ("said", "met", "of"),
    [
        (["yes"], 1, 1),
        (["partly"], 0, 1),
        (["no"], 0, 1),
        (["unknown"], 0, 0),
        ([""], 0, 0),  # was not asked, or did not say
        (["no", "yes"], 1, 1),  # what was said last counts
        (["yes", "unknown"], 0, 0),
    ],
)
def test_the_resolution_rate_counts_those_who_say_whether_it_is_solved(
    said: list[str], met: int, of: int
) -> None:
    rated = [
        took(Step.RATE if n else Step.FOLLOW_UP, 4 + n, data={"satisfaction": "4"} | ({"solved": word} if word else {}))
        for n, word in enumerate(said)
    ]  # fmt: skip
    figure = common_rates([a_case(1, "", took(Step.REPLY, 3), *rated)], MARCH, now=NOW)["solved"]
    assert (len(figure.met), len(figure.of)) == (met, of)


@pytest.mark.duty("PDS-17")
def test_silence_that_counts_as_satisfied_counts_until_somebody_is_heard() -> None:
    silent = a_case(1, "", took(Step.REPLY, 3), took(Step.FOLLOW_UP, 4, data={"satisfaction": COUNTED}))
    heard = replace(silent, steps=(*silent.steps, took(Step.RATE, 5, data={"satisfaction": "2"})))
    for case, met in ((silent, ("n1",)), (heard, ())):
        figure = common_rates([case], MARCH, now=NOW)["satisfied"]
        assert (figure.met, figure.of) == (met, ("n1",))


def test_a_rating_that_was_set_aside_counts_nowhere() -> None:
    rated = took(Step.RATE, 4, data={"satisfaction": "1"})
    proposed = took(Step.SET_RATING_ASIDE, 5, unit="示例单位", data={})
    for steps, of in (((rated,), 1), ((rated, proposed), 1), ((rated, replace(proposed, unit="")), 0)):
        assert len(rate("x", "satisfied", "rated", [a_case(1, "", *steps)], MARCH, now=NOW).of) == of


def test_what_is_not_yet_due_is_in_neither_number() -> None:
    cases = [a_case(1), a_case(2, "", took(Step.REPLY, 1))]
    early = rate("x", "finished_in_time", "due", cases, MARCH, now=FILED + timedelta(days=2))
    assert (early.met, early.of) == (("n2",), ("n2",))


def test_scores_are_bounded_fall_with_lateness_and_do_not_know_the_order(kaifeng: CityPack) -> None:
    print("seed", SEED)
    draw = random.Random(SEED)
    for _ in range(30):
        in_time, late = draw.randint(1, 60), draw.randint(0, 20)
        cases = handled("", in_time, late)
        before = score(kaifeng, "departments", cases)
        draw.shuffle(cases)
        assert points(score(kaifeng, "departments", cases)) == points(before)
        worse = points(score(kaifeng, "departments", handled("", in_time - 1, late + 1)))["on-time-points"]
        now = points(before)["on-time-points"]
        assert worse is not None and now is not None and 0 <= worse <= now <= 30


@pytest.mark.parametrize(
    ("name", "first", "end"),
    [
        ("2026-12", "2026-12-01", "2027-01-01"),
        ("2026-Q4", "2026-10-01", "2027-01-01"),
        ("2026-H1", "2026-01-01", "2026-07-01"),
        ("2026", "2026-01-01", "2027-01-01"),
    ],
)
def test_a_period_is_read_by_its_name(name: str, first: str, end: str) -> None:
    period = Period.of(name)
    assert (period.name, period.first.date().isoformat(), period.end.date().isoformat()) == (name, first, end)
    assert period.first in period and period.end not in period
    assert Period.at(period.end - timedelta(seconds=1), period.every) == period
    assert Period.of("2026-03").before(11).name == "2025-04"


@pytest.mark.duty("PDS-27", "PDS-29", "SQ-7", "KF-A6")
@pytest.mark.parametrize(
    ("city", "rule", "items"),
    [
        ("pingdingshan", "accountability-forms", {"interview", "public-statement", "no-awards"}),
        ("pingdingshan", "public-statement", {"grave-slip"}),
        ("suqian", "accountability", {"leak", "bad-manner", "exposed-by-media", "criticised-by-leaders"}),
        ("kaifeng", "groundwork", {"body", "people", "sessions", "funds"}),
    ],
)
def test_what_only_people_know_can_be_entered(city: str, rule: str, items: set[str]) -> None:
    parts = parts_of(load_pack(city))
    assert items <= {one.item.id for one in parts if one.by_hand and one.item and one.rule.id == rule}


@pytest.mark.duty("SQ-7")
def test_suqians_last_three_of_the_year_are_picked_out_of_one_list() -> None:
    """Four units of two groups, at 100, 75, 50 and 25 of 100 by being on time alone; the last three follow."""
    pack = with_units(with_weights(load_pack("suqian"), {"attention": 0, "on-time": 100, "satisfied": 0, "solved": 0, "at-once": 0}),
                      {"party": 2, "government": 2})  # fmt: skip
    said = took(Step.RATE, 10, data={"satisfaction": "4", "solved": "yes"})
    cases = [case for n, unit in enumerate(pack.units) for case in handled(unit.name, 4 - n, n, said)]
    given = [entry(unit.name, "monthly-score", "attention", 90) for unit in pack.units]
    sheets, lists = assess(known(pack, cases, given), YEAR)
    assert [sheets[unit.name].total for unit in pack.units] == [100, 75, 50, 25]
    (ranking,) = lists
    assert ranking.groups == () and {one.unit for one in ranking.picked} == {
        one.name for one in pack.units[1:]
    }
