"""Words for a time become days, reckoned from the day on which they were said.

The words of ``times.jsonl`` were written beside the patterns; those of ``times2.jsonl`` were measured once before
(30 of 32 right) and are seen since.
"""

import json
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cities.loading import load_pack
from hotline import filing
from hotline.calendar import CITY_TIME
from hotline.citypack import CityPack
from hotline.conversation import Draft
from hotline.moments import Moment, moment_in_words
from tests.dialogue import Person

DATA = Path(__file__).parent / "data"
AT = datetime(2026, 11, 25, 10, tzinfo=CITY_TIME)  # a Wednesday


@cache
def pack() -> CityPack:
    return load_pack("_example")


def meant(said: str, at: datetime = AT) -> Moment | None:
    return pack().times.moment_in(said, at, pack().calendar)


def told(said: str, at: datetime = AT) -> dict[str, str]:
    moment = meant(said, at)
    if moment is None:
        return dict.fromkeys(("first", "last", "hours", "since"), "")
    hours = "-".join(map(str, moment.hours)) if moment.hours else ""
    return {
        "first": str(moment.first),
        "last": str(moment.last),
        "hours": hours,
        "since": "s" if moment.since else "",
    }


ROWS = [
    json.loads(line)
    for name in ("times.jsonl", "times2.jsonl")
    for line in (DATA / name).read_text("utf-8").splitlines()
]


@pytest.mark.parametrize("row", [row for row in ROWS if row["said"] != "11/20"], ids=lambda row: row["said"])
def test_words_for_a_time_are_days(row: dict[str, str]) -> None:
    assert {"said": row["said"], **told(row["said"])} == row


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("昨晚十点多", "2026年11月24日22点"),
        ("上个月开始", "2026年10月起"),
        ("前天下午", "2026年11月23日13点到17点"),
        ("国庆那天", "2026年10月1日"),
        ("3月15号", "2026年3月15日"),
        ("昨天上午九点到十一点", "2026年11月24日9点到11点"),
        ("11月20日到11月23日", "2026年11月20日到2026年11月23日"),
        ("停水三天了", "2026年11月22日起"),
        ("去年", "2025年"),
    ],
)
def test_days_are_shown_as_people_write_them(said: str, shown: str) -> None:
    moment = meant(said)
    assert moment is not None and moment_in_words(pack().say, moment) == shown


def test_yesterday_is_reckoned_in_city_time_and_over_the_turn_of_the_year() -> None:
    late = datetime(2026, 12, 31, 17, tzinfo=CITY_TIME) + timedelta(hours=8)  # 01:00 on New Year's Day
    assert told("昨晚", late)["first"] == "2026-12-31" and told("12月30号", late)["first"] == "2026-12-30"
    assert told("上个月", late)["first"] == "2026-12-01" and told("去年", late)["last"] == "2026-12-31"
    utc = late.astimezone(tz=None)
    assert told("今天", utc)["first"] == "2027-01-01"


@settings(print_blob=True, deadline=None)
@given(
    st.text(alphabet="昨前今天上个月周五星期日年号点半十二三3015初底国庆期间前了开始到至以来-:", max_size=16),
    st.integers(-150_000, 30_000),
)
def test_whatever_is_said_means_days_in_order_or_none(said: str, hours: int) -> None:
    moment = meant(said, AT + timedelta(hours=hours))
    if moment is not None:
        assert moment.first <= moment.last and moment_in_words(pack().say, moment)
        assert moment.hours is None or 0 <= moment.hours[0] <= moment.hours[1] < 24


def test_the_ticket_keeps_the_words_and_says_the_day() -> None:
    """Reckoned from when it was said, not from when the ticket was filed."""
    somebody = Person(pack=pack(), now=datetime(2026, 11, 24, 23, 50, tzinfo=CITY_TIME))
    somebody.says("示例花园3号楼昨晚十点多停水，到现在没来，我要投诉")
    draft = somebody.state.draft
    assert draft is not None and draft.facts["time"] == "昨晚十点多"
    rows = {name: value for name, _, value in filing.summary_rows(pack(), draft)}
    assert rows["time"] == "昨晚十点多（2026年11月23日22点）"
    again = filing.edited(draft, tuple(rows.items()))
    assert filing.shown_time(pack(), again.facts) == rows["time"]  # not a second time
    moment = filing.moment_of(pack(), again.facts)
    assert moment is not None and (moment.first, moment.precision) == (date(2026, 11, 23), "hour")


def test_without_a_day_the_words_stay_alone() -> None:
    draft = Draft(kind="complaint", said=(), facts={"time": "每天晚上", "told_at": AT.isoformat()})
    assert filing.shown_time(pack(), draft.facts) == "每天晚上"
    assert filing.moment_of(pack(), replace(draft, facts={"time": "昨天"}).facts) is None
