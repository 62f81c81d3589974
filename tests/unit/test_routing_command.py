"""``huying routing``: from a file of past tickets to proposals, with versions that are compared and taken back."""

import argparse
import csv
import io
import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from gateway import commands
from gateway.routing import FOLDER, RoutingInUse, RoutingVersions
from gateway.training import moment_of
from groundwork.settings import Settings
from tests.bench.history import Dispatched, generated

SEED = 3
Run = Callable[..., list[dict[str, Any]]]
LAMPS, WORKS = ["路灯不亮", "路灯坏了没人修", "路灯闪"], ["工地夜里施工", "工地没有围挡", "工地灰尘大"]


def history(
    path: Path, *, count: int = 600, swap: bool = False, year: int = 2024, encoding: str = "utf-8"
) -> Path:
    """Write tickets about lamps and building sites; swapped, each has the unit of the other."""
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["内容", "单位", "时间"])
        for n in range(count):
            lamp = n % 2 == 0
            unit = ("市城管局", "示例市城市管理局") if lamp != swap else ("市住建局", "示例市住房城乡建设局")
            text = (LAMPS if lamp else WORKS)[n % 3] + f"，{n % 40}号门口"
            writer.writerow([text, unit[n % 4 // 2], f"{year}/{1 + n * 12 // count}/1{n % 9}"])
        writer.writerow(["", "示例市城市管理局", ""])
    return path


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    def act(*words: str, status: int = 0, rows: str = "") -> list[dict[str, Any]]:
        monkeypatch.setattr("sys.stdin", io.StringIO(rows))
        parser = argparse.ArgumentParser()
        commands.add_to(parser.add_subparsers())
        asked = parser.parse_args(["routing", *words])
        assert asked.call(asked, Settings(city="_example", state_dir=tmp_path)) == status
        told = capsys.readouterr()
        act.complaints = told.err  # type: ignore[attr-defined]
        return [json.loads(line) for line in told.out.splitlines()]

    return act


def train(run: Run, path: Path, *, status: int = 0) -> dict[str, Any]:
    (told,) = run("train", str(path), "--text", "内容", "--unit", "单位", "--time", "时间", status=status)
    return told


def suggest(run: Run, *texts: str, top: int = 2) -> list[dict[str, Any]]:
    rows = "\n".join(json.dumps({"id": n, "text": text}) for n, text in enumerate(texts))
    return run("suggest", "--top", str(top), rows=rows)


def test_before_any_history_duties_propose_and_nothing_is_sure(run: Run) -> None:
    lamp, nothing = suggest(run, "路灯坏了", "想问一件事")
    assert [one["unit"] for one in lamp["units"]] == ["示例市城市管理局", "示例市热线工作机构"]
    assert not lamp["sure"] and not nothing["sure"] and nothing["units"][0]["score"] == 0


def test_units_go_by_one_name_and_are_proposed(run: Run, tmp_path: Path) -> None:
    told = train(run, history(tmp_path / "h.csv", encoding="gb18030"))
    assert (told["tickets"], told["skipped"], told["units"], told["unknown_units"]) == (600, 1, 2, 0)
    assert told["renamed"] == 300 and told["in_use"] and told["measured"]["top_1"] == 1.0
    lamp, works, water = suggest(run, "路灯不亮，6号门口", "工地灰尘太大", "小区停水了，自来水没有")
    assert lamp["units"][0]["unit"] == "示例市城市管理局" and lamp["sure"] and lamp["units"][0]["score"] > 0.5
    assert works["units"][0]["unit"] == "示例市住房城乡建设局"
    assert water == {  # the city's rule comes before what was done before
        "id": 2, "units": [{"unit": "示例市供水公司", "score": 1.0}, water["units"][1]], "sure": True
    }  # fmt: skip
    (version,) = run("versions")
    assert version["in_use"] and version["tickets"] == 600 and version["until"].startswith("2024-12")
    folder = tmp_path / FOLDER
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}


def test_what_does_worse_on_newer_tickets_is_kept_and_not_used(run: Run, tmp_path: Path) -> None:
    first = train(run, history(tmp_path / "first.csv"))
    newer = history(tmp_path / "newer.csv", year=2025)
    lines = newer.read_text(encoding="utf-8").splitlines()
    swapped = history(tmp_path / "swapped.csv", swap=True, year=2023).read_text(encoding="utf-8").splitlines()
    newer.write_text("\n".join([*swapped, *lines[-200:]]), encoding="utf-8")
    worse = train(run, newer, status=1)
    assert not worse["in_use"] and worse["compared"]["tickets"] >= 100
    assert worse["compared"]["after"] < worse["compared"]["before"]
    assert [one["version"] for one in run("versions") if one["in_use"]] == [first["version"]]
    assert run("rollback", "--to", worse["version"]) == [{"in_use": worse["version"]}]
    assert run("rollback") == [{"in_use": first["version"]}]


def test_the_way_back_ends_with_duties_alone_and_a_running_program_follows(run: Run, tmp_path: Path) -> None:
    in_use = RoutingInUse(RoutingVersions(tmp_path))
    assert in_use() is None
    told = train(run, history(tmp_path / "h.csv"))
    in_use.refresh()
    routing = in_use()
    assert routing is not None and routing.version == told["version"]
    assert run("rollback") == [{"in_use": None}]
    in_use.refresh()
    assert in_use() is None
    run("rollback", status=1)
    run("rollback", "--to", "../../etc", status=1)


def test_a_file_that_is_cut_short_leaves_the_duties_to_choose(run: Run, tmp_path: Path) -> None:
    told = train(run, history(tmp_path / "h.csv"))
    path = tmp_path / FOLDER / f"{told['version']}.weights"
    path.write_bytes(path.read_bytes()[:-64])
    assert RoutingInUse(RoutingVersions(tmp_path))() is None
    assert suggest(run, "路灯坏了")[0]["units"][0]["unit"] == "示例市城市管理局"


def test_a_column_that_is_not_there_is_named(run: Run, tmp_path: Path) -> None:
    path = history(tmp_path / "h.csv")
    assert run("train", str(path), "--text", "正文", "--unit", "单位", status=2) == []
    assert "正文" in run.complaints and "内容" in run.complaints  # type: ignore[attr-defined]
    assert run("train", str(tmp_path / "none.csv"), "--text", "正文", "--unit", "单位", status=2) == []


def test_a_made_up_history_is_the_same_for_the_same_seed() -> None:
    one, two = (tuple(generated(50, seed=SEED)) for _ in range(2))
    assert one == two and all(isinstance(ticket, Dispatched) for ticket in one)


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("2024-03-05T10:20:30+08:00", "2024-03-05T10:20:30+08:00"), ("2024/3/5 9:05", "2024-03-05T09:05:00+08:00"),
        ("2024年3月5日", "2024-03-05T00:00:00+08:00"), ("20240305", "2024-03-05T00:00:00+08:00"),
        ("2024.13.5", None), ("三月", None), ("", None), ("9" * 40, None),
    ],
)  # fmt: skip
def test_times_are_read_as_people_write_them(written: str, found: str | None) -> None:
    assert moment_of(written) == (found and datetime.fromisoformat(found))
