"""The pages: inbox, case, and the button that signs."""

from aiohttp import web

from dispatch_desk.cases import Case, State
from dispatch_desk.clocks import Countdown, countdown
from dispatch_desk.desk import Desk
from dispatch_desk.store.cases import VIEWS
from dispatch_desk.web.health import Metrics
from dispatch_desk.web.look import LOOK
from hotline.ticket import is_ticket_number, normalised
from staff.accounts import Role
from staff.pages import account_of, form_token_of, require

SIGNERS = (Role.DISPATCHER,)
READERS = (*SIGNERS, Role.ADMIN)
DESK: web.AppKey[Desk] = web.AppKey("desk", Desk)
METRICS: web.AppKey[Metrics] = web.AppKey("metrics", Metrics)


@require(*READERS, Role.UNIT)
async def inbox(request: web.Request) -> web.StreamResponse:
    """List the cases: danger that nobody signed yet first, then what is due first."""
    if account_of(request).role is Role.UNIT:
        # No account says yet which unit it belongs to, and nobody may see the cases of other units.
        return request.app[LOOK].page("no_unit.html", account=account_of(request))
    view = request.query.get("view", "all")
    number = request.query.get("page", "1")
    page = int(number) if number.isascii() and number.isdecimal() and len(number) < 6 else 1
    desk = request.app[DESK]
    view = view if view in VIEWS else "all"
    listing = await desk.listing(view, page=max(page, 1) - 1)
    rows = [(case, next_clock(desk, case)) for case in listing.cases]
    return request.app[LOOK].page(
        "inbox.html",
        account=account_of(request),
        now=desk.clock(),
        rows=rows,
        counts=listing.counts,
        view=view,
        page_number=max(page, 1),
        more=listing.more,
    )


@require(*READERS)
async def case(request: web.Request) -> web.StreamResponse:
    """Show one case with its clock, its dates and their grounds, and what happened to it."""
    desk, account = request.app[DESK], account_of(request)
    found = await desk.find(_number(request))
    if found is None:
        raise web.HTTPNotFound
    shown, history = found
    return request.app[LOOK].page(
        "case.html",
        account=account,
        form_token=form_token_of(request),
        now=desk.clock(),
        case=shown,
        ticket=shown.ticket,
        history=history,
        clock=next_clock(desk, shown),
        signed=shown.state is not State.RECEIVED,
        may_sign=account.role in SIGNERS,
        just_signed=request.query.get("done") == "signed",
    )


@require(*SIGNERS)
async def sign(request: web.Request) -> web.StreamResponse:
    """Sign the case; a second click changes nothing."""
    number = _number(request)
    done = await request.app[DESK].sign(number, account_id=account_of(request).id)
    if done is None:
        raise web.HTTPNotFound
    if done:
        request.app[METRICS].signed.inc()
    raise web.HTTPSeeOther(f"/cases/{number}?done=signed")


def next_clock(desk: Desk, case: Case) -> Countdown | None:
    """Return the clock of what has to be done first."""
    due = case.next_due()
    return None if due is None else countdown(due, since=case.filed_at, now=desk.clock())


def _number(request: web.Request) -> str:
    number = normalised(request.match_info["number"])
    if not is_ticket_number(number):
        raise web.HTTPNotFound
    return number
