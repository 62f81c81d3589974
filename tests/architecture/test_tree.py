"""What is true of the files themselves: language, addresses, locks, targets."""

import ast
import json
import re
import subprocess
from dataclasses import fields
from pathlib import Path

import pytest

from cities.loading import city_codes, load_pack
from groundwork.settings import PROJECT, Settings

IDEOGRAPH = re.compile(r"[\u3400-\u9fff]")
CHINESE = re.compile(r"[\u3000-\u303f\u3400-\u9fff\uff01-\uff60]")
#: Put together here, so that this file does not hold what it looks for.
HOSTS = [
    "".join(parts)
    for parts in (
        ("pypi", ".org"), ("python", "hosted.org"), ("registry.npm", "js.org"), ("npm", "mirror.com"), ("deb.", "debian.org"),
        ("tuna.", "tsinghua"), ("mirrors.", "aliyun"), ("find", "-links"), ("extra-", "index-url"),
    )
]  # fmt: skip
MACHINE = re.compile(
    "|".join(
        ["/wo" + "rk/", "/ro" + "ot/", "/home/[a-z]+/", "/Us" + "ers/[a-z]+/", r"/opt/(py" + "pi|wheels)"]
    )
)
#: Where sentences for a lawyer, an editor or the classifier stand in the code itself.
SPEAKS_CHINESE = (
    "bots/rasa_project/",  # training data and its components
    "cities/",  # what the loader says to the lawyer who wrote a file
    "kb/article.py",  # what the loader says to the editor who wrote an article
    "kb/importing.py",
    "kb/starters.py",
)


