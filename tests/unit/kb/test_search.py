"""The right article comes first, at once, for as long as it holds, whatever is typed."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kb.article import Article, Status
from kb.search import ArticleIndex
from kb.starters import Questions
from kb.words import grams, plain, words
from tests.unit.kb.conftest import NOW, MakeArticle

SECOND = timedelta(seconds=1)


def first_shares(index: ArticleIndex, articles: tuple[Article, ...], questions: Questions) -> float:
    """Return R@1 over the labelled questions."""
    named = {article.external_id: article.id for article in articles}
    asked = [(named[key], question) for key, group in questions.answered.items() for question in group]
    right = [index.search(question, 1, NOW)[0].article_id == wanted for wanted, question in asked]
    return sum(right) / len(right)


def test_questions_in_other_words_find_their_article(
    example_index: ArticleIndex, example: tuple[Article, ...], example_questions: Questions
) -> None:
    assert first_shares(example_index, example, example_questions) >= 0.95


@pytest.mark.parametrize("room", [0, 3, 30])
def test_where_articles_are_many_a_question_is_still_found_by_its_rarest_words(
    make: MakeArticle, monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    monkeypatch.setattr("kb.search.MOST_HELD", room)
    index = ArticleIndex()
    common = [make(external_id=f"many-{n}", question=f"第{n}号停车场在哪里", similar=()) for n in range(20)]
    wanted = make(external_id="wanted", question="轮椅停车场在哪里", similar=())
    index.rebuild([*common, wanted])
    hits = index.search("轮椅停车场在哪里", 5, NOW)
    assert hits[0].article_id == wanted.id
    assert (len(hits) == 1) == (room < 21)  # what all of them hold is not read any more


def test_an_answer_comes_back_verbatim_with_source_unit_and_version(make: MakeArticle) -> None:
    index = ArticleIndex()
    answer = "  第一行\n\n- 甲：“引号”\n- ＡＢＣ １２３\n"
    index.rebuild([make(answer=answer, unit="示例市停车中心", version=7)])
    hit = index.search("示例路停车", 1, NOW)[0]
    assert (hit.answer, hit.unit, hit.version) == (answer, "示例市停车中心", 7)
    assert (hit.source, hit.updated_at) == ("《示例市停车办法》第二条", NOW)


def test_scores_lie_between_0_and_1_and_fall(example_index: ArticleIndex) -> None:
    scores = [hit.score for hit in example_index.search("投诉以后多久答复，可以延期吗", 6, NOW)]
    assert len(scores) == 6
    assert scores == sorted(scores, reverse=True)
    assert all(0 < score <= 1 for score in scores)


def test_the_own_question_scores_higher_than_a_strange_one(example_index: ArticleIndex) -> None:
    own = example_index.search("可以要求保密吗", 1, NOW)[0].score
    strange = example_index.search("可以退火车票吗", 1, NOW)[0].score
    assert own > 2 * strange


def test_an_article_is_found_exactly_while_it_holds(make: MakeArticle) -> None:
    index = ArticleIndex()
    end = NOW + timedelta(days=1)
    index.rebuild([make(valid_from=NOW, valid_to=end)])
    moments = (NOW - SECOND, NOW, end - SECOND, end)
    assert [len(index.search("示例路停车", 5, moment)) for moment in moments] == [0, 1, 1, 0]


def test_expired_articles_never_crowd_out_the_one_that_holds(make: MakeArticle) -> None:
    index = ArticleIndex()
    expired = [make(f"old-{n}", valid_to=NOW) for n in range(60)]
    index.rebuild([*expired, make("present", question="示例路现在能停车吗", similar=("晚上呢",))])
    hits = index.search("示例路能停车吗", 3, NOW)
    assert [index.article(hit.article_id).external_id for hit in hits] == ["present"]  # type: ignore[union-attr]


def test_a_replaced_answer_is_the_next_one_given(make: MakeArticle) -> None:
    index = ArticleIndex()
    index.rebuild([make()])
    index.replace([make(answer="示例路从今天起不能停车。", version=2)])
    hits = index.search("示例路停车", 5, NOW)
    assert [(hit.answer, hit.version) for hit in hits] == [("示例路从今天起不能停车。", 2)]


def test_a_new_article_is_found_and_a_removed_one_is_gone(make: MakeArticle) -> None:
    index = ArticleIndex()
    index.replace([make()])
    assert index.search("示例路停车", 5, NOW)
    index.remove([make().id, "unknown"])
    assert not index.search("示例路停车", 5, NOW)
    assert len(index) == 0


@pytest.mark.parametrize("status", [Status.DRAFT, Status.WITHDRAWN])
def test_what_is_not_published_is_not_found_and_takes_the_old_version_away(
    make: MakeArticle, status: Status
) -> None:
    index = ArticleIndex()
    index.rebuild([make()])
    index.replace([make(status=status, version=2)])
    assert not index.search("示例路停车", 5, NOW)


def test_putting_the_very_same_article_again_changes_nothing(make: MakeArticle) -> None:
    index, article = ArticleIndex(), make()
    index.rebuild([article])
    index.replace([article])
    index.rebuild([article])
    assert len(index.search("示例路停车", 5, NOW)) == 1


def test_the_last_of_two_versions_in_one_batch_counts(make: MakeArticle) -> None:
    index = ArticleIndex()
    index.replace([make(answer="旧"), make(answer="新", version=2)])
    assert [hit.answer for hit in index.search("示例路停车", 5, NOW)] == ["新"]


def test_rebuilding_forgets_what_was_there(make: MakeArticle) -> None:
    index = ArticleIndex()
    index.rebuild([make("a"), make("b")])
    index.rebuild([make("c")])
    assert len(index.search("示例路停车", 5, NOW)) == 1


def test_a_write_that_breaks_off_leaves_the_index_as_it_was(make: MakeArticle) -> None:
    def broken() -> object:
        yield make(answer="新", version=2)
        raise RuntimeError("storage went away")

    index = ArticleIndex()
    index.rebuild([make(answer="旧")])
    with pytest.raises(RuntimeError):
        index.replace(broken())  # type: ignore[arg-type]
    index.replace([make("other", question="天桥几点开", answer="七点。")])
    assert [hit.answer for hit in index.search("示例路停车", 5, NOW)] == ["旧"]


def test_searches_go_on_while_the_index_is_written(make: MakeArticle) -> None:
    index = ArticleIndex()
    index.rebuild([make()])

    def read() -> set[int]:
        return {len(index.search("示例路停车", 5, NOW)) for _ in range(300)}

    with ThreadPoolExecutor(max_workers=1) as pool:
        reading = pool.submit(read)
        for version in range(2, 40):
            index.replace([make(version=version)])
    assert reading.result() == {1}


HARD = st.sampled_from(
    [
        '"',
        "'",
        "AND",
        "OR NOT",
        "answer:",
        "()",
        "[* TO *]",
        "^9",
        "~",
        "\\",
        "/.*/",
        "😀",
        "\x00",
        "\ud800",
        "停车",
    ]
)
ANYTHING = st.one_of(st.text(max_size=50), st.lists(st.one_of(HARD, st.text(max_size=5))).map(" ".join))


@settings(max_examples=300, print_blob=True, deadline=None)
@given(question=ANYTHING, limit=st.integers(-1, 10))
def test_no_input_makes_searching_fail(example_index: ArticleIndex, question: str, limit: int) -> None:
    found = example_index.look_up(question, limit, NOW)
    assert len(found.hits) <= max(0, limit)
    assert all(0 <= hit.score <= 1 for hit in found.hits)


@pytest.mark.parametrize(
    "letter", ["停车" * 5000, "，" * 10_000, "a" * 10_000, "投诉以后多久答复" + "。好" * 5000]
)
def test_a_long_letter_is_read_no_further_than_a_question(example_index: ArticleIndex, letter: str) -> None:
    assert example_index.search(letter, 3, NOW) == example_index.search(letter[:100], 3, NOW)


CHANGES = st.lists(
    st.tuples(st.integers(0, 4), st.sampled_from(list(Status)), st.booleans()), min_size=1, max_size=12
)


@settings(max_examples=40, print_blob=True, deadline=None)
@given(changes=CHANGES)
def test_the_index_always_holds_exactly_what_is_published(changes: list[tuple[int, Status, bool]]) -> None:
    index = ArticleIndex()
    kept: dict[str, int] = {}
    for version, (number, status, removed) in enumerate(changes, start=1):
        article = Article.drafted(
            city="_example",
            external_id=f"a{number}",
            question="示例路能停车吗",
            answer=f"第{version}版",
            source="《示例市停车办法》第二条",
            version=version,
            status=status,
            updated_at=NOW,
        )
        if removed:
            index.remove([article.id])
        else:
            index.replace([article])
        kept.pop(article.id, None)
        if status is Status.PUBLISHED and not removed:
            kept[article.id] = version
    assert {hit.article_id: hit.version for hit in index.search("停车", 10, NOW)} == kept


@pytest.mark.parametrize(
    ("text", "terms"), [("停车", ["停", "车", "停车"]), ("ＡB，1", ["a", "b", "ab", "1"]), ("？！😀", [])]
)
def test_characters_and_neighbours_are_terms(text: str, terms: list[str]) -> None:
    assert sorted(grams(plain(text))) == sorted(terms)


def test_words_that_only_ask_are_no_terms() -> None:
    assert words(plain("请问怎么停车呢？")) == ["停车"]
