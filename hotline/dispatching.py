"""Who gets a ticket at filing: lead unit, co-handlers and copies, each with the reason.

The city's rules come first; then what its past dispatches teach, where they are sure; then the duties and places that
``units.yaml`` names; then the unit that takes what nobody has. A body is never given what is about its own conduct.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

from hotline.accusing import accused_in
from hotline.bodies import DispatchRule, Unit
from hotline.citation import Citation
from hotline.citypack import CityPack
from hotline.routing import Judged, Proposal, Routing

MOST_CO_HANDLERS = 3  #: a proposal to the dispatcher; more are nobody's
MOST_TOLD, LEAST_TOLD = (
    3,
    0.1,
)  #: units that past dispatches name where they are not sure, and their probability
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
    confidence: float | None = None  #: from 0 to 1; ``None`` where nothing was measured
    co_handlers: tuple[UnitShare, ...] = ()
    copies: tuple[UnitShare, ...] = ()


@dataclass(frozen=True, slots=True)
class _Fit:
    """A unit with the words of the demand that name its duties or its area."""

    unit: Unit
    duties: tuple[str, ...]
    places: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Lead:
    """The unit that leads, and why."""

    fit: _Fit
    why: str
    confidence: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class _Demand:
    """A demand with everything that the choice of a unit looks at."""

    pack: CityPack
    said: str
    rules: Mapping[str, DispatchRule]  #: that apply to it, by their situation
    fits: Sequence[_Fit]  #: units whose duties or places are named, best first
    utility: bool
    accused: Collection[str]  #: names of the units that it is about
    judged: Judged | None  #: what past dispatches say


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


def choose_unit(
    pack: CityPack, *, text: str, place: str, kind: str = "", past: Routing | None = None
) -> UnitChoice:
    """Return the unit that leads by rule, by past dispatches, by duty or by default; and who helps or is told."""
    demand = _demand(pack, text=text, place=place, kind=kind, past=past, most=MOST_TOLD)
    if (elsewhere := _elsewhere(pack, demand.rules, place)) is not None:
        return elsewhere
    lead = _lead(demand)
    if lead is not None and lead.fit.unit.name in demand.accused:
        lead = _above_accused(demand, lead.fit.unit)
    if lead is None:
        default = _undetermined(demand)
        return replace(default, why=default.why + _also_known(demand, sure=False))
    fits = [fit for fit in demand.fits if fit.unit.name not in demand.accused]
    shared = replace(demand, fits=fits)
    return UnitChoice(
        unit=lead.fit.unit,
        why=lead.why + _also_known(demand, sure=lead.confidence is not None),
        confidence=lead.confidence,
        co_handlers=_without(demand.accused, _co_handlers(shared, lead.fit)),
        copies=_without(demand.accused, _copies(shared, lead.fit)),
    )


def propose_units(
    pack: CityPack, *, text: str, most: int, kind: str = "", past: Routing | None = None
) -> tuple[tuple[Proposal, ...], bool]:
    """Return the likeliest units, likeliest first, and whether the first one may be followed unseen.

    What a rule names is sure; what past dispatches say is as sure as they are; duties alone are never.
    """
    demand = _demand(pack, text=text, place="", kind=kind, past=past, most=most + len(pack.units))
    company = _company(demand)
    ruled = () if company is None else (Proposal(unit=company.unit.name, score=1.0),)
    judged = demand.judged
    others = _by_duties(demand) if judged is None else judged.proposals
    known = {one.unit for one in ruled} | set(demand.accused)
    left = tuple(one for one in others if _name_of(pack, one.unit) not in known)
    sure = bool(ruled) or (judged is not None and judged.sure and left[:1] == judged.proposals[:1])
    return (*ruled, *left)[:most], sure


def cleaned_unit(pack: CityPack, typed: str) -> str:
    """Return the name that the city's directory has for a unit, however it was typed; unknown names stay as they are."""
    typed = "".join(typed.split()).translate(_BRACKETS)
    known = _names(pack.units)
    shorter = typed.removeprefix(pack.name)
    for form in (typed, shorter, f"{_CITY}{shorter}", typed.removeprefix(_CITY)):
        if form in known:
            return known[form]
    return typed


_CITY = "\u5e02"  #: "city", with which the directory's names of departments begin
_BRACKETS = {0x28: "\uff08", 0x29: "\uff09"}


