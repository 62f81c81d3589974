"""Pingdingshan's rules: every row has its data, and the figures are those of the articles."""

from collections.abc import Iterator
from dataclasses import fields
from decimal import Decimal

import pytest
import yaml

from cities.loading import CITIES, load_pack
from hotline.law import Item, Provision, Rule
from hotline.ticket import classify
from tests.cities.proving import filed

PACK = load_pack("pingdingshan")
DUTIES = yaml.safe_load((CITIES / "duties.yaml").read_text(encoding="utf-8"))
READINGS = yaml.safe_load((CITIES / "readings.yaml").read_text(encoding="utf-8"))


def rules() -> Iterator[Rule]:
    for field in fields(PACK):
        held = getattr(PACK, field.name)
        every = held.values() if isinstance(held, dict) else held if isinstance(held, tuple) else ()
        yield from (rule for rule in every if isinstance(rule, Rule))


def provision(name: str) -> Provision:
    found = PACK.provision(name)
    assert found is not None, name
    return found


def items(name: str) -> dict[str, Item]:
    return {item.id: item for item in provision(name).items}


@pytest.mark.parametrize("row", DUTIES["PDS"])
def test_every_row_has_its_rule(row: str) -> None:
    assert [rule for rule in rules() if row in rule.duties], f"no rule names {row}"


@pytest.mark.parametrize("reading", READINGS["R-PDS"])
def test_every_reading_of_the_city_stands_beside_a_rule(reading: str) -> None:
    assert [rule for rule in rules() if reading in rule.readings]


def test_rules_of_the_instrument_hold_from_the_day_of_its_issue() -> None:
    begun = {rule.effective_from.isoformat() for rule in PACK.deadlines if rule.effective_from}
    assert begun == {"2022-01-20"} and PACK.version.startswith("2022-01-20+")


@pytest.mark.duty("PDS-8C", "PDS-8D", "PDS-15", "R-ALL-6", "R-ALL-25")
def test_what_the_text_leaves_without_a_figure_has_none() -> None:
    """PDS-8C, PDS-8D, PDS-15, R-ALL-6, R-ALL-25."""
    assert {(rule.id, rule.how) for rule in PACK.unfixed} == {
        ("class-a-at-once", "at_once"), ("class-c-finish", "centre"), ("class-d-at-once", "at_once"),
        ("instructed", "leader"),
    }  # fmt: skip
    assert {silence.about for silence in PACK.silences} == {"sign", "finish", "extension_length"}


@pytest.mark.duty("PDS-9")
def test_an_extension_is_for_b_and_c_once_and_before_expiry() -> None:
    """PDS-9."""
    (rule,) = PACK.extensions
    assert (rule.classes, rule.times, rule.in_principle) == (("B", "C"), 1, True)
    assert rule.late_request == "refused" and rule.requires == ("length", "reason")
    assert rule.tells_citizen == ("new_date", "reason")


@pytest.mark.duty("PDS-11")
def test_a_return_needs_the_deputy_head_the_reason_and_the_basis() -> None:
    """PDS-11."""
    (rule,) = PACK.returns
    assert (rule.approved_by, rule.reviewed_by, rule.requires) == (
        "deputy_head",
        "centre",
        ("reason", "basis"),
    )


@pytest.mark.duty("PDS-17", "R-PDS-4")
def test_two_calls_three_hours_apart_count_as_satisfied() -> None:
    """PDS-17, R-PDS-4."""
    rule = provision("follow-up-unanswered")
    assert rule.effect == "counts_as_satisfied"
    calls, gap = rule.figure("calls"), rule.figure("gap")
    assert (int(calls.value), int(gap.value), gap.unit) == (2, 3, "hours")


@pytest.mark.duty("PDS-14", "R-PDS-5")
def test_letters_to_the_mayor_are_sealed_in_three_copies_and_reviewed() -> None:
    """PDS-14, R-PDS-5."""
    rule = provision("mailbox-reply")
    assert (int(rule.figure("copies").value), rule.approved_by, rule.channels) == (
        3,
        "centre",
        ("mailbox", "board"),
    )


@pytest.mark.duty("PDS-28", "PDS-29", "R-ALL-20")
def test_who_interviews_whom_and_from_which_score_on() -> None:
    """PDS-28, PDS-29."""
    found = items("interview")
    assert {(item.by, item.to) for item in found.values()} == {
        ("centre_director", ("head_of_office",)), ("office_leader", ("deputy_head",)), ("secretary_general", ("chief",)),
    }  # fmt: skip
    scores = {
        name: [(figure.value, figure.bound) for figure in found[name].figures if figure.unit == "percent"]
        for name in ("last-of-counties", "last-of-departments")
    }
    assert scores == {
        "last-of-counties": [(Decimal(85), "below")],
        "last-of-departments": [(Decimal(80), "below")],
    }
    often = items("public-statement")["interviewed-very-often"].figures
    assert [(figure.name, int(figure.value)) for figure in often] == [
        ("in-a-row", 3),
        ("in-all", 5),
        ("period", 12),
    ]


@pytest.mark.duty("PDS-5", "R-ALL-23")
def test_four_levels_and_three_responsible_people() -> None:
    """PDS-5."""
    assert {level.level for level in PACK.levels} >= {"city", "county", "township", "village"}
    assert ("chief", "deputy_head", "head_of_office") in {record.roles for record in PACK.on_file}


@pytest.mark.duty("PDS-3")
def test_every_channel_of_article_3_is_on_the_list() -> None:
    """PDS-3."""
    ours = {channel.id for channel in PACK.channels if channel.run_by == "us"}
    assert ours == {"webchat", "wechat", "mailbox"}
    assert {channel.id for channel in PACK.channels} >= {
        "phone", "letter", "board", "platform", "transfer", "assignment", "website", "microblog", "app", "other",
    }  # fmt: skip


@pytest.mark.duty("PDS-25", "R-ALL-14")
def test_a_whistle_blower_is_sealed_from_the_unit_and_a_complaint_only_if_asked() -> None:
    assert filed(PACK, "举报村干部收钱", kind="report", phone="13800000000").contact.confidential
    assert not filed(PACK, "路灯坏了", phone="13800000000").contact.confidential
    assert filed(PACK, "路灯坏了", phone="13800000000", confidential="true").contact.confidential


@pytest.mark.duty("PDS-8A")
@pytest.mark.parametrize("said", ["楼下店铺天天放音响", "小区门口大喇叭从早喊到晚", "工地夜里噪音大"])
def test_noise_by_any_name_is_class_a(said: str) -> None:
    assert classify(PACK, kind="complaint", text=said) == "A"