def tracked() -> list[Path]:
    """Return the files that belong to the project: known to git or about to be."""
    command = ["git", "-C", str(PROJECT), "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, capture_output=True, check=True).stdout.decode().split("\0")
    return [path for name in listed if name and (path := PROJECT / name).is_file()]


def texts() -> list[tuple[str, str]]:
    found = []
    for path in tracked():
        try:
            found.append((path.relative_to(PROJECT).as_posix(), path.read_text(encoding="utf-8")))
        except UnicodeDecodeError:
            continue
    return found


def test_no_file_names_a_registry_or_a_place_on_somebody_s_machine() -> None:
    found = [
        f"{name}: {hit}"
        for name, text in texts()
        for hit in [
            *(host for host in HOSTS if host in text),
            *(match[0] for match in MACHINE.finditer(text)),
        ]
    ]
    assert found == []


def test_every_locked_package_carries_digests_and_no_address() -> None:
    for path in [*(PROJECT / "locks").glob("*.txt"), PROJECT / "bots" / "rasa_project" / "lock.txt"]:
        entries = re.split(
            r"\n(?=[A-Za-z0-9])", re.sub(r"^\s*#.*\n", "", path.read_text(), flags=re.MULTILINE)
        )
        assert len(entries) > 0
        for entry in filter(str.strip, entries):
            assert re.match(r"[A-Za-z0-9._\[\]-]+==", entry), f"{path.name}: {entry[:80]}"
            assert "--hash=sha256:" in entry, f"{path.name}: {entry[:80]}"
            assert "://" not in entry, f"{path.name}: {entry[:80]}"


def test_the_asset_lock_carries_digests_and_no_address() -> None:
    packages = json.loads((PROJECT / "package-lock.json").read_text())["packages"]
    for name, package in packages.items():
        if name:
            assert package["integrity"].startswith("sha512-"), name
            assert "resolved" not in package, name


def test_development_has_every_locked_version_of_production() -> None:
    pins = {
        name: set(
            re.findall(r"^([\w.\[\]-]+==\S+)", (PROJECT / "locks" / f"{name}.txt").read_text(), re.MULTILINE)
        )
        for name in ("product", "dev")
    }
    assert pins["product"] <= pins["dev"]


def code() -> list[Path]:
    return [
        path
        for path in tracked()
        if path.suffix == ".py" and path.relative_to(PROJECT).parts[0] not in ("tests", "tools")
    ]


@pytest.mark.parametrize("path", code(), ids=lambda path: path.relative_to(PROJECT).as_posix())
def test_chinese_is_content_and_not_code(path: Path) -> None:
    """The core holds none at all; elsewhere it stands in templates and in the words of a problem."""
    name, text = path.relative_to(PROJECT).as_posix(), path.read_text(encoding="utf-8")
    if name.startswith("hotline/"):
        assert not CHINESE.search(text)
    elif (
        not name.startswith(SPEAKS_CHINESE) and path.name != "errors.py"
    ):  # a table of problems and their titles
        tree = ast.parse(text)
        allowed = {id(inner) for node in ast.walk(tree) if is_problem(node) for inner in ast.walk(node)}
        assert [said for said in strings(tree, allowed) if IDEOGRAPH.search(said)] == []


def strings(tree: ast.Module, allowed: set[int]) -> list[str]:
    constants = [
        node for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in allowed
    ]
    return [node.value for node in constants if isinstance(node.value, str)]


def is_problem(node: ast.AST) -> bool:
    """Tell whether ``node`` is a docstring, or says to a person what went wrong."""
    match node:
        case ast.Raise() | ast.Expr(value=ast.Constant()):
            return True
        case ast.Call(func=ast.Name(id=name)) | ast.Call(func=ast.Attribute(attr=name)):
            return name == "__init__" or "problem" in name.lower() or name.endswith("Error")
        case ast.Dict(keys=keys):
            return any(isinstance(key, ast.Constant) and key.value in ("detail", "title") for key in keys)
        case ast.Assign(targets=[ast.Name(id="title")]):
            return True
        case _:
            return False


#: Where a city may be named: its own data, what is said about it, and what a measurement was made on.
NAMES_CITIES = re.compile(r"(cities|kb/starter|tests|docs)/|kb/abstain\.yaml$|[A-Z]+\.md$|Makefile$")


def names_of_cities() -> re.Pattern[str]:
    """Return a pattern for every name of every city that has data: code, full name, name without its last letter."""
    codes = [code for code in city_codes() if not code.startswith("_")]
    names = [load_pack(code).name for code in codes]
    written = {re.escape(name) for name in (*codes, *names, *(name.removesuffix("\u5e02") for name in names))}
    return re.compile(rf"(?<![a-z])(?:{'|'.join(sorted(written))})(?![a-z])", re.IGNORECASE)


def test_no_city_is_named_in_code() -> None:
    """No ``if`` on a city: what differs from city to city is data; one default of the settings names the first."""
    pattern, default = names_of_cities(), f'city: str = "{Settings(state_dir=Path()).city}"'
    found = [
        f"{name}: {hit[0]}"
        for name, text in texts()
        if not NAMES_CITIES.match(name)
        for hit in pattern.finditer(text.replace(default, "") if name == "groundwork/settings.py" else text)
    ]
    assert found == []


@pytest.mark.parametrize("code", [code for code in city_codes() if not code.startswith("_")])
def test_a_city_named_in_code_would_be_found(code: str) -> None:
    pattern, name = names_of_cities(), load_pack(code).name
    for said in (
        f'if city == "{code}":',
        f"{code.upper()}_RULES",
        f"# only in {name}",
        name.removesuffix("市") + "热线",
    ):
        assert pattern.search(said), said


def test_every_target_of_the_makefile_is_explained() -> None:
    makefile = (PROJECT / "Makefile").read_text()
    targets = re.findall(r"^([a-z]+):", makefile, re.MULTILINE)
    explained = re.findall(r"^([a-z]+):.*## \S", makefile, re.MULTILINE)
    assert targets == explained
    shown = subprocess.run(
        ["make", "-C", str(PROJECT), "--no-print-directory"], capture_output=True, text=True, check=True
    ).stdout
    assert all(f"make {target} " in shown for target in targets)


def test_every_setting_is_explained_to_those_who_install() -> None:
    guide = (PROJECT / "docs" / "使用说明.md").read_text(encoding="utf-8")
    assert [field.name for field in fields(Settings) if f"`HUYING_{field.name.upper()}`" not in guide] == []


def test_every_link_between_documents_leads_somewhere() -> None:
    broken = [
        f"{name}: {target}"
        for name, text in texts()
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text)
        if name.endswith(".md") and not (PROJECT / name).parent.joinpath(target).exists()
    ]
    assert broken == []


def test_nothing_unfinished_is_left() -> None:
    words = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X)\b|mark\.xf" + "ail")
    found = [
        f"{name}: {match[0]}"
        for name, text in texts()
        if name.endswith(".py")
        for match in words.finditer(text)
    ]
    assert found == []
