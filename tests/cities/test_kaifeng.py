"""Kaifeng: the mayor's line and enterprise complaint centre; limits by the way of assignment, 59 units."""

from decimal import Decimal

import pytest

from cities.loading import load_pack
from hotline.deadlines import extended, shown_date
from hotline.dispatching import choose_unit, matters_of
from hotline.law import Figure
from hotline.screening import screen_acceptance, screen_emergency
from hotline.ticket import classify
from hotline.vocabulary import KINDS
from tests.cities.proving import dues, end_of, ends, filed, items, numbered, provision, rules_of

PACK = load_pack("kaifeng")
NAMES = {unit.name: unit for unit in PACK.units}
GUIDANCE = "《国务院办公厅关于进一步优化地方政务服务便民热线的指导意见》"


@pytest.mark.parametrize("row", numbered("duties", "KF"))
def test_every_row_has_its_rule(row: str) -> None:
    assert [rule for rule in rules_of(PACK) if row in rule.duties], f"no rule names {row}"


@pytest.mark.parametrize("reading", numbered("readings", "R-KF"))
def test_every_reading_of_the_city_stands_beside_a_rule(reading: str) -> None:
    assert [rule for rule in rules_of(PACK) if reading in rule.readings]


# 2025: off 01-28 to 02-04 (worked: Sun 01-26, Sat 02-08), off 10-01 to 10-08 (worked: Sun 09-28, Sat 10-11).
# 2026: off 01-01 to 01-03 (worked: Sun 01-04), off 02-15 to 02-23 (worked: Sat 02-14, Sat 02-28), off 04-04 to 04-06,
#       off 05-01 to 05-05 (worked: Sat 05-09), off 09-25 to 09-27 (worked: Sun 09-20), off 10-01 to 10-07 (worked: Sat 10-10).
PLATFORM = [
    ("2025-03-10T09:00", "2025-03-17"),  # Mon; Tue 1, Wed 2, Thu 3, Fri 4, Mon 17 5
    ("2025-03-14T23:30", "2025-03-21"),  # Fri night; Mon 17 1 … Fri 21 5
    ("2025-03-15T10:00", "2025-03-21"),  # Sat; the same, no working day lies between
    (
        "2025-01-24T16:00",
        "2025-02-07",
    ),  # Fri; worked Sun 26 1, Mon 27 2, off to 4 Feb, Wed 5 3, Thu 6 4, Fri 7 5
    (
        "2025-09-26T11:00",
        "2025-10-10",
    ),  # Fri; worked Sun 28 1, Mon 29 2, Tue 30 3, off to 8 Oct, Thu 9 4, Fri 10 5
    ("2025-10-09T08:30", "2025-10-15"),  # Thu; Fri 10 1, worked Sat 11 2, Mon 13 3, Tue 14 4, Wed 15 5
    ("2025-12-31T08:00", "2026-01-08"),  # Wed; off to 3 Jan, worked Sun 4 1, Mon 5 2 … Thu 8 5
    (
        "2026-02-13T17:00",
        "2026-02-27",
    ),  # Fri; worked Sat 14 1, off to 23, Tue 24 2, Wed 25 3, Thu 26 4, Fri 27 5
    (
        "2026-04-03T14:00",
        "2026-04-13",
    ),  # Fri; off Sat 4 to Mon 6, Tue 7 1, Wed 8 2, Thu 9 3, Fri 10 4, Mon 13 5
    (
        "2026-04-30T21:00",
        "2026-05-11",
    ),  # Thu; off to 5 May, Wed 6 1, Thu 7 2, Fri 8 3, worked Sat 9 4, Mon 11 5
    ("2026-09-17T10:00", "2026-09-23"),  # Thu; Fri 18 1, worked Sun 20 2, Mon 21 3, Tue 22 4, Wed 23 5
    (
        "2026-09-30T20:00",
        "2026-10-13",
    ),  # Wed; off to 7 Oct, Thu 8 1, Fri 9 2, worked Sat 10 3, Mon 12 4, Tue 13 5
]
INSTRUCTED = [
    ("written", "2025-01-24T16:00", "2025-02-13"),  # 5 by Fri 7 Feb, worked Sat 8 6, Mon 10 7 … Thu 13 10
    ("leader", "2025-09-26T11:00", "2025-10-16"),  # 5 by Fri 10 Oct, worked Sat 11 6, Mon 13 7 … Thu 16 10
    (
        "through_train",
        "2026-02-13T17:00",
        "2026-03-05",
    ),  # 5 by Fri 27, worked Sat 28 6, Mon 2 March 7 … Thu 5 10
    ("leader", "2026-11-20T23:59", "2026-12-04"),  # Fri; Mon 23 1 … Fri 27 5, Mon 30 6 … Fri 4 Dec 10
]


