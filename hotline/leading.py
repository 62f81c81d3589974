"""Which cases that go up by themselves are shown to which leader.

Rules of the desk say to whom abnormal cases go (``Provision.to``); ``leaders`` of a city's units.yaml say as whom an account
of a leader is told and whose cases it reaches. A city without such rows shows leaders nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from hotline.bodies import LeaderRule, Unit
from hotline.citypack import CityPack
from hotline.supervising import Matter


@dataclass(frozen=True, kw_only=True, slots=True)
class Reach:
    """As whom a leader is told, and of the cases of which units; ``leads`` is ``None`` for all."""

    rule: LeaderRule
    leads: frozenset[str] | None

    def takes_in(self, lead: str, told: Iterable[str]) -> bool:
        """Tell whether a case for which ``lead`` answers is shown once it went up to ``told``."""
        return self.rule.told_as in told and (self.leads is None or lead in self.leads)


def reach_of(pack: CityPack, body: str) -> tuple[Reach, ...]:
    """Return how far a leader of ``body`` sees; without one it is a leader of the city itself."""
    found = (Reach(rule=rule, leads=_leads(rule, pack, body)) for rule in pack.leaders)
    return tuple(one for one in found if one.leads is None or one.leads)


def going_up(pack: CityPack, matters: Iterable[Matter]) -> tuple[Matter, ...]:
    """Return those of ``matters`` that the case shows now and that leaders are told of."""
    told = {rule.told_as for rule in pack.leaders}
    return tuple(one for one in matters if one.live and told.intersection(one.to))


def _leads(rule: LeaderRule, pack: CityPack, body: str) -> frozenset[str] | None:
    if not body:
        return None if "city" in rule.reaches else frozenset()
    here = next((unit for unit in pack.units if unit.name == body), None)
    if here is None or (rule.levels and here.level not in rule.levels):
        return frozenset()
    own = {here.name} if "own" in rule.reaches else set()
    under = _under(pack, here) if {"own", "under"} & set(rule.reaches) else set()
    return frozenset(own | under)


def _under(pack: CityPack, above: Unit) -> set[str]:
    """Return the names of the units under one, however many steps down."""
    found: dict[str, str] = {}
    levels = {above.id}
    while levels:
        below = {
            unit.id: unit.name for unit in pack.units if unit.superior in levels and unit.id not in found
        }
        found |= below
        levels = set(below)
    return set(found.values()) - {above.name}
