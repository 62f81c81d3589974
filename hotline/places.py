"""Where something is: a mention of a place read against the official list of a city's counties and townships."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from hotline.understanding import Entity, Understanding

_JOINT = re.compile(r"[\s\uff0c\u3001,\u7684]{0,2}")  #: what stands between two halves of one place
_SIGNS = " \uff0c,\u3001\u7684"
_LONGEST_AREA = 40  #: letters of a city, a county and a township in a row


@dataclass(frozen=True, kw_only=True, slots=True)
class Area:
    """A county or township of the official list."""

    code: str  #: six digits of a county, nine of a township
    name: str
    also: tuple[str, ...] = ()  #: what people call it

    @property
    def county(self) -> str:
        """The code of the county that it is, or lies in."""
        return self.code[:6]

    @property
    def is_county(self) -> bool:
        """Whether it is a county."""
        return len(self.code) == 6


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """A place from the county down to the door; what was not said, or cannot be told, is empty."""

    said: str
    county: str = ""  #: name in the official list
    town: str = ""
    code: str = ""  #: of the township, else of the county
    road: str = ""
    community: str = ""  #: settlement, village, or a building known by its name
    building: str = ""  #: house, entrance, storey, flat


@dataclass(frozen=True, kw_only=True, slots=True)
class PlaceWords:
    """How names of places are built in every city; patterns are regular expressions."""

    county_ends: tuple[str, ...] = ()
    town_ends: tuple[str, ...] = ()
    town_said: str = "(?!)"
    town_office: str = ""
    road: str = "(?!)"  #: with a group ``road``
    building: str = "(?!)"
    spot: str = "(?!)"


@dataclass(frozen=True, kw_only=True)
class Gazetteer:
    """The counties and townships of one city."""

    city: str = ""  #: its name with what it is called, at the beginning of an address
    areas: tuple[Area, ...] = ()
    words: PlaceWords = field(default_factory=PlaceWords)

    def place_in(self, text: str, mentions: Sequence[str]) -> Place | None:
        """Return the place that ``text`` names: the first of ``mentions`` with what stands beside it, else an area.

        ``mentions`` are pieces of ``text`` that were taken for places, in their order.
        """
        said = self._whole(text, mentions) if mentions else self._area_named(text)
        if not said:
            return None
        place = self.read(said)
        named = [] if place.code else self._first(self._county, text)[0]
        if len(named) != 1 or said in named[0].name:
            return place
        return replace(place, county=named[0].name, code=named[0].code)

    def read(self, said: str) -> Place:
        """Return ``said``, all of it a place, in its parts."""
        counties, rest = self._first(self._county, said.strip())
        if not counties:
            rest = self._city.sub("", rest).strip(_SIGNS)
        towns, rest = self._first(self._town, rest)
        if counties:
            towns = [town for town in towns if town.county == counties[0].code]
        town = towns[0] if len(towns) == 1 else None
        county = counties[0].code if counties else town.county if town else ""
        road = re.match(self.words.road, rest)
        if road:
            rest = re.sub(f"^(?:{self.words.spot})+", "", rest[road.end() :])
        building = re.search(self.words.building, rest)
        name = rest[: building.start()] if building else rest
        return Place(
            said=said,
            county=next((area.name for area in self.areas if area.code == county), ""),
            town=town.name if town else "",
            code=town.code if town else county,
            road=road["road"] if road else "",
            community=self._bare(name),
            building=self._bare(building[0]) if building else "",
        )

    def _bare(self, part: str) -> str:
        """Return ``part`` without what only says on which side of it something is."""
        return re.sub(f"(?:{self.words.spot})+$", "", part.strip(_SIGNS)).strip(_SIGNS)

    def _whole(self, text: str, mentions: Sequence[str]) -> str:
        """Return the first mention with the area named right before it, and the next where both are one place."""
        start = text.find(mentions[0])
        if start < 0:
            return mentions[0]
        end = start + len(mentions[0])
        before = self._before.search(text[max(0, start - _LONGEST_AREA) : start])
        start -= len(before[0]) if before else 0
        if len(mentions) > 1 and self._is_area_alone(text[start:end]):
            joint = _JOINT.match(text, end)
            follows = joint.end() if joint else end
            if text.startswith(mentions[1], follows):
                end = follows + len(mentions[1])
        return text[start:end]

    def _is_area_alone(self, said: str) -> bool:
        place = self.read(said)
        return bool(place.code) and not (place.road or place.community or place.building)

    def _area_named(self, text: str) -> str:
        found = self._named.search(text)
        return found[0] if found else ""

    def _first(self, names: "_Names", text: str) -> tuple[list[Area], str]:
        """Return the areas of the name that stands first in ``text``, and what stands behind it; else all of ``text``."""
        found = names.pattern.search(text)
        if found is None:
            return [], text
        return list(names.areas[found.groups()[(found.lastindex or 1) - 1]]), text[found.end() :].strip(
            _SIGNS
        )

    @cached_property
    def _city(self) -> re.Pattern[str]:
        stem = _stem(self.city, self.words.county_ends)
        return re.compile(f"^(?:{re.escape(self.city)}|{re.escape(stem)})")

    @cached_property
    def _town(self) -> "_Names":
        """Townships by their name, and by its stem with any word for a township."""
        towns = [area for area in self.areas if not area.is_county]
        stems = _by(towns, lambda area: (_stem(area.name, self.words.town_ends),))
        names = _by(towns, lambda area: (area.name, *area.also))
        spoken = [stem for stem in stems if len(stem) > 1]
        pattern = f"({_any(names)}){self.words.town_office}|({_any(spoken)})(?:{self.words.town_said})"
        return _Names(pattern=re.compile(pattern), areas={**stems, **names})

    @cached_property
    def _county(self) -> "_Names":
        """Counties by their name; by its stem only right before one of the townships."""
        counties = [area for area in self.areas if area.is_county]
        stems = _by(counties, lambda area: (_stem(area.name, self.words.county_ends),))
        names = _by(counties, lambda area: (area.name, *area.also))
        spoken = [stem for stem in stems if len(stem) > 1]
        town = _unnamed(self._town.pattern)
        return _Names(
            pattern=re.compile(f"({_any(names)})|({_any(spoken)})(?=(?:{town}))"), areas={**stems, **names}
        )

    @cached_property
    def _named(self) -> re.Pattern[str]:
        """A county, a township, or both, with the city before them."""
        city = _unnamed(self._city).removeprefix("^")
        county, town = _unnamed(self._county.pattern), _unnamed(self._town.pattern)
        return re.compile(f"(?:{city})?(?:(?:{county})(?:{town})?|(?:{town}))")

    @cached_property
    def _before(self) -> re.Pattern[str]:
        return re.compile(f"(?:{self._named.pattern})[{_SIGNS}]?$")


def with_place(understood: Understanding, text: str, gazetteer: Gazetteer) -> Understanding:
    """Return ``understood`` with its first place as wide as ``text`` tells it, or with an area that only the list knows."""
    mentions = [entity.value for entity in understood.entities if entity.name == "place"]
    place = gazetteer.place_in(text, mentions)
    if place is None:
        return understood
    others = tuple(entity for entity in understood.entities if entity.value not in mentions[:1])
    return replace(understood, entities=(Entity(name="place", value=place.said), *others))


@dataclass(frozen=True, slots=True)
class _Names:
    """Names of areas as they are looked for, each group of the pattern being one, and the areas that bear them."""

    pattern: re.Pattern[str]
    areas: Mapping[str, tuple[Area, ...]]


def _by(areas: Iterable[Area], names: Callable[[Area], tuple[str, ...]]) -> dict[str, tuple[Area, ...]]:
    found: dict[str, tuple[Area, ...]] = {}
    for area in areas:
        for name in names(area):
            found[name] = (*found.get(name, ()), area)
    return found


def _stem(name: str, ends: Sequence[str]) -> str:
    return next((name.removesuffix(end) for end in ends if name.endswith(end)), name)


def _any(names: Iterable[str]) -> str:
    """Return a pattern for any of ``names``, longest first; for none if there are none."""
    return "|".join(map(re.escape, sorted(names, key=len, reverse=True))) or "(?!)"


def _unnamed(pattern: re.Pattern[str]) -> str:
    """Return the pattern with no group of its own."""
    return re.sub(r"\((?!\?)", "(?:", pattern.pattern)
