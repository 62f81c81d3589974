"""``/kb/review`` and ``/kb/unit``: what waits for somebody at an article, and what a unit answers for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from gateway.store.catalogue import Catalogue, Looked
from gateway.store.drafts import Drafts
from gateway.store.feedback import Correction, Feedback
from gateway.store.questions import Questions
from gateway.store.reminders import Reminders
from gateway.web.forms import ids_of, number_of
from groundwork.clock import Clock
from hotline.message import clean
from kb.grouping import grouped
from kb.library import Library
from kb.workflow import Stage
from staff.accounts import Role
from staff.guard import account_of, form_token_of, text_of
from staff.look import Look

PAGE = 50  #: articles on one page
LONGEST_WORDS = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """A question that a unit is asked to write the answer to."""

    ids: tuple[int, ...]
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class DutyParts:
    """What the pages stand on."""

    look: Look
    drafts: Drafts
    catalogue: Catalogue
    questions: Questions
    feedback: Feedback
    reminders: Reminders
    library: Library
    clock: Clock


class DutyPages:
    """The queue of the centre, and a unit's own two pages."""

    def __init__(self, parts: DutyParts) -> None:
        self._parts = parts

    def routes(self) -> tuple[web.RouteDef, ...]:
        """Return the routes for all who take an article on: editors, reviewers, units."""
        return (web.get("/kb/review", self.queue),)

    def unit_routes(self) -> tuple[web.RouteDef, ...]:
        """Return the routes for units."""
        return (web.get("/kb/unit", self.own), web.post("/kb/asked", self.take))

    async def queue(self, request: web.Request) -> web.StreamResponse:
        """Show what waits: for a unit what is its own, for the centre all."""
        account = account_of(request)
        own = account.unit if account.role is Role.UNIT else None
        stages = (Stage.CHECKING, Stage.RETURNED) if own is not None else (
            Stage.REVIEWING, Stage.CHECKING, Stage.RETURNED,
        )  # fmt: skip
        waiting = await self._parts.drafts.waiting(*stages, unit=own)
        at = self._parts.clock()
        days = {one.article.id: (at - one.since) // timedelta(days=1) for one in waiting}
        more = await self._duties(own) if own else dict.fromkeys(("owed", "asked", "corrections"), ())
        return self._page(request, "kb_review.html", waiting=waiting, days=days, **{"reminder": None, **more})

    async def _duties(self, unit: str) -> dict[str, Any]:
        reminders = self._parts.reminders
        return {
            "owed": await reminders.owed(unit),
            "asked": await self._asked(unit),
            "corrections": await self._corrections(unit),
            "reminder": (await reminders.latest()).get(unit),
        }

    async def _asked(self, unit: str) -> Sequence[Asked]:
        rows = await self._parts.questions.handed(unit)
        groups = [[rows[place] for place in one.places] for one in grouped([row.text for row in rows])]
        return [Asked(ids=tuple(row.id for row in group), text=group[0].text) for group in groups]

    async def _corrections(self, unit: str) -> Sequence[tuple[Correction, str]]:
        """Return the open requests about the unit's articles, each with the article's question."""
        found = [
            (one, self._parts.library.for_staff(one.article_id))
            for one in await self._parts.feedback.corrections()
        ]
        return [(one, article.question) for one, article in found if article and article.unit == unit]

    async def own(self, request: web.Request) -> web.StreamResponse:
        """List every article of a unit, changed last on top."""
        words = clean(request.query.get("q", "")).strip()[:LONGEST_WORDS]
        page = max(1, number_of(request.query.get("page", "")))
        asked = Looked(words=words, unit=account_of(request).unit)
        entries, total = await self._parts.catalogue.look(asked, limit=PAGE, offset=(page - 1) * PAGE)
        return self._page(
            request, "kb_unit.html", entries=entries, total=total, words=words, page_number=page,
            pages=max(1, -(-total // PAGE)), filters=urlencode({"q": words} if words else {}),
        )  # fmt: skip

    async def take(self, request: web.Request) -> web.StreamResponse:
        """Begin the answer that the unit was asked for, or give the question back to the centre."""
        form, unit = await request.post(), account_of(request).unit
        drafts = text_of(form, "then") == "draft"
        await self._parts.questions.deal_with(
            ids_of(text_of(form, "ids")), "drafted" if drafts else "", of=unit
        )
        question = clean(text_of(form, "question")).strip()[:200]
        raise web.HTTPSeeOther(
            f"/kb/articles/new?{urlencode({'question': question})}" if drafts else "/kb/review?done=back"
        )

    def _page(self, request: web.Request, template: str, **values: Any) -> web.StreamResponse:
        return self._parts.look.page(
            template,
            account=account_of(request),
            form_token=form_token_of(request),
            now=self._parts.clock(),
            done=request.query.get("done", ""),
            **values,
        )
