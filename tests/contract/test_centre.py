"""A centre that fetches by itself: every ticket, in order, none passed over, whole, and nobody named who is kept back."""

import asyncio
import io
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import FormData
from aiohttp.test_utils import TestClient
from PIL import Image

from gateway.app import make_app
from gateway.bootstrap import Services, open_services
from gateway.enclosures import Enclosures
from gateway.store import feed
from groundwork.contract import findings
from groundwork.database import Connection
from groundwork.outbox import Owed, digest_of, owe
from hotline.events import CONTENT_TYPE, Event
from hotline.signing import signed_headers
from tests.dispatch import GATEWAY, KEY, SECRET, a_number, settings_for
from tests.staffing import jar

pytestmark = pytest.mark.enable_socket

OLDER = "whsec_b2xkZXJvbGRlcm9sZGVyb2xkZXJvbGRlcm9sZGVyb2w="
WHO = {"name": "赵样例", "phone": "13900000001", "place": "示例东路八号"}


@dataclass
class Bench:
    """A gateway over a real database, and whoever asks it."""

    services: Services
    client: TestClient[Any, Any]

    async def fetch(self, path: str, *, secret: str = SECRET, **query: str) -> tuple[int, Any]:
        answer = await self.client.get(path, params=query, headers={"Authorization": f"Bearer {secret}"})
        return answer.status, await answer.json()

    async def page(self, **query: str) -> Any:
        status, page = await self.fetch("/api/dispatch/tickets", **query)
        assert status == 200, page
        return page

    async def letter(self, key: str, *, picture: bool = False, **values: str) -> tuple[str, str]:
        """Return number and query code of a new letter's ticket."""
        form = FormData(default_to_multipart=True)
        fields = {
            "subject": "路灯不亮",
            "body": "示例东路的路灯坏了三天，晚上看不见路，请尽快修好。",
            "kind": "complaint",
        }
        for name, value in (fields | WHO | values).items():
            form.add_field(name, value)
        if picture:
            form.add_field("attachment", a_picture(), filename="赵样例家门口.png", content_type="image/png")
        answer = await self.client.post(
            "/api/mailbox/letters", data=form, headers={"Idempotency-Key": f"{key}-000000"}
        )
        told = await answer.json()
        assert answer.status == 201, told
        return told["number"], told["query_code"]


def a_picture() -> bytes:
    made = io.BytesIO()
    Image.new("RGB", (4, 4), "red").save(made, "PNG")
    return made.getvalue()


@pytest.fixture
async def bench(migrated: str, tmp_path: Path, aiohttp_client: Any) -> AsyncIterator[Bench]:
    settings = replace(
        settings_for("", tmp_path), database_url=migrated, public_url="http://127.0.0.1:8080", gateway_url="",
        files_dir=tmp_path / "files", redis_url=f"unix://{tmp_path}/no-redis", rate_limits=False,
        dispatch_secret_previous=OLDER,
    )  # fmt: skip
    async with open_services(settings) as opened:
        await opened.pool.execute(
            "TRUNCATE messages, conversations, tickets, letters, effects, dispatch_feed CASCADE"
        )
        yield Bench(opened, await aiohttp_client(make_app(opened), cookie_jar=jar()))


async def test_tickets_come_page_by_page_in_order_and_each_as_its_schema_says(bench: Bench) -> None:
    numbers = [(await bench.letter(f"page{n}", subject=f"第{n}盏路灯不亮"))[0] for n in range(5)]
    seen, after = list[str](), ""
    while True:
        page = await bench.page(limit="2", **({"after": after} if after else {}))
        seen += [ticket["number"] for ticket in page["tickets"]]
        after = page["next"]
        if not page["more"]:
            break
    assert seen == numbers
    again = await bench.page(after=after)
    assert again == {"tickets": [], "next": after, "more": False}
    (ticket,) = (await bench.page(limit="1"))["tickets"]
    assert findings("filed", ticket) == [] and findings("pulled", ticket) == []
    assert ticket["source"]["channel"] == "mailbox" and ticket["source"]["label"]
    assert ticket["law_version"] and ticket["due"] and "complaint" in ticket["tags"]
    assert ticket["parties"][0]["name"] == WHO["name"] and ticket["transcript"][-1]["by"] == "citizen"
    assert "query_code" not in ticket


