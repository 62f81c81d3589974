"""Danger is heard when it is happening, and only then; matters are judged by what is asked for."""

import sys
from dataclasses import replace
from functools import cache
from pathlib import Path
from time import process_time

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from cities.loading import load_pack
from hotline.citypack import CityPack
from hotline.screening import asks_secrecy, screen_acceptance, screen_emergency
from hotline.spelling import normalised
from hotline.vocabulary import EMERGENCY_NUMBERS

DATA = Path(__file__).parent / "data"
EMERGENCY = yaml.safe_load((DATA / "emergency.yaml").read_text(encoding="utf-8"))
ACCEPTANCE = yaml.safe_load((DATA / "acceptance.yaml").read_text(encoding="utf-8"))
LETTER = (
    "尊敬的领导：我们小区建成二十年了，物业费年年涨，楼道灯却坏了大半，绿地也被改成了停车位。"
    "业主们找物业谈了很多次，物业总说要开会研究，到今天也没有一个准信。垃圾桶放在单元门口，夏天味道很大。"
    "我们希望有关部门来看看，督促物业把灯修好，把绿地恢复，把收费账目贴出来，让大家心里有数。{}"
    "以上情况如果需要核实，可以到小区里随便问一位业主，大家都愿意说明。谢谢你们的辛苦工作。"
)


@cache
def pack(code: str = "pingdingshan") -> CityPack:
    return load_pack(code)


SURE = [(call, sentence) for call, sentences in EMERGENCY["sure"].items() for sentence in sentences]


def test_there_are_enough_sentences_to_judge_by() -> None:
    heard = len(SURE) + len(EMERGENCY["heard"])
    assert heard >= 120
    assert len(EMERGENCY["none"]) >= 120
    assert len(ACCEPTANCE["pairs"]) >= 60
    assert sum(map(len, ACCEPTANCE["hard"].values())) >= 120


@pytest.mark.duty("ALL-1")
@pytest.mark.parametrize(("call", "sentence"), SURE)
def test_a_plain_report_of_danger_is_sure_and_names_the_number_to_call(call: str, sentence: str) -> None:
    danger = screen_emergency(sentence, pack())
    assert danger is not None and danger.sure, sentence
    assert danger.call == call, danger
    assert danger.span and 1 <= len(danger.steps) <= 3 and not danger.ask


@pytest.mark.parametrize("sentence", EMERGENCY["heard"])
def test_a_hint_of_danger_is_at_least_asked_about(sentence: str) -> None:
    danger = screen_emergency(sentence, pack())
    assert danger is not None, sentence
    assert danger.sure or danger.ask


@pytest.mark.parametrize("sentence", EMERGENCY["none"])
def test_an_ordinary_demand_is_no_danger_for_sure(sentence: str) -> None:
    found = screen_emergency(sentence, pack())
    assert found is None or not found.sure


def test_of_ordinary_demands_hardly_any_is_asked_about() -> None:
    asked = [sentence for sentence in EMERGENCY["none"] if screen_emergency(sentence, pack()) is not None]
    assert len(asked) <= 0.03 * len(EMERGENCY["none"]), asked


@pytest.mark.duty("ALL-1")
@pytest.mark.parametrize(
    "sentence",
    ["我家楼下着火了", "孩子不见了", "老人晕倒没反应", "有人拿刀砍人", "楼道煤气味特别大", "我不想活了"],
)
def test_danger_is_the_same_in_every_city(sentence: str) -> None:
    assert screen_emergency(sentence, pack("_example")) == screen_emergency(sentence, pack())


@pytest.mark.parametrize(
    ("clause", "sure"),
    [
        ("刚刚六号楼着火了，快来人。", True),
        ("现在楼道煤气味特别大，大家都在往外跑。", True),
        ("六号楼着火了。", False),
    ],
)
def test_one_clause_in_a_long_letter_is_heard(clause: str, sure: bool) -> None:
    danger = screen_emergency(LETTER.format(clause), pack())
    assert danger is not None and danger.call == "119" and danger.sure is sure


@pytest.mark.parametrize(
    "clause", ["", "去年六号楼着过火。", "上个月六号楼失火后没人管。", "建议组织一次消防演练。"]
)
def test_a_long_letter_about_the_past_is_no_danger(clause: str) -> None:
    assert screen_emergency(LETTER.format(clause), pack()) is None