@pytest.mark.duty("KF-A1", "R-KF-3", "R-KF-4", "R-ALL-1")
@pytest.mark.parametrize(("transferred", "day"), PLATFORM)
def test_over_the_platform_five_working_days_from_the_recorded_transfer(transferred: str, day: str) -> None:
    found = dues(PACK, transferred, {"transfer": transferred}, ticket_class="routine")
    assert ends(found) == {"finish": end_of(day)}
    assert not found["finish"].provisional and found["finish"].citation.article == "第四条（三）1"


@pytest.mark.duty("KF-A1", "R-KF-3", "R-KF-4")
@pytest.mark.parametrize(("assignment", "notice", "day"), INSTRUCTED)
def test_instructed_ten_working_days_from_the_notice(assignment: str, notice: str, day: str) -> None:
    found = dues(PACK, notice, {"notice": notice}, assignment=assignment)
    assert ends(found) == {"finish": end_of(day)} and not found["finish"].provisional


@pytest.mark.duty("KF-A1", "R-KF-3", "R-ALL-12")
def test_before_the_transfer_is_known_the_date_is_provisional_and_then_moves() -> None:
    # said Friday evening 20 November: Mon 23 1 … Fri 27 5; transferred Monday 23: Tue 24 1 … Fri 27 4, Mon 30 5
    before = dues(PACK, "2026-11-20T18:00")["finish"]
    assert (before.at.isoformat(), before.provisional) == (
        end_of("2026-11-27"),
        True,
    ) and "转办" in before.why
    after = dues(PACK, "2026-11-20T18:00", {"transfer": "2026-11-23T09:00"})["finish"]
    assert (after.at.isoformat(), after.provisional) == (end_of("2026-11-30"), False)


@pytest.mark.duty("KF-A1")
def test_over_the_end_of_the_known_calendar_the_date_is_provisional() -> None:
    # transferred Wed 30 December; Thu 31 1, Fri 1 January 2027 off by law, Mon 4 2, Tue 5 3, Wed 6 4, Thu 7 5
    found = dues(PACK, "2026-12-30T09:00", {"transfer": "2026-12-30T09:00"})["finish"]
    assert (found.at.isoformat(), found.provisional) == (end_of("2027-01-07"), True) and "2027" in found.why


@pytest.mark.duty("KF-A1", "R-KF-4")
def test_the_citizens_channel_and_the_kind_change_nothing() -> None:
    moment = "2026-11-23T10:00"  # Mon; Tue 24 1, Wed 25 2, Thu 26 3, Fri 27 4, Mon 30 5
    for channel in PACK.channels:
        for kind in KINDS:
            found = dues(PACK, moment, {"transfer": moment}, channel=channel.id, kind=kind)
            assert ends(found) == {"finish": end_of("2026-11-30")}


@pytest.mark.duty("KF-A1", "R-KF-4")
def test_an_instruction_that_comes_later_opens_ten_days_of_its_own() -> None:
    known = {"transfer": "2026-11-23T10:00", "notice": "2026-11-26T15:00"}
    assert ends(dues(PACK, "2026-11-23T10:00", known)) == {"finish": end_of("2026-11-30")}
    # notice Thu 26; Fri 27 1, Mon 30 2, Tue 1 December 3 … Fri 4 6, Mon 7 7, Tue 8 8, Wed 9 9, Thu 10 10
    later = dues(PACK, "2026-11-23T10:00", known, assignment="leader")
    assert ends(later) == {"finish": end_of("2026-12-10")}
    sheet = next(rule for rule in PACK.unfixed if rule.id == "through-train-sheet")
    assert (sheet.what, sheet.how, sheet.classes) == ("finish", "leader", ("mayor",))


