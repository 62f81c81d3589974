"""What may happen to a case."""

from dataclasses import replace
from datetime import timedelta

from dispatch_desk.app import reckoner
from dispatch_desk.cases import State, receive, sign, signed_data
from hotline.records import from_record, to_record
from hotline.ticket import Contact
from tests.dispatch import FILED_AT, a_due, a_pack, a_ticket, filed

LATER = FILED_AT + timedelta(hours=3)


def test_a_case_begins_unsigned_with_the_dates_of_the_ticket() -> None:
    ticket = a_ticket()
    case = receive(filed(ticket), at=LATER)
    assert (case.state, case.dues, case.filed_at) == (State.RECEIVED, ticket.due, ticket.filed_at)
    assert case.next_due() == ticket.due[0]


def test_signing_takes_the_new_dates_and_ends_the_clock_for_signing() -> None:
    case = receive(filed(a_ticket()), at=LATER)
    finish = a_due("finish", LATER + timedelta(days=7))
    signed = sign(case, unit="示例区住建局", at=LATER, dues=(case.dues[0], finish))
    assert signed is not None
    assert signed.next_due() == finish
    assert signed_data(signed) == {"unit": "示例区住建局", "at": LATER.isoformat()}


def test_a_case_is_signed_once() -> None:
    case = receive(filed(a_ticket()), at=LATER)
    signed = sign(case, unit="示例区住建局", at=LATER, dues=())
    assert signed is not None and signed.dues == case.dues
    assert sign(signed, unit="另一个单位", at=LATER, dues=()) is None


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
    signed = sign(case, unit="示例区住建局", at=LATER, dues=())
    assert from_record(type(case), to_record(signed)) == signed


def test_the_clock_of_a_case_knows_its_matters_its_way_of_assignment_and_what_turned_out() -> None:
    """Each has a limit of its own: the utility's 24 hours, the leader's ten working days, the redo's two."""
    limit = next(rule for rule in a_pack().deadlines if rule.what == "finish")
    rules = (
        limit,
        replace(limit, id="utility", what="progress", starts="filing", working_days=None, hours=24, matters=("utility",)),
        replace(limit, id="leader", starts="filing", working_days=10, assignments=("leader",)),
        replace(limit, id="redo", what="plan", starts="filing", working_days=2, cases=("redo",)),
    )  # fmt: skip
    reckon = reckoner(replace(a_pack(), deadlines=rules))
    plain = receive(filed(a_ticket()), at=LATER)
    assert {due.what for due in reckon(plain, LATER)} == {"finish"}
    case = replace(
        receive(filed(a_ticket(matters=("utility",))), at=LATER), assignment="leader", turned_out=("redo",)
    )
    dues = {due.what: due for due in reckon(case, LATER)}
    assert dues["progress"].at == FILED_AT + timedelta(hours=24)
    assert dues["finish"].days[-1].count == 10 and dues["plan"].days[-1].count == 2


def test_a_ticket_of_an_older_gateway_has_no_matters() -> None:
    event = filed(a_ticket())
    older = {
        name: value for name, value in event.data.items() if name not in ("matters", "co_handlers", "copies")
    }
    assert receive(replace(event, data=older), at=LATER).matters == ()
