"""When not to answer: a wrong answer harms more than none."""

import math
from collections.abc import Collection, Mapping
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Self

import yaml

from kb.article import Article
from kb.words import grams as grams_of
from kb.words import plain

SHIPPED = Path(__file__).with_name("abstain.yaml")
FULL_LENGTH = 12  #: characters of a question that says what it wants


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """What speaks for and against the best hit; every figure lies between 0 and 1."""

    score: float  #: of the best hit, comparable between questions
    lead: float  #: of the best hit over the next one, as a share of its score
    matter: float  #: share of the question's telling words that the article holds
    asked: float  #: share of the question's characters and pairs that one phrasing holds
    alike: float  #: how much question and that phrasing hold in common, both ways
    strange: float  #: share of the question's telling words that no article holds
    length: float  #: a few characters tell too little to be sure of anything; 1 is twelve and more


NAMES = tuple(field.name for field in fields(Evidence))


@dataclass(frozen=True, kw_only=True, slots=True)
class AbstainRule:
    """A logistic over the evidence; an answer is shown from ``threshold`` on."""

    intercept: float
    weights: Mapping[str, float]
    threshold: float

    def confidence(self, evidence: Evidence) -> float:
        """Return how likely the best hit is the right answer, 0 to 1."""
        weighed = (self.weights[name] * value for name, value in zip(NAMES, astuple(evidence), strict=True))
        return logistic(self.intercept + sum(weighed))

    def allows(self, evidence: Evidence | None) -> bool:
        """Tell whether the best hit may be shown as the answer."""
        return evidence is not None and self.confidence(evidence) >= self.threshold

    @classmethod
    def shipped(cls) -> Self:
        """Return the rule kept in abstain.yaml."""
        kept = yaml.safe_load(SHIPPED.read_text(encoding="utf-8"))
        return cls(intercept=kept["intercept"], weights=kept["weights"], threshold=kept["threshold"])


def logistic(value: float) -> float:
    """Return 1 / (1 + e^-value) without overflow."""
    return 1 / (1 + math.exp(-value)) if value >= 0 else 1 - 1 / (1 + math.exp(value))


def evidence_of(
    *,
    text: str,
    grams: Mapping[str, float],
    words: Mapping[str, float],
    unknown: Collection[str],
    article: Article,
    score: float,
    runner_up: float,
) -> Evidence:
    """Weigh the plain question ``text`` against ``article``; grams and words come with their rarity."""
    phrasings = [frozenset(grams_of(plain(phrasing))) for phrasing in article.phrasings()]
    asked, alike = max(((_share(grams, held), _dice(grams, held)) for held in phrasings), key=sum)
    whole = plain(" ".join((*article.phrasings(), article.answer)))
    return Evidence(
        score=score,
        lead=(score - runner_up) / score if score else 0.0,
        matter=_share(words, [word for word in words if word in whole]),
        asked=asked,
        alike=alike,
        strange=_share(words, unknown),
        length=min(1.0, len(text) / FULL_LENGTH),
    )


def _share(weights: Mapping[str, float], held: Collection[str]) -> float:
    total = sum(weights.values())
    return sum(weight for term, weight in weights.items() if term in held) / total if total else 0.0


def _dice(terms: Collection[str], held: Collection[str]) -> float:
    common = sum(term in held for term in terms)
    return 2 * common / (len(terms) + len(held)) if held else 0.0
