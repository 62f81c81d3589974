"""How text becomes terms: one and the same for articles and for questions."""

import unicodedata
from collections.abc import Iterable
from functools import cache
from itertools import pairwise
from pathlib import Path

import rjieba
import yaml

MAX_QUERY = 100  #: characters that are looked at; a question fits, and a letter costs no more


@cache
def question_words() -> frozenset[str]:
    """Return the words that ask or link and tell nothing about the matter."""
    lines = yaml.safe_load(Path(__file__).with_name("question_words.yaml").read_text(encoding="utf-8"))
    return frozenset(word for line in lines for word in line.split())


def plain(text: str) -> str:
    """Return ``text`` in one form of width and case, everything but letters and digits turned to blanks."""
    folded = unicodedata.normalize("NFKC", text).lower()
    return "".join(character if character.isalnum() else " " for character in folded)


def grams(text: str) -> list[str]:
    """Return the characters of plain ``text`` and its pairs of neighbours, in order, repeats kept."""
    found: list[str] = []
    for run in text.split():
        found.extend(run)
        found.extend(map("".join, pairwise(run)))
    return found


def words(text: str) -> list[str]:
    """Return the words of plain ``text`` that tell something, long words also in their parts."""
    stop = question_words()
    cut = (word for run in text.split() for word in rjieba.cut_for_search(run))
    return [word for word in cut if word not in stop]


def unique(terms: Iterable[str]) -> tuple[str, ...]:
    """Return each term once, in order of first appearance."""
    return tuple(dict.fromkeys(terms))
