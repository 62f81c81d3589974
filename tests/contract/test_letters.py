"""Letters over the real database: every one under a number that stays, answered and refused ones too."""

import asyncio
import io
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from gateway.figures import Figures
from gateway.front import Front
from gateway.gate import Gate
from gateway.intake import Intake
from gateway.spool import Spool
from gateway.store.ledger import Ledger
from gateway.store.letters import Entry
from gateway.store.tickets import Tickets
from gateway.workbook import Days, write_ledger
from groundwork.database import Pool, open_pool
from hotline.calendar import CITY_TIME
from hotline.conversation import Draft, Letter
from hotline.errors import KeyReusedError, StorageAwayError
from hotline.events import Event
from hotline.message import InboundMessage
from hotline.ticket import TicketIdentity, is_ticket_number
from hotline.understanding import Finding, Hit, Intent, Understanding
from tests.contract.test_intake import PACK, VAULT
from tests.dispatch import SettableClock
from tests.web.fake_app import FakeLimits

NOON = datetime(2026, 9, 29, 12, tzinfo=CITY_TIME)
HIT = Hit(
    article_id="a", version=3, question="多久答复", answer="五个工作日。", source="《示例市热线条例》第八条",
    unit="示例市热线工作机构", updated_at=NOON, score=0.9,
)  # fmt: skip


class Reads:
    """Takes everything for a complaint."""

    async def understand(self, text: str) -> Understanding:
        return Understanding(intent=Intent.COMPLAIN, confidence=0.9)


class Finds:
    """Knows how long an answer takes."""

    async def search(self, question: str, *, limit: int) -> Finding:
        return Finding(hits=(HIT,), answered=True) if "多久" in question else Finding()

    def hit(self, article_id: str) -> Hit | None:
        return None


@dataclass
class Bench:
    """One process's way in and what the pages ask."""

    pool: Pool
    clock: SettableClock
    ledger: Ledger
    tickets: Tickets
    intake: Intake
    front: Front


@pytest.fixture
async def one(migrated: str, tmp_path: Path) -> AsyncIterator[Bench]:
    async with open_pool(migrated) as pool:
        await pool.execute(
            "TRUNCATE messages, conversations, replies, tickets, ticket_events, effects, letters, pgqueuer CASCADE"
        )
        yield bench(pool, tmp_path)


def bench(pool: Pool, folder: Path) -> Bench:
    clock = SettableClock(NOON)
    tickets = Tickets(pool, VAULT, pack=PACK, clock=clock)
    ledger = Ledger(pool, VAULT, tickets, city="_example", clock=clock)
    spool = Spool(folder / "spool", VAULT)
    intake = Intake(ledger, spool, PACK, Reads(), Finds(), clock=clock, figures=Figures())
    return Bench(
        pool,
        clock,
        ledger,
        tickets,
        intake,
        Front(intake, ledger, tickets, PACK, Gate(FakeLimits(most=10**6))),
    )


def a_letter(key: str = "k", body: str = "三天没有人来修，晚上看不见路。", **form: str) -> InboundMessage:
    told = {"subject": "路灯坏了", "kind": "complaint", "name": "样例先生", "phone": "13900000000", **form}
    return InboundMessage(
        key=f"mailbox:{key}", city="_example", channel="mailbox", conversation=f"mailbox:{key}", sender="p",
        received_at=NOON, text=body, fields=tuple((n, v) for n, v in told.items() if v), letter=True,
    )  # fmt: skip


QUESTION = {"subject": "路灯多久能修好", "kind": "consultation"}
REFUSED = "法院判我输了，我不服，你们让法院改判。"


async def sent(one: Bench, *rest: Any, **form: str) -> TicketIdentity:
    received = await one.front.receive(a_letter(*rest, **form), within=10)
    assert received.settled and received.letter is not None
    return received.letter


async def added(
    one: Bench, letter: TicketIdentity, text: str = "", *, id: str = "1", option: str | None = None
) -> Any:
    thread = await one.front.thread(letter.number, letter.query_code)
    assert thread is not None
    message = InboundMessage(
        key=f"{thread.conversation}:add:{thread.number}:{id}", city="_example", channel=thread.channel,
        conversation=thread.conversation, sender=thread.sender, received_at=one.clock(), text=text, option=option,
        about=thread.number,
    )  # fmt: skip
    return await one.front.receive(message, within=10)


