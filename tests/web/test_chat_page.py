"""The chat page, as a browser without JavaScript uses it."""

import re
from pathlib import Path

import pytest
from aiohttp import FormData
from pytest_aiohttp.plugin import AiohttpClient

from channels.webchat.codec import MAX_TEXT
from gateway.web.pages.chat import COOKIE
from hotline.message import Location
from tests.samples import an_image
from tests.web.fake_app import CODE, NUMBER, FakeCore
from tests.web.reading import Client, Page, press


async def open_chat(client: Client, query: str = "") -> Page:
    return Page(await (await client.get(f"/chat{query}")).text())


async def test_a_complaint_goes_its_whole_way_without_javascript(client: Client, core: FakeCore) -> None:
    page = await open_chat(client)
    response, page = await press(client, page, "发送", text="工地半夜施工")
    assert response.history[0].status == 303
    assert "工地半夜施工" in page.words and "请问施工一般在什么时间" in page.words
    response, page = await press(client, page, "晚上10点到第二天早上6点")
    assert "请看看写得对不对" in page.words
    _form, values = page.form_with("确认提交")
    assert values["option"] == "confirm" and values["field.confidential"] == "false"
    response, page = await press(
        client, page, "确认提交", **{"field.place": "示例路2号", "field.confidential": "true"}
    )
    assert NUMBER in page.words and CODE in page.words
    last = list(core.messages.values())[-1]
    assert last.option == "confirm"
    assert dict(last.fields)["place"] == "示例路2号" and dict(last.fields)["confidential"] == "true"
    assert not page.has_button("确认提交")


async def test_a_chosen_option_is_shown_by_its_label(client: Client) -> None:
    _, page = await press(client, await open_chat(client), "转人工")
    assert "您说：转人工" in page.words


async def test_only_the_last_replies_can_be_chosen(client: Client) -> None:
    _, page = await press(client, await open_chat(client), "发送", text="身份证")
    assert page.has_button("没解决") and not page.has_button("我要反映问题")
    _, page = await press(client, page, "发送", text="工地施工")
    assert not page.has_button("没解决")
    assert "当时可选：解决了；没解决" in page.words


async def test_pressing_send_twice_is_one_message(client: Client, core: FakeCore) -> None:
    page = await open_chat(client)
    await press(client, page, "发送", text="身份证")
    _, page = await press(client, page, "发送", text="身份证")
    assert len(core.messages) == 1
    assert page.words.count("居民身份证丢失，怎样补领") == 1


async def test_going_back_and_writing_something_else_is_another_message(
    client: Client, core: FakeCore
) -> None:
    page = await open_chat(client)
    await press(client, page, "发送", text="身份证")
    response, page = await press(client, page, "发送", text="路灯坏了")
    assert response.status == 200
    assert [message.text for message in core.messages.values()] == ["身份证", "路灯坏了"]


async def test_what_a_citizen_writes_never_becomes_markup(client: Client) -> None:
    words = "<script>alert(1)</script> & \"'</textarea><b>"
    page = await open_chat(client)
    response = await client.post("/chat", data={**page.form_with("发送")[1], "text": words})
    text = await response.text()
    assert words in Page(text).words
    assert "<script>alert" not in text and "<b>" not in text
    prefilled = await (await client.post("/chat", data={"q": words})).text()
    assert Page(prefilled).form_with("发送")[1]["text"] == words
    assert "<script>alert" not in prefilled


async def test_a_question_from_the_portal_is_in_the_box_and_not_sent(client: Client, core: FakeCore) -> None:
    _, page = await press(client, Page(await (await client.get("/")).text()), "问一问", q="路灯坏了")
    assert page.form_with("发送")[1]["text"] == "路灯坏了"
    assert not core.messages


async def test_the_cookie_is_signed_and_out_of_reach_of_scripts(client: Client) -> None:
    cookie = (await client.get("/chat")).headers["Set-Cookie"]
    assert cookie.startswith(f"{COOKIE}=")
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie and "Secure" not in cookie