@pytest.mark.duty("KF-A1", "R-KF-5", "R-ALL-11")
def test_an_extension_runs_on_from_the_old_date_by_what_the_office_sets() -> None:
    due = dues(PACK, "2026-11-23T10:00", {"transfer": "2026-11-23T10:00"})["finish"]
    # due Mon 30 November; Tue 1 December 1, Wed 2 2, Thu 3 3
    assert extended(PACK, due, 3).at.isoformat() == end_of("2026-12-03")
    (rule,) = PACK.extensions
    assert (rule.requires, rule.late_request, rule.times) == (("reason",), "refused", None)


@pytest.mark.duty("KF-A1", "R-ALL-12")
def test_the_citizen_is_promised_the_date_of_the_platform() -> None:
    ticket = filed(PACK, "龙亭区的路灯坏了")
    promised = shown_date(ticket.due)
    assert promised is not None and promised.at.isoformat() == end_of("2026-11-30") and promised.provisional


@pytest.mark.duty("R-ALL-25")
def test_signing_return_follow_up_and_satisfaction_are_not_in_the_text() -> None:
    assert {silence.about: silence.fallback for silence in PACK.silences} == {
        "sign": "not_shown", "return": "switched_off", "satisfaction": "not_shown", "follow_up": "not_shown",
        "extension_length": "centre_sets", "extension_times": "no_cap",
    }  # fmt: skip
    assert not PACK.returns and not {"sign", "return", "follow_up"} & set(PACK.desk)


@pytest.mark.duty("KF-4", "R-KF-1", "R-KF-2")
def test_the_annex_has_59_units_in_five_groups() -> None:
    counts = {group.id: (len(group.members), group.rewards) for group in PACK.groups}
    assert counts == {
        "counties": (10, "own"), "departments": (28, "own"), "provincial": (2, "own"),
        "second-level": (9, "superior"), "companies": (10, "superior"),
    }  # fmt: skip
    members = [name for group in PACK.groups for name in group.members]
    assert len(members) == len(set(members)) == 59 and set(members) <= set(NAMES)


@pytest.mark.duty("KF-4", "R-KF-1")
@pytest.mark.parametrize(
    ("name", "superior"),
    [
        ("市公安局交通警察支队", "市公安局"), ("市社会保险中心", "市人力资源和社会保障局"),
        ("市劳动保障监察局", "市人力资源和社会保障局"), ("市不动产登记中心", "市自然资源和规划局"),
        ("市市容环境卫生管理局", "市城市管理局"), ("市市政管理处", "市城市管理局"), ("市城市照明管理处", "市城市管理局"),
        ("市城市管理执法支队", "市城市管理局"), ("市社会医疗保险中心", "市医疗保障局"),
        ("新区基础建设投资有限公司", "城乡一体化示范区管理委员会"), ("中国邮政开封分公司", "市邮政管理局"),
        ("中国联通开封分公司", "市工业和信息化局"), ("中国移动开封分公司", "市工业和信息化局"),
        ("中国电信开封分公司", "市工业和信息化局"), ("市供水总公司", "市城市管理局"), ("市新奥燃气有限公司", "市城市管理局"),
        ("市金盛热力有限公司", "市城市管理局"), ("市公共交通总公司", "市交通运输局"),
    ],
)  # fmt: skip
def test_each_second_level_body_and_company_has_the_superior_of_the_brackets(
    name: str, superior: str
) -> None:
    assert NAMES[name].superior == NAMES[superior].id


@pytest.mark.duty("KF-4", "R-KF-1")
def test_short_names_are_aliases_and_two_bodies_are_unranked() -> None:
    aliases = {alias: unit.name for unit in PACK.units for alias in unit.aliases}
    assert aliases["市城管局"] == "市城市管理局" and aliases["市资源规划局"] == "市自然资源和规划局"
    assert aliases["市人力资源社会保障局"] == "市人力资源和社会保障局"
    assert aliases["市国有资产监督管理委员会"] == "市财政局" and aliases["市城市综合执法局"] == "市城市管理局"
    power, post = NAMES["国家电网开封供电公司"], NAMES["市邮政管理局"]
    assert (power.superior, power.ranked, post.ranked, post.group) == (None, False, False, None)


