"""What happens between a citizen's first word and the filed ticket, by each city's own law."""

from dataclasses import replace
from functools import cache

import pytest

from cities.loading import load_pack
from hotline.bodies import Unit
from hotline.citypack import CityPack
from hotline.conversation import Conversation, Phase
from hotline.deadlines import extended
from hotline.decision import decide
from hotline.dispatching import choose_unit
from hotline.effects import FileTicket, SendReply, effects_of
from hotline.filing import question
from hotline.replies import reply_for
from hotline.screening import NotAccepted
from hotline.ticket import Ticket
from hotline.turn import Answer, Clarify, OpenTicket, Refusal, SmallTalk, Summary, Turn
from hotline.understanding import Entity, Finding, Intent, Understanding
from kb.abstaining import AbstainRule
from kb.search import ArticleIndex
from kb.starters import starter_articles
from tests.cities.citizens import NOON, answered, at, filed_as, heard, identity, reckoned

UNKNOWN = Finding()
REAL = ("baoding", "kaifeng", "pingdingshan", "suqian", "xian")


class Talk:
    """A citizen's dialogue under one city's law, decided as a running system decides it."""

    def __init__(self, city: str) -> None:
        self.pack = load_pack(city)
        self.state = Conversation(id="webchat:s")
        self.turn: Turn | None = None

    def say(self, text: str = "", intent: Intent = Intent.INFORM, *, option: str | None = None,
            finding: Finding = UNKNOWN, facts: tuple[tuple[str, str], ...] = ()) -> tuple[type, ...]:  # fmt: skip
        """Say one thing; returns the kinds of decision that it led to."""
        found = heard(self.pack, text or "…", intent=intent)
        message = replace(found.message, text=text, option=option)
        entities = tuple(Entity(name=name, value=value) for name, value in facts)
        read = Understanding(intent=intent, confidence=0.9, entities=entities)
        said = replace(found, message=message, understanding=read, finding=finding)
        self.turn = decide(self.pack, self.state, said, fresh=(identity(),))
        self.owed = effects_of(message, self.turn, self.pack)
        self.state = self.turn.conversation
        return tuple(type(decision) for decision in self.turn.decisions)

    def said_back(self) -> str:
        """Return all that the system says to the last message."""
        return "\n".join(effect.reply.text for effect in self.owed if isinstance(effect, SendReply))

    def up_to_summary(self, text: str, intent: Intent = Intent.COMPLAIN) -> None:
        """Tell a demand and answer everything that is asked."""
        answers = {
            "place": "示例路1号",
            "time": "三天前",
            "phone": "13900000000",
            "name": "样例先生",
            "what": text,
        }
        self.say(text, intent)
        while self.state.phase is Phase.COLLECTING and self.state.draft is not None:
            self.say(answers[self.state.draft.asking])

    def filed(self) -> Ticket:
        """Confirm the summary and return the ticket."""
        assert self.say(option="confirm") == (OpenTicket,) and self.turn is not None
        (opened,) = self.turn.decisions
        assert isinstance(opened, OpenTicket)
        return opened.ticket


@cache
def library(city: str) -> ArticleIndex:
    index = ArticleIndex()
    index.rebuild(starter_articles(city))
    return index


def found_for(city: str, asked: str) -> Finding:
    looked = library(city).look_up(asked, 3, at(NOON))
    return Finding(hits=looked.hits, answered=AbstainRule.shipped().allows(looked.evidence))


def served_by(pack: CityPack, *more: Unit) -> CityPack:
    """Return the pack with a directory of more units, as the city would enter it."""
    return replace(pack, units=(*more, *pack.units), book=None)


def unit(pack: CityPack, name: str, **held: object) -> Unit:
    return replace(pack.units[0], id=name, name=name, default=False, keywords=(), places=(), **held)  # type: ignore[arg-type]  # the fields vary by example


@pytest.mark.duty("BD-16-1", "BD-29", "KF-3-1b", "PDS-8A", "XA-1b", "XA-G1", "R-ALL-6")
@pytest.mark.parametrize("city", REAL)
def test_what_can_be_answered_is_answered_at_once_with_its_article(city: str) -> None:
    articles = starter_articles(city)
    asked = articles[0].question
    talk = Talk(city)
    assert talk.say(asked, Intent.CONSULT, finding=found_for(city, asked)) == (Answer,)
    assert talk.turn is not None and isinstance(talk.turn.decisions[0], Answer)
    note = reply_for(talk.turn.decisions[0], talk.pack).sources[0]
    assert note.source == articles[0].source and talk.said_back() == articles[0].answer