async def test_the_cookie_is_for_https_alone_where_the_site_is(
    aiohttp_client: AiohttpClient, tmp_path: Path
) -> None:
    from tests.web.fake_app import fake_app, fake_assets

    client = await aiohttp_client(fake_app(fake_assets(tmp_path), public_url="https://example.invalid"))
    assert "Secure" in (await client.get("/chat")).headers["Set-Cookie"]


async def test_a_forged_cookie_opens_a_new_conversation(client: Client, core: FakeCore) -> None:
    await press(client, await open_chat(client), "发送", text="身份证")
    client.session.cookie_jar.clear()
    response = await client.get("/chat", headers={"Cookie": f"{COOKIE}={'a' * 24}.x.y"})
    assert "身份证" not in Page(await response.text()).words


@pytest.mark.parametrize(("text", "status"), [("", 422), ("  \n", 422), ("路" * (MAX_TEXT + 1), 413)])
async def test_what_cannot_be_taken_comes_back_with_the_words_in_the_box(
    client: Client, core: FakeCore, text: str, status: int
) -> None:
    response, page = await press(client, await open_chat(client), "发送", text=text)
    assert response.status == status
    assert page.form_with("发送")[1]["text"] == text
    box = next(attrs for attrs in page.found("textarea"))
    assert box["aria-invalid"] == "true" and box["aria-describedby"] == "say-error"
    assert any(attrs.get("id") == "say-error" for _, attrs in page.tags)
    assert not core.messages


async def test_with_storage_away_nothing_typed_is_lost_and_nothing_is_claimed(
    client: Client, core: FakeCore
) -> None:
    page = await open_chat(client)
    _, page = await press(client, page, "发送", text="晚上")
    core.away = True
    response, page = await press(client, page, "确认提交", **{"field.place": "示例路2号"})
    assert response.status == 503 and int(response.headers["Retry-After"]) > 0
    assert "没有发出去" in page.words and "已经收到" not in page.words
    core.away = False
    response, page = await press(client, page, "再发一次")
    assert response.status == 200 and NUMBER in page.words
    assert dict(list(core.messages.values())[-1].fields)["place"] == "示例路2号"


async def test_enter_in_a_line_of_the_summary_files_nothing(client: Client) -> None:
    response, page = await press(client, await open_chat(client), "发送", text="晚上")
    form, _ = page.form_with("确认提交")
    # The first button of a form is what Enter presses (HTML, implicit submission).
    assert form.buttons[0] == ("", "", "") and "<button disabled hidden>" in await response.text()


async def test_an_emergency_is_answered_with_storage_away(client: Client, core: FakeCore) -> None:
    core.away = True
    page = await open_chat(client)
    response, page = await press(client, page, "发送", text="楼道里煤气味特别大")
    assert response.status == 200 and not response.history
    assert "马上到室外，打119" in page.words
    calls = [attrs["href"] for attrs in page.found("a") if "hy-btn--call" in (attrs.get("class") or "")]
    assert calls == ["tel:119"]


async def test_the_emergency_card_says_what_to_do_then_dials_then_steps_then_the_record(
    client: Client,
) -> None:
    response, _ = await press(client, await open_chat(client), "发送", text="煤气味")
    text = await response.text()
    card = text[text.index("hy-card--urgent") :]
    places = [card.index(part) for part in ("马上到室外，打119", "tel:119", "带家人离开", "我们已经记下")]
    assert places == sorted(places)


async def test_an_unanswered_message_says_so_and_offers_another_look(client: Client, core: FakeCore) -> None:
    core.slow = True
    _, page = await press(client, await open_chat(client), "发送", text="身份证")
    assert "还在查" in page.words
    assert any(attrs.get("href") == "/chat#latest" for attrs in page.found("a"))


@pytest.mark.duty("ALL-1")
async def test_a_refusal_shows_reason_article_route_and_review(client: Client) -> None:
    _, page = await press(client, await open_chat(client), "发送", text="法院判错了")
    for part in ("不能改变法院的判决", "《示例市热线条例》第十条", "上一级人民法院", "请人工复核"):
        assert part in page.words
    assert page.has_button("请人工复核")


async def test_an_answer_shows_source_unit_version_and_date(client: Client) -> None:
    _, page = await press(client, await open_chat(client), "发送", text="身份证")
    for part in ("《居民身份证法》第十一条", "示例市公安局", "第3版", "2026年8月12日更新"):
        assert part in page.words


