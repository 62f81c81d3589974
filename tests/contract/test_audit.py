"""The audit log is only added to, in one order, with what it records; every tampering is found and placed."""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from groundwork.audit import COMMAND, PROGRAM, Action, Audit, Author, Via, page
from groundwork.database import Pool, open_pool
from groundwork.inspection import Anchors, anchor, examine
from groundwork.vault import Vault
from tests.dispatch import SECRET, SettableClock, settings_for

pytestmark = pytest.mark.enable_socket

SETTINGS = settings_for("", Path())
VAULT = Vault.from_settings(SETTINGS)
CLOCK = SettableClock()
AUDIT = Audit(VAULT, "desk", clock=CLOCK)


@pytest.fixture
async def pool(desk_url: str) -> AsyncIterator[Pool]:
    async with open_pool(desk_url) as pool:
        await unguarded(pool, "DELETE FROM audit_log")
        yield pool


@pytest.fixture
def anchors(tmp_path: Path) -> Anchors:
    return Anchors(tmp_path / "audit-desk.anchors", AUDIT)


async def unguarded(pool: Pool, *statements: str) -> None:
    """Do what the owner of the database can do: switch the guard off."""
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("ALTER TABLE audit_log DISABLE TRIGGER audit_log_stays")
        for statement in statements:
            await connection.execute(statement)
        await connection.execute("ALTER TABLE audit_log ENABLE ALWAYS TRIGGER audit_log_stays")


async def write(pool: Pool, count: int = 6, *, audit: Audit = AUDIT) -> None:
    for n in range(count):
        CLOCK.now += timedelta(seconds=1)
        async with pool.acquire() as connection, connection.transaction():
            by = Author(via=Via.PAGE, account_id=7, address=f"203.0.113.{n}")
            await audit.note(connection, Action.PERSON_SEEN, "case", f"case-{n}", by=by, why="contact")


async def found(pool: Pool, anchors: Anchors, *, audit: Audit = AUDIT) -> list[str]:
    async with pool.acquire() as connection:
        return [finding.what for finding in (await examine(connection, audit, anchors))[1]]


async def test_an_entry_says_who_did_what_to_what_why_when_and_from_where(pool: Pool) -> None:
    await write(pool, 2)
    async with pool.acquire() as connection:
        entries = await page(connection, before=None, limit=10)
    newest = entries[0]
    assert [entry.sequence for entry in entries] == [2, 1]
    assert (newest.account_id, newest.action, newest.kind, newest.subject, newest.why) == (
        7, "person.seen", "case", "case-1", "contact",
    )  # fmt: skip
    assert newest.at == CLOCK.now and newest.address == AUDIT.address_digest("203.0.113.1")
    stored = await pool.fetchval("SELECT string_agg(to_jsonb(a)::text, ' ') FROM audit_log AS a")
    assert "203.0.113" not in stored


async def test_a_log_that_nobody_touched_is_whole(pool: Pool, anchors: Anchors) -> None:
    assert await found(pool, anchors) == []
    await write(pool)
    assert await found(pool, anchors) == []


@pytest.mark.parametrize(
    "statement",
    ["UPDATE audit_log SET why = 'x'", "DELETE FROM audit_log", "TRUNCATE audit_log",
     "DELETE FROM audit_log WHERE false", "MERGE INTO audit_log USING (SELECT 1) AS one ON true WHEN MATCHED THEN DELETE",
     "SET session_replication_role = replica; DELETE FROM audit_log"],
)  # fmt: skip
async def test_the_database_refuses_to_change_or_remove_an_entry(pool: Pool, statement: str) -> None:
    await write(pool, 2)
    async with pool.acquire() as connection:
        with pytest.raises(asyncpg.ObjectNotInPrerequisiteStateError):
            await connection.execute(statement)
        await connection.execute("RESET session_replication_role")
    assert await pool.fetchval("SELECT count(*) FROM audit_log") == 2


