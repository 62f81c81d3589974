"""The one way in, over the real database: stored before acknowledged, decided once, nothing lost."""

import asyncio
import base64
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from channels.base import SentReply
from cities.loading import load_pack
from gateway import intake as intake_module
from gateway.figures import Figures
from gateway.front import Front
from gateway.gate import Gate
from gateway.intake import Intake
from gateway.spool import Spool
from gateway.store.ledger import Ledger
from gateway.store.tickets import Tickets
from groundwork.clock import clock_from
from groundwork.database import Pool, open_pool
from groundwork.settings import Settings
from groundwork.vault import Vault
from hotline.calendar import CITY_TIME
from hotline.errors import KeyReusedError, NotAnEventError, StorageAwayError
from hotline.events import FROM_DESK, Event
from hotline.message import InboundMessage
from hotline.replies import moment_in_words
from hotline.returning import ReturnPath
from hotline.understanding import Finding, Hit, Intent, Understanding
from tests.web.fake_app import FakeLimits

PACK = load_pack("_example")
CLOCK = clock_from(datetime(2026, 9, 29, 12, tzinfo=CITY_TIME))
VAULT = Vault.from_settings(
    replace(Settings(), secret_key="s" * 40, vault_keys="k1:" + base64.b64encode(b"k" * 32).decode())
)


class Reads:
    """An understanding that a test can hold back."""

    def __init__(self) -> None:
        self.free = asyncio.Event()
        self.free.set()

    async def understand(self, text: str) -> Understanding:
        await self.free.wait()
        intent = Intent.GREET if text.startswith("你好") else Intent.COMPLAIN
        return Understanding(intent=intent, confidence=0.9)


class Finds:
    """A library without an article."""

    async def search(self, question: str, *, limit: int) -> Finding:
        return Finding()

    def hit(self, article_id: str) -> Hit | None:
        return None


@dataclass
class Bench:
    """One process's intake and what it stands on."""

    pool: Pool
    ledger: Ledger
    tickets: Tickets
    spool: Spool
    reads: Reads
    intake: Intake


def bench(pool: Pool, folder: Path) -> Bench:
    tickets = Tickets(pool, VAULT, pack=PACK, clock=CLOCK)
    ledger = Ledger(pool, VAULT, tickets, city="_example", clock=CLOCK)
    spool, reads = Spool(folder / "spool", VAULT), Reads()
    intake = Intake(ledger, spool, PACK, reads, Finds(), clock=CLOCK, figures=Figures())
    return Bench(pool, ledger, tickets, spool, reads, intake)


@pytest.fixture
async def one(migrated: str, tmp_path: Path) -> AsyncIterator[Bench]:
    async with open_pool(migrated) as pool:
        await pool.execute(
            "TRUNCATE messages, conversations, replies, tickets, ticket_events, effects, pgqueuer CASCADE"
        )
        yield bench(pool, tmp_path)


def message(id: str, text: str = "你好", *, session: str = "s", **more: Any) -> InboundMessage:
    return InboundMessage(
        key=f"webchat:{session}:{id}", city="_example", channel="webchat", conversation=f"webchat:{session}",
        sender="p", received_at=CLOCK(), text=text, **more,
    )  # fmt: skip


FIRE = "我家楼下着火了"


@pytest.mark.duty("ALL-3")
async def test_a_retry_returns_the_same_replies_and_stores_nothing_new(one: Bench) -> None:
    first = await one.intake.receive(message("1"), within=10)
    again = await one.intake.receive(message("1"), within=10)
    assert first.settled and first == again
    assert await one.pool.fetchval("SELECT count(*) FROM messages") == 1
    assert await one.pool.fetchval("SELECT count(*) FROM replies") == 1


async def test_the_same_key_with_another_body_is_refused(one: Bench) -> None:
    await one.intake.receive(message("1"), within=10)
    with pytest.raises(KeyReusedError):
        await one.intake.receive(message("1", "别的话"), within=10)


@pytest.mark.duty("ALL-3")
async def test_twenty_simultaneous_retries_are_one_message_and_one_ticket(one: Bench) -> None:
    fire = message("1", FIRE)
    answers = await asyncio.gather(*(one.intake.receive(fire, within=20) for _ in range(20)))
    assert {answer.replies for answer in answers} == {answers[0].replies}
    assert [reply.reply.kind for reply in answers[0].replies] == ["emergency", "ticket"]
    assert await one.pool.fetchval("SELECT count(*) FROM tickets") == 1
    assert await one.pool.fetchval("SELECT count(*) FROM effects") == 1


