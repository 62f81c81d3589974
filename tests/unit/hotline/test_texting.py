"""Text messages: whose number takes one, who gets none, what a bare grade answers."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from cities.loading import load_pack
from hotline.conversation import Conversation, Doing, Option, Phase
from hotline.texting import Fate, Question, asked, asks_by_text, fate_of, mobile_of, mobile_to_text
from hotline.ticket import Contact

NOON = datetime(2026, 11, 20, 4, tzinfo=UTC)
QUESTION = Question(number="N", at=NOON)
RATE = Doing(act="rate", number="N")
BEFORE = Conversation(id="sms:p")


@pytest.mark.parametrize(
    ("said", "mobile"),
    [
        ("13800000000", "13800000000"), ("138 0000-0000", "13800000000"), ("+86 138 0000 0000", "13800000000"),
        ("0086138-0000-0000", "13800000000"), ("0312-1234567", ""), ("12800000000", ""), ("1380000000", ""),
        ("138000000001", ""), ("13800000000转1", ""), ("", ""),
    ],
)  # fmt: skip
def test_only_a_mobile_number_takes_texts(said: str, mobile: str) -> None:
    assert mobile_of(said) == mobile


@pytest.mark.duty("KF-3-1d")
def test_who_is_kept_back_gets_none() -> None:
    contact = Contact(phone="13800000000")
    assert mobile_to_text(contact)
    assert not mobile_to_text(replace(contact, confidential=True))
    assert not mobile_to_text(replace(contact, anonymous=True))


@pytest.mark.duty("BD-26")
def test_the_city_s_text_says_whether_it_is_asked_by_text() -> None:
    cities = ("baoding", "pingdingshan", "kaifeng", "suqian", "xian")
    assert [city for city in cities if asks_by_text(load_pack(city))] == ["baoding"]


def test_a_bare_grade_answers_the_newest_thing_that_was_said_or_what_is_still_open() -> None:
    later = replace(BEFORE, last_at=NOON + timedelta(minutes=1))
    assert asked(BEFORE, None) == BEFORE
    assert asked(BEFORE, QUESTION).doing == RATE
    busy = replace(BEFORE, last_at=NOON - timedelta(days=2), offered=(Option(id="human", label="人工"),))
    assert (asked(busy, QUESTION).doing, asked(busy, QUESTION).offered) == (RATE, ())
    assert asked(later, QUESTION).doing == RATE, "thanks came first"
    for means_something_else in (
        replace(later, offered=busy.offered), replace(later, phase=Phase.COLLECTING),
        replace(later, doing=Doing(act="solved", number="N")),
    ):  # fmt: skip
        assert asked(means_something_else, QUESTION) == means_something_else
    assert asked(later, replace(QUESTION, rated=True)) == later


@pytest.mark.parametrize(
    ("status", "fate"),
    [
        (200, "sent"),
        (202, "sent"),
        (429, "busy"),
        (503, "busy"),
        (410, "closed"),
        (401, "refused"),
        (302, "refused"),
    ],
)
def test_a_status_tells_what_becomes_of_a_text(status: int, fate: str) -> None:
    assert fate_of(status) is Fate(fate)
