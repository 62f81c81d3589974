"""Text messages: who hears of a ticket by one, once over whatever breaks, and the grade that comes back as it was given."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import TestClient, TestServer

from channels.base import PlatformBusyError, PlatformRefusedError, SenderParts
from channels.sms.adapter import PATH
from channels.sms.api import SmsApi
from channels.sms.codec import path_to
from channels.testing import RecordingCore
from cities.loading import load_pack
from gateway.courier import Courier
from gateway.figures import Figures
from gateway.front import Front
from gateway.intake import Intake
from gateway.spool import Spool
from gateway.store.ledger import Ledger
from gateway.store.texts import Texts
from gateway.store.tickets import Tickets
from groundwork.database import Pool, open_pool
from groundwork.outbox import Outbox
from hotline.calendar import CITY_TIME
from hotline.citypack import CityPack
from hotline.conversation import Attendance, Conversation
from hotline.effects import Effect, FileTicket
from hotline.events import Event
from hotline.message import InboundMessage
from hotline.scene import Standing
from hotline.ticket import Contact
from hotline.turn import SmallTalk, Turn
from tests.contract.pushed import VAULT, Finds, Reads
from tests.dispatch import SettableClock, a_number, a_ticket
from tests.texts import KEY, SECRET, Platform, signed
from tests.web.fake_app import fake_app, fake_assets

pytestmark = pytest.mark.enable_socket

MOBILE, NUMBER = "13800000000", a_number("SMSAAAAA")
PUBLIC = "https://hotline.example"
ONE = Contact(name="示例甲", phone="138 0000 0000")
BAODING, SUQIAN = load_pack("baoding"), load_pack("suqian")


class Open:
    """Lets every message in."""

    async def is_open(self, *_: Any) -> bool:
        return True


@dataclass
class Bench:
    """A gateway with a platform for texts beside it."""

    pool: Pool
    clock: SettableClock
    pack: CityPack
    ledger: Ledger
    intake: Intake
    tickets: Tickets
    api: SmsApi
    platform: Platform
    browser: TestClient[Any, Any]

    async def file(self, number: str = NUMBER, contact: Contact = ONE, *, channel: str = "webchat") -> None:
        """Put a ticket on record that came by ``channel``."""
        ticket = a_ticket(number, contact=contact, channel=channel, city=self.pack.code, title="工地夜间施工")
        message = InboundMessage(
            key=f"{channel}:{number}", city=self.pack.code, channel=channel, conversation=f"{channel}:{number}",
            sender=number, received_at=self.clock(), text="吵",
        )  # fmt: skip
        admitted = await self.ledger.admit(message)

        def judge(
            state: Conversation, _: Any, __: tuple[Standing, ...], ___: Attendance | None
        ) -> tuple[Turn, tuple[Effect, ...]]:
            turn = Turn(decisions=(SmallTalk(text="好"),), conversation=state)
            return turn, (FileTicket(key=f"{number}:filed", ticket=ticket),)

        await self.ledger.settle(
            message.conversation, frozenset({admitted.id}), judge, asks=lambda *_: False  # type: ignore[arg-type]
        )  # fmt: skip

    async def hear(self, name: str = "replied", number: str = NUMBER, *, sequence: int = 1) -> bool:
        """Let the centre tell something about a ticket."""
        data = {"unit": "示例局", "text": "已经叫停夜间施工。", "at": self.clock().isoformat()}
        event = Event(id=f"{number}-{name}-{sequence}", source="urn:huying:desk:t", name=name, subject=number,
                      sequence=sequence, at=self.clock(), data=data)  # fmt: skip
        return await self.intake.hear(event)

    async def work(self) -> list[timedelta | None]:
        """Let a worker carry out what is owed to telephones, as far as it can now."""
        courier = Courier(self.ledger.deliveries, {"sms": self.api})
        outbox = Outbox(
            self.pool, VAULT, lambda _, body: courier.deliver(body["conversation"]), clock=self.clock
        )
        rows = await self.pool.fetch(
            "SELECT DISTINCT lane FROM effects WHERE kind = 'replies' AND done_at IS NULL"
        )
        return [await outbox.work(row["lane"]) for row in rows]

    async def say(self, text: str, id: str, *, mobile: str = MOBILE) -> tuple[int, str]:
        """Post what somebody texted, and return the answer."""
        answer = await self.browser.post(PATH, **signed({"id": id, "from": mobile, "text": text}, id=id))
        return answer.status, (await answer.json()).get("text", "")

    async def ratings(self, number: str = NUMBER) -> list[dict[str, Any]]:
        """Return what stands of ratings on a ticket's timeline, oldest first."""
        async with self.pool.acquire() as connection:
            happened = await self.tickets.happened(connection, number)
        return [dict(one.data) for one in happened if one.name == "rated"]

    async def kept(self, where: str) -> int:
        return int(await self.pool.fetchval(f"SELECT count(*) FROM {where}"))