async def test_what_takes_long_is_settled_behind_and_found_by_asking_again(one: Bench) -> None:
    one.reads.free.clear()
    waiting = await one.intake.receive(message("1"), within=0.05)
    assert not waiting.settled and waiting.replies == ()
    one.reads.free.set()
    settled = await one.intake.receive(message("1"), within=10)
    assert settled.settled and settled.replies[0].reply.kind == "smalltalk"


async def test_messages_of_one_conversation_are_decided_in_the_order_of_admission(one: Bench) -> None:
    one.reads.free.clear()
    texts = ["路灯坏了三天没有人来修", "示例路1号门口", "三天前开始", "13900000000", "样例先生"]
    for number, text in enumerate(texts):
        await one.intake.receive(message(str(number), text), within=0.0)
    one.reads.free.set()
    last = await one.intake.receive(message("9", option="confirm", text=""), within=20)
    assert [reply.reply.kind for reply in last.replies] == ["ticket"]
    said = await one.ledger.history("webchat:s", limit=50)
    assert [utterance.message.text for utterance in said] == [*texts, ""]
    assert [len(utterance.replies) for utterance in said] == [1] * 6


@pytest.mark.duty("ALL-2", "ALL-3")
async def test_what_a_dead_process_left_is_taken_over_and_settled_once(one: Bench, tmp_path: Path) -> None:
    await one.ledger.admit(message("1", FIRE))  # and then its process is gone
    other = bench(one.pool, tmp_path)
    assert await other.intake.sweep() == 0, "its claim still holds"
    await one.pool.execute("UPDATE messages SET claimed_until = now() - interval '1 second'")
    assert sum(await asyncio.gather(one.intake.sweep(), other.intake.sweep())) == 1
    assert await one.intake.sweep() == 0
    replies = (await one.intake.receive(message("1", FIRE), within=10)).replies
    assert [reply.reply.kind for reply in replies] == ["emergency", "ticket"]
    assert await one.pool.fetchval("SELECT count(*) FROM tickets") == 1


async def test_a_fault_of_ours_puts_the_words_before_a_person(
    one: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: object, **kwargs: object) -> None:
        raise ZeroDivisionError("张样例")

    monkeypatch.setattr(intake_module, "decide", broken)
    received = await one.intake.receive(message("1", "路灯坏了三天没有人来修"), within=10)
    assert [reply.reply.kind for reply in received.replies] == ["handover"]
    note = received.replies[0].reply.ticket
    assert note is not None
    record = await one.tickets.look_up(note.number, note.query_code)
    assert record is not None and record.ticket.text == "路灯坏了三天没有人来修"


@pytest.mark.duty("ALL-4")
async def test_a_ticket_opens_with_its_own_code_only(one: Bench) -> None:
    note = (await one.intake.receive(message("1", FIRE), within=10)).replies[1].reply.ticket
    assert note is not None
    spaced = f" {note.query_code[:3].lower()} {note.query_code[3:].lower()}"
    assert (await one.tickets.look_up(note.number.lower(), spaced)) is not None
    assert await one.tickets.look_up(note.number, "000000") is None
    assert await one.tickets.look_up("20260929ABCDEFGHJ", note.query_code) is None


async def test_an_event_of_the_desk_is_taken_once_and_for_known_tickets_only(one: Bench) -> None:
    note = (await one.intake.receive(message("1", FIRE), within=10)).replies[1].reply.ticket
    assert note is not None
    signed = Event(
        id="e1", source="urn:desk", name="signed", subject=note.number, sequence=1, at=CLOCK(), data={"unit": "示例局"}
    )  # fmt: skip
    assert await one.tickets.take(signed) is True
    assert await one.tickets.take(signed) is False
    record = await one.tickets.look_up(note.number, note.query_code)
    assert record is not None and record.state == "signed" and len(record.happenings) == 1
    with pytest.raises(NotAnEventError):
        await one.tickets.take(replace(signed, id="e2", subject="20260929ABCDEFGHJ"))


