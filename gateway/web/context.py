"""What the pages say about this city, taken from its pack."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Self

from gateway.web.promises import sentence, whose
from hotline.citation import Citation
from hotline.citypack import CityPack
from hotline.conversation import Option
from hotline.limits import DeadlineRule
from hotline.replies import options_of
from hotline.steps import GREETING_OPTIONS


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
    letter_promise: Promise | None  #: the one limit of the mailbox, where there is one
    letter_promises: tuple[Promise, ...]

    @classmethod
    def of(cls, pack: CityPack, words: Mapping[str, Any], *, today: date) -> Self:
        """Return the context of ``pack``: its names, and what it promises to citizens as of ``today``."""
        usual = _rules(pack, words, today, "webchat")
        letters = _rules(pack, words, today, "mailbox")
        own = [rule for rule in letters if rule.channels]
        return cls(
            city=pack.name,
            name=f"{pack.name}{pack.hotline}",
            greeting=pack.say("greeting"),
            first_options=options_of(pack, *GREETING_OPTIONS),
            promises=_promises(usual, pack, words),
            letter_promise=_one_limit(own, words),
            letter_promises=_promises(own or letters, pack, words),
        )


def _rules(pack: CityPack, words: Mapping[str, Any], today: date, channel: str) -> list[DeadlineRule]:
    # A rule for another channel alone is promised where that channel is; one for a way of assignment or for what turns
    # out in the case is no promise to everyone.
    return [
        rule
        for rule in pack.on(today).deadlines
        if rule.in_force(today)
        and (not rule.channels or channel in rule.channels)
        and not rule.assignments
        and not rule.cases
        and rule.what in words["promised"]
    ]


def _promises(rules: Sequence[DeadlineRule], pack: CityPack, words: Mapping[str, Any]) -> tuple[Promise, ...]:
    promises = (Promise(text=_sentence(rule, pack, words), citation=rule.citation) for rule in rules)
    return tuple({promise.text: promise for promise in promises}.values())


def _one_limit(rules: Sequence[DeadlineRule], words: Mapping[str, Any]) -> Promise | None:
    """Return what ``rules`` promise in one sentence, if all of them set the same limit."""
    limits = {(words["starts"][rule.starts], _limit(rule, words), rule.citation) for rule in rules}
    if len(limits) != 1:
        return None
    ((starts, limit, citation),) = limits
    what = words["or"].join(dict.fromkeys(words["due"][rule.what] for rule in rules))
    return Promise(text=f"{starts}{limit}{what}", citation=citation)


def _sentence(rule: DeadlineRule, pack: CityPack, words: Mapping[str, Any]) -> str:
    return str(words["promise"].format(whose=whose(rule, pack, words), sentence=sentence(rule, words)))


def _limit(rule: DeadlineRule, words: Mapping[str, Any]) -> str:
    limits = {"working_days": rule.working_days, "days": rule.days, "hours": rule.hours}
    unit, count = next((unit, count) for unit, count in limits.items() if count is not None)
    return str(words["limit"][unit].format(count=count))