@asynccontextmanager
async def bench(
    url: str, folder: Path, pack: CityPack = BAODING, *, connected: bool = True
) -> AsyncIterator[Bench]:
    """Open everything on an empty database."""
    clock, platform = SettableClock(datetime(2026, 11, 20, 12, tzinfo=CITY_TIME)), Platform()
    async with AsyncExitStack() as stack:
        pool = await stack.enter_async_context(open_pool(url))
        http = await stack.enter_async_context(ClientSession())
        base = await stack.enter_async_context(platform.serving())
        await pool.execute(
            "TRUNCATE messages, conversations, replies, tickets, ticket_events, effects, pgqueuer, deliveries,"
            " recipients CASCADE"
        )
        settings = {"sms_url": base, "sms_secret": SECRET, "public_url": PUBLIC} if connected else {}
        tickets = Tickets(pool, VAULT, pack=pack, clock=clock)
        texts = Texts(VAULT, pack=pack, clock=clock, public_url=PUBLIC) if connected else None
        ledger = Ledger(pool, VAULT, tickets, city=pack.code, clock=clock, texts=texts)
        intake = Intake(
            ledger, Spool(folder / "spool", VAULT), pack, Reads(), Finds(), clock=clock, figures=Figures()
        )
        parts = replace(
            RecordingCore(now=clock()).parts(settings), city=pack.code, clock=clock, say=pack.say,
            receive=Front(intake, ledger, tickets, pack, Open()), deliveries=ledger.deliveries,  # type: ignore[arg-type]
            pseudonym=lambda who: VAULT.digest(who, purpose="sender").hex()[:32],
        )  # fmt: skip
        app = fake_app(fake_assets(folder), parts=parts)
        browser = await stack.enter_async_context(TestClient(TestServer(app)))
        api = SmsApi(SenderParts(http=http, cells=None, say=pack.say, settings=settings))  # type: ignore[arg-type]
        yield Bench(pool, clock, pack, ledger, intake, tickets, api, platform, browser)
        await intake.close()


@pytest.fixture
async def one(migrated: str, tmp_path: Path) -> AsyncIterator[Bench]:
    async with bench(migrated, tmp_path) as one:
        yield one


@pytest.mark.duty("BD-26")
async def test_who_left_a_mobile_number_is_asked_by_text_and_the_grade_stands_as_given(one: Bench) -> None:
    await one.file()
    assert await one.hear()
    await one.work()
    ((to, text),) = one.platform.sent
    assert (
        to == MOBILE and NUMBER in text and f"{PUBLIC}/progress?number={NUMBER}" in text and "5很满意" in text
    )
    one.clock.now += timedelta(days=3)
    status, answer = await one.say("1", "a")
    assert status == 200 and NUMBER in answer
    (rating,) = await one.ratings()
    assert rating["grade"] == 1
    owed = await one.pool.fetchval("SELECT count(*) FROM effects WHERE kind = 'event'")
    assert owed == 2, "filed, and the rating as it was given"


@pytest.mark.duty("BD-26")
@pytest.mark.parametrize(("said", "grade"), [("5", 5), ("４", 4), ("3分", 3), ("不满意。", 2), (" 1 ", 1)])
async def test_a_grade_is_taken_as_people_write_it(one: Bench, said: str, grade: int) -> None:
    await one.file()
    await one.hear()
    await one.say(said, "a")
    assert [rating["grade"] for rating in await one.ratings()] == [grade]


async def test_the_same_text_handed_over_again_is_one_rating_with_one_answer(one: Bench) -> None:
    await one.file()
    await one.hear()
    await one.work()
    answers = {await one.say("2", "a") for _ in range(3)}
    assert len(answers) == 1 and len(await one.ratings()) == 1
    assert (await one.say("3", "a"))[0] == 409, "another text under the same id"
    one.clock.now += timedelta(minutes=1)
    await one.work()
    assert [text for _, text in one.platform.sent if "评价已经记下" in text] == [], "answered already"


