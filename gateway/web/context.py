"""What the pages say about this city, taken from its pack."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Self

from gateway.web.promises import sentence, whose
from hotline.citation import Citation
from hotline.citypack import CityPack
from hotline.conversation import Option
from hotline.decision import GREETING_OPTIONS
from hotline.limits import DeadlineRule
from hotline.replies import options_of


@dataclass(frozen=True, kw_only=True, slots=True)
class Promise:
    """One thing that the city's text promises, with its article."""

    text: str
    citation: Citation


@dataclass(frozen=True, kw_only=True, slots=True)
class PageContext:
    """The words on the pages that differ from city to city."""

    city: str
    name: str  #: what the city's people call its hotline, with the city
    greeting: str
    first_options: tuple[Option, ...]
    promises: tuple[Promise, ...]

    @classmethod
    def of(cls, pack: CityPack, words: Mapping[str, Any], *, today: date) -> Self:
        """Return the context of ``pack``: its names, and what it promises to citizens as of ``today``."""
        rules = [rule for rule in pack.on(today).deadlines if _is_shown(rule, words, today)]
        promises = (Promise(text=_sentence(rule, pack, words), citation=rule.citation) for rule in rules)
        unlike = {promise.text: promise for promise in promises}
        return cls(
            city=pack.name,
            name=f"{pack.name}{pack.hotline}",
            greeting=pack.say("greeting"),
            first_options=options_of(pack, *GREETING_OPTIONS),
            promises=tuple(unlike.values()),
        )


def _is_shown(rule: DeadlineRule, words: Mapping[str, Any], today: date) -> bool:
    # A rule for another channel alone is promised where that channel is; one for a way of assignment or for what turns
    # out in the case is no promise to everyone.
    is_ours = (not rule.channels or "webchat" in rule.channels) and not rule.assignments and not rule.cases
    return rule.in_force(today) and is_ours and rule.what in words["promised"]


def _sentence(rule: DeadlineRule, pack: CityPack, words: Mapping[str, Any]) -> str:
    return str(words["promise"].format(whose=whose(rule, pack, words), sentence=sentence(rule, words)))
