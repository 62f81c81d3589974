"""Corrections of what was said before: which fact is meant, and what it is now."""

import re
from dataclasses import dataclass, replace

from hotline.citypack import CityPack
from hotline.conversation import Draft
from hotline.redaction import valid_phone
from hotline.understanding import Understanding

LONGEST = 60  #: letters; more than that tells, it does not correct
_NAMED = ("place", "time", "phone", "name")
_SIGNS = " \uff0c,\u3002.\u3001\uff1a:\uff1b;!\uff01"
_NUMBERED = re.compile(r"([0-9]+)(\D{1,3})")


@dataclass(frozen=True, kw_only=True, slots=True)
class Correction:
    """A fact that was told wrong and what it is; an empty ``value`` has to be asked for."""

    field: str
    value: str = ""
    replaces: str = ""  #: the wrong words inside the fact; empty: the whole fact


def correction_in(pack: CityPack, draft: Draft, text: str, understood: Understanding) -> Correction | None:
    """Return the correction that ``text`` is, or ``None`` where it is something else."""
    if len(text) > LONGEST or text.endswith(("?", "\uff1f")):
        return None
    return (
        _swap(pack, draft, text, understood)
        or _named(pack, draft, text)
        or _unnamed(pack, draft, text, understood)
    )


def correction_by_fact(draft: Draft, text: str, understood: Understanding) -> Correction | None:
    """Return the correction that a text makes which is known to correct: of the sort of fact that it names."""
    return _of_entity(draft, text, understood) if len(text) <= LONGEST else None


def corrected(draft: Draft, correction: Correction, said: str) -> Draft:
    """Return ``draft`` with the fact set right; the words that said so are kept."""
    old = draft.facts.get(correction.field, "")
    value = old.replace(correction.replaces, correction.value) if correction.replaces else correction.value
    if correction.field == "phone":
        value = valid_phone(value) or value
    told = (*draft.said, said) if correction.field not in ("phone", "name") else draft.said
    return replace(draft, facts={**draft.facts, correction.field: value}, said=told)


def _swap(pack: CityPack, draft: Draft, text: str, understood: Understanding) -> Correction | None:
    """Read "it is not this but that"."""
    pattern = f"(?:{_any(pack, 'fix_not')})(?P<old>.{{1,20}}?)[{_SIGNS}]*(?:{_any(pack, 'fix_but')})(?P<new>.{{1,40}})$"
    found = re.search(pattern, text)
    if found is None:
        return None
    old, new = found["old"].strip(_SIGNS), found["new"].strip(_SIGNS)
    if not (old and new):
        return None
    held = (name for name in (*_NAMED, "what") if old in draft.facts.get(name, ""))
    field = next(held, "")
    if field == "phone" and valid_phone(new) is None:
        return None
    if field:
        return Correction(field=field, value=new, replaces="" if field == "phone" else old)
    return _of_entity(draft, new, understood)


def _named(pack: CityPack, draft: Draft, text: str) -> Correction | None:
    """Read "the place is wrong" and "change the time to"."""
    field = next(
        (name for name in _NAMED if name in draft.facts and re.search(_any(pack, f"fix_{name}"), text)), ""
    )
    if not field:
        return None
    to = re.search(f"(?:{_any(pack, 'fix_to')})(?P<new>.+)$", text)
    wrong = re.search(f"(?:{_any(pack, 'fix_wrong')})", text)
    if to is None and wrong is None:
        return None
    after = (
        re.search(f"(?:{_any(pack, 'fix_but')})(?P<new>.+)$", text[wrong.end() :])
        if wrong and not to
        else None
    )
    value = (to or after)["new"].strip(_SIGNS) if (to or after) else ""  # type: ignore[index]  # one of them is there
    if field == "phone":
        value = valid_phone(value) or ""
    return Correction(field=field, value=value)


def _unnamed(pack: CityPack, draft: Draft, text: str, understood: Understanding) -> Correction | None:
    """Read "I said it wrong, it is": the fact is the sort of thing that is named, else what was told last."""
    wrong = re.match(f".{{0,4}}?(?:{_any(pack, 'fix_wrong')})", text) or re.match(
        f"(?:{_any(pack, 'fix_to')})", text
    )
    if wrong is None:
        return None
    rest = text[wrong.end() :].strip(_SIGNS)
    new = re.sub(f"^(?:{_any(pack, 'fix_but')}|{_any(pack, 'fix_to')})", "", rest).strip(_SIGNS)
    found = _of_entity(draft, new or text, understood) if new else None
    if found is not None:
        return found
    last = told_last(draft)
    known = _NUMBERED.fullmatch(new)
    if known and (old := re.search(rf"[0-9]+{re.escape(known[2])}", draft.facts.get("place", ""))):
        return Correction(field="place", value=new, replaces=old[0])
    if new and last in ("place", "time", "name"):
        return Correction(field=last, value=new)
    return None


def told_last(draft: Draft) -> str:
    """Return the field that was answered last; empty where none was."""
    told = (field for field in reversed(draft.asked) if field != draft.asking and field in draft.facts)
    return next(told, "")


def _of_entity(draft: Draft, new: str, understood: Understanding) -> Correction | None:
    for field in ("phone", "time", "place"):
        value = understood.value_of(field)
        if value and value in new and draft.facts.get(field):
            known = _NUMBERED.fullmatch(value)
            old = (
                re.search(rf"[0-9]+{re.escape(known[2])}", draft.facts["place"])
                if known and field == "place"
                else None
            )
            return Correction(
                field=field, value=value if field == "phone" or old else new, replaces=old[0] if old else ""
            )
    phone = valid_phone(new)
    return Correction(field="phone", value=phone) if phone and draft.facts.get("phone") else None


def _any(pack: CityPack, name: str) -> str:
    words = sorted(pack.words[name].split(), key=len, reverse=True)
    return "|".join(map(re.escape, words))
