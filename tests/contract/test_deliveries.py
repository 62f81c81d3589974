"""Replies that are pushed, over the real database: leased to one, noted when written, never lost, never doubled."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.store.deliveries import ANSWERED_WITHIN
from tests.contract.pushed import VAULT, Pushed, pushed, said

pytestmark = pytest.mark.enable_socket


@pytest.fixture
async def one(migrated: str, tmp_path: Path) -> AsyncIterator[Pushed]:
    async with pushed(migrated, tmp_path) as one:
        yield one


async def test_what_was_said_in_answer_to_the_push_is_not_sent_again(one: Pushed) -> None:
    message = said(one.clock, "1")
    await one.receive(message)
    (parcel,) = await one.lease(message)
    await one.deliveries.sent(parcel, 1, whole=True)
    await one.courier().deliver(message.conversation)
    assert one.sent() == [] and await one.count("done_at IS NOT NULL AND answered") == 1


async def test_the_replies_are_owed_but_not_before_the_push_may_be_answered(one: Pushed) -> None:
    message = said(one.clock, "1")
    await one.receive(message)
    row = await one.pool.fetchrow("SELECT kind, lane, next_at FROM effects")
    assert row is not None and row["kind"] == "replies"
    assert row["lane"] == f"citizen:{message.conversation}"
    assert row["next_at"] == message.received_at + ANSWERED_WITHIN


async def test_a_message_that_is_pushed_three_times_is_one_and_its_answer_is_one(one: Pushed) -> None:
    message = said(one.clock, "1")
    replies = {(await one.receive(message)).replies for _ in range(3)}
    assert len(replies) == 1
    assert await one.pool.fetchval("SELECT count(*) FROM messages") == 1
    assert await one.pool.fetchval("SELECT count(*) FROM effects") == 1
    assert await one.count("true") == 1


async def test_fifteen_senders_with_one_id_are_fifteen_messages(one: Pushed) -> None:
    messages = [said(one.clock, "1", openid=f"o{n}") for n in range(15)]
    await asyncio.gather(*(one.receive(message) for message in messages))
    assert await one.pool.fetchval("SELECT count(DISTINCT conversation) FROM messages") == 15


async def test_a_lease_is_one_handler_s(one: Pushed) -> None:
    message = said(one.clock, "1")
    await one.receive(message)
    leases = await asyncio.gather(*(one.lease(message) for _ in range(5)))
    assert sorted(len(lease) for lease in leases) == [0, 0, 0, 0, 1]


async def test_nothing_overtakes_what_somebody_else_is_sending(one: Pushed) -> None:
    first, second = said(one.clock, "1"), said(one.clock, "2")
    await one.receive(first)
    ((parcel,), busy) = await one.deliveries.take(first.conversation)
    assert not busy
    await one.receive(second)
    assert await one.lease(second) == (), "the first answer is on its way"
    await one.deliveries.arrived(parcel, 1, whole=True)
    assert [each.id > parcel.id for each in await one.lease(second)] == [True]


async def test_an_answered_push_leaves_nothing_for_the_worker(one: Pushed) -> None:
    first, second = said(one.clock, "1"), said(one.clock, "2")
    owed = "SELECT count(*) FROM effects WHERE done_at IS NULL"
    await one.receive(first)
    await one.receive(second)
    older, newer = await one.lease(second)
    await one.deliveries.sent(older, 1, whole=True)
    assert await one.pool.fetchval(owed) == 2, "the newer one may still need it"
    await one.deliveries.sent(newer, 1, whole=True)
    assert await one.pool.fetchval(owed) == 0


async def test_a_push_that_comes_again_waits_for_nobody(one: Pushed) -> None:
    first, second = said(one.clock, "1"), said(one.clock, "2")
    await one.receive(first)
    await one.receive(second)
    for parcel in await one.lease(second):
        await one.deliveries.sent(parcel, 1, whole=True)
    third = said(one.clock, "3")
    await one.receive(third)
    assert len(await one.lease(third)) == 1
    assert [each.id for each in await one.lease(second)] == [parcel.id]


async def test_a_handler_that_died_lets_go(one: Pushed) -> None:
    message = said(one.clock, "1")
    await one.receive(message)
    await one.lease(message)
    assert await one.lease(message) == ()
    await one.let_leases_end()
    assert len(await one.lease(message)) == 1


async def test_an_answer_that_could_not_be_written_is_let_go_at_once(one: Pushed) -> None:
    message = said(one.clock, "1")
    await one.receive(message)
    await one.deliveries.release(await one.lease(message))
    assert len(await one.lease(message)) == 1


async def test_a_push_that_comes_again_is_answered_again(one: Pushed) -> None:
    message = said(one.clock, "1", "问长的")
    await one.receive(message)
    (parcel,) = await one.lease(message)
    await one.deliveries.sent(parcel, 1, whole=False)
    (again,) = await one.lease(message)
    assert (again.id, again.parts_sent) == (parcel.id, 0), "the platform did not get it: from the start"
    await one.deliveries.sent(again, 1, whole=False)
    await one.courier().deliver(message.conversation)
    assert one.sent() == list(one.parts(parcel)[1:]), "what the answer had no room for follows"
    (once_more,) = await one.lease(message)
    assert once_more.id == parcel.id


async def test_an_answer_that_did_not_arrive_twice_is_owed_again(one: Pushed) -> None:
    message = said(one.clock, "1")
    await one.receive(message)
    (parcel,) = await one.lease(message)
    await one.deliveries.sent(parcel, 1, whole=True)
    (again,) = await one.lease(message)
    assert again.again and not parcel.again
    await one.deliveries.release([again])
    assert await one.pool.fetchval("SELECT count(*) FROM effects") == 2
    assert len(await one.lease(message)) == 1, "the third push may be answered"
    await one.let_leases_end()
    await one.courier().deliver(message.conversation)
    assert len(one.sent()) == 1


async def test_what_found_no_room_goes_on_where_it_stopped(one: Pushed) -> None:
    first = said(one.clock, "1", "问长的")
    await one.receive(first)
    (parcel,) = await one.lease(first)
    await one.deliveries.sent(parcel, 1, whole=False)
    ((rest,), _) = await one.deliveries.take(first.conversation)
    await one.deliveries.release([rest])
    await one.courier().deliver(first.conversation)
    assert one.sent() == list(one.parts(parcel)[1:])


async def test_what_the_courier_sent_is_not_said_again(one: Pushed) -> None:
    message = said(one.clock, "1")
    await one.receive(message)
    await one.courier().deliver(message.conversation)
    assert await one.lease(message) == ()


async def test_what_newer_replies_overtook_offers_nothing_any_more(one: Pushed) -> None:
    first, second = said(one.clock, "1"), said(one.clock, "2")
    await one.receive(first)
    (alone,) = await one.lease(first)
    assert alone.replies[0].reply.options
    await one.deliveries.sent(alone, 1, whole=True)
    await one.receive(second)
    older, newest = await one.lease(first)
    assert (older.id, older.replies[0].reply.options) == (alone.id, ())
    assert newest.replies[0].reply.options


async def test_a_parcel_whose_parts_change_is_said_from_the_start(one: Pushed) -> None:
    first, second = said(one.clock, "1", "问长的"), said(one.clock, "2")
    await one.receive(first)
    (parcel,) = await one.lease(first)
    await one.deliveries.sent(parcel, 1, whole=False)
    await one.receive(second)
    older, _ = await one.lease(second)
    assert (older.id, older.parts_sent) == (parcel.id, 0)


async def test_conversations_do_not_see_each_other_s_parcels(one: Pushed) -> None:
    mine, yours = said(one.clock, "1"), said(one.clock, "1", openid="oB")
    await one.receive(mine)
    await one.receive(yours)
    (parcel,) = await one.lease(mine)
    assert [sent.in_reply_to for sent in parcel.replies] == [""]
    (other,) = await one.lease(yours)
    assert other.id != parcel.id


async def test_addresses_lie_sealed(one: Pushed) -> None:
    await one.receive(said(one.clock, "1", openid="oSecretOpenid"))
    for table in ("recipients", "deliveries", "messages", "effects", "conversations"):
        dumped = await one.pool.fetchval(f"SELECT string_agg(t::text, '') FROM {table} t")
        plain, as_hex = "oSecretOpenid", b"oSecretOpenid".hex()
        assert plain not in dumped and as_hex not in dumped, table
    row = await one.pool.fetchrow("SELECT address FROM recipients")
    assert row is not None and VAULT.open(row["address"], purpose="recipients.address") == b"oSecretOpenid"


async def test_who_left_and_writes_again_may_be_written_to_again(one: Pushed) -> None:
    message = said(one.clock, "1")
    await one.receive(message)
    await one.deliveries.left(message.sender)
    assert not await one.deliveries.spend(message.sender, important=True)
    one.clock.now += timedelta(hours=1)
    await one.receive(said(one.clock, "2"))
    assert await one.deliveries.spend(message.sender, important=True)


async def test_somebody_unknown_may_leave(one: Pushed) -> None:
    await one.deliveries.left("nobody")
    assert await one.pool.fetchval("SELECT count(*) FROM recipients") == 0
