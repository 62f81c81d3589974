"""Xi'an's plan: every row has its data, and what a citizen meets at filing is what the articles say."""

from decimal import Decimal

import pytest
import yaml

from cities.loading import CITIES, load_pack
from hotline.deadlines import shown_date
from hotline.dispatching import matters_of
from hotline.law import Provision
from hotline.screening import screen_acceptance, screen_emergency
from hotline.ticket import classify
from hotline.turn import EmergencyTransfer, OpenTicket, Refusal
from tests.cities.citizens import answered, filed_as, reckoned, rules_of, told

PACK = load_pack("xian")
DUTIES = yaml.safe_load((CITIES / "duties.yaml").read_text(encoding="utf-8"))
READINGS = yaml.safe_load((CITIES / "readings.yaml").read_text(encoding="utf-8"))
PLAN = "《西安市12345政务服务便民热线“接诉即办”工作方案》"
NATIONAL = "《国务院办公厅关于进一步优化地方政务服务便民热线的指导意见》"


def provision(name: str) -> Provision:
    found = PACK.provision(name)
    assert found is not None, name
    return found


@pytest.mark.parametrize("row", DUTIES["XA"])
def test_every_row_has_its_rule(row: str) -> None:
    assert [rule for rule in rules_of(PACK) if row in rule.duties], f"no rule names {row}"


@pytest.mark.parametrize("reading", READINGS["R-XA"])
def test_every_reading_of_the_city_stands_beside_a_rule(reading: str) -> None:
    assert [rule for rule in rules_of(PACK) if reading in rule.readings]


