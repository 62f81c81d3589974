"""Baoding's draft: every row has its data, and what a citizen meets at filing is what the articles say."""

from decimal import Decimal

import pytest
import yaml

from cities.loading import CITIES, load_pack
from hotline.citation import LawStatus
from hotline.deadlines import extended, shown_date
from hotline.law import Provision
from hotline.screening import screen_acceptance, screen_emergency
from hotline.turn import Clarify, EmergencyTransfer, OpenTicket, Refusal
from tests.cities.citizens import NOON, answered, at, filed_as, reckoned, rules_of, told

PACK = load_pack("baoding")
DUTIES = yaml.safe_load((CITIES / "duties.yaml").read_text(encoding="utf-8"))
READINGS = yaml.safe_load((CITIES / "readings.yaml").read_text(encoding="utf-8"))
DRAFT = "《保定市接诉即办工作条例》（征求意见稿）"


def provision(name: str) -> Provision:
    found = PACK.provision(name)
    assert found is not None, name
    return found


@pytest.mark.parametrize("row", DUTIES["BD"])
def test_every_row_has_its_rule(row: str) -> None:
    assert [rule for rule in rules_of(PACK) if row in rule.duties], f"no rule names {row}"


@pytest.mark.parametrize("reading", READINGS["R-BD"])
def test_every_reading_of_the_city_stands_beside_a_rule(reading: str) -> None:
    assert [rule for rule in rules_of(PACK) if reading in rule.readings]


@pytest.mark.duty("R-BD-1")
def test_the_draft_is_cited_as_a_draft_everywhere() -> None:
    draft = next(source for source in PACK.sources if source.id == "draft")
    assert draft.status is LawStatus.DRAFT and draft.effective_from is None
    assert PACK.drafts == (DRAFT,)  # what start-up warns of
    cited = [rule.citation for rule in rules_of(PACK) if rule.citation.instrument.startswith("《保定市")]
    assert len(cited) > 80
    assert {(citation.instrument, citation.status) for citation in cited} == {(DRAFT, LawStatus.DRAFT)}


