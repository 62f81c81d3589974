"""Thousands of people who do not exist go through every channel; then every byte that was written or sent is searched."""

import io
import json
import logging
import os
import random
import zipfile
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import FormData
from aiohttp.test_utils import TestClient

from gateway.app import make_app
from gateway.bootstrap import Services, open_services
from gateway.localservers import Valkey, start
from gateway.workbook import write_ledger
from groundwork.identities import open_record, seal_record
from groundwork.journal import JsonLines
from groundwork.outbox import PURPOSE
from staff.accounts import Role
from staff.guard import DOOR
from staff.pages import StaffDoor
from tests.dispatch import PASSWORD, settings_for
from tests.people import IDENTITIES, Person, people
from tests.samples import an_image
from tests.staffing import Visitor, jar
from tests.wechat import pushes
from tests.wechat.pusher import Pusher

pytestmark = pytest.mark.enable_socket

SEED = int(os.environ.get("HUYING_TEST_SEED", "20261126"))
PEOPLE = 720
TOKEN, APPID = "identityToken", "wx0123456789abcdef"
#: how people say who they are; every one of them goes through every channel
WAYS = (
    "我叫{name}，电话{phone}，身份证{id_number}，车牌{plate}，我家住在{address}。邮箱{email}，微信{openid}。",
    "本人{name}，身份证号：{id_number}，联系电话：{phone}，家庭住址：{address}，车号{plate}，{email}，openid {openid}。",
    "联系人：{name} {phone}\n住址：{address}\n证件：{id_number}\n车牌号{plate}\n邮箱：{email}\n微信号：{openid}\n",
    "我是{name}，我的车{plate}，{phone}这个号码能打通，{id_number}是我的身份证，家住{address}。{email}；{openid}。",
)


@pytest.fixture
async def services(migrated: str, tmp_path: Path) -> AsyncIterator[Services]:
    valkey = Valkey(tmp_path / "valkey")
    running = start(valkey)
    settings = replace(
        settings_for("", tmp_path), database_url=migrated, public_url="http://127.0.0.1:8080",
        files_dir=tmp_path / "files", redis_url=valkey.url(), wechat_token=TOKEN, wechat_appid=APPID,
        rate_limits=False,
    )  # fmt: skip
    try:
        async with open_services(settings) as services:
            yield services
    finally:
        running.process.terminate()
        running.process.wait()


@contextmanager
def journal() -> Iterator[io.StringIO]:
    """Keep everything that is logged, from the lowest level on, as it would be written."""
    written, root = io.StringIO(), logging.getLogger()
    handler, level = logging.StreamHandler(written), root.level
    handler.setFormatter(JsonLines())
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield written
    finally:
        root.removeHandler(handler)
        root.setLevel(level)


def told(person: Person, way: int) -> str:
    return WAYS[way % len(WAYS)].format(**vars(person))


def found_in(haystack: bytes, persons: Iterable[Person]) -> list[tuple[str, str]]:
    """Return what of them stands there, with how it goes on."""
    hits = []
    for person in persons:
        for written in person.written:
            at = haystack.find(written.encode())
            if at >= 0:
                hits.append((written, haystack[max(0, at - 60) : at + 60].decode(errors="replace")))
    return hits


