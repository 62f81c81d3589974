"""spellings.yaml: how the same thing is written in other characters, by mistake, by ear or in dialect."""

from collections.abc import Iterator

from cities.pages import Table
from hotline.spelling import Spelling


def read(top: Table) -> Spelling:
    """Return every form with its usual spelling."""
    spelling = Spelling.of([*_letters(top), *_words(top)])
    top.close()
    return spelling


def _letters(top: Table) -> Iterator[tuple[str, str]]:
    """Yield the pairs that are written one behind the other."""
    seen: dict[str, str] = {}
    for pair in top.text("letters").split():
        if len(pair) != 2:
            top.complain(f"“{pair}”要写成两个字：前一个换成后一个。", "letters")
            continue
        wrong, right = pair[0], pair[1]
        if seen.setdefault(wrong, right) != right:
            top.complain(f"“{wrong}”写了两遍，换成的字不一样。请只留一个。", "letters")
        yield wrong, right
    for right in sorted(seen.keys() & set(seen.values())):
        top.complain(f"“{right}”既是换成的字，又要换成别的字。请直接写最后的字。", "letters")


def _words(top: Table) -> Iterator[tuple[str, str]]:
    rows = top.table("words")
    for right in rows.rows:
        for wrong in rows.texts(right):
            yield wrong, right
    rows.close()
