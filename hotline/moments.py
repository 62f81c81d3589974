"""Which days the words for a time mean, reckoned from the day on which they were said."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import TypeVar

from hotline.calendar import CITY_TIME, Calendar

Value = TypeVar("Value")
_AHEAD = 31  #: days that a date without a year may lie in the future
_WEEK = 7
_DAWN, _NOON, _EVENING, _HOURS = 5, 12, 18, 24  #: hours
_FEW = 3  #: units that "a few" are counted as, on the careful side


@dataclass(frozen=True, kw_only=True, slots=True)
class Moment:
    """A time that words mean: from the first to the last day, with the hours of one day where they were said."""

    first: date
    last: date
    hours: tuple[int, int] | None = None  #: from and to, both taken in; of a day alone
    since: bool = False  #: it began then and goes on
    about: bool = False  #: said roughly

    @property
    def precision(self) -> str:
        """How exactly it was said: ``hour part day`` of one day, else ``days month year``."""
        if self.first == self.last:
            return "day" if self.hours is None else "hour" if self.hours[0] == self.hours[1] else "part"
        if (self.first.day, (self.last + timedelta(days=1)).day) != (1, 1):
            return "days"
        if (self.first.year, self.first.month) == (self.last.year, self.last.month):
            return "month"
        return "year" if (self.first.month, self.last.month) == (1, 12) else "days"


@dataclass(frozen=True, kw_only=True)
class TimeWords:
    """The words for times (cities/common/times.yaml); single strings are patterns."""

    days: Mapping[str, int] = field(default_factory=dict)
    parts: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    afternoon: tuple[str, ...] = ()
    months: Mapping[str, int] = field(default_factory=dict)
    years: Mapping[str, int] = field(default_factory=dict)
    weeks: Mapping[str, int] = field(default_factory=dict)
    weekdays: Mapping[str, int] = field(default_factory=dict)
    festivals: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    lunar: Mapping[str, str] = field(default_factory=dict)
    seasons: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    month_parts: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    units: Mapping[str, int] = field(default_factory=dict)
    digits: Mapping[str, int] = field(default_factory=dict)
    marks: Mapping[str, str] = field(default_factory=dict)
    week: str = "(?!)"
    holidays: str = "(?!)"
    to: str = "(?!)"
    half: str = "(?!)"
    few: str = "(?!)"
    ago: str = "(?!)"
    lasting: str = "(?!)"
    since: str = "(?!)"
    always: str = "(?!)"
    ten: str = "(?!)"

    @cached_property
    def number(self) -> str:
        """A pattern for a whole number in digits or words."""
        return f"(?:[0-9]{{1,4}}|[{''.join(self.digits)}{self.ten}]{{1,3}})" if self.digits else "(?!)"

    def count(self, said: str) -> int:
        """Return the number that ``said`` is; words up to ninety-nine."""
        if said.isascii():
            return int(said)
        if self.ten not in said:
            return int("".join(str(self.digits[letter]) for letter in said))
        tens, _, ones = said.partition(self.ten)
        return self.digits.get(tens, 1) * 10 + self.digits.get(ones, 0)


@dataclass(frozen=True, kw_only=True)
class Times:
    """Reads words for times."""

    words: TimeWords = field(default_factory=TimeWords)

    def moment_in(self, said: str, at: datetime, calendar: Calendar) -> Moment | None:
        """Return what ``said`` means to somebody who speaks at ``at``; ``None`` for habits and for what names no day."""
        today = at.astimezone(CITY_TIME).date()
        if re.search(self.words.always, said):
            return None
        begin, *more = re.split(self.words.to, said, maxsplit=1)
        if more and (end := self.moment_in(more[0], at, calendar)) and end.hours is None:
            start = self.moment_in(begin, at, calendar)
            if start is not None and start.first < end.last:
                return Moment(first=start.first, last=end.last)
        days = next(filter(None, self._readings(said, today, calendar)), None)
        if days is None:
            return None
        first, last, lasting = days
        one_day = first == last
        return Moment(
            first=first,
            last=last,
            hours=self._hours(said) if one_day else None,
            since=lasting or re.search(f"(?:{self.words.since})", said) is not None,
            about=re.search(f"(?:{self.words.few})", said) is not None,
        )

    def _readings(
        self, said: str, today: date, calendar: Calendar
    ) -> Iterable[tuple[date, date, bool] | None]:
        """Yield what each way of naming days makes of ``said``, the most exact way first."""
        for reading in (self._dated, self._festive, self._spoken, self._weekly, self._counted, self._broad):
            yield reading(said, today, calendar)

    def _dated(self, said: str, today: date, calendar: Calendar) -> tuple[date, date, bool] | None:
        """Read a day, or a part of a month, by its numbers."""
        words = self.words
        number, marks = words.number, words.marks
        if iso := re.search(r"(20[0-9]{2})[-/.]([0-9]{1,2})[-/.]([0-9]{1,2})", said):
            return _one(_day(*map(int, iso.groups())))
        found = re.search(
            f"(?:(?P<year>[0-9]{{4}}){marks.get('year', '(?!)')})?(?P<month>{number})(?:{marks.get('month', '(?!)')})"
            f"(?:(?P<day>{number})(?:{marks.get('day', '(?!)')})?|(?P<part>{_any(words.month_parts)}))?",
            said,
        )
        if found is None or not 1 <= (month := words.count(found["month"])) <= 12 or self._is_span(said):
            return self._day_alone(said, today)
        year = int(found["year"]) if found["year"] else self._year_said(said, today)
        if found["day"]:
            return _one(_nearest(year, month, words.count(found["day"]), today))
        first = _nearest(year, month, 1, today)
        if first is None:
            return None
        begin, end = words.month_parts.get(found["part"] or "", (1, 31))
        return (
            first.replace(day=begin),
            min(first.replace(day=1) + timedelta(days=end - 1), _month_end(first)),
            False,
        )

    def _is_span(self, said: str) -> bool:
        """Tell whether ``said`` counts months instead of naming one."""
        words = self.words
        return re.search(f"{words.number}{words.marks.get('each', '(?!)')}", said) is not None

    def _day_alone(self, said: str, today: date) -> tuple[date, date, bool] | None:
        """Read the number of a day: of this month, or of the last one that is past."""
        found = re.search(
            f"(?<![0-9])({self._short})(?:{self.words.marks.get('day', '(?!)')})(?![0-9])", said
        )
        if found is None or self._is_span(said):
            return None
        number = self.words.count(found[1])
        offset = next((n for word, n in _longest(self.words.months) if word in said), None)
        month = _months_on(today, offset or 0)
        if offset is None and number > today.day:
            month = _months_on(today, -1)
        return _one(_day(month.year, month.month, number))

    @cached_property
    def _short(self) -> str:
        return self.words.number.replace("{1,4}", "{1,2}")

    def _year_said(self, said: str, today: date) -> int | None:
        offset = next((n for word, n in _longest(self.words.years) if word in said), None)
        return None if offset is None else today.year + offset

    def _festive(self, said: str, today: date, calendar: Calendar) -> tuple[date, date, bool] | None:
        """Read a festival; the holidays around it where they are said."""
        words = self.words
        if self._is_span(said):
            return None
        year = self._year_said(said, today)
        for name, (month, day) in _longest(words.festivals):
            if name in said:
                found = _nearest(year, month, day, today)
                return _around(found, calendar) if found and re.search(words.holidays, said) else _one(found)
        for name, festival in _longest(words.lunar):
            if name in said:
                off = sorted(day for day, called in calendar.holidays.items() if called == festival)
                past = [
                    day
                    for day in off
                    if (day.year == year if year else day <= today + timedelta(days=_AHEAD))
                ]
                return _around(past[-1], calendar) if past else None
        return None

    def _spoken(self, said: str, today: date, calendar: Calendar) -> tuple[date, date, bool] | None:
        for word, offset in _longest(self.words.days):
            if word in said:
                return _one(today + timedelta(days=offset))
        return None

    def _weekly(self, said: str, today: date, calendar: Calendar) -> tuple[date, date, bool] | None:
        words = self.words
        found = re.search(
            f"(?P<which>{_any(words.weeks)})?(?:{words.marks.get('each', '(?!)')})?(?:{words.week})(?P<day>{_any(words.weekdays)})?",
            said,
        )
        if found is None or not (found["which"] or found["day"]):
            return None
        monday = (
            today
            - timedelta(days=today.weekday())
            + timedelta(weeks=words.weeks.get(found["which"] or "", 0))
        )
        if not found["day"]:
            return monday, monday + timedelta(days=_WEEK - 1), False
        day = monday + timedelta(days=words.weekdays[found["day"]])
        return _one(day if found["which"] or day <= today else day - timedelta(weeks=1))

    def _counted(self, said: str, today: date, calendar: Calendar) -> tuple[date, date, bool] | None:
        """Read so many days, weeks, months or years ago, or for so long."""
        words = self.words
        marks = words.marks
        amount = f"(?P<half>{words.half})?(?P<n>{words.number}|{words.few})?(?:{words.few})?"
        found = re.search(
            f"(?P<before>{marks.get('previous', '(?!)')}|{marks.get('these', '(?!)')})?{amount}(?:{marks.get('each', '(?!)')})?"
            f"(?P<more>{words.half})?(?P<unit>{_any(words.units)})(?:{words.few})?(?P<ago>{words.ago})?(?P<lasting>{words.lasting})?",
            said,
        )
        if found is None or not (found["half"] or found["n"]):
            return None
        if not (found["before"] or found["ago"] or found["lasting"]):
            return None
        span = words.units[found["unit"]] * self._amount(found)
        begun = today - timedelta(days=round(span))
        if found["ago"] and not found["before"]:
            return _one(begun) if words.units[found["unit"]] == 1 and found["n"] else _about(begun, span)
        return (
            begun,
            today,
            found["lasting"] is not None or re.match(marks["these"], found["before"] or "") is not None,
        )

    def _amount(self, found: re.Match[str]) -> float:
        number = found["n"] or ""
        known = re.fullmatch(self.words.number, number)
        whole = self.words.count(number) if known else _FEW if number else 0
        return whole + (0.5 if found["half"] or found["more"] else 0)

    def _broad(self, said: str, today: date, calendar: Calendar) -> tuple[date, date, bool] | None:
        """Read a month, a season or a year."""
        for word, offset in _longest(self.words.months):
            if word in said:
                month = _months_on(today, offset)
                return self._part_of(said[said.index(word) + len(word) :], month)
        year = self._year_said(said, today)
        for word, (begin, end) in _longest(self.words.seasons):
            if word in said:
                first = date(year or today.year, begin, 1)
                if first > today and year is None:
                    first = first.replace(year=first.year - 1)
                return first, _month_end(_months_on(first, (end - begin) % 12)), False
        return (date(year, 1, 1), date(year, 12, 31), False) if year else None

    def _part_of(self, rest: str, month: date) -> tuple[date, date, bool]:
        part = next(
            (part for word, part in _longest(self.words.month_parts) if rest.startswith(word)), (1, 31)
        )
        return (
            month + timedelta(days=part[0] - 1),
            min(month + timedelta(days=part[1] - 1), _month_end(month)),
            False,
        )

    def _hours(self, said: str) -> tuple[int, int] | None:
        """Return the hour, or the hours of the part of the day, that are said."""
        words = self.words
        part = next((word for word, _ in _longest(words.parts) if word in said), "")
        mark = words.marks.get("hour", "(?!)")
        clocks = re.finditer(rf"({self._short})(?:{mark})|([0-9]{{1,2}})[:\uff1a][0-9]{{2}}", said)
        begins = words.parts[part][0] if part in words.afternoon else 0
        hours = [_of_the_clock(words.count(clock[1] or clock[2]), begins) for clock in clocks]
        if not hours:
            return words.parts.get(part)
        return (min(hours), max(hours)) if max(hours) < _HOURS else None


def moment_in_words(say: Callable[..., str], moment: Moment) -> str:
    """Return the days of ``moment`` as people write them; ``say`` fills the system's sentences."""

    def day(one: date) -> str:
        return say("when_day", year=str(one.year), month=str(one.month), day=str(one.day))

    match moment.precision:
        case "month":
            told = say("when_month", year=str(moment.first.year), month=str(moment.first.month))
        case "year":
            told = say("when_year", year=str(moment.first.year))
        case "days":
            told = say("when_days", first=day(moment.first), last=day(moment.last))
        case _:
            told = day(moment.first)
    if moment.since:
        return say("when_since", date=day(moment.first) if moment.precision == "days" else told)
    if moment.hours is None:
        return told
    first, last = map(str, moment.hours)
    return say(f"when_{moment.precision}", day=told, first=first, last=last)


