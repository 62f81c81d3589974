"""Frozen values to plain JSON data and back, by their annotations."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

Value = TypeVar("Value")


def to_record(value: Any) -> Any:
    """Return ``value`` as data that ``json.dumps`` takes; dataclasses become objects."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: to_record(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): to_record(item) for key, item in value.items()}
    if isinstance(value, tuple | list | frozenset):
        return [to_record(item) for item in value]
    return value


def from_record(cls: type[Value], data: Any) -> Value:
    """Rebuild a ``cls`` from what ``to_record`` made of one; absent fields keep their defaults."""
    return cast(Value, _build(cls, data))


@cache
def _hints(cls: type) -> Mapping[str, Any]:
    return get_type_hints(cls)


def _build(hint: Any, data: Any) -> Any:
    origin = get_origin(hint)
    if origin in (Union, UnionType):
        return None if data is None else _build(_only_choice(hint), data)
    if origin is tuple:
        return tuple(_build(get_args(hint)[0], item) for item in data)
    if origin is not None and issubclass(origin, Mapping):
        return {key: _build(get_args(hint)[1], item) for key, item in data.items()}
    if is_dataclass(hint):
        known = _hints(cast(type, hint))
        return cast(type, hint)(**{k: _build(known[k], v) for k, v in data.items() if k in known})
    if isinstance(hint, type) and issubclass(hint, Enum):
        return hint(data)
    if hint in (datetime, date):
        return hint.fromisoformat(data)
    return data


def _only_choice(hint: Any) -> Any:
    choices = [choice for choice in get_args(hint) if choice is not NoneType]
    if len(choices) != 1:
        raise TypeError(f"a record field may be one type or None, not {hint}")
    return choices[0]
