"""Worked examples of the readings, and what holds of every reckoning."""

from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cities.loading import load_pack
from hotline.calendar import CITY_TIME, DayKind
from hotline.citation import Citation
from hotline.citypack import CityPack
from hotline.deadlines import Due, due_moments, shown_date
from hotline.limits import DeadlineRule

LAW = Citation(instrument="《示例市热线条例》", article="第八条")
FIRST, LAST = (
    datetime.fromisoformat("2025-01-01"),
    datetime.fromisoformat("2026-11-30"),
)  # naive: the strategy adds the zone
MOMENTS = st.datetimes(FIRST, LAST, timezones=st.just(CITY_TIME))
ALL = settings(print_blob=True, max_examples=80, deadline=None)


@cache
def pack(code: str = "pingdingshan") -> CityPack:
    return load_pack(code)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=CITY_TIME)


def dues(city: str, **case: object) -> dict[str, Due]:
    asked = {"kind": "complaint", "ticket_class": None, "channel": "webchat"} | case
    return {due.what: due for due in due_moments(pack(city), **asked)}  # type: ignore[arg-type]


def with_rules(*rules: DeadlineRule) -> CityPack:
    return replace(pack("_example"), deadlines=rules)


def rule(name: str, what: str = "finish", starts: str = "filing", **length: object) -> DeadlineRule:
    lengths = {"working_days": None, "days": None, "hours": None} | length
    return DeadlineRule(id=name, what=what, starts=starts, citation=LAW, **lengths)  # type: ignore[arg-type]


def due_of(rules: CityPack, moment: str, **case: object) -> Due:
    asked = {"kind": "complaint", "ticket_class": "normal", "channel": "webchat", "at": at(moment)} | case
    (due,) = due_moments(rules, **asked)  # type: ignore[arg-type]
    return due


@pytest.mark.duty("R-ALL-1")
@pytest.mark.parametrize(
    ("filed", "days", "due"),
    [
        ("2026-11-23T10:00", 1, "2026-11-24"),  # Monday morning, R-ALL-1
        ("2026-11-23T22:00", 1, "2026-11-24"),  # and Monday night alike
        ("2026-11-21T09:00", 1, "2026-11-23"),  # Saturday
        ("2026-09-29T14:34", 5, "2026-10-12"),  # over the National Day, 10-10 worked
        ("2026-10-08T08:00", 2, "2026-10-10"),  # ends on the make-up Saturday
        ("2026-02-13T08:00", 5, "2026-02-27"),  # over the Spring Festival, 02-14 worked
    ],
)
def test_working_days_end_at_midnight_and_leave_out_the_day_of_the_event(
    filed: str, days: int, due: str
) -> None:
    """R-ALL-1."""
    found = due_of(with_rules(rule("r", working_days=days)), filed)
    assert found.at == datetime.fromisoformat(f"{due}T23:59:59+08:00")
    assert not found.provisional and found.why == ""


def test_the_reckoning_shows_every_day_and_why() -> None:
    """The example of the mock-up: filed 2026-09-29, five working days, due 2026-10-12."""
    days = due_of(with_rules(rule("r", working_days=5)), "2026-09-29T14:34").days
    assert [(d.day.isoformat()[5:], d.count) for d in days if d.count] == [
        ("09-30", 1),
        ("10-08", 2),
        ("10-09", 3),
        ("10-10", 4),
        ("10-12", 5),
    ]
    assert days[0].day == date(2026, 9, 29) and days[0].count is None
    assert {d.name for d in days if d.kind is DayKind.HOLIDAY} == {"国庆节"}
    assert next(d for d in days if d.day == date(2026, 10, 10)).kind is DayKind.MAKEUP


@pytest.mark.duty("PDS-8A", "R-ALL-2")
def test_hours_run_through_the_night() -> None:
    """R-ALL-2: class A sent at 22:00 is due at 02:00."""
    found = dues("pingdingshan", ticket_class="A", kind="consultation", at=at("2026-11-21T22:00"))
    assert found["finish"].at == at("2026-11-22T02:00")
    assert found["finish"].days == () and not found["finish"].provisional


@pytest.mark.duty("R-ALL-3")
def test_calendar_days_are_not_moved_off_a_rest_day() -> None:
    """R-ALL-3."""
    found = due_of(with_rules(rule("r", days=7)), "2026-09-26T10:00")
    assert found.at == at("2026-10-03T23:59:59")
    assert not found.provisional and [d.count for d in found.days] == [None, 1, 2, 3, 4, 5, 6, 7]


@pytest.mark.duty("R-ALL-5")
@pytest.mark.parametrize(
    ("signed", "due", "provisional"),
    [
        ("2026-11-23T15:00", "2026-11-30", False),  # signed on the Monday: next Monday
        ("2026-11-26T09:00", "2026-12-01", False),  # signed on the Thursday, late: next Tuesday
        (None, "2026-12-01", True),  # not signed yet: the same, provisionally
    ],
)
def test_what_runs_from_signing_gains_nothing_by_signing_late(
    signed: str | None, due: str, provisional: bool
) -> None:
    """R-ALL-5."""
    happened = {"signing": at(signed)} if signed else {}
    found = dues("_example", ticket_class="normal", at=at("2026-11-23T10:00"), happened=happened)
    assert found["sign"].at == at("2026-11-24T23:59:59")
    assert found["finish"].at == at(f"{due}T23:59:59")
    assert found["finish"].provisional is provisional and bool(found["finish"].why) is provisional


