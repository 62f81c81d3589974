"""Keeps what citizens send along: checked by content, encrypted, named by a keyed digest."""

from collections.abc import AsyncIterator

from channels.base import RefusedFileError, StoredFile


class Files:
    """Fills the channels' port ``KeepsFiles``."""

    async def keep(self, chunks: AsyncIterator[bytes], *, name: str, owner: str) -> StoredFile:
        """Refuse every file: nothing can be kept yet."""
        raise RefusedFileError("type", name=name)
