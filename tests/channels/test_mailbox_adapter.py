"""Letters over HTTP, through a real server: what is right gets a number, what is wrong leaves nothing behind."""

import asyncio
import io
import random
import tracemalloc
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from aiohttp import ClientResponse, FormData
from pytest_aiohttp.plugin import AiohttpClient

from channels import uploads
from channels.base import StagedFile
from tests.samples import an_image, an_office_file
from tests.unit.channels.test_mailbox_codec import BOUNDARY, BROKEN, KIND, form, part
from tests.web.fake_app import CODE, NUMBER, FakeCore, FakeFiles, fake_app, fake_assets
from tests.web.reading import Client

LETTER = {"subject": "路灯坏了", "body": "三天没有人来修。", "phone": "13900000000", "name": "样例先生"}
File: TypeAlias = tuple[str, bytes]
PHOTO: File = ("照片.png", an_image("PNG"))
MEGABYTE = 1024 * 1024


@pytest.fixture
def core() -> FakeCore:
    return FakeCore()


@pytest.fixture
def files() -> FakeFiles:
    return FakeFiles()


@pytest.fixture
async def client(aiohttp_client: AiohttpClient, tmp_path: Path, core: FakeCore, files: FakeFiles) -> Client:
    return await aiohttp_client(fake_app(fake_assets(tmp_path), core=core, files=files))


def filled(values: Mapping[str, str], attached: Sequence[File] = ()) -> FormData:
    data = FormData(quote_fields=False)
    for name, value in values.items():
        data.add_field(name, value, content_type="text/plain")
    for name, content in attached:
        data.add_field("attachment", io.BytesIO(content), filename=name, content_type="image/png")
    return data


async def post(
    client: Client, values: Mapping[str, str] = LETTER, attached: Sequence[File] = (), *, key: str = ""
) -> ClientResponse:
    headers = {"Idempotency-Key": key} if key else {}
    return await client.post("/api/mailbox/letters", data=filled(values, attached), headers=headers)


async def post_raw(client: Client, body: bytes, kind: str = KIND) -> ClientResponse:
    return await client.post("/api/mailbox/letters", data=io.BytesIO(body), headers={"Content-Type": kind})


async def problem(response: ClientResponse, status: int) -> dict[str, str]:
    """Return what is told about each field."""
    assert response.content_type == "application/problem+json"
    found = await response.json()
    assert (response.status, found["status"]) == (status, status), found
    assert found["type"].startswith("urn:huying:problem:") and found["title"]
    return {error["field"]: error["detail"] for error in found.get("errors", ())}


def nothing_stored(core: FakeCore, files: FakeFiles) -> bool:
    return not (core.messages or files.staged or files.kept)


async def test_a_letter_gets_its_number(client: Client, core: FakeCore, files: FakeFiles) -> None:
    response = await post(
        client,
        LETTER | {"kind": "complaint", "public": "true"},
        [PHOTO, ("材料.docx", an_office_file("word/document.xml"))],
    )
    found = await response.json()
    assert response.status == 201 and response.headers["Cache-Control"] == "no-store"
    assert (found["number"], found["query_code"]) == (NUMBER, CODE)
    assert [reply["kind"] for reply in found["replies"]] == ["ticket"]
    (message,) = core.messages.values()
    assert message.letter and len(message.attachments) == 2 and files.staged == {}
    assert ("public", "true") in message.fields and ("confidential", "false") in message.fields


@pytest.mark.duty("ALL-3")
async def test_the_same_key_with_the_same_letter_is_the_same_number_and_one_letter(
    client: Client, core: FakeCore, files: FakeFiles
) -> None:
    answers = [await (await post(client, LETTER, [PHOTO], key="k-1")).json() for _ in range(2)]
    assert answers[0] == answers[1] and len(core.messages) == 1 and len(files.kept) == 1


async def test_the_same_key_with_another_letter_is_a_conflict(client: Client, core: FakeCore) -> None:
    await post(client, LETTER, [PHOTO], key="k-1")
    for values, attached in (
        (LETTER | {"body": "别的"}, [PHOTO]),
        (LETTER, []),
        (LETTER | {"place": "x"}, [PHOTO]),
    ):
        await problem(await post(client, values, attached, key="k-1"), 409)
    assert len(core.messages) == 1