@pytest.mark.duty("R-ALL-5", "R-ALL-12")
async def test_once_the_signing_is_known_the_date_is_settled_on_the_page_and_in_the_conversation(
    one: Bench,
) -> None:
    note = (await one.intake.receive(message("1", FIRE), within=10)).replies[1].reply.ticket
    assert note is not None
    front = Front(one.intake, one.ledger, one.tickets, PACK, Gate(FakeLimits(most=10**6)))
    before = await front.look_up(note.number, note.query_code)
    assert before is not None and before.shown_due is not None and before.shown_due.provisional
    signed = Event(
        id="e1", source="urn:desk", name="signed", subject=note.number, sequence=1, at=CLOCK(),
        data={"unit": "示例局", "at": CLOCK().isoformat()},
    )  # fmt: skip
    await one.tickets.take(signed)
    after = await front.look_up(note.number, note.query_code)
    assert after is not None and after.shown_due is not None and not after.shown_due.provisional
    assert after.shown_due.at < before.shown_due.at
    change = next(change for change in after.changes if change.new == after.shown_due)
    assert (change.old, change.why) == (before.shown_due, "signed")
    async with one.pool.acquire() as connection:
        (standing,) = await one.tickets.standings(connection, [note.number])
    assert moment_in_words(PACK.say, after.shown_due) in standing.due
    await one.tickets.take(replace(signed, id="e2", name="replied", sequence=2, data={"text": "已扑灭。"}))
    async with one.pool.acquire() as connection:
        (standing,) = await one.tickets.standings(connection, [note.number])
    assert standing.due == "", "who has the answer is promised none"


async def test_events_that_come_out_of_order_leave_the_latest_state(one: Bench) -> None:
    note = (await one.intake.receive(message("1", FIRE), within=10)).replies[1].reply.ticket
    assert note is not None
    for sequence, name in ((2, "replied"), (1, "signed")):
        event = Event(
            id=f"e{sequence}", source="urn:desk", name=name, subject=note.number, sequence=sequence, at=CLOCK(), data={}
        )  # fmt: skip
        await one.tickets.take(event)
    record = await one.tickets.look_up(note.number, note.query_code)
    assert record is not None and record.state == "replied"


def told(ticket: str, sequence: int, name: str, /, **data: Any) -> Event:
    values = {"unit": "示例局", "at": CLOCK().isoformat()} | data
    return Event(id=f"e{sequence}", source="urn:desk", name=name, subject=ticket, sequence=sequence, at=CLOCK(),
                 data=values)  # fmt: skip


@pytest.mark.duty("ALL-4", "PDS-9", "BD-13", "BD-22", "BD-23", "R-ALL-8")
async def test_the_citizen_hears_of_every_step_where_they_wrote_and_on_the_progress_page(one: Bench) -> None:
    note = (await one.intake.receive(message("1", FIRE), within=10)).replies[1].reply.ticket
    assert note is not None
    number, front = (
        note.number,
        Front(one.intake, one.ledger, one.tickets, PACK, Gate(FakeLimits(most=10**6))),
    )
    heard = [
        told(number, 1, "signed"),
        told(number, 2, "progressed", text="已经断电，打13800000000可以找到我们"),
        told(number, 3, "reassigned", unit="示例市应急局", reason="这一段归应急局管"),
        told(number, 4, "extended", what="finish", number=3, reason="要等检测结果"),
        told(number, 5, "replied", unit="示例市应急局", text="火已经扑灭，线路换好了。"),
    ]
    for event in heard:
        assert [await one.intake.hear(event) for _ in range(2)] == [True, False]
    history = await front.history("webchat:s", limit=20)
    replies = [said.reply for said in history if isinstance(said, SentReply)][2:]
    assert [len(history), len(replies)] == [8, 5], "one thing said, no empty words of the citizen"
    assert [reply.kind for reply in replies] == ["progress", "progress", "notice", "notice", "notice"]
    assert "示例局已经签收" in replies[0].text and "已经断电" in replies[1].text
    assert "13800000000" not in replies[1].text
    assert "转给示例市应急局" in replies[2].text and "这一段归应急局管" in replies[2].text
    assert "要等检测结果" in replies[3].text and "最晚" in replies[3].text
    assert "火已经扑灭" in replies[4].text and [option.id for option in replies[4].options] == ["rate"]
    status = await front.look_up(number, note.query_code)
    assert status is not None and status.lead_unit == "示例市应急局"
    assert [step.name for step in status.steps[:5]] == [event.name for event in reversed(heard)]
    assert status.steps[0].text == "示例市应急局\n火已经扑灭，线路换好了。"
    again = (await one.intake.receive(message("2", "", option="rate"), within=10)).replies[0].reply
    assert number in again.text and "如实评价" in again.text


