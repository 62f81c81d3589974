"""times.yaml: which days the words for times mean, counted from the day on which they are said."""

from collections.abc import Callable, Mapping
from typing import TypeVar

from cities.pages import Table
from hotline.moments import Times, TimeWords

Value = TypeVar("Value")


def read(top: Table) -> Times:
    """Return what reads the words for times."""
    words = TimeWords(
        days=_each(top, "days", int),
        parts=_each(top, "parts", _pair),
        afternoon=top.texts("afternoon"),
        months=_each(top, "months", int),
        years=_each(top, "years", int),
        weeks=_each(top, "weeks", int),
        weekdays=_each(top, "weekdays", int),
        festivals=_each(top, "festivals", _pair),
        lunar=_each(top, "lunar", str),
        seasons=_each(top, "seasons", _pair),
        month_parts=_each(top, "month_parts", _pair),
        units=_each(top, "units", int),
        digits=_each(top, "digits", int),
        marks=_each(top, "marks", str),
        week=top.text("week"),
        holidays=top.text("holidays"),
        to=top.text("to"),
        half=top.text("half"),
        few=top.text("few"),
        ago=top.text("ago"),
        lasting=top.text("lasting"),
        since=top.text("since"),
        always=top.text("always"),
        ten=top.text("ten"),
    )
    top.close()
    return Times(words=words)


def _each(top: Table, key: str, made: Callable[[str], Value]) -> Mapping[str, Value]:
    table = top.table(key)
    return {name: made(table.text(name)) for name in table.rows}


def _pair(written: str) -> tuple[int, int]:
    first, _, second = written.partition("-")
    return int(first), int(second)
