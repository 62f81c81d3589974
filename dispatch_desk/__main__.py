"""``python -m dispatch_desk migrate|serve|add-account NAME ROLE|effects list|effects retry [--id N]``."""

import argparse
import asyncio
import logging
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from aiohttp import web

from dispatch_desk.app import PROGRAM, Services, open_services
from groundwork import effects
from groundwork.clock import clock_from
from groundwork.database import check_server, migrate, open_pool
from groundwork.journal import open_journal
from groundwork.secrets import with_secrets
from groundwork.settings import Settings, SettingsError, read_settings
from groundwork.vault import Vault
from groundwork.worker import run_worker
from hotline.errors import HotlineError
from staff.accounts import Accounts, Role
from staff.demo import ensure_demo_accounts

log = logging.getLogger(__name__)

MIGRATIONS = Path(__file__).with_name("store") / "migrations"


async def prepare(settings: Settings) -> None:
    """Check the server and make demo accounts where they belong."""
    async with open_pool(settings.desk_database_url, size=1) as pool:
        await check_server(pool)
        await ensure_demo_accounts(pool, settings, PROGRAM)


async def serve(settings: Settings) -> None:
    """Run the pages, the door for events and the worker until told to stop."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with open_services(settings) as services:
        await _run(settings, services, stop)


async def _run(settings: Settings, services: Services, stop: asyncio.Event) -> None:
    runner = web.AppRunner(services.app, access_log=None, shutdown_timeout=5)
    await runner.setup()
    worker = asyncio.create_task(run_worker(settings.desk_database_url, services.outbox, stop))
    try:
        await web.TCPSite(runner, settings.host, settings.desk_port).start()
        log.info("desk.serving", extra={"host": settings.host, "port": settings.desk_port})
        await _first(worker, stop)
    finally:
        stop.set()
        await runner.cleanup()
        await worker
    log.info("desk.stopped")


async def _first(worker: asyncio.Task[None], stop: asyncio.Event) -> None:
    stopped = asyncio.create_task(stop.wait())
    await asyncio.wait({worker, stopped}, return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()


async def add_account(settings: Settings, name: str, role: Role, password: str) -> None:
    """Make a staff account."""
    async with open_pool(settings.desk_database_url, size=1) as pool:
        accounts = Accounts(pool, Vault.from_settings(settings), clock=clock_from(settings.clock))
        await accounts.add(name, role, password)


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
        return effects.run(asked, settings.desk_database_url)
    else:
        password = sys.stdin.readline().rstrip("\n")
        asyncio.run(add_account(settings, asked.name, Role(asked.role), password))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m dispatch_desk")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("migrate", help="bring the database to the newest form; demo accounts on loopback")
    commands.add_parser("serve", help="run pages, events and worker until SIGTERM")
    effects.add_to(commands)
    adding = commands.add_parser("add-account", help="make a staff account; the password on standard input")
    adding.add_argument("name")
    adding.add_argument("role", choices=[role.value for role in Role])
    return parser


if __name__ == "__main__":
    sys.exit(main())
