"""How often somebody may do what: the defaults, and how an operator changes them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeAlias

Subject: TypeAlias = tuple[str, str]  #: what is done, one of ``LIMITS``, and by whom or to what

_SPANS = {"s": 1, "min": 60, "h": 3600}
_WRITTEN = re.compile(r"([a-z.]+)=([1-9][0-9]{0,6})/([1-9][0-9]{0,3})(s|min|h)")


@dataclass(frozen=True, kw_only=True, slots=True)
class Limit:
    """So many times within any so many seconds."""

    times: int
    seconds: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Take:
    """One time that was counted, or the ``wait`` in seconds until another is; ``left`` are free after it."""

    wait: float
    left: int
    subjects: tuple[Subject, ...] = ()
    token: str = ""


#: An address may be a whole office or a mobile network's exit: what it is allowed is a share of the machine.
LIMITS: Mapping[str, Limit] = MappingProxyType(
    {
        "messages.person": Limit(times=300, seconds=300),  # of one chat session or WeChat user
        "messages.address": Limit(times=6000, seconds=300),
        "letters.address": Limit(times=300, seconds=3600),
        "phone": Limit(times=30, seconds=3600),  # letters and demands that name one number to be called back
        "requests.key": Limit(
            times=6000, seconds=3600
        ),  # posted by one Open311 client, for however many people
        "requests.address": Limit(times=600, seconds=300),  # Open311 queries, and posts without a right key
        "sessions.address": Limit(times=600, seconds=600),  # beyond it they come slowly
        "sockets.address": Limit(
            times=3000, seconds=300
        ),  # opened; beyond it a page asks instead of listening
        "uploads.address": Limit(times=200, seconds=600),
        "progress.number": Limit(times=10, seconds=900),  # wrong query codes for one number (CONTRACT)
        "progress.address": Limit(times=10, seconds=900),  # wrong pairs from one address (CONTRACT)
        "notices.person": Limit(times=1, seconds=600),  # how often somebody is told that they write fast
    }
)


def read_limits(raw: str) -> Mapping[str, Limit]:
    """Return ``LIMITS`` with those changed that ``raw`` names, such as ``phone=60/1h, messages.person=600/5min``.

    Raises ``ValueError`` that says what to write.
    """
    changed: dict[str, Limit] = {}
    for part in filter(None, (part.strip() for part in raw.split(","))):
        written = _WRITTEN.fullmatch(part)
        if written is None:
            raise ValueError(f"{part!r} is no limit; write it like phone=60/1h, with s, min or h")
        name, times, length, span = written.groups()
        if name not in LIMITS:
            raise ValueError(f"there is no limit {name!r}; there are {', '.join(LIMITS)}")
        changed[name] = Limit(times=int(times), seconds=int(length) * _SPANS[span])
    return MappingProxyType({**LIMITS, **changed})
