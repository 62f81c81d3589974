"""The reply gate: what a unit's reply must hold, what does not count, and by which words."""

import json
from collections.abc import Iterator
from pathlib import Path
from time import process_time
from typing import Any

import pytest

from bots.keyword_understanding import KeywordUnderstanding
from cities.loading import city_codes, load_pack
from gateway.commands import judged
from hotline.citypack import CityPack
from hotline.plainness import remarks_on
from hotline.reply_gate import Asked, judge_reply
from hotline.substance import Written, clauses

DATA = Path(__file__).with_name("data")
PACKS = {code: load_pack(code) for code in city_codes()}
SUQIAN, PINGDINGSHAN = PACKS["suqian"], PACKS["pingdingshan"]
WHOLE = (
    "承办人：王样例。11月18日上午9时30分，王样例与市民电话沟通，说明维修人员已到现场更换灯头，路灯恢复照明。"
    "市民对处理结果表示满意。"
)


def written() -> Iterator[dict[str, Any]]:
    """Replies that somebody imagined, good and empty in pairs; nothing is learnt from them."""
    for name in ("replies.jsonl", "replies2.jsonl"):
        yield from map(json.loads, (DATA / name).read_text(encoding="utf-8").splitlines())


def rules(demand: str, reply: str, pack: CityPack = SUQIAN, asked: Asked | None = None) -> list[str]:
    return [finding.rule for finding in judge_reply(demand, reply, pack, asked)]


@pytest.mark.duty("SQ-3-7", "SQ-4-2", "SQ-4-5", "KF-3-4", "BD-24", "R-SQ-3")
def test_replies_imagined_for_five_cities_are_told_apart() -> None:
    keywords, rows = KeywordUnderstanding.load(), list(written())
    assert {row["city"] for row in rows} == {"suqian", "pingdingshan", "baoding", "xian", "kaifeng"}
    right, wrong = 0, []
    for row in rows:
        verdict = judged(row["demand"], row["reply"], PACKS[row["city"]], keywords.read(row["demand"]))
        found = {reason["rule"] for reason in verdict["reasons"]}
        if verdict["ok"] == (row["rule"] is None) and (row["rule"] is None or row["rule"] in found):
            right += 1
        else:
            wrong.append(row["id"])
        assert all(reason["span"] in row["reply"] for reason in verdict["reasons"]), row["id"]
    assert right / len(rows) >= 0.97, wrong


@pytest.mark.duty("SQ-4-4", "R-SQ-4")
def test_a_final_reply_leaves_once_the_chiefs_approval_is_on_record() -> None:
    demand, reply = (
        "要求补发三年前的补贴",
        WHOLE + "您的要求没有政策依据，理由是超过申请期限，附政策文件。此为最终答复。",
    )
    assert "final-without-approval" in rules(demand, reply, asked=Asked(cases=("settled",)))
    assert "final-without-approval" not in rules(demand, reply, asked=Asked(cases=("unreasonable",)))
    assert "final-without-approval" not in rules(demand, reply), "what nobody knows is not held against it"


@pytest.mark.duty("SQ-4-3")
def test_what_is_long_or_abbreviated_is_remarked_on_and_holds_nothing_back() -> None:
    assert remarks_on(WHOLE, SUQIAN) == ()
    unclear = WHOLE + "按PPP模式改造，用APP、WIFI申报。"
    (found,) = remarks_on(unclear, SUQIAN)
    assert (found.rule, found.span, found.holds, found.citation.article) == (
        "abbreviation",
        "PPP",
        False,
        "四（三）",
    )
    assert remarks_on(unclear.replace("PPP", "PPP（政府和社会资本合作）"), SUQIAN) == ()
    run_on = "管网改造" * 23
    assert [one.rule for one in remarks_on(run_on, SUQIAN)] == ["long-sentence"]
    long = remarks_on("管网改造。" * 151, SUQIAN)
    assert [(one.rule, one.at) for one in long] == [("too-long", 750)]
    assert remarks_on(run_on, PINGDINGSHAN) == (), "no text of the city asks for it"


