"""JSON Schemas of the city files for editors, made from the same types that read them.

``python -m cities.schemas`` writes them anew; a test sees to it that they are current.
"""

import json
from collections.abc import Mapping
from dataclasses import is_dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

from cities.files.sections import SECTIONS, Section
from cities.forms import NAMES, Slot, slots
from hotline.citation import Citation
from hotline.citypack import DangerType
from hotline.vocabulary import Between, Expression, Form, Known, OneOf, Reasoned

FOLDER = Path(__file__).parent / "schema"
_TEXT: Mapping[str, Any] = {"type": "string", "minLength": 1}
_DAY = {"type": "string", "format": "date"}
_TEXTS: Mapping[str, Any] = {"type": "array", "items": _TEXT}
_CITED = {
    "source": _TEXT,
    "article": {**_TEXT, "description": "第四条第一项、三（四）2、附件（一）；几处用、隔开"},
}
_ROUTE = {
    "type": "object",
    "properties": {"name": _TEXT, "how": _TEXT},
    "required": ["name", "how"],
    "additionalProperties": False,
}
_SETS = {"type": "object", "additionalProperties": _TEXT}


def schemas() -> dict[str, dict[str, Any]]:
    """Return the schema of each file of a city's folder, by the file's name."""
    found = {name: _file(name, sections) for name, sections in SECTIONS.items()}
    return {"sources": _sources(), **found}


def written(schema: Mapping[str, Any]) -> str:
    """Return a schema as the text of its file."""
    return json.dumps(schema, ensure_ascii=False, indent=1) + "\n"


def _file(name: str, sections: tuple[Section, ...]) -> dict[str, Any]:
    lists = {section.key: {"type": "array", "items": _rule(section)} for section in sections}
    required = [section.key for section in sections if not section.optional]
    return _titled(name, _object({**lists, **_more(name)}, required))


def _more(name: str) -> dict[str, Any]:
    """Return what a file holds beside its lists of rules."""
    if name == "scope":
        return {"sets": _SETS, "referral": _ROUTE}
    if name == "emergency":
        return {
            "sets": _SETS,
            "highest_class": _object({"id": _TEXT, **_CITED}, ["id", *_CITED]),
            "dangers": {"type": "array", "items": _fields(DangerType)},
            "not_now": _TEXTS,
        }
    return {}


def _sources() -> dict[str, Any]:
    source = {
        "id": _TEXT, "instrument": {"type": "string", "pattern": "^《.+》$"}, "number": _TEXT, "issuer": _TEXT,
        "published": _DAY, "effective_from": _DAY, "effective_to": _DAY, "status": {"enum": ["adopted", "draft"]},
        "parts": {**_TEXTS, "description": "每一级的最后一处：第三十一条、第四条第五项、三（四）、附件（五）"},
    }  # fmt: skip
    city = _object({"name": _TEXT, "hotline": _TEXT}, ["name", "hotline"])
    listed = {"type": "array", "items": _object(source, ["id", "instrument", "issuer", "parts"])}
    return _titled("sources", _object({"city": city, "sources": listed}, ["city", "sources"]))


def _titled(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:huying:city:{name}",
        "title": f"{name}.yaml",
    }
    return head | schema


def _rule(section: Section) -> dict[str, Any]:
    return _fields(section.rule, given=section.given)


def _fields(cls: type, given: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return the schema of one rule; what is ``given`` by its place may be left out."""
    properties: dict[str, Any] = {}
    required: list[str] = []
    for slot in slots(cls):
        written_at = _citation(slot) if slot.base is Citation else {slot.key: _value(slot)}
        properties |= written_at
        if slot.required and slot.name not in given:
            required += [key for key in written_at if key != "route"]
    about = (cls.__doc__ or "").strip().splitlines()[0]
    return {"description": about} | _object(properties, required)


def _object(properties: Mapping[str, Any], required: list[str]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": required,
        "additionalProperties": False,
    }


def _citation(slot: Slot) -> dict[str, Any]:
    if slot.name != "citation":
        return {slot.key: _object(_CITED, list(_CITED))}
    return {**_CITED, "reason": _TEXT, "route": _ROUTE} if isinstance(slot.mark, Reasoned) else dict(_CITED)


def _value(slot: Slot) -> dict[str, Any]:
    one = _fields(cast(type, slot.base)) if is_dataclass(slot.base) else _one(slot)
    if not slot.many:
        return one
    several = {"type": "array", "items": one}
    return {"anyOf": [one, several]} if isinstance(slot.mark, OneOf | Known) else several


def _one(slot: Slot) -> dict[str, Any]:
    match slot.mark:
        case OneOf(of=of, words=words):
            return {"enum": list(words), "description": NAMES[of]}
        case Known(of=of):
            return {**_TEXT, "description": NAMES[of]}
        case Form(of=of, pattern=pattern):
            return {"type": "string", "pattern": f"^(?:{pattern})$", "description": NAMES[of]}
        case Between(least=least, most=most):
            return {"type": "integer", "minimum": least, "maximum": most}
        case Expression(in_view=in_view):
            shown = "正则表达式；对上的话放在 < 和 > 之间" if in_view else "正则表达式"
            return {**_TEXT, "description": shown}
        case _:
            return _plain(slot.base)


def _plain(base: Any) -> dict[str, Any]:
    if base is bool:
        return {"type": "boolean"}
    if base is date:
        return dict(_DAY)
    if base is Decimal:
        return {"type": "number"}
    return dict(_TEXT)


def write(folder: Path = FOLDER) -> None:
    """Write every schema into ``folder``."""
    folder.mkdir(exist_ok=True)
    for name, schema in schemas().items():
        (folder / f"{name}.json").write_text(written(schema), encoding="utf-8")


if __name__ == "__main__":
    write()
