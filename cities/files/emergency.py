"""emergency.yaml: the danger lexicon of all cities and the city's own, and what the text orders for danger."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from cities.files.sections import SECTIONS, Rules, read_sections
from cities.forms import NAMES, Reader, versions
from cities.pages import Table
from hotline.citation import Citation
from hotline.citypack import DangerType, TicketClass
from hotline.law import Rule

MAX_STEPS = 3
MAX_HEADLINE = 12


@dataclass(frozen=True, kw_only=True, slots=True)
class Emergency:
    """What the common lexicon and the city's own file say about danger, put together."""

    rules: Rules
    dangers: tuple[DangerType, ...]
    not_now: tuple[str, ...]
    now: tuple[str, ...]
    highest: tuple[str, Citation] | None  #: the class kept for danger, and the article that says so

    def marked(self, classes: Iterable[Rule]) -> tuple[Rule, ...]:
        """Return the classes with the one marked that the city's text keeps for danger."""
        return tuple(self._marked(rule) if isinstance(rule, TicketClass) else rule for rule in classes)

    def _marked(self, found: TicketClass) -> TicketClass:
        if self.highest is None or found.id != self.highest[0]:
            return found
        return replace(found, highest=True, citation=self.highest[1])


def read(own: Table, shared: Table, reader: Reader) -> Emergency:
    """Return the city's emergency file laid over the one of all cities."""
    sets = {**_sets(shared), **_sets(own)}
    pieced = reader.with_pieces(sets)
    tables = [*own.tables("dangers", optional=True), *shared.tables("dangers")]
    emergency = Emergency(
        rules=read_sections(pieced, own, SECTIONS["emergency"]),
        highest=_highest(own, reader),
        dangers=versions(tables, lambda table: _danger(table, pieced)),
        not_now=(
            *own.patterns("not_now", sets, optional=True, in_view=True),
            *shared.patterns("not_now", sets, in_view=True),
        ),
        now=shared.patterns("now", sets, in_view=True),
    )
    shared.close()
    own.close()
    return emergency


def _highest(own: Table, reader: Reader) -> tuple[str, Citation] | None:
    if not own.has("highest_class"):
        return None
    table = own.table("highest_class")
    found = table.one_of("id", reader.names.known["class"], NAMES["class"]), reader.citation(table)
    table.close()
    return found


def _danger(table: Table, reader: Reader) -> DangerType:
    danger = reader.read(DangerType, table)
    if len(danger.headline) > MAX_HEADLINE:
        table.complain(f"headline 最多{MAX_HEADLINE}个字，这里有{len(danger.headline)}个，请缩短。")
    if len(danger.steps) > MAX_STEPS:
        table.complain(f"steps 最多{MAX_STEPS}条，这里有{len(danger.steps)}条，请只留最要紧的。")
    if not (danger.sure or danger.doubt):
        table.complain("sure 和 doubt 至少写一个，否则永远听不出这种危险。")
    return danger


def _sets(table: Table) -> Mapping[str, str]:
    """Return the named pieces that patterns may use as {name}, each made of the ones before it."""
    return table.table("sets").pieces() if table.has("sets") else {}