async def test_what_the_citizen_does_later_brings_the_ticket_again_with_its_events(bench: Bench) -> None:
    number, code = await bench.letter("urged")
    after = (await bench.page())["next"]
    answer = await bench.client.post(
        f"/api/tickets/{number}/urges", json={"query_code": code, "text": "请快点"}
    )
    assert answer.status == 201
    (ticket,) = (await bench.page(after=after))["tickets"]
    (event,) = ticket["events"]
    assert findings("envelope", event) == [] and event["type"] == "huying.ticket.urged.v1"
    assert (event["sequence"], event["data"]["text"]) == ("0000000002", "请快点")
    assert (await bench.fetch(f"/api/dispatch/tickets/{number}")) == (200, ticket)


async def test_a_row_that_commits_late_is_not_passed_over(bench: Bench) -> None:
    pool, vault, clock = bench.services.pool, bench.services.vault, bench.services.clock

    async def told(connection: Connection, number: str) -> None:
        body = {"id": number, "subject": number, "name": "filed", "sequence": 1, "at": clock().isoformat(),
                "data": {"number": number}}  # fmt: skip
        one = Owed(key=number, lane=f"ticket:{number}", kind="event", body=body)
        await owe(connection, vault, [one], clock=clock)
        await feed.enter(connection, digest_of(vault, number), number)

    early, late = a_number("FFFFFFF1"), a_number("FFFFFFF2")
    async with pool.acquire() as slow, pool.acquire() as quick:
        transaction = slow.transaction()
        await transaction.start()
        await told(slow, early)
        await told(quick, late)
        first = await bench.page()
        await transaction.commit()
    second = await bench.page(after=first["next"])
    assert [one["number"] for one in first["tickets"]] == [late]
    assert [one["number"] for one in second["tickets"]] == [early]
    pages = await asyncio.gather(*(bench.page() for _ in range(4)))
    assert all([one["number"] for one in page["tickets"]] == [late, early] for page in pages)


async def test_nobody_gets_in_without_a_secret_and_the_older_one_still_holds(bench: Bench) -> None:
    for secret in ("", "whsec_wrong", SECRET[:-1], SECRET + "x", "é"):
        status, told = await bench.fetch("/api/dispatch/tickets", secret=secret)
        assert (status, told["type"]) == (401, "urn:huying:problem:secret")
    answer = await bench.client.get("/api/dispatch/tickets", headers={"Authorization": f"Basic {SECRET}"})
    assert answer.status == 401 and answer.headers["WWW-Authenticate"] == "Bearer"
    assert (await bench.fetch("/api/dispatch/tickets", secret=OLDER))[0] == 200
    assert (await bench.fetch(f"/api/dispatch/tickets/{a_number()}", secret="x"))[0] == 401
    assert (await bench.fetch(f"/api/dispatch/tickets/{a_number()}"))[0] == 404


@pytest.mark.parametrize(
    "query",
    [{"limit": "0"}, {"limit": "501"}, {"limit": "x"}, {"after": "-1"}, {"after": "²"}, {"after": "9" * 30}],
)
async def test_a_page_that_cannot_be_asked_for_is_told_with_its_field(
    bench: Bench, query: dict[str, str]
) -> None:
    status, told = await bench.fetch("/api/dispatch/tickets", **query)
    assert status == 422 and told["errors"][0]["field"] == next(iter(query))


async def test_a_cursor_beyond_the_end_is_kept_and_passes_nothing_over(bench: Bench) -> None:
    assert await bench.page(after="999999") == {"tickets": [], "next": "999999", "more": False}
    number, _ = await bench.letter("beyond")
    assert [one["number"] for one in (await bench.page())["tickets"]] == [number]


