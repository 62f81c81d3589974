"""How dates are said: with what is owed, marked while they may still move, and not at all where no text sets one."""

from dataclasses import replace
from datetime import datetime

import pytest

from cities.loading import load_pack
from hotline.calendar import CITY_TIME
from hotline.citation import Citation
from hotline.conversation import Brought, Draft
from hotline.deadlines import Due
from hotline.filing import ticket
from hotline.message import InboundMessage
from hotline.replies import reply_for
from hotline.scene import Heard
from hotline.ticket import Ticket, TicketIdentity
from hotline.turn import OpenTicket

PACK = load_pack("_example")
DUE = Due(
    what="finish",
    at=datetime(2026, 10, 9, 11, 30, tzinfo=CITY_TIME),
    citation=Citation(instrument="《示例市热线条例》", article="第八条"),
    provisional=False,
    why="",
)


def filed(*due: Due) -> Ticket:
    message = InboundMessage(
        key="webchat:s:1", city=PACK.code, channel="webchat", conversation="webchat:s", sender="p",
        received_at=datetime(2026, 9, 29, 12, tzinfo=CITY_TIME), text="路灯坏了",
    )  # fmt: skip
    draft = Draft(kind="complaint", said=("路灯坏了",), facts={"what": "路灯坏了"})
    identity = TicketIdentity(number="20260929AAAAAAAAA", query_code="ABC234")
    one = ticket(PACK, Heard(message=message), draft, identity=identity, brought=Brought())
    return replace(one, due=due)


@pytest.mark.parametrize("what", ["finish", "progress", "plan"])
def test_a_date_that_may_move_is_never_said_as_if_it_were_fixed(what: str) -> None:
    fixed = reply_for(OpenTicket(ticket=filed(replace(DUE, what=what))), PACK).text
    moving = reply_for(
        OpenTicket(ticket=filed(replace(DUE, what=what, provisional=True, why="w"))), PACK
    ).text
    assert "11:30前" in fixed and "暂定" not in fixed
    assert "11:30前（暂定）" in moving


def test_without_a_date_it_is_said_that_no_text_sets_one() -> None:
    text = reply_for(OpenTicket(ticket=filed()), PACK).text
    assert text.startswith("已受理，请记下单号。") and "没有写明" in text
