"""The directory at its two ends: units that a city enters itself, and whom each unit must have on file."""

from pathlib import Path

import pytest

from cities.loading import check_cities, load_pack
from dispatch_desk.people import ROLES, Fault, Person, Standing, fault_of, read_lines, standings, wanted_of
from hotline.bodies import Unit
from hotline.citypack import CityPack
from hotline.dispatching import choose_unit
from hotline.errors import CityPackError

TOWNSHIP = """units:
  - name: 示范镇人民政府
    aliases: [示范镇]
    level: township
    places: [示范镇]
    keywords: [村里的路]
"""
CITES = {
    "pingdingshan": ("rules", "第五条"),
    "kaifeng": ("rules", "四（一）"),
    "baoding": ("draft", "第七条第二款"),
    "suqian": ("rules", "二（一）"),
    "xian": ("plan", "三（四）"),
}


def own_units(folder: Path, city: str, more: str = "") -> Path:
    source, article = CITES[city]
    path = folder / "units.yaml"
    path.write_text(f"{TOWNSHIP}{more}    source: {source}\n    article: {article}\n", encoding="utf-8")
    return path


def unit_of(pack: CityPack, name: str) -> Unit:
    return next(unit for unit in pack.units if unit.name == name)


def roles(pack: CityPack, name: str) -> list[str]:
    return [one.role for one in wanted_of(pack, unit_of(pack, name))]


@pytest.mark.duty("PDS-5", "BD-7", "KF-4a", "SQ-2-1", "XA-M4c")
@pytest.mark.parametrize("city", sorted(CITES))
def test_a_unit_that_the_city_entered_is_proposed_like_any_other(city: str, tmp_path: Path) -> None:
    pack = load_pack(city, own_units=own_units(tmp_path, city))
    choice = choose_unit(pack, text="村里的路坏了，示范镇没人修", place="示范镇")
    assert choice.unit.name == "示范镇人民政府"
    assert choice.unit.citation.article == CITES[city][1]
    assert load_pack(city).digest != pack.digest, "a ticket names the law that it was filed under"


@pytest.mark.duty("BD-7")
def test_groups_without_an_annex_take_units_of_the_city_and_annexes_do_not(tmp_path: Path) -> None:
    pack = load_pack("baoding", own_units=own_units(tmp_path, "baoding", "    group: townships\n"))
    assert unit_of(pack, "示范镇人民政府").group == "townships"
    with pytest.raises(CityPackError, match="由法规附件列明"):
        load_pack("kaifeng", own_units=own_units(tmp_path, "kaifeng", "    group: counties\n"))


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ("    default: true\n", "不能写 default"),
        ("    colour: red\n", "不认识的键“colour”"),
        ("    superior: 没有的单位\n", "没有的单位"),
    ],
)
def test_a_faulty_file_of_own_units_is_refused_with_its_line(more: str, told: str, tmp_path: Path) -> None:
    path = own_units(tmp_path, "xian", more)
    with pytest.raises(CityPackError, match=told) as refusal:
        load_pack("xian", own_units=path)
    assert str(refusal.value).startswith(f"{path}:")
    assert check_cities(own_units={"xian": path}) == str(refusal.value).splitlines()


def test_a_missing_file_of_own_units_is_said(tmp_path: Path) -> None:
    with pytest.raises(CityPackError, match="缺少这个文件"):
        load_pack("xian", own_units=tmp_path / "none.yaml")


@pytest.mark.duty("SQ-2-1")
def test_every_unit_of_suqian_needs_a_leader_and_a_dedicated_person() -> None:
    pack = load_pack("suqian")
    annexed = [unit for unit in pack.units if unit.group is not None]
    assert len(annexed) == 155
    assert all(
        {"deputy_head", "dedicated_person"} <= {one.role for one in wanted_of(pack, unit)} for unit in annexed
    )
    leader = next(one for one in wanted_of(pack, annexed[0]) if one.role == "dedicated_person")
    assert leader.law.article == "二（一）"


