"""Suqian: one platform for all sources, limits of the source channel, 155 units, proceedings led elsewhere."""

from dataclasses import replace

import pytest

from cities.loading import load_pack
from hotline.deadlines import shown_date
from hotline.dispatching import choose_unit
from hotline.limits import DeadlineRule
from hotline.screening import screen_acceptance, screen_emergency
from hotline.vocabulary import KINDS
from tests.cities.proving import dues, end_of, ends, filed, items, numbered, provision, rules_of

PACK = load_pack("suqian")
NAMES = {unit.name: unit for unit in PACK.units}
RULES = "《关于全面提升宿迁市市域治理一张网事件办理质效的若干规定》"
GUIDANCE = "《国务院办公厅关于进一步优化地方政务服务便民热线的指导意见》"


@pytest.mark.parametrize("row", numbered("duties", "SQ"))
def test_every_row_has_its_rule(row: str) -> None:
    assert [rule for rule in rules_of(PACK) if row in rule.duties], f"no rule names {row}"


@pytest.mark.parametrize("reading", numbered("readings", "R-SQ"))
def test_every_reading_of_the_city_stands_beside_a_rule(reading: str) -> None:
    assert [rule for rule in rules_of(PACK) if reading in rule.readings]


# What is due: the text has one figure, the working day for a return.
# 2025: off 01-28 to 02-04 (worked: Sun 01-26, Sat 02-08), off 10-01 to 10-08 (worked: Sun 09-28, Sat 10-11).
# 2026: off 01-01 to 01-03 (worked: Sun 01-04), off 02-15 to 02-23 (worked: Sat 02-14, Sat 02-28),
#       off 05-01 to 05-05 (worked: Sat 05-09), off 10-01 to 10-07 (worked: Sun 09-20, Sat 10-10).
WORKED = [
    ("2026-11-23T10:00", "2026-11-24"),  # Monday morning; Tuesday is the one day
    ("2026-11-23T23:40", "2026-11-24"),  # Monday near midnight: Monday is still the day of the event
    ("2026-11-24T00:10", "2026-11-25"),  # half an hour later it is Tuesday, so Wednesday
    ("2026-11-21T09:00", "2026-11-23"),  # Saturday; Sunday does not count, Monday does
    ("2025-09-26T17:00", "2025-09-28"),  # Friday; Saturday off, Sunday 28 is worked for the National Day
    ("2025-09-30T08:00", "2025-10-09"),  # Tuesday; 1 to 8 October off, Thursday 9 is the one day
    ("2025-10-04T12:00", "2025-10-09"),  # within the holiday
    ("2025-10-10T16:00", "2025-10-11"),  # Friday; Saturday 11 is worked
    ("2025-01-24T18:30", "2025-01-26"),  # Friday; Saturday off, Sunday 26 is worked for the Spring Festival
    ("2025-01-27T09:00", "2025-02-05"),  # Monday; 28 January to 4 February off
    ("2026-02-13T20:00", "2026-02-14"),  # Friday; Saturday 14 is worked
    ("2026-02-14T23:59", "2026-02-24"),  # the worked Saturday; 15 to 23 February off
    ("2026-05-08T10:00", "2026-05-09"),  # Friday; Saturday 9 is worked for the Labour Day
    ("2025-12-31T22:00", "2026-01-04"),  # Wednesday; 1 to 3 January off, Sunday 4 is worked
    ("2026-09-30T15:00", "2026-10-08"),  # Wednesday; 1 to 7 October off
]


@pytest.mark.duty("SQ-3-4a", "R-SQ-2", "R-ALL-1", "R-ALL-4")
@pytest.mark.parametrize(("moment", "day"), WORKED)
def test_a_unit_may_return_within_one_working_day_of_arrival(moment: str, day: str) -> None:
    found = dues(PACK, moment)
    assert ends(found) == {"return": end_of(day)}
    assert not found["return"].provisional and found["return"].citation.article == "三（四）"


@pytest.mark.duty("SQ-3-4a")
def test_at_the_end_of_the_known_calendar_the_return_is_provisional() -> None:
    # Thursday; Friday 1 January 2027 is off by law, Saturday and Sunday follow, Monday 4 is a guess until decreed
    found = dues(PACK, "2026-12-31T10:00")["return"]
    assert (found.at.isoformat(), found.provisional) == (end_of("2027-01-04"), True) and "2027" in found.why


@pytest.mark.duty("SQ-3-4a", "R-SQ-2")
def test_neither_signing_nor_channel_nor_kind_moves_the_return() -> None:
    wanted = {"return": end_of("2026-11-24")}
    assert ends(dues(PACK, "2026-11-23T10:00", {"signing": "2026-11-23T11:00"})) == wanted
    for channel in PACK.channels:
        for kind in KINDS:
            assert ends(dues(PACK, "2026-11-23T10:00", channel=channel.id, kind=kind)) == wanted


