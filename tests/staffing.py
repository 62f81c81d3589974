"""What tests of staff pages share: a browser that keeps cookies, posts our forms, and reads codes off a secret."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from html.parser import HTMLParser
from typing import Any

import pyotp
from aiohttp import ClientResponse, CookieJar
from aiohttp.test_utils import TestClient

from staff.second_factor import STEP

OWN = "three unrelated rivers, one kettle"  #: a password that somebody chose


def code_of(secret: str, at: datetime, steps: int = 0) -> str:
    """Return what a phone with ``secret`` shows at that moment."""
    return str(pyotp.TOTP(secret).generate_otp(int(at.timestamp()) // STEP + steps))


class Fields(HTMLParser):
    """The form tokens of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.token = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        found = dict(attributes)
        if found.get("name") == "form_token":
            self.token = found["value"] or ""


@dataclass
class Visitor:
    """Somebody at a browser."""

    client: TestClient[Any, Any]
    at: str = ""  #: before the door's addresses
    token: str = ""  #: of the page seen last

    @property
    def cookies(self) -> dict[str, str]:
        """What the browser would send."""
        return {cookie.key: cookie.value for cookie in self.client.session.cookie_jar}

    def headers(self, **more: str) -> dict[str, str]:
        """How a browser says that a form is the site's own."""
        return {"Origin": str(self.client.make_url("/")).rstrip("/"), "Accept": "text/html"} | more

    async def get(self, path: str) -> tuple[int, str]:
        """Open a page; redirects are not followed, their target is the text."""
        answer = await self.client.get(path, headers={"Accept": "text/html"}, allow_redirects=False)
        return await self._read(answer)

    async def post(self, path: str, /, **form: str) -> tuple[int, str]:
        """Send a form of the page seen last."""
        data = {"form_token": self.token} | form
        answer = await self.client.post(path, data=data, headers=self.headers(), allow_redirects=False)
        return await self._read(answer)

    async def sign_in(self, name: str, password: str, **form: str) -> tuple[int, str]:
        """Send the sign-in form."""
        data = {"name": name, "password": password, **form}
        return await self.post(f"{self.at}/sign-in", **data)

    def leave(self) -> None:
        """Forget every cookie, as another browser would not have them."""
        self.client.session.cookie_jar.clear()

    async def _read(self, answer: ClientResponse) -> tuple[int, str]:
        if 300 <= answer.status < 400:
            return answer.status, answer.headers["Location"]
        text = await answer.text()
        self.token = Fields(text).token or self.token
        return answer.status, text


def jar() -> CookieJar:
    """Return a jar that keeps cookies of addresses like 127.0.0.1."""
    return CookieJar(unsafe=True)


def key_on(page: str) -> str:
    """Return the secret or password that a page shows."""
    found = re.search(r'class="hy-key">([^<]+)<', page)
    assert found, page
    return found[1]


def codes_on(page: str) -> list[str]:
    """Return the recovery codes that a page shows."""
    return re.findall(r"<li>([a-z0-9-]{19})</li>", page)


def rows_of(page: str) -> Iterator[str]:
    """Return the words of each row of a table."""
    for row in re.findall(r"<tr>(.*?)</tr>", page, re.DOTALL):
        yield re.sub(r"\s+", "", re.sub(r"<[^>]+>", " ", row))
