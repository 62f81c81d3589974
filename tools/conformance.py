"""Writes docs/conformance.md: every duty with its rules, its tests and how far it is kept.

``python -m tools.conformance`` writes the page; a test compares it. What a row's state is, its keeper declares in
cities/duties.yaml; a state that rules and tests do not bear is refused.
"""

import ast
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any, TypeAlias

import yaml

PROJECT = Path(__file__).resolve().parents[1]
PAGE = PROJECT / "docs" / "conformance.md"
DUTIES, READINGS = Path("cities/duties.yaml"), Path("cities/readings.yaml")
STATES = ("done", "partly")  #: what may be declared; everything else is not yet
MARK = "duty"
SHOWN = 8  #: lines of one file that a cell names
_LATER = frozenset({"desk", "report"})
_LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)

Findings: TypeAlias = list[str]


@dataclass(frozen=True, order=True, slots=True)
class Place:
    """A line of a file of the project, or a test in it."""

    file: str
    line: int
    name: str = ""


Places: TypeAlias = Mapping[str, tuple[Place, ...]]  #: by the id of a duty or reading


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One duty as cities/duties.yaml has it."""

    id: str
    article: str
    parts: tuple[str, ...]
    duty: str
    state: str = ""  #: declared: done or partly
    missing: str = ""  #: told of rows that are kept partly; may be told of those not yet kept
    done: tuple[str, ...] = ()  #: the parts that are kept whole, of a row kept partly
    code: tuple[Place, ...] = ()  #: what keeps it where no rule of a city does


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """How far a duty is kept, as the page says it."""

    row: Row
    rules: tuple[Place, ...]
    tests: tuple[Place, ...]
    state: str
    why: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Conformance:
    """Every duty and reading with what bears it; ``findings`` is what may not be so."""

    sections: Mapping[str, tuple[Standing, ...]]
    readings: Mapping[str, str]
    rules: Places
    tests: Places
    findings: Findings = field(default_factory=list)


def read(project: Path = PROJECT) -> Conformance:
    """Return how the project stands to every row; nothing is imported, nothing is run."""
    findings: Findings = []
    readings = {id: text for section in _load(project / READINGS).values() for id, text in section.items()}
    sections = {name: tuple(_rows(project, of, findings)) for name, of in _load(project / DUTIES).items()}
    known = {row.id for rows in sections.values() for row in rows} | set(readings)
    rules, tests = rules_in(project), tests_in(project, findings)
    for id, places in tests.items():
        if id not in known:
            findings.append(f"{places[0].file}:{places[0].line}: no row and no reading is called {id}")
    standings = {
        name: tuple(standing_of(row, rules.get(row.id, ()), tests.get(row.id, ()), findings) for row in rows)
        for name, rows in sections.items()
    }
    return Conformance(sections=standings, readings=readings, rules=rules, tests=tests, findings=findings)


def standing_of(row: Row, rules: tuple[Place, ...], tests: tuple[Place, ...], findings: Findings) -> Standing:
    """Return how far ``row`` is kept; a declared state without rule, test or reason is a finding."""
    state, why = row.state or "not yet", row.missing
    borne = bool(rules or row.code)
    if row.state:
        lacks = [what for what, there in (("rule", borne), ("test", bool(tests))) if not there]
        if row.state not in STATES:
            findings.append(f"{row.id}: a state is {' or '.join(STATES)}, or left out; not {row.state!r}")
        if lacks:
            findings.append(f"{row.id}: declared {row.state}, but no {' and no '.join(lacks)} names it")
            state, why = "not yet", f"no {' and no '.join(lacks)} names it"
        if (row.state == "partly") != bool(row.missing):
            findings.append(f"{row.id}: what is missing is told of a row kept partly, and never of one done")
    if row.done and (row.state != "partly" or not set(row.done) < set(row.parts)):
        findings.append(
            f"{row.id}: parts are done of a row kept partly: some of {', '.join(row.parts)}, not all"
        )
    return Standing(row=row, rules=rules, tests=tests, state=state,
                    why=why or ("" if state == "done" else _why_not_yet(row, borne, bool(tests))))  # fmt: skip


def _why_not_yet(row: Row, borne: bool, tested: bool) -> str:
    if not borne:
        return "no rule names it"
    if set(row.parts) <= _LATER:
        return "the rule is data; nothing acts on it yet"
    return "nobody has declared how far it is kept" if tested else "the rule is data; no test names it"


def _load(path: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return loaded


def _rows(project: Path, section: Mapping[str, Mapping[str, Any]], findings: Findings) -> Iterator[Row]:
    for id, written in section.items():
        yield Row(
            id=id,
            article=str(written.get("article", "")),
            parts=tuple(written["part"]),
            duty=written["duty"],
            state=written.get("state", ""),
            missing=written.get("missing", ""),
            done=tuple(written.get("done", ())),
            code=tuple(
                place
                for name in written.get("code", ())
                if (place := _definition(project, id, name, findings)) is not None
            ),
        )


def _definition(project: Path, id: str, name: str, findings: Findings) -> Place | None:
    """Return where ``path::Class.function`` is defined."""
    file, _, wanted = name.partition("::")
    path = project / file
    node: ast.AST | None = _tree(path) if path.is_file() else None
    for part in wanted.split("."):
        inner = ast.iter_child_nodes(node) if node is not None else ()
        node = next((one for one in inner if getattr(one, "name", None) == part), None)
    if node is None:
        findings.append(f"{id}: there is no {name}")
        return None
    return Place(file, getattr(node, "lineno", 1), wanted)


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def rules_in(project: Path) -> Places:
    """Return, for each duty and reading, the rules of all cities that name it."""
    found: dict[str, set[Place]] = {}
    for path in sorted((project / "cities").glob("[a-z]*/*.yaml")):
        root = yaml.compose(path.read_text(encoding="utf-8"), Loader=_LOADER)
        for line, id in _named(root):
            found.setdefault(id, set()).add(Place(path.relative_to(project).as_posix(), line))
    return {id: tuple(sorted(places)) for id, places in found.items()}


def _named(node: yaml.Node | None) -> Iterator[tuple[int, str]]:
    """Yield every id that a rule names at ``duty`` or ``reading``, with the line where the rule begins."""
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _named(item)
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value in ("duty", "reading"):
                ids = value.value if isinstance(value, yaml.SequenceNode) else [value]
                yield from ((node.start_mark.line + 1, one.value) for one in ids)
            else:
                yield from _named(value)


def tests_in(project: Path, findings: Findings) -> Places:
    """Return, for each id, the tests that are marked with it."""
    found: dict[str, set[Place]] = {}
    for path in sorted((project / "tests").rglob("test_*.py")):
        file = path.relative_to(project).as_posix()
        tree = _tree(path)
        counted: set[int] = set()
        for name, line, marks in _marked(tree):
            counted |= {id(mark) for mark in marks}
            for duty in _ids(file, marks, findings):
                found.setdefault(duty, set()).add(Place(file, line, name))
        for mark in _marks(tree):
            if id(mark) not in counted:
                findings.append(f"{file}:{mark.lineno}: this mark stands on no test")
    return {duty: tuple(sorted(places)) for duty, places in found.items()}


def _marked(tree: ast.Module) -> Iterator[tuple[str, int, list[ast.Call]]]:
    """Yield each test with the marks on it, on its class and on its module."""
    shared = _marks_of_block(tree.body)
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            of_class = [mark for one in node.decorator_list for mark in _marks(one)]
            of_class += _marks_of_block(node.body)
            for inner in node.body:
                yield from _marked_test(inner, shared + of_class, f"{node.name}::")
        else:
            yield from _marked_test(node, shared, "")


def _marked_test(
    node: ast.stmt, shared: list[ast.Call], within: str
) -> Iterator[tuple[str, int, list[ast.Call]]]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
        own = [mark for one in node.decorator_list for mark in _marks(one)]
        yield within + node.name, node.lineno, shared + own


def _marks_of_block(body: Iterable[ast.stmt]) -> list[ast.Call]:
    return [
        mark
        for node in body
        if isinstance(node, ast.Assign)
        and any(isinstance(target, ast.Name) and target.id == "pytestmark" for target in node.targets)
        for mark in _marks(node)
    ]


def _marks(node: ast.AST) -> list[ast.Call]:
    """Return every ``pytest.mark.duty(…)`` in ``node``."""
    return [
        inner
        for inner in ast.walk(node)
        if isinstance(inner, ast.Call)
        and isinstance(inner.func, ast.Attribute)
        and inner.func.attr == MARK
        and isinstance(inner.func.value, ast.Attribute)
        and inner.func.value.attr == "mark"
    ]


def _ids(file: str, marks: Iterable[ast.Call], findings: Findings) -> Iterator[str]:
    for mark in marks:
        for argument in mark.args:
            if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                yield argument.value
            else:
                findings.append(
                    f"{file}:{mark.lineno}: write the ids out, so that they are found without running"
                )


def page(found: Conformance) -> str:
    """Return docs/conformance.md."""
    parts = [_INTRODUCTION, _summary(found.sections)]
    parts += [_section(name, standings) for name, standings in found.sections.items()]
    parts.append(_readings(found))
    return "\n".join(parts)


_INTRODUCTION = """# Conformance

