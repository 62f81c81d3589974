"""The articles that a city starts with, and the questions that they are measured on; YAML, read strictly."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from hotline.errors import HotlineError
from kb.article import Article, ArticleError, Status
from kb.importing import day, moment

FOLDER = Path(__file__).with_name("starter")
NATIONAL = "national"  #: a folder beside the cities', for articles that hold everywhere
QUESTIONS = "questions.yaml"  #: beside a city's articles: labelled questions, not articles
NEEDED = frozenset({"external_id", "question", "answer", "category", "unit", "source", "updated_at"})
TIMES = ("source_seen", "valid_from", "valid_to", "updated_at")
LISTS = ("similar", "keywords", "related")
KEYS = NEEDED | {*LISTS, "short_answer", "source_url", "region", "law_since", *TIMES}


class StarterError(HotlineError):
    """A starter file is not usable; the text names file, line and what to change."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Questions:
    """Labelled questions: by the article that answers them, and those that nobody wrote an answer to."""

    answered: Mapping[str, tuple[str, ...]]
    unanswered: tuple[str, ...]  #: everyday matters of other kinds
    near: tuple[str, ...]  #: of the same kind as an article, which does not answer them


def starter_articles(city: str, *, folder: Path = FOLDER) -> tuple[Article, ...]:
    """Return the city's own and the national articles, published, in order of their files."""
    found: dict[str, Article] = {}
    for file in (*sorted((folder / city).glob("*.yaml")), *sorted((folder / NATIONAL).glob("*.yaml"))):
        for line, record in _records(file) if file.name != QUESTIONS else ():
            article = _article(file, line, record, city)
            if article.external_id in found:
                raise StarterError(f"{_at(file, line)}：external_id“{article.external_id}”用过了，请换一个")
            found[article.external_id] = article
    return tuple(found.values())


def starter_questions(city: str, *, folder: Path = FOLDER) -> Questions:
    """Return the labelled questions kept beside the city's and the national articles."""
    files = (folder / name / QUESTIONS for name in (city, NATIONAL))
    kept = [yaml.safe_load(file.read_text(encoding="utf-8")) for file in files if file.exists()]
    return Questions(
        answered={
            external_id: tuple(asked) for each in kept for external_id, asked in each["answered"].items()
        },
        unanswered=tuple(question for each in kept for question in each["unanswered"]),
        near=tuple(question for each in kept for question in each["near"]),
    )


def _records(file: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield each item of a YAML list with the line it begins on."""
    try:
        loader = yaml.SafeLoader(file.read_text(encoding="utf-8"))
        node = loader.get_single_node()
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        raise StarterError(f"{_at(file, mark.line + 1 if mark else 1)}：不是正确的YAML") from error
    if not isinstance(node, yaml.SequenceNode):
        raise StarterError(f"{_at(file, 1)}：文件要是条目的列表")
    for item in node.value:
        yield item.start_mark.line + 1, _record(file, item, loader)


def _record(file: Path, item: yaml.Node, loader: yaml.SafeLoader) -> dict[str, Any]:
    if not isinstance(item, yaml.MappingNode):
        raise StarterError(f"{_at(file, item.start_mark.line + 1)}：条目要写成“键: 值”")
    seen: set[str] = set()
    for key, _ in item.value:
        if key.value not in KEYS:
            raise StarterError(f"{_at(file, key.start_mark.line + 1)}：不认识的键“{key.value}”")
        if key.value in seen:
            raise StarterError(f"{_at(file, key.start_mark.line + 1)}：键“{key.value}”写了两次")
        seen.add(key.value)
    record: dict[str, Any] = loader.construct_document(item)
    return record


def _article(file: Path, line: int, record: dict[str, Any], city: str) -> Article:
    missing = sorted(NEEDED - {key for key, value in record.items() if value})
    if missing:
        raise StarterError(f"{_at(file, line)}：缺少{'、'.join(missing)}")
    try:
        return _published(record, city, national=file.parent.name == NATIONAL)
    except ArticleError as error:
        raise StarterError(f"{_at(file, line)}：{error}") from error


def _published(record: dict[str, Any], city: str, *, national: bool) -> Article:
    lists = {name: record.get(name) or () for name in LISTS}
    for name, items in lists.items():
        if not isinstance(items, list | tuple) or not all(isinstance(item, str) for item in items):
            raise ArticleError(f"{name}：要是文字的列表")
    texts = {key: value for key, value in record.items() if key not in (*TIMES, *LISTS, "law_since")}
    wrong = sorted(key for key, value in texts.items() if not isinstance(value, str))
    if wrong:
        raise ArticleError(f"{'、'.join(wrong)}：要是文字")
    fields: dict[str, Any] = {key: value.strip() for key, value in texts.items()}
    fields |= {name: tuple(items) for name, items in lists.items()}
    fields |= {name: moment(name, record.get(name), end=name == "valid_to") for name in TIMES}
    return Article.drafted(
        city=city, national=national, law_since=day("law_since", record.get("law_since")),
        status=Status.PUBLISHED, **fields,
    )  # fmt: skip


def _at(file: Path, line: int) -> str:
    return f"kb/starter/{file.parent.name}/{file.name}:{line}"
