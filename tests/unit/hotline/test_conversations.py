"""Scripted conversations over the five cities: who says what, what must and must not come back."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from hotline.understanding import Intent
from tests.dialogue import Person, pack_of

SCRIPTS = Path(__file__).parents[2] / "conversations"
LINE = frozenset({
    "say", "option", "intent", "answered", "place", "files", "wait", "desk", "number", "fields", "letter", "form",
    "kinds", "has", "lacks", "files_tickets", "told", "ticket", "numbered",
})  # fmt: skip


def scripts() -> list[Any]:
    found = []
    for path in sorted(SCRIPTS.glob("*.yaml")):
        for script in yaml.safe_load(path.read_text(encoding="utf-8")):
            assert set(script) <= {"name", "city", "talk", "channel"}, script
            for line in script["talk"]:
                assert set(line) <= LINE, line
            found.append(pytest.param(script, id=f"{path.stem}-{script['name']}"))
    return found


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


@pytest.mark.parametrize("script", scripts())
def test_the_conversation_goes_as_scripted(script: dict[str, Any]) -> None:
    person = Person(pack=pack_of(script["city"]), channel=script.get("channel", "webchat"))
    for line in script["talk"]:
        spoken(person, line)


def spoken(person: Person, line: dict[str, Any]) -> None:
    """Play one line of a script and hold what comes back against it."""

    if "desk" in line:
        person.desk(person.tickets[-1].number, **line["desk"])
        return
    person.now += timedelta(minutes=line.get("wait", 0))
    more: dict[str, Any] = {}
    if "option" in line:
        more["option"] = line["option"]
    if "fields" in line or "form" in line:
        more["fields"] = tuple(sorted((line.get("fields") or line["form"]).items()))
    if line.get("letter"):
        more["letter"] = True
    if line.get("numbered"):
        more["numbered"] = True
    text = str(line.get("say", "")).replace("{last}", person.tickets[-1].number if person.tickets else "")
    came = person.says(
        text,
        intent=Intent(line["intent"]) if "intent" in line else None,
        answered=line.get("answered", False),
        place=line.get("place", ""),
        files=line.get("files", ()),
        **more,
    )
    seen = f"{line}\n---\n{came.text}"
    if "kinds" in line:
        assert [reply.kind for reply in came.replies] == listed(line["kinds"]), seen
    for words in listed(line.get("has", [])):
        assert words in came.text, seen
    for words in listed(line.get("lacks", [])):
        assert words not in came.text, seen
    assert len(came.filed) == line.get("files_tickets", 0), seen
    assert [one.name for one in came.told] == listed(line.get("told", [])), seen
    for name, value in line.get("ticket", {}).items():
        ticket = came.filed[-1]
        held = getattr(ticket, name) if hasattr(ticket, name) else getattr(ticket.contact, name)
        assert (value in held) if isinstance(value, str) and value else held == value, f"{name}: {held}"


def test_there_are_sixty_and_every_city_has_ten() -> None:
    cities = [param.values[0]["city"] for param in scripts()]
    assert len(cities) >= 60
    for city in ("baoding", "kaifeng", "pingdingshan", "suqian", "xian"):
        assert cities.count(city) >= 10
