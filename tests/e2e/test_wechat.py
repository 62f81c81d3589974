"""Citizens on WeChat, in encrypted mode, against the really started system; the platform's double is a process too.

Nothing here uses the adapter: pushes are encrypted on ``cryptography`` alone (tests/wechat/aes_client.py).
"""

import asyncio
import base64
import io
import os
import re
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from signal import SIGCONT, SIGSTOP
from typing import Any

import pytest
from aiohttp import ClientSession
from PIL import Image

from gateway.localservers import processes_in
from tests.e2e.citizen import Browser, Dispatcher, eventually
from tests.e2e.system import System
from tests.e2e.test_dialogue import PLAYED, listed
from tests.folders import server_folder
from tests.wechat import pushes
from tests.wechat.hostile import HOSTILE
from tests.wechat.platform import APPID
from tests.wechat.pusher import Outcome, Pusher
from tests.wechat.running import KEY, OLD_KEY, TOKEN, RunningPlatform, running_platform

NEWEST = "(SELECT conversation FROM messages ORDER BY id DESC LIMIT 1)"
#: scripted conversations in which everything is said in words
SPOKEN = [
    script for script in PLAYED if all("say" in line and "fields" not in line for line in script["talk"])
]
COMPLAINT = "我们小区旁边有人占道经营，天天把路堵死，没人管，我要投诉"


@pytest.fixture(scope="module")
def platform() -> Iterator[RunningPlatform]:
    with running_platform() as platform:
        platform.do(strict=True)
        yield platform


@pytest.fixture(scope="module")
def wechat(platform: RunningPlatform) -> Iterator[System]:
    with server_folder() as folder, System.running(folder, env=platform.settings) as system:
        yield system


class Follower:
    """A citizen who follows the account; what they write goes through the platform to the system."""

    def __init__(
        self, system: System, platform: RunningPlatform, http: ClientSession, *, key: str = KEY
    ) -> None:
        self.openid, self.platform = f"o{uuid.uuid4().hex[:27]}", platform
        url = f"{system.gateway_url}/wechat"
        self.pusher = Pusher(http=http, url=url, token=TOKEN, appid=APPID, key=key, mode="aes")

    def text(self, content: str, *, id: int | None = None) -> str:
        """Return a text message of this citizen."""
        return pushes.text(content, openid=self.openid, msg_id=str(id or uuid.uuid4().int % 10**16))

    async def push(self, xml: str, *, tries: int = 3) -> Outcome:
        """Push what this citizen does."""
        self.platform.do(wrote={"openid": self.openid})
        return await self.pusher.push(xml, tries=tries)

    async def say(self, content: str) -> str:
        """Say something and return what is answered, at once or by customer-service message."""
        before = len(self.sent())
        outcome = await self.push(self.text(content))
        assert outcome.status == 200, outcome
        if outcome.text:
            return outcome.text
        assert outcome.body == "success"
        return (await self.told(before + 1))[-1]

    async def send(self, push: Callable[..., str], *content: str) -> str:
        """Send something other than text and return what is answered at once."""
        return (
            await self.push(push(*content, openid=self.openid, msg_id=str(uuid.uuid4().int % 10**16)))
        ).text

    async def told(self, count: int) -> list[str]:
        """Return the customer-service messages so far, once there are ``count``."""
        sent: list[str] = await asyncio.to_thread(
            eventually, lambda: len(sent := self.sent()) >= count and sent
        )
        return sent

    def sent(self) -> list[str]:
        """Return the customer-service messages so far."""
        return self.platform.sent(self.openid)


@pytest.fixture
async def http() -> AsyncIterator[ClientSession]:
    async with ClientSession() as http:
        yield http


@pytest.fixture
def follower(wechat: System, platform: RunningPlatform, http: ClientSession) -> Follower:
    return Follower(wechat, platform, http)


