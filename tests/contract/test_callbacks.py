"""Who asks for a person is taken by one of the staff, who calls or writes; the bot keeps silent, and nobody is answered twice."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import FormData

from gateway.app import make_app
from gateway.bootstrap import Services, open_services
from gateway.store.callbacks import Callbacks
from gateway.store.sealed import CODE
from gateway.web.staff import PREFIX
from groundwork.identities import open_record
from groundwork.outbox import PURPOSE
from hotline.conversation import SILENCE
from hotline.message import InboundMessage
from hotline.reply import PERSON
from hotline.returning import Allowance, ReturnPath
from staff.accounts import Role
from staff.guard import DOOR
from staff.pages import StaffDoor
from tests.dispatch import PASSWORD, SettableClock, settings_for
from tests.staffing import Visitor, jar

pytestmark = pytest.mark.enable_socket

PHONE = "13800000001"
WORDS = "路灯今晚就去修，修好了给您回话。"


@dataclass
class Bench:
    """The gateway, a citizen in the chat and two dispatchers with a browser each."""

    services: Services
    clock: SettableClock
    client: Any
    token: str
    anna: Visitor
    bert: Visitor
    count: int = 0

    async def says(self, text: str = "", **more: Any) -> list[dict[str, Any]]:
        self.count += 1
        self.clock.now += timedelta(seconds=1)
        said = {"id": f"m{self.count}"} | ({"text": text} if text else {}) | more
        answer = await self.client.post(
            "/api/chat/messages", json=said, headers={"Authorization": f"Bearer {self.token}"}
        )
        assert answer.status == 200, await answer.text()
        return list((await answer.json())["replies"])

    async def asks(self) -> str:
        """Ask for a person and leave a number; return the address of the conversation for staff."""
        await self.says("人民路的路灯坏了三天")
        await self.says(option="human")
        [reply] = [one for one in await self.says(PHONE) if one["kind"] == "handover"]
        assert reply["ticket"]["number"]
        return f"/ops/callbacks/{await self.services.pool.fetchval('SELECT max(id) FROM callbacks')}"

    async def said_by_staff(self) -> list[str]:
        conversation = await self.services.pool.fetchval("SELECT conversation FROM callbacks")
        found = await self.services.ledger.since(conversation, 0, limit=99)
        return [one.reply.reply.text for one in found if one.reply.reply.by == PERSON]

    async def log(self) -> list[tuple[str, str]]:
        rows = await self.services.pool.fetch(
            "SELECT l.action, a.name FROM audit_log l JOIN staff_accounts a ON a.id = l.account_id"
            " WHERE l.action LIKE 'callback.%' OR l.action = 'person.seen' ORDER BY sequence"
        )
        return [tuple(row) for row in rows]

    async def told_centre(self) -> list[str]:
        rows = await self.services.pool.fetch("SELECT body FROM effects WHERE kind = 'event' ORDER BY id")
        found = [open_record(self.services.vault, row["body"], purpose=PURPOSE, known=True) for row in rows]
        return [one["data"]["text"] for one in found if one["name"] == "supplemented"]


@pytest.fixture
async def bench(migrated: str, tmp_path: Path, aiohttp_client: Any) -> AsyncIterator[Bench]:
    settings = replace(
        settings_for("", tmp_path), database_url=migrated, public_url="http://127.0.0.1:8080",
        files_dir=tmp_path / "files", redis_url=f"unix://{tmp_path}/no-redis", rate_limits=False,
    )  # fmt: skip
    clock = SettableClock()
    async with open_services(settings) as opened:
        await opened.pool.execute(
            "TRUNCATE messages, conversations, tickets, letters, staff_accounts, staff_tries, effects, callbacks,"
            " recipients, deliveries CASCADE"
        )
        callbacks = Callbacks(
            opened.pool, opened.ledger, opened.tickets, opened.audit, pack=opened.pack, clock=clock,
            told=opened.following.told,
        )  # fmt: skip
        services = replace(opened, clock=clock, callbacks=callbacks)
        client = await aiohttp_client(make_app(services), cookie_jar=jar())
        door = client.app[DOOR]
        assert isinstance(door, StaffDoor)
        visitors = []
        for name in ("anna", "bert"):
            await door.accounts.add(name, Role.DISPATCHER, PASSWORD)
            browser = Visitor(await aiohttp_client(client.server, cookie_jar=jar()), at=PREFIX)
            await browser.sign_in(name, PASSWORD)
            await browser.get("/ops/sealed")  # a page with a form
            visitors.append(browser)
        anna, bert = visitors
        opened_session = await (await client.post("/api/chat/sessions")).json()
        yield Bench(services, clock, client, opened_session["token"], anna, bert)


async def test_one_takes_the_conversation_and_writes_and_the_bot_keeps_silent(bench: Bench) -> None:
    at = await bench.asks()
    status, page = await bench.anna.get("/ops/callbacks")
    assert status == 200 and "没人接" in page and at in page and PHONE not in page
    assert await bench.anna.post(f"{at}/take") == (303, f"{at}?done=taken")
    [told] = await bench.says("什么时候能修好？")
    assert (told["kind"], told["text"]) == ("handover", bench.services.pack.words["attended"])
    assert await bench.says("在吗") == []  # once is enough
    status, page = await bench.bert.get("/ops/callbacks")
    assert "anna" in page and "市民又说了2条" in page
    status, page = await bench.anna.get(at)
    assert "什么时候能修好？" in page and "在吗" in page and PHONE not in page
    for _ in range(2):  # pressed twice
        assert (await bench.anna.post(f"{at}/say", key="k1", text=WORDS))[0] == 303
    assert await bench.said_by_staff() == [WORDS]
    assert [one for one in await bench.told_centre() if WORDS in one] != []
    form = FormData(default_to_multipart=True)
    form.add_field("file", "路灯编号12".encode(), filename="a.txt")
    headers = {"Authorization": f"Bearer {bench.token}"}
    sent = await (await bench.client.post("/api/chat/attachments", data=form, headers=headers)).json()
    assert await bench.says(attachments=[sent["id"]]) == []
    assert (await bench.bert.get(f"{at}/files/1"))[1] == "路灯编号12" and (
        await bench.bert.get(f"{at}/files/2")
    )[0] == 404
    [emergency, ticket] = await bench.says("着火了，三楼冒烟，有人被困")
    assert (emergency["kind"], ticket["kind"]) == ("emergency", "ticket")  # danger is never left to wait
    assert await bench.services.pool.fetchval("SELECT urgent FROM callbacks")


async def test_two_never_answer_at_once_and_nothing_typed_is_lost(bench: Bench) -> None:
    at = await bench.asks()
    status, page = await bench.bert.post(f"{at}/say", key="k", text="我先说")
    assert status == 422 and "我来接" in page and "我先说" in page
    await bench.anna.post(f"{at}/take")
    for act, form in (("take", {}), ("say", {"key": "k", "text": "我也来说"}),
                      ("call", {"key": "k", "outcome": "reached", "note": "我打过了"}),
                      ("close", {"result": "办完了"}), ("back", {}), ("phone", {})):  # fmt: skip
        status, page = await bench.bert.post(f"{at}/{act}", **form)
        assert status == 422 and "anna接走" in page, act
        assert all(value in page for name, value in form.items() if name not in ("key", "outcome"))
    assert await bench.said_by_staff() == [] and await bench.told_centre() == []
    bench.clock.now += SILENCE
    assert (await bench.says("还有人吗"))[0]["kind"] != "handover"  # the bot is back
    assert await bench.bert.post(f"{at}/take") == (303, f"{at}?done=taken")
    status, page = await bench.anna.post(f"{at}/say", key="k", text="我接着说")
    assert status == 422 and "bert接走" in page and "我接着说" in page


async def test_a_call_is_noted_the_number_seen_on_record_and_the_end_told(bench: Bench) -> None:
    at = await bench.asks()
    await bench.anna.post(f"{at}/take")
    status, page = await bench.anna.post(f"{at}/phone")
    assert status == 200 and f"tel:{PHONE}" in page
    for _ in range(2):
        answer = await bench.anna.post(f"{at}/call", key="k", outcome="reached", note=f"答应周五修，{PHONE}")
        assert answer == (303, f"{at}?done=called")
    assert (await bench.anna.post(f"{at}/call", key="k2", outcome="sung", note=""))[0] == 422
    assert (await bench.anna.post(f"{at}/close", result=" "))[0] == 422
    assert await bench.anna.post(f"{at}/close", result="已经约好") == (303, "/ops/callbacks?done=closed")
    assert await bench.anna.get(at) == (303, "/ops/callbacks?done=gone")
    called, closed = await bench.told_centre()
    assert "接通了" in called and "周五" in called and PHONE not in called and "已经约好" in closed
    [filed] = await bench.services.pool.fetch("SELECT number, query_code FROM tickets")
    opened = bench.services.vault.open(filed["query_code"], purpose=CODE).decode()
    timeline = await (
        await bench.client.post("/api/progress", json={"number": filed["number"], "query_code": opened})
    ).json()
    assert [(one["name"], one["text"]) for one in timeline["steps"]][:2] == [
        ("attended", ""),
        ("called", "接通了"),
    ]
    assert (await bench.says("你好"))[0]["kind"] != "handover"
    assert [action for action, who in await bench.log() if who == "anna"] == [
        "callback.taken", "person.seen", "callback.seen", "callback.called", "callback.closed",
    ]  # fmt: skip


@pytest.mark.duty("ALL-1")
async def test_who_looks_again_at_a_refusal_sees_by_which_article_it_was_refused(bench: Bench) -> None:
    [refusal, *_] = await bench.says("法院判决我不服，要求改判")
    assert refusal["kind"] == "refusal"
    await bench.says(option="review")
    for _ in range(3):
        await bench.says("不用了")
    id = await bench.services.pool.fetchval("SELECT max(id) FROM callbacks")
    _, page = await bench.anna.get(f"/ops/callbacks/{id}")
    cited = refusal["citation"]
    assert (
        "请人工复核" in page
        and f"{cited['instrument']}{cited['article']}" in page
        and cited["reason"] in page
    )


@pytest.mark.duty("KF-3-1d")
async def test_who_is_kept_secret_is_shown_to_nobody_here(bench: Bench) -> None:
    form = FormData(default_to_multipart=True)
    told = {"subject": "举报", "body": f"我叫样例甲，电话{PHONE}。举报示例局某科长，他让我找工作人员当面说。", "name": "样例甲",
            "phone": PHONE, "confidential": "true", "kind": "report"}  # fmt: skip
    for name, value in told.items():
        form.add_field(name, value)
    answer = await bench.client.post("/api/mailbox/letters", data=form, headers={"Idempotency-Key": "0" * 20})
    number = (await answer.json())["number"]
    await bench.services.pool.execute(
        "INSERT INTO callbacks (city, conversation, channel, sender, asked_at, urgent)"
        " SELECT city, conversation, channel, sender, filed_at, false FROM tickets WHERE number = $1",
        number,
    )
    id = await bench.services.pool.fetchval(
        "UPDATE tickets SET callback = (SELECT max(id) FROM callbacks) RETURNING callback"
    )
    at = f"/ops/callbacks/{id}"
    await bench.anna.post(f"{at}/take")
    for path in ("/ops/callbacks", at):
        status, page = await bench.anna.get(path)
        assert status == 200 and "样例甲" not in page and PHONE[-4:] not in page
    status, page = await bench.anna.post(f"{at}/phone")
    assert status == 422 and PHONE not in page
    assert (await bench.anna.post(f"{at}/say", key="k", text=f"样例甲您好，{WORDS}"))[0] == 303
    [words] = await bench.told_centre()
    assert "样例甲" not in words and WORDS in words


async def test_what_a_person_writes_is_owed_on_a_channel_that_pushes(bench: Bench) -> None:
    now = bench.clock()
    path = ReturnPath(address="openid", messages=5, seconds=48 * 3600)
    first = InboundMessage(
        key="wechat:1", city=bench.services.settings.city, channel="wechat", conversation="wechat:c", sender="who",
        received_at=now, option="human", reply_to=path,
    )  # fmt: skip
    await bench.services.front.receive(first, within=5)
    phone = replace(first, key="wechat:2", option=None, text=PHONE, received_at=now + timedelta(seconds=1))
    await bench.services.front.receive(phone, within=5)
    id = await bench.services.pool.fetchval("SELECT max(id) FROM callbacks")
    at = f"/ops/callbacks/{id}"
    await bench.anna.post(f"{at}/take")
    assert "还能推送5条" in (await bench.anna.get(at))[1]
    owed = "SELECT count(*) FROM deliveries WHERE conversation = 'wechat:c' AND done_at IS NULL"
    before = await bench.services.pool.fetchval(owed)
    await bench.anna.post(f"{at}/say", key="k", text=WORDS)
    assert await bench.services.pool.fetchval(owed) == before + 1
    await bench.services.ledger.deliveries.change("who", Allowance.exhausted)
    assert "现在不能推送" in (await bench.anna.get(at))[1]
