"""Wakes whoever reads a conversation when something was said in it, on whichever replica it was settled.

PostgreSQL holds what was said and its order; Redis carries nothing but the notice that a conversation moved, and a
look into the record makes up for every notice that is lost.
"""

import asyncio
import logging
from collections.abc import Callable
from datetime import timedelta

from redis.asyncio import Redis
from redis.exceptions import RedisError

from channels.base import Uttered
from gateway.front import sent_of
from gateway.store.ledger import Ledger, PlacedReply
from groundwork.clock import Clock
from hotline.errors import StorageAwayError

log = logging.getLogger(__name__)

LOOK_EVERY, LOOK_EVERY_ALONE = 15.0, 1.0  #: seconds between two looks into the record, with Redis and without
LOOK_BACK = timedelta(seconds=30)  #: how long settling may last, and how far clocks of replicas may differ
LISTEN_FOR = 5.0  #: seconds of one wait for notices
MOST_OWED = 10_000  #: notices kept for Redis; those beyond are found by looking


class Reading:
    """One reader of a conversation while the body of its ``with`` runs; thousands do at once, each for hours."""

    __slots__ = ("_conversation", "_following", "_wake")

    def __init__(self, following: "Following", conversation: str, wake: Callable[[], None]) -> None:
        self._following, self._conversation, self._wake = following, conversation, wake

    def __enter__(self) -> None:
        self._following.begin(self._conversation, self._wake)

    def __exit__(self, *error: object) -> None:
        self._following.end(self._conversation, self._wake)


class Following:
    """Knows who reads which conversation here, and passes notices between the replicas of a city."""

    def __init__(
        self, redis: Redis, ledger: Ledger, *, city: str, digest: Callable[[str], bytes], clock: Clock
    ) -> None:
        self._redis, self._ledger, self._digest, self._clock = redis, ledger, digest, clock
        self._channel = f"said:{city}"
        self._readers: dict[
            str, tuple[Callable[[], None], ...]
        ] = {}  #: mostly one: a set takes four times the memory
        self._by_digest: dict[bytes, str] = {}
        self._owed: set[bytes] = set()
        self._owes = asyncio.Event()
        self._alone = True  #: whether no notices come from other replicas
        self._looked = clock() - LOOK_BACK

    @property
    def readers(self) -> int:
        """Return how many read here."""
        return sum(map(len, self._readers.values()))

    def follow(self, conversation: str, wake: Callable[[], None]) -> "Reading":
        """Call ``wake`` whenever something may have been said in ``conversation``, for as long as the body runs."""
        return Reading(self, conversation, wake)

    def begin(self, conversation: str, wake: Callable[[], None]) -> None:
        """Add a reader; ``follow`` does."""
        self._readers[conversation] = (*self._readers.get(conversation, ()), wake)
        self._by_digest[self._name(conversation)] = conversation

    def end(self, conversation: str, wake: Callable[[], None]) -> None:
        """Take a reader away."""
        left = list(self._readers.pop(conversation))
        left.remove(wake)
        if left:
            self._readers[conversation] = tuple(left)
        else:
            del self._by_digest[self._name(conversation)]

    def told(self, conversation: str) -> None:
        """Wake the readers of ``conversation`` here and on the other replicas; waits for nothing."""
        self._wake(conversation)
        if len(self._owed) < MOST_OWED:
            self._owed.add(self._name(conversation))
            self._owes.set()

    async def place_of(self, conversation: str, reply: str) -> int:
        """Return the place of a reply, 0 for one that is not on record there."""
        return await self._ledger.place_of(conversation, reply)

    async def last_place(self, conversation: str) -> int:
        """Return the place of the last reply, 0 before the first."""
        return await self._ledger.last_place(conversation)

    async def since(self, conversation: str, place: int, *, limit: int) -> tuple[Uttered, ...]:
        """Return the first ``limit`` replies behind ``place``, in order."""
        return tuple(map(_uttered, await self._ledger.since(conversation, place, limit=limit)))

    async def notify_for_ever(self) -> None:
        """Pass on what is owed to the other replicas; what Redis does not take is found by looking."""
        while True:
            await self._owes.wait()
            self._owes.clear()
            owed, self._owed = self._owed, set()
            try:
                async with self._redis.pipeline(transaction=False) as pipe:
                    for name in owed:
                        pipe.publish(self._channel, name)
                    await pipe.execute()
            except (RedisError, OSError, TimeoutError):
                log.debug("notices.lost", extra={"count": len(owed)})
                await asyncio.sleep(LOOK_EVERY_ALONE)

    async def listen_for_ever(self) -> None:
        """Wake readers by the notices of other replicas; Redis being away is no news, looking goes on."""
        while True:
            try:
                async with self._redis.pubsub(ignore_subscribe_messages=True) as notices:
                    await notices.subscribe(self._channel)
                    self._alone = False
                    while True:
                        notice = await notices.get_message(timeout=LISTEN_FOR)
                        if notice is not None and (conversation := self._by_digest.get(notice["data"])):
                            self._wake(conversation)
            except (RedisError, OSError, TimeoutError):
                if not self._alone:
                    log.warning("notices.away")
                self._alone = True
            await asyncio.sleep(LOOK_EVERY_ALONE)

    async def look_for_ever(self) -> None:
        """Wake readers by what the record says was settled; often while no notices come."""
        while True:
            for _ in range(round(LOOK_EVERY / LOOK_EVERY_ALONE)):
                await asyncio.sleep(LOOK_EVERY_ALONE)
                if self._alone:
                    break
            try:
                await self.look()
            except StorageAwayError:
                pass
            except Exception as error:  # noqa: BLE001 — looking outlives whatever one look does
                log.error("notices.failed", extra={"error_type": type(error).__name__})

    async def look(self) -> None:
        """Wake the readers of every conversation in which something was settled since the last look."""
        began = self._clock()
        if self._readers:
            for conversation in await self._ledger.settled_since(
                tuple(self._readers), self._looked - LOOK_BACK
            ):
                self._wake(conversation)
        self._looked = began

    def _wake(self, conversation: str) -> None:
        for wake in self._readers.get(conversation, ()):
            wake()

    def _name(self, conversation: str) -> bytes:
        return self._digest(conversation)[:16]


def _uttered(placed: PlacedReply) -> Uttered:
    return Uttered(place=placed.place, message=placed.message, sent=sent_of(placed.reply))
