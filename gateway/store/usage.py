"""How often articles answered, what people thought of them and what was asked in vain, day by day."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from groundwork.clock import Clock
from groundwork.database import Pool, storage_errors
from hotline.calendar import CITY_TIME

_DAYS = """
SELECT d.day::date AS day, coalesce(u.answered, 0) AS answered, coalesce(u.solved, 0) AS solved,
    coalesce(u.unsolved, 0) AS unsolved, coalesce(v.in_vain, 0) AS in_vain
FROM generate_series($2::date, $3::date, '1 day') AS d (day)
LEFT JOIN (
    SELECT day, sum(answered)::int AS answered, sum(solved)::int AS solved, sum(unsolved)::int AS unsolved
    FROM article_uses WHERE day >= $2 AND article_id IN (SELECT id FROM articles WHERE city = $1) GROUP BY day
) u ON u.day = d.day
LEFT JOIN (
    SELECT (at AT TIME ZONE $4::interval)::date AS day, count(*)::int AS in_vain
    FROM unanswered_questions WHERE city = $1 AND at >= $2::timestamp AT TIME ZONE $4::interval GROUP BY 1
) v ON v.day = d.day
ORDER BY d.day
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class UsedDay:
    """One day of the city's calendar."""

    day: date
    answered: int  #: times that an article was the answer
    solved: int  #: people who said that it helped
    unsolved: int  #: people who said that it did not
    in_vain: int  #: questions in conversations that nothing answered, whatever became of them since


class Usage:
    """The use of one city's articles."""

    def __init__(self, pool: Pool, *, city: str, clock: Clock) -> None:
        self._pool, self._city, self._clock = pool, city, clock

    async def days(self, count: int) -> Sequence[UsedDay]:
        """Return the last ``count`` days, today the last of them; days without anything are there too."""
        today = self._clock().astimezone(CITY_TIME).date()
        since = today - timedelta(days=count - 1)
        async with storage_errors(), self._pool.acquire() as connection:
            rows = await connection.fetch(_DAYS, self._city, since, today, CITY_TIME.utcoffset(None))
        return [UsedDay(**dict(row)) for row in rows]
