"""The published answers, to read and to search."""

from typing import Any

from aiohttp import web

from gateway.web.forms import read_form
from gateway.web.ports import Articles
from gateway.web.rendering import Pages, iso
from groundwork.problems import ProblemError
from hotline.errors import StorageAwayError
from hotline.message import clean
from hotline.understanding import Finding, Hit

LONGEST_QUESTION = 200
USUAL_HITS, MOST_HITS = 5, 20
FOUND_ON_PAGE = 10


class KbPages:
    """``/kb/public`` and the search interface."""

    def __init__(self, pages: Pages, articles: Articles) -> None:
        self._pages, self._articles = pages, articles

    def routes(self) -> tuple[web.RouteDef, ...]:
        """Return the routes of the pages."""
        return (
            web.get("/kb/public", self.list),
            web.post("/kb/public", self.find),
            web.get("/kb/public/{id}", self.show),
        )

    def api_routes(self) -> tuple[web.RouteDef, ...]:
        """Return the routes for programs."""
        return (web.get("/api/kb/search", self.search), web.get("/api/kb/articles/{id}", self.article))

    async def list(self, request: web.Request) -> web.Response:
        """List every question."""
        finding = Finding(hits=await self._listed(), answered=True)
        return self._pages.respond(request, "kb_list.html", question="", finding=finding)

    async def find(self, request: web.Request) -> web.Response:
        """List what a search finds; posted, so that nobody's words stand in an address."""
        question = (await read_form(request)).get("q", "").strip()[:LONGEST_QUESTION]
        if not question:
            return await self.list(request)
        finding = await self._articles.search(question, limit=FOUND_ON_PAGE)
        return self._pages.respond(request, "kb_list.html", personal=True, question=question, finding=finding)

    async def show(self, request: web.Request) -> web.Response:
        """Show one answer with its source."""
        return self._pages.respond(request, "kb_article.html", hit=await self._found(request))

    async def search(self, request: web.Request) -> web.Response:
        """Return the hits for ``q``, best first."""
        question = clean(request.query.get("q", "")).strip()
        if not 0 < len(question) <= LONGEST_QUESTION:
            raise _unusable("q", f"请写1到{LONGEST_QUESTION}个字的问题。")
        finding = await self._articles.search(question, limit=_limit(request))
        return web.json_response({"hits": [public(hit) for hit in finding.hits]})

    async def article(self, request: web.Request) -> web.Response:
        """Return one article as the only hit."""
        return web.json_response({"hits": [public(await self._found(request))]})

    async def _found(self, request: web.Request) -> Hit:
        hit = await self._articles.article(request.match_info["id"])
        if hit is None:
            raise web.HTTPNotFound
        return hit

    async def _listed(self) -> tuple[Hit, ...]:
        try:
            return await self._articles.listed()
        except StorageAwayError:
            return ()


def public(hit: Hit) -> dict[str, Any]:
    """Return ``hit`` as CONTRACT's JSON object."""
    return {
        "id": hit.article_id,
        "question": hit.question,
        "answer": hit.answer,
        "score": hit.score,
        "version": hit.version,
        "source": hit.source,
        "unit": hit.unit,
        "updated_at": iso(hit.updated_at),
    }


def _limit(request: web.Request) -> int:
    given = request.query.get("limit", str(USUAL_HITS))
    if not (given.isascii() and given.isdigit() and len(given) < 4 and 1 <= int(given) <= MOST_HITS):
        raise _unusable("limit", f"要是1到{MOST_HITS}的整数。")
    return int(given)


def _unusable(field: str, detail: str) -> ProblemError:
    errors = [{"field": field, "detail": detail}]
    return ProblemError(422, "not-a-query", "请检查要查的内容。", errors=errors)
