"""The places that an instrument has, and Chinese numerals: what is not there cannot be cited."""

import re
from collections.abc import Iterable, Iterator
from functools import cache

DIGITS = "零一二三四五六七八九"
_LONGEST = 2000  #: no instrument has more articles
WHOLE = "全文"  #: where the whole text is meant: what it is silent on
#: A place is a row of steps: an article with paragraphs, items and sub-items, or the sections of a notice.
_STEP = re.compile(
    r"第[零一二三四五六七八九十百千]+[条款项目]|（[一二三四五六七八九十]+）|（\d+）|\d+|附件\d*|[一二三四五六七八九十]+"
)
_NUMBER = re.compile(r"[零一二三四五六七八九十百千]+|\d+")


def numeral(number: int) -> str:
    """Return a number below ten thousand as Chinese law writes it: 十二, 一百零三."""
    if number < 10:
        return DIGITS[number]
    written, gap = "", False
    for power, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit = number // power % 10
        if digit:
            written += ("零" if gap and written else "") + DIGITS[digit] + name
        gap = not digit
    return written.removeprefix("一") if 10 <= number < 20 else written


@cache
def _numbers() -> dict[str, int]:
    return {numeral(number): number for number in range(1, _LONGEST + 1)}


def steps(place: str) -> tuple[str, ...]:
    """Return the steps of a place from the outermost in; empty where it is none."""
    found = tuple(_STEP.findall(place))
    return found if "".join(found) == place else ()


def places_of(last: Iterable[str]) -> frozenset[str]:
    """Return every place of an instrument out of the last one of each row: 第三十一条, 第四条第五项, 三（四）."""
    return frozenset(place for written in last for place in _row(written))


def _row(written: str) -> Iterator[str]:
    *outer, last = steps(written)
    before = "".join(outer)
    number = _NUMBER.search(last)
    if number is None:  # an annex without a number
        yield written
        return
    count = int(number[0]) if number[0].isdigit() else _numbers().get(number[0], 0)
    for index in range(1, count + 1):
        name = str(index) if number[0].isdigit() else numeral(index)
        yield f"{before}{last[: number.start()]}{name}{last[number.end() :]}"


def cited(article: str) -> tuple[str, ...]:
    """Return the places that a citation names, which stand between 、."""
    return tuple(article.split("、"))


def missing(article: str, places: frozenset[str]) -> tuple[str, ...]:
    """Return the cited places that the instrument does not have."""
    return tuple(place for place in cited(article) if place != WHOLE and place not in places)
