"""What the desk's pages show, to whom, and under which headers."""

import re
from datetime import datetime, timedelta
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession
from yarl import URL

from dispatch_client import payloads
from dispatch_desk.app import compose
from dispatch_desk.inbox import asked_at
from dispatch_desk.store import cases, listing
from dispatch_desk.web.inbox import read
from groundwork.database import open_pool
from groundwork.vault import Vault
from hotline.calendar import CITY_TIME
from hotline.citation import Citation, LawStatus
from hotline.deadlines import Due
from hotline.dispatching import UnitShare
from hotline.message import Location
from hotline.ticket import Contact
from staff.accounts import Role
from tests.dispatch import (
    FILED_AT,
    PASSWORD,
    RULES,
    UNIT,
    RunningDesk,
    a_due,
    a_number,
    a_pack,
    a_ticket,
    an_event,
    counted,
    filed,
    form_token,
    origin,
    post_event,
    settings_for,
    sign_in,
    text_of,
)
from tests.staffing import Fields

pytestmark = pytest.mark.enable_socket


@pytest.fixture(autouse=True)
async def empty(desk: RunningDesk) -> None:
    await desk.services.pool.execute(
        "TRUNCATE cases, case_events, case_steps, events_received, effects, staff_tries"
    )


async def file(desk: RunningDesk, letters: str, **changes: Any) -> str:
    number = a_number(letters)
    assert await post_event(desk.browser, filed(a_ticket(number, **changes))) == 202
    return number


class Words(HTMLParser):
    """What a page says, without its markup."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.parts: list[str] = []
        self.feed(page)

    def handle_data(self, data: str) -> None:
        self.parts.append(data)


def words(page: str) -> str:
    return re.sub(r"\s+", "", "".join(Words(page).parts))


async def test_the_list_shows_what_a_dispatcher_needs(desk: RunningDesk) -> None:
    number = await file(desk, "PPPPPPP1")
    await desk.enter(Role.DISPATCHER)
    said = words(await text_of(desk.browser, "/"))
    for word in (
        "示例小区东侧工地夜间施工",
        number,
        "一般事项",
        "投诉",
        "示例区示例路1号",
        "网页",
        "待签收",
        "还有1个工作日",
    ):
        assert word in said
    assert "最晚11月23日周一签收" in said
    assert "13800000000" not in said and "张样例" not in said


async def test_danger_is_on_top_and_then_what_is_due_first(desk: RunningDesk) -> None:
    soon, late = FILED_AT + timedelta(hours=2), FILED_AT + timedelta(days=3)
    last = await file(desk, "PPPPPPP2", due=(a_due("sign", late),))
    first = await file(desk, "PPPPPPP3", due=(a_due("sign", soon),))
    danger = await file(desk, "PPPPPPP4", due=(a_due("sign", late),), urgent=True, title="楼道有煤气味")
    without = await file(desk, "PPPPPPP5", due=())
    await desk.enter(Role.DISPATCHER)
    page = await text_of(desk.browser, "/")
    shown = list(dict.fromkeys(re.findall(r"/cases/(\w+)", page)))
    assert shown == [danger, first, last, without]
    assert "特急" in words(page) and page.count('class="is-urgent"') == 1


async def test_danger_that_nobody_signed_is_above_all_and_the_newest_first(
    desk: RunningDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also without a limit in the text, behind older ones, and when a page is full of those."""
    monkeypatch.setattr("dispatch_desk.inbox.PAGE", 3)
    began, soon = desk.clock.now, (a_due("sign", FILED_AT + timedelta(hours=2)),)
    dangers = []
    for hours, letters in enumerate(("PPPPPPD1", "PPPPPPD2", "PPPPPPD3", "PPPPPPD4")):
        desk.clock.now = began + timedelta(hours=hours)
        dangers.append(await file(desk, letters, urgent=True, due=() if hours else soon))
    calm = await file(desk, "PPPPPPD0", due=soon)
    await desk.enter(Role.DISPATCHER)
    first = await text_of(desk.browser, "/")
    pages = [first, await text_of(desk.browser, beside(first, "下一页"))]
    assert listed("".join(pages)) == [*reversed(dangers), calm]
    for number in dangers[2:]:
        token = await form_token(desk.browser, number)
        await desk.browser.post(
            f"/cases/{number}/sign", data={"form_token": token}, headers=origin(desk.browser)
        )
    assert listed(await text_of(desk.browser, "/")) == [dangers[1], dangers[0], calm]


