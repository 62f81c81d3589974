"""How far leaders see: by the rows of the city, their body's level, and who is under whom."""

from dataclasses import replace

import pytest

from cities.loading import load_pack
from hotline.bodies import Unit
from hotline.citypack import CityPack
from hotline.leading import reach_of

PACK = load_pack("xian")
CITE = PACK.units[0].citation


def with_units() -> CityPack:
    """Return the law with a county, its subdistrict, a village under that, and two bodies that name each other."""

    def unit(id: str, level: str, superior: str | None = None) -> Unit:
        return Unit(id=id, name=f"名{id}", level=level, superior=superior, citation=CITE)

    more = (
        unit("c", "county"), unit("s", "township", "c"), unit("v", "village", "s"), unit("d", "city", "e"), unit("e", "city", "d"),
    )  # fmt: skip
    return replace(PACK, units=(*PACK.units, *more))


@pytest.mark.duty("XA-4")
@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("", {"chief": None}),
        ("名c", {"chief": {"名c", "名s", "名v"}, "superior": {"名s", "名v"}}),
        ("名s", {"superior": {"名v"}}),
        ("名v", {}),
        ("名d", {"superior": {"名e"}}),
        ("没有的单位", {}),
    ],
)
def test_leaders_reach_as_far_as_their_city_s_rows_say(body: str, told: dict[str, set[str] | None]) -> None:
    found = reach_of(with_units(), body)
    assert {one.rule.told_as: one.leads and set(one.leads) for one in found} == told
    assert all(one.takes_in("x", (one.rule.told_as,)) == (one.leads is None) for one in found)
    assert not any(one.takes_in("x", ()) for one in found)
