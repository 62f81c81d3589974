"""No text can keep a pattern busy: what everybody's message goes through must answer at once."""

import re
from collections.abc import Iterator
from itertools import pairwise
from re import _constants as op  # type: ignore[attr-defined]  # the literals that an attacker would read there
from time import process_time
from typing import Any

import pytest

from cities.grams import _parsed, _parts, is_endless, is_runaway
from cities.loading import city_codes, load_pack
from hotline.citypack import CityPack, DangerType, ScopeRule
from hotline.screening import screen_acceptance, screen_emergency

LIMIT = 0.5  #: seconds of CPU; a pattern gone wild takes minutes
LONGEST_VIEW = 400  #: characters before and after a hit that patterns for extracts are shown
LONGEST_MESSAGE = 10_000
LONGEST_CLAUSE = 200  #: letters (hotline/substance.py)


def searched_whole(pack: CityPack) -> Iterator[str]:
    rules: tuple[DangerType | ScopeRule, ...] = (*pack.dangers, *pack.scope)
    for rule in rules:
        yield from (*rule.sure, *rule.doubt)
    for ticket_class in pack.classes.values():
        yield from ticket_class.patterns
    words = pack.reply_words
    yield from (pattern for patterns in words.contents.values() for pattern in patterns)
    yield from (*words.unsatisfied, *words.anonymous)
    for fault in words.faults.values():
        yield from (*fault.patterns, *fault.demand, *fault.not_demand, *fault.without)
    for void in pack.void_replies:
        yield from void.patterns


def searched_in_view(pack: CityPack) -> Iterator[str]:
    rules: tuple[DangerType | ScopeRule, ...] = (*pack.dangers, *pack.scope)
    yield from (pattern for rule in rules for pattern in rule.unless)
    yield from (*pack.not_now, *pack.now)
    yield from (pattern for fault in pack.reply_words.faults.values() for pattern in fault.unless)
    yield from (pattern for void in pack.void_replies for pattern in void.unless)


PACKS = [load_pack(code) for code in city_codes()]
WHOLE = sorted({pattern for pack in PACKS for pattern in searched_whole(pack)})
IN_VIEW = sorted({pattern for pack in PACKS for pattern in searched_in_view(pack)})


def members(parsed: Any) -> Iterator[str]:
    """Yield the words written in a pattern, in order."""
    word = ""
    for kind, value in parsed:
        if kind is op.LITERAL:
            word += chr(value)
            continue
        if word:
            yield word
        word = ""
        if kind is op.IN:
            yield from (chr(letter) for what, letter in value if what is op.LITERAL)
        for part in _parts(value):
            yield from members(part)
    if word:
        yield word


def adversarial(pattern: str, length: int) -> Iterator[str]:
    """Yield texts of at most ``length`` characters made of what the pattern itself says, and a tail."""
    words = list(dict.fromkeys(members(_parsed(pattern))))
    for word in words:
        for times in (40, 2000):
            yield (word * times)[: length - 1] + "\0"
        yield word[0] * length
    for left, right in pairwise(words):
        for times in (40, 2000):
            yield ((left + right) * times)[: length - 1] + "\0"
    everything = "".join(words)
    yield (everything * length)[: length - 1] + "\0"


def slowest(pattern: str, texts: Iterator[str]) -> float:
    compiled, worst = re.compile(pattern), 0.0
    for text in texts:
        start = process_time()
        compiled.search(text)
        worst = max(worst, process_time() - start)
    return worst


@pytest.mark.parametrize("part", range(8))
def test_no_pattern_takes_long_on_a_letter_made_of_its_own_words(part: int) -> None:
    for pattern in WHOLE[part::8]:
        assert slowest(pattern, adversarial(pattern, LONGEST_MESSAGE)) < LIMIT, pattern


@pytest.mark.parametrize("part", range(8))
def test_no_exception_takes_long_on_the_extract_that_it_is_shown(part: int) -> None:
    for pattern in IN_VIEW[part::8]:
        plain = (re.sub("[<>]", "", text) for text in adversarial(pattern, LONGEST_VIEW))
        assert slowest(pattern, (f"{text}<{text[:40]}>{text}" for text in plain)) < LIMIT, pattern


def test_no_pattern_for_a_clause_takes_long_on_the_longest() -> None:
    words = PACKS[0].reply_words
    for pattern in (*words.nothing, *words.facts, *words.filler):
        assert slowest(pattern, adversarial(pattern, LONGEST_CLAUSE)) < LIMIT / 10, pattern


def test_patterns_for_whole_letters_say_how_far_they_reach() -> None:
    assert [pattern for pattern in WHOLE if is_endless(pattern)] == []
    assert [pattern for pattern in (*WHOLE, *IN_VIEW) if is_runaway(pattern)] == []


@pytest.mark.parametrize(
    "text",
    [
        "你好" * 5000 + "管不管x",
        "着火" * 5000,
        "如果着火" * 2500,
        "去年着火，" * 2000,
        "工厂烟囱冒烟" * 1666,
        "有人拿刀" * 2500,
        "孩子人他老人" * 1666,
        "起诉法院你们" * 1666,
        "投诉法院" * 2500,
        "法院判你们改判" * 1428,
        "我是机关考核" * 1666,
        "吃了" + "1" * 9998,
        "几" * 10_000,
        "他跑了" * 3333,
        "了" * 10_000,
        "<" * 10_000,
        "a" * 10_000,
    ],
)
def test_the_longest_letter_is_screened_in_bounded_time(text: str) -> None:
    """The worst takes 0.2 s on a quiet machine; the bound leaves room for a busy one."""
    pack = load_pack("pingdingshan")
    start = process_time()
    screen_emergency(text[:LONGEST_MESSAGE], pack)
    screen_acceptance(text[:LONGEST_MESSAGE], pack)
    assert process_time() - start < 2


@pytest.mark.parametrize(
    ("pattern", "runaway"),
    [
        ("^(?:你|好|你好)*管", True),
        ("^(?:你|好|你好)*+管", False),
        ("(?:好|好)+呀呀|(?:真的?|的)*吗", True),
        ("(?:头|头晕|晕倒|倒头)*", True),
        ("(?:(?:哎)+呀?)*", True),
        ("(?:也?){0,40}", True),
        ("(?:快要|快|要){0,12}", True),
        ("(?:快要|快|要){0,3}", False),
        ("(?:这|这里|这个)*啊", False),
        ("[^，。]*(?:吗|呢|了)*", False),
    ],
)
def test_repeated_words_that_make_each_other_up_are_found(pattern: str, runaway: bool) -> None:
    assert is_runaway(pattern) is runaway


@pytest.mark.parametrize(
    ("pattern", "endless"),
    [("着[^，]*火", True), ("^着[^，]*火", False), ("(?s)^(?!.*违建).*吵", False), ("着[^，]{0,9}火", False)],
)
def test_reaching_on_without_end_is_for_patterns_that_begin_at_the_start(pattern: str, endless: bool) -> None:
    assert is_endless(pattern) is endless
