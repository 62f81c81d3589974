"""What the centre makes public of its work: words and counts of a period, never a case, never anybody's name.

On its way it is JSON as ``docs/events/notice.v1.json`` describes it.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from hotline.identity import Finder
from hotline.records import to_record

MOST_ROWS = 10  #: lines of a table


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """One thing that a notice says in words."""

    title: str
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One line of a table: a count, or a share where ``of`` is there."""

    name: str
    number: int
    of: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """Counts under one title."""

    title: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Notice:
    """A notice as the centre publishes it, or takes it back."""

    id: str
    sequence: int  #: the later word about the same notice has the higher one
    title: str
    law: str  #: instrument and article that have it published
    first: date
    last: date
    at: datetime  #: when it was published or taken back
    withdrawn: bool = False
    parts: tuple[Part, ...] = ()
    tables: tuple[Table, ...] = ()

    def body(self) -> bytes:
        """Return the notice as the JSON that is signed and sent."""
        return json.dumps(to_record(self), ensure_ascii=False, separators=(",", ":")).encode()


def names_people(texts: Iterable[str], finder: Finder) -> bool:
    """Tell whether something in ``texts`` looks like somebody's name, number or home."""
    return any(finder.find(text) for text in texts)
