"""Which bodies a demand is about: those whose own conduct it complains of.

To name a unit is no accusation: most who write name the one that they want to act. What its people did, or left undone
although asked, is one; so is to report it by name where the demand is a report.
"""

import re
from functools import cache

from hotline.bodies import Unit
from hotline.citypack import CityPack

_REPORT = "report"


def accused_in(pack: CityPack, text: str, kind: str) -> tuple[str, ...]:
    """Return the names of the units of ``pack`` whose conduct ``text`` is about."""
    conduct, reported = _patterns(
        tuple(sorted(_names(pack.units), key=len, reverse=True)),
        pack.words["accuses_whom"],
        pack.words["accuses_of"],
        pack.words["accuses_by"],
    )
    found = [match["unit"] for match in conduct.finditer(text)]
    if kind == _REPORT:
        found += [match["unit"] for match in reported.finditer(text)]
    names = _names(pack.units)
    return tuple(dict.fromkeys(names[name] for name in found))


@cache
def _names(units: tuple[Unit, ...]) -> dict[str, str]:
    return {name: unit.name for unit in units for name in (unit.name, *unit.aliases)}


@cache
def _patterns(
    names: tuple[str, ...], people: str, deeds: str, verbs: str
) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Return what finds a unit with a deed of its people behind it, and one with a word of reporting before it."""
    unit = f"(?P<unit>{_any(names)})"
    not_others, whom = people.split()[0], people.split()[1:]
    conduct = rf"{unit}(?:{_any(whom)}){{0,3}}[^\W{not_others}]{{0,6}}(?:{_any(deeds.split())})"
    return re.compile(conduct), re.compile(f"(?:{_any(verbs.split())}){unit}")


def _any(words: "tuple[str, ...] | list[str]") -> str:
    return "|".join(map(re.escape, words))