@cache
def _names(units: tuple[Unit, ...]) -> Mapping[str, str]:
    names = {alias: unit.name for unit in units for alias in unit.aliases}
    return names | {unit.name: unit.name for unit in units}


def _name_of(pack: CityPack, unit: str) -> str:
    return _names(pack.units).get(unit, unit)


def _demand(pack: CityPack, *, text: str, place: str, kind: str, past: Routing | None, most: int) -> _Demand:
    said = f"{text} {place}"
    matters = matters_of(pack, text)
    rules = {
        rule.when: rule
        for rule in pack.dispatch
        if (not rule.kinds or kind in rule.kinds) and (not rule.matters or set(rule.matters) & set(matters))
    }
    neighbours = {rule.lead for rule in pack.dispatch if rule.when == "other_region"}
    own = (unit for unit in pack.units if unit.id not in neighbours)
    fits = [fit for unit in own if (fit := _fit(unit, said)).duties or fit.places]
    return _Demand(
        pack=pack,
        said=said,
        rules=rules,
        fits=sorted(fits, key=lambda fit: -len(fit.duties) - len(fit.places)),
        utility="utility" in matters,
        accused=accused_in(pack, said, kind),
        judged=None if past is None else past.judge(text if place in text else said, most=most),
    )


def _fit(unit: Unit, said: str) -> _Fit:
    duties = tuple(word for word in unit.keywords if word in said)
    return _Fit(unit, duties, tuple(word for word in unit.places if word in said))


def _is_only_mentioned(unless: Iterable[str], text: str, found: re.Match[str]) -> bool:
    in_view = f"{text[: found.start()]}<{found[0]}>{text[found.end() :]}"
    return any(re.search(pattern, in_view) for pattern in unless)


def _lead(demand: _Demand) -> _Lead | None:
    """Return the company where the matter goes straight to one, else what past dispatches are sure of, else the best fit."""
    company = _company(demand)
    if company is not None:
        return _by_words(demand, company)
    past = _by_past(demand)
    if past is not None:
        return past
    return _by_words(demand, demand.fits[0]) if demand.fits else None


def _company(demand: _Demand) -> _Fit | None:
    if not (demand.utility and "utility" in demand.rules):
        return None
    return next((fit for fit in demand.fits if fit.unit.level == "company" and fit.duties), None)


def _by_words(demand: _Demand, fit: _Fit) -> _Lead:
    words = demand.pack.words["list_comma"].join(fit.duties + fit.places)
    return _Lead(fit, demand.pack.say("unit_by_duty", words=words))


def _by_past(demand: _Demand) -> _Lead | None:
    judged, pack = demand.judged, demand.pack
    if judged is None or not judged.sure:
        return None
    name = _name_of(pack, judged.proposals[0].unit)
    unit = next((unit for unit in pack.units if unit.name == name), None)
    if unit is None:
        return None  # nobody to send it to; the reason says what it would have been
    fit = next((fit for fit in demand.fits if fit.unit.id == unit.id), _Fit(unit, (), ()))
    why = pack.say("unit_by_past", percent=f"{judged.confidence:.0%}")
    return _Lead(fit, why, round(judged.confidence, 3))


def _above_accused(demand: _Demand, unit: Unit) -> _Lead | None:
    """Return the superior of a unit that the demand is about; ``None`` where the directory has none."""
    above = next((one for one in demand.pack.units if one.id == unit.superior), None)
    if above is None or above.name in demand.accused:
        return None
    return _Lead(_Fit(above, (), ()), demand.pack.say("unit_above_accused", unit=unit.name))


def _also_known(demand: _Demand, *, sure: bool) -> str:
    """Return what else the dispatcher should know: who was passed over, and what past dispatches would say."""
    pack, judged = demand.pack, demand.judged
    comma = pack.words["list_comma"]
    told = pack.say("unit_accused", units=comma.join(demand.accused)) if demand.accused else ""
    if sure or judged is None:
        return told
    likely = [one for one in judged.proposals[:MOST_TOLD] if one.score >= LEAST_TOLD]
    if not likely:
        return told
    units = comma.join(pack.say("unit_likely", unit=one.unit, percent=f"{one.score:.0%}") for one in likely)
    return told + pack.say("unit_past_unsure", units=units)


