"""Floods over the real stores: what waits, what is refused, and what never is."""

import asyncio
import signal
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from channels.base import Received
from gateway.figures import Figures
from gateway.front import Front
from gateway.gate import Gate
from gateway.limits import Limits
from gateway.localservers import StartedServer, Valkey
from gateway.store.tickets import Tickets
from gateway.web.floods import TooManyMessagesError
from groundwork.limits import LIMITS, Limit
from hotline.errors import StorageAwayError
from hotline.message import InboundMessage
from tests.contract.pushed import PACK, VAULT, Pushed, pushed, said
from tests.contract.test_letters import a_letter

pytestmark = pytest.mark.enable_socket
MOST = 3
FEW = {
    **LIMITS,
    "messages.person": Limit(times=MOST, seconds=300),
    "messages.address": Limit(times=2 * MOST, seconds=300),
    "letters.address": Limit(times=MOST, seconds=300),
    "phone": Limit(times=MOST, seconds=300),
}
FIRE, SMELL = "我家楼下着火了", "有一股烧焦的味道"
OFFICE = "203.0.113.7"


@dataclass
class Rig:
    """The one way in, with its gate."""

    pushed: Pushed
    front: Front

    def message(self, id: str, text: str = "你好", *, session: str = "s", **more: object) -> InboundMessage:
        return InboundMessage(
            key=f"webchat:{session}:{id}", city="_example", channel="webchat", conversation=f"webchat:{session}",
            sender=f"p{session}", received_at=self.pushed.clock(), text=text, **more,  # type: ignore[arg-type]
        )  # fmt: skip

    async def send(self, message: InboundMessage, origin: str | None = None) -> Received:
        return await self.front.receive(message, within=10, origin=origin)

    async def stored(self) -> int:
        return int(await self.pushed.pool.fetchval("SELECT count(*) FROM messages"))


def rig_on(one: Pushed, redis: Redis) -> Rig:
    limits = Limits(redis, Figures(), key=b"k" * 32, limits=FEW, on=True)
    tickets = Tickets(one.pool, VAULT, pack=PACK, clock=one.clock)
    return Rig(one, Front(one.intake, one.ledger, tickets, PACK, Gate(limits)))


@pytest.fixture
async def rig(migrated: str, tmp_path: Path, redis: Redis) -> AsyncIterator[Rig]:
    async with pushed(migrated, tmp_path) as one:
        yield rig_on(one, redis)


def kinds(received: Received) -> list[str]:
    return [each.reply.kind for each in received.replies]


async def test_a_flood_of_one_person_waits_and_nothing_of_it_is_stored(rig: Rig) -> None:
    sent = [rig.send(rig.message(str(n))) for n in range(10)]
    outcomes = await asyncio.gather(*sent, return_exceptions=True)
    refused = [each for each in outcomes if isinstance(each, TooManyMessagesError)]
    assert len(refused) == 10 - MOST and await rig.stored() == MOST
    assert all(0 < each.seconds <= 300 and each.status == 429 for each in refused)
    assert (await rig.send(rig.message("1", session="other"))).settled


async def test_an_emergency_in_a_flood_is_answered_and_so_is_what_follows_it(rig: Rig) -> None:
    """Sure or in doubt; the flood may be the person's own or come from the same address."""
    for n in range(2 * MOST):
        await rig.send(rig.message("1", session=f"flood{n}"), OFFICE)
    with pytest.raises(TooManyMessagesError):
        await rig.send(rig.message("1"), OFFICE)
    assert kinds(await rig.send(rig.message("2", FIRE), OFFICE))[0] == "emergency"
    asked = await rig.send(rig.message("1", SMELL, session="t"), OFFICE)
    question = asked.replies[0].reply
    assert question.kind == "clarify" and question.call is not None
    answered = await rig.send(rig.message("2", "", session="t", option=question.options[0].id), OFFICE)
    assert kinds(answered)[0] == "emergency"
    with pytest.raises(TooManyMessagesError):
        await rig.send(rig.message("1", session="u"), OFFICE)