# Due moments. Every period runs from the ticket's arrival at the unit (dispatch); days are calendar days.
# Not dispatched yet: reckoned from the filing, provisional ("?").
EXAMPLES = [
    # 1 A Thursday morning, not dispatched yet: an hour to take and begin; 20 21 22 23 24 25 26 Nov.
    ("2026-11-19T10:00", {"ticket_class": "other"},
     {"sign": "2026-11-19T11:00?", "start": "2026-11-19T11:00?", "progress": "2026-11-26?"}),
    # 2 The same, dispatched half an hour later: from then, and settled.
    ("2026-11-19T10:00", {"ticket_class": "other", "dispatch": "2026-11-19T10:30"},
     {"sign": "2026-11-19T11:30", "start": "2026-11-19T11:30", "progress": "2026-11-26"}),
    # 3 No water on a Saturday night: one hour and 24 hours run through the night and the Sunday.
    ("2026-11-21T22:40", {"ticket_class": "utility", "dispatch": "2026-11-21T22:41"},
     {"sign": "2026-11-21T23:41", "start": "2026-11-21T23:41", "progress": "2026-11-22T22:41"}),
    # 4 Danger on the night of National Day: two hours over midnight.
    ("2025-10-01T23:30", {"ticket_class": "emergency", "dispatch": "2025-10-01T23:31"},
     {"sign": "2025-10-02T00:31", "start": "2025-10-02T00:31", "progress": "2025-10-02T01:31"}),
    # 5 A Saturday before National Day: 28 29 30 Sep, 1 2 3 4 Oct; a holiday moves nothing.
    ("2025-09-27T09:00", {"ticket_class": "other", "dispatch": "2025-09-27T09:00"},
     {"sign": "2025-09-27T10:00", "start": "2025-09-27T10:00", "progress": "2025-10-04"}),
    # 6 A Sunday that is worked (28 September 2025): it is a day like any other; 29 30 Sep, 1 2 3 4 5 Oct.
    ("2025-09-28T16:00", {"ticket_class": "other", "dispatch": "2025-09-28T16:10"},
     {"sign": "2025-09-28T17:10", "start": "2025-09-28T17:10", "progress": "2025-10-05"}),
    # 7 A complex matter before the Spring Festival: 15 days, 11 to 25 February, holidays counted.
    ("2026-02-10T09:00", {"ticket_class": "complex", "dispatch": "2026-02-10T09:05"},
     {"sign": "2026-02-10T10:05", "start": "2026-02-10T10:05", "plan": "2026-02-25"}),
    # 8 The evening before the worked Saturday of 14 February 2026: 14 to 20 February, in the middle of the festival.
    ("2026-02-13T18:00", {"ticket_class": "other"},
     {"sign": "2026-02-13T19:00?", "start": "2026-02-13T19:00?", "progress": "2026-02-20?"}),
    # 9 Over the year's end: 29 30 31 Dec, 1 2 3 4 Jan; days need no calendar of 2027, so nothing is provisional.
    ("2026-12-28T14:00", {"ticket_class": "other", "dispatch": "2026-12-28T14:00"},
     {"sign": "2026-12-28T15:00", "start": "2026-12-28T15:00", "progress": "2027-01-04"}),
    # 10 No heating half an hour before the new year.
    ("2026-12-31T23:30", {"ticket_class": "utility", "dispatch": "2026-12-31T23:30"},
     {"sign": "2027-01-01T00:30", "start": "2027-01-01T00:30", "progress": "2027-01-01T23:30"}),
    # 11 An enterprise's ordinary matter keeps the limits of the class (R-XA-6): 23 to 29 Nov.
    ("2026-11-22T11:00", {"ticket_class": "other", "matters": ("enterprise",), "dispatch": "2026-11-22T11:00"},
     {"sign": "2026-11-22T12:00", "start": "2026-11-22T12:00", "progress": "2026-11-29"}),
    # 12 An unreasonable one, complex at first: explained within 7 days (29 30 Apr, 1 to 5 May), measures within 15 (13 May).
    ("2025-04-28T10:00", {"ticket_class": "complex", "matters": ("enterprise",), "cases": ("unreasonable",),
                          "dispatch": "2025-04-28T10:00"},
     {"sign": "2025-04-28T11:00", "start": "2025-04-28T11:00", "progress": "2025-05-05", "plan": "2025-05-13"}),
    # 13 Filed on Friday evening, dispatched ten minutes into the worked-off Saturday: that day is not counted; 26 Jan to 1 Feb.
    ("2025-01-24T18:00", {"ticket_class": "other", "dispatch": "2025-01-25T00:10"},
     {"sign": "2025-01-25T01:10", "start": "2025-01-25T01:10", "progress": "2025-02-01"}),
    # 14 A worked Saturday at the end of February: 24 hours go into March.
    ("2026-02-28T20:00", {"ticket_class": "utility"},
     {"sign": "2026-02-28T21:00?", "start": "2026-02-28T21:00?", "progress": "2026-03-01T20:00?"}),
    # 15 A letter and a leader's instruction change nothing: the plan has no rule for channels; 7 to 13 Apr.
    ("2026-04-06T08:00", {"ticket_class": "other", "channel": "mailbox", "assignment": "leader", "dispatch": "2026-04-06T08:00"},
     {"sign": "2026-04-06T09:00", "start": "2026-04-06T09:00", "progress": "2026-04-13"}),
]  # fmt: skip


@pytest.mark.duty("XA-M4a", "XA-M4b", "XA-M5", "R-XA-1", "R-XA-2", "R-XA-3", "R-XA-6", "R-ALL-2", "R-ALL-3")
@pytest.mark.parametrize(("filed", "case", "expected"), EXAMPLES, ids=range(1, len(EXAMPLES) + 1))
def test_worked_examples(filed: str, case: dict[str, object], expected: dict[str, str]) -> None:
    assert told(reckoned(PACK, filed, **case)) == expected


@pytest.mark.duty("XA-M4b", "R-XA-3", "R-ALL-25")
def test_no_finish_no_follow_up_and_no_extension_is_promised() -> None:
    assert {rule.what for rule in PACK.deadlines} == {"start", "sign", "progress", "plan"}
    assert not PACK.extensions
    assert {(silence.about, silence.fallback) for silence in PACK.silences} == {
        ("finish", "not_shown"), ("return_limit", "not_shown"), ("extension", "switched_off"),
        ("closing", "centre_sets"), ("follow_up", "not_shown"),
    }  # fmt: skip


