"""The abstaining rule, fitted again to a city's own golden questions and the articles that are published now."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import cache
from pathlib import Path

import yaml

from kb.abstaining import AbstainRule
from kb.fitting import ANSWERED, LEFT_OUT, UNANSWERED, Row, fit, threshold_of, unseen
from kb.golden import Golden
from kb.search import ArticleIndex

FEWEST = 100  #: answerable questions from which on they tell more than the rule that we ship
FOLDS = 5


@cache
def small_talk() -> tuple[str, ...]:
    """Return messages that no hotline answers."""
    return tuple(yaml.safe_load(Path(__file__).with_name("small_talk.yaml").read_text(encoding="utf-8")))


def refitted(
    index: ArticleIndex,
    golden: Sequence[Golden],
    shipped: AbstainRule,
    at: datetime,
) -> AbstainRule:
    """Return the rule for the articles in ``index``; the shipped one where the questions are too few to tell.

    Each question is also asked while its own article is left out. The same input gives the same rule everywhere.
    """
    answerable = [one for one in golden if one.article_id and index.article(one.article_id) is not None]
    not_answered = [one.question for one in golden if not one.article_id]
    if len(answerable) < FEWEST:
        return shipped
    rows = [row for one in answerable for row in _rows(index, one.article_id, one.question, at)]
    rows += [
        Row(kind=UNANSWERED, group=said, evidence=evidence, right=False)
        for said in (*small_talk(), *not_answered)
        if (evidence := index.look_up(said, 1, at).evidence)
    ]
    return fit(rows, threshold_of(unseen(rows, FOLDS)))


def _rows(index: ArticleIndex, id: str, question: str, at: datetime) -> Iterator[Row]:
    for kind, without in ((ANSWERED, ""), (LEFT_OUT, id)):
        found = index.look_up(question, 1, at, without=without)
        if found.evidence is not None:
            yield Row(kind=kind, group=id, evidence=found.evidence, right=found.hits[0].article_id == id)
