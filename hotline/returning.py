"""How often a citizen may be written to on a platform that pushes: an allowance with an end."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from types import MappingProxyType


@dataclass(frozen=True, kw_only=True, slots=True)
class ReturnPath:
    """Where replies are pushed to, and what this message allows: so many within so many seconds."""

    address: str  #: the platform's name for the citizen; sealed wherever it is kept
    messages: int
    seconds: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Window:
    """A time in which messages may be sent, and how many are left."""

    until: datetime
    left: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Allowance:
    """The windows that a citizen's messages and taps have opened, by their length in seconds.

    A newer window of one length takes the place of the older one. Sending spends the window that ends
    first. The last message of the longest one is kept for what must arrive: the outcome of a ticket.
    """

    windows: Mapping[str, Window] = field(default_factory=lambda: MappingProxyType({}))

    def opened(self, path: ReturnPath, at: datetime) -> "Allowance":
        """Return the allowance after a message that came at ``at``; one that came late opens nothing older."""
        name, window = (
            str(path.seconds),
            Window(until=at + timedelta(seconds=path.seconds), left=path.messages),
        )
        known = self.windows.get(name)
        if known is not None and known.until >= window.until:
            return self
        return Allowance(windows={**self.windows, name: window})

    def choose(self, now: datetime, *, important: bool) -> str | None:
        """Return the name of the window to send in, or ``None`` where nothing may be sent now."""
        longest = max(self.windows, key=int, default="")
        open_ = [
            (window.until, name)
            for name, window in self.windows.items()
            if window.until > now and window.left > (1 if name == longest and not important else 0)
        ]
        return min(open_)[1] if open_ else None

    def spent(self, name: str) -> "Allowance":
        """Return the allowance after one message in the window ``name``."""
        window = self.windows[name]
        return Allowance(windows={**self.windows, name: replace(window, left=max(window.left - 1, 0))})

    def given_back(self, name: str) -> "Allowance":
        """Return the allowance after a message in the window ``name`` was not sent after all."""
        if name not in self.windows:
            return self
        window = self.windows[name]
        return Allowance(windows={**self.windows, name: replace(window, left=window.left + 1)})

    def exhausted(self) -> "Allowance":
        """Return the allowance of which nothing is left until the citizen writes again."""
        return Allowance(windows={name: replace(window, left=0) for name, window in self.windows.items()})

    def closed(self) -> "Allowance":
        """Return the allowance of somebody who cannot be written to any more."""
        return Allowance()
