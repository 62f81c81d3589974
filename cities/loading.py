"""Reads the law of a city out of its folder, strictly: whatever is not understood is refused.

The messages are Chinese, because the people who keep these files are lawyers of the city.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from cities.grams import needed
from cities.pages import Finding, Page, Table, distinct, fault_of
from cities.workdays import calendar_from
from hotline.calendar import Calendar
from hotline.citation import Citation, LawStatus, Route
from hotline.citypack import (
    CityPack,
    DangerType,
    DeadlineRule,
    DeskStep,
    Kind,
    PrivacyRule,
    Question,
    ScopeRule,
    Source,
    TicketClass,
    Unit,
)
from hotline.errors import CityPackError

CITIES = Path(__file__).parent
SHARED_FOLDERS = frozenset({"common", "calendar"})
CITY_FILES = ("sources", "scope", "kinds", "deadlines", "emergency", "privacy", "units", "desk")
COMMON_FILES = ("emergency", "words")

KINDS = ("consultation", "help", "complaint", "report", "suggestion", "praise", "other")
QUESTION_FIELDS = ("what", "place", "time", "phone", "name")
WHATS = ("sign", "start", "contact", "progress", "plan", "return", "finish", "follow_up")
STARTS = ("filing", "receipt", "signing", "closing_reply")
DESK_STEPS = ("sign", "return", "extend", "reply", "follow_up")
EMERGENCY_NUMBERS = ("110", "119", "120", "122")
CHANNELS = (
    "webchat", "wechat", "mailbox", "phone", "letter", "board", "platform", "transfer",
    "assignment", "website", "microblog", "app", "other",
)  # fmt: skip
LENGTHS = ("working_days", "days", "hours")
MAX_QUESTIONS = 5
MAX_STEPS = 3
MAX_HEADLINE = 12
DRAFT_MARK = "（征求意见稿）"


def city_codes(root: Path = CITIES) -> tuple[str, ...]:
    """Return the codes of all cities that have a folder, in order of name."""
    folders = (path.parent for path in root.glob("*/sources.yaml"))
    return tuple(sorted(folder.name for folder in folders if folder.name not in SHARED_FOLDERS))


def check_cities(root: Path = CITIES) -> list[str]:
    """Return every finding in every city's files, each with file and line; empty when all are usable."""
    findings: dict[str, None] = {}
    for code in city_codes(root):
        try:
            load_pack(code, root)
        except CityPackError as error:
            findings |= dict.fromkeys(str(error).splitlines())
    return list(findings)


def load_pack(code: str, root: Path = CITIES) -> CityPack:
    """Return the city ``code`` as a value, or raise ``CityPackError`` with all findings, one a line."""
    folder = root / code
    if code in SHARED_FOLDERS or not (folder / "sources.yaml").is_file():
        known = "、".join(city_codes(root))
        raise CityPackError(f"{folder}:1: 没有城市“{code}”的资料。现有的城市是：{known}。请核对城市代码。")
    findings: list[Finding] = []
    pages = {name: Page.read(folder / f"{name}.yaml", root, findings) for name in CITY_FILES}
    common = {name: Page.read(root / "common" / f"{name}.yaml", root, findings) for name in COMMON_FILES}
    pack = _Reading(pages=pages, common=common, findings=findings).pack(code, _calendar(root, findings))
    if findings:
        raise CityPackError("\n".join(str(finding) for finding in sorted(findings)))
    return pack


def _calendar(root: Path, findings: list[Finding]) -> Calendar:
    if root == CITIES:
        calendar, found = _shipped_calendar()
    else:
        calendar, found = _calendar_in(root)
    findings.extend(found)
    return calendar


def _calendar_in(root: Path) -> tuple[Calendar, tuple[Finding, ...]]:
    findings: list[Finding] = []
    pages = [Page.read(path, root, findings) for path in sorted((root / "calendar").glob("*.yaml"))]
    return calendar_from([page.table() for page in pages]), tuple(findings)


