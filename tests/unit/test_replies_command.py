"""``huying replies check`` tells what is wrong with replies, without a server, with the code that serves the desk."""

import argparse
import io
import json
from pathlib import Path
from typing import Any

import pytest

from gateway import commands
from groundwork.settings import Settings


def check(
    monkeypatch: pytest.MonkeyPatch, city: str, *rows: dict[str, Any], status: int = 0
) -> argparse.Namespace:
    monkeypatch.setattr("sys.stdin", io.StringIO("\n".join(map(json.dumps, rows))))
    parser = argparse.ArgumentParser()
    commands.add_to(parser.add_subparsers())
    asked = parser.parse_args(["replies", "check", "--city", city])
    assert asked.call(asked, Settings(city="_example", state_dir=Path("unused"))) == status
    return asked


def test_every_row_is_judged_with_rule_article_and_words(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    demand = "示例路路灯坏了"
    rows: list[dict[str, Any]] = [
        {"id": 1, "demand": demand, "reply": "11月18日更换灯泡12只，路灯已恢复照明。"},
        {"id": "二", "demand": demand, "reply": "您好，您的诉求已转有关部门，请耐心等待。\ud800\u0000"},
        {"id": 3, "demand": "", "reply": ""},
    ]
    check(monkeypatch, "pingdingshan", *rows)
    good, empty, nothing = map(json.loads, capsys.readouterr().out.splitlines())
    assert good == {"id": 1, "ok": True, "reasons": []}
    assert empty["id"] == "二" and empty["ok"] is False
    (reason,) = empty["reasons"]
    assert list(reason) == ["rule", "article", "span"]
    assert (reason["rule"], reason["article"]) == ("result", "第八条")
    assert nothing["ok"] is False


def test_the_law_is_that_of_the_city(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    row = {"id": 1, "demand": "示例路路灯坏了", "reply": "已联系市民解释。"}
    for city, rule in (("suqian", "stock-phrase"), ("kaifeng", "perfunctory"), ("xian", "state")):
        check(monkeypatch, city, row)
        (found,) = map(json.loads, capsys.readouterr().out.splitlines())
        assert rule in [reason["rule"] for reason in found["reasons"]], city


@pytest.mark.parametrize(
    "row", [{"id": 1, "reply": "x"}, {"id": 1, "demand": "x"}, {"demand": "x", "reply": "x"}]
)
def test_a_row_without_its_fields_ends_it(
    row: dict[str, Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    check(monkeypatch, "pingdingshan", row, status=2)
    assert "line 1 must be an object with id, demand and reply" in capsys.readouterr().err
