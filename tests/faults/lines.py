"""The ways in, as a client stands before them: one small class each."""

import hashlib
import time
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from aiohttp import ClientError, ClientSession, ClientTimeout, FormData

from tests.faults.platform import Shown
from tests.faults.stories import Step
from tests.samples import an_image
from tests.wechat import pushes
from tests.wechat.pusher import Pusher

TRY_AGAIN = frozenset({0, 503})  #: nobody there, cut off, too slow; or storage away


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What one attempt to say something came to."""

    status: int  #: 0 when there was no answer
    acknowledged: bool = False
    settled: bool = False
    kinds: tuple[str, ...] = ()  #: of the replies, once settled, where the channel shows them
    replies: tuple[str, ...] = ()  #: their ids, which are the same when asked again
    number: str = ""  #: under which a letter stands, once settled


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
        status, answer = await _post(
            self._http, f"{gateway}/api/mailbox/letters", patience=patience, data=_form(step),
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
            replies=tuple(reply["id"] for reply in answer["replies"]),
            number=answer.get("number", ""),
        )

    def key(self, id: str) -> str:
        """Return the message's key."""
        return f"mailbox:{id}"


def _form(step: Step) -> FormData:
    form = FormData(default_to_multipart=True)
    fields = {
        "subject": step.text[:20],
        "kind": step.kind,
        "body": step.text,
        "place": step.place,
        "name": "样例女士",
        "phone": step.phone,
    }
    flags = dict.fromkeys(("public", "confidential", "anonymous"), "false")
    for name, value in (fields | flags).items():
        form.add_field(name, value)
    for number, picture in enumerate(pictures(step)):
        form.add_field("attachment", picture, filename=f"{number}.png", content_type="image/png")
    return form


def pictures(step: Step) -> list[bytes]:
    """Return the pictures that come along with ``step``; many letters have the same ones."""
    return [an_image("PNG", size=(40 + number, 20)) for number in range(step.files)]


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """The official account that WeChat's pushes are signed and encrypted for; without a key in plain mode."""

    appid: str
    token: str
    key: str = ""


class WeChat:
    """The platform, pushing what one citizen writes; its passive answers are remembered."""

    channel: ClassVar[str] = "wechat"
    asks_again: ClassVar[bool] = False  # a citizen cannot ask again; the platform re-sends until acknowledged

    def __init__(self, http: ClientSession, name: str, account: Account) -> None:
        self._http, self._account = http, account
        self.openid = f"o{hashlib.sha256(name.encode()).hexdigest()[:27]}"
        self.answers: list[Shown] = []  #: passive answers, in order of arrival

    async def open(self, gateway: str) -> bool:
        """Nothing is needed."""
        return True

    async def say(self, step: Step, id: str, gateway: str, *, patience: float) -> Outcome:
        """Push the text once; an answer that says 200 is an acknowledgement, and there is no other sign."""
        pusher = Pusher(
            http=self._http, url=f"{gateway}/wechat", token=self._account.token, appid=self._account.appid,
            key=self._account.key, mode="aes" if self._account.key else "plain", patience=patience,
        )  # fmt: skip
        xml = pushes.text(step.text, openid=self.openid, msg_id=self._number(id), at=int(time.time()))
        pushed = await pusher.once(xml)
        if pushed.text:
            self.answers.append(Shown(at=time.time(), content=pushed.text))
        return Outcome(status=pushed.status, acknowledged=not pushed.at_fault, settled=not pushed.at_fault)

    def key(self, id: str) -> str:
        """Return the message's key."""
        return f"wechat:{self._account.appid}:{self.openid}:{self._number(id)}"

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
