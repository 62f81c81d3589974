"""``keys``: which vault keys seal what, and the sealing of everything anew with the newest one.

A database says itself which of its columns are sealed: their comment is ``sealed`` and the purpose, in which
``{name}`` stands for another column of the row. So a column that is added later cannot be passed over.
"""

import argparse
import asyncio
import json
import re
import sys
from collections import Counter
from collections.abc import Awaitable, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

import asyncpg

from groundwork.audit import COMMAND, Action, Audit
from groundwork.clock import clock_from
from groundwork.database import Connection, open_pool, storage_errors
from groundwork.identities import resealed
from groundwork.secrets import new_key, rewrite
from groundwork.settings import Settings, key_pairs
from groundwork.vault import LOOKS_AGAIN, Vault, VaultError
from hotline.errors import HotlineError, StorageAwayError

MARK = "sealed "
BATCH = (
    200  #: rows read at a time; each is written in a transaction of its own, so that nobody waits for another
)
_KEY_OF = "convert_from(substring({0} FROM 2 FOR get_byte({0}, 0)), 'UTF8')"


@dataclass(frozen=True, kw_only=True, slots=True)
class SealedColumn:
    """A column that holds sealed values."""

    table: str
    column: str
    primary_key: str
    purpose: str

    @property
    def name(self) -> str:
        """Its name as it is shown."""
        return f"{self.table}.{self.column}"

    @property
    def named_by_purpose(self) -> list[str]:
        """The columns that the purpose names."""
        return re.findall(r"\{([a-z_]+)\}", self.purpose)


def sealed_with_comments(columns: dict[str, str]) -> str:
    """Return the statements that note, for each ``table.column``, the purpose that it is sealed for."""
    return "\n".join(f"COMMENT ON COLUMN {name} IS '{MARK}{purpose}';" for name, purpose in columns.items())


async def sealed_columns(connection: Connection) -> list[SealedColumn]:
    """Return every sealed column of the database, as its comment says."""
    rows = await connection.fetch(
        """
        SELECT c.relname AS table, a.attname AS column, p.attname AS primary_key,
            substr(col_description(c.oid, a.attnum), $1) AS purpose
        FROM pg_class c
        JOIN pg_attribute a ON a.attrelid = c.oid AND NOT a.attisdropped AND a.attnum > 0
        JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary
        JOIN pg_attribute p ON p.attrelid = c.oid AND p.attnum = i.indkey[0]
        WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r'
            AND starts_with(col_description(c.oid, a.attnum), $2)
        ORDER BY 1, 2
        """,
        len(MARK) + 1,
        MARK,
    )
    return [SealedColumn(**dict(row)) for row in rows]


async def counts(url: str) -> dict[str, Counter[str]]:
    """Return, for each sealed column of the database at ``url``, how many values each key seals."""
    found = dict[str, Counter[str]]()
    async with storage_errors():
        connection = await asyncpg.connect(url, timeout=5, command_timeout=60)
        try:
            for column in await sealed_columns(connection):
                key = _KEY_OF.format(column.column)
                rows = await connection.fetch(
                    f"SELECT {key} AS key, count(*) AS count FROM {column.table}"  # noqa: S608 - the catalogue's
                    f" WHERE {column.column} IS NOT NULL GROUP BY 1"
                )
                found[column.name] = Counter({row["key"]: row["count"] for row in rows})
        finally:
            await connection.close(timeout=3)
    return found


async def reseal(url: str, vault: Vault) -> int:
    """Seal every value that an older key seals anew with the newest one; return how many it were.

    May be stopped at any time and run again, while others read and write: a value that somebody changed
    meanwhile is left to the next round, and rounds go on until one finds nothing to do.
    """
    total = 0
    async with storage_errors():
        connection = await asyncpg.connect(url, timeout=5, command_timeout=60)
        try:
            # What a crash takes back is still sealed with the older key, and is done again.
            await connection.execute("SET synchronous_commit = off")
            columns = await sealed_columns(connection)
            while done := sum([await _reseal(connection, vault, column) for column in columns]):
                total += done
            await connection.execute("SET synchronous_commit = on")
            await connection.execute("SELECT txid_current()")  # waits for all that was written before it
        finally:
            await connection.close(timeout=3)
    return total


async def _reseal(connection: Connection, vault: Vault, column: SealedColumn) -> int:
    more = "".join(f", {name}" for name in column.named_by_purpose)
    select = (
        f"SELECT {column.primary_key} AS id, {column.column} AS sealed{more} FROM {column.table}"  # noqa: S608
        f" WHERE {column.column} IS NOT NULL AND {_KEY_OF.format(column.column)} <> $1"
    )
    write = (
        f"UPDATE {column.table} SET {column.column} = $3"  # noqa: S608 - names of the catalogue
        f" WHERE {column.primary_key} = $1 AND {column.column} = $2"
    )
    order = f" ORDER BY {column.primary_key} LIMIT {BATCH}"
    done, newest = 0, vault.newest
    rows = await connection.fetch(select + order, newest)
    while rows:
        for row in rows:
            purpose = column.purpose.format_map(dict(row))
            anew = resealed(vault, row["sealed"], purpose=purpose)
            await connection.execute(write, row["id"], row["sealed"], anew)
            done += 1
        rows = await connection.fetch(
            f"{select} AND {column.primary_key} > $2{order}", newest, rows[-1]["id"]
        )
    return done


def next_name(names: Iterable[str]) -> str:
    """Return a name for a new key that is not among ``names``: ``k`` and the next number."""
    numbers = [int(name[1:]) for name in names if re.fullmatch(r"k[0-9]{1,9}", name)]
    return f"k{max(numbers, default=0) + 1}"