# Due moments. Signing 1 and return 2 working days from arrival; the finish runs from signing, at the latest from the
# last lawful day to sign. "?" is provisional.
EXAMPLES = [
    # 1 Monday, a question not signed yet: signed by Tue 24; then Wed 25, Thu 26, Fri 27.
    ("2026-11-23T10:00", {"kind": "consultation"},
     {"sign": "2026-11-24", "return": "2026-11-25", "finish": "2026-11-27?"}),
    # 2 The same, signed on the Monday: Tue 24, Wed 25, Thu 26.
    ("2026-11-23T10:00", {"kind": "consultation", "signing": "2026-11-23T15:00"},
     {"sign": "2026-11-24", "return": "2026-11-25", "finish": "2026-11-26"}),
    # 3 Help, signed on the Thursday, too late: as if signed on Tue 24; 25 26 27 30 Nov, 1 Dec (R-ALL-5).
    ("2026-11-23T10:00", {"kind": "help", "signing": "2026-11-26T09:00"},
     {"sign": "2026-11-24", "return": "2026-11-25", "finish": "2026-12-01"}),
    # 4 A Friday before National Day 2025: Sat 27 off, Sun 28 worked (signed by then), 29 the second day (return).
    #   Then 29 30 Sep, 1-8 Oct off, 9 10, Sat 11 worked, 12 off, 13 14: seven.
    ("2025-09-26T17:00", {"kind": "complaint"},
     {"sign": "2025-09-28", "return": "2025-09-29", "finish": "2025-10-14?"}),
    # 5 The same, signed that evening: Sun 28 is the first; 29 30 Sep, 9 10, Sat 11, 13 Oct: seven.
    ("2025-09-26T17:00", {"kind": "complaint", "signing": "2025-09-26T18:00"},
     {"sign": "2025-09-28", "return": "2025-09-29", "finish": "2025-10-13"}),
    # 6 Ten minutes before midnight, before the Spring Festival 2026: Fri 13 sign, Sat 14 worked (return and first of
    #   five), 15-23 off, 24 25 26 27.
    ("2026-02-12T23:50", {"kind": "suggestion"},
     {"sign": "2026-02-13", "return": "2026-02-14", "finish": "2026-02-27?"}),
    # 7 A report on a worked Saturday (28 February 2026): Mon 2 sign, 3 return; 3 4 5 6 9 10 11 March.
    ("2026-02-28T09:00", {"kind": "report"},
     {"sign": "2026-03-02", "return": "2026-03-03", "finish": "2026-03-11?"}),
    # 8 Urgent help on the night of 2 October 2026: two hours, no waiting for a signature. Off until 7; Thu 8 sign,
    #   9 return; 9, Sat 10 worked, 12 13 14: the five of other help (R-BD-3).
    ("2026-10-02T23:10", {"kind": "help", "ticket_class": "urgent"},
     {"progress": "2026-10-03T01:10", "sign": "2026-10-08", "return": "2026-10-09", "finish": "2026-10-14?"}),
    # 9 Over the year's end, signed at once: 31 Dec; 1 Jan is a holiday by law, 2 3 a weekend, 4 5 6 7 8, 11 Jan.
    #   The arrangement for 2027 is not known, so what reaches into it is provisional.
    ("2026-12-30T10:00", {"kind": "complaint", "signing": "2026-12-30T11:00"},
     {"sign": "2026-12-31", "return": "2027-01-04?", "finish": "2027-01-11?"}),
    # 10 A worked Sunday before Labour Day 2025 (27 April): 28 sign, 29 return; 29 30, 1-5 May off, 6 7 8.
    ("2025-04-27T08:00", {"kind": "help"},
     {"sign": "2025-04-28", "return": "2025-04-29", "finish": "2025-05-08?"}),
    # 11 New Year 2026: 1-3 January off, Sun 4 worked (sign), 5 return; 5 6 7.
    ("2025-12-31T16:00", {"kind": "consultation"},
     {"sign": "2026-01-04", "return": "2026-01-05", "finish": "2026-01-07?"}),
    # 12 Tomb-Sweeping 2026: 4-6 April off; signed on Fri 3; Tue 7 sign, 8 return; 7 8 9 10 13.
    ("2026-04-03T09:00", {"kind": "suggestion", "signing": "2026-04-03T09:30"},
     {"sign": "2026-04-07", "return": "2026-04-08", "finish": "2026-04-13"}),
    # 13 Dragon Boat 2025: 31 May to 2 June off; 3 sign, 4 return; 4 5 6 9 10 11 12.
    ("2025-05-30T12:00", {"kind": "complaint"},
     {"sign": "2025-06-03", "return": "2025-06-04", "finish": "2025-06-12?"}),
    # 14 A statutory period turned out: word within 5 working days of signing (24 25 26 27 30). Which period of law it is
    #   the unit must enter (R-BD-5); until then the kind's seven stand: 24 25 26 27 30 Nov, 1 2 Dec.
    ("2026-11-23T10:00", {"kind": "complaint", "signing": "2026-11-23T11:00", "cases": ("statutory_period",)},
     {"sign": "2026-11-24", "return": "2026-11-25", "progress": "2026-11-30", "finish": "2026-12-02"}),
    # 15 Not solvable for now: the reason within 5, a question keeps its 3 (R-BD-6).
    ("2026-11-23T10:00", {"kind": "consultation", "signing": "2026-11-23T11:00", "cases": ("not_solvable_now",)},
     {"sign": "2026-11-24", "return": "2026-11-25", "finish": "2026-11-26", "progress": "2026-11-30"}),
    # 16 Neither of them stretches the two hours of urgent help (R-ALL-9). Sat 21: Mon 23 sign, 24 return, 24 25 26 27 30.
    ("2026-11-21T02:00", {"kind": "help", "ticket_class": "urgent", "cases": ("not_solvable_now",)},
     {"progress": "2026-11-21T04:00", "sign": "2026-11-23", "return": "2026-11-24", "finish": "2026-11-30?"}),
    # 17 What is neither question, help, suggestion nor complaint has no limit for the finish.
    ("2026-11-23T10:00", {"kind": "other"}, {"sign": "2026-11-24", "return": "2026-11-25"}),
    # 18 A letter on the website is due like a call: the draft has no rule for channels.
    ("2026-11-23T22:00", {"kind": "complaint", "channel": "mailbox", "signing": "2026-11-24T09:00"},
     {"sign": "2026-11-24", "return": "2026-11-25", "finish": "2026-12-03"}),
]  # fmt: skip


