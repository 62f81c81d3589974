"""Where a sure emergency waits while the database is away: appended, encrypted, fsynced."""

import asyncio
import base64
import fcntl
import json
import logging
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

from groundwork.vault import Vault, VaultError
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
        sealed = self._vault.seal_json(to_record(message), purpose=PURPOSE)
        await asyncio.to_thread(self._append, base64.b64encode(sealed) + b"\n")
        log.warning("emergency.spooled", extra={"channel": message.channel})

    def _append(self, line: bytes) -> None:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with open(self._file, "ab", opener=_private) as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.write(line)
            file.flush()
            os.fsync(file.fileno())

    async def drain(self, admit: Callable[[InboundMessage], Awaitable[None]]) -> int:
        """Hand every kept message to ``admit``; forgotten only when all were taken.

        ``admit`` must be a no-op for what it has seen: after a crash half-way all come again.
        """
        if not self._file.exists() or self._file.stat().st_size == 0:
            return 0
        with self._file.open("r+b") as file:
            # Held while admitting, so that no line is appended between the reading and the truncation.
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return 0
            count = 0
            for line in file.read().splitlines():
                message = self._read(line)
                if message is not None:
                    await admit(message)
                    count += 1
            file.truncate(0)
            os.fsync(file.fileno())
        log.info("spool.drained", extra={"count": count})
        return count

    def _read(self, line: bytes) -> InboundMessage | None:
        try:
            return from_record(InboundMessage, self._vault.open_json(base64.b64decode(line), purpose=PURPOSE))
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
