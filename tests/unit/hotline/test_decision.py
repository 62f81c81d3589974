"""The dialogue, decided: danger first, nothing filed without a yes, nobody left without a way on."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cities.loading import load_pack
from hotline.calendar import CITY_TIME
from hotline.citation import Citation, Route
from hotline.citypack import CityPack
from hotline.conversation import Conversation, Option, Phase
from hotline.decision import asks_for_progress, decide, handed_over
from hotline.effects import FileTicket, SendReply, TellDesk, effects_of
from hotline.filing import danger_of
from hotline.message import InboundMessage, Location
from hotline.opening import offered_articles
from hotline.records import from_record, to_record
from hotline.scene import Heard, Standing
from hotline.screening import Danger, NotAccepted, asks_secrecy
from hotline.steps import GREETING_OPTIONS
from hotline.ticket import TicketIdentity, is_ticket_number, ticket_number
from hotline.turn import (
    Answer,
    Clarify,
    EmergencyTransfer,
    HandOver,
    OpenTicket,
    Progress,
    Refusal,
    SmallTalk,
    Summary,
    Supplement,
    Turn,
    Urge,
)
from hotline.understanding import Entity, Finding, Hit, Intent, Understanding
from hotline.withholding import for_centre

PACK = load_pack("_example")
NOON = datetime(2026, 9, 29, 12, tzinfo=CITY_TIME)
GROUND = NotAccepted(
    rule="court",
    citation=Citation(instrument="《示例市热线条例》", article="第十条", reason="已经判决", route=Route(name="法院", how="上诉")),
    sure=True,
    ask="这件事法院受理了吗？",
)  # fmt: skip
HIT = Hit(
    article_id="a", version=3, question="多久答复", answer="五个工作日。", source="《示例市热线条例》第八条",
    unit="示例市热线工作机构", updated_at=NOON, score=0.9,
)  # fmt: skip
FOUND = Finding(hits=(HIT,), answered=True)


SOMETHING = Standing(number="N", title="路灯", state="已签收", due="10月12日")


def fire() -> Danger:
    danger = danger_of(PACK, PACK.dangers[0].id, span="着火了")
    assert danger is not None
    return danger


class Talk:
    """A conversation that goes on from turn to turn."""

    def __init__(self, pack: CityPack = PACK) -> None:
        self.pack = pack
        self.state = Conversation(id="webchat:s")
        self.count = 0
        self.now = NOON
        self.last: Turn | None = None
        self.standings: tuple[Standing, ...] = ()

    def say(
        self,
        text: str = "",
        intent: Intent = Intent.OTHER,
        *,
        option: str | None = None,
        danger: Danger | None = None,
        ground: NotAccepted | None = None,
        finding: Finding | None = None,
        fields: tuple[tuple[str, str], ...] = (),
        entities: tuple[tuple[str, str], ...] = (),
        confidence: float = 0.9,
        meant: tuple[Hit, ...] = (),
        **more: Any,
    ) -> tuple[type, ...]:
        """Say something and return the kinds of decision that came of it."""
        self.count += 1
        message = InboundMessage(
            key=f"webchat:s:{self.count}", city=PACK.code, channel="webchat", conversation="webchat:s",
            sender="p", received_at=self.now, text=text, option=option, fields=fields, **more,
        )  # fmt: skip
        understood = Understanding(
            intent=intent, confidence=confidence, entities=tuple(Entity(name=n, value=v) for n, v in entities)
        )
        heard = Heard(
            message=message,
            danger=danger,
            ground=ground,
            understanding=understood,
            finding=finding or Finding(),
            meant=meant,
            secrecy=asks_secrecy(text, self.pack),
        )
        identity = TicketIdentity(number=ticket_number(NOON.date(), f"{self.count:08}"), query_code="ABC234")
        turn = decide(self.pack, self.state, heard, fresh=(identity,), standings=self.standings)
        if not asks_for_progress(self.pack, self.state, heard):
            other = decide(
                self.pack, self.state, heard, fresh=(identity,), standings=(*self.standings, SOMETHING)
            )
            assert other == turn, "nobody looks at tickets who did not say so before"
        assert from_record(Conversation, to_record(turn.conversation)) == turn.conversation
        self.state, self.last, self.heard = turn.conversation, turn, heard
        return tuple(type(decision) for decision in turn.decisions)

    def ticket(self) -> OpenTicket:
        assert self.last is not None
        return next(d for d in self.last.decisions if isinstance(d, OpenTicket))

    def up_to_summary(self) -> None:
        self.say("路灯坏了三天没人修", Intent.COMPLAIN)
        self.say("示例路1号门口")
        self.say("三天前开始的")
        self.say("13900000000", Intent.INFORM)
        assert self.say("样例先生") == (Summary,)


def test_a_complaint_is_filed_only_after_a_clear_yes() -> None:
    talk = Talk()
    assert talk.say("路灯坏了三天没人修", Intent.COMPLAIN) == (Clarify,)
    assert talk.say("示例路1号门口") == (Clarify,)
    assert talk.say("三天前开始的") == (Clarify,)
    assert talk.say("13900000000", Intent.INFORM) == (Clarify,)
    assert talk.say("样例先生") == (Summary,)
    assert not talk.state.tickets
    assert talk.say("是的", Intent.AFFIRM) == (OpenTicket,)
    ticket = talk.ticket().ticket
    assert (
        ticket.kind == "complaint"
        and ticket.place == "示例路1号门口"
        and ticket.contact.phone == "13900000000"
    )
    assert "城市管理局" in ticket.lead_unit and "路灯" in ticket.lead_unit_why
    assert is_ticket_number(ticket.number) and ticket.filed_at == NOON and ticket.due
    assert "路灯坏了三天没人修" in ticket.text and "三天前开始的" in ticket.text
    assert talk.state.phase is Phase.IDLE and talk.state.tickets == (ticket.number,)


def test_facts_told_at_once_are_not_asked_again() -> None:
    talk = Talk()
    facts = (("place", "示例路1号"), ("time", "每天晚上"), ("phone", "139 0000 0000"))
    talk.say("示例路1号每天晚上施工太吵，电话139 0000 0000", Intent.COMPLAIN, entities=facts)
    assert talk.state.draft is not None and talk.state.draft.asking == "name"
    assert talk.state.draft.facts["phone"] == "13900000000"


def test_a_wrong_number_is_asked_for_once_more_then_passed_over() -> None:
    talk = Talk()
    talk.say("路灯坏了三天没人修", Intent.COMPLAIN)
    talk.say("示例路1号门口")
    talk.say("三天前开始的")
    assert talk.say("1390000") == (Clarify,) and talk.state.draft is not None
    assert talk.state.draft.asking == "phone"
    talk.say("我再想想，反正门口那盏最暗")
    assert talk.state.draft.asking == "name"
    assert "反正门口那盏最暗" in "".join(talk.state.draft.said), "what was said there is not lost"


def test_the_phone_may_be_kept_back() -> None:
    talk = Talk()
    talk.say("路灯坏了三天没人修", Intent.COMPLAIN)
    talk.say("示例路1号门口")
    talk.say("三天前开始的")
    talk.say("不留。")
    assert talk.state.draft is not None and talk.state.draft.asking == "name"
    talk.say(option="skip")
    talk.say(option="confirm")
    assert talk.ticket().ticket.contact.anonymous


def test_a_summary_edited_in_place_is_what_is_filed() -> None:
    talk = Talk()
    talk.up_to_summary()
    edited = (("what", "路灯全灭"), ("phone", "139-0000-0001"), ("confidential", "true"), ("class", "urgent"))
    assert talk.say(option="confirm", fields=edited) == (OpenTicket,)
    ticket = talk.ticket().ticket
    assert ticket.summary.startswith("路灯全灭") and ticket.contact.phone == "13900000001"
    assert ticket.contact.confidential and ticket.ticket_class != "urgent"


def test_an_edited_number_that_is_none_is_asked_for_and_nothing_is_filed() -> None:
    talk = Talk()
    talk.up_to_summary()
    assert talk.say(option="confirm", fields=(("phone", "12345"),)) == (Clarify, Summary)
    assert talk.state.tickets == () and talk.state.phase is Phase.CONFIRMING


def test_something_added_at_the_summary_is_in_it() -> None:
    talk = Talk()
    talk.up_to_summary()
    assert talk.say("还有旁边那盏也不亮") == (Summary,)
    talk.say(option="confirm")
    assert "还有旁边那盏也不亮" in talk.ticket().ticket.summary


@pytest.mark.duty("R-ALL-16")
def test_secrecy_that_is_asked_for_in_words_stands_in_the_summary_and_can_be_taken_back() -> None:
    talk = Talk()
    talk.say("路灯坏了三天没人修，请为我保密", Intent.COMPLAIN)
    for answer in ("示例路1号", "每天晚上", "13900000000", "王先生"):
        talk.say(answer, Intent.INFORM)
    assert talk.state.draft is not None and talk.state.draft.facts["confidential"] == "true"
    talk.say(option="confirm", fields=(("confidential", "false"),))
    assert not talk.ticket().ticket.contact.confidential


@pytest.mark.duty("R-ALL-16")
def test_secrecy_asked_for_half_way_or_at_the_summary_counts() -> None:
    half, late = Talk(), Talk()
    half.say("路灯坏了三天没人修", Intent.COMPLAIN)
    half.say("示例路1号，不要告诉他们是我说的", Intent.INFORM)
    assert half.state.draft is not None and half.state.draft.facts["confidential"] == "true"
    late.up_to_summary()
    late.say("请替我保密", Intent.INFORM)
    late.say(option="confirm")
    assert late.ticket().ticket.contact.confidential


def test_no_means_nothing_is_filed() -> None:
    talk = Talk()
    talk.up_to_summary()
    assert talk.say("算了，不提交了", Intent.DENY) == (Clarify,), "not sure enough to throw anything away"
    assert talk.say("不提交了。", Intent.DENY) == (SmallTalk,)
    assert talk.state.phase is Phase.IDLE and talk.state.draft is None and talk.state.tickets == ()
    assert talk.say(option="confirm") == (SmallTalk,), "an old button files nothing"


@pytest.mark.duty("ALL-1")
def test_a_danger_comes_first_opens_a_ticket_of_the_highest_class_and_keeps_the_intake() -> None:
    talk = Talk()
    talk.say("路灯坏了三天没人修", Intent.COMPLAIN)
    before = talk.state.draft
    assert talk.say("我家着火了", danger=fire()) == (EmergencyTransfer, OpenTicket)
    ticket = talk.ticket().ticket
    assert ticket.urgent and ticket.ticket_class == PACK.highest_class() and ticket.title.startswith("119")
    assert talk.state.draft == before and talk.state.phase is Phase.COLLECTING
    assert talk.say("样例小区3号楼", Intent.INFORM) == (Supplement, Clarify)
    assert talk.say("示例路1号门口") == (Clarify,), "and the complaint goes on where it was"


@pytest.mark.duty("ALL-3")
def test_the_same_danger_again_is_the_same_ticket_another_one_is_not() -> None:
    talk = Talk()
    talk.say("着火了", danger=fire())
    assert talk.say("火很大快来", danger=fire()) == (EmergencyTransfer, Supplement)
    other = replace(fire(), type="faint", call="120")
    assert talk.say("有人晕倒了", danger=other) == (EmergencyTransfer, OpenTicket)
    talk.now += timedelta(hours=3)
    assert talk.say("又着火了", danger=other) == (EmergencyTransfer, OpenTicket)


def test_a_danger_in_doubt_shows_the_number_asks_one_question_and_goes_on() -> None:
    talk = Talk()
    doubt = replace(fire(), sure=False, ask="现在有明火吗？")
    assert talk.say("好像有烟味，楼道灯也坏了", Intent.COMPLAIN, danger=doubt) == (Clarify,)
    assert talk.last is not None
    first = talk.last.decisions[0]
    assert isinstance(first, Clarify) and first.danger == doubt and first.text == "现在有明火吗？"
    assert talk.say("是的", Intent.AFFIRM) == (EmergencyTransfer, OpenTicket)


def test_a_danger_that_was_denied_does_not_cancel_the_complaint() -> None:
    talk = Talk()
    doubt = replace(fire(), sure=False, ask="现在有明火吗？")
    talk.say("好像有烟味，楼道灯也坏了", Intent.COMPLAIN, danger=doubt)
    assert talk.say("不是", Intent.DENY) == (SmallTalk, Clarify)
    assert talk.state.draft is not None


@pytest.mark.duty("ALL-1")
def test_a_matter_of_the_courts_is_refused_and_a_person_can_look_again() -> None:
    talk = Talk()
    assert talk.say("法院判错了你们给我改判", Intent.COMPLAIN, ground=GROUND) == (Refusal,)
    assert talk.say("请人工复核") == (Clarify,), "the label counts as the option"
    assert talk.say("13900000000", Intent.INFORM) == (HandOver,)
    assert talk.last is not None
    handover = talk.last.decisions[0]
    assert isinstance(handover, HandOver) and "法院判错了你们给我改判" in handover.ticket.text
    assert handover.ticket.asks_person


def test_a_ground_in_doubt_is_asked_about_before_anything_is_refused() -> None:
    talk = Talk()
    rule = PACK.scope[0].id
    doubt = replace(GROUND, sure=False, rule=rule)
    assert talk.say("我们那个官司的事你们管不管", Intent.COMPLAIN, ground=doubt) == (Clarify,)
    assert talk.say(option="ground_no") == (Clarify,)
    assert talk.state.draft is not None and talk.state.draft.asking == "place"
    again = Talk()
    again.say("我们那个官司的事你们管不管", Intent.COMPLAIN, ground=doubt)
    assert again.say("是") == (Refusal,)


def test_a_question_is_answered_and_an_answer_that_does_not_help_becomes_a_ticket() -> None:
    talk = Talk()
    assert talk.say("多久答复", Intent.CONSULT, finding=FOUND) == (Answer,)
    assert talk.say("没解决") == (Clarify,)
    assert talk.say("请工作人员答复") == (Clarify,)
    assert talk.say("13900000000", Intent.INFORM) == (Summary,)
    talk.say(option="confirm")
    ticket = talk.ticket().ticket
    assert ticket.kind == "consultation" and "多久答复" in ticket.text


def test_a_question_without_an_answer_is_not_answered() -> None:
    talk = Talk()
    weak = Finding(hits=(HIT,), answered=False)
    assert talk.say("护照怎么办理要多少钱", Intent.CONSULT, finding=weak) == (Clarify,)


def test_up_to_three_articles_are_offered_and_the_one_chosen_answers() -> None:
    hits = tuple(replace(HIT, article_id=f"a{n}", question=f"第{n}个问题", score=0.1) for n in range(5))
    for chosen in ({"option": "meant_a1"}, {"text": "2", "numbered": True}, {"text": "第1个问题"}):
        talk = Talk()
        assert talk.say("那个证咋弄", Intent.CONSULT, confidence=0.5, finding=Finding(hits=hits)) == (
            Clarify,
        )
        offered = [one.id for one in talk.state.offered]
        assert offered == ["meant_a0", "meant_a1", "meant_a2", "file", "human"]
        assert offered_articles(talk.state) == ("a0", "a1", "a2")
        assert talk.say(**chosen, meant=hits[:3]) == (Answer,)
        assert talk.last is not None and talk.last.decisions == (Answer(hit=hits[1]),)
        assert talk.say("没解决") == (Clarify,)
        assert talk.state.unanswered == "那个证咋弄"  # goes into the ticket


def test_an_article_taken_away_since_it_was_offered_answers_nobody() -> None:
    talk = Talk()
    talk.say("那个证咋弄", Intent.CONSULT, finding=Finding(hits=(replace(HIT, score=0.1),)))
    assert talk.say(option=f"meant_{HIT.article_id}", meant=()) == (Clarify,)


def test_articles_that_are_hardly_meant_are_not_offered() -> None:
    talk = Talk()
    talk.say("明天会下雪吗", Intent.CONSULT, finding=Finding(hits=(replace(HIT, score=0.01),)))
    assert offered_articles(talk.state) == ()


def test_a_question_in_between_is_answered_then_back_to_the_point() -> None:
    talk = Talk()
    talk.say("路灯坏了三天没人修", Intent.COMPLAIN)
    assert talk.say("多久答复我", Intent.CONSULT, finding=FOUND) == (Answer, Clarify)
    assert talk.say("示例路1号门口") == (Clarify,)


def test_asking_for_a_person_keeps_all_that_was_said() -> None:
    talk = Talk()
    talk.say("路灯坏了三天没人修", Intent.COMPLAIN)
    assert talk.say("转人工", Intent.HUMAN) == (Clarify,)
    assert talk.say("13900000000", Intent.INFORM) == (HandOver,)
    assert talk.last is not None and isinstance(talk.last.decisions[0], HandOver)
    assert "路灯坏了三天没人修" in talk.last.decisions[0].ticket.text


@pytest.mark.duty("ALL-4")
def test_own_tickets_are_told_and_without_any_the_page_is_named() -> None:
    talk = Talk()
    assert talk.say("查进度", Intent.PROGRESS) == (Progress,)
    talk.standings = (SOMETHING,)
    talk.say("查进度", Intent.PROGRESS)
    assert talk.last is not None and isinstance(talk.last.decisions[0], Progress)
    assert "路灯" in talk.last.decisions[0].text and "10月12日" in talk.last.decisions[0].text


def test_after_a_day_a_new_conversation_begins_but_tickets_are_remembered() -> None:
    talk = Talk()
    talk.up_to_summary()
    talk.say(option="confirm")
    mine = talk.state.tickets
    talk.say("又一件事要投诉的", Intent.COMPLAIN)
    talk.now += timedelta(hours=25)
    assert talk.say("是的", Intent.AFFIRM) == (Clarify,)
    assert talk.state.tickets == mine and talk.state.draft is None


def test_the_same_message_always_owes_the_same_things() -> None:
    talk = Talk()
    talk.up_to_summary()
    talk.say(option="confirm")
    assert talk.last is not None
    owed = effects_of(talk.heard.message, talk.last, PACK)
    assert owed == effects_of(talk.heard.message, talk.last, PACK)
    assert [type(effect) for effect in owed] == [SendReply, FileTicket]
    assert [effect.key for effect in owed] == ["webchat:s:6:0:reply", "webchat:s:6:0:filed"]


def test_an_urgent_supplement_is_told_to_the_desk() -> None:
    talk = Talk()
    talk.say("着火了", danger=fire())
    talk.say("样例小区3号楼", Intent.INFORM)
    assert talk.last is not None
    owed = effects_of(talk.heard.message, talk.last, PACK)
    (told,) = [effect for effect in owed if isinstance(effect, TellDesk)]
    assert told.name == "supplemented" and told.text == "样例小区3号楼"


def test_a_fault_of_ours_gives_the_words_to_a_person() -> None:
    talk = Talk()
    talk.say("你好", Intent.GREET)
    identity = TicketIdentity(number=ticket_number(NOON.date(), "ZZZZZZZZ"), query_code="ABC234")
    turn = handed_over(PACK, talk.state, talk.heard, identity=identity)
    assert isinstance(turn.decisions[0], HandOver) and "你好" in turn.decisions[0].ticket.text
    urgent = replace(talk.heard, danger=fire())
    assert isinstance(
        handed_over(PACK, talk.state, urgent, identity=identity).decisions[0], EmergencyTransfer
    )


CHOICES = (
    "confirm", "cancel", "add", "skip", "human", "file", "solved", "unsolved", "review", "more", "ask",
    "ground_yes", "ground_no", "danger_yes", "danger_no", "no-such-option", *GREETING_OPTIONS,
)  # fmt: skip

said = st.fixed_dictionaries(
    {},
    optional={
        "text": st.sampled_from(
            ["", "投诉", "路灯坏了三天没人修", "13900000000", "是的", "不是", "示例路1号", "？？"]
        ),
        "intent": st.sampled_from(list(Intent)),
        "option": st.sampled_from(CHOICES),
        "danger": st.sampled_from([None, None, None, fire(), replace(fire(), sure=False)]),
        "ground": st.sampled_from([None, None, GROUND, replace(GROUND, sure=False, rule=PACK.scope[0].id)]),
        "finding": st.sampled_from([None, FOUND, replace(FOUND, answered=False)]),
        "fields": st.sampled_from([(), (("what", "x"),), (("phone", "1"),), (("what", " "),)]),
        "entities": st.sampled_from([(), (("place", "示例路"),), (("phone", "13900000000"),)]),
    },
)


@settings(max_examples=150, deadline=None, print_blob=True)
@given(st.lists(said, min_size=1, max_size=12))
def test_every_message_in_every_state_gets_a_turn(messages: list[dict[str, object]]) -> None:
    talk = Talk()
    filed: set[str] = set()
    for message in messages:
        if not (message.get("text") or message.get("option") or message.get("fields")):
            message["text"] = "嗯"
        confirming = talk.state.phase is Phase.CONFIRMING
        calling = talk.state.draft is not None and talk.state.draft.callback
        kinds = talk.say(**message)  # type: ignore[arg-type]
        danger = message.get("danger")
        if isinstance(danger, Danger) and danger.sure:
            assert kinds[0] is EmergencyTransfer
        assert EmergencyTransfer not in kinds[1:]
        opened = set(talk.state.tickets) - filed
        assert len(opened) <= 1
        if opened and EmergencyTransfer not in kinds:
            assert (confirming and OpenTicket in kinds) or HandOver in kinds or calling
        filed |= opened
        assert talk.last is not None
        for effect in effects_of(talk.heard.message, talk.last, PACK):
            assert not isinstance(effect, SendReply) or effect.reply.text or effect.reply.call


@pytest.mark.parametrize("intent", list(Intent), ids=str)
def test_no_intent_is_left_without_a_way_on(intent: Intent) -> None:
    kinds = Talk().say("这是一句说得比较长的话，没有别的", intent)
    assert kinds and kinds[0] in (Clarify, SmallTalk, Progress, Summary)


def test_who_asks_stands_in_the_contact_and_not_in_the_text() -> None:
    talk = Talk()
    told = (("phone", "139-0000-0000"),)
    talk.say("路灯坏了，打我电话139-0000-0000，物业电话13811112222", Intent.COMPLAIN, entities=told)
    talk.say("示例路1号门口")
    talk.say("三天前开始的")
    talk.say("样例先生")
    talk.say(option="confirm")
    filed = talk.ticket().ticket
    assert "139-0000-0000" in filed.text, "the record keeps the citizen's own words"
    ticket = for_centre(filed, PACK.finder, token="")
    assert ticket.contact.phone == "13900000000" and ticket.contact.name == "样例先生"
    for text in (ticket.title, ticket.summary, ticket.text):
        assert "139-0000-0000" not in text and "13900000000" not in text and "样例先生" not in text
    assert "13811112222" in ticket.text, "somebody else's number is part of the matter"


def test_a_number_in_a_sentence_is_taken() -> None:
    talk = Talk()
    talk.say("转人工", Intent.HUMAN)
    assert talk.say("我的电话是13900000000，下午打", entities=(("phone", "13900000000"),)) == (HandOver,)


@pytest.mark.parametrize("guess", [Intent.DENY, Intent.AFFIRM, Intent.HUMAN, Intent.GREET, Intent.THANKS])
def test_a_guess_never_ends_or_diverts_the_intake(guess: Intent) -> None:
    talk = Talk()
    talk.say("路灯坏了三天没人修", Intent.COMPLAIN)
    talk.say("不对，是三号楼", guess, confidence=0.49)
    assert talk.state.draft is not None and talk.state.draft.facts["place"] == "不对，是三号楼"
    confirming = Talk()
    confirming.up_to_summary()
    assert confirming.say("不对，是三号楼", guess, confidence=0.49) == (Summary,)
    first = Talk()
    assert first.say("法院判错了你们给我改判", guess, confidence=0.41, ground=GROUND) == (Refusal,)


def test_what_was_not_understood_is_not_said_twice() -> None:
    talk = Talk()
    assert talk.say("小区停水两天了怎么没人管", Intent.CONSULT, confidence=0.39) == (Clarify,)
    assert talk.say("我要反映问题") == (Clarify,)
    assert talk.state.draft is not None and talk.state.draft.facts["what"] == "小区停水两天了怎么没人管"
    assert talk.state.draft.asking == "place"


def test_another_matter_after_a_danger_is_not_taken_for_its_place() -> None:
    talk = Talk()
    talk.say("着火了", danger=fire())
    assert talk.say("法院判错了你们给我改判", ground=GROUND) == (Refusal,)


def doubtful() -> Danger:
    return replace(fire(), sure=False, ask="现在有明火吗？")


def test_yes_to_is_there_danger_is_never_taken_for_yes_to_a_ground() -> None:
    talk = Talk()
    ground = replace(GROUND, sure=False, rule=PACK.scope[0].id)
    kinds = talk.say("他欠我两万块钱不还，楼道里有烟", Intent.COMPLAIN, danger=doubtful(), ground=ground)
    assert kinds == (Clarify,), "one yes-or-no question at a time"
    assert talk.say("是") == (EmergencyTransfer, OpenTicket)
    again = Talk()
    again.say("他欠我两万块钱不还，楼道里有烟", Intent.COMPLAIN, danger=doubtful(), ground=ground)
    assert again.say("不是") == (SmallTalk, Clarify), "then the ground is asked about"
    assert again.say("是") == (Refusal,)


def test_a_danger_once_denied_is_asked_about_again() -> None:
    talk = Talk()
    talk.say("楼道里有烟", danger=doubtful())
    talk.say(option="danger_no")
    talk.now += timedelta(hours=5)
    assert talk.say("楼道里又有烟了，很呛", danger=doubtful())[0] is Clarify
    assert talk.say(option="danger_yes") == (EmergencyTransfer, OpenTicket)


def test_an_old_danger_button_still_leads_to_the_numbers() -> None:
    talk = Talk()
    talk.say("楼道里有烟", danger=doubtful())
    talk.now += timedelta(hours=30)
    assert talk.say(option="danger_yes") == (Clarify,)
    assert talk.last is not None and isinstance(talk.last.decisions[0], Clarify)
    assert all(number in talk.last.decisions[0].text for number in ("110", "119", "120"))


def test_the_ticket_of_a_confirmed_danger_says_what_was_seen_and_who_says_so() -> None:
    talk = Talk()
    facts = (("place", "示例路1号"), ("phone", "13900000000"))
    talk.say("示例路1号楼道里有烟，电话13900000000", Intent.COMPLAIN, danger=doubtful(), entities=facts)
    talk.say("是的", Intent.AFFIRM)
    ticket = talk.ticket().ticket
    assert "楼道里有烟" in ticket.text and "楼道里有烟" in ticket.title
    assert ticket.place == "示例路1号" and ticket.contact.phone == "13900000000"


def test_another_danger_under_the_same_number_is_another_ticket() -> None:
    talk = Talk()
    talk.say("他说要弄死我", danger=replace(fire(), type="violence", call="110"))
    kinds = talk.say("孩子找不到了", danger=replace(fire(), type="missing", call="110"))
    assert kinds == (EmergencyTransfer, OpenTicket)


def test_not_right_at_the_summary_asks_what_is_wrong_and_loses_nothing() -> None:
    talk = Talk()
    talk.up_to_summary()
    assert talk.say("不对", Intent.DENY) == (Clarify,)
    assert talk.state.phase is Phase.CONFIRMING
    assert talk.say("是示例路2号") == (Summary,)
    assert talk.say(option="confirm") == (OpenTicket,)


@pytest.mark.parametrize(
    ("answer", "intent", "kinds"),
    [
        ("没有", Intent.DENY, (Clarify,)),
        ("是的", Intent.AFFIRM, (Refusal,)),
        ("还没判，就是去问过一次", Intent.OTHER, (Clarify,)),
    ],
)
def test_a_ground_is_answered_in_ones_own_words(answer: str, intent: Intent, kinds: tuple[type, ...]) -> None:
    talk = Talk()
    ground = replace(GROUND, sure=False, rule=PACK.scope[0].id)
    talk.say("我们那个官司的事你们管不管", Intent.COMPLAIN, ground=ground)
    assert talk.say(answer, intent) == kinds
    if kinds == (Clarify,):
        assert talk.state.draft is not None and talk.state.draft.asking == "place"
    if intent is Intent.OTHER:
        assert talk.state.draft is not None and answer in talk.state.draft.facts["what"]


@pytest.mark.parametrize("choice", ["unsolved", "file", "complain"])
def test_no_button_under_an_answer_in_between_throws_the_draft_away(choice: str) -> None:
    talk = Talk()
    talk.up_to_summary()
    talk.say("多久答复我", Intent.CONSULT, finding=FOUND)
    assert Summary in talk.say(option=choice)
    assert talk.say(option="confirm") == (OpenTicket,)
    assert "路灯坏了三天没人修" in talk.ticket().ticket.text


def test_a_refusal_half_way_keeps_everything_for_the_person_who_looks_again() -> None:
    talk = Talk()
    talk.say("路灯坏了三天没人修", Intent.COMPLAIN, entities=(("phone", "13900000000"),))
    assert talk.say("法院判错了你们给我改判", ground=GROUND) == (Refusal,)
    assert talk.say(option="review") == (HandOver,), "the number is known already"
    assert talk.last is not None and isinstance(talk.last.decisions[0], HandOver)
    ticket = talk.last.decisions[0].ticket
    assert "路灯坏了三天没人修" in ticket.text and "法院判错了" in ticket.text
    assert ticket.contact.phone == "13900000000"


def test_more_about_a_refused_matter_goes_to_a_person_together_with_it() -> None:
    talk = Talk()
    talk.say("法院判错了你们给我改判", Intent.COMPLAIN, ground=GROUND)
    assert talk.say(option="more") == (Clarify,)
    assert talk.say("执行局的人也不接电话") == (Clarify,)
    assert talk.say("13900000000", Intent.INFORM) == (HandOver,)
    assert talk.last is not None and isinstance(talk.last.decisions[0], HandOver)
    text = talk.last.decisions[0].ticket.text
    assert "法院判错了你们给我改判" in text and "执行局的人也不接电话" in text


@pytest.mark.duty("PDS-4", "R-ALL-15")
def test_a_vague_demand_is_asked_for_its_matter_and_never_refused_for_being_vague() -> None:
    vague = next((rule for rule in load_pack("pingdingshan").scope if not rule.sure), None)
    assert vague is not None
    pack = replace(PACK, scope=(*PACK.scope, vague))
    ground = NotAccepted(rule=vague.id, citation=vague.citation, sure=False, ask=vague.ask)
    talk = Talk(pack)
    assert talk.say("你们到底管不管事啊", Intent.COMPLAIN, ground=ground) == (Clarify,)
    assert talk.last is not None and isinstance(talk.last.decisions[0], Clarify)
    assert talk.last.decisions[0].options == ()
    talk.say("示例路的井盖丢了两天了")
    assert talk.state.draft is not None and "示例路的井盖丢了" in talk.state.draft.facts["what"]


@pytest.mark.duty("ALL-2")
def test_a_fault_of_ours_hands_over_the_whole_context() -> None:
    talk = Talk()
    talk.say("路灯坏了三天没人修", Intent.COMPLAIN, entities=(("phone", "13900000000"),))
    identity = TicketIdentity(number=ticket_number(NOON.date(), "ZZZZZZZZ"), query_code="ABC234")
    message = replace(talk.heard.message, key="webchat:s:99", text="示例路1号")
    turn = handed_over(PACK, talk.state, replace(talk.heard, message=message), identity=identity)
    assert isinstance(turn.decisions[0], HandOver)
    ticket = turn.decisions[0].ticket
    assert "路灯坏了三天没人修" in ticket.text and "示例路1号" in ticket.text
    assert ticket.contact.phone == "13900000000"


HERE = Location(lat=33.7, lon=113.3, label="示例路1号示例小区")


def test_a_number_chooses_where_options_are_shown_by_number() -> None:
    talk = Talk()
    talk.up_to_summary()
    assert talk.say("2", numbered=True) == (Clarify,), "the second: say more"
    assert talk.say("三天没亮了", numbered=True) == (Summary,)
    assert talk.say("1", numbered=True) == (OpenTicket,)


def test_a_number_is_a_number_where_options_are_buttons() -> None:
    talk = Talk()
    talk.up_to_summary()
    assert talk.say("1") == (Summary,)
    assert not talk.state.tickets


def test_a_number_beyond_the_options_is_an_answer() -> None:
    talk = Talk()
    talk.say("路灯坏了三天没人修", Intent.COMPLAIN)
    talk.say("4号楼", numbered=True)
    assert talk.say("3", numbered=True) == (Clarify,)
    assert talk.state.draft is not None
    assert talk.state.draft.facts["time"] == "3"


def test_photos_go_along_with_the_next_ticket() -> None:
    talk = Talk()
    assert talk.say(attachments=("p1",)) == (Clarify,)
    talk.say("路灯坏了三天没人修", Intent.COMPLAIN)
    assert talk.say(attachments=("p2",)) == (SmallTalk, Clarify)
    talk.say("示例路1号门口")
    talk.say("三天前开始的")
    talk.say("13900000000", Intent.INFORM)
    assert talk.say("样例先生") == (Summary,)
    assert talk.say(attachments=("p3", "p1")) == (SmallTalk, Summary)
    talk.say("是的", Intent.AFFIRM)
    ticket = talk.ticket().ticket
    assert ticket.attachments == ("p1", "p2", "p3")
    assert ticket.place == "示例路1号门口"
    talk.say("又有一盏灯坏了", Intent.COMPLAIN)
    assert talk.state.brought.attachments == (), "each photo belongs to one ticket"


def test_a_point_answers_where_and_never_when() -> None:
    talk = Talk()
    talk.say("路灯坏了三天没人修", Intent.COMPLAIN)
    assert talk.say(location=HERE) == (Clarify,)
    assert talk.state.draft is not None
    assert talk.state.draft.asking == "time"
    assert talk.say(location=HERE) == (SmallTalk, Clarify), "again: taken, and asked when"
    assert "time" not in talk.state.draft.facts
    talk.say("三天前开始的")
    talk.say("13900000000", Intent.INFORM)
    talk.say("样例先生")
    talk.say("是的", Intent.AFFIRM)
    ticket = talk.ticket().ticket
    assert ticket.location == HERE
    assert ticket.place == "示例路1号示例小区"


def test_a_point_or_a_photo_after_a_danger_goes_to_its_ticket() -> None:
    talk = Talk()
    talk.say("我家楼下着火了", danger=fire())
    number = talk.state.tickets[-1]
    assert talk.say(attachments=("p1",)) == (Supplement,)
    assert talk.last is not None
    photo = talk.last.decisions[0]
    assert isinstance(photo, Supplement)
    assert (photo.number, photo.attachments) == (number, ("p1",))
    assert talk.say(location=HERE) == (Supplement,)
    place = talk.last.decisions[0]
    assert isinstance(place, Supplement)
    assert HERE.label in place.text


def test_an_old_button_asks_again_what_was_asked_and_answers_nothing() -> None:
    talk = Talk()
    talk.say("路灯坏了三天没人修", Intent.COMPLAIN)
    assert talk.say(option="a-menu-of-last-year") == (Clarify, Clarify)
    assert talk.state.draft is not None
    assert talk.state.draft.asking == "place"
    assert "place" not in talk.state.draft.facts


def test_what_cannot_be_read_is_answered_politely_in_every_phase() -> None:
    talk = Talk()
    assert talk.say(option="unreadable") == (Clarify,)
    assert talk.say(option="greet") == (SmallTalk,)
    talk.up_to_summary()
    assert talk.say(option="unreadable") == (Clarify, Summary)


def test_an_answer_that_was_tapped_counts_as_its_words() -> None:
    talk = Talk()
    talk.say("路灯坏了三天没人修", Intent.COMPLAIN)
    talk.state = replace(talk.state, offered=(Option(id="value_0", label="就在小区门口"),))
    talk.say(option="value_0")
    assert talk.state.draft is not None
    assert talk.state.draft.facts["place"] == "就在小区门口"


@pytest.mark.parametrize("text", ["路灯坏了", "医院乱收费", "楼上装修太吵", "投诉路灯坏了"])
def test_a_short_matter_is_a_matter(text: str) -> None:
    talk = Talk()
    talk.say(text, Intent.COMPLAIN, confidence=0.4)
    assert talk.state.draft is not None and talk.state.draft.asking == "place"
    assert talk.state.draft.facts["what"] == text


@pytest.mark.parametrize("text", ["投诉", "我要投诉", "我要反映问题", "请帮帮我", "没人管", "我想求助"])
def test_a_bare_demand_is_asked_what_the_matter_is(text: str) -> None:
    talk = Talk()
    talk.say(text, Intent.COMPLAIN)
    assert talk.state.draft is not None and talk.state.draft.asking == "what" and not talk.state.draft.said


def test_the_labels_of_the_greeting_are_known_before_anything_was_said() -> None:
    talk = Talk()
    talk.say("我要反映问题", finding=FOUND)
    assert talk.state.draft is not None and talk.state.draft.asking == "what"
    talk = Talk()
    talk.standings = (SOMETHING,)
    assert talk.say("查办理进度") == (Progress,)


def test_not_solved_may_be_said_in_other_words() -> None:
    talk = Talk()
    assert talk.say("多久答复", Intent.CONSULT, finding=FOUND) == (Answer,)
    assert talk.say("没有解决", Intent.DENY, finding=FOUND) == (Clarify,)
    assert [option.id for option in talk.state.offered] == ["file", "human"]


def test_a_guess_at_progress_does_not_end_the_talk_about_a_matter() -> None:
    talk = Talk()
    assert talk.say("锅里的油烧着了", Intent.PROGRESS, confidence=0.64) == (Clarify,)
    assert talk.state.unanswered == "锅里的油烧着了"
    assert "progress" in [option.id for option in talk.state.offered]
    assert Talk().say("我的事办得怎么样了", Intent.PROGRESS, confidence=0.99) == (Progress,)


def test_who_asks_how_a_lawsuit_goes_is_told_where_to_ask() -> None:
    assert Talk().say("法院什么时候判", Intent.PROGRESS, ground=GROUND) == (Refusal,)
    talk = Talk()
    talk.standings = (SOMETHING,)
    assert talk.say("我反映的那件事怎么样了", Intent.PROGRESS, ground=GROUND) == (Progress,)


def test_a_number_is_no_time_and_no_name() -> None:
    talk = Talk()
    talk.say("路灯坏了三天没人修", Intent.COMPLAIN)
    talk.say("示例路1号门口")
    talk.say("13900000000", Intent.INFORM)
    assert talk.state.draft is not None and talk.state.draft.asking == "time"
    talk.say("13900000000", Intent.INFORM)
    assert talk.state.draft.asking == "name", "the question was put twice, and the number is known"
    talk.say("确认", Intent.AFFIRM)
    assert talk.state.draft.facts["phone"] == "13900000000"
    assert not talk.state.draft.facts["time"] and not talk.state.draft.facts["name"]


@pytest.mark.parametrize(
    ("text", "intent"), [("谢谢", Intent.THANKS), ("你好", Intent.GREET), ("1", Intent.OTHER)]
)
def test_courtesy_before_a_yes_does_not_get_into_the_ticket(text: str, intent: Intent) -> None:
    talk = Talk()
    talk.up_to_summary()
    before = talk.state.draft
    assert talk.say(text, intent)[-1] is Summary
    assert talk.state.draft == before


@pytest.mark.duty("ALL-4")
@pytest.mark.parametrize("way", [{"option": "urge"}, {"text": "催办"}])
def test_who_looks_at_the_progress_may_urge_the_latest_ticket(way: dict[str, Any]) -> None:
    talk = Talk()
    talk.standings = (SOMETHING, replace(SOMETHING, number="20261126ZZZZZZZZ9"))
    assert talk.say("我的工单怎么样了", Intent.PROGRESS) == (Progress,)
    assert [option.id for option in talk.state.offered] == ["urge", "supplement", "withdraw"]
    assert talk.say(**way) == (Urge,) and talk.last is not None
    assert talk.last.decisions == (Urge(number="20261126ZZZZZZZZ9", times=1),)


@pytest.mark.parametrize("over", [replace(SOMETHING, withdrawn=True), replace(SOMETHING, closed=True)])
def test_what_is_over_is_not_urged(over: Standing) -> None:
    talk = Talk()
    talk.standings = (over,)
    assert talk.say("我的工单怎么样了", Intent.PROGRESS) == (Progress,)
    assert not {"urge", "withdraw"} & {option.id for option in talk.state.offered}
    talk.standings = (SOMETHING,)
    talk.say("我的工单怎么样了", Intent.PROGRESS)
    talk.standings = (over,)
    assert talk.say(option="urge") == (Clarify,)


def test_a_yes_beside_a_danger_in_doubt_never_files_a_summary_that_was_not_shown() -> None:
    talk = Talk()
    talk.say("路灯坏了三天没人修", Intent.COMPLAIN)
    for answer in ("示例路1号门口", "三天前开始的", "13900000000"):
        talk.say(answer, Intent.INFORM)
    assert talk.say("样例先生，楼道里有烟", danger=doubtful()) == (Clarify,), "the summary waits"
    assert [option.id for option in talk.state.offered] == ["danger_yes", "danger_no"]
    assert talk.say("是的", Intent.AFFIRM) == (EmergencyTransfer, OpenTicket)
    assert talk.state.phase is Phase.CONFIRMING and talk.state.draft is not None
    assert talk.say("是的", Intent.AFFIRM) == (OpenTicket,), "the complaint, once that was settled"
