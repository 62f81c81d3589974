"""What a dispatch centre's answer means for the sender."""

from collections.abc import Mapping
from types import MappingProxyType

from hotline.errors import HotlineError


class DispatchBusyError(HotlineError):
    """The centre is away, slow or busy; the same event may be sent again."""

    retryable = True


class DispatchUnreachedError(HotlineError):
    """We were not let through to the centre: look at clocks, secrets, addresses and proxies on the way.

    That passes without anything being done to the event, so it is sent again.
    """

    retryable = True


class DispatchRejectedError(HotlineError):
    """The centre will never take this event as it is; a person has to look."""


BY_STATUS: Mapping[int, type[HotlineError]] = MappingProxyType(
    dict.fromkeys((408, 409, 425, 429), DispatchBusyError)
    | dict.fromkeys((*range(300, 400), 401, 403, 404, 405, 407), DispatchUnreachedError)
)


def error_for(status: int) -> HotlineError:
    """Return the error that an answer other than 2xx stands for; unknown ones are final."""
    kind = DispatchBusyError if status >= 500 else BY_STATUS.get(status, DispatchRejectedError)
    return kind(f"dispatch centre answered {status}")
