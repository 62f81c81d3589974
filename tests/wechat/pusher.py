"""Pushes as the platform does: signed, encrypted, and again at 5 and 10 seconds when nothing good comes back."""

import asyncio
import io
import secrets
import time
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from aiohttp import ClientError, ClientSession, ClientTimeout

from tests.wechat.aes_client import AesClient, signature

GIVES_UP_AFTER = 5.0  #: seconds that the platform waits for an answer
TRIES = 3

Mode = Literal["plain", "compatible", "aes"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What the platform got back in the end."""

    status: int  #: 0: nothing came
    body: str
    tries: int
    seconds: float  #: that the last try took
    fields: Mapping[str, str]  #: of the passive answer; empty without one

    @property
    def text(self) -> str:
        """What the citizen sees at once."""
        return self.fields.get("Content", "")

    @property
    def at_fault(self) -> bool:
        """Tell whether the platform tells the citizen that the service is at fault."""
        return self.status != 200


@dataclass(frozen=True, kw_only=True)
class Pusher:
    """One account's pushes to one address; ``factor`` shortens the platform's waiting between tries."""

    http: ClientSession
    url: str
    token: str
    appid: str
    key: str = ""
    mode: Mode = "plain"
    factor: float = 1.0
    patience: float = GIVES_UP_AFTER  #: seconds; a connection that breaks off is shorter

    async def verify(self, echo: str, *, token: str = "") -> tuple[int, str]:
        """Ask the address to prove itself, as when an account is set up."""
        query = self._signed(token or self.token) | {"echostr": echo}
        async with self.http.get(self.url, params=query) as answer:
            return answer.status, await answer.text()

    async def push(self, xml: str | bytes, *, tries: int = TRIES) -> Outcome:
        """Push until it is acknowledged, three times at most; each try signed anew, the message the same."""
        last = await self.once(xml)
        for number in range(2, tries + 1):
            if not last.at_fault:
                return last
            await asyncio.sleep(max(GIVES_UP_AFTER - last.seconds, 0.0) * self.factor)
            again = await self.once(xml)
            last = Outcome(
                status=again.status, body=again.body, tries=number, seconds=again.seconds, fields=again.fields
            )
        return last

    async def once(
        self, xml: str | bytes, *, query: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> Outcome:
        """Push one time; ``query`` and ``body`` replace what would be right."""
        right_query, right_body = self.prepared(xml)
        began, timeout = time.monotonic(), ClientTimeout(total=self.patience)
        try:
            async with self.http.post(
                self.url, params=right_query if query is None else query,
                data=io.BytesIO(right_body if body is None else body), headers={"Content-Type": "text/xml"}, timeout=timeout,
            ) as answer:  # fmt: skip
                status, said = answer.status, await answer.text()
        except (ClientError, OSError, TimeoutError):
            status, said = 0, ""
        fields = self._read(said) if status == 200 and said not in ("", "success") else {}
        seconds = time.monotonic() - began
        return Outcome(status=status, body=said, tries=1, seconds=seconds, fields=fields)

    def prepared(self, xml: str | bytes, *, timestamp: str = "") -> tuple[dict[str, str], bytes]:
        """Return query and body of one push."""
        plain = xml.encode() if isinstance(xml, str) else xml
        query = self._signed(self.token, timestamp) | {"openid": "of-the-sender"}
        if self.mode == "plain":
            return query, plain
        sealed = self._client.seal(plain)
        query |= {
            "encrypt_type": "aes",
            "msg_signature": self._client.sign(query["timestamp"], query["nonce"], sealed),
        }
        inner = f"<Encrypt><![CDATA[{sealed}]]></Encrypt>".encode()
        if self.mode == "compatible":  # both in one body
            return query, plain.replace(b"</xml>", inner + b"\n</xml>")
        return query, b"<xml>\n<ToUserName><![CDATA[gh_7f083739789a]]></ToUserName>\n" + inner + b"\n</xml>"

    @property
    def _client(self) -> AesClient:
        return AesClient(token=self.token, appid=self.appid, key=self.key)

    def _signed(self, token: str, timestamp: str = "") -> dict[str, str]:
        timestamp, nonce = timestamp or str(int(time.time())), str(secrets.randbelow(10**9))
        return {
            "signature": signature(token, timestamp, nonce), "timestamp": timestamp, "nonce": nonce,
        }  # fmt: skip

    def _read(self, answer: str) -> dict[str, str]:
        """Return the fields of a passive answer; fails where the platform would show its fault notice."""
        sealed = self.mode == "aes" or (self.mode == "compatible" and "<Encrypt>" in answer)
        xml = self._client.open_answer(answer) if sealed else answer
        fields = {child.tag: child.text or "" for child in ET.fromstring(xml)}
        assert set(fields) == {"ToUserName", "FromUserName", "CreateTime", "MsgType", "Content"}
        assert fields["MsgType"] == "text" and len(fields["CreateTime"]) == 10
        assert 0 < len(fields["Content"].encode()) <= 2048
        return fields
