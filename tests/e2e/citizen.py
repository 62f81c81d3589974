"""A citizen at the contract's HTTP interface, and a dispatcher at the desk's pages; nothing else is used."""

import http.cookiejar
import json
import re
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Answered:
    """What came back over HTTP."""

    status: int
    body: bytes

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()


class Browser:
    """Asks over HTTP, keeps cookies, follows redirects, never raises for a status."""

    def __init__(self, base: str) -> None:
        self.base = base
        jar = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), jar)

    def ask(
        self, method: str, path: str, *, data: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Answered:
        """Send one request."""
        request = urllib.request.Request(
            self.base + path, data=data, method=method, headers=dict(headers or {})
        )
        try:
            with self._opener.open(request, timeout=30) as answer:
                return Answered(answer.status, answer.read())
        except urllib.error.HTTPError as error:
            return Answered(error.code, error.read())

    def get(self, path: str) -> Answered:
        """GET ``path``."""
        return self.ask("GET", path)

    def post_json(self, path: str, value: Any, headers: Mapping[str, str] | None = None) -> Answered:
        """POST ``value`` as JSON."""
        return self.ask(
            "POST", path, data=json.dumps(value).encode(),
            headers={"Content-Type": "application/json", **(headers or {})},
        )  # fmt: skip

    def post_form(self, path: str, **fields: str) -> Answered:
        """POST a form as a browser does without JavaScript."""
        data = urllib.parse.urlencode(fields).encode()
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Origin": self.base}
        return self.ask("POST", path, data=data, headers=headers)


class Citizen:
    """One chat session."""

    def __init__(self, base: str) -> None:
        self.browser = Browser(base)
        made = self.browser.post_json("/api/chat/sessions", {})
        assert made.status == 201, made.text
        self.token: str = made.json()["token"]

    def send(self, id: str | None = None, **message: Any) -> Answered:
        """Send one message and return the raw answer."""
        body = {"id": id or uuid.uuid4().hex, **message}
        return self.browser.post_json("/api/chat/messages", body, {"Authorization": f"Bearer {self.token}"})

    def say(self, text: str = "", **more: Any) -> list[dict[str, Any]]:
        """Say something and wait for the replies, however many times it takes."""
        id = uuid.uuid4().hex
        message = {**({"text": text} if text else {}), **more}
        return self.replies(id, message)

    def replies(self, id: str, message: Mapping[str, Any], seconds: float = 60) -> list[dict[str, Any]]:
        """Send the same message until it is settled, as a client does after a broken connection."""
        end = time.monotonic() + seconds
        answer = Answered(0, b"")
        while time.monotonic() < end:
            try:
                answer = self.send(id, **message)
            except (OSError, urllib.error.URLError):
                time.sleep(0.2)
                continue
            if answer.status == 200:
                replies: list[dict[str, Any]] = answer.json()["replies"]
                return replies
            assert answer.status in (202, 503), (answer.status, answer.text)
            time.sleep(0.2)
        raise AssertionError(f"not settled within {seconds} s: {answer.status} {answer.text}")

    def progress(self, number: str, code: str) -> Answered:
        """Look a ticket up."""
        return self.browser.post_json("/api/progress", {"number": number, "query_code": code})


class Dispatcher:
    """A person signed in at the desk."""

    def __init__(self, base: str, name: str, password: str) -> None:
        self.browser = Browser(base)
        page = self.browser.get("/sign-in").text
        answer = self.browser.post_form("/sign-in", name=name, password=password, **hidden_fields(page))
        assert answer.status == 200, answer.text

    def case(self, number: str) -> Answered:
        """Open a case."""
        return self.browser.get(f"/cases/{number}")

    def sign(self, number: str) -> Answered:
        """Press the sign button of a case."""
        return self.browser.post_form(f"/cases/{number}/sign", **hidden_fields(self.case(number).text))


def hidden_fields(page: str) -> dict[str, str]:
    """Return the hidden fields of the forms on ``page``."""
    tags = re.findall(r"<input[^>]*type=\"hidden\"[^>]*>", page)
    pairs = ((re.search(r'name="([^"]*)"', tag), re.search(r'value="([^"]*)"', tag)) for tag in tags)
    return {name[1]: value[1] for name, value in pairs if name and value}


def eventually(what: Callable[[], Any], *, seconds: float = 60, every: float = 0.2) -> Any:
    """Return the first truthy value of ``what``; fails when none comes in time."""
    end = time.monotonic() + seconds
    while True:
        if value := what():
            return value
        if time.monotonic() > end:
            raise AssertionError(f"did not become true within {seconds} s")
        time.sleep(every)


def by_kind(replies: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    """Return the one reply of that kind."""
    found = [reply for reply in replies if reply["kind"] == kind]
    assert len(found) == 1, [(reply["kind"], reply["text"]) for reply in replies]
    return found[0]
