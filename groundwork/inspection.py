"""``audit verify``: whether anything in the audit log was changed, taken out, put in another order or cut off."""

import argparse
import asyncio
import contextlib
import json
import logging
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

import asyncpg

from groundwork.audit import Audit
from groundwork.clock import Clock, clock_from
from groundwork.database import Connection, Pool, storage_errors
from groundwork.settings import Settings
from groundwork.vault import Vault
from hotline.errors import StorageAwayError

log = logging.getLogger(__name__)

ANCHOR_EVERY = 60.0
MOST_FINDINGS = 100
_TAIL = 4096  #: bytes; a dozen anchors


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One thing that is not as it was written, and where."""

    entry: int
    what: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Anchor:
    """How far the log reached once, written down outside the database."""

    sequence: int
    hash: str
    at: str


class Chain(Protocol):
    """Entries of which each one's keyed hash covers the one before."""

    genesis: bytes

    def hash_of(self, values: Mapping[str, Any]) -> bytes:
        """Return the hash of an entry."""

    def seal_of(self, text: str) -> str:
        """Return the keyed hash of an anchor's line."""


class Anchors:
    """The file beside the database by which a log that was cut off is known.

    One line per anchor, each sealed with the key of the log; the file is only added to. Who keeps a copy on
    another machine also knows of a database and a file that were both put back to an earlier day.
    """

    def __init__(self, path: Path, chain: Chain) -> None:
        self._path, self._chain = path, chain

    def read(self) -> tuple[dict[int, Anchor], list[Finding]]:
        """Return the anchors by entry, and the lines that are not ours."""
        found, bad = dict[int, Anchor](), list[Finding]()
        for number, line in enumerate(self._lines(), 1):
            anchor = self._anchor(line)
            if anchor is None:
                bad.append(Finding(entry=0, what=f"line {number} of {self._path.name} was changed"))
            else:
                found[anchor.sequence] = anchor
        return found, bad

    def add(self, sequence: int, reached: bytes, at: datetime) -> None:
        """Write down that the log reaches to ``sequence``."""
        text = json.dumps(
            {"sequence": sequence, "hash": reached.hex(), "at": at.isoformat(timespec="seconds")}
        )
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(f"{text} {self._chain.seal_of(text)}\n")
            file.flush()
            os.fsync(file.fileno())

    def last(self) -> int:
        """Return the number of the last entry that was anchored, 0 when none was; reads the end of the file."""
        try:
            with self._path.open("rb") as file:
                file.seek(max(0, self._path.stat().st_size - _TAIL))
                lines = file.read().decode("utf-8", "replace").splitlines()
        except FileNotFoundError:
            return 0
        return max((one.sequence for one in map(self._anchor, lines) if one), default=0)

    def _lines(self) -> Iterator[str]:
        with (
            contextlib.suppress(FileNotFoundError),
            self._path.open(encoding="utf-8", errors="replace") as file,
        ):
            yield from (line.rstrip("\n") for line in file)

    def _anchor(self, line: str) -> Anchor | None:
        text, _, seal = line.rpartition(" ")
        if seal != self._chain.seal_of(text):
            return None
        return Anchor(**json.loads(text))


def anchors_of(settings: Settings, program: str, audit: Audit) -> Anchors:
    """Return the anchors of ``program`` in the state folder."""
    return Anchors(settings.state_dir / f"audit-{program}.anchors", audit)


async def examine(connection: Connection, audit: Audit, anchors: Anchors) -> tuple[int, list[Finding]]:
    """Read the whole log; return the number of its last entry and what is wrong with it, in order."""
    expected, findings = anchors.read()
    last, previous = 0, audit.genesis
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        async for row in connection.cursor("SELECT * FROM audit_log ORDER BY sequence", prefetch=500):
            findings += of_entry(audit, dict(row), last, previous, expected)
            last, previous = row["sequence"], row["hash"]
            if len(findings) >= MOST_FINDINGS:
                break
    if len(findings) < MOST_FINDINGS:
        findings += beyond(last, expected)
    return last, findings


