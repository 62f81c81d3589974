"""``huying open311 key`` tells a key once, and what the setting keeps of it."""

import argparse
import json
from pathlib import Path

import pytest

from channels.open311.keys import client_of
from gateway import commands
from groundwork.settings import Settings


def run(client: str) -> int:
    parser = argparse.ArgumentParser()
    commands.add_to(parser.add_subparsers())
    asked = parser.parse_args(["open311", "key", client])
    return int(asked.call(asked, Settings(city="_example", state_dir=Path("unused"))))


def test_the_key_that_is_told_is_the_one_that_the_setting_knows(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("city-app") == 0
    told = json.loads(capsys.readouterr().out)
    known = Settings.from_env({"HUYING_OPEN311_KEYS": told["HUYING_OPEN311_KEYS"]}).open311_keys
    assert client_of(told["api_key"], known) == "city-app" and told["api_key"] not in str(known)


def test_a_name_that_the_setting_could_not_hold_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("a,b") == 2 and not capsys.readouterr().out
