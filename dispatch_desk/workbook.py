"""The figures of a period and the scores of its units as a workbook: the same numbers as the pages show."""

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from openpyxl import Workbook

from dispatch_desk.notices import Names, named
from dispatch_desk.papers import Shown
from dispatch_desk.reporting import Report, Row
from groundwork.sheets import Value, cell, heading
from hotline.marks import Sheet, hundredths
from hotline.seats import read_seats


def written(
    report: Report, sheets: Mapping[str, Sheet], columns: Mapping[str, str], words: Mapping[str, Any]
) -> bytes:
    """Return an xlsx file: a sheet of figures, and one of score lines where there are any."""
    book = Workbook(write_only=True)
    heads = [words["unit"], words["tickets"]]
    heads += [label + words[part] for label in columns.values() for part in ("met", "of", "percent")]
    _fill(
        book, words["title"], heads, [_figures(row, columns, words) for row in (report.whole, *report.rows)]
    )
    lines = [_line(sheet, line, words) for sheet in sheets.values() for line in sheet.lines]
    if lines:
        keys = ("unit", "rule", "says", "arithmetic", "points")
        _fill(book, words["scores"], [words[key] for key in keys], lines)
    return _saved(book)


def one_sheet(title: str, heads: Iterable[str], rows: Iterable[Sequence[Value]]) -> bytes:
    """Return an xlsx file of one table, with ``heads`` over it."""
    book = Workbook(write_only=True)
    _fill(book, title, heads, rows)
    return _saved(book)


def _saved(book: Workbook) -> bytes:
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def paper_written(shown: Shown, names: Names, words: Mapping[str, Any]) -> bytes:
    """Return a paper as an xlsx file: what it says, then a sheet for every part that has figures."""
    book, parts, body = Workbook(write_only=True), words["parts"], shown.paper.body
    said: list[Sequence[Value]] = [(words["contents"][name], text) for name, text in body.words.items()]
    said += [(one.number, one.says) for one in body.cases]
    said.append((words["approver"], body.approver))
    _fill(book, words["paper"], [shown.rule.says, shown.period.name], said)
    for part, heads, rows in _tables(shown, names, words):
        _fill(book, parts[part], [parts[part], *heads], rows)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def _tables(
    shown: Shown, names: Names, words: Mapping[str, Any]
) -> Iterator[tuple[str, Sequence[str], list[Sequence[Value]]]]:
    """Yield every part of a paper that has figures, with what its columns are called."""
    figures = shown.figures
    for part, tallies in figures.tallies.items():
        yield (
            part,
            words["tally"],
            [(named(part, one.name, names, words), one.number, one.before, one.year_ago) for one in tallies],
        )
    for part, lists in figures.lists.items():
        yield (
            part,
            words["list"],
            [(named(part, one.name, names, words), len(one.numbers), " ".join(one.numbers)) for one in lists],
        )
    if seats := read_seats(shown.paper.body.words.get("seats", "")):
        yield "seats", words["seats"], [(seat.name, *seat.figures) for seat in seats]
    if figures.rates:
        heads = [words["met"], words["of"]]
        yield (
            "rates",
            heads,
            [(words["columns"].get(one.name, one.name), one.met, one.of) for one in figures.rates],
        )
    if figures.unit_rates:
        heads = [label + words[part] for label in words["columns"].values() for part in ("met", "of")]
        yield (
            "unit_rates",
            heads,
            [
                (one.unit, *(number for share in one.shares for number in (share.met, share.of)))
                for one in figures.unit_rates
            ],
        )
    if figures.instructed:
        rows: list[Sequence[Value]] = [
            (one.number, one.unit, one.given_on, one.due, one.finished_at) for one in figures.instructed
        ]
        yield "instructed", words["progress"], rows


def _fill(book: Workbook, title: str, heads: Iterable[str], rows: Iterable[Sequence[Value]]) -> None:
    sheet = book.create_sheet(title)
    sheet.freeze_panes = "B2"
    sheet.column_dimensions["A"].width = 30
    sheet.append([heading(sheet, text) for text in heads])
    for row in rows:
        sheet.append([cell(sheet, value) for value in row])


def _figures(row: Row, columns: Mapping[str, str], words: Mapping[str, Any]) -> list[Value]:
    cells: list[Value] = [row.unit or str(words["whole"]), row.tickets]
    for id in columns:
        rate = row.rates[id]
        percent = None if rate.value is None else hundredths(100 * rate.value)
        cells += [len(rate.met), len(rate.of), percent]
    return cells


def _line(sheet: Sheet, line: Any, words: Mapping[str, Any]) -> list[Value]:
    law = line.part.citation
    points = str(words["open"]) if line.points is None else line.points
    return [sheet.unit, f"{law.instrument}{law.article}", line.part.says, line.arithmetic, points]
