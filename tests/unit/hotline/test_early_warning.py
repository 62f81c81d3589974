"""Several people who tell of one unusual thing within hours warn; what is told every day, or once, does not."""

import json
import os
import random
from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from cities.loading import CITIES, load_pack
from cities.ordinary import ordinary_speech
from hotline.early_warning import EarlyWarning, Heard, Ordinary, Watch
from hotline.screening import screen_emergency

DATA = Path(__file__).parent / "data"
SEED = int(os.environ.get("HUYING_BURSTS_SEED", random.randrange(10**6)))
PACK = load_pack("_example")
WEEK = 7 * 24 * 60
NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)


@cache
def ordinary() -> Ordinary:
    return ordinary_speech(CITIES)


def rows(*paths: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for path in paths for line in path.read_text(encoding="utf-8").splitlines()]


def danger_in(text: str) -> str:
    found = screen_emergency(text, PACK)
    return found.type if found else ""


def heard(texts: Iterable[tuple[float, str, str, str]]) -> list[EarlyWarning]:
    """Return what a stream of minute, id, text and place warns of."""
    watch = Watch(ordinary())
    stream = (
        Heard(id=id, at=NOON + timedelta(minutes=minute), text=text, place=place, danger=danger_in(text))
        for minute, id, text, place in texts
    )
    return [warning for one in stream if (warning := watch.hear(one))]


@pytest.mark.duty("BD-32")
def test_incidents_of_a_week_warn_at_their_third_message_and_routine_does_not() -> None:
    """32 incidents and 18 ordinary topics, written by somebody who had not seen how they are told, among a city's week."""
    print(f"HUYING_BURSTS_SEED={SEED}")
    chance = random.Random(SEED)
    groups = defaultdict[str, list[dict[str, Any]]](list)
    for row in rows(DATA / "bursts.jsonl"):
        groups[row["group"]].append(row)
    stream = list[tuple[float, str, str, str]]()
    for name, told in groups.items():
        begins = chance.uniform(0, WEEK - told[-1]["minute"])
        stream += [
            (begins + row["minute"], f"{name}-{number}", row["text"], row["place"] or "")
            for number, row in enumerate(told)
        ]
    sets = [DATA / "independent" / f"emergency{number}.jsonl" for number in range(3, 8)]
    everyday = [row["text"] for row in rows(*sets) if not row["danger"]]
    stream += [
        (chance.uniform(0, WEEK), f"everyday-{number}", text, "") for number, text in enumerate(everyday)
    ]
    found = defaultdict[str, list[int]](list)
    for warning in heard(sorted(stream)):
        told_by = Counter(id.partition("-")[0] for id in warning.ids)
        group, times = told_by.most_common(1)[0]
        found[group if times > 1 else "chance"].append(times)
    incidents = {
        group: times for group, times in found.items() if groups.get(group, [{}])[0].get("kind") == "incident"
    }
    assert len(incidents) >= 25 and sum(min(times) for times in incidents.values()) <= 3.6 * len(incidents), (
        incidents
    )
    assert not [group for group in found if group in groups and group not in incidents]
    assert len(found["everyday"]) + len(found["chance"]) <= 8, found


TOLD = [
    "银杏里的水龙头放出来是黑的，一股柴油味", "银杏里停水了吗，放出来的水有柴油味", "我家住银杏里，孩子喝了那个水一直吐",
]  # fmt: skip


def at(minutes: Iterable[int], texts: Iterable[str]) -> list[tuple[float, str, str, str]]:
    return [
        (minute, str(number), text, "")
        for number, (minute, text) in enumerate(zip(minutes, texts, strict=True))
    ]


def test_three_warn_once_and_again_when_they_are_twice_as_many() -> None:
    more = ["银杏里3栋也是柴油味的水", "银杏里的水能不能洗澡，全是柴油味", "卖水的说银杏里的水有柴油味，谁管"]
    first, second = heard(at(range(0, 60, 10), [*TOLD, *more]))
    assert first.ids == {"0", "1", "2"} and len(second.ids) >= 6
    assert "银杏" in "".join(first.words)


def test_the_same_over_days_or_from_one_person_who_repeats_it_is_no_sign() -> None:
    assert heard(at(range(0, 3000, 1000), TOLD)) == []
    assert heard(at(range(0, 60, 20), [TOLD[0]] * 3)) == []


def test_what_everybody_says_is_no_sign() -> None:
    usual = ["公交车半天不来一趟，等了四十分钟", "公交车等了四十分钟也不来", "等公交车等了四十分钟，天天这样"]
    assert heard(at(range(0, 60, 20), usual)) == []
