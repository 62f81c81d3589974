"""The mailbox as people without JavaScript meet it: nothing that was typed or sent along is ever lost."""

import io
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias

from aiohttp import ClientResponse, FormData
from pytest_aiohttp.plugin import AiohttpClient

from channels.mailbox.codec import LONGEST
from gateway.web.rendering import WORDS
from hotline.message import InboundMessage
from tests.samples import an_image
from tests.web.fake_app import (
    CODE,
    NUMBER,
    FakeCore,
    FakeFiles,
    FakeLimits,
    FakeSheets,
    fake_app,
    fake_assets,
)
from tests.web.reading import Client, Form, Page

TYPED = {
    "kind": "complaint", "subject": "路灯坏了", "body": "三天没有人来修。\n夜里看不见路。", "place": "示例路1号",
    "name": "样例先生", "phone": "13900000000", "email": "a@example.com", "confidential": "true",
}  # fmt: skip
File: TypeAlias = tuple[str, bytes]
PHOTO: File = ("站台照片.png", an_image("PNG"))
FILM: File = ("示例路视频.mp4", b"\x00\x00\x00\x18ftypmp42" + b"x" * (10 * 1024 * 1024))
PROGRAM: File = ("程序.png", b"MZ\x90\x00\x03\x00\x00\x00")


async def opened(client: Client) -> Page:
    response = await client.get("/mailbox")
    assert response.status == 200
    return Page(await response.text())


def sheet(page: Page) -> Form:
    (form,) = [form for form in page.forms if form.action == "/mailbox"]
    return form


async def send(
    client: Client, page: Page, values: dict[str, str], files: Sequence[File] = (), **pressed: str
) -> tuple[ClientResponse, Page]:
    """Fill the form in, choose files and press a button, like a browser: one part for each pair."""
    data = FormData(quote_fields=False)
    hidden = [(name, value) for name, value in sheet(page).pairs if name in ("id", "kept")]
    for name, value in [*hidden, *values.items(), *pressed.items()]:
        data.add_field(name, value.replace("\n", "\r\n"), content_type="text/plain")
    for name, content in files or [("", b"")]:
        data.add_field(
            "attachment", io.BytesIO(content), filename=name, content_type="application/octet-stream"
        )
    response = await client.post("/mailbox", data=data)
    return response, Page(await response.text())


def letter_of(core: FakeCore) -> InboundMessage:
    (message,) = [message for message in core.messages.values() if message.letter]
    return message


def typed_again(page: Page) -> dict[str, str]:
    return {name: value for name, value in sheet(page).values.items() if name in LONGEST and value}


async def test_a_letter_gets_its_number_and_what_happens_now(client: Client, core: FakeCore) -> None:
    response, page = await send(client, await opened(client), TYPED, [PHOTO])
    assert response.status == 200 and response.headers["Cache-Control"] == "no-store"
    for word in (NUMBER, CODE, "2026年10月14日（周三）", "《示例市热线条例》第十一条", "接下来"):
        assert word in page.words
    message = letter_of(core)
    assert message.text == TYPED["body"] and message.subject == TYPED["subject"]
    assert dict(message.fields)["confidential"] == "true" and len(message.attachments) == 1
    assert message.channel == "mailbox" and message.letter


async def test_the_page_promises_what_the_city_s_article_says_of_letters(client: Client) -> None:
    page = await opened(client)
    assert "提交后15天内办结并答复您" in page.words and "《示例市热线条例》第十一条" in page.words
    assert {"tel:119", "tel:120", "tel:110", "tel:12345"} <= {a.get("href") for a in page.found("a")}


async def test_everything_missing_is_named_at_once_and_the_summary_leads_to_each_field(
    client: Client,
) -> None:
    response, page = await send(client, await opened(client), {"body": "x"})
    assert response.status == 422
    text = await response.text()
    assert re.search(r"<title>有4处要改：写信给市长", text)
    links = [a["href"] for a in page.found("a") if (a.get("href") or "").startswith("#")]
    ids = {attrs.get("id") for _, attrs in page.tags}
    assert links == ["#main", "#kind", "#subject", "#name", "#phone"]
    assert {link[1:] for link in links if link} <= ids
    (summary,) = [attrs for _, attrs in page.tags if attrs.get("class") == "hy-errsum hy-full"]
    assert summary["role"] == "alert" and "autofocus" in summary and summary["tabindex"] == "-1"


