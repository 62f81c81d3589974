"""Lead unit, co-handlers and copies at filing, each with its reason and article."""

from dataclasses import replace
from functools import cache

import pytest

from cities.loading import load_pack
from hotline.accusing import accused_in
from hotline.bodies import Matter
from hotline.citation import Citation
from hotline.citypack import CityPack
from hotline.dispatching import (
    MOST_CO_HANDLERS,
    UnitChoice,
    choose_unit,
    cleaned_unit,
    matters_of,
    propose_units,
)
from hotline.routing import Routing, Trust, keys_of


@cache
def pack() -> CityPack:
    return load_pack("_example")


def chosen(text: str, place: str = "") -> UnitChoice:
    return choose_unit(pack(), text=text, place=place)


def names(choice: UnitChoice, part: str) -> list[str]:
    return [share.unit for share in getattr(choice, part)]


def test_a_clear_duty_goes_to_one_unit_alone() -> None:
    found = chosen("工地夜里一直施工")
    assert found.unit.id == "housing" and not found.co_handlers and not found.copies


def test_of_several_units_the_one_named_most_leads_and_the_others_help() -> None:
    found = chosen("工地施工把路灯撞坏了")
    assert found.unit.id == "housing" and names(found, "co_handlers") == ["示例市城市管理局"]
    (share,) = found.co_handlers
    assert "路灯" in share.why and share.law.article == "第十四条第三项"


def test_no_more_help_is_proposed_than_a_dispatcher_can_judge() -> None:
    units = tuple(replace(pack().units[0], id=f"u{n}", name=f"示例{n}局", group=None) for n in range(9))
    crowded = replace(pack(), units=(*units, *(unit for unit in pack().units if unit.default)))
    assert len(choose_unit(crowded, text="工地", place="").co_handlers) == MOST_CO_HANDLERS


def test_a_utility_goes_straight_to_the_company_even_if_others_are_named_more_often() -> None:
    found = chosen("小区物业说电梯坏是因为停水")
    assert found.unit.id == "water" and "示例市住房城乡建设局" in names(found, "co_handlers")


def test_without_the_rule_a_utility_is_a_matter_like_any_other() -> None:
    plain = replace(pack(), dispatch=tuple(rule for rule in pack().dispatch if rule.when != "utility"))
    assert choose_unit(plain, text="小区物业说电梯坏是因为停水", place="").unit.id == "housing"


def test_a_street_leads_and_its_district_gets_a_copy() -> None:
    found = chosen("一直没人扫地", "示例花园3号楼")
    assert found.unit.id == "first-street"
    assert names(found, "copies") == ["示例市东区人民政府"] and not found.co_handlers
    assert "示例市东区第一街道办事处" in found.copies[0].why


@pytest.mark.parametrize("place", ["东区示例东路", "示例花园"])
def test_where_a_department_leads_the_district_gets_a_copy_and_helps(place: str) -> None:
    """Named itself, or through one of its streets."""
    found = chosen("路灯坏了，井盖也没了，垃圾没人收", place)
    assert found.unit.id == "city-management"
    assert names(found, "copies") == ["示例市东区人民政府"] == names(found, "co_handlers")
    assert {share.law.article for share in (*found.copies, *found.co_handlers)} == {"第十四条第六项"}


def test_a_city_without_dispatch_rules_names_the_lead_alone() -> None:
    bare = replace(pack(), dispatch=())
    found = choose_unit(bare, text="工地施工把路灯撞坏了", place="东区")
    assert found.unit.id == "housing" and not found.co_handlers and not found.copies


def test_what_nobody_has_goes_to_the_default_by_the_rule_that_says_so() -> None:
    found = chosen("想问一件事")
    assert found.unit.id == "hotline" and "第十四条第二项" in found.why


def test_a_matter_that_is_only_mentioned_is_none() -> None:
    law = Citation(instrument="《示例市热线条例》", article="第十四条第四项")
    water = Matter(id="utility", label="水", citation=law, patterns=("停水",), unless=("不是<",))
    known = replace(pack(), matters=(water,))
    assert matters_of(known, "从昨天开始停水") == ("utility",)
    assert matters_of(known, "不是停水，是路灯坏了") == ()


