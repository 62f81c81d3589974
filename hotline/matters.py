"""Whether words are about one matter, about two, or about one that was filed already."""

from collections.abc import Sequence
from dataclasses import replace

from hotline.citypack import CityPack
from hotline.conversation import Draft, Filed
from hotline.scene import Standing

SAME = 0.6  #: share of the shorter one's pairs of letters from which two tellings are about one matter
FEWEST = 3  #: pairs of letters that a telling needs to be compared
SHORTEST = 4  #: letters that a matter has at least
_SIGNS = " \uff0c,\u3002.\u3001\uff1a:\uff1b;!\uff01\n"


def same_matter(draft: Draft, filed: Sequence[Filed], standings: Sequence[Standing]) -> str:
    """Return the number of the ticket, still open, that ``draft`` seems to repeat; the empty string if none."""
    still_open = {one.number for one in standings if not (one.withdrawn or one.closed)}
    what, place = draft.facts.get("what", ""), draft.facts.get("place", "")
    for one in reversed(filed):
        elsewhere = place and one.place and not (place in one.place or one.place in place)
        if one.number in still_open and not elsewhere and alike(what, one.what):
            return one.number
    return ""


def alike(one: str, other: str) -> bool:
    """Tell whether two tellings share most of their pairs of letters."""
    few, many = sorted((_pairs(one), _pairs(other)), key=len)
    return len(few) >= FEWEST and len(few & many) >= SAME * len(few)


def _pairs(text: str) -> set[str]:
    letters = "".join(letter for letter in text if letter.isalnum())
    return {letters[i : i + 2] for i in range(len(letters) - 1)}


def parted(pack: CityPack, text: str) -> tuple[str, str]:
    """Return the two matters that ``text`` tells one after the other; the second is empty where there is one."""
    for mark in sorted(pack.words["another_matter"].split(), key=len, reverse=True):
        first, _, second = text.partition(mark)
        first, second = first.strip(_SIGNS), second.strip(_SIGNS)
        if len(first) >= SHORTEST and len(second) >= SHORTEST:
            return first, second
    return text, ""


def split_draft(draft: Draft, first: str, second: str) -> tuple[Draft, Draft]:
    """Return a draft for each of two matters; who asks is the same, where and when is told with each."""

    def of(text: str, other: str) -> Draft:
        facts = {
            name: value for name, value in draft.facts.items()
            if name not in ("place", "time") or value in text or value not in other
        }  # fmt: skip
        return replace(draft, said=(text,), facts={**facts, "what": text})

    return of(first, second), of(second, first)


def changes_topic(pack: CityPack, text: str) -> str:
    """Return the other matter that ``text`` turns to; empty where it does not."""
    for mark in pack.words["changes_topic"].split():
        if text.startswith(mark):
            return text.removeprefix(mark).strip(_SIGNS)
    return ""


def next_matter(pack: CityPack, text: str) -> str:
    """Return the matter that ``text`` wants to add as one of its own; empty where it does not."""
    for mark in sorted(pack.words["another_matter"].split(), key=len, reverse=True):
        if text.startswith(mark):
            other = text.removeprefix(mark).strip(_SIGNS)
            return other if len(other) >= SHORTEST else ""
    return ""