async def test_each_error_is_tied_to_its_field(client: Client) -> None:
    _, page = await send(client, await opened(client), TYPED | {"phone": "1390000000", "subject": ""})
    for name in ("subject", "phone"):
        (field,) = [attrs for _, attrs in page.tags if attrs.get("id") == name]
        described = (field["aria-describedby"] or "").split()
        assert field["aria-invalid"] == "true" and f"{name}-e1" in described
        assert all(any(attrs.get("id") == id for _, attrs in page.tags) for id in described)
    assert "手机号是11位数字，这里只有10位，请核对。" in page.words and "电话少了1位数字" in page.words


async def test_what_was_typed_and_the_good_files_survive_every_error(client: Client, core: FakeCore) -> None:
    typed = TYPED | {"subject": "", "phone": "1390000000"}
    response, page = await send(client, await opened(client), typed, [PHOTO, FILM, PROGRAM])
    assert response.status == 422 and not core.messages
    assert typed_again(page) == {name: value for name, value in typed.items() if value}
    assert (
        "“示例路视频.mp4”有10.1兆，太大了" in page.words and "“程序.png”的内容和它的名字不一样" in page.words
    )
    assert "站台照片.png" in page.words and "已传好" in page.words
    response, page = await send(client, page, TYPED)
    assert response.status == 200 and NUMBER in page.words
    assert len(letter_of(core).attachments) == 1


async def test_kept_files_survive_error_after_error_and_more_come_to_them(
    client: Client, core: FakeCore
) -> None:
    page = await opened(client)
    for number in range(3):
        _, page = await send(client, page, TYPED | {"subject": ""}, [(f"{number}.txt", f"{number}".encode())])
    assert [name for name, _ in sheet(page).pairs].count("kept") == 3
    response, page = await send(client, page, TYPED, [PHOTO])
    assert response.status == 200 and len(letter_of(core).attachments) == 4


async def test_more_than_five_files_are_too_many_wherever_they_come_from(
    client: Client, core: FakeCore
) -> None:
    notes = [(f"{number}.txt", f"{number}".encode()) for number in range(4)]
    _, page = await send(client, await opened(client), TYPED | {"subject": ""}, notes)
    response, page = await send(client, page, TYPED, [PHOTO, ("5.txt", b"5")])
    assert response.status == 422 and "最多5个附件，“5.txt”放不下了" in page.words
    assert [name for name, _ in sheet(page).pairs].count("kept") == 5 and not core.messages
    response, _ = await send(client, page, TYPED)
    assert response.status == 200 and len(letter_of(core).attachments) == 5


async def test_a_kept_file_can_be_removed(client: Client, core: FakeCore) -> None:
    _, page = await send(client, await opened(client), TYPED | {"subject": ""}, [PHOTO, ("1.txt", b"1")])
    (remove,) = [value for name, value, label in sheet(page).buttons if label == "删除站台照片.png"]
    response, page = await send(client, page, TYPED, remove=remove)
    assert response.status == 200 and "站台照片.png" not in page.words and "1.txt" in page.words
    assert typed_again(page) == TYPED and not core.messages
    assert "处要改" not in page.words


async def test_enter_in_a_line_sends_nothing(client: Client) -> None:
    page = await opened(client)
    first = next(
        attrs for tag, attrs in page.tags[page.tags.index(("form", _form_tag(page))) :] if tag == "button"
    )
    assert "disabled" in first and "hidden" in first


def _form_tag(page: Page) -> dict[str, str | None]:
    return next(attrs for tag, attrs in page.tags if tag == "form" and attrs.get("id") == "letter")


