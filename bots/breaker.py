"""Leaves a failing service alone for a while, so that its silence does not cost every message the time limit."""

from collections.abc import Callable


class Breaker:
    """Opens after ``patience`` failures in a row; then one call every ``pause`` seconds finds out whether it is back."""

    def __init__(self, *, patience: int, pause: float, clock: Callable[[], float]) -> None:
        self._patience = patience
        self._pause = pause
        self._clock = clock
        self._failures = 0
        self._until = 0.0

    def lets_through(self) -> bool:
        """Tell whether to call now; while open, the one call that is let through makes the others wait for it."""
        if self._failures < self._patience:
            return True
        if self._clock() < self._until:
            return False
        self._until = self._clock() + self._pause
        return True

    def succeeded(self) -> None:
        """Close again."""
        self._failures = 0

    def failed(self) -> None:
        """Count one more failure."""
        self._failures += 1
        self._until = self._clock() + self._pause
