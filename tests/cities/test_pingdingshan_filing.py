"""Worked examples of Pingdingshan at filing, reckoned by hand, and what is taken up from whom."""

from datetime import datetime

import pytest

from cities.loading import load_pack
from hotline.calendar import CITY_TIME
from hotline.deadlines import due_moments
from hotline.dispatching import choose_unit
from hotline.screening import screen_acceptance

PACK = load_pack("pingdingshan")

#: Moment of filing, class, channel, what has happened → each due moment, counted on the arrangements of 2025 and 2026.
EXAMPLES = [
    # A: four hours, through the night and through rest days
    ("2026-11-23T09:15", "A", "webchat", {"finish": "2026-11-23T13:15:00"}),
    ("2026-10-01T23:30", "A", "webchat", {"finish": "2026-10-02T03:30:00"}),
    ("2026-12-31T21:00", "A", "wechat", {"finish": "2027-01-01T01:00:00"}),
    # B: five working days. Mon 23 Nov → 24, 25, 26, 27, Mon 30
    ("2026-11-23T00:00", "B", "webchat", {"finish": "2026-11-30T23:59:59"}),
    # Tue 29 Sep 2026 → 30 Sep, 8, 9, Sat 10 (worked), Mon 12 Oct; 1–7 Oct off
    ("2026-09-29T14:34", "B", "webchat", {"finish": "2026-10-12T23:59:59"}),
    # Sat 10 Oct 2026 is worked, but is the day of the event: → 12, 13, 14, 15, 16
    ("2026-10-10T10:00", "B", "phone", {"finish": "2026-10-16T23:59:59"}),
    # Fri 13 Feb 2026 → Sat 14 (worked), 24, 25, 26, 27; 15–23 off
    ("2026-02-13T18:00", "B", "webchat", {"finish": "2026-02-27T23:59:59"}),
    # Sun 26 Jan 2025 is worked for the Spring Festival: filed Fri 24 → 26, 27, 5 Feb, 6, 7; 28 Jan–4 Feb off
    ("2025-01-24T08:00", "B", "webchat", {"finish": "2025-02-07T23:59:59"}),
    # Wed 30 Apr 2025 → 6, 7, 8, 9 May, Mon 12; 27 Apr was worked before, 1–5 May off
    ("2025-04-30T23:59", "B", "webchat", {"finish": "2025-05-12T23:59:59"}),
    # Tue 30 Sep 2025 → 9, 10, Sat 11 (worked), 13, 14; 1–8 Oct off
    ("2025-09-30T12:00", "B", "webchat", {"finish": "2025-10-14T23:59:59"}),
    # C: the plan, on the same days; the centre sets the finish, so no date for it
    ("2026-11-23T10:00", "C", "webchat", {"plan": "2026-11-30T23:59:59"}),
    # D: no figure in the text
    ("2026-11-23T10:00", "D", "webchat", {}),
    # letters: ten working days instead. Mon 23 Nov → Mon 7 Dec
    ("2026-11-23T10:00", "A", "mailbox", {"finish": "2026-12-07T23:59:59"}),
    ("2026-11-23T10:00", "B", "board", {"finish": "2026-12-07T23:59:59"}),
    # and beside the plan of C, beside the acting at once of D
    ("2026-11-23T10:00", "C", "mailbox", {"plan": "2026-11-30T23:59:59", "progress": "2026-12-07T23:59:59"}),
    ("2026-11-23T10:00", "D", "mailbox", {"progress": "2026-12-07T23:59:59"}),
]  # fmt: skip


def reckoned(filed: str, ticket_class: str, channel: str, **happened: str) -> dict[str, str]:
    known = {start: moment(at) for start, at in happened.items()}
    dues = due_moments(PACK, kind="complaint", ticket_class=ticket_class, channel=channel,
                       at=moment(filed), happened=known)  # fmt: skip
    return {due.what: due.at.astimezone(CITY_TIME).isoformat()[:19] for due in dues}


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=CITY_TIME)


