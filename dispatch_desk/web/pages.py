"""The pages of a case: what it says, the button that signs, and the one that shows a person."""

from datetime import datetime

from aiohttp import web

from dispatch_desk.cases import Case, State
from dispatch_desk.clocks import Countdown, countdown
from dispatch_desk.desk import Desk
from dispatch_desk.enclosures import enclosed
from dispatch_desk.replying import MAX_REASON, MAX_REPLY, MIN_REASON, Outcome, pieces
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
METRICS: web.AppKey[Metrics] = web.AppKey("metrics", Metrics)


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
    leads = scope_of(account) in (None, shown.lead_unit)
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
        files=enclosed(shown, history),
        clock=next_clock(shown, desk.clock()),
        signed=shown.state is not State.RECEIVED,
        may_sign=account.role in SIGNERS,
        done=request.query.get("done", ""),
        reply=reply,
        pieces=pieces(reply.draft) if reply else [],
        held=reply is not None and reply.outcome is Outcome.HELD,
        may_reply=leads and shown.state is State.SIGNED,
        leads=leads,
        typed=typed,
        longest={"reply": MAX_REPLY, "reason": MAX_REASON, "least": MIN_REASON},
        person_shown=person_shown,
        purposes=PURPOSES,
    )


def next_clock(case: Case, now: datetime) -> Countdown | None:
    """Return the clock of what has to be done first."""
    due = case.next_due()
    return None if due is None else countdown(due, since=case.filed_at, now=now)


def number_of(request: web.Request) -> str:
    """Return the ticket number in the address."""
    number = normalised(request.match_info["number"])
    if not is_ticket_number(number):
        raise web.HTTPNotFound
    return number
