"""Readers on several replicas, over the real record and a real Redis: woken by notices, and by looking without them."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from redis.asyncio import Redis

from gateway import fanout
from gateway.app import running
from gateway.fanout import Following
from gateway.figures import Figures
from gateway.intake import Intake
from groundwork.database import Pool, open_pool
from tests.contract.test_intake import CLOCK, FIRE, PACK, VAULT, Bench, Finds, bench, message, told

pytestmark = pytest.mark.enable_socket
HERE = "webchat:s"


@pytest.fixture
async def pool(migrated: str) -> AsyncIterator[Pool]:
    async with open_pool(migrated) as pool:
        await pool.execute("TRUNCATE messages, conversations, replies CASCADE")
        yield pool


class Replica:
    """One gateway: what it knows of readers, and an intake that tells it."""

    def __init__(self, one: Bench, redis: Redis) -> None:
        self.following = Following(
            redis, one.ledger, city="_example", clock=CLOCK,
            digest=lambda conversation: VAULT.digest(conversation, purpose="notices"),
        )  # fmt: skip
        self.intake = Intake(one.ledger, one.spool, PACK, one.reads, Finds(), clock=CLOCK, figures=Figures(),
                             told=self.following.told)  # fmt: skip
        self.chores = (self.following.notify_for_ever(), self.following.listen_for_ever())


@contextmanager
def reading(replica: Replica, conversation: str) -> Iterator[asyncio.Event]:
    """Read ``conversation`` there; the event is set when something may have been said."""
    woken = asyncio.Event()
    with replica.following.follow(conversation, woken.set):
        yield woken


async def test_what_is_settled_on_one_replica_wakes_the_readers_of_all(
    pool: Pool, redis: Redis, tmp_path: Path
) -> None:
    one, other = (Replica(bench(pool, tmp_path), redis) for _ in range(2))
    async with running((*one.chores, *other.chores)), asyncio.timeout(5):
        with (
            reading(one, HERE) as here,
            reading(other, HERE) as there,
            reading(other, "webchat:t") as elsewhere,
        ):
            assert (one.following.readers, other.following.readers) == (1, 2)
            while other.following._alone:
                await asyncio.sleep(0.01)
            await one.intake.receive(message("1"), within=5)
            await asyncio.gather(here.wait(), there.wait())
            assert not elsewhere.is_set()
    assert (one.following.readers, other.following.readers) == (0, 0)


async def test_without_redis_readers_elsewhere_are_woken_by_looking(
    pool: Pool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fanout, "LOOK_EVERY_ALONE", 0.02)
    async with Redis.from_url(f"unix://{tmp_path}/none") as nowhere:
        one, other = (Replica(bench(pool, tmp_path), nowhere) for _ in range(2))
        chores = (*one.chores, *other.chores, other.following.look_for_ever())
        async with running(chores), asyncio.timeout(5):
            with reading(other, HERE) as there, reading(other, "webchat:t") as elsewhere:
                await one.intake.receive(message("1"), within=5)
                await there.wait()
                assert not elsewhere.is_set()


async def test_what_the_centre_tells_wakes_readers_here_at_once_and_elsewhere_by_looking(
    pool: Pool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fanout, "LOOK_EVERY_ALONE", 0.02)
    async with Redis.from_url(f"unix://{tmp_path}/none") as nowhere:
        one, other = (Replica(bench(pool, tmp_path), nowhere) for _ in range(2))
        note = (await one.intake.receive(message("1", FIRE), within=5)).replies[1].reply.ticket
        assert note is not None
        await pool.execute("UPDATE messages SET settled_at = '2026-01-01'")
        await pool.execute("UPDATE conversations SET updated_at = '2026-01-01'")
        chores = (*one.chores, *other.chores, other.following.look_for_ever())
        async with running(chores), asyncio.timeout(5):
            with reading(one, HERE) as here, reading(other, HERE) as there:
                await other.following.look()
                assert not there.is_set(), "nothing new"
                await one.intake.hear(told(note.number, 1, "signed"))
                assert here.is_set()
                await there.wait()


async def test_a_message_that_is_settled_late_is_told_behind_what_was_told_before_it(
    pool: Pool, redis: Redis, tmp_path: Path
) -> None:
    """Numbers of messages are drawn before they are seen: the first of two may be on record after the second."""
    one = Replica(bench(pool, tmp_path), redis)
    early = await one.intake._ledger.admit(message("early"))
    await pool.execute("UPDATE messages SET conversation = 'not yet' WHERE id = $1", early.id)
    await one.intake.receive(message("late"), within=5)
    [told] = await one.following.since(HERE, 0, limit=9)
    assert told.sent.in_reply_to == "late"
    await pool.execute("UPDATE messages SET conversation = $2 WHERE id = $1", early.id, HERE)
    await one.intake.settle(HERE)
    [rest] = await one.following.since(HERE, told.place, limit=9)
    assert (rest.sent.in_reply_to, rest.message.key) == ("early", "webchat:s:early")
    assert await one.following.place_of(HERE, told.sent.id) == told.place
    assert await one.following.place_of("webchat:t", told.sent.id) == 0
    assert await one.following.place_of(HERE, "no id") == 0
    assert await one.following.last_place(HERE) == rest.place
    for chore in one.chores:
        chore.close()