@pytest.mark.duty(
    "BD-21-1", "BD-21-2", "BD-21-3", "BD-21-4", "BD-21-5", "BD-21-6", "BD-21-7", "R-BD-2", "R-BD-3", "R-BD-4",
    "R-BD-5", "R-BD-6", "R-ALL-1", "R-ALL-2", "R-ALL-4", "R-ALL-5", "R-ALL-9",
)  # fmt: skip
@pytest.mark.parametrize(("filed", "case", "expected"), EXAMPLES, ids=range(1, len(EXAMPLES) + 1))
def test_worked_examples(filed: str, case: dict[str, object], expected: dict[str, str]) -> None:
    assert told(reckoned(PACK, filed, **case)) == expected


@pytest.mark.duty("BD-22", "R-BD-7", "R-ALL-11")
def test_an_extension_runs_on_from_the_old_date() -> None:
    """Due on Wed 2 December; fifteen more: 3 4, 7-11, 14-18, 21 22 23."""
    due = reckoned(PACK, "2026-11-23T10:00", signing="2026-11-23T11:00")["finish"]
    assert told({"finish": due}) == {"finish": "2026-12-02"}
    assert told({"finish": extended(PACK, due, 15)}) == {"finish": "2026-12-23"}


@pytest.mark.duty("BD-22", "R-BD-7", "R-ALL-25")
def test_extensions_are_fifteen_days_in_all_asked_in_time_and_told() -> None:
    (rule,) = PACK.extensions
    assert (rule.at_most_working_days, rule.in_total, rule.in_principle, rule.times) == (15, True, True, None)
    assert (rule.late_request, rule.granted_by) == ("refused", "centre")
    assert rule.requires == ("reason",) and rule.tells_citizen == ("progress", "new_date")


@pytest.mark.duty("BD-18", "BD-21-1", "R-BD-2")
def test_a_return_gives_reason_and_basis_and_a_refusal_its_reason() -> None:
    (rule,) = PACK.returns
    assert (rule.requires, rule.refusal_tells, rule.late) == (
        ("reason", "basis"),
        ("reason",),
        "centre_decides",
    )


@pytest.mark.duty("BD-19", "BD-21-3", "BD-21-6", "R-ALL-6", "R-ALL-25")
def test_what_the_draft_orders_without_a_figure_has_none() -> None:
    assert {(rule.what, rule.how) for rule in PACK.unfixed} == {
        ("start", "at_once"), ("contact", "at_once"), ("finish", "law"),
    }  # fmt: skip
    assert {(silence.about, silence.kinds, silence.fallback) for silence in PACK.silences} == {
        ("finish", ("praise", "other"), "not_shown"), ("extension_times", (), "no_cap"), ("follow_up", (), "not_shown"),
    }  # fmt: skip
    assert not [rule for rule in PACK.deadlines if rule.what in ("follow_up", "contact")]


@pytest.mark.duty("R-ALL-12")
def test_the_citizen_is_told_the_latest_lawful_finish() -> None:
    shown = shown_date(reckoned(PACK, "2026-11-23T10:00").values())
    assert shown is not None and told({"finish": shown}) == {"finish": "2026-12-03?"}
    assert (shown.citation.instrument, shown.citation.article) == (DRAFT, "第二十一条第五项")
    assert shown_date(reckoned(PACK, "2026-11-23T10:00", kind="praise").values()) is None


