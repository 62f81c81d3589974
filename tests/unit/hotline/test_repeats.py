"""Which tickets are proposed to be one matter: words, place and time together."""

from datetime import datetime, timedelta

import pytest

from hotline.calendar import CITY_TIME
from hotline.message import Location
from hotline.repeats import MOST, WITHIN, Told, likenesses, of_a_sort, pairs_of, same_place

AT = datetime(2026, 11, 20, 9, 0, tzinfo=CITY_TIME)
HERE = Location(lat=33.7350, lon=113.3000)


def told(
    number: str, text: str, place: str = "", *, location: Location | None = None, days: float = 0
) -> Told:
    at = AT + timedelta(days=days)
    return Told(number=number, pairs=pairs_of(text), place=place, location=location, at=at)


NEW = told("new", "示例东路的路灯坏了三天，晚上一片漆黑，老人不敢出门", "示例东路中段")
#: tickets of other matters, which say what is common
OTHERS = tuple(
    told(f"o{n}", text, f"示例{n}街区{n}号")
    for n, text in enumerate(["公司拖欠工资不给", "小区停水两天了", "公交车一直不来", "饭店油烟太大"])
)


def found(*others: Told, own: tuple[str, ...] = ()) -> list[str]:
    return [one.number for one in likenesses(NEW, (*OTHERS, *others), own=own)]


def test_other_words_for_one_matter_at_one_place_are_found() -> None:
    assert found(told("same", "示例东路路灯不亮，晚上漆黑，老人出门不方便", "示例东路")) == ["same"]
    assert found(told("other", "示例东路有人占道摆摊，老人没法走", "示例东路中段")) == []


def test_the_same_words_about_another_place_are_another_matter() -> None:
    assert found(told("there", "示例东路的路灯坏了三天，晚上一片漆黑", "向阳大街北口")) == []


@pytest.mark.parametrize(("north", "proposed"), [(0.001, ["near"]), (0.02, [])])
def test_points_tell_one_place_from_two(north: float, proposed: list[str]) -> None:
    other = told("near", "路灯坏了三天，晚上一片漆黑", location=Location(lat=HERE.lat + north, lon=HERE.lon))
    new = told("new", "路灯坏了好几天，晚上一片漆黑", location=HERE)
    assert [one.number for one in likenesses(new, (*OTHERS, other))] == proposed


def test_without_a_place_the_words_must_be_much_alike() -> None:
    assert found(told("vague", "有几盏路灯坏了")) == []
    assert found(told("copy", "示例东路的路灯坏了三天，晚上一片漆黑，老人都不敢出门")) == ["copy"]


def test_a_district_alone_is_no_place() -> None:
    assert same_place(told("a", "", "东区"), told("b", "", "东区示例东路")) is None


def test_one_person_at_two_doors_has_two_matters() -> None:
    """A neighbour may give another number for one matter; who gives two of them means two."""
    new = told("new", "路灯坏了三天，晚上一片漆黑", "示例东路84号")
    other = told("there", "路灯坏了三天，晚上一片漆黑", "示例东路86号")
    assert likenesses(new, (*OTHERS, other), own=("there",)) == ()
    assert [one.number for one in likenesses(new, (*OTHERS, other))] == ["there"]


def test_old_tickets_are_another_time() -> None:
    old = told("old", "示例东路的路灯坏了三天，晚上一片漆黑，老人不敢出门", "示例东路中段")
    assert found(old) == ["old"]
    late = told(
        "old", "示例东路的路灯坏了三天，晚上一片漆黑，老人不敢出门", "示例东路中段", days=-WITHIN.days - 1
    )
    assert found(late) == []


def test_no_more_are_proposed_than_a_person_looks_at() -> None:
    many = [told(f"s{n}", "示例东路的路灯坏了，晚上一片漆黑", "示例东路中段") for n in range(MOST + 3)]
    assert len(found(*many)) == MOST


def test_matters_of_one_sort_are_like_wherever_they_are() -> None:
    held = {
        "north": pairs_of("示例花园北侧工地夜间施工，晚上睡不着"),
        "south": pairs_of("示例大道工地夜间施工吵人"),
        "bus": pairs_of("公交车等了一个小时不来"),
        "tap": pairs_of("家里停水三天了"),
    }
    new = pairs_of("示例小区东边工地夜间施工，晚上睡不着")
    assert of_a_sort(new, held) == ("north", "south")
    assert of_a_sort(new, held, most=1) == ("north",) and of_a_sort(new, {}) == ()