DEMANDS = [
    ("祥符区某小区停水三天了", "市供水总公司"),
    ("昨晚开始停电，电表也不走", "国家电网开封供电公司"),
    ("天然气停气了", "市新奥燃气有限公司"),
    ("暖气不热，供暖温度不够", "市金盛热力有限公司"),
    ("老板拖欠工资三个月", "市劳动保障监察局"),
    ("养老金什么时候发", "市社会保险中心"),
    ("学校违规补课收钱", "市教育体育局"),
    ("医院挂号排了一天", "市卫生健康委员会"),
    ("小区物业不修大门", "市住房和城乡建设局"),
    ("有人占道摆摊", "市城市管理执法支队"),
    ("垃圾没人清运", "市市容环境卫生管理局"),
    ("路灯不亮", "市城市照明管理处"),
    ("井盖破了，下水道堵了", "市市政管理处"),
    ("红绿灯坏了，路口很堵车", "市公安局交通警察支队"),
    ("公交车不按点来", "市公共交通总公司"),
    ("工厂偷排废水，臭味很大", "市生态环境局"),
    ("超市卖过期食品", "市市场监督管理局"),
    ("房产证过户登记办不下来", "市不动产登记中心"),
    ("想办低保要什么条件", "市民政局"),
    ("发票开不出来，税务怎么办", "市税务局"),
    ("异地就医医保怎么报销", "市社会医疗保险中心"),
    ("兰考县有件事想反映", "兰考县人民政府"),
    ("禹王台区门口一到下雨就过不去", "禹王台区人民政府"),
]


@pytest.mark.duty("KF-4", "KF-3-2a")
@pytest.mark.parametrize(("said", "unit"), DEMANDS)
def test_a_demand_is_proposed_to_the_unit_by_its_duties(said: str, unit: str) -> None:
    chosen = choose_unit(PACK, text=said, place="")
    assert chosen.unit.name == unit, chosen.why


@pytest.mark.duty("KF-2", "KF-3-1b")
def test_what_fits_nobody_stays_with_the_office_and_several_units_are_coordinated() -> None:
    ticket = filed(PACK, "有件事想请您看看")
    assert ticket.lead_unit == "市长专线电话办公室（市企业投诉中心）" and "三（一）3" in ticket.lead_unit_why
    joint = filed(PACK, "路灯不亮，井盖也破了")
    assert {joint.lead_unit, *(share.unit for share in joint.co_handlers)} == {
        "市城市照明管理处",
        "市市政管理处",
    }
    assert {share.law.article for share in joint.co_handlers} == {"二4"}


@pytest.mark.duty("KF-4a")
def test_who_is_on_file_in_listed_units_and_who_outside_the_list() -> None:
    listed = {role for record in PACK.on_file if not record.unlisted for role in record.roles}
    assert listed >= {"chief", "dedicated_person", "deputy_head", "head_of_office"}
    (outside,) = (record for record in PACK.on_file if record.unlisted)
    assert outside.roles == ("part_time_contact",)


@pytest.mark.duty("KF-3-2a", "KF-3-2b", "KF-3-2c", "KF-3-1e")
def test_words_never_decide_that_a_matter_goes_to_the_mayor() -> None:
    for kind in KINDS:
        assert classify(PACK, kind=kind, text="特别重大，请市长批示") == "routine"
    assert {name: found.given_by for name, found in PACK.classes.items()} == {
        "routine": "text", "secretary": "centre", "mayor": "centre", "urgent": "centre",
    }  # fmt: skip
    assert provision(PACK, "through-train-sheet").requires == ("person", "length", "result")


