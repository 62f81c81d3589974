"""What a city's text promises to a citizen, in plain words, made from its rules alone."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeAlias

from hotline.citation import Citation, LawStatus, Route
from hotline.citypack import CityPack, Lawbook
from hotline.law import Provision, Rule, Source
from hotline.limits import DeadlineRule, ExtensionRule, ReturnRule, Silence, UnfixedLimit
from hotline.vocabulary import LENGTHS

Words: TypeAlias = Mapping[str, Any]
DateInWords: TypeAlias = Callable[[date], str]

#: Provisions that a citizen is told of, by the section of the page; the first section with the topic has it.
YOURS = ("rights", "entrance", "call_in_day", "guidance", "poll", "knowledge", "acceptance", "record")
WORD_BACK = (
    "contact", "progress", "plan", "reply", "close", "extend", "return", "handle", "start", "follow_up", "satisfaction",
    "second_handling", "publish",
)  # fmt: skip
PLEASE = ("duties", "abuse")
#: Topics that concern a citizen even where the text names nobody whom it is owed to.
ALWAYS = frozenset(
    {"rights", "entrance", "call_in_day", "follow_up", "satisfaction", "second_handling", *PLEASE}
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One sentence with the article that it rests on."""

    text: str
    citation: Citation
    notes: tuple[str, ...] = ()
    route: Route | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """What holds for one sort of demands."""

    whose: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Promises:
    """Everything that the page of a city says, section by section; an empty section is not shown."""

    name: str  #: what the city's people call its hotline, with the city
    intro: tuple[str, ...]
    accepted: tuple[Line, ...]
    ours: tuple[str, ...]  #: channels that we run
    others: tuple[str, ...]
    refused: tuple[Line, ...]
    referral: Route | None
    limits: tuple[Limits, ...]
    moves: tuple[Line, ...]
    yours: tuple[Line, ...]
    word_back: tuple[Line, ...]
    please: tuple[Line, ...]
    privacy: tuple[Line, ...]
    danger: tuple[Line, ...]
    silences: tuple[Line, ...]
    sources: tuple[str, ...]

    @property
    def sentences(self) -> tuple[str, ...]:
        """Return everything that is promised, whatever the form in which it is shown."""
        lines = (
            *self.accepted, *self.refused, *(line for one in self.limits for line in one.lines), *self.moves,
            *self.yours, *self.word_back, *self.please, *self.privacy, *self.danger, *self.silences,
        )  # fmt: skip
        return tuple(line.text for line in lines)


def newest(book: Lawbook) -> CityPack:
    """Return the law of the last period that is known."""
    return book.on(book.periods[-1].since or date.max)


def promises_of(pack: CityPack, words: Words, *, write: DateInWords) -> Promises:
    """Return what the law of ``pack`` promises; ``write`` writes out a date."""
    provisions = (*pack.intake_rules, *pack.desk_rules)
    yours, word_back, please = (
        tuple(_said(rule, rule.says) for rule in provisions if rule.topic in topics and _concerns(rule))
        for topics in (YOURS, WORD_BACK, PLEASE)
    )
    return Promises(
        name=f"{pack.name}{pack.hotline}",
        intro=_intro(pack, words, write),
        accepted=tuple(_said(rule, rule.says) for rule in pack.accepted),
        ours=tuple(channel.label for channel in pack.channels if channel.run_by == "us"),
        others=tuple(channel.label for channel in pack.channels if channel.run_by != "us"),
        refused=tuple(
            Line(text=rule.citation.reason, citation=rule.citation, route=rule.citation.route)
            for rule in pack.scope
        ),
        referral=pack.referral,
        limits=_limits(pack, words),
        moves=(
            *(_said(rule, _extension(rule, pack, words)) for rule in pack.extensions),
            *(_said(rule, _return(rule, pack, words)) for rule in pack.returns),
        ),
        yours=yours,
        word_back=word_back,
        please=please,
        privacy=tuple(_said(rule, rule.says) for rule in pack.privacy),
        danger=tuple(_said(rule, rule.says) for rule in pack.emergency),
        silences=tuple(_said(rule, _silence(rule, pack, words)) for rule in pack.silences),
        sources=tuple(_source(source, words, write) for source in _cited(pack)),
    )


