"""``huying doctor`` on real databases."""

import pytest

from gateway.doctor import look
from gateway.supervisor import free_port
from groundwork.database import open_pool
from groundwork.settings import Settings

pytestmark = pytest.mark.enable_socket
NOWHERE = "postgresql://nobody@127.0.0.1:1/none"


async def test_a_database_is_found_away_unlike_this_version_or_with_debts_given_up(migrated: str) -> None:
    port = free_port()
    settings = Settings(port=port)
    silent = f"gateway: does not answer at http://127.0.0.1:{port}"
    assert await look(settings, {"gateway": NOWHERE}) == [
        "gateway: its database cannot be used (ConnectionRefusedError); look at its log and address", silent,
    ]  # fmt: skip
    async with open_pool(migrated, size=1) as pool:
        await pool.execute("TRUNCATE effects")
        assert await look(settings, {"gateway": migrated}) == [silent]
        await pool.execute(
            "INSERT INTO effects (key_digest, lane, kind, body, owed_at, gave_up_at) VALUES ('x', 'l', 'event', 'b', now(), now())"
        )
        (given_up, _) = await look(settings, {"gateway": migrated})
        await pool.execute("TRUNCATE effects")
    assert given_up == "gateway: 1 owed effects were given up; see its command effects"
    (other, *_) = await look(settings, {"desk": migrated})
    assert other == "desk: its database is not of this version; run migrate of that program"
