"""Tells the intent by TF-IDF of characters and words and a logistic regression, kept without pickle."""

from __future__ import annotations

import json
import logging
import re
from collections import Counter
from typing import Any

import jieba
import numpy as np
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.nlu.constants import TOKENS_NAMES
from rasa.nlu.tokenizers.tokenizer import Tokenizer
from rasa.shared.exceptions import RasaException
from rasa.shared.nlu.constants import INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from scipy.sparse import hstack
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


def words_of(message: Message) -> list[str]:
    """Return the tokenizer's words, folded."""
    return [fold(token.text) for token in message.get(TOKENS_NAMES[TEXT], []) if token.text.strip()]


def as_they_are(words: list[str]) -> list[str]:
    """Let the tokenizer's words be the features."""
    return words


def characters(**options: Any) -> TfidfVectorizer:
    """Return the vectorizer over characters, one to three at a time."""
    return TfidfVectorizer(analyzer="char", ngram_range=(1, 3), sublinear_tf=True, lowercase=False, **options)


def words(**options: Any) -> TfidfVectorizer:
    """Return the vectorizer over the tokenizer's words."""
    return TfidfVectorizer(analyzer=as_they_are, sublinear_tf=True, **options)


def pieces(text: str) -> list[str]:
    """Return what ``characters`` counts in ``text``: every one, two and three characters in a row."""
    text = BLANKS.sub(" ", text)
    return [text[start : start + length] for length in (1, 2, 3) for start in range(len(text) - length + 1)]


def learnt(taught: list[Message], **options: Any) -> tuple[dict[str, dict[str, int]], dict[str, np.ndarray]]:
    """Fit on ``taught`` and return the vocabularies, each term with its column, and the weights."""
    by_character, by_word = characters(min_df=2), words()  # what was seen once only is noise
    rows = hstack(
        [
            by_character.fit_transform([framed(message) for message in taught]),
            by_word.fit_transform([words_of(message) for message in taught]),
        ],
        format="csr",
    )
    model = LogisticRegression(random_state=7, **options)
    model.fit(rows, [message.get(INTENT) for message in taught])
    vocabularies = {
        name: {term: int(column) for term, column in vectorizer.vocabulary_.items()}
        for name, vectorizer in (("characters", by_character), ("words", by_word))
    }
    return vocabularies, {
        "characters": by_character.idf_,
        "words": by_word.idf_,
        "coef": model.coef_,
        "intercept": model.intercept_,
        "classes": np.asarray(model.classes_, dtype=str),
    }


class Scales:
    """A trained model at work: scikit-learn's arithmetic without its checks, which take longer than it does."""

    def __init__(self, vocabularies: dict[str, dict[str, int]], weights: dict[str, np.ndarray]) -> None:
        self.classes = [str(name) for name in weights["classes"]]
        self._intercept = weights["intercept"]
        self._blocks = {}
        first = 0
        for name in ("characters", "words"):  # in the order of the columns
            rarity, columns = weights[name], slice(first, first + len(weights[name]))
            self._blocks[name] = (
                vocabularies[name],
                rarity,
                np.ascontiguousarray(weights["coef"][:, columns].T),
            )
            first = columns.stop

    def chances(self, text: str, said: list[str]) -> np.ndarray:
        """Return the probability of each class for a framed text and its words."""
        scores = self._intercept.copy()
        for name, terms in (("characters", pieces(text)), ("words", said)):
            vocabulary, rarity, coefficients = self._blocks[name]
            counts = {vocabulary[term]: count for term, count in Counter(terms).items() if term in vocabulary}
            if counts:
                columns = np.fromiter(counts, dtype=np.intp)
                row = (1.0 + np.log(np.fromiter(counts.values(), dtype=float))) * rarity[columns]
                scores += (row / np.sqrt(row @ row)) @ coefficients[columns]
        weighed = np.exp(scores - scores.max())
        return weighed / weighed.sum()


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class PlainIntentClassifier(GraphComponent, IntentClassifier):
    """A logistic regression whose ``C`` is ours to set; Rasa's own ignores it."""

    @classmethod
    def required_components(cls) -> list[type]:
        """Words come from the tokenizer before it."""
        return [Tokenizer]

    @staticmethod
    def required_packages() -> list[str]:
        """Rasa's environment brings both."""
        return ["sklearn", "jieba"]

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
        chances = self._scales.chances(framed(message), words_of(message))
        best = np.argsort(chances)[::-1][: int(self._config["ranking"])]
        ranking = [{"name": self._scales.classes[i], "confidence": float(chances[i])} for i in best]
        message.set("intent", ranking[0], add_to_output=True)
        message.set("intent_ranking", ranking, add_to_output=True)

    def _keep(self, vocabularies: dict[str, dict[str, int]], weights: dict[str, np.ndarray]) -> None:
        """Write plain JSON and arrays: a model file must not be able to run code when it is loaded."""
        with self._storage.write_to(self._resource) as folder:
            (folder / "vocabularies.json").write_text(
                json.dumps(vocabularies, ensure_ascii=False), encoding="utf-8"
            )
            np.savez(folder / "weights.npz", **weights)
        self._scales = Scales(vocabularies, weights)

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
        jieba.setLogLevel(logging.WARNING)
        jieba.initialize()  # a second of work that the first citizen should not wait for
        loaded = cls(config, model_storage, resource)
        with model_storage.read_from(resource) as folder:
            vocabularies = json.loads((folder / "vocabularies.json").read_text(encoding="utf-8"))
            with np.load(folder / "weights.npz", allow_pickle=False) as weights:
                kept = {name: weights[name] for name in weights.files}
        loaded._scales = Scales(vocabularies, kept)
        return loaded
