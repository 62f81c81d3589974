"""What citizens send along, over the real database and a real disk: whole and unreadable, or not there at all."""

import asyncio
import base64
import io
import os
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from channels.attachments import AMR, DOCX, JPEG, PNG
from channels.base import PlatformBusyError, RefusedFileError, SentReply, StagedFile, StoredFile
from cities.loading import load_pack
from gateway.files import Files, NoSuchFileError
from gateway.store.attachments import Attachments
from gateway.store.ledger import Ledger
from gateway.store.tickets import Tickets
from groundwork.database import Pool, open_pool
from groundwork.outbox import Outbox
from groundwork.settings import Settings
from groundwork.vault import Vault, VaultError
from hotline.calendar import CITY_TIME
from hotline.errors import StorageAwayError
from hotline.message import InboundMessage, Media
from tests.dispatch import SettableClock
from tests.samples import an_image, an_office_file

NOON = datetime(2026, 9, 29, 12, tzinfo=CITY_TIME)
PACK = load_pack("_example")
DAY = 24 * 3600


def vault(*names: str) -> Vault:
    keys = ",".join(f"{name}:{base64.b64encode(name.encode().ljust(32, b'k')).decode()}" for name in names)
    return Vault.from_settings(replace(Settings(), secret_key="s" * 40, vault_keys=keys))


VAULT = vault("k1")


@dataclass
class Bench:
    """One process's files and what they stand on."""

    pool: Pool
    folder: Path
    clock: SettableClock
    ledger: Ledger
    files: Files

    def with_keys(self, *names: str) -> Files:
        """The same files, seen by a process with other vault keys."""
        other = vault(*names)
        return Files(self.folder, other, Attachments(self.pool, other, clock=self.clock))

    def on_disk(self) -> list[Path]:
        return [path for path in self.folder.rglob("*") if path.is_file()]

    async def rows(self) -> int:
        return int(await self.pool.fetchval("SELECT count(*) FROM attachments"))

    def age(self, seconds: float) -> None:
        for path in self.on_disk():
            os.utime(path, (time.time() - seconds, time.time() - seconds))

    async def name_in_a_message(self, *ids: str, **more: Any) -> None:
        message = InboundMessage(
            key=f"webchat:s:{'-'.join(ids)}", city="_example", channel="webchat", conversation="webchat:s",
            sender="p", received_at=NOON, attachments=ids, **more,
        )  # fmt: skip
        admission = await self.ledger.admit(message)
        async with self.pool.acquire() as connection, connection.transaction():
            await self.ledger.attachments.named(connection, admission.id, message)
            await connection.execute("UPDATE messages SET settled_at = now() WHERE id = $1", admission.id)


@pytest.fixture
async def one(migrated: str, tmp_path: Path) -> AsyncIterator[Bench]:
    async with open_pool(migrated) as pool:
        await pool.execute("TRUNCATE messages, attachments, effects, pgqueuer CASCADE")
        clock = SettableClock(NOON)
        tickets = Tickets(pool, VAULT, pack=PACK, clock=clock)
        ledger = Ledger(pool, VAULT, tickets, city="_example", clock=clock)
        folder = tmp_path / "files"
        yield Bench(pool, folder, clock, ledger, Files(folder, VAULT, ledger.attachments))


async def pieces(data: bytes, size: int = 1_000) -> AsyncIterator[bytes]:
    for at in range(0, len(data), size):
        yield data[at : at + size]


async def keep(files: Files, data: bytes, *, name: str = "路灯.txt", owner: str = "p") -> StoredFile:
    return await files.keep(pieces(data), name=name, owner=owner)


async def read(files: Files, id: str) -> bytes:
    return b"".join([chunk async for chunk in files.open(id)])


TEXT = "路灯坏了，三天没有人来修。".encode() * 10_000


async def test_a_kept_file_comes_back_and_the_disk_tells_nothing_of_it(one: Bench) -> None:
    stored = await keep(one.files, TEXT, name="住在示例路的样例先生.txt")
    assert (stored.name, stored.type, stored.size) == ("住在示例路的样例先生.txt", "text/plain", len(TEXT))
    assert await read(one.files, stored.id) == TEXT
    (path,) = one.on_disk()
    assert "路灯".encode() not in path.read_bytes() and path.stat().st_mode & 0o077 == 0
    row = await one.pool.fetchrow("SELECT * FROM attachments")
    assert row is not None and "样例".encode() not in row["name"] and row["digest"] == path.name


