"""``/kb/articles``: writing an article, seeing it as citizens would, and taking it through review."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from aiohttp import web
from markupsafe import Markup
from multidict import MultiMapping

from channels.wording import Wording
from gateway.store.drafts import Drafts, StaleError
from gateway.store.feedback import Feedback
from gateway.store.questions import Questions
from gateway.web.forms import number_of
from gateway.web.rendering import Pages
from groundwork.addresses import address_of
from groundwork.clock import Clock
from hotline.citypack import CityPack
from hotline.message import clean
from hotline.replies import reply_for
from hotline.turn import Answer
from kb.article import MAX_QUESTION, MAX_SHORT_ANSWER, Article, ArticleError, Link, Status, article_id
from kb.differing import differences, shown
from kb.golden import Trial, tried
from kb.importing import day, moment
from kb.library import Library
from kb.search import hit_of
from kb.workflow import Actor, Part, Step, StepRefusedError, Working, standing, why_not
from staff.accounts import Account, Role
from staff.guard import account_of, form_token_of, text_of
from staff.look import Look
from staff.signing_in import author

PARTS = {Role.EDITOR: Part.EDITOR, Role.REVIEWER: Part.REVIEWER, Role.UNIT: Part.UNIT}
LONGEST_REMARK = 500
TEXTS = ("question", "answer", "short_answer", "category", "unit", "region", "source", "source_url")
LISTS = ("similar", "keywords", "related")
DAYS = ("valid_from", "valid_to", "source_seen")
FLAGS = ("national", "staff_only")
FIELDS = (*TEXTS, *LISTS, *DAYS, *FLAGS, "law_since", "attachments")
OFFERED = 8  #: articles to relate to that one search offers

Names = Callable[[list[int]], Awaitable[Mapping[int, str]]]


@dataclass(frozen=True, kw_only=True, slots=True)
class EditingParts:
    """What the pages stand on."""

    look: Look
    pages: Pages
    pack: CityPack
    public_url: str
    drafts: Drafts
    questions: Questions
    feedback: Feedback
    library: Library
    names: Names
    clock: Clock


@dataclass(frozen=True, kw_only=True, slots=True)
class Offered:
    """An article that may be read on after another, in its form."""

    id: str  #: the external one
    title: str  #: empty: citizens cannot see it now
    chosen: bool


class EditingPages:
    """One article: its words, its preview, its way through review, its history."""

    def __init__(self, parts: EditingParts) -> None:
        self._parts, self._drafts = parts, parts.drafts
        self._wording = Wording(parts.pack.say, parts.public_url)

    def reading_routes(self) -> tuple[web.RouteDef, ...]:
        """Return the routes for all who see articles: editors, reviewers, units of their own, admins."""
        return (
            web.get(r"/kb/articles/{id:[0-9a-f]{32}}", self.show),
            web.get(r"/kb/articles/{id:[0-9a-f]{32}}/diff", self.diff),
        )

    def writing_routes(self) -> tuple[web.RouteDef, ...]:
        """Return the routes for all who write articles and take them on: editors, reviewers, units."""
        return (
            web.get("/kb/articles/new", self.begin),
            web.post("/kb/articles/new", self.write),
            web.post(r"/kb/articles/{id:[0-9a-f]{32}}", self.write),
            web.post(r"/kb/articles/{id:[0-9a-f]{32}}/restore", self.restore),
            web.get(r"/kb/articles/{id:[0-9a-f]{32}}/trial", self.trial),
            web.post(r"/kb/articles/{id:[0-9a-f]{32}}/step", self.step),
        )

    def centre_routes(self) -> tuple[web.RouteDef, ...]:
        """Return the routes for editors and reviewers."""
        return (web.post(r"/kb/articles/{id:[0-9a-f]{32}}/correct", self.correct),)

    async def begin(self, request: web.Request) -> web.StreamResponse:
        """Show an empty form, or one with the question that was asked in vain."""
        values = dict.fromkeys(FIELDS, "")
        values |= {name: clean(request.query.get(name, ""))[:200] for name in ("question", "unit")}
        values |= _pinned(request)
        return await self._form(request, None, None, values)

    async def show(self, request: web.Request) -> web.StreamResponse:
        """Show one article with what can be done to it."""
        working, on_record = await self.found(request)
        article = working.article if working else on_record
        assert article is not None
        return await self._form(request, working, on_record, values_of(article))

    async def write(self, request: web.Request) -> web.StreamResponse:
        """Keep what was written; another's change meanwhile is shown and never overwritten."""
        form = await request.post()
        values = {name: _written(form, name) for name in FIELDS} | _pinned(request)
        revision, then = number_of(text_of(form, "revision")), text_of(form, "then")
        id = request.match_info.get("id", "")
        working, on_record = await self.found(request) if id else (None, None)
        base = working.article if working else on_record
        if then == "find":
            words = clean(text_of(form, "find")).strip()[:MAX_QUESTION]
            return await self._form(request, working, on_record, values, revision=revision, find=words)
        try:
            article = self._article(values, base)
        except ArticleError as error:
            return await self._form(
                request, working, on_record, values, revision=revision, problems=str(error)
            )
        try:
            kept = await self._drafts.write(article, actor_of(request), revision=revision, by=_by(request))
        except StaleError as error:
            return await self._form(
                request, error.current, on_record, values, failed="stale", mine=article, status=409
            )
        except StepRefusedError as error:
            return await self._form(request, working, on_record, values, failed=error.why)
        place = f"/kb/articles/{kept.article.id}"
        raise web.HTTPSeeOther(f"{place}/trial" if then == "trial" else f"{place}?done=write")

    async def restore(self, request: web.Request) -> web.StreamResponse:
        """Begin a working copy with the words of an earlier version."""
        form = await request.post()
        working, on_record = await self.found(request)
        version = number_of(text_of(form, "version"))
        earlier = next(
            (one for one in await self._drafts.versions(request.match_info["id"]) if one.version == version),
            None,
        )
        if earlier is None:
            raise web.HTTPNotFound
        try:
            await self._drafts.write(
                earlier, actor_of(request), revision=number_of(text_of(form, "revision")), by=_by(request)
            )
        except (StaleError, StepRefusedError) as error:
            why = error.why if isinstance(error, StepRefusedError) else "stale"
            base = working.article if working else on_record or earlier
            return await self._form(request, working, on_record, values_of(base), failed=why)
        raise web.HTTPSeeOther(f"/kb/articles/{earlier.id}?done=restore")

    async def step(self, request: web.Request) -> web.StreamResponse:
        """Take the article one step on."""
        form = await request.post()
        name, remark = text_of(form, "step"), clean(text_of(form, "remark")).strip()[:LONGEST_REMARK]
        if name not in list(Step) or name == Step.WRITE:
            raise web.HTTPNotFound
        step, id = Step(name), request.match_info["id"]
        working, on_record = await self.found(request)
        try:
            await self._do(request, step, working, remark, revision=number_of(text_of(form, "revision")))
        except (StaleError, StepRefusedError) as error:
            why = error.why if isinstance(error, StepRefusedError) else "stale"
            if step is Step.PUBLISH and why == "regression" and working is not None:
                return await self._trial(request, working, failed=why)
            article = working.article if working else on_record
            assert article is not None
            return await self._form(request, working, on_record, values_of(article), failed=why)
        gone = step is Step.DISCARD and on_record is None
        home = "/kb/review" if account_of(request).role is Role.UNIT else "/kb"
        raise web.HTTPSeeOther(
            f"{home}?done={step.value}"
            if gone or home == "/kb/review"
            else f"/kb/articles/{id}?done={step.value}"
        )

    async def _do(
        self, request: web.Request, step: Step, working: Working | None, remark: str, *, revision: int
    ) -> None:
        id, actor, by = request.match_info["id"], actor_of(request), _by(request)
        if step is Step.WITHDRAW:
            await self._drafts.withdraw(id, actor, by=by, remark=remark)
        elif step is Step.PUBLISH:
            worse = len((await self._tried(working)).worse) if working else 0
            await self._drafts.publish(id, actor, revision=revision, by=by, remark=remark, regressions=worse)
        else:
            await self._drafts.step(id, step, actor, revision=revision, by=by, remark=remark)
        if step in (Step.WITHDRAW, Step.PUBLISH):
            await self._parts.library.refresh()

    async def trial(self, request: web.Request) -> web.StreamResponse:
        """Ask every golden question as if the working copy were published."""
        working, _ = await self.found(request)
        if working is None:
            raise web.HTTPSeeOther(f"/kb/articles/{request.match_info['id']}")
        return await self._trial(request, working)

    async def _trial(self, request: web.Request, working: Working, *, failed: str = "") -> web.StreamResponse:
        trial = await self._tried(working)
        actor = actor_of(request)
        may = {
            step.value: why_not(working, step, actor, remark="-", regressions=len(trial.worse))
            for step in (Step.SUBMIT, Step.PUBLISH)
        }
        return self._page(
            request, "kb_trial.html", working=working, trial=trial, may=may, failed=failed,
            status=422 if failed else 200,
        )  # fmt: skip

    async def _tried(self, working: Working) -> Trial:
        library = self._parts.library
        await library.refresh()
        at = self._parts.clock()
        article = working.article
        candidate = replace(
            article, status=Status.PUBLISHED, source=article.source or "-", version=working.base + 1
        )
        golden = await self._parts.questions.golden()
        return await asyncio.to_thread(tried, library.published(), candidate, golden, library.rule, at)

    async def diff(self, request: web.Request) -> web.StreamResponse:
        """Show what two versions say differently; without numbers, the newest, or the working copy, beside the one before."""
        working, on_record = await self.found(request)
        versions = {one.version: one for one in await self._drafts.versions(request.match_info["id"])}
        before = on_record if working or not on_record else versions.get(on_record.version - 1, on_record)
        old = versions.get(number_of(request.query.get("old", ""))) or before
        new = versions.get(number_of(request.query.get("new", ""))) or (
            working.article if working else on_record
        )
        assert new is not None
        return self._page(
            request, "kb_diff.html", article=new, old=old, new=new, changes=differences(old, new),
            new_is_draft=working is not None and new is working.article,
        )  # fmt: skip

    async def correct(self, request: web.Request) -> web.StreamResponse:
        """Keep what a colleague says is wrong with a published article."""
        form = await request.post()
        _, on_record = await self.found(request)
        text = clean(text_of(form, "text")).strip()[:LONGEST_REMARK]
        if on_record is not None and text:
            await self._parts.feedback.correct(
                on_record.id, on_record.version, text, account_id=account_of(request).id
            )
        raise web.HTTPSeeOther(f"/kb/articles/{request.match_info['id']}?done=correct")

    async def found(self, request: web.Request) -> tuple[Working | None, Article | None]:
        """Return the working copy and the version on record; a unit finds only its own."""
        id, account = request.match_info["id"], account_of(request)
        working, on_record = await self._drafts.find(id), await self._drafts.on_record(id)
        article = working.article if working else on_record
        if article is None or (account.role is Role.UNIT and account.unit != article.unit):
            raise web.HTTPNotFound
        return working, on_record

    def _article(self, values: Mapping[str, str], base: Article | None) -> Article:
        """Return the article that a form describes, or raise ``ArticleError``."""
        fields: dict[str, Any] = {name: values[name].strip() for name in TEXTS}
        fields |= {name: _lines(values[name]) for name in LISTS}
        fields |= {name: moment(name, values[name], end=name == "valid_to") for name in DAYS}
        fields["law_since"] = day("law_since", values["law_since"])
        fields |= {name: bool(values[name]) for name in FLAGS}
        fields["attachments"] = tuple(map(Link.of, _lines(values["attachments"])))
        if base is not None:
            return replace(base, status=Status.DRAFT, **fields)
        return Article.drafted(
            city=self._parts.pack.code, external_id=f"own-{uuid.uuid4().hex[:12]}",
            updated_at=self._parts.clock(), **fields,
        )  # fmt: skip

    async def _form(
        self,
        request: web.Request,
        working: Working | None,
        on_record: Article | None,
        values: Mapping[str, str],
        *,
        revision: int | None = None,
        problems: str = "",
        failed: str = "",
        find: str = "",
        mine: Article | None = None,
        status: int = 0,
    ) -> web.Response:
        """Show the form; ``revision`` is the one that ``values`` were begun from, ``None``: the present one."""
        actor, at = actor_of(request), self._parts.clock()
        article = working.article if working else on_record
        id = article.id if article else ""
        steps = await self._drafts.steps(id) if id else ()
        may = (
            {step.value: why_not(working, step, actor, remark="-") for step in Step if step in _STEPS}
            if working
            else {}
        )
        writes = account_of(request).role is not Role.ADMIN
        preview = mine or article
        return self._page(
            request,
            "kb_article.html",
            status=status or (422 if problems or failed else 200),
            working=working,
            on_record=on_record,
            standing=standing(on_record, at).value if on_record else "",
            article=article,
            values=values,
            revision=revision if revision is not None else working.revision if working else 0,
            related=await self._related(values["related"], find, but=article.external_id if article else ""),
            find=find,
            problems=[one.partition("：")[::2] for one in problems.split("；")] if problems else [],
            failed=failed,
            conflict=differences(working.article, mine) if mine and working else (),
            may=may,
            may_write=writes and (working is None or why_not(working, Step.WRITE, actor) is None),
            may_withdraw=actor.part is Part.REVIEWER
            and on_record is not None
            and on_record.status is Status.PUBLISHED,
            steps=steps,
            versions=await self._drafts.versions(id) if id else (),
            names=await self._parts.names(sorted({one.account_id for one in steps if one.account_id})),
            wechat=self._wechat(preview) if preview else (),
            web=self._web(preview) if preview else "",
            short_bytes=len(values["short_answer"].encode()),
            most_bytes=MAX_SHORT_ANSWER,
            units=[unit.name for unit in self._parts.pack.units],
            regions=[area.name for area in self._parts.pack.gazetteer.areas if area.is_county],
            done="" if failed or problems else request.query.get("done", ""),
        )

    async def _related(self, chosen: str, find: str, *, but: str) -> list[Offered]:
        """Return the articles chosen to read on, then those that a search finds, never the article itself."""
        offered = [self._offered(id, chosen=True) for id in _lines(chosen)]
        finding = await self._parts.library.search(find, limit=OFFERED)
        found = [self._parts.library.article(hit.article_id) for hit in finding.hits]
        have = {but, *(one.id for one in offered)}
        news = [one.external_id for one in found if one is not None and one.external_id not in have]
        return [*offered, *(self._offered(id, chosen=False) for id in news)]

    def _offered(self, id: str, *, chosen: bool) -> Offered:
        article = self._parts.library.article(article_id(self._parts.pack.code, id))
        return Offered(id=id, title=article.question if article else "", chosen=chosen)

    def _wechat(self, article: Article) -> tuple[str, ...]:
        """Return the messages that WeChat would be sent, by the code that sends them."""
        reply = reply_for(Answer(hit=hit_of(article, 1.0)), self._parts.pack)
        return self._wording.parts([replace(reply, options=())])

    def _web(self, article: Article) -> Markup:
        """Return the article as the public page shows it."""
        return Markup(self._parts.pages.text("_article.html", hit=hit_of(article, 1.0), level=4))  # noqa: S704 - escaped there

    def _page(self, request: web.Request, template: str, *, status: int = 200, **values: Any) -> web.Response:
        return self._parts.look.page(
            template,
            status=status,
            account=account_of(request),
            form_token=form_token_of(request),
            now=self._parts.clock(),
            **values,
        )