def _of_the_clock(hour: int, begins: int) -> int:
    """Return the hour of twenty-four that is said in a part of the day that begins at ``begins``."""
    after_midnight = begins >= _EVENING and hour < _DAWN
    return hour + _NOON if hour < min(begins, _NOON) and not after_midnight else hour


def _any(names: Iterable[str]) -> str:
    return "|".join(map(re.escape, sorted(names, key=len, reverse=True))) or "(?!)"


def _longest(words: Mapping[str, Value]) -> list[tuple[str, Value]]:
    return sorted(words.items(), key=lambda pair: -len(pair[0]))


def _one(day: date | None) -> tuple[date, date, bool] | None:
    return (day, day, False) if day else None


def _about(day: date, span: float) -> tuple[date, date, bool]:
    """Return the days around one that was said in weeks, months, years or roughly."""
    near = timedelta(days=max(1, round(span / 6)))
    return day - near, day + near, False


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _nearest(year: int | None, month: int, day: int, today: date) -> date | None:
    """Return that day of that year; without a year the last one, or the next if it is near."""
    if year is not None:
        return _day(year, month, day)
    every = (_day(today.year + offset, month, day) for offset in (1, 0, -1, -2, -3, -4))
    return next((found for found in every if found and found <= today + timedelta(days=_AHEAD)), None)


def _around(day: date, calendar: Calendar) -> tuple[date, date, bool]:
    """Return the days off that ``day`` is one of."""
    name = calendar.holidays.get(day)
    first = last = day
    while name and calendar.holidays.get(first - timedelta(days=1)) == name:
        first -= timedelta(days=1)
    while name and calendar.holidays.get(last + timedelta(days=1)) == name:
        last += timedelta(days=1)
    return first, last, False


def _months_on(day: date, months: int) -> date:
    """Return the first day of the month that many months on."""
    total = day.year * 12 + day.month - 1 + months
    return date(total // 12, total % 12 + 1, 1)


def _month_end(day: date) -> date:
    return _months_on(day, 1) - timedelta(days=1)
