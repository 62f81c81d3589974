"""Whom each unit has on file: what the city's text asks for, what is entered, what is missing.

Sources: the ``on_file`` rules of a city's ``units.yaml``; the people are the city's to enter, none is in the files.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from hotline.bodies import Unit
from hotline.citation import Citation
from hotline.citypack import CityPack
from hotline.message import clean

#: The parts that a unit's people may have; a rule asks for some of them.
ROLES = (
    "chief", "deputy_head", "head_of_office", "handler", "dedicated_person", "part_time_contact", "liaison", "duty_leader",
    "duty_officer", "office",
)  # fmt: skip
MAX_NAME, MAX_LINES = 40, 2000
MAX_TURN = 31  #: days that are entered at once
_PHONE = re.compile(r"\+?[0-9](?:[0-9 \-]{3,20})[0-9](?:[\u8f6c\-x][0-9]{1,6})?")


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """Somebody a unit has on file; ``id`` is 0 until stored."""

    unit: str
    role: str
    name: str
    phone: str
    id: int = 0
    published: bool = False  #: the unit lets name and phone be read by anybody


@dataclass(frozen=True, kw_only=True, slots=True)
class Turn:
    """Somebody's day on duty."""

    day: date
    person: Person


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """A role that a unit must have on file, with the article that asks for it."""

    role: str
    law: Citation


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """One unit of the directory: whom it must have on file and whom it has."""

    unit: Unit
    wanted: tuple[Wanted, ...]
    filled: frozenset[str]  #: the roles for which somebody is on file

    @property
    def missing(self) -> tuple[str, ...]:
        """The roles that the text asks for and nobody is entered for."""
        return tuple(one.role for one in self.wanted if one.role not in self.filled)


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a line; ``why`` is a code: columns, unit, role, name, phone, twice, many."""

    line: int
    why: str
    value: str = ""


def wanted_of(pack: CityPack, unit: Unit) -> tuple[Wanted, ...]:
    """Return whom the city's text makes ``unit`` have on file, each role once, under the first article that asks."""
    found: dict[str, Wanted] = {}
    for rule in pack.on_file:
        if rule.is_for(unit):
            for role in rule.roles:
                found.setdefault(role, Wanted(role=role, law=rule.citation))
    return tuple(found.values())


def standings(pack: CityPack, filled: Mapping[str, frozenset[str]]) -> tuple[Standing, ...]:
    """Return every unit of the city with how its file stands; ``filled`` has the roles entered, by unit."""
    return tuple(
        Standing(unit=unit, wanted=wanted_of(pack, unit), filled=filled.get(unit.name, frozenset()))
        for unit in pack.units
    )


def fault_of(person: Person) -> str:
    """Return what is wrong with somebody's entry as a code, empty if nothing is."""
    if person.role not in ROLES:
        return "role"
    if not 1 <= len(person.name) <= MAX_NAME:
        return "name"
    return "" if _PHONE.fullmatch(person.phone) else "phone"


def days_of(first: str, last: str) -> Sequence[date]:
    """Return the days from ``first`` to ``last``, written as ``YYYY-MM-DD``; none where that is no span of a month."""
    try:
        begin, end = date.fromisoformat(first), date.fromisoformat(last or first)
    except ValueError:
        return ()
    length = (end - begin).days + 1
    return [begin + timedelta(days=day) for day in range(length)] if 0 < length <= MAX_TURN else ()


def read_lines(
    pack: CityPack, text: str, roles: Mapping[str, str]
) -> tuple[Sequence[Person], Sequence[Fault]]:
    """Return the people in lines of unit, role, name and phone, as a sheet gives them, and every fault.

    ``roles`` has a role for each word that may stand for it. Columns are parted by tabs or commas; the first line may
    be a heading, which has neither unit nor role.
    """
    units = {name: unit.name for unit in pack.units for name in (unit.name, *unit.aliases)}
    found: dict[Person, int] = {}
    faults: list[Fault] = []
    lines = [*_lines(text)]
    if lines and _is_heading(lines[0][1], units, roles):
        del lines[0]
    for number, cells in lines:
        if len(faults) > MAX_LINES or number > MAX_LINES:
            return (), [Fault(number, "many")]
        if len(cells) != 4:
            faults.append(Fault(number, "columns"))
            continue
        unit, role, name, phone = cells
        person = Person(unit=units.get(unit, ""), role=roles.get(role, role), name=name, phone=phone)
        why = fault_of(person) if person.unit else "unit"
        if not why and found.setdefault(person, number) != number:
            why = "twice"
        if why:
            values = {"unit": unit, "role": role}
            faults.append(Fault(number, why, values.get(why, "")))
    return ((), faults) if faults else (tuple(found), ())


def _lines(text: str) -> Iterator[tuple[int, list[str]]]:
    for number, line in enumerate(clean(text).splitlines(), start=1):
        cells = [cell.strip() for cell in re.split(r"[\t,\uff0c]", line)]
        if any(cells):
            yield number, cells


def _is_heading(cells: Sequence[str], units: Mapping[str, str], roles: Mapping[str, str]) -> bool:
    """Tell whether a line names its columns: no digit stands in any of them."""
    return (
        len(cells) == 4
        and cells[0] not in units
        and cells[1] not in roles
        and not re.search(r"[0-9]", "".join(cells))
    )


def by_role(people: Iterable[Person]) -> dict[str, list[Person]]:
    """Return people by their role, in the order of ``ROLES``."""
    held: dict[str, list[Person]] = {role: [] for role in ROLES}
    for person in people:
        held[person.role].append(person)
    return {role: some for role, some in held.items() if some}
