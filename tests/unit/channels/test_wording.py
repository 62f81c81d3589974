"""Replies as plain text: complete, numbered as they are chosen, in parts that the platform takes."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.base import Parcel, SentReply
from channels.bundle import bundle
from channels.wording import LONGEST, Wording, split
from hotline.calendar import CITY_TIME
from hotline.citation import LawStatus
from hotline.reply import Call, Reply
from tests.web.fake_app import CODE, HIT, NUMBER, PACK, REPLIES, options

WORDING = Wording(PACK.say, "https://hotline.example")


def said(*replies: Reply) -> str:
    return "\n---\n".join(WORDING.parts(replies))


def test_an_answer_names_its_source_and_its_date() -> None:
    text = said(*REPLIES["身份证"])
    assert text.startswith(HIT.answer.split("\n")[0])
    assert HIT.source in text and HIT.unit in text and "2026年8月12日" in text
    assert text.endswith("这个回答解决您的问题了吗？\n请回复数字或文字：\n1. 解决了\n2. 没解决")


def test_a_refusal_says_reason_article_and_way() -> None:
    (refusal,) = REPLIES["法院"]
    text = said(refusal)
    assert refusal.citation is not None and refusal.citation.route is not None
    assert refusal.citation.reason in text and "《示例市热线条例》第十条" in text
    assert refusal.citation.route.name in text and refusal.citation.route.how in text
    draft = replace(refusal, citation=replace(refusal.citation, status=LawStatus.DRAFT))
    assert "《示例市热线条例》（征求意见稿）第十条" in said(draft)


def test_an_emergency_begins_with_what_to_do_and_the_number() -> None:
    text = said(*REPLIES["煤气"])
    first, second, *_ = text.split("\n")
    assert first == "马上到室外，打119。" and "120" in second
    assert "不要开灯、关灯" in text and NUMBER in text


def test_an_emergency_whose_heading_names_no_number_says_it_all_the_same() -> None:
    call = Call(number="110", also=(), why="")
    for headline in ("先躲到安全处", ""):
        reply = Reply(kind="emergency", text="已经记下。", call=replace(call, headline=headline))
        assert "请马上打110" in said(reply).split("\n")[0]


def test_a_doubt_says_the_number_under_the_question() -> None:
    text = said(*REPLIES["烟味"])
    assert text.startswith("现在是不是正在着火") and "电话：119" in text and "1. 是，正在发生" in text


def test_a_summary_shows_every_fact_and_asks_for_a_clear_yes() -> None:
    text = said(*REPLIES["晚上"])
    assert "联系电话：100 0000 0000" in text and "请为我保密，不把姓名和电话给被反映的单位：否" in text
    assert "1. 确认提交\n2. 再补充一点\n3. 不提交了" in text


def test_a_ticket_says_number_code_unit_last_day_and_where_to_look() -> None:
    text = said(*REPLIES["confirm"])
    assert f"单号：{NUMBER}\n查询码：{CODE}" in text and "承办单位：示例区住房和城乡建设局" in text
    assert re.search(r"\d{4}年\d+月\d+日（周.）", text)
    assert text.endswith("https://hotline.example/progress")


def test_the_last_day_is_said_once_and_why_it_may_move() -> None:
    (reply,) = REPLIES["confirm"]
    (day,) = re.findall(r"最晚：(.*)", said(reply))
    told = said(replace(reply, text=f"已受理。最晚{day}答复您。"))
    assert told.count(day) == 1
    assert reply.ticket is not None
    moving = tuple(replace(due, provisional=True, why="还没有签收。") for due in reply.ticket.due)
    assert "还没有签收。" in said(replace(reply, ticket=replace(reply.ticket, due=moving)))


def test_numbers_go_on_through_all_replies_of_a_turn() -> None:
    doubt = Reply(
        kind="clarify", text="现在有危险吗？", options=options(("danger_yes", "有"), ("danger_no", "没有"))
    )
    assert re.findall(r"^(\d)\. (.*)$", said(doubt, *REPLIES["施工"]), re.MULTILINE)[:4] == [
        ("1", "有"), ("2", "没有"), ("3", "晚上10点到第二天早上6点"), ("4", "中午12点到2点"),
    ]  # fmt: skip


@pytest.mark.parametrize("name", sorted(REPLIES))
def test_no_word_of_the_system_shows_its_blanks(name: str) -> None:
    assert not re.search(r"[{}]|None", said(*REPLIES[name]))


# Parts

CHINESE = st.text(alphabet="路灯坏了，三天没有人修。！？；：、\n ab1", min_size=1, max_size=4000)


@given(text=st.one_of(CHINESE, st.text(max_size=2000)), longest=st.integers(min_value=40, max_value=LONGEST))
def test_parts_are_short_enough_and_lose_nothing(text: str, longest: int) -> None:
    parts = split(text, longest)
    assert all(0 < len(part.encode()) <= longest for part in parts)
    assert "".join("".join(parts).split()) == "".join(text.split())
    assert split(text, longest) == parts


def test_parts_end_with_sentences() -> None:
    text = "路灯坏了三天，没有人来修。" * 200
    parts = split(text)
    assert len(parts) > 1 and all(part.endswith("。") for part in parts)


def test_a_sentence_too_long_is_cut_after_a_clause_and_a_clause_between_letters() -> None:
    assert all(part.endswith("，") for part in split("路灯坏了很久很久，" * 300)[:-1])
    assert "".join(split("路" * 3000)) == "路" * 3000


def test_what_is_shown_as_one_letter_is_not_cut() -> None:
    family = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
    assert all(len(part) % len(family) == 0 for part in split(family * 500))


# What one answer holds


def parcel(id: int, *texts: str, kind: str = "smalltalk", sent: int = 0) -> Parcel:
    at = datetime(2026, 9, 29, 12, tzinfo=CITY_TIME)
    replies = tuple(
        SentReply(id=f"{id}-{n}", in_reply_to="", at=at, reply=Reply(kind=kind, text=text)) for n, text in enumerate(texts)
    )  # fmt: skip
    return Parcel(id=id, replies=replies, parts_sent=sent)


def packed(leased: Sequence[Parcel], own: Parcel) -> tuple[str, list[tuple[int, int, bool]], list[int]]:
    made = bundle(leased, own.replies, WORDING)
    return made.text, [(s.parcel.id, s.count, s.whole) for s in made.said], [p.id for p in made.left]


def test_the_answer_alone_is_the_answer() -> None:
    own = parcel(2, "好的。")
    assert packed([own], own) == ("好的。", [(2, 1, True)], [])


def test_what_was_kept_comes_first_and_says_so() -> None:
    own = parcel(2, "好的。")
    text, noted, left = packed([parcel(1, "单号1已经办结。"), own], own)
    assert text == "之前没能发给您的回复：\n单号1已经办结。\n\n好的。"
    assert (noted, left) == ([(1, 1, True), (2, 1, True)], [])


def test_an_emergency_comes_before_what_was_kept() -> None:
    own = parcel(2, "马上打119。", kind="emergency")
    text, noted, _ = packed([parcel(1, "单号1已经办结。"), own], own)
    assert text.startswith("马上打119。") and text.endswith("单号1已经办结。")
    assert [id for id, *_ in noted] == [2, 1]


def test_what_finds_no_room_is_left_in_order() -> None:
    own = parcel(3, "好的。")
    long = "路灯坏了三天，没有人来修。" * 100
    text, noted, left = packed([parcel(1, long), parcel(2, "单号2已经办结。"), own], own)
    assert noted == [(1, 1, False)] and left == [2, 3]
    assert len(text.encode()) <= LONGEST


def test_parts_that_were_sent_are_not_said_again() -> None:
    long = "路灯坏了三天，没有人来修。" * 100
    own = parcel(1, long, sent=1)
    text, noted, _ = packed([own], own)
    assert text == WORDING.parts([sent.reply for sent in own.replies])[1]
    assert noted == [(1, 2, True)]


def test_somebody_else_s_delivery_is_not_said_twice() -> None:
    assert packed([], parcel(1, "好的。")) == ("", [], [])


def test_a_number_to_call_is_said_even_when_nothing_was_leased() -> None:
    text, noted, _ = packed([], parcel(1, "马上打119。", kind="emergency"))
    assert (text, noted) == ("马上打119。", [])
