"""The published answers as pages and as JSON."""

import pytest

from tests.web.fake_app import HIT
from tests.web.reading import Client, Page, press


@pytest.mark.duty("BD-29")
async def test_every_question_is_listed_and_opens(client: Client) -> None:
    page = Page(await (await client.get("/kb/public")).text())
    link = f"/kb/public/{HIT.article_id}"
    assert link in [attrs.get("href") for attrs in page.found("a")]
    page = Page(await (await client.get(link)).text())
    words = page.words
    assert "/kb/public/another" in [attrs.get("href") for attrs in page.found("a")]
    for part in (HIT.question, "可以申请临时居民身份证", HIT.source, HIT.unit, "第3版"):
        assert part in words


async def test_a_category_shows_some_of_its_questions_and_leads_to_all(client: Client) -> None:
    def listed(page: Page) -> list[str]:
        links = [attrs.get("href") or "" for attrs in page.found("a")]
        return [link for link in links if link.startswith("/kb/public/t")]

    page = Page(await (await client.get("/kb/public")).text())
    assert len(listed(page)) == 5 and "交通的全部7个问题" in page.words and "县里怎么办" not in page.words
    links = [attrs.get("href") or "" for attrs in page.found("a")]
    whole = next(link for link in links if "category=" in link)
    page = Page(await (await client.get(whole)).text())
    assert len(listed(page)) == 7 and HIT.question not in page.words


async def test_a_search_that_finds_nothing_says_so_and_offers_to_submit(client: Client) -> None:
    page = Page(await (await client.get("/kb/public")).text())
    response, page = await press(client, page, "查一查", q="电瓶车上高架")
    assert "没有找到这个问题的答案" in page.words
    assert response.url.query_string == "" and response.headers["Cache-Control"] == "no-store"
    _, page = await press(client, page, "去提交")
    assert page.form_with("发送")[1]["text"] == "电瓶车上高架"


async def test_programs_search_by_the_same_code(client: Client) -> None:
    [hit] = (await (await client.get("/api/kb/search", params={"q": "身份证", "limit": "3"})).json())["hits"]
    assert {"id", "question", "answer", "score", "version", "source", "updated_at"} <= set(hit)
    assert hit["updated_at"] == "2026-08-12T00:00:00+08:00"
    assert (await (await client.get(f"/api/kb/articles/{HIT.article_id}")).json())["hits"] == [
        hit | {"related": [{"id": "another", "question": "户口本丢了怎么办"}]}
    ]


@pytest.mark.parametrize(
    "query",
    ["", "q=", "q=%20", "q=a&limit=0", "q=a&limit=21", "q=a&limit=x", "q=a&limit=²", "q=" + "a" * 201],
)
async def test_what_cannot_be_searched_is_422(client: Client, query: str) -> None:
    response = await client.get(f"/api/kb/search?{query}")
    assert response.status == 422
    assert (await response.json())["errors"][0]["field"] in ("q", "limit")


async def test_an_unknown_article_is_404(client: Client) -> None:
    assert (await client.get("/kb/public/none")).content_type == "text/html"
    response = await client.get("/api/kb/articles/none")
    assert response.status == 404 and response.content_type == "application/problem+json"