@pytest.mark.duty("KF-4a")
def test_listed_units_of_kaifeng_need_their_chief_and_departments_outside_a_part_time_contact(
    tmp_path: Path,
) -> None:
    pack = load_pack("kaifeng", own_units=own_units(tmp_path, "kaifeng"))
    assert {"chief", "dedicated_person"} <= set(roles(pack, "市税务局"))
    assert roles(pack, "示范镇人民政府") == ["part_time_contact"]


@pytest.mark.duty("PDS-5")
def test_every_unit_of_pingdingshan_needs_chief_deputy_head_and_head_of_office(tmp_path: Path) -> None:
    pack = load_pack("pingdingshan", own_units=own_units(tmp_path, "pingdingshan"))
    for unit in pack.units:
        assert {"chief", "deputy_head", "head_of_office"} <= {one.role for one in wanted_of(pack, unit)}
    assert wanted_of(pack, unit_of(pack, "示范镇人民政府"))[0].law.article == "第五条"


@pytest.mark.duty("XA-M4c")
def test_every_unit_of_xian_needs_a_leader_and_a_person_responsible() -> None:
    pack = load_pack("xian")
    assert all(
        {"deputy_head", "handler"} <= {one.role for one in wanted_of(pack, unit)} for unit in pack.units
    )


@pytest.mark.duty("BD-7")
def test_every_unit_of_baoding_needs_a_named_person() -> None:
    pack = load_pack("baoding")
    assert all("dedicated_person" in {one.role for one in wanted_of(pack, unit)} for unit in pack.units)


def test_every_role_that_a_text_asks_for_can_be_entered() -> None:
    for city in CITES:
        assert {role for record in load_pack(city).on_file for role in record.roles} <= set(ROLES)


def test_what_a_unit_lacks_is_what_is_asked_for_and_not_entered() -> None:
    pack = load_pack("suqian")
    unit = next(unit for unit in pack.units if unit.group is not None)
    standing = Standing(unit=unit, wanted=wanted_of(pack, unit), filled=frozenset({"deputy_head", "liaison"}))
    assert "dedicated_person" in standing.missing and "deputy_head" not in standing.missing
    assert len(standings(pack, {})) == len(pack.units)


# Lines of a sheet

WORDS = {"分管领导": "deputy_head", "专职人员": "dedicated_person"}


def test_lines_of_a_sheet_become_people_whatever_parts_their_columns() -> None:
    pack = load_pack("kaifeng")
    text = "单位\t角色\t姓名\t电话\n市税务局\t分管领导\t 示例甲 \t0371-00000000\n\n市税务局，专职人员，示例乙，00000000转12\n"
    people, faults = read_lines(pack, text, WORDS)
    assert faults == [] or faults == ()
    assert [(one.unit, one.role, one.name) for one in people] == [
        ("市税务局", "deputy_head", "示例甲"),
        ("市税务局", "dedicated_person", "示例乙"),
    ]


def test_every_faulty_line_is_named_and_nobody_is_entered() -> None:
    pack = load_pack("kaifeng")
    good = "市税务局,分管领导,示例甲,00000000"
    text = "\n".join(
        [good, "市税务局,分管领导,示例甲", "没有的局,分管领导,示例甲,00000000", "市税务局,局草,示例甲,00000000",
         "市税务局,分管领导,,00000000", "市税务局,分管领导,示例乙,电话", good]
    )  # fmt: skip
    people, faults = read_lines(pack, text, WORDS)
    assert people == ()
    assert list(faults) == [
        Fault(2, "columns"), Fault(3, "unit", "没有的局"), Fault(4, "role", "局草"), Fault(5, "name"),
        Fault(6, "phone"), Fault(7, "twice"),
    ]  # fmt: skip


def test_a_sheet_that_never_ends_is_refused() -> None:
    _, faults = read_lines(load_pack("kaifeng"), "市税务局,分管领导,示例甲,00000000\n" * 3000, WORDS)
    assert faults[-1].why == "many"


@pytest.mark.parametrize("phone", ["00000000", "0371-0000 0000", "+86 37100000000", "00000000转1234"])
def test_phones_as_offices_write_them_are_taken(phone: str) -> None:
    assert fault_of(Person(unit="市税务局", role="chief", name="示例甲", phone=phone)) == ""