@cache
def _shipped_calendar() -> tuple[Calendar, tuple[Finding, ...]]:
    """The calendar is one for the country; reading it once is enough."""
    return _calendar_in(CITIES)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Reading:
    """One city being read; findings gather while reading goes on, so that all are told at once."""

    pages: Mapping[str, Page]
    common: Mapping[str, Page]
    findings: list[Finding]

    def pack(self, code: str, calendar: Calendar) -> CityPack:
        top = self.pages["sources"].table()
        city = top.table("city")
        sources = {source.id: source for source in distinct(top.tables("sources"), _source)}
        top.close()
        law = _Law(sources=sources)
        kinds, classes = self._kinds(law)
        scope, referral = self._scope(law)
        emergency = self._emergency(law, classes)
        rules: tuple[ScopeRule | DangerType, ...] = (*scope, *emergency.dangers)
        pack = CityPack(
            code=code,
            name=city.text("name"),
            hotline=city.text("hotline"),
            sources=tuple(sources.values()),
            kinds=kinds,
            classes=emergency.classes,
            scope=scope,
            deadlines=self._deadlines(law, classes),
            dangers=emergency.dangers,
            not_now=emergency.not_now,
            now=emergency.now,
            units=self._units(law),
            referral=referral,
            words=self._words(),
            calendar=calendar,
            grams=_index(_patterns(rules, emergency.not_now)),
            spellings=emergency.spellings,
            privacy=self._privacy(law),
            desk=self._desk(law),
        )
        city.close()
        return pack

    def _kinds(self, law: "_Law") -> tuple[dict[str, Kind], dict[str, TicketClass]]:
        top = self.pages["kinds"].table()
        classes = {c.id: c for c in distinct(top.tables("classes", optional=True), law.ticket_class)}
        kinds = {k.id: k for k in distinct(top.tables("kinds"), lambda t: law.kind(t, tuple(classes)))}
        if missing := [kind for kind in KINDS if kind not in kinds]:
            top.complain(f"还缺诉求种类：{'、'.join(missing)}。请在 kinds 下逐一补上。")
        top.close()
        return kinds, classes

    def _scope(self, law: "_Law") -> tuple[tuple[ScopeRule, ...], Route | None]:
        top = self.pages["scope"].table()
        sets = _sets(top)
        rules = distinct(top.tables("grounds"), lambda table: law.scope_rule(table, sets))
        referral = _route(top.table("referral")) if top.has("referral") else None
        top.close()
        return rules, referral

    def _deadlines(self, law: "_Law", classes: Mapping[str, TicketClass]) -> tuple[DeadlineRule, ...]:
        top = self.pages["deadlines"].table()
        rules = distinct(top.tables("deadlines"), lambda table: law.deadline(table, tuple(classes)))
        top.close()
        return rules

    def _emergency(self, law: "_Law", classes: Mapping[str, TicketClass]) -> "_Emergency":
        shared, own = self.common["emergency"].table(), self.pages["emergency"].table()
        sets = _sets(shared) | _sets(own)
        tables = [*own.tables("dangers", optional=True), *shared.tables("dangers")]
        emergency = _Emergency(
            classes=_with_highest(own, law, classes),
            dangers=distinct(tables, lambda table: _danger(table, sets)),
            not_now=(
                *own.patterns("not_now", sets, optional=True, in_view=True),
                *shared.patterns("not_now", sets, in_view=True),
            ),
            now=shared.patterns("now", sets, in_view=True),
            spellings=_spellings(shared),
        )
        shared.close()
        own.close()
        return emergency

    def _units(self, law: "_Law") -> tuple[Unit, ...]:
        top = self.pages["units"].table()
        units = distinct(top.tables("units"), law.unit)
        if sum(unit.default for unit in units) != 1:
            top.complain("要有且只有一个单位写 default: true，接办其他单位都不管的诉求。")
        top.close()
        return units

    def _privacy(self, law: "_Law") -> tuple[PrivacyRule, ...]:
        top = self.pages["privacy"].table()
        rules = distinct(top.tables("privacy"), law.privacy_rule)
        top.close()
        return rules

    def _desk(self, law: "_Law") -> dict[str, DeskStep]:
        top = self.pages["desk"].table()
        steps = {step.id: step for step in distinct(top.tables("steps"), law.desk_step)}
        top.close()
        return steps

    def _words(self) -> dict[str, str]:
        return self.common["words"].table().sentences()


