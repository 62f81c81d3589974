"""Measures the two screens and writes the figures into docs/evaluation.md, between its marks.

``make evaluate`` runs it: cross-validation over the examples, learning curve, what each part is worth, the independent
test sets, and false alarms on real messages where ``../shared/data`` exists. Takes some minutes.
"""

import csv
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import replace
from functools import partial
from pathlib import Path

from cities.hearing import DANGERS, GROUNDS, Example, danger_of, read_dangers, read_grounds
from cities.learning import OF_DANGERS, OF_GROUNDS, Judged, Learner, Told, hard, told, unseen
from cities.loading import CITIES, load_pack
from cities.measuring import (
    NONE,
    VERDICTS,
    Heard,
    Led,
    confusion,
    hear,
    lead,
    led_shares,
    numbers,
    shares,
)
from hotline.citypack import CityPack
from hotline.scoring import Thresholds
from hotline.screening import ground_text, screen_acceptance, screen_emergency

PROJECT = Path(__file__).parent.parent
PAGE = PROJECT / "docs" / "evaluation.md"
TESTS = PROJECT / "tests" / "unit" / "hotline" / "data" / "independent"
REAL = PROJECT.parent / "shared" / "data"
BEGIN, END = "<!-- made by `make evaluate`: begin -->", "<!-- made by `make evaluate`: end -->"
REAL_FILES = (
    ("screening_dev.csv", "text", "letters and tickets"),
    ("replies_dev.csv", "message", "letters"),
    ("topics_dev.csv", "title", "titles"),
)
LEAST_COURT = 0.1  #: of hard examples that may be asked about, where ways of learning are compared


def main() -> int:
    """Measure everything for the city named, and write the page."""
    if len(sys.argv) != 2:
        sys.stderr.write("name a folder under cities/\n")
        return 2
    pack = load_pack(sys.argv[1])
    if pack.hearing is None:
        sys.stderr.write("nothing is learnt yet: run make setup\n")
        return 1
    text = "\n".join(_lines(pack))
    page = PAGE.read_text(encoding="utf-8")
    before, rest = page.split(BEGIN)
    PAGE.write_text(f"{before}{BEGIN}\n{text}\n{END}{rest.split(END)[1]}", encoding="utf-8")
    print(text)
    return 0


def _lines(pack: CityPack) -> Iterator[str]:
    rows = told(read_dangers(CITIES / "common" / DANGERS), pack)
    judged = unseen(rows, Learner(calls={danger.id: danger.call for danger in pack.dangers}))
    yield from _cross_validated(judged, pack)
    yield from _parts(rows, pack)
    yield from _curve(rows)
    heard = hear(independent_dangers(), pack)
    yield from _independent(heard)
    yield from _real(pack)
    yield from _grounds(pack)
    yield from _errors(heard)


def independent_dangers() -> tuple[Example, ...]:
    """Return the test set that was written without sight of the examples."""
    lines = (TESTS / "emergency.jsonl").read_text(encoding="utf-8").splitlines()
    return tuple(danger_of(json.loads(line)) for line in lines)


def independent_grounds(city: str) -> tuple[tuple[str, str, str | None], ...]:
    """Return the demands of one city written without sight of the examples: id, text, ground."""
    rows = map(json.loads, (TESTS / "acceptance.jsonl").read_text(encoding="utf-8").splitlines())
    return tuple((row["id"], row["text"], row["ground"]) for row in rows if row["city"] == city)


