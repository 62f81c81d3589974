"""What is true of every page and every route."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from pytest_aiohttp.plugin import AiohttpClient

from channels.open311.codec import Query, ServiceRequest
from channels.registry import CHANNELS
from gateway.web.dispatch import Centre, CentreParts
from gateway.web.health import Check
from gateway.web.open311 import Open311
from gateway.web.openapi import DOCUMENT, api_places
from gateway.web.ports import Received, Said
from groundwork.headers import POLICY
from hotline.errors import StorageAwayError
from hotline.message import InboundMessage
from hotline.understanding import Hit
from staff.audience import add_routes, audiences
from tests.web.fake_app import (
    NOW,
    PACK,
    FakeArticles,
    FakeCore,
    FakeLimits,
    FakeRegister,
    channel_parts,
    fake_app,
    fake_assets,
)
from tests.web.reading import Client, Page, press

ASSETS, LOOK = Path("gateway/web/assets"), Path("groundwork/look")
PAGES = [
    "/",
    "/chat",
    "/mailbox",
    "/progress",
    "/promises",
    "/news",
    "/polls",
    "/privacy",
    "/accessibility",
    "/kb/public",
    "/kb/public/id-card-lost",
    "/nothing-here",
]
ROUTES = {
    ("GET", "/"): "public",
    ("POST", "/mode"): "public",
    ("GET", "/chat"): "citizen",
    ("POST", "/chat"): "citizen",
    ("GET", "/chat/embed"): "citizen",
    ("GET", "/embed.js"): "citizen",
    ("POST", "/chat/say"): "citizen",
    ("POST", "/chat/files"): "citizen",
    ("GET", "/chat/ws"): "citizen",
    ("GET", "/chat/transcript"): "citizen",
    ("GET", "/api/chat/ws"): "citizen",
    ("GET", "/promises"): "public",
    ("GET", "/news"): "public",
    ("GET", "/polls"): "citizen",
    ("GET", "/polls/{id}"): "citizen",
    ("POST", "/polls/{id}"): "citizen",
    ("GET", "/privacy"): "public",
    ("GET", "/accessibility"): "public",
    ("GET", "/mailbox"): "citizen",
    ("GET", "/mailbox/letters/{id}"): "citizen",
    ("POST", "/mailbox"): "citizen",
    ("POST", "/mailbox/receipt"): "citizen",
    ("GET", "/progress"): "citizen",
    ("POST", "/progress"): "citizen",
    ("GET", "/progress/{number}"): "citizen",
    ("POST", "/progress/mine"): "citizen",
    ("POST", "/progress/act"): "citizen",
    ("GET", "/progress/seen/{id}"): "citizen",
    ("POST", "/progress/receipt"): "citizen",
    ("GET", "/kb/public"): "public",
    ("POST", "/kb/public"): "public",
    ("GET", "/kb/public/{id}"): "public",
    ("POST", "/kb/public/{id}/opinion"): "public",
    ("GET", "/kb/public/sitemap.xml"): "public",
    ("GET", "/static/{name}"): "public",
    ("POST", "/api/chat/sessions"): "citizen",
    ("POST", "/api/chat/messages"): "citizen",
    ("POST", "/api/chat/attachments"): "citizen",
    ("POST", "/api/mailbox/letters"): "citizen",
    ("POST", "/api/tickets/{number}/supplements"): "citizen",
    ("POST", "/api/tickets/{number}/urges"): "citizen",
    ("POST", "/api/tickets/{number}/ratings"): "citizen",
    ("POST", "/api/tickets/{number}/withdrawals"): "citizen",
    ("POST", "/api/progress"): "citizen",
    ("GET", "/api/kb/search"): "public",
    ("GET", "/api/kb/articles/{id}"): "public",
    ("GET", "/api/kb/articles"): "public",
    ("GET", "/api/openapi.json"): "public",
    ("GET", "/healthz"): "ops",
    ("GET", "/readyz"): "ops",
    ("GET", "/metrics"): "ops",
}


def test_every_route_says_for_whom_it_is(app: web.Application) -> None:
    assert audiences(app) == ROUTES


def test_a_route_that_does_not_say_is_found(app: web.Application) -> None:
    async def silent(request: web.Request) -> web.Response:
        return web.Response()

    app.router.add_get("/silent", silent)
    with pytest.raises(LookupError, match="/silent"):
        audiences(app)


def test_an_unknown_audience_is_refused(app: web.Application) -> None:
    with pytest.raises(ValueError, match="everybody"):
        add_routes(app, "everybody", [])


def test_every_channel_says_for_whom_it_is() -> None:
    assert {name: make(channel_parts(FakeCore())).audience for name, make in CHANNELS.items()} == {
        "webchat": "citizen",
        "wechat": "platform",
        "sms": "platform",
        "mailbox": "citizen",
    }


class Requests:
    """Finds none."""

    async def found(self, query: Query) -> tuple[ServiceRequest, ...]:
        return ()


def test_the_document_lists_exactly_the_registered_interfaces(app: web.Application) -> None:
    none: Any = None
    parts = CentreParts(
        register=none,
        notices=none,
        feed=none,
        enclosures=none,
        keys=b"key",
        secrets=(),
        now=lambda: NOW,
        propose=none,
        source="",
    )
    add_routes(app, "platform", Centre(parts).routes())
    core = FakeCore()
    open311 = Open311(
        PACK, channel_parts(core), FakeRegister(core), Requests(), FakeLimits(), keys={}, public_url=""
    )
    add_routes(app, "public", (*open311.reading(), *open311.writing()))
    document = json.loads(DOCUMENT.read_text("utf-8"))
    listed = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    assert listed == api_places(app)
    assert document["openapi"].startswith("3.1")


def test_every_reference_of_the_document_resolves() -> None:
    document = json.loads(DOCUMENT.read_text("utf-8"))

    def references(value: Any) -> Iterator[str]:
        if isinstance(value, dict):
            yield from ([value["$ref"]] if "$ref" in value else [])
            for inner in value.values():
                yield from references(inner)
        elif isinstance(value, list):
            for inner in value:
                yield from references(inner)

    found = set(references(document))
    assert found
    for reference in found:
        place = document
        for part in reference.removeprefix("#/").split("/"):
            place = place[part]


async def test_the_document_is_served(client: Client) -> None:
    response = await client.get("/api/openapi.json")
    assert response.status == 200 and (await response.json())["info"]["title"] == "Huying"


@pytest.mark.parametrize("path", [*PAGES, "/api/kb/search", "/healthz", "/static/weui.0.css"])
async def test_every_answer_carries_the_policy(client: Client, path: str) -> None:
    headers = (await client.get(path)).headers
    assert headers["Content-Security-Policy"] == POLICY
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"


@pytest.mark.parametrize("path", PAGES)
async def test_every_page_keeps_to_the_policy_and_the_frame(client: Client, path: str) -> None:
    response = await client.get(path)
    text = await response.text()
    page = Page(text)
    assert response.status == (404 if path == "/nothing-here" else 200)
    assert len(page.found("h1")) == 1
    assert page.found("html") == [{"lang": "zh-CN"}]
    assert not page.found("style")
    assert all("src" in attrs for attrs in page.found("script"))
    assert not [attrs for _, attrs in page.tags for name in attrs if name == "style" or name.startswith("on")]
    addresses = [
        attrs[name] or "" for _, attrs in page.tags for name in ("src", "href", "action") if name in attrs
    ]
    assert all(a.startswith(("/", "#", "tel:", "data:")) and not a.startswith("//") for a in addresses)
    ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("path", PAGES)
async def test_the_size_switch_is_among_the_first_three_tab_stops(client: Client, path: str) -> None:
    page = Page(await (await client.get(path)).text())
    stops = [
        attrs
        for tag, attrs in page.tags
        if tag in ("a", "button", "textarea") or attrs.get("tabindex") == "0"
    ]
    assert any(attrs.get("name") == "mode" for attrs in stops[:3])


async def test_the_size_is_remembered_and_rendered_here(client: Client) -> None:
    page = Page(await (await client.get("/")).text())
    assert "data-weui-mode" not in page.found("body")[0]
    response, page = await press(client, page, "切换到关怀版")
    assert response.url.path == "/"
    assert page.found("body")[0]["data-weui-mode"] == "care"
    assert Page(await (await client.get("/chat")).text()).found("body")[0]["data-weui-mode"] == "care"
    _, page = await press(client, page, "切换到标准版")
    assert "data-weui-mode" not in page.found("body")[0]


@pytest.mark.parametrize(
    "back", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:x", ""]
)
async def test_the_switch_never_leads_away(client: Client, back: str) -> None:
    response = await client.post("/mode", data={"mode": "care", "back": back}, allow_redirects=False)
    assert response.headers["Location"] == "/"


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"},
                                     {"Origin": "https://evil.example"}, {"Origin": "null"}])  # fmt: skip
@pytest.mark.parametrize(
    "path",
    [
        "/chat",
        "/chat/say",
        "/kb/public",
        "/mode",
        "/progress",
        "/progress/act",
        "/mailbox",
        "/mailbox/receipt",
    ],
)
async def test_posts_from_other_sites_are_refused(
    client: Client, core: FakeCore, path: str, headers: dict[str, str]
) -> None:
    response = await client.post(path, data={"id": "1", "text": "身份证"}, headers=headers)
    assert response.status == 403 and not core.messages


@pytest.mark.parametrize(
    "headers", [{}, {"Sec-Fetch-Site": "same-origin"}, {"Origin": "http://127.0.0.1:8080"}]
)
async def test_posts_from_our_own_pages_are_taken(
    client: Client, core: FakeCore, headers: dict[str, str]
) -> None:
    response = await client.post("/chat", data={"text": "身份证"}, headers=headers)
    assert response.status == 200 and len(core.messages) == 1


async def test_our_own_host_is_believed(client: Client, core: FakeCore) -> None:
    origin = str(client.make_url("")).rstrip("/")
    assert (await client.post("/chat", data={"text": "身份证"}, headers={"Origin": origin})).status == 200


async def test_programs_are_not_asked_where_they_come_from(client: Client) -> None:
    response = await client.post("/api/chat/sessions", headers={"Origin": "https://example.org"})
    assert response.status == 201


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/nothing", 404), ("DELETE", "/chat", 405),
                                                        ("GET", "/api/nothing", 404), ("GET", "/api/progress", 405)])  # fmt: skip
async def test_people_get_a_page_and_programs_a_problem(
    client: Client, method: str, path: str, status: int
) -> None:
    response = await client.request(method, path)
    assert response.status == status
    kind = "application/problem+json" if path.startswith("/api/") else "text/html"
    assert response.content_type == kind
    if status == 405:
        assert "POST" in response.headers["Allow"]


async def test_an_upload_to_a_page_is_415(client: Client) -> None:
    response = await client.post("/chat", data=b"{}", headers={"Content-Type": "application/json"})
    assert response.status == 415 and response.content_type == "text/html"


async def test_a_form_of_too_many_fields_is_422(client: Client) -> None:
    response = await client.post("/chat", data={f"f{n}": "1" for n in range(100)})
    assert response.status == 422


async def test_our_own_faults_tell_nothing_of_what_was_said(
    client: Client, core: FakeCore, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(message: InboundMessage, *, within: float) -> Received:
        raise RuntimeError(f"choked on {message.text}")

    monkeypatch.setattr(core, "receive", broken)
    response = await client.post("/chat", data={"text": "我叫示例某"})
    text = await response.text()
    assert response.status == 500 and "系统出了问题" in text
    assert "示例某" not in text and "Traceback" not in text and "已经收到" not in text
    assert "request.failed" in caplog.text


async def test_words_that_were_stored_are_said_to_be_safe(
    client: Client, core: FakeCore, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(conversation: str, *, limit: int) -> tuple[Said, ...]:
        raise RuntimeError

    monkeypatch.setattr(core, "history", broken)
    response = await client.post("/chat", data={"text": "煤气味"})
    assert response.status == 500 and "您的话已经收到，没有丢" in await response.text()


async def test_the_portal_has_its_entries_numbers_and_promises(client: Client) -> None:
    page = Page(await (await client.get("/")).text())
    links = {attrs.get("href") for attrs in page.found("a")}
    assert {
        "/chat",
        "/mailbox",
        "/progress",
        "/kb/public",
        "tel:110",
        "tel:119",
        "tel:120",
        "tel:122",
    } <= links
    assert "5个工作日内办结并答复您" in page.words and "《示例市热线条例》第八条" in page.words
    assert "15天内" not in page.words  # promised to letters alone


async def test_the_portal_stands_without_the_database(
    aiohttp_client: AiohttpClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(self: FakeArticles) -> tuple[Hit, ...]:
        raise StorageAwayError("OSError")

    monkeypatch.setattr(FakeArticles, "listed", away)
    client = await aiohttp_client(fake_app(fake_assets(tmp_path)))
    for path in ("/", "/kb/public"):
        response = await client.get(path)
        assert response.status == 200 and "tel:119" in await response.text()


async def test_static_files_may_be_kept_for_ever_and_nothing_else_is_served(client: Client) -> None:
    response = await client.get("/static/citizen.0.css")
    assert response.status == 200 and "immutable" in response.headers["Cache-Control"]
    assert response.content_type == "text/css"
    for path in ("/static/manifest.json", "/static/..%2f..%2ferrors.py", "/static/"):
        assert (await client.get(path)).status == 404


async def up() -> None:
    return None


async def down() -> None:
    raise OSError


async def test_readiness_names_what_is_degraded_and_fails_without_what_is_needed(
    aiohttp_client: AiohttpClient, tmp_path: Path
) -> None:
    async def state(*checks: Check) -> tuple[int, list[str]]:
        client = await aiohttp_client(fake_app(fake_assets(tmp_path), checks=checks))
        response = await client.get("/readyz")
        return response.status, (await response.json())["degraded"]

    database = Check(name="database", probe=up, required=True)
    assert await state(database, Check(name="rasa", probe=up)) == (200, [])
    assert await state(database, Check(name="rasa", probe=down)) == (200, ["rasa"])
    assert await state(Check(name="database", probe=down, required=True)) == (503, ["database"])


async def test_alive_needs_nothing(client: Client) -> None:
    assert (await (await client.get("/healthz")).json()) == {"status": "ok"}


async def test_figures_count_by_route_and_never_by_address(client: Client) -> None:
    await client.get("/kb/public/id-card-lost")
    await client.get("/never-seen-before")
    text = await (await client.get("/metrics")).text()
    assert 'huying_http_requests_total{method="GET",route="/kb/public/{id}",status="200"} 1.0' in text
    assert "never-seen-before" not in text and "id-card-lost" not in text


@pytest.mark.parametrize(
    ("name", "most"), [("chat.js", 12), ("letter.js", 3), ("embed.js", 1), ("framed.js", 1)]
)
def test_our_scripts_are_small_and_make_no_markup_from_words(name: str, most: int) -> None:
    source = (ASSETS / name).read_text("utf-8")
    assert len(gzip.compress(source.encode())) <= most * 1024
    for forbidden in (
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "new Function",
    ):
        assert forbidden not in source


@pytest.mark.parametrize(
    "asset",
    [
        ASSETS / "chat.js",
        ASSETS / "letter.js",
        ASSETS / "framed.js",
        ASSETS / "citizen.css",
        LOOK / "tokens.css",
        LOOK / "icons.svg",
    ],
    ids=lambda asset: asset.name,
)
def test_no_asset_names_another_host(asset: Path) -> None:
    source = asset.read_text("utf-8").replace("http://www.w3.org/2000/svg", "")
    assert "http://" not in source and "https://" not in source and "url(" not in source


async def test_the_chat_stands_in_frames_of_allowed_sites_alone_and_nowhere_by_default(
    aiohttp_client: AiohttpClient, tmp_path: Path
) -> None:
    closed = await aiohttp_client(fake_app(fake_assets(tmp_path)))
    assert [(await closed.get(path)).status for path in ("/embed.js", "/chat/embed")] == [404, 404]
    origin = "https://www.example.gov.cn"
    client = await aiohttp_client(fake_app(fake_assets(tmp_path), embed_origins=(origin,)))
    frame = await client.get("/chat/embed")
    assert frame.headers["Content-Security-Policy"].endswith(f"frame-ancestors {origin}")
    assert "Set-Cookie" not in frame.headers
    assert (await client.get("/chat")).headers["Content-Security-Policy"] == POLICY
    script = await client.get("/embed.js")
    assert script.headers["Cross-Origin-Resource-Policy"] == "cross-origin"


async def test_a_framed_conversation_goes_by_its_token_without_cookies(
    aiohttp_client: AiohttpClient, tmp_path: Path
) -> None:
    client = await aiohttp_client(fake_app(fake_assets(tmp_path), embed_origins=("https://a.example",)))
    page = Page(await (await client.get("/chat/embed")).text())
    (token,) = [attrs["data-token"] for attrs in page.found("template") if "data-token" in attrs]
    bearing = {"Authorization": f"Bearer {token}"}
    await client.post("/chat/say", data={"id": "one", "text": "工地施工太吵"}, headers=bearing)
    client.session.cookie_jar.clear()
    assert "工地施工太吵" in await (await client.get("/chat", headers=bearing)).text()
    client.session.cookie_jar.clear()
    assert "工地施工太吵" not in await (await client.get("/chat")).text()
