"""scope.yaml: what the hotline takes up, what is led elsewhere and why, and who looks again."""

from dataclasses import dataclass

from cities.files.sections import SECTIONS, Rules, read_sections
from cities.forms import Reader, route
from cities.pages import Table
from hotline.citation import Route
from hotline.citypack import ScopeRule
from hotline.law import Rule


@dataclass(frozen=True, kw_only=True, slots=True)
class Scope:
    """The rules of the file, and the person or office that looks at a refusal again."""

    rules: Rules
    referral: Route | None


def read(top: Table, reader: Reader) -> Scope:
    """Return what is accepted, every ground of refusal, and the referral."""
    pieces = top.table("sets").pieces() if top.has("sets") else {}
    rules = read_sections(reader.with_pieces(pieces), top, SECTIONS["scope"], {ScopeRule: _check})
    referral = route(top.table("referral")) if top.has("referral") else None
    top.close()
    return Scope(rules=rules, referral=referral)


def _check(table: Table, ground: Rule) -> None:
    assert isinstance(ground, ScopeRule)
    if (ground.doubt or ground.heard_as) and not ground.ask:
        table.complain("写了 doubt（存疑）或者 heard_as 就要写 ask（怎么问清楚）。")
