"""``huying routing``: learn from past dispatches, propose units, look at the versions, go back."""

import argparse
import asyncio
import json
import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from cities.loading import load_pack
from gateway.routing import RoutingFileError, RoutingInUse, RoutingVersions
from groundwork.clock import clock_from
from groundwork.database import open_pool
from groundwork.secrets import has_secrets, with_secrets
from groundwork.settings import Settings
from groundwork.vault import Vault
from hotline.citypack import CityPack
from hotline.dispatching import propose_units
from hotline.errors import CityPackError, StorageAwayError
from hotline.message import clean

PROPOSED = 3  #: units, where the command does not say how many


def add_to(subs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> argparse.ArgumentParser:
    """Register the command and return its parser."""
    routing = subs.add_parser("routing", help="which unit such matters were given to before")
    what = routing.add_subparsers(dest="what", required=True)
    train = what.add_parser("train", help="learn from a CSV file of past tickets, one ticket a row")
    train.add_argument("file", type=Path)
    train.add_argument("--text", required=True, help="column with what was said")
    train.add_argument("--unit", required=True, help="column with the unit that handled it")
    train.add_argument(
        "--time", default="", help="column with its time; without one the order of the rows counts"
    )
    suggest = what.add_parser("suggest", help="propose units: JSON lines {id, text} in")
    suggest.add_argument("--top", type=_above_zero, default=PROPOSED, help="how many units")
    versions = what.add_parser("versions", help="every version kept, how well it did, and which is in use")
    rollback = what.add_parser("rollback", help="return to the version before, or to none")
    rollback.add_argument("--to", default="", metavar="VERSION", help="any version that is kept")
    for parser in (train, suggest, versions, rollback):
        parser.add_argument("--city")
    return routing


def _above_zero(written: str) -> int:
    number = int(written)
    if number < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return number


def run(
    asked: argparse.Namespace, settings: Settings, url: str, rows: Callable[[], Iterator[dict[str, Any]]]
) -> int:
    """Do what was asked; status 1 where a version was not adopted or there is none, 2 for wrong use."""
    act = {"train": _train, "suggest": _suggest, "versions": _versions, "rollback": _rollback}[asked.what]
    try:
        return act(asked, settings, url, rows)
    except (CityPackError, ValueError) as error:
        _complain(error)
        return 2
    except RoutingFileError as error:
        _complain(error)
        return 1


def _pack(settings: Settings) -> CityPack:
    return load_pack(settings.city, on=clock_from(settings.clock)().date(), own_units=settings.units_file)


def _train(
    asked: argparse.Namespace, settings: Settings, url: str, rows: Callable[[], Iterator[dict[str, Any]]]
) -> int:
    from bots.unit_learning import learn  # scikit-learn: only who trains waits for it
    from gateway.training import Columns, compare, in_order, notes_of, read_history

    versions, pack = RoutingVersions(settings.state_dir), _pack(settings)
    history = read_history(asked.file, Columns(text=asked.text, unit=asked.unit, time=asked.time), pack)
    corrections = _corrections(settings, pack, url)
    past = in_order((*history.past, *corrections))
    learnt = learn(past, version=_version_of(clock_from(settings.clock)()))
    compared, notes = compare(learnt, versions), notes_of(learnt, past)
    versions.add(learnt.routing, notes)
    adopted = compared is None or not compared.is_worse
    if adopted:
        versions.use(learnt.routing.version)
    else:
        _complain("not adopted: the version in use does better. See `huying routing versions`.")
    counts = {"skipped": history.skipped, "renamed": history.renamed, "unknown_units": history.unknown}
    told = (
        {"before": compared.before, "after": compared.after, "tickets": compared.tickets}
        if compared
        else None
    )
    _print({"version": learnt.routing.version, "in_use": adopted, **counts,
            "corrections": len(corrections), **notes, "compared": told})  # fmt: skip
    return 0 if adopted else 1


def _version_of(now: datetime) -> str:
    return f"{now:%Y%m%d-%H%M%S-%f}"


def _corrections(settings: Settings, pack: CityPack, url: str) -> tuple[Any, ...]:
    """Return what dispatchers corrected, where the installation's database can be read; nothing is no failure."""
    from gateway.store.corrections import corrections

    if not has_secrets(settings):
        return ()
    vault = Vault.from_settings(with_secrets(settings))

    async def read() -> tuple[Any, ...]:
        async with open_pool(url, size=1) as pool:
            return await corrections(pool, vault, pack)

    try:
        return asyncio.run(read())
    except (StorageAwayError, OSError) as error:
        _complain(f"corrections are left out, the database is away: {type(error).__name__}")
        return ()


def _suggest(
    asked: argparse.Namespace, settings: Settings, url: str, rows: Callable[[], Iterator[dict[str, Any]]]
) -> int:
    past, pack = RoutingInUse(RoutingVersions(settings.state_dir))(), _pack(settings)
    for row in rows():
        units, sure = propose_units(pack, text=clean(str(row["text"])), most=asked.top, past=past)
        shown = [{"unit": one.unit, "score": round(one.score, 4)} for one in units]
        _print({"id": row["id"], "units": shown, "sure": sure})
    return 0


def _versions(
    asked: argparse.Namespace, settings: Settings, url: str, rows: Callable[[], Iterator[dict[str, Any]]]
) -> int:
    for one in RoutingVersions(settings.state_dir).all():
        _print({"version": one.name, "in_use": one.in_use, **one.notes})
    return 0


def _rollback(
    asked: argparse.Namespace, settings: Settings, url: str, rows: Callable[[], Iterator[dict[str, Any]]]
) -> int:
    versions = RoutingVersions(settings.state_dir)
    if asked.to:
        versions.use(asked.to)
    _print({"in_use": asked.to or versions.roll_back() or None})
    return 0


def _print(value: Any) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")


def _complain(value: object) -> None:
    sys.stderr.write(f"{value}\n")