async def test_an_emergency_passes_with_redis_away(migrated: str, tmp_path: Path) -> None:
    nowhere = Redis.from_url("redis://127.0.0.1:1", retry=Retry(NoBackoff(), 0))
    async with pushed(migrated, tmp_path) as one:
        rig = rig_on(one, nowhere)
        for n in range(MOST):
            await rig.send(rig.message(str(n)))
        with pytest.raises(TooManyMessagesError):
            await rig.send(rig.message("more"))
        assert kinds(await rig.send(rig.message("fire", FIRE)))[0] == "emergency"
    await nowhere.aclose()


async def test_a_redis_that_stands_still_holds_no_answer(
    rig: Rig, server: tuple[Valkey, StartedServer]
) -> None:
    """It is waited for once, by whoever comes first."""
    process = server[1].process
    process.send_signal(signal.SIGSTOP)
    try:
        async with asyncio.timeout(4):
            assert kinds(await rig.send(rig.message("fire", FIRE)))[0] == "emergency"
            assert (await rig.send(rig.message("1", session="other"))).settled
            assert (await rig.send(said(rig.pushed.clock, "1"))).settled
            assert (await rig.send(a_letter("a"), OFFICE)).letter is not None
    finally:
        process.send_signal(signal.SIGCONT)


async def test_letters_are_counted_by_address_and_by_the_number_to_call_back(rig: Rig) -> None:
    for n in range(MOST):
        assert (await rig.send(a_letter(f"a{n}"), f"198.51.100.{n}")).letter is not None
    with pytest.raises(TooManyMessagesError):
        await rig.send(a_letter("b"), "198.51.100.9")
    assert (await rig.send(a_letter("b", phone=""), "198.51.100.9")).letter is not None
    for n in range(MOST):
        await rig.send(a_letter(f"c{n}", phone=f"1390000001{n}"), OFFICE)
    with pytest.raises(TooManyMessagesError):
        await rig.send(a_letter("d", phone="13900000019"), OFFICE)
    assert kinds(await rig.send(a_letter("e", FIRE), OFFICE))[0] == "emergency"
    assert (await rig.send(a_letter("f"))).letter is not None, "this machine's own are not counted"


async def test_whoever_is_pushed_to_is_never_refused_told_once_and_answered_in_turn(rig: Rig) -> None:
    clock, pool = rig.pushed.clock, rig.pushed.pool
    for n in range(MOST):
        assert (await rig.send(said(clock, str(n)))).settled
    put_by = [await rig.send(said(clock, f"more{n}")) for n in range(4)]
    assert not any(each.settled for each in put_by)
    assert [bool(each.notice) for each in put_by] == [True, False, False, False]
    assert await rig.stored() == MOST + 4
    again = await rig.send(said(clock, "0"))
    assert again.settled and again.replies, "a retry of what was answered is answered the same"
    await pool.execute("UPDATE messages SET claimed_until = now() - interval '1 second'")
    assert await rig.pushed.intake.sweep() == 1
    assert await pool.fetchval("SELECT count(*) FROM messages WHERE settled_at IS NULL") == 0
    assert await rig.pushed.count("true") == MOST + 4, "every one of them is owed its answer"


async def test_an_emergency_pushed_in_a_flood_takes_what_waits_along(rig: Rig) -> None:
    clock = rig.pushed.clock
    for n in range(MOST + 2):
        await rig.send(said(clock, str(n)))
    assert kinds(await rig.send(said(clock, "fire", FIRE)))[0] == "emergency"
    assert await rig.pushed.pool.fetchval("SELECT count(*) FROM messages WHERE settled_at IS NULL") == 0


async def test_storage_away_in_a_flood_is_told_so_that_it_is_sent_again(
    tmp_path: Path, redis: Redis, migrated: str
) -> None:
    async with pushed(migrated, tmp_path) as one:
        rig = rig_on(one, redis)
        for n in range(MOST):
            await rig.send(said(one.clock, str(n)))
        await one.pool.close()
        with pytest.raises(StorageAwayError):
            await rig.send(said(one.clock, "more"))
