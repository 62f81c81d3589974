"""The pages: inbox, case, the button that signs, and the one that shows a person."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeAlias

from aiohttp import web

from dispatch_desk.cases import Case, State
from dispatch_desk.clocks import Countdown, countdown
from dispatch_desk.desk import Desk
from dispatch_desk.replying import MAX_REASON, MAX_REPLY, MIN_REASON, Outcome, pieces
from dispatch_desk.store.cases import VIEWS
from dispatch_desk.web.health import Metrics
from dispatch_desk.web.look import LOOK
from groundwork.addresses import address_of
from hotline.ticket import is_ticket_number, normalised
from staff.accounts import Account, Role
from staff.guard import account_of, form_token_of, text_of
from staff.signing_in import author

SIGNERS = (Role.DISPATCHER,)
READERS = (*SIGNERS, Role.UNIT)
PURPOSES = ("contact", "check", "hand_on")  #: for which a person's name and number may be looked at
DESK: web.AppKey[Desk] = web.AppKey("desk", Desk)
Panel: TypeAlias = Callable[[web.Request, Case], Awaitable[dict[str, Any]]]
PANELS: web.AppKey[Sequence[Panel]] = web.AppKey("panels", Sequence)  #: more parts of a case's page
METRICS: web.AppKey[Metrics] = web.AppKey("metrics", Metrics)


async def inbox(request: web.Request) -> web.StreamResponse:
    """List the cases: danger that nobody signed yet first, then what is due first."""
    account = account_of(request)
    if scope_of(account) == "":
        return request.app[LOOK].page("no_unit.html", account=account)
    view = request.query.get("view", "all")
    number = request.query.get("page", "1")
    page = int(number) if number.isascii() and number.isdecimal() and len(number) < 6 else 1
    desk = request.app[DESK]
    view = view if view in VIEWS else "all"
    listing = await desk.listing(view, page=max(page, 1) - 1, unit=scope_of(account))
    rows = [(case, next_clock(desk, case)) for case in listing.cases]
    return request.app[LOOK].page(
        "inbox.html",
        account=account,
        now=desk.clock(),
        rows=rows,
        counts=listing.counts,
        view=view,
        page_number=max(page, 1),
        more=listing.more,
    )


async def case(request: web.Request) -> web.StreamResponse:
    """Show one case with its clock, its dates and their grounds, and what happened to it."""
    return await show_case(request)


async def person(request: web.Request) -> web.StreamResponse:
    """Show who filed the case, after noting who looks and what for; confidential ones are shown to nobody."""
    why = text_of(await request.post(), "why")
    if why not in PURPOSES:
        return await show_case(request, failed="purpose")
    account, number = account_of(request), number_of(request)
    by = author(account, address_of(request))
    if not await request.app[DESK].look_at_person(number, unit=scope_of(account), by=by, why=why):
        raise web.HTTPNotFound
    return await show_case(request, person_shown=True)


async def sign(request: web.Request) -> web.StreamResponse:
    """Sign the case; a second click changes nothing."""
    number = number_of(request)
    by = author(account_of(request), address_of(request))
    done = await request.app[DESK].sign(number, by=by)
    if done is None:
        raise web.HTTPNotFound
    if done:
        request.app[METRICS].signed.inc()
    raise web.HTTPSeeOther(f"/cases/{number}?done=signed")


def scope_of(account: Account) -> str | None:
    """Return the unit whose cases alone the account may see; ``None`` for all, empty for none."""
    return account.unit if account.role is Role.UNIT else None


async def show_case(
    request: web.Request, *, person_shown: bool = False, failed: str = "", typed: str = ""
) -> web.Response:
    """Return a case's page; ``failed`` names the form that was not filled in, ``typed`` what was written in it."""
    desk, account = request.app[DESK], account_of(request)
    found = await desk.find(number_of(request), unit=scope_of(account), known=person_shown)
    if found is None:
        raise web.HTTPNotFound
    shown, history = found
    reply = await desk.last_reply(shown.number)
    parts = [await panel(request, shown) for panel in request.app[PANELS]]
    return request.app[LOOK].page(
        "case.html",
        status=422 if failed else 200,
        failed=failed,
        account=account,
        form_token=form_token_of(request),
        now=desk.clock(),
        case=shown,
        ticket=shown.ticket,
        history=history,
        clock=next_clock(desk, shown),
        signed=shown.state is not State.RECEIVED,
        may_sign=account.role in SIGNERS,
        done=request.query.get("done", ""),
        reply=reply,
        pieces=pieces(reply.draft) if reply else [],
        held=reply is not None and reply.outcome is Outcome.HELD,
        may_reply=shown.state is State.SIGNED,
        typed=typed,
        longest={"reply": MAX_REPLY, "reason": MAX_REASON, "least": MIN_REASON},
        person_shown=person_shown,
        purposes=PURPOSES,
        **{name: value for part in parts for name, value in part.items()},
    )


def next_clock(desk: Desk, case: Case) -> Countdown | None:
    """Return the clock of what has to be done first."""
    due = case.next_due()
    return None if due is None else countdown(due, since=case.filed_at, now=desk.clock())


def number_of(request: web.Request) -> str:
    """Return the ticket number in the address."""
    number = normalised(request.match_info["number"])
    if not is_ticket_number(number):
        raise web.HTTPNotFound
    return number