@dataclass(frozen=True, kw_only=True, slots=True)
class _Emergency:
    """What the common lexicon and the city's own file say about danger, put together."""

    classes: Mapping[str, TicketClass]
    dangers: tuple[DangerType, ...]
    not_now: tuple[str, ...]
    now: tuple[str, ...]
    spellings: tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Law:
    """Makes cited values; every one of them names a known source and an article."""

    sources: Mapping[str, Source]

    def citation(self, table: Table) -> Citation:
        named = table.one_of("source", tuple(self.sources), "依据（要先写进 sources.yaml）")
        source = self.sources.get(named)
        return Citation(
            instrument=source.instrument if source else "",
            article=table.text("article"),
            status=source.status if source else LawStatus.ADOPTED,
        )

    def scope_rule(self, table: Table, sets: Mapping[str, str]) -> ScopeRule:
        route = _route(table.table("route")) if table.has("route") else None
        citation = replace(self.citation(table), reason=table.text("reason"), route=route)
        rule = ScopeRule(
            id=table.text("id"),
            citation=citation,
            sure=table.patterns("sure", sets, optional=True),
            doubt=table.patterns("doubt", sets, optional=True),
            unless=table.patterns("unless", sets, optional=True, in_view=True),
            ask=table.text("ask", default=""),
        )
        if rule.doubt and not rule.ask:
            table.complain("写了 doubt（存疑）就要写 ask（怎么问清楚）。")
        return rule

    def kind(self, table: Table, classes: tuple[str, ...]) -> Kind:
        questions = distinct(table.tables("questions", optional=True), _question, key="field")
        if len(questions) > MAX_QUESTIONS:
            table.complain(f"问题最多{MAX_QUESTIONS}个，这里有{len(questions)}个，请删减。")
        return Kind(
            id=table.one_of("id", KINDS, "诉求种类"),
            label=table.text("label"),
            citation=self.citation(table),
            questions=questions,
            default_class=_class(table, "class", classes) if table.has("class") else None,
            class_fixed=self._class_fixed(table),
        )

    def _class_fixed(self, table: Table) -> Citation | None:
        if not table.has("class_fixed"):
            return None
        if not table.has("class"):
            table.complain("写了 class_fixed（类别固定）就要写 class（哪一类）。", "class_fixed")
        fixed = table.table("class_fixed")
        citation = self.citation(fixed)
        fixed.close()
        return citation

    def ticket_class(self, table: Table) -> TicketClass:
        return TicketClass(
            id=table.text("id"),
            label=table.text("label"),
            citation=self.citation(table),
            patterns=table.patterns("patterns", {}, optional=True),
        )

    def deadline(self, table: Table, classes: tuple[str, ...]) -> DeadlineRule:
        lengths = {name: table.number(name) for name in LENGTHS if table.has(name)}
        if len(lengths) != 1:
            table.complain("期限要写且只写一种：working_days（工作日）、days（自然日）或 hours（小时）。")
        starts = table.one_of("starts", STARTS, "起算点")
        within = table.number("start_within") if table.has("start_within") else None
        if within is not None and starts not in ("receipt", "signing"):
            table.complain("start_within 只用在从查收（receipt）或签收（signing）起算的期限上，请删去。")
        if starts == "receipt" and within is None:
            table.complain("从查收（receipt）起算的期限要写 start_within：几个工作日内不查收，就算已经查收。")
        return DeadlineRule(
            id=table.text("id"),
            what=table.one_of("what", WHATS, "事项"),
            starts=starts,
            working_days=lengths.get("working_days"),
            days=lengths.get("days"),
            hours=lengths.get("hours"),
            citation=self.citation(table),
            kinds=table.some_of("kinds", KINDS, "诉求种类"),
            classes=table.some_of("classes", classes, "类别"),
            channels=table.some_of("channels", CHANNELS, "渠道"),
            effective_from=table.day("effective_from") if table.has("effective_from") else None,
            reading=table.matching("reading", r"R-[A-Z]{2,4}-\d{1,2}", "解释编号，例如 R-ALL-1", default=""),
            start_within=within,
        )

    def unit(self, table: Table) -> Unit:
        return Unit(
            id=table.text("id"),
            name=table.text("name"),
            citation=self.citation(table),
            keywords=table.texts("keywords", optional=True),
            places=table.texts("places", optional=True),
            default=table.flag("default"),
        )

    def privacy_rule(self, table: Table) -> PrivacyRule:
        return PrivacyRule(id=table.text("id"), says=table.text("says"), citation=self.citation(table))

    def desk_step(self, table: Table) -> DeskStep:
        step = table.one_of("id", DESK_STEPS, "步骤")
        return DeskStep(id=step, label=table.text("label"), citation=self.citation(table))


