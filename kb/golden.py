"""Golden questions: what must be answered by which article; run before anything is published."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from hotline.understanding import Finding
from kb.abstaining import AbstainRule
from kb.article import Article
from kb.search import ArticleIndex, Search


class Outcome(StrEnum):
    """What a publication does to the answer to one question."""

    WORSE = "worse"  #: it was right, and would not be
    BETTER = "better"  #: it was not right, and would be
    OTHER = "other"  #: another answer, neither of them the right one
    VERSION = "version"  #: the same article in another version


@dataclass(frozen=True, kw_only=True, slots=True)
class Golden:
    """A question with the article that must answer it; an empty id: nothing may."""

    question: str
    article_id: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """A question whose answer changes; an empty title says that nothing answers."""

    question: str
    wanted: str
    before: str
    after: str
    outcome: Outcome


@dataclass(frozen=True, kw_only=True, slots=True)
class Trial:
    """What a publication would do."""

    asked: int
    changes: tuple[Change, ...]

    @property
    def worse(self) -> tuple[Change, ...]:
        """The changes that block it."""
        return tuple(change for change in self.changes if change.outcome is Outcome.WORSE)


def tried(
    articles: Sequence[Article],
    candidate: Article,
    golden: Iterable[Golden],
    rule: AbstainRule,
    at: datetime,
) -> Trial:
    """Ask every golden question and every phrasing before and after ``candidate`` takes its place among ``articles``.

    Builds an index of its own, which takes about a third of a millisecond for each article: call it in a thread.
    """
    kept = [article for article in articles if article.id != candidate.id]
    index = ArticleIndex()
    index.rebuild(articles)
    # a phrasing that a published article has already stays that one's
    questions = {asked: article.id for article in (candidate, *kept) for asked in article.phrasings()}
    questions |= {one.question: one.article_id for one in golden}  # what a person decided counts
    before = {question: judged(index.look_up(question, 1, at), rule) for question in questions}
    index.replace([candidate])
    titles = {article.id: article.question for article in (*kept, candidate)}
    changes = []
    for question, wanted in questions.items():
        after = judged(index.look_up(question, 1, at), rule)
        if change := _change(question, wanted, before[question], after, titles):
            changes.append(change)
    order = list(Outcome)
    return Trial(
        asked=len(questions), changes=tuple(sorted(changes, key=lambda one: order.index(one.outcome)))
    )


def _change(
    question: str, wanted: str, before: Finding, after: Finding, titles: dict[str, str]
) -> Change | None:
    was, would_be = _given(before), _given(after)
    if was == would_be:
        return None
    if was[:1] == would_be[:1]:
        outcome = Outcome.VERSION
    elif was[0] == wanted:
        outcome = Outcome.WORSE
    else:
        outcome = Outcome.BETTER if would_be[0] == wanted else Outcome.OTHER
    return Change(
        question=question,
        wanted=titles.get(wanted, ""),
        before=titles.get(was[0], ""),
        after=titles.get(would_be[0], ""),
        outcome=outcome,
    )


def _given(finding: Finding) -> tuple[str, int]:
    """Return id and version of the article that answers; an empty id where nothing does."""
    return (finding.hits[0].article_id, finding.hits[0].version) if finding.answered else ("", 0)


def judged(found: Search, rule: AbstainRule) -> Finding:
    """Return what a search found, with scores that say how likely each hit is the right answer.

    The scores of one question keep their order and proportions; the best one's is the rule's confidence.
    """
    if not found.hits or found.evidence is None:
        return Finding()
    confidence, top = rule.confidence(found.evidence), found.hits[0].score
    hits = tuple(replace(hit, score=confidence * (hit.score / top if top else 0.0)) for hit in found.hits)
    return Finding(hits=hits, answered=rule.allows(found.evidence))
