"""An article is whole or it is refused, and it holds for exactly its time."""

from datetime import datetime, timedelta

import pytest

from hotline.calendar import CITY_TIME
from kb.article import MAX_SHORT_ANSWER, ArticleError, Status, article_id
from tests.unit.kb.conftest import NOW, MakeArticle

SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"question": "  "}, "question：不能为空"),
        ({"answer": ""}, "answer：不能为空"),
        ({"question": "长" * 201}, "question：超过200字"),
        ({"similar": ("好", " ")}, "空的问法"),
        ({"short_answer": "长" * (MAX_SHORT_ANSWER // 3 + 1)}, "字节"),
        ({"answer": "有\x00"}, "不能保存的字符"),
        ({"answer": "有\ud800"}, "不能保存的字符"),
        ({"source": ""}, "没有依据不能发布"),
        ({"version": 0}, "version"),
        ({"updated_at": datetime(2026, 1, 1)}, "时区"),  # noqa: DTZ001 - the naive moment is the point
        ({"valid_from": NOW, "valid_to": NOW}, "到期要晚于生效"),
    ],
)
def test_a_half_right_article_is_refused_with_what_to_change(
    make: MakeArticle, changes: dict[str, object], words: str
) -> None:
    with pytest.raises(ArticleError, match=words):
        make(**changes)


def test_a_draft_may_still_lack_its_source(make: MakeArticle) -> None:
    assert make(source="", status=Status.DRAFT).source == ""


def test_everything_wrong_is_said_at_once(make: MakeArticle) -> None:
    with pytest.raises(ArticleError) as refused:
        make(question="", answer="", source="")
    assert str(refused.value).count("：") == 3


def test_an_article_holds_from_its_first_second_until_just_before_its_last(make: MakeArticle) -> None:
    start, end = NOW, NOW + timedelta(days=1)
    article = make(valid_from=start, valid_to=end)
    moments = (start - SECOND, start, end - SECOND, end)
    assert [article.is_current(moment) for moment in moments] == [False, True, True, False]


@pytest.mark.parametrize("status", [Status.DRAFT, Status.WITHDRAWN])
def test_only_published_articles_are_current(make: MakeArticle, status: Status) -> None:
    assert not make(status=status).is_current(NOW)


def test_validity_is_one_moment_in_every_time_zone(make: MakeArticle) -> None:
    article = make(valid_to=datetime(2026, 11, 23, tzinfo=CITY_TIME))
    assert not article.is_current(datetime.fromisoformat("2026-11-22T16:00:00+00:00"))
    assert article.is_current(datetime.fromisoformat("2026-11-22T15:59:59+00:00"))


def test_an_id_is_stable_and_differs_between_cities() -> None:
    assert article_id("_example", "a/b 甲") == article_id("_example", "a/b 甲")
    assert article_id("_example", "a") != article_id("another", "a")
    assert article_id("_example", "a/b 甲").isalnum()
