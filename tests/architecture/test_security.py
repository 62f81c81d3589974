"""The threat model names tests that exist, and every threat has one or says that it has none yet."""

import ast
import re

import pytest

from groundwork.settings import PROJECT

MODEL = (PROJECT / "docs" / "security.md").read_text(encoding="utf-8")
NAMED = re.findall(r"`T/([\w/]+\.py)::(test_\w+)`", MODEL)


def names_in(path: str) -> set[str]:
    file = PROJECT / "tests" / path
    assert file.is_file(), path
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def test_every_test_that_the_threat_model_names_is_there() -> None:
    assert len(NAMED) > 60
    assert [f"{path}::{name}" for path, name in NAMED if name not in names_in(path)] == []


def test_every_threat_has_a_test_or_says_not_yet() -> None:
    rows = [line for line in MODEL.splitlines() if re.match(r"\| (\*\*[STRIDE]\*\* ?)+", line)]
    assert len(rows) > 50
    silent = [
        row for row in rows if "`T/" not in row and "**not yet**" not in row and "organisational" not in row
    ]
    assert silent == []


@pytest.mark.parametrize(
    "boundary", ["Citizen and gateway", "WeChat and gateway", "Gateway and desk", "Staff and gateway, staff and desk",
                 "Gateway and PostgreSQL, Valkey, files", "Operator"],
)  # fmt: skip
def test_every_letter_of_stride_is_thought_of_at_every_boundary(boundary: str) -> None:
    section = MODEL.partition(f"## {boundary}")[2].partition("\n## ")[0]
    assert {letter for letter in "STRIDE" if f"**{letter}**" in section} == set("STRIDE")


def test_every_attack_that_was_tried_names_its_test() -> None:
    section = MODEL.partition("## Attacks tried")[2].partition("\n## ")[0]
    rows = [
        line for line in section.splitlines() if line.startswith("| ") and not line.startswith("| boundary")
    ]
    assert len(rows) > 10 and [row for row in rows if "`T/" not in row] == []
