"""What the core's users need from the world; adapters fill these."""

from typing import Protocol

from hotline.understanding import Finding, Hit, Understanding


class Understands(Protocol):
    """Reads what a message wants."""

    async def understand(self, text: str) -> Understanding:
        """Return a reading of ``text`` within the time limit, or raise ``UnderstandingAwayError``."""


class Searches(Protocol):
    """Finds reviewed, published answers."""

    async def search(self, question: str, *, limit: int) -> Finding:
        """Return hits best first; unpublished or expired articles never come back.

        A county's own articles come only to a question that names the county.
        Raises ``StorageAwayError`` while no article could be read yet: not knowing is not "not found".
        """

    def hit(self, article_id: str) -> Hit | None:
        """Return the article of that id as it is published and holds now."""
