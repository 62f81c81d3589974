"""What the system says: plain and kind, to anybody, in every city."""

import re
from collections.abc import Iterator

import pytest

from tests.dialogue import pack_of

CITIES = ("baoding", "kaifeng", "pingdingshan", "suqian", "xian")
LONGEST = 45  #: characters from one full stop to the next
STIFF = (
    "予以",
    "敬请",
    "知悉",
    "上述",
    "此类",
    "鉴于",
    "届时",
    "贵方",
    "烦请",
    "务必",
    "逾期",
    "相关部门",
    "进行处理",
    "之规定",
    "特此",
    "如需",
    "若",
    "须",
)
PARTS = re.compile(r"[。？；\n]")


def said(city: str) -> Iterator[tuple[str, str]]:
    """Yield every sentence for citizens: those of the words, of the form, of privacy, grounds and dangers."""
    pack = pack_of(city)
    yield from ((name, text) for name, text in pack.words.items() if text.endswith(("。", "？")))
    for kind in pack.kinds.values():
        for asked in kind.questions:
            yield from (
                (f"{kind.id}.{asked.field}", text) for text in (asked.ask, asked.ask_again, asked.why) if text
            )
    yield from ((f"privacy.{rule.id}", rule.says) for rule in pack.privacy)
    yield from ((f"scope.{rule.id}", rule.ask) for rule in pack.scope if rule.ask)
    for danger in pack.dangers:
        yield from (
            (f"danger.{danger.id}", text) for text in (danger.headline, danger.why, danger.ask, *danger.steps)
        )


@pytest.mark.parametrize("city", CITIES)
def test_every_sentence_is_short_polite_and_plain(city: str) -> None:
    found = [
        (name, text) for name, text in said(city)
        if "！" in text or "你" in text or any(word in text for word in STIFF)
        or any(len(part) > LONGEST for part in PARTS.split(text))
    ]  # fmt: skip
    assert found == []


def test_a_city_says_some_things_in_its_own_words() -> None:
    assert "群众和企业" in pack_of("kaifeng").say("greeting") and "开封市市长专线电话" in pack_of(
        "kaifeng"
    ).say("greeting")
    assert pack_of("kaifeng").words["welcome"] == pack_of("xian").words["welcome"]