@pytest.mark.duty("BD-2", "BD-11", "R-BD-8")
def test_five_items_take_in_every_kind_from_everybody() -> None:
    items = {rule.citation.article: set(rule.kinds) for rule in PACK.accepted}
    assert items == {
        "第十一条第一项": {"consultation"}, "第十一条第二项": {"help"}, "第十一条第三项": {"suggestion"},
        "第十一条第四项": {"complaint", "report"}, "第十一条第五项": {"praise", "other"},
    }  # fmt: skip
    assert {rule.speakers for rule in PACK.accepted} == {("person", "legal_person", "organisation")}


@pytest.mark.duty("BD-2", "BD-9")
def test_phone_site_and_wechat_are_one_platform_and_the_region_comes_in() -> None:
    ours = {channel.id for channel in PACK.channels if channel.run_by == "us"}
    assert ours == {"webchat", "wechat", "mailbox"}
    assert {channel.id for channel in PACK.channels} - ours == {"phone", "website", "region", "other"}
    (hand_on,) = (rule for rule in PACK.dispatch if rule.when == "other_region")
    assert hand_on.does == ("hand_on",) and hand_on.citation.article == "第九条"


@pytest.mark.duty("BD-7")
def test_five_sorts_of_units_with_a_named_person_each() -> None:
    assert [group.id for group in PACK.groups] == [
        "governments", "departments", "townships", "authorised", "public-services",
    ]  # fmt: skip
    assert {group.citation.article for group in PACK.groups} == {"第七条第二款"}
    assert {level.level for level in PACK.levels} == {"city", "county", "township", "institution", "company"}
    assert [record.roles for record in PACK.on_file] == [("dedicated_person",)]


@pytest.mark.duty("BD-17", "BD-16-2")
@pytest.mark.parametrize("text", ["路灯坏了三天没人修", "超市卖过期食品", "小区停水两天了"])
def test_without_a_directory_the_centre_designates_the_unit(text: str) -> None:
    filed = filed_as(PACK, text)
    assert filed.lead_unit == "保定市热线工作机构" and "第十七条第三款" in filed.lead_unit_why
    ways = {rule.when: rule.citation.article for rule in PACK.dispatch}
    assert (ways["one_unit"], ways["several_units"], ways["no_unit"]) == (
        "第十七条第二款", "第十七条第二款", "第十七条第三款",
    )  # fmt: skip


@pytest.mark.duty("BD-15")
def test_a_ticket_holds_content_category_time_and_contact() -> None:
    filed = filed_as(PACK, "路灯坏了三天没人修", phone="13900000000", place="示例路1号", time="三天前")
    assert filed.summary.startswith("路灯坏了三天没人修") and filed.kind_label == "投诉"
    assert filed.contact.phone == "13900000000" and filed.time == "三天前" and filed.filed_at == at(NOON)
    assert provision("ticket-holds").requires == ("content", "category", "time", "contact")


@pytest.mark.duty("BD-21-3", "R-BD-3", "BD-16-4")
@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("我家着火了，快来人", "119"),
        ("有人拿刀砍人", "110"),
        ("老人晕倒没反应了", "120"),
        ("出车祸了有人受伤", "122"),
    ],
)
def test_danger_goes_to_its_line_and_is_urgent_help(text: str, number: str) -> None:
    danger = screen_emergency(text, PACK)
    assert danger is not None and danger.sure and number in (danger.call, *danger.also)
    transfer, opened = answered(PACK, text).decisions[:2]
    assert isinstance(transfer, EmergencyTransfer) and isinstance(opened, OpenTicket)
    filed = opened.ticket
    assert (filed.kind, filed.class_label) == ("help", "紧急求助")
    assert told({due.what: due for due in filed.due if due.what == "progress"}) == {
        "progress": "2026-11-24T14:00"
    }


