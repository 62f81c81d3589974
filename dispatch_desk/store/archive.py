"""Closed cases that wait for the archive, those that were archived, and where an instructed one stands in its day."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from dispatch_desk.store.cases import opened
from dispatch_desk.store.following import Followed
from dispatch_desk.store.steps import of_cases
from groundwork.database import Connection
from groundwork.vault import Vault
from hotline.casework import Step

_WAITING = """
SELECT c.number, c.record FROM cases c JOIN (
    SELECT number, max(at) AS at FROM case_steps WHERE step = 'close' AND at >= $1 AND at < $2 GROUP BY number
) s USING (number)
WHERE c.state = 'closed' AND NOT EXISTS (
    SELECT FROM case_steps k WHERE k.number = c.number AND k.step = 'archive' AND k.at >= s.at)
ORDER BY s.at, c.number LIMIT $3
"""
_KEPT = """
SELECT c.number, c.record FROM cases c JOIN (
    SELECT number, max(at) AS at FROM case_steps WHERE step = 'archive' AND at >= $1 AND at < $2 GROUP BY number
) s USING (number) ORDER BY s.at, c.number LIMIT $3
"""
_PLACE = """
SELECT count(*) FROM case_steps WHERE step = $1 AND said @> $2 AND id <= (
    SELECT max(id) FROM case_steps WHERE number = $3 AND step = $1 AND said @> $2)
"""


async def waiting(
    connection: Connection, vault: Vault, *, first: datetime, until: datetime, limit: int
) -> Followed:
    """Return the cases closed from ``first`` to before ``until`` and not archived since, the first closed on top; people are masked."""
    return await _with_steps(connection, vault, await connection.fetch(_WAITING, first, until, limit))


async def kept(
    connection: Connection, vault: Vault, *, first: datetime, until: datetime, limit: int
) -> Followed:
    """Return the cases archived from ``first`` to before ``until``, in the order in which that was done."""
    return await _with_steps(connection, vault, await connection.fetch(_KEPT, first, until, limit))


async def place_of(connection: Connection, number: str, codes: Sequence[str]) -> int:
    """Return which one of the instructions with those ``codes`` the case's is, in the order in which they were recorded."""
    return int(await connection.fetchval(_PLACE, Step.INSTRUCT.value, list(codes), number))


async def _with_steps(connection: Connection, vault: Vault, rows: Sequence[Any]) -> Followed:
    found = [opened(vault, row["number"], row["record"], known=False) for row in rows]
    taken = await of_cases(connection, vault, [case.number for case in found])
    return [(case, taken.get(case.number, ())) for case in found]
