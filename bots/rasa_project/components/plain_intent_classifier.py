"""Tells the intent by TF-IDF of characters and words and a logistic regression, kept without pickle."""

from __future__ import annotations

import json
import logging
import re
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
from rasa.shared.nlu.constants import INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from scipy.sparse import csr_matrix, hstack
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

TICKET = re.compile(r"(?<![0-9a-z])20\d{6}[0-9a-z]{9}(?![0-9a-z])")
DIGIT = re.compile(r"\d")


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
        self._characters = characters(min_df=2)  # what was seen once only is noise
        self._words = words()
        self._model = LogisticRegression(
            C=float(config["C"]), max_iter=int(config["max_iter"]), random_state=7
        )

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

    def _rows(self, messages: list[Message], *, learn: bool = False) -> csr_matrix:
        """Return one row of features for each message."""
        texts, said = [framed(message) for message in messages], [words_of(message) for message in messages]
        by_character = self._characters.fit_transform(texts) if learn else self._characters.transform(texts)
        by_word = self._words.fit_transform(said) if learn else self._words.transform(said)
        return hstack([by_character, by_word], format="csr")

    def train(self, training_data: TrainingData) -> Resource:
        """Fit on every example that has a text and an intent, and keep what was learnt."""
        taught = [
            message for message in training_data.intent_examples if message.get(TEXT) and message.get(INTENT)
        ]
        self._model.fit(self._rows(taught, learn=True), [message.get(INTENT) for message in taught])
        self._keep()
        return self._resource

    def process(self, messages: list[Message]) -> list[Message]:
        """Write the intent, its probability and the ranking into each message."""
        for message in messages:
            if message.get(TEXT):
                self._tell(message)
        return messages

    def _tell(self, message: Message) -> None:
        chances = self._model.predict_proba(self._rows([message]))[0]
        best = np.argsort(chances)[::-1][: int(self._config["ranking"])]
        ranking = [{"name": str(self._model.classes_[i]), "confidence": float(chances[i])} for i in best]
        message.set("intent", ranking[0], add_to_output=True)
        message.set("intent_ranking", ranking, add_to_output=True)

    def _keep(self) -> None:
        """Write plain JSON and arrays: a model file must not be able to run code when it is loaded."""
        with self._storage.write_to(self._resource) as folder:
            vocabularies = {
                name: {term: int(column) for term, column in vectorizer.vocabulary_.items()}
                for name, vectorizer in (("characters", self._characters), ("words", self._words))
            }
            (folder / "vocabularies.json").write_text(
                json.dumps(vocabularies, ensure_ascii=False), encoding="utf-8"
            )
            np.savez(
                folder / "weights.npz",
                characters=self._characters.idf_,
                words=self._words.idf_,
                coef=self._model.coef_,
                intercept=self._model.intercept_,
                classes=np.asarray(self._model.classes_, dtype=str),
            )

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
                loaded._take(vocabularies, {name: weights[name] for name in weights.files})
        return loaded

    def _take(self, vocabularies: dict[str, dict[str, int]], weights: dict[str, np.ndarray]) -> None:
        self._characters = characters(vocabulary=vocabularies["characters"])
        self._characters.idf_ = weights["characters"]
        self._words = words(vocabulary=vocabularies["words"])
        self._words.idf_ = weights["words"]
        self._model.classes_ = weights["classes"]
        self._model.coef_ = weights["coef"]
        self._model.intercept_ = weights["intercept"]
