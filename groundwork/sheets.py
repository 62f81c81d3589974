"""Cells of workbooks, for every table that leaves the house: text stays text, moments are the city's."""

from datetime import datetime
from decimal import Decimal
from typing import Any, TypeAlias

from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Alignment, Font

from hotline.calendar import CITY_TIME

LONGEST_CELL = 32_767  #: characters that a cell may hold
_MOMENT = "yyyy-mm-dd hh:mm"

Value: TypeAlias = str | int | Decimal | datetime | None


def heading(sheet: Any, text: str) -> WriteOnlyCell:
    """Return a cell for the first row."""
    cell = WriteOnlyCell(sheet, text)
    cell.font, cell.alignment = Font(bold=True), Alignment(wrap_text=True, vertical="top")
    return cell


def cell(sheet: Any, value: Value) -> WriteOnlyCell:
    """Return a cell that holds a number, a moment in city time, or text that is never a formula."""
    if isinstance(value, datetime):
        made = WriteOnlyCell(sheet, value.astimezone(CITY_TIME).replace(tzinfo=None))
        made.number_format = _MOMENT
        return made
    if isinstance(value, int | Decimal):
        return WriteOnlyCell(sheet, value)
    made = WriteOnlyCell(sheet, ILLEGAL_CHARACTERS_RE.sub("", value or "")[:LONGEST_CELL])
    # A subject that begins like a formula is a text, here and after somebody has edited the cell.
    made.data_type, made.number_format, made.quotePrefix = "s", "@", True
    return made