@pytest.mark.duty("BD-16-4", "BD-21-3")
def test_the_four_lines_are_named_and_the_unit_goes_on_the_spot() -> None:
    how = {rule.how: rule for rule in PACK.emergency}
    assert how["transferred"].lines == ("110", "119", "120", "122")
    assert how["transferred"].citation.article == "第十六条第四项"
    assert how["on_the_spot"].classes == ("urgent",) and PACK.highest_class() == "urgent"


@pytest.mark.duty("R-BD-3")
def test_urgency_is_never_told_by_words_alone() -> None:
    """R-BD-3: beyond danger, only the centre calls help urgent or not."""
    assert filed_as(PACK, "十万火急，老人在家没水喝，请马上解决", kind="help").ticket_class is None


REFUSED = [
    ("法院判我输了，你们让法院改判", "legal-route", "第十二条第一项"),
    ("仲裁委拖着不出结果，迟迟不裁", "legal-route", "第十二条第一项"),
    ("复议机关正在审，我要求你们撤销罚款", "legal-route", "第十二条第一项"),
    ("案子还在法院审着，你们能不能让对方先赔钱", "legal-route", "第十二条第一项"),
    ("法院迟迟不判我的案子", "legal-route", "第十二条第一项"),
    ("请检察院抗诉，帮我转达", "legal-route", "第十二条第一项"),
    ("举报村支书贪污扶贫款", "discipline", "第十二条第一项"),
    ("举报局长收受红包", "discipline", "第十二条第一项"),
    ("举报镇长挪用公款", "discipline", "第十二条第一项"),
    ("我要申请政府信息公开，要征地批文", "disclosure", "第十二条第一项"),
    ("信息公开申请超期没答复，请重新答复", "disclosure", "第十二条第一项"),
    ("信访局已经受理了，请你们再处理一遍", "petition", "第十二条第一项"),
    ("不服信访复核意见，请再核实", "petition", "第十二条第一项"),
    ("帮我查一下他的手机号", "secrets", "第十二条第二项"),
    ("告诉我谁举报的我", "secrets", "第十二条第二项"),
    ("给我提供竞争对手的客户名单", "secrets", "第十二条第二项"),
    ("能不能帮我介绍代孕机构", "morals", "第十二条第三项"),
    ("哪里能买到假证", "morals", "第十二条第三项"),
]
ACCEPTED = [
    "法院门口路灯坏了", "不服一审判决怎么上诉", "投诉法院立案庭态度差", "法院路公交站没有雨棚",
    "投诉办事大厅工作人员态度恶劣", "窗口工作人员吃拿卡要，请查处", "举报局里的干部刁难群众", "派出所民警推诿不出警",
    "街道工作人员慢作为，三个月不办", "举报饭店用地沟油", "投诉超市卖过期食品", "举报物业经理乱收停车费",
    "部队家属院门口占道经营", "要求人大修改物业条例", "我是科员，对年度考核结果不服", "信息公开怎么申请",
    "要求物业公开维修基金账目", "要求学校公开食堂账目", "信访局在哪里，几点上班", "信访局不受理，我的低保到底该找谁",
    "商家泄露我的电话，天天有骚扰电话", "有车挡住我家车库，请联系车主挪车", "举报有人卖假证", "小区里有人嫖娼，请查处",
    "太黑了，你们管不管", "我要投诉", "老板拖欠工资三个月", "路灯坏了三天没人修",
]  # fmt: skip


@pytest.mark.duty("BD-12", "BD-16-3", "R-ALL-13", "R-ALL-14", "R-BD-1")
@pytest.mark.parametrize(("text", "ground", "article"), REFUSED)
def test_the_three_groups_of_article_12_are_led_elsewhere(text: str, ground: str, article: str) -> None:
    found = screen_acceptance(text, PACK)
    assert found is not None and found.sure and found.rule == ground
    assert (found.citation.instrument, found.citation.article) == (DRAFT, article) and found.citation.reason
    assert (found.citation.route is not None) == (article == "第十二条第一项")


