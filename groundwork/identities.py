"""Who people are, kept apart from what they say: each name, number and address is sealed by itself.

A record (``hotline.records``) is sealed as its words with holes and, beside them, the fields that belong into the
holes. Who opens it says whether the holes are filled; by default they show only so much that two can be told apart.
"""

import base64
import json
from collections.abc import Mapping
from functools import cache
from typing import Any

import yaml

from groundwork.settings import PROJECT
from groundwork.vault import Vault, VaultError
from hotline.identity import Finder, Kind, written_out
from hotline.redaction import masked, redact

WORDS = PROJECT / "cities" / "common" / "identity.yaml"
_FORM = "identity.1"  #: first item of a record in this form; older ones are objects and have no holes
_HOLES = "~"  #: key of a text with holes; an object's own key that begins so has one more
#: Fields that are somebody's identity from end to end, inside an object or list of pairs of one of these names.
_HOLDERS = frozenset({"contact", "facts", "known", "fields", "person"})
_WHOLE = {"name": Kind.NAME, "phone": Kind.PHONE, "email": Kind.EMAIL, "address": Kind.ADDRESS}


@cache
def finder() -> Finder:
    """Return what finds numbers, and the names and home addresses that people give of themselves."""
    data = yaml.safe_load(WORDS.read_text(encoding="utf-8"))
    return Finder(written_out(data))


def redacted(text: str) -> str:
    """Return ``text`` without what identifies somebody."""
    return redact(text, finder())


def seal_record(vault: Vault, record: Any, *, purpose: str) -> bytes:
    """Return ``record``, plain JSON data, sealed for ``purpose`` with every identity sealed apart."""
    split = _Split(vault)
    words = split.value(record, holder="", key="")
    return vault.seal_json([_FORM, words, split.fields], purpose=purpose)


def open_record(vault: Vault, sealed: bytes, *, purpose: str, known: bool) -> Any:
    """Return the record; with ``known`` as it was said, else with every identity masked. Raises ``VaultError``."""
    data = vault.open_json(sealed, purpose=purpose)
    if not isinstance(data, list) or data[:1] != [_FORM]:
        return data if known else _masked(data)
    _, words, fields = data
    filled = [_opened(vault, Kind(kind), field) for kind, field in fields]
    if not known:
        filled = [masked(Kind(kind), value) for (kind, _), value in zip(fields, filled, strict=True)]
    return _joined(words, filled)


def resealed(vault: Vault, sealed: bytes, *, purpose: str) -> bytes:
    """Return what ``sealed`` holds sealed with the newest key, the identities in it too."""
    plain = vault.open(sealed, purpose=purpose)
    if not plain.startswith(f'["{_FORM}",'.encode()):
        return vault.seal(plain, purpose=purpose)
    form, words, fields = json.loads(plain)
    anew = [[kind, _sealed(vault, Kind(kind), _opened(vault, Kind(kind), field))] for kind, field in fields]
    return vault.seal_json([form, words, anew], purpose=purpose)


class _Split:
    """Takes identities out of a record and seals each by itself."""

    def __init__(self, vault: Vault) -> None:
        self._vault, self.fields = vault, list[list[str]]()

    def value(self, value: Any, *, holder: str, key: str) -> Any:
        if isinstance(value, str):
            return self._text(value, _WHOLE.get(key) if holder in _HOLDERS else None)
        if isinstance(value, Mapping):
            inside = key or holder
            if (
                holder in _HOLDERS and "value" in value
            ):  # a field of a form: what it is called, and what it holds
                called = str(value.get("name", ""))
                return {_escaped(name): self.value(item, holder=holder, key=called if name == "value" else "")
                        for name, item in value.items()}  # fmt: skip
            return {_escaped(name): self.value(item, holder=inside, key=name) for name, item in value.items()}
        if isinstance(value, list | tuple):
            if holder in _HOLDERS and len(value) == 2 and value[0] in _WHOLE:  # a pair of name and value
                return [value[0], self.value(value[1], holder=holder, key=value[0])]
            return [self.value(item, holder=key or holder, key="") for item in value]
        return value

    def _text(self, text: str, whole: Kind | None) -> Any:
        if whole is not None and text:
            return {_HOLES: [self._field(whole, text)]}
        found = finder().find(text)
        if not found:
            return text
        parts, end = list[str | int](), 0
        for one in found:
            parts += [text[end : one.start], self._field(one.kind, text[one.start : one.end])]
            end = one.end
        return {_HOLES: [part for part in (*parts, text[end:]) if part != ""]}

    def _field(self, kind: Kind, value: str) -> int:
        self.fields.append([kind.value, _sealed(self._vault, kind, value)])
        return len(self.fields) - 1


def _joined(words: Any, filled: list[str]) -> Any:
    if isinstance(words, dict):
        if _HOLES in words:
            return "".join(filled[part] if isinstance(part, int) else part for part in words[_HOLES])
        return {
            name[1:] if name.startswith(_HOLES) else name: _joined(item, filled)
            for name, item in words.items()
        }
    return [_joined(item, filled) for item in words] if isinstance(words, list) else words


def _masked(data: Any) -> Any:
    if isinstance(data, str):
        return redacted(data)
    if isinstance(data, dict):
        return {name: _masked(item) for name, item in data.items()}
    return [_masked(item) for item in data] if isinstance(data, list) else data


def _escaped(name: str) -> str:
    return f"{_HOLES}{name}" if name.startswith(_HOLES) else name


def _sealed(vault: Vault, kind: Kind, value: str) -> str:
    return base64.b64encode(vault.seal(value.encode(), purpose=_purpose(kind))).decode()


def _opened(vault: Vault, kind: Kind, field: str) -> str:
    try:
        return vault.open(base64.b64decode(field), purpose=_purpose(kind)).decode()
    except ValueError:
        raise VaultError("an identity was altered") from None


def _purpose(kind: Kind) -> str:
    return f"identity.{kind.value}"
