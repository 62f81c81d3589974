"""The platform's double as a process of its own, and the settings by which a system finds it."""

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from signal import SIGTERM
from typing import Any

from gateway.localservers import dying_with_parent
from groundwork.settings import PROJECT
from tests.wechat.aes_client import encoding_key
from tests.wechat.platform import APPID, SECRET

TOKEN, KEY, OLD_KEY = "e2eToken", encoding_key(b"current"), encoding_key(b"previous")


@dataclass(frozen=True)
class RunningPlatform:
    """A double that listens on loopback."""

    base: str

    @property
    def settings(self) -> Mapping[str, str]:
        """The settings of a system whose account this is, with encryption switched on."""
        return {
            "HUYING_WECHAT_TOKEN": TOKEN, "HUYING_WECHAT_APPID": APPID, "HUYING_WECHAT_SECRET": SECRET,
            "HUYING_WECHAT_AES_KEY": KEY, "HUYING_WECHAT_AES_KEY_PREVIOUS": OLD_KEY, "HUYING_WECHAT_API_BASE": self.base,
        }  # fmt: skip

    def sent(self, openid: str) -> list[str]:
        """Return the customer-service messages that reached ``openid``."""
        return [one["content"] for one in self._ask("/admin/seen")["sent"] if one["openid"] == openid]

    def asked(self) -> dict[str, int]:
        """Return how often each interface was asked."""
        found: dict[str, int] = self._ask("/admin/seen")["asked"]
        return found

    def do(self, **what: Any) -> None:
        """Change what is or goes wrong there."""
        self._ask("/admin/do", json.dumps(what).encode())

    def _ask(self, path: str, data: bytes | None = None) -> Any:
        request = urllib.request.Request(self.base + path, data=data)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=10) as answer:
            return json.loads(answer.read())


@contextmanager
def running_platform() -> Iterator[RunningPlatform]:
    """Start the double as a process and end it, whatever happens."""
    argv = [sys.executable, "-m", "tests.wechat.platform", "0"]
    with subprocess.Popen(
        argv, cwd=PROJECT, stdout=subprocess.PIPE, text=True, preexec_fn=dying_with_parent(SIGTERM)
    ) as process:
        try:
            assert process.stdout is not None
            yield RunningPlatform(process.stdout.readline().strip())
        finally:
            process.terminate()
