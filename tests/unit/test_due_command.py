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


@pytest.mark.parametrize(
    ("wrong", "told"),
    [(("--class", "Z"), "no class 'Z'"), (("--happened", "reading=2026-09-29T15:00"), "not 'reading'")],
)
def test_a_class_or_start_that_does_not_exist_is_refused(
    wrong: tuple[str, str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*ASKED, *wrong) == 2
    assert told in capsys.readouterr().err
