"""identity.yaml: how people say their own name and where they live."""

import re

from cities.grams import is_endless
from cities.pages import Table
from hotline.identity import Finder, Kind, filled

KINDS = (Kind.NAME, Kind.ADDRESS)


def read(top: Table) -> Finder:
    """Return what finds them, and every number that tells who somebody is."""
    sets = top.table("sets")
    pieces = {name: sets.text(name) for name in sets.rows}
    found = Finder({kind: _patterns(top, kind.value, pieces) for kind in KINDS})
    top.close()
    return found


def _patterns(top: Table, key: str, pieces: dict[str, str]) -> tuple[str, ...]:
    """Return the patterns at ``key``; they are searched in what people wrote, not in the screens' folded text."""
    made = list[str]()
    for line, written in top.items(key):
        pattern = filled(written, pieces)
        try:
            fault = "" if "who" in re.compile(pattern).groupindex else "正则表达式里缺少名为 who 的组"
        except re.error as error:
            fault = f"正则表达式写错了（{error}）"
        if not fault and is_endless(pattern):
            fault = "正则表达式里的 * 或 + 没有说最多几个字，请写成 {0,9} 这样"
        if fault:
            top.page.complain(line, f"{fault}：“{written[:60]}”。")
        else:
            made.append(pattern)
    return tuple(made)