def _by_duties(demand: _Demand) -> tuple[Proposal, ...]:
    """Return the units that duties and places name, each with its share of the words, then the default."""
    words = [len(fit.duties) + len(fit.places) for fit in demand.fits]
    named = [
        Proposal(unit=fit.unit.name, score=count / sum(words))
        for fit, count in zip(demand.fits, words, strict=True)
    ]
    default = [unit.name for unit in demand.pack.units if unit.default]
    known = {one.unit for one in named}
    return (*named, *(Proposal(unit=name, score=0.0) for name in default if name not in known))


def _without(accused: Collection[str], shares: Iterable[UnitShare]) -> tuple[UnitShare, ...]:
    return tuple(share for share in shares if share.unit not in accused)


def _elsewhere(pack: CityPack, rules: Mapping[str, DispatchRule], place: str) -> UnitChoice | None:
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


def _undetermined(demand: _Demand) -> UnitChoice:
    pack = demand.pack
    default = next(unit for unit in pack.units if unit.default)
    law = demand.rules["no_unit"].citation if "no_unit" in demand.rules else default.citation
    why = pack.say("unit_by_default", instrument=law.instrument, article=law.article)
    return UnitChoice(unit=default, why=why)


def _co_handlers(demand: _Demand, lead: _Fit) -> tuple[UnitShare, ...]:
    """Return the other units whose duties are named, and the district where the text makes it co-handle."""
    pack, rules = demand.pack, demand.rules
    found: list[UnitShare] = []
    if "several_units" in rules:
        others = [fit for fit in demand.fits if fit.duties and fit.unit.id != lead.unit.id]
        for fit in others[:MOST_CO_HANDLERS]:
            words = pack.words["list_comma"].join(fit.duties)
            share = _share(pack, rules["several_units"], fit.unit, "co_handler_by_duty", words=words)
            found.append(replace(share, confidence=_score_of(demand, fit.unit)))
    rule = rules.get("department_and_district")
    if rule is not None and "district_co_handles" in rule.does:
        known = {share.unit for share in found}
        districts = [unit for unit in _districts(demand, lead) if unit.name not in known]
        found += [_share(pack, rule, unit, "co_handler_by_district") for unit in districts]
    return tuple(found)


def _score_of(demand: _Demand, unit: Unit) -> float | None:
    """Return how likely past dispatches make it that ``unit`` leads; ``None`` where they do not name it."""
    proposals = demand.judged.proposals if demand.judged is not None else ()
    named = (one.score for one in proposals if _name_of(demand.pack, one.unit) == unit.name)
    return next((round(score, 3) for score in named), None)


def _copies(demand: _Demand, lead: _Fit) -> tuple[UnitShare, ...]:
    """Return who is told: the superior of a township that leads, the district that the matter lies in."""
    pack, rules = demand.pack, demand.rules
    found: list[UnitShare] = []
    township = rules.get("township_matter")
    if township is not None and lead.unit.level in _LOWER and "copy_superior" in township.does:
        superior = next((unit for unit in pack.units if unit.id == lead.unit.superior), None)
        if superior is not None:
            found.append(_share(pack, township, superior, "copy_to_superior", lead=lead.unit.name))
    rule = rules.get("department_and_district")
    if rule is not None and "copy_district" in rule.does:
        found += [_share(pack, rule, unit, "copy_to_district") for unit in _districts(demand, lead)]
    return tuple(found)


def _districts(demand: _Demand, lead: _Fit) -> list[Unit]:
    """Return the counties that a matter led by a department or company lies in."""
    if lead.unit.level not in _DEPARTMENTS:
        return []
    placed = [fit.unit for fit in demand.fits if fit.places and fit.unit.id != lead.unit.id]
    counties = [unit for unit in placed if unit.level == "county"]
    above = {unit.superior for unit in placed if unit.level in _LOWER}
    return counties + [unit for unit in demand.pack.units if unit.id in above and unit not in counties]


def _share(pack: CityPack, rule: DispatchRule, unit: Unit, name: str, **values: str) -> UnitShare:
    law = rule.citation
    why = pack.say(name, instrument=law.instrument, article=law.article, **values)
    return UnitShare(unit=unit.name, why=why, law=law)