async def test_a_key_may_be_quoted_and_without_one_every_letter_is_its_own(
    client: Client, core: FakeCore
) -> None:
    for key in ("k-1", '"k-1"'):
        assert (await post(client, key=key)).status == 201
    assert len(core.messages) == 1
    keys = {(await post(client)).headers["Idempotency-Key"] for _ in range(2)}
    assert len(keys) == 2 and len(core.messages) == 3


async def test_what_is_missing_or_wrong_is_told_field_by_field(
    client: Client, core: FakeCore, files: FakeFiles
) -> None:
    response = await post(
        client, {"body": "x", "phone": "1390000000", "kind": "war", "role": "mayor"}, [PHOTO]
    )
    told = await problem(response, 422)
    assert set(told) == {"subject", "phone", "kind", "role"}
    assert told["subject"].startswith("请写一个标题") and "这里只有10位" in told["phone"]
    assert nothing_stored(core, files)


async def test_a_file_of_30_megabytes_is_refused_with_its_size(
    client: Client, core: FakeCore, files: FakeFiles
) -> None:
    told = await problem(await post(client, LETTER, [("录像.mp4", b"\x00" * 30 * MEGABYTE), PHOTO]), 413)
    assert told == {"attachment": "“录像.mp4”有30兆，太大了，每个不能超过10兆。请删掉，或换成截图。"}
    assert nothing_stored(core, files)


async def test_a_program_named_png_is_refused_and_said_why(
    client: Client, core: FakeCore, files: FakeFiles
) -> None:
    told = await problem(await post(client, LETTER, [("照片.png", b"MZ\x90\x00" * 100), PHOTO]), 422)
    assert "“照片.png”的内容和它的名字不一样" in told["attachment"]
    assert nothing_stored(core, files)


async def test_more_than_five_files_or_30_megabytes_in_all_are_refused(
    client: Client, core: FakeCore, files: FakeFiles
) -> None:
    notes = [(f"{number}.txt", b"x") for number in range(6)]
    assert "最多5个附件" in (await problem(await post(client, LETTER, notes), 422))["attachment"]
    large = [(f"{number}.txt", b"%d" % number + b"x" * (8 * MEGABYTE)) for number in range(4)]
    assert "一共不能超过30兆" in (await problem(await post(client, LETTER, large), 413))["attachment"]
    assert nothing_stored(core, files)


async def test_a_body_of_ten_thousand_characters_is_taken_and_one_more_is_not(client: Client) -> None:
    assert (await post(client, LETTER | {"body": "路" * 10_000})).status == 201
    told = await problem(await post(client, LETTER | {"body": "路" * 10_001}), 413)
    assert "10001" in told["body"]


@pytest.mark.duty("R-ALL-16")
async def test_an_anonymous_letter_reaches_the_intake_without_its_writer(
    client: Client, core: FakeCore
) -> None:
    assert (await post(client, LETTER | {"anonymous": "true", "email": "a@b.cn"})).status == 201
    (message,) = core.messages.values()
    assert not {"name", "phone", "email"} & dict(message.fields).keys()


@pytest.mark.duty("ALL-2")
async def test_storage_away_is_503_and_nothing_stays(
    client: Client, core: FakeCore, files: FakeFiles
) -> None:
    for files.away in (False, True):
        core.away = True
        response = await post(client, LETTER)
        assert int(response.headers["Retry-After"]) > 0
        await problem(response, 503)
        response = await post(client, LETTER, [PHOTO])
        await problem(response, 503)
        assert not core.messages and files.staged == {}


@pytest.mark.duty("ALL-1")
@pytest.mark.parametrize("attached", [[], [PHOTO]])
async def test_a_sure_emergency_is_answered_even_then_without_a_number(
    client: Client, core: FakeCore, files: FakeFiles, attached: Sequence[File]
) -> None:
    core.away = files.away = True
    response = await post(client, LETTER | {"body": "家里煤气漏了"}, attached)
    found = await response.json()
    assert response.status == 200 and "number" not in found
    assert [reply["kind"] for reply in found["replies"]] == ["emergency"]
    assert found["replies"][0]["call"]["number"] == "119"


async def test_a_full_disk_is_503_but_a_danger_is_heard_behind_the_file_that_was_lost(
    client: Client, core: FakeCore, files: FakeFiles
) -> None:
    files.full = True
    await problem(await post(client, LETTER, [PHOTO]), 503)
    await problem(await upload(client, await bearer(client)), 503)
    data = form(
        part("attachment", PHOTO[1], filename="a.png"), part("subject", "s"), part("body", "家里煤气漏了")
    )
    response = await post_raw(client, data)
    assert response.status == 200 and (await response.json())["replies"][0]["kind"] == "emergency"
    assert not core.messages


