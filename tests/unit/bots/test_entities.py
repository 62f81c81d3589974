import time
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from bots.entities import Entities, half_width
from cities.loading import load_pack

ENTITIES = Entities.load(load_pack("_example").finder)
RASA_PATTERNS = Path("bots/rasa_project/data/nlu/entities.yml")


def values(text: str, name: str) -> list[str]:
    return [entity.value for entity in ENTITIES.read(text) if entity.name == name]


@pytest.mark.parametrize(
    ("text", "phone"),
    [
        ("我的电话是13512345678", "13512345678"),
        ("手机 135 1234 5678，晚上打", "13512345678"),
        ("１３５１２３４５６７８", "13512345678"),
        ("座机0371-62345678", "037162345678"),
        ("电话幺三五一二三四五六七八", "13512345678"),
        ("号码一三八、零零一三、八零零零", "13800138000"),
    ],
)
def test_a_phone_number_is_found_in_one_spelling(text: str, phone: str) -> None:
    assert values(text, "phone") == [phone]


@pytest.mark.parametrize("text", ["20261103135123456", "账号6222021351234567890", "欠了13500元", "12345"])
def test_other_numbers_are_no_phone_numbers(text: str) -> None:
    assert values(text, "phone") == []


def test_a_ticket_number_is_found_in_capitals() -> None:
    assert values("工单20261103a7k2m9qxr办得怎么样", "ticket") == ["20261103A7K2M9QXR"]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("建设路和光明街交叉口的路灯坏了", "建设路和光明街交叉口"),
        ("麻烦修一下和平路的路灯", "和平路"),
        ("我要投诉阳光小区物业", "阳光小区"),
        ("我住在阳光小区3号楼2单元301", "阳光小区3号楼2单元301"),
        ("石桥镇张湾村三组", "石桥镇张湾村三组"),
        ("人民公园东门", "人民公园东门"),
    ],
)
def test_a_place_is_found_without_the_words_around_it(text: str, place: str) -> None:
    assert values(text, "place") == [place]


@pytest.mark.parametrize(
    "text",
    ["小区停水了", "马路上井盖没了", "我们村的路断了", "这条路修了两年", "学校门口太堵", "沿街商户占道"],
)
def test_what_names_no_place_is_none(text: str) -> None:
    assert values(text, "place") == []


@pytest.mark.parametrize(
    ("text", "when"),
    [
        ("昨晚十点多就停了", "昨晚十点多"),
        ("11月20日晚八点发生的", "11月20日晚八点"),
        ("就昨天傍晚的事", "昨天傍晚"),
        ("昨天下午5点左右", "昨天下午5点左右"),
    ],
)
def test_a_time_is_found_as_it_was_said(text: str, when: str) -> None:
    assert values(text, "time") == [when]


@pytest.mark.parametrize("text", ["提一点建议", "我有三点意见"])
def test_a_point_of_an_argument_is_no_time(text: str) -> None:
    assert values(text, "time") == []


@pytest.mark.parametrize(
    ("text", "name"), [("我叫张建国，住李家村", "张建国"), ("联系人：欧阳明", "欧阳明"), ("免贵姓孙", "孙")]
)
def test_a_name_is_found_where_it_is_given(text: str, name: str) -> None:
    assert values(text, "name") == [name]


@pytest.mark.parametrize("text", ["物业的王先生态度差", "找李女士办的，她不给办"])
def test_who_is_only_talked_about_is_not_who_speaks(text: str) -> None:
    assert values(text, "name") == []


@settings(print_blob=True)
@given(st.text(max_size=300))
def test_widths_change_but_lengths_do_not(text: str) -> None:
    assert len(half_width(text)) == len(text)


@settings(print_blob=True, deadline=None)
@given(st.text(alphabet="建设路街小区号楼单元一二三十点半昨天晚上12345 -:，我叫张先生", max_size=200))
def test_no_fact_is_empty_and_none_is_made_up(text: str) -> None:
    for entity in ENTITIES.read(text):
        assert entity.value
        assert entity.name == "phone" or entity.value in text


def test_ten_thousand_characters_take_no_time() -> None:
    began = time.process_time()
    for text in ("建设" * 5_000, "一二三四五" * 2_000, "昨天路" * 3_333, "1" * 10_000):
        ENTITIES.read(text)
    assert time.process_time() - began < 1.0


def test_rasa_finds_entities_by_the_same_patterns() -> None:
    blocks = yaml.safe_load(RASA_PATTERNS.read_text(encoding="utf-8"))["nlu"]
    written = {block["regex"]: block["examples"].removeprefix("- ").strip() for block in blocks}
    assert written == dict(ENTITIES.patterns)


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("每天早上六点到九点楼下吵", "time", "每天早上六点到九点"),
        ("晚上十点至凌晨两点施工", "time", "晚上十点至凌晨两点"),
        ("上个月开始水就发黄", "time", "上个月开始"),
        ("工单２０２６１１０３Ａ７Ｋ２Ｍ９ＱＸＲ", "ticket", "20261103A7K2M9QXR"),
        ("阳光物业多收我三千二百块钱", "money", "三千二百块钱"),
        ("欠我1.5万元", "money", "1.5万元"),
        ("举报蓝天纸厂夜里排水", "organisation", "蓝天纸厂"),
    ],
)
def test_ranges_sums_and_organisations_are_found_whole(text: str, name: str, value: str) -> None:
    assert values(text, name) == [value]


@pytest.mark.parametrize("text", ["几块砖掉了", "有三万多人", "公司拖欠工资"])
def test_what_is_no_sum_and_names_nobody_is_none(text: str) -> None:
    assert values(text, "money") == values(text, "organisation") == []
