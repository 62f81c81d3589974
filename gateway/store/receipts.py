"""The receipt of each filing: a keyed entry in a chain, so that no ticket is changed, taken out or put elsewhere unseen."""

import asyncio
import hashlib
import hmac
import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gateway.store.sealed import TICKET
from groundwork.clock import Clock
from groundwork.database import Connection, Pool, lock, storage_errors
from groundwork.identities import open_record
from groundwork.inspection import ANCHOR_EVERY, MOST_FINDINGS, Anchor, Anchors, Finding, beyond, of_entry
from groundwork.vault import Vault, VaultError
from hotline.calendar import CITY_TIME
from hotline.errors import StorageAwayError

log = logging.getLogger(__name__)

_LOCK = "receipts"
_MARK = 16  #: letters of the mark that a citizen is shown


@dataclass(frozen=True, kw_only=True, slots=True)
class Receipt:
    """What a citizen is given for a filing."""

    at: datetime
    mark: str  #: the first letters of the entry's hash


def receipt_of(at: datetime, entry_hash: bytes) -> Receipt:
    """Return the receipt of an entry."""
    return Receipt(at=at, mark=entry_hash.hex()[:_MARK].upper())


class Receipts:
    """The chain, and the files in a folder beside the database in which its end is written down, one each day."""

    def __init__(self, vault: Vault, *, clock: Clock) -> None:
        self._vault, self._clock = vault, clock
        self._key = vault.derived("receipts")
        self.genesis = self._keyed(b"genesis")

    async def enter(self, connection: Connection, filed: Mapping[str, Any]) -> None:
        """Add an entry for each record of a ticket in ``filed``, by number, in the caller's transaction.

        The last statement of the transaction: the next filing of anybody waits until it ends.
        """
        if not filed:
            return
        await lock(connection, _LOCK)
        last = await connection.fetchrow("SELECT sequence, hash FROM receipts ORDER BY sequence DESC LIMIT 1")
        sequence, previous = (last["sequence"], last["hash"]) if last else (0, self.genesis)
        rows = list[tuple[Any, ...]]()
        for number, record in filed.items():
            sequence += 1
            values: dict[str, Any] = {
                "sequence": sequence,
                "number": number,
                "at": self._clock().astimezone(UTC),
                "digest": self._digest_of(record),
                "previous": previous,
            }
            previous = self.hash_of(values)
            rows.append((*values.values(), previous))
        await connection.executemany(
            "INSERT INTO receipts (sequence, number, at, digest, previous, hash) VALUES ($1, $2, $3, $4, $5, $6)",
            rows,
        )

    def hash_of(self, values: Mapping[str, Any]) -> bytes:
        """Return the keyed hash over an entry's content and the hash before it."""
        at = values["at"].astimezone(UTC).isoformat(timespec="microseconds")
        content = json.dumps([values["sequence"], values["number"], at, values["digest"].hex()])
        return self._keyed(values["previous"] + content.encode())

    def seal_of(self, text: str) -> str:
        """Return the keyed hash of an anchor's line."""
        return self._keyed(b"anchor" + text.encode()).hex()

    def _digest_of(self, record: Any) -> bytes:
        """Return what stands for a ticket as filed; keyed, for who knows a short text could else try all of them."""
        canonical = json.dumps(record, ensure_ascii=True, sort_keys=True, separators=(",", ":"))
        return self._keyed(b"ticket" + canonical.encode())

    def _keyed(self, content: bytes) -> bytes:
        return hmac.new(self._key, content, hashlib.sha256).digest()

    async def examine(self, connection: Connection, folder: Path) -> tuple[int, list[Finding]]:
        """Read the whole chain and every ticket in it; return the number of its last entry and what is wrong."""
        expected, findings = self._anchors(folder)
        last, previous = 0, self.genesis
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            async for found in connection.cursor(
                "SELECT r.*, t.body FROM receipts r LEFT JOIN tickets t ON t.number = r.number ORDER BY r.sequence",
                prefetch=200,
            ):
                row = dict(found)
                findings += of_entry(self, row, last, previous, expected)
                findings += self._of_ticket(row)
                last, previous = row["sequence"], row["hash"]
                if len(findings) >= MOST_FINDINGS:
                    return last, findings
            findings += await self._without_receipt(connection)
        return last, findings + beyond(last, expected)

    def _of_ticket(self, row: Mapping[str, Any]) -> Iterator[Finding]:
        entry, number = row["sequence"], row["number"]
        if row["body"] is None:
            yield Finding(entry=entry, what=f"ticket {number} of entry {entry} is missing")
            return
        try:
            record = open_record(self._vault, row["body"], purpose=TICKET, known=True)
        except VaultError:
            yield Finding(entry=entry, what=f"ticket {number} of entry {entry} cannot be opened")
            return
        if not hmac.compare_digest(self._digest_of(record), row["digest"]):
            yield Finding(entry=entry, what=f"ticket {number} is not as it was when entry {entry} was made")

    async def _without_receipt(self, connection: Connection) -> list[Finding]:
        """Return tickets that came after the first receipt and have none; those of before the chain began never had."""
        rows = await connection.fetch(
            "SELECT t.number FROM tickets t WHERE t.message_id > (SELECT min(f.message_id) FROM tickets f"
            " JOIN receipts r ON r.number = f.number) AND NOT EXISTS (SELECT FROM receipts r WHERE r.number = t.number)"
            " ORDER BY t.number LIMIT $1",
            MOST_FINDINGS,
        )
        return [Finding(entry=0, what=f"ticket {row['number']} has no receipt") for row in rows]

    def _anchors(self, folder: Path) -> tuple[dict[int, Anchor], list[Finding]]:
        found, bad = dict[int, Anchor](), list[Finding]()
        for path in _files(folder):
            some, wrong = Anchors(path, self).read()
            found, bad = found | some, bad + wrong
        return found, bad

    async def anchor(self, pool: Pool, folder: Path) -> bool:
        """Write down in the day's file how far the chain reaches, if it grew; tell whether a line was written."""
        async with storage_errors():
            row = await pool.fetchrow("SELECT sequence, hash FROM receipts ORDER BY sequence DESC LIMIT 1")
        files = _files(folder)
        reached, known = row["sequence"] if row else 0, Anchors(files[-1], self).last() if files else 0
        if reached < known:
            log.error("receipts.cut_off", extra={"entry": reached, "anchored": known})
        if row is None or reached <= known:
            return False
        now = self._clock().astimezone(CITY_TIME)
        Anchors(folder / f"{now:%Y-%m-%d}.anchors", self).add(reached, row["hash"], now)
        return True


def folder_of(state_dir: Path) -> Path:
    """Return where an installation keeps the anchors of its receipts."""
    return state_dir / "receipts"


def _files(folder: Path) -> Sequence[Path]:
    return sorted(folder.glob("*.anchors"))


async def anchor_for_ever(receipts: Receipts, pool: Pool, folder: Path) -> None:
    """Anchor the chain once a minute; the database or the disk being away stops nothing else."""
    while True:
        try:
            await receipts.anchor(pool, folder)
        except (StorageAwayError, OSError) as error:
            log.warning("receipts.not_anchored", extra={"error_type": type(error).__name__})
        await asyncio.sleep(ANCHOR_EVERY)
