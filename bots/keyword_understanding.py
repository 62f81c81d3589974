"""Reads what a message wants by word lists; needs no other process and cannot be away."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import rjieba
import yaml

from bots.entities import LEXICON, Entities, half_width
from hotline.identity import NUMBERS, Finder
from hotline.understanding import Entity, Intent, Understanding

NOT_WORDS = re.compile(r"[\W_]+")
SURE = 0.95  #: of a message that is a known phrase from beginning to end
ANSWERS = frozenset({"phone", "ticket", "place", "time", "name"})  #: facts that are asked for
BARE_FACT = 0.6  #: of a message that is facts for a third or more and holds no demand


@dataclass(frozen=True, kw_only=True, slots=True)
class IntentLexicon:
    """Words and phrases that tell intents, with their weights."""

    whole: Mapping[str, Intent]
    words: Mapping[str, tuple[tuple[Intent, float], ...]]
    cues: tuple[tuple[re.Pattern[str], Intent, float], ...]
    order: tuple[Intent, ...]
    particles: str

    @classmethod
    def load(cls, path: Path = LEXICON / "intents.yaml") -> Self:
        """Read the lists once; an unknown intent is a ``ValueError``."""
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
        return cls(
            whole={
                bare(phrase, data["particles"]): Intent(name)
                for name, phrases in data["whole"].items()
                for phrase in phrases
            },
            words=words_of(data["words"]),
            cues=tuple(
                (re.compile(pattern, re.IGNORECASE), Intent(name), float(weight))
                for name, by_weight in data["cues"].items()
                for weight, patterns in by_weight.items()
                for pattern in patterns
            ),
            order=tuple(Intent(name) for name in data["order"]),
            particles=data["particles"],
        )


def words_of(data: Mapping[str, Mapping[str, Any]]) -> dict[str, tuple[tuple[Intent, float], ...]]:
    """Return the word lists turned round: what each word says."""
    found: dict[str, tuple[tuple[Intent, float], ...]] = {}
    for name, words in data.items():
        for word, weight in words.items():
            found[word] = (*found.get(word, ()), (Intent(name), float(weight)))
    return found


def bare(text: str, particles: str) -> str:
    """Return ``text`` in lower case without punctuation, spaces and the particles at its end."""
    letters = NOT_WORDS.sub("", text.lower())
    return letters.rstrip(particles) or letters


class KeywordUnderstanding:
    """Fills ``hotline.ports.Understands`` with word lists alone."""

    def __init__(self, lexicon: IntentLexicon, entities: Entities) -> None:
        self._lexicon = lexicon
        self._entities = entities

    @classmethod
    def load(cls, finder: Finder = NUMBERS) -> Self:
        """Read both lexicons that come with the project; ``finder`` knows how people give their names."""
        return cls(IntentLexicon.load(), Entities.load(finder))

    async def understand(self, text: str) -> Understanding:
        """Return a reading of ``text``; never fails, whatever it holds."""
        return self.read(text)

    def read(self, text: str) -> Understanding:
        """Return a reading of ``text``; the same text always reads the same."""
        text = half_width(text)
        entities = self._entities.read(text)
        intent, confidence = self._told(text, entities)
        return Understanding(intent=intent, confidence=confidence, entities=entities, by="keywords")

    def _told(self, text: str, entities: tuple[Entity, ...]) -> tuple[Intent, float]:
        if known := self._lexicon.whole.get(bare(text, self._lexicon.particles)):
            return known, SURE
        (best, most), (_, next_) = self._weighed(text)[:2]
        if most:
            return best, most / (most + next_ + 1)
        told = sum(len(entity.value) for entity in entities if entity.name in ANSWERS)
        return (Intent.INFORM, BARE_FACT) if told * 3 > len(text.strip()) else (Intent.OTHER, 0.0)

    def _weighed(self, text: str) -> list[tuple[Intent, float]]:
        """Return every intent with its weight, heaviest first."""
        weights = dict.fromkeys(self._lexicon.order, 0.0)
        for word in set(rjieba.cut(text.lower())):
            for intent, weight in self._lexicon.words.get(word, ()):
                weights[intent] += weight
        for pattern, intent, weight in self._lexicon.cues:
            if pattern.search(text):
                weights[intent] += weight
        return sorted(weights.items(), key=lambda item: -item[1])
