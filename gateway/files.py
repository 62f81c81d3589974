"""Keeps what citizens send along: checked by content, encrypted, named by a keyed digest.

A file goes through ``incoming/`` while it is checked. ``put`` moves it to the name of its digest and
writes its row in one transaction that holds the name; the sweep takes the same lock, so that no file is
taken away between the two. What a crash leaves in between is a file without a row, which is swept.
"""

import asyncio
import hashlib
import hmac
import logging
import os
import secrets
import time
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Protocol

from channels.attachments import IMAGES, ZIP, Sniffer, kept_name
from channels.base import RefusedFileError, Sends, StagedFile, StoredFile
from channels.documents import document_type
from channels.images import remade
from gateway.store.attachments import Attachments
from groundwork.streams import Sealer, key_of, opened
from groundwork.vault import Vault
from hotline.errors import HotlineError, StorageAwayError

log = logging.getLogger(__name__)

PURPOSE = "attachments.file"
UNFINISHED_FOR = 3600.0  #: seconds after which what lies in ``incoming/`` is nobody's any more
UNNAMED_FOR = 24 * 3600.0  #: seconds after which a file without a row is nobody's any more


class NoSuchFileError(HotlineError):
    """The attachment is not on record, or not kept."""


class Hashes(Protocol):
    """A digest in the making."""

    def update(self, data: bytes) -> None:
        """Take more."""

    def hexdigest(self) -> str:
        """Return it."""


