"""Scripted conversations against the really started system: Rasa understands, PostgreSQL keeps, the web chat carries."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.e2e.citizen import Citizen
from tests.e2e.system import System

SCRIPTS = Path(__file__).parents[1] / "conversations" / "pingdingshan.yaml"
PLAYED = [
    script for script in yaml.safe_load(SCRIPTS.read_text(encoding="utf-8"))
    if all(set(line) <= {"say", "option", "intent", "fields", "kinds", "has", "lacks", "files_tickets", "told", "ticket"}
           for line in script["talk"])
]  # fmt: skip


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def said_in(replies: list[dict[str, Any]]) -> str:
    parts = []
    for reply in replies:
        parts += [reply["text"], *(option["label"] for option in reply.get("options", ()))]
        parts += [
            f"{field['label']}：{field.get('value', '')}"
            for field in reply.get("summary", {}).get("fields", ())
        ]
        parts += [reply["call"]["number"]] if "call" in reply else []
    return "\n".join(parts)


def test_ten_conversations_are_played() -> None:
    assert len(PLAYED) >= 10


@pytest.mark.parametrize("script", PLAYED, ids=[script["name"] for script in PLAYED])
def test_the_conversation_goes_as_scripted_on_the_running_system(
    script: dict[str, Any], system: System
) -> None:
    citizen = Citizen(system.gateway_url)
    for line in script["talk"]:
        more = {name: line[name] for name in ("option", "fields") if name in line}
        replies = citizen.say(line.get("say", ""), **more)
        seen = f"{line}\n---\n{said_in(replies)}"
        if "kinds" in line:
            assert [reply["kind"] for reply in replies] == listed(line["kinds"]), seen
        for words in listed(line.get("has", [])):
            assert words in said_in(replies), seen
        for words in listed(line.get("lacks", [])):
            assert words not in said_in(replies), seen
        filed = [
            reply for reply in replies if reply["kind"] in ("ticket", "handover") and reply.get("ticket")
        ]
        assert len(filed) == line.get("files_tickets", 0), seen
