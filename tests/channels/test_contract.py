"""Every channel over the contract kit, through a real server."""

import asyncio
import hashlib
import hmac
import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient
from pytest_aiohttp.plugin import AiohttpClient

from channels.registry import CHANNELS
from channels.testing import ChannelContract, Driver, Outcome, RecordingCore
from groundwork.settings import PROJECT
from tests import texts
from tests.channels.toy.adapter import Toy
from tests.web.fake_app import NOW, fake_app, fake_assets, key_for
from tests.wechat import pushes
from tests.wechat.aes_client import encoding_key
from tests.wechat.pusher import Mode, Pusher
from tests.wechat.pusher import Outcome as Pushed

TOKEN, APPID, KEY = "a-token", "wx0123456789abcdef", encoding_key(b"contract")
ACCOUNT = {
    "wechat_token": TOKEN, "wechat_appid": APPID, "wechat_quota": "5/48h", "wechat_quota_event": "3/1min",
    "public_url": "https://hotline.example",
}  # fmt: skip


class Served:
    """A driver of a channel on the citizens' site."""

    def __init__(self, client: TestClient[Any, Any], core: RecordingCore) -> None:
        self.client, self.core = client, core

    def identity(self, sender: str) -> str:
        return f"{sender}@box"


class ToyDriver(Served):
    """The box in the town hall."""

    async def say(self, text: str, *, id: int, sender: str = "one") -> Outcome:
        return await self.raw(f"{self.identity(sender)}\n{id}\n{text}".encode("utf-8", "surrogatepass"))

    async def forged(self, text: str) -> Outcome:
        return await self._post(f"{self.identity('one')}\n1\n{text}".encode(), "0" * 64)

    async def raw(self, body: bytes) -> Outcome:
        return await self._post(body, hmac.new(key_for("toy"), body, hashlib.sha256).hexdigest())

    async def _post(self, body: bytes, signature: str) -> Outcome:
        answer = await self.client.post(
            "/api/toy", data=io.BytesIO(body), headers={"Toy-Signature": signature}
        )
        return Outcome(status=answer.status, said=await answer.text(), stored=answer.status == 200)


class WebChatDriver(Served):
    """A browser or a program with a token for each citizen."""

    def __init__(self, client: TestClient[Any, Any], core: RecordingCore) -> None:
        super().__init__(client, core)
        self._tokens: dict[str, str] = {}
        self._opening = asyncio.Lock()

    async def say(self, text: str, *, id: int, sender: str = "one") -> Outcome:
        async with self._opening:
            if sender not in self._tokens:
                opened = await (await self.client.post("/api/chat/sessions")).json()
                self._tokens[sender] = opened["token"]
        return await self._post(json.dumps({"id": f"m{id}", "text": text}).encode(), self._tokens[sender])

    async def forged(self, text: str) -> Outcome:
        return await self._post(
            json.dumps({"id": "m1", "text": text}).encode(), "A" * 24 + ".aGVsbG8.aGVsbG8"
        )

    async def raw(self, body: bytes) -> Outcome:
        opened = await (await self.client.post("/api/chat/sessions")).json()
        return await self._post(body, opened["token"])

    async def _post(self, body: bytes, token: str) -> Outcome:
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        answer = await self.client.post("/api/chat/messages", headers=headers, data=io.BytesIO(body))
        return Outcome(status=answer.status, said=await answer.text(), stored=answer.status in (200, 202))

    def identity(self, sender: str) -> str:
        return self._tokens.get(sender, "a token that nobody has")


class WeChatDriver(Served):
    """The platform, pushing in the mode that an account with a key uses."""

    def __init__(self, client: TestClient[Any, Any], core: RecordingCore, mode: Mode) -> None:
        super().__init__(client, core)
        self._pusher = Pusher(
            http=client.session,
            url=str(client.make_url("/wechat")),
            token=TOKEN,
            appid=APPID,
            key=KEY,
            mode=mode,
        )

    async def say(self, text: str, *, id: int, sender: str = "one") -> Outcome:
        xml = pushes.text(text, openid=self.identity(sender), msg_id=str(10**15 + id))
        return self._outcome(await self._pusher.once(xml))

    async def forged(self, text: str) -> Outcome:
        return self._outcome(await replace(self._pusher, token="guessed").once(pushes.text(text)))

    async def raw(self, body: bytes) -> Outcome:
        return self._outcome(await self._pusher.once(body))

    def identity(self, sender: str) -> str:
        return f"o{sender:_<27}"

    def _outcome(self, pushed: Pushed) -> Outcome:
        return Outcome(status=pushed.status, said=pushed.text, stored=pushed.status == 200)


