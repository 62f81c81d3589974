"""The few forms that an answer may take: headings, lists, bold, links; everything else is text."""

import re
from collections.abc import Iterator

from markupsafe import Markup, escape

_HEADING = re.compile(r"#{1,4}\s+(.+)")
_BULLET = re.compile(r"[-*]\s+(.+)")
_NUMBER = re.compile(r"\d{1,2}[.、．]\s*(.+)")
_INLINE = re.compile(r"\*\*(.+?)\*\*|\[([^\]\n]+)\]\((https://[^\s()<>\"']+|/(?!/)[^\s()<>\"']*)\)")


def answer_html(text: str, *, level: int = 3) -> Markup:
    """Return an answer as HTML; no words are added, left out or changed. Headings begin at ``level``."""
    return Markup("\n").join(_blocks(text.split("\n"), level))


def _blocks(lines: list[str], level: int) -> Iterator[Markup]:
    kind, items = "", list[Markup]()
    for line in (*map(str.strip, lines), ""):
        found = next(
            ((k, m) for k, p in (("ul", _BULLET), ("ol", _NUMBER)) if (m := p.fullmatch(line))), None
        )
        if items and (found is None or found[0] != kind):
            yield _listed(kind, items)
            items = []
        if found is not None:
            kind = found[0]
            items.append(_inline(found[1][1]))
        elif heading := _HEADING.fullmatch(line):
            yield Markup("<h{0}>{1}</h{0}>").format(level, _inline(heading[1]))
        elif line:
            yield Markup("<p>{}</p>").format(_inline(line))


def _listed(kind: str, items: list[Markup]) -> Markup:
    inside = Markup("").join(Markup("<li>{}</li>").format(item) for item in items)
    return (
        Markup('<ul class="hy-ul">{}</ul>') if kind == "ul" else Markup('<ol class="hy-ol">{}</ol>')
    ).format(inside)


def _inline(text: str) -> Markup:
    done, place = Markup(""), 0
    for found in _INLINE.finditer(text):
        done += escape(text[place : found.start()])
        bold, label, address = found.groups()
        done += (
            Markup("<strong>{}</strong>").format(bold)
            if bold
            else Markup('<a href="{}">{}</a>').format(address, label)
        )
        place = found.end()
    return done + escape(text[place:])
