"""common/replies.yaml: how units' replies are read, in every city alike."""

from collections.abc import Iterable, Mapping

from cities.forms import Reader
from cities.pages import Table, distinct
from hotline.reply_words import Fault, ReplyWords
from hotline.vocabulary import CONTENTS, TOLD_FAULTS


def read(top: Table, reader: Reader) -> ReplyWords:
    """Return the words of the file; every fault that a city may name must be there."""
    pieces = top.table("sets").pieces()
    words = ReplyWords(
        enough=top.number("enough"),
        nothing=top.patterns("nothing", pieces),
        facts=top.patterns("facts", pieces),
        filler=top.patterns("filler", pieces),
        contents=_contents(top.table("contents"), pieces),
        unsatisfied=top.patterns("unsatisfied", pieces),
        anonymous=top.patterns("anonymous", pieces),
        faults=_faults(top, reader.with_pieces(pieces)),
        subjects=_subjects(top.table("subjects")),
    )
    top.close()
    return words


def _contents(table: Table, pieces: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    found = {name: table.patterns(name, pieces) for name in CONTENTS if table.has(name)}
    table.close()
    return found


def _faults(top: Table, reader: Reader) -> dict[str, Fault]:
    tables: Iterable[Table] = top.tables("faults")
    found = {fault.id: fault for fault in distinct(tables, lambda table: reader.read(Fault, table))}
    if missing := [name for name in TOLD_FAULTS if name not in found]:
        top.complain(
            f"faults 里缺少{'、'.join(missing)}。请补上，或者从 hotline/vocabulary.py 里删去。", "faults"
        )
    return found


def _subjects(table: Table) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(table.text(name).split()) for name in table.rows)