def kinds(received: Any) -> list[str]:
    return [sent.reply.kind for sent in received.replies]


@pytest.mark.duty("ALL-4")
async def test_a_letter_that_becomes_a_ticket_has_the_ticket_s_number(one: Bench) -> None:
    received = await one.front.receive(a_letter(), within=10)
    note = received.replies[0].reply.ticket
    assert kinds(received) == ["ticket", "smalltalk"] and note is not None and received.letter is not None
    assert (note.number, note.query_code) == (received.letter.number, received.letter.query_code)
    status = await one.front.look_up(note.number, note.query_code)
    assert status is not None and (status.letter, status.state) == ("ticket", "filed")
    assert status.shown_due is not None and status.shown_due.citation.article == "第十一条"


@pytest.mark.duty("ALL-4")
@pytest.mark.parametrize(
    ("form", "body", "kind", "outcome", "option"),
    [
        (QUESTION, "请告诉我。", "answer", "answered", "unsolved"),
        ({}, REFUSED, "refusal", "refused", "review"),
    ],
)
async def test_answered_and_refused_letters_have_a_number_and_become_tickets_under_it(
    one: Bench, form: dict[str, str], body: str, kind: str, outcome: str, option: str
) -> None:
    received = await one.front.receive(a_letter("k", body, **form), within=10)
    letter = received.letter
    assert kinds(received) == [kind] and letter is not None and is_ticket_number(letter.number)
    status = await one.front.look_up(letter.number, letter.query_code)
    assert status is not None and (status.state, status.letter) == (outcome, outcome)
    assert [step.name for step in status.steps] == [
        outcome,
        "received",
    ] and status.replies == received.replies
    assert await one.pool.fetchval("SELECT count(*) FROM tickets") == 0

    one.clock.now += timedelta(days=2)
    reopened = await added(one, letter, option=option)
    assert kinds(reopened) == ["ticket"] and reopened.replies[0].reply.ticket.number == letter.number
    assert await one.pool.fetchval("SELECT outcome FROM letters") == "ticket"
    assert await one.pool.fetchval("SELECT channel FROM tickets") == "mailbox"
    again = await added(one, letter, option=option, id="2")
    assert kinds(again) == ["smalltalk"]
    assert await one.pool.fetchval("SELECT count(*) FROM tickets") == 1
    assert await one.pool.fetchval("SELECT count(*) FROM letters") == 1
    status = await one.front.look_up(letter.number, letter.query_code)
    assert status is not None and status.state == "filed" and status.letter == "ticket"


@pytest.mark.duty("ALL-3")
async def test_the_same_letter_again_is_the_same_number_even_after_it_became_a_ticket(one: Bench) -> None:
    letter = await sent(one, **QUESTION)
    assert await sent(one, **QUESTION) == letter
    await added(one, letter, "还是不知道")
    assert await sent(one, **QUESTION) == letter
    assert await one.pool.fetchval("SELECT count(*) FROM letters") == 1


@pytest.mark.duty("ALL-3")
async def test_twenty_at_once_are_one_letter(one: Bench) -> None:
    letters = await asyncio.gather(*(sent(one) for _ in range(20)))
    assert len(set(letters)) == 1
    assert await one.pool.fetchval("SELECT count(*) FROM tickets") == 1


async def test_another_letter_under_the_same_key_is_refused(one: Bench) -> None:
    await sent(one)
    with pytest.raises(KeyReusedError):
        await one.front.receive(a_letter(body="别的事"), within=10)


async def test_a_danger_under_a_used_key_gets_its_own_number_and_never_the_other_s(one: Bench) -> None:
    first = await sent(one, **QUESTION)
    received = await one.front.receive(a_letter(body="我家楼下着火了，快来人"), within=10)
    assert kinds(received) == ["emergency", "ticket"]
    assert received.letter is not None and received.letter.number != first.number
    assert kinds(await added(one, first, "没有解决")) == ["ticket"]
    assert await one.pool.fetchval("SELECT count(*) FROM messages WHERE settled_at IS NULL") == 0


