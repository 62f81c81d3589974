"""What the centre publishes of its work: kept as it came, the last word about each notice alone."""

import json
from collections.abc import Sequence

from groundwork.database import Pool, storage_errors
from hotline.notices import Notice
from hotline.records import from_record, to_record

MOST_SHOWN = 20
_PUT = (
    "INSERT INTO notices (city, id, sequence, at, withdrawn, body) VALUES ($1, $2, $3, $4, $5, $6)"
    " ON CONFLICT (city, id) DO UPDATE SET sequence = EXCLUDED.sequence, at = EXCLUDED.at, withdrawn = EXCLUDED.withdrawn,"
    " body = EXCLUDED.body WHERE notices.sequence < EXCLUDED.sequence"
)


class Notices:
    """The notices of one city; nothing in them is secret."""

    def __init__(self, pool: Pool, *, city: str) -> None:
        self._pool, self._city = pool, city

    async def put(self, notice: Notice) -> bool:
        """Keep a notice; ``False`` if this word about it, or a later one, is here already."""
        body = json.dumps(to_record(notice), ensure_ascii=False)
        async with storage_errors(), self._pool.acquire() as connection:
            done = await connection.execute(
                _PUT, self._city, notice.id, notice.sequence, notice.at, notice.withdrawn, body
            )
        return bool(done.endswith(" 1"))

    async def shown(self) -> Sequence[Notice]:
        """Return the notices that everybody may read, newest first; raises ``StorageAwayError``."""
        async with storage_errors(), self._pool.acquire() as connection:
            rows = await connection.fetch(
                "SELECT body FROM notices WHERE city = $1 AND NOT withdrawn ORDER BY at DESC, id LIMIT $2",
                self._city,
                MOST_SHOWN,
            )
        return [from_record(Notice, json.loads(row["body"])) for row in rows]
