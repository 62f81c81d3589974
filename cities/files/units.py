"""units.yaml: the units in their groups, the levels of the network, and whom each unit has on file."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from cities.files.sections import SECTIONS, Rules, read_section, read_sections
from cities.forms import Reader, versions
from cities.pages import Table
from hotline.bodies import Unit, UnitGroup
from hotline.law import Rule


def read(top: Table, reader: Reader, own: Table | None = None) -> Rules:
    """Return every unit: those that an annex lists with what is written about them, the others, and the city's ``own``."""
    of_groups, _, *others = SECTIONS["units"]
    groups = [
        group for group in read_section(reader, top, of_groups, _check_count) if isinstance(group, UnitGroup)
    ]
    listed = {name: _listed(group, name) for group in groups for name in group.members}
    tables = (*top.tables("units"), *_entered(own, groups))
    names = _names(top, tables, listed)
    knowing = reader.knowing({"group": [group.id for group in groups], "unit": names})
    written = versions(tables, lambda table: _unit(knowing, table, listed))
    if len({unit.id for unit in written if unit.default}) != 1:
        top.complain("要有且只有一个单位写 default: true，接办其他单位都不管的诉求。")
    told = {unit.name for unit in written}
    units = (*written, *(unit for name, unit in listed.items() if name not in told))
    rules = {"groups": tuple(groups), "units": units, **read_sections(knowing, top, others)}
    top.close()
    return rules


def _entered(own: Table | None, groups: Iterable[UnitGroup]) -> tuple[Table, ...]:
    """Return what the city wrote into its own file: outside every annex, and none that takes what is left over."""
    if own is None:
        return ()
    tables, annexes = tuple(own.tables("units")), {group.id for group in groups if group.members}
    for table in tables:
        if table.has("default"):
            table.complain("自己录入的单位不能写 default，那是城市资料里的事。请删去。", "default")
        if table.has("group") and table.text("group") in annexes:
            table.complain(
                "这个分组由法规附件列明，不能自己加单位。请删去 group，或者换一个没有名单的分组。", "group"
            )
    own.close()
    return tables


def _listed(group: UnitGroup, name: str) -> Unit:
    return Unit(
        id=name,
        name=name,
        group=group.id,
        citation=group.citation,
        duties=group.duties,
        ranked=group.ranked,
        effective_from=group.effective_from,
        effective_to=group.effective_to,
    )


def _unit(reader: Reader, table: Table, listed: Mapping[str, Unit]) -> Unit:
    name = table.text("name")
    given: dict[str, Any] = {"id": name}
    if annexed := listed.get(name):
        given |= {"citation": annexed.citation, "group": annexed.group, "ranked": annexed.ranked}
        given |= {"duties": annexed.duties}
        if table.has("group"):
            table.complain("分组的 members 里已经有这个单位，这里不要再写 group。请删去。", "group")
    unit = reader.read(Unit, table, given)
    if unit.superior == unit.id:
        table.complain("主管单位不能是它自己。请改正 superior。", "superior")
    return _dated_like(unit, annexed) if annexed else unit


def _dated_like(unit: Unit, annexed: Unit) -> Unit:
    since = unit.effective_from or annexed.effective_from
    return replace(unit, effective_from=since, effective_to=unit.effective_to or annexed.effective_to)


def _names(top: Table, tables: Iterable[Table], listed: Mapping[str, Unit]) -> dict[str, str]:
    """Return every written name and alias with the id it stands for; two units may not share one."""
    ids = {name: name for name in listed}
    for table in tables:
        name = table.text("name", default="")
        unit = table.text("id", default=name)
        for called in (name, unit, *(alias for _, alias in table.items("aliases", optional=True))):
            if ids.get(called, unit) not in (unit, name):
                table.complain(
                    f"“{called}”已经是另一个单位（{ids[called]}）的名称。请核对，一个名称只能指一个单位。"
                )
            ids[called] = unit
    return ids


def _check_count(table: Table, group: Rule) -> None:
    assert isinstance(group, UnitGroup)
    if group.count is not None and group.count != len(group.members):
        table.complain(
            f"count 写的是 {group.count} 个，members 里有 {len(group.members)} 个。请对照附件核对。", "count"
        )