def taught(*, sure_from: float, **units: str) -> Routing:
    """Return what a history would teach in which each word stands for one unit."""
    rows = sorted((keys_of(word)[-1], place) for place, word in enumerate(units))
    return Routing(
        version="v", units=tuple(units.values()), bias=(0.0,) * len(units), weight_scale=1.0,
        trust=Trust(scale=4.0, slope=1.0, shift=0.0, shares=(1.0,) * len(units), sure_from=sure_from),
        keys=[key for key, _ in rows], rarity=[1.0] * len(rows), starts=list(range(len(rows) + 1)),
        owners=[place for _, place in rows], weights=[1] * len(rows),
    )  # fmt: skip


LABOUR, MANAGEMENT, HOUSING = "示例市人力资源社会保障局", "示例市城市管理局", "示例市住房城乡建设局"


def test_past_dispatches_lead_where_they_are_sure_and_say_how_sure() -> None:
    past = taught(路灯=LABOUR, 工地=HOUSING, sure_from=0.9)
    found = choose_unit(pack(), text="路灯坏了", place="", past=past)
    assert found.unit.name == LABOUR and found.confidence is not None and found.confidence > 0.9
    assert f"{found.confidence:.0%}" in found.why
    (share,) = found.co_handlers  # whose duty is named
    assert share.unit == MANAGEMENT and share.confidence is None  # but which did not come up before


def test_where_they_are_not_sure_duties_choose_and_the_dispatcher_is_told() -> None:
    past = taught(路灯=LABOUR, 工地=HOUSING, sure_from=2.0)
    found = choose_unit(pack(), text="路灯坏了", place="", past=past)
    assert found.unit.name == MANAGEMENT and found.confidence is None and LABOUR in found.why


def test_a_unit_that_the_directory_lacks_gets_nothing_and_is_named() -> None:
    past = taught(雨棚="示例撤销局", 工地=HOUSING, sure_from=0.9)
    found = choose_unit(pack(), text="雨棚塌了", place="", past=past)
    assert found.unit.default and "示例撤销局" in found.why and found.confidence is None


def test_the_rule_about_utilities_comes_before_past_dispatches() -> None:
    past = taught(停水=LABOUR, 工地=HOUSING, sure_from=0.9)
    assert choose_unit(pack(), text="小区停水", place="", past=past).unit.id == "water"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("市城管局不作为，路灯坏了没人管，工地也扰民", "complaint"),
        ("示例市城市管理局的执法人员打人", "complaint"),
        ("举报市城管局收广告牌的钱", "report"),
    ],
)
@pytest.mark.parametrize(
    "past", [None, taught(城管=MANAGEMENT, 工地=HOUSING, sure_from=0.5)], ids=["duties", "past"]
)
def test_a_body_is_never_given_what_is_about_its_own_conduct(
    text: str, kind: str, past: Routing | None
) -> None:
    found = choose_unit(pack(), text=text, place="东区", kind=kind, past=past)
    everybody = [found.unit.name, *names(found, "co_handlers"), *names(found, "copies")]
    assert MANAGEMENT not in everybody and MANAGEMENT in found.why
    assert MANAGEMENT not in [
        one.unit for one in propose_units(pack(), text=text, kind=kind, most=9, past=past)[0]
    ]


def test_what_is_about_a_company_goes_to_its_superior() -> None:
    found = choose_unit(pack(), text="停水好几天，供水公司态度恶劣，示例市供水公司推诿", place="")
    assert found.unit.name == MANAGEMENT and "示例市供水公司" in found.why


@pytest.mark.parametrize(
    "text", ["请市城管局管一管路灯", "投诉市城管局管的路灯不亮", "市城管局对面的物业公司态度差，路灯也不亮"]
)
def test_to_name_a_body_is_no_accusation(text: str) -> None:
    assert accused_in(pack(), text, "complaint") == ()


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("市城管局", MANAGEMENT), (" 示例市城市管理局 ", MANAGEMENT), ("城管局", MANAGEMENT), ("示例市城管局", MANAGEMENT),
        ("示例撤销局", "示例撤销局"),
    ],
)  # fmt: skip
def test_a_unit_goes_by_one_name_however_it_was_typed(typed: str, name: str) -> None:
    assert cleaned_unit(replace(pack(), name="示例市"), typed) == name
