"""The csv, xlsx, jsonl and Word files that editors send and take away; pure: bytes in, articles out, and back."""

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import PurePath
from typing import Any, TypeAlias

from hotline.calendar import CITY_TIME
from hotline.errors import HotlineError
from kb.article import Article, ArticleError, Link, Status

NEEDED = ("external_id", "question", "answer")
LABELS = ("external_id", "question", "category", "unit", "source", "source_url", "region", "short_answer")
LISTS = ("similar", "keywords", "related")
FLAGS = ("national", "staff_only")
MOMENTS = ("valid_from", "valid_to", "source_seen")
COLUMNS = (*LABELS, *LISTS, "answer", *MOMENTS, "law_since", *FLAGS, "attachments")
MAX_FILE = 150_000_000  #: bytes
MOST_PROBLEMS = 1000  #: that are named; a file with more is wrong as a whole
YEARS = range(1949, 2200)
_DATE = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})")

Record: TypeAlias = Mapping[str, Any] | ArticleError
Reader: TypeAlias = Callable[[bytes], Iterator[tuple[int, Record]]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """One thing wrong with one line of a file, and what to do about it."""

    line: int
    what: str

    def __str__(self) -> str:
        return f"第{self.line}行：{self.what}"


class ImportRefusedError(HotlineError):
    """Nothing of the file was taken; ``problems`` tells what to correct, line by line."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


def read_articles(
    data: bytes, *, name: str, city: str, at: datetime, status: Status = Status.DRAFT
) -> tuple[Article, ...]:
    """Return every article of a csv, xlsx, jsonl or Word file, or raise ``ImportRefusedError`` naming every bad line."""
    articles, problems = checked_articles(data, name=name, city=city, at=at, status=status)
    if problems:
        raise ImportRefusedError(problems)
    return articles or _nothing()


def checked_articles(
    data: bytes, *, name: str, city: str, at: datetime, status: Status = Status.DRAFT
) -> tuple[tuple[Article, ...], tuple[Problem, ...]]:
    """Return the good articles of a file and what is wrong with its other lines, at most a thousand of them.

    Raises ``ImportRefusedError`` when the file as a whole cannot be read.
    """
    read = READERS.get(PurePath(name).suffix.lower())
    if read is None:
        raise _refused("只能导入csv、xlsx、jsonl或docx文件，请先转换格式")
    if len(data) > MAX_FILE:
        raise _refused(f"文件超过{MAX_FILE // 1_000_000}兆，请分成几个")
    problems: list[Problem] = []
    articles: list[Article] = []
    first_seen: dict[str, int] = {}
    for line, record in read(data):
        try:
            article = _article(record, city=city, at=at, status=status)
            _check_first(first_seen, article.external_id, line)
            articles.append(article)
        except ArticleError as error:
            problems.append(Problem(line=line, what=str(error)))
            if len(problems) == MOST_PROBLEMS:
                break
    return tuple(articles), tuple(problems)


def day(name: str, value: object) -> date | None:
    """Return a day, or ``None`` for nothing."""
    read = moment(name, value)
    return read.astimezone(CITY_TIME).date() if read else None


def moment(name: str, value: object, *, end: bool = False) -> datetime | None:
    """Return a date or moment of city time; a bare end date holds through the whole of that day."""
    text = value.isoformat() if isinstance(value, date) else str(value or "").strip()
    if not text:
        return None
    try:
        day = _DATE.fullmatch(text)
        read = _midnight(date(*map(int, day.groups())), end=end) if day else datetime.fromisoformat(text)
    except ValueError:
        raise ArticleError(f"{name}：请写成2026-01-31或2026-01-31T18:00:00") from None
    if read.year not in YEARS:
        raise ArticleError(f"{name}：年份不对，长期有效请留空")
    return read if read.tzinfo else read.replace(tzinfo=CITY_TIME)


def _midnight(day: date, *, end: bool) -> datetime:
    if day.year not in YEARS:
        return datetime.combine(day, time())
    return datetime.combine(day + timedelta(days=int(end)), time())


def _check_first(first_seen: dict[str, int], external_id: str, line: int) -> None:
    earlier = first_seen.setdefault(external_id, line)
    if earlier != line:
        raise ArticleError(f"external_id：和第{earlier}行重复，请改成不同的编号")


IN_HAND = "有人正在改这一条，没有覆盖"  #: why an imported article was not taken
NO_ARTICLES = Problem(line=1, what="没有条目，请检查文件")


def _nothing() -> tuple[Article, ...]:
    raise ImportRefusedError([NO_ARTICLES])


def _refused(what: str) -> ImportRefusedError:
    return ImportRefusedError([Problem(line=1, what=what)])


def _decoded(data: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):  # office programs here save csv as the latter
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise _refused("看不出文字编码，请另存为UTF-8")


def _csv(data: bytes) -> Iterator[tuple[int, Record]]:
    reader = csv.reader(io.StringIO(_decoded(data), newline=""), strict=True)
    line = 1
    try:
        header = [column.strip() for column in next(reader, [])]
        _check_header(header)
        line = reader.line_num + 1
        for row in reader:
            if any(cell.strip() for cell in row):
                yield line, _csv_record(header, row)
            line = reader.line_num + 1
    except csv.Error:  # nothing after it can be told apart
        yield line, ArticleError("从这里起读不下去：引号没有配对，或者格子太长，请核对")


def _check_header(header: list[str]) -> None:
    missing = [column for column in NEEDED if column not in header]
    unknown = [column for column in header if column not in COLUMNS]
    if missing:
        raise _refused(f"第1行要有列名，缺少：{'、'.join(missing)}")
    if unknown or len(set(header)) != len(header):
        raise _refused(f"列名不认识或者重复：{'、'.join(unknown or header)}。可用的列：{'、'.join(COLUMNS)}")


def _csv_record(header: list[str], row: list[str]) -> Record:
    if len(row) != len(header):
        return ArticleError(f"有{len(row)}格，应该是{len(header)}格，请核对逗号和引号")
    return dict(zip(header, row, strict=True))


def _jsonl(data: bytes) -> Iterator[tuple[int, Record]]:
    for line, content in enumerate(_decoded(data).split("\n"), start=1):
        if content.strip():
            yield line, _json_record(content)


def _json_record(content: str) -> Record:
    try:
        record = json.loads(content)
    except (ValueError, RecursionError):  # deep nesting is not a ValueError
        return ArticleError("不是完整的JSON，请核对引号和括号")
    if not isinstance(record, dict):
        return ArticleError("每行要是一个JSON对象")
    unknown = [key for key in record if key not in COLUMNS]
    return ArticleError(f"不认识的列：{'、'.join(unknown)}") if unknown else record


def _xlsx(data: bytes) -> Iterator[tuple[int, Record]]:
    """Read the first sheet; a cell that holds a date or a number is taken as what it shows."""
    from kb.sheet_file import UnreadableSheetError, rows_in

    cells = rows_in(data)
    try:
        header = [str(value or "").strip() for value in next(cells, [])]
        while header and not header[-1]:
            header.pop()
        _check_header(header)
        for line, values in enumerate(cells, start=2):
            given = values[: len(header)] + [None] * (len(header) - len(values))
            if any(value is not None for value in given):
                yield line, dict(zip(header, map(_shown, given), strict=True))
    except UnreadableSheetError as error:
        raise _refused("不是完整的xlsx文件，请另存一次再试") from error


def _shown(value: object) -> object:
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return None if value is None else str(value)


def _docx(data: bytes) -> Iterator[tuple[int, Record]]:
    """Read a Word file; its lines are its paragraphs."""
    from kb.word_file import MisplacedError, UnreadableError, word_records

    try:
        for line, record in word_records(data):
            yield line, ArticleError(str(record)) if isinstance(record, MisplacedError) else record
    except UnreadableError as error:
        raise _refused("不是完整的Word文件（docx），请另存一次再试") from error


READERS: Mapping[str, Reader] = {".csv": _csv, ".xlsx": _xlsx, ".jsonl": _jsonl, ".docx": _docx}


def written(articles: Iterable[Article], *, kind: str) -> bytes:
    """Return ``articles`` as a file of that kind, ``csv xlsx jsonl``, which can be read in again."""
    return WRITERS[kind](map(_row, articles))


def _row(article: Article) -> dict[str, Any]:
    """Return what a file keeps of an article; a list has an item on each line."""
    row: dict[str, Any] = {name: getattr(article, name) for name in (*LABELS, "answer")}
    row |= {name: "\n".join(map(str, getattr(article, name))) for name in (*LISTS, "attachments")}
    row |= {name: _written_moment(getattr(article, name)) for name in MOMENTS}
    row["law_since"] = article.law_since.isoformat() if article.law_since else ""
    row |= {name: "true" if getattr(article, name) else "" for name in FLAGS}
    return {name: row[name] for name in COLUMNS}


def _written_moment(value: datetime | None) -> str:
    return value.astimezone(CITY_TIME).isoformat() if value else ""


def _csv_file(rows: Iterable[dict[str, Any]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, COLUMNS)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode(
        "utf-8-sig"
    )  # office programs here take it for something else without the mark


def _jsonl_file(rows: Iterable[dict[str, Any]]) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def _xlsx_file(rows: Iterable[dict[str, Any]]) -> bytes:
    from kb.sheet_file import workbook_of

    return workbook_of("articles", [COLUMNS, *([row[name] for name in COLUMNS] for row in rows)])


WRITERS: Mapping[str, Callable[[Iterable[dict[str, Any]]], bytes]] = {
    "csv": _csv_file,
    "xlsx": _xlsx_file,
    "jsonl": _jsonl_file,
}


def _article(record: Record, *, city: str, at: datetime, status: Status) -> Article:
    if isinstance(record, ArticleError):
        raise record
    flags: dict[str, Any] = {name: _yes(name, record.get(name)) for name in FLAGS}
    lists: dict[str, Any] = {name: _items(name, record.get(name)) for name in LISTS}
    times: dict[str, Any] = {name: moment(name, record.get(name), end=name == "valid_to") for name in MOMENTS}
    return Article.drafted(
        city=city,
        **{name: _text(name, record.get(name)).strip() for name in LABELS},
        answer=_text("answer", record.get("answer")),  # shown as it was written
        **lists,
        **times,
        **flags,
        law_since=day("law_since", record.get("law_since")),
        attachments=tuple(map(Link.of, _items("attachments", record.get("attachments")))),
        status=status,
        updated_at=at,
    )


def _yes(name: str, value: object) -> bool:
    said = str(value if value is not None else "").strip().lower()
    if said not in ("", "true", "false"):
        raise ArticleError(f"{name}：只能写true或false")
    return said == "true"


def _text(name: str, value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | None):
        raise ArticleError(f"{name}：要是文字")
    return "" if value is None else str(value)


def _items(name: str, value: object) -> tuple[str, ...]:
    parts = re.split(r"[\r\n|｜]", value or "") if isinstance(value, str | None) else value
    if not isinstance(parts, list) or not all(isinstance(part, str) for part in parts):
        raise ArticleError(f"{name}：要是文字（一行一个，或用|隔开），或者文字的列表")
    return tuple(dict.fromkeys(part.strip() for part in parts if part.strip()))
