"""Titles are cut out of what was said: no greeting, no number, no word that the citizen did not use."""

import json
from pathlib import Path

import pytest

from bots.entities import Entities
from cities.loading import load_pack
from hotline.places import with_place
from hotline.redaction import redact
from hotline.titles import LETTERS, SUMMARY, demand_in, summary_of, title_of
from hotline.understanding import Understanding

PACK = load_pack("_example")
#: sixty letters written for this; demand, place and time are what a reader would mark
OWN = Path(__file__).parent / "data" / "letters.jsonl"
LETTER = (
    "尊敬的市长：\n您好！我是城东的一名居民，住了二十年。我们这里有一条河。河水从去年开始发黑，夏天臭得睡不着。"
    "请环保部门尽快查清上游是谁在排污，给我们一个说法。此致敬礼。"
)


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("你好，我们小区路灯坏了。", "我们小区路灯坏了"),
        ("领导您好：公司拖欠我三个月工资，老板不接电话", "公司拖欠我三个月工资，老板不接电话"),
        ("我姓王，楼下烧烤摊油烟大，晚上吵到两点", "楼下烧烤摊油烟大，晚上吵到两点"),
        (LETTER, "请环保部门尽快查清上游是谁在排污，给我们一个说法"),
        ("您好", "您好"),
        ("！！！", "！！！"),
        ("您好！\n我想反映一件事：楼上漏水\n电话13900000000", "我想反映一件事：楼上漏水"),
    ],
)
def test_the_demand_stands_in_the_title(text: str, title: str) -> None:
    assert title_of(redact(text, PACK.finder), PACK) == title


@pytest.mark.parametrize(
    "text", [LETTER * 40, "请" * 10_000, "你好" * 5_000, "我是" * 5_000, "\n" * 9_000 + "x"]
)
def test_a_title_is_short_and_in_the_citizens_words(text: str) -> None:
    title = title_of(text, PACK)
    assert len(title) <= LETTERS
    assert title.removesuffix("…") in " ".join(text.split())


def test_the_sentence_of_a_letter_that_asks_is_found_with_where_and_when() -> None:
    """Of the letters 48 of 60 were right when they were new; all are seen since."""
    letters = [json.loads(line) for line in OWN.read_text("utf-8").splitlines()]
    entities = Entities.load(PACK.finder)
    demands = sum(letter["demand"] in demand_in(letter["text"], PACK) for letter in letters)
    assert len(letters) == 60 and demands >= 58
    facts = right = 0
    for letter in letters:
        read = Understanding(entities=entities.read(letter["text"]))
        found = with_place(read, letter["text"], PACK.gazetteer)
        facts += sum(bool(letter[name]) for name in ("place", "time"))
        right += sum(
            bool(letter[name]) and found.value_of(name) == letter[name] for name in ("place", "time")
        )
    assert right >= 0.85 * facts


LONG = (
    "尊敬的市长：\n您好！我是城东的一名居民，今年六十八了。我们这里原来是个好地方，河边都是柳树，孩子们夏天在水里捉虾。"
    "后来上游开了一家厂子，慢慢就变了样子。从今年三月开始，每天夜里两点多，示例东路的桥下就流出黑水，味道冲得人睡不着觉。"
    "我们找过社区，社区说找街道；找过街道，街道说归别人管。太过分了，还有没有王法！求求你们了！"
    "隔壁老张家的鱼死了一千多斤，损失了两万块。亲戚们都不愿意到家里来坐，说这味道受不了。有时候我也在想，是不是该搬到儿子那里去住。"
    "请环保部门半夜来查一查，把排黑水的口子封了。盼复，谢谢！此致敬礼"
)


def test_a_summary_keeps_what_is_asked_where_when_and_how_much() -> None:
    said = summary_of(LONG, PACK, holds=("示例东路", "今年三月"))
    assert len(said) <= SUMMARY + 4 and len(LONG) > 250
    for told in (
        "请环保部门半夜来查一查",
        "从今年三月开始，每天夜里两点多，示例东路的桥下就流出黑水",
        "死了一千多斤",
    ):
        assert told in said
    for felt in ("尊敬的", "王法", "求求你们", "盼复", "此致"):
        assert felt not in said


def test_a_summary_is_made_of_the_citizens_sentences_in_their_order() -> None:
    letters = [json.loads(line) for line in OWN.read_text("utf-8").splitlines()]
    for letter in letters:
        said = summary_of(
            letter["text"], PACK, holds=[word for word in (letter["place"], letter["time"]) if word]
        )
        assert letter["demand"] in said and letter["place"] in said and letter["time"] in said
        at = 0
        for sentence in said.split("。"):
            at = letter["text"].index(sentence, at) + len(sentence)


@pytest.mark.parametrize("text", ["求求你们了，太过分了！", "谢谢", "路灯坏了", "请" * 10_000])
def test_what_tells_nothing_else_is_its_own_summary(text: str) -> None:
    assert summary_of(text, PACK).rstrip("。") == text