def sentence(rule: DeadlineRule, words: Words) -> str:
    """Say when a step is due: from what on, how long, what."""
    unit, count = next((unit, count) for unit in LENGTHS if (count := getattr(rule, unit)) is not None)
    return str(
        words["promises"]["limit"].format(
            starts=words["starts"][rule.starts],
            limit=words["limit"][unit].format(count=count),
            what=words["due"][rule.what],
        )
    )


def whose(rule: DeadlineRule | UnfixedLimit | ExtensionRule, pack: CityPack, words: Words) -> str:
    """Say for which demands a limit holds, every condition of it."""
    matters = {matter.id: matter.label for matter in pack.matters}
    channels = {channel.id: channel.label for channel in pack.channels}
    listed = [
        _list((pack.classes[name].label for name in rule.classes), words),
        _list((matters.get(name, words["matters"][name]) for name in getattr(rule, "matters", ())), words),
        _list((pack.kinds[kind].label for kind in rule.kinds), words),
        _list((words["assignments"][name] for name in getattr(rule, "assignments", ())), words),
        _list((words["cases_of"][name] for name in getattr(rule, "cases", ())), words),
    ]
    if rule.channels:
        named = _list((channels.get(name, name) for name in rule.channels), words)
        listed.append(words["from_channels"].format(channels=named))
    return words["condition_comma"].join(filter(None, listed)) or str(words["promise_to_all"])


def _list(names: Iterable[str], words: Words) -> str:
    return str(words["list_comma"].join(names))


def _said(rule: Rule, text: str, *notes: str) -> Line:
    return Line(text=text, citation=rule.citation, notes=notes)


def _concerns(rule: Provision) -> bool:
    return (
        "petitioner" in rule.to or rule.topic in ALWAYS or (rule.topic == "publish" and "public" in rule.to)
    )


def _intro(pack: CityPack, words: Words, write: DateInWords) -> tuple[str, ...]:
    told = words["promises"]
    drafts = any(source.status is LawStatus.DRAFT for source in _cited(pack))
    since = _since(pack)
    dated = told["since"].format(date=write(since)) if since else ""
    return tuple(filter(None, (told["draft"] if drafts else "", dated, told["petitioner"])))


def _since(pack: CityPack) -> date | None:
    """Return the first day of what is said about limits; ``None`` where the instruments name no day.

    Not the first day of the period: that may be the day of a national law which says nothing about them.
    """
    limits = (*pack.deadlines, *pack.unfixed)
    cited = {rule.citation.instrument for rule in limits}
    begun = {source.effective_from for source in _cited(pack) if source.instrument in cited}
    days = begun | {rule.effective_from for rule in limits}
    return max(filter(None, days), default=None)


def _limits(pack: CityPack, words: Words) -> tuple[Limits, ...]:
    """Return the limits by the demands that they are for: those for all first, then classes, kinds, ways in."""
    order = words["promises"]["promised"]
    fixed = [rule for rule in pack.deadlines if rule.what in order]
    open_ = [rule for rule in pack.unfixed if rule.what in order]
    every: list[DeadlineRule | UnfixedLimit] = [*fixed, *open_]
    found: dict[str, list[Line]] = {}
    for rule in sorted(every, key=lambda rule: (_place(rule, pack), order.index(rule.what))):
        found.setdefault(whose(rule, pack, words), []).append(_limit(rule, words))
    return tuple(Limits(whose=name, lines=tuple(lines)) for name, lines in found.items())


def _limit(rule: DeadlineRule | UnfixedLimit, words: Words) -> Line:
    if isinstance(rule, DeadlineRule):
        return _said(rule, sentence(rule, words) + words["full_stop"], *_notes(rule, words))
    return _said(rule, words["promises"]["unfixed"][rule.how].format(what=words["due"][rule.what]))