@pytest.mark.duty("SQ-3-4a", "R-SQ-2")
def test_a_late_return_counts_as_accepted_and_a_second_one_is_for_the_centre_to_open() -> None:
    (rule,) = PACK.returns
    assert (rule.late, rule.again) == ("counts_as_accepted", "centre_opens")
    assert rule.requires == ("reason", "basis", "proposal", "checker_name", "checker_phone")


@pytest.mark.duty("SQ-3-3", "SQ-3-5", "SQ-4-1", "R-SQ-1", "R-ALL-25")
def test_what_the_channel_does_not_set_is_not_promised() -> None:
    ticket = filed(PACK, "宿豫区的路灯坏了")
    assert shown_date(ticket.due) is None
    unfixed = {(rule.what, rule.how) for rule in PACK.unfixed if not rule.cases}
    assert unfixed == {
        ("sign", "channel"), ("finish", "channel"), ("start", "at_once"), ("contact", "at_once"),
    }  # fmt: skip
    silent = {silence.about: silence.fallback for silence in PACK.silences}
    assert silent == {
        "sign": "not_shown", "finish": "not_shown", "follow_up": "not_shown",
        "extension_length": "centre_sets", "extension_times": "no_cap",
    }  # fmt: skip


@pytest.mark.duty("SQ-4-1", "R-SQ-1")
def test_a_limit_that_the_city_enters_for_a_channel_holds_there_and_nowhere_else() -> None:
    own = DeadlineRule(
        id="phone", what="finish", starts="filing", working_days=5, channels=("phone",), setting=True,
        citation=PACK.unfixed[0].citation,
    )  # fmt: skip
    city = replace(PACK, deadlines=(*PACK.deadlines, own), book=None)
    # filed Tuesday 29 September; 30 counts 1, 1 to 7 October off, 8 and 9 count 2 and 3, the worked Saturday 4, Monday 5
    assert ends(dues(city, "2026-09-29T14:34", channel="phone"))["finish"] == end_of("2026-10-12")
    assert "finish" not in dues(city, "2026-09-29T14:34", channel="grid")


@pytest.mark.duty("SQ-3-7", "SQ-3-9", "SQ-4-5", "R-ALL-18")
def test_the_centre_sets_the_limit_of_what_is_handled_again() -> None:
    cases = {case for rule in PACK.unfixed if rule.how == "centre" for case in rule.cases}
    assert cases == {"redo", "second_handling", "not_solvable_now"}


@pytest.mark.duty("SQ-3-4b", "R-ALL-11")
def test_an_extension_is_asked_for_in_time_with_the_reason() -> None:
    (rule,) = PACK.extensions
    assert (rule.of, rule.requires, rule.late_request) == ("finish", ("reason",), "refused")
    assert (rule.times, rule.at_most_working_days, rule.at_most_days) == (None, None, None)


@pytest.mark.duty("SQ-X", "R-SQ-9")
def test_the_annex_has_155_units_in_five_groups() -> None:
    counts = {group.id: (group.label, len(group.members)) for group in PACK.groups}
    assert counts == {
        "counties": ("县区", 9), "party": ("党群类", 29), "government": ("政府类", 37),
        "vertical": ("垂管类", 24), "others": ("其他", 56),
    }  # fmt: skip
    members = [name for group in PACK.groups for name in group.members]
    assert len(members) == len(set(members)) == 155
    assert {NAMES[name].citation.article for name in members} == {
        "附件（一）", "附件（二）", "附件（三）", "附件（四）", "附件（五）",
    }  # fmt: skip


@pytest.mark.duty("SQ-X", "R-SQ-9")
@pytest.mark.parametrize("name", ["市法院", "市检察院", "市人大常委会办公室", "宿迁军分区"])
def test_courts_and_others_are_units_for_their_own_services(name: str) -> None:
    assert NAMES[name].group is not None


DEMANDS = [
    ("宿城区某小区停水三天了", "市水务集团"),
    ("泗洪县双沟镇昨晚开始停电", "市供电公司"),
    ("家里燃气表坏了，天然气用不了", "宿迁燃气公司"),
    ("老板拖欠工资三个月", "市人力资源社会保障局"),
    ("学校违规补课收钱", "市教育局"),
    ("医院挂号排了一天", "市卫生健康委"),
    ("小区物业不修大门", "市住房城乡建设局"),
    ("门口有人占道摆摊", "市城管局"),
    ("电动车违停堵了路口，红绿灯也坏了", "市公安局"),
    ("工厂偷排废水，臭味很大", "市生态环境局"),
    ("超市卖过期食品", "市市场监管局"),
    ("有人违法占地建房", "市自然资源和规划局"),
    ("想办低保要什么条件", "市民政局"),
    ("个税退税怎么申请", "市税务局"),
    ("异地就医医保怎么报销", "市医疗保障局"),
    ("公积金贷款额度怎么算", "市住房公积金管理中心"),
    ("快递被驿站弄丢了", "市邮政管理局"),
    ("宿豫区大门口一到下雨就过不去", "宿豫区"),
    ("苏宿工业园有件事想反映", "苏州宿迁工业园区"),
]


