"""A file is taken whole or not at all, and every bad line is named with what to do."""

import contextlib
import io
import json
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from docx import Document
from hypothesis import given, settings
from hypothesis import strategies as st

from hotline.calendar import CITY_TIME
from kb.article import Article, Link, Status, article_id
from kb.importing import ImportRefusedError, read_articles, written
from tests.unit.kb.conftest import NOW

HEADER = "external_id,question,similar,answer,category,unit,source,valid_from,valid_to"
GOOD = (
    "p1,示例路能停车吗,晚上能停吗|周末能停吗,可以停。,停车,示例市停车中心,"
    "《示例市停车办法》第二条,2026-01-01,2026-12-31"
)


def read(text: str | bytes, name: str = "条目.csv", status: Status = Status.PUBLISHED) -> tuple[Article, ...]:
    data = text.encode() if isinstance(text, str) else text
    return read_articles(data, name=name, city="_example", at=NOW, status=status)


def problems(text: str | bytes, name: str = "条目.csv") -> list[tuple[int, str]]:
    with pytest.raises(ImportRefusedError) as refused:
        read(text, name)
    return [(problem.line, problem.what) for problem in refused.value.problems]


def test_a_csv_line_becomes_an_article() -> None:
    (article,) = read(f"{HEADER}\n{GOOD}\n")
    assert article.id == article_id("_example", "p1")
    assert article.similar == ("晚上能停吗", "周末能停吗")
    assert (article.unit, article.source) == ("示例市停车中心", "《示例市停车办法》第二条")
    assert (article.status, article.updated_at) == (Status.PUBLISHED, NOW)


def test_an_article_holds_through_the_whole_of_its_last_day_in_city_time() -> None:
    (article,) = read(f"{HEADER}\n{GOOD}\n")
    assert article.valid_from == datetime(2026, 1, 1, tzinfo=CITY_TIME)
    assert article.is_current(datetime(2026, 12, 31, 23, 59, 59, tzinfo=CITY_TIME))
    assert not article.is_current(datetime(2027, 1, 1, tzinfo=CITY_TIME))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_files_as_office_programs_save_them_are_read(encoding: str) -> None:
    assert read(f"{HEADER}\r\n{GOOD}\r\n".encode(encoding))[0].question == "示例路能停车吗"


def test_an_answer_of_several_lines_stays_as_written_and_lines_are_still_counted() -> None:
    text = f'{HEADER}\np1,问一,,"第一行\n第二行 ",,,依据,,\n\np2,,,答,,,依据,,\n'
    assert problems(text) == [(5, "question：不能为空")]
    assert read(text.replace("p2,,", "p2,问二,"))[0].answer == "第一行\n第二行 "


def test_every_bad_line_is_named_at_once_and_nothing_is_taken() -> None:
    lines = [HEADER, GOOD, "p2,,,答,,,依据,,", "p3,问,,答", GOOD, "p4,问,,答,,,依据,明天,", "p5,问,,答,,,,,"]
    found = problems("\n".join(lines))
    assert [line for line, _ in found] == [3, 4, 5, 6, 7]
    wanted = ("question", "应该是9格", "和第2行重复", "2026-01-31", "没有依据不能发布")
    assert all(words in what for words, (_, what) in zip(wanted, found, strict=True))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "缺少：external_id、question、answer"),
        ("external_id,question\n1,问\n", "缺少：answer"),
        (f"{HEADER},price\n", "列名不认识或者重复：price"),
        (f"{HEADER}\n", "没有条目"),
        (f'{HEADER}\np1,"问,,答', "引号没有配对"),
        (b"\xff\xff\xff", "文字编码"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(text: str | bytes, words: str) -> None:
    ((_, what),) = problems(text)
    assert words in what


def test_other_kinds_of_file_are_refused() -> None:
    assert problems(b"PK", "条目.xlsx") == [(1, "不是完整的xlsx文件，请另存一次再试")]


@pytest.mark.parametrize("kind", ["csv", "xlsx", "jsonl"])
def test_what_was_taken_away_comes_back_whole(kind: str) -> None:
    every: dict[str, Any] = {
        "similar": ("别的问法",), "short_answer": "短", "category": "类", "unit": "示例局", "source": "《示例》第一条",
        "source_url": "https://example.cn/a", "region": "示例县", "national": True, "staff_only": True, "keywords": ("词",), "related": ("b",),
        "law_since": date(2020, 1, 1), "attachments": (Link(title="申请 表", url="/kb/public/x/files/y"),),
        **dict.fromkeys(("source_seen", "valid_from"), NOW), "valid_to": NOW + timedelta(days=9),
    }  # fmt: skip
    article = Article.drafted(
        city="_example", external_id="a", question="问", answer="答", updated_at=NOW, **every
    )
    assert read_articles(written([article], kind=kind), name=f"a.{kind}", city="_example", at=NOW) == (
        article,
    )


def test_columns_may_be_few_and_in_any_order() -> None:
    (article,) = read("answer,external_id,question\n可以。,7,能停吗\n", status=Status.DRAFT)
    assert (article.external_id, article.source, article.valid_to) == ("7", "", None)


def test_jsonl_takes_lists_and_numbers() -> None:
    record = {
        "external_id": 7,
        "question": "能停吗",
        "similar": ["能停不", " "],
        "answer": "可以。",
        "source": "依据",
    }
    (article,) = read(json.dumps(record, ensure_ascii=False) + "\n\n", "条目.JSONL")
    assert (article.external_id, article.similar) == ("7", ("能停不",))


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{", "不是完整的JSON"),
        ("[" * 100_000, "不是完整的JSON"),
        ("[1]", "JSON对象"),
        ('{"price": 1}', "不认识的列：price"),
        ('{"external_id": "1", "question": true, "answer": "答"}', "question：要是文字"),
        ('{"external_id": "1", "question": "问", "answer": "\\ud800", "source": "依据"}', "不能保存的字符"),
        ('{"external_id": "1", "question": "问", "similar": [1], "answer": "答"}', "similar"),
        ('{"external_id": "1", "question": "问", "answer": "答", "valid_to": "2026-02-30"}', "2026-01-31"),
        (
            '{"external_id": "1", "question": "问", "answer": "答", "valid_to": "9999-12-31"}',
            "长期有效请留空",
        ),
    ],
)
def test_a_bad_json_line_is_named_with_its_number(line: str, words: str) -> None:
    ((number, what),) = problems(f"\n{line}\n", "条目.jsonl")
    assert number == 2
    assert words in what


