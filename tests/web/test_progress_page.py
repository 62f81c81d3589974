"""The progress page and its interface."""

import io
import re
from dataclasses import replace
from datetime import timedelta

import pytest
from aiohttp import ClientResponse, FormData

from gateway.web.rendering import WORDS
from hotline.dates import dates_of
from hotline.deadlines import due_moments, shown_date
from hotline.message import SOLVED
from hotline.ticket import is_ticket_number
from tests.samples import an_image
from tests.unit.hotline.test_dates import Told, a_ticket
from tests.web.fake_app import (
    CODE,
    NOW,
    NUMBER,
    PACK,
    FakeCore,
    FakeFiles,
    FakeLimits,
    FakeRegister,
    FakeSheets,
)
from tests.web.reading import Client, Page, press

RIGHT = {"number": NUMBER, "query_code": CODE}


def well_formed_stranger() -> str:
    from datetime import date

    from hotline.ticket import ticket_number

    return ticket_number(date(2026, 9, 29), "ZZZZZZZZ")


async def ask(client: Client, number: str, code: str) -> tuple[ClientResponse, Page]:
    page = Page(await (await client.get("/progress")).text())
    return await press(client, page, "查询", number=number, query_code=code)


@pytest.mark.duty("ALL-4")
async def test_number_and_code_show_the_timeline(client: Client) -> None:
    response, page = await ask(client, NUMBER, CODE)
    assert response.status == 200
    for part in (
        "示例小区东侧工地夜间施工",
        "正在办理",
        "示例区住房和城乡建设局",
        "承办单位已签收",
        "已受理",
        "最晚答复您",
    ):
        assert part in page.words
    steps = [
        attrs for attrs in page.found("li") if "aria-current" in attrs or attrs.get("class") == "is-next"
    ]
    assert [attrs.get("aria-current") for attrs in steps] == [None, "step"]
    assert response.headers["Cache-Control"] == "no-store"


async def test_they_may_be_typed_as_people_type(client: Client) -> None:
    typed = f"{NUMBER[:8]} {NUMBER[8:12].lower()}-{NUMBER[12:]}"
    response, _ = await ask(client, typed, f" {CODE.lower()} ")
    assert response.status == 200


async def test_a_wrong_code_and_an_unknown_number_read_the_same(client: Client) -> None:
    told = []
    for number, code in ((NUMBER, "AAAAAA"), (well_formed_stranger(), CODE), ("nonsense", CODE)):
        response, page = await ask(client, number, code)
        told.append((response.status, re.sub(r"\s+", " ", page.words)))
    assert told[0] == told[1] == told[2]
    assert told[0][0] == 404


async def test_what_was_typed_stays_in_the_form(client: Client) -> None:
    response, page = await ask(client, NUMBER, "AAAAAA")
    _form, values = page.form_with("查询")
    assert values == {"number": NUMBER, "query_code": "AAAAAA"}
    code = next(attrs for attrs in page.found("input") if attrs.get("name") == "query_code")
    assert code["aria-invalid"] == "true" and "code-e" in (code["aria-describedby"] or "")
    assert (await response.text()).count("<title>有1处要改：") == 1


async def test_tries_count_down_and_then_it_is_locked_for_everybody_at_that_address(client: Client) -> None:
    for left in range(9, 0, -1):
        response, page = await ask(client, NUMBER, "AAAAAA")
        assert response.status == 404
        assert (f"还可以试{left}次" in page.words) == (left <= 5)
    await ask(client, NUMBER, "AAAAAA")
    response, page = await ask(client, NUMBER, CODE)
    assert response.status == 429
    assert int(response.headers["Retry-After"]) == 900
    assert "15分钟后再查" in page.words and "示例小区" not in page.words


async def test_a_number_is_locked_whatever_the_address(client: Client, limits: FakeLimits) -> None:
    limits.counts["progress.number", NUMBER] = 10
    response = await client.post("/api/progress", json=RIGHT)
    assert response.status == 429 and response.headers["Retry-After"] == "900"


async def test_empty_fields_are_named_and_cost_no_try(client: Client, limits: FakeLimits) -> None:
    response, page = await ask(client, "", " ")
    assert response.status == 422
    assert "请填写单号" in page.words and "请填写查询码" in page.words
    assert not limits.counts


async def test_a_link_fills_in_the_number(client: Client) -> None:
    page = Page(await (await client.get(f"/progress?number={NUMBER}")).text())
    assert page.form_with("查询")[1]["number"] == NUMBER


