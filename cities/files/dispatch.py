"""dispatch.yaml: sorts of matters that go their own way, and who gets a ticket in which situation."""

from cities.files.sections import SECTIONS, Rules, read_section
from cities.forms import Reader
from cities.pages import Table
from hotline.bodies import DispatchRule
from hotline.law import Rule

_NEEDS_MATTER = ("utility", "enterprise")


def read(top: Table, reader: Reader) -> Rules:
    """Return matters and dispatch rules."""
    of_matters, of_rules = SECTIONS["dispatch"]
    matters = read_section(reader, top, of_matters)
    known = [matter.id for matter in matters]

    def check(table: Table, rule: Rule) -> None:
        assert isinstance(rule, DispatchRule)
        if rule.when in _NEEDS_MATTER and rule.when not in known:
            table.complain(
                f"when 写了“{rule.when}”，matters 里却没有它。请先在 matters 里写怎么认出这类事项。", "when"
            )
        if rule.lead is not None and rule.lead in (*rule.co_handlers, *rule.copies):
            table.complain("牵头单位不能同时是协办或者抄送单位。请改正。", "lead")

    rules = read_section(reader.knowing({"matter": known}), top, of_rules, check)
    top.close()
    return {"matters": matters, "dispatch": rules}
