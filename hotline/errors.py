"""What can go wrong, said so that the caller knows whether to try again."""

from typing import ClassVar


class HotlineError(Exception):
    """Something failed; ``retryable`` says whether the same call may succeed later."""

    retryable: ClassVar[bool] = False


class NotAMessageError(HotlineError):
    """What arrived cannot be read as a message; the text says what to send instead."""


class KeyReusedError(HotlineError):
    """The same key came again with another body; use a new key for a new message."""


class StorageAwayError(HotlineError):
    """The database cannot be reached; nothing was stored, send the same again."""

    retryable = True


class UnderstandingAwayError(HotlineError):
    """The understanding service is slow, wrong or away; fall back to keywords."""

    retryable = True


class CityPackError(HotlineError):
    """A city's data is not usable; every finding names its file and line."""


class NotAnEventError(HotlineError):
    """What arrived is not an event of the dispatch contract, or its signature is wrong."""