async def test_word_of_a_signing_that_the_answer_overtook_is_not_said(one: Bench) -> None:
    note = (await one.intake.receive(message("1", FIRE), within=10)).replies[1].reply.ticket
    assert note is not None
    await one.intake.hear(told(note.number, 2, "replied", text="已经办好。"))
    await one.intake.hear(told(note.number, 1, "signed"))
    rows = await one.pool.fetch("SELECT kind FROM replies ORDER BY said_at, message_id, position")
    assert [row["kind"] for row in rows] == ["emergency", "ticket", "notice"]


async def test_what_is_said_unasked_is_pushed_where_the_channel_pushes(one: Bench) -> None:
    path = ReturnPath(address="o-example", messages=5, seconds=48 * 3600)
    note = (await one.intake.receive(message("1", FIRE, reply_to=path), within=10)).replies[1].reply.ticket
    assert note is not None
    await one.intake.hear(told(note.number, 1, "replied", text="已经办好。"))
    assert await one.pool.fetchval("SELECT count(*) FROM deliveries WHERE done_at IS NULL") == 2
    assert await one.pool.fetchval("SELECT count(*) FROM effects WHERE kind = 'replies'") == 2


@pytest.mark.duty("PDS-8C", "R-ALL-12")
async def test_a_last_day_that_the_centre_sets_is_the_date_that_the_citizen_is_shown(one: Bench) -> None:
    note = (await one.intake.receive(message("1", FIRE), within=10)).replies[1].reply.ticket
    assert note is not None
    day = (CLOCK() + timedelta(days=40)).date()
    limit = {"what": "finish", "day": day.isoformat()}
    await one.intake.hear(told(note.number, 1, "progressed", text="要改线路", limit=limit))
    front = Front(one.intake, one.ledger, one.tickets, PACK, Gate(FakeLimits(most=10**6)))
    status = await front.look_up(note.number, note.query_code)
    assert status is not None and status.shown_due is not None
    assert status.shown_due.at.astimezone(CITY_TIME).date() == day and not status.shown_due.provisional


@pytest.mark.duty("ALL-2")
async def test_without_storage_an_emergency_is_kept_on_disk_and_admitted_later(
    one: Bench, tmp_path: Path
) -> None:
    async with open_pool("postgresql://nobody@127.0.0.1:9/none") as nowhere:
        away = bench(nowhere, tmp_path)
        received = await away.intake.receive(message("1", FIRE), within=5)
        assert [reply.reply.kind for reply in received.replies] == ["emergency"]
        with pytest.raises(StorageAwayError):
            await away.intake.receive(message("2"), within=5)
        with pytest.raises(StorageAwayError):
            await away.spool.drain(away.intake.keep)
    (apart,) = (tmp_path / "spool").glob("emergencies*")
    kept = apart.read_bytes()
    assert kept and "着火".encode() not in base64.b64decode(kept)
    assert await one.spool.drain(one.intake.keep) == 1
    assert await one.spool.drain(one.intake.keep) == 0
    replies = (await one.intake.receive(message("1", FIRE), within=10)).replies
    assert [reply.reply.kind for reply in replies] == ["emergency", "ticket"]


async def test_two_emergencies_kept_under_one_id_are_both_admitted(one: Bench) -> None:
    await one.spool.append(message("1", FIRE))
    await one.spool.append(message("1", "有人晕倒了没有反应快来人"))
    assert await one.spool.drain(one.intake.keep) == 2
    assert await one.pool.fetchval("SELECT count(*) FROM messages") == 2


