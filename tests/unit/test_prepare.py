"""What ``make setup`` promises: done once, interrupted safely, and one clear line when it cannot be done."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from groundwork.settings import PROJECT
from tools import prepare


@pytest.fixture
def step(tmp_path: Path) -> tuple[prepare.Step, list[str], list[str]]:
    """A step, what it is made from, and how often it was made."""
    inputs, made = ["lock"], list[str]()

    def make() -> None:
        made.append(inputs[0])
        (tmp_path / "product").touch()

    return (
        prepare.Step(
            name="something",
            stamp=tmp_path / "stamp",
            inputs=lambda: inputs,
            make=make,
            made=tmp_path / "product",
        ),
        inputs,
        made,
    )


def test_what_is_there_is_not_made_again(step: tuple[prepare.Step, list[str], list[str]]) -> None:
    something, inputs, made = step
    prepare.bring_up_to_date(something)
    prepare.bring_up_to_date(something)
    assert made == ["lock"]
    inputs[0] = "changed lock"
    prepare.bring_up_to_date(something)
    assert made == ["lock", "changed lock"]


def test_what_was_removed_is_made_again(step: tuple[prepare.Step, list[str], list[str]]) -> None:
    something, _, made = step
    prepare.bring_up_to_date(something)
    something.made.unlink()
    prepare.bring_up_to_date(something)
    assert len(made) == 2


def test_an_interrupted_step_is_never_taken_for_a_finished_one(
    step: tuple[prepare.Step, list[str], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    something, _, made = step
    prepare.bring_up_to_date(something)

    def interrupted() -> None:
        raise KeyboardInterrupt

    broken = prepare.Step(
        name="something", stamp=something.stamp, inputs=lambda: ["new"], make=interrupted, made=something.made
    )
    with pytest.raises(KeyboardInterrupt):
        prepare.bring_up_to_date(broken)
    prepare.bring_up_to_date(something)
    assert made == ["lock", "lock"]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (
            "error: Failed to fetch: `https://mirror/simple/uv/`\n  Caused by: dns error",
            "registry cannot be reached",
        ),
        (
            "cause: failed to lookup address information: Name or service not known",
            "registry cannot be reached",
        ),
        ("npm error code ENOTFOUND", "registry cannot be reached"),
        ("npm error code EINTEGRITY", "not the locked one"),
        ("error: Hash mismatch for `redis==8`", "not the locked one"),
        ("OSError: [Errno 28] No space left on device", "disk is full"),
        ("line one\n\nsomething else broke\n", "exit code 2: something else broke"),
    ],
)
def test_a_failure_is_one_line_that_says_what_to_do(said: str, expected: str) -> None:
    line = prepare.reason("the product's environment", 2, said)
    assert expected in line and "\n" not in line


def node(folder: Path, version: str) -> None:
    for name in ("node", "npm"):
        (folder / name).write_text(f"#!/bin/sh\necho {version}\n")
        (folder / name).chmod(0o755)


def test_a_missing_or_old_node_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(prepare.PrepareError, match="node was not found: install Node 20"):
        prepare.check_node()
    node(tmp_path, "v18.19.0")
    with pytest.raises(prepare.PrepareError, match=r"Node 20 or newer is needed, this is v18\.19\.0"):
        prepare.check_node()
    node(tmp_path, "v20.1.0")
    prepare.check_node()


def test_another_python_is_refused_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 12, 1))
    monkeypatch.setattr("platform.python_version", lambda: "3.12.1")
    assert prepare.main(["all"]) == 1
    assert "Python 3.11 is needed, this is 3.12.1" in capsys.readouterr().err


@pytest.mark.parametrize(
    "misleading", [{"PYENV_VERSION": "2.7.99"}, {"PYTHONHOME": "/nowhere"}, {"PYTHON": "/bin/false"}]
)
def test_a_python_is_found_whatever_a_version_switcher_says(misleading: dict[str, str]) -> None:
    found = subprocess.run(
        [PROJECT / "tools" / "find-python"],
        env=os.environ | misleading,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    version = subprocess.run(
        [found, "-c", "import sys; print(*sys.version_info[:2])"], capture_output=True, text=True, check=True
    )
    assert version.stdout == "3 11\n"


def test_a_machine_without_python_is_told_what_to_install(tmp_path: Path) -> None:
    script = (
        (PROJECT / "tools" / "find-python")
        .read_text()
        .replace("/usr/bin/python3.11 /usr/local/bin/python3.11", "")
    )
    env = {"PATH": str(tmp_path), "HOME": str(tmp_path)}
    told = subprocess.run(["/bin/sh", "-c", script], env=env, capture_output=True, text=True, check=False)
    assert told.returncode == 1
    assert told.stderr.startswith("Huying: Python 3.11 is needed (found: none): install it")
    assert told.stderr.count("\n") == 1


def test_package_clients_are_given_nothing_misleading_and_the_user_s_mirror(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in prepare.MISLEADING:
        monkeypatch.setenv(name, "misleading")
    monkeypatch.delenv("UV_DEFAULT_INDEX", raising=False)
    monkeypatch.setenv("PIP_INDEX_URL", "https://mirror.example/simple")
    env = prepare.environment()
    assert set(prepare.MISLEADING).isdisjoint(env)
    assert env["UV_DEFAULT_INDEX"] == "https://mirror.example/simple"
