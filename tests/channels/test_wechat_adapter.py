"""The callback through a real server: what is verified, what is answered, what is noted; intake and deliveries are fakes."""

import asyncio
import gzip
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from aiohttp import web
from pytest_aiohttp.plugin import AiohttpClient

from channels.base import Parcel, Received, SentReply
from channels.wechat import adapter
from channels.wechat.adapter import WeChat
from hotline.errors import KeyReusedError, StorageAwayError
from hotline.message import InboundMessage
from hotline.reply import Reply
from tests.web.fake_app import NOW, FakeCore, channel_parts
from tests.wechat import pushes
from tests.wechat.aes_client import encoding_key
from tests.wechat.hostile import HOSTILE
from tests.wechat.pusher import Mode, Pusher

APPID, TOKEN, KEY, OLD_KEY = "wx0123456789abcdef", "a-token", encoding_key(b"now"), encoding_key(b"before")
SETTINGS = {
    "wechat_token": TOKEN, "wechat_appid": APPID, "wechat_quota": "5/48h", "wechat_quota_event": "3/1min",
    "public_url": "https://hotline.example",
}  # fmt: skip


@dataclass
class Core(FakeCore):
    """A fake intake that can also hang, or break in a way that nobody thought of."""

    hangs: bool = False
    changed: bool = False
    notice: str = ""
    within: list[float] = field(default_factory=list)

    async def receive(self, message: InboundMessage, *, within: float, origin: str | None = None) -> Received:
        self.within.append(within)
        if self.hangs:
            await asyncio.sleep(60)
        if self.changed:
            raise KeyReusedError("the same id")
        return replace(await super().receive(message, within=within), notice=self.notice)


@dataclass
class Desk:
    """Deliveries in memory: what each conversation is owed, what was noted."""

    core: Core
    earlier: tuple[Parcel, ...] = ()
    away: bool = False
    hangs: bool = False
    noted: list[tuple[int, int, bool]] = field(default_factory=list)
    released: list[int] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)

    async def lease(self, conversation: str, key: str) -> tuple[Parcel, ...]:
        if self.hangs:
            await asyncio.sleep(60)
        if self.away:
            raise StorageAwayError("OSError")
        replies = self.core._replies(self.core.messages[key])
        return (*self.earlier, Parcel(id=100, replies=replies))

    async def sent(self, parcel: Parcel, parts: int, *, whole: bool) -> None:
        self.noted.append((parcel.id, parts, whole))

    async def release(self, parcels: Sequence[Parcel]) -> None:
        self.released += [parcel.id for parcel in parcels]

    async def left(self, sender: str) -> None:
        if self.away:
            raise StorageAwayError("OSError")
        self.gone.append(sender)


@dataclass
class Rig:
    """A callback that listens, and its platform."""

    core: Core
    desk: Desk
    pusher: Pusher
    url: str

    def with_mode(self, mode: Mode, key: str = KEY) -> Pusher:
        return replace(self.pusher, mode=mode, key=key)


def channel(core: Core, desk: Desk, **settings: str) -> WeChat:
    return WeChat(replace(channel_parts(core), deliveries=desk, settings=SETTINGS | settings))


async def rig(aiohttp_client: AiohttpClient, **settings: str) -> Rig:
    core = Core()
    desk = Desk(core)
    app = web.Application()
    app.add_routes(channel(core, desk, **settings).routes())
    client = await aiohttp_client(app)
    url = str(client.make_url("/wechat"))
    pusher = Pusher(http=client.session, url=url, token=TOKEN, appid=APPID)
    return Rig(core=core, desk=desk, pusher=pusher, url=url)


@pytest.fixture
async def plain(aiohttp_client: AiohttpClient) -> Rig:
    return await rig(aiohttp_client)


@pytest.fixture
async def sealed(aiohttp_client: AiohttpClient) -> Rig:
    return await rig(aiohttp_client, wechat_aes_key=KEY, wechat_aes_key_previous=OLD_KEY)


async def eventually(true: Callable[[], bool]) -> None:
    """Wait for what happens after the answer was read; fails when it does not."""
    async with asyncio.timeout(10):
        while not true():
            await asyncio.sleep(0.01)


