"""``huying warnings replay`` tells from a kept stream what should have been warned of, without a server."""

import argparse
import io
import json
from pathlib import Path
from typing import Any

import pytest

from gateway import commands
from groundwork.settings import Settings


def replay(monkeypatch: pytest.MonkeyPatch, *rows: dict[str, Any], status: int = 0) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("\n".join(map(json.dumps, rows))))
    parser = argparse.ArgumentParser()
    commands.add_to(parser.add_subparsers())
    asked = parser.parse_args(["warnings", "replay"])
    assert asked.call(asked, Settings(city="_example", state_dir=Path("unused"))) == status


def test_three_who_tell_of_one_thing_are_one_warning_that_says_why(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    replay(
        monkeypatch,
        {"id": 1, "at": "2026-11-20T08:00", "text": "银杏里的水龙头放出来是黑的，一股柴油味"},
        {"id": 2, "at": "2026-11-20T08:05:00+08:00", "text": "医保卡丢了怎么补办"},
        {"id": ["三"], "at": "2026-11-20T08:20", "text": "停水了吗，放出来的水有柴油味", "place": "银杏里"},
        {"id": 4, "at": "2026-11-20T09:30", "text": "孩子喝了那个水一直吐，全是柴油味", "place": "银杏里4栋"},
    )
    (warning,) = map(json.loads, capsys.readouterr().out.splitlines())
    assert list(warning) == ["at", "topic", "ids", "why"]
    assert warning["ids"] == [1, ["三"], 4] and warning["at"] == "2026-11-20T09:30:00+08:00"
    assert warning["topic"] == "银杏里的水龙头放出来是黑的，一股柴油味"
    assert "2小时里有3条消息" in warning["why"] and "银杏里" in warning["why"] and "柴油味" in warning["why"]


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ([{"id": 7, "text": "停水"}], "line 1 must be an object with id, text and at"),
        ([{"id": 7, "text": "停水", "at": "昨天"}], "7: at must be a moment like 2026-11-20T08:00"),
        (
            [
                {"id": 7, "text": "停水", "at": "2026-11-20T08:00"},
                {"id": 8, "text": "停电", "at": "2026-11-20T07:00"},
            ],
            "8 is earlier than what stands before it",
        ),
    ],
)
def test_what_cannot_be_replayed_is_told_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], rows: list[dict[str, Any]], says: str
) -> None:
    replay(monkeypatch, *rows, status=2)
    assert says in capsys.readouterr().err
