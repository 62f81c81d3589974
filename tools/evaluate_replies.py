"""Measures the reply gate and writes the figures into docs/evaluation.md, between its own marks.

``make evaluate`` runs it: two sets of imagined replies over the five cities, and real replies where ``../shared/data``
exists. Nothing is learnt from either; no row of the real ones is written anywhere.
"""

import csv
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import sqrt
from pathlib import Path
from random import Random
from time import process_time
from typing import Any

from bots.keyword_understanding import KeywordUnderstanding
from cities.loading import city_codes, load_pack
from gateway.commands import judged
from hotline.citypack import CityPack
from hotline.substance import Written, clauses, is_beside

PROJECT = Path(__file__).parent.parent
PAGE = PROJECT / "docs" / "evaluation.md"
TESTS = PROJECT / "tests" / "unit" / "hotline" / "data"
REAL = PROJECT.parent / "shared" / "data" / "replies_dev.csv"
BEGIN, END = (f"<!-- replies, made by `make evaluate`: {edge} -->" for edge in ("begin", "end"))
SETS = ("replies.jsonl", "replies2.jsonl")
TRIED = (5, 8, 11, 14, 18, 22)  #: letters of substance that are asked for
SEED = 7  #: of the exchange of replies
SHORT = 60  #: characters of a reply that the table of errors shows


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged:
    """One reply, whether it should be held back, and what the gate says."""

    row: Mapping[str, Any]
    empty: bool
    rules: tuple[str, ...]

    @property
    def held(self) -> bool:
        """Tell whether the gate holds it back."""
        return bool(self.rules)


class Gate:
    """The gate of one city as ``huying replies check`` runs it."""

    def __init__(self, pack: CityPack, keywords: KeywordUnderstanding) -> None:
        self._pack, self._keywords = pack, keywords

    def rules(self, demand: str, reply: str, *, heard: str = "") -> tuple[str, ...]:
        """Return the rules that ``reply`` breaks; the kind of ``demand`` is told by ``heard`` where that is shorter."""
        verdict = judged(demand, reply, self._pack, self._keywords.read(heard or demand))
        return tuple(reason["rule"] for reason in verdict["reasons"])

    @property
    def void(self) -> frozenset[str]:
        """The rules against void replies, without the elements that a reply must have."""
        return frozenset(rule.id for rule in self._pack.void_replies)


def main() -> int:
    """Measure everything and write the page."""
    keywords = KeywordUnderstanding.load()
    packs = {code: load_pack(code) for code in city_codes() if code != "_example"}
    text = "\n".join(_lines(packs, {code: Gate(pack, keywords) for code, pack in packs.items()}))
    page = PAGE.read_text(encoding="utf-8")
    before, rest = page.split(BEGIN)
    PAGE.write_text(f"{before}{BEGIN}\n{text}\n{END}{rest.split(END)[1]}", encoding="utf-8")
    print(text)
    return 0


def _lines(packs: Mapping[str, CityPack], gates: Mapping[str, Gate]) -> Iterator[str]:
    every = [(name, list(_imagined(name, gates))) for name in SETS]
    yield "### Imagined replies, good and empty in pairs"
    yield ""
    yield from _table([(f"`{name}`", found) for name, found in every])
    both = [one for _, found in every for one in found]
    yield from _table(
        [(code, [one for one in both if one.row["city"] == code]) for code in packs], head="city"
    )
    named = [one for one in both if one.empty and one.held]
    right = sum(one.row["rule"] in one.rules for one in named)
    yield f"The rule that was broken is among those named for {percent(right, len(named))} of the empty ones found."
    yield ""
    yield from _errors(both)
    yield from _real(packs, gates)


def _imagined(name: str, gates: Mapping[str, Gate]) -> Iterator[Judged]:
    for line in (TESTS / name).read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        rules = gates[row["city"]].rules(row["demand"], row["reply"])
        yield Judged(row=row, empty=row["rule"] is not None, rules=rules)


def _table(groups: Sequence[tuple[str, Sequence[Judged]]], head: str = "replies") -> Iterator[str]:
    yield f"| {head} | empty | found (95 %) | missed | good | held back | precision (95 %) | F1 |"
    yield "|---|---|---|---|---|---|---|---|"
    for name, found in groups:
        empty = sum(one.empty for one in found)
        hits = sum(one.empty and one.held for one in found)
        false = sum(one.held and not one.empty for one in found)
        f1 = 2 * hits / (empty + hits + false)
        yield (
            f"| {name} | {empty} | {interval(hits, empty)} | {empty - hits} | {len(found) - empty} | {false}"
            f" | {interval(hits, hits + false)} | {f1:.3f} |"
        )
    yield ""


