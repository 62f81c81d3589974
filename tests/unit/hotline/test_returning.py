"""How often a citizen may be written to: windows open, are spent and end."""

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from hotline.calendar import CITY_TIME
from hotline.records import from_record, to_record
from hotline.returning import Allowance, ReturnPath

NOON = datetime(2026, 9, 29, 12, tzinfo=CITY_TIME)
SAID = ReturnPath(address="o", messages=5, seconds=48 * 3600)
TAPPED = ReturnPath(address="o", messages=3, seconds=60)


def test_nothing_may_be_sent_to_somebody_who_never_wrote() -> None:
    assert Allowance().choose(NOON, important=True) is None


def test_the_last_message_is_kept_for_what_must_arrive() -> None:
    allowance = Allowance().opened(SAID, NOON)
    for _ in range(4):
        name = allowance.choose(NOON, important=False)
        assert name is not None
        allowance = allowance.spent(name)
    assert allowance.choose(NOON, important=False) is None
    last = allowance.choose(NOON, important=True)
    assert last is not None
    assert allowance.spent(last).choose(NOON, important=True) is None


def test_the_window_that_ends_first_is_spent_first_and_to_its_end() -> None:
    allowance = Allowance().opened(SAID, NOON).opened(TAPPED, NOON)
    for _ in range(3):
        assert allowance.choose(NOON, important=False) == "60"
        allowance = allowance.spent("60")
    assert allowance.choose(NOON, important=False) == str(48 * 3600)


def test_a_window_closes_at_its_end_and_opens_with_the_next_message() -> None:
    allowance = Allowance().opened(SAID, NOON)
    late = NOON + timedelta(hours=48)
    assert allowance.choose(late - timedelta(seconds=1), important=False)
    assert allowance.choose(late, important=True) is None
    assert allowance.opened(SAID, late).choose(late, important=False)


def test_a_message_that_came_late_does_not_shorten_what_a_newer_one_opened() -> None:
    allowance = Allowance().opened(SAID, NOON)
    assert allowance.opened(SAID, NOON - timedelta(hours=1)) == allowance


def test_what_is_used_up_or_closed_opens_again_only_by_the_citizen() -> None:
    allowance = Allowance().opened(SAID, NOON)
    for shut in (allowance.exhausted(), allowance.closed()):
        assert shut.choose(NOON, important=True) is None
        assert shut.opened(SAID, NOON + timedelta(seconds=1)).choose(NOON, important=False)


@given(
    st.lists(
        st.tuples(st.sampled_from([SAID, TAPPED, None]), st.integers(0, 4000), st.booleans()), max_size=40
    )
)
def test_never_more_is_sent_than_the_last_messages_allow(
    steps: list[tuple[ReturnPath | None, int, bool]],
) -> None:
    allowance, now, sent_since = Allowance(), NOON, 0
    for path, seconds, important in steps:
        now += timedelta(seconds=seconds)
        if path is not None:
            allowance, sent_since = allowance.opened(path, now), 0
        elif (name := allowance.choose(now, important=important)) is not None:
            allowance, sent_since = allowance.spent(name), sent_since + 1
        assert sent_since <= SAID.messages + TAPPED.messages
        assert from_record(Allowance, to_record(allowance)) == allowance
