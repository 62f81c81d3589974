"""Makes a citizen's words fit to be sent to a parser: never empty, never a command, never too long."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import yaml

from bots.entities import LEXICON, half_width
from hotline.message import clean

MOST = 1_000  #: characters; a parser's confidence says nothing about longer ones, and its memory grows
DEMAND_MOST = 380
LEADING = re.compile(r"^[\s/⁄∕\\\u200b-\u200f\u2060\ufeff]+")


class Wording:
    """Cuts letters down to their opening and the sentence that says what is wanted."""

    def __init__(self, *, demand: Sequence[str], sentence_ends: str) -> None:
        self._end = re.compile(f"(?<=[{re.escape(sentence_ends)}])")
        self._demand = re.compile("|".join(re.escape(word) for word in demand))

    @classmethod
    def load(cls, path: Path = LEXICON / "wording.yaml") -> Self:
        """Read the words of demand once."""
        return cls(**yaml.safe_load(path.read_text(encoding="utf-8")))

    def fit(self, text: str) -> str:
        """Return at most ``MOST`` characters that begin with no slash; empty if nothing is left to read."""
        text = LEADING.sub("", half_width(clean(text))).strip()
        return text if len(text) <= MOST else self._cut(text)

    def _cut(self, text: str) -> str:
        """Keep the opening, and of the rest the sentence with most words of demand, the last of equals."""
        opening = text[: MOST - DEMAND_MOST - 1]
        sentences = self._end.split(text[len(opening) :])
        demand = max(reversed(sentences), key=lambda sentence: len(self._demand.findall(sentence)))
        return f"{opening}\n{demand.strip()[:DEMAND_MOST]}".strip()
