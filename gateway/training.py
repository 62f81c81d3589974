"""From a file of past tickets to a version in use: read, clean the units, learn, compare by time, adopt or not."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from operator import attrgetter
from pathlib import Path
from typing import Any

from bots.unit_learning import Learnt, Past
from gateway.routing import RoutingFileError, RoutingVersions
from hotline.calendar import CITY_TIME
from hotline.citypack import CityPack
from hotline.dispatching import cleaned_unit
from hotline.message import clean
from hotline.routing import Routing

WORSE = 0.005  #: of the tickets; less is chance
WORSE_ELSEWHERE = 0.01  #: the same where the two were not judged on the same tickets
LEAST_COMPARED, MOST_COMPARED = 100, 2_000  #: tickets newer than all that the version in use has learnt from
LARGEST_CELL = 1_000_000
_ENCODINGS = ("utf-8-sig", "gb18030")
_DAY = 3  #: numbers that a day has at least


class HistoryError(ValueError):
    """The file cannot be used as it is; the message says what to change."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Columns:
    """The names of the columns in a file of past tickets; without a time the order of the rows counts."""

    text: str
    unit: str
    time: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class History:
    """Past tickets, oldest first, with the units under the names that the directory has for them."""

    past: tuple[Past, ...]
    skipped: int  #: rows without a text or a unit
    renamed: int  #: tickets whose unit went by another name
    unknown: int  #: names that the directory does not have; kept as they are


def read_history(path: Path, columns: Columns, pack: CityPack) -> History:
    """Return the past tickets of a CSV file (UTF-8 or GB 18030); raises ``HistoryError``."""
    past: list[Past] = []
    typed: Counter[str] = Counter()
    rows = 0
    last: datetime | None = None
    for row in _rows(path, columns):
        rows += 1
        text, unit = clean(row[columns.text] or "").strip(), clean(row[columns.unit] or "").strip()
        if not text or not unit:
            continue
        last = moment_of(row[columns.time] or "") or last if columns.time else None
        typed[unit] += 1
        past.append(Past(text=text, unit=unit, at=last))
    names = {unit: cleaned_unit(pack, unit) for unit in typed}
    known = {unit.name for unit in pack.units}
    return History(
        past=in_order(Past(text=one.text, unit=names[one.unit], at=one.at) for one in past),
        skipped=rows - len(past),
        renamed=sum(count for unit, count in typed.items() if names[unit] != unit),
        unknown=len(set(names.values()) - known),
    )


def in_order(past: Iterable[Past]) -> tuple[Past, ...]:
    """Return ``past`` oldest first; what has no time keeps its place before what has one."""
    past = tuple(past)
    timed = sorted((one for one in past if one.at is not None), key=attrgetter("at"))
    return (*(one for one in past if one.at is None), *timed)


def _rows(path: Path, columns: Columns) -> Iterator[dict[str, str | None]]:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise HistoryError(f"{path} cannot be read: {error.strerror}") from error
    text = _decoded(content)
    before = csv.field_size_limit(LARGEST_CELL)
    try:
        reader = csv.DictReader(io.StringIO(text, newline=""))
        have = reader.fieldnames or ()
        if missing := [
            name for name in (columns.text, columns.unit, columns.time) if name and name not in have
        ]:
            raise HistoryError(f"{path.name} has no column {missing[0]!r}; it has {', '.join(have)}")
        yield from reader
    except csv.Error as error:
        raise HistoryError(f"{path.name}, line {reader.line_num}: {error}") from error
    finally:
        csv.field_size_limit(before)


def _decoded(content: bytes) -> str:
    for encoding in _ENCODINGS:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise HistoryError("the file is neither UTF-8 nor GB 18030")


def moment_of(written: str) -> datetime | None:
    """Return a time by ISO 8601, or whose numbers come in that order between whatever signs; city time by default."""
    try:
        found = datetime.fromisoformat(written.strip())
    except ValueError:
        numbers = [int(number) for number in re.findall(r"\d{1,4}", written)][:6]
        if len(numbers) < _DAY:
            return None
        try:
            found = datetime(*numbers)  # type: ignore[arg-type]  # noqa: DTZ001 — the offset comes below
        except ValueError:
            return None
    return found if found.tzinfo else found.replace(tzinfo=CITY_TIME)


@dataclass(frozen=True, kw_only=True, slots=True)
class Compared:
    """How the version in use and the new one do; shares of first proposals that are right."""

    tickets: int  #: newer than all that the one in use has learnt from; 0: each on its own newest tickets
    before: float
    after: float

    @property
    def is_worse(self) -> bool:
        """Tell whether the new one does worse, by more than chance."""
        return self.after < self.before - (WORSE if self.tickets else WORSE_ELSEWHERE)


def compare(learnt: Learnt, versions: RoutingVersions) -> Compared | None:
    """Return how ``learnt`` does beside the version in use; ``None`` where none is in use or can be read."""
    name = "".join(versions.used()[-1:])
    notes = versions.notes(name) if name else {}
    if not notes:
        return None
    until = moment_of(str(notes.get("until") or ""))
    newer = [one for one in learnt.held if until is not None and one.at is not None and one.at > until]
    newer = newer[-MOST_COMPARED:]
    if len(newer) < LEAST_COMPARED:
        return Compared(tickets=0, before=notes["measured"]["top_1"], after=learnt.measured.top_1)
    try:
        old = versions.load(name)
    except RoutingFileError:
        return None
    return Compared(tickets=len(newer), before=_right(old, newer), after=_right(learnt.earlier, newer))


def _right(routing: Routing, past: Sequence[Past]) -> float:
    hits = sum(routing.judge(one.text, most=1).proposals[0].unit == one.unit for one in past)
    return hits / len(past)


def notes_of(learnt: Learnt, past: Sequence[Past]) -> dict[str, Any]:
    """Return what is noted of a version: from when until when it learnt, from how many, and how well it did."""
    times = [one.at for one in past if one.at is not None]
    return {
        "tickets": learnt.tickets,
        "units": len(learnt.routing.units),
        "since": times[0].isoformat() if times else None,
        "until": times[-1].isoformat() if times else None,
        "measured": {name: round(value, 4) for name, value in asdict(learnt.measured).items()},
        "sure_from": round(learnt.routing.trust.sure_from, 4),
    }
