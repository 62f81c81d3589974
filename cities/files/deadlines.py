"""deadlines.yaml: limits in time, how they move, and where the text is silent."""

from collections.abc import Iterable

from cities.files.sections import SECTIONS, Rules, read_sections
from cities.forms import Reader
from cities.pages import Table
from hotline.law import Rule
from hotline.limits import DeadlineRule, ExtensionRule, ReturnRule, Silence
from hotline.vocabulary import LENGTHS


def read(top: Table, reader: Reader) -> Rules:
    """Return every limit, extension, return rule and silence; what contradicts another is told."""
    checks = {DeadlineRule: _check_deadline, ExtensionRule: _check_extension, Silence: _check_silence}
    rules = read_sections(reader, top, SECTIONS["deadlines"], checks)
    deadlines = [rule for rule in rules["deadlines"] if isinstance(rule, DeadlineRule)]
    silences = [rule for rule in rules["silences"] if isinstance(rule, Silence)]
    _check_order(top, deadlines)
    _check_silences(top, deadlines, silences)
    _check_lengths(top, rules["extensions"], silences)
    _check_returns(top, rules["returns"], deadlines, silences)
    top.close()
    return rules


def _check_deadline(table: Table, rule: Rule) -> None:
    assert isinstance(rule, DeadlineRule)
    if sum(getattr(rule, length) is not None for length in LENGTHS) != 1:
        table.complain("期限要写且只写一种：working_days（工作日）、days（自然日）或 hours（小时）。")
    if rule.start_within is not None and rule.starts not in ("receipt", "signing"):
        table.complain("start_within 只用在从查收（receipt）或签收（signing）起算的期限上，请删去。")
    if rule.starts == "receipt" and rule.start_within is None:
        table.complain("从查收（receipt）起算的期限要写 start_within：几个工作日内不查收，就算已经查收。")
    if rule.setting and not rule.readings:
        table.complain("setting: true 的数字是本市自定的，要写 reading，说明补的是哪一处空白。", "setting")


def _check_extension(table: Table, rule: Rule) -> None:
    assert isinstance(rule, ExtensionRule)
    if rule.at_most_working_days is not None and rule.at_most_days is not None:
        table.complain("延长的上限只写一种：at_most_working_days（工作日）或 at_most_days（自然日）。")


def _check_silence(table: Table, rule: Rule) -> None:
    if not rule.readings:
        table.complain("没有规定的事项要写 reading，例如 R-ALL-25：没有规定时怎么办，依据哪一条解释。")


def _check_order(top: Table, deadlines: Iterable[DeadlineRule]) -> None:
    """A return that may come after the finish, both in one unit of time and for the same tickets, is a slip."""
    finishes = [rule for rule in deadlines if rule.what == "finish"]
    for early in (rule for rule in deadlines if rule.what in ("sign", "return")):
        for late in (rule for rule in finishes if _for(rule) == _for(early)):
            for length in LENGTHS:
                one, other = getattr(early, length), getattr(late, length)
                if one is not None and other is not None and one > other:
                    top.complain(
                        f"“{early.id}”的期限（{one}）比“{late.id}”的办结期限（{other}）还长。请对照条文核对。"
                    )


def _for(rule: DeadlineRule) -> tuple[object, ...]:
    conditions = (rule.kinds, rule.classes, rule.channels, rule.assignments, rule.matters, rule.cases)
    return (*conditions, rule.effective_from, rule.effective_to)


def _check_silences(top: Table, deadlines: Iterable[DeadlineRule], silences: Iterable[Silence]) -> None:
    for silence in silences:
        for rule in deadlines:
            if rule.what == silence.about and _covers(silence, rule) and not rule.setting:
                top.complain(
                    f"silences 说条文没有规定“{silence.about}”，deadlines 里却有“{rule.id}”。"
                    "请删去其中一条；本市自定的期限写 setting: true。"
                )


def _covers(silence: Silence, rule: DeadlineRule) -> bool:
    """Tell whether the silence is about the tickets of the rule: its kinds, its classes."""
    of_kinds = not silence.kinds or not rule.kinds or bool(set(silence.kinds) & set(rule.kinds))
    return of_kinds and (not silence.classes or silence.classes == rule.classes)


def _check_lengths(top: Table, extensions: Iterable[Rule], silences: Iterable[Silence]) -> None:
    silent = {silence.about for silence in silences}
    for rule in extensions:
        assert isinstance(rule, ExtensionRule)
        if (
            rule.at_most_working_days is None
            and rule.at_most_days is None
            and "extension_length" not in silent
        ):
            top.complain(
                f"延期“{rule.id}”没有写最多延多久。条文没有规定的，请在 silences 里写 about: extension_length。"
            )
        if rule.times is None and "extension_times" not in silent:
            top.complain(
                f"延期“{rule.id}”没有写最多延几次。条文没有规定的，请在 silences 里写 about: extension_times。"
            )


def _check_returns(
    top: Table, returns: Iterable[Rule], deadlines: Iterable[DeadlineRule], silences: Iterable[Silence]
) -> None:
    limited = any(rule.what == "return" for rule in deadlines)
    silent = any(silence.about == "return_limit" for silence in silences)
    if any(isinstance(rule, ReturnRule) for rule in returns) and not (limited or silent):
        top.complain(
            "写了 returns（退回），deadlines 里却没有 what: return 的期限。"
            "条文没有规定的，请在 silences 里写 about: return_limit。"
        )
