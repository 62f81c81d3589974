"""How fast the inbox answers over a million cases: ``python -m tests.bench.inbox [N]``; the page's own code asks.

A year of a city: ninety-five cases in a hundred are answered, the rest is open, one open case in fifty is late. Rows are
made in the database; their records are one real sealed record each, so that reading costs what it costs.
"""

import argparse
import asyncio
import signal
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeAlias

import asyncpg

from dispatch_desk.__main__ import MIGRATIONS
from dispatch_desk.cases import receive
from dispatch_desk.inbox import Inbox, asked_at
from dispatch_desk.store.listing import Asked, Key
from gateway.localservers import Postgres, ensure_database, start
from groundwork.database import migrate, open_pool
from groundwork.identities import seal_record
from groundwork.settings import PREFIX, Settings
from groundwork.vault import Vault
from hotline.calendar import CITY_TIME
from hotline.records import to_record
from tests.bench.drain import KEYS
from tests.bench.processes import pressure
from tests.bench.report import write_inbox
from tests.dispatch import a_number, a_ticket, filed
from tests.folders import server_folder

Say: TypeAlias = Callable[[str], None]
NOW = datetime(2026, 11, 20, 10, 30, tzinfo=CITY_TIME)
BAR = 0.3  #: seconds for the page, at the 99th of a hundred
TIMES = 60  #: each asking
UNITS = 155
NAMED = f"desk.cases:{a_number()}"  #: what the record is sealed for
#: Each column is drawn by itself. Units are drawn so that the first has a twelfth of all cases and the last hardly any.
FILL = """
INSERT INTO cases (number, state, urgent, due_at, lead_unit, units, kind, class, channel, confidential, record, received_at)
SELECT to_char(filed, 'YYYYMMDD') || lpad(upper(to_hex(n)), 9, '0'), state, urgent,
       CASE WHEN state <> 'replied' THEN $3::timestamptz + (CASE WHEN d < 0.02 THEN -d * 50 ELSE d * 15 END) * interval '1 day' END,
       'unit ' || lead, ARRAY['unit ' || lead] || CASE WHEN h < 0.1 THEN ARRAY['unit ' || helper] ELSE '{}' END, kind, class,
       channel, c < 0.01, $4, filed
FROM (
    SELECT n, d, h, c, $3::timestamptz - f * interval '365 days' AS filed, u < 0.005 AS urgent,
           ($5 * l * l)::int AS lead, ($5 * k)::int AS helper,
           (ARRAY['help', 'complaint', 'consultation', 'suggestion', 'report', 'other', 'praise'])[1 + trunc(7 * k * k)::int] AS kind,
           (ARRAY['A', 'B', 'C', 'D'])[1 + trunc(4 * t * t)::int] AS class,
           (ARRAY['phone', 'wechat', 'webchat', 'letter', 'board', 'mailbox', 'open311'])[1 + trunc(7 * w * w)::int] AS channel,
           CASE WHEN s < 0.01 THEN 'received' WHEN s < 0.05 THEN 'signed' ELSE 'replied' END AS state
    FROM (SELECT n, random() AS d, random() AS h, random() AS c, random() AS f, random() AS u, random() AS l, random() AS k,
                 random() AS t, random() AS w, random() AS s
          FROM generate_series($1::int, $2::int) AS n) AS drawn
) AS made
"""


class OneRecord(Vault):
    """Opens the same record for every case: each is opened, but a million need not be sealed first."""

    def open_json(self, sealed: bytes, *, purpose: str) -> Any:
        return super().open_json(sealed, purpose=NAMED if purpose.startswith("desk.cases:") else purpose)


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """How long the inbox took, by what was asked."""

    rows: int
    times: Mapping[str, list[float]]  #: seconds
    waited: float  #: share of the time in which somebody on the machine waited for a CPU

    @property
    def met(self) -> bool:
        """Tell whether every asking kept the bar."""
        return all(p99(one) <= BAR for one in self.times.values())

    def table(self) -> str:
        """Return the run as a table of docs/performance.md."""
        verdict = f"bar p99 ≤ {1000 * BAR:.0f} ms {'met' if self.met else 'NOT met'}"
        head = f"{self.rows:,} cases, each asking {TIMES} times, pressure {self.waited:.0%}; {verdict}."
        lines = [head, "", "| asked for | p50 ms | p99 ms |", "| --- | --- | --- |"]
        for name, times in self.times.items():
            lines.append(f"| {name} | {1000 * statistics.median(times):.0f} | {1000 * p99(times):.0f} |")
        return "\n".join(lines) + "\n"


