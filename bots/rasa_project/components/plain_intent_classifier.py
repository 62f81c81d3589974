"""Tells the intent by TF-IDF of characters and a logistic regression, kept without pickle."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any

import numpy as np
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.shared.exceptions import RasaException
from rasa.shared.nlu.constants import INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

TICKET = re.compile(r"(?<![0-9a-z])20\d{6}[0-9a-z]{9}(?![0-9a-z])")
DIGIT = re.compile(r"\d")
BLANKS = re.compile(r"\s\s+")


def fold(text: str) -> str:
    """Return ``text`` in lower case, a ticket number as one sign, every other digit as 0: its value tells no intent."""
    return DIGIT.sub("0", TICKET.sub("#", text.lower()))


def framed(message: Message) -> str:
    """Return the folded text between marks: how a short message begins and ends says what it is."""
    return f"^{fold(message.get(TEXT))}$"


def characters(**options: Any) -> TfidfVectorizer:
    """Return the vectorizer over characters, one to three at a time."""
    return TfidfVectorizer(analyzer="char", ngram_range=(1, 3), sublinear_tf=True, lowercase=False, **options)


def pieces(text: str) -> list[str]:
    """Return what ``characters`` counts in ``text``: every one, two and three characters in a row."""
    text = BLANKS.sub(" ", text)
    return [text[start : start + length] for length in (1, 2, 3) for start in range(len(text) - length + 1)]


def learnt(taught: list[Message], **options: Any) -> tuple[dict[str, int], dict[str, np.ndarray]]:
    """Fit on ``taught`` and return the vocabulary, each term with its column, and the weights."""
    vectorizer = characters(min_df=2)  # what was seen once only is noise
    rows = vectorizer.fit_transform([framed(message) for message in taught])
    model = LogisticRegression(random_state=7, **options)
    model.fit(rows, [message.get(INTENT) for message in taught])
    return {term: int(column) for term, column in vectorizer.vocabulary_.items()}, {
        "rarity": vectorizer.idf_,
        "coef": model.coef_,
        "intercept": model.intercept_,
        "classes": np.asarray(model.classes_, dtype=str),
    }


class Scales:
    """A trained model at work: scikit-learn's arithmetic without its checks, which take longer than it does."""

    def __init__(self, vocabulary: dict[str, int], weights: dict[str, np.ndarray]) -> None:
        self.classes = [str(name) for name in weights["classes"]]
        self._intercept = weights["intercept"]
        self._vocabulary = vocabulary
        self._rarity = weights["rarity"]
        self._coefficients = np.ascontiguousarray(weights["coef"].T)

    def chances(self, text: str) -> np.ndarray:
        """Return the probability of each class for a framed text."""
        scores = self._intercept.copy()
        known = Counter(term for term in pieces(text) if term in self._vocabulary)
        if known:
            columns = np.fromiter((self._vocabulary[term] for term in known), dtype=np.intp)
            row = (1.0 + np.log(np.fromiter(known.values(), dtype=float))) * self._rarity[columns]
            scores += (row / np.sqrt(row @ row)) @ self._coefficients[columns]
        weighed = np.exp(scores - scores.max())
        return weighed / weighed.sum()


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class PlainIntentClassifier(GraphComponent, IntentClassifier):
    """A logistic regression whose ``C`` is ours to set; Rasa's own ignores it."""

    @staticmethod
    def required_packages() -> list[str]:
        """Rasa's environment brings it."""
        return ["sklearn"]

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """``C`` is the inverse of the regularisation, ``ranking`` how many intents are told."""
        return {"C": 20.0, "max_iter": 1000, "ranking": 5}

    def __init__(self, config: dict[str, Any], storage: ModelStorage, resource: Resource) -> None:
        self._config = config
        self._storage = storage
        self._resource = resource
        self._scales: Scales | None = None  #: nothing before it is trained or loaded

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> PlainIntentClassifier:
        """Return an untrained classifier."""
        return cls(config, model_storage, resource)

    def train(self, training_data: TrainingData) -> Resource:
        """Fit on every example that has a text and an intent, and keep what was learnt."""
        taught = [
            message for message in training_data.intent_examples if message.get(TEXT) and message.get(INTENT)
        ]
        self._keep(*learnt(taught, C=float(self._config["C"]), max_iter=int(self._config["max_iter"])))
        return self._resource

    def process(self, messages: list[Message]) -> list[Message]:
        """Write the intent, its probability and the ranking into each message."""
        for message in messages:
            if message.get(TEXT):
                self._tell(message)
        return messages

    def _tell(self, message: Message) -> None:
        if self._scales is None:
            raise RasaException("the intent classifier was neither trained nor loaded")
        chances = self._scales.chances(framed(message))
        best = np.argsort(chances)[::-1][: int(self._config["ranking"])]
        ranking = [{"name": self._scales.classes[i], "confidence": float(chances[i])} for i in best]
        message.set("intent", ranking[0], add_to_output=True)
        message.set("intent_ranking", ranking, add_to_output=True)

    def _keep(self, vocabulary: dict[str, int], weights: dict[str, np.ndarray]) -> None:
        """Write plain JSON and arrays: a model file must not be able to run code when it is loaded."""
        with self._storage.write_to(self._resource) as folder:
            (folder / "vocabulary.json").write_text(
                json.dumps(vocabulary, ensure_ascii=False), encoding="utf-8"
            )
            np.savez(folder / "weights.npz", **weights)
        self._scales = Scales(vocabulary, weights)

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> PlainIntentClassifier:
        """Return the classifier as it was kept."""
        loaded = cls(config, model_storage, resource)
        with model_storage.read_from(resource) as folder:
            vocabulary = json.loads((folder / "vocabulary.json").read_text(encoding="utf-8"))
            with np.load(folder / "weights.npz", allow_pickle=False) as weights:
                kept = {name: weights[name] for name in weights.files}
        loaded._scales = Scales(vocabulary, kept)
        return loaded
