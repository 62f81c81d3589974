"""Whether a reply is short and plain, as far as letters can be counted: remarks for the writer, never a refusal."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping

from hotline.citypack import CityPack, ReplyRemark
from hotline.reply_gate import REMARKED, Finding
from hotline.substance import Span, Written

_LETTER = re.compile("[\u4e00-\u9fff0-9a-z]")
_SENTENCE = re.compile("[^\u3002\uff01\uff1f\uff1b\n]+")
_SHORT_FORM = re.compile("(?<![a-z0-9./@:_-])[a-z]{2,6}(?![a-z0-9./@:_-])")
_EXPLAINED = "\uff08("  #: a bracket behind a short form, or before it, says what it stands for


def remarks_on(reply: str, pack: CityPack) -> tuple[Finding, ...]:
    """Return what in ``reply`` could be put more plainly by the city's rules, each once, with its first words."""
    written = Written.of(reply)
    found = ((rule, next(iter(_SPANS[rule.told_by](written, rule)), None)) for rule in pack.reply_remarks)
    return tuple(_remark(rule, written, span) for rule, span in found if span is not None)


def _remark(rule: ReplyRemark, written: Written, span: Span) -> Finding:
    return Finding(
        rule=rule.id, label=rule.label, citation=rule.citation, effect=REMARKED, by_itself=False, missing=False,
        span=written.quoted(span), at=written.start_of(span),
    )  # fmt: skip


def _too_long(text: str, rule: ReplyRemark) -> bool:
    return rule.at_most is not None and len(_LETTER.findall(text)) > rule.at_most


def _whole(written: Written, rule: ReplyRemark) -> Iterator[Span]:
    """Yield where the letters go on beyond what is short."""
    if _too_long(written.text, rule):
        letters = [found.start() for found in _LETTER.finditer(written.text)]
        yield letters[rule.at_most or 0], letters[-1] + 1


def _sentences(written: Written, rule: ReplyRemark) -> Iterator[Span]:
    return (one.span() for one in _SENTENCE.finditer(written.text) if _too_long(one.group(), rule))


def _short_forms(written: Written, rule: ReplyRemark) -> Iterator[Span]:
    """Yield abbreviations in Latin letters that nobody need know and that are never explained in brackets."""
    explained = {
        one.group() for one in _SHORT_FORM.finditer(written.text) if _is_explained(written.text, one)
    }
    for one in _SHORT_FORM.finditer(written.text):
        if one.group() not in explained and one.group() not in rule.known:
            yield one.span()


def _is_explained(text: str, found: re.Match[str]) -> bool:
    start, end = found.span()
    return any(
        letter in _EXPLAINED for letter in (text[end : end + 1], text[max(0, start - 1) : start]) if letter
    )


_SPANS: Mapping[str, Callable[[Written, ReplyRemark], Iterable[Span]]] = {
    "long": _whole,
    "long_sentence": _sentences,
    "abbreviation": _short_forms,
}
