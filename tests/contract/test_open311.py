"""Open311 over the real database, read and written by clients that others made."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any, TypeVar
from xml.etree import ElementTree

import pytest
from aiohttp.test_utils import TestClient
from civicbot.http import HttpError, HttpTransport, RateLimiter
from civicbot.open311 import Open311Client
from civicbot.registry import Endpoint
from georeport import GeoReport

import gateway
from channels.open311.keys import digest_of
from gateway.app import make_app
from gateway.bootstrap import Services, open_services
from gateway.localservers import Postgres, ensure_database
from groundwork.database import migrate
from groundwork.limits import LIMITS, Limit
from hotline.calendar import CITY_TIME
from hotline.errors import StorageAwayError
from hotline.events import Event
from hotline.message import InboundMessage
from hotline.ticket import is_ticket_number
from staff.audience import audiences
from tests.dispatch import settings_for

pytestmark = pytest.mark.enable_socket

T = TypeVar("T")
Browser = TestClient[Any, Any]

KEY, ROOT = "a key of the tests, drawn by nobody", "/open311/v2"
NOON = datetime(2026, 9, 29, 12, tzinfo=CITY_TIME)
LIGHT = {
    "api_key": KEY, "service_code": "complaint", "address_string": "示例东路1号",
    "description": "示例东路的路灯坏了三天，我叫样例某，电话13900000000。",
    "last_name": "样例某", "phone": "13900000000",
}  # fmt: skip
PUBLIC, SECRET = {"attribute[public]": "true"}, {"attribute[confidential]": "true"}
PERSON = ("样例某", "13900000000")


@pytest.fixture(scope="module")
def url(postgres: Postgres) -> str:
    name = f"t{uuid.uuid4().hex[:12]}"
    asyncio.run(ensure_database(postgres.url(), name))
    migrate(postgres.url(name), Path(gateway.__file__).parent / "store" / "migrations")
    return postgres.url(name)


@pytest.fixture
async def services(url: str, tmp_path: Path) -> AsyncIterator[Services]:
    settings = replace(
        settings_for("", tmp_path), database_url=url, public_url="http://127.0.0.1:8080", clock=NOON,
        files_dir=tmp_path / "files", redis_url=f"unix://{tmp_path}/no-redis", open311_keys={"app": digest_of(KEY)},
        trusted_proxies=(ip_network("127.0.0.0/8"),),
    )  # fmt: skip
    async with open_services(settings) as services:
        await services.pool.execute(
            "TRUNCATE messages, conversations, replies, tickets, ticket_events, effects, letters CASCADE"
        )
        yield services


@pytest.fixture
async def client(services: Services, aiohttp_client: Any) -> Browser:
    browser: Browser = await aiohttp_client(make_app(services))
    return browser


async def post(client: Browser, headers: dict[str, str] | None = None, **changes: Any) -> tuple[int, Any]:
    """Post the broken light with ``changes``; ``None`` leaves a field out."""
    form = {name: value for name, value in (LIGHT | changes).items() if value is not None}
    answer = await client.post(f"{ROOT}/requests.json", data=form, headers=headers)
    return answer.status, await answer.json()


async def filed(client: Browser, **changes: Any) -> str:
    status, (told,) = await post(client, **changes)
    assert status == 200 and is_ticket_number(told["service_request_id"]), told
    return str(told["service_request_id"])


async def get(client: Browser, path: str, **query: str) -> tuple[int, Any]:
    answer = await client.get(f"{ROOT}/{path}.json", params=query)
    return answer.status, await answer.json()


async def numbers(client: Browser, **query: str) -> list[str]:
    status, found = await get(client, "requests", **query)
    assert status == 200, found
    return [one["service_request_id"] for one in found]


def test_reading_is_for_everybody_and_writing_for_clients_with_a_key(client: Browser) -> None:
    app = client.app
    assert app is not None
    told = {place: who for place, who in audiences(app).items() if place[1].startswith(ROOT)}
    assert told == {
        ("GET", f"{ROOT}/discovery.{{format}}"): "public", ("GET", f"{ROOT}/services.{{format}}"): "public",
        ("GET", f"{ROOT}/services/{{code}}.{{format}}"): "public", ("GET", f"{ROOT}/requests.{{format}}"): "public",
        ("GET", f"{ROOT}/requests/{{number}}.{{format}}"): "public",
        ("GET", f"{ROOT}/tokens/{{token}}.{{format}}"): "public",
        ("POST", f"{ROOT}/requests.{{format}}"): "platform",
    }  # fmt: skip


async def test_a_client_that_others_made_reads_and_writes(client: Browser, services: Services) -> None:
    base = str(client.make_url(ROOT))
    theirs = Open311Client(
        Endpoint(id="city", name="示例市", base_url=base, write=True),
        HttpTransport(rate_limiter=RateLimiter(0.0, {})),
    )

    async def told(ask: Callable[..., T], *rest: Any, **more: Any) -> T:
        return await asyncio.to_thread(ask, *rest, **more)

    prepared = await told(
        theirs.create_request, "complaint", dry_run=False, confirm="SEND", api_key=KEY, validate_remote=True,
        address_string="示例东路1号", lat=33.7, lng=113.2, description="路灯坏了三天，晚上看不见路。",
        last_name="样例某", phone="13900000000", attributes={"time": "晚上", "public": "true"},
    )  # fmt: skip
    number = prepared.response[0]["service_request_id"]
    assert is_ticket_number(number) and number in prepared.response[0]["service_notice"]
    one = await told(theirs.get_request, number)
    assert one is not None and one["status"] == "open" and one["service_code"] == "complaint"
    assert (one["lat"], one["long"], one["address"]) == (33.7, 113.2, "示例东路1号")
    assert [each["service_request_id"] for each in await told(theirs.list_requests, status="open")] == [
        number
    ]
    with pytest.raises(HttpError) as refused:
        await told(theirs.create_request, "complaint", dry_run=False, confirm="SEND", api_key="wrong",
                   address_string="示例东路1号", description="路灯坏了")  # fmt: skip
    assert refused.value.status == 403
    ticket = await services.pool.fetchrow("SELECT channel, kind FROM tickets WHERE number = $1", number)
    assert ticket is not None and tuple(ticket) == ("open311", "complaint")
    owed = await services.pool.fetchval("SELECT count(*) FROM effects WHERE lane = $1", f"ticket:{number}")
    assert owed == 1


@pytest.mark.parametrize("form", ["xml", "json"])
async def test_another_client_that_others_made_reads_both_forms(client: Browser, form: str) -> None:
    first, second = await filed(client), await filed(client, **PUBLIC)
    reader = GeoReport(str(client.make_url(ROOT)), jurisdiction="_example", output_format=form)
    services = await asyncio.to_thread(reader.get_service_list)
    assert {one["service_code"] for one in services} >= {"complaint", "consultation"}
    told = await asyncio.to_thread(reader.get_service_definition, "complaint")
    attributes = told["attributes"] if form == "json" else told["attributes"]["attribute"]
    assert {"time", "public"} <= {one["code"] for one in attributes}
    found = await asyncio.to_thread(reader.get_service_requests, status="open")
    assert {one["service_request_id"] for one in found} == {first, second}
    one = await asyncio.to_thread(reader.get_service_request, second)
    assert one["service_request_id"] == second and "路灯坏了三天" in one["description"]


async def test_discovery_names_this_endpoint_and_its_forms(client: Browser) -> None:
    answer = await client.get(f"{ROOT}/discovery.xml")
    assert answer.headers["Content-Type"] == "text/xml; charset=utf-8"
    text = await answer.text()
    assert text.startswith('<?xml version="1.0" encoding="utf-8"?>')
    endpoint = ElementTree.fromstring(text).find("endpoints/endpoint")
    assert endpoint is not None and endpoint.findtext("url") == f"http://127.0.0.1:8080{ROOT}"
    assert [one.text for one in endpoint.findall("formats/format")] == ["text/xml", "application/json"]


async def test_nobody_is_named_in_what_everybody_reads(client: Browser, services: Services) -> None:
    place = "示例花园3号楼2单元501室"
    said = f"{LIGHT['description']}我家{place}，隔壁5栋302也看不见。"
    private = await filed(client)
    public = await filed(client, description=said, address_string=place, lat="33.7", long="113.2", **PUBLIC)
    _, found = await get(client, "requests")
    shown = {one["service_request_id"]: one for one in found}
    assert set(shown) == {private, public}
    for name in ("description", "address", "lat", "long"):
        assert shown[private][name] is None and shown[public][name] is not None
    assert not any(word in str(found) for word in (*PERSON, "号楼", "单元", "501", "302"))
    assert shown[public]["address"].startswith("示例花园*") and "路灯坏了三天" in shown[public]["description"]
    async with services.pool.acquire() as connection:
        whole = await services.tickets.named(connection, public)
    assert whole is not None and whole.place == place and whole.contact.name == "样例某"
    assert shown[private]["agency_responsible"] and shown[private]["expected_datetime"].endswith("+08:00")


async def test_a_confidential_ticket_is_in_no_list_and_tells_its_holder_only_where_it_stands(
    client: Browser, services: Services
) -> None:
    number = await filed(client, **PUBLIC, **SECRET)
    asked = await filed(client, description=f"{LIGHT['description']}请为我保密。", **PUBLIC)
    assert await numbers(client) == []
    for one in (number, asked):
        _, (told,) = await get(client, f"requests/{one}")
        assert told["status"] == "open"
        assert not any(told[name] for name in ("description", "address", "lat", "agency_responsible"))
    await services.pool.execute("UPDATE tickets SET confidential = false")  # as tickets of before are
    assert await numbers(client) == []


async def test_what_happens_to_the_ticket_is_read(client: Browser, services: Services) -> None:
    number = await filed(client)
    at = NOON + timedelta(hours=2)
    for sequence, name in enumerate(("signed", "closed"), 1):
        event = Event(
            id=f"e{sequence}", source="urn:huying:desk:_example", subject=number, name=name, sequence=sequence,
            at=at, data={"at": at.isoformat()},
        )  # fmt: skip
        assert await services.tickets.take(event)
    _, (told,) = await get(client, f"requests/{number}")
    assert (told["status"], told["status_notes"]) == ("closed", services.pack.words["state_closed"])
    assert told["updated_datetime"] == at.isoformat()
    assert await numbers(client, status="closed") == [number] and await numbers(client, status="open") == []


async def test_the_list_is_filtered_and_paged(client: Browser) -> None:
    light, praise = (
        await filed(client),
        await filed(client, service_code="praise", description="师傅修得又快又好。"),
    )
    assert set(await numbers(client)) == {light, praise}
    assert await numbers(client, service_code="praise,help") == [praise]
    mistyped = praise[:-1] + ("1" if praise[-1] == "0" else "0")
    assert await numbers(client, service_request_id=f"{light},{mistyped},x", status="lost") == [light]
    assert await numbers(client, end_date=(NOON - timedelta(days=1)).isoformat()) == []
    pages = [await numbers(client, page=str(page), page_size="1") for page in (1, 2, 3)]
    assert [len(page) for page in pages] == [1, 1, 0] and {*pages[0], *pages[1]} == {light, praise}


UNREADABLE: tuple[tuple[str, dict[str, str], int], ...] = (
    ("services", {"jurisdiction_id": "elsewhere"}, 404), ("services/nonsense", {}, 404),
    ("requests/20260929000000000", {}, 404), ("requests/%00", {}, 404), ("tokens/" + "a" * 48, {}, 404),
    ("requests", {"service_code": "nonsense"}, 404), ("requests", {"status": "lost"}, 400),
    ("requests", {"start_date": "2026-01-01"}, 400), ("nothing", {}, 404),
)  # fmt: skip
REFUSED: tuple[tuple[dict[str, Any], int], ...] = (
    ({"api_key": None}, 403), ({"api_key": "wrong"}, 403), ({"service_code": None}, 400),
    ({"service_code": "nonsense"}, 404), ({"jurisdiction_id": "elsewhere"}, 404), ({"description": None}, 400),
    ({"address_string": None}, 400), ({"phone": "139"}, 400),
)  # fmt: skip


async def test_errors_come_in_the_form_of_the_interface(client: Browser) -> None:
    for path, query, status in UNREADABLE:
        answered, told = await get(client, path, **query)
        assert (path, answered) == (path, status) and {"code", "description"} == set(told[0])
        answer = await client.get(f"{ROOT}/{path}.xml", params=query)
        assert answer.status == status and answer.content_type == "text/xml"
        root = ElementTree.fromstring(await answer.text())
        assert root.tag == "errors" and root.findtext("error/description")


async def test_what_is_refused_is_not_stored(client: Browser, services: Services) -> None:
    for changes, status in REFUSED:
        answered, told = await post(client, **changes)
        assert (changes, answered) == (changes, status) and told[0]["description"]
    answer = await client.post(f"{ROOT}/requests.xml", json=LIGHT)
    assert answer.status == 400 and answer.content_type == "text/xml"
    assert await services.pool.fetchval("SELECT count(*) FROM messages") == 0


async def test_danger_is_answered_with_its_number_whatever_is_wrong_with_the_form(
    client: Browser, services: Services
) -> None:
    fire = "楼下着火了，烟很大，快来人"
    status, (told,) = await post(client, description=fire)
    assert status == 200 and is_ticket_number(told["service_request_id"]) and "119" in told["service_notice"]
    assert await services.pool.fetchval("SELECT urgent FROM tickets") is True
    status, (told,) = await post(client, description=fire, phone="139", service_code=None)
    assert status == 200 and "119" in told["service_notice"] and told["token"]
    assert await services.spool.drain(services.intake.keep) == 1
    _, (found,) = await get(client, f"tokens/{told['token']}")
    assert is_ticket_number(found["service_request_id"])


async def test_a_request_that_is_not_decided_yet_has_a_token(
    client: Browser, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.web.open311.ANSWER_WITHIN", 0.0)
    free, heard = asyncio.Event(), services.intake._heard

    async def slowly(message: InboundMessage) -> Any:
        await free.wait()
        return await heard(message)

    monkeypatch.setattr(services.intake, "_heard", slowly)
    status, (told,) = await post(client)
    assert status == 200 and "service_request_id" not in told
    assert (await get(client, f"tokens/{told['token']}"))[1] == [
        {"service_request_id": None, "token": told["token"]}
    ]
    free.set()
    await asyncio.wait(services.intake._running)
    _, (found,) = await get(client, f"tokens/{told['token']}")
    assert await numbers(client) == [found["service_request_id"]]
    forged = told["token"][:-1] + ("0" if told["token"][-1] != "0" else "1")
    assert (await get(client, f"tokens/{forged}"))[0] == 404


async def test_the_same_idempotency_key_is_the_same_request(client: Browser, services: Services) -> None:
    once = [(await post(client, headers={"Idempotency-Key": "k"}))[1][0]["service_request_id"] for _ in "ab"]
    assert once[0] == once[1]
    status, _ = await post(client, headers={"Idempotency-Key": "k"}, description="路灯又坏了")
    assert status == 400
    assert await services.pool.fetchval("SELECT count(*) FROM tickets") == 1


async def test_what_the_law_puts_elsewhere_says_so_and_is_closed(client: Browser, services: Services) -> None:
    number = await filed(client, description="法院判我输了，我不服，你们让法院改判。")
    _, (told,) = await get(client, f"requests/{number}")
    assert told["status"] == "closed" and told["description"] is None and told["agency_responsible"] is None
    assert await numbers(client) == []  # no ticket
    day = timedelta(days=1)
    ledger = services.ledger.letters.entries(since=NOON - day, until=NOON + day, known=False)
    assert [entry async for entry in ledger] == []  # and no letter to the mayor


async def test_who_asks_too_often_waits_and_danger_does_not(client: Browser, services: Services) -> None:
    few = Limit(times=1, seconds=600)
    services.limits._limits = {**LIMITS, "requests.address": few, "requests.key": few}
    address = {"X-Forwarded-For": "203.0.113.7"}
    statuses = [(await client.get(f"{ROOT}/requests.xml?page_size=1", headers=address)) for _ in "ab"]
    assert [answer.status for answer in statuses] == [200, 429] and statuses[1].headers["Retry-After"]
    assert (await post(client, headers=address, api_key="wrong"))[0] == 429
    assert [(await post(client, headers=address))[0] for _ in "ab"] == [200, 429]
    status, (told,) = await post(client, headers=address, description="楼下着火了，快来人")
    assert status == 200 and "119" in told["service_notice"]


async def test_without_storage_nothing_is_taken_but_danger_is_answered(
    client: Browser, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(message: InboundMessage) -> Any:
        raise StorageAwayError("OSError")

    monkeypatch.setattr(services.ledger, "admit", away)
    status, told = await post(client)
    assert status == 503 and told[0]["code"] == 503
    status, (told,) = await post(client, description="着火了，快来救人")
    assert status == 200 and "119" in told["service_notice"]


async def test_a_page_of_another_site_may_post_with_a_key(client: Browser) -> None:
    status, _ = await post(client, headers={"Origin": "https://app.example"})
    assert status == 200
