"""The direction of imports, and that every rule about it really bites."""

import ast
import re
import shutil
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from groundwork.settings import PROJECT

PACKAGES = (
    "hotline", "cities", "groundwork", "staff", "channels", "bots", "kb", "dispatch_client", "gateway", "dispatch_desk",
)  # fmt: skip
#: What the core may import: values and pure functions, nothing that reads a clock, a file or the network.
PURE = frozenset(
    [
        "abc",
        "base64",
        "bisect",
        "collections",
        "contextlib",
        "copy",
        "dataclasses",
        "datetime",
        "decimal",
        "enum",
        "fractions",
        "functools",
        "hashlib",
        "hmac",
        "heapq",
        "html",
        "itertools",
        "json",
        "math",
        "numbers",
        "operator",
        "re",
        "statistics",
        "string",
        "textwrap",
        "types",
        "typing",
        "typing_extensions",
        "unicodedata",
        "hotline",
    ]
)
#: Calls by which even pure modules would reach the world.
IMPURE_CALLS = frozenset({"open", "print", "input", "eval", "exec", "__import__", "breakpoint"})
CLOCKS = frozenset({"now", "today", "utcnow"})
#: (module, what it imports): one for each rule, and for each package that the rule is about.
BREAKS = (
    ("hotline.broken_layer", "cities"),
    ("cities.broken_layer", "groundwork"),
    ("groundwork.broken_layer", "staff"),
    ("staff.broken_layer", "kb"),
    ("channels.broken_sibling", "bots"),
    ("bots.broken_sibling", "kb"),
    ("kb.broken_sibling", "dispatch_client"),
    ("dispatch_client.broken_sibling", "staff"),
    ("channels.broken_gateway", "gateway"),
    ("bots.broken_ground", "groundwork"),
    ("kb.broken_storage", "asyncpg"),
    ("dispatch_client.broken_law", "cities"),
    ("gateway.broken_desk", "dispatch_desk"),
    ("dispatch_desk.broken_gateway", "gateway"),
    ("dispatch_desk.broken_adapter", "channels"),
    ("staff.broken_law", "cities"),
    ("staff.broken_program", "dispatch_desk"),
    ("cities.broken_network", "aiohttp"),
    *(
        (f"hotline.broken_{name}", name)
        for name in ("aiohttp", "asyncpg", "io", "os", "pathlib", "socket", "time", "yaml")
    ),
)


def sources(package: str) -> list[Path]:
    return sorted(path for path in (PROJECT / package).rglob("*.py") if "rasa_project" not in path.parts)


def imports(path: Path) -> set[str]:
    """Return the top-level names that ``path`` imports, also inside functions."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module.split(".")[0] if node.module and not node.level else path.parent.name)
    return found


def checked(folder: Path) -> "subprocess.CompletedProcess[str]":
    command = [
        sys.executable,
        "-c",
        "from importlinter.cli import lint_imports_command as run; run()",
        "--no-cache",
    ]
    return subprocess.run(
        command,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": str(folder), "PATH": ""},
    )


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What the checker says about a copy of the tree in which every rule is broken."""
    copy = tmp_path_factory.mktemp("broken")
    shutil.copy(PROJECT / "pyproject.toml", copy)
    for package in PACKAGES:
        for path in sources(package):
            target = copy / path.relative_to(PROJECT)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)
    for module, imported in BREAKS:
        (copy / Path(*module.split("."))).with_suffix(".py").write_text(f"import {imported}\n")
    report = checked(copy)
    assert report.returncode == 1, report.stdout + report.stderr
    return report.stdout


@pytest.mark.parametrize(("module", "imported"), BREAKS)
def test_a_forbidden_import_is_found(broken: str, module: str, imported: str) -> None:
    assert re.search(rf"{re.escape(module)} -> {imported}\b", broken), broken


def test_every_rule_is_broken_by_some_example(broken: str) -> None:
    assert "KEPT" not in broken
    assert broken.count("BROKEN") >= 6


def test_the_tree_keeps_every_rule() -> None:
    report = checked(PROJECT)
    assert report.returncode == 0, report.stdout + report.stderr


def test_every_package_is_under_the_rules() -> None:
    found = {path.parent.name for path in PROJECT.glob("*/__init__.py")} - {"tests"}
    assert found == set(PACKAGES)


@pytest.mark.parametrize("path", sources("hotline"), ids=lambda path: path.stem)
def test_the_core_imports_no_io(path: Path) -> None:
    """``hotline/`` is made of plain values; the world is somebody else's job."""
    assert imports(path) <= PURE


def test_no_two_modules_of_the_core_need_each_other() -> None:
    """Arrows point down inside ``hotline/`` too; ``TopologicalSorter`` raises and shows a circle."""
    needs = {path.stem: neighbours(path) for path in sources("hotline")}
    assert list(TopologicalSorter(needs).static_order())


def neighbours(path: Path) -> set[str]:
    """Return the modules of the same package that ``path`` imports when it runs, not for the type checker alone."""
    found: set[str] = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ImportFrom) and node.module == "hotline":
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("hotline."):
            found.add(node.module.removeprefix("hotline."))
    return found


@pytest.mark.parametrize("path", sources("hotline"), ids=lambda path: path.stem)
def test_the_core_asks_neither_the_clock_nor_the_world(path: Path) -> None:
    calls = [
        node.func
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
    ]
    named = {call.id for call in calls if isinstance(call, ast.Name)}
    methods = {call.attr for call in calls if isinstance(call, ast.Attribute)}
    assert named.isdisjoint(IMPURE_CALLS)
    assert methods.isdisjoint(CLOCKS)


def test_the_rasa_project_is_never_imported() -> None:
    """It lives in another environment, with packages that ours cannot hold."""
    for package in PACKAGES:
        for path in sources(package):
            assert "rasa_project import" not in path.read_text(encoding="utf-8"), path
            assert imports(path).isdisjoint({"rasa", "tensorflow"}), path


def test_what_runs_all_day_does_without_the_libraries_of_learning() -> None:
    """125 MB for one sum (docs/adr/0055): only who trains loads them."""
    loaded = "import sys, gateway.app, gateway.commands; sys.exit('sklearn' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", loaded], cwd=PROJECT, timeout=120).returncode == 0
