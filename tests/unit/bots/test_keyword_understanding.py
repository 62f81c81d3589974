import json
from collections import Counter
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from bots.entities import LEXICON
from bots.keyword_understanding import IntentLexicon, KeywordUnderstanding
from hotline.understanding import Intent

PROJECT = Path("bots/rasa_project")
SECOND = [json.loads(line) for line in (PROJECT / "tests/second.jsonl").read_text("utf-8").splitlines()]
HELD_OUT = [json.loads(line) for line in (PROJECT / "tests/heldout.jsonl").read_text("utf-8").splitlines()]
KEYWORDS = KeywordUnderstanding.load()


def taught() -> list[str]:
    return [
        line.removeprefix("      - ")
        for path in (PROJECT / "data/nlu").glob("*.yml")
        for line in path.read_text("utf-8").splitlines()
        if line.startswith("      - ")
    ]


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("投诉", Intent.COMPLAIN),
        ("我要投诉！", Intent.COMPLAIN),
        ("咨询", Intent.CONSULT),
        ("举报", Intent.REPORT),
        ("求助", Intent.HELP),
        ("建议", Intent.SUGGEST),
        ("表扬", Intent.PRAISE),
        ("转人工", Intent.HUMAN),
        ("人工 服务", Intent.HUMAN),
        ("查进度", Intent.PROGRESS),
        ("是的", Intent.AFFIRM),
        ("确认提交", Intent.AFFIRM),
        ("好的。", Intent.AFFIRM),
        ("不用了", Intent.DENY),
        ("取消吧", Intent.CANCEL),
        ("谢谢啊", Intent.THANKS),
        ("ＨＥＬＬＯ", Intent.GREET),
        ("13512345678", Intent.INFORM),
    ],
)
def test_a_bare_word_is_understood(text: str, intent: Intent) -> None:
    understood = KEYWORDS.read(text)
    assert understood.intent is intent
    assert understood.confidence >= 0.6


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("请问异地就医怎么备案", Intent.CONSULT),
        ("我要投诉物业乱收费，打了五次电话都没人管", Intent.COMPLAIN),
        ("小区停水两天了，麻烦派人来修", Intent.HELP),
        ("举报有人无证卖假药，请查处", Intent.REPORT),
        ("建议在学校门口加装红绿灯", Intent.SUGGEST),
        ("我上周投诉的事有结果了吗", Intent.PROGRESS),
        ("表扬公交司机，服务态度特别好", Intent.PRAISE),
    ],
)
def test_a_plain_sentence_is_understood(text: str, intent: Intent) -> None:
    assert KEYWORDS.read(text).intent is intent


@pytest.mark.parametrize("text", ["", "   ", "！！！", "qwzx", "\U0001f600"])
def test_what_says_nothing_is_other(text: str) -> None:
    understood = KEYWORDS.read(text)
    assert (understood.intent, understood.confidence) == (Intent.OTHER, 0.0)


async def test_it_fills_the_port() -> None:
    understood = await KEYWORDS.understand("投诉")
    assert understood.by == "keywords"


@settings(print_blob=True, deadline=None)
@given(st.text(max_size=400))
def test_every_text_has_a_reading(text: str) -> None:
    understood = KEYWORDS.read(text)
    assert 0.0 <= understood.confidence <= 1.0
    assert (understood.intent is Intent.OTHER) == (understood.confidence == 0.0)
    assert KEYWORDS.read(text) == understood


def test_the_word_lists_keep_their_floor_on_messages_they_were_not_written_from() -> None:
    tally = Counter(
        "right"
        if row["intent"] in (intent, intent.plainly)
        else "open"
        if intent is Intent.OTHER
        else "wrong"
        for row in HELD_OUT
        for intent in [KEYWORDS.read(row["text"]).intent]
    )
    assert tally["right"] >= 0.46 * len(HELD_OUT)  # 0.478 when the messages were new
    assert tally["right"] >= 3 * tally["wrong"]  # what is not known is left open rather than guessed


def test_no_held_out_message_is_taught() -> None:
    assert len(HELD_OUT) >= 150
    assert {row["text"] for row in (*HELD_OUT, *SECOND)}.isdisjoint(taught())


def test_every_intent_is_taught_and_tested() -> None:
    intents = {intent.value for intent in Intent}
    declared = yaml.safe_load((PROJECT / "domain.yml").read_text("utf-8"))["intents"]
    taught_ = {path.stem for path in (PROJECT / "data/nlu").glob("*.yml")} - {"entities"}
    assert set(declared) == taught_ == {row["intent"] for row in (*HELD_OUT, *SECOND)} == intents


def test_no_sentence_is_taught_twice() -> None:
    assert [text for text, times in Counter(taught()).items() if times > 1] == []


def test_an_intent_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    broken = (LEXICON / "intents.yaml").read_text("utf-8").replace("\n  consult: [", "\n  consolt: [", 1)
    (tmp_path / "intents.yaml").write_text(broken, "utf-8")
    with pytest.raises(ValueError, match="consolt"):
        IntentLexicon.load(tmp_path / "intents.yaml")
