"""A letter is settled at once: answered, led elsewhere or filed, always under a number that stays its own."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cities.loading import load_pack
from hotline.calendar import CITY_TIME
from hotline.citation import Citation, Route
from hotline.conversation import Conversation, Draft, Phase
from hotline.deadlines import shown_date
from hotline.decision import decide, handed_over
from hotline.effects import EnterLetter, FileTicket, SendReply, TellDesk, effects_of
from hotline.errors import NotAMessageError
from hotline.filing import danger_of
from hotline.message import Act, InboundMessage
from hotline.records import from_record, to_record
from hotline.scene import Heard, Standing
from hotline.screening import Danger, NotAccepted
from hotline.ticket import Ticket, TicketIdentity, ticket_number
from hotline.turn import (
    Answer,
    Clarify,
    Decision,
    EmergencyTransfer,
    HandOver,
    OpenTicket,
    Rate,
    Refusal,
    SmallTalk,
    Supplement,
    Turn,
    Urge,
    Withdraw,
)
from hotline.understanding import Entity, Finding, Hit, Intent, Understanding

PACK = load_pack("_example")
NOON = datetime(2026, 9, 29, 12, tzinfo=CITY_TIME)
GROUND = NotAccepted(
    rule="court",
    citation=Citation(instrument="《示例市热线条例》", article="第十条", reason="已经判决", route=Route(name="法院", how="上诉")),
    sure=True,
    ask="这件事法院受理了吗？",
)  # fmt: skip
FOUND = Finding(
    hits=(
        Hit(article_id="a", version=3, question="多久答复", answer="五个工作日。", source="《示例市热线条例》第八条",
            unit="示例市热线工作机构", updated_at=NOON, score=0.9),
    ),
    answered=True,
)  # fmt: skip
FORM = {
    "subject": "路灯坏了", "kind": "complaint", "place": "示例路1号", "name": "样例先生", "phone": "13900000000",
    "email": "yangli@example.com", "public": "true", "confidential": "false", "anonymous": "false",
}  # fmt: skip
CONSULTS = Understanding(intent=Intent.CONSULT, confidence=0.95)


def danger(*, sure: bool) -> Danger:
    found = danger_of(PACK, PACK.dangers[0].id, span="着火")
    assert found is not None
    return replace(found, sure=sure)


def identity(letters: str = "ABCDEFGH") -> TicketIdentity:
    return TicketIdentity(number=ticket_number(NOON.date(), letters), query_code="K7M4PX")


def a_letter(body: str = "三天没有人来修，晚上看不见路。", **form: str) -> InboundMessage:
    told = {name: value for name, value in (FORM | form).items() if value}
    return InboundMessage(
        key="mailbox:k", city=PACK.code, channel="mailbox", conversation="mailbox:k", sender="p",
        received_at=NOON, text=body, fields=tuple(told.items()), letter=True, attachments=("f1",),
    )  # fmt: skip


def heard(message: InboundMessage, **found: Any) -> Heard:
    return Heard(message=message, **found)


def decided(message: InboundMessage, before: Conversation | None = None, **found: Any) -> Turn:
    before = before or Conversation(id=message.conversation)
    turn = decide(PACK, before, heard(message, **found), fresh=(identity(),))
    assert from_record(Conversation, to_record(turn.conversation)) == turn.conversation
    return turn


def kinds(turn: Turn) -> tuple[type, ...]:
    return tuple(type(decision) for decision in turn.decisions)


def ticket_in(turn: Turn) -> Ticket:
    (found,) = [d.ticket for d in turn.decisions if isinstance(d, OpenTicket | HandOver)]
    return found


def addition(
    text: str = "", *, before: Conversation, option: str | None = None, **more: Any
) -> InboundMessage:
    assert before.letter is not None
    values: dict[str, Any] = {"about": before.letter.identity.number, "received_at": NOON + timedelta(days=3)}
    return InboundMessage(
        key="mailbox:k:2", city=PACK.code, channel="mailbox", conversation="mailbox:k", sender="p", text=text,
        option=option, **(values | more),
    )  # fmt: skip


def outcome(turn: Turn) -> str:
    assert turn.conversation.letter is not None
    return turn.conversation.letter.outcome


def test_a_demand_becomes_a_ticket_at_once_with_all_that_the_form_tells() -> None:
    turn = decided(a_letter())
    ticket = ticket_in(turn)
    assert kinds(turn) == (OpenTicket,) and outcome(turn) == "ticket"
    assert (ticket.kind, ticket.place, ticket.title) == ("complaint", "示例路1号", "路灯坏了")
    assert ticket.contact.name == "样例先生" and ticket.contact.phone == "13900000000"
    assert ticket.contact.email == "yangli@example.com" and not ticket.contact.anonymous
    assert ticket.public and ticket.attachments == ("f1",)
    assert ticket.text == "路灯坏了\n三天没有人来修，晚上看不见路。"
    assert turn.conversation.letter is not None
    assert turn.conversation.letter.identity == identity() and ticket.number == identity().number


def test_the_mailbox_has_its_own_clock() -> None:
    due = shown_date(ticket_in(decided(a_letter())).due)
    assert due is not None and due.what == "finish" and due.citation.article == "第十一条"
    assert due.at.date() == (NOON + timedelta(days=15)).date()


def test_a_question_is_answered_and_keeps_a_number_all_the_same() -> None:
    turn = decided(a_letter(kind="consultation"), finding=FOUND)
    assert kinds(turn) == (Answer,) and outcome(turn) == "answered"
    effects = effects_of(a_letter(), turn, PACK)
    assert [type(effect) for effect in effects] == [SendReply, EnterLetter]


def test_what_reads_like_a_question_is_one_even_when_the_form_says_nothing() -> None:
    assert kinds(decided(a_letter(kind=""), understanding=CONSULTS, finding=FOUND)) == (Answer,)
    unsure = replace(CONSULTS, confidence=0.5)
    assert kinds(decided(a_letter(kind=""), understanding=unsure, finding=FOUND)) == (OpenTicket,)


def test_a_complaint_is_never_answered_away() -> None:
    assert kinds(decided(a_letter(), understanding=CONSULTS, finding=FOUND)) == (OpenTicket,)


def test_a_question_without_an_answer_goes_to_a_person() -> None:
    turn = decided(a_letter(kind="consultation"), understanding=CONSULTS)
    assert ticket_in(turn).kind == "consultation"


def test_a_sure_ground_is_refused_with_its_route_and_an_unsure_one_is_filed() -> None:
    turn = decided(a_letter(), ground=GROUND)
    assert kinds(turn) == (Refusal,) and outcome(turn) == "refused"
    assert kinds(decided(a_letter(), ground=replace(GROUND, sure=False))) == (OpenTicket,)


def test_a_ground_comes_before_an_answer() -> None:
    assert kinds(decided(a_letter(kind="consultation"), ground=GROUND, finding=FOUND)) == (Refusal,)


def test_a_sure_danger_shows_the_number_first_and_files_what_the_form_tells() -> None:
    turn = decided(a_letter(confidential="true"), danger=danger(sure=True), ground=GROUND, finding=FOUND)
    ticket = ticket_in(turn)
    assert kinds(turn) == (EmergencyTransfer, OpenTicket) and outcome(turn) == "ticket"
    assert ticket.urgent and ticket.contact.phone == "13900000000" and ticket.contact.confidential
    assert ticket.place == "示例路1号" and ticket.attachments == ("f1",)
    assert ticket.title.endswith("路灯坏了") and "样例先生" not in ticket.text + ticket.summary


def test_nothing_is_left_out_of_the_summary_of_a_danger() -> None:
    """Of any other long letter the sentence that asks for nothing gives way."""
    clause = "灶台下面那根软管从刚才起一直嘶嘶地响。"
    body = clause + "请把3号楼东边的路灯修好，请在6月前修好。" * 12
    told = ticket_in(decided(a_letter(body), danger=danger(sure=True)))
    assert clause in told.summary
    assert clause not in ticket_in(decided(a_letter(body))).summary


def test_a_possible_danger_shows_the_number_and_a_person_reads_the_letter() -> None:
    turn = decided(a_letter(kind="consultation"), danger=danger(sure=False), finding=FOUND)
    asked = turn.decisions[0]
    assert kinds(turn) == (Clarify, OpenTicket)
    assert isinstance(asked, Clarify) and asked.danger is not None and asked.options == ()
    assert ticket_in(turn).asks_person


@pytest.mark.parametrize("found", [{}, {"danger": danger(sure=True)}])
def test_who_asks_to_stay_unknown_is_not_named_by_what_the_text_tells(found: dict[str, Any]) -> None:
    tells = Understanding(
        intent=Intent.COMPLAIN,
        confidence=0.9,
        entities=(Entity(name="phone", value="13911111111"), Entity(name="name", value="样例女士")),
    )
    message = a_letter(anonymous="true", name="", phone="", email="")
    contact = ticket_in(decided(message, understanding=tells, **found)).contact
    assert contact.anonymous and (contact.name, contact.phone, contact.email) == ("", "", "")


def test_without_a_name_in_the_form_the_text_may_tell_it() -> None:
    tells = Understanding(
        intent=Intent.COMPLAIN, confidence=0.9, entities=(Entity(name="name", value="样例女士"),)
    )
    assert ticket_in(decided(a_letter(name="", phone=""), understanding=tells)).contact.name == "样例女士"


@pytest.mark.parametrize("kind", ["", "unheard-of"])
def test_a_letter_without_a_known_kind_takes_what_it_reads_like(kind: str) -> None:
    praises = Understanding(intent=Intent.PRAISE, confidence=0.9)
    assert ticket_in(decided(a_letter(kind=kind), understanding=praises)).kind == "praise"
    assert ticket_in(decided(a_letter(kind=kind))).kind == "other"


@pytest.mark.parametrize(
    ("found", "option"), [({"finding": FOUND}, "unsolved"), ({"ground": GROUND}, "review")]
)
def test_an_answered_or_refused_letter_becomes_a_ticket_under_its_own_number(
    found: dict[str, Any], option: str
) -> None:
    first = decided(a_letter(kind="consultation", confidential="true"), **found)
    message = addition(before=first.conversation, option=option)
    turn = decide(PACK, first.conversation, heard(message), fresh=(identity("ZZZZZZZZ"),))
    ticket = ticket_in(turn)
    assert (ticket.number, ticket.query_code) == (identity().number, identity().query_code)
    assert ticket.asks_person and ticket.contact.confidential and ticket.attachments == ("f1",)
    assert ticket.text == "路灯坏了\n三天没有人来修，晚上看不见路。"
    assert ticket.filed_at == message.received_at and outcome(turn) == "ticket"
    assert {type(e) for e in effects_of(message, turn, PACK)} == {SendReply, FileTicket, EnterLetter}


def test_what_is_added_then_stands_in_the_ticket() -> None:
    first = decided(a_letter(kind="consultation"), finding=FOUND)
    message = addition("还是没有人来", before=first.conversation, attachments=("f2",))
    ticket = ticket_in(decide(PACK, first.conversation, heard(message), fresh=(identity("ZZZZZZZZ"),)))
    assert ticket.text.endswith("还是没有人来") and ticket.attachments == ("f1", "f2")


def test_an_addition_to_a_ticket_is_a_supplement_and_files_nothing() -> None:
    first = decided(a_letter())
    message = addition("又坏了一盏", before=first.conversation, attachments=("f2",))
    turn = decide(PACK, first.conversation, heard(message), fresh=(identity("ZZZZZZZZ"),))
    assert turn.decisions == (Supplement(number=identity().number, text="又坏了一盏", attachments=("f2",)),)
    assert outcome(turn) == "ticket"
    assert any(isinstance(e, TellDesk) for e in effects_of(message, turn, PACK))


def test_pressing_twice_makes_one_ticket() -> None:
    first = decided(a_letter(kind="consultation"), finding=FOUND)
    press = addition(before=first.conversation, option="unsolved")
    second = decide(PACK, first.conversation, heard(press), fresh=(identity("ZZZZZZZZ"),))
    third = decide(PACK, second.conversation, heard(press), fresh=(identity("YYYYYYYY"),))
    assert kinds(third) == (SmallTalk,) and identity().number in str(third.decisions[0])


def test_an_addition_from_another_conversation_s_number_reopens_nothing() -> None:
    first = decided(a_letter(kind="consultation"), finding=FOUND)
    other = addition("补充", before=first.conversation, about=identity("ZZZZZZZZ").number)
    assert kinds(decide(PACK, first.conversation, heard(other), fresh=(identity(),))) == (Supplement,)


@pytest.mark.duty("ALL-4", "BD-13")
@pytest.mark.parametrize(
    ("said", "decision"),
    [
        ({"act": Act.URGE, "text": "快点"}, Urge(number=identity().number, text="快点")),
        ({"act": Act.WITHDRAW, "text": ""}, Withdraw(number=identity().number)),
        ({"act": Act.RATE, "grade": 5}, Rate(number=identity().number, grade=5)),
        (
            {"act": Act.RATE, "grade": 2, "solved": "no"},
            Rate(number=identity().number, grade=2, solved="no"),
        ),
    ],
)
def test_a_letter_s_ticket_is_urged_rated_and_taken_back(said: dict[str, Any], decision: Decision) -> None:
    first = decided(a_letter())
    message = replace(addition("x", before=first.conversation), **{"text": ""} | said)
    turn = decide(PACK, first.conversation, heard(message), fresh=(identity("ZZZZZZZZ"),))
    assert turn.decisions == (decision,)
    assert [type(e) for e in effects_of(message, turn, PACK)].count(TellDesk) == 1


def test_an_answered_letter_is_not_urged_and_what_was_taken_back_is_left_alone() -> None:
    answered = decided(a_letter(kind="consultation"), finding=FOUND)
    urge = replace(addition("快点", before=answered.conversation), act=Act.URGE)
    assert kinds(decide(PACK, answered.conversation, heard(urge), fresh=(identity(),))) == (Clarify,)
    filed = decided(a_letter())
    for over in ({"withdrawn": True}, {"closed": True}):
        standing = Standing(number=identity().number, title="", state="", due="", **over)
        urge = replace(addition("快点", before=filed.conversation), act=Act.URGE)
        turn = decide(PACK, filed.conversation, heard(urge), fresh=(identity(),), standings=(standing,))
        assert kinds(turn) == (Clarify,)


def test_danger_in_an_urge_is_heard_first() -> None:
    first = decided(a_letter())
    urge = replace(addition("着火了快来", before=first.conversation), act=Act.URGE)
    turn = decide(
        PACK, first.conversation, heard(urge, danger=danger(sure=True)), fresh=(identity("ZZZZZZZZ"),)
    )
    assert kinds(turn)[0] is EmergencyTransfer


@pytest.mark.parametrize(
    "wrong",
    [
        {"act": Act.RATE},
        {"act": Act.RATE, "grade": 6},
        {"act": Act.RATE, "grade": 5, "solved": "maybe"},
        {"grade": 3},
        {"solved": "yes"},
        {"act": Act.URGE, "about": ""},
    ],
)
def test_an_act_without_its_ticket_or_grade_is_no_message(wrong: dict[str, Any]) -> None:
    message = addition("x", before=decided(a_letter()).conversation)
    with pytest.raises(NotAMessageError):
        replace(message, **wrong)


def test_danger_in_an_addition_is_heard_first() -> None:
    first = decided(a_letter(kind="consultation"), finding=FOUND)
    message = addition("现在着火了", before=first.conversation)
    turn = decide(
        PACK, first.conversation, heard(message, danger=danger(sure=True)), fresh=(identity("ZZZZZZZZ"),)
    )
    assert kinds(turn) == (EmergencyTransfer, OpenTicket)
    assert turn.conversation.letter == first.conversation.letter
    assert ticket_in(turn).contact.phone == "13900000000"


def test_what_was_sent_along_for_a_ticket_in_the_making_stays_with_it() -> None:
    number = identity().number
    before = Conversation(
        id="webchat:s",
        phase=Phase.COLLECTING,
        draft=Draft(kind="complaint", said=("路灯",)),
        tickets=(number,),
    )
    photo = InboundMessage(
        key="k1", city=PACK.code, channel="webchat", conversation="webchat:s", sender="p", received_at=NOON,
        attachments=("f1",),
    )  # fmt: skip
    during = decide(PACK, before, heard(photo), fresh=(identity("ZZZZZZZZ"),)).conversation
    extra = replace(photo, key="k2", text="补充", attachments=("f2",), about=number)
    turn = decide(PACK, during, heard(extra), fresh=(identity("YYYYYYYY"),))
    assert turn.decisions == (Supplement(number=number, text="补充", attachments=("f2",)),)
    assert turn.conversation.brought.attachments == ("f1",) and turn.conversation.draft == during.draft


def test_a_letter_that_could_not_be_decided_is_filed_with_what_its_form_says() -> None:
    message = a_letter(confidential="true")
    turn = handed_over(PACK, Conversation(id=message.conversation), heard(message), identity=identity())
    ticket = ticket_in(turn)
    assert kinds(turn) == (HandOver,) and outcome(turn) == "ticket"
    assert ticket.contact.confidential and ticket.contact.phone == "13900000000"
    assert "样例先生" not in ticket.text and ticket.attachments == ("f1",)


def test_an_addition_that_could_not_be_decided_keeps_the_letter_and_its_number() -> None:
    first = decided(a_letter(kind="consultation", confidential="true"), finding=FOUND)
    message = addition("还是没有人来", before=first.conversation)
    turn = handed_over(PACK, first.conversation, heard(message), identity=identity("ZZZZZZZZ"))
    assert ticket_in(turn).number == identity().number and outcome(turn) == "ticket"
    assert ticket_in(turn).contact.confidential and "三天没有人来修" in ticket_in(turn).text


@settings(print_blob=True, max_examples=150)
@given(
    body=st.text(min_size=1, max_size=60).filter(lambda text: text.strip() and "\x00" not in text),
    form=st.fixed_dictionaries(
        {},
        optional={
            name: st.sampled_from(["true", "false", "consultation", "report", "x", "13900000000", "样例"])
            for name in FORM
        },
    ),
    sure=st.sampled_from([None, True, False]),
    ground=st.sampled_from([None, GROUND, replace(GROUND, sure=False)]),
    finding=st.sampled_from([Finding(), FOUND]),
    intent=st.sampled_from(list(Intent)),
)
def test_every_letter_gets_one_number_and_at_most_one_ticket(
    body: str,
    form: dict[str, str],
    sure: bool | None,
    ground: NotAccepted | None,
    finding: Finding,
    intent: Intent,
) -> None:
    message = a_letter(body, **form)
    found: dict[str, Any] = {"danger": danger(sure=sure)} if sure is not None else {}
    understood = Understanding(intent=intent, confidence=0.9)
    turn = decided(message, ground=ground, finding=finding, understanding=understood, **found)
    effects = effects_of(message, turn, PACK)
    (entered,) = [effect for effect in effects if isinstance(effect, EnterLetter)]
    filed = [effect.ticket for effect in effects if isinstance(effect, FileTicket)]
    assert entered.letter.identity == identity() and len(filed) <= 1
    assert entered.letter.outcome == ("ticket" if filed else outcome(turn))
    assert all(ticket.number == identity().number and ticket.channel == "mailbox" for ticket in filed)
    assert len({effect.key for effect in effects}) == len(effects)
    assert effects == effects_of(message, turn, PACK)
