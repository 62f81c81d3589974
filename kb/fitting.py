"""Fit the abstaining rule to labelled questions, and measure it on questions it has not seen.

``python -m kb.fitting --city CITY`` prints the figures; ``--write`` keeps the rule in abstain.yaml.
"""

import argparse
import random
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, astuple, dataclass
from datetime import UTC, datetime

import yaml

from kb.abstaining import NAMES, SHIPPED, AbstainRule, Evidence, logistic
from kb.article import Article
from kb.search import ArticleIndex
from kb.starters import Questions, starter_articles, starter_questions

FOLDS = 10
SHARES = 16  #: articles are taken away a sixteenth at a time, so that fitting hundreds of them stays quick
RIDGE = 0.3  #: keeps weights small where questions are few
#: What share of each kind of question may be answered although nobody wrote the answer. The bar for other
#: matters is .03, a third of it is kept for what we cannot foresee; with the near ones and those whose article is
#: missing held like this, every city still answers four of five of its own questions.
LIMITS = {"unanswered": 0.02, "near": 0.09, "left_out": 0.2}

ANSWERED, UNANSWERED, NEAR, LEFT_OUT = "answered", "unanswered", "near", "left_out"


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One labelled question: its evidence and whether the best hit is the right answer."""

    kind: str  #: answered, unanswered, near, or left_out: asked while its own article was missing
    group: str  #: rows of one group are never split between fitting and measuring
    evidence: Evidence
    right: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Figures:
    """How a rule does: shares of questions."""

    first: float  #: answerable questions whose article comes first
    answered: float  #: answerable questions that are answered
    wrong: float  #: wrong answers among those
    unanswered_answered: float  #: questions of other matters that are answered all the same
    near_answered: float  #: questions close to an article that are answered all the same
    left_out_answered: float  #: questions whose article was taken away that are answered all the same


def rows_of(articles: Sequence[Article], questions: Questions, at: datetime) -> list[Row]:
    """Ask every question, the answerable ones also while their article is missing."""
    index = ArticleIndex()
    index.rebuild(articles)
    rows = [
        row
        for article in articles
        for question in questions.answered.get(article.external_id, ())
        for row in _asked(index, ANSWERED, article, question, at)
    ]
    rows += [
        Row(kind=kind, group=question, evidence=evidence, right=False)
        for kind, asked in ((UNANSWERED, questions.unanswered), (NEAR, questions.near))
        for question in asked
        if (evidence := index.look_up(question, 1, at).evidence)
    ]
    for share in range(SHARES):
        # rebuilt, not removed: what is removed goes on counting for a while, and fitting must repeat exactly
        left_out = articles[share::SHARES]
        index.rebuild(article for article in articles if article not in left_out)
        rows += [
            row
            for article in left_out
            for question in questions.answered.get(article.external_id, ())
            for row in _asked(index, LEFT_OUT, article, question, at)
        ]
    return rows


def _asked(index: ArticleIndex, kind: str, article: Article, question: str, at: datetime) -> list[Row]:
    found = index.look_up(question, 1, at)
    if found.evidence is None:
        return []
    right = found.hits[0].article_id == article.id
    return [Row(kind=kind, group=article.external_id, evidence=found.evidence, right=right)]


def fit(rows: Sequence[Row], threshold: float = 1.0) -> AbstainRule:
    """Return the ridge logistic of greatest likelihood, by Newton's method."""
    inputs = [(1.0, *astuple(row.evidence)) for row in rows]
    labels = [float(row.right) for row in rows]
    weights = [0.0] * (len(NAMES) + 1)
    for _ in range(12):
        weights = [w + step for w, step in zip(weights, _newton(inputs, labels, weights), strict=True)]
    return AbstainRule(
        intercept=weights[0], weights=dict(zip(NAMES, weights[1:], strict=True)), threshold=threshold
    )


def _newton(
    inputs: Sequence[tuple[float, ...]], labels: Sequence[float], weights: list[float]
) -> list[float]:
    size = len(weights)
    ridge = [0.0, *[RIDGE] * (size - 1)]
    slope = [-r * w for r, w in zip(ridge, weights, strict=True)]
    curve = [[ridge[i] if i == j else 0.0 for j in range(size)] for i in range(size)]
    for values, label in zip(inputs, labels, strict=True):
        chance = logistic(sum(w * v for w, v in zip(weights, values, strict=True)))
        spread = max(chance * (1 - chance), 1e-9)
        for i in range(size):
            slope[i] += (label - chance) * values[i]
            for j in range(size):
                curve[i][j] += spread * values[i] * values[j]
    return _solved(curve, slope)