def _place(rule: DeadlineRule | UnfixedLimit, pack: CityPack) -> tuple[int, ...]:
    conditions = (
        rule.cases,
        getattr(rule, "assignments", ()),
        rule.channels,
        rule.classes,
        getattr(rule, "matters", ()),
        rule.kinds,
    )
    classes = list(pack.classes)
    return (*(int(bool(one)) for one in conditions), *(classes.index(name) for name in rule.classes[:1]))


def _notes(rule: DeadlineRule, words: Words) -> tuple[str, ...]:
    told = words["promises"]
    within = ""
    if rule.start_within is not None:
        within = told["start_within"].format(count=rule.start_within, taken=told["taken"][rule.starts])
    setting = told["setting"] if rule.setting else ""
    return tuple(filter(None, (within, setting, told["in_principle"] if rule.in_principle else "")))


def _extension(rule: ExtensionRule, pack: CityPack, words: Words) -> str:
    told = words["promises"]
    text = told["extension"].format(
        whose=whose(rule, pack, words),
        what=words["due"][rule.of],
        asked=words["roles"][rule.asked_by],
        granted=words["roles"][rule.granted_by],
        requires=_contents("extension_requires", rule.requires, words),
        bounds=_bounds(rule, told),
    )
    text += told["late_request"][rule.late_request]
    return str(text + _contents("extension_told", rule.tells_citizen, words))


def _bounds(rule: ExtensionRule, told: Words) -> str:
    """Say how often and how long; what the text leaves open stands among the silences."""
    suffix = "_in_principle" if rule.in_principle else ""
    times = told["extension_times" + suffix].format(count=rule.times) if rule.times else ""
    kind = ("extension_total" if rule.in_total else "extension_length") + suffix
    lengths = ((name, getattr(rule, name)) for name in ("at_most_working_days", "at_most_days"))
    return times + "".join(told[kind][name].format(count=count) for name, count in lengths if count)


def _contents(name: str, contents: Sequence[str], words: Words) -> str:
    if not contents:
        return ""
    listed = _list((words["contents"][one] for one in contents), words)
    return str(words["promises"][name].format(contents=listed))


def _return(rule: ReturnRule, pack: CityPack, words: Words) -> str:
    told = words["promises"]
    limit = next((one for one in pack.deadlines if one.what == "return"), None)
    within = ""
    if limit is not None:
        unit, count = next((unit, count) for unit in LENGTHS if (count := getattr(limit, unit)) is not None)
        within = told["return_limit"].format(
            starts=words["starts"][limit.starts], limit=words["limit"][unit].format(count=count)
        )
    text = told["return"].format(
        asked=words["roles"][rule.asked_by],
        limit=within,
        requires=_contents("return_requires", rule.requires, words),
        approved=told["return_approved"].format(approved=words["roles"][rule.approved_by])
        if rule.approved_by
        else "",
        reviewed=words["roles"][rule.reviewed_by],
    )
    return str(text + told["late_return"][rule.late] + told["return_again"][rule.again])


def _silence(rule: Silence, pack: CityPack, words: Words) -> str:
    if rule.says:
        return rule.says
    told = words["promises"]
    classes = _list((pack.classes[name].label for name in rule.classes), words)
    return str(
        told["silence"].format(
            whose=told["silence_of"].format(classes=classes) if classes else "",
            about=told["silent_on"][rule.about],
            fallback=told["fallback"][rule.fallback],
        )
    )


def _cited(pack: CityPack) -> tuple[Source, ...]:
    """Return the instruments in force that the pack's sources name."""
    today = pack.since or date.max
    return tuple(
        source
        for source in pack.sources
        if (source.effective_from is None or source.effective_from <= today)
        and (source.effective_to is None or today <= source.effective_to)
    )


def _source(source: Source, words: Words, write: DateInWords) -> str:
    told = words["promises"]
    details = (
        source.number,
        source.issuer,
        told["source_force"].format(date=write(source.effective_from)) if source.effective_from else "",
    )
    written = words["condition_comma"].join(("", *filter(None, details)))
    return str(told["source"].format(instrument=source.instrument, details=written))
