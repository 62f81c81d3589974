"""``add-account``, ``staff list`` and ``staff reset``: accounts from the command line, when nobody can sign in."""

import argparse
import asyncio
import sys

import asyncpg

from groundwork.audit import COMMAND, Audit
from groundwork.clock import clock_from
from groundwork.database import open_pool
from groundwork.settings import Settings
from groundwork.vault import Vault
from hotline.errors import HotlineError
from staff.accounts import AccountError, Accounts, Role, Standing


def add_to(subs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> list[argparse.ArgumentParser]:
    """Register the commands and return their parsers."""
    adding = subs.add_parser("add-account", help="make a staff account; the password on standard input")
    adding.add_argument("name")
    adding.add_argument("role", choices=[role.value for role in Role])
    adding.add_argument("--unit", default="", help="whose tickets an account with the role unit sees")
    staff = subs.add_parser("staff", help="the staff accounts of this program")
    what = staff.add_subparsers(dest="what", required=True)
    what.add_parser("list", help="name, role, unit and state of each")
    reset = what.add_parser("reset", help="give an account a one-time password, which is printed")
    reset.add_argument("name")
    return [adding, staff]


def run(asked: argparse.Namespace, settings: Settings, program: str, url: str) -> int:
    """Do what was asked; what cannot be done is one line on standard error and status 1."""
    try:
        asyncio.run(_act(asked, settings, program, url))
    except (HotlineError, asyncpg.PostgresError, OSError) as error:
        sys.stderr.write(f"{program}: {error}\n")
        return 1
    return 0


async def _act(asked: argparse.Namespace, settings: Settings, program: str, url: str) -> None:
    clock, vault = clock_from(settings.clock), Vault.from_settings(settings)
    async with open_pool(url, size=1) as pool:
        accounts = Accounts(pool, vault, Audit(vault, program, clock=clock), clock=clock)
        if asked.command == "add-account":
            password = sys.stdin.readline().rstrip("\n")
            await accounts.add(asked.name, Role(asked.role), password, unit=asked.unit)
        elif asked.what == "list":
            sys.stdout.writelines(f"{_line(one)}\n" for one in await accounts.listed())
        else:
            sys.stdout.write(f"{await _reset(accounts, asked.name)}\n")


async def _reset(accounts: Accounts, name: str) -> str:
    standing = await accounts.find_named(name)
    if standing is None:
        raise AccountError("unknown")
    return await accounts.reset(standing.account.id, by=COMMAND)


def _line(one: Standing) -> str:
    account = one.account
    state = "locked" if one.locked else "one-time" if one.one_time_until else "open"
    return " ".join(filter(None, (account.name, account.role.value, account.unit, state)))
