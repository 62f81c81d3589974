"""Workbooks (xlsx) as rows of cells, and back. Imported where one is read or written: the library behind it is large."""

import io
from collections.abc import Iterable, Iterator, Sequence
from zipfile import BadZipFile

from openpyxl import Workbook, load_workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.utils.exceptions import InvalidFileException


class UnreadableSheetError(ValueError):
    """The bytes are no whole workbook."""


def rows_in(data: bytes) -> Iterator[list[object]]:
    """Yield the values of each row of the first sheet; raises ``UnreadableSheetError``, also halfway through."""
    try:
        for row in load_workbook(io.BytesIO(data), read_only=True, data_only=True).worksheets[0].iter_rows():
            yield [cell.value for cell in row]
    except (BadZipFile, InvalidFileException, KeyError, IndexError, ValueError, OSError) as error:
        raise UnreadableSheetError from error


def workbook_of(name: str, rows: Iterable[Sequence[str]]) -> bytes:
    """Return a workbook with one sheet of that name; every cell is text, never a formula."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(name)
    for row in rows:
        sheet.append([_text_cell(sheet, value) for value in row])
    held = io.BytesIO()
    book.save(held)
    return held.getvalue()


def _text_cell(sheet: object, value: str) -> WriteOnlyCell:
    cell = WriteOnlyCell(sheet, ILLEGAL_CHARACTERS_RE.sub("", value))
    cell.data_type, cell.number_format, cell.quotePrefix = "s", "@", True
    return cell
