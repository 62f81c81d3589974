"""Units learnt from past dispatches: the same every time, read by plain arithmetic, sure only where it can be."""

from dataclasses import replace
from functools import cache

import pytest

from bots.unit_learning import LEAST, Learnt, Past, TooFewTicketsError, learn
from hotline.routing import NEARLY_NONE, OPENING, keys_of, read
from tests.bench.history import generated

SEED = 11


@cache
def past(count: int = 2_000) -> tuple[Past, ...]:
    return tuple(Past(text=one.text, unit=one.unit, at=one.at) for one in generated(count, seed=SEED))


@cache
def learnt() -> Learnt:
    return learn(past(), version="v1")


def test_the_newest_tickets_are_told_by_the_others() -> None:
    found = learnt().measured
    assert found.tickets == 400 and found.top_1 > 0.7 and found.top_3 > 0.9, f"seed {SEED}: {found}"


def test_what_was_measured_is_what_the_weights_say_when_they_are_read() -> None:
    """Numbers cut to whole ones and small ones left out change next to nothing."""
    held, earlier = learnt().held, learnt().earlier
    hits = sum(earlier.judge(one.text, most=1).proposals[0].unit == one.unit for one in held)
    assert hits / len(held) == pytest.approx(learnt().measured.top_1, abs=0.006), f"seed {SEED}"


def test_the_same_tickets_teach_the_same() -> None:
    one, two = (learn(past()[:400], version="v").routing for _ in range(2))
    assert [bytes(memoryview(one.weights)), bytes(memoryview(one.keys))] == [  # type: ignore[arg-type]
        bytes(memoryview(two.weights)), bytes(memoryview(two.keys))  # type: ignore[arg-type]
    ]  # fmt: skip
    assert one.trust == two.trust and one.bias == two.bias


def test_probabilities_make_one_and_come_in_order() -> None:
    routing = learnt().routing
    proposals = routing.judge("公积金提取要什么材料", most=len(routing.units)).proposals
    scores = [one.score for one in proposals]
    assert sum(scores) == pytest.approx(1) and scores == sorted(scores, reverse=True)
    assert proposals[0].unit == "示例市住房公积金管理中心"


def test_a_text_without_a_known_letter_is_answered_and_not_sure() -> None:
    for text in ("", "zzz", "\ud800", "🌊"):
        judged = learnt().routing.judge(text, most=1)
        assert len(judged.proposals) == 1 and not judged.sure


def test_nothing_is_sure_where_labels_are_drawn_by_lot() -> None:
    mixed = [replace(one, unit=past()[n * 7 % 600].unit) for n, one in enumerate(past()[:600])]
    trust = learn(mixed, version="v").routing.trust
    assert trust.sure_from > 1 - NEARLY_NONE


def test_too_few_tickets_or_units_are_told() -> None:
    with pytest.raises(TooFewTicketsError, match=str(LEAST)):
        learn(past()[: LEAST - 1], version="v")
    with pytest.raises(TooFewTicketsError, match="two units"):
        learn([replace(one, unit="示例局") for one in past()[:300]], version="v")


def test_telephone_numbers_are_not_learnt_and_long_letters_are_cut() -> None:
    assert read("电话 13800000001\n请回") == "电话 0 请回"
    assert len(read("路" * 5_000)) < 2 * OPENING
    assert len(set(keys_of("路灯坏了"))) == 4 + 3 + 2
