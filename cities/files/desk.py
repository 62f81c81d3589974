"""desk.yaml, report.yaml, intake.yaml and privacy.yaml: rules whose figures, people and contents are typed."""

from cities.files.sections import SECTIONS, Rules, read_sections
from cities.forms import Reader
from cities.pages import Table
from hotline.casework import CaseStep
from hotline.citypack import PrivacyRule, VoidReply
from hotline.law import Provision, Rule


def read(name: str, top: Table, reader: Reader) -> Rules:
    """Return the rules of the file called ``name``."""
    listing: set[str] = set()  #: the rules that have items

    def note(_: Table, rule: Rule) -> None:
        listing.update([rule.id] if isinstance(rule, Provision) and rule.items else [])

    def check_chosen(table: Table, rule: Rule) -> None:
        if isinstance(rule, CaseStep) and rule.chosen_of and rule.chosen_of not in listing:
            table.complain(f"chosen_of: rules 里没有列出 items 的“{rule.chosen_of}”。", "chosen_of")

    checks = {
        VoidReply: _check_void_reply, PrivacyRule: _check_privacy, Provision: note, CaseStep: check_chosen,
    }  # fmt: skip
    rules = read_sections(reader, top, SECTIONS[name], checks)
    top.close()
    return rules


def _check_void_reply(table: Table, rule: Rule) -> None:
    assert isinstance(rule, VoidReply)
    if rule.by_itself and not (rule.phrases or rule.patterns or rule.told_by):
        table.complain(
            "by_itself: true 的无效回复要写 phrases、patterns 或者 told_by，否则系统认不出来。", "by_itself"
        )


def _check_privacy(table: Table, rule: Rule) -> None:
    assert isinstance(rule, PrivacyRule)
    if bool(rule.withholds) != bool(rule.withheld_from):
        table.complain("withholds（不给哪些信息）和 withheld_from（不给谁）要一起写。")