@pytest.mark.duty("KF-3-1e", "ALL-1", "R-ALL-6")
def test_danger_is_in_the_highest_class_and_reported_at_once() -> None:
    assert PACK.highest_class() == "urgent"
    assert [(rule.what, rule.how) for rule in PACK.unfixed if "urgent" in rule.classes] == [
        ("start", "at_once")
    ]
    (lines,) = (rule for rule in PACK.emergency if rule.how == "transferred")
    assert lines.lines == ("110", "119", "120", "122")
    danger = screen_emergency("老人晕倒没反应", PACK)
    assert danger is not None and danger.sure and danger.call == "120"


@pytest.mark.duty("KF-2")
def test_phone_mailbox_and_internet_for_people_units_and_enterprises() -> None:
    assert {channel.id for channel in PACK.channels} >= {
        "phone",
        "mailbox",
        "webchat",
        "website",
        "assignment",
    }
    speakers = {matter.id: matter.speakers for matter in PACK.accepted}
    assert speakers["people"] == ("person", "grass_roots_unit") and speakers["enterprises"] == ("enterprise",)


@pytest.mark.duty("KF-2", "KF-3-2b")
@pytest.mark.parametrize(
    ("said", "is_one"),
    [
        ("我公司一个月被上门检查五次，还要罚款", True),
        ("我们厂的用电申请一直不批，审批拖了半年", True),
        ("我是一家小企业的负责人，想问贷款贴息补贴", True),
        ("营商环境太差，办证跑了七趟", True),
        ("我们公司拖欠工资，处罚他们", False),
        ("楼下公司噪音很大", False),
        ("我在超市买到过期食品，要求处罚", False),
    ],
)
def test_an_enterprise_that_complains_is_told_from_others(said: str, is_one: bool) -> None:
    assert ("enterprise" in matters_of(PACK, said)) is is_one


@pytest.mark.duty("KF-3-1d", "R-KF-8", "R-ALL-14")
def test_a_whistle_blower_is_asked_for_a_name_and_sealed_from_the_unit() -> None:
    ticket = filed(PACK, "举报我们镇长收了开发商的钱", kind="report", name="示例甲", phone="13800000000")
    assert ticket.contact.confidential and not ticket.contact.anonymous
    assert not filed(PACK, "路灯坏了", name="示例甲").contact.confidential
    (rule,) = (rule for rule in PACK.privacy if rule.about == "whistle_blower")
    assert (rule.withholds, rule.withheld_from, rule.asks_name) == (
        ("name", "phone"),
        ("unit", "public"),
        True,
    )


@pytest.mark.duty("KF-3-1a", "KF-3-1d", "R-KF-8")
def test_name_and_phone_are_asked_and_never_a_condition() -> None:
    for name in ("help", "complaint", "report"):
        asked = {question.field: question.optional for question in PACK.kinds[name].questions}
        assert asked["name"] and asked["phone"]
    ticket = filed(PACK, "举报有人偷排废水", kind="report")
    assert ticket.contact.anonymous and ticket.contact.confidential


REFUSED = [
    ("法院判我输了，你们让法院改判", "legal-route"),
    ("我已经向法院起诉了，请你们帮我要回赔偿", "legal-route"),
    ("劳动仲裁的裁决不公，请你们撤销裁决", "legal-route"),
    ("复议机关已经维持了，我不服，请你们改", "legal-route"),
    ("法院拖着不判我的案子，都一年了", "court-case"),
    ("检察院不批捕打我的人，请管一管", "court-case"),
    ("法院执行局不作为，两年没执行", "court-case"),
    ("信访局已经受理了我的事，你们再处理一下", "petition"),
    ("不服信访复核意见，要求重新处理", "petition"),
    ("我要申请政府信息公开，公开征地批文", "disclosure"),
    ("对信息公开答复不服，要求重新答复", "disclosure"),
    ("帮我查一下我前妻的手机号", "secrets"),
    ("能提供一下竞争对手的客户名单吗", "secrets"),
    ("哪里能找小姐陪睡", "morals"),
]
ACCEPTED = [
    "举报我们镇长收了开发商的钱", "实名举报村支书贪污低保款", "举报单位领导公款吃喝", "法官开庭的时候态度很差", "法院门口乱停车",
    "我是小学学生家长，要求公开家委会的会议纪要", "怎么向法院起诉", "信访局一直不受理我的材料", "怎么申请政府信息公开", "物业不公开维修基金账目，要求公开",
    "我的电话被中介泄露了，天天有骚扰电话", "有车挡住车库，帮我查一下这辆车的电话让他挪车", "举报隔壁宾馆招嫖",
    "公司的商业秘密被前员工泄露，市场监管局不管", "部队干休所旁边的路灯坏了", "单位内部食堂油烟扰民", "暖气不热没人管",
]  # fmt: skip