async def test_the_size_switch_keeps_everything(client: Client, core: FakeCore) -> None:
    _, page = await send(client, await opened(client), TYPED, [PHOTO], mode="care")
    assert page.found("body")[0]["data-weui-mode"] == "care" and not core.messages
    assert typed_again(page) == TYPED and "站台照片.png" in page.words
    assert (await opened(client)).found("body")[0]["data-weui-mode"] == "care"


async def test_a_forged_or_foreign_kept_file_is_not_taken(client: Client, core: FakeCore) -> None:
    _, theirs = await send(client, await opened(client), TYPED | {"subject": ""}, [PHOTO])
    (token,) = [value for name, value in sheet(theirs).pairs if name == "kept"]
    mine = await opened(client)
    for value in (token, token[:-2] + "xx", "x", ""):
        sheet(mine).pairs.append(("kept", value))
    response, _ = await send(client, mine, TYPED)
    assert response.status == 200 and letter_of(core).attachments == ()


async def test_a_file_that_is_gone_is_asked_for_again(
    client: Client, core: FakeCore, files: FakeFiles
) -> None:
    _, page = await send(client, await opened(client), TYPED | {"subject": ""}, [PHOTO])
    files.kept.clear()
    response, page = await send(client, page, TYPED)
    assert response.status == 422 and "“站台照片.png”放得太久" in page.words and not core.messages
    response, _ = await send(client, page, TYPED)
    assert response.status == 200


async def test_nothing_stays_staged_whatever_happens(client: Client, files: FakeFiles) -> None:
    page = await opened(client)
    await send(client, page, TYPED, [PHOTO, PROGRAM])
    await send(client, page, TYPED, [PHOTO])
    await send(client, page, TYPED, [PHOTO], mode="care")
    assert files.staged == {}


async def test_sent_twice_is_one_letter_with_one_number(client: Client, core: FakeCore) -> None:
    page = await opened(client)
    for _ in range(2):
        response, receipt = await send(client, page, TYPED, [PHOTO])
        assert response.status == 200 and NUMBER in receipt.words
    assert len(core.messages) == 1


async def test_back_and_other_words_make_another_letter_which_sent_twice_is_one(
    client: Client, core: FakeCore
) -> None:
    page = await opened(client)
    await send(client, page, TYPED)
    for _ in range(2):
        response, _ = await send(client, page, TYPED | {"body": "又坏了一盏。"}, [PHOTO])
        assert response.status == 200
    assert len(core.messages) == 2


async def test_an_anonymous_letter_asks_for_no_name_and_stores_none(client: Client, core: FakeCore) -> None:
    response, _ = await send(
        client, await opened(client), TYPED | {"anonymous": "true", "phone": "", "name": "样例"}
    )
    assert response.status == 200
    assert not {"name", "phone", "email"} & dict(letter_of(core).fields).keys()


async def test_a_question_is_answered_and_can_be_given_to_a_person(client: Client, core: FakeCore) -> None:
    _, page = await send(client, await opened(client), TYPED | {"kind": "consultation", "body": "身份证丢了"})
    assert NUMBER in page.words and CODE in page.words and "示例市公安局" in page.words
    assert page.has_button("没解决") and not page.has_button("解决了")
    form, values = page.form_with("没解决")
    response = await client.post(form.action, data=values)
    page = Page(await response.text())
    assert response.status == 200 and NUMBER in page.words and "接下来" in page.words
    (added,) = [message for message in core.messages.values() if message.about]
    assert (added.about, added.option, added.channel) == (NUMBER, "unsolved", "mailbox")
    await client.post(form.action, data=values)
    assert len([message for message in core.messages.values() if message.about]) == 1


async def test_a_refused_letter_shows_article_and_route_and_a_person_may_look(
    client: Client, core: FakeCore
) -> None:
    _, page = await send(client, await opened(client), TYPED | {"body": "法院判我输了"})
    assert (
        "上一级人民法院" in page.words and "《示例市热线条例》第十条" in page.words and NUMBER in page.words
    )
    form, values = page.form_with("请人工复核")
    assert (await client.post(form.action, data=values)).status == 200
    assert not page.has_button("我要补充情况")