async def test_files_are_fetched_by_links_that_end_and_cannot_be_made(bench: Bench) -> None:
    number, _ = await bench.letter("file", picture=True)
    _, ticket = await bench.fetch(f"/api/dispatch/tickets/{number}")
    (file,) = ticket["files"]
    assert findings("filed", ticket) == [] and file["name"] == "1.png" and file["type"] == "image/png"
    path = file["url"].removeprefix("http://127.0.0.1:8080")
    answer = await bench.client.get(path)
    assert answer.status == 200 and Image.open(io.BytesIO(await answer.read())).size == (4, 4)
    assert answer.headers["Content-Disposition"] == "attachment"
    for wrong in (path + "0", path.replace("expires=", "expires=1"), path.partition("?")[0]):
        assert (await bench.client.get(wrong)).status == 403
    later = Enclosures(
        bench.services.files,
        bench.services.vault,
        at="",
        real_time=lambda: datetime.now(UTC) + timedelta(hours=2),
    )
    query = dict(part.split("=") for part in path.partition("?")[2].split("&"))
    assert not later.is_open(file["id"], query["expires"], query["signature"])


@pytest.mark.duty("KF-3-1d")
async def test_of_a_confidential_ticket_neither_page_nor_file_names_the_person(bench: Bench) -> None:
    number, _ = await bench.letter("secret", picture=True, confidential="true",
                                   body="我是赵样例，电话13900000001，示例东路的路灯坏了三天，请保密。")  # fmt: skip
    status, ticket = await bench.fetch(f"/api/dispatch/tickets/{number}")
    text = json.dumps(ticket, ensure_ascii=False)
    assert status == 200 and WHO["name"] not in text and WHO["phone"] not in text
    assert ticket["contact"]["token"] and ticket["parties"][0]["token"] == ticket["contact"]["token"]


async def test_an_event_of_the_centre_that_does_not_fit_its_schema_is_refused(bench: Bench) -> None:
    number, _ = await bench.letter("event", place="示例市东区示例路")
    assert (await bench.fetch(f"/api/dispatch/tickets/{number}"))[1]["division"] == {
        "code": "999901",
        "name": "东区",
    }

    async def post(name: str, data: dict[str, Any], *, id: str) -> int:
        at = datetime.now(UTC)
        event = Event(id=id, source=GATEWAY, name=name, subject=number, sequence=1, at=at, data=data)
        headers = signed_headers(KEY, id=id, at=at, body=event.body())
        answer = await bench.client.post(
            "/api/dispatch/events", data=event.body(), headers={"Content-Type": CONTENT_TYPE, **headers}
        )
        return answer.status

    good = {"what": "finish", "number": 3, "reason": "要等配件", "at": "2026-11-25T10:00:00+08:00"}
    assert await post("extended", good | {"number": "three"}, id="e0") == 422
    assert await post("extended", good | {"mood": "calm"}, id="e1") == 202
    assert await post("extended", good, id="e1") == 200


@pytest.mark.duty("XA-1b")
async def test_articles_are_proposed_for_a_ticket_by_its_own_words(bench: Bench) -> None:
    number, _ = await bench.letter("proposed")
    looked = list[str]()
    search = bench.services.library.search

    async def noted(question: str, *, limit: int, staff: bool = False) -> Any:
        looked.append(question)
        return await search(question, limit=limit, staff=staff)

    bench.services.library.search = noted  # type: ignore[method-assign]
    path = f"/api/dispatch/tickets/{number}/suggestions"
    status, told = await bench.fetch(path, text="别的话")
    assert status == 200 and told["answered"] is False and told["articles"] == []
    assert len(looked) == 1 and "路灯" in looked[0] and "别的话" not in looked[0]
    assert (await bench.fetch(path, secret="x"))[0] == 401
    assert (await bench.fetch(f"/api/dispatch/tickets/{a_number('ZZZZZZZ9')}/suggestions"))[0] == 404
