"""With PostgreSQL away an emergency is still answered, and its ticket is there once it is back."""

import asyncio
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.localservers import Postgres, StartedServer, ensure_database, start
from tests.e2e.citizen import Citizen, Dispatcher, by_kind, eventually
from tests.e2e.system import System
from tests.folders import server_folder


class Elsewhere:
    """A PostgreSQL that the operator runs: the system only has its address."""

    def __init__(self, folder: Path) -> None:
        self.server = Postgres(folder / "pg")
        self.started: StartedServer | None = start(self.server)

    def stop(self) -> None:
        if self.started is not None:
            self.started.stop()
        self.started = None

    def start(self) -> None:
        self.started = start(self.server)


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[Elsewhere]:
    with server_folder() as folder:
        postgres = Elsewhere(folder)
        for name in ("gateway", "desk"):
            asyncio.run(ensure_database(postgres.server.url(), name))
        yield postgres
        postgres.stop()


@pytest.fixture(scope="module")
def external(elsewhere: Elsewhere) -> Iterator[System]:
    """A system over that PostgreSQL; no Rasa answers at the address it was given."""
    env = {
        "HUYING_DATABASE_URL": elsewhere.server.url("gateway"),
        "HUYING_DESK_DATABASE_URL": elsewhere.server.url("desk"),
        "HUYING_RASA_URL": "http://127.0.0.1:9",
    }
    with server_folder() as folder, System.running(folder, env=env) as system:
        yield system


@pytest.mark.duty("ALL-2")
def test_an_emergency_is_answered_while_the_database_is_away_and_filed_when_it_is_back(
    elsewhere: Elsewhere, external: System
) -> None:
    citizen = Citizen(external.gateway_url)
    citizen.say("你好")
    fire, question = uuid.uuid4().hex, uuid.uuid4().hex
    elsewhere.stop()
    try:
        answer = citizen.send(fire, text="我家楼下着火了")
        assert answer.status == 200, answer.text
        (emergency,) = answer.json()["replies"]
        assert emergency["kind"] == "emergency" and emergency["call"]["number"] == "119"
        assert "已经记下" not in emergency["text"], "it must not claim what is not so"
        assert citizen.send(fire, text="我家楼下着火了").status == 200, "a retry is answered too"
        other = citizen.send(question, text="给市长信箱写信，多久能有回复？")
        assert other.status == 503 and "type" in other.json()
        assert citizen.browser.get("/readyz").status == 503
        assert citizen.browser.get("/healthz").status == 200
        page = citizen.browser.get("/chat")
        assert page.status == 200 and "<form" in page.text
    finally:
        elsewhere.start()
    eventually(lambda: citizen.browser.get("/readyz").status == 200)
    eventually(lambda: external.count("SELECT count(*) FROM tickets WHERE class = 'D'") == 1)
    settled = citizen.replies(fire, {"text": "我家楼下着火了"})
    assert [reply["kind"] for reply in settled] == ["emergency", "ticket"]
    by_kind(citizen.replies(question, {"text": "给市长信箱写信，多久能有回复？"}), "answer")
    assert external.count("SELECT count(*) FROM tickets") == 1
    dispatcher = Dispatcher(external.desk_url, "dispatcher", external.password("desk", "dispatcher"))
    number = by_kind(settled, "ticket")["ticket"]["number"]
    eventually(lambda: dispatcher.case(number).status == 200)


@pytest.mark.duty("BD-35")
def test_what_is_stored_can_be_read_by_nobody_without_the_key(external: System) -> None:
    citizen = Citizen(external.gateway_url)
    citizen.say("豌豆射手小区的路灯坏了很久没人修")
    for table in ("messages", "conversations", "replies", "tickets", "effects"):
        words = "convert_to('豌豆射手', 'UTF8')"
        column = "state" if table == "conversations" else "body"
        assert external.count(f"SELECT count(*) FROM {table}") > 0
        assert external.count(f"SELECT count(*) FROM {table} WHERE position({words} IN {column}) > 0") == 0
