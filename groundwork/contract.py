"""The schemas of docs/events, and what in an event does not fit them."""

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator

from groundwork.settings import PROJECT

SCHEMAS = PROJECT / "docs" / "events"
MOST_FINDINGS = 20


@cache
def validator(name: str) -> Draft202012Validator:
    """Return the validator of ``docs/events/<name>.v1.json``."""
    return Draft202012Validator(json.loads((SCHEMAS / f"{name}.v1.json").read_text(encoding="utf-8")))


def has_schema(name: str) -> bool:
    """Tell whether the data of that event have a schema."""
    return (SCHEMAS / f"{name}.v1.json").is_file()


def findings(name: str, data: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return what in ``data`` is not as the schema of ``name`` says: field and rule, never the content."""
    errors = validator(name).iter_errors(data)
    return [
        {"field": "/".join(map(str, error.absolute_path)) or ".", "detail": str(error.validator)}
        for _, error in zip(range(MOST_FINDINGS), errors, strict=False)
    ]
