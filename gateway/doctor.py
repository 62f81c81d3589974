"""``huying doctor``: what keeps an installation from serving, or soon will, each as a line that says what to do."""

import asyncio
import os
import shutil
import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import timedelta
from pathlib import Path

import asyncpg
from aiohttp import ClientError, ClientSession, ClientTimeout
from alembic.script import ScriptDirectory

from cities.loading import check_cities, load_pack
from gateway.localservers import LocalServerError, cluster_version, postgres_programs, redis_program
from gateway.supervisor import (
    RASA_ENVIRONMENT,
    RASA_MODEL,
    RASA_MODEL_FILE,
    StartError,
    check_ports,
    here,
    is_held,
)
from groundwork.database import OLDEST_SERVER
from groundwork.settings import PREFIX, PROJECT, Settings
from hotline.errors import CityPackError

IN_ORDER = "nothing found: what was looked at is in order"
LEAST_SPACE = 1_000_000_000  #: bytes that are free where the state lies
MOST_SKEW = timedelta(seconds=5)  #: between this machine's clock and a database's
ANSWERS_WITHIN = ClientTimeout(total=5)
#: By program, the folder of its migrations.
MIGRATIONS: Mapping[str, Path] = {
    "gateway": PROJECT / "gateway/store/migrations",
    "desk": PROJECT / "dispatch_desk/store/migrations",
}


def run(settings: Settings, databases: Mapping[str, str]) -> int:
    """Print every finding, or that there is none; ``databases`` has the address of each by program."""
    found = list(examine(settings))
    if settings.database_url or is_held(settings.state_dir):
        found += asyncio.run(look(settings, databases))
    else:
        found += _ports(settings)
        sys.stderr.write("Huying is not running: what it does was not looked at\n")
    sys.stdout.writelines(f"{finding}\n" for finding in found or [IN_ORDER])
    return 1 if found else 0


def examine(settings: Settings) -> Iterator[str]:
    """Yield what is wrong with what lies on this machine: programs, places, the law."""
    yield from _programs(settings)
    yield from _places(settings)
    if settings.clock is not None:
        yield f"clock: {PREFIX}CLOCK is set, so every date that a citizen is told is moved; unset it"
    own = {settings.city: settings.units_file} if settings.units_file else {}
    yield from (f"law: {finding}" for finding in check_cities(own_units=own))
    yield from _learnt(settings)


def _programs(settings: Settings) -> Iterator[str]:
    try:
        if not (settings.database_url and settings.desk_database_url):
            postgres_programs(cluster_version(settings.state_dir / "postgres"))
        if not settings.redis_url:
            redis_program()
    except LocalServerError as error:
        yield f"servers: {error}"
    rasa = (RASA_ENVIRONMENT / "bin" / "python", RASA_MODEL / RASA_MODEL_FILE)
    if not settings.rasa_url and not all(path.exists() for path in rasa):
        yield "rasa: not prepared, so word lists alone understand; run make setup"
    if not any((PROJECT / "gateway/web/static").glob("*.css")):
        yield "pages: not built; run make setup"


def _places(settings: Settings) -> Iterator[str]:
    folder = settings.state_dir
    there = next(path for path in (folder, *folder.parents) if path.exists())
    if not os.access(there, os.W_OK):
        yield f"state: {there} cannot be written; set {PREFIX}STATE_DIR to another folder"
    if shutil.disk_usage(there).free < LEAST_SPACE:
        yield f"state: less than {LEAST_SPACE // 10**9} GB is free at {there}; make room"
    for path in sorted(folder.glob("secrets/*")):
        if path.stat().st_mode & 0o077:
            yield f"secrets: others can read {path}; chmod 600 it and draw new keys"


def _learnt(settings: Settings) -> Iterator[str]:
    try:
        pack = load_pack(settings.city, own_units=settings.units_file)
    except CityPackError:
        return  # told as the law
    if pack.hearing is None or pack.grounds is None:
        yield "hearing: nothing is learnt, so word lists alone hear a danger; run make setup"


def _ports(settings: Settings) -> Iterator[str]:
    try:
        check_ports(settings)
    except StartError as error:
        yield f"ports: {error}"


async def look(settings: Settings, databases: Mapping[str, str]) -> list[str]:
    """Return what is wrong with what runs: the databases and the two programs that answer."""
    found = [finding for program, url in databases.items() async for finding in _database(program, url)]
    addresses = {
        "gateway": here(settings.host, settings.port),
        "desk": here(settings.host, settings.desk_port),
    }
    async with ClientSession(timeout=ANSWERS_WITHIN) as http:
        for program, address in addresses.items():
            if program in databases and (finding := await _degraded(http, address)):
                found.append(f"{program}: {finding}")
    return found


async def _database(program: str, url: str) -> AsyncIterator[str]:
    try:
        connection = await asyncpg.connect(url, timeout=5)
    except (OSError, TimeoutError, asyncpg.PostgresError) as error:
        yield f"{program}: its database cannot be used ({type(error).__name__}); look at its log and address"
        return
    try:
        async for finding in _asked(connection):
            yield f"{program}: {finding}"
        wanted = ScriptDirectory(str(MIGRATIONS[program])).get_current_head()
        if await _revision(connection) != wanted:
            yield f"{program}: its database is not of this version; run migrate of that program"
    finally:
        await connection.close(timeout=3)


async def _asked(connection: asyncpg.Connection) -> AsyncIterator[str]:
    if int(await connection.fetchval("SHOW server_version_num")) < OLDEST_SERVER:
        yield "PostgreSQL is too old; version 18 or newer is needed"
    there = float(await connection.fetchval("SELECT extract(epoch FROM clock_timestamp())"))
    if abs(there - time.time()) > MOST_SKEW.total_seconds():
        yield "its database has another time than this machine; let both follow one time server"
    if await connection.fetchval("SELECT to_regclass('effects') IS NOT NULL"):
        count = await connection.fetchval(
            "SELECT count(*) FROM effects WHERE gave_up_at IS NOT NULL AND done_at IS NULL"
        )
        if count:
            yield f"{count} owed effects were given up; see its command effects"


async def _revision(connection: asyncpg.Connection) -> str | None:
    if not await connection.fetchval("SELECT to_regclass('alembic_version') IS NOT NULL"):
        return None
    found: str | None = await connection.fetchval("SELECT version_num FROM alembic_version")
    return found


async def _degraded(http: ClientSession, address: str) -> str:
    """Return what a program says that it lacks, or that it does not answer; empty where all is well."""
    try:
        async with http.get(f"{address}/readyz") as answer:
            degraded = (await answer.json()).get("degraded", [])
            if answer.status == 200 and not degraded:
                return ""
            return f"serves without {', '.join(degraded)}" if answer.status == 200 else "does not serve"
    except (ClientError, TimeoutError, OSError, ValueError):
        return f"does not answer at {address}"