Made by `make pages` from [cities/duties.yaml](../cities/duties.yaml), the rules under `cities/` and the tests that are marked with
`@pytest.mark.duty("…")`; do not edit. `done` and `partly` are declared in duties.yaml and refused where no rule (or code) or no test
names the row; everything else is `not yet`. `ticket` and `intake` end with the filing: a row that goes on at the desk may be `done` in these
parts and `not yet` in the rest. What a row still lacks is told in brackets. The article of the city's text wins over the line here.
"""


def _summary(sections: Mapping[str, Sequence[Standing]]) -> str:
    rows = []
    for name, standings in sections.items():
        count = {state: sum(one.state == state for one in standings) for state in (*STATES, "not yet")}
        filed = sum(bool(one.row.done) and one.state == "partly" for one in standings)
        rows.append((name, str(len(standings)), *map(str, count.values()), str(filed)))
    return _table(("rows", "all", *STATES, "not yet", "of those partly: some parts done"), rows)


def _section(name: str, standings: Sequence[Standing]) -> str:
    rows = [
        (
            one.row.id,
            one.row.article,
            one.row.duty,
            ", ".join(one.row.parts),
            _lines((*one.rules, *one.row.code)),
            _tests(one.tests),
            _state(one),
        )
        for one in standings
    ]
    head = ("row", "article", "duty", "part", "rules (file:line)", "tests", "state")
    return f"## {name}\n\n" + _table(head, rows)


def _state(of: Standing) -> str:
    """Return ``**done**``, or by part where some are done, with what is missing of the rest."""
    why = f" ({of.why})" if of.why else ""
    if of.state != "partly" or not of.row.done:
        return f"**{of.state}**{why}"
    rest = ", ".join(part for part in of.row.parts if part not in of.row.done)
    return f"{', '.join(of.row.done)}: **done**; {rest}: **not yet**{why}"


def _readings(found: Conformance) -> str:
    rows = [
        (id, text, _lines(found.rules.get(id, ())), _tests(found.tests.get(id, ())) or "no example yet")
        for id, text in found.readings.items()
    ]
    head = ("reading", "what it decides", "rules (file:line)", "worked examples")
    return "## Readings\n\nWhat the texts leave open, decided once.\n\n" + _table(head, rows)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)


def _lines(places: Iterable[Place]) -> str:
    cells = []
    for file, group in groupby(sorted(places), key=lambda place: place.file):
        lines = [place.line for place in group]
        more = f" and {len(lines) - SHOWN} more" if len(lines) > SHOWN else ""
        cells.append(f"`{file}:{','.join(map(str, lines[:SHOWN]))}`{more}")
    return "<br>".join(cells)


def _tests(places: Iterable[Place]) -> str:
    return "<br>".join(f"`{place.file}::{place.name}`" for place in places)


def main() -> int:
    """Write the page; status 1 with every finding where a state is claimed that nothing bears."""
    found = read()
    PAGE.write_text(page(found), encoding="utf-8")
    for finding in found.findings:
        print(finding, file=sys.stderr)
    return 1 if found.findings else 0


if __name__ == "__main__":
    sys.exit(main())
