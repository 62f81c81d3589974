"""What the stories of ``test_lives.py`` are told with: a city's system by a driven clock, its citizens, its staff."""

import asyncio
import re
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from aiohttp import ClientSession

from gateway.localservers import Postgres, Valkey, ensure_database, start
from groundwork.clock import moment
from groundwork.settings import PREFIX, PROJECT
from hotline.calendar import CITY_TIME
from tests.e2e.citizen import Answered, Browser, Citizen, Dispatcher, by_kind, eventually, hidden_fields
from tests.e2e.system import System
from tests.e2e.test_mailbox import added, progress, sent
from tests.wechat import pushes
from tests.wechat.platform import APPID
from tests.wechat.pusher import Pusher
from tests.wechat.running import KEY, TOKEN, RunningPlatform

NOBODY = "http://127.0.0.1:1"  #: an address at which nothing listens


@dataclass(frozen=True)
class Stores:
    """The servers that the systems of all cities share, each with databases of its own."""

    postgres: Postgres
    valkey: Valkey

    @classmethod
    @contextmanager
    def running(cls, folder: Path) -> Iterator["Stores"]:
        """Start both and end them, whatever happens."""
        stores = cls(Postgres(folder / "postgres"), Valkey(folder / "valkey"))
        with ExitStack() as stack:
            stack.callback(start(stores.postgres).stop)
            stack.callback(start(stores.valkey).stop)
            yield stores

    def settings(self, city: str) -> dict[str, str]:
        """Return the settings by which the system of ``city`` finds its databases."""
        names = {"DATABASE_URL": f"{city}_gateway", "DESK_DATABASE_URL": f"{city}_desk"}
        for name in names.values():
            asyncio.run(ensure_database(self.postgres.url(), name))
        urls = {setting: self.postgres.url(name) for setting, name in names.items()}
        return {PREFIX + name: value for name, value in (urls | {"REDIS_URL": self.valkey.url()}).items()}


@dataclass
class Life:
    """One city's system, whose clock stands where the story says."""

    system: System
    clock: Path
    moves: int = 0  #: how often the clock was moved; sessions of staff do not last over days
    hands: dict[str, "Staff"] = field(default_factory=dict)

    @classmethod
    @contextmanager
    def begun(
        cls, city: str, at: str, *, stores: Stores, folder: Path, env: Mapping[str, str] | None = None
    ) -> Iterator["Life"]:
        """Start the system of ``city`` at that moment, understanding by word lists, and stop it at the end."""
        clock = folder / "clock"
        _write(clock, at)
        settings = (
            stores.settings(city)
            | {"HUYING_RASA_URL": NOBODY, "HUYING_CLOCK": f"file:{clock}"}
            | dict(env or {})
        )
        with System.running(folder / city, city=city, env=settings) as system:
            life = cls(system, clock)
            life.at(at)  # starting took its time
            try:
                yield life
            except BaseException:
                print(system.logs()[-8000:])  # they go with the folder
                raise

    def at(self, when: str) -> None:
        """Move the clock of every process."""
        _write(self.clock, when)
        self.moves += 1

    def arrived(self, ticket: Mapping[str, Any]) -> str:
        """Wait until the ticket lies at the desk and return its number."""
        number: str = ticket["number"]
        eventually(lambda: self.centre.has(number))
        return number

    def warned(self, number: str, *words: str) -> None:
        """Wait until the desk's own round has put a warning onto the board of supervision."""

        def is_on_the_board() -> bool:
            warnings = self.centre.page("/supervision").partition("到期提醒")[2]
            return all(word in warnings for word in (number, *words))

        eventually(is_on_the_board)

    def sees(self, number: str, words: str) -> None:
        """Wait until what the citizen did stands on the page of the case."""
        eventually(lambda: words in self.centre.page(f"/cases/{number}"))

    def stands(self, citizen: Citizen, ticket: Mapping[str, Any], state: str) -> None:
        """Wait until the progress page says that the ticket is there."""
        number, code = ticket["number"], ticket["query_code"]
        eventually(lambda: citizen.progress(number, code).json()["state"] == state)

    @property
    def centre(self) -> "Staff":
        """A dispatcher."""
        return self._staff("dispatcher", lambda: self.system.password("desk", "dispatcher"))

    @property
    def own(self) -> "Staff":
        """Somebody of the unit to which everything goes that no rule gives to another."""
        return self._staff("unit", lambda: self.system.password("desk", "unit"))

    def unit(self, name: str, unit: str) -> "Staff":
        """Somebody of ``unit``, with an account of that name."""
        return self._staff(name, lambda: self._account(name, unit))

    def _staff(self, name: str, password: Callable[[], str]) -> "Staff":
        if name not in self.hands:
            self.hands[name] = Staff(self, name, password())
        return self.hands[name]

    def _account(self, name: str, unit: str) -> str:
        """Make an account as an operator does, and return its password."""
        password = uuid.uuid4().hex
        environment = Path(f"/proc/{self.system.pid('desk')}/environ").read_bytes().decode().split("\0")
        subprocess.run(
            [sys.executable, "-P", "-m", "dispatch_desk", "add-account", name, "unit", "--unit", unit],
            env=dict(pair.split("=", 1) for pair in environment if pair), cwd=PROJECT, input=password, text=True,
            check=True, timeout=60,
        )  # fmt: skip
        return password


