"""Which answers of a dispatch centre are worth another try."""

from datetime import UTC, datetime, timedelta

import pytest

from dispatch_client.errors import (
    DispatchBusyError,
    DispatchGoneError,
    DispatchRejectedError,
    DispatchThrottledError,
    DispatchUnreachedError,
    error_for,
)
from hotline.errors import HotlineError


@pytest.mark.parametrize("status", [408, 409, 425, 429, 500, 502, 503, 504, 599])
def test_an_answer_that_may_change_is_retryable(status: int) -> None:
    error = error_for(status)
    assert isinstance(error, DispatchBusyError) and error.retryable


@pytest.mark.parametrize("status", [301, 302, 307, 308, 401, 403, 404, 405, 407])
def test_not_being_let_through_is_retryable(status: int) -> None:
    """A clock, a secret being changed, a proxy during a deployment: nothing is wrong with the event."""
    error = error_for(status)
    assert isinstance(error, DispatchUnreachedError) and error.retryable


@pytest.mark.parametrize("status", [400, 406, 413, 415, 422, 451])
def test_an_answer_that_will_stay_is_put_before_a_person(status: int) -> None:
    error = error_for(status)
    assert isinstance(error, DispatchRejectedError) and not error.retryable


def test_gone_is_neither_repeated_by_itself_nor_given_up() -> None:
    assert isinstance(error_for(410), DispatchGoneError)


@pytest.mark.parametrize(
    ("status", "asked", "seconds"),
    [(429, "7", 7), (503, "120", 120), (429, "0", 1), (429, "9999999", 86_400),
     (429, "Wed, 25 Nov 2026 00:01:00 GMT", 60), (429, "Wed, 25 Nov 2020 00:01:00 GMT", 1)],
)  # fmt: skip
def test_a_centre_may_ask_to_wait(status: int, asked: str, seconds: int) -> None:
    error = error_for(status, retry_after=asked, now=datetime(2026, 11, 25, tzinfo=UTC))
    assert isinstance(error, DispatchThrottledError) and error.wait == timedelta(seconds=seconds)


@pytest.mark.parametrize(("status", "asked"), [(429, ""), (429, "soon"), (429, "-1"), (500, "7"), (404, "7")])
def test_what_asks_for_no_wait_goes_by_the_schedule(status: int, asked: str) -> None:
    assert not isinstance(error_for(status, retry_after=asked), DispatchThrottledError)


def test_all_are_errors_of_the_hotline() -> None:
    for kind in (DispatchBusyError, DispatchUnreachedError, DispatchRejectedError):
        assert issubclass(kind, HotlineError)
