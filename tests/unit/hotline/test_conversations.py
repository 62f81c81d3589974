"""Scripted conversations over the five cities: who says what, what must and must not come back."""

from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import Any

import pytest
import yaml

from channels.mailbox import codec
from hotline.conversation import Phase
from hotline.message import Act
from hotline.understanding import Intent
from tests.dialogue import MORNING, Person, pack_of

SCRIPTS = Path(__file__).parents[2] / "conversations"
ENVELOPE = codec.Envelope(city="c", key="c", sender="p", received_at=MORNING)
LINE = frozenset({
    "say", "option", "intent", "answered", "place", "files", "wait", "desk", "number", "fields", "letter", "add", "act", "grade",
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
    if "fields" in line:
        more["fields"] = tuple(sorted(line["fields"].items()))
    if line.get("numbered"):
        more["numbered"] = True
    said = str(line.get("say", line.get("add", "")))
    if "letter" in line:
        message = codec.letter(line["letter"], (), ENVELOPE)
        said, more = message.text, {"letter": True, "fields": message.fields}
    if "add" in line or "act" in line:
        assert person.state.letter is not None, line
        more["about"] = person.state.letter.identity.number
    if "act" in line:
        more |= {"act": Act(line["act"]), "grade": line.get("grade")}
    text = said.replace("{last}", person.tickets[-1].number if person.tickets else "")
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


def first_tickets() -> list[int]:
    """Return how many messages each script takes up to its first ticket, letters and dangers left out."""
    found = []
    for param in scripts():
        script = param.values[0]
        for count, line in enumerate(script["talk"], 1):
            if line.get("files_tickets"):
                if not (script.get("channel") == "mailbox" or line.get("ticket", {}).get("urgent")):
                    found.append(count)
                break
    return found


def test_the_page_says_how_many_messages_a_ticket_takes() -> None:
    counts = first_tickets()
    figure = (
        f"{len(counts)} scripts to a first ticket: median {median(counts):g} messages, most {max(counts)}"
    )
    assert figure in (Path(__file__).parents[3] / "docs" / "evaluation.md").read_text(encoding="utf-8"), (
        figure
    )


IDLE_TALK = ("前面我说得很清楚了", "反正就这样子吧", "唉，说来话长", "就是这么个情况啊", "反正我也没别的事")


@pytest.mark.duty("KF-3-1c")
def test_endless_talk_after_everything_is_recorded_is_led_to_its_end_with_the_number() -> None:
    person = filed_by("kaifeng")
    for text in ("前面我说得很清楚了", "反正就这样子吧"):
        assert person.tickets[-1].number in person.says(text, intent=Intent.OTHER).text
    came = person.says("唉，说来话长", intent=Intent.OTHER)
    assert "都登记好了" in came.text and person.tickets[-1].number in came.text
    assert person.says("我家着火了").filed, "who is in danger is heard however long they talked"


@pytest.mark.duty("BD-14", "BD-40")
@pytest.mark.parametrize(
    ("city", "recorded"), [("baoding", ["", "", "", "occupation", "occupation"]), ("kaifeng", [""] * 5)]
)
def test_going_on_after_the_end_is_on_record_where_the_text_has_it(city: str, recorded: list[str]) -> None:
    person = filed_by(city)
    came = [person.says(text, intent=Intent.OTHER) for text in IDLE_TALK]
    assert ["".join(note.misconduct for note in one.noted) for one in came] == recorded
    assert person.says("我家着火了").filed, "who is in danger is heard however long they talked"


@pytest.mark.duty("BD-14", "BD-40")
def test_insults_are_limited_politely_and_never_keep_a_matter_or_a_danger_out() -> None:
    person = Person(pack=pack_of("baoding"))
    said = [person.says(text).text for text in ("废物", "滚", "白痴", "白痴")]
    assert len(set(said)) == 3 and all("！" not in text for text in said)
    assert "哪个县" in person.says("路灯坏了好几天没人修", intent=Intent.COMPLAIN).text
    assert person.says("我家着火了").filed


@pytest.mark.duty("ALL-4", "BD-13")
def test_what_was_filed_here_can_be_urged_added_to_rated_and_taken_back_in_the_chat() -> None:
    person = filed_by("baoding")
    number = person.tickets[-1].number
    assert [told.name for told in person.says("催办").told] == ["urged"]
    person.says("补充情况")
    assert [(t.name, t.text) for t in person.says("又多了一堆").told] == [("supplemented", "又多了一堆")]
    person.desk(number, answered=True)
    person.says("评价")
    assert [(t.name, t.grade, t.solved) for t in person.says(option="grade_4").told] == [("rated", 4, "")]
    assert [(t.name, t.grade, t.solved) for t in person.says("部分解决").told] == [("rated", 4, "partly")]
    person.says("撤回")
    assert [told.name for told in person.says("是的").told] == ["withdrawn"]


@pytest.mark.duty("BD-38", "XA-G4")
@pytest.mark.parametrize(
    ("grade", "said", "told"),
    [
        ("grade_5", "解决了", [("rated", "yes")]),
        ("grade_1", "还没解决", [("rated", "no")]),
        ("grade_2", "来了一趟就走了", [("supplemented", "")]),  # a reason given instead of the answer
    ],
)
def test_who_rates_is_asked_whether_it_is_solved(grade: str, said: str, told: list[tuple[str, str]]) -> None:
    person = filed_by("xian")
    person.desk(person.tickets[-1].number, answered=True)
    person.says("评价")
    assert "解决了吗" in person.says(option=grade).text
    assert [(one.name, one.solved) for one in person.says(said).told] == told


def filed_by(city: str) -> Person:
    """Return somebody who has just filed one complaint."""
    person = Person(pack=pack_of(city))
    person.says("示例路垃圾上周开始就没人清", intent=Intent.COMPLAIN)
    for answer in ("示例路3号", "上周开始", "不留", "不说"):
        if person.state.phase is Phase.COLLECTING:
            person.says(answer)
    assert person.says("是的").filed
    return person


def test_there_are_sixty_and_every_city_has_ten() -> None:
    cities = [param.values[0]["city"] for param in scripts()]
    assert len(cities) >= 60
    for city in ("baoding", "kaifeng", "pingdingshan", "suqian", "xian"):
        assert cities.count(city) >= 10


def test_a_clear_intent_to_urge_or_take_back_counts_in_any_words() -> None:
    person = filed_by("xian")
    urged = person.says("我那件事都拖了半个月了，麻烦快一点处理", intent=Intent.URGE)
    assert [(told.name, told.text) for told in urged.told] == [
        ("urged", "我那件事都拖了半个月了，麻烦快一点处理")
    ]
    assert "要撤回" in person.says("已经修好了，那个单子不用再办了", intent=Intent.WITHDRAW).text
    assert [told.name for told in person.says("是的").told] == ["withdrawn"]