async def file_complaint(follower: Follower) -> str:
    """Tell a complaint by words and numbers and confirm it; returns the receipt."""
    said = await follower.say(COMPLAINT)
    answers = ["示例路和样例街交叉口，菜市场门口", "每天早上六点到九点", "13900000000", "样例先生"]
    while answers and "确认提交" not in said:
        said = await follower.say(answers.pop(0))
    assert "占道经营" in said and "139****0000" in said and "1. 确认提交" in said
    return await follower.say("1")


def numbered(receipt: str) -> tuple[str, str]:
    """Return the ticket number and the query code of a receipt."""
    number, code = re.search(r"单号：(\w+)", receipt), re.search(r"查询码：(\w{6})", receipt)
    assert number and code, receipt
    return number[1], code[1]


@pytest.mark.parametrize("script", SPOKEN, ids=[script["name"] for script in SPOKEN])
async def test_the_conversation_goes_as_scripted_on_wechat(
    follower: Follower, script: dict[str, Any]
) -> None:
    for line in script["talk"]:
        said = await follower.say(line["say"])
        for words in listed(line.get("has", [])):
            assert words in said, f"{line}\n---\n{said}"
        for words in listed(line.get("lacks", [])):
            assert words not in said, f"{line}\n---\n{said}"
        assert len(re.findall("查询码：", said)) == line.get("files_tickets", 0), f"{line}\n---\n{said}"


async def test_the_address_proves_itself_and_strangers_are_refused(
    wechat: System, follower: Follower
) -> None:
    assert await follower.pusher.verify("echo") == (200, "echo")
    for stranger in ("plain", "compatible"):
        pusher = Pusher(http=follower.pusher.http, url=follower.pusher.url, token=TOKEN + "x", appid=APPID, key=KEY,
                        mode=stranger)  # fmt: skip
        assert (await pusher.once(follower.text("我是别人"))).status == 403


@pytest.mark.duty("PDS-3", "ALL-3")
async def test_a_complaint_told_by_numbers_and_words_becomes_one_ticket(
    wechat: System, follower: Follower
) -> None:
    receipt = await file_complaint(follower)
    number, _ = numbered(receipt)
    assert re.search(r"最晚\d+年\d+月\d+日", receipt) and f"{wechat.gateway_url}/progress" in receipt
    assert wechat.count(f"SELECT count(*) FROM tickets WHERE number = '{number}' AND channel = 'wechat'") == 1
    dispatcher = Dispatcher(wechat.desk_url, "dispatcher", wechat.password("desk", "dispatcher"))
    page = await asyncio.to_thread(
        eventually, lambda: (found := dispatcher.case(number)).status == 200 and found.text
    )
    assert "占道经营" in page and "菜市场" in page


async def test_the_previous_key_still_works(
    wechat: System, platform: RunningPlatform, http: ClientSession
) -> None:
    assert (await Follower(wechat, platform, http, key=OLD_KEY).say("你好")).startswith("您好")


async def test_who_follows_is_greeted_and_a_tap_on_the_menu_is_a_choice(follower: Follower) -> None:
    greeted = await follower.push(pushes.event("subscribe", openid=follower.openid))
    assert greeted.text.startswith("您好") and "1. 我要反映问题" in greeted.text
    tapped = await follower.push(pushes.event("CLICK", "progress", openid=follower.openid))
    assert "/progress" in tapped.text
    assert (
        await follower.push(pushes.event("VIEW", "https://example.com", openid=follower.openid))
    ).body == "success"
    assert (await follower.push(pushes.event("unsubscribe", openid=follower.openid))).body == "success"


@pytest.mark.duty("ALL-3")
async def test_the_same_push_three_times_is_one_message_and_one_answer(
    wechat: System, follower: Follower
) -> None:
    xml = follower.text("我家楼下着火了")
    texts = {(await follower.push(xml)).text for _ in range(3)}
    assert len(texts) == 1 and texts.pop().startswith("马上离开，打119")
    assert wechat.count(f"SELECT count(*) FROM messages WHERE conversation = {NEWEST}") == 1