async def test_a_bare_number_after_the_question_was_answered_is_no_second_rating(one: Bench) -> None:
    await one.file()
    await one.hear()
    await one.say("2", "a")
    await one.say("1", "b")  # it was asked whether the matter is solved
    assert [(rating["grade"], rating.get("solved")) for rating in await one.ratings()] == [
        (2, None),
        (2, "yes"),
    ]


async def test_thanks_before_the_grade_do_no_harm(one: Bench) -> None:
    await one.file()
    await one.hear()
    one.clock.now += timedelta(hours=1)
    await one.say("说说", "a", mobile="13900000000")
    assert await one.ratings() == [], "somebody else's telephone"
    await one.say("5", "b", mobile="13900000000")
    assert await one.ratings() == []
    await one.say("5", "c")
    assert [rating["grade"] for rating in await one.ratings()] == [5]


async def test_after_a_week_a_bare_number_rates_nothing(one: Bench) -> None:
    await one.file()
    await one.hear()
    one.clock.now += timedelta(days=8)
    await one.say("5", "a")
    assert await one.ratings() == []


async def test_one_telephone_is_asked_one_question_at_a_time(one: Bench) -> None:
    other = a_number("SMSBBBBB")
    await one.file()
    await one.file(other)
    await one.hear()
    await one.hear(number=other)
    await one.work()
    asking = [text for _, text in one.platform.sent if "5很满意" in text]
    assert len(one.platform.sent) == 2 and len(asking) == 1 and NUMBER in asking[0]
    await one.say("5", "a")
    assert len(await one.ratings()) == 1 and await one.ratings(other) == []


async def test_a_text_says_nothing_of_the_matter_nor_of_anybody(one: Bench) -> None:
    await one.file()
    for sequence, name in enumerate(
        ("signed", "progressed", "reassigned", "extended", "replied", "reopened"), 1
    ):
        await one.hear(name, sequence=sequence)
    await one.work()
    said = [text for _, text in one.platform.sent]
    assert len(said) == 4, "what changes no date is not worth a text"
    assert not any(word in text for text in said for word in ("施工", "示例局", "示例甲", "QC7777"))


@pytest.mark.duty("KF-3-1d")
@pytest.mark.parametrize(
    "contact",
    [
        replace(ONE, confidential=True),
        replace(ONE, anonymous=True),
        replace(ONE, phone="0312-1234567"),
        Contact(name="示例甲"),
    ],
)
async def test_who_is_kept_back_or_left_no_mobile_number_gets_no_text(one: Bench, contact: Contact) -> None:
    await one.file(contact=contact)
    await one.hear()
    await one.work()
    assert one.platform.sent == [] and await one.kept("texts") == 0
    await one.say("5", "a")
    assert await one.ratings() == []


async def test_only_a_city_whose_text_names_text_messages_asks_by_them(migrated: str, tmp_path: Path) -> None:
    async with bench(migrated, tmp_path, SUQIAN) as one:
        await one.file()
        await one.hear()
        await one.work()
        ((_, text),) = one.platform.sent
        assert "有答复了" in text and "很满意" not in text
        await one.say("5", "a")
        assert await one.ratings() == []


async def test_without_a_platform_nothing_is_sent_and_nothing_is_taken(migrated: str, tmp_path: Path) -> None:
    async with bench(migrated, tmp_path, connected=False) as one:
        await one.file()
        await one.hear()
        await one.work()
        assert one.platform.sent == [] and await one.kept("texts") == 0
        answer = await one.browser.post(PATH, **signed({"id": "a", "from": MOBILE, "text": "5"}))
        assert answer.status == 404


async def test_who_can_be_pushed_to_by_their_own_channel_is_not_texted(one: Bench) -> None:
    await one.file()
    async with one.pool.acquire() as connection:
        await one.ledger.deliveries.open(connection, NUMBER, "wechat", path_to(MOBILE))
    await one.hear()
    assert await one.kept("texts") == 0
    one.clock.now += timedelta(days=400)  # the window has closed since
    await one.hear("reopened", sequence=2)
    assert await one.kept("texts") == 1


async def test_the_same_event_again_is_one_text(one: Bench) -> None:
    await one.file()
    assert [await one.hear() for _ in range(3)] == [True, False, False]
    for _ in range(3):
        await one.work()
    assert len(one.platform.sent) == len(one.platform.ids) == 1


