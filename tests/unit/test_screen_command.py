"""``huying screen`` tells both screens and what a ticket would be, with the code that serves citizens."""

import argparse
import io
import json
from pathlib import Path

import pytest

from gateway import commands
from groundwork.settings import Settings

KEYS = ["id", "emergency", "not_accepted", "kind", "utility", "enterprise", "confidential", "tags"]


def screen(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *texts: str
) -> list[dict[str, object]]:
    rows = "\n".join(json.dumps({"id": n, "text": text}) for n, text in enumerate(texts))
    monkeypatch.setattr("sys.stdin", io.StringIO(rows))
    parser = argparse.ArgumentParser()
    commands.add_to(parser.add_subparsers())
    asked = parser.parse_args(["screen", "--city", "_example"])
    assert asked.call(asked, Settings(city="_example", state_dir=Path("unused"))) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_every_row_tells_the_same_things(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said = ["我家楼下着火了", "法院判我输了，你们让法院改判", "路灯坏了", ""]
    rows = screen(monkeypatch, capsys, *said)
    assert [list(row) for row in rows] == [KEYS] * 4
    fire, court, lamp, nothing = rows
    assert (
        isinstance(fire["emergency"], dict) and fire["emergency"]["call"] == "119" and fire["kind"] == "help"
    )
    assert isinstance(court["not_accepted"], dict) and court["not_accepted"]["sure"]
    assert lamp["emergency"] is None and lamp["not_accepted"] is None
    assert (nothing["kind"], nothing["utility"], nothing["confidential"]) == ("other", False, False)


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("我要投诉楼下饭店油烟扰民", "complaint"),
        ("请问医保怎么报销", "consultation"),
        ("我要举报这家工厂偷排污水", "report"),
        ("建议在路口加装红绿灯", "suggestion"),
        ("表扬一下热心的公交司机", "praise"),
        ("你好", "other"),
    ],
)
def test_the_kind_is_what_a_ticket_would_have(
    said: str, kind: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (row,) = screen(monkeypatch, capsys, said)
    assert row["kind"] == kind


def test_matters_are_those_of_the_city(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    dry, street = screen(monkeypatch, capsys, "我们小区停水两天了", "路上有积水")
    assert (dry["utility"], dry["enterprise"]) == (True, False)
    assert (street["utility"], street["enterprise"]) == (False, False)
