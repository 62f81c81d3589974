"""Days on which leaders take calls: what the city's text asks of one, and how early it is announced."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from hotline.calendar import CITY_TIME
from hotline.citation import Citation
from hotline.citypack import CityPack

LONGEST = 60  #: characters of a name or a place


@dataclass(frozen=True, kw_only=True, slots=True)
class CallIn:
    """One leader's hours at the telephone, in city time."""

    day: date
    first: time
    last: time
    leader: str  #: name and office
    place: str

    @property
    def over_at(self) -> datetime:
        """The moment at which it ends."""
        return datetime.combine(self.day, self.last, CITY_TIME)


@dataclass(frozen=True, kw_only=True, slots=True)
class CallInRules:
    """What the text asks: how long it lasts at least, and how long before the day it is announced."""

    law: Citation
    length: timedelta
    ahead: timedelta


def call_in_rules(pack: CityPack) -> CallInRules | None:
    """Return the city's rules on such days; ``None`` where its text has none."""
    rules = [rule for rule in pack.intake_rules if rule.topic == "call_in_day"]
    figures = {figure.name: int(figure.value) for rule in rules for figure in rule.figures}
    if not rules:
        return None
    return CallInRules(
        law=rules[0].citation,
        length=timedelta(hours=figures.get("length", 0)),
        ahead=timedelta(weeks=figures.get("ahead", 0)),
    )


def fault_of(rules: CallInRules, one: CallIn, *, today: date) -> str:
    """Return what is wrong with a day that is to be announced, as a code; empty if nothing is."""
    if not 1 <= len(one.leader) <= LONGEST:
        return "leader"
    if not 1 <= len(one.place) <= LONGEST:
        return "place"
    begins = datetime.combine(one.day, one.first, CITY_TIME)
    if one.over_at <= begins or one.over_at - begins < rules.length:
        return "short"
    return "late" if one.day - today < rules.ahead else ""