async def test_without_an_account_there_are_no_routes() -> None:
    assert channel(Core(), Desk(Core()), wechat_token="").routes() == ()
    assert channel(Core(), Desk(Core()), wechat_appid="").routes() == ()


async def test_the_address_proves_itself(plain: Rig) -> None:
    assert await plain.pusher.verify("5838479218127813673") == (200, "5838479218127813673")
    assert (await plain.pusher.verify("x", token="another"))[0] == 403
    assert (await plain.pusher.verify("<script>"))[0] == 200, "as plain text, which no browser runs"
    assert (await plain.pusher.verify(""))[0] == 400


async def test_a_settled_message_is_answered_at_once_and_noted(plain: Rig) -> None:
    outcome = await plain.pusher.push(pushes.text("身份证丢了"))
    assert (outcome.status, outcome.tries) == (200, 1)
    assert outcome.text.startswith("身份证丢失") and "1. 解决了" in outcome.text
    assert outcome.fields["ToUserName"] == pushes.OPENID
    await eventually(lambda: plain.desk.noted == [(100, 1, True)])
    assert plain.desk.released == []
    (message,) = plain.core.messages.values()
    assert message.received_at == NOW and message.sender != pushes.OPENID
    assert 0 < plain.core.within[0] <= 4.0


@pytest.mark.parametrize("mode", ["compatible", "aes"])
@pytest.mark.parametrize("key", [KEY, OLD_KEY])
async def test_encrypted_talk_goes_on_with_the_key_that_decrypted(sealed: Rig, mode: Mode, key: str) -> None:
    outcome = await sealed.with_mode(mode, key).push(pushes.text("身份证丢了"))
    assert outcome.text.startswith("身份证丢失") and "<Encrypt>" in outcome.body


async def test_compatible_pushes_are_answered_plainly_where_no_key_is_set(plain: Rig) -> None:
    outcome = await plain.with_mode("compatible").push(pushes.text("身份证丢了"))
    assert outcome.text.startswith("身份证丢失") and "<Encrypt>" not in outcome.body


async def test_forged_pushes_are_refused_and_nothing_is_kept(plain: Rig, sealed: Rig) -> None:
    xml = pushes.text("我是别人")
    for one in (replace(plain.pusher, token="guessed"), sealed.pusher):
        assert (await one.once(xml)).status == 403
    stranger = replace(sealed.pusher, mode="aes", key=encoding_key(b"guessed"))
    assert (await stranger.once(xml)).status == 403
    for rig in (plain, sealed):
        assert (await rig.pusher.once(xml, query={})).status == 403
        assert rig.core.messages == {} and rig.core.within == []


async def test_an_encrypted_push_of_last_week_is_refused(sealed: Rig) -> None:
    pusher = sealed.with_mode("aes")
    query, body = pusher.prepared(pushes.text("你好"), timestamp="1714037059")
    assert (await pusher.once("", query=query, body=body)).status == 403


async def test_a_stranger_s_account_is_refused(sealed: Rig) -> None:
    pusher = replace(sealed.with_mode("aes"), appid="wxffffffffffffffff")
    assert (await pusher.once(pushes.text("你好"))).status == 403


async def test_what_is_not_settled_in_time_is_acknowledged_and_nothing_is_leased(plain: Rig) -> None:
    plain.core.slow = True
    outcome = await plain.pusher.push(pushes.text("路灯坏了"))
    assert (outcome.body, outcome.tries) == ("success", 1)
    assert plain.desk.noted == []


async def test_what_is_put_by_is_said_so_as_an_answer_and_notes_nothing_as_sent(plain: Rig) -> None:
    plain.core.slow, plain.core.notice = True, "都收到了，请稍等。"
    outcome = await plain.pusher.push(pushes.text("路灯坏了"))
    assert (outcome.status, outcome.text, outcome.tries) == (200, "都收到了，请稍等。", 1)
    assert plain.desk.noted == [] and len(plain.core.messages) == 1


