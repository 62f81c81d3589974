"""Batch commands: JSON lines in, JSON lines out, with the code that serves citizens."""

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from aiohttp import ClientSession

from bots.keyword_understanding import KeywordUnderstanding
from channels.open311.keys import digest_of, new_key
from cities.hearing import check_learnt
from cities.loading import CITIES, check_cities, load_pack
from cities.ordinary import ordinary_speech
from gateway import PROGRAM, knowledge, refusals, routing_commands
from groundwork import effects, inspection, rotation
from groundwork.audit import COMMAND, Audit
from groundwork.clock import clock_from
from groundwork.database import open_pool, storage_errors
from groundwork.secrets import has_secrets, with_secrets
from groundwork.settings import PREFIX, Settings, SettingsError, webhook_key
from groundwork.vault import Vault, VaultError
from hotline.calendar import CITY_TIME
from hotline.citypack import CityPack
from hotline.deadlines import due_moments, extended
from hotline.dispatching import matters_of
from hotline.early_warning import EarlyWarning, Heard, Watch
from hotline.errors import CityPackError, HotlineError, KeyReusedError, NotAMessageError, StorageAwayError
from hotline.filing import KIND_OF, URGENT_KIND
from hotline.message import clean
from hotline.records import to_record
from hotline.reply_gate import Asked, judge_reply
from hotline.screening import asks_secrecy, screen_acceptance, screen_emergency
from hotline.tagging import tags_of
from hotline.ticket import classify
from hotline.titles import title_of
from hotline.understanding import Understanding
from hotline.vocabulary import ASSIGNMENTS, CASES, CHANNELS, KINDS, MATTERS, STARTS, WHATS
from staff import commands as staff_commands


