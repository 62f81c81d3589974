"""What is owed reaches citizens by customer-service message: in order, once in effect, within what is allowed."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from channels.base import PlatformBusyError, PlatformRefusedError
from gateway.courier import UnderWayError
from gateway.store.deliveries import ANSWERED_WITHIN
from groundwork.outbox import Outbox
from tests.contract.pushed import VAULT, Pushed, pushed, said
from tests.wechat.platform import RESET

pytestmark = pytest.mark.enable_socket

SOON = timedelta(seconds=1)


@pytest.fixture
async def one(migrated: str, tmp_path: Path) -> AsyncIterator[Pushed]:
    async with pushed(migrated, tmp_path) as one:
        yield one


async def test_a_late_answer_follows_as_a_customer_service_message(one: Pushed) -> None:
    message = said(one.clock, "1")
    await one.receive(message)
    await one.courier().deliver(message.conversation)
    (text,) = one.sent()
    assert text.startswith("您好") and "1. 我要反映问题" in text
    await one.courier().deliver(message.conversation)
    assert len(one.sent()) == 1 and await one.count("done_at IS NOT NULL AND NOT answered") == 1


async def test_while_a_push_is_answered_the_courier_looks_again_later(one: Pushed) -> None:
    message = said(one.clock, "1")
    await one.receive(message)
    await one.lease(message)
    with pytest.raises(UnderWayError) as raised:
        await one.courier().deliver(message.conversation)
    assert raised.value.retryable and one.sent() == []


async def test_waiting_for_somebody_else_is_no_failure(one: Pushed) -> None:
    message = said(one.clock, "1")
    await one.receive(message)
    await one.lease(message)
    one.clock.now = message.received_at + ANSWERED_WITHIN
    outbox = Outbox(
        one.pool, VAULT, lambda _, body: one.courier().deliver(body["conversation"]), clock=one.clock
    )
    lane = f"citizen:{message.conversation}"
    for _ in range(5):
        assert await outbox.work(lane) == SOON
        one.clock.now += SOON
    assert await one.pool.fetchval("SELECT attempts FROM effects") == 0
    await one.let_leases_end()
    assert await outbox.work(lane) is None and len(one.sent()) == 1


async def test_holding_lengthens_the_lease_of_all_that_was_taken(one: Pushed) -> None:
    message = said(one.clock, "1", "问长的")
    await one.receive(message)
    await one.deliveries.take(message.conversation)
    left = "SELECT extract(epoch FROM leased_until - now()) FROM deliveries"
    await one.pool.execute("UPDATE deliveries SET leased_until = now() + interval '1 second'")
    assert await one.pool.fetchval(left) <= 1
    await one.deliveries.hold(message.conversation)
    assert await one.pool.fetchval(left) > 20


async def test_a_crash_between_lease_and_answer_loses_nothing(one: Pushed) -> None:
    message = said(one.clock, "1")
    await one.receive(message)
    await one.lease(message)  # and the process dies here
    await one.let_leases_end()
    await one.courier().deliver(message.conversation)
    assert len(one.sent()) == 1


async def test_two_workers_send_once(one: Pushed) -> None:
    message = said(one.clock, "1", "问长的")
    await one.receive(message)
    ends = await asyncio.gather(
        *(one.courier().deliver(message.conversation) for _ in range(2)), return_exceptions=True
    )
    assert [type(end) for end in ends if end is not None] in ([UnderWayError], [])
    assert len(one.sent()) == len(set(one.sent())) == 3


async def test_several_answers_go_in_order_and_only_the_newest_offers_a_choice(one: Pushed) -> None:
    messages = [said(one.clock, str(n), text) for n, text in enumerate(("你好", "问一", "你好"))]
    for message in messages:
        await one.receive(message)
    await one.courier().deliver(messages[0].conversation)
    first, second, third = one.sent()
    assert first.startswith("您好") and second.startswith("答。") and third.startswith("您好")
    assert ["1. " in text for text in (first, second, third)] == [False, False, True]


async def test_trouble_in_the_middle_goes_on_where_it_stopped(one: Pushed) -> None:
    message = said(one.clock, "1", "问长的")
    await one.receive(message)
    one.platform.faults["send"] = [0, RESET]
    with pytest.raises(PlatformBusyError):
        await one.courier().deliver(message.conversation)
    assert len(one.sent()) == 1
    await one.courier().deliver(message.conversation)
    assert len(one.sent()) == len(set(one.sent())) == 3


async def test_tries_that_fail_use_nothing_up(one: Pushed) -> None:
    message = said(one.clock, "1", quota=2)
    await one.receive(message)
    one.platform.faults["send"] = [-1, 502, RESET, 45009]
    for _ in range(4):
        with pytest.raises(PlatformBusyError):
            await one.courier().deliver(message.conversation)
    await one.courier().deliver(message.conversation)
    assert len(one.sent()) == 1


async def test_a_window_that_closed_keeps_the_answer_and_the_next_push_shows_it_first(one: Pushed) -> None:
    message = said(one.clock, "1", "问一")
    await one.receive(message)
    one.clock.now += timedelta(hours=49)
    await one.courier().deliver(message.conversation)
    assert one.sent() == [] and one.platform.asked.get("send") is None, "our own account says so"
    assert await one.count("kept_at IS NOT NULL AND done_at IS NULL") == 1
    later = said(one.clock, "2")
    await one.receive(later)
    kept, new = await one.lease(later)
    assert one.parts(kept)[0].startswith("答。") and one.parts(new)[0].startswith("您好")
    for parcel in (kept, new):
        await one.deliveries.sent(parcel, 1, whole=True)
    await one.courier().deliver(message.conversation)
    assert one.sent() == [] and await one.count("done_at IS NULL OR kept_at IS NOT NULL") == 0


async def test_what_was_kept_goes_with_the_next_customer_service_message_too(one: Pushed) -> None:
    message = said(one.clock, "1", "问一")
    await one.receive(message)
    one.clock.now += timedelta(hours=49)
    await one.courier().deliver(message.conversation)
    await one.receive(said(one.clock, "2"))
    await one.courier().deliver(message.conversation)
    assert [text[:2] for text in one.sent()] == ["答。", "您好"]


async def test_the_last_allowed_message_is_kept_for_the_outcome_of_a_ticket(one: Pushed) -> None:
    question = said(one.clock, "1", "问一", quota=1)
    await one.receive(question)
    await one.courier().deliver(question.conversation)
    assert one.sent() == [] and await one.count("kept_at IS NOT NULL") == 1
    one.clock.now += timedelta(seconds=5)
    fire = said(one.clock, "2", "我家楼下着火了", quota=1)
    await one.receive(fire)
    await one.courier().deliver(fire.conversation)
    (text,) = one.sent()
    assert text.startswith("马上离开，打119") and "单号" in text, (
        "it does not wait behind what may not be sent"
    )
    assert await one.count("done_at IS NULL AND kept_at IS NOT NULL") == 1


async def test_a_number_to_call_goes_before_older_answers(one: Pushed) -> None:
    await one.receive(said(one.clock, "1", "问一"))
    fire = said(one.clock, "2", "我家楼下着火了")
    await one.receive(fire)
    await one.courier().deliver(fire.conversation)
    assert [text[:2] for text in one.sent()] == ["马上", "答。"]


async def test_an_emergency_may_spend_the_last_message(one: Pushed) -> None:
    fire = said(one.clock, "1", "我家楼下着火了", quota=1)
    await one.receive(fire)
    await one.courier().deliver(fire.conversation)
    (text,) = one.sent()
    assert "119" in text.split("\n")[0] and "单号" in text


async def test_the_platform_s_word_on_the_count_overrules_ours(one: Pushed) -> None:
    message = said(one.clock, "1", quota=20)
    await one.receive(message)
    one.platform.faults["send"] = [45047]
    await one.courier().deliver(message.conversation)
    assert await one.count("kept_at IS NOT NULL") == 1
    await one.courier().deliver(message.conversation)
    assert one.sent() == [] and one.platform.asked["send"] == 1, "nothing is tried until they write again"


async def test_the_platform_s_word_on_the_window_overrules_ours(one: Pushed) -> None:
    message = said(one.clock, "1")
    await one.receive(message)
    one.platform.windows.clear()
    await one.courier().deliver(message.conversation)
    assert one.sent() == [] and await one.count("kept_at IS NOT NULL") == 1
    await one.receive(said(one.clock, "2"))
    await one.courier().deliver(message.conversation)
    assert len(one.sent()) == 2


async def test_who_left_is_not_written_to(one: Pushed) -> None:
    message = said(one.clock, "1")
    await one.receive(message)
    await one.deliveries.left(message.sender)
    await one.courier().deliver(message.conversation)
    assert one.platform.asked == {} and await one.count("kept_at IS NOT NULL") == 1


async def test_what_the_platform_never_takes_is_put_before_a_person_and_not_lost(one: Pushed) -> None:
    message = said(one.clock, "1")
    await one.receive(message)
    one.platform.faults["send"] = [48001]
    with pytest.raises(PlatformRefusedError):
        await one.courier().deliver(message.conversation)
    assert len(await one.lease(message)) == 1


async def test_what_the_platform_never_takes_holds_up_nothing_behind_it(one: Pushed) -> None:
    first, second = said(one.clock, "1", "问一"), said(one.clock, "2")
    await one.receive(first)
    await one.receive(second)
    one.platform.faults["send"] = [45002]
    with pytest.raises(PlatformRefusedError):
        await one.courier().deliver(first.conversation)
    (text,) = one.sent()
    assert text.startswith("您好")
    assert await one.count("kept_at IS NOT NULL AND done_at IS NULL") == 1


async def test_what_is_sent_is_counted_against_what_is_allowed(one: Pushed) -> None:
    for number in range(7):
        message = said(one.clock, str(number), "问一", quota=5)
        if number == 0:
            await one.receive(message)
        else:
            await one.intake.receive(message, within=20)
            # The clock stands still: no newer window opens, and the platform counts on.
        await one.courier().deliver(message.conversation)
    assert len(one.sent()) == 4, "five are allowed, and the last is kept"
    assert await one.count("kept_at IS NOT NULL") == 3
