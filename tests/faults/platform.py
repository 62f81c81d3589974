"""WeChat's platform as a part that dies: ``python -m tests.faults.platform PORT JOURNAL SEED``.

The double with its rules kept strictly, in trouble at seeded moments. What was shown to whom and who may be written to
stands in a journal before it is answered, so that a killed platform knows it again; its tokens it forgets.
"""

import asyncio
import json
import os
import sys
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from aiohttp import web

from tests.faults.moments import Pulse
from tests.wechat.platform import Platform, problem

#: How a customer-service message goes, with its weight. ``late`` and ``cut`` are shown, and the answer lasts or is lost.
HABITS = {
    "well": 50, "slow": 8, "late": 12, "cut": 8, "busy": 6, "broken": 5, "spoilt": 5, "closed": 4, "full": 2,
}  # fmt: skip
MOST_TROUBLES = 3  #: for one citizen, so that back-off ends in the time of a test
CLOSED, FULL, BUSY = 45015, 45047, -1


class TroubledPlatform(Platform):
    """The double, with a memory on the disk and seeded trouble."""

    def __init__(self, journal: Path, seed: str) -> None:
        super().__init__(strict=True)
        known = lines_of(journal.read_bytes()) if journal.exists() else []
        self._random, self._well = Random(f"{seed}:{len(known)}"), False
        self._troubles: Counter[str] = Counter()
        for line in known:
            self._remember(line)
        self._journal = os.open(journal, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    async def send(self, request: web.Request) -> web.Response:
        """Take one customer-service message, as well as things go at this moment."""
        openid = json.loads(await request.read())["touser"]
        match habit := self._habit(openid):
            case "slow":
                await asyncio.sleep(self._random.uniform(0.2, 2.0))
            case "busy" | "broken":
                return problem(BUSY) if habit == "busy" else web.Response(status=500)
            case "closed" | "full":
                code = CLOSED if habit == "closed" else FULL
                self._write("refused", openid, code=code, injected=True)
                return problem(code)
            case "spoilt":
                self.spoil()
        answer = await super().send(request)
        code = json.loads(answer.text or "{}").get("errcode", 0)
        if code in (CLOSED, FULL):
            self._write("refused", openid, code=code, injected=False)
        if habit == "late":
            await asyncio.sleep(self._random.uniform(0.2, 1.5))
        if habit == "cut" and code == 0 and request.transport is not None:
            self._write("cut", openid)
            request.transport.abort()
        return answer

    async def do(self, request: web.Request) -> web.Response:
        """Change what goes wrong; ``well`` ends all trouble."""
        self._well = self._well or bool((await request.json()).get("well"))
        return await super().do(request)

    def keep(self, openid: str, shown: str) -> None:
        """Show somebody a customer-service message; it is in the journal before it is answered."""
        super().keep(openid, shown)
        self._write("sent", openid, content=shown)

    def wrote(self, openid: str, kind: str = "message") -> None:
        """Open the window of somebody who wrote."""
        super().wrote(openid, kind)
        self._write("wrote", openid)

    def _habit(self, openid: str) -> str:
        habit = self._random.choices([*HABITS], weights=[*HABITS.values()])[0]
        if self._well or self._troubles[openid] >= MOST_TROUBLES:
            habit = "well"
        if habit not in ("well", "late"):
            self._troubles[openid] += 1
        return habit

    def _remember(self, line: dict[str, Any]) -> None:
        openid = line["openid"]
        match line["what"]:
            case "wrote":
                super().wrote(openid)
            case "sent":
                super().keep(openid, line["content"])
                self._spend(openid)
            case "refused" | "cut":
                self._troubles[openid] += 1

    def _write(self, what: str, openid: str, **more: Any) -> None:
        line = {"at": time.time(), "what": what, "openid": openid, **more}
        os.write(self._journal, json.dumps(line, ensure_ascii=False).encode() + b"\n")


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """Something that a citizen saw, and when."""

    at: float
    content: str


@dataclass(slots=True)
class Journal:
    """What the platform wrote down, read from outside while it runs."""

    path: Path
    kept: Pulse = field(
        default_factory=Pulse
    )  #: beats when a customer-service message was shown, before it is answered
    shown: defaultdict[str, list[Shown]] = field(default_factory=lambda: defaultdict(list))  #: by openid
    wrote: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    cut: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    refused: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    overdrawn: int = 0  #: messages that the platform refused by its own rules
    _offset: int = 0

    async def follow(self) -> None:
        """Read on for ever."""
        while True:
            self.read()
            await asyncio.sleep(0.02)

    def read(self) -> None:
        """Read what was written since."""
        if not self.path.exists() or self.path.stat().st_size == self._offset:
            return
        with self.path.open("rb") as journal:
            journal.seek(self._offset)
            written = journal.read()
        whole = written[: written.rfind(b"\n") + 1]
        self._offset += len(whole)
        for line in lines_of(whole):
            self._note(line)

    def _note(self, line: dict[str, Any]) -> None:
        at, openid = line["at"], line["openid"]
        match line["what"]:
            case "sent":
                self.shown[openid].append(Shown(at=at, content=line["content"]))
                self.kept.beat()
            case "wrote":
                self.wrote[openid].append(at)
            case "cut":
                self.cut[openid].append(at)
            case "refused":
                self.refused[openid].append(at)
                self.overdrawn += not line["injected"]


def lines_of(written: bytes) -> list[dict[str, Any]]:
    """Return the lines of a journal."""
    return [json.loads(line) for line in written.splitlines()]


async def main(port: int, journal: Path, seed: str) -> None:
    """Serve until the process is ended."""
    async with TroubledPlatform(journal, seed).serving(port):
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]))
