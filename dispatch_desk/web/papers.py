"""``/papers``: reports, bulletins and filings; ``/analysis``: what the cases of a period show now."""

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

from aiohttp import web

from dispatch_desk.notices import notice_of
from dispatch_desk.papers import MAX_LINE, MAX_WORDS, Papers, Publish, Shown
from dispatch_desk.web.look import LOOK
from dispatch_desk.web.pages import READERS, SIGNERS, scope_of
from dispatch_desk.web.reports import WORDS
from dispatch_desk.workbook import paper_written
from groundwork.addresses import address_of
from groundwork.audit import Author
from hotline.citypack import CityPack
from hotline.marks import hundredths
from hotline.message import clean
from hotline.notices import Notice
from hotline.papers import PARTS, is_public, live_rules, periods_of
from hotline.periods import RHYTHMS, Period
from hotline.seats import read_seats, summed
from hotline.vocabulary import CONTENTS
from staff.guard import account_of, form_token_of, text_of
from staff.signing_in import author

PAPERS: web.AppKey[Papers] = web.AppKey("papers", Papers)
PUBLIC = ("published", "withdrawn")
STEPS = ("sent", "read", *PUBLIC)
WRITERS = READERS
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


async def listed(request: web.Request) -> web.StreamResponse:
    """List the papers that there are, and what may be begun."""
    papers, scope = request.app[PAPERS], scope_of(account_of(request))
    if scope == "":
        return request.app[LOOK].page("no_unit.html", account=account_of(request))
    rules = [(rule, periods_of(rule, papers.clock())) for rule in papers.rules(scope)]
    return _page(
        request,
        "papers.html",
        rules=rules,
        papers=await papers.listed(scope),
        missing=await papers.missing(scope),
    )


async def begin(request: web.Request) -> web.StreamResponse:
    """Begin a paper and open it."""
    form, scope = await request.post(), scope_of(account_of(request))
    id = await request.app[PAPERS].begin(
        text_of(form, "rule"), text_of(form, "period"), scope=scope, by=_by(request)
    )
    if id is None:
        raise web.HTTPNotFound
    raise web.HTTPSeeOther(f"/papers/{id}")


async def paper(request: web.Request) -> web.StreamResponse:
    """Show a paper with its figures; a draft can be written on."""
    return await _show(request)


async def write(request: web.Request) -> web.StreamResponse:
    """Keep what was written, or say which chosen case is none."""
    form, scope = await request.post(), scope_of(account_of(request))
    words = {name: clean(text_of(form, name)) for name in (*CONTENTS, "cases") if name in form}
    if any(len(text) > MAX_WORDS for text in words.values()):
        raise web.HTTPRequestEntityTooLarge(max_size=MAX_WORDS, actual_size=max(map(len, words.values())))
    wrong = await request.app[PAPERS].write(
        _id(request), words, words.get("cases", ""), scope=scope, by=_by(request)
    )
    return await _after(request, wrong, "written", typed=words.get("cases", ""))


async def approve(request: web.Request) -> web.StreamResponse:
    """Approve a paper; from then on it stays as it is."""
    form, account = await request.post(), account_of(request)
    wrong = await request.app[PAPERS].approve(
        _id(request), clean(text_of(form, "approver"))[:MAX_LINE], scope=scope_of(account), by=_by(request),
        writer=account.name,
    )  # fmt: skip
    return await _after(request, wrong, "approved")


async def note(request: web.Request) -> web.StreamResponse:
    """Note to whom a paper went, who read it, or that it is public or public no more."""
    form = await request.post()
    step, said = text_of(form, "step"), clean(text_of(form, "said")).strip()
    if step not in STEPS or (step not in PUBLIC and not said):
        return await _show(request, failed=("said",))
    wrong = await request.app[PAPERS].note(
        _id(request), step, said, scope=scope_of(account_of(request)), by=_by(request),
        publish=_publisher(request.app[PAPERS], withdrawn=step == "withdrawn") if step in PUBLIC else None,
    )  # fmt: skip
    return await _after(request, wrong, step)