@pytest.mark.duty("PDS-8A", "PDS-8B", "PDS-8C", "PDS-8D", "PDS-14", "R-PDS-1", "R-ALL-1", "R-ALL-2")
@pytest.mark.parametrize(("filed", "ticket_class", "channel", "expected"), EXAMPLES)
def test_a_filing_is_due_as_reckoned_by_hand(
    filed: str, ticket_class: str, channel: str, expected: dict[str, str]
) -> None:
    found = reckoned(filed, ticket_class, channel)
    steps = ("sign", "start", "contact", "progress", "plan", "finish")
    assert {what: at for what, at in found.items() if what in steps} == expected


@pytest.mark.duty("PDS-8B")
def test_across_an_unpublished_new_year_the_date_is_provisional() -> None:
    """Tue 29 Dec 2026 → 30, 31, then 4, 5, 6 Jan 2027 if weekends alone and New Year's Day are off."""
    (finish,) = (
        due
        for due in due_moments(PACK, kind="help", ticket_class="B", channel="webchat", at=moment("2026-12-29T10:00"))
        if due.what == "finish"
    )  # fmt: skip
    assert finish.at.isoformat() == "2027-01-06T23:59:59+08:00"
    assert finish.provisional and "2027" in finish.why


@pytest.mark.duty("PDS-11", "R-PDS-2")
def test_a_return_is_due_24_hours_after_the_first_opening_or_what_counts_as_it() -> None:
    """Filed on Wed 30 Sep 2026: unopened, it counts as opened at the end of Thu 8 Oct."""
    assert reckoned("2026-09-30T10:00", "B", "webchat")["return"] == "2026-10-09T23:59:59"
    opened = reckoned("2026-09-30T10:00", "B", "webchat", receipt="2026-09-30T16:20")
    assert opened["return"] == "2026-10-01T16:20:00"


@pytest.mark.duty("PDS-16", "R-PDS-4")
def test_the_follow_up_is_due_two_working_days_after_the_closing_reply() -> None:
    """Replied on Fri 9 Oct 2026: Sat 10 is worked, Mon 12 is the second."""
    found = reckoned("2026-09-30T10:00", "B", "webchat", closing_reply="2026-10-09T17:00")
    assert found["follow_up"] == "2026-10-12T23:59:59"


@pytest.mark.duty("PDS-2a")
def test_people_legal_persons_and_other_organisations_are_heard_on_five_kinds() -> None:
    demands = next(rule for rule in PACK.accepted if "PDS-2a" in rule.duties)
    assert demands.speakers == ("person", "legal_person", "organisation")
    assert set(demands.kinds) == {"consultation", "help", "complaint", "suggestion"}
    assert {kind.label for kind in PACK.kinds.values()} >= {"咨询", "求助", "投诉", "意见建议"}


@pytest.mark.duty("PDS-2a")
@pytest.mark.parametrize(
    "said",
    ["想问一下居住证怎么办", "路灯坏了三天没人修", "我们公司门口的路塌了", "建议在小学门口加一个红绿灯", "我们村委会反映桥上的护栏断了"],
)  # fmt: skip
def test_what_they_say_is_taken_up(said: str) -> None:
    assert screen_acceptance(said, PACK) is None


@pytest.mark.duty("PDS-10")
def test_a_ticket_that_no_text_assigns_is_the_centre_s_to_give() -> None:
    chosen = choose_unit(PACK, text="路灯坏了", place="", kind="complaint")
    assert chosen.unit.id == "command-centre" and "第十条" in chosen.why
    rule = next(rule for rule in PACK.dispatch if rule.when == "no_unit")
    assert rule.does == ("centre_designates",) and rule.lead == "command-centre"


@pytest.mark.duty("PDS-10")
def test_several_units_have_one_lead() -> None:
    rule = next(rule for rule in PACK.dispatch if rule.when == "several_units")
    assert rule.does == ("lead_and_co_handlers",) and rule.citation.article == "第十条"
