"""Known weaknesses are told, and break nothing unless that is asked for."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from gateway.localservers import is_alive
from tests.e2e.citizen import eventually
from tools.advisories import (
    ALLOWED,
    NoAnswerError,
    Weakness,
    ask,
    main,
    of_npm,
    of_pip,
    read_allowed,
    report,
)

TODAY = date(2026, 11, 26)
WEAK = Weakness(package="jinja2", version="3.0", id="PYSEC-1", fixed_in="3.1")


def found() -> list[Weakness]:
    return [WEAK]


def away() -> list[Weakness]:
    raise NoAnswerError("connection refused")


@pytest.mark.parametrize(("strict", "status"), [(False, 0), (True, 1)])
def test_a_weakness_is_told_and_fails_only_when_strict(
    capsys: pytest.CaptureFixture[str], strict: bool, status: int
) -> None:
    assert report({"Python packages": found}, set(), strict=strict) == status
    said = capsys.readouterr()
    assert "KNOWN WEAKNESSES" in said.err and "jinja2 3.0: PYSEC-1, fixed in 3.1" in said.err


@pytest.mark.parametrize("strict", [False, True])
def test_a_registry_that_is_away_is_told_and_fails_nothing(
    capsys: pytest.CaptureFixture[str], strict: bool
) -> None:
    registries: dict[str, Callable[[], list[Weakness]]] = {"Python packages": away, "npm packages": list}
    assert report(registries, set(), strict=strict) == 0
    said = capsys.readouterr()
    assert "ADVISORIES NOT CHECKED for Python packages: connection refused" in said.err
    assert "npm packages: 0 known weaknesses" in said.out


def test_what_was_looked_at_is_quiet_until_its_day() -> None:
    entry = {"package": "jinja2", "id": "PYSEC-1", "reason": "not reached by us", "until": "2026-11-26"}
    allowed = read_allowed([entry], TODAY)
    assert report({"Python packages": found}, allowed, strict=True) == 0
    assert read_allowed([entry], date(2026, 11, 27)) == set()


@pytest.mark.parametrize("gone", ["package", "id", "reason", "until"])
def test_an_exception_needs_its_reason_and_its_day(gone: str) -> None:
    entry = {"package": "a", "id": "b", "reason": "c", "until": "2026-11-26"}
    with pytest.raises(ValueError, match="needed"):
        read_allowed([{name: value for name, value in entry.items() if name != gone}], TODAY)
    with pytest.raises(ValueError, match="needed"):
        read_allowed([entry | {"reason": " "}], TODAY)


def test_answers_are_read_in_the_tools_own_form() -> None:
    """As pip-audit 2.10 and npm 10 write them (their documentation of ``--format json`` and ``audit --json``)."""
    vulnerable = {"name": "jinja2", "version": "3.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["3.1"]}]}
    assert of_pip({"dependencies": [vulnerable, {"name": "a", "version": "1", "vulns": []}]}) == [WEAK]
    with pytest.raises(NoAnswerError):
        of_pip({"dependencies": [{"name": "a", "skip_reason": "not found"}]})
    via = {"source": 1, "url": "https://advisories.example/GHSA-x", "title": "t"}
    answer = {"vulnerabilities": {"b": {"range": "<2", "via": ["a"]}, "a": {"range": "<2", "via": [via]}}}
    assert of_npm(answer) == [Weakness(package="a", version="<2", id="GHSA-x", fixed_in="")]
    for nothing in ({"message": "404"}, {"error": {"code": "ENOAUDIT", "summary": "no"}}):
        with pytest.raises(NoAnswerError):
            of_npm(nothing)


def test_a_tool_that_cannot_be_run_is_no_answer(tmp_path: Path) -> None:
    for command in ([tmp_path / "missing"], ["true"], ["sh", "-c", "echo no >&2; exit 3"]):
        with pytest.raises(NoAnswerError):
            ask(command)


def test_a_tool_that_hangs_is_ended_with_what_it_started(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tools.advisories.PATIENCE", 0.5)
    pid = tmp_path / "pid"
    with pytest.raises(NoAnswerError, match=r"no answer within 0\.5 s"):
        ask(["sh", "-c", f"sleep 600 & echo $! > {pid}; wait"])
    eventually(lambda: not is_alive(int(pid.read_text())))  # a signal is sent at once and takes effect soon


def test_the_shipped_exceptions_can_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tools.advisories.python_packages", away)
    monkeypatch.setattr("tools.advisories.npm_packages", away)
    assert ALLOWED.exists() and main(["--strict"]) == 0
