"""``huying doctor`` on an installation that does not run: every finding is a line, the exit status says whether there is one."""

import re
from pathlib import Path

import pytest

from gateway import doctor
from gateway.supervisor import alone, free_port, free_ports, is_held
from groundwork.settings import Settings


def settings_for(folder: Path, **more: str) -> Settings:
    port, desk_port = free_ports(2)
    given = {"STATE_DIR": str(folder), "PORT": str(port), "DESK_PORT": str(desk_port)} | more
    return Settings.from_env({f"HUYING_{name}": value for name, value in given.items()})


@pytest.mark.enable_socket
def test_what_is_prepared_is_in_order_until_something_is_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert doctor.run(settings_for(tmp_path), {}) == 0
    assert capsys.readouterr().out == f"{doctor.IN_ORDER}\n"
    key = tmp_path / "secrets" / "secret_key"
    key.parent.mkdir()
    key.write_text("k" * 40)
    key.chmod(0o644)
    (tmp_path / "units.yaml").write_text("units: 5")
    wrong = settings_for(tmp_path, CLOCK="2026-09-29T14:30", UNITS_FILE=str(tmp_path / "units.yaml"))
    assert doctor.run(wrong, {}) == 1
    told = capsys.readouterr().out.splitlines()
    assert {line.partition(":")[0] for line in told} == {"secrets", "clock", "law"}
    assert not any(re.search("kkkk", line) for line in told)


@pytest.mark.enable_socket
def test_one_port_for_both_programs_is_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    port = str(free_port())
    assert doctor.run(settings_for(tmp_path, PORT=port, DESK_PORT=port), {}) == 1
    assert capsys.readouterr().out.startswith("ports: HUYING_PORT and HUYING_DESK_PORT are both")


def test_whether_somebody_runs_is_told_by_the_lock(tmp_path: Path) -> None:
    assert not is_held(tmp_path) and not (tmp_path / "lock").exists(), "looking makes nothing"
    with alone(tmp_path):
        assert is_held(tmp_path)
    assert not is_held(tmp_path)
