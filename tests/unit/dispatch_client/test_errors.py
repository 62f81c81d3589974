"""Which answers of a dispatch centre are worth another try."""

import pytest

from dispatch_client.errors import DispatchBusyError, DispatchRejectedError, error_for
from hotline.errors import HotlineError


@pytest.mark.parametrize("status", [408, 409, 425, 429, 500, 502, 503, 504, 599])
def test_an_answer_that_may_change_is_retryable(status: int) -> None:
    error = error_for(status)
    assert isinstance(error, DispatchBusyError) and error.retryable


@pytest.mark.parametrize("status", [301, 307, 400, 401, 403, 404, 410, 413, 415, 422, 451])
def test_an_answer_that_will_stay_is_put_before_a_person(status: int) -> None:
    error = error_for(status)
    assert isinstance(error, DispatchRejectedError) and not error.retryable


def test_both_are_errors_of_the_hotline() -> None:
    assert issubclass(DispatchBusyError, HotlineError) and issubclass(DispatchRejectedError, HotlineError)
