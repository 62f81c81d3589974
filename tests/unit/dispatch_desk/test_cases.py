"""What may happen to a case."""

from dataclasses import replace
from datetime import timedelta

import pytest

from cities.loading import load_pack
from dispatch_desk.cases import Case, State, arrived, as_it_stands, file_of, receive, said_of
from hotline.casework import Step, Taken
from hotline.deadlines import Due, due_moments
from hotline.records import from_record, to_record
from hotline.ticket import Contact
from tests.dispatch import FILED_AT, a_due, a_pack, a_ticket, filed

LATER = FILED_AT + timedelta(hours=3)


def test_a_case_begins_unsigned_with_the_dates_of_the_ticket() -> None:
    ticket = a_ticket()
    case = receive(filed(ticket), at=LATER)
    assert (case.state, case.dues, case.filed_at) == (State.RECEIVED, ticket.due, ticket.filed_at)
    assert case.next_due() == ticket.due[0]


@pytest.mark.duty("R-ALL-4", "R-KF-3")
def test_a_date_that_waited_for_the_dispatch_is_settled_when_the_case_is_there() -> None:
    pack = load_pack("kaifeng")
    dues = due_moments(pack, kind="complaint", ticket_class="routine", channel="webchat", at=FILED_AT)
    case = receive(filed(a_ticket(due=dues, ticket_class="routine")), at=LATER)
    (before,), (after,) = case.dues, arrived(pack, case).dues
    assert before.provisional and (after.at, after.provisional, after.why) == (before.at, False, "")


def signed(case: Case, dues: tuple[Due, ...] = ()) -> Case:
    taken = Taken(step=Step.SIGN, at=LATER, unit="示例区住建局", by=1)
    return as_it_stands(case, file_of(case, [taken]), dues or case.dues)


def test_signing_takes_the_new_dates_and_ends_the_clock_for_signing() -> None:
    case = receive(filed(a_ticket()), at=LATER)
    finish = a_due("finish", LATER + timedelta(days=7))
    after = signed(case, (case.dues[0], finish))
    assert after.next_due() == finish and after.state is State.SIGNED
    assert (after.signed_at, after.signed_unit) == (LATER, "示例区住建局")


def test_the_gateway_is_told_who_signed_and_when() -> None:
    rule = next(rule for rule in a_pack().case_steps if rule.step == Step.SIGN)
    file = file_of(receive(filed(a_ticket()), at=LATER), ())
    taken = Taken(step=Step.SIGN, at=LATER, unit="示例区住建局", by=1)
    assert list(said_of(rule, file, taken, ())) == [
        ("signed", {"unit": "示例区住建局", "at": LATER.isoformat()})
    ]


def test_a_case_that_was_signed_before_steps_were_kept_is_signed() -> None:
    case = signed(receive(filed(a_ticket()), at=LATER))
    assert file_of(case, ()).stage is State.SIGNED
    progress = Taken(step=Step.PROGRESS, at=LATER + timedelta(hours=1), unit="示例区住建局", by=1)
    assert as_it_stands(case, file_of(case, [progress]), case.dues).signed_at == LATER


def test_another_unit_begins_unsigned_and_the_first_sees_the_case_no_more() -> None:
    case = signed(receive(filed(a_ticket()), at=LATER))
    to = Taken(step=Step.DESIGNATE, at=LATER, by=1, data={"unit": "示例市交通局", "units": "示例区城管局"})
    sign = Taken(step=Step.SIGN, at=LATER, unit="示例区住建局", by=1)
    after = as_it_stands(case, file_of(case, [sign, to]), case.dues)
    assert (after.state, after.lead_unit, after.signed_at) == (State.RECEIVED, "示例市交通局", None)
    assert (
        after.is_seen_by("示例区城管局") and after.is_seen_by(None) and not after.is_seen_by("示例区住建局")
    )


def test_the_last_moment_to_return_is_no_duty() -> None:
    first = a_due("return", LATER)
    case = receive(filed(a_ticket(due=(first, a_due("finish", LATER + timedelta(days=1))))), at=LATER)
    due = case.next_due()
    assert due is not None and due.what == "finish"


def test_danger_and_confidence_are_read_from_the_ticket() -> None:
    case = receive(filed(a_ticket(urgent=True, contact=Contact(confidential=True))), at=LATER)
    assert case.urgent and case.confidential


def test_a_stored_case_comes_back_the_same() -> None:
    case = receive(filed(a_ticket()), at=LATER)
    after = signed(case)
    assert from_record(type(case), to_record(after)) == after


def test_a_ticket_of_an_older_gateway_has_no_matters() -> None:
    event = filed(a_ticket())
    older = {
        name: value for name, value in event.data.items() if name not in ("matters", "co_handlers", "copies")
    }
    assert receive(replace(event, data=older), at=LATER).matters == ()