@pytest.mark.duty("SQ-4-2")
def test_a_reply_with_its_four_elements_is_in_order_and_each_is_missed() -> None:
    demand = "示例小区东门的路灯坏了三天"
    assert rules(demand, WHOLE) == []
    for element, words in (
        ("handler", ("承办人：王样例。", "王样例")),
        ("time-of-contact", ("11月18日上午9时30分，",)),
        ("satisfaction", ("市民对处理结果表示满意。",)),
    ):
        reply = WHOLE
        for word in words:
            reply = reply.replace(word, "")
        (missing,) = judge_reply(demand, reply, SUQIAN)
        assert (missing.rule, missing.missing, missing.span) == (element, True, "")
        assert missing.citation.article.startswith("四（二）") and missing.effect == "sent_back"


@pytest.mark.duty("SQ-4-2", "R-ALL-16")
def test_who_is_dissatisfied_is_owed_reasons_and_papers_and_the_nameless_three_elements() -> None:
    demand = "路灯坏了"
    cross = WHOLE.replace("表示满意", "表示不满意")
    assert rules(demand, cross) == ["why-unsatisfied", "documents"]
    mended = cross + "原因是市民要求换成太阳能灯，已附《示例市照明规划》。"
    assert rules(demand, mended) == []
    nameless = "承办人王样例，联系电话138****0000。维修人员11月18日到现场更换灯头，路灯恢复照明。"
    assert rules("匿名投诉：" + demand, nameless) == []
    assert rules(demand, nameless, asked=Asked(anonymous=True)) == []
    assert "satisfaction" in rules(demand, nameless)


@pytest.mark.duty("SQ-4-5", "R-SQ-3")
@pytest.mark.parametrize(
    ("demand", "reply", "rule", "article", "span"),
    [
        ("路面塌了一块", "经了解，一切正常，不影响通行，没有您说的情况。", "not-checked-on-site", "四（五）1", "一切正常"),
        ("孩子学校食堂太贵", "路灯由照明所管理，路灯灯杆共320根，夜间照明时间为18点到次日6点。", "beside-the-question", "四（五）2", "路灯由照明所管理，路灯灯杆共320根，夜间照明时间为18点到次日6点。"),
        ("小区没水", "您好！已联系市民解释。", "stock-phrase", "四（五）3", "已联系市民解释"),
        ("摊贩占道", "情况属实，\n已督促部门整改。", "stock-phrase", "四（五）3", "已督促部门整改"),
        ("电梯坏了", "详情请拨打物业电话0000-1234567咨询。", "stock-phrase", "四（五）3", "详情请拨打物业电话0000-1234567咨询"),
        ("怎么还没修", "正在办理，请等待处理结果。", "stock-phrase", "四（五）3", "正在办理，请等待处理结果"),
        ("占道经营", "示例街道办事处答复：已清走摊位3个。", "copied-from-below", "四（五）3", "街道办事处答复："),
        ("商场卖假货不退钱", "经调解未果，建议您自行与商家协商解决。", "sent-to-the-other-party", "四（五）4", "建议您自行与商家协商解决"),
        ("停水三天", "市民电话未接听，无法沟通。", "phone-not-answered", "四（五）5", "电话未接听"),
        ("停水三天", "该事项不属于我单位职能。", "not-our-duty", "四（五）6", "不属于我单位职能"),
        ("路太窄", "因拆迁未完，该路段暂时无法拓宽，感谢理解。", "not-solvable-now", "四（五）7", "暂时无法拓宽"),
    ],
)  # fmt: skip
def test_seven_kinds_of_void_reply_are_told_with_article_and_words(
    demand: str, reply: str, rule: str, article: str, span: str
) -> None:
    found = {finding.rule: finding for finding in judge_reply(demand, reply, SUQIAN)}
    assert rule in found, list(found)
    assert (found[rule].citation.article, found[rule].span) == (article, span)
    assert reply[found[rule].at :].startswith(span)
    third = article == "四（五）3"
    assert (found[rule].by_itself, found[rule].effect == "not_done") == (third, third)