@pytest.mark.duty("BD-16-2", "XA-1c", "SQ-3-2", "KF-3-2a", "PDS-10", "R-ALL-6")
@pytest.mark.parametrize("city", REAL)
def test_what_is_in_scope_goes_out_to_its_unit_in_the_step_that_files_it(city: str) -> None:
    talk = Talk(city)
    talk.up_to_summary("超市卖过期食品，没有人管")
    ticket = talk.filed()
    (owed,) = (effect for effect in talk.owed if isinstance(effect, FileTicket))
    assert owed.ticket == ticket and ticket.lead_unit and ticket.lead_unit_why
    expected = choose_unit(talk.pack, text=ticket.text, place="示例路1号", kind="complaint").unit.name
    assert ticket.lead_unit == expected and ticket.law_version == talk.pack.version


@pytest.mark.duty("KF-3-1a", "BD-15")
@pytest.mark.parametrize("city", ["kaifeng", "baoding"])
def test_name_and_number_are_taken_exactly_and_the_citizen_sees_the_summary_first(city: str) -> None:
    talk = Talk(city)
    talk.say("我家门口的路灯坏了，晚上什么也看不见，老人出门摔了两次，说了好几次没有人来修", Intent.COMPLAIN)
    talk.say("示例路1号")
    talk.say("三天前")
    assert talk.say("1390000") == (Clarify,), "a number that is none is asked for once more"
    talk.say("139 0000 0000")
    assert talk.say("样例先生") == (Summary,) and talk.turn is not None
    (shown,) = talk.turn.decisions
    assert isinstance(shown, Summary)
    rows = {field.name: field.value for field in shown.fields}
    assert (rows["name"], rows["phone"], rows["place"]) == ("样例先生", "139****0000", "示例路1号"), (
        "the number is read back so far that it can be checked, never in full"
    )
    ticket = talk.filed()
    assert (ticket.contact.name, ticket.contact.phone) == ("样例先生", "13900000000")
    assert len(ticket.title) <= 24 and "13900000000" not in ticket.title + ticket.summary
    assert ticket.kind_label == "投诉" and ticket.lead_unit, "what sort it is and the way it goes"


@pytest.mark.duty("XA-1b")
def test_facts_are_taken_out_of_what_is_said_and_fill_in_the_form() -> None:
    talk = Talk("xian")
    facts = (("place", "新城区尚德路"), ("time", "每天晚上"), ("phone", "139 0000 0000"))
    talk.say("新城区尚德路每天晚上有人占道，电话139 0000 0000", Intent.COMPLAIN, facts=facts)
    assert talk.state.draft is not None
    held = talk.state.draft.facts
    assert (held["place"], held["time"], held["phone"]) == ("新城区尚德路", "每天晚上", "13900000000")
    assert talk.state.draft.asking == "name", "what was told is not asked again"


@pytest.mark.duty("KF-3-1c")
def test_once_all_is_recorded_the_talk_comes_to_a_friendly_end() -> None:
    talk = Talk("kaifeng")
    talk.up_to_summary("路灯坏了三天没人修")
    talk.filed()
    assert talk.state.phase is Phase.IDLE and talk.state.draft is None
    assert talk.say("谢谢", Intent.THANKS) == (SmallTalk,) and talk.state.phase is Phase.IDLE
    danger = heard(talk.pack, "我家着火了，快来人").danger
    assert danger is not None and danger.sure, "an ended talk is never deaf"


@pytest.mark.duty("KF-3-1d", "R-KF-8")
def test_a_whistle_blower_is_promised_secrecy_before_the_name_is_asked_and_has_it_unasked() -> None:
    talk = Talk("kaifeng")
    talk.up_to_summary("举报有人偷排废水", Intent.REPORT)
    assert talk.turn is not None and isinstance(talk.turn.decisions[0], Summary)
    rows = {field.name: field.value for field in talk.turn.decisions[0].fields}
    assert rows["confidential"] == "true"
    assert talk.state.draft is not None
    asked = question(talk.pack, talk.state.draft, "name")
    assert "真实姓名" in asked.ask and "保密" in asked.ask and asked.optional
    contact = talk.filed().contact
    assert contact.confidential and contact.name == "样例先生"


