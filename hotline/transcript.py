"""What was said before a ticket was filed, as the dispatch centre reads it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

MOST_LINES = 60
LONGEST_LINE = 4_000  #: characters
LONGEST = 40_000  #: characters of all lines


class By(StrEnum):
    """Who said a line."""

    CITIZEN = "citizen"
    BOT = "bot"
    PERSON = "person"  #: of the hotline


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One thing that was said."""

    at: datetime
    by: By
    text: str


def shortened(lines: Sequence[Line]) -> tuple[Line, ...]:
    """Return the last of ``lines`` that fit, the newest whole ones first; empty ones are left out."""
    kept, left = list[Line](), LONGEST
    for line in reversed([line for line in lines if line.text.strip()]):
        text = line.text[:LONGEST_LINE]
        left -= len(text)
        if left < 0 or len(kept) == MOST_LINES:
            break
        kept.append(replace(line, text=text))
    return tuple(reversed(kept))