async def test_the_same_file_of_one_owner_is_one_and_of_two_owners_two(one: Bench) -> None:
    first = await keep(one.files, TEXT)
    assert await keep(one.files, TEXT, name="又一次.txt") == first
    other = await keep(one.files, TEXT, owner="q")
    assert other.id != first.id and await one.rows() == 2
    assert len(one.on_disk()) == 1, "what is the same is kept once"
    assert await read(one.files, other.id) == TEXT


async def test_many_at_once_sending_the_same_are_one(one: Bench) -> None:
    kept = await asyncio.gather(*(keep(one.files, TEXT) for _ in range(8)))
    assert len({file.id for file in kept}) == 1 and await one.rows() == 1
    assert len(one.on_disk()) == 1


async def test_a_picture_is_kept_without_what_is_written_about_it(one: Bench) -> None:
    exif = Image.Exif()
    exif[0x010F] = "camera of somebody"
    stored = await keep(one.files, an_image("JPEG", exif=exif), name="照片.jpg")
    made = await read(one.files, stored.id)
    assert stored.type == JPEG and stored.size == len(made) and b"somebody" not in made
    with Image.open(io.BytesIO(made)) as image:
        assert image.size == (40, 20)
    again = await keep(one.files, an_image("JPEG", exif=exif), name="照片.jpg")
    assert again.id == stored.id


async def test_office_documents_are_kept_as_what_they_are(one: Bench) -> None:
    stored = await keep(one.files, an_office_file("word/document.xml"), name="材料.docx")
    assert stored.type == DOCX


