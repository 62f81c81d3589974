"""The ways in, as a client stands before them: one small class each."""

import hashlib
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol
from xml.etree import ElementTree

from aiohttp import ClientError, ClientSession, ClientTimeout, FormData

from tests.faults.stories import PHONE, Step

TRY_AGAIN = frozenset({0, 503})  #: nobody there, cut off, too slow; or storage away


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What one attempt to say something came to."""

    status: int  #: 0 when there was no answer
    acknowledged: bool = False
    settled: bool = False
    kinds: tuple[str, ...] = ()  #: of the replies, once settled, where the channel shows them
    replies: tuple[str, ...] = ()  #: what makes them the same replies when asked again


NOTHING = Outcome(status=0)


class Line(Protocol):
    """One citizen's line to the hotline."""

    channel: ClassVar[str]
    asks_again: ClassVar[bool]  #: the citizen may ask for the replies again, and must get the same ones

    async def open(self, gateway: str) -> bool:
        """Get what is needed before the first word."""

    async def say(self, step: Step, id: str, gateway: str, *, patience: float) -> Outcome:
        """Say something under ``id``, once; the same ``id`` says the same again."""

    def key(self, id: str) -> str:
        """Return the key under which that message must be on record."""


class WebChat:
    """The chat's REST interface."""

    channel: ClassVar[str] = "webchat"
    asks_again: ClassVar[bool] = True

    def __init__(self, http: ClientSession, name: str) -> None:
        self._http = http
        self._session = self._token = ""

    async def open(self, gateway: str) -> bool:
        """Open a session."""
        status, made = await _post(self._http, f"{gateway}/api/chat/sessions", patience=5, json={})
        if status == 201:
            self._session, self._token = made["session"], made["token"]
        return status == 201

    async def say(self, step: Step, id: str, gateway: str, *, patience: float) -> Outcome:
        """Post the message; an emergency that is only answered yet is acknowledged and not settled."""
        said = {"option": step.option} if step.option else {"text": step.text}
        status, answer = await _post(
            self._http, f"{gateway}/api/chat/messages", patience=patience, json={"id": id, **said},
            headers={"Authorization": f"Bearer {self._token}"},
        )  # fmt: skip
        if status not in (200, 202):
            return Outcome(status=status)
        kinds = tuple(reply["kind"] for reply in answer["replies"])
        return Outcome(
            status=status,
            acknowledged=True,
            settled=status == 200 and kinds != ("emergency",),
            kinds=kinds,
            replies=tuple(reply["id"] for reply in answer["replies"]),
        )

    def key(self, id: str) -> str:
        """Return the message's key."""
        return f"webchat:{self._session}:{id}"


class Mailbox:
    """A letter to the mayor."""

    channel: ClassVar[str] = "mailbox"
    asks_again: ClassVar[bool] = True

    def __init__(self, http: ClientSession, name: str) -> None:
        self._http, self._name = http, name

    async def open(self, gateway: str) -> bool:
        """Nothing is needed."""
        return True

    async def say(self, step: Step, id: str, gateway: str, *, patience: float) -> Outcome:
        """Send the letter under an idempotency key."""
        form = FormData(default_to_multipart=True)
        fields = {"subject": "示例路路灯", "body": step.text, "name": "样例女士", "phone": PHONE}
        flags = dict.fromkeys(("public", "confidential", "anonymous"), "false")
        for name, value in (fields | flags).items():
            form.add_field(name, value)
        status, answer = await _post(
            self._http, f"{gateway}/api/mailbox/letters", patience=patience, data=form,
            headers={"Idempotency-Key": id},
        )  # fmt: skip
        if status not in (200, 201, 202):
            return Outcome(status=status)
        kinds = tuple(reply["kind"] for reply in answer["replies"])
        return Outcome(
            status=status,
            acknowledged=True,
            settled=status == 201,
            kinds=kinds,
            replies=(answer.get("number", ""), *(reply["id"] for reply in answer["replies"])),
        )

    def key(self, id: str) -> str:
        """Return the message's key."""
        return f"mailbox:{id}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """The official account that WeChat's pushes are signed for (plain mode)."""

    appid: str
    token: str


class WeChat:
    """The platform, pushing what one citizen writes; its passive answers are remembered."""

    channel: ClassVar[str] = "wechat"
    asks_again: ClassVar[bool] = False  # a citizen cannot ask again; the platform re-sends until acknowledged

    def __init__(self, http: ClientSession, name: str, account: Account) -> None:
        self._http, self._account = http, account
        self.openid = f"o{hashlib.sha256(name.encode()).hexdigest()[:27]}"
        self.answers: list[str] = []  #: texts of passive answers, in order of arrival

    async def open(self, gateway: str) -> bool:
        """Nothing is needed."""
        return True

    async def say(self, step: Step, id: str, gateway: str, *, patience: float) -> Outcome:
        """Push the text; an answer that says 200 is an acknowledgement, and there is no other sign."""
        try:
            async with self._http.post(
                f"{gateway}/wechat", params=self._signed(), data=self._push(step.text, id),
                timeout=ClientTimeout(total=patience),
            ) as answer:  # fmt: skip
                body = await answer.text()
                status = answer.status
        except (ClientError, OSError, TimeoutError):
            return NOTHING
        if status != 200:
            return Outcome(status=status)
        if body.startswith("<"):
            self.answers.append(ElementTree.fromstring(body).findtext("Content") or "")
        return Outcome(status=status, acknowledged=True, settled=True)

    def key(self, id: str) -> str:
        """Return the message's key."""
        return f"wechat:{self._account.appid}:{self.openid}:{self._number(id)}"

    def _signed(self) -> Mapping[str, str]:
        stamp, nonce = str(int(time.time())), secrets.token_hex(8)
        signed = "".join(sorted((self._account.token, stamp, nonce)))
        return {
            "signature": hashlib.sha1(signed.encode()).hexdigest(),
            "timestamp": stamp,
            "nonce": nonce,
            "openid": self.openid,
        }

    def _push(self, text: str, id: str) -> bytes:
        push = ElementTree.Element("xml")
        for name, value in (
            ("ToUserName", "gh_example"), ("FromUserName", self.openid), ("CreateTime", str(int(time.time()))),
            ("MsgType", "text"), ("Content", text), ("MsgId", self._number(id)),
        ):  # fmt: skip
            ElementTree.SubElement(push, name).text = value
        pushed: bytes = ElementTree.tostring(push, encoding="utf-8")
        return pushed

    def _number(self, id: str) -> str:
        return str(int.from_bytes(hashlib.sha256(id.encode()).digest()[:8], "big") >> 1)


async def _post(http: ClientSession, url: str, *, patience: float, **request: Any) -> tuple[int, Any]:
    """Return status and JSON of an answer; 0 when there was none in time."""
    try:
        async with http.post(url, timeout=ClientTimeout(total=patience), **request) as answer:
            return answer.status, await answer.json(content_type=None)
    except (ClientError, OSError, TimeoutError):
        return 0, None
    except ValueError:
        return answer.status, None
