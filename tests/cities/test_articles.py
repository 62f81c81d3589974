"""Chinese numerals and the places of an instrument."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cities.articles import missing, numeral, places_of, steps


@pytest.mark.parametrize(
    ("number", "written"),
    [
        (1, "一"), (10, "十"), (12, "十二"), (20, "二十"), (31, "三十一"), (100, "一百"), (101, "一百零一"),
        (110, "一百一十"), (171, "一百七十一"), (306, "三百零六"), (1000, "一千"), (1010, "一千零一十"), (1260, "一千二百六十"),
    ],
)  # fmt: skip
def test_numbers_are_written_as_law_writes_them(number: int, written: str) -> None:
    assert numeral(number) == written


@given(st.integers(1, 1999), st.integers(1, 1999))
def test_no_two_numbers_look_alike(one: int, other: int) -> None:
    assert (numeral(one) == numeral(other)) == (one == other)


@pytest.mark.parametrize(
    ("last", "has", "has_not"),
    [
        ("第三十一条", ["第一条", "第二十条", "第三十一条"], ["第三十二条", "第零条", "第31条"]),
        ("第四条第五项", ["第四条第一项", "第四条第五项"], ["第四条第六项", "第四条", "第五条第一项"]),
        ("第十七条第三款", ["第十七条第二款"], ["第十七条第二项"]),
        ("四", ["一", "四"], ["五"]),
        ("三（四）", ["三（一）", "三（四）"], ["三（五）", "二（一）"]),
        ("三（四）2（4）", ["三（四）2（1）", "三（四）2（4）"], ["三（四）1（1）", "三（四）2（5）"]),
        ("五（二）8", ["五（二）1", "五（二）8"], ["五（二）9"]),
        ("附件", ["附件"], ["附件1"]),
        ("附件2", ["附件1", "附件2"], ["附件3", "附件"]),
        ("附件（五）", ["附件（一）", "附件（五）"], ["附件（六）"]),
        ("第四条第三项第2目", [], ["第四条第三项"]),
    ],
)
def test_the_last_place_of_a_row_stands_for_all_before_it(
    last: str, has: list[str], has_not: list[str]
) -> None:
    places = places_of([last] if steps(last) else [])
    assert set(has) <= places and places.isdisjoint(has_not)


def test_a_citation_may_name_several_places_and_each_must_exist() -> None:
    places = places_of(["第三条", "第二条第二款"])
    assert missing("第一条、第三条", places) == ()
    assert missing("第一条、第四条、第二条第三款", places) == ("第四条", "第二条第三款")
    assert missing("全文", places) == ()


@pytest.mark.parametrize("place", ["4", "第四", "三(四)", "第四条第五", "附录", "第四条 第一项"])
def test_what_is_not_written_like_a_place_is_none_of_an_articles_instrument(place: str) -> None:
    assert missing(place, places_of(["第十条", "三（四）"])) == (place,)