def _source(table: Table) -> Source:
    status = LawStatus(table.one_of("status", tuple(LawStatus), "状态", default=LawStatus.ADOPTED))
    mark = DRAFT_MARK if status is LawStatus.DRAFT else ""
    return Source(
        id=table.text("id"),
        instrument=table.matching("instrument", r"《.+》", "带书名号的全称，例如《示例市热线条例》") + mark,
        number=table.text("number", default=""),
        issuer=table.text("issuer"),
        published=table.day("published") if table.has("published") else None,
        effective_from=table.day("effective_from") if table.has("effective_from") else None,
        status=status,
    )


def _class(table: Table, key: str, classes: tuple[str, ...]) -> str:
    return table.one_of(key, classes, "类别（要先写进 kinds.yaml 的 classes）")


def _route(table: Table) -> Route:
    route = Route(name=table.text("name"), how=table.text("how"))
    table.close()
    return route


def _question(table: Table) -> Question:
    return Question(
        field=table.one_of("field", QUESTION_FIELDS, "问题"),
        label=table.text("label"),
        ask=table.text("ask"),
        ask_again=table.text("ask_again"),
        optional=table.flag("optional"),
        options=table.texts("options", optional=True),
    )


def _danger(table: Table, sets: Mapping[str, str]) -> DangerType:
    danger = DangerType(
        id=table.text("id"),
        call=table.one_of("call", EMERGENCY_NUMBERS, "紧急电话"),
        also=table.some_of("also", EMERGENCY_NUMBERS, "紧急电话"),
        headline=table.text("headline"),
        why=table.text("why"),
        steps=table.texts("steps"),
        sure=table.patterns("sure", sets, optional=True),
        doubt=table.patterns("doubt", sets, optional=True),
        unless=table.patterns("unless", sets, optional=True, in_view=True),
        ask=table.text("ask"),
    )
    if len(danger.headline) > MAX_HEADLINE:
        table.complain(f"headline 最多{MAX_HEADLINE}个字，这里有{len(danger.headline)}个，请缩短。")
    if len(danger.steps) > MAX_STEPS:
        table.complain(f"steps 最多{MAX_STEPS}条，这里有{len(danger.steps)}条，请只留最要紧的。")
    if not (danger.sure or danger.doubt):
        table.complain("sure 和 doubt 至少写一个，否则永远听不出这种危险。")
    return danger


def _with_highest(own: Table, law: _Law, classes: Mapping[str, TicketClass]) -> dict[str, TicketClass]:
    """Mark the class that the city's text keeps for danger, if it has classes at all."""
    if not own.has("highest_class"):
        return dict(classes)
    table = own.table("highest_class")
    highest = _class(table, "id", tuple(classes))
    citation = law.citation(table)
    table.close()
    return {
        name: replace(found, highest=True, citation=citation) if name == highest else found
        for name, found in classes.items()
    }


def _patterns(rules: Iterable[ScopeRule | DangerType], not_now: Iterable[str]) -> Iterator[str]:
    """Yield every pattern that screening looks for, save those that are complained of already."""
    of_rules = (pattern for rule in rules for pattern in (*rule.sure, *rule.doubt, *rule.unless))
    return (pattern for pattern in (*of_rules, *not_now) if not fault_of(pattern))


def _index(patterns: Iterable[str]) -> dict[str, frozenset[str]]:
    """Return, for each gram, the patterns that a text with it may match; those of ``""`` may match any."""
    index: dict[str, set[str]] = {"": set()}
    for pattern in patterns:
        for gram in needed(pattern) or {""}:
            index.setdefault(gram, set()).add(pattern)
    return {gram: frozenset(found) for gram, found in index.items()}


def _sets(table: Table) -> dict[str, str]:
    """Return the named pieces that patterns may use as {name}, each made of the ones before it."""
    return table.table("sets").pieces() if table.has("sets") else {}


def _spellings(table: Table) -> tuple[tuple[str, str], ...]:
    rows = table.table("spellings")
    return tuple((wrong, right) for right in rows.rows for wrong in rows.texts(right))