async def test_a_platform_in_trouble_is_tried_again_under_the_same_id(one: Bench) -> None:
    await one.file()
    await one.hear()
    one.platform.faults = [503, 429]
    for _ in range(4):
        await one.work()
        one.clock.now += timedelta(minutes=6)
    assert len(one.platform.sent) == 1


async def test_a_worker_killed_between_sending_and_noting_sends_nothing_twice(one: Bench) -> None:
    await one.file()
    await one.hear()
    one.platform.hangs_up = True  # sent, and nobody here learns of it
    await one.work()
    await one.pool.execute("UPDATE deliveries SET leased_until = now() - interval '1 second'")
    one.clock.now += timedelta(minutes=6)
    await one.work()
    assert len(one.platform.sent) == 1
    assert len(one.platform.ids) == 2 and len(set(one.platform.ids)) == 1
    assert await one.kept("effects WHERE kind = 'replies' AND done_at IS NULL") == 0


async def test_a_number_that_takes_no_texts_bothers_nobody(one: Bench) -> None:
    await one.file()
    await one.hear()
    one.platform.faults = [410]
    await one.work()
    assert one.platform.sent == []
    assert await one.kept("effects WHERE gave_up_at IS NOT NULL") == 0
    assert await one.kept("deliveries WHERE kept_at IS NOT NULL") == 1


@pytest.mark.parametrize(
    ("status", "error"), [(500, PlatformBusyError), (401, PlatformRefusedError), (302, PlatformRefusedError)]
)
async def test_what_the_platform_answers_tells_whether_to_try_again(
    one: Bench, status: int, error: type[Exception]
) -> None:
    one.platform.faults = [status]
    with pytest.raises(error):
        await one.api.send(MOBILE, "您好", id="x")


async def test_what_nobody_signed_is_refused_and_leaves_nothing(one: Bench) -> None:
    said = {"id": "a", "from": MOBILE, "text": "5"}
    await one.file()
    await one.hear()
    before = await one.kept("messages")
    for post in (signed(said, key=KEY[::-1]), {"json": said}):
        assert (await one.browser.post(PATH, **post)).status == 403
    assert await one.kept("messages") == before and await one.ratings() == []


@pytest.mark.parametrize(
    "said",
    [b"[", {"id": "", "from": MOBILE, "text": "x"}, {"id": "a", "from": "0312-1234567", "text": "x"}, {"id": "a", "from": MOBILE},
     {"id": "a", "from": MOBILE, "text": " "}, ["a"]],
)  # fmt: skip
async def test_what_is_no_text_is_refused(one: Bench, said: Any) -> None:
    assert (await one.browser.post(PATH, **signed(said))).status == 422


async def test_danger_is_answered_at_once_and_what_is_not_a_grade_is_a_message_like_any_other(
    one: Bench,
) -> None:
    await one.file()
    await one.hear()
    _, answer = await one.say("我家着火了，人还在里面，示例路3号", "a")
    assert "119" in answer
    filed = await one.kept("tickets WHERE urgent")
    assert filed == 1
    assert await one.ratings() == []


async def test_an_answer_that_was_not_written_in_time_follows_as_a_text(one: Bench) -> None:
    message = InboundMessage(
        key="sms:13800000000:z", city="baoding", channel="sms", conversation="sms:p", sender="p",
        received_at=one.clock(), text="你好", reply_to=path_to(MOBILE),
    )  # fmt: skip
    await one.intake.receive(message, within=20)
    one.clock.now += timedelta(seconds=10)
    await one.work()
    assert [to for to, _ in one.platform.sent] == [MOBILE]


async def test_what_the_centre_says_of_a_ticket_that_came_by_text_goes_back_by_text(one: Bench) -> None:
    await one.say("你好", "a")
    row = await one.pool.fetchrow("SELECT conversation, sender FROM messages WHERE channel = 'sms'")
    one.clock.now += timedelta(days=1)
    assert row is not None
    await one.file(contact=Contact(), channel="sms")
    await one.pool.execute(
        "UPDATE tickets SET conversation = $1, sender = $2", row["conversation"], row["sender"]
    )
    await one.hear()
    await one.work()
    ((to, text),) = one.platform.sent
    assert to == MOBILE and "施工" not in text and NUMBER in text
    await one.say("4", "b")
    assert [rating["grade"] for rating in await one.ratings()] == [4]
