"""The chat's REST interface over a fake intake, through a real server."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientResponse
from pytest_aiohttp.plugin import AiohttpClient

from channels.webchat.session import Sessions
from tests.web.fake_app import NOW, FakeCore, fake_app, fake_assets, key_for
from tests.web.reading import Client


@pytest.fixture
def core() -> FakeCore:
    return FakeCore()


@pytest.fixture
async def client(aiohttp_client: AiohttpClient, tmp_path: Path, core: FakeCore) -> Client:
    return await aiohttp_client(fake_app(fake_assets(tmp_path), core=core))


@pytest.fixture
async def bearer(client: Client) -> dict[str, str]:
    opened = await (await client.post("/api/chat/sessions")).json()
    return {"Authorization": f"Bearer {opened['token']}"}


async def problem(response: ClientResponse) -> Any:
    assert response.content_type == "application/problem+json"
    found = await response.json()
    assert found["status"] == response.status
    assert found["type"].startswith("urn:huying:problem:")
    assert any("\u4e00" <= letter <= "\u9fff" for letter in found["title"])
    return found


async def test_a_session_comes_with_a_token_that_names_it(client: Client) -> None:
    response = await client.post("/api/chat/sessions")
    opened = await response.json()
    assert response.status == 201
    assert Sessions(key_for("webchat.session"), lambda: NOW).session_of(opened["token"]) == opened["session"]


async def test_a_message_is_answered_as_the_contract_says(client: Client, bearer: dict[str, str]) -> None:
    response = await client.post(
        "/api/chat/messages", json={"id": "m1", "text": "身份证丢了"}, headers=bearer
    )
    [reply] = (await response.json())["replies"]
    assert response.status == 200
    assert (reply["in_reply_to"], reply["kind"]) == ("m1", "answer")
    assert reply["options"] == [{"id": "solved", "label": "解决了"}, {"id": "unsolved", "label": "没解决"}]
    assert reply["sources"][0]["article_id"] == "id-card-lost"


async def test_the_same_id_again_returns_the_same_replies_and_changes_nothing(
    client: Client, bearer: dict[str, str], core: FakeCore
) -> None:
    body = {"id": "m1", "text": "身份证丢了"}
    first = await (await client.post("/api/chat/messages", json=body, headers=bearer)).json()
    again = await (await client.post("/api/chat/messages", json=body, headers=bearer)).json()
    assert again == first
    assert len(core.messages) == 1


async def test_the_same_id_with_other_words_is_a_conflict(client: Client, bearer: dict[str, str]) -> None:
    await client.post("/api/chat/messages", json={"id": "m1", "text": "身份证"}, headers=bearer)
    response = await client.post("/api/chat/messages", json={"id": "m1", "text": "别的事"}, headers=bearer)
    assert response.status == 409
    assert (await problem(response))["type"] == "urn:huying:problem:key-reused"


async def test_two_sessions_may_use_the_same_id(
    client: Client, bearer: dict[str, str], core: FakeCore
) -> None:
    other = (await (await client.post("/api/chat/sessions")).json())["token"]
    for headers in (bearer, {"Authorization": f"Bearer {other}"}):
        response = await client.post(
            "/api/chat/messages", json={"id": "m1", "text": "身份证"}, headers=headers
        )
        assert response.status == 200
    senders = {message.sender for message in core.messages.values()}
    assert len(core.messages) == len(senders) == 2


async def test_what_is_not_settled_in_time_is_accepted_and_answered_later(
    client: Client, bearer: dict[str, str], core: FakeCore
) -> None:
    core.slow = True
    response = await client.post("/api/chat/messages", json={"id": "m1", "text": "身份证"}, headers=bearer)
    assert (response.status, await response.json()) == (202, {"replies": []})
    core.slow = False
    response = await client.post("/api/chat/messages", json={"id": "m1", "text": "身份证"}, headers=bearer)
    assert response.status == 200
    assert len((await response.json())["replies"]) == 1


@pytest.mark.parametrize("header", [None, "Bearer", "Bearer x", "Basic dTpw", "Bearer \u00e9"])
async def test_no_valid_token_is_401(client: Client, header: str | None) -> None:
    headers = {"Authorization": header} if header else {}
    response = await client.post("/api/chat/messages", json={"id": "m1", "text": "a"}, headers=headers)
    assert response.status == 401
    assert response.headers["WWW-Authenticate"] == "Bearer"
    await problem(response)


async def test_more_than_4000_characters_is_413(client: Client, bearer: dict[str, str]) -> None:
    for length, status in ((4000, 200), (4001, 413)):
        body = json.dumps({"id": f"m{length}", "text": "路" * length})
        response = await client.post(
            "/api/chat/messages", data=body, headers={**bearer, "Content-Type": "application/json"}
        )
        assert response.status == status
    assert "4000" in (await problem(response))["title"]


async def test_a_body_of_megabytes_is_413(client: Client, bearer: dict[str, str]) -> None:
    response = await client.post(
        "/api/chat/messages",
        data=io.BytesIO(b"[" * 2_000_000),
        headers={**bearer, "Content-Type": "application/json"},
    )
    assert response.status == 413
    await problem(response)


async def test_anything_but_json_is_415(client: Client, bearer: dict[str, str]) -> None:
    response = await client.post("/api/chat/messages", data={"id": "m1", "text": "a"}, headers=bearer)
    assert response.status == 415
    await problem(response)


async def test_what_cannot_be_read_is_422_and_says_which_part(client: Client, bearer: dict[str, str]) -> None:
    response = await client.post("/api/chat/messages", json={"id": "m 1", "text": "a"}, headers=bearer)
    assert response.status == 422
    assert [error["field"] for error in (await problem(response))["errors"]] == ["id"]


async def test_storage_away_is_503_and_says_when_to_come_back(
    client: Client, bearer: dict[str, str], core: FakeCore
) -> None:
    core.away = True
    response = await client.post("/api/chat/messages", json={"id": "m1", "text": "路灯坏了"}, headers=bearer)
    assert response.status == 503
    assert int(response.headers["Retry-After"]) > 0
    assert "没有丢" not in (await problem(response))["title"]


async def test_an_emergency_is_answered_even_then(
    client: Client, bearer: dict[str, str], core: FakeCore
) -> None:
    core.away = True
    response = await client.post(
        "/api/chat/messages", json={"id": "m1", "text": "煤气味很大"}, headers=bearer
    )
    [reply] = (await response.json())["replies"]
    assert response.status == 200
    assert (reply["kind"], reply["call"]["number"]) == ("emergency", "119")


async def test_edited_facts_reach_the_intake(client: Client, bearer: dict[str, str], core: FakeCore) -> None:
    body = {"id": "m1", "option": "confirm", "fields": {"place": "示例路2号"}}
    await client.post("/api/chat/messages", json=body, headers=bearer)
    [message] = core.messages.values()
    assert (message.option, message.fields) == ("confirm", (("place", "示例路2号"),))


async def test_a_token_is_not_taken_from_a_cookie(client: Client) -> None:
    await client.get("/chat")
    response = await client.post("/api/chat/messages", json={"id": "m1", "text": "a"})
    assert response.status == 401