def p99(times: list[float]) -> float:
    """Return the time that ninety-nine of a hundred keep."""
    return sorted(times)[min(len(times) - 1, int(0.99 * len(times)))]


def measure(rows: int, folder: Path, say: Say) -> Measured:
    """Fill a database of a desk with ``rows`` cases and ask for its pages."""
    server = Postgres(folder / "pg")
    database = start(server)
    try:
        asyncio.run(ensure_database(server.url(), "desk"))
        url = server.url("desk")
        migrate(url, MIGRATIONS)
        vault = OneRecord.from_settings(
            Settings.from_env({PREFIX + name: value for name, value in KEYS.items()})
        )
        asyncio.run(_fill(url, vault, rows, say))
        return asyncio.run(_measure(url, vault, rows, say))
    finally:
        database.process.send_signal(signal.SIGQUIT)
        database.process.wait()


async def _fill(url: str, vault: Vault, rows: int, say: Say) -> None:
    say(f"making {rows:,} cases")
    case = receive(filed(a_ticket()), at=NOW)
    record = seal_record(vault, to_record(case), purpose=NAMED)
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("ALTER TABLE cases DISABLE TRIGGER cases_tell")
        await connection.execute("SELECT setseed(0.42)")
        for first in range(1, rows + 1, 50_000):
            await connection.execute(FILL, first, min(first + 49_999, rows), NOW, record, UNITS)
        await connection.execute("VACUUM ANALYZE cases, case_units")
    finally:
        await connection.close()


def askings() -> dict[str, Asked]:
    """Return what is measured: each view, filters that hold much, little and nothing, and a unit of each size."""
    everything = asked_at(NOW, scope=None)
    deep = Key(at=int((NOW + timedelta(days=9)).timestamp() * 1_000_000), number="2")
    return {
        "everything": everything,
        "unsigned": replace(everything, view="unsigned"),
        "due today": replace(everything, view="today"),
        "late": replace(everything, view="late"),
        "the newest first": replace(everything, order="new"),
        "a page far behind": replace(everything, key=deep),
        "complaints of the mailbox in class C": replace(
            everything, columns={"kind": "complaint", "channel": "mailbox", "class": "C"}
        ),
        "answered, confidential": replace(everything, columns={"state": "replied"}, marks={"confidential"}),
        "praise by Open311, nothing": replace(
            everything, view="late", columns={"kind": "praise", "channel": "open311"}
        ),
        "end of a number": replace(everything, number="0F42"),
        "day of a number": replace(everything, number="20261119"),
        "the unit with most": replace(everything, scope="unit 1"),
        "the unit with most, signed": replace(everything, scope="unit 1", columns={"state": "signed"}),
        "a unit with few": replace(everything, scope="unit 150"),
        "the unit with most, mailbox, class C": replace(
            everything, scope="unit 1", columns={"channel": "mailbox", "class": "C"}
        ),
        "no such unit": replace(everything, scope="unit none"),
    }


async def _measure(url: str, vault: Vault, rows: int, say: Say) -> Measured:
    say("asking")
    pressed, began = pressure(), time.monotonic()
    times = dict[str, list[float]]()
    async with open_pool(url, clears=False) as pool:
        inbox = Inbox(pool, vault, clock=lambda: NOW)
        for name, asked in askings().items():
            times[name] = [await _once(inbox, asked) for _ in range(TIMES + 1)][1:]
    return Measured(rows=rows, times=times, waited=(pressure() - pressed) / (time.monotonic() - began))


async def _once(inbox: Inbox, asked: Asked) -> float:
    began = time.perf_counter()
    await inbox.listing(asked)
    return time.perf_counter() - began


def main() -> int:
    """Measure, print, write the document."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.inbox", description=__doc__)
    parser.add_argument("rows", type=int, nargs="?", default=1_000_000)
    parser.add_argument("--no-document", action="store_true", help="only print")
    given = parser.parse_args()
    with server_folder() as folder:
        found = measure(given.rows, folder, lambda what: print(f"bench: {what}", flush=True))
    print(found.table())
    if not given.no_document:
        write_inbox(found.table())
    return 0


if __name__ == "__main__":
    sys.exit(main())
