"""places.yaml: how places are named in all cities, and the counties and townships of one."""

from collections.abc import Iterator

from cities.pages import Table
from hotline.places import Area, Gazetteer, PlaceWords

_SEPARATOR = "\uff0c"


def read(own: Table | None, shared: Table) -> Gazetteer:
    """Return the city's gazetteer; a city without a list of its own has the words of all cities alone."""
    words = _words(shared)
    if own is None:
        return Gazetteer(words=words)
    source = own.table("source")
    for key in ("title", "publisher", "address", "published", "through", "seen"):
        source.text(key, default="")
    source.close()
    found = Gazetteer(city=own.text("city"), areas=tuple(_areas(own)), words=words)
    own.close()
    return found


def _words(shared: Table) -> PlaceWords:
    words = PlaceWords(
        county_ends=shared.texts("county_ends"),
        town_ends=shared.texts("town_ends"),
        town_said=shared.text("town_said"),
        town_office=shared.text("town_office"),
        road=shared.text("road"),
        building=shared.text("building"),
        spot=shared.text("spot"),
    )
    shared.close()
    return words


def _areas(own: Table) -> Iterator[Area]:
    for county in own.tables("counties"):
        code = county.matching("code", "[0-9]{6}", "六位代码")
        yield Area(code=code, name=county.text("name"), also=county.texts("also", optional=True))
        for written in county.text("towns", default="").split(_SEPARATOR):
            number, _, name = written.strip().partition(" ")
            if not (len(number) == 3 and number.isdecimal() and name):
                county.complain(f"“{written}”要写成“001 名称”，中间空一格。", "towns")
                continue
            yield Area(code=code + number, name=name)
        county.close()
