"""Turning the vault's keys: everything is sealed anew while others read and write, and nothing fails to open."""

import asyncio
import json
from argparse import Namespace
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

import gateway
from cities.loading import load_pack
from dispatch_desk.__main__ import MIGRATIONS
from gateway.figures import Figures
from gateway.files import Files
from gateway.intake import Intake
from gateway.localservers import Postgres, ensure_database
from gateway.spool import Spool
from gateway.store.ledger import Ledger
from gateway.store.tickets import Tickets
from groundwork import rotation, vault
from groundwork.clock import clock_from
from groundwork.database import Pool, migrate, open_pool
from groundwork.secrets import new_key, with_secrets
from groundwork.settings import Settings, SettingsError
from groundwork.vault import Vault, VaultError
from hotline.message import InboundMessage
from tests.contract.test_importing import Finds, Reads
from tests.samples import an_image

CLOCK = clock_from(None)
PACK = load_pack("_example")
#: Bytes that no key of the vault seals: digests, and the chain of the audit log.
DIGESTS = {
    "unanswered_questions.digest", "poll_answers.voter",
    "messages.key_digest", "messages.fingerprint", "tickets.code_digest", "ticket_events.event_digest",
    "letters.code_digest", "effects.key_digest", "staff_sessions.token_digest", "staff_tries.subject",
    "staff_accounts.provider_digest", "staff_recovery_codes.digest", "audit_log.address", "audit_log.previous",
    "audit_log.hash", "receipts.digest", "receipts.previous", "receipts.hash", "ticket_people.digest", "events_received.key_digest", "unit_people.digest",
}  # fmt: skip
QUEUE = "pgqueuer"  #: tables of the job queue: lanes and numbers


@dataclass
class Process:
    """One process of the gateway, with its own sight of the keys."""

    ledger: Ledger
    intake: Intake
    files: Files
    vault: Vault


def process(pool: Pool, settings: Settings) -> Process:
    own = Vault.from_settings(with_secrets(settings))
    ledger = Ledger(pool, own, Tickets(pool, own, pack=PACK, clock=CLOCK), city="_example", clock=CLOCK)
    spool = Spool(settings.state_dir / "spool", own)
    intake = Intake(ledger, spool, PACK, Reads(), Finds(), clock=CLOCK, figures=Figures())
    return Process(ledger, intake, Files(settings.files_dir, own, ledger.attachments), own)


@pytest.fixture(scope="module")
def urls(postgres: Postgres, database_url: str) -> dict[str, str]:
    """Both databases of an installation, in their newest form."""
    name = "keys_desk"
    asyncio.run(ensure_database(postgres.url(), name))
    desk = postgres.url(name)
    migrate(database_url, Path(gateway.__file__).parent / "store" / "migrations")
    migrate(desk, MIGRATIONS)
    return {"gateway": database_url, "desk": desk}


@pytest.fixture
async def pool(urls: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Pool]:
    for module in (vault, rotation):
        monkeypatch.setattr(module, "LOOKS_AGAIN", 0.05)
    async with open_pool(urls["gateway"]) as pool:
        await pool.execute("TRUNCATE messages, conversations, replies, tickets, attachments, effects CASCADE")
        yield pool


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(city="_example", state_dir=tmp_path, files_dir=tmp_path / "files", secret_key="s" * 40)


def message(number: int, *, session: str = "s", **more: Any) -> InboundMessage:
    return InboundMessage(
        key=f"webchat:{session}:{number}", city="_example", channel="webchat", conversation=f"webchat:{session}",
        sender="p", received_at=CLOCK(), text=f"路灯坏了第{number}天", **more,
    )  # fmt: skip


async def keys(
    what: str, settings: Settings, urls: dict[str, str], *, files: Files | None = None, **more: Any
) -> int:
    settings = with_secrets(settings)
    own = Vault.from_settings(settings)
    others = {"spool": Spool(settings.state_dir / "spool", own)} | ({"files": files} if files else {})
    installation = rotation.Installation(settings=settings, vault=own, databases=urls, others=others)
    return await rotation.run(Namespace(what=what, no_new_key=False, **more), installation)


async def one(sent: bytes) -> AsyncIterator[bytes]:
    yield sent


async def used(urls: dict[str, str]) -> Counter[str]:
    found = Counter[str]()
    for url in urls.values():
        for counted in (await rotation.counts(url)).values():
            found += counted
    return found


async def test_every_column_of_bytes_is_sealed_or_a_digest(urls: dict[str, str]) -> None:
    for url in urls.values():
        async with open_pool(url, size=1) as pool, pool.acquire() as connection:
            sealed = {column.name for column in await rotation.sealed_columns(connection)}
            rows = await connection.fetch(
                "SELECT c.table_name || '.' || c.column_name AS name FROM information_schema.columns c"
                " JOIN information_schema.tables t USING (table_schema, table_name)"  # a view keeps nothing itself
                " WHERE table_schema = current_schema() AND data_type = 'bytea' AND t.table_type = 'BASE TABLE'"
            )
        columns = {row["name"] for row in rows if not row["name"].startswith(QUEUE)}
        assert sealed and columns - sealed - DIGESTS == set()
        assert sealed <= columns and not sealed & DIGESTS