@pytest.mark.duty("R-ALL-4", "R-ALL-5")
def test_without_a_limit_for_signing_the_period_runs_from_arrival() -> None:
    """R-ALL-5."""
    lone = with_rules(rule("r", starts="signing", working_days=5))
    found = due_of(lone, "2026-11-23T10:00", happened={"signing": at("2026-11-25T10:00")})
    assert found.at == at("2026-11-30T23:59:59") and not found.provisional


def test_across_an_unpublished_new_year_the_date_is_provisional_and_says_why() -> None:
    """2027-01-01 is a holiday by law; what else will be worked or off is not known yet."""
    found = due_of(with_rules(rule("r", working_days=5)), "2026-12-29T10:00")
    assert found.at == at("2027-01-06T23:59:59")
    assert found.provisional and "2027" in found.why


def test_hours_are_never_provisional_for_the_calendar() -> None:
    assert not due_of(with_rules(rule("r", hours=4)), "2026-12-31T23:00").provisional


@pytest.mark.duty("R-ALL-9")
def test_channel_beats_class_beats_kind_for_the_same_duty() -> None:
    """R-ALL-9."""
    general = rule("general", working_days=9)
    by_kind = replace(rule("kind", working_days=8), kinds=("complaint",))
    by_class = replace(rule("class", working_days=3), classes=("normal",))
    by_channel = replace(rule("channel", working_days=6), channels=("mailbox",))
    everything = with_rules(general, by_kind, by_class, by_channel)
    count = {
        c: due_of(everything, "2026-11-23T10:00", channel=c).days[-1].count for c in ("mailbox", "webchat")
    }
    assert count == {"mailbox": 6, "webchat": 3}
    assert due_of(with_rules(general, by_kind), "2026-11-23T10:00").days[-1].count == 8


@pytest.mark.duty("R-ALL-9")
def test_of_two_equally_special_limits_the_earlier_holds() -> None:
    """R-ALL-9."""
    found = due_of(with_rules(rule("a", working_days=3), rule("b", hours=5)), "2026-11-23T10:00")
    assert found.at == at("2026-11-23T15:00")


@pytest.mark.duty("R-ALL-9")
def test_different_duties_are_each_kept() -> None:
    """R-ALL-9."""
    found = dues("_example", ticket_class="urgent", at=at("2026-11-23T10:00"))
    assert set(found) == {"sign", "contact", "finish", "return", "follow_up"}


def test_a_rule_not_yet_in_force_does_not_count() -> None:
    later = replace(rule("later", working_days=2), effective_from=date(2027, 1, 1))
    old = rule("old", working_days=5)
    assert due_of(with_rules(old, later), "2026-11-23T10:00").days[-1].count == 5
    assert due_of(with_rules(old, later), "2027-01-04T10:00").days[-1].count == 2


@pytest.mark.duty("PDS-8B", "PDS-8C")
@pytest.mark.parametrize(("ticket_class", "what", "due"), [("B", "finish", "11-30"), ("C", "plan", "11-30")])
def test_class_b_is_finished_and_class_c_is_planned_in_five_working_days(
    ticket_class: str, what: str, due: str
) -> None:
    """PDS-8B, PDS-8C."""
    found = dues("pingdingshan", ticket_class=ticket_class, at=at("2026-11-23T10:00"))
    assert found[what].at == at(f"2026-{due}T23:59:59") and found[what].citation.article == "第八条"


@pytest.mark.duty("PDS-8D", "R-ALL-6", "R-ALL-25")
def test_class_d_has_no_invented_limit() -> None:
    """PDS-8D, R-ALL-6, R-ALL-25."""
    assert set(dues("pingdingshan", ticket_class="D", at=at("2026-11-23T10:00"))) == {"return"}


@pytest.mark.duty("PDS-14", "R-PDS-1")
@pytest.mark.parametrize("ticket_class", ["A", "B"])
def test_a_letter_to_the_mayor_is_answered_in_ten_working_days(ticket_class: str) -> None:
    """R-PDS-1: ten working days stand in for the limits of A and B."""
    found = dues("pingdingshan", ticket_class=ticket_class, channel="mailbox", at=at("2026-11-23T10:00"))
    assert found["finish"].at == at("2026-12-07T23:59:59") and found["finish"].citation.article == "第十四条"
    assert "progress" not in found