def test_the_past_in_one_clause_does_not_hide_the_present_in_another() -> None:
    danger = screen_emergency("去年着过火，现在又着火了", pack())
    assert danger is not None and danger.sure


def test_a_sure_danger_comes_before_a_graver_one_in_doubt() -> None:
    danger = screen_emergency("冒烟了，还有老人晕倒没反应", pack())
    assert danger is not None and danger.sure and danger.type == "ill"


def test_of_two_sure_dangers_the_graver_comes_first() -> None:
    danger = screen_emergency("有人晕倒，因为家里着火了，快来", pack())
    assert danger is not None and danger.type == "fire" and "120" in danger.also


@pytest.mark.parametrize(
    "written", ["着 火 了", "着　火　了", "着\u200b火了", "著火了", "我家着火了！！！", "zhaohuo了"]
)
def test_spelling_does_not_hide_a_fire(written: str) -> None:
    danger = screen_emergency(written, pack())
    assert danger is not None and danger.sure and danger.type == "fire"


def test_no_gap_of_any_kind_stays_between_letters() -> None:
    gaps = (chr(code) for code in range(sys.maxunicode + 1))
    gaps_between = "煤气".join(gap for gap in gaps if gap.isspace() and gap != "\n")
    assert set(normalised(gaps_between, pack().spelling)) == {"煤", "气"}


def test_normalising_twice_changes_nothing() -> None:
    once = normalised("我家（Ａ座）著火了,　快来!\n\n <b>煤汽</b>", pack().spelling)
    assert normalised(once, pack().spelling) == once == "我家(a座)着火了，快来！b煤气/b"


@given(st.text(max_size=300))
@settings(print_blob=True, max_examples=60, deadline=None)
def test_any_text_can_be_screened(text: str) -> None:
    for city in ("pingdingshan", "_example"):
        danger, ground = screen_emergency(text, pack(city)), screen_acceptance(text, pack(city))
        assert danger is None or (danger.span.strip() and danger.call in EMERGENCY_NUMBERS)
        assert ground is None or ground.sure is (ground.ask == "")


def test_the_words_that_a_danger_was_heard_in_are_those_that_were_said() -> None:
    """What weighs nothing, like the digits of a date or a name, is blank for the weights alone."""
    said = "我是样例丙，2026-10-03日12点30分水漫到胸口了，车门推不开，水还在往上涨啊啊啊啊"
    danger = screen_emergency(said, pack())
    assert danger is not None and danger.span in said


@given(st.text("，。！ \n", max_size=6), st.text("，。！ \n", max_size=6))
@settings(print_blob=True, max_examples=40, deadline=None)
def test_a_fire_is_heard_whatever_punctuation_stands_around_it(before: str, after: str) -> None:
    danger = screen_emergency(f"{before}我家楼下着火了{after}", pack())
    assert danger is not None and danger.sure and danger.call == "119"


@pytest.mark.parametrize("city", ["suqian", "kaifeng"])
def test_the_index_of_grams_changes_no_refusal_where_the_grounds_are_others(city: str) -> None:
    slow = replace(pack(city), grams=None)
    for refused, _, accepted in ACCEPTANCE["pairs"]:
        for sentence in (refused, accepted):
            assert screen_acceptance(sentence, slow) == screen_acceptance(sentence, pack(city))


def test_the_index_of_grams_changes_no_finding() -> None:
    slow = replace(pack(), grams=None)
    for sentence in [*EMERGENCY["heard"], *EMERGENCY["none"][:40], *(row[1] for row in SURE)]:
        assert screen_emergency(sentence, slow) == screen_emergency(sentence, pack())
    for refused, _, accepted in ACCEPTANCE["pairs"]:
        for sentence in (refused, accepted):
            assert screen_acceptance(sentence, slow) == screen_acceptance(sentence, pack())