@pytest.mark.parametrize(
    ("written", "end"),
    [
        ("2026/3/1", datetime(2026, 3, 2, tzinfo=CITY_TIME)),
        ("2026-03-01T18:00:00", datetime(2026, 3, 1, 18, tzinfo=CITY_TIME)),
        ("2026-03-01 18:00:00+08:00", datetime(2026, 3, 1, 18, tzinfo=CITY_TIME)),
    ],
)
def test_dates_are_read_as_people_write_them(written: str, end: datetime) -> None:
    (article,) = read(f"{HEADER}\np1,问,,答,,,依据,,{written}\n")
    assert article.valid_to == end


def document(*parts: tuple[str, str]) -> bytes:
    """Return a Word file of paragraphs, each with its style; a table where the style is one."""
    made = Document()
    for style, text in parts:
        if style == "Table":
            made.add_table(1, 1)
        else:
            made.add_paragraph(text, style=style)
    held = io.BytesIO()
    made.save(held)
    return held.getvalue()


def test_in_a_word_file_a_heading_is_a_question_and_what_stands_under_it_the_answer() -> None:
    data = document(
        ("Title", "停车问答"),
        ("Heading 1", "示例路能停车吗"),
        ("Normal", "编号：p1"),
        ("Normal", "相似问法：晚上能停吗"),
        ("Normal", "相似问法: 周末能停吗"),
        ("Normal", "依据：《示例市停车办法》第二条"),
        ("Normal", "到期日期：2026-12-31"),
        ("Normal", "可以停：白天都行。"),
        ("List Bullet", "小车"),
        ("List Bullet", "电动车"),
        ("Normal", ""),
        ("Heading 2", "没有编号的问题"),
        ("Normal", "答案。"),
    )
    first, second = read(data, "条目.docx", Status.DRAFT)
    assert (first.external_id, first.similar) == ("p1", ("晚上能停吗", "周末能停吗"))
    assert first.answer == "可以停：白天都行。\n- 小车\n- 电动车"
    assert first.source == "《示例市停车办法》第二条" and first.valid_to == datetime(
        2027, 1, 1, tzinfo=CITY_TIME
    )
    assert second.external_id == read(data, "条目.docx", Status.DRAFT)[1].external_id != "p1"


def test_what_belongs_to_no_article_of_a_word_file_is_named_by_its_paragraph() -> None:
    data = document(
        ("Normal", "散落的话"),
        ("Heading 1", "能停吗"),
        ("Normal", "编号：p1"),
        ("Table", ""),
        ("Heading 1", "空的"),
    )
    told = problems(data, "条目.docx")
    assert [line for line, _ in told] == [1, 4, 2, 5]
    assert "前面没有标题" in told[0][1] and "表格" in told[1][1] and "answer" in told[2][1]
    assert problems(b"PK", "条目.docx") == [(1, "不是完整的Word文件（docx），请另存一次再试")]


BODY = st.text(st.sampled_from('p1,问答"\n\r{}[]:|-26 \x00'), max_size=80).map(
    lambda text: f"{HEADER}\n{text}".encode()
)


@settings(max_examples=200, print_blob=True, deadline=None)
@given(
    data=st.one_of(st.binary(max_size=200), BODY),
    name=st.sampled_from(["a.csv", "a.jsonl", "a", "a.xlsx", "a.docx"]),
)
def test_no_file_does_worse_than_be_refused(data: bytes, name: str) -> None:
    with contextlib.suppress(ImportRefusedError):
        assert read(data, name)
