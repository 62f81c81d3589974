"""sources.yaml: the city's names, and every instrument with the places that it really has."""

from dataclasses import dataclass

from cities.articles import places_of, steps
from cities.forms import versions
from cities.pages import Table
from hotline.citation import LawStatus
from hotline.law import Source

DRAFT_MARK = "（征求意见稿）"


@dataclass(frozen=True, kw_only=True, slots=True)
class Names:
    """What the city and its hotline are called."""

    name: str
    hotline: str


def read(top: Table) -> tuple[Names, dict[str, Source]]:
    """Return the city's names and its instruments by id."""
    city = top.table("city")
    names = Names(name=city.text("name"), hotline=city.text("hotline"))
    city.close()
    sources = {source.id: source for source in versions(top.tables("sources"), _source)}
    top.close()
    return names, sources


def _source(table: Table) -> Source:
    status = LawStatus(table.one_of("status", tuple(LawStatus), "状态", default=LawStatus.ADOPTED))
    mark = DRAFT_MARK if status is LawStatus.DRAFT else ""
    return Source(
        id=table.text("id"),
        instrument=table.matching("instrument", r"《.+》", "带书名号的全称，例如《示例市热线条例》") + mark,
        number=table.text("number", default=""),
        issuer=table.text("issuer"),
        published=table.day("published") if table.has("published") else None,
        effective_from=table.day("effective_from") if table.has("effective_from") else None,
        effective_to=table.day("effective_to") if table.has("effective_to") else None,
        status=status,
        places=places_of(_last_places(table)),
    )


def _last_places(table: Table) -> list[str]:
    """Return the last place of each row, as far as they can be read."""
    found = []
    for line, place in table.items("parts"):
        if steps(place):
            found.append(place)
        else:
            table.page.complain(
                line,
                f"“{place}”不是条文的位置。请写每一级的最后一处，例如“第三十一条”“第四条第五项”“三（四）”。",
            )
    return found
