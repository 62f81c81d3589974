"""Finds facts that can be told by their shape: phone and ticket numbers, names, places, times, sums, organisations."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Self

import yaml

from hotline.identity import NUMBERS, Finder, Kind, digits
from hotline.understanding import Entity

LEXICON = Path(__file__).parent / "lexicon"
#: brackets, comma, colon, semicolon, question and exclamation mark keep their width: sentences are told by them
KEPT = frozenset({0xFF01, 0xFF08, 0xFF09, 0xFF0C, 0xFF1A, 0xFF1B, 0xFF1F})
FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F) if code not in KEPT} | {0x3000: 0x20}
WITHIN_NUMBERS = re.compile(r"[ 、，-]")


def half_width(text: str) -> str:
    """Return ``text``, as long as it was, with full-width digits, letters and signs as ASCII; punctuation stays."""
    return text.translate(FULL_WIDTH)


def fact(name: str, value: str) -> Entity:
    """Return an entity in one spelling: phone numbers as bare digits, ticket numbers in capitals."""
    if name == "phone":
        value = digits(WITHIN_NUMBERS.sub("", value))
    return Entity(name=name, value=value.upper() if name == "ticket" else value)


def people_in(text: str, finder: Finder) -> tuple[Entity, ...]:
    """Return the telephone numbers and the names that people give of themselves, in their order."""
    told = {Kind.PHONE: "phone", Kind.NAME: "name"}
    return tuple(
        fact(told[found.kind], text[found.start : found.end])
        for found in finder.find(text)
        if found.kind in told
    )


def written_out(parts: Mapping[str, str], pattern: str) -> str:
    """Return ``pattern`` with every ``{part}`` filled in; a brace that names no part is left alone."""
    named = re.compile(r"\{([a-z]+)\}")
    while any(match[1] in parts for match in named.finditer(pattern)):
        pattern = named.sub(lambda match: parts[match[1]], pattern)
    return pattern


class Entities:
    """Reads facts out of a text by patterns, and who somebody is by a finder; holds no state."""

    def __init__(self, patterns: Mapping[str, str], finder: Finder = NUMBERS) -> None:
        self.patterns = patterns
        self._finder = finder
        self._compiled = {name: re.compile(pattern, re.IGNORECASE) for name, pattern in patterns.items()}

    @classmethod
    def load(cls, finder: Finder = NUMBERS, path: Path = LEXICON / "entities.yaml") -> Self:
        """Read the patterns once; without a city's ``finder`` no names are known."""
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
        patterns = {name: written_out(data["parts"], pattern) for name, pattern in data["entities"].items()}
        return cls(patterns, finder)

    def read(self, text: str) -> tuple[Entity, ...]:
        """Return the facts in the order in which each kind stands in ``text``."""
        text = half_width(text)
        shaped = tuple(
            fact(name, match[0])
            for name, pattern in self._compiled.items()
            for match in pattern.finditer(text)
            if match[0]
        )
        return (*people_in(text, self._finder), *shaped)