def listed(page: str) -> list[str]:
    return list(dict.fromkeys(re.findall(r"/cases/(\w+)", page)))


def beside(page: str, label: str) -> str:
    """Return the address behind one of the links between pages."""
    found = re.search(rf'href="([^"]+)">{label}', page)
    assert found, label
    return "/" + unescape(found[1])


@pytest.mark.parametrize(
    ("query", "index"),
    [
        ("", "cases_in_order"),
        ("?after=5.2026", "cases_in_order"),
        ("?order=new", "cases_newest"),
        ("?order=new&before=5.2026", "cases_newest"),
        ("?kind=complaint", "cases_of_kind"),
        ("?class=general&after=5.2026", "cases_of_class"),
        ("?channel=webchat", "cases_of_channel"),
        ("?state=signed", "cases_of_state"),
        ("?confidential=1", "cases_confidential"),
        ("?urgent=1", "cases_urgent"),
        (f"?unit={UNIT}", "case_units_in_order"),
        (f"?unit={UNIT}&order=new", "case_units_newest"),
    ],
)
async def test_the_list_is_read_by_an_index_and_never_sorted(
    desk: RunningDesk, query: str, index: str
) -> None:
    asked = read(URL(f"/{query}").query, asked_at(desk.clock(), scope=None))
    statement, values, _ = listing._page(asked, 51)
    async with desk.services.pool.acquire() as connection, connection.transaction():
        await connection.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off")
        await connection.execute("SET LOCAL enable_bitmapscan = off")
        await listing.plan_anew(connection)
        plan = await connection.fetch(f"EXPLAIN (FORMAT JSON) {statement}", *values)
    inner = str(plan)[str(plan).index('"Limit"') :]
    assert index in inner and "Sort" not in inner, plan


async def test_an_account_without_its_unit_sees_no_case_and_is_told_why(desk: RunningDesk) -> None:
    number = await file(desk, "PPPPPPD5")
    await desk.staff(Role.UNIT)
    await desk.services.pool.execute("UPDATE staff_accounts SET unit = '' WHERE role = 'unit'")
    await desk.enter(Role.UNIT)
    for path in ("/", "/?view=unsigned"):
        page = await text_of(desk.browser, path)
        assert "还没有对应到具体单位" in page
        assert number not in page and "示例" not in page.replace("示例市", "")
    answer = await desk.browser.get(f"/cases/{number}", headers={"Accept": "text/html"})
    assert answer.status == 404 and number not in await answer.text()
    await desk.services.pool.execute("UPDATE staff_accounts SET unit = $1 WHERE role = 'unit'", UNIT)


async def test_an_account_of_a_unit_sees_its_cases_and_no_others(desk: RunningDesk) -> None:
    own = await file(desk, "PPPPPPD6")
    other = await file(desk, "PPPPPPD7", lead_unit="示例区城管局", urgent=True)
    await desk.enter(Role.UNIT)
    for view in ("all", "unsigned", "today", "late"):
        page = await text_of(desk.browser, f"/?view={view}")
        assert other not in page and "示例区城管局" not in page
    listed = await text_of(desk.browser, "/")
    assert own in listed and "全部1" in words(listed)
    assert "工地晚上十点以后还在浇筑" in await text_of(desk.browser, f"/cases/{own}")
    for way in (desk.browser.get, desk.browser.post):
        path = f"/cases/{other}" + ("/person" if way == desk.browser.post else "")
        token = await form_token(desk.browser, own)
        form = {"form_token": token, "why": "contact"} if way == desk.browser.post else None
        answer = await way(path, data=form, headers=origin(desk.browser))
        assert answer.status == 404
    assert await desk.count("audit_log", "kind = 'case' AND subject = $1", other) == 0