@pytest.mark.duty("XA-M4b", "R-ALL-12")
@pytest.mark.parametrize(
    ("ticket_class", "what"), [("utility", "progress"), ("other", "progress"), ("complex", "plan")]
)
def test_the_citizen_is_told_when_word_is_owed(ticket_class: str, what: str) -> None:
    shown = shown_date(reckoned(PACK, "2026-11-19T10:00", ticket_class=ticket_class).values())
    assert shown is not None and shown.what == what and shown.citation.article.startswith("三（四）2")


@pytest.mark.duty("XA-M4a", "R-XA-2")
def test_a_return_gives_reason_basis_and_proposal_and_has_no_limit() -> None:
    (rule,) = PACK.returns
    assert rule.requires == ("reason", "basis", "proposal") and rule.citation.article == "三（四）1（1）"
    assert not [limit for limit in PACK.deadlines if limit.what == "return"]


UTILITY = [
    "小区停水两天了", "家里没电了", "自来水发黄有异味", "水费突然涨了一倍", "小区水压太低", "暖气不热，家里才12度",
    "天然气什么时候能通", "取暖费怎么退", "电费缴了不到账", "水管爆了，满地是水", "居民用水困难", "供电局的人态度差",
]  # fmt: skip
NOT_UTILITY = [
    "楼道里乱停电动车", "小区电梯坏了", "充电桩太少", "楼上漏水淹了我家", "污水横流没人管", "路口积水", "河水发臭",
    "热线打不通", "天气太热公交没空调", "热水器坏了厂家不修", "电热毯质量差", "净水器是假货", "水电站施工扰民",
    "开发商收茶水费", "自来水公司拖欠农民工工资", "手机没电了充不进去", "路灯不亮",
]  # fmt: skip


@pytest.mark.duty("XA-1e", "XA-M4b", "R-XA-4")
@pytest.mark.parametrize("text", UTILITY)
def test_water_power_gas_and_heating_are_a_class_and_a_matter(text: str) -> None:
    assert classify(PACK, kind="complaint", text=text) == "utility"
    assert "utility" in matters_of(PACK, text)


@pytest.mark.duty("XA-1e", "XA-M4b")
@pytest.mark.parametrize("text", NOT_UTILITY)
def test_other_things_with_water_or_power_in_them_are_not(text: str) -> None:
    assert classify(PACK, kind="complaint", text=text) == "other"
    assert "utility" not in matters_of(PACK, text)


def test_class_and_matter_are_told_by_the_same_words() -> None:
    """The class sets the limit and the matter the way; they must never disagree."""
    (matter,) = (matter for matter in PACK.matters if matter.id == "utility")
    assert PACK.classes["utility"].patterns == matter.patterns and not matter.unless


@pytest.mark.duty("XA-M4b", "R-XA-4")
def test_complex_is_claimed_and_never_told_by_words() -> None:
    assert PACK.classes["complex"].given_by == "claim" and not PACK.classes["complex"].patterns
    assert classify(PACK, kind="complaint", text="这件事很复杂很疑难，拖了三年") == "other"
    claim = provision("complex-claimed")
    assert (claim.figure("claimed-within").value, claim.approved_by) == (Decimal(7), "centre")


@pytest.mark.duty("XA-M4b", "R-XA-4", "R-ALL-10")
def test_two_matters_told_as_one_are_due_by_the_earlier_date() -> None:
    """No water (24 hours) and no cleaning (7 days), dispatched on Thu 19 Nov at 10:00: word by Friday at 10:00."""
    filed = filed_as(PACK, "小区停水两天了，楼道也没人打扫", filed="2026-11-19T10:00")
    assert filed.ticket_class == "utility"
    assert told({due.what: due for due in filed.due if due.what == "progress"}) == {
        "progress": "2026-11-20T10:00?"
    }


ENTERPRISE = [
    "我公司申请贷款被拒", "我是一家餐饮企业负责人，办证难", "我店被罚款，想申诉", "作为企业经营者，建议减税",
    "我们厂想申请用地", "我开了一家饭店，消防手续办不下来", "企业注销要跑几趟",
]  # fmt: skip
NOT_ENTERPRISE = [
    "我们公司拖欠员工工资", "我在公司上班，老板拖欠工资", "我们公司门口路灯坏了", "我在这家店买了假货",
    "我是公司员工，不给交社保", "公司门口占道", "我公司把我辞退了", "我们厂的老职工要求补缴养老保险", "我是这家物业公司的业主",
]  # fmt: skip


