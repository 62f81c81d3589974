"""``/kb``: the list of articles with what needs doing, files in and out, and the duty of each unit."""

import asyncio
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from gateway.store.catalogue import LISTS, Catalogue, Looked, is_state
from gateway.store.drafts import Drafts
from gateway.store.feedback import Feedback
from gateway.store.reminders import Reminders
from gateway.web.forms import number_of
from gateway.web.pages.editing import PARTS
from groundwork.addresses import address_of
from groundwork.clock import Clock
from hotline.message import clean
from kb.article import ArticleError
from kb.importing import ImportRefusedError, checked_articles, moment, written
from kb.workflow import Actor
from staff.guard import account_of, form_token_of, text_of
from staff.look import Look
from staff.signing_in import author

PAGE = 50  #: articles on one page
MOST_AT_ONCE = 200  #: articles that one form changes
KINDS = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "jsonl": "application/x-ndjson",
}


class AnswerPages:
    """The list and what is done to many articles at once."""

    def __init__(
        self,
        look: Look,
        catalogue: Catalogue,
        drafts: Drafts,
        feedback: Feedback,
        reminders: Reminders,
        *,
        city: str,
        clock: Clock,
    ) -> None:
        self._look, self._catalogue, self._drafts, self._feedback = look, catalogue, drafts, feedback
        self._reminders, self._city, self._clock = reminders, city, clock

    def routes(self) -> tuple[web.RouteDef, ...]:
        """Return the routes for editors, reviewers and admins."""
        return (
            web.get("/kb", self.list),
            web.get("/kb/units", self.units),
            web.get(r"/kb/export.{kind:csv|xlsx|jsonl}", self.export),
        )

    def writing_routes(self) -> tuple[web.RouteDef, ...]:
        """Return the routes for editors and reviewers."""
        return (
            web.get("/kb/import", self.offer),
            web.post("/kb/import", self.take),
            web.post("/kb/bulk", self.bulk),
            web.post("/kb/units", self.remind),
        )

    async def list(self, request: web.Request) -> web.StreamResponse:
        """List articles; every filter is in the address, changed last on top."""
        query = request.query
        asked = Looked(
            words=clean(query.get("q", "")).strip()[:100],
            state=query.get("state", "") if is_state(query.get("state", "")) else "",
            unit=clean(query.get("unit", ""))[:200],
            region=clean(query.get("region", ""))[:200],
            list=query.get("list", "") if query.get("list", "") in LISTS else "",
        )
        page = max(1, number_of(query.get("page", "1")))
        entries, total = await self._catalogue.look(asked, limit=PAGE, offset=(page - 1) * PAGE)
        units, regions = await self._catalogue.choices()
        filters = {
            "q": asked.words, "state": asked.state, "unit": asked.unit, "region": asked.region, "list": asked.list,
        }  # fmt: skip
        return self._page(
            request,
            "kb.html",
            entries=entries,
            total=total,
            pages=max(1, -(-total // PAGE)),
            page_number=page,
            asked=asked,
            filters=urlencode({name: value for name, value in filters.items() if value}),
            counts=await self._catalogue.counts(),
            corrections=len(await self._feedback.corrections()),
            units=units,
            regions=regions,
            may_write=account_of(request).role in PARTS,
            done=query.get("done", ""),
            changed=number_of(query.get("changed", "0")),
            left=number_of(query.get("left", "0")),
        )

    async def units(self, request: web.Request) -> web.StreamResponse:
        """Show what waits for each unit, and when it was reminded."""
        return self._page(
            request,
            "kb_units.html",
            duties=await self._catalogue.duties(),
            reminded=await self._reminders.latest(),
            may_write=account_of(request).role in PARTS,
            done=request.query.get("done", ""),
        )

    async def remind(self, request: web.Request) -> web.StreamResponse:
        """Remind a unit of what waits for it."""
        form = await request.post()
        unit = clean(text_of(form, "unit")).strip()[:200]
        done = await self._reminders.remind(unit, account_id=account_of(request).id)
        raise web.HTTPSeeOther(f"/kb/units?done={'reminded' if done else 'lately'}")

    async def export(self, request: web.Request) -> web.StreamResponse:
        """Return every published article as a file that can be read in again."""
        kind = request.match_info["kind"]
        articles = await self._catalogue.all_on_record()
        body = await asyncio.to_thread(lambda: written(articles, kind=kind))
        headers = {"Content-Disposition": f'attachment; filename="kb.{kind}"', "Cache-Control": "no-store"}
        return web.Response(body=body, headers={**headers, "Content-Type": KINDS[kind]})

    async def offer(self, request: web.Request) -> web.StreamResponse:
        """Show the form for a file."""
        return self._page(request, "kb_import.html", report=None, failed="")

    async def take(self, request: web.Request) -> web.StreamResponse:
        """Name every bad row of a file; when it is asked for and none is bad, make working copies of all."""
        form = await request.post()
        upload = form.get("file")
        if not isinstance(upload, web.FileField):
            return self._page(request, "kb_import.html", report=None, failed="file", status=422)
        data = await asyncio.to_thread(upload.file.read)
        try:
            articles, problems = await asyncio.to_thread(
                lambda: checked_articles(data, name=upload.filename, city=self._city, at=self._clock())
            )
        except ImportRefusedError as error:
            articles, problems = (), error.problems
        report: dict[str, Any] = {"good": len(articles), "problems": problems, "taken": None, "held": []}
        if articles and not problems and text_of(form, "then") == "take":
            by = author(account_of(request), address_of(request))
            report["taken"], report["held"] = await self._drafts.load(articles, by=by, why="page")
        failed = "bad" if problems or not articles else ""
        return self._page(
            request, "kb_import.html", report=report, failed=failed, status=422 if failed else 200
        )

    async def bulk(self, request: web.Request) -> web.StreamResponse:
        """Begin a working copy with another owner or another last day of each article that was chosen."""
        form = await request.post()
        ids = [id for id in form.getall("id", []) if isinstance(id, str)][:MOST_AT_ONCE]
        changes: dict[str, Any] = {}
        if unit := clean(text_of(form, "unit")).strip()[:200]:
            changes["unit"] = unit
        try:
            if until := moment("valid_to", text_of(form, "valid_to"), end=True):
                changes["valid_to"] = until
        except ArticleError:
            raise web.HTTPSeeOther("/kb?done=bad_day") from None
        if not ids or not changes:
            raise web.HTTPSeeOther("/kb?done=nothing")
        account = account_of(request)
        actor = Actor(id=account.id, part=PARTS[account.role], unit=account.unit)
        by = author(account, address_of(request))
        try:
            changed, left = await self._drafts.change_all(ids, actor, by=by, **changes)
        except ArticleError:
            raise web.HTTPSeeOther("/kb?done=bad_day") from None
        raise web.HTTPSeeOther(f"/kb?done=bulk&changed={changed}&left={left}")

    def _page(
        self, request: web.Request, template: str, *, status: int = 200, **values: Any
    ) -> web.StreamResponse:
        shared: Mapping[str, Any] = {
            "account": account_of(request),
            "form_token": form_token_of(request),
            "now": self._clock(),
        }
        return self._look.page(template, status=status, **{**shared, **values})
