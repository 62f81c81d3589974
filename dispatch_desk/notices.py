"""An approved paper as everybody may read it: its words and counts, without cases, lists and the names of who wrote it."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from dispatch_desk.papers import Shown
from hotline.analysis import Tally
from hotline.notices import MOST_ROWS, Notice, Part, Row, Table

Names = Mapping[
    str, Mapping[str, str]
]  #: what figures call kinds, channels and things recorded, by their ids


def notice_of(
    shown: Shown, names: Names, words: Mapping[str, Any], *, id: str, at: datetime, withdrawn: bool
) -> Notice:
    """Return the notice of a paper, or the word that takes it back; each has a higher sequence than the one before."""
    law, period = shown.rule.citation, shown.period
    told = {} if withdrawn else {name: text for name, text in shown.paper.body.words.items() if text}
    return Notice(
        id=id,
        sequence=len(shown.steps) + 1,
        title=shown.rule.says,
        law=f"{law.instrument}{law.article}",
        first=period.first.date(),
        last=(period.end - timedelta(days=1)).date(),
        at=at,
        withdrawn=withdrawn,
        parts=tuple(Part(title=words["contents"][name], text=text) for name, text in told.items()),
        tables=() if withdrawn else tuple(_tables(shown, names, words)),
    )


def named(part: str, name: str, names: Names, words: Mapping[str, Any]) -> str:
    """Return what a line of a part is called in Chinese."""
    if part == "count":
        return str(words["tickets"])
    found = names.get(part) or names["recorded"]
    return found.get(name, name)


def _tables(shown: Shown, names: Names, words: Mapping[str, Any]) -> Iterator[Table]:
    for part, tallies in shown.figures.tallies.items():
        rows = (_row(part, one, names, words) for one in tallies[:MOST_ROWS] if one.number)
        yield Table(title=words["parts"][part], rows=tuple(rows))
    if shown.figures.rates:
        columns = words["columns"]
        shares = (
            Row(name=columns.get(one.name, one.name), number=one.met, of=one.of)
            for one in shown.figures.rates
        )
        yield Table(title=words["parts"]["rates"], rows=tuple(shares))


def _row(part: str, one: Tally, names: Names, words: Mapping[str, Any]) -> Row:
    return Row(name=named(part, one.name, names, words), number=one.number)