async def test_the_receipt_reckons_day_by_day(client: Client) -> None:
    response, page = await press(client, await open_chat(client), "发送", text="晚上")
    response, page = await press(client, page, "确认提交")
    text = await response.text()
    table = text[text.index("hy-reckon") : text.index("</table>")]
    words = re.sub(r"\s+", "", Page(table).words)
    assert "10月1日—7日国庆节放假不算" in words
    assert "10月10日周六" in words and "调休上班" in words
    assert table.count("is-due") == 1
    assert "暂定" in page.words  # the unit has not signed yet


async def test_a_doubt_shows_the_number_beside_the_question(client: Client) -> None:
    _, page = await press(client, await open_chat(client), "发送", text="有烟味")
    assert "tel:119" in [attrs.get("href") for attrs in page.found("a")]
    assert page.has_button("是，正在发生")


async def test_the_element_gets_the_same_cards_as_a_piece_of_the_page(client: Client, core: FakeCore) -> None:
    await client.get("/chat")
    body = {"id": "e1", "text": "煤气味"}
    response = await client.post(
        "/chat/say", data=body, headers={"Accept": "text/html, application/problem+json"}
    )
    page = Page(await response.text())
    assert response.status == 200
    assert [attrs.get("data-kind") for attrs in page.found("li") if "data-reply" in attrs] == [
        "emergency",
        "ticket",
    ]
    assert page.found("li")[0]["data-alert"] == "马上到室外，打119。请拨打119。"
    assert not page.found("html")
    again = await client.post("/chat/say", data=body)
    assert re.findall('data-reply="(.*?)"', await again.text()) == [
        attrs["data-reply"] for attrs in page.found("li") if "data-reply" in attrs
    ]
    assert len(core.messages) == 1


async def test_the_element_is_told_to_ask_again_when_it_takes_longer(client: Client, core: FakeCore) -> None:
    core.slow = True
    response = await client.post("/chat/say", data={"id": "e1", "text": "身份证"})
    assert response.status == 202 and "data-reply" not in await response.text()


@pytest.mark.parametrize(("body", "status"), [({"id": "e1"}, 422), ({"id": "!", "text": "a"}, 422)])
async def test_the_element_gets_problems_with_a_title_to_show(
    client: Client, body: dict[str, str], status: int
) -> None:
    response = await client.post(
        "/chat/say", data=body, headers={"Accept": "text/html, application/problem+json"}
    )
    assert response.status == status and response.content_type == "application/problem+json"
    assert (await response.json())["title"]


async def test_history_is_kept_nowhere(client: Client) -> None:
    assert (await client.get("/chat")).headers["Cache-Control"] == "no-store"


async def test_a_file_is_sent_by_a_form_or_kept_for_the_element(client: Client, core: FakeCore) -> None:
    await client.get("/chat")
    for accept, status in (("text/html", 200), ("application/json", 201)):
        form = FormData()
        form.add_field("file", an_image("PNG"), filename="站台.png")
        response = await client.post("/chat/files", data=form, headers={"Accept": accept})
        assert response.status == status
    stored = await response.json()
    [message] = core.messages.values()
    assert message.attachments == (stored["id"],)
    page = await client.get("/chat")
    assert "您发来了1个附件" in await page.text()
    assert "geolocation=(self)" in page.headers["Permissions-Policy"]


async def test_a_place_is_a_message(client: Client, core: FakeCore) -> None:
    await client.post("/chat", data={"id": "m1", "lat": "33.7", "lon": "113.2"})
    [message] = core.messages.values()
    assert message.location == Location(lat=33.7, lon=113.2)
    assert "您发来了位置" in await (await client.get("/chat")).text()
    assert (await client.post("/chat", data={"id": "m2", "lat": "x", "lon": "1"})).status == 422


async def test_the_talk_can_be_kept_as_a_text(client: Client) -> None:
    await press(client, await open_chat(client), "发送", text="身份证丢了")
    response = await client.get("/chat/transcript")
    assert response.content_type == "text/plain"
    text = await response.text()
    assert "我：身份证丢了" in text and "依据：《居民身份证法》第十一条、第十二条" in text and "<" not in text