def _cross_validated(judged: Sequence[Judged], pack: CityPack) -> Iterator[str]:
    """Yield the table of examples judged by weights that had not seen them."""
    assert pack.hearing is not None
    hearing = OF_DANGERS.applied(pack.hearing, judged)
    yield f"### Emergencies: {len(judged)} examples, five folds, pairs kept together"
    yield ""
    yield "Thresholds are the ones that these folds give; letters are judged without the close look at a sentence."
    yield ""
    yield "| examples | n | sure | asked | none |"
    yield "|---|---|---|---|---|"
    is_hard = {id(one) for one in hard(judged)}
    groups: tuple[tuple[str, Callable[[Judged], bool]], ...] = (
        ("danger, plain or short", lambda one: one.told.example.label == "now" and _is_plain(one)),
        ("danger, other", lambda one: one.told.example.label == "now" and not _is_plain(one)),
        ("in doubt", lambda one: one.told.example.label == "doubt"),
        ("no danger, hard (shares words with one)", lambda one: id(one) in is_hard),
        ("no danger, other", lambda one: not one.told.is_danger and id(one) not in is_hard),
    )
    for name, belongs in groups:
        found = [one for one in judged if belongs(one)]
        verdicts = [_verdict(one, hearing.named if one.is_named else hearing.unnamed) for one in found]
        each = " | ".join(_percent(verdicts.count(verdict), len(found)) for verdict in VERDICTS)
        yield f"| {name} | {len(found)} | {each} |"
    calls = {danger.id: danger.call for danger in pack.dangers}
    dangers = [one for one in judged if one.told.is_danger]
    right = sum(calls[_likeliest(one)] == one.told.example.call for one in dangers)
    yield ""
    types = sum(_likeliest(one) == one.told.example.type for one in dangers)
    yield (
        f"Number right: {_percent(right, len(dangers))} of all dangers, found or not"
        f" (type right: {_percent(types, len(dangers))})."
    )
    yield ""


def _is_plain(one: Judged) -> bool:
    return not {"plain", "short"}.isdisjoint(one.told.example.how.split())


def _verdict(one: Judged, limits: Thresholds) -> str:
    score = one.weighed.score
    return "sure" if score >= limits.sure else "asked" if score >= limits.ask else "none"


def _likeliest(one: Judged) -> str:
    return max(one.types, key=lambda name: one.types[name])


def _parts(rows: Sequence[Told], pack: CityPack) -> Iterator[str]:
    """Yield what each part is worth: the rest measured without it."""
    yield "### What each part is worth"
    yield ""
    yield f"Found of the dangers (sure or asked) when {LEAST_COURT:.0%} of the hard examples without danger are asked about; AUC over all."
    yield ""
    yield "| way | AUC | plain or short | other | in doubt |"
    yield "|---|---|---|---|---|"
    learner = Learner(calls={})
    everything = unseen(rows, learner)
    ways: tuple[tuple[str, Callable[[], Sequence[Judged]]], ...] = (
        ("as decided", lambda: everything),
        ("weights without word lists", lambda: unseen(rows, replace(learner, weighed_grams=_is_letter))),
        ("without what the words around say", lambda: unseen(rows, replace(learner, weighed_grams=_no_context))),
        ("without naive Bayes", lambda: unseen(rows, replace(learner, likely=0.0))),
        ("single letters, no pairs", lambda: unseen(rows, replace(learner, weighed_grams=_is_short))),
        ("whole letters, no windows", lambda: unseen([_whole(row) for row in rows], learner)),
        ("no off-set for long letters", lambda: unseen(rows, replace(learner, length=0.0))),
        ("learnt without the hard examples", lambda: unseen(rows, learner, learns=_is_easy(rows))),
    )  # fmt: skip
    for name, way in ways:
        yield _measured(name, way(), everything)
    alone = replace(pack, hearing=None)
    found = [screen_emergency(row.example.text, alone) is not None for row in rows]
    hards = {one.told.example.id for one in hard(everything)}
    false = [heard for row, heard in zip(rows, found, strict=True) if row.example.id in hards]
    groups = [
        [heard for row, heard in zip(rows, found, strict=True) if belongs(row)]
        for belongs in (_plain_danger, _other_danger, _in_doubt)
    ]
    shown = " | ".join(_percent(sum(group), len(group)) for group in groups)
    yield f"| word lists alone ({_percent(sum(false), len(false))} of the hard ones heard) | – | {shown} |"
    yield ""


def _plain_danger(row: Told) -> bool:
    return row.example.label == "now" and not {"plain", "short"}.isdisjoint(row.example.how.split())


def _other_danger(row: Told) -> bool:
    return row.example.label == "now" and not _plain_danger(row)


def _in_doubt(row: Told) -> bool:
    return row.example.label == "doubt"


def _is_letter(name: str) -> bool:
    return not (name[0] == "@" and len(name) > 2)


def _is_short(name: str) -> bool:
    return len(name) == 1 or not _is_letter(name)


def _no_context(name: str) -> bool:
    return not name.startswith(("@mentioned", "@told"))


def _whole(row: Told) -> Told:
    return replace(row, spans=((0, len(row.text)),))


