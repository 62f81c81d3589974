"""How well the screens do: messages with labels in, shares and confusions out."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from cities.hearing import Example
from hotline.citypack import CityPack
from hotline.screening import Danger, NotAccepted, screen_acceptance, screen_emergency

VERDICTS = ("sure", "asked", "none")
PLAIN, OTHER, DOUBT, NONE = "plain", "without an obvious word", "in doubt", "hard, no danger"

Judge: TypeAlias = Callable[[str], Danger | None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Heard:
    """One message with a label, and what the emergency screen says of it."""

    example: Example
    danger: Danger | None

    @property
    def verdict(self) -> str:
        """Return sure, asked or none."""
        return verdict_of(self.danger)

    @property
    def group(self) -> str:
        """Return the group that the bars speak of."""
        if self.example.label != "now":
            return DOUBT if self.example.label == "doubt" else NONE
        return PLAIN if "plain" in self.example.how.split() else OTHER

    @property
    def is_wrong(self) -> bool:
        """Tell whether danger was missed, or heard where there is none."""
        return (self.example.label == "none") != (self.danger is None)


def verdict_of(found: Danger | NotAccepted | None) -> str:
    """Return sure, asked or none."""
    return "none" if found is None else "sure" if found.sure else "asked"


def hear(examples: Iterable[Example], pack: CityPack) -> list[Heard]:
    """Return each example with what the screen says of it."""
    return [Heard(example=example, danger=screen_emergency(example.text, pack)) for example in examples]


def shares(heard: Iterable[Heard]) -> dict[str, Mapping[str, float]]:
    """Return for each group how many there are (``n``) and the share of each verdict."""
    counts: dict[str, Counter[str]] = {group: Counter() for group in (PLAIN, OTHER, DOUBT, NONE)}
    for one in heard:
        counts[one.group][one.verdict] += 1
    return {group: _shares(found) for group, found in counts.items() if found}


def _shares(counts: Counter[str]) -> dict[str, float]:
    total = sum(counts.values())
    return {"n": total} | {verdict: counts[verdict] / total for verdict in VERDICTS}


def numbers(heard: Iterable[Heard]) -> Mapping[str, float]:
    """Return of the dangers found: share whose first number is right, and whose number is among those named."""
    found = [(one.example, one.danger) for one in heard if one.danger and one.example.call]
    return {
        "n": len(found),
        "first": sum(danger.call == example.call for example, danger in found) / len(found),
        "named": sum(example.call in (danger.call, *danger.also) for example, danger in found) / len(found),
        "type": sum(danger.type == example.type for example, danger in found) / len(found),
    }


def confusion(heard: Iterable[Heard]) -> dict[str, Counter[str]]:
    """Return for each number that is right how often each number, or none, was named first."""
    table: dict[str, Counter[str]] = {}
    for one in heard:
        named = one.danger.call if one.danger else "none"
        table.setdefault(one.example.call or "none", Counter())[named] += 1
    return dict(sorted(table.items()))


@dataclass(frozen=True, kw_only=True, slots=True)
class Led:
    """One demand with the ground it belongs to, if any, and what the acceptance screen says of it."""

    id: str
    text: str
    ground: str | None
    found: NotAccepted | None

    @property
    def verdict(self) -> str:
        """Return sure, asked or none."""
        return verdict_of(self.found)

    @property
    def is_right(self) -> bool:
        """Tell whether a refusal is made or asked about, and a lawful demand not refused.

        One question is right for both: nothing is refused by it, and the answer tells.
        """
        return self.found is not None if self.ground else self.verdict != "sure"


def lead(rows: Iterable[tuple[str, str, str | None]], pack: CityPack) -> list[Led]:
    """Return each demand (id, text, ground) with what the screen says of it."""
    return [
        Led(id=id, text=text, ground=ground, found=screen_acceptance(text, pack)) for id, text, ground in rows
    ]


def led_shares(led: Sequence[Led]) -> dict[str, Mapping[str, float]]:
    """Return for what belongs elsewhere and for what is taken up the share of each verdict."""
    counts: dict[str, Counter[str]] = {"belongs elsewhere": Counter(), "is taken up": Counter()}
    for one in led:
        counts["belongs elsewhere" if one.ground else "is taken up"][one.verdict] += 1
    return {group: _shares(found) for group, found in counts.items() if found}
