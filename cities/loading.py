"""Reads the law of a city out of its folder, strictly: whatever is not understood is refused.

The messages are Chinese, because the people who keep these files are lawyers of the city.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any

from cities.files import (
    deadlines,
    desk,
    dispatch,
    emergency,
    identity,
    kinds,
    places,
    replies,
    scope,
    sources,
    spellings,
    tags,
    times,
    units,
    words,
)
from cities.files.sections import SECTIONS, Rules
from cities.forms import Names, Reader, changes
from cities.grams import needed
from cities.hearing import DANGERS, GROUNDS, learnt_in
from cities.pages import Finding, Page, Table, fault_of
from cities.workdays import calendar_from
from hotline.bodies import Unit
from hotline.calendar import CITY_TIME, Calendar
from hotline.citypack import CityPack, DangerType, Lawbook, ScopeRule
from hotline.errors import CityPackError
from hotline.grams import Grams, Purpose
from hotline.law import Rule
from hotline.scoring import Hearing
from hotline.vocabulary import KINDS

CITIES = Path(__file__).parent
SHARED_FOLDERS = frozenset({"common", "calendar"})
CITY_FILES = ("sources", *SECTIONS)
WORDS = "words"  #: of all cities; a city's folder may hold one that replaces some
COMMON_FILES = ("emergency", "grounds", "identity", "places", "replies", "spellings", "tags", "times", WORDS)
NUMBERED = {
    "duty": "duties",
    "reading": "readings",
}  #: numbered once for all cities, and the file that does it
_BY_ID = ("kinds", "classes", "desk")  #: fields of the pack that are looked up by id


def city_codes(root: Path = CITIES) -> tuple[str, ...]:
    """Return the codes of all cities that have a folder, in order of name."""
    folders = (path.parent for path in root.glob("*/sources.yaml"))
    return tuple(sorted(folder.name for folder in folders if folder.name not in SHARED_FOLDERS))


def check_cities(root: Path = CITIES, *, own_units: Mapping[str, Path] | None = None) -> list[str]:
    """Return every finding in every city's files, each with file and line; empty when all are usable.

    ``own_units`` has, by city, the file of units that it entered itself.
    """
    findings: dict[str, None] = {}
    for code in city_codes(root):
        try:
            load_book(code, root, own_units=(own_units or {}).get(code))
        except CityPackError as error:
            findings |= dict.fromkeys(str(error).splitlines())
    return list(findings)


def load_pack(
    code: str, root: Path = CITIES, *, on: date | None = None, own_units: Path | None = None
) -> CityPack:
    """Return the law of the city ``code`` as it stands on a day, today if none is given.

    ``own_units`` is a file of units that the city entered itself, see ``load_book``. The pack leads to the law of every
    other day (``CityPack.on``). Raises ``CityPackError`` with all findings, one a line.
    """
    return load_book(code, root, own_units=own_units).on(on or datetime.now(CITY_TIME).date())


def load_book(code: str, root: Path = CITIES, *, own_units: Path | None = None) -> Lawbook:
    """Return the law of the city ``code`` through time, or raise ``CityPackError`` with all findings.

    ``own_units`` is a file in the form of ``units.yaml`` that holds ``units`` alone: those that the text lets the city
    enter (townships, departments outside an annex), each with the article that does.
    """
    folder = root / code
    if code in SHARED_FOLDERS or not (folder / "sources.yaml").is_file():
        known = "、".join(city_codes(root))
        raise CityPackError(f"{folder}:1: 没有城市“{code}”的资料。现有的城市是：{known}。请核对城市代码。")
    findings: list[Finding] = []
    paths = {name: folder / f"{name}.yaml" for name in CITY_FILES}
    common = {name: root / "common" / f"{name}.yaml" for name in COMMON_FILES}
    numbered = {of: root / f"{name}.yaml" for of, name in NUMBERED.items()}
    own = None if own_units is None else Page.read(own_units, root, findings)
    areas = folder / "places.yaml"
    own_words = folder / f"{WORDS}.yaml"
    reading = _Reading(
        pages=_pages(paths, root, findings),
        own_units=own,
        own_words=Page.read(own_words, root, findings) if own_words.is_file() else None,
        places=Page.read(areas, root, findings) if areas.is_file() else None,
        common=_pages(common, root, findings),
        numbered=_pages(numbered, root, findings),
        learnt=learnt_in(root),
    )
    book = reading.book(
        code,
        _calendar(root, findings),
        _digest([*paths.values(), *common.values(), own_words, *([own_units] if own_units else [])]),
    )
    if findings:
        raise CityPackError("\n".join(str(finding) for finding in sorted(set(findings))))
    return book


def _pages(paths: Mapping[str, Path], root: Path, findings: list[Finding]) -> dict[str, Page]:
    return {name: Page.read(path, root, findings) for name, path in paths.items()}


def _digest(paths: Iterable[Path]) -> str:
    """Return twelve letters that differ whenever the law's files do."""
    content = hashlib.sha256()
    for path in paths:
        content.update(path.read_bytes() if path.is_file() else b"")
    return content.hexdigest()[:12]


def _calendar(root: Path, findings: list[Finding]) -> Calendar:
    if root == CITIES:
        calendar, found = _shipped_calendar()
    else:
        calendar, found = _calendar_in(root)
    findings.extend(found)
    return calendar


def _calendar_in(root: Path) -> tuple[Calendar, tuple[Finding, ...]]:
    findings: list[Finding] = []
    pages = [Page.read(path, root, findings) for path in sorted((root / "calendar").glob("*.yaml"))]
    return calendar_from([page.table() for page in pages]), tuple(findings)


