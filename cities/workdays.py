"""The national calendar: what the chinesecalendar package knows, corrected by dated files."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from chinese_calendar import constants

from cities.pages import Table
from hotline.calendar import Calendar


@dataclass(frozen=True, kw_only=True, slots=True)
class _Notice:
    """One file of ``cities/calendar``: what one instrument says about the days of one year."""

    year: int
    known: bool
    holidays: Mapping[date, str]
    makeup_days: Mapping[date, str]


def calendar_from(tables: Iterable[Table]) -> Calendar:
    """Return the package's calendar with festivals named in Chinese and every notice laid over it."""
    festivals: dict[str, str] = {}
    notices = []
    for table in tables:
        if table.has("festivals"):
            festivals |= table.table("festivals").sentences()
            table.close()
        else:
            notices.append(_notice(table))
    return _laid_over(_packaged(festivals), notices)


def _packaged(festivals: Mapping[str, str]) -> Calendar:
    return Calendar(
        known_years=frozenset(day.year for day in constants.holidays),
        holidays={day: festivals.get(name, name) for day, name in constants.holidays.items()},
        makeup_days={day: festivals.get(name, name) for day, name in constants.workdays.items()},
    )


def _notice(table: Table) -> _Notice:
    source = table.table("source")
    source.text("instrument")
    source.text("article", default="")
    source.close()
    notice = _Notice(
        year=table.number("year"),
        known=table.flag("known"),
        holidays=table.days("holidays"),
        makeup_days=table.days("makeup_days"),
    )
    for day in (*notice.holidays, *notice.makeup_days):
        if day.year != notice.year:
            table.complain(f"{day} 不在 {notice.year} 年里。请写进那一年的文件。")
    for day in notice.makeup_days:
        if day.weekday() < 5:
            table.complain(f"{day} 不是周六、周日，不会是调休上班日。请核对。", "makeup_days")
    table.close()
    return notice


def _laid_over(calendar: Calendar, notices: Iterable[_Notice]) -> Calendar:
    holidays, makeup_days = dict(calendar.holidays), dict(calendar.makeup_days)
    known_years = set(calendar.known_years)
    for notice in notices:
        for day, name in notice.holidays.items():
            holidays[day] = name
            makeup_days.pop(day, None)
        for day, name in notice.makeup_days.items():
            makeup_days[day] = name
            holidays.pop(day, None)
        if notice.known:
            known_years.add(notice.year)
    return Calendar(known_years=frozenset(known_years), holidays=holidays, makeup_days=makeup_days)
