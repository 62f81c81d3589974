"""Polls and their answers: what is asked is public, who answered is a digest that only tells one browser from another."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from groundwork.audit import Action, Audit, Author
from groundwork.database import Pool, storage_errors
from hotline.polls import Answer, Poll
from hotline.records import from_record, to_record

MOST_SHOWN = 50


class Polls:
    """The polls of one city."""

    def __init__(self, pool: Pool, audit: Audit, *, city: str) -> None:
        self._pool, self._audit, self._city = pool, audit, city

    async def add(self, poll: Poll, *, by: Author, at: datetime) -> int:
        """Put a poll on record; return its id."""
        body = json.dumps(to_record(poll), ensure_ascii=False)
        async with storage_errors(), self._pool.acquire() as connection, connection.transaction():
            id = int(
                await connection.fetchval(
                    "INSERT INTO polls (city, first, last, at, account_id, body) VALUES ($1, $2, $3, $4, $5, $6) RETURNING id",
                    self._city, poll.first, poll.last, at, by.account_id, body,
                )
            )  # fmt: skip
            await self._audit.note(connection, Action.POLL_BEGUN, "poll", str(id), by=by)
        return id

    async def listed(self) -> Sequence[Poll]:
        """Return the latest polls, newest first; raises ``StorageAwayError``."""
        async with storage_errors(), self._pool.acquire() as connection:
            rows = await connection.fetch(
                "SELECT id, body FROM polls WHERE city = $1 ORDER BY id DESC LIMIT $2", self._city, MOST_SHOWN
            )
        return [_poll(row) for row in rows]

    async def find(self, id: int) -> Poll | None:
        """Return the poll with that id."""
        async with storage_errors(), self._pool.acquire() as connection:
            row = await connection.fetchrow(
                "SELECT id, body FROM polls WHERE city = $1 AND id = $2", self._city, id
            )
        return None if row is None else _poll(row)

    async def answer(self, id: int, answer: Answer, *, voter: bytes) -> bool:
        """Count an answer; ``False`` if this browser's was counted before."""
        async with storage_errors(), self._pool.acquire() as connection:
            done = await connection.execute(
                "INSERT INTO poll_answers (poll, voter, option, area, people, day) VALUES ($1, $2, $3, $4, $5, $6)"
                " ON CONFLICT DO NOTHING",
                id, voter, answer.option, answer.area, answer.group, answer.day,
            )  # fmt: skip
        return bool(done.endswith(" 1"))

    async def answers(self, id: int) -> Mapping[Answer, int]:
        """Return the answers that came in, each with how often."""
        async with storage_errors(), self._pool.acquire() as connection:
            rows = await connection.fetch(
                "SELECT option, area, people, day, count(*) AS number FROM poll_answers WHERE poll = $1"
                " GROUP BY option, area, people, day",
                id,
            )
        return {
            Answer(option=row["option"], area=row["area"], group=row["people"], day=row["day"]): row["number"]
            for row in rows
        }


def _poll(row: Any) -> Poll:
    return from_record(Poll, {**json.loads(row["body"]), "id": row["id"]})
