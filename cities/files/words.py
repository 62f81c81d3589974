"""words.yaml: the sentences that the system says itself, for all cities, and what one city says in its own words."""

from collections.abc import Mapping
from string import Formatter

from cities.pages import Table

EVERYWHERE = frozenset({"city", "hotline"})  #: blanks that any sentence may have


def read(common: Table, own: Table | None) -> Mapping[str, str]:
    """Return every sentence; one of ``own`` replaces the common one of the same name and fills the same blanks."""
    words = common.sentences()
    if own is None:
        return words
    mine = own.sentences()
    for name, sentence in mine.items():
        if name not in words:
            own.complain(
                f"没有叫“{name}”的句子。这里只能改写 cities/common/words.yaml 里有的，请核对名字。", name
            )
        elif _blanks(sentence) != _blanks(words[name]):
            blanks = "、".join(sorted(_blanks(words[name]))) or "没有"
            own.complain(f"“{name}”要填的空和原来的不一样，原来的是：{blanks}。请改成一样的。", name)
    return {**words, **mine}


def _blanks(sentence: str) -> frozenset[str]:
    try:
        found = {field for _, field, _, _ in Formatter().parse(sentence) if field}
    except ValueError:  # told already: the braces are no pairs
        return frozenset()
    return frozenset(found) - EVERYWHERE
