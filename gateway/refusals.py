"""``huying refusals``: refusals that people overruled, judged by the screen as it stands now."""

import argparse
import asyncio
import json
import sys
from collections import Counter

from gateway.store.refusals import Reviewed, reviewed
from groundwork.database import open_pool
from groundwork.settings import Settings
from groundwork.vault import Vault
from hotline.citypack import CityPack
from hotline.errors import StorageAwayError
from hotline.records import to_record
from hotline.screening import screen_acceptance

_MADE = {True: "overruled", False: "upheld", None: "waiting"}


def add_to(subs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> argparse.ArgumentParser:
    """Add the command to ``subs``."""
    return subs.add_parser(
        "refusals",
        help="refusals that a person looked at again: JSON lines out, with what the screen says of each today",
    )


def judged(one: Reviewed, pack: CityPack) -> dict[str, object]:
    """Return one refusal as a line: what people made of it, and whether it would be refused today."""
    found = screen_acceptance(one.text, pack)
    today = "taken_up" if found is None else "refused" if found.sure else "asked"
    return to_record(one) | {"made": _MADE[one.taken_up], "today": today}  # type: ignore[no-any-return]


def run(settings: Settings, pack: CityPack, url: str) -> int:
    """Print every refusal that was looked at again, then how many were overruled and would still be refused."""

    async def read() -> list[dict[str, object]]:
        async with open_pool(url, size=1) as pool:
            found = await reviewed(pool, Vault.from_settings(settings), city=settings.city)
        return [judged(one, pack) for one in found]

    try:
        lines = asyncio.run(read())
    except StorageAwayError as error:
        print(f"the database cannot be used ({error}); is Huying running?", file=sys.stderr)
        return 1
    for line in lines:
        print(json.dumps(line, ensure_ascii=False))
    made = Counter(line["made"] for line in lines)
    again = sum(line["made"] == "overruled" and line["today"] == "refused" for line in lines)
    print(
        f"{len(lines)} looked at again: {made['overruled']} overruled ({again} of them would be refused today),"
        f" {made['upheld']} upheld, {made['waiting']} waiting",
        file=sys.stderr,
    )
    return 0
