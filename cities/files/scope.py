"""scope.yaml: what the hotline takes up, what is led elsewhere and why, and who looks again."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Annotated

from cities.files.sections import SECTIONS, Rules, read_sections
from cities.forms import Reader, route, versions
from cities.pages import Table
from hotline.citation import Route
from hotline.citypack import ScopeRule
from hotline.law import Rule
from hotline.vocabulary import GROUNDS, Id, OneOf, Pattern, PatternInView


@dataclass(frozen=True, kw_only=True, slots=True)
class Wording:
    """The words by which a ground is told in every city whose text has it; law and reason are the city's."""

    id: Id
    sure: tuple[Pattern, ...] = ()
    doubt: tuple[Pattern, ...] = ()
    unless: tuple[PatternInView, ...] = ()
    ask: str = ""
    heard_as: tuple[Annotated[str, OneOf("heard_as", GROUNDS)], ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Scope:
    """The rules of the file, and the person or office that looks at a refusal again."""

    rules: Rules
    referral: Route | None
    informing: tuple[Pattern, ...]  #: what only asks for information


def read(top: Table, shared: Table, reader: Reader) -> Scope:
    """Return what is accepted, every ground of refusal with the wordings that it is like, and the referral."""
    pieces = _pieces(shared)
    informing = shared.patterns("informing", pieces, optional=True)
    wordings = _wordings(shared, reader.with_pieces(pieces))
    pieced = reader.with_pieces({**pieces, **_pieces(top)}).knowing({"wording": list(wordings)})

    def check(table: Table, ground: Rule) -> None:
        assert isinstance(ground, ScopeRule)
        filled = _filled(ground, wordings)
        if (filled.doubt or filled.heard_as) and not filled.ask:
            table.complain("写了 doubt（存疑）或者 heard_as 就要写 ask（怎么问清楚）。")

    rules = read_sections(pieced, top, SECTIONS["scope"], {ScopeRule: check})
    grounds = tuple(_filled(rule, wordings) for rule in rules["scope"] if isinstance(rule, ScopeRule))
    referral = route(top.table("referral")) if top.has("referral") else None
    top.close()
    return Scope(rules={**rules, "scope": grounds}, referral=referral, informing=informing)


def _pieces(table: Table) -> Mapping[str, str]:
    return table.table("sets").pieces() if table.has("sets") else {}


def _wordings(shared: Table, reader: Reader) -> dict[str, Wording]:
    tables: Iterable[Table] = shared.tables("wordings")
    found = versions(tables, lambda table: reader.read(Wording, table))
    shared.close()
    return {wording.id: wording for wording in found}


def _filled(ground: ScopeRule, wordings: Mapping[str, Wording]) -> ScopeRule:
    """Return the ground with the patterns of its wordings before its own, and their question if it has none."""
    like = [wordings[name] for name in ground.like if name in wordings]
    return replace(
        ground,
        sure=(*(pattern for wording in like for pattern in wording.sure), *ground.sure),
        doubt=(*(pattern for wording in like for pattern in wording.doubt), *ground.doubt),
        unless=(*(pattern for wording in like for pattern in wording.unless), *ground.unless),
        heard_as=(*(name for wording in like for name in wording.heard_as), *ground.heard_as),
        ask=ground.ask or next((wording.ask for wording in like if wording.ask), ""),
    )
