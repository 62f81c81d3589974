"""What a dispatch centre's answer means for the sender."""

from collections.abc import Mapping
from types import MappingProxyType

from hotline.errors import HotlineError


class DispatchBusyError(HotlineError):
    """The centre is away, slow or busy; the same event may be sent again."""

    retryable = True


class DispatchRejectedError(HotlineError):
    """The centre will never take this event as it is; a person has to look."""


BY_STATUS: Mapping[int, type[HotlineError]] = MappingProxyType(
    {408: DispatchBusyError, 409: DispatchBusyError, 425: DispatchBusyError, 429: DispatchBusyError}
)


def error_for(status: int) -> HotlineError:
    """Return the error that an answer other than 2xx stands for; unknown ones are final."""
    kind = DispatchBusyError if status >= 500 else BY_STATUS.get(status, DispatchRejectedError)
    return kind(f"dispatch centre answered {status}")
