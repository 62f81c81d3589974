"""The kit for developers of dispatch centres: good centres pass, each flaw is found by its check, the examples are good."""

import os
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, web

from dispatch_client.conformance import CHECKS, SAMPLES, Kit, examine, name_of
from gateway.__main__ import main
from groundwork.contract import findings
from groundwork.settings import PROJECT
from hotline.errors import NotAnEventError
from hotline.events import TO_DESK, read_event
from hotline.signing import verify
from tests.dispatch import KEY, SECRET, RunningDesk

pytestmark = pytest.mark.enable_socket

NAMES = [name_of(check) for check in CHECKS]
RECEIVERS = {
    "python": [sys.executable, str(PROJECT / "examples" / "python" / "receiver.py")],
    "node": ["node", str(PROJECT / "examples" / "node" / "receiver.mjs")],
}


@pytest.fixture
async def http() -> AsyncIterator[ClientSession]:
    async with ClientSession() as session:
        yield session


async def failing(kit: Kit) -> list[str]:
    return [verdict.check for verdict in [one async for one in examine(kit)] if verdict.wrong]


def test_the_sample_is_a_ticket_as_its_schema_says() -> None:
    assert findings("filed", SAMPLES["filed"]) == [] and "示例" in SAMPLES["filed"]["title"]


async def test_our_own_desk_passes(desk: RunningDesk, http: ClientSession) -> None:
    kit = Kit(http, str(desk.browser.make_url("/api/events")), KEY)
    assert await failing(kit) == []
    assert await desk.count("case_events", "number = $1", kit.number) == 5


@contextmanager
def running(argv: list[str], folder: Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    env = {"PATH": os.environ["PATH"], "PORT": "0", "WEBHOOK_SECRET": f"whsec_b2xkZXI=,{SECRET}",
           "DATABASE": str(folder / "events.db"), "FILE": str(folder / "events.jsonl")}  # fmt: skip
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, env=env)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        yield f"http://127.0.0.1:{line.rpartition(' ')[2].strip()}/api/events", process
    finally:
        process.terminate()
        process.wait(5)
        if process.stdout is not None:
            process.stdout.close()


@pytest.mark.parametrize("language", RECEIVERS)
async def test_the_example_passes_and_takes_each_event_once_over_a_restart(
    language: str, http: ClientSession, tmp_path: Path
) -> None:
    told = Counter[str]()
    number = ""
    for _ in range(2):
        with running(RECEIVERS[language], tmp_path) as (url, process):
            kit = Kit(http, url, KEY, number) if number else Kit(http, url, KEY)
            number = kit.number
            assert await failing(kit) == []
            process.terminate()
            told.update((process.stdout.read() if process.stdout else "").splitlines())
    mine = [line for line in told if number in line]
    assert len(mine) == 5 and all(told[line] == 1 for line in mine)


def test_the_command_reports_plainly_and_its_status_says_whether_all_is_well(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unused_tcp_port: int
) -> None:
    monkeypatch.setenv("HUYING_STATE_DIR", str(tmp_path))
    with running(RECEIVERS["python"], tmp_path) as (url, _):
        assert main(["conformance", url, "--secret", SECRET]) == 0
        assert f"{len(CHECKS)} of {len(CHECKS)} as asked" in capsys.readouterr().out
        assert main(["conformance", url, "--secret", "whsec_" + "eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHg="]) == 1
    assert "FAIL a signed ticket is taken" in capsys.readouterr().out
    assert main(["conformance", f"http://127.0.0.1:{unused_tcp_port}/", "--secret", SECRET]) == 1
    assert "no answer" in capsys.readouterr().out
    assert main(["conformance", "http://127.0.0.1/", "--secret", "nonsense"]) == 2


class Flawed:
    """A centre with one flaw."""

    def __init__(self, flaw: str) -> None:
        self.flaw, self.seen, self.filed = flaw, set[str](), set[str]()

    async def take(self, request: web.Request) -> web.Response:
        body, flaw = await request.read(), self.flaw
        now = datetime.now(UTC)
        headers = {name.lower(): value for name, value in request.headers.items()}
        if flaw == "looks at the first signature alone":
            headers["webhook-signature"] = headers.get("webhook-signature", "").split(" ")[0]
        if flaw == "does not look at the clock" and headers.get("webhook-timestamp", "").isdigit():
            now = datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC)
        if flaw == "takes what is old" and headers.get("webhook-timestamp", "").isdigit():
            now = min(
                now, datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC) + timedelta(seconds=1)
            )
        try:
            verify(KEY, headers, body, now=now)
        except NotAnEventError:
            if flaw != "takes anything":
                return web.Response(status=302 if flaw == "leads elsewhere" else 401)
        try:
            event = read_event(body, names=TO_DESK)
        except NotAnEventError:
            return web.Response(status=500 if flaw == "falls over" else 422)
        return web.Response(status=self._status(event.id, event.name, event.subject, event.data, len(body)))

    def _status(self, id: str, name: str, subject: str, data: Any, size: int) -> int:
        known = id in self.seen
        self.seen.add(id)
        self.filed |= {subject} if name == "filed" else set()
        bad = {
            "refuses what it knows": known,
            "fails on what it knows": known,
            "refuses what is early": subject not in self.filed,
            "refuses new fields": "mood" in data,
            "refuses long tickets": size > 60_000,
            "knows filings alone": name != "filed",
        }
        status = 500 if self.flaw == "fails on what it knows" else 409
        return status if bad.get(self.flaw, False) else 202


@pytest.mark.parametrize(
    ("flaw", "check"),
    [
        ("takes anything", "a wrong signature is refused"),
        ("takes anything", "no signature is refused"),
        ("takes anything", "a changed body is refused"),
        ("takes anything", "another id than was signed is refused"),
        ("does not look at the clock", "a signature of the future is refused"),
        ("takes what is old", "an old signature is refused"),
        ("looks at the first signature alone", "one good signature among several is enough"),
        ("leads elsewhere", "a wrong signature is refused"),
        ("falls over", "what is no event is refused in good order"),
        ("refuses what it knows", "the same event again is answered as before"),
        ("refuses what it knows", "one event at the same moment is taken each time"),
        ("fails on what it knows", "the same request sent again by somebody else does no harm"),
        ("refuses what is early", "an event before its ticket is kept"),
        ("refuses new fields", "fields that are not known yet are ignored"),
        ("refuses long tickets", "a long ticket is taken"),
        ("knows filings alone", "every event after the filing is taken"),
    ],
)
async def test_each_flaw_is_found(flaw: str, check: str, http: ClientSession, aiohttp_server: Any) -> None:
    assert check in NAMES
    app = web.Application()
    app.router.add_post("/", Flawed(flaw).take)
    url = str((await aiohttp_server(app)).make_url("/"))
    assert check in await failing(Kit(http, url, KEY))
