"""Floods of files, sessions, words and letters, as whoever sends them sees it. Files beyond the limit of an address are refused before they are read; words never are."""

from ipaddress import ip_network

import pytest
from aiohttp import FormData, web

from gateway.web import floods
from groundwork.addresses import PROXIES, Proxies
from tests.web.fake_app import CODE, NUMBER, FakeCore, FakeLimits
from tests.web.reading import Client, Page, press
from tests.web.test_mailbox_page import PHOTO, TYPED, opened, send, typed_again


async def test_an_address_sends_so_many_files_and_then_waits(client: Client, limits: FakeLimits) -> None:
    made = await (await client.post("/api/chat/sessions", json={})).json()
    bearer = {"Authorization": f"Bearer {made['token']}"}
    statuses = [
        (await client.post("/api/chat/attachments", headers=bearer, data={"file": "x"})).status
        for _ in range(limits.most)
    ]
    assert 429 not in statuses
    refused = await client.post("/api/chat/attachments", headers=bearer, data={"file": "x"})
    told = await refused.json()
    assert refused.status == 429 and told["type"] == "urn:huying:problem:too-many-files"
    assert refused.headers["Retry-After"] == "900" and "15分钟" in told["title"]
    said = await client.post("/api/chat/messages", headers=bearer, json={"id": "a", "text": "着火了"})
    assert said.status in (200, 202)


@pytest.fixture
def trusting(app: web.Application) -> None:
    app[PROXIES] = Proxies((ip_network("127.0.0.0/8"),))


@pytest.mark.usefixtures("trusting")
async def test_sessions_of_a_flooding_address_come_slowly_and_are_never_refused(
    client: Client, limits: FakeLimits, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    monkeypatch.setattr(floods, "pause", sleep)
    for address, times in (
        ("203.0.113.7", limits.most + 2),
        ("203.0.113.8", 1),
        ("127.0.0.1", limits.most + 2),
    ):
        for _ in range(times):
            headers = {"X-Forwarded-For": address}
            answer = await client.post("/api/chat/sessions", json={}, headers=headers)
            assert answer.status == 201 and (await answer.json())["token"]
    assert [*waited] == [floods.SLOWLY] * 2
    assert not any(who.startswith("127.") for _, who in limits.counts)


async def test_programs_are_told_when_to_come_back(client: Client, core: FakeCore) -> None:
    made = await (await client.post("/api/chat/sessions", json={})).json()
    bearer = {"Authorization": f"Bearer {made['token']}"}
    core.flooded = True
    refused = await client.post("/api/chat/messages", headers=bearer, json={"id": "a", "text": "你好"})
    told = await refused.json()
    assert refused.status == 429 and told["type"] == "urn:huying:problem:too-many-messages"
    assert refused.headers["Retry-After"] == "240" and "4分钟" in told["title"] and "12345" in told["title"]
    said = await client.post("/api/chat/messages", headers=bearer, json={"id": "b", "text": "有煤气味"})
    assert said.status == 200 and (await said.json())["replies"][0]["kind"] == "emergency"


async def test_on_the_chat_page_what_was_typed_can_be_sent_again(client: Client, core: FakeCore) -> None:
    page = Page(await (await client.get("/chat")).text())
    core.flooded = True
    response, page = await press(client, page, "发送", text="路灯坏了")
    assert response.status == 429 and response.headers["Retry-After"] == "240"
    assert "没有发出去" in page.words and "4分钟" in page.words
    core.flooded = False
    _, page = await press(client, page, "再发一次")
    assert [message.text for message in core.messages.values()] == ["路灯坏了"]


async def test_a_letter_that_comes_too_fast_stays_on_the_sheet(client: Client, core: FakeCore) -> None:
    page = await opened(client)
    core.flooded = True
    response, page = await send(client, page, TYPED)
    assert response.status == 429 and response.headers["Retry-After"] == "240"
    assert "您写的都在下面" in page.words and typed_again(page) == TYPED
    core.flooded = False
    response, _ = await send(client, page, typed_again(page))
    assert response.status == 200 and len(core.messages) == 1


async def test_what_is_added_to_a_ticket_too_fast_stays_under_it(client: Client, core: FakeCore) -> None:
    told = {"number": NUMBER, "query_code": CODE, "do": "add", "text": "今晚又在施工"}
    core.flooded = True
    response = await client.post("/progress/act", data=told)
    page = Page(await response.text())
    assert response.status == 429 and response.headers["Retry-After"] == "240"
    assert "4分钟" in page.words and "示例小区东侧工地夜间施工" in page.words
    assert page.form_with("提交补充")[1]["text"] == "今晚又在施工"
    core.flooded = False
    response = await client.post("/progress/act", data=told)
    assert response.status == 200 and len(core.messages) == 1


async def test_files_kept_with_a_letter_count_for_the_address_and_the_words_stay(
    client: Client, limits: FakeLimits, core: FakeCore
) -> None:
    limits.counts[floods.FILES, "127.0.0.1"] = limits.most
    page = await opened(client)
    response, page = await send(client, page, TYPED, [PHOTO], mode="care")
    assert response.status == 422 and "请过一会儿再添加" in page.words and typed_again(page) == TYPED
    response, _ = await send(client, page, TYPED)
    assert response.status == 200 and len(core.messages) == 1


@pytest.mark.usefixtures("trusting")
async def test_every_way_in_says_where_a_message_came_from(client: Client, core: FakeCore) -> None:
    """IPv6 by its network; without a proxy's word it is this machine, which is not counted."""
    made = await (await client.post("/api/chat/sessions", json={})).json()
    headers = {"Authorization": f"Bearer {made['token']}", "X-Forwarded-For": "2001:db8:1:2::3"}
    await client.post("/api/chat/messages", headers=headers, json={"id": "a", "text": "你好"})
    for path in ("/chat", "/chat/say"):
        await client.post(path, headers=headers, data={"text": "你好", "id": path.replace("/", "-")})
    letter = FormData()
    for name, value in TYPED.items():
        letter.add_field(name, value, content_type="text/plain")
    letter.add_field("attachment", b"", filename="", content_type="application/octet-stream")
    await client.post("/api/mailbox/letters", headers=headers, data=letter)
    added = {"query_code": CODE, "text": "今晚又在施工"}
    await client.post(f"/api/tickets/{NUMBER}/supplements", headers=headers, json=added)
    await client.post(f"/api/tickets/{NUMBER}/urges", headers=headers, json={"query_code": CODE})
    assert core.origins == ["2001:db8:1:2::/64"] * 6
    del headers["X-Forwarded-For"]
    await client.post("/api/chat/messages", headers=headers, json={"id": "b", "text": "你好"})
    assert core.origins[-1] is None