@pytest.mark.duty("ALL-3")
async def test_the_same_push_three_times_is_one_message(plain: Rig) -> None:
    texts = {(await plain.pusher.once(pushes.text("身份证丢了"))).text for _ in range(3)}
    assert len(texts) == 1 and len(plain.core.messages) == 1


async def test_fifteen_senders_with_one_id_are_fifteen_messages(plain: Rig) -> None:
    await asyncio.gather(*(plain.pusher.once(pushes.text("身份证", openid=f"o{n}")) for n in range(15)))
    assert len(plain.core.messages) == len({m.sender for m in plain.core.messages.values()}) == 15


async def test_the_same_id_with_other_words_is_acknowledged(plain: Rig) -> None:
    plain.core.changed = True
    assert (await plain.pusher.once(pushes.text("你好"))).body == "success"


@pytest.mark.duty("ALL-2")
async def test_storage_away_is_no_acknowledgement_so_that_it_is_sent_again(plain: Rig) -> None:
    plain.core.away = True
    outcome = await replace(plain.pusher, factor=0.001).push(pushes.text("路灯坏了"))
    assert (outcome.status, outcome.tries) == (503, 3)
    plain.core.away = False
    assert (await plain.pusher.push(pushes.text("路灯坏了"))).status == 200
    assert len(plain.core.messages) == 1


@pytest.mark.duty("ALL-1")
async def test_with_storage_away_an_emergency_is_answered_with_its_number(plain: Rig) -> None:
    plain.core.away = plain.desk.away = True
    outcome = await plain.pusher.push(pushes.text("煤气味很大"))
    assert outcome.text.startswith("马上到室外，打119。")
    assert plain.desk.noted == []


async def test_an_intake_that_hangs_is_not_waited_for_beyond_the_platform_s_patience(
    plain: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adapter, "ANSWERED_WITHIN", 0.2)
    plain.core.hangs = True
    assert (await plain.pusher.once(pushes.text("路灯坏了"))).status == 503


