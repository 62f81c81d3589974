"""Demands that others took up come in by the command line, while the system serves citizens."""

import json
import os
import subprocess
import sys
import uuid
from typing import Any

import pytest

from groundwork.settings import PREFIX, PROJECT
from tests.e2e.citizen import Citizen, Dispatcher, eventually
from tests.e2e.system import System


def imported(system: System, channel: str, *rows: dict[str, Any]) -> tuple[int, list[dict[str, Any]], str]:
    """Import lines as an operator does; returns the exit status, what is printed of each, and the complaint."""
    done = subprocess.run(
        [sys.executable, "-P", "-m", "gateway", "import", "--channel", channel],
        cwd=PROJECT, env={**os.environ, **system.env, f"{PREFIX}CITY": "pingdingshan"}, capture_output=True, text=True,
        input="\n".join(json.dumps(row, ensure_ascii=False) for row in rows), timeout=120,
    )  # fmt: skip
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr


@pytest.mark.duty("PDS-3", "PDS-14", "ALL-3")
def test_what_the_board_took_up_reaches_the_desk_once_and_its_writer_finds_it(system: System) -> None:
    id = uuid.uuid4().hex
    row = {"id": id, "text": "示例广场的长椅都坏了，老人没有地方坐", "kind": "complaint", "place": "示例广场"}
    status, told, said = imported(system, "board", row, {"id": "broken", "text": "话", "phone": "12"}, row)
    assert status == 1 and len(told) == 3, said
    assert told[1]["id"] == "broken" and "phone" in told[1]["error"]
    first, again = told[0], told[2]
    assert first == again and first["channel"] == "board" and first["kind"] == "complaint"
    number = first["number"]
    assert system.count(f"SELECT count(*) FROM tickets WHERE number = '{number}' AND channel = 'board'") == 1
    dispatcher = Dispatcher(system.desk_url, "dispatcher", system.password("desk", "dispatcher"))
    page = eventually(lambda: (found := dispatcher.case(number)).status == 200 and found.text)
    assert "长椅都坏了" in page
    assert Citizen(system.gateway_url).progress(number, first["query_code"]).json()["number"] == number


def test_a_way_of_our_own_is_not_imported(system: System) -> None:
    status, told, said = imported(system, "webchat", {"id": "1", "text": "话"})
    assert (status, told) == (2, []) and "board" in said