async def test_a_danger_still_being_decided_shows_nobody_s_number(one: Bench) -> None:
    first = await sent(one, **QUESTION)
    received = await one.front.receive(a_letter(body="我家楼下着火了，快来人"), within=0.0)
    assert kinds(received)[0] == "emergency"
    assert received.letter is None or received.letter.number != first.number


@pytest.mark.duty("ALL-2")
async def test_a_danger_without_storage_has_no_number_and_is_a_letter_later(
    one: Bench, tmp_path: Path
) -> None:
    fire = a_letter(body="我家楼下着火了，快来人")
    async with open_pool("postgresql://nobody@127.0.0.1:9/none") as nowhere:
        away = bench(nowhere, tmp_path)
        received = await away.front.receive(fire, within=5)
        assert kinds(received) == ["emergency"] and received.letter is None
        with pytest.raises(StorageAwayError):
            await away.front.receive(a_letter(), within=5)
        assert await away.front.warn(a_letter()) is None
    spool = Spool(tmp_path / "spool", VAULT)
    assert await spool.drain(one.intake.keep) == 1
    again = await one.front.receive(fire, within=10)
    assert kinds(again) == ["emergency", "ticket"] and again.letter is not None


async def test_a_wrong_pair_finds_nothing(one: Bench) -> None:
    letter = await sent(one, **QUESTION)
    other = await sent(one, "other", **QUESTION)
    assert await one.front.look_up(letter.number, other.query_code) is None
    assert await one.front.thread(letter.number, other.query_code) is None
    typed = f"{letter.number[:8]} {letter.number[8:]}".lower()
    assert await one.front.look_up(typed, letter.query_code.lower()) is not None


async def test_the_writer_s_page_finds_its_letter_by_its_secret_key(one: Bench) -> None:
    assert await one.front.letter("mailbox:k") is None
    letter = await sent(one, **QUESTION)
    found = await one.front.letter("mailbox:k")
    assert found is not None and found.letter == letter and kinds(found) == ["answer"]


@pytest.mark.duty("BD-35")
async def test_what_is_stored_of_a_letter_is_sealed(one: Bench) -> None:
    letter = await sent(one, **QUESTION)
    row = await one.pool.fetchrow("SELECT * FROM letters")
    assert row is not None
    kept = b" ".join(value for value in row.values() if isinstance(value, bytes))
    for secret in ("样例", "13900000000", "路灯", letter.query_code):
        assert secret.encode() not in kept


# The ledger as a workbook

ALWAYS = Days(first=None, last=None)
HERE = NOON.replace(tzinfo=None)  #: as a workbook has moments


async def exported(one: Bench, path: Path, days: Days = ALWAYS, **more: Any) -> list[dict[str, Any]]:
    since, until = days.bounds()
    count = await write_ledger(
        one.ledger.letters.entries(since=since, until=until, known=True), PACK, path, **more
    )
    sheet = load_workbook(path).active
    assert sheet is not None
    head, *rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert len(rows) == count
    return [dict(zip(map(str, head), row, strict=True)) for row in rows]


@pytest.mark.duty("PDS-14")
async def test_the_ledger_shows_every_letter_with_what_became_of_it(one: Bench, tmp_path: Path) -> None:
    filed = await sent(one, "1")
    answered = await sent(one, "2", **QUESTION)
    refused = await sent(one, "3", REFUSED)
    await one.tickets.take(
        Event(id="e", source="urn:desk", name="signed", subject=filed.number, sequence=1,
              at=NOON + timedelta(hours=3), data={})
    )  # fmt: skip
    rows = {row["单号"]: row for row in await exported(one, tmp_path / "a.xlsx")}
    assert set(rows) == {filed.number, answered.number, refused.number}
    row = rows[filed.number]
    assert (row["处理结果"], row["现在的状态"], row["类别"]) == ("转承办单位", "正在办理", "投诉")
    assert row["来信时间"] == HERE and row["状态时间"] == HERE.replace(hour=15)
    assert (
        row["最晚时间"] == HERE.replace(month=10, day=14, hour=23, minute=59, second=59)
        and row["依据"] == "《示例市热线条例》第十一条"
    )
    assert "城市管理局" in row["承办单位"]
    assert (
        rows[answered.number]["处理结果"] == "按公布的答案答复" and rows[answered.number]["最晚时间"] is None
    )
    assert rows[refused.number]["现在的状态"] == "热线不能办"
    assert (tmp_path / "a.xlsx").stat().st_mode & 0o077 == 0