async def test_an_emergency_comes_first_and_is_dialable(client: Client) -> None:
    response, _ = await send(client, await opened(client), TYPED | {"body": "家里煤气漏了"})
    text = await response.text()
    assert text.index("拨打119") < text.index("单号</dt>")


async def test_an_emergency_is_answered_without_storage_and_the_letter_stays(
    client: Client, core: FakeCore, files: FakeFiles
) -> None:
    core.away = files.away = True
    typed = TYPED | {"body": "家里煤气漏了"}
    response, page = await send(client, await opened(client), typed, [PHOTO])
    text = await response.text()
    assert response.status == 200 and "tel:119" in text and NUMBER not in text
    assert typed_again(page) == typed and "还没有存下来" in page.words


async def test_without_storage_the_letter_stays_on_the_page(
    client: Client, core: FakeCore, files: FakeFiles
) -> None:
    core.away = files.away = True
    page = await opened(client)
    response, page = await send(client, page, TYPED, [PHOTO])
    assert response.status == 503 and int(response.headers["Retry-After"]) > 0
    assert typed_again(page) == TYPED and "“站台照片.png”这次没有存下来" in page.words
    core.away = files.away = False
    response, _ = await send(client, page, TYPED, [PHOTO])
    assert response.status == 200 and len(letter_of(core).attachments) == 1


async def test_a_full_disk_costs_the_file_and_nothing_else(client: Client, files: FakeFiles) -> None:
    files.full = True
    response, page = await send(client, await opened(client), TYPED, [PHOTO])
    assert response.status == 503 and typed_again(page) == TYPED
    assert "“站台照片.png”这次没有存下来" in page.words


async def test_back_finds_the_empty_page_and_what_was_typed_in_the_browser(client: Client) -> None:
    assert "no-store" not in (await client.get("/mailbox")).headers["Cache-Control"]


async def test_a_letter_that_takes_long_is_found_by_pressing_and_not_by_writing_again(
    client: Client, core: FakeCore
) -> None:
    core.slow = True
    response, page = await send(client, await opened(client), TYPED)
    assert response.status == 202 and "正在登记单号" in page.words
    form, values = page.form_with("看单号")
    response = await client.post(form.action, data=values)
    assert response.status == 202
    core.slow = False
    response = await client.post(form.action, data=values)
    assert response.status == 200 and NUMBER in await response.text()
    assert len(core.messages) == 1


async def test_the_receipt_keeps_its_number_when_the_size_is_switched(client: Client) -> None:
    _, page = await send(client, await opened(client), TYPED | {"body": "身份证丢了", "kind": "consultation"})
    form, values = page.form_with("切换到关怀版")
    response = await client.post(form.action, data=values)
    page = Page(await response.text())
    assert NUMBER in page.words and CODE in page.words and "示例市公安局" in page.words
    assert page.found("body")[0]["data-weui-mode"] == "care"


async def test_a_receipt_needs_the_right_pair_and_tries_are_counted(
    client: Client, limits: FakeLimits
) -> None:
    for _ in range(limits.most):
        response = await client.post("/mailbox/receipt", data={"number": NUMBER, "query_code": "AAAAAA"})
        assert response.status == 404
    response = await client.post(
        "/mailbox/receipt", data={"number": NUMBER, "query_code": CODE, "option": "unsolved"}
    )
    assert response.status == 429


async def test_a_secret_that_nobody_has_shows_no_letter(client: Client) -> None:
    response = await client.post("/mailbox/receipt", data={"letter": "x" * 24})
    assert response.status == 202 and NUMBER not in await response.text()


async def test_a_text_that_is_too_long_comes_back(client: Client) -> None:
    typed = TYPED | {"body": "路" * 10_001}
    response, page = await send(client, await opened(client), typed)
    assert response.status == 422 and "正文最多10000个字，现在有10001个" in page.words
    assert typed_again(page) == typed