@pytest.mark.duty("ALL-2")
async def test_fifteen_senders_with_one_id_are_fifteen_messages(
    wechat: System, platform: RunningPlatform, http: ClientSession
) -> None:
    before = wechat.count("SELECT count(*) FROM messages")
    followers = [Follower(wechat, platform, http) for _ in range(15)]
    outcomes = await asyncio.gather(*(one.push(one.text("你好", id=4242)) for one in followers))
    assert [outcome.status for outcome in outcomes] == [200] * 15
    assert wechat.count("SELECT count(*) FROM messages") == before + 15


@pytest.mark.duty("PDS-8D", "ALL-1")
async def test_fire_is_answered_with_its_number_first(follower: Follower) -> None:
    first = (await follower.say("我家楼下着火了")).split("\n")[0]
    assert "119" in first


async def test_a_photo_ends_up_with_the_ticket(
    wechat: System, platform: RunningPlatform, follower: Follower
) -> None:
    picture = io.BytesIO()
    Image.new("RGB", (60, 40), "white").save(picture, "JPEG")
    media = f"m{uuid.uuid4().hex}"
    data = base64.b64encode(picture.getvalue()).decode()
    platform.do(file={"id": media, "type": "image/jpeg", "data": data})
    photo = pushes.image(media, openid=follower.openid, msg_id=str(uuid.uuid4().int % 10**16))
    assert (await follower.push(photo)).status == 200
    number, _ = numbered(await file_complaint(follower))
    fetched = "SELECT count(*) FROM attachments WHERE state = 'kept'"
    await asyncio.to_thread(eventually, lambda: wechat.count(fetched))
    assert wechat.count(fetched) == 1 and number


@pytest.mark.duty("BD-15")
async def test_spoken_answers_and_a_page_passed_on_become_a_ticket(
    wechat: System, follower: Follower
) -> None:
    assert "在哪里" in await follower.send(pushes.voice, "v1", "路灯坏了三天没人修，我要投诉。")
    page = ("样例花园小区", "示例路12号", "https://map.example.com/p/12")
    assert "什么时候" in await follower.send(pushes.link, *page)
    assert "联系电话" in await follower.send(pushes.voice, "v2", "这个星期每天晚上。")
    assert "怎么称呼" in await follower.send(pushes.voice, "v3", "一三九零零零零零零零零。")
    summed = await follower.send(pushes.voice, "v4", "不说。")
    assert "样例花园小区" in summed and "139****0000" in summed
    number, code = numbered(await follower.send(pushes.voice, "v5", "一。"))
    assert Browser(wechat.gateway_url).post_json(
        "/api/progress", {"number": number, "query_code": code}
    ).status == 200  # fmt: skip


async def test_what_is_decided_late_follows_by_customer_service_message(
    wechat: System, follower: Follower
) -> None:
    with wechat.settling_held():
        outcome = await follower.push(follower.text("你好"))
        assert (outcome.body, outcome.tries) == ("success", 1)
    (text,) = await follower.told(1)
    assert text.startswith("您好")


@pytest.mark.duty("ALL-2", "ALL-3")
async def test_a_gateway_killed_before_it_answered_answers_once(wechat: System, follower: Follower) -> None:
    xml = follower.text("你好")
    with wechat.settling_held():
        pushing = asyncio.create_task(follower.push(xml, tries=1))
        query = "SELECT count(*) FROM messages WHERE settled_at IS NULL"
        await asyncio.to_thread(eventually, lambda: wechat.count(query))
        await asyncio.to_thread(wechat.kill, "gateway")
        outcome = await pushing
    await asyncio.to_thread(wechat.wait_restarted, "gateway")
    if outcome.at_fault:  # not acknowledged: the platform pushes it again
        outcome = await follower.push(xml)
        assert outcome.status == 200
    if not outcome.text:
        await follower.told(1)
    await everything_is_delivered(wechat)
    assert len(follower.sent()) + bool(outcome.text) == 1