@pytest.mark.duty("BD-13", "BD-35")
async def test_who_wrote_is_shown_only_when_asked_for_and_never_of_confidential_letters(
    one: Bench, tmp_path: Path
) -> None:
    forms = (
        {"place": "示例路1号，电话13900000000"},
        {"confidential": "true", "place": "示例路2号"},
        {"anonymous": "true", "name": "", "phone": ""},
    )
    open_, secret, unknown = [
        (await sent(one, str(number), **form)).number for number, form in enumerate(forms)
    ]
    plain = {row["单号"]: row for row in await exported(one, tmp_path / "a.xlsx")}
    assert "姓名" not in plain[open_] and "电话" not in plain[open_]
    assert plain[open_]["地点"] == "示例路1号，电话***********"
    rows = {row["单号"]: row for row in await exported(one, tmp_path / "b.xlsx", contacts=True)}
    assert (rows[open_]["姓名"], rows[open_]["电话"]) == ("样例先生", "13900000000")
    assert all(rows[number][name] is None for number in (secret, unknown) for name in ("姓名", "电话"))
    assert rows[secret]["标题"] == PACK.words["confidential_title"] and rows[secret]["地点"] is None
    assert [rows[number]["匿名"] for number in (open_, secret, unknown)] == ["否", "否", "是"]


async def test_the_ledger_of_some_days_has_their_letters_alone(one: Bench, tmp_path: Path) -> None:
    for number, at in enumerate(
        (NOON - timedelta(days=1), NOON.replace(hour=0), NOON.replace(hour=23, minute=59))
    ):
        await one.front.receive(replace(a_letter(str(number)), received_at=at), within=10)
    day = date(2026, 9, 29)
    assert len(await exported(one, tmp_path / "a.xlsx", Days(first=day, last=day))) == 2
    assert len(await exported(one, tmp_path / "b.xlsx", Days(first=None, last=date(2026, 9, 28)))) == 1
    assert len(await exported(one, tmp_path / "c.xlsx", Days(first=date(2026, 9, 30), last=None))) == 0


@pytest.mark.duty("PDS-14")
async def test_a_ledger_of_many_letters_is_read_in_steps_and_is_whole(
    one: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.store.letters.AT_ONCE", 2)
    letters = {(await sent(one, str(number))).number for number in range(5)}
    assert {row["单号"] for row in await exported(one, tmp_path / "a.xlsx")} == letters


def entry(subject: str) -> Entry:
    letter = Letter(
        identity=TicketIdentity(number="20260929ABCDEFGHJ", query_code="K7M4PX"),
        outcome="answered",
        draft=Draft(kind="other", said=(), facts={"subject": subject, "name": subject}),
    )
    return Entry(letter=letter, message_id=1, conversation="c", channel="mailbox", sender="p", received_at=NOON, ticket=None,
                 state="answered", state_at=NOON, attachments=0)  # fmt: skip


async def only(one: Entry) -> AsyncIterator[Entry]:
    yield one


@settings(
    print_blob=True,
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    st.text(max_size=40)
    | st.sampled_from(["=1+1", "+86", "-1", "@SUM(1)", "=cmd|'/c calc'!A1", "\t=1", "\x07a", ""])
)
def test_no_cell_is_ever_a_formula(tmp_path: Path, subject: str) -> None:
    path = tmp_path / "a.xlsx"
    asyncio.run(write_ledger(only(entry(subject)), PACK, path, contacts=True))
    sheet = load_workbook(io.BytesIO(path.read_bytes())).active
    assert sheet is not None
    cells = [cell for row in sheet.iter_rows(min_row=2) for cell in row if cell.value is not None]
    assert {cell.data_type for cell in cells} <= {"s", "d"}
    assert all(cell.quotePrefix for cell in cells if cell.data_type == "s")