class Files:
    """Fills the channels' port ``KeepsFiles``; carries out the effect ``fetch``; reads back what is kept."""

    def __init__(self, folder: Path, vault: Vault, attachments: Attachments) -> None:
        self._folder, self._vault, self._attachments = folder, vault, attachments
        self._incoming = folder / "incoming"
        self._looking = asyncio.Lock()  #: of pictures and documents only one lies in memory at a time

    async def keep(self, chunks: AsyncIterator[bytes], *, name: str, owner: str) -> StoredFile:
        """Keep what ``chunks`` hold for ``owner``; the same file of the same owner gets the same id.

        Raises ``RefusedFileError``; nothing of a refused file stays.
        """
        staged = await self.stage(chunks, name=name)
        try:
            return await self.put(staged, owner=owner)
        finally:
            await self.drop(staged)

    async def stage(self, chunks: AsyncIterator[bytes], *, name: str) -> StagedFile:
        """Check and encrypt what ``chunks`` hold; raises ``RefusedFileError`` and then leaves nothing."""
        place = secrets.token_hex(16)
        try:
            return await self._staged(chunks, name, place)
        except BaseException as error:
            self._path(place).unlink(missing_ok=True)
            if isinstance(error, RefusedFileError):
                log.info("file.refused", extra={"why": error.why})
                raise RefusedFileError(error.why, name=name, size=error.size) from error
            if isinstance(error, OSError) and not isinstance(error, ConnectionError | TimeoutError):
                raise StorageAwayError(type(error).__name__) from error
            raise

    async def _staged(self, chunks: AsyncIterator[bytes], name: str, place: str) -> StagedFile:
        sniffer, sent = Sniffer(), self._print()
        writer = _Writer(self._path(place), Sealer(self._vault, purpose=PURPOSE))
        try:
            async for chunk in chunks:
                sniffer.see(chunk)
                sent.update(chunk)
                writer.write(chunk)
            kind, size, digest = sniffer.type(), sniffer.size, sent.hexdigest()
            await asyncio.to_thread(writer.finish)
        finally:
            writer.close()
            if isinstance(chunks, AsyncGenerator):
                await chunks.aclose()
        if kind == ZIP or kind in IMAGES:
            async with self._looking:
                kind, size, digest = await asyncio.to_thread(self._looked_into, place, kind, size, digest)
        return StagedFile(
            place=place,
            print=sent.hexdigest(),
            digest=digest,
            name=kept_name(name, kind),
            type=kind,
            size=size,
        )

    def _looked_into(self, place: str, kind: str, size: int, digest: str) -> tuple[str, int, str]:
        """Return type, size and digest after what only the whole file tells; pictures are made anew."""
        data = b"".join(self._read(self._path(place)))
        if kind == ZIP:
            return document_type(data), size, digest
        data = remade(data, kind)
        writer = _Writer(self._path(place), Sealer(self._vault, purpose=PURPOSE))
        try:
            writer.write(data)
            writer.finish()
        finally:
            writer.close()
        made = self._print()
        made.update(data)
        return kind, len(data), made.hexdigest()

    async def put(self, staged: StagedFile, *, owner: str) -> StoredFile:
        """Put ``staged`` on record for ``owner``; the same file of the same owner gets the same id."""
        id = self._vault.digest(f"{owner}:{staged.print}", purpose="attachments.id").hex()[:32]
        settle = partial(asyncio.to_thread, self._in_place, staged)
        return await self._attachments.put(id, owner, staged, settle)

    def _in_place(self, staged: StagedFile) -> None:
        final = self._final(staged.digest)
        if final.exists():
            os.utime(final)  # somebody sent the same; it is new again
            return
        final.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._path(staged.place).rename(final)
        os.utime(final)
        _sync(final.parent)

    async def drop(self, staged: StagedFile) -> None:
        """Forget ``staged``, whether it was put on record or not."""
        self._path(staged.place).unlink(missing_ok=True)

    async def owned(self, ids: Sequence[str], *, owner: str) -> tuple[StoredFile, ...]:
        """Return those of ``ids`` that ``owner`` sent and that are kept, in that order, for another day."""
        return await self._attachments.owned(ids, owner)

    async def described(self, ids: Sequence[str]) -> tuple[StoredFile, ...]:
        """Return those of ``ids`` that are on record, in that order; what is not fetched yet has no type."""
        return await self._attachments.described(ids)

    async def open(self, id: str) -> AsyncIterator[bytes]:
        """Yield what the attachment ``id`` holds; raises ``NoSuchFileError``."""
        digest = await self._attachments.digest_of(id)
        path = self._final(digest) if digest else None
        if path is None or not path.exists():
            raise NoSuchFileError("no such attachment")
        chunks = self._read(path)
        while (chunk := await asyncio.to_thread(next, chunks, None)) is not None:
            yield chunk

    async def fetch(self, id: str, sender: Sends) -> None:
        """Fetch the awaited attachment ``id`` from its platform; a repeat finds nothing to do."""
        awaited = await self._attachments.awaited(id)
        if awaited is None:
            return
        try:
            staged = await self.stage(sender.fetch(awaited.reference), name=awaited.name)
        except RefusedFileError as error:
            await self._attachments.refused(id, error.why)
            return
        try:
            settle = partial(asyncio.to_thread, self._in_place, staged)
            await self._attachments.fetched(id, staged, settle)
        finally:
            await self.drop(staged)

    async def sweep(self) -> int:
        """Take away what no message names, what no row names and what was never finished; how many files."""
        await self._attachments.forget_unnamed()
        old = await asyncio.to_thread(lambda: list(self._older_than(UNNAMED_FOR)))
        count = 0
        for start in range(0, len(old), 500):
            names = [path.name for path in old[start : start + 500]]
            for digest in await self._attachments.without_row(names):
                remove = partial(asyncio.to_thread, self._remove_if_old, digest)
                count += await self._attachments.if_without_row(digest, remove)
        count += await asyncio.to_thread(self._clear_incoming)
        if count:
            log.info("files.swept", extra={"count": count})
        return count

    def counts(self) -> Counter[str]:
        """Return how many files each vault key seals."""
        return Counter(key for _, key in self._sealed_by())

    async def reseal(self) -> int:
        """Seal every file that an older vault key seals anew with the newest one; how many.

        Who is reading one meanwhile reads on; what a crash leaves behind is swept.
        """
        newest = self._vault.newest
        older = await asyncio.to_thread(
            lambda: [path.name for path, key in self._sealed_by() if key != newest]
        )
        for digest in older:
            anew = partial(asyncio.to_thread, self._anew, self._final(digest))
            await self._attachments.holding(digest, anew)
        return len(older)

    def _sealed_by(self) -> Iterator[tuple[Path, str]]:
        for path in self._folder.glob("??/*"):
            with suppress(FileNotFoundError), path.open("rb") as file:
                yield path, key_of(file.read)

    def _anew(self, path: Path) -> None:
        draft = self._path(secrets.token_hex(16))
        try:
            found = path.stat()
        except FileNotFoundError:  # swept
            return
        writer = _Writer(draft, Sealer(self._vault, purpose=PURPOSE))
        try:
            for chunk in self._read(path):
                writer.write(chunk)
            writer.finish()
        finally:
            writer.close()
        os.utime(draft, ns=(found.st_atime_ns, found.st_mtime_ns))  # the sweep goes by a file's age
        draft.rename(path)
        _sync(path.parent)

    def _older_than(self, seconds: float) -> Iterator[Path]:
        before = time.time() - seconds
        for path in self._folder.glob("??/*"):
            with suppress(FileNotFoundError):
                if path.stat().st_mtime < before:
                    yield path

    def _remove_if_old(self, digest: str) -> bool:
        path = self._final(digest)
        try:
            if path.stat().st_mtime >= time.time() - UNNAMED_FOR:
                return False
            path.unlink()
        except FileNotFoundError:
            return False
        return True

    def _clear_incoming(self) -> int:
        before, count = time.time() - UNFINISHED_FOR, 0
        for path in self._incoming.glob("*"):
            with suppress(FileNotFoundError):
                if path.stat().st_mtime < before:
                    path.unlink()
                    count += 1
        return count

    def _read(self, path: Path) -> Iterator[bytes]:
        with path.open("rb") as file:
            yield from opened(self._vault, file.read, purpose=PURPOSE)

    def _print(self) -> Hashes:
        return hmac.new(self._vault.derived("attachments.digest"), digestmod=hashlib.sha256)

    def _path(self, place: str) -> Path:
        return self._incoming / place

    def _final(self, digest: str) -> Path:
        return self._folder / digest[:2] / digest


class _Writer:
    """Writes one sealed file; it is on the disk when ``finish`` returns."""

    def __init__(self, path: Path, sealer: Sealer) -> None:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._sealer = sealer
        self._file = open(path, "wb", opener=_private)  # noqa: SIM115 — closed by ``close``
        self._file.write(sealer.begin())

    def write(self, piece: bytes) -> None:
        """Take more of the plain file; what is ready of the sealed one goes to the system at once."""
        self._file.write(self._sealer.add(piece))

    def finish(self) -> None:
        """Write the end and wait for the disk."""
        self._file.write(self._sealer.end())
        self._file.flush()
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Let go of the file, finished or not."""
        self._file.close()


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


async def sweep_for_ever(files: Files, every: float) -> None:
    """Sweep again and again; the database being away is no news."""
    while True:
        try:
            await files.sweep()
        except StorageAwayError:
            pass
        except Exception as error:  # noqa: BLE001 — what cannot be swept now is swept later
            log.error("files.sweep_failed", extra={"error_type": type(error).__name__})
        await asyncio.sleep(every)