async def test_a_co_handler_sees_the_case_and_what_is_the_lead_s_to_do_is_not_offered(
    desk: RunningDesk,
) -> None:
    share = UnitShare(unit=UNIT, why="要一起去现场。", law=Citation(instrument=RULES, article="第十四条"))
    number = await file(desk, "PPPPPPE1", lead_unit="示例区城管局", co_handlers=(share,))
    await desk.enter(Role.DISPATCHER)
    token = await form_token(desk.browser, number)
    await desk.browser.post(f"/cases/{number}/sign", data={"form_token": token}, headers=origin(desk.browser))
    await desk.enter(Role.UNIT)
    page = await text_of(desk.browser, "/")
    assert listed(page) == [number] and "协办" in words(page)
    case = await text_of(desk.browser, f"/cases/{number}")
    assert "由牵头单位联系市民" in case and "检查并发出" not in case and "13800000000" not in case
    token = Fields(await text_of(desk.browser, "/units")).token
    for path, form in (("person", {"why": "contact"}), ("replies", {"text": "已于11月20日修好，现场看过。"})):
        answer = await desk.browser.post(
            f"/cases/{number}/{path}", data={"form_token": token, **form}, headers=origin(desk.browser)
        )
        assert answer.status == 404


async def test_the_list_holds_what_its_address_asks_for(desk: RunningDesk) -> None:
    other = "示例市交通局"
    plain = await file(desk, "PPPPPPE2")
    danger = await file(desk, "PPPPPPE3", urgent=True, channel="wechat", lead_unit=other)
    secret = await file(
        desk, "PPPPPPE4", contact=Contact(confidential=True), kind="report", ticket_class=None
    )
    await desk.enter(Role.DISPATCHER)
    for query, found in {
        "kind=report": {secret}, "kind=complaint": {plain, danger}, "class=general&kind=complaint&urgent=1": {danger},
        "channel=wechat": {danger}, f"unit={other}": {danger}, f"unit={UNIT}": {plain, secret}, "confidential=1": {secret},
        "state=received": {plain, danger, secret}, "state=replied": set(), "q=20261120": {plain, danger, secret},
        f"q={plain[-5:].lower()}": {plain}, "q=pppe": set(), "view=late&kind=report": set(),
    }.items():  # fmt: skip
        page = await text_of(desk.browser, f"/?{query}")
        assert set(listed(page)) == found, query
        assert f"全部{len(found)}" in words(page) or "view=" in query