class Sealed(Protocol):
    """Something outside the databases that holds sealed values."""

    def counts(self) -> Counter[str]:
        """Return how many values each key seals."""

    def reseal(self) -> Awaitable[int]:
        """Seal what an older key seals anew with the newest one; how many it were."""


class KeysError(HotlineError):
    """What was asked of the keys cannot be done; the text says why and what to do."""


def add_to(subs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> argparse.ArgumentParser:
    """Register the command and return its parser."""
    keys = subs.add_parser("keys", help="the keys of the vault: what each seals, a new one, one taken away")
    what = keys.add_subparsers(dest="what", required=True)
    what.add_parser("status", help="how many values each key seals, and where")
    rotate = what.add_parser("rotate", help="make a new key and seal everything anew, while the system runs")
    rotate.add_argument("--no-new-key", action="store_true", help="only finish what was begun")
    retire = what.add_parser("retire", help="take away a key that seals nothing any more")
    retire.add_argument("name")
    return keys


@dataclass(frozen=True, kw_only=True, slots=True)
class Installation:
    """Where the sealed values of an installation lie."""

    settings: Settings
    vault: Vault
    databases: Mapping[str, str]  #: program and address; the first one's audit log notes what is done
    others: Mapping[str, Sealed]


async def run(asked: argparse.Namespace, installation: Installation) -> int:
    """Do what was asked and write JSON lines; return the exit status."""
    act = {"status": _status, "rotate": _rotate, "retire": _retire}[asked.what]
    try:
        return await act(asked, installation)
    except (KeysError, VaultError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except (StorageAwayError, asyncpg.PostgresError, OSError) as error:
        sys.stderr.write(f"a database cannot be used ({error}); is Huying running?\n")
        return 1


async def _counts(installation: Installation) -> dict[str, Counter[str]]:
    found = {
        f"{program}.{column}": keys
        for program, url in installation.databases.items()
        for column, keys in (await counts(url)).items()
    }
    return found | {name: one.counts() for name, one in installation.others.items()}


async def _status(asked: argparse.Namespace, installation: Installation) -> int:
    names = [name for name, _ in key_pairs(installation.settings.vault_keys)]
    for where, keys in (await _counts(installation)).items():
        _print({"where": where, "keys": dict(sorted(keys.items()))})
    _print({"newest": names[0], "known": names})
    return 0


async def _rotate(asked: argparse.Namespace, installation: Installation) -> int:
    settings = installation.settings
    if not asked.no_new_key:
        _begin(settings)
        await asyncio.sleep(2 * LOOKS_AGAIN)  # by then whoever seals something has seen the new key
    vault = installation.vault
    program, url = next(iter(installation.databases.items()))
    async with open_pool(url, size=1) as pool, pool.acquire() as connection, connection.transaction():
        audit = Audit(vault, program, clock=clock_from(settings.clock))
        await audit.note(connection, Action.KEYS_ROTATED, "key", vault.newest, by=COMMAND)
    total = await _reseal_all(installation)
    left = sum(
        count
        for keys in (await _counts(installation)).values()
        for key, count in keys.items()
        if key != vault.newest
    )
    _print({"newest": vault.newest, "sealed_anew": total, "left": left})
    if left:
        sys.stderr.write("not all is sealed anew; run again: keys rotate --no-new-key. If that does not help,"
                         " a program still has no other key: restart it\n")  # fmt: skip
    return 1 if left else 0


def _begin(settings: Settings) -> None:
    """Put a new key in front of the others."""
    file = settings.vault_keys_file
    names = [name for name, _ in key_pairs(settings.vault_keys)]
    if file is None:
        raise KeysError(
            "the keys stand in HUYING_VAULT_KEYS: put a new one in front there, restart every program,"
            " then run: keys rotate --no-new-key"
        )
    rewrite(file, f"{new_key(next_name(names))},{settings.vault_keys}\n")


async def _reseal_all(installation: Installation) -> int:
    total = 0
    for program, url in installation.databases.items():
        total += (done := await reseal(url, installation.vault))
        _print({"where": program, "sealed_anew": done})
    for name, one in installation.others.items():
        total += (done := await one.reseal())
        _print({"where": name, "sealed_anew": done})
    return total


async def _retire(asked: argparse.Namespace, installation: Installation) -> int:
    settings = installation.settings
    pairs = [part.strip() for part in settings.vault_keys.split(",")]
    names = [part.partition(":")[0] for part in pairs]
    if asked.name not in names:
        raise KeysError(f"there is no key {asked.name}; there are {', '.join(names)}")
    if asked.name == names[0]:
        raise KeysError(f"{asked.name} is the newest key; keys rotate makes another one first")
    used = {where: keys[asked.name] for where, keys in (await _counts(installation)).items()}
    if any(used.values()):
        places = ", ".join(f"{where}: {count}" for where, count in used.items() if count)
        raise KeysError(f"{asked.name} still seals {places}; run: keys rotate --no-new-key")
    if settings.vault_keys_file is None:
        _print({"retired": asked.name, "left": "take it out of HUYING_VAULT_KEYS"})
        return 0
    kept = [part for part in pairs if part.partition(":")[0] != asked.name]
    rewrite(settings.vault_keys_file, f"{','.join(kept)}\n")
    _print({"retired": asked.name})
    return 0


def _print(value: Mapping[str, object]) -> None:
    sys.stdout.write(f"{json.dumps(value, ensure_ascii=False)}\n")
