"""How text becomes terms: one and the same for articles and for questions."""

import json
import re
import unicodedata
from collections.abc import Hashable, Iterable, Mapping
from functools import cache
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

import rjieba
import yaml

MAX_QUERY = 100  #: characters that are looked at; a question fits, and a letter costs no more
MOST_EXPANDED = 6  #: lines of synonyms that one question is widened by
Term = TypeVar("Term", bound=Hashable)
_APART = re.compile(r"[\W_]")
_HAN = re.compile(r"[\u4e00-\u9fff]+")


@cache
def question_words() -> frozenset[str]:
    """Return the words that ask or link and tell nothing about the matter."""
    lines = yaml.safe_load(Path(__file__).with_name("question_words.yaml").read_text(encoding="utf-8"))
    return frozenset(word for line in lines for word in line.split())


def plain(text: str) -> str:
    """Return ``text`` in one form of width and case, everything but letters and digits turned to blanks."""
    return _APART.sub(" ", unicodedata.normalize("NFKC", text).lower())


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


def sounds(text: str) -> list[str]:
    """Return the pairs of neighbouring syllables of plain ``text``, without tones: how a mistyped word sounds."""
    syllables = _syllables()
    return [
        f"{syllables.get(one, one)}-{syllables.get(other, other)}"
        for run in _HAN.findall(text)
        for one, other in pairwise(run)
    ]


def other_words(text: str) -> tuple[str, ...]:
    """Return what else the matters in plain ``text`` are called: the official word for the everyday one, and back."""
    pattern, lines = _synonyms()
    found = unique(pattern.findall(text))
    taken = unique(line for word in found for line in lines[word])[:MOST_EXPANDED]
    return unique(word for line in taken for word in line if word not in text)


@cache
def county_letters() -> frozenset[str]:
    """Return the last letters of counties' names that people leave out."""
    return _county_names()[0]


@cache
def after_other_names() -> frozenset[str]:
    """Return the letters that make a county's short name the name of something else."""
    return _county_names()[1]


@cache
def _county_names() -> tuple[frozenset[str], frozenset[str]]:
    kept = yaml.safe_load(Path(__file__).with_name("county_names.yaml").read_text(encoding="utf-8"))
    return frozenset(kept["dropped"]), frozenset(kept["after"])


def unique(terms: Iterable[Term]) -> tuple[Term, ...]:
    """Return each term once, in order of first appearance."""
    return tuple(dict.fromkeys(terms))


@cache
def _synonyms() -> tuple[re.Pattern[str], Mapping[str, tuple[tuple[str, ...], ...]]]:
    """Return a pattern of every word that has others, longest first, and the lines that each stands in."""
    lines = yaml.safe_load(Path(__file__).with_name("synonyms.yaml").read_text(encoding="utf-8"))
    held: dict[str, list[tuple[str, ...]]] = {}
    for line in map(str.split, lines):
        for word in line:
            held.setdefault(word, []).append(tuple(line))
    longest_first = sorted(held, key=len, reverse=True)
    return re.compile("|".join(map(re.escape, longest_first))), {key: tuple(of) for key, of in held.items()}


@cache
def _syllables() -> Mapping[str, str]:
    """Return the usual reading of each character, from pypinyin's table.

    The table alone is read: importing the package loads its phrases as well, which we do not need.
    """
    spec = find_spec("pypinyin")
    table = json.loads(
        Path(str(spec and spec.origin)).with_name("pinyin_dict.json").read_text(encoding="utf-8")
    )
    return {
        chr(int(code)): _toneless(readings.partition(",")[0])
        for code, readings in table.items()
        if _HAN.match(chr(int(code)))
    }


def _toneless(reading: str) -> str:
    apart = unicodedata.normalize("NFD", reading)
    return "".join(letter for letter in apart if letter.isascii() and letter.isalpha())