REFUSED = {
    "a program under the name of a picture": (b"MZ\x90\x00\x03\x00\x00\x00" * 500, "照片.png", "type"),
    "a picture under the name of a document": (an_image("PNG"), "材料.pdf", "mismatch"),
    "nothing": (b"", "空.txt", "empty"),
    "half a picture": (an_image("PNG")[:60], "照片.png", "damaged"),
    "an archive": (an_office_file("a.txt"), "材料.docx", "type"),
    "too much": (b"a" * (10 * 1024 * 1024 + 1), "大.txt", "size"),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_nothing_of_a_refused_file_stays(one: Bench, name: str) -> None:
    data, called, why = REFUSED[name]
    with pytest.raises(RefusedFileError) as refused:
        await one.files.keep(pieces(data, 65_536), name=called, owner="p")
    assert refused.value.why == why and refused.value.name == called
    assert one.on_disk() == [] and await one.rows() == 0


async def test_a_sender_who_breaks_off_leaves_nothing(one: Bench) -> None:
    async def breaks_off() -> AsyncIterator[bytes]:
        yield TEXT
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await one.files.stage(breaks_off(), name="路灯.txt")
    task = asyncio.create_task(one.files.stage(never_ends(), name="路灯.txt"))
    await asyncio.sleep(0.05)
    assert len(one.on_disk()) == 1
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert one.on_disk() == []


async def never_ends() -> AsyncIterator[bytes]:
    yield TEXT
    await asyncio.sleep(60)


async def test_what_is_only_staged_is_on_no_record_and_can_be_dropped(one: Bench) -> None:
    staged = await one.files.stage(pieces(TEXT), name="路灯.txt")
    assert await one.rows() == 0 and len(one.on_disk()) == 1
    await one.files.drop(staged)
    await one.files.drop(staged)
    assert one.on_disk() == []


async def test_a_crash_between_file_and_row_leaves_a_file_that_is_swept(
    one: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    staged = await one.files.stage(pieces(TEXT), name="路灯.txt")
    settle = Files._in_place

    def crash(self: Files, staged: StagedFile) -> None:
        settle(self, staged)
        raise OSError("the power is gone")

    monkeypatch.setattr(Files, "_in_place", crash)
    with pytest.raises(StorageAwayError):
        await one.files.put(staged, owner="p")
    monkeypatch.undo()
    assert await one.rows() == 0 and len(one.on_disk()) == 1
    assert await one.files.sweep() == 0, "it may belong to somebody who is just writing the row"
    again = await keep(one.files, TEXT)
    assert await read(one.files, again.id) == TEXT, "sent again, all is well"
    await one.pool.execute("DELETE FROM attachments")
    one.age(DAY + 60)
    assert await one.files.sweep() == 1 and one.on_disk() == []


async def test_what_no_message_names_is_swept_after_a_day_and_what_one_names_stays(one: Bench) -> None:
    named, unnamed = await keep(one.files, TEXT), await keep(one.files, TEXT + b"!")
    await one.name_in_a_message(named.id)
    one.clock.now += timedelta(hours=23)
    one.age(DAY + 60)
    assert await one.files.sweep() == 0 and await one.rows() == 2
    one.clock.now += timedelta(hours=2)
    one.age(DAY + 60)
    assert await one.files.sweep() == 1
    assert await read(one.files, named.id) == TEXT
    with pytest.raises(NoSuchFileError):
        await read(one.files, unnamed.id)


async def test_a_file_that_somebody_else_needs_is_not_swept(one: Bench) -> None:
    mine, theirs = await keep(one.files, TEXT), await keep(one.files, TEXT, owner="q")
    await one.name_in_a_message(theirs.id)
    one.clock.now += timedelta(days=2)
    one.age(2 * DAY)
    assert await one.files.sweep() == 0 and await one.rows() == 1
    assert await read(one.files, theirs.id) == TEXT and mine.id != theirs.id


async def test_asking_for_a_file_keeps_it_for_another_day(one: Bench) -> None:
    stored = await keep(one.files, TEXT)
    one.clock.now += timedelta(hours=23)
    assert await one.files.owned([stored.id], owner="p") == (stored,)
    one.clock.now += timedelta(hours=23)
    one.age(2 * DAY)
    assert await one.files.sweep() == 0 and await read(one.files, stored.id) == TEXT


async def test_nothing_is_forgotten_while_a_message_waits_that_may_name_it(one: Bench) -> None:
    stored = await keep(one.files, TEXT)
    waiting = InboundMessage(
        key="webchat:s:1", city="_example", channel="webchat", conversation="webchat:s", sender="p",
        received_at=NOON, attachments=(stored.id,),
    )  # fmt: skip
    await one.ledger.admit(waiting)
    one.clock.now += timedelta(days=3)
    one.age(3 * DAY)
    assert await one.files.sweep() == 0 and await one.rows() == 1


async def test_what_was_never_finished_is_swept(one: Bench) -> None:
    await one.files.stage(pieces(TEXT), name="路灯.txt")
    assert await one.files.sweep() == 0
    one.age(3_700)
    assert await one.files.sweep() == 1 and one.on_disk() == []


async def test_a_file_is_not_swept_from_under_somebody_who_sends_it_again(one: Bench) -> None:
    await keep(one.files, TEXT)
    await one.pool.execute("DELETE FROM attachments")
    one.age(2 * DAY)
    swept, stored = await asyncio.gather(one.files.sweep(), keep(one.files, TEXT))
    assert swept in (0, 1) and await read(one.files, stored.id) == TEXT


async def test_only_the_owner_s_own_files_are_theirs(one: Bench) -> None:
    mine, theirs = await keep(one.files, TEXT), await keep(one.files, TEXT, owner="q")
    found = await one.files.owned([theirs.id, mine.id, "0" * 32], owner="p")
    assert [file.id for file in found] == [mine.id]
    assert await one.files.owned([], owner="p") == ()


async def test_files_are_read_after_the_keys_were_changed(one: Bench) -> None:
    old = await keep(one.files, TEXT)
    rotated = one.with_keys("k2", "k1")
    new = await keep(rotated, TEXT + b"!")
    assert await read(rotated, old.id) == TEXT and await read(rotated, new.id) == TEXT + b"!"
    assert await keep(rotated, TEXT) == old, "look-ups survive the change"
    with pytest.raises(VaultError):
        await read(one.with_keys("k2"), old.id)


async def test_a_file_that_was_cut_on_the_disk_is_not_handed_out_as_whole(one: Bench) -> None:
    stored = await keep(one.files, TEXT)
    (path,) = one.on_disk()
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(VaultError):
        await read(one.files, stored.id)


async def test_a_full_disk_is_storage_away(one: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageAwayError):
        await one.files.stage(pieces(TEXT), name="路灯.txt")
    assert one.on_disk() == []


async def test_without_the_database_a_staged_file_can_be_put_later(one: Bench) -> None:
    staged = await one.files.stage(pieces(TEXT), name="路灯.txt")
    async with open_pool("postgresql://nobody@127.0.0.1:9/none") as nowhere:
        away = Files(one.folder, VAULT, Attachments(nowhere, VAULT, clock=one.clock))
        with pytest.raises(StorageAwayError):
            await away.put(staged, owner="p")
    stored = await one.files.put(staged, owner="p")
    assert await read(one.files, stored.id) == TEXT


# What lies with a platform


class Platform:
    """Hands out one file, when it is not busy."""

    def __init__(self, data: bytes | None, *, busy: int = 0) -> None:
        self.data, self.busy, self.asked = data, busy, list[str]()

    def parts(self, replies: tuple[SentReply, ...]) -> tuple[str, ...]:
        return ()

    async def send(self, address: str, part: str, *, id: str) -> None:
        raise NotImplementedError

    async def fetch(self, reference: str) -> AsyncIterator[bytes]:
        self.asked.append(reference)
        if self.busy:
            self.busy -= 1
            raise PlatformBusyError("busy")
        if self.data is None:
            raise RefusedFileError("gone")
        async for piece in pieces(self.data):
            yield piece


async def owed_file(one: Bench, name: str = "") -> str:
    id = "f" * 32
    await one.name_in_a_message(id, media=(Media(id=id, reference="media-1", name=name),))
    return id


async def work(one: Bench, platform: Platform, id: str) -> None:
    async def carry(kind: str, body: Any) -> None:
        assert kind == "fetch" and body["channel"] == "webchat"
        await one.files.fetch(body["attachment"], platform)  # type: ignore[arg-type]  # replies of any kind

    await Outbox(one.pool, VAULT, carry, clock=one.clock).work(f"file:{id}")


async def state(one: Bench, id: str) -> str:
    return str(await one.pool.fetchval("SELECT state FROM attachments WHERE id = $1", id))


@pytest.mark.parametrize(
    ("data", "kind", "name"),
    [(b"#!AMR\n" + b"\x3c" * 500, AMR, "file.amr"), (an_image("PNG"), PNG, "file.png")],
)
async def test_what_lies_with_a_platform_is_fetched_once_and_checked_like_the_rest(
    one: Bench, data: bytes, kind: str, name: str
) -> None:
    id, platform = await owed_file(one), Platform(data)
    assert await state(one, id) == "awaited"
    with pytest.raises(NoSuchFileError):
        await read(one.files, id)
    await work(one, platform, id)
    await work(one, platform, id)
    row = await one.pool.fetchrow("SELECT * FROM attachments WHERE id = $1", id)
    assert row is not None and (row["state"], row["type"], row["reference"]) == ("kept", kind, None)
    assert VAULT.open(row["name"], purpose="attachments.name").decode() == name
    assert len(await read(one.files, id)) == row["size"] and platform.asked == ["media-1"]


async def test_a_busy_platform_is_asked_again(one: Bench) -> None:
    id, platform = await owed_file(one), Platform(an_image("PNG"), busy=1)
    await work(one, platform, id)
    assert await state(one, id) == "awaited"
    one.clock.now += timedelta(minutes=5)
    await work(one, platform, id)
    assert await state(one, id) == "kept"


@pytest.mark.parametrize(("data", "why"), [(b"MZ\x90\x00", "type"), (None, "gone"), (b"", "empty")])
async def test_what_is_not_taken_is_noted_with_why_and_not_asked_for_again(
    one: Bench, data: bytes | None, why: str
) -> None:
    id, platform = await owed_file(one), Platform(data)
    await work(one, platform, id)
    await work(one, platform, id)
    assert await state(one, id) == why and len(platform.asked) == 1 and one.on_disk() == []


async def test_a_fetch_that_comes_twice_changes_nothing(one: Bench) -> None:
    id, platform = await owed_file(one), Platform(an_image("PNG"))
    await one.files.fetch(id, platform)  # type: ignore[arg-type]  # replies of any kind
    await one.files.fetch(id, platform)  # type: ignore[arg-type]
    assert len(platform.asked) == 1