@pytest.mark.duty("ALL-2")
async def test_a_torn_line_of_the_spool_is_set_aside_and_the_rest_goes_through(
    one: Bench, tmp_path: Path
) -> None:
    await one.spool.append(message("1", FIRE))
    with (tmp_path / "spool" / "emergencies").open("ab") as file:
        file.write(b"dG9ybg==\n")
    await one.spool.append(message("2", FIRE, session="t"))
    assert await one.spool.drain(one.intake.keep) == 2
    assert (tmp_path / "spool" / "unreadable").exists()
    assert await one.pool.fetchval("SELECT count(*) FROM tickets") == 2


async def test_an_emergency_gets_its_number_while_the_decision_lasts(one: Bench) -> None:
    one.reads.free.clear()
    received = await one.intake.receive(message("1", FIRE), within=0.05)
    assert [reply.reply.kind for reply in received.replies] == ["emergency"] and received.settled
    assert received.replies[0].reply.call is not None
    assert "已经记下" not in received.replies[0].reply.text
    one.reads.free.set()
    settled = await one.intake.receive(message("1", FIRE), within=10)
    assert [reply.reply.kind for reply in settled.replies] == ["emergency", "ticket"]


async def test_an_emergency_under_a_used_id_is_answered_and_filed(one: Bench) -> None:
    await one.intake.receive(message("1"), within=10)
    received = await one.intake.receive(message("1", FIRE), within=10)
    assert [reply.reply.kind for reply in received.replies] == ["emergency", "ticket"]


async def test_an_emergency_gets_its_number_when_nothing_can_be_kept_at_all(
    one: Bench, tmp_path: Path
) -> None:
    (tmp_path / "spool").write_text("a file where the folder should be")
    async with open_pool("postgresql://nobody@127.0.0.1:9/none") as nowhere:
        received = await bench(nowhere, tmp_path).intake.receive(message("1", FIRE), within=5)
    assert [reply.reply.kind for reply in received.replies] == ["emergency"]


async def test_danger_written_into_a_summary_or_the_name_of_a_place_is_heard(one: Bench) -> None:
    edited = message("1", "", option="confirm", fields=(("what", "我家着火了，快来人"),))
    assert (await one.intake.receive(edited, within=10)).replies[0].reply.kind == "emergency"


async def test_a_hanging_database_counts_as_away_in_time(one: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    over = asyncio.Event()

    async def hangs(message: InboundMessage) -> None:
        try:
            await over.wait()
        except asyncio.CancelledError:
            await over.wait()  # as asyncpg does while it asks the server to cancel

    monkeypatch.setattr(one.ledger, "admit", hangs)
    began = asyncio.get_running_loop().time()
    received = await one.intake.receive(message("1", FIRE), within=4)
    assert [reply.reply.kind for reply in received.replies] == ["emergency"]
    with pytest.raises(StorageAwayError):
        await one.intake.receive(message("2"), within=4)
    assert asyncio.get_running_loop().time() - began < 8
    over.set()


async def test_one_conversation_that_cannot_be_settled_does_not_hold_up_the_others(
    one: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    for session in ("a", "b", "c"):
        await one.ledger.admit(message("1", session=session))
    await one.pool.execute("UPDATE messages SET claimed_until = now() - interval '1 second'")
    settle = one.ledger.settle

    async def broken(conversation: str, *rest: Any, **more: Any) -> Any:
        if conversation == "webchat:a":
            raise ZeroDivisionError
        return await settle(conversation, *rest, **more)

    monkeypatch.setattr(one.ledger, "settle", broken)
    await one.intake.sweep()
    assert await one.pool.fetchval("SELECT count(*) FROM messages WHERE settled_at IS NULL") == 1


async def test_every_state_that_the_centre_may_tell_has_words_and_stops_nothing(one: Bench) -> None:
    note = (await one.intake.receive(message("1", FIRE), within=10)).replies[1].reply.ticket
    assert note is not None
    for sequence, name in enumerate(FROM_DESK, 1):
        await one.tickets.take(
            Event(id=f"e{name}", source="urn:desk", name=name, subject=note.number, sequence=sequence,
                  at=CLOCK(), data={})
        )  # fmt: skip
        assert f"state_{name}" in PACK.words
        again = await one.intake.receive(message(f"m{name}", "", option="progress"), within=10)
        assert again.settled and again.replies[0].reply.kind == "progress"
        assert note.number in again.replies[0].reply.text
