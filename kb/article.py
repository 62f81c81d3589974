"""One reviewed answer, with the article of law it rests on and the time for which it holds."""

import re
import uuid
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Self

from hotline.errors import HotlineError
from hotline.message import clean

MAX_QUESTION = 200  #: characters of the question and of each other phrasing
MAX_ANSWER = 10_000
MAX_SHORT_ANSWER = 2048  #: bytes of UTF-8; what one WeChat message holds
MAX_FIELD = 500  #: characters of every other text
SAFE_ADDRESS = re.compile(r"(?:https?://[^\s<>\"']+|/(?!/)[^\s<>\"']*)")


class ArticleError(HotlineError):
    """An article cannot be kept as it is; the text names the field and what to change."""


class Status(StrEnum):
    """Where an article stands on its way to citizens."""

    DRAFT = "draft"
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"


class Reach(StrEnum):
    """For whom an article holds; the nearer one answers first."""

    COUNTY = "county"
    CITY = "city"
    NATION = "nation"


@dataclass(frozen=True, kw_only=True, slots=True)
class Link:
    """Something to read or fetch beside an answer."""

    title: str
    url: str  #: https, or a path of this site

    @classmethod
    def of(cls, line: str) -> Self:
        """Return what a line says: a title, a blank and an address; an address alone is its own title."""
        title, _, url = line.rpartition(" ")
        return cls(title=title.strip() or url, url=url)

    def __str__(self) -> str:
        return f"{self.title} {self.url}"


def article_id(city: str, external_id: str) -> str:
    """Return the id that the same external id always has in the same city; safe in addresses."""
    return uuid.uuid5(uuid.NAMESPACE_URL, f"huying:kb:{city}:{external_id}").hex


@dataclass(frozen=True, kw_only=True, slots=True)
class Article:
    """One version of one answer; ``answer`` is shown to citizens exactly as it stands."""

    id: str
    city: str
    external_id: str
    question: str
    similar: tuple[str, ...] = ()
    answer: str
    short_answer: str = ""  #: for WeChat; empty where the answer itself is short enough
    category: str = ""
    unit: str = ""  #: who answers for it
    source: str = ""  #: instrument and article; a draft may still lack it
    source_url: str = ""
    source_seen: datetime | None = None  #: when the source was last compared
    valid_from: datetime | None = None  #: from this moment on
    valid_to: datetime | None = None  #: until, and no longer at, this moment
    region: str = ""  #: the county it holds in; empty: the whole city
    national: bool = False  #: holds everywhere in the country
    staff_only: bool = False  #: for colleagues, who are told of it; no citizen is ever shown it
    law_since: date | None = None  #: since when the cited text has been in force
    keywords: tuple[str, ...] = ()  #: words to find it by which stand in no phrasing
    related: tuple[str, ...] = ()  #: external ids of articles to read on
    attachments: tuple[Link, ...] = ()
    version: int = 1
    status: Status = Status.DRAFT
    updated_at: datetime

    def __post_init__(self) -> None:
        problems = [*_texts(self), *_times(self), *_review(self)]
        if problems:
            raise ArticleError("；".join(problems))

    def is_current(self, at: datetime) -> bool:
        """Tell whether citizens may be shown this at that moment."""
        return not self.staff_only and self.holds(at)

    def holds(self, at: datetime) -> bool:
        """Tell whether this is published and in force at that moment, for colleagues at least."""
        return (
            self.status is Status.PUBLISHED
            and (self.valid_from is None or self.valid_from <= at)
            and (self.valid_to is None or at < self.valid_to)
        )

    def phrasings(self) -> tuple[str, ...]:
        """Return the question and its other phrasings."""
        return (self.question, *self.similar)

    @property
    def reach(self) -> Reach:
        """For whom it holds."""
        return Reach.COUNTY if self.region else Reach.NATION if self.national else Reach.CITY

    @classmethod
    def drafted(cls, *, city: str, external_id: str, **rest: Any) -> Self:
        """Return an article whose id follows from city and external id."""
        return cls(id=article_id(city, external_id), city=city, external_id=external_id, **rest)


def _texts(article: Article) -> list[str]:
    needed = ("id", "city", "external_id", "question", "answer")
    problems = [f"{name}：不能为空" for name in needed if not getattr(article, name).strip()]
    limits = {"question": MAX_QUESTION, "answer": MAX_ANSWER}
    limits |= dict.fromkeys(("id", "city", "external_id", "category", "unit", "source", "region"), MAX_FIELD)
    limits["source_url"] = 2000
    for name, limit in limits.items():
        problems += _text(name, getattr(article, name), limit)
    for phrasing in article.similar:
        problems += _text("similar", phrasing, MAX_QUESTION)
        problems += [] if phrasing.strip() else ["similar：有空的问法，请删掉"]
    for name in ("keywords", "related"):
        for text in getattr(article, name):
            problems += _text(name, text, MAX_FIELD)
    for link in article.attachments:
        problems += _text("attachments", link.title, MAX_FIELD)
        problems += [] if SAFE_ADDRESS.fullmatch(link.url) else ["attachments：网址要以https://或/开头"]
    if article.source_url and not SAFE_ADDRESS.fullmatch(article.source_url):
        problems.append("source_url：网址要以https://、http://或/开头，中间不能有空格")
    problems += _text("short_answer", article.short_answer, MAX_SHORT_ANSWER)
    if len(clean(article.short_answer).encode()) > MAX_SHORT_ANSWER:
        problems.append(f"short_answer：超过{MAX_SHORT_ANSWER}字节，请缩短")
    return problems


def _text(name: str, text: str, limit: int) -> list[str]:
    if clean(text) != text:
        return [f"{name}：有不能保存的字符，请删掉"]
    return [f"{name}：超过{limit}字，请缩短"] if len(text) > limit else []


def _times(article: Article) -> list[str]:
    named = {name: getattr(article, name) for name in ("source_seen", "valid_from", "valid_to", "updated_at")}
    naive = [name for name, moment in named.items() if moment is not None and moment.tzinfo is None]
    if naive:
        return [f"{name}：时间要带时区" for name in naive]
    start, end = article.valid_from, article.valid_to
    if start is not None and end is not None and end <= start:
        return ["valid_to：到期要晚于生效，请核对两个日期"]
    return []


def _review(article: Article) -> list[str]:
    problems = [] if article.version >= 1 else ["version：从1开始"]
    if article.status is Status.PUBLISHED and not article.source.strip():
        problems.append("source：没有依据不能发布，请写明文件和条款")
    return problems
