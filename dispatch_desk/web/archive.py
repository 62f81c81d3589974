"""``/archive``: what is put away month by month; and the report of one matter, to be printed and signed."""

from aiohttp import web

from dispatch_desk.archiving import Archiving
from dispatch_desk.web.look import LOOK
from dispatch_desk.web.pages import DESK, number_of, scope_of
from groundwork.addresses import address_of
from hotline.periods import Period
from staff.guard import account_of, form_token_of
from staff.signing_in import author

ARCHIVING: web.AppKey[Archiving] = web.AppKey("archiving", Archiving)
_MONTHS_SHOWN = 12


async def shelf(request: web.Request) -> web.StreamResponse:
    """Show what waits for the archive at the end of a month, and what was put away in it."""
    now, month = request.app[DESK].clock(), _month(request)
    return request.app[LOOK].page(
        "archive.html", account=account_of(request), form_token=form_token_of(request), now=now, period=month,
        shelf=await request.app[ARCHIVING].shelf(month), done=request.query.get("done", ""),
        periods=[Period.at(now).before(back) for back in range(_MONTHS_SHOWN)],
    )  # fmt: skip


async def run(request: web.Request) -> web.StreamResponse:
    """Archive everything that the page listed as waiting; a second click finds nothing more."""
    month, by = _month(request), author(account_of(request), address_of(request))
    count = await request.app[ARCHIVING].run(month, by=by)
    raise web.HTTPSeeOther(f"/archive?period={month.name}&done={count}")


async def matter(request: web.Request) -> web.StreamResponse:
    """Show the report of one matter: what was asked, done and answered, without anybody's name or number."""
    desk, scope = request.app[DESK], scope_of(account_of(request))
    found = await desk.find(number_of(request), unit=scope)
    if found is None:
        raise web.HTTPNotFound
    case = found[0]
    casework = await desk.casework(case, unit=scope)
    return request.app[LOOK].page(
        "matter.html", account=account_of(request), form_token=form_token_of(request), now=desk.clock(), case=case,
        ticket=case.ticket, casework=casework, reply=await desk.last_reply(case.number),
    )  # fmt: skip


def _month(request: web.Request) -> Period:
    """Return the month in the address, the present one where there is none."""
    try:
        asked = Period.of(request.query["period"])
    except (KeyError, ValueError):
        asked = Period.at(request.app[DESK].clock())
    return Period.at(asked.first)
