"""A refusal that a person was asked to look at again is kept with what units made of it, for the screen to be measured by."""

import asyncio
import json
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from gateway.app import make_app
from gateway.bootstrap import Services, open_services
from gateway.refusals import judged, run
from gateway.store.refusals import reviewed
from hotline.events import Event
from tests.contract.test_dissuasions import settings_of
from tests.staffing import jar

pytestmark = pytest.mark.enable_socket

SAID = "法院判我输了，我不服，请你们让法院改判。我的电话13900000000"


async def talk(services: Services, client: Any, *said: str) -> str:
    token = (await (await client.post("/api/chat/sessions", json={})).json())["token"]
    kinds = []
    for text in said:
        body = {"id": uuid.uuid4().hex, "text": text}
        answer = await client.post(
            "/api/chat/messages", json=body, headers={"Authorization": f"Bearer {token}"}
        )
        kinds += [reply["kind"] for reply in (await answer.json())["replies"]]
    assert kinds[0] == "refusal"
    return str(await services.pool.fetchval("SELECT number FROM tickets ORDER BY filed_at DESC LIMIT 1"))


async def test_an_overruled_refusal_is_kept_with_its_rule_and_without_who_it_was(
    migrated: str, tmp_path: Path, aiohttp_client: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = settings_of("pingdingshan", migrated, tmp_path)
    async with open_services(settings) as services:
        await services.pool.execute("TRUNCATE messages, conversations CASCADE")
        client = await aiohttp_client(make_app(services), cookie_jar=jar())
        number = await talk(services, client, SAID, "请人工复核", "不用了", "不用了", "确认")
        (waits,) = await reviewed(services.pool, services.vault, city="pingdingshan")
        assert (waits.number, waits.taken_up) == (number, None)
        assert "13900000000" not in waits.text and "改判" in waits.text
        event = Event(id="a", source="/desk", name="signed", subject=number, sequence=1, at=datetime.now(UTC),
                      data={"unit": "信访局", "at": datetime.now(UTC).isoformat()})  # fmt: skip
        assert await services.tickets.take(event)
        (taken,) = await reviewed(services.pool, services.vault, city="pingdingshan")
        line = judged(taken, services.pack)
        assert (line["made"], line["today"]) == ("overruled", "refused")
        pack = services.pack
    assert await asyncio.to_thread(run, settings, pack, migrated) == 0
    out, err = capsys.readouterr()
    assert [json.loads(line)["number"] for line in out.splitlines()] == [number]
    assert "1 looked at again: 1 overruled (1 of them would be refused today), 0 upheld" in err