async def test_a_letter_of_markup_is_shown_as_text(client: Client) -> None:
    typed = TYPED | {"subject": "", "body": "</textarea><script>alert(1)</script>", "place": '"><b>'}
    _, page = await send(client, await opened(client), typed, [('"><i>.png', PHOTO[1])])
    assert typed_again(page)["body"] == typed["body"] and typed_again(page)["place"] == typed["place"]
    assert not page.found("b") and not page.found("i")
    assert all("src" in attrs for attrs in page.found("script"))


async def test_the_looked_up_letter_shows_its_reply_and_what_can_be_done(client: Client) -> None:
    await send(client, await opened(client), TYPED | {"body": "身份证丢了", "kind": "consultation"})
    response = await client.post("/progress", data={"number": NUMBER, "query_code": CODE})
    page = Page(await response.text())
    assert "已查到答案" in page.words and "示例市公安局" in page.words and "收到您的来信" in page.words
    form, _ = page.form_with("没解决")
    assert form.action == "/mailbox/receipt"
    found = await (await client.post("/api/progress", json={"number": NUMBER, "query_code": CODE})).json()
    assert found["letter"] == "answered" and [reply["kind"] for reply in found["replies"]] == ["answer"]


async def test_a_form_of_another_kind_is_415(client: Client) -> None:
    assert (await client.post("/mailbox", data=TYPED)).status == 415


async def test_a_form_that_breaks_off_shows_what_came(
    client: Client, core: FakeCore, files: FakeFiles
) -> None:
    body = b'--b\r\nContent-Disposition: form-data; name="subject"\r\n\r\nstreet lamp\r\n--b\r\n'
    response = await client.post(
        "/mailbox", data=body, headers={"Content-Type": "multipart/form-data; boundary=b"}
    )
    text = await response.text()
    assert response.status == 422 and "street lamp" in text and "没有传完整" in text and not core.messages


def test_every_fault_has_its_words_in_which_every_blank_can_be_filled() -> None:
    blanks: dict[str, Any] = dict.fromkeys(("found", "limit", "missing", "megabytes", "limit_megabytes"), "1")
    for name, (short, detail) in WORDS["faults"].items():
        assert short.format(name="n", **blanks) and detail.format(name="n", **blanks), name
        assert "！" not in short + detail


async def test_a_text_that_was_too_long_to_count_is_told_without_blanks(client: Client) -> None:
    response, page = await send(client, await opened(client), TYPED | {"body": "路" * 200_000})
    assert response.status == 422 and "正文太长，请缩短，或者把详细材料放进附件。" in page.words
    assert "None" not in page.words


async def test_a_sheet_with_faults_and_a_receipt_are_pages_of_their_own_that_back_shows_again(
    client: Client,
) -> None:
    response, page = await send(client, await opened(client), TYPED | {"phone": "1390000000"})
    again = await client.get(response.url.path)
    assert response.url.path.startswith("/mailbox/letters/") and response.history[0].status == 303
    assert Page(await again.text()).form_with("提交来信")[1]["body"] == TYPED["body"]
    sent, receipt = await send(client, page, TYPED)
    assert sent.url.path.startswith("/mailbox/letters/") and NUMBER in receipt.words
    assert NUMBER in Page(await (await client.get(sent.url.path)).text()).words


async def test_nobody_elses_browser_sees_a_sheet_and_one_that_cannot_be_kept_is_shown_at_once(
    aiohttp_client: AiohttpClient, tmp_path: Path
) -> None:
    sheets = FakeSheets()
    client = await aiohttp_client(fake_app(fake_assets(tmp_path), sheets=sheets))
    response, _ = await send(client, await opened(client), TYPED | {"phone": "1"})
    there = response.url.path
    client.session.cookie_jar.clear()
    assert TYPED["body"] not in await (await client.get(there)).text()
    sheets.away = True
    response, page = await send(client, await opened(client), TYPED | {"phone": "1"})
    assert (response.status, response.url.path, response.history) == (422, "/mailbox", ())
    assert TYPED["body"] in page.words
