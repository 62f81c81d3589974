"""A poll as a browser answers it: once, without a name, and only within its days."""

from typing import Any

import pytest
from aiohttp.test_utils import TestClient

Client = TestClient[Any, Any]
RIGHT = {"option": "2", "area": "示例区", "group": "学生"}


async def answer(client: Client, **form: str) -> tuple[int, str]:
    origin = str(client.make_url("/")).rstrip("/")
    told = await client.post("/polls/1", data=form, headers={"Origin": origin}, allow_redirects=False)
    return told.status, told.headers.get("Location") or await told.text()


@pytest.mark.duty("PDS-21")
async def test_a_browser_answers_once_and_is_told_what_it_left_out(client: Client) -> None:
    for left_out, words in (
        ("option", "请选一个回答"),
        ("area", "请选您在哪里"),
        ("group", "请选您是哪一类人"),
    ):
        status, page = await answer(client, **(RIGHT | {left_out: "x"}))
        assert status == 422 and words in page
    assert await answer(client, **RIGHT) == (303, "/polls/1?done=yes")
    assert await answer(client, **(RIGHT | {"option": "0"})) == (303, "/polls/1?done=again")
    assert (await client.get("/polls/2")).status == 404
