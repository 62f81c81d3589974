"""Batch commands: JSON lines in, JSON lines out, with the code that serves citizens."""

import argparse
import json
import sys
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from cities.loading import check_cities, load_pack
from gateway import PROGRAM
from groundwork import effects, inspection
from groundwork.secrets import with_secrets
from groundwork.settings import Settings
from hotline.calendar import CITY_TIME
from hotline.citypack import CityPack
from hotline.deadlines import due_moments
from hotline.errors import CityPackError, HotlineError
from hotline.message import clean
from hotline.records import to_record
from hotline.screening import screen_acceptance, screen_emergency
from staff import commands as staff_commands


def add_to(subs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Register every batch command."""
    screen = subs.add_parser("screen", help="judge messages: JSON lines {id, text} in")
    screen.add_argument("--city")
    screen.set_defaults(call=_screen)
    due = subs.add_parser("due", help="the due moments of a ticket, reckoned day by day")
    due.add_argument("--city")
    due.add_argument("--kind", required=True)
    due.add_argument("--class", dest="ticket_class")
    due.add_argument("--channel", default="webchat")
    due.add_argument("--at", required=True)
    due.set_defaults(call=_due)
    check = subs.add_parser(
        "check-cities", help="check every city's data; exit status 1 if anything is found"
    )
    check.set_defaults(call=_check)
    effects.add_to(subs).set_defaults(call=_effects)
    inspection.add_to(subs).set_defaults(call=_audit)
    for parser in staff_commands.add_to(subs):
        parser.set_defaults(call=_staff)


def _pack(arguments: argparse.Namespace, settings: Settings) -> CityPack:
    return load_pack(arguments.city or settings.city)


def _screen(arguments: argparse.Namespace, settings: Settings) -> int:
    try:
        pack = _pack(arguments, settings)
        for row in _rows():
            _print({"id": row["id"]} | screened(clean(str(row["text"])), pack))
    except (CityPackError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def screened(text: str, pack: CityPack) -> dict[str, Any]:
    """Return what both screens say of ``text``."""
    danger, ground = screen_emergency(text, pack), screen_acceptance(text, pack)
    return {
        "emergency": danger
        and {"call": danger.call, "also": list(danger.also), "why": danger.why, "span": danger.span,
             "sure": danger.sure},
        "not_accepted": ground
        and {"rule": ground.rule, "instrument": ground.citation.instrument,
             "article": ground.citation.article, "route": to_record(ground.citation.route),
             "sure": ground.sure},
    }  # fmt: skip


def _due(arguments: argparse.Namespace, settings: Settings) -> int:
    try:
        pack = _pack(arguments, settings)
        at = datetime.fromisoformat(arguments.at)
        at = at if at.tzinfo else at.replace(tzinfo=CITY_TIME)
        moments = due_moments(
            pack, kind=arguments.kind, ticket_class=arguments.ticket_class, channel=arguments.channel, at=at
        )
    except (ValueError, HotlineError) as error:
        print(error, file=sys.stderr)
        return 2
    for moment in moments:
        _print(to_record(moment))
    return 0


def _check(arguments: argparse.Namespace, settings: Settings) -> int:
    findings = check_cities()
    for finding in findings:
        print(finding)
    return 1 if findings else 0


def _effects(arguments: argparse.Namespace, settings: Settings) -> int:
    return effects.run(arguments, with_secrets(settings), PROGRAM, _url(settings))


def _audit(arguments: argparse.Namespace, settings: Settings) -> int:
    """Verify the gateway's log, and the desk's where its database is this installation's own or named."""
    settings = with_secrets(settings)
    found = inspection.run(settings, PROGRAM, _url(settings))
    own = "" if settings.database_url else _own(settings, "desk")
    if desk := settings.desk_database_url or own:
        return max(found, inspection.run(settings, "desk", desk))
    return found


def _staff(arguments: argparse.Namespace, settings: Settings) -> int:
    return staff_commands.run(arguments, with_secrets(settings), PROGRAM, _url(settings))


def _url(settings: Settings) -> str:
    return settings.database_url or _own(settings, PROGRAM)


def _own(settings: Settings, database: str) -> str:
    """Return the address of a database that ``huying run`` keeps in the state folder."""
    from gateway.localservers import Postgres

    return Postgres(settings.state_dir / "postgres").url(database)


def _rows() -> Iterator[dict[str, Any]]:
    for number, line in enumerate(sys.stdin, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError:
            raise ValueError(f"line {number} is not JSON") from None
        if not isinstance(row, dict) or "id" not in row or "text" not in row:
            raise ValueError(f"line {number} must be an object with id and text")
        yield row


def _print(value: Any) -> None:
    print(json.dumps(value, ensure_ascii=False))