@contextmanager
def stopped(system: System, *names: str) -> Iterator[None]:
    """Stop programs in their tracks: who waits for them waits for ever."""
    for name in names:
        system.signal(name, SIGSTOP)
    try:
        yield
    finally:
        for name in names:
            system.signal(name, SIGCONT)


@pytest.mark.duty("ALL-2")
@pytest.mark.parametrize("name", ["rasa", "valkey", "desk"])
async def test_with_a_part_stopped_pushes_are_acknowledged_in_time_and_nothing_is_lost(
    wechat: System, follower: Follower, name: str
) -> None:
    with stopped(wechat, name):
        for _ in range(3):
            outcome = await follower.push(follower.text("你好"), tries=1)
            assert outcome.status == 200 and outcome.seconds < 4.5
        fire = await follower.push(follower.text("我家楼下着火了"), tries=1)
        assert "119" in fire.text.split("\n")[0] and fire.seconds < 4.5
    # On a machine that is busy only the number is said at once, and the ticket follows.
    number, _ = numbered(fire.text if "单号" in fire.text else (await follower.told(1))[-1])
    dispatcher = Dispatcher(wechat.desk_url, "dispatcher", wechat.password("desk", "dispatcher"))
    await asyncio.to_thread(eventually, lambda: dispatcher.case(number).status == 200)
    await everything_is_delivered(wechat)


async def test_with_valkey_stopped_a_late_answer_still_follows(wechat: System, follower: Follower) -> None:
    with stopped(wechat, "valkey"):
        with wechat.settling_held():
            assert (await follower.push(follower.text("你好"), tries=1)).body == "success"
        (text,) = await follower.told(1)
    assert text.startswith("您好")


@pytest.mark.duty("ALL-1", "ALL-2")
async def test_with_the_database_stopped_only_a_number_is_said_and_nothing_is_acknowledged_falsely(
    wechat: System, follower: Follower
) -> None:
    plain, fire = follower.text("你好"), follower.text("我家楼下着火了")
    pids = processes_in(wechat.state / "postgres")
    for pid in pids:
        os.kill(pid, SIGSTOP)
    try:
        outcomes = [await follower.push(xml, tries=1) for xml in (plain, fire)]
    finally:
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, SIGCONT)
    assert [outcome.status for outcome in outcomes] == [503, 200]
    assert "119" in outcomes[1].text.split("\n")[0] and "单号" not in outcomes[1].text
    assert (await follower.push(plain)).status == 200
    await everything_is_delivered(wechat)
    filed = f"SELECT count(*) FROM tickets WHERE conversation = {NEWEST}"
    await asyncio.to_thread(eventually, lambda: wechat.count(filed) == 1)


async def test_hostile_pushes_are_refused_and_leave_nothing(wechat: System, follower: Follower) -> None:
    before = wechat.count("SELECT count(*) FROM messages")
    for name, body in HOSTILE.items():
        outcome = await follower.pusher.once(body)
        assert 400 <= outcome.status < 500, name
    assert wechat.count("SELECT count(*) FROM messages") == before
    assert (await follower.say("你好")).startswith("您好")


async def everything_is_delivered(system: System) -> None:
    """Wait until no citizen is owed a reply."""
    open_ = "SELECT count(*) FROM deliveries WHERE done_at IS NULL"
    await asyncio.to_thread(eventually, lambda: system.count(open_) == 0)


async def test_no_openid_no_secret_and_no_words_reach_the_logs(wechat: System, follower: Follower) -> None:
    word = "豌豆射手" + uuid.uuid4().hex[:6]
    await follower.say(f"我要投诉{word}小区的物业")
    with wechat.settling_held():
        await follower.push(follower.text(f"{word}又停电了"))
    await follower.told(1)
    said = wechat.logs() + wechat.said()
    assert said and not any(each in said for each in (word, follower.openid, KEY, TOKEN, "access_token="))
