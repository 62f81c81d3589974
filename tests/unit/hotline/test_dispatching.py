"""Lead unit, co-handlers and copies at filing, each with its reason and article."""

from dataclasses import replace
from functools import cache

import pytest

from cities.loading import load_pack
from hotline.bodies import Matter
from hotline.citation import Citation
from hotline.citypack import CityPack
from hotline.dispatching import MOST_CO_HANDLERS, UnitChoice, choose_unit, matters_of


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
