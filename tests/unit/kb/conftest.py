"""What the tests of the knowledge base share: a moment, an article, the fictional city's index."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from hotline.calendar import CITY_TIME
from kb.article import Article, Status
from kb.search import ArticleIndex
from kb.starters import Questions, starter_articles, starter_questions

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=CITY_TIME)

MakeArticle = Callable[..., Article]


@pytest.fixture
def make() -> MakeArticle:
    """Return a maker of published articles of the fictional city."""

    def one(external_id: str = "parking", **changes: Any) -> Article:
        usual: dict[str, Any] = {
            "question": "示例路能停车吗",
            "answer": "示例路白天可以停车。",
            "source": "《示例市停车办法》第二条",
            "status": Status.PUBLISHED,
            "updated_at": NOW,
        }
        return Article.drafted(**{"city": "_example", "external_id": external_id, **usual, **changes})

    return one


@pytest.fixture(scope="session")
def example() -> tuple[Article, ...]:
    """Return the starter articles that only the fictional city has."""
    everywhere = {article.external_id for article in starter_articles("no_city_of_its_own")}
    return tuple(article for article in starter_articles("_example") if article.external_id not in everywhere)


@pytest.fixture(scope="session")
def example_index(example: tuple[Article, ...]) -> ArticleIndex:
    """Return an index of them that no test writes to."""
    index = ArticleIndex()
    index.rebuild(example)
    return index


@pytest.fixture(scope="session")
def example_questions(example: tuple[Article, ...]) -> Questions:
    """Return the labelled questions of the fictional city, and those that nobody answers."""
    questions = starter_questions("_example")
    own = {article.external_id: questions.answered[article.external_id] for article in example}
    return replace(questions, answered=own)