@pytest.mark.duty("ALL-1", "KF-2", "R-ALL-13")
@pytest.mark.parametrize(("said", "ground"), REFUSED)
def test_what_has_its_own_procedure_is_led_there_by_the_national_guidance(said: str, ground: str) -> None:
    found = screen_acceptance(said, PACK)
    assert found is not None and found.sure and found.rule == ground
    assert (found.citation.instrument, found.citation.article) == (GUIDANCE, "全文") and found.citation.reason
    assert found.citation.route is not None or ground in ("secrets", "morals")


@pytest.mark.duty("KF-3-1d", "ALL-1", "R-ALL-13", "R-ALL-14")
@pytest.mark.parametrize("said", ACCEPTED)
def test_words_alone_refuse_nothing_and_denunciations_are_accepted(said: str) -> None:
    found = screen_acceptance(said, PACK)
    assert found is None or not found.sure
    assert "discipline" not in {ground.id for ground in PACK.scope}


@pytest.mark.duty("ALL-1", "R-ALL-15")
@pytest.mark.parametrize("said", ["你们管不管啊", "没人管吗", "我要举报", "太黑了"])
def test_vague_words_are_no_ground_here(said: str) -> None:
    assert screen_acceptance(said, PACK) is None
    assert provision(PACK, "vague-to-a-person").readings == ("R-ALL-15",)


@pytest.mark.duty("KF-A1", "KF-A2", "R-KF-6", "R-ALL-20")
def test_points_are_lost_under_95_percent_only_and_never_below_nothing() -> None:
    rule = provision(PACK, "on-time-points")
    threshold = rule.figure("threshold")
    assert (threshold.value, threshold.bound) == (Decimal(95), "below")
    assert rule.figure("full").value == provision(PACK, "quality-points").figure("full").value == Decimal(30)


@pytest.mark.duty("KF-A3", "R-KF-6", "R-KF-7")
def test_nine_bonus_and_penalty_items_with_their_points() -> None:
    found = {**items(PACK, "bonus"), **items(PACK, "penalty")}
    points = {item.article: _points(item.figures) for item in found.values()}
    assert list(points) == [f"第四条（四）{number}" for number in range(1, 10)]
    assert list(points.values()) == [10, 5, 5, 1, -5, -5, -5, -10, -10]
    assert provision(PACK, "urging-gap").setting


def _points(figures: tuple[Figure, ...]) -> int:
    return next(int(figure.value) for figure in figures if figure.name == "points")


@pytest.mark.duty("KF-A4", "KF-A5", "R-KF-2")
def test_the_ranking_and_the_money_of_counties_and_departments() -> None:
    places = {
        name: (int(item.figures[0].value), int(item.figures[1].value))
        for name, item in items(PACK, "ranking").items()
    }
    assert places == {
        "first-counties": (2, 15), "last-counties": (2, -15),
        "first-departments": (5, 15), "last-departments": (5, -15),
    }  # fmt: skip
    money = {
        name: [int(item.figures[0].value) for item in items(PACK, name).values()]
        for name in ("money-main-leaders", "money-deputy-mayor", "money-inspection")
    }
    assert money == {
        "money-main-leaders": [30000, 10000], "money-deputy-mayor": [10000, 3000], "money-inspection": [10000, 3000],
    }  # fmt: skip
    assert provision(PACK, "money-of-subordinates").effect == "goes_to_superior"


@pytest.mark.duty("KF-3-3", "R-KF-7")
def test_matters_urged_twice_are_supervised_in_three_ways() -> None:
    rule = provision(PACK, "supervision")
    assert int(rule.figure("urgings").value) == 2
    assert set(items(PACK, "supervision")) == {"by-phone", "on-site", "by-coordination"}