@pytest.mark.duty("KF-3-1d")
def test_who_leaves_no_name_may_report_all_the_same() -> None:
    talk = Talk("kaifeng")
    talk.say("举报有人偷排废水", Intent.REPORT)
    for said in ("示例路1号", "三天前", "不留", "不留"):
        talk.say(said)
    assert talk.filed().contact.anonymous


@pytest.mark.duty("KF-3-1e", "XA-1d", "PDS-8D", "BD-21-3")
@pytest.mark.parametrize(
    ("city", "label"), [("kaifeng", "重大、紧急"), ("xian", "突发紧急"), ("baoding", "紧急求助"), ("pingdingshan", "D类")]
)  # fmt: skip
def test_danger_is_filed_in_its_class_before_anything_is_asked(city: str, label: str) -> None:
    talk = Talk(city)
    kinds = talk.say("我家着火了，快来人", Intent.HELP)
    assert kinds[1] is OpenTicket and talk.turn is not None
    opened = talk.turn.decisions[1]
    assert isinstance(opened, OpenTicket) and opened.ticket.urgent
    assert opened.ticket.class_label.startswith(label), opened.ticket.class_label


@pytest.mark.duty("BD-16-3", "ALL-1", "PDS-4", "SQ-4-4", "R-ALL-13")
@pytest.mark.parametrize("city", REAL)
def test_a_refusal_is_said_with_article_reason_route_and_a_way_to_a_person(city: str) -> None:
    pack = load_pack(city)
    (refusal,) = answered(pack, "法院判我输了，你们让法院改判").decisions
    assert isinstance(refusal, Refusal)
    reply = reply_for(refusal, pack)
    assert reply.citation is not None and reply.citation.route is not None
    assert reply.citation.instrument and reply.citation.article and reply.citation.reason
    assert "review" in {option.id for option in reply.options}


@pytest.mark.duty("ALL-1", "BD-16-3")
@pytest.mark.parametrize("city", REAL)
def test_every_ground_of_every_city_can_be_said_whole(city: str) -> None:
    pack = load_pack(city)
    for rule in pack.scope:
        ground = NotAccepted(rule=rule.id, citation=rule.citation, sure=True, ask=rule.ask)
        reply = reply_for(Refusal(ground=ground), pack)
        assert reply.citation == rule.citation and rule.citation.reason and reply.options


@pytest.mark.duty("BD-9")
@pytest.mark.parametrize("place", ["天津市和平区示例路1号", "在北京市朝阳区", "河北省石家庄市示例街"])
def test_a_matter_in_another_city_of_the_region_is_handed_on(place: str) -> None:
    filed = filed_as(load_pack("baoding"), "路灯坏了三天没人修", place=place)
    assert filed.lead_unit == "京津冀其他热线" and "第九条" in filed.lead_unit_why


@pytest.mark.duty("BD-9")
@pytest.mark.parametrize("place", ["", "保定市莲池区", "天津路12号", "保定市天津市场东门"])
def test_what_only_names_another_city_stays_here(place: str) -> None:
    said = "我在北京市打工，家里的路灯坏了三天没人修"
    assert filed_as(load_pack("baoding"), said, place=place).lead_unit == "保定市热线工作机构"


@pytest.mark.duty("BD-17", "BD-16-2")
def test_once_the_directory_is_entered_a_clear_duty_goes_straight_and_several_have_one_lead() -> None:
    pack = load_pack("baoding")
    lamps, drains = unit(pack, "示例市政局"), unit(pack, "示例排水处")
    listed = served_by(pack, replace(lamps, keywords=("路灯", "灯杆")), replace(drains, keywords=("井盖",)))
    alone = filed_as(listed, "路灯坏了三天没人修")
    assert alone.lead_unit == "示例市政局" and not alone.co_handlers
    both = filed_as(listed, "路灯的灯杆倒了，把井盖砸破了")
    assert both.lead_unit == "示例市政局"
    assert [(share.unit, share.law.article) for share in both.co_handlers] == [
        ("示例排水处", "第十七条第二款")
    ]


@pytest.mark.duty("PDS-10")
def test_of_several_units_one_leads_and_the_others_help() -> None:
    pack = load_pack("pingdingshan")
    lamps, drains = unit(pack, "示例市政局"), unit(pack, "示例排水处")
    listed = served_by(pack, replace(lamps, keywords=("路灯", "灯杆")), replace(drains, keywords=("井盖",)))
    both = filed_as(listed, "路灯的灯杆倒了，把井盖砸破了")
    assert both.lead_unit == "示例市政局"
    assert [(share.unit, share.law.article) for share in both.co_handlers] == [("示例排水处", "第十条")]


