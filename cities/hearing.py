"""What was learnt from examples, of danger and of matters that belong elsewhere: made by ``cities.learning``, read with the law.

The file is made when the project is prepared and belongs to no release of the sources; without it the word lists
judge alone, and ``/readyz`` says so.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

from hotline import vocabulary
from hotline.scoring import Hearing, Thresholds

FILE = "hearing.json"
DANGERS, GROUNDS = "emergency_examples", "acceptance_examples"  #: folders of examples, and names in the file
LABELS = ("now", "doubt", "none")
#: weights are kept in these parts, so that the file is short and the same wherever it is made
_PARTS = 1000


@dataclass(frozen=True, kw_only=True, slots=True)
class Example:
    """One sentence with what is to be heard in it."""

    id: str
    text: str
    label: str  #: now, doubt or none; a matter that belongs elsewhere is now
    call: str | None
    also: tuple[str, ...]
    type: str | None
    pair: str  #: examples of one pair share words and differ in what they mean; never split between learning and measuring
    how: str  #: who says it, how it is written


def read_dangers(folder: Path, *, only: str = "*.jsonl") -> tuple[Example, ...]:
    """Return every example of danger in ``folder`` in order of file and line, or raise ``ValueError`` naming the line.

    ``only`` names one file, or a pattern of names.
    """
    return tuple(_examples_in(folder, danger_of, only))


def read_grounds(folder: Path) -> tuple[Example, ...]:
    """Return every example of what belongs elsewhere, or raise ``ValueError`` naming the line."""
    return tuple(_examples_in(folder, ground_of))


def _examples_in(
    folder: Path, read: Callable[[Mapping[str, Any]], Example], only: str = "*.jsonl"
) -> Iterator[Example]:
    seen: set[str] = set()
    for path in sorted(folder.glob(only)):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            try:
                found = read(json.loads(line))
                if found.id in seen:
                    raise ValueError(f"{found.id} is used twice")
            except (ValueError, KeyError, TypeError) as error:
                raise ValueError(f"{path.name}:{number}: {error!s}") from error
            seen.add(found.id)
            yield found


def danger_of(row: Mapping[str, Any]) -> Example:
    """Return one row of the examples of danger, or raise ``ValueError`` saying what is wrong with it."""
    found = Example(
        id=row["id"], text=row["text"], label=row["label"], call=row["call"], also=tuple(row["also"]),
        type=row["type"], pair=row["pair"] or row["id"], how=row["how"],
    )  # fmt: skip
    if found.label not in LABELS:
        raise ValueError(f"label is one of {', '.join(LABELS)}, not {found.label!r}")
    if (found.label == "none") != (found.call is None) or (found.call is None) != (found.type is None):
        raise ValueError("danger has call and type, none has neither")
    if not found.text.strip() or found.call in found.also:
        raise ValueError("text must not be empty, and also never repeats call")
    return found


def ground_of(row: Mapping[str, Any]) -> Example:
    """Return one row of the examples of what belongs elsewhere, or raise ``ValueError`` saying what is wrong with it."""
    ground = row["ground"]
    if ground is not None and ground not in vocabulary.GROUNDS:
        raise ValueError(f"ground is one of {', '.join(vocabulary.GROUNDS)} or null, not {ground!r}")
    if not row["text"].strip():
        raise ValueError("text must not be empty")
    return Example(
        id=row["id"], text=row["text"], label="now" if ground else "none", call=None, also=(),
        type=ground, pair=row["pair"] or row["id"], how=row["how"],
    )  # fmt: skip


def written(learnt: Mapping[str, Hearing]) -> str:
    """Return what was learnt, by the name of its examples, as the text of the file."""
    records = {name: _record(hearing) for name, hearing in learnt.items()}
    return json.dumps(records, ensure_ascii=False, separators=(",", ":")) + "\n"


def _record(hearing: Hearing) -> dict[str, Any]:
    return asdict(hearing) | {
        "letters": _in_parts(hearing.letters),
        "pairs": {first: _in_parts(weights) for first, weights in hearing.pairs.items()},
        "types": {
            gram: [round(weight * _PARTS) for weight in weights] for gram, weights in hearing.types.items()
        },
    }


def _in_parts(weights: Mapping[str, float]) -> dict[str, int]:
    return {gram: round(weight * _PARTS) for gram, weight in weights.items()}


def learnt_in(root: Path) -> Mapping[str, Hearing]:
    """Return what was learnt, from the folder of all cities; empty where it has not been made, or by another version."""
    path = root / "common" / FILE
    try:
        return _read(path, path.stat().st_mtime_ns)
    except FileNotFoundError:
        return {}


def check_learnt(root: Path) -> list[str]:
    """Return one finding where nothing usable was learnt, so that word lists would judge alone; else nothing."""
    if learnt_in(root):
        return []
    return [
        f"{root / 'common' / FILE}:1: 还没有从例句学好的权重，现在只凭词表判断紧急情况。请运行 make setup。"
    ]


@cache
def _read(path: Path, changed: int) -> Mapping[str, Hearing]:
    """One file for all cities and periods: it is read once, and again when it has changed.

    Danger must be heard whatever state the file is in: one that cannot be read counts as absent, and is told as that.
    """
    try:
        records = json.loads(path.read_text(encoding="utf-8"))
        return {name: _hearing(records[name]) for name in (DANGERS, GROUNDS)}
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}


@cache
def _weight(parts: int) -> float:
    """Return a weight as it was learnt; the same number is the same object, of half a million that are a few thousand."""
    return parts / _PARTS


def _weights(parts: Mapping[str, int]) -> dict[str, float]:
    return {letter: _weight(weight) for letter, weight in parts.items()}


def _hearing(record: Mapping[str, Any]) -> Hearing:
    return Hearing(
        version=record["version"],
        letters=_weights(record["letters"]),
        pairs={first: _weights(weights) for first, weights in record["pairs"].items()},
        hints=record["hints"],
        bias=record["bias"],
        length=record["length"],
        types={gram: tuple(map(_weight, weights)) for gram, weights in record["types"].items()},
        type_names=tuple(record["type_names"]),
        type_bias=tuple(record["type_bias"]),
        named=Thresholds(**record["named"]),
        in_letter=Thresholds(**record["in_letter"]),
        unnamed=Thresholds(**record["unnamed"]),
        counts=record["counts"],
    )
