"""What citizens are told about their data: the city's sentences with their articles, and what holds of this program."""

from dataclasses import replace
from pathlib import Path

import pytest
from pytest_aiohttp.plugin import AiohttpClient

from channels.testing import RecordingCore
from cities.loading import city_codes, load_book
from gateway.web.promises import newest
from gateway.web.rendering import law
from tests.web.fake_app import NOW, PACK, fake_app, fake_assets
from tests.web.reading import Client, Page


@pytest.mark.parametrize("code", city_codes())
async def test_every_sentence_of_the_city_is_told_with_its_article(
    aiohttp_client: AiohttpClient, tmp_path: Path, code: str
) -> None:
    pack = newest(load_book(code))
    client = await aiohttp_client(fake_app(fake_assets(tmp_path), pack=pack))
    page = Page(await (await client.get("/privacy")).text())
    assert pack.privacy
    for rule in pack.privacy:
        assert rule.says in page.words and f"依据：{law(rule.citation)}" in page.words
    assert ("还有举报的" in page.words) == pack.seals("report")


async def test_what_is_not_decided_is_said_to_be_open(client: Client) -> None:
    words = Page(await (await client.get("/privacy")).text()).words
    assert "存多久，还没有定" in words and "多久办好，还没有定" in words


@pytest.mark.parametrize(
    ("settings", "told"),
    [({}, "我们不发短信"), ({"sms_url": "https://texts.example/"}, "短信里只有单号和网址")],
)
async def test_whether_anybody_is_texted_is_told(
    aiohttp_client: AiohttpClient, tmp_path: Path, settings: dict[str, str], told: str
) -> None:
    parts = RecordingCore(now=NOW).parts(settings)
    client = await aiohttp_client(fake_app(fake_assets(tmp_path), parts=parts))
    assert told in Page(await (await client.get("/privacy")).text()).words


@pytest.mark.parametrize("place", ["/", "/chat", "/mailbox", "/progress", "/kb/public"])
async def test_every_page_leads_to_it(client: Client, place: str) -> None:
    page = Page(await (await client.get(place)).text())
    assert "/privacy" in [attrs.get("href") for attrs in page.found("a")]


async def test_a_city_that_promises_nothing_has_no_empty_section(
    aiohttp_client: AiohttpClient, tmp_path: Path
) -> None:
    client = await aiohttp_client(fake_app(fake_assets(tmp_path), pack=replace(PACK, privacy=())))
    page = Page(await (await client.get("/privacy")).text())
    assert "条文怎么说" not in page.words and "#promised" not in [a.get("href") for a in page.found("a")]


async def test_no_page_of_citizens_puts_what_is_typed_into_an_address(client: Client) -> None:
    for place in (
        "/",
        "/chat",
        "/mailbox",
        "/progress",
        "/kb/public",
        "/promises",
        "/privacy",
        "/nothing-here",
    ):
        forms = Page(await (await client.get(place)).text()).forms
        assert {form.method for form in forms} <= {"post"}, place