async def test_what_is_not_settled_in_time_is_asked_for_again_under_the_key_that_comes_back(
    client: Client, core: FakeCore
) -> None:
    core.slow = True
    response = await post(client, LETTER, [PHOTO])
    assert (response.status, await response.json()) == (202, {"replies": []})
    core.slow = False
    response = await post(client, LETTER, [PHOTO], key=response.headers["Idempotency-Key"])
    assert response.status == 201 and len(core.messages) == 1


# Hostile input


@pytest.mark.parametrize("name", [name for name in BROKEN if name != "nothing"])
async def test_a_broken_form_is_4xx_and_leaves_nothing(
    client: Client, core: FakeCore, files: FakeFiles, name: str
) -> None:
    told = await problem(await post_raw(client, BROKEN[name]), 422)
    assert set(told) == {"form"} and nothing_stored(core, files)


@pytest.mark.parametrize(
    "kind", ["multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=\u00e9"]
)
async def test_a_form_without_a_boundary_is_422(client: Client, kind: str) -> None:
    await problem(await post_raw(client, b"--x--", kind), 422)


@pytest.mark.parametrize("kind", ["application/json", "text/plain", "application/x-www-form-urlencoded"])
async def test_anything_but_a_form_is_415(client: Client, kind: str) -> None:
    await problem(await post_raw(client, b"{}", kind), 415)


@pytest.mark.parametrize("key", ["a b", "x" * 201, "\u00e9"])
async def test_a_key_that_is_none_is_422(client: Client, key: str) -> None:
    assert set(await problem(await post(client, key=key), 422)) == {"Idempotency-Key"}


async def test_foreign_bytes_and_what_no_store_can_keep(
    client: Client, core: FakeCore, files: FakeFiles
) -> None:
    gbk = form(part("subject", "路灯".encode("gbk")), part("body", "三天".encode("gbk")))
    assert set(await problem(await post_raw(client, gbk), 422)) == {"subject", "body"}
    assert nothing_stored(core, files)
    odd = form(part("subject", b"a\x00b"), part("body", b"\xed\xa0\x80c"))
    assert (await post_raw(client, odd)).status == 201
    (message,) = core.messages.values()
    assert (message.subject, message.text) == ("ab", "c")


async def test_thousands_of_parts_and_a_million_characters_are_refused(
    client: Client, core: FakeCore, files: FakeFiles
) -> None:
    parts = form(*[part(f"n{number}", "x") for number in range(5_000)])
    assert set(await problem(await post_raw(client, parts), 422)) == {"form"}
    million = form(part("subject", "s"), part("body", "路" * 1_000_000))
    assert set(await problem(await post_raw(client, million), 413)) == {"body"}
    assert nothing_stored(core, files)


async def test_too_large_a_form_is_refused_before_it_is_sent(client: Client, core: FakeCore) -> None:
    head = (
        f"POST /api/mailbox/letters HTTP/1.1\r\nHost: x\r\nContent-Type: {KIND}\r\n"
        f"Content-Length: {10**12}\r\n\r\n"
    )
    answer = await raw(client, head.encode(), end=False)
    assert answer.startswith(b"HTTP/1.1 413") and not core.messages


async def raw(client: Client, data: bytes, *, end: bool = True, wait: float = 20) -> bytes:
    """Send bytes over a connection of our own; ``end`` says that there is nothing more."""
    reader, writer = await asyncio.open_connection("127.0.0.1", client.port)
    try:
        writer.write(data)
        await writer.drain()
        if end:
            writer.write_eof()
        return await asyncio.wait_for(reader.read(65_536), wait)
    finally:
        writer.close()


def request(body: bytes, *, length: int | None = None) -> bytes:
    length = len(body) if length is None else length
    return (
        f"POST /api/mailbox/letters HTTP/1.1\r\nHost: x\r\nContent-Type: {KIND}\r\nContent-Length: {length}\r\n\r\n"
    ).encode() + body


WHOLE = form(part("subject", "s"), part("body", "b"), part("attachment", PHOTO[1], filename="a.png"))