@cache
def _shipped_calendar() -> tuple[Calendar, tuple[Finding, ...]]:
    """The calendar is one for the country; reading it once is enough."""
    return _calendar_in(CITIES)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Reading:
    """One city being read; findings gather while reading goes on, so that all are told at once."""

    pages: Mapping[str, Page]
    own_units: Page | None
    own_words: Page | None
    places: Page | None
    common: Mapping[str, Page]
    numbered: Mapping[str, Page]
    learnt: Mapping[str, Hearing]

    def book(self, code: str, calendar: Calendar, digest: str) -> Lawbook:
        """Return the city's law, cut into periods at every day on which some rule begins or ends."""
        names, instruments = sources.read(self._top("sources"))
        reader = Reader(names=Names(sources=instruments, known=self._known(instruments)), pieces={})
        rules = dict(kinds.read(self._top("kinds"), reader))
        reader = reader.knowing({"class": _ids(rules["classes"])})
        rules |= units.read(
            self._top("units"), reader, None if self.own_units is None else self.own_units.table()
        )
        reader = reader.knowing({"group": _ids(rules["groups"]), "unit": _written_names(rules["units"])})
        rules |= dispatch.read(self._top("dispatch"), reader)
        reader = reader.knowing({"matter": _ids(rules["matters"])})
        grounds = scope.read(self._top("scope"), self.common["grounds"].table(), reader)
        danger = emergency.read(self._top("emergency"), self.common["emergency"].table(), reader)
        rules |= {**grounds.rules, **danger.rules, **deadlines.read(self._top("deadlines"), reader)}
        for name in ("intake", "privacy", "desk", "report"):
            rules |= desk.read(name, self._top(name), reader)
        rules["classes"] = danger.marked(rules["classes"])
        sought = [rule for rule in rules["scope"] if isinstance(rule, ScopeRule)]
        fixed: dict[str, Any] = {
            "code": code,
            "name": names.name,
            "hotline": names.hotline,
            "sources": tuple(instruments.values()),
            "dangers": danger.dangers,
            "not_now": danger.not_now,
            "now": danger.now,
            "spelling": spellings.read(self.common["spellings"].table()),
            "tag_words": tags.read(self.common["tags"].table(), reader),
            "times": times.read(self.common["times"].table()),
            "gazetteer": places.read(
                None if self.places is None else self.places.table(), self.common["places"].table()
            ),
            "finder": identity.read(self.common["identity"].table()),
            "hearing": self.learnt.get(DANGERS),
            "grounds": self.learnt.get(GROUNDS),
            "referral": grounds.referral,
            "informing": grounds.informing,
            "reply_words": replies.read(self.common["replies"].table(), reader),
            "words": words.read(
                self.common[WORDS].table(), self.own_words.table() if self.own_words else None
            ),
            "calendar": calendar,
            "grams": {
                Purpose.DANGER: _grams(_seeking(danger.dangers)),
                Purpose.GROUND: _grams(_seeking(sought)),
                Purpose.ASIDE: _grams(_aside((*danger.dangers, *sought), danger.not_now)),
            },
            "digest": digest,
        }
        return Lawbook(periods=tuple(_periods(fixed, rules)))

    def _top(self, name: str) -> Table:
        return self.pages[name].table()

    def _known(self, instruments: Iterable[str]) -> dict[str, dict[str, str]]:
        found = {"source": _to_themselves(instruments), "class": {}, "unit": {}, "group": {}, "matter": {}}
        for of, page in self.numbered.items():
            top = page.table()
            found[of] = _to_themselves(id for section in top.rows for id in top.table(section).rows)
        return found


def _to_themselves(ids: Iterable[str]) -> dict[str, str]:
    return {name: name for name in ids}


def _written_names(rules: Iterable[Rule]) -> dict[str, str]:
    """Return the id of each unit by every name that a file may call it."""
    every = [unit for unit in rules if isinstance(unit, Unit)]
    return {name: unit.id for unit in every for name in (unit.id, unit.name, *unit.aliases)}


def _ids(rules: Iterable[Rule]) -> list[str]:
    return [rule.id for rule in rules]


def _periods(fixed: Mapping[str, Any], rules: Rules) -> Iterator[CityPack]:
    """Yield the law of each period, from the first that has every kind of ticket on."""
    begins: tuple[date | None, ...] = (None, *changes(rule for every in rules.values() for rule in every))
    full = [day for day in begins if _is_full(rules, day)] or [None]
    for day in full:
        held: dict[str, Any] = {}
        for name, every in rules.items():
            found = tuple(rule for rule in every if _holds(rule, day))
            held[name] = {rule.id: rule for rule in found} if name in _BY_ID else found
        yield CityPack(**fixed, **held, since=day)


def _is_full(rules: Rules, day: date | None) -> bool:
    return {rule.id for rule in rules["kinds"] if _holds(rule, day)} >= set(KINDS)


def _holds(rule: Rule, day: date | None) -> bool:
    return rule.effective_from is None if day is None else rule.in_force(day)


def _seeking(rules: Iterable[ScopeRule | DangerType]) -> Iterator[str]:
    return (pattern for rule in rules for pattern in (*rule.sure, *rule.doubt))


def _aside(rules: Iterable[ScopeRule | DangerType], not_now: Iterable[str]) -> Iterator[str]:
    return chain(not_now, (pattern for rule in rules for pattern in rule.unless))


def _grams(patterns: Iterable[str]) -> Grams:
    index: dict[str, set[str]] = {"": set()}
    for pattern in patterns:
        if fault_of(pattern):
            continue  # complained of already
        for gram in needed(pattern) or {""}:
            index.setdefault(gram, set()).add(pattern)
    return Grams({gram: frozenset(found) for gram, found in index.items()})
