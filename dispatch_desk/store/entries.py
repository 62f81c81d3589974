"""What people enter for a score; the reason is sealed, a withdrawn entry is kept and counts no more."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from groundwork.database import Connection
from groundwork.vault import Vault
from hotline.marks import Entry
from hotline.periods import Period

_REASON = "desk.report_entries"


async def insert(connection: Connection, vault: Vault, entry: Entry, *, by: int | None, at: datetime) -> None:
    """Put an entry on record."""
    await connection.execute(
        "INSERT INTO report_entries (unit, month, rule, item, value, reason, account_id, entered_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        entry.unit, _day(entry.month), entry.rule, entry.item, entry.value,
        vault.seal_json(entry.reason, purpose=_REASON), by, at,
    )  # fmt: skip


async def withdraw(connection: Connection, id: int, *, at: datetime) -> str | None:
    """Let an entry count no more; return its unit, ``None`` if it does not count."""
    unit: str | None = await connection.fetchval(
        "UPDATE report_entries SET withdrawn_at = $2 WHERE id = $1 AND withdrawn_at IS NULL RETURNING unit",
        id,
        at,
    )
    return unit


async def confirm(
    connection: Connection, vault: Vault, id: int, confirmation: str, *, rules: Sequence[str]
) -> str | None:
    """Note who confirmed an entry by one of ``rules``, once; return its unit, ``None`` if there is nothing to confirm."""
    unit: str | None = await connection.fetchval(
        "UPDATE report_entries SET confirmation = $2 WHERE id = $1 AND rule = ANY($3) AND withdrawn_at IS NULL"
        " AND confirmation IS NULL RETURNING unit",
        id,
        vault.seal_json(confirmation, purpose=_REASON),
        list(rules),
    )
    return unit


async def between(connection: Connection, vault: Vault, first: Period, last: Period) -> Sequence[Entry]:
    """Return the entries that count, of the months from ``first`` to ``last``."""
    rows = await connection.fetch(
        "SELECT id, unit, month, rule, item, value, reason, confirmation FROM report_entries"
        " WHERE month >= $1 AND month <= $2 AND withdrawn_at IS NULL ORDER BY id",
        _day(first),
        _day(last),
    )
    return [_entry(vault, row) for row in rows]


def _entry(vault: Vault, row: Any) -> Entry:
    return Entry(
        id=row["id"],
        unit=row["unit"],
        month=Period(row["month"].year, row["month"].month),
        rule=row["rule"],
        item=row["item"],
        value=row["value"],
        reason=vault.open_json(row["reason"], purpose=_REASON),
        confirmation=vault.open_json(row["confirmation"], purpose=_REASON) if row["confirmation"] else "",
    )


def _day(month: Period) -> date:
    return month.first.date()