@pytest.mark.duty("XA-2a", "XA-M1", "XA-M2")
def test_a_street_s_matter_goes_straight_to_it_and_its_county_is_told() -> None:
    """Past the county, across two levels; the county gets the copy that lets it coordinate."""
    pack = load_pack("xian")
    street = unit(pack, "示例街道办事处", level="township", superior="xincheng", group="townships")
    listed = served_by(pack, replace(street, places=("示例花园",), keywords=("楼道",)))
    filed = filed_as(listed, "楼道里堆满了杂物没人管", place="示例花园3号楼")
    assert filed.lead_unit == "示例街道办事处" and not filed.co_handlers
    assert [(share.unit, share.law.article) for share in filed.copies] == [
        ("新城区人民政府", "三（一）1、三（二）1"),
    ]  # fmt: skip


@pytest.mark.duty("XA-M1", "XA-2d")
def test_what_a_county_has_and_no_department_goes_to_the_county() -> None:
    filed = filed_as(load_pack("xian"), "门口一到下雨就过不去", place="西咸新区")
    assert filed.lead_unit == "西咸新区" and not filed.copies


@pytest.mark.duty("XA-M1")
def test_of_several_departments_one_leads_and_the_others_help() -> None:
    filed = filed_as(load_pack("xian"), "有人冒充民警卖假货，还诈骗老人，超市也卖过期食品")
    helped = {filed.lead_unit, *(share.unit for share in filed.co_handlers)}
    assert helped == {"市市场监管局", "市公安局"}
    assert {share.law.article for share in filed.co_handlers} == {"三（一）3、三（三）2"}


@pytest.mark.duty("SQ-4-1", "R-SQ-1")
def test_where_the_channel_sets_no_limit_the_receipt_promises_no_date() -> None:
    talk = Talk("suqian")
    talk.up_to_summary("路灯坏了三天没人修")
    ticket = talk.filed()
    assert {due.what for due in ticket.due} == {"return"}
    assert "月" not in talk.said_back() and "日" not in talk.said_back()


@pytest.mark.duty("BD-13", "R-ALL-16")
@pytest.mark.parametrize("city", REAL)
def test_whoever_asks_for_secrecy_has_it_on_the_ticket(city: str) -> None:
    talk = Talk(city)
    talk.up_to_summary("超市卖过期食品，没有人管，请替我保密")
    assert talk.filed().contact.confidential
    open_one = Talk(city)
    open_one.up_to_summary("超市卖过期食品，没有人管")
    assert not open_one.filed().contact.confidential


@pytest.mark.duty("BD-13", "ALL-4")
@pytest.mark.parametrize("city", REAL)
def test_every_ticket_is_told_with_its_number_and_query_code(city: str) -> None:
    talk = Talk(city)
    talk.up_to_summary("路灯坏了三天没人修")
    ticket = talk.filed()
    (note,) = (e.reply.ticket for e in talk.owed if isinstance(e, SendReply) and e.reply.ticket)
    assert (note.number, note.query_code) == (ticket.number, ticket.query_code)


@pytest.mark.duty("PDS-11", "R-ALL-7")
def test_while_a_return_may_still_be_asked_for_the_finish_runs_on() -> None:
    """Filed on Wed 30 Sep 2026, class B: Thu 8 Oct, 9, Sat 10 (worked), 12, Tue 13, whenever it is opened."""
    pack = load_pack("pingdingshan")
    for receipt in ("2026-09-30T16:20", "2026-10-08T09:00"):
        found = reckoned(pack, "2026-09-30T10:00", ticket_class="B", receipt=receipt)
        assert found["finish"].at == at("2026-10-13")


@pytest.mark.duty("PDS-9", "R-PDS-3")
def test_of_class_c_only_the_limit_that_the_centre_sets_can_be_extended() -> None:
    """A plan is due on Mon 30 Nov 2026 and stays; B's finish of the same day moves by two: 1, 2 Dec."""
    pack = load_pack("pingdingshan")
    (rule,) = pack.extensions
    assert rule.of == "finish" and "C" in rule.classes
    assert "finish" not in reckoned(pack, "2026-11-23T10:00", ticket_class="C")
    finish = reckoned(pack, "2026-11-23T10:00", ticket_class="B")["finish"]
    assert extended(pack, finish, 2).at == at("2026-12-02")