@pytest.mark.duty("XA-M5", "XA-3")
@pytest.mark.parametrize("text", ENTERPRISE)
def test_who_speaks_for_an_enterprise_takes_the_through_train(text: str) -> None:
    assert "enterprise" in matters_of(PACK, text)


@pytest.mark.duty("XA-M5")
@pytest.mark.parametrize("text", NOT_ENTERPRISE)
def test_who_works_there_or_names_it_as_a_place_does_not(text: str) -> None:
    assert "enterprise" not in matters_of(PACK, text)


@pytest.mark.duty("XA-M5", "R-ALL-6")
def test_the_through_train_has_liaison_officers_a_group_and_no_invented_limit() -> None:
    (rule,) = (rule for rule in PACK.dispatch if rule.when == "enterprise")
    assert "working_group" in rule.does and rule.by == "lead_unit"
    assert ("liaison",) in {record.roles for record in PACK.on_file}
    assert provision("liaison-published").effect == "published"
    assert not provision("enterprise-faster").figures


@pytest.mark.duty("XA-1c", "XA-1e", "XA-M1", "XA-2a")
@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("小区停水两天了", "供水企业"),
        ("变压器噪声太大", "供电企业"),
        ("天然气什么时候能通", "燃气企业"),
        ("暖气不热", "供热企业"),
        ("派出所不给办户籍", "市公安局"),
        ("超市卖过期食品", "市市场监管局"),
        ("航空基地的路灯不亮", "阎良区（航空基地）"),
        ("公园里没有座椅", "西安市12345热线平台"),
    ],
)
def test_the_unit_is_proposed_with_its_reason(text: str, unit: str) -> None:
    filed = filed_as(PACK, text)
    assert filed.lead_unit == unit and filed.lead_unit_why
    assert {law.instrument for law in filed.law} <= {PLAN, NATIONAL}


@pytest.mark.duty("XA-M2", "XA-M1", "R-XA-5")
@pytest.mark.parametrize(
    ("text", "lead", "district"),
    [
        ("尚德路停电一整天", "供电企业", "新城区人民政府"),
        ("有个店卖过期食品", "市市场监管局", "新城区人民政府"),
    ],
)
def test_where_a_company_or_department_leads_its_district_is_told_and_helps(
    text: str, lead: str, district: str
) -> None:
    filed = filed_as(PACK, text, place="新城区尚德路")
    assert filed.lead_unit == lead
    assert [share.unit for share in filed.copies] == [district] == [share.unit for share in filed.co_handlers]
    assert {share.law.article for share in filed.copies} == {"三（二）2"}


@pytest.mark.duty("XA-M1", "XA-M2", "XA-2a", "XA-2d")
def test_the_other_ways_of_dispatch_are_there_for_the_desk() -> None:
    ways = {rule.id: (rule.when, set(rule.does), rule.citation.article) for rule in PACK.dispatch}
    assert ways["township-copy"] == ("township_matter", {"direct", "copy_superior"}, "三（一）1、三（二）1")
    assert ways["county"] == ("one_unit", {"via_county"}, "三（一）2")
    assert ways["disputed"] == ("disputed", {"via_county"}, "三（一）4")
    assert ways["instructed-jointly"][:2] == ("instructed", {"joint", "lead_and_co_handlers"})
    assert ways["across-levels"][0] == "cross_level" and ways["own-platform"][0] == "own_platform"


@pytest.mark.duty("XA-M4c", "XA-M5")
def test_leader_person_duty_officer_and_liaison_are_on_file() -> None:
    assert {record.roles for record in PACK.on_file} == {
        ("deputy_head", "handler"), ("chief", "deputy_head", "office", "handler"), ("duty_officer",), ("liaison",),
    }  # fmt: skip


