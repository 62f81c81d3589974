"""The library shows what the store holds now, and says when it does not know."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from hotline.errors import StorageAwayError
from hotline.ports import Searches
from kb.article import Article, Status
from kb.golden import Golden
from kb.library import Library
from kb.starters import Questions
from tests.unit.kb.conftest import NOW, MakeArticle


class Shelf:
    """A store in memory that hands changes out in order."""

    def __init__(self, articles: Sequence[Article]) -> None:
        self.articles = {article.id: article for article in articles}
        self.changes: list[Article] = []

    async def published(self, city: str) -> Sequence[Article]:
        return [article for article in self.articles.values() if article.status is Status.PUBLISHED]

    async def changed_since(self, mark: str | None) -> tuple[Sequence[Article], str]:
        start = len(self.changes) if mark is None else int(mark)
        return self.changes[start:], str(len(self.changes))

    def put(self, article: Article) -> None:
        self.articles[article.id] = article
        self.changes.append(article)


class Watch:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.at = NOW

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def shelf(example: tuple[Article, ...]) -> Shelf:
    return Shelf(example)


@pytest.fixture
async def library(shelf: Shelf) -> Library:
    opened = Library(shelf, city="_example", now=Watch())
    await opened.load()
    return opened


async def test_the_library_is_what_the_core_searches_in(library: Library) -> None:
    port: Searches = library
    found = await port.search("可以要求保密吗", limit=3)
    assert found.answered
    assert found.hits[0].source == "《示例市热线条例》第二十条"


async def test_every_question_of_an_article_is_answered_by_it(
    library: Library, example: tuple[Article, ...]
) -> None:
    for article in example:
        found = await library.search(article.question, limit=1)
        assert (found.answered, found.hits[0].article_id) == (True, article.id), article.question


async def test_everyday_questions_without_an_article_are_not_answered(
    library: Library, example_questions: Questions
) -> None:
    answered = [q for q in example_questions.unanswered if (await library.search(q, limit=3)).answered]
    assert answered == []


@pytest.mark.parametrize("question", ["", "？？", "😀", "\x00"])
async def test_nothing_asked_is_nothing_answered(library: Library, question: str) -> None:
    found = await library.search(question, limit=3)
    assert (found.hits, found.answered) == ((), False)


async def test_without_room_for_a_hit_nothing_is_answered(library: Library) -> None:
    assert not (await library.search("可以要求保密吗", limit=0)).answered


async def test_a_question_before_loading_waits_for_the_articles(shelf: Shelf) -> None:
    library = Library(shelf, city="_example", now=Watch())
    found = await asyncio.gather(*(library.search("可以要求保密吗", limit=3) for _ in range(5)))
    assert all(one.answered for one in found)


class Failing(Shelf):
    """A store that cannot be read, in one way or another."""

    def __init__(self, articles: Sequence[Article], error: Exception) -> None:
        super().__init__(articles)
        self.error: Exception | None = error

    async def published(self, city: str) -> Sequence[Article]:
        if self.error is not None:
            raise self.error
        return await super().published(city)


async def test_a_question_before_loading_is_not_denied_while_the_store_is_away(
    example: tuple[Article, ...],
) -> None:
    away = Failing(example, StorageAwayError("away"))
    library = Library(away, city="_example", now=Watch())
    with pytest.raises(StorageAwayError):
        await library.search("可以要求保密吗", limit=3)
    away.error = None
    assert (await library.search("可以要求保密吗", limit=3)).answered


async def test_articles_that_cannot_be_taken_in_hold_up_no_question(example: tuple[Article, ...]) -> None:
    broken = Failing(example, KeyError("question"))
    library = Library(broken, city="_example", now=Watch())
    for _ in range(2):
        found = await library.search("可以要求保密吗", limit=3)
        assert (found.hits, found.answered) == ((), False)
    broken.error = None
    await library.refresh()
    assert (await library.search("可以要求保密吗", limit=3)).answered


@pytest.mark.duty("PDS-22")
async def test_a_published_change_answers_the_next_question(
    library: Library, shelf: Shelf, example: tuple[Article, ...]
) -> None:
    changed = replace(example[2], answer="承办单位要在3个工作日内答复您。", version=2)
    shelf.put(changed)
    assert await library.refresh() == 1
    hit = (await library.search("投诉以后多久答复", limit=1)).hits[0]
    assert (hit.answer, hit.version) == (changed.answer, 2)


async def test_a_new_article_answers_after_a_refresh(
    library: Library, shelf: Shelf, make: MakeArticle
) -> None:
    assert not (await library.search("示例路能停车吗", limit=1)).answered
    shelf.put(make())
    await library.refresh()
    assert (await library.search("示例路能停车吗", limit=1)).answered


async def test_a_withdrawn_article_is_gone_after_a_refresh(
    library: Library, shelf: Shelf, example: tuple[Article, ...]
) -> None:
    shelf.put(replace(example[5], status=Status.WITHDRAWN, version=2))
    await library.refresh()
    found = await library.search("可以要求保密吗", limit=6)
    assert example[5].id not in {hit.article_id for hit in found.hits}
    assert not found.answered


async def test_a_change_that_comes_twice_is_applied_once(
    library: Library, shelf: Shelf, example: tuple[Article, ...]
) -> None:
    shelf.put(replace(example[0], version=2))
    assert [await library.refresh(), await library.refresh()] == [1, 0]
    shelf.put(replace(example[0], version=2))
    assert await library.refresh() == 0


async def test_what_changes_while_loading_comes_with_the_next_refresh(
    example: tuple[Article, ...],
) -> None:
    class Busy(Shelf):
        async def published(self, city: str) -> Sequence[Article]:
            read = await super().published(city)
            if not self.changes:
                self.put(replace(example[0], answer="改过的答案。", version=2))
            return read

    busy = Busy(example)
    library = Library(busy, city="_example", now=Watch())
    await library.load()
    await library.refresh()
    assert (await library.search(example[0].question, limit=1)).hits[0].answer == "改过的答案。"


async def test_a_store_that_fails_is_asked_again_from_the_same_mark(
    library: Library, shelf: Shelf, make: MakeArticle, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(mark: str | None) -> tuple[Sequence[Article], str]:
        raise ConnectionError

    shelf.put(make())
    with monkeypatch.context() as patch:
        patch.setattr(shelf, "changed_since", away)
        with pytest.raises(ConnectionError):
            await library.refresh()
    assert await library.refresh() == 1


@pytest.mark.duty("PDS-22")
async def test_an_article_expires_to_the_second_without_a_refresh(shelf: Shelf, make: MakeArticle) -> None:
    watch = Watch()
    shelf.put(make(valid_to=NOW + timedelta(seconds=1)))
    library = Library(shelf, city="_example", now=watch)
    await library.load()
    assert (await library.search("示例路能停车吗", limit=1)).answered
    assert library.article(make().id) is not None
    watch.at = NOW + timedelta(seconds=1)
    found = await library.search("示例路能停车吗", limit=6)
    assert make().id not in {hit.article_id for hit in found.hits}
    assert not found.answered
    assert library.article(make().id) is None


async def test_articles_of_another_city_stay_out(library: Library, shelf: Shelf, make: MakeArticle) -> None:
    shelf.put(make(city="elsewhere"))
    assert await library.refresh() == 0
    assert len(library) == 6


async def test_refreshing_first_loads(shelf: Shelf) -> None:
    library = Library(shelf, city="_example", now=Watch())
    assert await library.refresh() == 6
    assert (await library.search("可以要求保密吗", limit=1)).answered


async def test_current_articles_are_those_that_hold_now(
    library: Library, shelf: Shelf, make: MakeArticle
) -> None:
    shelf.put(make("old", valid_to=NOW))
    shelf.put(make("present"))
    await library.refresh()
    listed = {article.external_id for article in library.current()}
    assert "present" in listed
    assert "old" not in listed
    assert len(listed) == 7


async def test_no_change_waits_until_the_rule_is_fitted(shelf: Shelf, make: MakeArticle) -> None:
    asked = 0

    async def golden() -> Sequence[Golden]:
        nonlocal asked
        asked += 1
        return ()

    library = Library(shelf, city="_example", now=Watch(), golden=golden)
    await library.load()
    shelf.put(make())
    await library.refresh()
    assert (await library.search("示例路能停车吗", limit=1)).answered
    assert asked == 1  # for what was loaded
    for _ in range(2):
        await library.refit()
    assert asked == 2
