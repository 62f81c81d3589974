"""kinds.yaml: the kinds of tickets with their questions, the classes with their own clocks, and what gets a tag."""

from cities.files.sections import SECTIONS, Rules, read_section
from cities.forms import Reader
from cities.pages import Table
from hotline.citypack import Kind
from hotline.law import Rule
from hotline.vocabulary import KINDS

MAX_QUESTIONS = 5


def read(top: Table, reader: Reader) -> Rules:
    """Return classes, kinds and tags; every kind of the contract must be there."""
    of_classes, of_kinds, of_tags = SECTIONS["kinds"]
    classes = read_section(reader, top, of_classes)
    kinds = read_section(reader.knowing({"class": [rule.id for rule in classes]}), top, of_kinds, _check)
    found = {kind.id for kind in kinds}
    if absent := [kind for kind in KINDS if kind not in found]:
        top.complain(f"还缺诉求种类：{'、'.join(absent)}。请在 kinds 下逐一补上。")
    tags = read_section(reader, top, of_tags)
    top.close()
    return {"classes": classes, "kinds": kinds, "tags": tags}


def _check(table: Table, kind: Rule) -> None:
    assert isinstance(kind, Kind)
    if len(kind.questions) > MAX_QUESTIONS:
        table.complain(f"问题最多{MAX_QUESTIONS}个，这里有{len(kind.questions)}个，请删减。")
    for question, inner in zip(kind.questions, table.tables("questions", optional=True), strict=True):
        if bool(question.why) != (question.citation is not None):
            inner.complain("写了 why（为什么问）就要写依据（source 和 article），写了依据也要写 why。")
    if kind.class_fixed is not None and kind.default_class is None:
        table.complain("写了 class_fixed（类别固定）就要写 class（哪一类）。", "class_fixed")
