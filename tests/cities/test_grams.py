"""What is skipped because its letters are missing could not have matched."""

import re
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cities.grams import needed, shortest
from cities.loading import city_codes, load_pack
from hotline.citypack import DangerType, ScopeRule


@cache
def patterns() -> tuple[str, ...]:
    found: dict[str, None] = {}
    for code in city_codes():
        pack = load_pack(code)
        rules: tuple[DangerType | ScopeRule, ...] = (*pack.dangers, *pack.scope)
        for rule in rules:
            found |= dict.fromkeys((*rule.sure, *rule.doubt, *rule.unless))
        found |= dict.fromkeys((*pack.not_now, *pack.now))
    return tuple(found)


def test_every_shipped_pattern_compiles() -> None:
    assert len(patterns()) > 200
    for pattern in patterns():
        assert re.compile(pattern).search("") is None


@given(st.data())
@settings(print_blob=True, max_examples=300, deadline=None)
def test_whatever_a_pattern_matches_holds_one_of_its_grams(data: st.DataObject) -> None:
    pattern = data.draw(st.sampled_from(patterns()))
    try:
        text = data.draw(st.from_regex(_without_looking(pattern)))
    except re.error:
        return
    if re.search(pattern, text):
        grams = needed(pattern)
        assert not grams or any(gram in text for gram in grams)


@pytest.mark.parametrize(
    ("pattern", "grams"),
    [
        ("着火", {"着火"}),
        ("(?:着|起)火", {"着火", "起火"}),
        ("在[^，]{0,4}(?:打架|斗殴)", {"打架", "斗殴"}),
        ("(?:浓|黑)?烟", {"烟"}),
        ("水[里中]", {"水里", "水中"}),
        (".{2,3}", set()),
    ],
)
def test_grams_are_the_letters_that_no_match_can_lack(pattern: str, grams: set[str]) -> None:
    assert needed(pattern) == grams


def test_a_look_behind_of_no_fixed_length_is_an_error_before_it_is_used() -> None:
    with pytest.raises(re.error, match="fixed-width"):
        shortest("(?<=没|没有)火")
    assert shortest("(?<!一)起火") == 2 and shortest("火*") == 0


def _without_looking(pattern: str) -> str:
    """Return ``pattern`` with its simple assertions taken out, so that texts can be made from it."""
    return re.sub(r"\(\?<?[!=][^()]*\)", "", pattern)
