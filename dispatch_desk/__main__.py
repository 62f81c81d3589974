"""``python -m dispatch_desk migrate|serve|add-account|staff|effects|audit``; ``--help`` says more."""

import argparse
import asyncio
import logging
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from aiohttp import web

from cities.loading import load_pack
from dispatch_desk.app import PROGRAM, Services, open_services
from dispatch_desk.store.cases import FILLED_AT_ONCE, fill_columns, write_facts
from groundwork import effects, inspection
from groundwork.clock import clock_from
from groundwork.database import check_server, migrate, open_pool
from groundwork.journal import open_journal
from groundwork.secrets import with_secrets
from groundwork.serving import Runner
from groundwork.settings import Settings, SettingsError, read_settings
from groundwork.vault import Vault
from groundwork.worker import run_worker
from hotline.errors import HotlineError
from staff import commands
from staff.first_accounts import ensure_first_accounts

log = logging.getLogger(__name__)

MIGRATIONS = Path(__file__).with_name("store") / "migrations"


async def prepare(settings: Settings) -> None:
    """Check the server, make the first accounts, and fill what a migration cannot without the vault."""
    pack, vault = load_pack(settings.city, own_units=settings.units_file), Vault.from_settings(settings)
    async with open_pool(settings.desk_database_url, size=1) as pool:
        await check_server(pool)
        default = next((unit.name for unit in pack.units if unit.default), "")
        await ensure_first_accounts(pool, settings, PROGRAM, unit=default)
        filled = FILLED_AT_ONCE
        while filled == FILLED_AT_ONCE:
            async with pool.acquire() as connection, connection.transaction():
                filled = await fill_columns(connection, vault)
        written = FILLED_AT_ONCE
        while written == FILLED_AT_ONCE:
            async with pool.acquire() as connection, connection.transaction():
                written = await write_facts(connection, vault)


async def serve(settings: Settings) -> None:
    """Run the pages, the door for events and the worker until told to stop."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with open_services(settings) as services:
        await _run(settings, services, stop)


async def _run(settings: Settings, services: Services, stop: asyncio.Event) -> None:
    runner = Runner(services.app)
    await runner.setup()
    worker = asyncio.create_task(run_worker(settings.desk_database_url, services.outbox, stop))
    anchors = inspection.anchors_of(settings, PROGRAM, services.audit)
    anchoring = asyncio.create_task(
        inspection.anchor_for_ever(services.pool, anchors, clock=clock_from(settings.clock))
    )
    warning = asyncio.create_task(services.supervision.warn_for_ever())
    try:
        await web.TCPSite(runner, settings.host, settings.desk_port).start()
        log.info("desk.serving", extra={"host": settings.host, "port": settings.desk_port})
        await _first(worker, stop)
    finally:
        stop.set()
        for helper in (anchoring, warning):
            helper.cancel()
        await asyncio.gather(anchoring, warning, return_exceptions=True)
        await runner.cleanup()
        await worker
    log.info("desk.stopped")


async def _first(worker: asyncio.Task[None], stop: asyncio.Event) -> None:
    stopped = asyncio.create_task(stop.wait())
    await asyncio.wait({worker, stopped}, return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; what cannot work is one line on standard error and status 1."""
    asked = _parser().parse_args(arguments)
    open_journal(os.environ.get("HUYING_LOG_LEVEL", "INFO"))
    try:
        settings = with_secrets(read_settings())
        if not settings.desk_database_url:
            raise SettingsError("HUYING_DESK_DATABASE_URL: must be set")
        return _do(asked, settings)
    except (SettingsError, HotlineError, RuntimeError, OSError) as error:
        print(f"dispatch_desk: {error}", file=sys.stderr)
        return 1


def _do(asked: argparse.Namespace, settings: Settings) -> int:
    if asked.command == "migrate":
        migrate(settings.desk_database_url, MIGRATIONS)
        asyncio.run(prepare(settings))
    elif asked.command == "serve":
        asyncio.run(serve(settings))
    elif asked.command == "effects":
        return effects.run(asked, settings, PROGRAM, settings.desk_database_url)
    elif asked.command == "audit":
        return inspection.run(settings, PROGRAM, settings.desk_database_url)
    else:
        return commands.run(asked, settings, PROGRAM, settings.desk_database_url)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m dispatch_desk")
    subs = parser.add_subparsers(dest="command", required=True)
    subs.add_parser("migrate", help="bring the database to the newest form; demo accounts on loopback")
    subs.add_parser("serve", help="run pages, events and worker until SIGTERM")
    effects.add_to(subs)
    inspection.add_to(subs)
    commands.add_to(subs)
    return parser


if __name__ == "__main__":
    sys.exit(main())