def of_entry(
    chain: Chain, row: Mapping[str, Any], last: int, previous: bytes, anchors: Mapping[int, Anchor]
) -> Iterator[Finding]:
    """Yield what is wrong with an entry that follows number ``last``, whose hash was ``previous``."""
    number = row["sequence"]
    assert isinstance(number, int)
    if number != last + 1:
        yield Finding(entry=last + 1, what=f"entries {last + 1} to {number - 1} are missing")
    elif row["previous"] != previous:
        yield Finding(entry=number, what=f"entry {number} does not follow from the one before")
    if row["hash"] != chain.hash_of(row):
        yield Finding(entry=number, what=f"entry {number} was changed, or belongs elsewhere")
    anchor = anchors.get(number)
    if anchor and row["hash"] != bytes.fromhex(anchor.hash):
        yield Finding(entry=number, what=f"entry {number} is not the one that an anchor of {anchor.at} saw")


def beyond(last: int, anchors: Mapping[int, Anchor]) -> list[Finding]:
    """Return what anchors saw after number ``last``, where the chain ends."""
    seen = [anchor for sequence, anchor in anchors.items() if sequence > last]
    if not seen:
        return []
    latest = max(seen, key=lambda anchor: anchor.sequence)
    what = (
        f"entries {last + 1} to {latest.sequence} are missing at the end: an anchor of {latest.at} saw them"
    )
    return [Finding(entry=last + 1, what=what)]


async def anchor(pool: Pool, anchors: Anchors, *, clock: Clock) -> bool:
    """Write down how far the log reaches, if it grew; tell whether a line was written."""
    async with storage_errors():
        row = await pool.fetchrow("SELECT sequence, hash FROM audit_log ORDER BY sequence DESC LIMIT 1")
    reached, known = row["sequence"] if row else 0, anchors.last()
    if reached < known:
        log.error("audit.cut_off", extra={"entry": reached, "anchored": known})
    if row is None or reached <= known:
        return False
    anchors.add(reached, row["hash"], clock())
    return True


async def anchor_for_ever(pool: Pool, anchors: Anchors, *, clock: Clock) -> None:
    """Anchor the log once a minute; the database or the disk being away stops nothing else."""
    while True:
        try:
            await anchor(pool, anchors, clock=clock)
        except (StorageAwayError, OSError) as error:
            log.warning("audit.not_anchored", extra={"error_type": type(error).__name__})
        await asyncio.sleep(ANCHOR_EVERY)


def add_to(subs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> argparse.ArgumentParser:
    """Register the command and return its parser."""
    command = subs.add_parser("audit", help="the log of who saw or changed what")
    what = command.add_subparsers(dest="what", required=True)
    what.add_parser("verify", help="find any change, removal or reordering; exit status 1 if there is one")
    return command


def run(settings: Settings, program: str, url: str) -> int:
    """Verify one program's log, say what was found, anchor it when it is whole; return the exit status."""
    try:
        last, findings = asyncio.run(_verify(settings, program, url))
    except (StorageAwayError, asyncpg.PostgresError) as error:
        sys.stderr.write(f"{program}: the database cannot be used ({error}); is Huying running?\n")
        return 1
    return told(program, "the audit log", last, findings)


def told(who: str, what: str, last: int, findings: Sequence[Finding]) -> int:
    """Say what was found in ``what``, which ends with number ``last``; return the exit status."""
    sys.stdout.writelines(f"{who}: {finding.what}\n" for finding in findings)
    if findings:
        sys.stdout.write(f"{who}: {what} is NOT as it was written\n")
        return 1
    sys.stdout.write(f"{who}: {last} entries, all as they were written\n")
    return 0


async def _verify(settings: Settings, program: str, url: str) -> tuple[int, list[Finding]]:
    clock = clock_from(settings.clock)
    audit = Audit(Vault.from_settings(settings), program, clock=clock)
    anchors = anchors_of(settings, program, audit)
    async with storage_errors():
        connection = await asyncpg.connect(url, timeout=5)
        try:
            last, findings = await examine(connection, audit, anchors)
            if last and not findings and last > anchors.last():
                reached = await connection.fetchval("SELECT hash FROM audit_log WHERE sequence = $1", last)
                anchors.add(last, reached, clock())
        finally:
            await connection.close(timeout=3)
    return last, findings