def _is_easy(rows: Sequence[Told]) -> Callable[[Told], bool]:
    dangers = {row.example.pair for row in rows if row.is_danger}
    return lambda row: row.is_danger or row.example.pair not in dangers


def _measured(name: str, judged: Sequence[Judged], everything: Sequence[Judged]) -> str:
    hards = {one.told.example.id for one in hard(everything)}
    scores = sorted((one.weighed.score for one in judged if one.told.example.id in hards), reverse=True)
    limit = scores[int(LEAST_COURT * len(scores))]
    groups = [
        [one for one in judged if belongs(one.told)] for belongs in (_plain_danger, _other_danger, _in_doubt)
    ]
    shown = " | ".join(
        _percent(sum(one.weighed.score > limit for one in group), len(group)) for group in groups
    )
    return f"| {name} | {_area(judged):.4f} | {shown} |"


def _area(judged: Sequence[Judged]) -> float:
    """Return the chance that a danger scores above a message without one."""
    ordered = sorted((one.weighed.score, one.told.is_danger) for one in judged)
    dangers = sum(is_danger for _, is_danger in ordered)
    ranks = sum(rank for rank, (_, is_danger) in enumerate(ordered, 1) if is_danger)
    return (ranks - dangers * (dangers + 1) / 2) / (dangers * (len(ordered) - dangers))


def _curve(rows: Sequence[Told]) -> Iterator[str]:
    yield "### Learning curve"
    yield ""
    yield "| learnt from | AUC | plain or short | other | in doubt |"
    yield "|---|---|---|---|---|"
    everything = unseen(rows, Learner(calls={}))
    pairs = sorted({row.example.pair for row in rows})
    for parts in (8, 4, 2, 1):
        kept = frozenset(pairs[::parts])
        judged = unseen(rows, Learner(calls={}), learns=partial(_is_of, kept))
        yield _measured(f"1/{parts} of the pairs" if parts > 1 else "all of them", judged, everything)
    yield ""


def _is_of(pairs: Set[str], row: Told) -> bool:
    return row.example.pair in pairs


def _independent(heard: Sequence[Heard]) -> Iterator[str]:
    yield f"### Emergencies: the independent test set, {len(heard)} messages"
    yield ""
    yield "| messages | n | sure | asked | none | bar |"
    yield "|---|---|---|---|---|---|"
    bars = {
        "plain": "found ≥ 99 %",
        "without an obvious word": "found ≥ 90 %",
        "in doubt": "–",
        NONE: "sure ≤ 5 %, asked ≤ 15 %",
    }
    for group, found in shares(heard).items():
        each = " | ".join(f"{found[verdict]:.1%}" for verdict in VERDICTS)
        yield f"| {group} | {found['n']:.0f} | {each} | {bars[group]} |"
    rate = numbers(heard)
    yield ""
    yield (
        f"Of {rate['n']:.0f} dangers found the first number is right for {rate['first']:.1%}, the right one is among those"
        f" named for {rate['named']:.1%}, the type is right for {rate['type']:.1%}."
    )
    yield ""
    yield "Number named first (columns) for the number that is right (rows):"
    yield ""
    table = confusion(heard)
    columns = ("110", "119", "120", "122", "none")
    yield "| | " + " | ".join(columns) + " |"
    yield "|---|" + "---|" * len(columns)
    for right, named in table.items():
        yield f"| **{right}** | " + " | ".join(str(named[column]) for column in columns) + " |"
    yield ""


def _real(pack: CityPack) -> Iterator[str]:
    yield "### Real messages: false alarms"
    yield ""
    if not REAL.is_dir():
        yield "Skipped: there is no `../shared/data` here."
        yield ""
        return
    yield "| messages without danger | n | emergency sure | asked | acceptance refused | asked |"
    yield "|---|---|---|---|---|---|"
    for file, column, what in REAL_FILES:
        texts = [row for row in _rows(REAL / file) if row.get("emergency", "none") == "none"]
        heard = [screen_emergency(row[column], pack) for row in texts]
        led = [
            screen_acceptance(row[column], pack)
            for row in texts
            if row.get("not_accepted", "0") in ("0", "", "none")
        ]
        sure, asked = (sum(1 for d in heard if d and d.sure is way) for way in (True, False))
        refused, doubted = (sum(1 for d in led if d and d.sure is way) for way in (True, False))
        yield (
            f"| {what} (`{file}`) | {len(texts)} | {_percent(sure, len(texts))} | {_percent(asked, len(texts))}"
            f" | {_percent(refused, len(led))} | {_percent(doubted, len(led))} |"
        )
    yield ""


