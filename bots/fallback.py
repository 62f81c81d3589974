"""Two ways to understand as one: the better, and the one that is always there."""

import logging

from hotline.errors import UnderstandingAwayError
from hotline.ports import Understands
from hotline.understanding import Understanding

log = logging.getLogger(__name__)


class WithFallback:
    """Fills ``hotline.ports.Understands``: asks ``primary``, and ``fallback`` when that is away; counts both."""

    def __init__(self, primary: Understands, fallback: Understands) -> None:
        self._primary = primary
        self._fallback = fallback
        self.answered = 0  #: by the primary
        self.fallbacks = 0

    async def understand(self, text: str) -> Understanding:
        """Return the primary's reading, or the fallback's."""
        try:
            understood = await self._primary.understand(text)
        except UnderstandingAwayError as error:
            self.fallbacks += 1
            log.warning("understanding.fell_back", extra={"why": str(error)})
            return await self._fallback.understand(text)
        self.answered += 1
        return understood
