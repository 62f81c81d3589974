"""The published answers, to read and to search."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import escape

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
MOST_LISTED = 300  #: questions on one page
OF_EACH = 5  #: questions of a category where all categories are listed
MOST_IN_SITEMAP = 50_000  #: by the protocol
LONGEST_OPINION = 500
SITEMAP = "http://www.sitemaps.org/schemas/sitemap/0.9"


class KbPages:
    """``/kb/public`` and the search interface."""

    def __init__(self, pages: Pages, articles: Articles, *, public_url: str) -> None:
        self._pages, self._articles, self._public_url = pages, articles, public_url.rstrip("/")

    def routes(self) -> tuple[web.RouteDef, ...]:
        """Return the routes of the pages."""
        return (
            web.get("/kb/public", self.list),
            web.post("/kb/public", self.find),
            web.get("/kb/public/sitemap.xml", self.sitemap),
            web.get("/kb/public/{id}", self.show),
            web.post("/kb/public/{id}/opinion", self.opinion),
        )

    def api_routes(self) -> tuple[web.RouteDef, ...]:
        """Return the routes for programs."""
        return (
            web.get("/api/kb/search", self.search),
            web.get("/api/kb/articles", self.articles),
            web.get("/api/kb/articles/{id}", self.article),
        )

    async def list(self, request: web.Request) -> web.Response:
        """List the questions of a category, or some of each; those of a county only when it is chosen."""
        hits = await self._listed()
        category, region = request.query.get("category", ""), request.query.get("region", "")
        return self._browse(request, hits, category=category, region=region)

    async def find(self, request: web.Request) -> web.Response:
        """List what a search finds; posted, so that nobody's words stand in an address."""
        question = (await read_form(request)).get("q", "").strip()[:LONGEST_QUESTION]
        if not question:
            return await self.list(request)
        finding = await self._articles.search(question, limit=FOUND_ON_PAGE)
        return self._pages.respond(
            request, "kb_list.html", personal=True, question=question, finding=finding, more=0,
            categories=(), groups=(), regions=(), category="", region="",
        )  # fmt: skip

    def _browse(
        self, request: web.Request, hits: Sequence[Hit], *, category: str, region: str
    ) -> web.Response:
        here = [hit for hit in hits if hit.region in ("", region)]
        shown = [hit for hit in here if category in ("", hit.category)]
        finding = Finding(hits=tuple(shown[:MOST_LISTED]), answered=True)
        return self._pages.respond(
            request,
            "kb_list.html",
            question="",
            finding=finding,
            more=max(0, len(shown) - MOST_LISTED),
            categories=sorted(Counter(hit.category for hit in here if hit.category).items()),
            groups=() if category else _grouped(shown),
            regions=sorted({hit.region for hit in hits} - {""}),
            category=category,
            region=region,
            of_each=OF_EACH,
        )

    async def show(self, request: web.Request) -> web.Response:
        """Show one answer with its source."""
        hit = await self._found(request)
        related = await self._articles.related(hit.article_id)
        return self._pages.respond(
            request, "kb_article.html", hit=hit, related=related, done=request.query.get("done", "")
        )

    async def opinion(self, request: web.Request) -> web.Response:
        """Take what somebody thinks of an answer."""
        hit = await self._found(request)
        form = await read_form(request)
        text = form.get("text", "").strip()[:LONGEST_OPINION]
        if form.get("solved") not in ("yes", "no"):
            raise web.HTTPUnprocessableEntity
        await self._articles.opinion(hit.article_id, solved=form["solved"] == "yes", text=text)
        raise web.HTTPSeeOther(f"/kb/public/{quote(hit.article_id)}?done={form['solved']}")

    async def sitemap(self, request: web.Request) -> web.Response:
        """Name every page of an answer, for search engines."""
        rows = "".join(
            f"<url><loc>{escape(f'{self._public_url}/kb/public/{quote(hit.article_id)}')}</loc>"
            f"<lastmod>{iso(hit.updated_at)}</lastmod></url>"
            for hit in (await self._listed())[:MOST_IN_SITEMAP]
        )
        text = f'<?xml version="1.0" encoding="UTF-8"?><urlset xmlns="{SITEMAP}">{rows}</urlset>'
        return _tagged(request, web.Response(text=text, content_type="application/xml"))

    async def search(self, request: web.Request) -> web.Response:
        """Return the hits for ``q``, best first."""
        question = clean(request.query.get("q", "")).strip()
        if not 0 < len(question) <= LONGEST_QUESTION:
            raise _unusable("q", f"请写1到{LONGEST_QUESTION}个字的问题。")
        finding = await self._articles.search(question, limit=_limit(request))
        return web.json_response({"hits": [public(hit) for hit in finding.hits]})

    async def articles(self, request: web.Request) -> web.Response:
        """Return every published article of the city, or with ``region`` also a county's own."""
        region = request.query.get("region", "")
        hits = [hit for hit in await self._listed() if hit.region in ("", region)]
        return _tagged(request, web.json_response({"hits": [public(hit) for hit in hits]}))

    async def article(self, request: web.Request) -> web.Response:
        """Return one article as the only hit, with what to read on."""
        hit = await self._found(request)
        related = await self._articles.related(hit.article_id)
        named = [{"id": one.article_id, "question": one.question} for one in related]
        return _tagged(request, web.json_response({"hits": [public(hit) | {"related": named}]}))

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


def _grouped(hits: Sequence[Hit]) -> list[tuple[str, list[Hit]]]:
    """Return the hits of each category, in the order of their names; those of none last."""
    groups = defaultdict(list)
    for hit in hits:
        groups[hit.category].append(hit)
    return sorted(groups.items(), key=lambda group: (not group[0], group[0]))


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
        "category": hit.category,
        "region": hit.region,
        "updated_at": iso(hit.updated_at),
    }


def _tagged(request: web.Request, response: web.Response) -> web.Response:
    """Give an answer its ETag; who holds it already is told so."""
    tag = hashlib.sha256(response.body if isinstance(response.body, bytes) else b"").hexdigest()[:32]
    if any(one.value in (tag, "*") for one in request.if_none_match or ()):
        response = web.Response(status=304)
    response.etag = tag
    response.headers["Cache-Control"] = "no-cache"
    return response


def _limit(request: web.Request) -> int:
    given = request.query.get("limit", str(USUAL_HITS))
    if not (given.isascii() and given.isdigit() and len(given) < 4 and 1 <= int(given) <= MOST_HITS):
        raise _unusable("limit", f"要是1到{MOST_HITS}的整数。")
    return int(given)


def _unusable(field: str, detail: str) -> ProblemError:
    errors = [{"field": field, "detail": detail}]
    return ProblemError(422, "not-a-query", "请检查要查的内容。", errors=errors)