def _solved(matrix: list[list[float]], right: list[float]) -> list[float]:
    """Solve a small positive definite system by elimination."""
    rows = [[*row, value] for row, value in zip(matrix, right, strict=True)]
    for i, row in enumerate(rows):
        for other in rows[:i] + rows[i + 1 :]:
            factor = other[i] / row[i]
            other[i:] = [o - factor * r for o, r in zip(other[i:], row[i:], strict=True)]
    return [row[-1] / row[i] for i, row in enumerate(rows)]


def unseen(rows: Sequence[Row], folds: int = FOLDS) -> list[tuple[Row, float]]:
    """Return each row with the confidence of a rule fitted without its group."""
    return [
        (row, rule.confidence(row.evidence))
        for train, test in _split(rows, folds)
        for rule in (fit(train),)
        for row in test
    ]


def threshold_of(scored: Sequence[tuple[Row, float]]) -> float:
    """Return the lowest threshold at which every kind of unanswerable question stays in bounds."""
    found = {kind: sorted(_of(scored, kind), reverse=True) for kind in LIMITS}
    return max(_cut(found[kind], limit) for kind, limit in LIMITS.items() if found[kind])


def _cut(confidences: Sequence[float], limit: float) -> float:
    """Return what lies midway between the last confidence that is let through and the first that is not."""
    allowed = int(limit * len(confidences))
    if allowed >= len(confidences):
        return 0.0
    refused = confidences[allowed]
    return min(0.99, max(refused + 1e-6, (refused + confidences[allowed - 1]) / 2 if allowed else 0.0))


def _of(scored: Iterable[tuple[Row, float]], kind: str) -> list[float]:
    return [confidence for row, confidence in scored if row.kind == kind]


def fitted(rows: Sequence[Row]) -> AbstainRule:
    """Return the rule to ship: fitted on everything, its threshold chosen on unseen rows."""
    return fit(rows, threshold_of(unseen(rows)))


def measured(rows: Sequence[Row], folds: int = FOLDS) -> Figures:
    """Return what ``fitted`` does on questions that neither weights nor threshold have seen."""
    shown = [
        (row, rule.allows(row.evidence))
        for train, test in _split(rows, folds)
        for rule in (fitted(train),)
        for row in test
    ]
    return figures_of(shown)


def figures_of(shown: Sequence[tuple[Row, bool]]) -> Figures:
    """Sum up which rows were answered."""
    asked = [(row.right, answered) for row, answered in shown if row.kind == ANSWERED]
    given = [right for right, answered in asked if answered]
    return Figures(
        first=_mean([right for right, _ in asked]),
        answered=len(given) / max(1, len(asked)),
        wrong=_mean([not right for right in given]),
        unanswered_answered=_mean([answered for row, answered in shown if row.kind == UNANSWERED]),
        near_answered=_mean([answered for row, answered in shown if row.kind == NEAR]),
        left_out_answered=_mean([answered for row, answered in shown if row.kind == LEFT_OUT]),
    )


def _mean(flags: Sequence[bool]) -> float:
    return sum(flags) / len(flags) if flags else 0.0


def _split(rows: Sequence[Row], folds: int) -> Iterable[tuple[list[Row], list[Row]]]:
    groups = sorted({row.group for row in rows})
    random.Random(12345).shuffle(groups)  # the same folds each time
    fold_of = {group: number % folds for number, group in enumerate(groups)}
    for fold in range(folds):
        train = [row for row in rows if fold_of[row.group] != fold]
        yield train, [row for row in rows if fold_of[row.group] == fold]


def written(rule: AbstainRule, city: str) -> str:
    """Return the rule as the text of abstain.yaml."""
    kept: Mapping[str, object] = {
        "fitted_on": city,
        "intercept": round(rule.intercept, 4),
        "weights": {name: round(weight, 4) for name, weight in rule.weights.items()},
        "threshold": round(rule.threshold, 4),
    }
    note = "# Written by `python -m kb.fitting --write`; fit again when the articles change much.\n"
    return note + yaml.safe_dump(kept, sort_keys=False)


def main() -> None:
    """Print the figures for a city's starter articles and, if asked to, keep the rule."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--city", required=True)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    articles = starter_articles(options.city)
    rows = rows_of(articles, starter_questions(options.city), datetime.now(UTC))
    text = written(fitted(rows), options.city)
    figures = (f"{name} {share:.3f}\n" for name, share in asdict(measured(rows)).items())
    sys.stdout.write("".join(figures) + text)
    if options.write:
        SHIPPED.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
