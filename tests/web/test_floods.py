"""Files beyond the limit of an address are refused before they are read; words never are."""

from tests.web.fake_app import FakeLimits
from tests.web.reading import Client


async def test_an_address_sends_so_many_files_and_then_waits(client: Client, limits: FakeLimits) -> None:
    made = await (await client.post("/api/chat/sessions", json={})).json()
    bearer = {"Authorization": f"Bearer {made['token']}"}
    statuses = [
        (await client.post("/api/chat/attachments", headers=bearer, data={"file": "x"})).status
        for _ in range(limits.most)
    ]
    assert 429 not in statuses
    refused = await client.post("/api/chat/attachments", headers=bearer, data={"file": "x"})
    told = await refused.json()
    assert refused.status == 429 and told["type"] == "urn:huying:problem:too-many-files"
    assert refused.headers["Retry-After"] == "900" and "15分钟" in told["title"]
    said = await client.post("/api/chat/messages", headers=bearer, json={"id": "a", "text": "着火了"})
    assert said.status in (200, 202)
