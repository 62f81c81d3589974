"""The pages of a case: what it says, and the button that shows a person."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeAlias

from aiohttp import web

from dispatch_desk.cases import Case
from dispatch_desk.clocks import Countdown, countdown
from dispatch_desk.desk import Casework, Desk
from dispatch_desk.enclosures import enclosed
from dispatch_desk.following import OF_PETITIONERS
from dispatch_desk.replying import MAX_REASON, MAX_REPLY, MIN_REASON, Outcome, pieces
from dispatch_desk.store.cases import Happening
from dispatch_desk.web.health import Metrics
from dispatch_desk.web.look import LOOK
from groundwork.addresses import address_of
from hotline.casework import Stage, Taken
from hotline.ticket import is_ticket_number, normalised
from staff.accounts import OF_A_UNIT, Account, Role
from staff.guard import account_of, form_token_of, text_of
from staff.signing_in import author

SIGNERS = (Role.DISPATCHER,)
READERS = (*SIGNERS, Role.UNIT)
PURPOSES = ("contact", "check", "hand_on")  #: for which a person's name and number may be looked at
DESK: web.AppKey[Desk] = web.AppKey("desk", Desk)
Panel: TypeAlias = Callable[[web.Request, Case, Sequence[Taken]], Awaitable[dict[str, Any]]]
PANELS: web.AppKey[Sequence[Panel]] = web.AppKey("panels", Sequence)  #: more parts of a case's page
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


def scope_of(account: Account) -> str | None:
    """Return the unit whose cases alone the account may see; ``None`` for all, empty for none.

    Leaders have pages of their own (``dispatch_desk.web.leading``): here they count as their body, and see nothing more.
    """
    return account.unit if account.role in OF_A_UNIT else None


async def show_case(
    request: web.Request,
    *,
    person_shown: bool = False,
    failed: str = "",
    typed: str = "",
    form: Mapping[str, str] | None = None,
    lacking: Sequence[str] = (),
    taken_over: bool = False,
) -> web.Response:
    """Return a case's page.

    ``failed`` names the form that was not filled in, ``typed`` and ``form`` hold what was written in it, ``lacking`` the
    contents that it lacks; ``taken_over`` says that ``typed`` and ``form`` are a reply that is still being written.
    """
    desk, account = request.app[DESK], account_of(request)
    found = await desk.find(number_of(request), unit=scope_of(account), known=person_shown)
    if found is None:
        raise web.HTTPNotFound
    shown, history = found
    reply = await desk.last_reply(shown.number)
    casework = await desk.casework(shown, unit=scope_of(account), known=person_shown)
    leads = scope_of(account) in (None, shown.lead_unit)
    if reply is not None and reply.at < casework.begun:
        reply = None  # of a unit that leads the case no more
    parts = [await panel(request, shown, casework.steps) for panel in request.app[PANELS]]
    return request.app[LOOK].page(
        "case.html",
        status=422 if failed else 200,
        failed=failed,
        account=account,
        form_token=form_token_of(request),
        now=desk.clock(),
        case=shown,
        ticket=shown.ticket,
        timeline=timeline(history, casework),
        files=enclosed(shown, history),
        clock=next_clock(shown, desk.clock()),
        casework=casework,
        units=desk.units(),
        form=form or {},
        lacking=lacking,
        signed=shown.state is not Stage.RECEIVED,
        may_sign=leads,
        may_overrule=account.role in SIGNERS,
        done=request.query.get("done", ""),
        reply=reply,
        pieces=pieces(reply.draft) if reply else [],
        held=reply is not None and reply.outcome is Outcome.HELD,
        may_reply=leads and shown.state is Stage.SIGNED,
        leads=leads,
        typed=typed,
        taken_over=taken_over,
        longest={"reply": MAX_REPLY, "reason": MAX_REASON, "least": MIN_REASON},
        person_shown=person_shown,
        purposes=PURPOSES,
        **{name: value for part in parts for name, value in part.items()},
    )


def timeline(history: Sequence[Happening], casework: Casework) -> list[Happening | Taken]:
    """Return what the petitioner did and what was done at the desk, newest first."""
    said = (one for one in history if not one.said_here)
    done = (one for one in reversed(casework.steps) if one.by is not None or one.step not in OF_PETITIONERS)
    return sorted((*said, *done), key=lambda one: one.at, reverse=True)


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
