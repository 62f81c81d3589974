"""Compare ways to tell the intent without a server, with Rasa's own Python from the project's root:

``PYTHONPATH=bots/rasa_project .rasa-venv/bin/python bots/rasa_project/tests/compare.py``

Five folds over the training sentences, then the test sentences of ``second.jsonl``, for each candidate: right, and macro F1.
"""

import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import jieba
import numpy as np
import yaml
from components.plain_intent_classifier import fold
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.svm import LinearSVC

PROJECT = Path(__file__).resolve().parent.parent
MARKED = re.compile(r"\[([^\]]+)\]\((?:phone|ticket|place|time|name)\)")


def framed(text: str) -> str:
    """Return the text as the component frames it."""
    return f"^{fold(text)}$"


def words(text: str) -> list[str]:
    """Return the words that the tokenizer would give."""
    return [word for word in jieba.lcut(fold(text)) if word.strip()]


def taught() -> tuple[list[str], list[str]]:
    """Return sentences and intents of the training data."""
    texts, intents = [], []
    for path in sorted((PROJECT / "data" / "nlu").glob("*.yml")):
        for block in yaml.safe_load(path.read_text(encoding="utf-8"))["nlu"]:
            for line in block["examples"].splitlines() if "intent" in block else ():
                texts.append(MARKED.sub(r"\1", line.removeprefix("- ")))
                intents.append(block["intent"])
    return texts, intents


def characters(**options: Any) -> TfidfVectorizer:
    """Return the component's vectorizer over characters."""
    return TfidfVectorizer(
        analyzer="char", preprocessor=framed, ngram_range=(1, 3), sublinear_tf=True, min_df=2, **options
    )


def plain(model: Any) -> Pipeline:
    """Return characters and words before ``model``."""
    by_word = Pipeline([("words", TfidfVectorizer(analyzer=words, sublinear_tf=True))])
    return Pipeline(
        [("features", FeatureUnion([("characters", characters()), ("words", by_word)])), ("model", model)]
    )


def counted() -> Pipeline:
    """Return what Rasa's own classifier has in its usual pipeline: counts of words, of characters within them, balanced."""
    features = FeatureUnion(
        [
            ("words", CountVectorizer(analyzer=words)),
            ("characters", CountVectorizer(analyzer="char_wb", preprocessor=fold, ngram_range=(1, 4))),
        ]
    )
    return Pipeline(
        [("features", features), ("model", LogisticRegression(class_weight="balanced", max_iter=1000))]
    )


CANDIDATES: dict[str, Callable[[], Pipeline]] = {
    "characters and words, logistic regression, C=20": lambda: plain(
        LogisticRegression(C=20, max_iter=1000, random_state=7)
    ),
    "characters and words, C=5": lambda: plain(LogisticRegression(C=5, max_iter=1000, random_state=7)),
    "characters alone, C=20: in use": lambda: Pipeline(
        [("features", characters()), ("model", LogisticRegression(C=20, max_iter=1000, random_state=7))]
    ),
    "counts, balanced logistic regression (as Rasa's own)": counted,
    "characters and words, linear support vectors": lambda: plain(LinearSVC(C=0.5, random_state=7)),
}


def told(found: Sequence[str], right: Sequence[str]) -> str:
    """Return how many are right, with macro F1."""
    count = int(np.sum(np.asarray(found) == np.asarray(right)))
    return f"{count}/{len(right)} = {count / len(right):.3f}, macro F1 {f1_score(right, found, average='macro'):.3f}"


def main() -> None:
    """Print two lines for each candidate."""
    texts, intents = taught()
    rows = [json.loads(line) for line in (PROJECT / "tests" / "second.jsonl").read_text("utf-8").splitlines()]
    folds = StratifiedKFold(n_splits=5, shuffle=True, random_state=7)
    for name, candidate in CANDIDATES.items():
        print(name)
        print("  five folds:", told(cross_val_predict(candidate(), texts, intents, cv=folds), intents))
        found = candidate().fit(texts, intents).predict([row["text"] for row in rows])
        print("  second set:", told(list(found), [row["intent"] for row in rows]))


if __name__ == "__main__":
    main()
