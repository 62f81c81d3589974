"""Within a version events only grow: who was built against its first form understands today's, and the reverse."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from dispatch_client import payloads
from groundwork.contract import SCHEMAS, findings
from groundwork.settings import PROJECT
from hotline.dispatching import UnitShare
from hotline.message import Location
from hotline.places import Place
from hotline.tagging import Tag
from hotline.ticket import Contact
from hotline.transcript import By, Line
from tests.dispatch import FILED_AT, a_number, a_ticket

#: The schemas as they were when the first centre was built against them; never to be changed.
FIRST = PROJECT / "tests" / "unit" / "dispatch_client" / "data" / "contract-1.0"
NAMES = sorted(path.name.removesuffix(".v1.json") for path in FIRST.glob("*.json"))
LINES = (
    Line(at=FILED_AT, by=By.CITIZEN, text="路灯不亮"),
    Line(at=FILED_AT + timedelta(seconds=2), by=By.BOT, text="请问在哪里？"),
)


def first(name: str) -> dict[str, Any]:
    schema: dict[str, Any] = json.loads((FIRST / f"{name}.v1.json").read_text(encoding="utf-8"))
    return schema


def today(name: str) -> dict[str, Any]:
    schema: dict[str, Any] = json.loads((SCHEMAS / f"{name}.v1.json").read_text(encoding="utf-8"))
    return schema


def narrowed(old: Any, new: Any, at: str = "") -> Iterator[str]:
    """Yield every place at which ``new`` takes less than ``old``, promises less or means another thing."""
    if not isinstance(old, dict) or not isinstance(new, dict):
        if old != new:
            yield at
        return
    for key, value in old.items():
        if isinstance(value, str) and key in ("description", "title", "$id"):
            continue
        if key == "required":
            if set(value) != set(new.get(key, ())):
                yield f"{at}/required"
        elif key not in new:
            yield f"{at}/{key}"
        else:
            yield from narrowed(value, new[key], f"{at}/{key}")
    if isinstance(old.get("type"), str | list):
        for key in new.keys() - old.keys() - {"description"}:
            yield f"{at}/{key}"


def full_ticket() -> dict[str, Any]:
    law = a_ticket().law[0]
    ticket = a_ticket(
        location=Location(lat=33.7, lon=113.3, label="门口"), attachments=("ab12",), tags=(Tag(tag="utility", why="示例"), Tag(tag="group", why="示例")),
        site=Place(said="示例区示例路", county="示例区", code="410402"),
        named=("示例物业公司",), related=(a_number("BBBBBBBB"),), lead_unit_confidence=0.93,
        co_handlers=(UnitShare(unit="示例市城市管理局", why="说到了“路灯”。", law=law, confidence=0.4),),
        copies=(UnitShare(unit="示例市东区人民政府", why="在它的地方。", law=law),), matters=("utility",), urgent=True,
    )  # fmt: skip
    data = payloads.ticket_data(ticket, channel_label="网页对话", transcript=LINES)
    link = {"id": "ab12", "name": "1.jpg", "type": "image/jpeg", "size": 5, "url": "https://example.com/1",
            "expires_at": "2026-11-20T16:30:00+08:00"}  # fmt: skip
    return {**data, "files": [link]}


@pytest.mark.parametrize("name", NAMES)
def test_a_schema_asks_for_no_more_and_allows_no_less_than_it_did(name: str) -> None:
    assert list(narrowed(first(name), today(name))) == []


def test_what_is_sent_today_is_understood_by_who_was_built_against_the_first_form() -> None:
    data = full_ticket()
    assert findings("filed", data) == []
    assert list(Draft202012Validator(first("filed")).iter_errors(data)) == []


def test_what_was_sent_first_is_understood_today() -> None:
    known = first("filed")["properties"]
    then = {name: value for name, value in full_ticket().items() if name in known}
    assert len(then) < len(full_ticket()) and findings("filed", then) == []


def test_the_check_finds_what_would_break_a_centre() -> None:
    old = first("filed")
    for path, change in (
        (("required",), [*old["required"], "mood"]),
        (("properties", "title"), {"type": "string", "maxLength": 20}),
        (("properties", "kind"), {"type": "integer"}),
        (("properties", "related", "maxItems"), 1),
    ):
        new = json.loads(json.dumps(old))
        place = new
        for part in path[:-1]:
            place = place[part]
        place[path[-1]] = change
        assert list(narrowed(old, new)), path


def test_a_ticket_tells_who_and_what_it_is_about() -> None:
    data = full_ticket()
    assert data["source"] == {"channel": "webchat", "label": "网页对话"}
    assert data["division"] == {"code": "410402", "name": "示例区"}
    assert [party["name"] for party in data["parties"]] == ["张样例", "示例物业公司"]
    assert data["tags"] == ["complaint", "utility", "group", "urgent"]
    assert [line["by"] for line in data["transcript"]] == ["citizen", "bot"]


def test_of_a_confidential_ticket_the_parties_tell_the_token_alone() -> None:
    ticket = a_ticket(contact=Contact(confidential=True, token="ABCDEFGH2345"))
    (reporter,) = payloads.ticket_data(ticket)["parties"]
    assert reporter == {"role": "reporter", "name": "", "phone": "", "token": "ABCDEFGH2345"}