def _publisher(papers: Papers, *, withdrawn: bool) -> Publish:
    def publish(shown: Shown) -> Notice:
        id = f"{papers.pack.code}-paper-{shown.paper.id}"
        return notice_of(shown, _names(papers.pack), WORDS, id=id, at=papers.clock(), withdrawn=withdrawn)

    return publish


async def workbook(request: web.Request) -> web.StreamResponse:
    """Return a paper as a workbook."""
    shown = await _found(request)
    body = paper_written(shown, _names(request.app[PAPERS].pack), WORDS)
    headers = {
        "Content-Disposition": f'attachment; filename="paper-{shown.paper.id}.xlsx"',
        "Cache-Control": "no-store",
    }
    return web.Response(body=body, content_type=_XLSX, headers=headers)


async def analysis(request: web.Request) -> web.StreamResponse:
    """Show what the cases of a period show now; a unit sees its own alone."""
    papers, scope = request.app[PAPERS], scope_of(account_of(request))
    if scope == "":
        return request.app[LOOK].page("no_unit.html", account=account_of(request))
    rules = live_rules(papers.pack, of_unit=scope is not None)
    parts = tuple(dict.fromkeys((*(part for rule in rules for part in rule.shows), *PARTS)))
    period = _period(request)
    figures = await papers.figures(parts, period, unit=scope)
    return _page(
        request, "analysis.html", rules=rules, period=period, figures=figures,
        periods=[Period.at(papers.clock(), every) for every in RHYTHMS],
    )  # fmt: skip


async def _after(
    request: web.Request, wrong: Sequence[str] | None, done: str, typed: str = ""
) -> web.StreamResponse:
    if wrong is None:
        raise web.HTTPNotFound
    if wrong:
        return await _show(request, failed=wrong, typed=typed)
    raise web.HTTPSeeOther(f"/papers/{_id(request)}?done={done}")


async def _show(request: web.Request, *, failed: Sequence[str] = (), typed: str = "") -> web.Response:
    shown, account = await _found(request), account_of(request)
    seats = read_seats(shown.paper.body.words.get("seats", "")) or ()
    return _page(
        request, "paper.html", status=422 if failed else 200, shown=shown, failed=failed, typed=typed,
        seats=seats, sums=summed(seats), may_write=shown.is_draft_of(scope_of(account)), is_public=is_public(shown.rule),
        may_note=shown.is_frozen and account.role in SIGNERS, longest={"words": MAX_WORDS, "line": MAX_LINE},
    )  # fmt: skip


async def _found(request: web.Request) -> Shown:
    scope = scope_of(account_of(request))
    shown = await request.app[PAPERS].find(_id(request), scope=scope, reader=_by(request))
    if shown is None:
        raise web.HTTPNotFound
    return shown


def _page(request: web.Request, template: str, *, status: int = 200, **values: Any) -> web.Response:
    papers = request.app[PAPERS]
    return request.app[LOOK].page(
        template, status=status, account=account_of(request), form_token=form_token_of(request), now=papers.clock(),
        names=_names(papers.pack), words=WORDS, period_of=Period.of, share=_share, done=request.query.get("done", ""), **values,
    )  # fmt: skip


def _names(pack: CityPack) -> Mapping[str, Mapping[str, str]]:
    """Return what figures call kinds, channels and things recorded in Chinese, by their ids."""
    return {
        "kinds": {kind.id: kind.label for kind in pack.kinds.values()},
        "channels": {channel.id: channel.label for channel in pack.channels},
        "recorded": dict(_recorded(pack)),
    }


def _recorded(pack: CityPack) -> Iterator[tuple[str, str]]:
    for rule in pack.desk_rules:
        yield rule.id, rule.says
        for item in rule.items:
            yield f"{rule.id}:{item.id}", item.says


def _share(met: int, of: int) -> str:
    return f"{hundredths(Fraction(100 * met, of))}%" if of else ""


def _period(request: web.Request) -> Period:
    """Return the period in the address, this month where there is none."""
    try:
        return Period.of(request.query["period"])
    except (KeyError, ValueError):
        return Period.at(request.app[PAPERS].clock())


def _id(request: web.Request) -> int:
    return int(request.match_info["paper"])


def _by(request: web.Request) -> Author:
    return author(account_of(request), address_of(request))
