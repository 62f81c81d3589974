"""Which answers of a dispatch centre are worth another try."""

import pytest

from dispatch_client.errors import (
    DispatchBusyError,
    DispatchRejectedError,
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


@pytest.mark.parametrize("status", [400, 406, 410, 413, 415, 422, 451])
def test_an_answer_that_will_stay_is_put_before_a_person(status: int) -> None:
    error = error_for(status)
    assert isinstance(error, DispatchRejectedError) and not error.retryable


def test_all_are_errors_of_the_hotline() -> None:
    for kind in (DispatchBusyError, DispatchUnreachedError, DispatchRejectedError):
        assert issubclass(kind, HotlineError)