async def chats(client: TestClient[Any, Any], persons: list[Person]) -> list[str]:
    """Two people in each message of the web chat; every third message is a fire. What errors answer."""
    answers = []
    session = await (await client.post("/api/chat/sessions", json={})).json()
    bearer = {"Authorization": f"Bearer {session['token']}"}
    for number in range(0, len(persons), 2):
        words = "".join(told(one, number // 2) for one in persons[number : number + 2])
        demand = "楼下着火了，快来人" if number % 6 == 0 else "小区路灯坏了三天没人修"
        body = {"id": f"m{number}", "text": f"{words}{demand}"}
        answer = await client.post("/api/chat/messages", json=body, headers=bearer)
        assert answer.status in (200, 202), await answer.text()
        if number % 20 == 0:  # what is wrong must not come back
            for wrong in (
                {"id": f"m{number}", "text": f"{words}别的话"},
                {"id": [words], "text": words},
                {"text": words, "location": words},
            ):
                refused = await client.post("/api/chat/messages", json=wrong, headers=bearer)
                assert refused.status >= 400
                answers.append(await refused.text())
    return answers


async def pushed(client: TestClient[Any, Any], persons: list[Person]) -> None:
    """One person each on WeChat, under their own openid."""
    pusher = Pusher(http=client.session, url=str(client.make_url("/wechat")), token=TOKEN, appid=APPID)
    for number, person in enumerate(persons):
        words = told(person, number) + ("有人晕倒了不省人事" if number % 3 == 0 else "垃圾没人清运")
        xml = pushes.text(words, openid=person.openid, msg_id=str(7_000_000_000 + number))
        assert (await pusher.once(xml)).status == 200


async def letters(client: TestClient[Any, Any], persons: list[Person]) -> dict[str, Person]:
    """One person each writes to the mayor: openly, in confidence, anonymously. The tickets of those kept back."""
    kept = {}
    for number, person in enumerate(persons):
        form = FormData(default_to_multipart=True)
        how = ("plain", "confidential", "anonymous")[number % 3]
        values = {
            "subject": f"{told(person, number)}反映油烟"[:40],
            "body": f"{told(person, number + 1)}楼下饭店油烟扰民。",
        }
        if how != "anonymous":
            values |= {"name": person.name, "email": person.email}
        for name, value in (values | ({how: "true"} if how != "plain" else {})).items():
            form.add_field(name, value)
        if number % 12 == 0:
            form.add_field(
                "attachment",
                an_image("PNG", comment=person.name),
                filename=f"{person.name}{person.phone}.png",
            )
        answer = await client.post(
            "/api/mailbox/letters", data=form, headers={"Idempotency-Key": f"l{number}-00000000"}
        )
        assert answer.status == 201, await answer.text()
        if how != "plain":
            kept[(await answer.json())["number"]] = person
    return kept


async def dump(services: Services) -> bytes:
    """Return every row of every table, sealed columns as they are."""
    out = io.BytesIO()
    async with services.pool.acquire() as connection:
        tables = await connection.fetch(
            "SELECT tablename FROM pg_tables WHERE schemaname = current_schema() ORDER BY 1"
        )
        for row in tables:
            await connection.copy_from_table(row["tablename"], output=out, format="binary")
    return out.getvalue()


def on_disk(folder: Path) -> bytes:
    return b"\n".join(
        str(path).encode() + b"\n" + path.read_bytes() for path in folder.rglob("*") if path.is_file()
    )


async def cells(services: Services) -> bytes:
    """Return every key of Valkey and what it holds."""
    found = []
    async for key in services.redis.scan_iter():
        found += [key, await services.redis.dump(key) or b""]
    return b"\n".join(found)


async def exported(services: Services, folder: Path) -> bytes:
    """Return the ledger of the mailbox as it is written without contacts, unpacked."""
    path = folder / "ledger.xlsx"
    bounds = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
    entries = services.ledger.letters.entries(since=bounds[0], until=bounds[1], known=False)
    assert await write_ledger(entries, services.pack, path) > 0
    with zipfile.ZipFile(path) as book:
        data = b"".join(book.read(name) for name in book.namelist())
    path.unlink()
    return data


async def for_staff(client: TestClient[Any, Any]) -> bytes:
    """Return the gateway's pages for staff and operators."""
    visitor = Visitor(client, at="/staff")
    app = visitor.client.app
    assert app is not None
    door = app[DOOR]
    assert isinstance(door, StaffDoor)
    seen = []
    for role, paths in {
        Role.ADMIN: ("/ops", "/staff/audit"),
        Role.DISPATCHER: ("/ops/sealed", "/ops/people"),
    }.items():
        await door.accounts.add(f"one-{role}", role, PASSWORD)
        assert (await visitor.sign_in(f"one-{role}", PASSWORD))[0] == 303
        for path in paths:
            status, page = await visitor.get(path)
            assert status == 200
            seen.append(page)
        visitor.leave()
    seen += [
        await (await visitor.client.get(path)).text() for path in ("/metrics", "/readyz", "/api/openapi.json")
    ]
    return "\n".join(seen).encode()


async def sent_to_the_centre(services: Services, numbers: Iterable[str]) -> dict[str, bytes]:
    """Return what is owed to the dispatch centre about each of these tickets."""
    rows = await services.pool.fetch("SELECT lane, body FROM effects WHERE kind = 'event'")
    owed = dict.fromkeys(numbers, b"")
    for row in rows:
        number = row["lane"].removeprefix("ticket:")
        if number in owed:
            event = open_record(services.vault, row["body"], purpose=PURPOSE, known=True)
            owed[number] += json.dumps(event, ensure_ascii=False).encode()
    return owed


@pytest.mark.duty("KF-3-1d")
@pytest.mark.duty("BD-35")
async def test_nobody_is_found_in_what_was_written_or_sent(
    services: Services, aiohttp_client: Any, tmp_path: Path
) -> None:
    print(f"HUYING_TEST_SEED={SEED}")
    crowd = list(people(PEOPLE, SEED))
    assert len({one for person in crowd for one in person.written}) > 5_000 > PEOPLE * (IDENTITIES - 1)
    random.Random(SEED).shuffle(crowd)
    third = PEOPLE // 3
    with journal() as logged:
        client = await aiohttp_client(make_app(services), cookie_jar=jar())
        refusals = await chats(client, crowd[:third])
        await pushed(client, crowd[third : 2 * third])
        kept = await letters(client, crowd[2 * third :])
        await services.intake.close()
        places = {
            "database": await dump(services),
            "disk": on_disk(tmp_path / "files") + on_disk(tmp_path / "spool"),
            "valkey": await cells(services),
            "export": await exported(services, tmp_path),
            "pages": await for_staff(client),
            "refusals": "\n".join(refusals).encode(),
            "log": logged.getvalue().encode(),
        }
    assert len(places["database"]) > 1_000_000 and len(places["log"]) > 10_000 and len(kept) == 160
    assert {place: found_in(data, crowd)[:3] for place, data in places.items()} == {
        place: [] for place in places
    }
    owed = await sent_to_the_centre(services, kept)
    told = {number: found_in(owed[number], [person]) for number, person in kept.items()}
    assert all(owed.values()) and {number: hits for number, hits in told.items() if hits} == {}
    assert all(b'"token": "' in owed[number] for number in kept)


@pytest.mark.parametrize("known", [True, False])
async def test_a_record_comes_back_whole_or_masked(services: Services, known: bool) -> None:
    for number, person in enumerate(people(200, SEED + 1)):
        record = {"text": told(person, number), "contact": {"name": person.name, "phone": person.phone},
                  "fields": [["name", person.name], ["subject", "灯"]], "~": {"~": [person.email]}, "n": [1, None, True],
                  "summary": {"fields": [{"name": "name", "label": "姓名", "value": person.name}]}}  # fmt: skip
        sealed = seal_record(services.vault, record, purpose="p")
        opened = open_record(services.vault, sealed, purpose="p", known=known)
        assert (opened == record) is known
        if not known:
            assert found_in(json.dumps(opened, ensure_ascii=False).encode(), [person]) == []
            assert opened["fields"][1] == ["subject", "灯"] and opened["n"] == [1, None, True]