CHANGES: dict[str, tuple[str, str]] = {
    "content": ("UPDATE audit_log SET subject = 'case-9' WHERE sequence = 3", "entry 3 was changed"),
    "who": ("UPDATE audit_log SET account_id = 8 WHERE sequence = 4", "entry 4 was changed"),
    "who, to nobody": ("UPDATE audit_log SET account_id = NULL WHERE sequence = 1", "entry 1 was changed"),
    "when": ("UPDATE audit_log SET at = at + interval '1 microsecond' WHERE sequence = 2", "entry 2 was changed"),
    "from where": ("UPDATE audit_log SET address = NULL WHERE sequence = 2", "entry 2 was changed"),
    "why": ("UPDATE audit_log SET why = 'check' WHERE sequence = 6", "entry 6 was changed"),
    "the hash": ("UPDATE audit_log SET hash = previous WHERE sequence = 5", "entry 5 was changed"),
    "the hash before": ("UPDATE audit_log SET previous = hash WHERE sequence = 5", "entry 5 does not follow"),
    "one removed": ("DELETE FROM audit_log WHERE sequence = 3", "entries 3 to 3 are missing"),
    "the first removed": ("DELETE FROM audit_log WHERE sequence <= 2", "entries 1 to 2 are missing"),
    "removed and closed up": (
        ("DELETE FROM audit_log WHERE sequence = 3;"
        "UPDATE audit_log SET sequence = 3 WHERE sequence = 4; UPDATE audit_log SET sequence = 4 WHERE sequence = 5;"
        "UPDATE audit_log SET sequence = 5 WHERE sequence = 6"),
        "entry 3 does not follow",
    ),
    "two swapped": (
        ("UPDATE audit_log SET sequence = 0 WHERE sequence = 2; UPDATE audit_log SET sequence = 2 WHERE sequence = 4;"
        "UPDATE audit_log SET sequence = 4 WHERE sequence = 0"),
        "entry 2 was changed, or belongs elsewhere",
    ),
    "one copied": (
        ("INSERT INTO audit_log SELECT 7, at, via, account_id, action, kind, subject, why, address, previous, hash"
        " FROM audit_log WHERE sequence = 6"),
        "entry 7 does not follow",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("statements", "said"), CHANGES.values(), ids=CHANGES)
async def test_a_tampering_is_found_and_placed(
    pool: Pool, anchors: Anchors, statements: str, said: str
) -> None:
    await write(pool)
    await unguarded(pool, *statements.split(";"))
    findings = await found(pool, anchors)
    assert any(said in finding for finding in findings), findings


async def test_a_log_that_was_cut_off_is_known_by_its_anchor(pool: Pool, anchors: Anchors) -> None:
    await write(pool)
    assert await anchor(pool, anchors, clock=CLOCK)
    assert not await anchor(pool, anchors, clock=CLOCK), "nothing new, no new line"
    await unguarded(pool, "DELETE FROM audit_log WHERE sequence > 4")
    (said,) = await found(pool, anchors)
    assert said.startswith("entries 5 to 6 are missing at the end")


async def test_a_log_that_was_cut_off_and_written_on_is_known_by_its_anchor(
    pool: Pool, anchors: Anchors
) -> None:
    """The entries that are put in the place of others are well formed, by the program's own key."""
    await write(pool)
    await anchor(pool, anchors, clock=CLOCK)
    await unguarded(pool, "DELETE FROM audit_log WHERE sequence > 4")
    await write(pool, 3)
    (said,) = await found(pool, anchors)
    assert said.startswith("entry 6 is not the one that an anchor")


async def test_an_emptied_log_is_known_by_its_anchor(pool: Pool, anchors: Anchors) -> None:
    await write(pool, 1)
    await anchor(pool, anchors, clock=CLOCK)
    await unguarded(pool, "DELETE FROM audit_log")
    assert [said[:24] for said in await found(pool, anchors)] == ["entries 1 to 1 are missi"]


async def test_a_changed_anchor_is_no_anchor_and_is_told(
    pool: Pool, anchors: Anchors, tmp_path: Path
) -> None:
    await write(pool)
    await anchor(pool, anchors, clock=CLOCK)
    path = tmp_path / "audit-desk.anchors"
    path.write_text(path.read_text().replace('"sequence": 6', '"sequence": 4'))
    assert await found(pool, anchors) == ["line 1 of audit-desk.anchors was changed"]
    assert anchors.last() == 0


async def test_anchors_are_closed_to_others(pool: Pool, anchors: Anchors, tmp_path: Path) -> None:
    await write(pool, 1)
    await anchor(pool, anchors, clock=CLOCK)
    assert (tmp_path / "audit-desk.anchors").stat().st_mode & 0o077 == 0


async def test_a_log_of_another_key_or_program_does_not_fit(pool: Pool, anchors: Anchors) -> None:
    await write(pool, 1)
    other = Vault.from_settings(replace(SETTINGS, secret_key="z" * 40))
    for audit in (Audit(other, "desk", clock=CLOCK), Audit(VAULT, "gateway", clock=CLOCK)):
        assert len(await found(pool, anchors, audit=audit)) == 2


async def test_an_entry_goes_with_the_transaction_that_it_records(pool: Pool, anchors: Anchors) -> None:
    await write(pool, 1)
    async with pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await AUDIT.note(connection, Action.SIGNED_OUT, "account", "1", by=COMMAND)
        await transaction.rollback()
    await write(pool, 1)
    assert await pool.fetchval("SELECT array_agg(sequence ORDER BY sequence) FROM audit_log") == [1, 2]
    assert await found(pool, anchors) == []


async def test_entries_of_many_at_once_are_one_chain(pool: Pool, anchors: Anchors) -> None:
    await asyncio.gather(*(write(pool, 5) for _ in range(8)))
    assert await pool.fetchval("SELECT count(*) FROM audit_log") == 40
    assert await found(pool, anchors) == []


@pytest.mark.parametrize("field", ["subject", "why"])
async def test_an_entry_holds_no_texts(pool: Pool, field: str) -> None:
    values: dict[str, Any] = {"subject": "1", "why": "x"} | {field: "x" * 201}
    async with pool.acquire() as connection:
        note: Callable[..., Awaitable[int]] = AUDIT.note
        with pytest.raises(ValueError, match="not texts"):
            await note(
                connection, Action.SIGNED_OUT, "account", values["subject"], by=PROGRAM, why=values["why"]
            )


def verify(url: str, folder: Path, program: str = "dispatch_desk") -> "subprocess.CompletedProcess[str]":
    env = {
        "PATH": "",
        "HUYING_STATE_DIR": str(folder),
        "HUYING_DESK_DATABASE_URL": url,
        "HUYING_DISPATCH_SECRET": SECRET,
        "HUYING_SECRET_KEY": SETTINGS.secret_key,
        "HUYING_VAULT_KEYS": SETTINGS.vault_keys,
    }
    command = [sys.executable, "-m", program, "audit", "verify"]
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)


async def test_the_command_says_where_and_ends_with_1(pool: Pool, desk_url: str, tmp_path: Path) -> None:
    await write(pool)
    whole = await asyncio.to_thread(verify, desk_url, tmp_path)
    assert (whole.returncode, whole.stdout) == (0, "desk: 6 entries, all as they were written\n")
    line = (tmp_path / "audit-desk.anchors").read_text()
    assert json.loads(line.rpartition(" ")[0])["sequence"] == 6, "verifying anchors what is whole"
    await unguarded(
        pool, "DELETE FROM audit_log WHERE sequence > 5", "UPDATE audit_log SET why = 'x' WHERE sequence = 2"
    )
    broken = await asyncio.to_thread(verify, desk_url, tmp_path)
    assert broken.returncode == 1
    assert "entry 2 was changed" in broken.stdout and "entries 6 to 6 are missing at the end" in broken.stdout
    assert (tmp_path / "audit-desk.anchors").read_text() == line, "what is broken is not anchored"


def test_a_database_that_is_away_is_one_line(tmp_path: Path) -> None:
    away = verify(f"postgresql://huying@/nowhere?host={tmp_path}", tmp_path)
    assert away.returncode == 1 and "is Huying running?" in away.stderr and "Traceback" not in away.stderr
