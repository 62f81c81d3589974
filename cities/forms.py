"""Makes rules out of tables by the annotations of the rules themselves; what they do not name is unknown."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from cities.articles import missing
from cities.pages import Table
from hotline.citation import Citation, LawStatus, Route
from hotline.law import Figure, Rule, Source
from hotline.vocabulary import Between, Expression, Form, Known, OneOf, Reasoned

Value = TypeVar("Value")
Dated = TypeVar("Dated", bound=Rule)
Mark = OneOf | Known | Form | Between | Expression | Reasoned

#: What the lists of words and the references are called, when somebody wrote another word.
NAMES: Mapping[str, str] = {
    "kind": "诉求种类", "question": "问题", "what": "事项", "start": "起算点", "channel": "渠道", "assignment": "交办方式", "case": "办理中的情形",
    "matter": "事项门类", "tag": "标签", "emergency_number": "紧急电话", "step": "步骤", "level": "层级", "role": "角色", "content": "内容",
    "topic": "主题", "effect": "后果", "rhythm": "周期", "measured": "计量单位", "bound": "界限", "count": "计数", "scored": "计分方式",
    "unfixed": "定时限的方式", "silence": "没有规定的事项", "fallback": "没有规定时的做法", "late_return": "逾期退回的后果",
    "return_again": "再次退回", "late_request": "逾期申请的后果", "rewards": "奖惩对象", "unit_duty": "职责", "when": "派单情形",
    "dispatch": "派单方式", "given_by": "归类方式", "speaker": "诉求人", "run_by": "接收方式", "handling": "处置方式",
    "about": "对象", "shared": "信息", "withheld_from": "保密对象", "needed": "要求的情形", "heard_as": "例句的理由", "fault": "答复的毛病", "remark": "可以写得更好的地方", "shown": "报告的内容", "sign": "看得出来的情形",
    "source": "依据（要先写进 sources.yaml）", "class": "类别（要先写进 kinds.yaml 的 classes）",
    "unit": "单位（要先写进 units.yaml）", "group": "单位分组（要先写进 units.yaml 的 groups）",
    "duty": "职责编号（见 cities/duties.yaml）", "reading": "解释编号（见 cities/readings.yaml）",
    "wording": "说法（要先写进 cities/common/grounds.yaml 的 wordings）",
    "case_step": "办件的步骤", "actor": "由谁做", "meeting": "研判会", "reach": "看到哪里",
    "id": "英文代号，例如 class-a-finish",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Slot:
    """One field of a rule: the key it is written at and what may stand there."""

    name: str
    key: str
    base: Any
    mark: Mark | None
    many: bool
    required: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Names:
    """What the files read so far define: for each sort of thing, written name to id; and the sources."""

    sources: Mapping[str, Source]
    known: Mapping[str, Mapping[str, str]]

    def __or__(self, more: Mapping[str, Iterable[str] | Mapping[str, str]]) -> "Names":
        """Return the names with ``more`` of them."""
        found = {
            of: ids if isinstance(ids, Mapping) else {name: name for name in ids} for of, ids in more.items()
        }
        return replace(self, known={**self.known, **found})


@cache
def slots(cls: type) -> tuple[Slot, ...]:
    """Return the fields of a rule that are written in files, in their order."""
    hints = get_type_hints(cls, include_extras=True)
    found = []
    for field in fields(cls):
        key = field.metadata.get("key", _key(field.name))
        if key:
            base, mark, many = _shape(hints[field.name])
            required = field.default is MISSING and field.default_factory is MISSING
            found.append(Slot(field.name, key, base, mark, many, required))
    return tuple(found)


def _key(name: str) -> str:
    return {"duties": "duty", "readings": "reading"}.get(name, name)


def _shape(hint: Any) -> tuple[Any, Mark | None, bool]:
    """Return type, mark and whether there are many, out of an annotation."""
    if get_origin(hint) is Annotated:
        inner, mark, *_ = get_args(hint)
        base, _, many = _shape(inner)
        return base, cast(Mark, mark), many
    if get_origin(hint) in (Union, UnionType):
        return _shape(next(choice for choice in get_args(hint) if choice is not NoneType))
    if get_origin(hint) is tuple:
        base, mark, _ = _shape(get_args(hint)[0])
        return base, mark, True
    return hint, None, False


@dataclass(frozen=True, kw_only=True, slots=True)
class Reader:
    """Reads tables as rules; every finding goes to the table that it is about."""

    names: Names
    pieces: Mapping[str, str]  #: named pieces of patterns

    def knowing(self, more: Mapping[str, Iterable[str] | Mapping[str, str]]) -> "Reader":
        """Return a reader that also knows the ids that another list defines."""
        return replace(self, names=self.names | more)

    def with_pieces(self, pieces: Mapping[str, str]) -> "Reader":
        """Return a reader whose patterns may use ``pieces``."""
        return replace(self, pieces=pieces)

    def read(self, cls: type[Value], table: Table, given: Mapping[str, Any] | None = None) -> Value:
        """Return the ``cls`` that ``table`` describes; ``given`` fills what it leaves out."""
        values: dict[str, Any] = {}
        for slot in slots(cast(type, cls)):
            if given is not None and slot.name in given and not self._is_written(table, slot):
                values[slot.name] = given[slot.name]
            elif slot.required or self._is_written(table, slot):
                values[slot.name] = self._value(table, slot)
        made = cls(**values)
        return cast(Value, self._dated(table, made)) if isinstance(made, Rule) else made

    def rules(
        self,
        cls: type[Dated],
        tables: Iterable[Table],
        check: Callable[[Table, Dated], None] | None = None,
        key: str = "id",
    ) -> tuple[Dated, ...]:
        """Return the rules of a list; the same ``key`` may come again only for other days."""
        return versions(tables, lambda table: self._checked(cls, table, check), key)

    def _checked(self, cls: type[Dated], table: Table, check: Callable[[Table, Dated], None] | None) -> Dated:
        rule = self.read(cls, table)
        if check is not None:
            check(table, rule)
        return rule

    def citation(self, table: Table, *, reasoned: bool = False) -> Citation:
        """Return the article that ``table`` cites, which its instrument really has."""
        named = table.one_of("source", self.names.known["source"], NAMES["source"])
        article = table.text("article")
        source = self.names.sources.get(named)
        if source is not None and article:
            for place in missing(article, source.places):
                table.complain(_no_such_place(source, place), "article")
        return Citation(
            instrument=source.instrument if source else "",
            article=article,
            status=source.status if source else LawStatus.ADOPTED,
            reason=table.text("reason") if reasoned else "",
            route=route(table.table("route")) if reasoned and table.has("route") else None,
        )

    def _is_written(self, table: Table, slot: Slot) -> bool:
        if slot.base is Citation and slot.name == "citation":
            return table.has("source") or table.has("article")
        return table.has(slot.key)

    def _value(self, table: Table, slot: Slot) -> Any:
        if slot.base is Citation:
            return self._cited(table, slot)
        if is_dataclass(slot.base):
            return self._nested(table, slot)
        return self._many(table, slot) if slot.many else self._one(table, slot)

    def _cited(self, table: Table, slot: Slot) -> Citation:
        if slot.name == "citation":
            return self.citation(table, reasoned=isinstance(slot.mark, Reasoned))
        inner = table.table(slot.key)
        citation = self.citation(inner)
        inner.close()
        return citation

    def _nested(self, table: Table, slot: Slot) -> Any:
        if not slot.many:
            inner = table.table(slot.key)
            made = self.read(slot.base, inner)
            inner.close()
            return made
        first = slots(slot.base)[0].key
        return versions(table.tables(slot.key), lambda inner: self._part(slot.base, inner, table), first)

    def _part(self, cls: type[Value], table: Table, outer: Table) -> Value:
        part = self.read(cls, table)
        if isinstance(part, Figure):
            _check_figure(table, part)
        elif table.has("article") and not table.has(
            "source"
        ):  # of the same instrument as the rule that it is part of
            source = self.names.sources.get(outer.text("source", default=""))
            for place in missing(table.text("article"), source.places) if source else ():
                table.complain(_no_such_place(source, place), "article")
        return part

    def _one(self, table: Table, slot: Slot) -> Any:
        match slot.mark:
            case OneOf(of=of, words=words):
                return table.one_of(slot.key, words, NAMES[of])
            case Known(of=of):
                known = self.names.known[of]
                return known.get(table.one_of(slot.key, known, NAMES[of]), "")
            case Form(of=of, pattern=pattern):
                return table.matching(slot.key, pattern, NAMES[of])
            case Between(least=least, most=most):
                return _bounded(table, slot.key, least, most)
            case _:
                return self._plain(table, slot)

    def _plain(self, table: Table, slot: Slot) -> Any:
        if slot.base is bool:
            return table.flag(slot.key)
        if slot.base is date:
            return table.day(slot.key)
        if slot.base is Decimal:
            return table.decimal(slot.key)
        return table.text(slot.key)

    def _many(self, table: Table, slot: Slot) -> tuple[str, ...]:
        optional = not slot.required
        match slot.mark:
            case OneOf(of=of, words=words):
                return table.some_of(slot.key, words, NAMES[of], lone=True)
            case Known(of=of):
                known = self.names.known[of]
                return tuple(known[name] for name in table.some_of(slot.key, known, NAMES[of], lone=True))
            case Expression(in_view=in_view):
                return table.patterns(slot.key, self.pieces, optional=optional, in_view=in_view)
            case _:
                return table.texts(slot.key, optional=optional)

    def _dated(self, table: Table, rule: Rule) -> Rule:
        """Return the rule with the days of its instrument where it has none of its own."""
        source = self.names.sources.get(table.text("source", default=""))
        since = rule.effective_from or (source.effective_from if source else None)
        until = rule.effective_to or (source.effective_to if source else None)
        if since and until and until < since:
            table.complain(
                f"失效日期 {until} 早于施行日期 {since}。请核对 effective_from 和 effective_to。",
                "effective_to",
            )
        return replace(rule, effective_from=since, effective_to=until)


def route(table: Table) -> Route:
    """Return whom to turn to instead."""
    found = Route(name=table.text("name"), how=table.text("how"))
    table.close()
    return found


def versions(tables: Iterable[Table], read: Callable[[Table], Value], key: str = "id") -> tuple[Value, ...]:
    """Return what ``read`` makes of each table; complain of unknown keys, and of a ``key`` used twice for one day."""
    seen: list[tuple[str, Table, Value]] = []
    for table in tables:
        made = read(table)
        table.close()
        name = str(getattr(made, key, ""))
        for other, before, earlier in seen:
            if name and other == name and _overlap(made, earlier):
                table.complain(_again(key, name, before.line), key)
                break
        seen.append((name, table, made))
    return tuple(made for _, _, made in seen)


def _overlap(one: Any, other: Any) -> bool:
    if not (isinstance(one, Rule) and isinstance(other, Rule)):
        return True
    begins_after = _after(one, other) or _after(other, one)
    return not begins_after


def _after(one: Rule, other: Rule) -> bool:
    return bool(other.effective_to and one.effective_from and other.effective_to < one.effective_from)


def changes(rules: Iterable[Rule]) -> tuple[date, ...]:
    """Return the days on which the law changes, in order."""
    days = {rule.effective_from for rule in rules} | {
        rule.effective_to + timedelta(days=1) for rule in rules if rule.effective_to
    }
    return tuple(sorted(day for day in days if day))


def _bounded(table: Table, key: str, least: int, most: int) -> int:
    number = table.number(key)
    if not least <= number <= most:
        table.complain(f"“{key}”只能在 {least} 到 {most} 之间，不能是 {number}。请核对条文和计量单位。", key)
    return number


def _check_figure(table: Table, figure: Figure) -> None:
    if figure.unit == "percent" and not 0 <= figure.value <= 100:
        table.complain(f"百分比只能在 0 到 100 之间，不能是 {figure.value}。请核对。", "value")
    if figure.unit not in ("points", "yuan") and figure.value <= 0 and figure.unit != "percent":
        table.complain(f"“value”要大于零，不能是 {figure.value}。请核对。", "value")


def _no_such_place(source: Source | None, place: str) -> str:
    name = source.instrument if source else ""
    return (
        f"{name}没有“{place}”。请核对条文，写成“第四条第一项”或“三（四）2”这样；"
        "条文里真有的，补进 sources.yaml 的 parts。"
    )


def _again(key: str, name: str, line: int) -> str:
    return (
        f"{key}“{name}”已经用过（第{line}行），施行的日子又有重叠。请换一个，"
        "或者用 effective_from、effective_to 把新旧两条的日子分开。"
    )
