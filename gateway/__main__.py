"""The command line ``huying``."""

import argparse
import asyncio
import logging
import signal
import sys
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any

import uvloop

from groundwork.journal import open_journal
from groundwork.secrets import with_secrets
from groundwork.settings import Settings, SettingsError, read_settings

log = logging.getLogger("gateway")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit status is 0 when all went well, 1 for findings, 2 for wrong use."""
    from gateway import commands

    parser = argparse.ArgumentParser(
        prog="huying", description="Chatbot and intake gateway of a 12345 hotline."
    )
    subs = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    subs.add_parser("run", help="start everything on this machine")
    subs.add_parser("serve", help="the HTTP server")
    subs.add_parser("work", help="the worker: owed effects, sweep")
    subs.add_parser("migrate", help="bring the database up to date and load the starter articles")
    commands.add_to(subs)
    arguments = parser.parse_args(argv)
    try:
        settings = read_settings()
    except SettingsError as error:
        print(f"Settings that cannot be used:\n{error}", file=sys.stderr)
        return 2
    batch: Callable[[argparse.Namespace, Settings], int] | None = getattr(arguments, "call", None)
    if batch is not None:
        return batch(arguments, settings)
    return _PROGRAMS[arguments.command](settings)


def _run(settings: Settings) -> int:
    from gateway.supervisor import supervise

    return supervise(settings)


def _serve(settings: Settings) -> int:
    from gateway.app import serve

    return _forever(settings, serve)


def _work(settings: Settings) -> int:
    from gateway.app import work

    return _forever(settings, work)


def _migrate(settings: Settings) -> int:
    from gateway import PROGRAM
    from gateway.bootstrap import open_services
    from groundwork.audit import PROGRAM as PROGRAM_ITSELF
    from groundwork.database import DatabaseUnusableError, check_server, migrate
    from hotline.errors import StorageAwayError
    from kb.starters import starter_articles
    from staff.first_accounts import ensure_first_accounts

    async def seed() -> None:
        async with open_services(with_secrets(settings)) as services:
            await check_server(services.pool)
            default = next((unit.name for unit in services.pack.units if unit.default), "")
            await ensure_first_accounts(services.pool, services.settings, PROGRAM, unit=default)
            if await services.pool.fetchval(
                "SELECT EXISTS (SELECT FROM articles WHERE city = $1)", settings.city
            ):
                return  # the editors' own by now
            count = await services.articles.put(
                starter_articles(settings.city), by=PROGRAM_ITSELF, why="starter"
            )
            log.info("starter.loaded", extra={"articles": count})

    if not _configured(settings):
        return 2
    open_journal()
    try:
        migrate(settings.database_url, Path(__file__).parent / "store" / "migrations")
        uvloop.run(seed())
    except (DatabaseUnusableError, StorageAwayError) as error:
        print(f"HUYING_DATABASE_URL: {error}", file=sys.stderr)
        return 1
    return 0


def _forever(
    settings: Settings, program: Callable[[Settings, asyncio.Event], Coroutine[Any, Any, None]]
) -> int:
    if not _configured(settings):
        return 2
    open_journal()

    async def run() -> None:
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        await program(with_secrets(settings), stop)

    uvloop.run(run())
    return 0


def _configured(settings: Settings) -> bool:
    if settings.database_url:
        return True
    print("HUYING_DATABASE_URL is not set; `huying run` starts a database of its own.", file=sys.stderr)
    return False


_PROGRAMS: dict[str, Callable[[Settings], int]] = {
    "run": _run,
    "serve": _serve,
    "work": _work,
    "migrate": _migrate,
}

if __name__ == "__main__":
    sys.exit(main())
