"""What people asked: golden questions, what nothing answered, what they say is wrong; and proposals for colleagues."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from gateway.proposing import PROPOSED, proposed
from gateway.store.feedback import Feedback
from gateway.store.questions import HANDED, Questions, Unanswered
from gateway.store.tickets import Tickets
from gateway.web.forms import ids_of
from groundwork.addresses import address_of
from groundwork.clock import Clock
from groundwork.problems import ProblemError
from hotline.message import clean
from kb.grouping import grouped
from kb.importing import MOST_PROBLEMS
from kb.library import Library
from staff.guard import account_of, form_token_of, text_of
from staff.look import Look
from staff.signing_in import author

PERIODS = (7, 30)  #: days
SHOWN = 30  #: groups on the page
SAID = 5  #: ways of asking shown in a group
MOST_IN_FORM = MOST_PROBLEMS
LONGEST_TEXT = 4000


@dataclass(frozen=True, kw_only=True, slots=True)
class AskedGroup:
    """Questions that ask the same."""

    ids: tuple[int, ...]
    first: str
    said: tuple[str, ...]  #: other ways of asking it
    count: int
    before: int  #: how many in the period before
    near: str  #: the article that comes nearest, by its question; empty: none
    near_id: str


class AskedPages:
    """The pages about questions."""

    def __init__(
        self,
        look: Look,
        questions: Questions,
        feedback: Feedback,
        library: Library,
        tickets: Tickets,
        *,
        units: Sequence[str],
        clock: Clock,
    ) -> None:
        self._look, self._questions, self._feedback = look, questions, feedback
        self._library, self._tickets, self._units, self._clock = library, tickets, units, clock

    def reading_routes(self) -> tuple[web.RouteDef, ...]:
        """Return the routes for editors, reviewers and admins."""
        return (
            web.get("/kb/golden", self.golden),
            web.get("/kb/unanswered", self.unanswered),
            web.get("/kb/corrections", self.corrections),
        )

    def writing_routes(self) -> tuple[web.RouteDef, ...]:
        """Return the routes for editors and reviewers."""
        return (
            web.post("/kb/golden", self.add_golden),
            web.post(r"/kb/golden/{id:\d{1,17}}/drop", self.drop_golden),
            web.post("/kb/unanswered", self.deal_with),
            web.post(r"/kb/corrections/{id:\d{1,17}}/close", self.close),
        )

    def api_routes(self) -> tuple[web.RouteDef, ...]:
        """Return the routes for all staff."""
        return (web.get("/api/kb/suggest", self.suggest),)

    async def golden(self, request: web.Request) -> web.StreamResponse:
        """Show every golden question with what answers it now."""
        rows = await self._questions.golden_rows()
        shown = []
        for row in rows:
            finding = await self._library.search(row.question, limit=1)
            given = finding.hits[0] if finding.answered else None
            wanted = self._library.article(row.article_id) if row.article_id else None
            right = (given.article_id if given else "") == row.article_id
            shown.append((row, wanted.question if wanted else "", given.question if given else "", right))
        current = self._library.current()
        articles = [(one.id, one.question) for one in current[:500]]
        return self._page(
            request,
            "kb_golden.html",
            rows=shown,
            articles=articles,
            failed="",
            done=request.query.get("done", ""),
        )

    async def add_golden(self, request: web.Request) -> web.StreamResponse:
        """Keep another golden question."""
        form = await request.post()
        question, id = clean(text_of(form, "question")).strip()[:200], text_of(form, "article")
        if not question or (id and self._library.article(id) is None):
            raise web.HTTPSeeOther("/kb/golden?done=nothing")
        await self._questions.add_golden(question, id, by=_by(request))
        raise web.HTTPSeeOther("/kb/golden?done=added")

    async def drop_golden(self, request: web.Request) -> web.StreamResponse:
        """Forget a golden question."""
        await request.post()
        await self._questions.drop_golden(int(request.match_info["id"]), by=_by(request))
        raise web.HTTPSeeOther("/kb/golden?done=dropped")

    async def unanswered(self, request: web.Request) -> web.StreamResponse:
        """Show what nothing answered, the same questions together, the most asked on top."""
        given = request.query.get("days", "")
        days = int(given) if given in map(str, PERIODS) else PERIODS[0]
        rows = await self._questions.unanswered(within=timedelta(days=2 * days))
        groups = [
            await self._group([rows[place] for place in one.places], days)
            for one in grouped([r.text for r in rows])
        ]
        groups = sorted((one for one in groups if one.count), key=_most(request.query.get("order", "")))
        return self._page(
            request, "kb_unanswered.html", groups=groups[:SHOWN], total=sum(one.count for one in groups),
            group_count=len(groups), days=days, periods=PERIODS, units=self._units,
            order=request.query.get("order", ""), done=request.query.get("done", ""),
        )  # fmt: skip

    async def _group(self, rows: Sequence[Unanswered], days: int) -> AskedGroup:
        since = self._clock() - timedelta(days=days)
        lately = [row for row in rows if row.at > since]
        said = tuple(dict.fromkeys(row.text for row in rows))
        finding = await self._library.search(said[0], limit=1)
        near = finding.hits[0] if finding.hits else None
        return AskedGroup(
            ids=tuple(row.id for row in rows)[:MOST_IN_FORM],
            first=said[0],
            said=said[1 : SAID + 1],
            count=len(lately),
            before=len(rows) - len(lately),
            near=near.question if near else "",
            near_id=near.article_id if near else "",
        )

    async def deal_with(self, request: web.Request) -> web.StreamResponse:
        """Note what becomes of a group: it is drafted here or by a unit, an article gets another phrasing, or it is not ours."""
        form = await request.post()
        ids, unit = ids_of(text_of(form, "ids")), text_of(form, "unit")
        question, then = clean(text_of(form, "question")).strip()[:200], text_of(form, "then")
        if then == "draft":
            await self._questions.deal_with(ids, "drafted")
            query = urlencode({"question": question, "unit": unit[:200]})
            raise web.HTTPSeeOther(f"/kb/articles/new?{query}")
        if then == "hand":
            if unit not in self._units:
                raise web.HTTPSeeOther("/kb/unanswered?done=no_unit")
            await self._questions.deal_with(ids, HANDED, unit=unit)
            raise web.HTTPSeeOther("/kb/unanswered?done=handed")
        if then == "merge" and self._library.article(text_of(form, "near")) is not None:
            await self._questions.add_golden(question, text_of(form, "near"), by=_by(request))
            await self._questions.deal_with(ids, "merged")
            raise web.HTTPSeeOther(f"/kb/articles/{text_of(form, 'near')}?done=merge")
        if then == "not_ours":
            await self._questions.deal_with(ids, "not_ours")
        raise web.HTTPSeeOther("/kb/unanswered?done=dealt")

    async def corrections(self, request: web.Request) -> web.StreamResponse:
        """Show what citizens and colleagues say is wrong."""
        rows = [
            (one, article.question if (article := self._library.for_staff(one.article_id)) else "")
            for one in await self._feedback.corrections()
        ]
        return self._page(request, "kb_corrections.html", rows=rows, done=request.query.get("done", ""))

    async def close(self, request: web.Request) -> web.StreamResponse:
        """Note that a request was dealt with."""
        await request.post()
        await self._feedback.close(int(request.match_info["id"]), account_id=account_of(request).id)
        raise web.HTTPSeeOther("/kb/corrections?done=closed")

    async def suggest(self, request: web.Request) -> web.StreamResponse:
        """Propose articles and their standard wording for a text, and the numbers of tickets like it."""
        text = clean(request.query.get("text", "")).strip()
        if not 0 < len(text) <= LONGEST_TEXT:
            raise ProblemError(
                422, "not-a-query", "请检查要查的内容。",
                errors=[{"field": "text", "detail": f"请写1到{LONGEST_TEXT}个字。"}],
            )  # fmt: skip
        tickets = await self._tickets.closed_like(text, limit=PROPOSED)
        body = {**await proposed(self._library, text), "tickets": tickets}
        return web.json_response(body, headers={"Cache-Control": "no-store"})

    def _page(self, request: web.Request, template: str, **values: Any) -> web.StreamResponse:
        return self._look.page(
            template,
            account=account_of(request),
            form_token=form_token_of(request),
            now=self._clock(),
            **values,
        )


def _most(order: str) -> Any:
    """Return how groups are ordered: by how often, or by how much more often than before."""
    if order == "growth":
        return lambda group: (group.before - group.count, -group.count)
    return lambda group: -group.count


def _by(request: web.Request) -> Any:
    return author(account_of(request), address_of(request))
