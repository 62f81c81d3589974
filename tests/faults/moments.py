"""What trouble waits for: something that happens again and again."""

import asyncio
from contextlib import suppress


class Pulse:
    """Beats; whoever waits is woken by the next beat."""

    def __init__(self) -> None:
        self._waiting: set[asyncio.Future[None]] = set()

    def beat(self) -> None:
        """Wake everybody who waits."""
        for future in self._waiting:
            if not future.done():
                future.set_result(None)
        self._waiting.clear()

    async def next(self, *, within: float) -> None:
        """Wait for the next beat, no longer than ``within`` seconds."""
        future = asyncio.get_running_loop().create_future()
        self._waiting.add(future)
        with suppress(TimeoutError):
            await asyncio.wait_for(future, within)
        self._waiting.discard(future)


class Counted:
    """A number that grows; whoever waits for it to reach a mark is woken then."""

    def __init__(self) -> None:
        self.value = 0
        self._grown = asyncio.Condition()

    async def grow(self) -> None:
        """Add one."""
        async with self._grown:
            self.value += 1
            self._grown.notify_all()

    async def reaches(self, mark: int) -> None:
        """Wait until the number is ``mark`` or more."""
        async with self._grown:
            await self._grown.wait_for(lambda: self.value >= mark)