async def test_the_size_can_be_switched_without_typing_again(client: Client) -> None:
    _, page = await ask(client, NUMBER, CODE)
    response, page = await press(client, page, "切换到关怀版")
    assert response.status == 200 and "示例小区东侧工地夜间施工" in page.words
    assert page.found("body")[0]["data-weui-mode"] == "care"
    assert Page(await (await client.get("/")).text()).found("body")[0].get("data-weui-mode") == "care"


async def test_programs_get_the_public_timeline(client: Client) -> None:
    response = await client.post("/api/progress", json=RIGHT)
    found = await response.json()
    assert response.status == 200 and is_ticket_number(found["number"])
    assert [step["name"] for step in found["steps"]] == ["signed", "filed"]
    assert found["steps"][0]["at"].endswith("+08:00")
    assert {"what", "at", "article", "provisional", "why"} == set(found["due"][0])
    assert CODE not in await response.text()


async def test_programs_are_told_alike_too(client: Client) -> None:
    bodies = []
    for number, code in ((NUMBER, "AAAAAA"), (well_formed_stranger(), CODE)):
        response = await client.post("/api/progress", json={"number": number, "query_code": code})
        assert response.status == 404
        bodies.append(await response.json())
    assert bodies[0] == bodies[1]


@pytest.mark.parametrize(
    "body", [b"[" * 100_000, b"{}", b'{"number": 1, "query_code": "a"}', b"\xff", b"null"]
)
async def test_anything_else_is_422(client: Client, body: bytes) -> None:
    response = await client.post("/api/progress", data=body, headers={"Content-Type": "application/json"})
    assert response.status == 422 and response.content_type == "application/problem+json"


