"""Where the city's text has it recorded, an insult that was answered with dissuasion is on record; words and people are not."""

import uuid
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gateway.app import make_app
from gateway.bootstrap import open_services
from gateway.web.staff import PREFIX
from groundwork.settings import Settings
from staff.accounts import Role
from staff.guard import DOOR
from staff.pages import StaffDoor
from tests.dispatch import PASSWORD, settings_for
from tests.staffing import Visitor, jar

pytestmark = pytest.mark.enable_socket

SAID = ("废物", "滚", "白痴", "路灯坏了好几天没人修")


def settings_of(city: str, url: str, folder: Path) -> Settings:
    return replace(
        settings_for("", folder, city=city), database_url=url, public_url="http://127.0.0.1:8080",
        files_dir=folder / "files", redis_url=f"unix://{folder}/no-redis", rate_limits=False,
    )  # fmt: skip


@pytest.mark.duty("BD-14", "BD-40")
@pytest.mark.parametrize(("city", "recorded"), [("baoding", 2), ("suqian", 0)])
async def test_what_was_dissuaded_is_on_record_where_the_text_orders_it(
    city: str, recorded: int, migrated: str, tmp_path: Path, aiohttp_client: Any
) -> None:
    settings = settings_of(city, migrated, tmp_path)
    async with open_services(settings) as services:
        await services.pool.execute("TRUNCATE messages, conversations, staff_accounts, staff_tries CASCADE")
        client = await aiohttp_client(make_app(services), cookie_jar=jar())
        token = (await (await client.post("/api/chat/sessions", json={})).json())["token"]
        for text in SAID:
            body = {"id": uuid.uuid4().hex, "text": text}
            answer = await client.post(
                "/api/chat/messages", json=body, headers={"Authorization": f"Bearer {token}"}
            )
            assert answer.status == 200
        rows = await services.pool.fetch("SELECT * FROM dissuasions ORDER BY message_id")
        assert [row["misconduct"] for row in rows] == ["harassment"] * recorded
        door = client.app[DOOR]
        assert isinstance(door, StaffDoor)
        await door.accounts.add("anna", Role.DISPATCHER, PASSWORD)
        visitor = Visitor(client, at=PREFIX)
        await visitor.sign_in("anna", PASSWORD)
        status, page = await visitor.get("/ops/dissuasions")
        assert status == 200 and page.count("第四十条第三项") == recorded
        assert ('/ops/dissuasions"' in page) == (recorded > 0)
        assert ("没有要求记录" in page) == (recorded == 0)
        assert not any(text in page for text in SAID)