@pytest.mark.duty("PDS-4")
@pytest.mark.parametrize(("refused", "ground"), [(row[0], row[1]) for row in ACCEPTANCE["pairs"]])
def test_what_the_law_puts_elsewhere_is_led_there(refused: str, ground: str) -> None:
    found = screen_acceptance(refused, pack())
    assert found is not None, refused
    if ground == "any":
        assert found.sure and found.rule in {"legal-route", "other-powers"}
    elif ground.startswith("("):
        assert found.rule == ground.strip("()") and (found.sure or found.ask)
    else:
        assert found.sure and found.rule == ground


@pytest.mark.duty("PDS-2a", "PDS-4", "R-ALL-13", "R-ALL-14")
@pytest.mark.parametrize(
    "sentence",
    [*(row[2] for row in ACCEPTANCE["pairs"]), *ACCEPTANCE["accepted"], *ACCEPTANCE["hard"]["accepted"]],
)
def test_words_alone_refuse_nothing(sentence: str) -> None:
    """R-ALL-13, R-ALL-14: what is asked counts, and denunciations are accepted here."""
    found = screen_acceptance(sentence, pack())
    assert found is None or not found.sure


def test_of_lawful_demands_that_mention_a_ground_hardly_any_is_asked_about() -> None:
    lawful = [
        *(row[2] for row in ACCEPTANCE["pairs"]),
        *ACCEPTANCE["accepted"],
        *ACCEPTANCE["hard"]["accepted"],
    ]
    asked = [sentence for sentence in lawful if screen_acceptance(sentence, pack()) is not None]
    assert len(asked) <= 0.05 * len(lawful), asked


@pytest.mark.duty("PDS-4")
@pytest.mark.parametrize(("sentence", "ground"), ACCEPTANCE["hard"]["refused"])
def test_what_is_about_the_ground_itself_is_refused(sentence: str, ground: str) -> None:
    found = screen_acceptance(sentence, pack())
    assert found is not None and found.sure
    assert found.rule in ({"legal-route", "other-powers"} if ground == "any" else {ground})


@pytest.mark.duty("PDS-4")
@pytest.mark.parametrize(("sentence", "ground"), ACCEPTANCE["hard"]["asked"])
def test_what_may_be_about_the_ground_is_asked_and_not_refused(sentence: str, ground: str) -> None:
    found = screen_acceptance(sentence, pack())
    assert found is not None and not found.sure and found.ask and found.rule == ground


@pytest.mark.duty("PDS-4", "ALL-1")
def test_a_refusal_names_instrument_article_reason_and_route() -> None:
    found = screen_acceptance("法院判我输了，你们让法院改判", pack())
    assert found is not None and found.citation.route is not None
    assert found.citation.instrument == "《平顶山市民呼必应工作规则》"
    assert found.citation.article.startswith("第四条") and found.citation.reason and found.citation.route.how


@pytest.mark.duty("PDS-4", "R-ALL-15")
def test_vague_words_are_asked_about_and_never_refused_at_once() -> None:
    found = screen_acceptance("你们管不管啊", pack())
    assert found is not None and found.rule == "vague" and not found.sure and found.ask


@pytest.mark.duty("R-ALL-16")
@pytest.mark.parametrize(
    "said",
    [
        "我举报楼下饭店偷排油烟，请为我保密", "希望保密处理", "怕报复，不要告诉他们是谁反映的", "我要匿名举报单位造假",
        "请对我的电话 保 密，能保密吗", "不想让他们知道是我说的",
    ],
)  # fmt: skip
def test_whoever_asks_for_secrecy_is_heard(said: str) -> None:
    assert asks_secrecy(said, pack())


@pytest.mark.parametrize(
    "said",
    ["路灯坏了", "不用保密，你们直接说是我反映的", "保密局门口的路灯不亮", "公司逼我签保密协议", "不需要匿名", "物业泄露了业主的电话", "小区里有人发匿名信"],
)  # fmt: skip
def test_whoever_only_speaks_of_it_is_not_taken_for_it(said: str) -> None:
    assert not asks_secrecy(said, pack())


def test_a_thousand_characters_cost_little() -> None:
    """The bar is 1 ms on a quiet machine; the limit here only catches a pattern gone wild."""
    text = (LETTER.format("") * 6)[:1000]
    screen_emergency(text, pack())
    start = process_time()
    for _ in range(20):
        screen_emergency(text, pack())
        screen_acceptance(text, pack())
    assert (process_time() - start) / 20 < 0.05
