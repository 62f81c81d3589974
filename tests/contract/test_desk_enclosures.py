"""What citizens sent along is opened at the desk by who may, fetched from the gateway, and noted."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from aiohttp import ClientSession, web

from dispatch_client import payloads
from dispatch_desk.app import compose
from groundwork.database import open_pool
from hotline.ticket import Contact
from staff.accounts import Role
from tests.contract.test_desk_pages import words
from tests.dispatch import (
    CHEAP,
    FILED_AT,
    SECRET,
    RunningDesk,
    SettableClock,
    a_number,
    a_pack,
    a_ticket,
    an_event,
    filed,
    post_event,
    settings_for,
    text_of,
)

pytestmark = pytest.mark.enable_socket
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 2000
PAGE = b"<script>alert(1)</script>"
NUMBER = a_number("FFFFFFF1")


@dataclass
class Gateway:
    """A gateway that has one ticket: it answers as docs/connect-your-dispatch-centre.md says."""

    files: dict[str, tuple[str, bytes]]
    asked: list[str] = field(default_factory=list)

    def told(self, *ids: str) -> list[dict[str, Any]]:
        return [
            {"id": id, "name": f"{place}.bin", "type": self.files[id][0], "size": len(self.files[id][1]),
             "url": f"http://gateway.example/api/dispatch/files/{id}?signature=s", "expires_at": FILED_AT.isoformat()}
            for place, id in enumerate(ids, 1)
        ]  # fmt: skip

    async def ticket(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != f"Bearer {SECRET}":
            return web.Response(status=401)
        supplements = [{"name": "supplemented", "data": {"files": self.told("13812345678")}}]
        return web.json_response({"files": self.told("a", "b"), "events": supplements})

    async def file(self, request: web.Request) -> web.Response:
        self.asked.append(request.path_qs)
        kind, body = self.files[request.match_info["id"]]
        return web.Response(body=body, status=200 if kind else 404)


@pytest.fixture
def gateway() -> Gateway:
    return Gateway(files={"a": ("image/png", PNG), "b": ("text/html", PAGE), "13812345678": ("", b"")})


@pytest.fixture
async def desk(
    desk_url: str, tmp_path: Any, aiohttp_client: Any, aiohttp_server: Any, gateway: Gateway
) -> AsyncIterator[RunningDesk]:
    app = web.Application()
    app.router.add_get(f"/api/dispatch/tickets/{NUMBER}", gateway.ticket)
    app.router.add_get("/api/dispatch/files/{id}", gateway.file)
    server = await aiohttp_server(app)
    settings = settings_for(desk_url, tmp_path, gateway_url=str(server.make_url("/")))
    clock = SettableClock()
    async with open_pool(desk_url) as pool, ClientSession() as http:
        await pool.execute("TRUNCATE cases, case_events, case_steps, events_received, effects, staff_tries")
        services = compose(settings, a_pack(), pool, http, clock=clock, code_time=clock, hasher=CHEAP)
        browser = await aiohttp_client(services.app)
        yield RunningDesk(services=services, browser=browser, clock=clock, settings=settings)


async def file(desk: RunningDesk, gateway: Gateway, **changes: Any) -> None:
    event = filed(a_ticket(NUMBER, attachments=("a", "b"), **changes))
    event = replace(event, data={**event.data, "files": gateway.told("a", "b")})
    assert await post_event(desk.browser, event) == 202
    data = payloads.supplement_data("还有一张", at=FILED_AT, attachments=("13812345678",))
    assert await post_event(desk.browser, an_event("supplemented", data, number=NUMBER, sequence=2)) == 202


async def test_a_picture_opens_in_the_browser_and_anything_else_is_saved(
    desk: RunningDesk, gateway: Gateway
) -> None:
    await file(desk, gateway)
    await desk.enter(Role.UNIT)
    said = words(await text_of(desk.browser, f"/cases/{NUMBER}"))
    assert "图片1，2KB" in said and "文件2" in said and "文件3" in said and "谁打开过会留下记录" in said
    seen = await desk.count("audit_log", "action = 'file.seen' AND subject = $1", NUMBER)
    picture = await desk.browser.get(f"/cases/{NUMBER}/files/1")
    assert (picture.content_type, await picture.read()) == ("image/png", PNG)
    page = await desk.browser.get(f"/cases/{NUMBER}/files/2")
    assert (page.content_type, await page.read()) == ("application/octet-stream", PAGE)
    for answer, way in ((picture, "inline"), (page, "attachment")):
        assert answer.headers["Content-Disposition"].startswith(f'{way}; filename="{NUMBER}-')
        assert "sandbox" in answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "no-store"
    assert await desk.count("audit_log", "action = 'file.seen' AND subject = $1", NUMBER) == seen + 2
    assert all("signature=s" in path for path in gateway.asked)


async def test_a_file_that_is_not_there_yet_says_so(desk: RunningDesk, gateway: Gateway) -> None:
    await file(desk, gateway)
    await desk.enter(Role.DISPATCHER)
    answer = await desk.browser.get(f"/cases/{NUMBER}/files/3")
    assert answer.status == 503 and "附件暂时取不到" in await answer.text()
    assert gateway.asked == ["/api/dispatch/files/13812345678?signature=s"]
    for place in ("0", "4"):
        assert (await desk.browser.get(f"/cases/{NUMBER}/files/{place}")).status == 404


@pytest.mark.duty("KF-3-1d", "BD-35")
async def test_nobody_opens_the_files_of_a_confidential_case_or_of_another_unit_s(
    desk: RunningDesk, gateway: Gateway
) -> None:
    await file(desk, gateway, contact=Contact(confidential=True))
    await desk.enter(Role.DISPATCHER)
    page = await text_of(desk.browser, f"/cases/{NUMBER}")
    assert "/files/" not in page and "不能打开" in page
    assert (await desk.browser.get(f"/cases/{NUMBER}/files/1")).status == 404
    await desk.services.pool.execute("TRUNCATE cases, case_events, events_received")
    await file(desk, gateway, lead_unit="示例市交通局")
    await desk.enter(Role.UNIT)
    assert (await desk.browser.get(f"/cases/{NUMBER}/files/1")).status == 404
    assert gateway.asked == []
