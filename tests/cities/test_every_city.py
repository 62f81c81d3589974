"""What changes with the city: all of it is data, so that one program serves each by its own law."""

from datetime import datetime
from itertools import combinations

import pytest

from cities.loading import city_codes, load_pack
from gateway.web.context import PageContext
from gateway.web.promises import promises_of
from gateway.web.rendering import WORDS, plain_date
from hotline.calendar import CITY_TIME
from hotline.citypack import CityPack
from hotline.deadlines import due_moments
from hotline.dispatching import choose_unit
from hotline.ticket import classify

PACKS = {code: load_pack(code) for code in city_codes()}
PAIRS = list(combinations(sorted(PACKS), 2))
#: Around the National Day with its make-up day, and on a quiet Monday.
MOMENTS = [datetime(2026, 9, 29, 14, 34, tzinfo=CITY_TIME), datetime(2026, 11, 23, 10, 0, tzinfo=CITY_TIME)]
DEMANDS = ["路灯坏了三天没有人修", "我们小区停水两天了", "楼顶违章建筑没人管"]
CHANNELS = ["webchat", "mailbox", "phone"]


def clocks(pack: CityPack) -> set[tuple[str, ...]]:
    """Return every due moment of some filings: kind, demand, channel, filing, step, moment."""
    return {
        (kind, said, channel, filed.isoformat(), due.what, due.at.isoformat())
        for kind in pack.kinds
        for said in DEMANDS
        for channel in CHANNELS
        for filed in MOMENTS
        for due in due_moments(
            pack, kind=kind, ticket_class=classify(pack, kind=kind, text=said), channel=channel, at=filed
        )
    }


def scope(pack: CityPack) -> set[str]:
    accepted = {rule.says for rule in pack.accepted}
    return accepted | {f"{rule.citation.article} {rule.citation.reason}" for rule in pack.scope}


def wording(pack: CityPack) -> set[str]:
    context = PageContext.of(pack, WORDS, today=MOMENTS[0].date())
    said = promises_of(pack, WORDS, write=plain_date).sentences
    return {context.name, context.greeting, *said, *(kind.label for kind in pack.kinds.values())}


def test_there_is_more_than_one_city_to_compare() -> None:
    assert len(PACKS) > 1


@pytest.mark.parametrize("of", [clocks, scope, wording], ids=lambda of: of.__name__)
@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_another_city_has_other_clocks_another_scope_and_other_words(
    one: str, other: str, of: object
) -> None:
    assert callable(of)
    here, there = of(PACKS[one]), of(PACKS[other])
    assert here != there and here and there


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_another_city_greets_in_its_own_name_and_has_its_own_units(one: str, other: str) -> None:
    here, there = PACKS[one], PACKS[other]
    assert here.say("greeting") != there.say("greeting")
    names = [{unit.name for unit in pack.units} for pack in (here, there)]
    assert names[0] != names[1]
    for said in DEMANDS:
        assert choose_unit(here, text=said, place="").unit.name in names[0]
        assert choose_unit(there, text=said, place="").unit.name in names[1]


@pytest.mark.parametrize("code", PACKS)
def test_every_date_cites_an_instrument_of_its_own_city(code: str) -> None:
    pack = PACKS[code]
    own = {source.instrument for source in pack.sources}
    dues = due_moments(pack, kind="complaint", ticket_class=None, channel="webchat", at=MOMENTS[1])
    assert all(due.citation.instrument in own for due in dues)
    assert all(rule.citation.instrument in own for rule in (*pack.scope, *pack.units, *pack.accepted))


@pytest.mark.duty("BD-15", "KF-3-1a", "KF-3-1d", "PDS-13", "PDS-16", "SQ-3-3", "SQ-3-8")
@pytest.mark.parametrize("code", sorted(set(PACKS) - {"_example"}))
def test_whoever_is_asked_for_a_number_can_learn_why_with_the_article(code: str) -> None:
    asked = [q for kind in PACKS[code].kinds.values() for q in kind.questions if q.field == "phone"]
    assert asked and all(q.why and q.citation and q.citation.article and q.optional for q in asked)
    assert all(len(kind.questions) <= 5 for kind in PACKS[code].kinds.values())


def test_who_reports_in_kaifeng_is_asked_for_a_real_name_by_its_article() -> None:
    name = next(q for q in PACKS["kaifeng"].kinds["report"].questions if q.field == "name")
    assert name.optional and name.citation is not None and name.citation.article == "三（一）5"