async def test_a_date_that_moved_shows_old_new_and_reason(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket = a_ticket(PACK, NOW, kind="complaint", ticket_class="normal")
    dates = dates_of(PACK, ticket, [
        Told("signed", NOW + timedelta(minutes=50), {"unit": "示例区住房和城乡建设局"}),
        Told("extended", NOW + timedelta(days=9), {"what": "finish", "number": 4, "reason": "要等夜间噪声检测结果。"}),
    ])  # fmt: skip
    shown = replace(
        FakeRegister.status, due=dates.due, changes=dates.changes, shown_due=shown_date(dates.due)
    )
    monkeypatch.setattr(FakeRegister, "status", shown)
    _, page = await ask(client, NUMBER, CODE)
    first, second = "2026年10月12日（周一）", "2026年10月16日（周五）"
    assert f"承办单位在2026年9月29日（周二） 15:20签收，现在提前到{first}。" in page.words
    assert f"办结并答复您的日期原定{first}，经批准延到{second}。原因：要等夜间噪声检测结果。" in page.words
    assert page.words.count(second) >= 3 and "国庆节放假" in page.words and "国庆节调休上班" in page.words
    found = await (await client.post("/api/progress", json=RIGHT)).json()
    told = [
        (change["what"], change["why"]) for change in found["changes"] if change["what"] in WORDS["promised"]
    ]
    assert told == [
        ("finish", "signed"),
        ("follow_up", "signed"),
        ("finish", "extended"),
        ("follow_up", "extended"),
    ]


async def test_hours_are_shown_to_the_minute_and_every_other_date_with_its_reckoning(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    due = due_moments(PACK, kind="complaint", ticket_class="urgent", channel="webchat", at=NOW)
    monkeypatch.setattr(
        FakeRegister, "status", replace(FakeRegister.status, due=due, shown_due=shown_date(due))
    )
    _, page = await ask(client, NUMBER, CODE)
    assert "联系您：最晚2026年9月29日（周二） 16:30" in page.words
    assert (
        "从2026年9月29日（周二） 14:30起算2小时，到2026年9月29日（周二） 16:30为止，夜里和休息日照样算。"
        in page.words
    )
    promised = [one for one in due if one.what in WORDS["promised"]]
    assert page.words.count("这个日期是怎么算的") == len(promised) > 2
    assert page.words.count("暂定") >= 2 and all(one.why in page.words for one in promised)


async def test_a_ticket_that_was_looked_up_is_a_page_of_its_own_on_this_device_until_it_is_forgotten(
    client: Client,
) -> None:
    response, page = await ask(client, NUMBER, CODE)
    assert response.url.path == f"/progress/{NUMBER}" and "示例小区东侧工地夜间施工" in page.words
    assert response.headers["Cache-Control"] == "no-store"
    shelf = await client.get("/progress")
    listed = Page(await shelf.text())
    assert shelf.headers["Cache-Control"] == "no-store"
    assert f"单号{NUMBER}" in listed.words and CODE not in str(listed.tags)
    kept, listed = await press(client, listed, "在这台设备上记30天")
    assert "Max-Age=2592000" in kept.history[0].headers["Set-Cookie"] and "最多记30天" in listed.words
    _, listed = await press(client, listed, "从这台设备上去掉")
    assert NUMBER not in listed.words
    gone = Page(await (await client.get(f"/progress/{NUMBER}")).text())
    assert gone.form_with("查询")[1] == {"number": NUMBER, "query_code": ""}


async def test_without_cookies_the_timeline_is_shown_at_once_and_confidential_tickets_are_not_remembered(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.session.cookie_jar.clear()
    response = await client.post("/progress", data=RIGHT)
    assert response.status == 200 and response.history == ()
    client.session.cookie_jar.clear()
    await client.get("/progress")
    monkeypatch.setattr(FakeRegister, "status", replace(FakeRegister.status, confidential=True))
    response = await client.post("/progress", data=RIGHT)
    assert "已为您保密" in await response.text() and NUMBER not in response.url.path
    assert NUMBER not in await (await client.get("/progress")).text()


async def test_what_a_form_led_to_has_an_address_for_this_browser_that_does_nothing_again(
    client: Client, core: FakeCore
) -> None:
    _, page = await ask(client, NUMBER, CODE)
    done, page = await press(client, page, "提交补充", text="昨晚又施工了")
    lacks, again = await press(client, page, "提交补充", text="")
    wrong, _ = await ask(client, NUMBER, "AAAAAA")
    receipt = await client.post("/progress/receipt", data=RIGHT)
    for response, status in ((done, 200), (lacks, 422), (wrong, 404), (receipt, 200)):
        assert [one.status for one in response.history] == [303] and "/progress/seen/" in response.url.path
        reloaded = await client.get(response.url.path)
        assert reloaded.status == status == response.status
        assert reloaded.headers["Cache-Control"] == "no-store"
    assert len(core.messages) == 1 and "请写下要补充的情况" in again.words
    client.session.cookie_jar.clear()
    assert NUMBER not in await (await client.get(done.url.path)).text()  # another browser


async def test_a_number_to_call_waits_for_no_redirect(client: Client) -> None:
    await client.get("/progress")
    response = await client.post(
        "/progress/act", data=RIGHT | {"do": "add", "text": "现在有煤气味", "id": "one"}
    )
    assert response.history == () and "tel:119" in await response.text()


async def test_where_nothing_can_be_kept_it_is_shown_at_once(client: Client, sheets: FakeSheets) -> None:
    await client.get("/progress")
    sheets.away = True
    response = await client.post("/progress/act", data=RIGHT | {"do": "urge", "id": "one"})
    assert response.status == 200 and response.history == ()


async def test_files_come_along_with_what_is_added_and_bad_ones_are_told(
    client: Client, core: FakeCore, files: FakeFiles
) -> None:
    def form(name: str, content: bytes) -> FormData:
        data = FormData(RIGHT | {"do": "add", "id": "one", "text": "昨晚又施工了"}, quote_fields=False)
        data.add_field("attachment", io.BytesIO(content), filename=name, content_type="image/png")
        return data

    response = await client.post("/progress/act", data=form("程序.png", b"MZ\x90\x00"))
    assert response.status == 422 and "昨晚又施工了" in await response.text() and not core.messages
    response = await client.post("/progress/act", data=form("工地.png", an_image("PNG")))
    assert response.status == 200
    (message,) = core.messages.values()
    assert message.about == NUMBER and message.attachments == tuple(id for _, id in files.kept)


async def test_the_page_offers_to_rate_once_there_is_a_reply_and_not_before(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, page = await ask(client, NUMBER, CODE)
    assert not page.has_button("提交评价")
    replied = replace(FakeRegister.status.steps[0], name="replied", text="已经停止夜间施工。")
    monkeypatch.setattr(
        FakeRegister, "status", replace(FakeRegister.status, state="replied", steps=(replied,))
    )
    _, page = await ask(client, NUMBER, CODE)
    grades = [tag["value"] for tag in page.found("input") if tag.get("name") == "grade"]
    assert page.has_button("提交评价") and grades == ["5", "4", "3", "2", "1"]
    solved = [tag["value"] for tag in page.found("input") if tag.get("name") == "solved"]
    assert solved == list(SOLVED)