def _errors(found: Sequence[Judged]) -> Iterator[str]:
    yield "| id | should name | named | reply (beginning) |"
    yield "|---|---|---|---|"
    for one in found:
        if one.empty != one.held or (one.empty and one.row["rule"] not in one.rules):
            reply = " ".join(one.row["reply"].split())[:SHORT]
            yield f"| {one.row['id']} | {one.row['rule'] or 'nothing'} | {', '.join(one.rules) or 'nothing'} | {reply} |"
    yield ""


def _real(packs: Mapping[str, CityPack], gates: Mapping[str, Gate]) -> Iterator[str]:
    yield "### Real replies"
    yield ""
    if not REAL.is_file():
        yield "Skipped: there is no `../shared/data` here."
        yield ""
        return
    with REAL.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    start = process_time()
    every = {code: _judged(rows, gates[code]) for code in packs}
    spent = (process_time() - start) / len(rows) / len(packs)
    alone = [
        (
            f"{code}, void replies only",
            [replace(one, rules=_only(one.rules, gates[code].void)) for one in found],
        )
        for code, found in every.items()
        if sum(one.held for one in found) > len(found) / 2
    ]
    yield from _table([*every.items(), *alone], head="law of")
    yield (
        "A text that wants the handler's name, the time of the talk and whether the citizen is satisfied in every reply finds them incomplete: those"
        " of other places never have them all, so its line says what is incomplete there, not what is empty."
    )
    yield ""
    yield "Which rules hold back good and empty ones:"
    yield ""
    yield "| law of | empty | good |"
    yield "|---|---|---|"
    for code, found in every.items():
        sides = [
            Counter(rule for one in found if one.empty is side for rule in set(one.rules))
            for side in (True, False)
        ]
        told = [", ".join(f"{rule} {count}" for rule, count in side.most_common()) for side in sides]
        yield f"| {code} | {told[0]} | {told[1]} |"
    yield ""
    yield from _thresholds(rows, next(iter(packs.values())))
    yield from _exchanged(rows, next(iter(packs.values())))
    yield f"One verdict takes {1000 * spent:.1f} ms of CPU."
    yield ""


def _only(rules: Sequence[str], kept: frozenset[str]) -> tuple[str, ...]:
    return tuple(rule for rule in rules if rule in kept)


def _judged(rows: Sequence[Mapping[str, str]], gate: Gate) -> list[Judged]:
    return [
        Judged(
            row=row,
            empty=row["substantive"] == "0",
            rules=gate.rules(f"{row['title']}\n{row['message']}", row["reply"], heard=row["title"]),
        )
        for row in rows
    ]


def _thresholds(rows: Sequence[Mapping[str, str]], pack: CityPack) -> Iterator[str]:
    yield "Letters of substance that are asked for (`enough`), emptiness alone:"
    yield ""
    yield "| letters | found | precision |"
    yield "|---|---|---|"
    told = [(clauses(Written.of(row["reply"]), pack.reply_words), row["substantive"] == "0") for row in rows]
    total = sum(empty for _, empty in told)
    for enough in TRIED:
        held = [
            empty
            for said, empty in told
            if not any(clause.is_fact for clause in said) and sum(clause.letters for clause in said) < enough
        ]
        yield f"| {enough} | {percent(sum(held), total)} | {percent(sum(held), len(held))} |"
    yield ""


def _exchanged(rows: Sequence[Mapping[str, str]], pack: CityPack) -> Iterator[str]:
    """Yield how many replies are told to be beside the question when each is given to another demand."""
    good = [row for row in rows if row["substantive"] == "1"]
    others = list(good)
    Random(SEED).shuffle(others)
    own, other = _beside(good, good, pack), _beside(good, others, pack)
    yield (
        f"Beside the question: {percent(own, len(good))} of good replies to their own demand, {percent(other, len(good))} when"
        f" each is given to a demand drawn at random (seed {SEED})."
    )
    yield ""


def _beside(
    demands: Sequence[Mapping[str, str]], replies: Sequence[Mapping[str, str]], pack: CityPack
) -> int:
    words = pack.reply_words
    return sum(
        is_beside(
            Written.of(f"{demand['title']}\n{demand['message']}"),
            clauses(Written.of(reply["reply"]), words),
            words,
        )
        for demand, reply in zip(demands, replies, strict=True)
    )


def interval(count: int, of: int, z: float = 1.96) -> str:
    """Return a share with its 95 % interval (Wilson, 1927)."""
    if not of:
        return "–"
    share = count / of
    middle = (share + z * z / (2 * of)) / (1 + z * z / of)
    half = z * sqrt(share * (1 - share) / of + z * z / (4 * of * of)) / (1 + z * z / of)
    return f"{share:.1%} ({100 * (middle - half):.1f}–{100 * (middle + half):.1f})"


def percent(count: int, of: int) -> str:
    """Return a share in percent."""
    return f"{count / of:.1%}" if of else "–"


if __name__ == "__main__":
    raise SystemExit(main())
