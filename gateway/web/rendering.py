"""Turns values into pages: one environment, one set of words, one way to show dates and law."""

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from pathlib import Path
from typing import Any

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from gateway.web.context import PageContext
from gateway.web.files import Assets
from gateway.web.markdown import answer_html
from hotline.calendar import CITY_TIME, DayKind
from hotline.citation import Citation, LawStatus
from hotline.dates import Change
from hotline.deadlines import CountedDay, Due, shown_date

TEMPLATES = Path(__file__).parent / "templates"
WORDS: Mapping[str, Any] = json.loads((TEMPLATES / "words.json").read_text("utf-8"))
CARE_COOKIE = "huying_mode"
MEGABYTE = 1024 * 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class ReckonedRow:
    """One line of a reckoning as it is shown; a festival's days share one."""

    days: str
    weekday: str
    what: str
    count: str
    counts: bool
    last: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Destination:
    """Where a choice under a reply goes."""

    action: str
    values: Mapping[str, str]  #: sent along with it


class Pages:
    """Renders the templates of this installation."""

    def __init__(self, context: PageContext, assets: Assets) -> None:
        self.context = context
        self._templates = templates()
        self._templates.globals.update(page=context, asset=assets.url)

    def text(self, template: str, **values: Any) -> str:
        """Return a rendered template."""
        return self._templates.get_template(template).render(**values)

    def respond(
        self,
        request: web.Request,
        template: str,
        *,
        status: int = 200,
        personal: bool = False,
        care: bool | None = None,
        **values: Any,
    ) -> web.Response:
        """Return a page in the reader's mode, unless ``care`` says which; a ``personal`` one is kept nowhere."""
        if care is None:
            care = request.cookies.get(CARE_COOKIE) == "care"
        text = self.text(template, care=care, path=request.path, **values)
        headers = {"Cache-Control": "no-store" if personal else "private, no-cache", "Vary": "Cookie"}
        return web.Response(
            text=text, status=status, content_type="text/html", charset="utf-8", headers=headers
        )


def templates() -> Environment:
    """Return the templates with their words and with the one way to write dates and law."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(("html",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals.update(words=WORDS, shown_date=shown_date)
    made.filters.update(
        day=day,
        date=plain_date,
        clock=clock,
        iso=iso,
        law=law,
        reckoned=reckoned,
        moment=moment,
        hours=hours,
        moved=moved,
        paragraphs=paragraphs,
        answer_html=answer_html,
        headline=headline,
        megabytes=megabytes,
        after_headline=after_headline,
    )
    return made


def city_day(at: datetime | date) -> date:
    """Return the day in city time."""
    return at.astimezone(CITY_TIME).date() if isinstance(at, datetime) else at


def day(at: datetime | date) -> str:
    """Write a day out in full, with its weekday."""
    found = city_day(at)
    weekday = WORDS["weekdays"][found.weekday()]
    return str(WORDS["day"].format(year=found.year, month=found.month, day=found.day, weekday=weekday))


def plain_date(at: datetime | date) -> str:
    """Write a day out without its weekday."""
    found = city_day(at)
    return str(WORDS["date"].format(year=found.year, month=found.month, day=found.day))


def span(first: date, last: date) -> str:
    """Write month and day, of both ends where they differ."""
    pattern = "short_day" if first == last else "days" if first.month == last.month else "days_over_months"
    ends = {"month": first.month, "day": first.day, "last_month": last.month, "last_day": last.day}
    return str(WORDS[pattern].format(**ends))


def clock(at: datetime) -> str:
    """Write hours and minutes in city time."""
    return f"{at.astimezone(CITY_TIME):%H:%M}"


def iso(at: datetime) -> str:
    """Write a moment for ``<time datetime>``, in city time."""
    return at.astimezone(CITY_TIME).isoformat(timespec="seconds")


def moment(due: Due) -> str:
    """Write the last moment: the day, and the minute where the limit is in hours."""
    return day(due.at) if due.days else at_minute(due.at)


def at_minute(at: datetime) -> str:
    """Write a day out with its weekday and the minute."""
    return str(WORDS["at"].format(day=day(at), clock=clock(at)))


def hours(due: Due) -> str:
    """Write how a limit in hours runs; the empty string for other limits and where its start is not kept."""
    if due.unit != "hours" or due.since is None:
        return ""
    count = WORDS["hours_count"].format(count=round((due.at - due.since).total_seconds() / 3600))
    return str(WORDS["hours"].format(since=at_minute(due.since), hours=count, until=at_minute(due.at)))


def moved(change: Change) -> str:
    """Write how a date came to be another one: the old, the new, and why."""
    told = WORDS["moved"]
    at = at_minute(change.at) if change.at else ""
    what = WORDS["due"][change.new.what]
    text = told[change.why].format(what=what, old=moment(change.old), new=moment(change.new), at=at)
    return str(text + (told["reason"].format(reason=change.reason) if change.reason else ""))


def law(citation: Citation) -> str:
    """Write an article as it is cited: title in book marks, drafts named as such."""
    instrument = citation.instrument
    title = instrument if instrument.startswith("《") else f"《{instrument}》"
    draft = WORDS["draft"] if citation.status is LawStatus.DRAFT and WORDS["draft"] not in title else ""
    return f"{title}{draft}{citation.article}"


def megabytes(size: int) -> str:
    """Write a size in megabytes, rounded up to a tenth: what is too large never looks as if it were not."""
    tenths = math.ceil(size * 10 / MEGABYTE)
    return f"{tenths // 10}" if tenths % 10 == 0 else f"{tenths / 10:.1f}"


def headline(text: str) -> str:
    """Return the first sentence of ``text`` as a heading."""
    return text.split("。")[0].strip()


def after_headline(text: str) -> str:
    """Return what follows the first sentence of ``text``."""
    return text.partition("。")[2].strip()


def paragraphs(text: str) -> list[str]:
    """Return the lines of ``text`` that hold something."""
    return [line.strip() for line in re.split(r"\n+", text) if line.strip()]


def reckoned(due: Due) -> tuple[ReckonedRow, ...]:
    """Return the reckoning of ``due`` line by line."""
    rows = [list(days) for _, days in groupby(due.days, key=_festival)]
    groups = [
        part for days in rows for part in ([days] if _festival(days[0])[0] else [[one] for one in days])
    ]
    return tuple(_row(group, first=index == 0, due=due) for index, group in enumerate(groups))


def _festival(one: CountedDay) -> tuple[str, bool]:
    off = one.kind is DayKind.HOLIDAY and one.count is None
    return (one.name or one.kind.value if off else "", off)


def _row(days: Sequence[CountedDay], *, first: bool, due: Due) -> ReckonedRow:
    one, end = days[0], days[-1]
    return ReckonedRow(
        days=span(one.day, end.day),
        weekday="" if end is not one else WORDS["weekdays"][one.day.weekday()],
        what=_what(one, first=first),
        count=WORDS["day_count"].format(count=one.count) if one.count is not None else WORDS["day_off"],
        counts=one.count is not None,
        last=end.day == city_day(due.at),
    )


def _what(one: CountedDay, *, first: bool) -> str:
    if first and one.count is None and one.kind in (DayKind.WORK, DayKind.MAKEUP):
        return str(WORDS["day_event"])
    named = one.kind in (DayKind.HOLIDAY, DayKind.MAKEUP)
    return f"{one.name if named else ''}{WORDS['day_kind'][one.kind.value]}"
