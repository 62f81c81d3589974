"""What weights and lists hear together: what changes nothing, what turns the verdict, and that no text breaks it."""

import json
import os
import random
from dataclasses import replace
from datetime import datetime
from functools import cache
from pathlib import Path

import pytest

from cities.loading import load_pack
from hotline.calendar import CITY_TIME
from hotline.citypack import CityPack
from hotline.message import InboundMessage
from hotline.screening import Danger, screen_acceptance, screen_emergency, screen_message
from hotline.vocabulary import EMERGENCY_NUMBERS
from tests.people import people
from tools.fuzz import mutated, seeds

DATA = Path(__file__).parent / "data" / "independent"
SEED = int(os.environ.get("HUYING_FUZZ_SEED") or random.SystemRandom().randrange(2**31))
LETTER = (
    "尊敬的领导您好，我是本小区的一名老住户，这些年社区的工作我们都看在眼里，路修得好，绿化也比以前强多了。{}"
    "另外想提一个建议，门口的公交车能不能早晚多开两班，年轻人上班都说等得太久，希望有关部门研究一下，谢谢你们的辛苦。"
)
PRESENT = (
    ("着火了，三楼在冒烟", "119"),
    ("厨房煤气泄漏了，味道特别大", "119"),
    ("有人被困在电梯里出不来", "119"),
    ("有人拿刀砍人", "110"),
    ("我五岁的孩子在商场走丢了", "110"),
    ("我妈晕倒了，叫不醒", "120"),
    ("路口两车相撞，有人受伤", "122"),
)
SIMPLIFIED = "着火楼烟厨煤气泄漏险刀砍人孩场丢妈晕倒醒两车伤"
TRADITIONAL = "著火樓煙廚煤氣洩漏險刀砍人孩場丟媽暈倒醒兩車傷"


@cache
def pack() -> CityPack:
    return load_pack("_example")


def heard(text: str) -> Danger | None:
    return screen_emergency(text, pack())


def test_weights_are_there() -> None:
    assert pack().hearing is not None and pack().grounds is not None, "make setup learns them"


@pytest.mark.parametrize(("said", "call"), PRESENT)
def test_how_it_is_written_changes_nothing(said: str, call: str) -> None:
    for written in (
        said,
        " ".join(said),
        said.translate(str.maketrans(SIMPLIFIED, TRADITIONAL)),
        f"😭😭{said}😭！！！",
        f"您好，麻烦您了，{said}，谢谢",
        said.replace("，", "\n"),
        f"{said}快来",
    ):
        danger = heard(written)
        assert danger is not None and danger.sure and call in (danger.call, *danger.also), written


@pytest.mark.parametrize(("said", "call"), PRESENT)
def test_a_heading_and_an_address_on_lines_of_their_own_do_not_outweigh_it(said: str, call: str) -> None:
    danger = heard(f"情况反映\n{said}\n示例路34号\n样例先生")
    assert danger is not None and danger.sure and call in (danger.call, *danger.also)


@pytest.mark.parametrize(("said", "call"), PRESENT)
def test_a_letter_around_it_does_not_drown_it(said: str, call: str) -> None:
    danger = heard(LETTER.format(f"现在{said}，快来人。"))
    assert danger is not None and call in (danger.call, *danger.also)


@pytest.mark.parametrize(
    "said",
    [
        "去年这里着过火，三楼冒烟，后来修好了",
        "三楼没有着火，是蒸汽",
        "今天下午消防演习，三楼会冒烟，请大家不要惊慌",
        "如果厨房煤气泄漏了怎么办，社区能讲讲吗",
        "前年有人被困在电梯里，物业到现在没换",
        "上个月路口两车相撞，建议装红绿灯",
        "电视剧里有人拿刀砍人，给孩子看合适吗",
    ],
)
def test_what_is_past_denied_a_drill_or_a_question_is_not_sure(said: str) -> None:
    danger = heard(said)
    assert danger is None or not danger.sure


@pytest.mark.parametrize(
    "nothing", ["", "   ", "…", "。。。", "？？", "\u200b", "13800000000", "1", "是的", "好", "快点"]
)
def test_an_answer_that_says_nothing_is_no_danger(nothing: str) -> None:
    assert heard(nothing) is None and screen_acceptance(nothing, pack()) is None


def test_the_fields_of_a_form_do_not_outweigh_its_text() -> None:
    fields = (
        ("subject", "来信"),
        ("name", "样例先生"),
        ("phone", "13900000000"),
        ("place", "示例路34号2单元"),
    )
    letter = InboundMessage(
        key="k", city="_example", channel="mailbox", conversation="c", sender="s", letter=True, fields=fields,
        received_at=datetime(2026, 11, 26, tzinfo=CITY_TIME), text="锅里的油烧着了，盖上还在着",
    )  # fmt: skip
    danger = screen_message(letter, pack())
    assert danger is not None and danger.sure and danger.call == "119"
    assert screen_message(replace(letter, text="路灯坏了三天"), pack()) is None


def share(rows: list[dict[str, object]], verdicts: set[str]) -> float:
    return sum(verdict(heard(str(row["text"]))) in verdicts for row in rows) / len(rows)


def verdict(found: Danger | None) -> str:
    return "none" if found is None else "sure" if found.sure else "asked"


def test_the_independent_set_is_heard_as_well_as_docs_say() -> None:
    """docs/evaluation.md tells the figures; here stand bounds that a change may not fall through."""
    rows = [json.loads(line) for line in (DATA / "emergency.jsonl").read_text(encoding="utf-8").splitlines()]
    now = [row for row in rows if row["label"] == "now"]
    plain = [row for row in now if "plain" in row["how"].split()]
    others = [row for row in now if row not in plain]
    hard = [row for row in rows if row["label"] == "none"]
    assert share(plain, {"sure", "asked"}) >= 0.97
    assert share(others, {"sure", "asked"}) >= 0.92
    assert share(hard, {"sure"}) <= 0.06
    assert share(hard, {"asked"}) <= 0.235


def test_no_mutated_text_breaks_the_screens() -> None:
    """`make fuzz` does the same a million times, and looks at the time each takes."""
    print(f"HUYING_FUZZ_SEED={SEED}")
    chance = random.Random(SEED)
    texts = seeds()
    for _ in range(1500):
        text = mutated(chance, texts)
        danger, ground = heard(text), screen_acceptance(text, pack())
        assert danger is None or danger.call in EMERGENCY_NUMBERS
        assert ground is None or ground.rule in {rule.id for rule in pack().scope}


def test_who_people_are_is_no_danger() -> None:
    """Names, numbers and addresses at the end of a demand weigh nothing, whatever digits they hold."""
    asked = [
        person
        for person in people(300, 12345)
        for way in (
            "我叫{name}，电话{phone}，身份证{id_number}，家住{address}。",
            "联系人：{name}\n{phone}\n车牌{plate}\n{email}\n",
        )
        if heard("小区路灯坏了三天没人修。" + way.format(**vars(person)))
    ]
    assert asked == []