_STEPS = (Step.SUBMIT, Step.CHECK, Step.RETURN, Step.PUBLISH, Step.DISCARD)


def values_of(article: Article) -> dict[str, str]:
    """Return an article as the form's fields."""
    values = {name: getattr(article, name) for name in TEXTS}
    values |= {name: "\n".join(getattr(article, name)) for name in LISTS}
    values |= {name: _day_shown(article, name) for name in DAYS}
    values |= {name: "on" if getattr(article, name) else "" for name in FLAGS}
    values["law_since"] = shown(article.law_since)
    values["attachments"] = shown(article.attachments)
    return values


def _day_shown(article: Article, name: str) -> str:
    """Write a moment as the form takes it: a day where it is a whole one, else with its hour."""
    value = getattr(article, name)
    if value is None:
        return ""
    last = value - timedelta(days=1) if name == "valid_to" else value
    whole = shown(value).endswith("00:00")
    return shown(last)[:10] if whole else shown(value).replace(" ", "T")


def _written(form: MultiMapping[Any], name: str) -> str:
    """Return a field as it was sent; of boxes that were ticked, each a line."""
    sent = [one for one in form.getall(name, []) if isinstance(one, str)]
    return clean("\n".join(sent)).replace("\r\n", "\n")


def _lines(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(line.strip() for line in text.split("\n") if line.strip()))


def actor_of(request: web.Request) -> Actor:
    """Return who acts on an article, as the workflow sees them."""
    account: Account = account_of(request)
    return Actor(id=account.id, part=PARTS.get(account.role, Part.UNIT), unit=account.unit)


def _pinned(request: web.Request) -> dict[str, str]:
    """Return what a unit cannot choose: it answers for what it writes."""
    account = account_of(request)
    return {"unit": account.unit} if account.role is Role.UNIT else {}


def _by(request: web.Request) -> Any:
    return author(account_of(request), address_of(request))