@pytest.mark.parametrize("cut", [10, 120, 300, len(WHOLE) - 3])
async def test_a_connection_cut_in_the_middle_leaves_nothing(
    client: Client, core: FakeCore, files: FakeFiles, cut: int
) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", client.port)
    writer.write(request(WHOLE)[: -len(WHOLE) + cut])
    await writer.drain()
    await asyncio.sleep(0.1)
    writer.close()
    await asyncio.sleep(0.2)
    assert nothing_stored(core, files)


@pytest.mark.parametrize("off", [-20, -1])
async def test_a_length_that_is_too_short_is_4xx(
    client: Client, core: FakeCore, files: FakeFiles, off: int
) -> None:
    answer = await raw(client, request(WHOLE, length=len(WHOLE) - 20 + off), end=False)
    assert answer[9:10] == b"4"
    assert nothing_stored(core, files)


async def test_a_broken_transfer_is_4xx(client: Client, core: FakeCore, files: FakeFiles) -> None:
    head = f"POST /api/mailbox/letters HTTP/1.1\r\nHost: x\r\nContent-Type: {KIND}\r\nTransfer-Encoding: chunked\r\n\r\n"
    answer = await raw(client, head.encode() + b"zzz\r\n" + WHOLE, end=False)
    assert answer[9:10] == b"4" and nothing_stored(core, files)


async def test_a_silent_sender_is_cut_off(
    client: Client, core: FakeCore, files: FakeFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "NEXT_WITHIN", 0.1)
    answer = await raw(client, request(WHOLE)[:-200], end=False)
    assert answer.startswith(b"HTTP/1.1 408") and b"too-slow" in answer
    assert nothing_stored(core, files)


async def test_a_sender_of_a_byte_now_and_then_is_cut_off(
    client: Client, core: FakeCore, files: FakeFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "WHOLE_WITHIN", 0.3)
    reader, writer = await asyncio.open_connection("127.0.0.1", client.port)
    writer.write(request(WHOLE)[:-300])
    reading = asyncio.create_task(reader.read(65_536))
    for _ in range(100):
        writer.write(b"x")
        await asyncio.sleep(0.02)
        if reading.done():
            break
    assert (await asyncio.wait_for(reading, 10)).startswith(b"HTTP/1.1 408")
    writer.close()
    assert nothing_stored(core, files)


class Disk(FakeFiles):
    """Takes files in without holding them, as a disk does."""

    async def stage(self, chunks: AsyncIterator[bytes], *, name: str) -> StagedFile:
        size = 0
        async for chunk in chunks:
            size += len(chunk)
        return StagedFile(place="p", print="p", digest="d", name=name, type="text/plain", size=size)


