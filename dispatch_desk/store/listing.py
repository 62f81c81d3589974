"""The lists of cases: what is asked for becomes conditions over plain columns, pages go on behind a key.

Each condition stands alone, so that the planner sees what it is worth; ``None`` and empty ask for nothing.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from dispatch_desk.cases import Case
from dispatch_desk.store.cases import opened
from groundwork.database import Connection
from groundwork.vault import Vault

VIEWS: Mapping[str, str] = {
    "all": "true",
    "unsigned": "state = 'received'",
    "today": "due_at >= {now} AND due_at < {tomorrow}",
    "late": "due_at < {now}",
}
#: The columns a list is sorted by, with the direction; the indexes ``cases_in_order`` and ``cases_newest`` have them too.
ORDERS: Mapping[str, tuple[str, str]] = {"due": ("place", "ASC"), "new": ("received_at", "DESC")}
COLUMNS = ("kind", "class", "channel", "state")
MARKS = ("confidential", "urgent")
MOST = 10_000  #: cases are counted so far and no further
#: Every asking is planned for its own values: what is rare in one city's list is most of another's.
_PLANS = "SET LOCAL plan_cache_mode = force_custom_plan"


@dataclass(frozen=True, kw_only=True, slots=True)
class Key:
    """The place of a row in a list; ``backwards`` asks for what comes before it."""

    at: int | datetime
    number: str
    backwards: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What a list is to hold and in which order; ``scope`` is the unit whose cases alone may be in it."""

    now: datetime
    tomorrow: datetime  #: the city's next midnight
    scope: str | None
    view: str = "all"
    order: str = "due"
    unit: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)  #: what must stand in some of ``COLUMNS``
    marks: Collection[str] = ()  #: which of ``MARKS`` it must bear
    number: str = ""  #: how a number begins or ends
    key: Key | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One case of a list with its place in it."""

    case: Case
    at: int | datetime


async def plan_anew(connection: Connection) -> None:
    """Let what follows in this transaction be planned for the values it is asked with."""
    await connection.execute(_PLANS)


async def page(connection: Connection, vault: Vault, asked: Asked, *, limit: int) -> Sequence[Row]:
    """Return the next ``limit`` cases behind the key, or those before it; always in the order of the list."""
    statement, values, turned = _page(asked, limit)
    rows = await connection.fetch(statement, *values)
    found = [Row(case=opened(vault, row["number"], row["record"], known=False), at=row["at"]) for row in rows]
    return found[::-1] if turned else found


async def counts(connection: Connection, asked: Asked) -> dict[str, int]:
    """Return how many cases each of ``VIEWS`` holds under the other conditions, ``MOST`` for that many or more."""
    values = list[Any]()
    parts = [f'({_count(replace(asked, view=view, key=None), values)}) AS "{view}"' for view in VIEWS]
    row = await connection.fetchrow(f"SELECT {', '.join(parts)}", *values)
    return dict(row) if row else dict.fromkeys(VIEWS, 0)


async def concerning(connection: Connection, numbers: Sequence[str]) -> Sequence[Any]:
    """Return number, units and whether it is unsigned danger of each of these cases."""
    return await connection.fetch(
        "SELECT number, units, urgent AND state = 'received' AS alarm FROM cases WHERE number = ANY($1)",
        numbers,
    )


def _count(asked: Asked, values: list[Any]) -> str:
    where = _where(asked, values)
    return f"SELECT count(*) FROM (SELECT FROM {_table(asked)} WHERE {where} LIMIT {MOST}) AS one"  # noqa: S608 - constants of ours


def _page(asked: Asked, limit: int) -> tuple[str, list[Any], bool]:
    column, direction = ORDERS[asked.order]
    turned = asked.key is not None and asked.key.backwards
    if turned:
        direction = "DESC" if direction == "ASC" else "ASC"
    values = list[Any]()
    where = _where(asked, values)
    if asked.key:
        sign = ">" if direction == "ASC" else "<"
        where += f" AND ({column}, number) {sign} ({_value(values, asked.key.at)}, {_value(values, asked.key.number)})"
    order = f"ORDER BY {column} {direction}, number {direction}"
    # Which cases they are is read off an index; records are fetched for those of the page alone.
    statement = (
        f"SELECT number, record, at FROM (SELECT number, {column} AS at FROM {_table(asked)} WHERE {where}"  # noqa: S608 - ours
        f" {order} LIMIT {_value(values, limit)}) AS found JOIN cases USING (number)"
        f" ORDER BY at {direction}, number {direction}"
    )
    return statement, values, turned


def _table(asked: Asked) -> str:
    return "cases" if _unit(asked) is None else "case_units"


def _unit(asked: Asked) -> str | None:
    """Return the unit whose cases are asked for; whoever sees one unit's only asks for no other."""
    return asked.scope if asked.scope is not None else asked.unit or None


def _where(asked: Asked, values: list[Any]) -> str:
    return " AND ".join([_view(asked, values), *_conditions(asked, values)])


def _view(asked: Asked, values: list[Any]) -> str:
    text = VIEWS[asked.view]
    for name in ("now", "tomorrow"):
        if f"{{{name}}}" in text:
            text = text.replace(f"{{{name}}}", _value(values, getattr(asked, name)))
    return text


def _conditions(asked: Asked, values: list[Any]) -> Iterator[str]:
    if (unit := _unit(asked)) is not None:
        yield f"unit = {_value(values, unit)}"
    for column in COLUMNS:
        if wanted := asked.columns.get(column):
            yield f"{column} = {_value(values, wanted)}"
    yield from (mark for mark in MARKS if mark in asked.marks)
    if asked.number:
        begun, ended = _value(values, f"{asked.number}%"), _value(values, f"{asked.number[::-1]}%")
        yield f"(number LIKE {begun} OR reverse(number) LIKE {ended})"


def _value(values: list[Any], value: Any) -> str:
    values.append(value)
    return f"${len(values)}"