@pytest.mark.duty("SQ-3-2")
@pytest.mark.parametrize(("said", "unit"), DEMANDS)
def test_a_demand_is_mapped_to_the_unit_by_its_duties(said: str, unit: str) -> None:
    chosen = choose_unit(PACK, text=said, place="")
    assert chosen.unit.name == unit, chosen.why


@pytest.mark.duty("SQ-3-2", "SQ-4-5")
def test_what_fits_nobody_goes_to_the_centre_and_cites_why() -> None:
    ticket = filed(PACK, "有件事想请你们看看")
    assert ticket.lead_unit == "市指挥中心" and "四（五）6" in ticket.lead_unit_why


@pytest.mark.duty("SQ-5-1")
def test_joint_matters_have_one_lead_and_co_handlers() -> None:
    ticket = filed(PACK, "工地夜里施工黑烟滚滚，还拖欠工资", place="泗阳县")
    assert [share.unit for share in ticket.co_handlers] and ticket.lead_unit not in {
        share.unit for share in ticket.co_handlers
    }
    assert {share.law.article for share in ticket.co_handlers} == {"五"}


@pytest.mark.duty("SQ-3-1")
def test_every_source_comes_into_one_platform_and_is_kept_on_the_ticket() -> None:
    assert {channel.id for channel in PACK.channels} >= {
        "phone", "digital_city", "governance", "grid", "video", "warning",
    }  # fmt: skip
    assert {channel.id for channel in PACK.channels if channel.run_by == "us"} == {
        "webchat",
        "wechat",
        "mailbox",
    }
    assert filed(PACK, "路灯坏了", channel="mailbox").channel == "mailbox"
    hazards = next(matter for matter in PACK.accepted if matter.id == "hazards")
    assert "隐患" in hazards.says


@pytest.mark.duty("SQ-3-1")
def test_demands_have_kinds_but_no_classes() -> None:
    assert set(PACK.kinds) == set(KINDS) and not PACK.classes
    assert filed(PACK, "路灯坏了").ticket_class is None


REFUSED = [
    ("法院判我输了，你们让法院改判", "legal-route", RULES),
    ("我已经向法院起诉了，请你们帮我要回赔偿", "legal-route", RULES),
    ("劳动仲裁的裁决不公，请你们撤销裁决", "legal-route", RULES),
    ("复议机关已经维持了，我不服，请你们改", "legal-route", RULES),
    ("法院拖着不判我的案子，都一年了", "court-case", RULES),
    ("检察院不批捕打我的人，请管一管", "court-case", RULES),
    ("信访局已经受理了我的事，你们再处理一下", "petition", RULES),
    ("不服信访复核意见，要求重新处理", "petition", RULES),
    ("信访已经终结了，请重新处理", "petition", RULES),
    ("纪委已经作出结论了，我不服，要求重新调查", "settled-by-discipline", RULES),
    ("举报我们镇长收了开发商的钱", "discipline", GUIDANCE),
    ("实名举报村支书贪污低保款", "discipline", GUIDANCE),
    ("我要申请政府信息公开，公开征地批文", "disclosure", GUIDANCE),
    ("对信息公开答复不服，要求重新答复", "disclosure", GUIDANCE),
    ("帮我查一下我前妻的手机号", "secrets", GUIDANCE),
    ("请告诉我是谁举报的我", "secrets", GUIDANCE),
    ("哪里能找小姐陪睡", "morals", GUIDANCE),
]
ACCEPTED = [
    "法官开庭的时候态度很差", "法院门口乱停车", "怎么向法院起诉", "信访局在哪里办公", "信访局一直不受理我的材料",
    "村书记工作拖拉，不给开证明", "举报饭店用地沟油", "怎么申请政府信息公开", "物业不公开维修基金账目，要求公开",
    "我的电话被中介泄露了，天天有骚扰电话", "有车挡住车库，帮我查一下这辆车的电话让他挪车", "请帮我查一下派出所的电话",
    "举报隔壁宾馆招嫖", "我想查自己的社保", "路灯坏了一个月没人修", "军分区附近的路坑坑洼洼", "物业经理收停车费不开票",
    "建议法院路加装路灯", "老板拖欠工资三个月", "我要举报小区里有人赌博",
]  # fmt: skip


