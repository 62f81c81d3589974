"""What two versions of an article say differently, field by field; pure."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from difflib import SequenceMatcher
from typing import Any

from hotline.calendar import CITY_TIME
from kb.article import Article

FIELDS = (
    "question", "similar", "answer", "short_answer", "source", "source_url", "source_seen", "law_since", "unit",
    "region", "national", "staff_only", "category", "keywords", "related", "attachments", "valid_from", "valid_to",
)  # fmt: skip
_PIECES = re.compile(r"[^。；！？\n]*[。；！？\n]|[^。；！？\n]+")
LETTERS = 400  #: up to this many characters two texts are compared letter by letter, longer ones by sentence


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """A piece of text that both hold, or one of them."""

    text: str
    old: bool  #: the older version holds it
    new: bool  #: the newer version holds it


@dataclass(frozen=True, kw_only=True, slots=True)
class FieldChange:
    """One field that differs."""

    name: str
    parts: tuple[Part, ...]


def differences(old: Article | None, new: Article) -> tuple[FieldChange, ...]:
    """Return every field of ``FIELDS`` that differs; without an older version all that hold something."""
    return tuple(
        FieldChange(name=name, parts=parts_of(before, after))
        for name in FIELDS
        for before, after in ((shown(getattr(old, name)) if old else "", shown(getattr(new, name))),)
        if before != after
    )


def parts_of(old: str, new: str) -> tuple[Part, ...]:
    """Return the pieces of both texts in order; those of the old one before those that took their place."""
    first, second = _cut(old, new)
    matcher = SequenceMatcher(a=first, b=second, autojunk=False)
    return tuple(part for code in matcher.get_opcodes() for part in _parts(first, second, *code))


def _cut(old: str, new: str) -> tuple[Sequence[str], Sequence[str]]:
    if max(len(old), len(new)) <= LETTERS:
        return old, new
    return _PIECES.findall(old), _PIECES.findall(new)


def _parts(
    first: Sequence[str], second: Sequence[str], kind: str, a: int, b: int, c: int, d: int
) -> Iterator[Part]:
    if kind == "equal":
        yield Part(text="".join(first[a:b]), old=True, new=True)
        return
    if a < b:
        yield Part(text="".join(first[a:b]), old=True, new=False)
    if c < d:
        yield Part(text="".join(second[c:d]), old=False, new=True)


def shown(value: Any) -> str:
    """Return a field of an article as text; each item of a list on a line of its own."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return f"{value.astimezone(CITY_TIME):%Y-%m-%d %H:%M}"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bool):
        return "✓" if value else ""
    return "\n".join(map(shown, value)) if isinstance(value, tuple) else str(value)
