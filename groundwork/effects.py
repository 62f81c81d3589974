"""``effects``: what fails or was given up, and how a person tries it now, sets it going again or gives it up."""

import argparse
import asyncio
import json
import sys
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, TypeAlias

import asyncpg

from groundwork.audit import COMMAND, Action, Audit, Author
from groundwork.clock import clock_from
from groundwork.database import Connection, storage_errors
from groundwork.outbox import wake
from groundwork.settings import Settings
from groundwork.vault import Vault
from hotline.errors import HotlineError, StorageAwayError

Row: TypeAlias = Mapping[str, Any]


class NotGivenUpError(HotlineError):
    """No effect with this id has been given up; ``effects list`` shows those that have."""


class NotWaitingError(HotlineError):
    """No effect with this id waits for another try; ``effects list --waiting`` shows those that do."""


def add_to(subs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> argparse.ArgumentParser:
    """Register the command and return its parser."""
    effects = subs.add_parser(
        "effects", help="deliveries that fail or were given up: list them, try them now, give them up"
    )
    what = effects.add_subparsers(dest="what", required=True)
    listing = what.add_parser("list", help="id, kind, lane, attempts and error of each, never its contents")
    listing.add_argument("--waiting", action="store_true", help="those that failed and are still to be tried")
    retry = what.add_parser(
        "retry", help="owe what was given up again, all or one; the workers begin at once"
    )
    retry.add_argument("--id", type=int)
    hurry = what.add_parser("now", help="try one that waits now instead of later")
    hurry.add_argument("--id", type=int, required=True)
    end = what.add_parser("give-up", help="try one no more; what is owed after it goes on")
    end.add_argument("--id", type=int, required=True)
    return effects


def run(asked: argparse.Namespace, settings: Settings, program: str, url: str) -> int:
    """Do what was asked and write one JSON line per effect; return the exit status."""
    try:
        audit = Audit(Vault.from_settings(settings), program, clock=clock_from(settings.clock))
        rows = asyncio.run(act(asked, url, audit))
    except (NotGivenUpError, NotWaitingError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except (StorageAwayError, asyncpg.PostgresError) as error:
        sys.stderr.write(f"the database cannot be used ({error}); is Huying running?\n")
        return 1
    sys.stdout.writelines(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows)
    return 0


async def act(asked: argparse.Namespace, url: str, audit: Audit) -> list[Row]:
    """Do what was asked over the database at ``url``; return the effects it was done to."""
    async with storage_errors():
        connection = await asyncpg.connect(url, timeout=5, command_timeout=10)
        try:
            if asked.what == "list":
                return await (waiting if asked.waiting else given_up)(connection)
            ids = None if asked.id is None else [asked.id]
            if asked.what == "retry":
                return await owe_again(connection, ids, audit=audit, by=COMMAND)
            act = hasten if asked.what == "now" else abandon
            return await act(connection, ids or [], audit=audit, by=COMMAND)
        finally:
            await connection.close(timeout=3)


async def given_up(connection: Connection) -> list[Row]:
    """Return what was given up, oldest first, without its contents."""
    rows = await connection.fetch(
        "SELECT id, kind, lane, attempts, last_error AS error FROM effects"
        " WHERE gave_up_at IS NOT NULL ORDER BY id"
    )
    return [dict(row) for row in rows]


async def owe_again(
    connection: Connection, ids: Sequence[int] | None, *, audit: Audit, by: Author
) -> list[Row]:
    """Owe given-up effects again, as if never tried, and wake the workers; ``None`` means all of them."""
    async with connection.transaction():
        rows = await connection.fetch(
            "UPDATE effects SET gave_up_at = NULL, next_at = NULL, attempts = 0"
            " WHERE gave_up_at IS NOT NULL AND ($1::bigint[] IS NULL OR id = ANY($1)) RETURNING id, kind, lane",
            ids,
        )
        if missing := set(ids or ()) - {row["id"] for row in rows}:
            raise NotGivenUpError(f"effect {min(missing)} has not been given up")
        await wake(connection, {row["lane"]: timedelta() for row in rows})
        for row in sorted(rows, key=lambda row: row["id"]):
            await audit.note(connection, Action.EFFECT_RETRIED, "effect", str(row["id"]), by=by)
    return sorted(map(dict, rows), key=lambda row: row["id"])


async def waiting(connection: Connection) -> list[Row]:
    """Return what failed and is still to be tried, oldest first, without its contents."""
    rows = await connection.fetch(
        "SELECT id, kind, lane, attempts, last_error AS error, next_at FROM effects"
        " WHERE done_at IS NULL AND gave_up_at IS NULL AND attempts > 0 ORDER BY id"
    )
    return [dict(row) | {"next_at": row["next_at"] and row["next_at"].isoformat()} for row in rows]


async def hasten(connection: Connection, ids: Sequence[int], *, audit: Audit, by: Author) -> list[Row]:
    """Try those that wait now instead of later."""
    return await _changed(connection, ids, "next_at = NULL", Action.EFFECT_RETRIED, audit=audit, by=by)


async def abandon(connection: Connection, ids: Sequence[int], *, audit: Audit, by: Author) -> list[Row]:
    """Give up those that wait; what is owed after them goes on. They can be owed again."""
    return await _changed(connection, ids, "gave_up_at = now()", Action.EFFECT_ABANDONED, audit=audit, by=by)


async def _changed(
    connection: Connection, ids: Sequence[int], change: str, action: Action, *, audit: Audit, by: Author
) -> list[Row]:
    async with connection.transaction():
        rows = await connection.fetch(
            f"UPDATE effects SET {change} WHERE id = ANY($1) AND done_at IS NULL AND gave_up_at IS NULL"  # noqa: S608 — ours
            " RETURNING id, kind, lane",
            list(ids),
        )
        if missing := set(ids) - {row["id"] for row in rows}:
            raise NotWaitingError(f"effect {min(missing)} does not wait for another try")
        await wake(connection, {row["lane"]: timedelta() for row in rows})
        for row in sorted(rows, key=lambda row: row["id"]):
            await audit.note(connection, action, "effect", str(row["id"]), by=by)
    return sorted(map(dict, rows), key=lambda row: row["id"])