@pytest.mark.duty("BD-11", "BD-12", "R-ALL-13", "R-ALL-14", "R-ALL-15")
@pytest.mark.parametrize("text", ACCEPTED)
def test_nothing_else_is_refused(text: str) -> None:
    """Manner, diligence and speed of officials are article 11(4); vague words are no ground."""
    assert screen_acceptance(text, PACK) is None


@pytest.mark.duty("BD-16-3", "ALL-1")
def test_a_refusal_says_why_and_where_and_that_it_rests_on_a_draft() -> None:
    (refusal,) = answered(PACK, "信访局已经受理了，请你们再处理一遍").decisions
    assert isinstance(refusal, Refusal) and refusal.ground.citation.route is not None
    assert refusal.ground.citation.status is LawStatus.DRAFT
    assert PACK.referral is not None and PACK.referral.name == "保定市热线工作机构"


@pytest.mark.duty("BD-12")
def test_what_may_be_a_ground_is_asked_about_first() -> None:
    (asked,) = answered(PACK, "他借我五万块一直不还").decisions
    assert isinstance(asked, Clarify) and "法院" in asked.text


@pytest.mark.duty("BD-14", "BD-40")
def test_harassment_is_for_a_person_to_answer_and_never_hides_a_danger() -> None:
    assert provision("abuse").by == "centre_staff" and provision("abuse").effect == "recorded"
    assert isinstance(answered(PACK, "你们这群废物，我家着火了快来").decisions[0], EmergencyTransfer)


@pytest.mark.duty("BD-13", "BD-35")
def test_what_is_withheld_from_whom() -> None:
    kept = {
        rule.id: (rule.about, rule.withholds, rule.withheld_from) for rule in PACK.privacy if rule.withholds
    }
    assert kept["confidential"] == ("confidential", ("name", "phone"), ("unit", "public"))
    assert kept["whistle-blower"] == ("whistle_blower", ("name", "phone"), ("unit", "public"))
    assert kept["secrecy"][2] == ("public",)
    assert not any(rule.asks_name for rule in PACK.privacy)
    assert filed_as(PACK, "路灯坏了三天没人修").contact.anonymous
    assert filed_as(PACK, "路灯坏了三天没人修", confidential="true", name="样例").contact.confidential
    assert not filed_as(PACK, "路灯坏了三天没人修", name="样例").contact.confidential
    report = filed_as(PACK, "举报饭店用地沟油", kind="report", name="样例")
    assert report.contact.confidential, "kept from the unit, unasked"


@pytest.mark.duty("BD-13")
def test_rights_are_said_in_the_words_of_article_13() -> None:
    assert {item.id for item in provision("rights").items} == {"secrecy", "knowing", "rating", "no-reprisal"}


@pytest.mark.duty("BD-24", "BD-25", "BD-27", "BD-39", "BD-40", "R-ALL-19")
def test_rules_for_the_desk_hold_their_figures() -> None:
    """BD-24, BD-25, BD-27, BD-39, BD-40: the data is there before the behaviour is."""
    assert len(provision("closed-when").items) == 5 and provision("closed-when").effect == "closed"
    triggers = {item.id: item for item in provision("supervision-triggers").items}
    assert [figure.value for figure in triggers["many-people"].figures] == [Decimal(5), Decimal(30)]
    assert triggers["repeated"].figures[0].value == Decimal(3)
    assert {item.effect for item in provision("dissatisfied").items} == {
        "redone",
        "explained",
        "not_counted",
    }
    assert len(provision("misconduct-of-units").items) == 6
    assert len(provision("misconduct-of-petitioners").items) == 5


@pytest.mark.duty("BD-31", "BD-38")
def test_reports_come_daily_monthly_and_quarterly() -> None:
    """BD-31, BD-38."""
    every = [
        provision(name).every
        for name in ("daily-count", "monthly-analysis", "quarterly-bulletin", "yearly-assessment")
    ]
    assert every == ["day", "month", "quarter", "year"]
    assert {measure.id for measure in PACK.measures if measure.setting} == {
        "response",
        "resolution",
        "satisfaction",
    }