class MailboxDriver(Served):
    """Somebody who writes letters, with a file in each."""

    async def say(self, text: str, *, id: int, sender: str = "one") -> Outcome:
        parts = (
            ('name="subject"', "about our street"),
            ('name="body"', text),
            ('name="attachment"; filename="notes.txt"\r\nContent-Type: text/plain', "as seen today"),
        )
        body = "".join(
            f"--x\r\nContent-Disposition: form-data; {head}\r\n\r\n{value}\r\n" for head, value in parts
        )
        return await self._post(f"{body}--x--\r\n".encode(), f"{self.identity(sender)}-{id}")

    async def forged(self, text: str) -> None:
        return None

    async def raw(self, body: bytes) -> Outcome:
        return await self._post(body, f"{self.identity('one')}-0")

    async def _post(self, body: bytes, key: str) -> Outcome:
        headers = {"Content-Type": "multipart/form-data; boundary=x", "Idempotency-Key": key}
        answer = await self.client.post("/api/mailbox/letters", headers=headers, data=io.BytesIO(body))
        return Outcome(status=answer.status, said=await answer.text(), stored=answer.status in (201, 202))

    def identity(self, sender: str) -> str:
        return f"letter-of-{sender}"


class SmsDriver(Served):
    """The city's platform for text messages."""

    def __init__(self, client: TestClient[Any, Any], core: RecordingCore) -> None:
        super().__init__(client, core)
        self._mobiles: dict[str, str] = {}

    async def say(self, text: str, *, id: int, sender: str = "one") -> Outcome:
        return await self._post(texts.signed({"id": f"m{id}", "from": self.identity(sender), "text": text}))

    async def forged(self, text: str) -> Outcome:
        said = {"id": "m1", "from": self.identity("one"), "text": text}
        return await self._post(texts.signed(said, key=texts.KEY[::-1]))

    async def raw(self, body: bytes) -> Outcome:
        return await self._post(texts.signed(body))

    async def _post(self, post: dict[str, Any]) -> Outcome:
        answer = await self.client.post("/api/sms/messages", **post | {"data": io.BytesIO(post["data"])})
        return Outcome(status=answer.status, said=await answer.text(), stored=answer.status in (200, 202))

    def identity(self, sender: str) -> str:
        return self._mobiles.setdefault(sender, f"138{len(self._mobiles):08}")


@pytest.fixture
def core() -> RecordingCore:
    return RecordingCore(now=NOW)


@pytest.fixture
def account() -> dict[str, str]:
    """Settings of the channels that need any."""
    return {}


@pytest.fixture
async def client(
    aiohttp_client: AiohttpClient,
    tmp_path: Path,
    core: RecordingCore,
    monkeypatch: pytest.MonkeyPatch,
    account: dict[str, str],
) -> TestClient[Any, Any]:
    monkeypatch.setitem(CHANNELS, Toy.name, Toy)  # the one line in the registry
    return await aiohttp_client(fake_app(fake_assets(tmp_path), parts=core.parts(account)))


class TestWebChat(ChannelContract):
    @pytest.fixture
    def driver(self, client: TestClient[Any, Any], core: RecordingCore) -> Driver:
        return WebChatDriver(client, core)


class TestMailbox(ChannelContract):
    @pytest.fixture
    def driver(self, client: TestClient[Any, Any], core: RecordingCore) -> Driver:
        return MailboxDriver(client, core)


class TestWeChat(ChannelContract):
    @pytest.fixture(params=["plain", "aes"])
    def driver(
        self, client: TestClient[Any, Any], core: RecordingCore, request: pytest.FixtureRequest
    ) -> Driver:
        return WeChatDriver(client, core, request.param)

    @pytest.fixture
    def account(self, request: pytest.FixtureRequest) -> dict[str, str]:
        with_key = request.node.callspec.params["driver"] == "aes"
        return ACCOUNT | ({"wechat_aes_key": KEY} if with_key else {})


class TestSms(ChannelContract):
    @pytest.fixture
    def driver(self, client: TestClient[Any, Any], core: RecordingCore) -> Driver:
        return SmsDriver(client, core)

    @pytest.fixture
    def account(self) -> dict[str, str]:
        return {"sms_secret": texts.SECRET, "public_url": "https://hotline.example"}


class TestToy(ChannelContract):
    """Three files and a line: nothing else was written for it."""

    @pytest.fixture
    def driver(self, client: TestClient[Any, Any], core: RecordingCore) -> Driver:
        return ToyDriver(client, core)

    def test_it_is_three_files(self) -> None:
        files = {path.name for path in (PROJECT / "tests" / "channels" / "toy").glob("*.py")}
        assert files == {"__init__.py", "codec.py", "adapter.py"}


def test_every_channel_is_held_to_the_contract() -> None:
    held = {name.removeprefix("Test").lower() for name in globals() if name.startswith("Test")}
    assert set(CHANNELS) <= held