@pytest.mark.duty("SQ-4-4", "ALL-1", "R-ALL-13", "R-ALL-14")
@pytest.mark.parametrize(("said", "ground", "instrument"), REFUSED)
def test_what_has_its_own_procedure_is_led_there(said: str, ground: str, instrument: str) -> None:
    found = screen_acceptance(said, PACK)
    assert found is not None and found.sure and found.rule == ground
    assert found.citation.instrument == instrument and found.citation.reason
    assert found.citation.article == ("四（四）" if instrument == RULES else "全文")
    assert found.citation.route is not None or ground in ("secrets", "morals")


@pytest.mark.duty("SQ-4-4", "SQ-3-1", "R-ALL-13")
@pytest.mark.parametrize("said", ACCEPTED)
def test_words_alone_refuse_nothing(said: str) -> None:
    found = screen_acceptance(said, PACK)
    assert found is None or not found.sure


@pytest.mark.duty("ALL-1", "R-ALL-15")
@pytest.mark.parametrize("said", ["你们管不管啊", "没人管吗", "我要投诉", "太黑了"])
def test_vague_words_are_no_ground_here(said: str) -> None:
    assert screen_acceptance(said, PACK) is None
    assert provision(PACK, "vague-to-a-person").readings == ("R-ALL-15",)


@pytest.mark.duty("ALL-1")
def test_who_is_in_danger_is_sent_to_the_emergency_lines_at_once() -> None:
    (lines,) = (rule for rule in PACK.emergency if rule.how == "transferred")
    assert lines.lines == ("110", "119", "120", "122")
    danger = screen_emergency("我家楼下着火了", PACK)
    assert danger is not None and danger.sure and danger.call == "119"
    assert PACK.highest_class() is None  # the text keeps no class for danger


@pytest.mark.duty("SQ-4-2", "R-ALL-16")
def test_nobody_need_give_a_name_and_a_reply_to_the_nameless_has_three_elements() -> None:
    ticket = filed(PACK, "路灯坏了")
    assert ticket.contact.anonymous and not ticket.contact.confidential
    needed = {
        when: {element.content for element in PACK.reply_elements if element.needed == when}
        for when in ("always", "unsatisfied", "anonymous")
    }
    assert needed == {
        "always": {"handler", "time_of_contact", "conversation", "satisfaction"},
        "unsatisfied": {"reason", "documents"},
        "anonymous": {"handler", "contact", "progress"},
    }


@pytest.mark.duty("SQ-4-5", "R-SQ-3")
def test_of_seven_rules_against_void_replies_only_the_third_works_by_itself() -> None:
    articles = [reply.citation.article for reply in PACK.void_replies]
    assert list(dict.fromkeys(articles))[:7] == [f"四（五）{number}" for number in range(1, 8)]
    third = [reply for reply in PACK.void_replies if reply.by_itself]
    assert {(reply.citation.article, reply.effect) for reply in third} == {("四（五）3", "not_done")}
    assert "已联系市民解释" in third[0].phrases and "已督促部门整改" in third[0].phrases


@pytest.mark.duty("SQ-2-1", "SQ-2-3", "R-SQ-4")
def test_every_unit_has_a_leader_and_a_dedicated_person_on_file() -> None:
    roles = {role for record in PACK.on_file for role in record.roles}
    assert roles >= {"deputy_head", "dedicated_person", "chief", "duty_leader"}
    assert {item.to for item in items(PACK, "approved-by-level").values()} == {("deputy_head",), ("chief",)}
    assert provision(PACK, "final-reply").approved_by == "chief"


@pytest.mark.duty("SQ-5-2", "SQ-5-3", "R-SQ-8", "R-ALL-19")
def test_eight_triggers_and_six_forms_of_supervision() -> None:
    triggers, forms = items(PACK, "supervision-triggers"), items(PACK, "supervision-forms")
    assert [item.article for item in triggers.values()] == [f"五（二）{number}" for number in range(1, 9)]
    assert [item.article for item in forms.values()] == [f"五（三）{number}" for number in range(1, 7)]
    (often,) = triggers["urged-often"].figures
    assert (int(often.value), often.bound) == (3, "at_least")


@pytest.mark.duty("SQ-6", "SQ-7", "R-SQ-6", "R-SQ-7")
def test_the_score_has_no_weights_and_accountability_eleven_grounds() -> None:
    score = provision(PACK, "monthly-score")
    assert int(score.figure("full").value) == 100 and not any(item.figures for item in score.items)
    grounds = items(PACK, "accountability")
    assert [item.article for item in grounds.values()] == [f"七（三）{number}" for number in range(1, 12)]
    (last,) = grounds["last-of-the-year"].figures
    assert (int(last.value), last.unit) == (3, "places")
