"""The class of a ticket follows the city's text: what fixes a kind's class goes before words."""

from dataclasses import replace
from functools import cache

import pytest

from cities.loading import load_pack
from hotline.citypack import CityPack
from hotline.ticket import classify

REPLANNED = "规划调整以后我们村还拆迁吗，想咨询一下"


@cache
def pack() -> CityPack:
    return load_pack("pingdingshan")


def with_kind(kind: str, **changes: object) -> CityPack:
    kinds = {**pack().kinds, kind: replace(pack().kinds[kind], **changes)}  # type: ignore[arg-type]
    return replace(pack(), kinds=kinds)


@pytest.mark.duty("PDS-8A")
@pytest.mark.parametrize("said", [REPLANNED, "楼顶违建归谁管", "占道经营怎么举报", "路灯几点开"])
def test_a_consultation_is_in_its_fixed_class_whatever_it_is_about(said: str) -> None:
    assert classify(pack(), kind="consultation", text=said) == "A"


def test_without_a_fixed_class_the_words_decide() -> None:
    assert classify(with_kind("consultation", class_fixed=None), kind="consultation", text=REPLANNED) == "C"
    assert classify(pack(), kind="suggestion", text=REPLANNED) == "C"


@pytest.mark.parametrize("missing", [None, "Z"])
def test_a_kind_without_a_known_class_gets_none_unless_words_tell_it(missing: str | None) -> None:
    lacking = with_kind("complaint", default_class=missing)
    assert classify(lacking, kind="complaint", text="路灯坏了") is None
    assert classify(lacking, kind="complaint", text="小贩占道经营") == "B"


def test_a_fixed_class_that_is_missing_falls_back_to_the_words() -> None:
    lacking = with_kind("consultation", default_class=None)
    assert classify(lacking, kind="consultation", text=REPLANNED) == "C"
    assert classify(lacking, kind="consultation", text="路灯几点开") is None


def test_an_unknown_kind_and_a_city_without_classes_are_no_error() -> None:
    assert classify(pack(), kind="unheard-of", text="路灯坏了") is None
    assert classify(replace(pack(), classes={}), kind="complaint", text="小贩占道经营") is None