class Staff:
    """Somebody at the desk, who signs in anew whenever time has passed."""

    def __init__(self, life: Life, name: str, password: str) -> None:
        self._life, self._name, self._password = life, name, password
        self._signed_in: tuple[int, Dispatcher] | None = None

    def page(self, path: str) -> str:
        """Return what a page says, tags left out."""
        answer = self._browser.get(path)
        assert answer.status == 200, (path, answer.status)
        return words_of(answer.text)

    def has(self, number: str) -> bool:
        """Tell whether the case is there for them."""
        return self._browser.get(f"/cases/{number}").status == 200

    def does(self, number: str, way: str, **form: str) -> str:
        """Send a form of a case, which must be taken; returns the page of the case after it."""
        answer = self._sent(number, way, form)
        assert answer.status == 200, (way, answer.status, faults_of(answer.text))
        return words_of(answer.text)

    def may_not(self, number: str, way: str, **form: str) -> str:
        """Send a form of a case, which must be held back; returns the page that says why."""
        answer = self._sent(number, way, form)
        assert answer.status in (403, 404, 422), (way, answer.status)
        return words_of(answer.text)

    def _sent(self, number: str, way: str, form: Mapping[str, str]) -> Answered:
        token = hidden_fields(self._browser.get(f"/cases/{number}").text)["form_token"]
        return self._browser.post_form(f"/cases/{number}/{way}", form_token=token, **form)

    @property
    def _browser(self) -> Browser:
        if self._signed_in is None or self._signed_in[0] != self._life.moves:
            hand = Dispatcher(self._life.system.desk_url, self._name, self._password)
            self._signed_in = (self._life.moves, hand)
        return self._signed_in[1].browser


class Chatter(Citizen):
    """A citizen in the web chat, whose page is told by its socket."""

    def __init__(self, base: str) -> None:
        super().__init__(base)
        self._last = ""  #: the reply that was read last

    def files(self, *lines: str) -> dict[str, Any]:
        """Say the lines in turn until the summary comes, confirm it and return the ticket."""
        for line in lines:
            if self.say(line)[-1]["kind"] == "summary":
                break
        ticket: dict[str, Any] = by_kind(self.say(option="confirm"), "ticket")["ticket"]
        return ticket

    def replies(self, id: str, message: Mapping[str, Any], seconds: float = 60) -> list[dict[str, Any]]:
        """Send a message and read what is answered."""
        replies = super().replies(id, message, seconds)
        self._last = replies[-1]["id"]
        return replies

    def hears(self, *words: str) -> dict[str, Any]:
        """Return what is told next, unasked, in which all of ``words`` must be."""
        reply = asyncio.run(self._next())
        assert all(word in reply["text"] for word in words), (words, reply["text"])
        self._last = reply["id"]
        return reply

    async def _next(self) -> dict[str, Any]:
        url, protocols = f"{self.browser.base}/api/chat/ws", ("huying.v1", f"token.{self.token}")
        async with ClientSession() as http, http.ws_connect(url, protocols=protocols) as socket:
            await socket.send_json({"type": "resume", "after": self._last})
            async with asyncio.timeout(30):
                while (frame := await socket.receive_json())["type"] != "reply":
                    assert frame["type"] != "error", frame
        reply: dict[str, Any] = frame["reply"]
        return reply


