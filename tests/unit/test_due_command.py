"""``huying due`` prints the reckoning, and refuses what no rule could mean."""

import argparse
import json
from pathlib import Path

import pytest

from gateway import commands
from groundwork.settings import Settings

ASKED = ("due", "--city", "pingdingshan", "--kind", "complaint", "--class", "B", "--at", "2026-09-29T14:34")


def run(*arguments: str) -> int:
    parser = argparse.ArgumentParser()
    commands.add_to(parser.add_subparsers())
    asked = parser.parse_args(arguments)
    return int(asked.call(asked, Settings(city="_example", state_dir=Path("unused"))))


def printed(capsys: pytest.CaptureFixture[str]) -> dict[str, dict[str, object]]:
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    return {row["what"]: row for row in rows}


def test_each_day_that_counts_and_each_that_does_not_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*ASKED) == 0
    finish = printed(capsys)["finish"]
    assert finish["at"] == "2026-10-12T23:59:59+08:00" and finish["unit"] == "working_days"
    days = finish["days"]
    assert isinstance(days, list) and [day["count"] for day in days if day["count"]] == [1, 2, 3, 4, 5]
    assert days[2] == {"day": "2026-10-01", "kind": "holiday", "name": "国庆节", "count": None}


def test_what_is_known_by_now_settles_a_date(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*ASKED, "--happened", "receipt=2026-09-29T15:00") == 0
    found = printed(capsys)["return"]
    assert found["at"] == "2026-09-30T15:00:00+08:00" and found["provisional"] is False


def test_granted_time_runs_on_day_by_day(capsys: pytest.CaptureFixture[str]) -> None:
    """Five working days end on Mon 12 Oct; four more: 13, 14, 15, Fri 16."""
    assert run(*ASKED, "--extended", "finish=4") == 0
    finish = printed(capsys)["finish"]
    assert finish["at"] == "2026-10-16T23:59:59+08:00"
    days = finish["days"]
    assert isinstance(days, list) and [day["count"] for day in days if day["count"]] == list(range(1, 10))


def test_hours_are_printed_with_the_minute_from_which_they_run(capsys: pytest.CaptureFixture[str]) -> None:
    asked = [*ASKED]
    asked[asked.index("B")] = "A"
    assert run(*asked) == 0
    finish = printed(capsys)["finish"]
    assert (finish["since"], finish["at"], finish["unit"]) == (
        "2026-09-29T14:34:00+08:00", "2026-09-29T18:34:00+08:00", "hours",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (("--extended", "finish=a"), "a whole number"),
        (("--extended", "finish=0"), "at least one"),
        (("--class", "Z"), "no class 'Z'"),
        (("--happened", "reading=2026-09-29T15:00"), "not 'reading'"),
    ],
)
def test_a_class_or_start_that_does_not_exist_is_refused(
    wrong: tuple[str, str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*ASKED, *wrong) == 2
    assert told in capsys.readouterr().err


def test_without_a_class_the_usual_one_of_the_kind_counts(capsys: pytest.CaptureFixture[str]) -> None:
    asked = [*ASKED]
    del asked[asked.index("--class") : asked.index("--class") + 2]
    assert run(*ASKED) == 0
    usual = printed(capsys)
    assert run(*asked) == 0
    assert printed(capsys) == usual and "finish" in usual


def test_a_ledger_of_days_the_wrong_way_round_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    asked = ("ledger", "export", "--from", "2026-12-01", "--to", "2026-11-01", "--out", "unused.xlsx")
    assert run(*asked) == 2
    assert "2026-12-01" in capsys.readouterr().err