async def test_files_go_by_without_staying_in_memory(
    client: Client, files: FakeFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "stage", Disk().stage)

    async def pieces() -> AsyncIterator[bytes]:
        yield f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="subject"\r\n\r\ns\r\n'.encode()
        for number in range(3):
            yield f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="attachment"; filename="{number}.txt"\r\n\r\n'.encode()
            for _ in range(9 * 16):
                yield b"x" * (MEGABYTE // 16)
            yield b"\r\n"
        yield f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="body"\r\n\r\nb\r\n--{BOUNDARY}--\r\n'.encode()

    tracemalloc.start()
    try:
        response = await client.post("/api/mailbox/letters", data=pieces(), headers={"Content-Type": KIND})
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert response.status == 201 and peak < 8 * MEGABYTE


async def test_damaged_forms_of_every_sort_are_never_our_fault(client: Client) -> None:
    seed = random.randrange(2**32)
    chance = random.Random(seed)
    for _ in range(150):
        body = bytearray(WHOLE)
        for _ in range(chance.randint(1, 6)):
            at = chance.randrange(len(body))
            body[at : at + chance.randint(0, 4)] = chance.randbytes(chance.randint(0, 4))
        response = await post_raw(client, bytes(body))
        assert response.status == 201 or 400 <= response.status < 500, (seed, bytes(body))


# Files for the chat


async def bearer(client: Client) -> dict[str, str]:
    opened = await (await client.post("/api/chat/sessions")).json()
    return {"Authorization": f"Bearer {opened['token']}"}


async def upload(
    client: Client, headers: Mapping[str, str], file: File = PHOTO, field: str = "file"
) -> ClientResponse:
    data = FormData(quote_fields=False)
    data.add_field(field, io.BytesIO(file[1]), filename=file[0], content_type="image/png")
    return await client.post("/api/chat/attachments", data=data, headers=headers)


async def test_a_file_of_a_chat_is_kept_and_named_by_its_messages(
    client: Client, core: FakeCore, files: FakeFiles
) -> None:
    headers = await bearer(client)
    response = await upload(client, headers)
    stored = await response.json()
    assert response.status == 201 and set(stored) == {"id", "name", "type", "size"}
    assert (stored["name"], stored["type"]) == ("照片.png", "image/png") and files.staged == {}
    body = {"id": "m1", "attachments": [stored["id"]]}
    assert (await client.post("/api/chat/messages", json=body, headers=headers)).status == 200
    (message,) = core.messages.values()
    assert message.attachments == (stored["id"],)


async def test_a_file_of_another_session_cannot_be_named(client: Client, core: FakeCore) -> None:
    stored = await (await upload(client, await bearer(client))).json()
    for ids in ([stored["id"]], ["f" * 32], "x", [1]):
        response = await client.post(
            "/api/chat/messages",
            json={"id": "m1", "text": "a", "attachments": ids},
            headers=await bearer(client),
        )
        assert set(await problem(response, 422)) == {"attachments"}
    assert not core.messages


async def test_uploads_need_a_session_a_form_and_a_file_that_is_taken(
    client: Client, files: FakeFiles
) -> None:
    headers = await bearer(client)
    await problem(await upload(client, {}), 401)
    await problem(await client.post("/api/chat/attachments", json={}, headers=headers), 415)
    assert set(await problem(await upload(client, headers, field="photo"), 422)) == {"photo"}
    assert set(await problem(await upload(client, headers, ("程序.png", b"MZ\x90\x00")), 422)) == {"file"}
    assert set(await problem(await upload(client, headers, ("大.txt", b"x" * 11 * MEGABYTE)), 413)) == {
        "file"
    }
    assert not files.kept and not files.staged


# Supplements


async def add(
    client: Client, body: Any, *, number: str = NUMBER, headers: Mapping[str, str] | None = None
) -> ClientResponse:
    return await client.post(f"/api/tickets/{number}/supplements", json=body, headers=headers or {})


async def test_whoever_has_number_and_code_may_add_to_a_ticket(client: Client, core: FakeCore) -> None:
    response = await add(client, {"query_code": CODE.lower(), "text": "还有一盏也坏了"})
    assert response.status == 201 and [reply["kind"] for reply in (await response.json())["replies"]] == [
        "ticket"
    ]
    (message,) = core.messages.values()
    assert (message.about, message.text, message.conversation) == (NUMBER, "还有一盏也坏了", "mailbox:1")


async def test_the_same_addition_under_one_key_is_added_once(client: Client, core: FakeCore) -> None:
    for _ in range(2):
        response = await add(client, {"query_code": CODE, "text": "又"}, headers={"Idempotency-Key": "k-1"})
        assert response.status == 201
    assert len(core.messages) == 1
    response = await add(client, {"query_code": CODE, "text": "别的"}, headers={"Idempotency-Key": "k-1"})
    await problem(response, 409)


async def test_a_wrong_pair_is_404_and_tries_are_counted(client: Client, core: FakeCore) -> None:
    for _ in range(10):
        await problem(await add(client, {"query_code": "AAAAAA", "text": "x"}), 404)
    response = await add(client, {"query_code": CODE, "text": "x"})
    assert int(response.headers["Retry-After"]) > 0
    await problem(response, 429)
    assert not core.messages


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [({"query_code": CODE}, 422, "text"), ({"query_code": CODE, "text": 1}, 422, "text"), ({"text": "x"}, 422, "query_code"),
     ([], 422, "body"), ({"query_code": CODE, "text": "x" * 4_001}, 413, None), ({"query_code": CODE, "text": "\x00"}, 422, "text"),
     ({"query_code": CODE, "text": "x", "attachments": ["f" * 32]}, 422, "attachments")],
)  # fmt: skip
async def test_what_cannot_be_added_is_told(
    client: Client, body: Any, status: int, field: str | None
) -> None:
    assert set(await problem(await add(client, body), status)) == ({field} if field else set())


async def test_the_bearer_of_a_session_may_add_what_it_uploaded(client: Client, core: FakeCore) -> None:
    headers = await bearer(client)
    stored = await (await upload(client, headers)).json()
    body = {"query_code": CODE, "attachments": [stored["id"]]}
    await problem(await add(client, body), 422)
    assert (await add(client, body, headers=headers)).status == 201
    (message,) = core.messages.values()
    assert message.attachments == (stored["id"],)
