"""How text becomes terms: one and the same for articles and for questions."""

import json
import re
import unicodedata
from collections.abc import Hashable, Iterable, Mapping
from functools import cache
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar

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
    return frozenset(word for line in _kept("question_words.yaml") for word in line.split())


def plain(text: str) -> str:
    """Return ``text`` in one form of width, case and dialect, everything but letters and digits turned to blanks."""
    pattern, usual = _everyday()
    apart = _APART.sub(" ", unicodedata.normalize("NFKC", text).lower())
    return pattern.sub(lambda found: usual[found[0]], apart)


@cache
def _everyday() -> tuple[re.Pattern[str], Mapping[str, str]]:
    """Return a pattern of the words of dialects, longest first, and what each is read as."""
    usual: Mapping[str, str] = _kept("everyday.yaml")
    return _any_of(usual), usual


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
    kept = _kept("county_names.yaml")
    return frozenset(kept["dropped"]), frozenset(kept["after"])


def unique(terms: Iterable[Term]) -> tuple[Term, ...]:
    """Return each term once, in order of first appearance."""
    return tuple(dict.fromkeys(terms))


@cache
def _synonyms() -> tuple[re.Pattern[str], Mapping[str, tuple[tuple[str, ...], ...]]]:
    """Return a pattern of every word that has others, longest first, and the lines that each stands in."""
    held: dict[str, list[tuple[str, ...]]] = {}
    for line in (unique(map(plain, words.split())) for words in _kept("synonyms.yaml")):
        for word in line:
            held.setdefault(word, []).append(line)
    return _any_of(held), {key: tuple(of) for key, of in held.items()}


def _any_of(words: Iterable[str]) -> re.Pattern[str]:
    """Return a pattern of any of ``words``, the longest where several fit."""
    return re.compile("|".join(map(re.escape, sorted(words, key=len, reverse=True))))


def _kept(name: str) -> Any:
    """Return what a file beside this one holds."""
    return yaml.safe_load(Path(__file__).with_name(name).read_text(encoding="utf-8"))


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