class Follower:
    """A citizen on WeChat, whose messages go through the double of its platform."""

    def __init__(self, base: str, platform: RunningPlatform) -> None:
        self._url, self._platform, self._openid = f"{base}/wechat", platform, f"o{uuid.uuid4().hex[:27]}"
        self._heard = 0  #: customer-service messages that were read

    def say(self, text: str) -> str:
        """Write something and return what is answered, at once or by customer-service message."""
        self._platform.do(wrote={"openid": self._openid})
        return asyncio.run(self._push(text)) or self.hears()

    def files(self, *lines: str) -> dict[str, str]:
        """Say the lines in turn, the last of which confirms the summary, and return number and query code."""
        said = [self.say(line) for line in lines][-1]
        number, code = re.search(r"单号：(\w+)", said), re.search(r"查询码：(\w{6})", said)
        assert number and code, said
        return {"number": number[1], "query_code": code[1]}

    def hears(self, *words: str) -> str:
        """Return the next customer-service message, in which all of ``words`` must be."""
        text: str = eventually(lambda: self._sent()[self._heard :])[0]
        self._heard += 1
        assert all(word in text for word in words), (words, text)
        return text

    def learns(self, text: str, *words: str) -> str:
        """Write something; what is answered, or comes right after it, holds all of ``words``."""
        answer = self.say(text)
        return answer if all(word in answer for word in words) else self.hears(*words)

    def hears_nothing(self) -> bool:
        """Tell whether no customer-service message has come that was not read."""
        return len(self._sent()) == self._heard

    def _sent(self) -> list[str]:
        return self._platform.sent(self._openid)

    async def _push(self, text: str) -> str:
        xml = pushes.text(text, openid=self._openid, msg_id=str(uuid.uuid4().int % 10**16))
        async with ClientSession() as http:
            pusher = Pusher(http=http, url=self._url, token=TOKEN, appid=APPID, key=KEY, mode="aes")
            outcome = await pusher.push(xml)
        assert outcome.status == 200, outcome
        return outcome.text


class Writer:
    """A citizen who writes a letter to the mayor's mailbox and reads on by number and query code."""

    def __init__(self, base: str, letter: Mapping[str, str]) -> None:
        self.browser = Browser(base)
        self._letter = sent(self.browser, letter)
        self.ticket: dict[str, Any] = by_kind(self._letter["replies"], "ticket")["ticket"]
        self._read = len(self.page()["steps"])

    def page(self) -> dict[str, Any]:
        """Return what stands on the progress page."""
        return progress(self.browser, self._letter)

    def hears(self, name: str, *words: str) -> dict[str, Any]:
        """Return the step that is next on the progress page, which has that name and all of ``words``."""
        steps = eventually(lambda: len(steps := self.page()["steps"]) > self._read and steps)
        self._read += 1
        step: dict[str, Any] = steps[-self._read]  # the newest is on top
        assert step["name"] == name and all(word in step["text"] for word in words), (name, words, steps)
        return step

    def does(self, act: str, **more: Any) -> str:
        """Urge, add or rate by number and code; returns what is answered."""
        replies = added(self.browser, self._letter, {"act": act, **more})
        self._read += 1  # their own step stands on the page too
        return str(replies[-1]["text"])


def last_day(ticket: Mapping[str, Any], what: str) -> str:
    """Return the last day, in city time, of what is due on a ticket or a progress page."""
    (due,) = [one for one in ticket["due"] if one["what"] == what]
    return datetime.fromisoformat(due["at"]).astimezone(CITY_TIME).date().isoformat()


def words_of(page: str) -> str:
    """Return what a page says without its tags, each run of space one."""
    body = re.sub(r"(?s)<(script|style).*?</\1>", "", page)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", body))


def faults_of(page: str) -> list[str]:
    """Return what a page says of what was wrong."""
    return re.findall(r'(?s)<(?:p class="hy-alert|li id="f)[^>]*>(.*?)</', page)


def _write(clock: Path, at: str) -> None:
    draft = clock.with_name("clock.new")
    draft.write_text(moment(at).isoformat())
    draft.replace(clock)
