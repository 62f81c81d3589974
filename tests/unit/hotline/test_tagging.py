"""Tags tell a dispatcher what a demand is beside its kind, why, and by which words."""

import time
from dataclasses import replace

import pytest

from cities.loading import load_pack
from hotline.identity import NUMBERS
from hotline.tagging import Tag, tags_of
from hotline.vocabulary import TAGS
from hotline.withholding import for_centre
from tests.dispatch import a_ticket

PACK = load_pack("_example")
SILENT = replace(PACK, matters=(), tags=())  #: a city whose text says nothing of any tag


def names(text: str, kind: str = "complaint") -> list[str]:
    return [tag.tag for tag in tags_of(SILENT, text, kind=kind)]


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("家里停水两天了，老人孩子没法做饭", ["utility"]),
        ("暖气片摸着冰凉，屋里只有十二度", ["utility"]),
        ("我公司申请环评，窗口压了三个月", ["enterprise"]),
        ("我开了一家小饭店，燃气一直没给通", ["utility", "enterprise"]),
        ("全体业主联名要求公开维修资金账目", ["group"]),
        ("我们三十多户村民的过渡费停发了", ["group"]),
        ("再没人管，大伙就去政府门口拉横幅", ["sensitive"]),
        ("幼儿园老师打孩子耳光，监控不让看", ["sensitive"]),
        ("食堂吃完饭十几个学生上吐下泻", ["sensitive"]),
        ("你们再拖，我就发抖音曝光", ["sensitive"]),
        ("楼盘烂尾三年，一百二十户业主还在还房贷", ["group", "sensitive"]),
        ("我要举报砖厂夜里偷排", ["whistle_blowing"]),
    ],
)
def test_each_tag_is_told_by_its_words(text: str, tags: list[str]) -> None:
    assert names(text) == tags
    assert all(tag.span and tag.span in text and tag.why for tag in tags_of(PACK, text, kind="complaint"))


@pytest.mark.parametrize(
    "text",
    [
        "电动车停电梯口充电，物业不管",
        "我在一家公司上班，公司拖欠我三个月工资",
        "垃圾车坏在路中间，堵了路",
        "表扬社区工作人员，全体居民感谢你们",
        "我被邻居举报违建，不服，想申诉",
        "请问怎么举报骚扰电话",
        "我不想把事情闹到网上曝光，只想解决",
        "路灯不亮，晚上看不见",
        "请依法强拆楼顶的违建",
        "自来水公司员工的工资被拖欠",
    ],
)
def test_what_is_only_mentioned_gets_no_tag(text: str) -> None:
    assert names(text) == []


def test_a_report_is_whistle_blowing_whatever_its_words() -> None:
    (tag,) = tags_of(PACK, "这家店用过期的肉", kind="report")
    assert (tag.tag, tag.span) == ("whistle_blowing", "") and tag.why


@pytest.mark.parametrize("city", ["kaifeng", "xian", "pingdingshan", "suqian"])
def test_the_reason_names_the_article_where_the_city_s_text_has_one(city: str) -> None:
    """KF-3-2c, XA-4, PDS-8D, SQ-2-4."""
    pack = load_pack(city)
    rule = next(rule for rule in pack.tags if rule.tag == "sensitive")
    (tag,) = tags_of(pack, "再不解决我们就去市政府拉横幅", kind="complaint")
    assert tag.tag == "sensitive" and rule.says in tag.why and rule.citation.article in tag.why


def test_the_city_s_own_words_come_before_those_of_all_cities() -> None:
    matter, rule = (tags_of(PACK, text, kind="help")[0] for text in ("小区停水了", "邻里联合来信"))
    assert PACK.matters[0].citation.article in matter.why and matter.tag == "utility"
    assert "第八条" in rule.why and rule.tag == "group"
    assert "依据" not in tags_of(SILENT, "小区停水了", kind="help")[0].why


def test_every_tag_has_words_of_all_cities() -> None:
    assert {words.tag for words in PACK.tag_words} == set(TAGS)


def test_the_words_of_a_tag_are_as_withheld_as_the_text() -> None:
    tagged = replace(a_ticket(), tags=(Tag(tag="group", why="多人", span="打13912345678，我们全体业主"),))
    hidden = replace(tagged, contact=replace(tagged.contact, anonymous=True))
    assert "13912345678" not in for_centre(hidden, NUMBERS, token="").tags[0].span


def test_a_long_letter_is_tagged_in_no_time() -> None:
    letter = "我们小区全体业主没水用，堵了路，公司不管，说要举报。" * 400
    began = time.process_time()
    tags_of(PACK, letter, kind="complaint")
    assert time.process_time() - began < 0.5
