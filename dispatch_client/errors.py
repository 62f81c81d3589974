"""What a dispatch centre's answer means for the sender."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from types import MappingProxyType

from hotline.errors import HotlineError

SOONEST, LATEST = timedelta(seconds=1), timedelta(hours=24)  #: between which ``Retry-After`` is believed


class DispatchBusyError(HotlineError):
    """The centre is slow, busy or failing; the same event may be sent again."""

    retryable = True


class DispatchAwayError(DispatchBusyError):
    """Nobody listens at the centre's address; send again as soon as somebody does."""


class DispatchThrottledError(DispatchBusyError):
    """The centre asks to be left alone for ``wait``; then the same event may be sent again."""

    def __init__(self, why: str, *, wait: timedelta) -> None:
        super().__init__(why)
        self.wait = wait


class DispatchUnreachedError(HotlineError):
    """We were not let through to the centre: look at clocks, secrets, addresses and proxies on the way.

    That passes without anything being done to the event, so it is sent again.
    """

    retryable = True


class DispatchGoneError(HotlineError):
    """The centre wants no more events at this address (410): a person gives another one or switches it on again."""

    retryable = True


class DispatchRejectedError(HotlineError):
    """The centre will never take this event as it is; a person has to look."""


BY_STATUS: Mapping[int, type[HotlineError]] = MappingProxyType(
    dict.fromkeys((408, 409, 425, 429), DispatchBusyError)
    | dict.fromkeys((*range(300, 400), 401, 403, 404, 405, 407), DispatchUnreachedError)
    | {410: DispatchGoneError}
)
_MAY_ASK_TO_WAIT = frozenset({429, 503})


def error_for(status: int, *, retry_after: str = "", now: datetime | None = None) -> HotlineError:
    """Return the error that an answer other than 2xx stands for; unknown ones are final.

    ``retry_after`` is that header of the answer, read at ``now``.
    """
    why = f"dispatch centre answered {status}"
    if status in _MAY_ASK_TO_WAIT and (wait := wait_of(retry_after, now=now or datetime.now(UTC))):
        return DispatchThrottledError(why, wait=wait)
    kind = DispatchBusyError if status >= 500 else BY_STATUS.get(status, DispatchRejectedError)
    return kind(why)


def wait_of(retry_after: str, *, now: datetime) -> timedelta | None:
    """Return how long a ``Retry-After`` (RFC 9110, 10.2.3) asks to wait, ``None`` where it cannot be read."""
    given = retry_after.strip()
    if given.isascii() and given.isdigit():
        return min(max(timedelta(seconds=int(given[:9])), SOONEST), LATEST)
    try:
        until = parsedate_to_datetime(given)
    except ValueError:
        return None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return min(max(until - now, SOONEST), LATEST)