@pytest.mark.duty("XA-1a", "XA-2b", "XA-2d")
def test_every_way_in_that_the_plan_names_is_on_the_list() -> None:
    ours = {channel.id for channel in PACK.channels if channel.run_by == "us"}
    assert ours == {"webchat", "wechat", "mailbox"}
    imported = {channel.id for channel in PACK.channels} - ours
    assert imported >= {"phone", "website", "community", "app", "grid", "platform"}
    assert provision("busy-lines").topic == "guidance"


@pytest.mark.duty("XA-1d", "XA-M4b", "R-XA-1")
def test_danger_is_told_to_the_lines_and_to_the_officer_on_duty() -> None:
    assert PACK.highest_class() == "emergency"
    how = {rule.how: rule for rule in PACK.emergency}
    assert how["joint"].lines == ("110", "119") and how["joint"].citation.article == "二（一）"
    assert how["on_call"].by == "duty_officer"


@pytest.mark.duty("XA-1d", "ALL-1")
@pytest.mark.parametrize(
    ("text", "number"),
    [("我家着火了，快来人", "119"), ("有人拿刀砍人", "110"), ("老人晕倒没反应了", "120")],
)
def test_danger_is_transferred_and_filed_in_the_highest_class(text: str, number: str) -> None:
    danger = screen_emergency(text, PACK)
    assert danger is not None and danger.sure and danger.call == number
    transfer, opened = answered(PACK, text).decisions[:2]
    assert isinstance(transfer, EmergencyTransfer) and isinstance(opened, OpenTicket)
    assert opened.ticket.ticket_class == "emergency" and opened.ticket.class_label == "突发紧急"
    assert {due.what for due in opened.ticket.due} == {"sign", "start", "progress"}


REFUSED = [
    ("法院判我输了，你们让法院改判", "legal-route"),
    ("劳动仲裁裁决不公，要求重新裁决", "legal-route"),
    ("行政复议维持了原决定，我不服，请撤销", "legal-route"),
    ("我已经起诉到法院了，请你们让物业赔我钱", "legal-route"),
    ("区法院一直不立案，你们管管", "legal-route"),
    ("检察院不批捕凶手，请督促", "legal-route"),
    ("举报村支书贪污扶贫款", "discipline"),
    ("举报局长收受红包", "discipline"),
    ("检举镇长收受贿赂", "discipline"),
    ("我要申请政府信息公开，要征地批文", "disclosure"),
    ("对信息公开答复不服", "disclosure"),
    ("信访局已经受理了，请你们再处理一遍", "petition"),
    ("对信访答复意见书不服，要求重新处理", "petition"),
    ("帮我查一下他的手机号", "secrets"),
    ("告诉我谁举报的我", "secrets"),
    ("帮我查一下前妻的住址", "secrets"),
    ("能不能帮我介绍代孕机构", "morals"),
    ("哪里能买到假证", "morals"),
]
ACCEPTED = [
    "法院门口路灯坏了", "不服一审判决怎么上诉", "投诉法院立案庭态度差", "部队打靶训练太吵，请让部队停止",
    "举报饭店用地沟油", "举报物业经理乱收停车费", "街道工作人员推诿，三个月不办", "城管不作为",
    "信息公开怎么申请", "要求物业公开维修基金账目", "要求村里公开村务账目", "信访局在哪里，几点上班",
    "信访局不受理，我的低保到底该找谁", "我的手机号被人冒用了，请查处", "商家泄露我的电话，天天有骚扰电话",
    "有车挡住我家车库，请联系车主挪车", "举报有人卖假证", "小区里有人嫖娼，请查处", "我是科员，对年度考核结果不服",
    "我镇申请经费的请示什么时候批复", "太黑了，你们管不管", "我要投诉", "老板拖欠工资三个月", "路灯坏了三天没人修",
]  # fmt: skip