@pytest.mark.duty("SQ-4-5")
@pytest.mark.parametrize(
    ("demand", "more"),
    [
        ("停水三天", "施工挖断水管，已抢修并于20时恢复供水，多次拨打电话无人接听，已发短信告知。"),
        ("路太窄", "因拆迁未完，暂时无法拓宽，计划2027年6月前完成改造。"),
        ("商场卖假货不退钱", "已责令商场退款500元，建议您联系商家领取。"),
        ("摊贩占道", "11月18日到现场清走摊位3个，已督促部门整改，每晚巡查。"),
        ("法院已经判了，你们帮我改判", "该纠纷已由法院判决，不属于我局职责，请通过申请再审解决，法律援助中心可以帮写申请。"),
    ],
)  # fmt: skip
def test_the_same_words_in_a_reply_that_says_something_are_no_fault(demand: str, more: str) -> None:
    void = {rule.id for rule in SUQIAN.void_replies}
    assert not void & set(rules(demand, WHOLE.replace("说明维修人员已到现场更换灯头，路灯恢复照明", more)))


@pytest.mark.duty("SQ-4-3", "SQ-4-4", "R-SQ-4")
@pytest.mark.parametrize(
    ("added", "rule"),
    [
        ("您不符合政策。", "refused-without-ground"),
        ("此为最终答复。", "final-without-grounds"),
        ("这是无理诉求。", "unreasonable-without-mark"),
        ("不要再打了，想去哪告去哪告。", "rude"),
    ],
)
def test_a_refusal_owes_its_ground_and_a_final_reply_its_papers(added: str, rule: str) -> None:
    demand = "要求多分一套房"
    assert rule in rules(demand, WHOLE + added)
    grounded = "根据《示例市补偿办法》第八条，因一户只分一套，"
    assert rule == "rude" or rule not in rules(demand, WHOLE + grounded + added + "此为最终答复。")


@pytest.mark.duty("PDS-8A", "PDS-11", "BD-23", "BD-21-7", "BD-18", "XA-M4b", "XA-M4a", "KF-3-3")
@pytest.mark.parametrize("code", ["pingdingshan", "baoding", "xian", "kaifeng"])
def test_every_city_wants_a_result_and_no_shuffling_off(code: str) -> None:
    pack, asked = PACKS[code], Asked(kind="complaint", ticket_class={"xian": "other"}.get(code))
    demand = "示例路路灯不亮"
    assert rules(demand, "11月18日更换灯泡12只，路灯已恢复照明。", pack, asked) == []
    empty = judge_reply(demand, "您好，已转相关部门办理，请耐心等待。", pack, asked)
    assert empty and not any(finding.by_itself for finding in empty)
    for finding in empty:
        assert finding.citation.instrument and finding.label
    off = rules(demand, "此事不归我局管。", pack, asked)
    assert {"not-our-duty", "shuffled-off"} & set(off)
    named = "此事不归我局管，路灯由示例市照明服务中心负责，请拨打照明服务中心报修。"
    assert not {"not-our-duty", "shuffled-off"} & set(rules(demand, named, pack, asked))
    if code == "baoding":
        assert "not-solvable-now" in rules(demand, "目前无法解决。", pack, asked)
        given = "由于示例路正在改建、电缆已拆除，目前无法解决，明年3月路通后恢复。"
        assert "not-solvable-now" not in rules(demand, given, pack, asked)


def test_what_is_marked_is_marked_where_it_was_written() -> None:
    reply = "　您好！\r\n  （１）　已联系市民解释。"
    found = next(one for one in judge_reply("路灯坏了", reply, SUQIAN) if one.rule == "stock-phrase")
    assert reply[found.at : found.at + len(found.span)] == found.span == "已联系市民解释"
    assert Written.of(reply).quoted((0, 2)) == "您好"


@pytest.mark.parametrize(
    "reply", ["", " \n", "。", "\U0001f600", "好" * 10_000, "已转" * 5_000, "12:30 " * 2_000]
)
def test_any_text_gets_a_verdict_in_bounded_time(reply: str) -> None:
    start = process_time()
    assert rules("路灯坏了", reply)
    assert process_time() - start < 4
    assert all(len(clause.text) <= 200 for clause in clauses(Written.of(reply), SUQIAN.reply_words))


def test_a_city_without_rules_about_replies_finds_nothing() -> None:
    bare = CityPack(
        code="x", name="x", hotline="x", sources=(), kinds={}, classes={}, scope=(), deadlines=(), dangers=(),
        not_now=(), units=(), referral=None, words={}, calendar=PINGDINGSHAN.calendar,
    )  # fmt: skip
    assert judge_reply("路灯坏了", "已阅", bare) == ()
