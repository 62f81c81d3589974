"""Where the text has staff see it, a ticket says how often its petitioner came before: numbers, nobody's name."""

from pathlib import Path
from typing import Any

import pytest
from aiohttp import FormData

from gateway.app import make_app
from gateway.bootstrap import open_services
from groundwork.contract import findings
from groundwork.identities import open_record
from groundwork.outbox import PURPOSE
from tests.contract.test_dissuasions import settings_of
from tests.staffing import jar

pytestmark = pytest.mark.enable_socket

LETTERS = (
    ("阳光小区门口的路灯坏了三天。", {"phone": "13900000001"}),
    ("楼下饭店油烟很大，窗户都不敢开。", {"phone": "13900000001"}),
    ("小区电梯一直在晃。", {"phone": "13900000001", "confidential": "true"}),
    ("公交站牌倒了没人扶。", {"phone": "13900000002"}),
    ("人行道地砖碎了一片。", {"phone": "13900000001"}),
)


@pytest.mark.duty("XA-1b")
@pytest.mark.parametrize(("city", "told"), [("xian", [0, 1, None, 0, 2]), ("suqian", [None] * 5)])
async def test_a_ticket_tells_how_often_its_petitioner_came_before(
    city: str, told: list[int | None], migrated: str, tmp_path: Path, aiohttp_client: Any
) -> None:
    async with open_services(settings_of(city, migrated, tmp_path)) as services:
        await services.pool.execute("TRUNCATE messages, conversations, tickets, letters, effects CASCADE")
        client = await aiohttp_client(make_app(services), cookie_jar=jar())
        for place, (body, contact) in enumerate(LETTERS):
            form = FormData(default_to_multipart=True)
            for name, value in {"subject": "反映", "body": body, "kind": "complaint", **contact}.items():
                form.add_field(name, value)
            answer = await client.post(
                "/api/mailbox/letters", data=form, headers={"Idempotency-Key": f"{place:020d}"}
            )
            assert answer.status == 201, await answer.text()
        rows = await services.pool.fetch("SELECT body FROM effects WHERE kind = 'event' ORDER BY id")
        bodies = [open_record(services.vault, row["body"], purpose=PURPOSE, known=True) for row in rows]
        said = [body["data"] for body in bodies if body["name"] == "filed"]
        assert [findings("filed", data) for data in said] == [[]] * len(LETTERS)
        numbers = [data.get("petitioner") for data in said]
        assert [one and one["earlier"] for one in numbers] == told
        assert [one and one["open"] for one in numbers] == told, "nothing is closed yet"
