"""Who gets a ticket at filing: lead unit, co-handlers and copies, each with the reason."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from hotline.bodies import DispatchRule, Unit
from hotline.citation import Citation
from hotline.citypack import CityPack

MOST_CO_HANDLERS = 3  #: a proposal to the dispatcher; more are nobody's
_LOWER = ("township", "village")
_DEPARTMENTS = ("city", "vertical", "company", "institution", None)


@dataclass(frozen=True, kw_only=True, slots=True)
class UnitShare:
    """A unit's part in a ticket beside the lead, with the reason and the article."""

    unit: str  #: its name
    why: str
    law: Citation
    confidence: float | None = None  #: from 0 to 1; ``None`` where a rule chose and nothing was measured


@dataclass(frozen=True, kw_only=True, slots=True)
class UnitChoice:
    """The lead unit and why, in words a dispatcher can check; who helps, and who is told."""

    unit: Unit
    why: str
    co_handlers: tuple[UnitShare, ...] = ()
    copies: tuple[UnitShare, ...] = ()


@dataclass(frozen=True, slots=True)
class _Fit:
    """A unit with the words of the demand that name its duties or its area."""

    unit: Unit
    duties: tuple[str, ...]
    places: tuple[str, ...]


def matters_of(pack: CityPack, text: str) -> tuple[str, ...]:
    """Return the sorts of matter that ``text`` belongs to and that the city dispatches in their own way."""
    return tuple(
        matter.id
        for matter in pack.matters
        if any(
            (found := re.search(pattern, text)) and not _is_only_mentioned(matter.unless, text, found)
            for pattern in matter.patterns
        )
    )


def choose_unit(pack: CityPack, *, text: str, place: str, kind: str = "") -> UnitChoice:
    """Return the unit whose duties fit best, then whose area fits, else the default; and who helps or is told."""
    said = f"{text} {place}"
    matters = matters_of(pack, text)
    rules = {
        rule.when: rule
        for rule in pack.dispatch
        if (not rule.kinds or kind in rule.kinds) and (not rule.matters or set(rule.matters) & set(matters))
    }
    if (elsewhere := _elsewhere(pack, rules, place)) is not None:
        return elsewhere
    neighbours = {rule.lead for rule in pack.dispatch if rule.when == "other_region"}
    own = (unit for unit in pack.units if unit.id not in neighbours)
    fits = [fit for unit in own if (fit := _fit(unit, said)).duties or fit.places]
    fits.sort(key=lambda fit: -len(fit.duties) - len(fit.places))
    lead = _lead(fits, rules if "utility" in matters else {})
    if lead is None:
        return _undetermined(pack, rules)
    words = pack.words["list_comma"].join(lead.duties + lead.places)
    return UnitChoice(
        unit=lead.unit,
        why=pack.say("unit_by_duty", words=words),
        co_handlers=_co_handlers(pack, rules, lead, fits),
        copies=_copies(pack, rules, lead, fits),
    )


def _fit(unit: Unit, said: str) -> _Fit:
    duties = tuple(word for word in unit.keywords if word in said)
    return _Fit(unit, duties, tuple(word for word in unit.places if word in said))


def _is_only_mentioned(unless: Iterable[str], text: str, found: re.Match[str]) -> bool:
    in_view = f"{text[: found.start()]}<{found[0]}>{text[found.end() :]}"
    return any(re.search(pattern, in_view) for pattern in unless)


def _lead(fits: list[_Fit], rules: dict[str, DispatchRule]) -> _Fit | None:
    """Return the company where the matter goes straight to one, else the best fit."""
    if "utility" in rules:
        company = next((fit for fit in fits if fit.unit.level == "company" and fit.duties), None)
        if company is not None:
            return company
    return fits[0] if fits else None


def _elsewhere(pack: CityPack, rules: dict[str, DispatchRule], place: str) -> UnitChoice | None:
    """Return the neighbours' hotline where the place that was asked for is theirs; words of the matter prove nothing."""
    rule = rules.get("other_region")
    neighbour = next((unit for unit in pack.units if rule is not None and unit.id == rule.lead), None)
    if rule is None or neighbour is None or pack.name in place:
        return None
    named = tuple(word for word in neighbour.places if word in place)
    if not named:
        return None
    law = rule.citation
    words = pack.words["list_comma"].join(named)
    why = pack.say("unit_elsewhere", words=words, instrument=law.instrument, article=law.article)
    return UnitChoice(unit=neighbour, why=why)


def _undetermined(pack: CityPack, rules: dict[str, DispatchRule]) -> UnitChoice:
    default = next(unit for unit in pack.units if unit.default)
    law = rules["no_unit"].citation if "no_unit" in rules else default.citation
    why = pack.say("unit_by_default", instrument=law.instrument, article=law.article)
    return UnitChoice(unit=default, why=why)


def _co_handlers(
    pack: CityPack, rules: dict[str, DispatchRule], lead: _Fit, fits: list[_Fit]
) -> tuple[UnitShare, ...]:
    """Return the other units whose duties are named, and the district where the text makes it co-handle."""
    found: list[UnitShare] = []
    if "several_units" in rules:
        others = [fit for fit in fits if fit.duties and fit.unit.id != lead.unit.id]
        for fit in others[:MOST_CO_HANDLERS]:
            words = pack.words["list_comma"].join(fit.duties)
            found.append(_share(pack, rules["several_units"], fit.unit, "co_handler_by_duty", words=words))
    rule = rules.get("department_and_district")
    if rule is not None and "district_co_handles" in rule.does:
        known = {share.unit for share in found}
        districts = [unit for unit in _districts(pack, lead, fits) if unit.name not in known]
        found += [_share(pack, rule, unit, "co_handler_by_district") for unit in districts]
    return tuple(found)


def _copies(
    pack: CityPack, rules: dict[str, DispatchRule], lead: _Fit, fits: list[_Fit]
) -> tuple[UnitShare, ...]:
    """Return who is told: the superior of a township that leads, the district that the matter lies in."""
    found: list[UnitShare] = []
    township = rules.get("township_matter")
    if township is not None and lead.unit.level in _LOWER and "copy_superior" in township.does:
        superior = next((unit for unit in pack.units if unit.id == lead.unit.superior), None)
        if superior is not None:
            found.append(_share(pack, township, superior, "copy_to_superior", lead=lead.unit.name))
    rule = rules.get("department_and_district")
    if rule is not None and "copy_district" in rule.does:
        found += [_share(pack, rule, unit, "copy_to_district") for unit in _districts(pack, lead, fits)]
    return tuple(found)


def _districts(pack: CityPack, lead: _Fit, fits: list[_Fit]) -> list[Unit]:
    """Return the counties that a matter led by a department or company lies in."""
    if lead.unit.level not in _DEPARTMENTS:
        return []
    placed = [fit.unit for fit in fits if fit.places and fit.unit.id != lead.unit.id]
    counties = [unit for unit in placed if unit.level == "county"]
    above = {unit.superior for unit in placed if unit.level in _LOWER}
    return counties + [unit for unit in pack.units if unit.id in above and unit not in counties]


def _share(pack: CityPack, rule: DispatchRule, unit: Unit, name: str, **values: str) -> UnitShare:
    law = rule.citation
    why = pack.say(name, instrument=law.instrument, article=law.article, **values)
    return UnitShare(unit=unit.name, why=why, law=law)
