"""One ticket's whole life in each city, from the first message to the end, through the real processes; days pass by the clock.

Each story follows the city's text: the dates are those that its articles give, the steps those that they order, each
with its article. People, places and numbers of telephones are fictional.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import TypeAlias

import pytest

from tests.e2e.chromium import CHROMIUM, checks_in
from tests.e2e.citizen import Citizen
from tests.e2e.lives import Chatter, Follower, Life, Stores, Writer, last_day
from tests.e2e.test_staff_pages import SHOTS
from tests.folders import server_folder
from tests.wechat.running import running_platform

Begins: TypeAlias = Callable[..., AbstractContextManager[Life]]
EMPTY = "已联系市民解释，已督促部门整改。"
NOT_OURS = "此事不属于我单位职责范围。"
HELD = "没有发出"
LEADING = Path(__file__).with_name("leading.mjs")


@pytest.fixture(scope="module")
def begins() -> Iterator[Begins]:
    """Begins the life of a city at a moment, on servers that all cities share."""
    with server_folder() as folder, Stores.running(folder) as stores:
        yield partial(Life.begun, stores=stores, folder=folder)


@pytest.mark.duty(
    "PDS-8C", "PDS-9", "PDS-11", "PDS-13", "PDS-16", "PDS-17", "PDS-18", "R-PDS-2", "R-PDS-3", "R-PDS-4", "R-ALL-11",
)  # fmt: skip
def test_pingdingshan_a_matter_of_class_c_is_planned_put_off_answered_and_assessed(begins: Begins) -> None:
    with begins("pingdingshan", "2026-09-29T09:00") as life:
        # By web chat; building without permission is class C: a plan within five working days (第八条).
        citizen = Chatter(life.system.gateway_url)
        ticket = citizen.files(
            "我们楼下邻居私搭乱建，搭了两层违章建筑，没人管，我要投诉", "示例路样例小区3号楼", "从上个月开始，一直没拆", "13900000000",
            "样例先生",
        )  # fmt: skip
        assert (ticket["class"], last_day(ticket, "plan")) == ("C", "2026-10-12"), (
            "the holiday does not count"
        )
        number = life.arrived(ticket)

        # Signed at once: 24 hours for a return run from there (第十一条).
        life.own.does(number, "sign")
        citizen.hears("市民呼必应指挥中心已经签收")
        assert last_day(citizen.progress(number, ticket["query_code"]).json(), "return") == "2026-09-30"

        # The last day of the plan: who is on duty is warned; the centre sets the limit by the plan (第八条).
        life.at("2026-10-12T09:00")
        life.warned(number, "快到期")
        life.centre.may_not(number, "steps/set-limit", new_date="2026-10-22", reason="先有计划。")
        life.own.does(
            number, "steps/plan", deputy_head="李样例", person="王样例", contact="0375-0000000",
            work_so_far="已经到现场量过，拍了照。", plan="先送达限期拆除决定，到期不拆的依法强制拆除。",
        )  # fmt: skip
        life.centre.does(number, "steps/set-limit", new_date="2026-10-22", reason="要先走完送达和催告。")
        citizen.hears("有进展", "要先走完送达和催告", "10月22日")

        # Put off once, with the new day and the reason told to the citizen; once more only on a law's ground (第九条).
        life.at("2026-10-21T10:00")
        life.own.does(number, "steps/ask-extension", reason="催告期还没有满。", length="3")
        life.centre.does(number, "steps/grant-extension", reason="催告期还没有满。", length="3")
        citizen.hears("经批准延期", "催告期还没有满", "10月27日")
        life.own.does(number, "steps/ask-extension", reason="还要两天。", length="2")
        refused = life.centre.may_not(number, "steps/grant-extension", reason="还要两天。", length="2")
        assert "请填好：依据的法律、文件和条款" in refused
        life.centre.does(number, "steps/refuse-extension", reason="已经延过一次。")

        # The citizen is told before the centre (第十三条); empty words do not leave.
        life.at("2026-10-26T10:00")
        life.own.may_not(number, "replies", text="10月23日已经拆完。")
        life.own.does(number, "steps/told-first", time_of_contact="10月26日9时", result="违章建筑已经拆完。")
        assert HELD in life.own.does(number, "replies", text=NOT_OURS)
        life.own.does(
            number, "replies", text="10月23日执法人员到场，两层违章建筑当天全部拆除，书面结果已经送达您本人。"
        )
        citizen.hears("有结果了", "两层违章建筑当天全部拆除", "请您评价")

        # Nobody rates within a day: two calls, three hours apart, unanswered, count as satisfied (第十六条、第十七条).
        assert "10月28日" in life.centre.page("/calls"), "two working days after the reply"
        life.at("2026-10-27T10:30")
        life.centre.does(number, "after/follow_up", result="rang_out")
        life.at("2026-10-27T11:30")
        assert "还没到打电话的时间" in life.centre.may_not(number, "after/follow_up", result="rang_out")
        life.at("2026-10-27T13:32")
        assert "按规定视为满意" in life.centre.does(number, "after/follow_up", result="rang_out")

        # What the citizen says prevails over what silence counts as; lasting disagreement is assessed (第十八条).
        citizen.say(option="rate")
        citizen.say("很不满意")
        citizen.say("墙根还留着一截")
        life.sees(number, "很不满意，")
        assert "先协调，还谈不拢再请第三方" in life.centre.may_not(
            number, "after/evaluate", reason="请第三方到场。"
        )
        life.centre.does(number, "steps/coordinated-after-reply", result="双方到场，对墙根归谁各说各的。")
        life.centre.does(
            number, "after/evaluate", reason="第三方到场测量，墙根在红线以外，应当拆除，当天拆完。"
        )
        life.centre.does(number, "after/close", category="done")
        life.stands(citizen, ticket, "closed")


@pytest.mark.duty(
    "KF-2", "KF-3-2a", "KF-3-3", "KF-3-4", "KF-3-5", "KF-3-7", "KF-A1", "R-KF-3", "R-KF-4", "R-KF-5", "R-ALL-11",
)  # fmt: skip
def test_kaifeng_a_letter_is_urged_instructed_put_off_answered_and_archived(begins: Begins) -> None:
    with begins("kaifeng", "2026-04-27T10:00") as life:
        # A letter; five working days from the transfer, over the holiday of May (考评办法第四条（三）1).
        citizen = Writer(
            life.system.gateway_url,
            {
                "subject": "路灯不亮", "body": "示例路和样例街之间的路灯从4月20日起就不亮，晚上看不见路，请派人来修。",
                "kind": "complaint", "place": "鼓楼区示例路", "name": "样例先生", "phone": "13900000000",
            },
        )  # fmt: skip
        assert last_day(citizen.ticket, "finish") == "2026-05-07"
        number = life.arrived(citizen.ticket)
        lamps = life.unit("lamps", citizen.ticket["lead_unit"])
        lamps.does(number, "sign")
        citizen.hears("signed", "市城市照明管理处")

        # Urged twice, a working day apart, without a result: supervised, by one of three forms (工作规则三（三）).
        life.at("2026-04-28T10:00")
        citizen.does("urge", say="快过节了还是黑的")
        life.centre.does(number, "supervision", category="urge", reason="请今天说明情况。")
        assert "两次催办没有结果" not in life.centre.page("/supervision")
        life.at("2026-04-29T10:00")
        life.centre.does(number, "supervision", category="urge", reason="还没有反馈，请说明。")
        assert "两次催办没有结果" in life.centre.page("/supervision")
        life.centre.does(
            number, "supervision", category="supervision", form="on-site", reason="到现场看了，电缆被挖断。"
        )
        assert "两次催办没有结果" not in life.centre.page("/supervision")

        # A leader's instruction opens ten days of its own beside the five; an extension puts off both (R-KF-4, R-KF-5).
        life.centre.does(
            number,
            "steps/instructed",
            name="张样例，副市长",
            time="4月29日",
            leader="deputy_mayor",
            given_on="2026-04-29",
            instruction="请照明处尽快修好。",
        )
        page = lamps.page(f"/cases/{number}")
        assert "最晚5月7日周四" in page and "最晚5月15日周五" in page and "原定" not in page
        life.at("2026-05-06T09:00")
        lamps.does(number, "steps/ask-extension", reason="要等施工单位停电。")
        life.centre.does(number, "steps/grant-extension", length="3", reason="要等施工单位停电。")
        page = lamps.page(f"/cases/{number}")
        assert "最晚5月11日周一" in page and "最晚5月20日周三" in page, "Saturday 9 May is a working day"
        citizen.hears("extended", "要等施工单位停电")
        assert last_day(citizen.page(), "finish") == "2026-05-11"
        lamps.does(number, "steps/progress", progress="电缆已经接好一半。")
        citizen.hears("progressed", "电缆已经接好一半")

        # An empty report goes back to be done again (工作规则三（三）、三（四）).
        life.at("2026-05-11T09:00")
        life.warned(number, "快到期")
        assert HELD in lamps.does(number, "replies", text=EMPTY)
        lamps.does(number, "replies", text="5月9日换好电缆86米，示例路和样例街之间的14盏路灯全部亮起。")
        citizen.hears("replied", "14盏路灯全部亮起")

        # The text has no calls; what the citizen says is kept, the office agrees and files by the month (三（五）1、三（七）).
        citizen.does("rate", grade=5, say="亮了")
        life.sees(number, "很满意，")
        life.centre.may_not(number, "after/follow_up", result="rang_out")
        life.centre.does(number, "after/close", category="done")
        citizen.hears("closed")
        life.at("2026-06-01T09:00")
        assert "已经归档" in life.centre.does(number, "after/archive")


@pytest.mark.duty(
    "SQ-3-3", "SQ-3-4a", "SQ-3-6", "SQ-3-8", "SQ-3-9", "SQ-3-10", "SQ-4-2", "SQ-4-5", "R-SQ-1", "R-SQ-2", "R-SQ-3",
    "R-ALL-8", "R-ALL-18",
)  # fmt: skip
def test_suqian_a_matter_goes_to_another_unit_is_answered_done_again_and_archived(begins: Begins) -> None:
    with running_platform() as platform, begins("suqian", "2026-03-06T16:00", env=platform.settings) as life:
        platform.do(strict=True)
        # By WeChat, on a Friday afternoon.
        citizen = Follower(life.system.gateway_url, platform)
        ticket = citizen.files(
            "示例路的路灯坏了，晚上一片漆黑，没人修，我要投诉", "13900000000", "样例先生", "1"
        )
        number = life.arrived(ticket)
        lamps, houses = life.unit("lamps", "市城管局"), life.unit("houses", "市住房城乡建设局")

        # Monday is the last day for a return, with reason, basis, proposal and who checked (三（四）).
        life.at("2026-03-09T10:00")
        why = {"reason": "这段路还没有移交。", "basis": "示例路移交协议", "proposal": "市住房城乡建设局"}
        assert "核实人姓名" in lamps.may_not(number, "steps/ask-return", **why)
        checked = {"checker_name": "王样例", "checker_phone": "0527-0000000"}
        lamps.does(number, "steps/ask-return", **why, **checked)
        life.centre.does(number, "steps/grant-return", unit="市住房城乡建设局", reason="这段路还没有移交。")
        assert not lamps.has(number) and houses.has(number)

        # The next unit has a working day of its own; after it the case counts as accepted.
        assert "退回原定3月9日" not in houses.page(f"/cases/{number}")
        life.at("2026-03-11T09:00")
        late = houses.may_not(number, "steps/ask-return", **why, **checked)
        assert "过了退回的期限，算已经接收" in late

        # WeChat lets nobody write after two days: what happened is told when the citizen writes next.
        assert citizen.hears_nothing()
        citizen.learns("查进度", "已经转给市住房城乡建设局办理", "这段路还没有移交")
        houses.does(number, "sign")
        citizen.hears("市住房城乡建设局已经签收")
        houses.may_not(
            number, "replies", text="3月10日已经修好。", approver="李样例", major="no"
        )  # spoken with first (三（三）)
        houses.does(
            number, "steps/contact", time_of_contact="3月11日9时30分", conversation="东段十二盏灯都不亮。"
        )
        # The text has no figure; the channel's own limit is entered and told (R-SQ-1).
        life.centre.does(
            number,
            "steps/set-limit",
            new_date="2026-03-20",
            basis="微信渠道的办理时限",
            reason="按来件渠道的时限。",
        )
        citizen.hears("有进展", "3月20日")

        # A stock phrase is no answer by itself (四（五）3); the four elements are (四（二）).
        life.at("2026-03-18T10:00")
        held = houses.does(number, "replies", text=EMPTY, approver="李样例", major="no")
        assert HELD in held and "视为没有办结" in held
        houses.does(
            number, "replies", approver="李样例", major="no",
            text="承办人王样例3月11日9时30分和您电话沟通，您说示例路东段十二盏路灯都不亮。3月17日施工队换好电缆，十二盏灯已经全部亮起。"
            "办理结果已告知您，您表示满意。",
        )  # fmt: skip

        # Told when the citizen writes; dissatisfied, it is done again by a day (三（九）).
        life.at("2026-03-18T16:00")
        citizen.learns("查进度", "十二盏灯已经全部亮起")
        for said in ("评价", "5", "还有三盏灯不亮"):
            answer = citizen.say(said)
        assert "补进" in answer
        life.sees(number, "很不满意，")
        life.centre.does(number, "after/redo", category="undone", day="2026-03-25", reason="还有三盏灯不亮。")
        citizen.hears("还要再办一次", "还有三盏灯不亮", "3月25日")
        life.at("2026-03-20T11:00")
        houses.does(
            number, "replies", approver="李样例", major="no",
            text="承办人王样例3月20日9时和您电话沟通，您说还有三盏灯不亮。3月20日施工队更换三盏灯的驱动电源，三盏灯全部亮起。结果已告知您，您表示满意。",
        )  # fmt: skip
        citizen.hears("有结果了", "三盏灯全部亮起")

        # Nobody rates within a day: called, and content (三（八）); closed and archived (三（十）).
        life.at("2026-03-21T11:30")
        life.centre.does(number, "after/follow_up", result="answered", grade="4", solved="yes")
        life.centre.does(number, "after/close", category="done")
        life.stands(Citizen(life.system.gateway_url), ticket, "closed")
        life.at("2026-04-01T10:00")
        assert "已经归档" in life.centre.does(number, "after/archive")


@pytest.mark.duty(
    "BD-19", "BD-21-1", "BD-21-5", "BD-22", "BD-23", "BD-24", "BD-25", "BD-26", "BD-27", "BD-28", "R-BD-2", "R-BD-7", "R-BD-9",
    "R-ALL-5", "R-ALL-11",
)  # fmt: skip
def test_baoding_a_complaint_is_put_off_twice_rated_by_mistake_and_closed_by_its_kind(begins: Begins) -> None:
    with begins("baoding", "2026-03-05T10:00") as life:
        # By web chat; a working day to sign, two for a return, seven from the signing to finish (第二十一条).
        citizen = Chatter(life.system.gateway_url)
        ticket = citizen.files(
            "我家楼上的健身房办了年卡不到一个月就关门，不退钱，我要投诉",
            "莲池区示例路样例广场",
            "这个月以来",
            "13900000000",
            "样例先生",
        )
        days = {what: last_day(ticket, what) for what in ("sign", "return", "finish")}
        assert days == {"sign": "2026-03-06", "return": "2026-03-09", "finish": "2026-03-17"}
        number, code = life.arrived(ticket), ticket["query_code"]
        life.own.does(number, "sign")
        citizen.hears("已经签收")
        assert last_day(citizen.progress(number, code).json(), "finish") == "2026-03-16", "signed a day early"
        life.own.does(
            number, "steps/contact", time_of_contact="3月5日15时", conversation="卡里还剩十一个月。"
        )

        # Past its day without a ground: on the board for supervision (第二十五条第二项).
        life.at("2026-03-16T09:00")
        life.warned(number, "快到期")
        life.own.does(
            number, "steps/ask-extension", reason="经营者失联。", length="10", progress="到场两次。"
        )
        life.at("2026-03-17T09:00")
        life.warned(number, "已过期")
        assert "过了期还没办" in life.centre.page("/supervision")

        # Asked in time and granted late is in time; fifteen working days in all, more only by law (第二十二条).
        life.centre.does(
            number, "steps/grant-extension", reason="经营者失联。", length="10", progress="到场两次。"
        )
        citizen.hears("经批准延期", "经营者失联", "3月30日")
        citizen.hears("有进展", "到场两次")
        life.at("2026-03-30T09:00")
        life.own.does(
            number, "steps/ask-extension", reason="登记地址在外地。", length="6", progress="查到了地址。"
        )
        form = {"reason": "登记地址在外地。", "progress": "查到了地址。"}
        refused = life.centre.may_not(number, "steps/grant-extension", length="6", **form)
        assert "请填好：依据的法律、文件和条款" in refused
        life.centre.does(number, "steps/grant-extension", length="5", **form)
        citizen.hears("经批准延期", "登记地址在外地", "4月7日")
        citizen.hears("有进展", "查到了地址")

        # Who sends the citizen elsewhere has not answered (第十八条).
        life.at("2026-04-02T10:00")
        assert HELD in life.own.does(number, "replies", text=NOT_OURS)
        life.own.does(
            number, "replies", text="4月1日市场监管人员找到经营者，查明年卡还剩11个月，当日退还预付款2200元。"
        )
        citizen.hears("有结果了", "当日退还预付款2200元")

        # Rated by mistake: the unit proposes, the centre sets it aside, the figure stays (第二十七条第三项).
        citizen.say(option="rate")
        citizen.say("很不满意")
        life.sees(number, "很不满意，")
        mistaken = {"category": "mistaken", "reason": "打电话核实，他点错了。"}
        life.own.does(number, "after/set_rating_aside", **mistaken)
        life.own.may_not(number, "after/close", category="dealt-with")
        assert "依法处理了" not in life.centre.page(f"/cases/{number}").partition("办结的依据")[2][:60]
        assert "很不满意" in life.centre.does(number, "after/set_rating_aside", **mistaken)
        life.centre.may_not(number, "after/archive")
        life.centre.does(number, "after/close", category="dealt-with")
        life.stands(citizen, ticket, "closed")
        assert "已经归档" in life.centre.does(number, "after/archive")


@pytest.mark.duty(
    "XA-1f", "XA-3", "XA-4", "XA-M2", "XA-M3", "XA-M4a", "XA-M4b", "XA-M5", "R-XA-1", "R-XA-3", "R-ALL-4", "R-ALL-7", "R-ALL-25",
)  # fmt: skip
def test_xian_an_enterprise_is_heard_by_several_units_and_its_discontent_goes_up(begins: Begins) -> None:
    with begins("xian", "2026-06-12T17:30") as life:
        # A firm's letter on a Friday evening: taken and begun within the hour, the state told within seven days (三（四）).
        citizen = Writer(
            life.system.gateway_url,
            {
                "subject": "我们公司门口占道施工，货车进不去",
                "body": "我们是西安样例餐饮有限公司。公司门口的示例路6月8日起占道施工，围挡把进出口堵死，货车进不去，停业损失很大，请协调留出通道。",
                "kind": "complaint", "place": "新城区示例路12号", "name": "样例公司", "phone": "13900000000",
            },
        )  # fmt: skip
        assert {due["at"][:15] for due in citizen.ticket["due"]} == {"2026-06-12T18:3", "2026-06-19T23:5"}
        number = life.arrived(citizen.ticket)
        county = life.unit("county", "新城区人民政府")
        assert "还没有派给" not in county.page(f"/cases/{number}")
        life.at("2026-06-12T18:10")
        county.does(number, "sign")
        assert "按时" in county.does(number, "steps/start", person="王样例")
        citizen.hears("signed", "新城区人民政府")
        assert not any(due["provisional"] for due in citizen.page()["due"])

        # The through-train for enterprises: a working group, two units together, a third called to the place (三（二）、三（五）).
        parts = "新城区：协调施工单位；市公安局：疏导货车。"
        county.does(number, "steps/working-group", person="王样例", parts=parts)
        life.centre.does(
            number, "steps/designate", unit="新城区人民政府", units="市公安局", reason="还牵涉交通疏导。"
        )
        police = life.unit("police", "市公安局")
        assert police.has(number)
        police.may_not(number, "steps/split", parts=parts)
        county.does(number, "steps/split", parts=parts)
        county.does(number, "steps/whistle", units="市市场监管局", reason="核对围挡占用的门面。")
        county.does(number, "steps/reported-in", result="准时到场，配合好。")
        ledger = {"category": "one-standard:enterprise", "reason": "涉企诉求，进台账。"}
        life.centre.does(number, "supervision", **ledger)

        # Seven days count every day, the festival too; a report is no end (三（四）2).
        life.at("2026-06-19T09:00")
        life.warned(number, "快到期")
        county.does(number, "steps/state", progress="围挡退后三米，货车能进出，余下的等管线接通。")
        citizen.hears("progressed", "围挡退后三米")
        county.does(number, "steps/enterprise-told", person="企业联络专员王样例", result="围挡退后三米。")
        assert "方案没有延期这一步" in county.page(f"/cases/{number}")

        assert HELD in county.does(number, "replies", text=NOT_OURS)
        county.does(number, "replies", text="6月18日管线接通，施工单位当天拆除围挡，货车进出口全部恢复。")
        citizen.hears("replied", "货车进出口全部恢复")

        # Not content: it goes up by itself, to the leaders and the branch above (二（四）); closed after review (四（四）).
        citizen.does("rate", grade=2, say="路面还没有恢复")
        life.sees(number, "不满意，")
        assert "对办理结果不满意" in life.centre.page("/supervision")
        if CHROMIUM:
            password = life.system.password("desk", "leader")
            assert (
                checks_in(LEADING, life.system.desk_url, CHROMIUM, number, SHOTS, given=password, timeout=120)
                == 2
            )
        life.centre.does(
            number,
            "supervision",
            category="abnormal-goes-up:unsatisfied",
            reason="上报区主要领导。",
            result="月底前恢复路面。",
        )
        assert "对办理结果不满意" not in life.centre.page("/supervision").partition("台账")[0]
        life.centre.does(number, "after/close", category="done")
        citizen.hears("closed")
