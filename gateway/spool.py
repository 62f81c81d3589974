"""Where a sure emergency waits while the database is away: appended, encrypted, fsynced."""

import asyncio
import base64
import fcntl
import json
import logging
import os
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from groundwork.identities import open_record, seal_record
from groundwork.vault import Vault, VaultError, key_name
from hotline.errors import StorageAwayError
from hotline.message import InboundMessage
from hotline.records import from_record, to_record

log = logging.getLogger(__name__)

PURPOSE = "spool"


class Spool:
    """A file of messages that could not be admitted; one line each, oldest first."""

    def __init__(self, folder: Path, vault: Vault) -> None:
        self._folder, self._vault = folder, vault
        self._file = folder / "emergencies"

    async def append(self, message: InboundMessage) -> None:
        """Keep ``message``; when this returns it is on the disk."""
        sealed = seal_record(self._vault, to_record(message), purpose=PURPOSE)
        await asyncio.to_thread(self._append, base64.b64encode(sealed) + b"\n")
        log.warning("emergency.spooled", extra={"channel": message.channel})

    def _append(self, line: bytes) -> None:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        while True:
            with open(self._file, "ab", opener=_private) as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                if not self._is_current(file.fileno()):
                    continue  # it was set apart between the opening and the lock
                file.write(line)
                file.flush()
                os.fsync(file.fileno())
                return

    def _is_current(self, descriptor: int) -> bool:
        try:
            return os.path.samestat(os.fstat(descriptor), self._file.stat())
        except FileNotFoundError:
            return False

    async def drain(self, admit: Callable[[InboundMessage], Awaitable[None]]) -> int:
        """Hand every kept message to ``admit``; a file is forgotten only when all of it was taken.

        ``admit`` must be a no-op for what it has seen: after a crash half-way all come again.
        """
        count = 0
        with self._only_one() as mine:
            if not mine:
                return 0
            self._set_apart()
            for file in sorted(self._folder.glob("emergencies-*")):
                for line in file.read_bytes().splitlines():
                    message = self._read(line)
                    if message is not None:
                        await admit(message)
                        count += 1
                file.unlink()
        if count:
            log.info("spool.drained", extra={"count": count})
        return count

    def counts(self) -> Counter[str]:
        """Return how many kept messages each vault key seals."""
        found = Counter[str]()
        for file in self._folder.glob("emergencies*"):
            with suppress(FileNotFoundError):
                lines = file.read_bytes().splitlines()
                found.update(key_name(base64.b64decode(line + b"====")) for line in lines)
        return found

    async def reseal(self) -> int:
        """Seal nothing anew: what is kept here goes into the database within seconds of its coming back."""
        return 0

    def _set_apart(self) -> None:
        """Move what was kept out of the way of those who append, who must never wait for the database."""
        try:
            file = self._file.open("rb")
        except FileNotFoundError:
            return
        with file:
            fcntl.flock(file, fcntl.LOCK_EX)
            self._file.rename(self._folder / f"emergencies-{time.time_ns()}")

    @contextmanager
    def _only_one(self) -> Iterator[bool]:
        """Hold the right to drain, of all processes with this folder; ``False`` when another has it."""
        if not self._folder.exists():
            yield False
            return
        with open(self._folder / "drain.lock", "ab", opener=_private) as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
                return
            yield True

    def _read(self, line: bytes) -> InboundMessage | None:
        try:
            return from_record(
                InboundMessage, open_record(self._vault, base64.b64decode(line), purpose=PURPOSE, known=True)
            )
        except (ValueError, IndexError, VaultError, json.JSONDecodeError):
            # A line torn by a power cut was never answered as kept; what can be read goes on.
            self._set_aside(line)
            return None

    def _set_aside(self, line: bytes) -> None:
        with open(self._folder / "unreadable", "ab", opener=_private) as file:
            file.write(line + b"\n")
        log.error("spool.unreadable")


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


async def drain_for_ever(
    spool: Spool, admit: Callable[[InboundMessage], Awaitable[None]], every: float
) -> None:
    """Try to drain again and again; the database being away is no news."""
    while True:
        try:
            await spool.drain(admit)
        except StorageAwayError:
            pass
        except Exception as error:  # noqa: BLE001 — what is spooled is tried until it goes through
            log.error("spool.failed", extra={"error_type": type(error).__name__})
        await asyncio.sleep(every)