def _rows(path: Path) -> list[Mapping[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _grounds(pack: CityPack) -> Iterator[str]:
    assert pack.grounds is not None
    rows = told(read_grounds(CITIES / "common" / GROUNDS), pack, ground_text)
    judged = unseen([*rows, *_ordinary(pack)], Learner(calls={}))
    limit = OF_GROUNDS.applied(pack.grounds, judged).unnamed.ask
    yield f"### Acceptance: {len(rows)} examples, five folds, pairs kept together"
    yield ""
    yield "Weights alone, without patterns: heard as a ground (refused or asked about)."
    yield ""
    yield "| demands | n | heard |"
    yield "|---|---|---|"
    is_hard = {one.told.example.id for one in hard(judged)}
    for name, group in (
        ("belong elsewhere", [one for one in judged if one.told.is_danger]),
        ("lawful, the other half of a pair", [one for one in judged if one.told.example.id in is_hard]),
        (
            "lawful, other",
            [one for one in judged if not one.told.is_danger and one.told.example.id not in is_hard],
        ),
    ):
        yield f"| {name} | {len(group)} | {_percent(sum(one.weighed.score >= limit for one in group), len(group))} |"
    yield ""
    led = lead(independent_grounds(pack.code), pack)
    alone = lead(independent_grounds(pack.code), replace(pack, grounds=None))
    yield f"### Acceptance: the independent pairs of {pack.code}, {len(led)} demands"
    yield ""
    yield "| demands | n | refused | asked | taken up | patterns alone: refused | asked | taken up |"
    yield "|---|---|---|---|---|---|---|---|"
    for (name, found), before in zip(led_shares(led).items(), led_shares(alone).values(), strict=True):
        each = " | ".join(f"{share[verdict]:.1%}" for share in (found, before) for verdict in VERDICTS)
        yield f"| {name} | {found['n']:.0f} | {each} |"
    strict = sum((one.found is not None) == (one.ground is not None) for one in led)
    yield ""
    yield (
        f"Right: {_percent(sum(one.is_right for one in led), len(led))} (a question is right for both), strictly"
        f" {_percent(strict, len(led))} (a lawful demand must not even be asked about). By patterns alone:"
        f" {_percent(sum(one.is_right for one in alone), len(alone))}."
    )
    yield ""
    yield from _ground_errors(led)


def _ordinary(pack: CityPack) -> Iterable[Told]:
    rows = told(read_dangers(CITIES / "common" / DANGERS), pack, ground_text)
    plain = replace(pack, grounds=None)
    return (
        replace(row, hints=())
        for row in rows
        if not row.is_danger and not screen_acceptance(row.example.text, plain)
    )


def _errors(heard: Sequence[Heard]) -> Iterator[str]:
    yield "### Errors on the independent test set: emergencies"
    yield ""
    yield "| id | should be | was | message (beginning) |"
    yield "|---|---|---|---|"
    for one in heard:
        if one.is_wrong or (one.danger and one.example.call not in (None, one.danger.call, *one.danger.also)):
            was = f"{one.danger.call} {one.verdict}" if one.danger else "none"
            should = one.example.call or "none"
            yield f"| {one.example.id} | {should} {one.example.type or ''} | {was} | {_short(one.example.text)} |"
    yield ""


def _ground_errors(led: Sequence[Led]) -> Iterator[str]:
    yield "| id | should be | was | demand (beginning) |"
    yield "|---|---|---|---|"
    for one in led:
        if (one.found is not None) != (one.ground is not None):
            was = f"{one.found.rule} {one.verdict}" if one.found else "taken up"
            yield f"| {one.id} | {one.ground or 'taken up'} | {was} | {_short(one.text)} |"
    yield ""


def _short(text: str) -> str:
    line = " ".join(text.split()).replace("|", "/")
    return line if len(line) <= 60 else f"{line[:60]}…"


def _percent(count: int, of: int) -> str:
    return f"{count / of:.1%}" if of else "–"


if __name__ == "__main__":
    raise SystemExit(main())