async def test_more_than_can_be_counted_at_once_is_said_to_be_more(
    desk: RunningDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place in ("store.listing", "web.inbox"):
        monkeypatch.setattr(f"dispatch_desk.{place}.MOST", 2)
    for letters in ("PPPPPPE5", "PPPPPPE6", "PPPPPPE7"):
        await file(desk, letters)
    await desk.enter(Role.DISPATCHER)
    said = words(await text_of(desk.browser, "/"))
    assert "万以上" in said and "已超期0" in said


async def test_cases_of_before_get_their_unit_at_the_next_migration(desk: RunningDesk) -> None:
    own = await file(desk, "PPPPPPD8")
    columns = ("lead_unit", "units", "kind", "class", "channel", "confidential")
    asked = f"SELECT {', '.join(columns)} FROM cases WHERE number = $1"
    before = await desk.services.pool.fetchrow(asked, own)
    await desk.services.pool.execute("UPDATE cases SET " + ", ".join(f"{one} = NULL" for one in columns))
    async with desk.services.pool.acquire() as connection, connection.transaction():
        vault = Vault.from_settings(desk.settings)
        assert await cases.fill_columns(connection, vault) == 1
        assert await cases.fill_columns(connection, vault) == 0
    assert await desk.services.pool.fetchrow(asked, own) == before
    await desk.enter(Role.UNIT)
    assert own in await text_of(desk.browser, "/")


@pytest.mark.duty("KF-3-1d", "BD-35")
async def test_a_confidential_case_shows_neither_place_nor_person_in_the_list(desk: RunningDesk) -> None:
    contact = Contact(name="张样例", phone="13800000000", confidential=True)
    await file(desk, "PPPPPPP6", contact=contact, title="举报示例路1号的张样例")
    await desk.enter(Role.DISPATCHER)
    page = await text_of(desk.browser, "/")
    assert "（保密件）投诉" in page and "不显示" in page
    for word in ("示例路", "张样例", "13800000000", "138", "夜间施工"):
        assert word not in page


async def test_the_views_count_and_hold_the_same_cases(desk: RunningDesk) -> None:
    desk.clock.now = datetime(2026, 11, 23, 9, 0, tzinfo=CITY_TIME)
    today = await file(desk, "PPPPPPP7", due=(a_due("sign", desk.clock.now + timedelta(hours=2)),))
    late = await file(desk, "PPPPPPP8", due=(a_due("sign", desk.clock.now - timedelta(minutes=11)),))
    await file(desk, "PPPPPPP9", due=(a_due("sign", desk.clock.now + timedelta(days=2)),))
    await desk.enter(Role.DISPATCHER)
    said = words(await text_of(desk.browser, "/"))
    assert "全部3" in said and "待签收3" in said and "今天到期1" in said and "已超期1" in said
    for view, number in (("today", today), ("late", late)):
        page = await text_of(desk.browser, f"/?view={view}")
        assert set(re.findall(r"/cases/(\w+)", page)) == {number}
    page = words(await text_of(desk.browser, "/?view=late"))
    assert "超过11分钟" in page and "应在今天08:49前签收" in page


async def test_a_long_list_is_paged(desk: RunningDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dispatch_desk.inbox.PAGE", 2)
    filed = [await file(desk, letters) for letters in ("PPPPPPA1", "PPPPPPA2", "PPPPPPA3")]
    await desk.enter(Role.DISPATCHER)
    for order in ("/", "/?order=new"):
        first = await text_of(desk.browser, order)
        second = await text_of(desk.browser, beside(first, "下一页"))
        back = await text_of(desk.browser, beside(second, "上一页"))
        assert listed(back) == listed(first) and "上一页" not in first and "下一页" not in second
        assert len(listed(first)) == 2 and sorted(listed(first + second)) == sorted(filed)


@pytest.mark.parametrize(
    "query",
    [
        "?after=0", "?after=.", "?after=-9223372036854775808.x", "?after=9223372036854775807.2026&order=new",
        "?before=99999999999999999999999.2026", "?view=nonsense", "?after=².2026", "?before=1.%00", "?unit=%00", "?q=%25_%27",
        "?kind=x&class=y&state=z&channel=w&confidential=2&urgent=no", "?order=x",
    ],
)  # fmt: skip
async def test_any_query_shows_a_page(desk: RunningDesk, query: str) -> None:
    await desk.enter(Role.DISPATCHER)
    await text_of(desk.browser, f"/{query}")


async def test_an_empty_list_says_so(desk: RunningDesk) -> None:
    await desk.enter(Role.DISPATCHER)
    assert "还没有工单" in await text_of(desk.browser, "/")
    assert "这里没有工单" in await text_of(desk.browser, "/?view=late")


async def test_the_case_shows_the_ticket_with_dates_articles_and_reckoning(desk: RunningDesk) -> None:
    number = await file(desk, "PPPPPPB1", location=Location(lat=33.7661, lon=113.1929, label="东门"))
    await desk.enter(Role.DISPATCHER)
    said = words(await text_of(desk.browser, f"/cases/{number}"))
    for word in (
        number, "网页提交", "工地晚上十点以后还在浇筑", "示例区示例路1号，东门（33.76610，113.19290）", "晚上10点以后",
        "张**，138****0000", "示例区住建局", "说到了“施工”。", "《示例市热线办法》第三条：反映噪声扰民",
        "签收：最晚11月23日周一", "依据：《示例市热线办法》第八条", "暂定。等签收后确定。",
        "11月20日周五：当天不算", "11月21日周六：周末，不算", "11月23日周一：第1天", "我们小区东边的工地天天晚上施工",
    ):  # fmt: skip
        assert word in said, word
    assert "13800000000" not in said and "QC7777" not in said


async def test_who_helps_and_who_is_told_is_shown_with_reason_and_article(desk: RunningDesk) -> None:
    law = Citation(instrument=RULES, article="第十四条第六项")
    share = UnitShare(unit="示例区城市管理局", why="内容还提到“噪声”。", law=law)
    copy = UnitShare(unit="示例区人民政府", why="事情在它的辖区。", law=law)
    number = await file(desk, "PPPPPPC1", co_handlers=(share,), copies=(copy,))
    await desk.enter(Role.DISPATCHER)
    said = words(await text_of(desk.browser, f"/cases/{number}"))
    assert "协办单位示例区城市管理局内容还提到“噪声”。依据：《示例市热线办法》第十四条第六项" in said
    assert "抄送示例区人民政府事情在它的辖区。依据：《示例市热线办法》第十四条第六项" in said


async def test_a_case_without_helpers_names_none(desk: RunningDesk) -> None:
    number = await file(desk, "PPPPPPC2")
    await desk.enter(Role.DISPATCHER)
    said = words(await text_of(desk.browser, f"/cases/{number}"))
    assert "协办单位" not in said and "抄送" not in said


async def test_hours_are_reckoned_to_the_minute(desk: RunningDesk) -> None:
    due = Due(what="finish", at=FILED_AT + timedelta(hours=4), citation=Citation(instrument=RULES, article="第八条"),
              provisional=False, why="", unit="hours", since=FILED_AT)  # fmt: skip
    number = await file(desk, "PPPPPPC3", due=(due,))
    await desk.enter(Role.DISPATCHER)
    said = words(await text_of(desk.browser, f"/cases/{number}"))
    assert "11月20日15:30起算4小时，到11月20日19:30，夜里和休息日照样算。" in said


async def test_a_draft_and_days_off_are_named(desk: RunningDesk) -> None:
    days = counted(None, None, 1)
    cite = Citation(instrument="《示例市办法》", article="第二条", status=LawStatus.DRAFT)
    number = await file(
        desk, "PPPPPPB2", law=(cite,), due=(a_due("finish", FILED_AT + timedelta(days=2), days=days),)
    )
    await desk.enter(Role.DISPATCHER)
    said = words(await text_of(desk.browser, f"/cases/{number}"))
    assert "《示例市办法》（征求意见稿）第二条" in said


async def test_what_happened_is_told_newest_first(desk: RunningDesk) -> None:
    number = await file(desk, "PPPPPPB3")
    happened = {
        "supplemented": payloads.supplement_data("还有灰尘", at=FILED_AT, attachments=("ab",)),
        "urged": payloads.urge_data("怎么还没人来", at=FILED_AT),
        "rated": payloads.rating_data(2, "没有解决", at=FILED_AT),
        "withdrawn": payloads.withdrawal_data("已经停工了", at=FILED_AT),
    }
    for sequence, (name, data) in enumerate(happened.items(), start=2):
        assert await post_event(desk.browser, an_event(name, data, number=number, sequence=sequence)) == 202
    await desk.enter(Role.DISPATCHER)
    said = words(await text_of(desk.browser, f"/cases/{number}"))
    told = [
        "市民撤回：已经停工了",
        "市民评价：2分，没有解决",
        "市民催办：怎么还没人来",
        "市民补充：还有灰尘（附件1个）",
        "受理",
    ]
    assert [said.index(word, said.index("经过")) for word in told] == sorted(
        said.index(word, said.index("经过")) for word in told
    )


@pytest.mark.duty("KF-3-1d", "BD-13", "R-ALL-16")
@pytest.mark.parametrize(
    ("contact", "shown"),
    [
        (
            Contact(name="张样例", phone="13800000000", confidential=True, email="z@example.com"),
            "保密，姓名和联系方式不在这里",
        ),
        (Contact(anonymous=True), "匿名"),
        (Contact(), "没有留姓名，没有留电话"),
    ],
)
async def test_a_person_is_shown_as_they_asked(desk: RunningDesk, contact: Contact, shown: str) -> None:
    number = await file(desk, "PPPPPPB4", contact=contact, text="话", summary="话")
    await desk.enter(Role.DISPATCHER)
    said = words(await text_of(desk.browser, f"/cases/{number}"))
    assert shown in said and "张样例" not in said and "example.com" not in said


async def test_a_letter_shows_how_to_reach_its_writer_and_whether_it_may_be_published(
    desk: RunningDesk,
) -> None:
    contact = Contact(name="张样例", phone="13800000000", email="zhang@example.com")
    number = await file(desk, "PPPPPPC2", contact=contact, public=True, channel="mailbox")
    await desk.enter(Role.DISPATCHER)
    said = words(await text_of(desk.browser, f"/cases/{number}"))
    assert "张**，138****0000，z***@example.com" in said and "同意公布" in said and "市长信箱" in said


async def test_an_event_of_before_there_were_letters_is_shown_too(desk: RunningDesk) -> None:
    data = payloads.ticket_data(a_ticket(a_number("PPPPPPC3")))
    del data["public"], data["contact"]["email"]
    event = an_event("filed", data, number=a_number("PPPPPPC3"))
    assert await post_event(desk.browser, event) == 202
    await desk.enter(Role.DISPATCHER)
    assert "同意公布" not in words(await text_of(desk.browser, f"/cases/{a_number('PPPPPPC3')}"))


async def test_what_a_citizen_wrote_is_text_and_never_markup(desk: RunningDesk) -> None:
    attack = "<script>x()</script>\"'><img src=x>"
    changes = dict.fromkeys(
        ("title", "summary", "text", "place", "time", "lead_unit", "class_label", "kind_label"), attack
    )
    number = await file(desk, "PPPPPPB5", contact=Contact(name=attack, phone=attack), **changes)
    await desk.enter(Role.DISPATCHER)
    for path in ("/", f"/cases/{number}"):
        page = await text_of(desk.browser, path)
        assert "<script>" not in page and "<img" not in page


async def test_an_impossible_step_stays_visible_and_says_why(desk: RunningDesk) -> None:
    """A co-handler sees the case; signing is the lead's."""
    law = Citation(instrument=RULES, article="第六条")
    shares = (UnitShare(unit=UNIT, why="同一路段。", law=law),)
    number = await file(desk, "PPPPPPB6", lead_unit="示例市交通局", co_handlers=shares)
    await desk.enter(Role.UNIT)
    page = await text_of(desk.browser, f"/cases/{number}")
    assert 'aria-disabled="true"' in page and "由牵头单位或者派单员签收" in page
    assert f'action="/cases/{number}/sign' not in page


async def test_a_number_may_be_typed_as_people_type(desk: RunningDesk) -> None:
    number = await file(desk, "PPPPPPB7")
    await desk.enter(Role.DISPATCHER)
    assert number in await text_of(desk.browser, f"/cases/{number.lower()}")


@pytest.mark.parametrize(
    "path", ["/cases/20261120ABCDEFGHX", "/cases/x", "/cases/２０２６１１２０ABCDEFGHJ", "/nowhere"]
)
async def test_what_is_not_there_says_so(desk: RunningDesk, path: str) -> None:
    await desk.enter(Role.DISPATCHER)
    answer = await desk.browser.get(path, headers={"Accept": "text/html"})
    assert answer.status == 404
    assert "没有这个页面" in await answer.text()
    answer = await desk.browser.get(path, headers={"Accept": "application/json"})
    assert answer.content_type == "application/problem+json"


async def test_every_answer_bears_the_strict_policy_and_no_page_is_kept(desk: RunningDesk) -> None:
    number = await file(desk, "PPPPPPB8")
    await desk.enter(Role.DISPATCHER)
    for path in (
        "/",
        f"/cases/{number}",
        "/sign-in",
        "/nowhere",
        "/healthz",
        "/readyz",
        "/metrics",
        "/static/vendor/tokens.css",
    ):
        answer = await desk.browser.get(path, allow_redirects=False)
        policy = answer.headers["Content-Security-Policy"]
        assert policy.startswith(
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:;"
        )
        assert "form-action 'self'; base-uri 'none'; frame-ancestors 'none'" in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "same-origin"
        assert answer.headers["Cache-Control"] == ("no-cache" if path.startswith("/static/") else "no-store")


async def test_pages_hold_no_inline_style_or_script_and_nothing_from_elsewhere(desk: RunningDesk) -> None:
    number = await file(desk, "PPPPPPB9", urgent=True)
    await desk.enter(Role.DISPATCHER)
    for path in ("/", f"/cases/{number}", "/nowhere"):
        page = await (await desk.browser.get(path, headers={"Accept": "text/html"})).text()
        assert not re.search(r"<script(?! src=)|<style|\sstyle=|\son\w+=|javascript:|https?://", page)
        for address in re.findall(r'(?:href|src)="([^"]+)"', page):
            assert address.startswith(("/", "#", "?", "data:")), address
        assert page.count("<h1") == 1 and 'lang="zh-CN"' in page and 'href="#main"' in page


async def test_ready_only_with_a_database_in_the_right_form(
    desk: RunningDesk, postgres: Any, tmp_path: Path, aiohttp_client: Any
) -> None:
    assert (await desk.browser.get("/readyz")).status == 200
    nowhere = f"postgresql://huying@/postgres?host={tmp_path}"
    for url in (postgres.url(), nowhere):
        async with open_pool(url) as pool, ClientSession() as http:
            browser = await aiohttp_client(compose(settings_for(url, tmp_path), a_pack(), pool, http).app)
            answer = await browser.get("/readyz")
            assert answer.status == 503
            assert (await answer.json())["type"] == "urn:huying:problem:storage-away"
            assert (await browser.get("/healthz")).status == 200
            assert (await browser.get("/metrics")).status == 200


async def test_without_the_database_pages_and_events_say_try_later(
    desk: RunningDesk, tmp_path: Path, aiohttp_client: Any
) -> None:
    url = f"postgresql://huying@/postgres?host={tmp_path}"
    async with open_pool(url) as pool, ClientSession() as http:
        browser = await aiohttp_client(compose(settings_for(url, tmp_path), a_pack(), pool, http).app)
        assert await post_event(browser, filed(a_ticket())) == 503
        answer = await sign_in(browser, "dispatcher", PASSWORD)
        assert answer.status == 503
        assert "数据库暂时连不上" in await answer.text()
        browser.session.cookie_jar.update_cookies({"huying_desk_staff": "t"}, URL(str(browser.make_url("/"))))
        assert (await browser.get("/", headers={"Accept": "text/html"})).status == 503


async def test_a_danger_without_a_limit_in_the_text_is_to_be_handled_at_once(desk: RunningDesk) -> None:
    number = await file(desk, "PPPPPPC1", urgent=True, due=())
    await desk.enter(Role.DISPATCHER)
    for path in ("/", f"/cases/{number}"):
        page = await (await desk.browser.get(path)).text()
        assert "第一时间处置" in page