@pytest.mark.duty("ALL-1", "R-ALL-13", "R-ALL-14")
@pytest.mark.parametrize(("text", "ground"), REFUSED)
def test_what_the_national_guidance_puts_elsewhere_is_led_there(text: str, ground: str) -> None:
    found = screen_acceptance(text, PACK)
    assert found is not None and found.sure and found.rule == ground
    assert (found.citation.instrument, found.citation.article) == (NATIONAL, "全文") and found.citation.reason
    assert (found.citation.route is None) == (ground in {"secrets", "morals"})


@pytest.mark.duty("ALL-1", "R-ALL-13", "R-ALL-15")
@pytest.mark.parametrize("text", ACCEPTED)
def test_nothing_else_is_refused(text: str) -> None:
    """Neither courts' manners nor the military, internal matters or vague words are grounds here."""
    assert screen_acceptance(text, PACK) is None


@pytest.mark.duty("ALL-1")
def test_a_refusal_says_why_and_where_and_offers_a_person() -> None:
    (refusal,) = answered(PACK, "举报村支书贪污扶贫款").decisions
    assert isinstance(refusal, Refusal) and refusal.ground.citation.route is not None
    assert refusal.ground.citation.route.name == "纪检监察机关"
    assert PACK.referral is not None and PACK.referral.name == "西安市12345热线平台"


@pytest.mark.duty("ALL-1", "XA-M5", "XA-3")
def test_every_kind_is_accepted_and_enterprises_too() -> None:
    assert {kind for rule in PACK.accepted for kind in rule.kinds} == set(PACK.kinds)
    assert "enterprise" in {speaker for rule in PACK.accepted for speaker in rule.speakers}
    assert all(kind.default_class == "other" for kind in PACK.kinds.values())


@pytest.mark.duty("R-ALL-14", "R-ALL-16")
def test_what_is_withheld_from_whom() -> None:
    """The plan is silent on personal data; the national law holds."""
    kept = {rule.about: (rule.withholds, rule.withheld_from) for rule in PACK.privacy if rule.withholds}
    assert kept == {
        "confidential": (("name", "phone"), ("unit", "public")),
        "whistle_blower": (("name", "phone"), ("unit", "public")),
    }
    assert not any(rule.asks_name for rule in PACK.privacy)
    anonymous = filed_as(PACK, "路灯坏了三天没人修")
    assert anonymous.contact.anonymous and anonymous.due
    report = filed_as(PACK, "举报饭店用地沟油", kind="report", name="样例")
    assert report.contact.confidential, "kept from the unit, unasked"


@pytest.mark.duty("XA-3", "XA-4", "XA-M3b", "XA-M6", "R-ALL-19")
def test_rules_for_the_desk_hold_their_figures() -> None:
    """XA-3, XA-4, XA-M3b, XA-M6: the data is there before the behaviour is."""
    assert [item.id for item in provision("abnormal-goes-up").items] == [
        "unsatisfied", "passed-around", "long-unresolved", "badly-overdue", "urged-many-times", "sensitive",
    ]  # fmt: skip
    assert {item.id for item in provision("one-standard").items} == {
        "unreasonable", "unclear-duty", "buck-passing", "enterprise",
    }  # fmt: skip
    assert provision("monthly-meeting").by == "data_bureau" and provision("monthly-meeting").every == "month"
    assert provision("reported-to-discipline").figure("times").value == Decimal(3)


@pytest.mark.duty("XA-1a", "XA-G4", "R-XA-7", "R-ALL-20")
def test_goals_and_rates_are_those_of_the_plan() -> None:
    """XA-1a, XA-G4, R-XA-7: fifty per cent online and ninety-five connected take the figure in."""
    share, calls = (
        provision("online-share-goal").figure("to"),
        provision("calls-connected-goal").figure("least"),
    )
    assert (share.value, share.bound, calls.value, calls.bound) == (
        Decimal(50),
        "at_least",
        Decimal(95),
        "at_least",
    )
    assert {measure.id for measure in PACK.measures if measure.setting} == {
        "response",
        "resolution",
        "satisfaction",
    }
    rhythm = {
        name: provision(name).every
        for name in ("monthly-bulletin", "quarterly-measuring", "half-yearly-ranking", "yearly-assessment")
    }
    assert list(rhythm.values()) == ["month", "quarter", "half_year", "year"]
