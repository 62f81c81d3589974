"""``/supervision``: the board; and on a case's page what it calls for and what was done about it."""

from collections.abc import Sequence
from typing import Any

from aiohttp import web

from dispatch_desk.cases import Case
from dispatch_desk.following import MAX_WORDS
from dispatch_desk.supervising import URGE, Noted
from dispatch_desk.supervision import Supervision
from dispatch_desk.web.look import LOOK
from dispatch_desk.web.pages import DESK, SIGNERS, number_of, show_case
from groundwork.addresses import address_of
from groundwork.audit import Action
from hotline.casework import Taken
from hotline.message import clean
from staff.guard import account_of, form_token_of, text_of
from staff.signing_in import author

SUPERVISION: web.AppKey[Supervision] = web.AppKey("supervision", Supervision)


async def board(request: web.Request) -> web.StreamResponse:
    """Show which open cases call for something and why, the ledgers, and the warnings."""
    return request.app[LOOK].page(
        "supervision.html", account=account_of(request), form_token=form_token_of(request),
        now=request.app[DESK].clock(), board=await request.app[SUPERVISION].board(),
    )  # fmt: skip


async def note(request: web.Request) -> web.StreamResponse:
    """Put one step of supervision on record, or say what is missing."""
    form, account, number = await request.post(), account_of(request), number_of(request)
    values = {
        name: clean(text_of(form, name)).strip() for name in ("category", "form", "reason", "result", "day")
    }
    mover = request.app[SUPERVISION].supervising.mover(Noted(**values), by=account.id)
    by = author(account, address_of(request))
    wrong = await request.app[DESK].move(number, mover, unit=None, action=Action.CASE_STEP, by=by)
    if wrong is None:
        raise web.HTTPNotFound
    if wrong:
        return await show_case(request, failed="supervision", typed=wrong)
    raise web.HTTPSeeOther(f"/cases/{number}?done=supervision#supervision")


async def panel(request: web.Request, case: Case, taken: Sequence[Taken]) -> dict[str, Any]:
    """Return what ``oversight.html`` shows of a case, which is for the centre alone."""
    if account_of(request).role not in SIGNERS:
        return {"oversight": None}
    gone = {one.matter: one for one in await request.app[SUPERVISION].gone_up(case.number)}
    oversight = request.app[SUPERVISION].supervising.oversight(case, taken, request.app[DESK].clock())
    return {"oversight": oversight, "gone_up": gone, "urge": URGE, "longest_words": MAX_WORDS}