@pytest.mark.parametrize("trouble", ["away", "hangs"])
async def test_without_a_lease_the_answer_follows_later_but_a_number_is_said(
    plain: Rig, monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    monkeypatch.setattr(adapter, "ANSWERED_WITHIN", 0.5)
    setattr(plain.desk, trouble, True)
    assert (await plain.pusher.once(pushes.text("身份证丢了"))).body == "success"
    fire = await plain.pusher.once(pushes.text("煤气味很大", msg_id="2"))
    assert fire.text.startswith("马上到室外，打119。")


async def test_what_was_kept_is_shown_first_and_what_finds_no_room_is_let_go(plain: Rig) -> None:
    said = Reply(kind="notice", text="单号已经办结。")
    long = Reply(kind="notice", text="路灯坏了三天，没有人来修。" * 200)
    plain.desk.earlier = tuple(
        Parcel(id=n, replies=(SentReply(id=f"e{n}", in_reply_to="", at=NOW, reply=reply),))
        for n, reply in enumerate((said, long), 1)
    )
    outcome = await plain.pusher.push(pushes.text("身份证丢了"))
    assert outcome.text.startswith("之前没能发给您的回复：\n单号已经办结。")
    await eventually(lambda: (plain.desk.noted, plain.desk.released) == ([(1, 1, True)], [2, 100]))


async def test_who_leaves_is_noted_and_acknowledged(plain: Rig) -> None:
    assert (await plain.pusher.push(pushes.UNSUBSCRIBE)).body == "success"
    await plain.pusher.push(pushes.text("身份证"))
    (message,) = plain.core.messages.values()
    assert plain.desk.gone == [message.sender]
    plain.desk.away = True
    assert (await plain.pusher.once(pushes.UNSUBSCRIBE)).status == 503, "it is told again"


@pytest.mark.parametrize("xml", [pushes.VIEW, pushes.PLACE_REPORT, pushes.TEMPLATE_SENT, pushes.PUBLISHED])
async def test_what_nobody_waits_for_is_acknowledged_and_not_kept(plain: Rig, xml: str) -> None:
    assert (await plain.pusher.push(xml)).body == "success"
    assert plain.core.messages == {}


async def test_unknown_kinds_are_answered_politely(plain: Rig) -> None:
    outcome = await plain.pusher.push(pushes.push("hologram"))
    assert outcome.status == 200 and outcome.text
    (message,) = plain.core.messages.values()
    assert message.option == "unreadable"


# Hostile input: refused or answered, never a fault of ours, nothing kept by halves


@pytest.mark.parametrize("name", HOSTILE)
async def test_hostile_bodies_are_refused_even_rightly_signed(plain: Rig, sealed: Rig, name: str) -> None:
    for pusher in (plain.pusher, sealed.with_mode("aes"), sealed.with_mode("compatible")):
        outcome = await pusher.once(HOSTILE[name])
        assert 400 <= outcome.status < 500, (name, pusher.mode, outcome.status)
    assert plain.core.within == sealed.core.within == []


async def test_a_packed_body_is_refused(plain: Rig) -> None:
    query, body = plain.pusher.prepared(pushes.text("你好"))
    async with plain.pusher.http.post(
        plain.url, params=query, data=gzip.compress(body), headers={"Content-Encoding": "gzip"}
    ) as answer:
        assert answer.status == 400
    assert plain.core.within == []


async def test_a_slow_sender_is_not_waited_for(plain: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapter, "READ_WITHIN", 0.2)

    async def dripping() -> AsyncIterator[bytes]:
        yield b"<xml>"
        await asyncio.sleep(30)

    query, _ = plain.pusher.prepared(pushes.text("你好"))
    async with plain.pusher.http.post(plain.url, params=query, data=dripping()) as answer:
        assert answer.status == 408


async def test_a_body_that_breaks_off_or_lies_about_its_length_keeps_nothing(plain: Rig) -> None:
    query, body = plain.pusher.prepared(pushes.text("路灯坏了"))
    address = plain.url.partition("//")[2].partition("/")[0].partition(":")
    asked = "&".join(f"{name}={value}" for name, value in query.items())
    for length in (str(len(body) + 50), "-1", "ten", str(10**15)):
        reader, writer = await asyncio.open_connection(address[0], int(address[2]))
        head = f"POST /wechat?{asked} HTTP/1.1\r\nHost: h\r\nContent-Length: {length}\r\n\r\n"
        writer.write(head.encode() + body)
        writer.write_eof()
        said = await asyncio.wait_for(reader.read(), 10)
        writer.close()
        await writer.wait_closed()
        assert not said or b" 4" in said.split(b"\r\n")[0]
    assert plain.core.within == []


async def test_an_answer_that_could_not_be_written_stays_owed(
    plain: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def breaks(self: web.Response, *data: Any) -> None:
        raise ConnectionResetError("Cannot write to closing transport")

    with monkeypatch.context() as patch:
        patch.setattr(web.Response, "write_eof", breaks)
        await plain.pusher.once(pushes.text("身份证丢了"))
    await eventually(lambda: plain.desk.released == [100])
    assert plain.desk.noted == []


async def test_an_answer_written_when_the_platform_had_hung_up_stays_owed(
    plain: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    lease = plain.desk.lease

    async def paused(conversation: str, key: str) -> tuple[Parcel, ...]:
        time.sleep(0.3)  # the whole process stands still, so that nobody sees the connection end
        return await lease(conversation, key)

    monkeypatch.setattr(adapter, "HUNG_UP_AFTER", 0.25)
    monkeypatch.setattr(plain.desk, "lease", paused)
    await plain.pusher.once(pushes.text("身份证丢了"))
    await eventually(lambda: plain.desk.released == [100])
    assert plain.desk.noted == []


async def test_logs_name_nobody(plain: Rig, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    await plain.pusher.once(pushes.text("家住示例路1号"))
    await plain.pusher.once(pushes.text("家住示例路1号"), query={})
    await plain.pusher.once(b"<xml>")
    shown = "\n".join(
        f"{record.getMessage()} {record.__dict__}"
        for record in caplog.records
        if record.name.startswith("channels")
    )
    assert "push.refused" in shown
    assert not any(word in shown for word in ("示例路", pushes.OPENID, TOKEN))