async def test_keys_are_turned_under_load_without_a_failed_read(
    pool: Pool, urls: dict[str, str], settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    two = [process(pool, settings), process(pool, settings)]
    kept = await two[0].files.keep(one(an_image("PNG", size=(700, 500))), name="a.png", owner="p")
    for number in range(60):
        await two[number % 2].intake.receive(message(number, session=str(number % 6)), within=10)
    await two[0].intake.receive(message(0, session="f", attachments=(kept.id,)), within=10)

    assert set(await used(urls)) == {"k1"}
    reads, writes, over = 0, 0, asyncio.Event()

    async def read(own: Process) -> None:
        nonlocal reads
        while not over.is_set():
            for session in range(6):
                said = await own.ledger.history(f"webchat:{session}", limit=50)
                assert said and all("路灯坏了" in one.message.text for one in said)
            assert [part async for part in own.files.open(kept.id)]
            reads += 1

    async def write(own: Process, first: int) -> None:
        nonlocal writes
        while not over.is_set():
            answer = await own.intake.receive(message(first + writes, session=str(writes % 6)), within=10)
            assert answer.settled
            writes += 1

    load = [asyncio.create_task(task) for task in
            (read(two[0]), read(two[1]), write(two[0], 1000), write(two[1], 500_000))]  # fmt: skip
    await asyncio.sleep(0.1)
    status = await keys("rotate", settings, urls, files=two[0].files)
    before = reads, writes
    await asyncio.sleep(0.2)  # and some time after
    over.set()
    await asyncio.gather(*load)
    assert status == 0, capsys.readouterr()
    assert reads > before[0] > 0 and writes > before[1] > 0
    said = [json.loads(line) for line in capsys.readouterr().out.splitlines()][-1]
    assert said["newest"] == "k2" and said["left"] == 0 and said["sealed_anew"] > 120
    assert set(await used(urls)) == {"k2"} and set(two[0].files.counts()) == {"k2"}

    assert await keys("retire", settings, urls, files=two[0].files, name="k1") == 0
    fresh = process(pool, settings)
    assert (settings.state_dir / "secrets" / "vault_keys").read_text().startswith("k2:")
    assert "k1:" not in (settings.state_dir / "secrets" / "vault_keys").read_text()
    assert len(await fresh.ledger.history("webchat:1", limit=5)) == 5
    assert [part async for part in fresh.files.open(kept.id)]


async def test_a_rotation_that_was_stopped_is_finished_by_the_next(
    pool: Pool, urls: dict[str, str], settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = process(pool, settings)
    for number in range(20):
        await own.intake.receive(message(number), within=10)
    opened, allowed = Vault.open, 15

    def stops(self: Vault, sealed: bytes, *, purpose: str) -> bytes:
        nonlocal allowed
        allowed -= 1
        if allowed < 0:
            raise VaultError("as if it had been killed")
        return opened(self, sealed, purpose=purpose)

    with monkeypatch.context() as patched:
        patched.setattr(Vault, "open", stops)
        assert await keys("rotate", settings, urls) == 1
    half = await used(urls)
    assert half["k1"] > 0 and half["k2"] > 0
    assert len(await own.ledger.history("webchat:s", limit=50)) == 20
    assert await rotation.reseal(urls["gateway"], process(pool, settings).vault) == half["k1"]
    assert set(await used(urls)) == {"k2"}


async def test_a_key_that_still_seals_something_is_not_taken_away(
    pool: Pool, urls: dict[str, str], settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    own = process(pool, settings)
    await own.intake.receive(message(1), within=10)
    file = settings.state_dir / "secrets" / "vault_keys"
    file.write_text(f"{new_key('k2')},{file.read_text()}")
    assert await keys("retire", settings, urls, name="k1") == 1
    assert "messages.body: 1" in capsys.readouterr().err
    assert await keys("retire", settings, urls, name="k2") == 1
    assert await keys("retire", settings, urls, name="k7") == 1
    assert await keys("status", settings, urls) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {"where": "gateway.messages.body", "keys": {"k1": 1}} in lines
    assert lines[-1] == {"newest": "k2", "known": ["k2", "k1"]}


async def test_keys_of_the_environment_are_put_there_by_hand(
    pool: Pool, urls: dict[str, str], settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:

    assert await keys("rotate", replace(settings, vault_keys=new_key("k1")), urls) == 1
    assert "HUYING_VAULT_KEYS" in capsys.readouterr().err


def test_a_file_of_keys_that_cannot_be_used_is_told_at_the_start(tmp_path: Path) -> None:
    given = Settings(state_dir=tmp_path, vault_keys_file=tmp_path / "keys")
    with pytest.raises(SettingsError, match="VAULT_KEYS_FILE"):
        with_secrets(given)
    (tmp_path / "keys").write_text("k1:short")
    with pytest.raises(SettingsError, match="32-byte"):
        with_secrets(given)


def test_half_a_file_of_keys_does_not_make_a_program_forget(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vault, "LOOKS_AGAIN", 0.0)
    own = Vault.from_settings(with_secrets(Settings(state_dir=tmp_path)))
    sealed = own.seal(b"a", purpose="p")
    file = tmp_path / "secrets" / "vault_keys"
    whole = file.read_text()
    file.write_text("k9:")
    assert own.open(sealed, purpose="p") == b"a" and own.newest == "k1"
    file.write_text(f"{new_key('k2')},{whole}")
    assert own.newest == "k2" and own.open(sealed, purpose="p") == b"a"
