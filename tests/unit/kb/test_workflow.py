"""The way of an article through review: every step, by everybody, from every stage."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.calendar import CITY_TIME
from kb.abstaining import AbstainRule
from kb.article import Article, Status
from kb.differing import differences, parts_of
from kb.golden import Golden, Outcome, tried
from kb.grouping import grouped
from kb.importing import checked_articles
from kb.importing import written as as_file
from kb.workflow import (
    Actor,
    Part,
    Stage,
    Standing,
    Step,
    StepRefusedError,
    Working,
    standing,
    stepped,
    why_not,
    written,
)  # fmt: skip
from tests.unit.kb.conftest import NOW, MakeArticle

EDITOR = Actor(id=1, part=Part.EDITOR)
UNIT = Actor(id=2, part=Part.UNIT, unit="示例局")
REVIEWER = Actor(id=3, part=Part.REVIEWER)


@pytest.fixture
def draft(make: MakeArticle) -> Working:
    article = make(unit="示例局", status=Status.DRAFT)
    return written(Working(article=article, revision=0, since=NOW, edited_at=NOW), article, EDITOR, at=NOW)


def test_an_article_goes_from_its_author_to_the_unit_to_the_centre(draft: Working) -> None:
    checking = stepped(draft, Step.SUBMIT, EDITOR, at=NOW)
    reviewing = stepped(checking, Step.CHECK, UNIT, at=NOW + timedelta(days=1))
    assert draft.authors == {1}
    assert (checking.stage, reviewing.stage) == (Stage.CHECKING, Stage.REVIEWING)
    assert reviewing.since == NOW + timedelta(days=1) and reviewing.checked_by == 2
    assert why_not(reviewing, Step.PUBLISH, REVIEWER) is None


@pytest.mark.parametrize(
    ("stage", "step", "actor", "remark", "why"),
    [
        (Stage.DRAFT, Step.PUBLISH, REVIEWER, "", "stage"),
        (Stage.REVIEWING, Step.PUBLISH, EDITOR, "", "part"),
        (Stage.REVIEWING, Step.PUBLISH, replace(REVIEWER, id=1), "", "author"),
        (Stage.CHECKING, Step.CHECK, replace(UNIT, unit="别的局"), "", "unit"),
        (Stage.CHECKING, Step.CHECK, replace(REVIEWER, id=1), "函", "author"),
        (Stage.CHECKING, Step.CHECK, REVIEWER, " ", "remark"),
        (Stage.CHECKING, Step.RETURN, UNIT, "", "remark"),
        (Stage.REVIEWING, Step.RETURN, UNIT, "不对", "unit"),
        (Stage.REVIEWING, Step.WRITE, EDITOR, "", "stage"),
        (Stage.REVIEWING, Step.DISCARD, EDITOR, "", "stage"),
        (Stage.DRAFT, Step.WRITE, replace(UNIT, unit="别的局"), "", "unit"),
        (Stage.DRAFT, Step.SUBMIT, replace(UNIT, unit=""), "", "unit"),
        (Stage.DRAFT, Step.DISCARD, UNIT, "", "unit"),
        (Stage.REVIEWING, Step.WRITE, UNIT, "", "stage"),
    ],
)
def test_a_step_that_is_not_one_s_own_is_refused_with_its_reason(
    draft: Working, stage: Stage, step: Step, actor: Actor, remark: str, why: str
) -> None:
    assert why_not(replace(draft, stage=stage), step, actor, remark=remark) == why


@pytest.mark.duty("PDS-22", "BD-29")
def test_a_unit_writes_its_own_and_a_colleague_there_checks(draft: Working) -> None:
    article = draft.article
    begun = Working(article=article, revision=0, since=NOW, edited_at=NOW)
    own = stepped(written(begun, article, UNIT, at=NOW), Step.SUBMIT, UNIT, at=NOW)
    assert why_not(own, Step.CHECK, UNIT) == "author"
    checked = stepped(own, Step.CHECK, replace(UNIT, id=4), at=NOW)
    assert why_not(checked, Step.PUBLISH, UNIT) == "part"
    assert why_not(checked, Step.PUBLISH, REVIEWER) is None
    assert why_not(written(begun, article, UNIT, at=NOW), Step.DISCARD, UNIT) is None
    with pytest.raises(StepRefusedError, match="unit"):  # nobody gives an article to another
        written(begun, replace(article, unit="别的局"), UNIT, at=NOW)


def test_a_regression_needs_a_reason_and_a_submission_a_source(draft: Working) -> None:
    reviewing = replace(draft, stage=Stage.REVIEWING)
    assert why_not(reviewing, Step.PUBLISH, REVIEWER, regressions=1) == "regression"
    assert why_not(reviewing, Step.PUBLISH, REVIEWER, regressions=1, remark="要撤") is None
    bare = replace(draft, article=replace(draft.article, source=" "))
    assert why_not(bare, Step.SUBMIT, EDITOR) == "source"


@given(
    steps=st.lists(
        st.tuples(st.sampled_from(list(Step)), st.sampled_from((EDITOR, UNIT, REVIEWER)), st.booleans()),
        max_size=15,
    )
)
def test_nothing_reaches_review_unchecked_and_nobody_reviews_their_own(
    steps: list[tuple[Step, Actor, bool]],
) -> None:
    article = Article.drafted(
        city="_example",
        external_id="a",
        question="问",
        answer="答",
        source="据",
        unit="示例局",
        updated_at=NOW,
    )
    working = Working(article=article, since=NOW, edited_at=NOW)
    checked = False
    for step, actor, says_why in steps:
        remark = "因为" if says_why else ""
        try:
            if step is Step.WRITE:
                working, checked = written(working, article, actor, at=NOW), False
            elif step in (Step.SUBMIT, Step.CHECK, Step.RETURN):
                working = stepped(working, step, actor, at=NOW, remark=remark)
                checked = step is Step.CHECK
        except StepRefusedError:
            continue
        if why_not(working, Step.PUBLISH, actor, remark=remark) is None:
            assert checked and actor.id not in working.authors


def test_an_article_expires_to_the_second_and_is_announced_thirty_days_before(make: MakeArticle) -> None:
    end = NOW + timedelta(days=40)
    article = make(valid_from=NOW, valid_to=end)
    second = timedelta(seconds=1)
    moments = (NOW - second, NOW, end - timedelta(days=30), end - second, end)
    found = [standing(article, moment.astimezone(CITY_TIME)) for moment in moments]
    assert found == [
        Standing.AHEAD, Standing.PUBLISHED, Standing.EXPIRING, Standing.EXPIRING, Standing.EXPIRED,
    ]  # fmt: skip
    assert standing(replace(article, status=Status.WITHDRAWN), NOW) is Standing.WITHDRAWN


def test_a_trial_names_what_gets_worse_first(make: MakeArticle, example: tuple[Article, ...]) -> None:
    noise = make("noise", question="晚上装修吵怎么办", similar=("半夜装修吵到睡不着",))
    rival = make("rival", question="半夜装修吵到睡不着怎么办", similar=("半夜装修吵到睡不着",), version=1)
    trial = tried([noise, *example], rival, (), AbstainRule.shipped(), NOW)
    assert [(one.question, one.outcome) for one in trial.changes] == [
        ("半夜装修吵到睡不着", Outcome.WORSE),
        ("半夜装修吵到睡不着怎么办", Outcome.BETTER),
    ]
    same = tried([noise, *example], replace(noise, version=2), (), AbstainRule.shipped(), NOW)
    assert not same.worse and {one.outcome for one in same.changes} == {Outcome.VERSION}
    silent = tried(
        [noise, *example],
        rival,
        [Golden(question="半夜装修吵到睡不着", article_id="")],
        AbstainRule.shipped(),
        NOW,
    )
    assert silent.worse == ()  # nothing should answer it, and something already does


@given(old=st.text("一二三。\n", max_size=12), new=st.text("一二三。\n", max_size=12))
def test_both_texts_can_be_read_off_their_difference(old: str, new: str) -> None:
    parts = parts_of(old, new)
    assert "".join(part.text for part in parts if part.old) == old
    assert "".join(part.text for part in parts if part.new) == new


def test_only_fields_that_differ_are_compared(make: MakeArticle) -> None:
    (change,) = differences(make(), make(answer="不能停。"))
    assert change.name == "answer"


def test_questions_that_ask_the_same_come_together() -> None:
    asked = ["电动车上牌在哪里", "取公积金还房贷要什么材料", "公积金还房贷要啥材料", "取公积金还房贷什么材料"]
    assert [group.places for group in grouped(asked)] == [(1, 2, 3), (0,)]


@pytest.mark.parametrize("kind", ["csv", "xlsx", "jsonl"])
def test_what_is_written_to_a_file_is_read_in_again(make: MakeArticle, kind: str) -> None:
    article = make(
        similar=("甲", "乙"), unit="示例局", region="示例县", short_answer="=1+1", keywords=("丙",), national=True,
        valid_to=NOW, law_since=NOW.date(), answer="第一行\n\n- 甲",
    )  # fmt: skip
    read, problems = checked_articles(
        as_file([article], kind=kind), name=f"a.{kind}", city="_example", at=NOW, status=Status.PUBLISHED
    )
    assert problems == () and read == (article,)