def add_to(subs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Register every batch command."""
    screen = subs.add_parser("screen", help="judge messages: JSON lines {id, text} in")
    screen.add_argument("--city")
    screen.set_defaults(call=_screen)
    replies = subs.add_parser("replies", help="units' replies").add_subparsers(dest="what", required=True)
    gate = replies.add_parser(
        "check", help="what is wrong with replies: JSON lines {id, demand, reply} in, {id, ok, reasons} out"
    )
    gate.add_argument("--city")
    gate.set_defaults(call=_replies)
    warnings = subs.add_parser("warnings", help="signs of an emergency in a stream of messages")
    replay = warnings.add_subparsers(dest="what", required=True).add_parser(
        "replay", help="JSON lines {id, text, at, place?} in, in order of time; {at, topic, ids, why} out"
    )
    replay.add_argument("--city")
    replay.set_defaults(call=_warnings)
    due = subs.add_parser("due", help="the due moments of a ticket, reckoned day by day")
    due.add_argument("--city")
    due.add_argument("--kind", required=True, choices=KINDS)
    due.add_argument("--class", dest="ticket_class")
    due.add_argument("--channel", default="webchat", choices=CHANNELS)
    due.add_argument(
        "--assignment", default="platform", choices=ASSIGNMENTS, help="how the unit was given it"
    )
    due.add_argument("--matter", action="append", default=[], choices=MATTERS)
    due.add_argument("--case", action="append", default=[], choices=CASES, help="what has turned out since")
    due.add_argument("--happened", action="append", default=[], metavar="START=MOMENT",
                     help="what is known by now: signing=2026-11-23T10:00")  # fmt: skip
    due.add_argument("--extended", action="append", default=[], metavar="STEP=NUMBER",
                     help="more time that was granted, in the limit's own unit: finish=4")  # fmt: skip
    due.add_argument("--at", required=True)
    due.set_defaults(call=_due)
    check = subs.add_parser(
        "check-cities", help="check every city's data; exit status 1 if anything is found"
    )
    check.set_defaults(call=_check)
    doctor = subs.add_parser(
        "doctor", help="what keeps this installation from serving; exit status 1 if anything is found"
    )
    doctor.set_defaults(call=_doctor)
    ledger = subs.add_parser("ledger", help="the ledger of the mailbox")
    export = ledger.add_subparsers(dest="what", required=True).add_parser(
        "export", help="write every letter into a workbook (xlsx)"
    )
    export.add_argument("--city")
    export.add_argument("--from", dest="first", type=date.fromisoformat, help="first day, YYYY-MM-DD")
    export.add_argument("--to", dest="last", type=date.fromisoformat, help="last day, YYYY-MM-DD")
    export.add_argument("--out", type=Path, required=True, help="file to write")
    export.add_argument(
        "--contacts", action="store_true", help="with names and phones, but never of confidential letters"
    )
    export.set_defaults(call=_ledger)
    taking = subs.add_parser(
        "import",
        help="file demands that others took up: JSON lines {id, text, subject, kind, place, name, phone} in",
    )
    taking.add_argument("--city")
    taking.add_argument("--channel", required=True, choices=CHANNELS, help="the way they came by")
    taking.set_defaults(call=_import)
    routing_commands.add_to(subs).set_defaults(call=_routing)
    knowledge.add_to(subs)
    effects.add_to(subs).set_defaults(call=_effects)
    dispatch = subs.add_parser("dispatch", help="the link to the dispatch centre")
    acts = dispatch.add_subparsers(dest="what", required=True)
    acts.add_parser("status", help="how it stands; exit status 1 when it is down or off")
    acts.add_parser("enable", help="switch it on again after the centre switched it off (410)")
    dispatch.set_defaults(call=_dispatch)
    kit = subs.add_parser(
        "conformance", help="whether an endpoint takes our events as docs/events asks; exit status 1 if not"
    )
    kit.add_argument("url", help="where it takes events, in full: https://centre.example/api/events")
    kit.add_argument(
        "--secret", help="whsec_…; without it, HUYING_DISPATCH_SECRET or this installation's own"
    )
    kit.set_defaults(call=_conformance)
    inspection.add_to(subs).set_defaults(call=_audit)
    receipts = subs.add_parser("receipts", help="the chain of receipts, one for each filing")
    receipts.add_subparsers(dest="what", required=True).add_parser(
        "verify",
        help="find any ticket that was changed, removed or put elsewhere; exit status 1 if there is one",
    )
    receipts.set_defaults(call=_receipts)
    rotation.add_to(subs).set_defaults(call=_keys)
    refusals.add_to(subs).set_defaults(call=_refusals)
    open311 = subs.add_parser("open311", help="programs that post service requests")
    key = open311.add_subparsers(dest="what", required=True).add_parser(
        "key", help="draw a key for a client; only its digest goes into HUYING_OPEN311_KEYS"
    )
    key.add_argument("client", help="its name: letters, digits, dots, hyphens and underscores")
    key.set_defaults(call=_open311_key)
    for parser in staff_commands.add_to(subs):
        parser.set_defaults(call=_staff)


def _pack(arguments: argparse.Namespace, settings: Settings) -> CityPack:
    code, today = arguments.city or settings.city, clock_from(settings.clock)().date()
    return load_pack(code, on=today, own_units=settings.units_file if code == settings.city else None)


def _screen(arguments: argparse.Namespace, settings: Settings) -> int:
    try:
        pack = _pack(arguments, settings)
        keywords = KeywordUnderstanding.load(pack.finder)
        for row in _rows():
            text = clean(str(row["text"]))
            _print({"id": row["id"]} | screened(text, pack, keywords.read(text)))
    except (CityPackError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def screened(text: str, pack: CityPack, understood: Understanding) -> dict[str, Any]:
    """Return what both screens say of ``text``, and what a ticket of it would be: kind, matters, tags, confidence asked for."""
    danger, ground = screen_emergency(text, pack), screen_acceptance(text, pack)
    matters = matters_of(pack, text)
    kind = URGENT_KIND if danger and danger.sure else KIND_OF.get(understood.intent, "other")
    return {
        "emergency": danger
        and {"call": danger.call, "also": list(danger.also), "why": danger.why, "span": danger.span,
             "sure": danger.sure},
        "not_accepted": ground
        and {"rule": ground.rule, "instrument": ground.citation.instrument,
             "article": ground.citation.article, "route": to_record(ground.citation.route),
             "sure": ground.sure},
        "kind": kind,
        "utility": "utility" in matters,
        "enterprise": "enterprise" in matters,
        "confidential": asks_secrecy(text, pack),
        "tags": to_record(tags_of(pack, text, kind=kind)),
    }  # fmt: skip


def _replies(arguments: argparse.Namespace, settings: Settings) -> int:
    try:
        pack, keywords = _pack(arguments, settings), KeywordUnderstanding.load()
        for row in _rows("demand", "reply"):
            demand, reply = (clean(str(row[name])) for name in ("demand", "reply"))
            _print({"id": row["id"]} | judged(demand, reply, pack, keywords.read(demand)))
    except (CityPackError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def _warnings(arguments: argparse.Namespace, settings: Settings) -> int:
    try:
        pack, watch = _pack(arguments, settings), Watch(ordinary_speech(CITIES))
        latest = datetime.min.replace(tzinfo=UTC)
        for row in _rows("text", "at"):
            heard = _heard(row, pack)
            if heard.at < latest:
                raise ValueError(
                    f"{row['id']} is earlier than what stands before it; sort the lines by their time"
                )
            latest = heard.at
            if warning := watch.hear(heard):
                _print(told_early(warning, pack))
    except (CityPackError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def _heard(row: dict[str, Any], pack: CityPack) -> Heard:
    text = clean(str(row["text"]))
    danger = screen_emergency(text, pack)
    try:
        at = _moment(str(row["at"]))
    except ValueError:
        raise ValueError(
            f"{row['id']}: at must be a moment like 2026-11-20T08:00, not {row['at']!r}"
        ) from None
    return Heard(
        id=json.dumps(row["id"]),  # whatever the caller calls it by
        at=at,
        text=text,
        place=clean(str(row.get("place") or "")),
        danger=danger.type if danger else "",
    )


def told_early(warning: EarlyWarning, pack: CityPack) -> dict[str, Any]:
    """Return ``warning`` as it is told: what the messages are about, which they are, and what is unusual about them."""
    hours = -(-(warning.at - warning.messages[0].at) // timedelta(hours=1)) or 1
    why = pack.words["early_warning"].format(
        hours=hours, count=len(warning.messages), words="\u201d\u201c".join(warning.words[:3])
    )
    if call := next((danger.call for danger in pack.dangers if danger.id == warning.danger), ""):
        why += pack.words["early_warning_danger"].format(call=call)
    return {
        "at": warning.at.isoformat(),
        "topic": title_of(warning.messages[0].text, pack),
        "ids": [json.loads(one.id) for one in warning.messages],
        "why": why,
    }


def judged(demand: str, reply: str, pack: CityPack, understood: Understanding) -> dict[str, Any]:
    """Return whether ``reply`` may be sent, and every reason against it with rule, article and the words that show it."""
    kind = KIND_OF.get(understood.intent, "other")
    asked = Asked(kind=kind, ticket_class=classify(pack, kind=kind, text=demand))
    found = judge_reply(demand, reply, pack, asked)
    reasons = [{"rule": one.rule, "article": one.citation.article, "span": one.span} for one in found]
    return {"ok": not found, "reasons": reasons}


def _due(arguments: argparse.Namespace, settings: Settings) -> int:
    try:
        pack = _pack(arguments, settings)
        at = _moment(arguments.at)
        law = pack.on(at.astimezone(CITY_TIME).date())
        if arguments.ticket_class is not None and arguments.ticket_class not in law.classes:
            raise ValueError(f"{pack.code} has no class {arguments.ticket_class!r}")
        moments = due_moments(
            pack,
            kind=arguments.kind,
            # Without one, the class that such a ticket gets when nothing in its text says another.
            ticket_class=arguments.ticket_class or classify(law, kind=arguments.kind, text=""),
            channel=arguments.channel,
            at=at,
            happened=_happened(arguments.happened),
            assignment=arguments.assignment,
            matters=arguments.matter,
            cases=arguments.case,
        )
        granted = _extensions(arguments.extended)
        moments = tuple(
            extended(pack, due, granted[due.what]) if due.what in granted else due for due in moments
        )
    except (ValueError, HotlineError) as error:
        print(error, file=sys.stderr)
        return 2
    for moment in moments:
        _print(to_record(moment))
    return 0


def _moment(written: str) -> datetime:
    moment = datetime.fromisoformat(written)
    return moment if moment.tzinfo else moment.replace(tzinfo=CITY_TIME)


def _happened(written: Sequence[str]) -> dict[str, datetime]:
    pairs = [pair.partition("=") for pair in written]
    if unknown := [start for start, _, _ in pairs if start not in STARTS]:
        raise ValueError(f"--happened knows {', '.join(STARTS)}, not {unknown[0]!r}")
    return {start: _moment(moment) for start, _, moment in pairs}


def _extensions(written: Sequence[str]) -> dict[str, int]:
    pairs = [pair.partition("=") for pair in written]
    if unknown := [what for what, _, number in pairs if what not in WHATS or not number.isdecimal()]:
        raise ValueError(f"--extended takes {', '.join(WHATS)} and a whole number, not {unknown[0]!r}")
    return {what: int(number) for what, _, number in pairs}


def _check(arguments: argparse.Namespace, settings: Settings) -> int:
    own = {settings.city: settings.units_file} if settings.units_file else {}
    findings = [*check_cities(own_units=own), *check_learnt(CITIES)]
    for finding in findings:
        print(finding)
    return 1 if findings else 0


def _doctor(arguments: argparse.Namespace, settings: Settings) -> int:
    from gateway import doctor

    return doctor.run(settings, _databases(settings))


def _effects(arguments: argparse.Namespace, settings: Settings) -> int:
    return effects.run(arguments, with_secrets(settings), PROGRAM, _url(settings))


def _dispatch(arguments: argparse.Namespace, settings: Settings) -> int:
    from gateway.store.links import Links

    settings, clock = with_secrets(settings), clock_from(settings.clock)
    audit = Audit(Vault.from_settings(settings), PROGRAM, clock=clock)

    async def act() -> int:
        async with open_pool(_url(settings), size=1) as pool:
            links = Links(pool, clock=clock)
            if arguments.what == "enable" and not await links.enable(audit=audit, by=COMMAND):
                print("the link is on", file=sys.stderr)
            state = await links.state()
        _print({"down": state.is_down(clock()), **to_record(state)})
        return 1 if state.is_down(clock()) else 0

    try:
        return asyncio.run(act())
    except StorageAwayError as error:
        print(f"the database cannot be used ({error}); is Huying running?", file=sys.stderr)
        return 1


def _conformance(arguments: argparse.Namespace, settings: Settings) -> int:
    from dispatch_client import conformance

    secret = arguments.secret or settings.dispatch_secret or with_secrets(settings).dispatch_secret
    key = webhook_key(secret)
    if len(key) < 16:
        print('the secret must be "whsec_" and base64', file=sys.stderr)
        return 2

    async def act() -> int:
        count = wrong = 0
        async with ClientSession() as http:
            kit = conformance.Kit(http, arguments.url, key)
            print(f"{arguments.url}: ticket {kit.number}")
            async for verdict in conformance.examine(kit):
                count, wrong = count + 1, wrong + bool(verdict.wrong)
                mark, after = ("FAIL", f": {verdict.wrong}") if verdict.wrong else ("ok  ", "")
                print(f"{mark} {verdict.check} ({verdict.seconds:.2f} s){after}")
        print(f"{count - wrong} of {len(conformance.CHECKS)} as asked")
        print(f"Look for yourself: ticket {kit.number} is there once, with one event of each kind.")
        return 1 if wrong or count < len(conformance.CHECKS) else 0

    return asyncio.run(act())


def _routing(arguments: argparse.Namespace, settings: Settings) -> int:
    if arguments.city and arguments.city != settings.city:
        settings = Settings.from_env({**os.environ, f"{PREFIX}CITY": arguments.city})
    return routing_commands.run(arguments, settings, _url(settings), _rows)


def _audit(arguments: argparse.Namespace, settings: Settings) -> int:
    """Verify the gateway's log, and the desk's where its database is this installation's own or named."""
    settings = with_secrets(settings)
    return max(inspection.run(settings, program, url) for program, url in _databases(settings).items())


def _receipts(arguments: argparse.Namespace, settings: Settings) -> int:
    """Read the whole chain with its tickets, and anchor it when it is whole."""
    from gateway.store.receipts import Receipts, folder_of

    settings = with_secrets(settings)
    receipts = Receipts(Vault.from_settings(settings), clock=clock_from(settings.clock))
    folder = folder_of(settings.state_dir)

    async def act() -> tuple[int, list[inspection.Finding]]:
        async with open_pool(_url(settings), size=1) as pool, storage_errors():
            async with pool.acquire() as connection:
                last, findings = await receipts.examine(connection, folder)
            if not findings:
                await receipts.anchor(pool, folder)
        return last, findings

    try:
        return inspection.told("receipts", "the chain of receipts", *asyncio.run(act()))
    except StorageAwayError as error:
        print(f"the database cannot be used ({error}); is Huying running?", file=sys.stderr)
        return 1


def _refusals(arguments: argparse.Namespace, settings: Settings) -> int:
    settings = with_secrets(settings)
    return refusals.run(settings, _pack(arguments, settings), _url(settings))


def _keys(arguments: argparse.Namespace, settings: Settings) -> int:
    """Turn the keys of both databases, the files and what is spooled."""
    from gateway.files import Files
    from gateway.spool import Spool
    from gateway.store.attachments import Attachments

    if not has_secrets(settings):
        print(f"there is no installation in {settings.state_dir}", file=sys.stderr)
        return 1
    settings = with_secrets(settings)
    vault, clock = Vault.from_settings(settings), clock_from(settings.clock)

    async def act() -> int:
        async with open_pool(_url(settings), size=1) as pool:
            files = Files(settings.files_dir, vault, Attachments(pool, vault, clock=clock))
            others: dict[str, rotation.Sealed] = {
                "files": files,
                "spool": Spool(settings.state_dir / "spool", vault),
            }
            databases = _databases(settings)
            return await rotation.run(
                arguments,
                rotation.Installation(settings=settings, vault=vault, databases=databases, others=others),
            )

    return asyncio.run(act())


def _databases(settings: Settings) -> dict[str, str]:
    """Return the gateway's database, and the desk's where it is this installation's own or named."""
    own = "" if settings.database_url else _own(settings, "desk")
    desk = settings.desk_database_url or own
    return {PROGRAM: _url(settings)} | ({"desk": desk} if desk else {})


def _staff(arguments: argparse.Namespace, settings: Settings) -> int:
    return staff_commands.run(arguments, with_secrets(settings), PROGRAM, _url(settings))


def _url(settings: Settings) -> str:
    return settings.database_url or _own(settings, PROGRAM)


def _own(settings: Settings, database: str) -> str:
    """Return the address of a database that ``huying run`` keeps in the state folder."""
    from gateway.localservers import Postgres

    return Postgres(settings.state_dir / "postgres").url(database)


def _ledger(arguments: argparse.Namespace, settings: Settings) -> int:
    if arguments.first and arguments.last and arguments.first > arguments.last:
        print(f"no day is from {arguments.first} to {arguments.last}", file=sys.stderr)
        return 2
    if arguments.city and arguments.city != settings.city:
        settings = Settings.from_env({**os.environ, f"{PREFIX}CITY": arguments.city})
    if not has_secrets(settings):
        print(f"there is no installation in {settings.state_dir}", file=sys.stderr)
        return 1
    try:
        count = asyncio.run(
            _export(arguments, settings, load_pack(settings.city, own_units=settings.units_file))
        )
    except (CityPackError, StorageAwayError, VaultError, OSError) as error:
        print(f"the ledger cannot be written: {error}", file=sys.stderr)
        return 1
    _print({"letters": count, "file": str(arguments.out)})
    return 0


async def _export(arguments: argparse.Namespace, settings: Settings, pack: CityPack) -> int:
    from gateway.localservers import Postgres
    from gateway.store.letters import Letters
    from gateway.workbook import Days, write_ledger

    url = settings.database_url or Postgres(settings.state_dir / "postgres").url("gateway")
    vault = Vault.from_settings(with_secrets(settings))
    since, until = Days(first=arguments.first, last=arguments.last).bounds()
    async with open_pool(url, size=1) as pool:
        entries = Letters(pool, vault, city=settings.city).entries(
            since=since, until=until, known=arguments.contacts
        )
        return await write_ledger(entries, pack, arguments.out, contacts=arguments.contacts)


def _open311_key(arguments: argparse.Namespace, settings: Settings) -> int:
    """Draw a key, told this once and kept nowhere."""
    key = new_key()
    entry = f"{arguments.client}:{digest_of(key)}"
    try:
        Settings.from_env({f"{PREFIX}OPEN311_KEYS": entry})
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 2
    _print({"client": arguments.client, "api_key": key, "HUYING_OPEN311_KEYS": entry})
    return 0


def _import(arguments: argparse.Namespace, settings: Settings) -> int:
    if arguments.city and arguments.city != settings.city:
        settings = Settings.from_env({**os.environ, f"{PREFIX}CITY": arguments.city})
    if not has_secrets(settings):
        print(f"there is no installation in {settings.state_dir}", file=sys.stderr)
        return 1
    try:
        return asyncio.run(_imported(arguments.channel, settings))
    except (HotlineError, ValueError) as error:
        print(f"nothing more can be imported: {error}", file=sys.stderr)
        return 1 if isinstance(error, StorageAwayError) else 2


async def _imported(channel: str, settings: Settings) -> int:
    """File every line; status 1 if one was refused, and the others are filed all the same."""
    from gateway.bootstrap import open_services
    from gateway.importing import check_channel, demand_of, import_one
    from gateway.localservers import Postgres

    url = settings.database_url or Postgres(settings.state_dir / "postgres").url("gateway")
    refused = 0
    async with open_services(with_secrets(replace(settings, database_url=url))) as services:
        check_channel(services.pack, channel)
        for row in _rows():
            try:
                at = services.clock()
                message = demand_of(row, services.pack, channel, services.vault, at=at)
                _print({"id": row["id"]} | await import_one(services.intake, message))
            except (NotAMessageError, KeyReusedError) as error:
                refused += 1
                _print({"id": row["id"], "error": str(error)})
    return 1 if refused else 0


def _rows(*fields: str) -> Iterator[dict[str, Any]]:
    """Yield the objects on standard input, each with its id and ``fields``: text, if none are named."""
    wanted = ("id", *(fields or ("text",)))
    for number, line in enumerate(sys.stdin, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError:
            raise ValueError(f"line {number} is not JSON") from None
        if not isinstance(row, dict) or any(name not in row for name in wanted):
            raise ValueError(
                f"line {number} must be an object with {', '.join(wanted[:-1])} and {wanted[-1]}"
            )
        yield row


def _print(value: Any) -> None:
    print(json.dumps(value, ensure_ascii=False))