@pytest.mark.duty("PDS-14", "R-PDS-1")
def test_a_hard_letter_keeps_its_plan_beside_the_reply() -> None:
    """R-PDS-1: class C keeps the plan in 5; the 10 tell the state."""
    found = dues("pingdingshan", ticket_class="C", channel="mailbox", at=at("2026-11-23T10:00"))
    assert found["plan"].at == at("2026-11-30T23:59:59")
    assert found["progress"].at == at("2026-12-07T23:59:59") and "finish" not in found


@pytest.mark.duty("PDS-11", "R-PDS-2")
def test_return_runs_24_hours_from_the_first_opening() -> None:
    """PDS-11, R-PDS-2: unopened counts as opened at the end of the next working day."""
    filed = at("2026-11-20T10:00")
    unopened = dues("pingdingshan", ticket_class="B", at=filed)["return"]
    assert unopened.at == at("2026-11-24T23:59:59") and unopened.provisional and unopened.why
    opened = {"receipt": at("2026-11-20T11:30")}
    assert dues("pingdingshan", ticket_class="B", at=filed, happened=opened)["return"].at == at(
        "2026-11-21T11:30"
    )
    late = {"receipt": at("2026-11-26T11:30")}
    assert dues("pingdingshan", ticket_class="B", at=filed, happened=late)["return"].at == unopened.at


@pytest.mark.duty("PDS-16", "R-PDS-4")
def test_follow_up_runs_from_the_closing_reply() -> None:
    """PDS-16, R-PDS-4."""
    filed = at("2026-11-23T10:00")
    assert dues("pingdingshan", ticket_class="B", at=filed)["follow_up"].provisional
    replied = {"closing_reply": at("2026-11-25T16:00")}
    found = dues("pingdingshan", ticket_class="B", at=filed, happened=replied)["follow_up"]
    assert found.at == at("2026-11-27T23:59:59") and not found.provisional


@pytest.mark.duty("R-ALL-25")
def test_without_a_date_for_the_finish_no_follow_up_is_promised() -> None:
    """R-ALL-25."""
    assert "follow_up" not in dues("pingdingshan", ticket_class="C", at=at("2026-11-23T10:00"))


@pytest.mark.duty("R-ALL-12")
def test_the_citizen_is_told_the_latest_lawful_finish() -> None:
    """R-ALL-12."""
    found = shown_date(dues("_example", ticket_class="normal", at=at("2026-11-23T10:00")).values())
    assert found is not None and found.what == "finish" and found.at == at("2026-12-01T23:59:59")


def test_without_a_finish_the_citizen_is_told_the_next_word_that_is_owed() -> None:
    plan = shown_date(dues("pingdingshan", ticket_class="C", at=at("2026-11-23T10:00")).values())
    assert plan is not None and plan.what == "plan"
    assert shown_date(dues("pingdingshan", ticket_class="D", at=at("2026-11-23T10:00")).values()) is None


@given(MOMENTS, MOMENTS, st.sampled_from("ABC"), st.sampled_from(["webchat", "mailbox"]))
@ALL
def test_who_files_later_is_never_due_earlier(
    one: datetime, other: datetime, ticket_class: str, channel: str
) -> None:
    first, second = sorted((one, other))
    early, late = (
        dues("pingdingshan", ticket_class=ticket_class, channel=channel, at=m) for m in (first, second)
    )
    assert set(early) == set(late)
    assert all(early[what].at <= late[what].at for what in early)


@given(MOMENTS, st.integers(1, 20))
@ALL
def test_working_days_never_end_on_a_rest_day_and_count_exactly(moment: datetime, number: int) -> None:
    (due,) = due_moments(
        with_rules(rule("r", working_days=number)),
        kind="help",
        ticket_class=None,
        channel="webchat",
        at=moment,
    )
    assert pack("_example").calendar.is_working(due.days[-1].day)
    assert due.at.astimezone(CITY_TIME).date() == due.days[-1].day
    assert [d.count for d in due.days if d.count] == list(range(1, number + 1))
    assert all((d.count is not None) == d.kind.value.startswith(("work", "makeup")) for d in due.days[1:])


@given(MOMENTS, st.integers(-12 * 60, 14 * 60), st.sampled_from("ABCD"))
@ALL
def test_the_offset_of_the_clock_changes_nothing(moment: datetime, minutes: int, ticket_class: str) -> None:
    elsewhere = moment.astimezone(timezone(timedelta(minutes=minutes)))
    asked = {"kind": "complaint", "ticket_class": ticket_class, "channel": "webchat"}
    assert due_moments(pack(), at=moment, **asked) == due_moments(pack(), at=elsewhere, **asked)  # type: ignore[arg-type]


@given(MOMENTS, st.sampled_from("ABCD"))
@ALL
def test_moments_come_in_order_with_their_offset_and_never_before_the_filing(
    moment: datetime, ticket_class: str
) -> None:
    found = due_moments(pack(), kind="complaint", ticket_class=ticket_class, channel="webchat", at=moment)
    assert [due.at for due in found] == sorted(due.at for due in found)
    assert all(due.at > moment and due.at.utcoffset() == timedelta(hours=8) for due in found)
    assert all(due.provisional == bool(due.why) for due in found)
