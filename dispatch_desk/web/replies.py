"""The form for a unit's reply, and the one by which the centre sends a reply that was held back."""

from aiohttp import web

from dispatch_desk.replying import MAX_REASON, MAX_REPLY, MIN_REASON
from dispatch_desk.web.pages import DESK, number_of, scope_of, show_case
from dispatch_desk.web.steps import read
from groundwork.addresses import address_of
from groundwork.audit import Author
from hotline.message import clean
from staff.guard import account_of, text_of
from staff.signing_in import author


async def enter(request: web.Request) -> web.StreamResponse:
    """Send a unit's reply, or hold it back with what was found in it; a second click changes nothing."""
    posted = await request.post()
    text, form = clean(text_of(posted, "text")).strip(), read(posted)
    if not 0 < len(text) <= MAX_REPLY:
        return await show_case(request, failed="reply", typed=text, form=form)
    account, number = account_of(request), number_of(request)
    outcome = await request.app[DESK].reply(
        number, text, form, unit=scope_of(account), by=_by(request), writer=account.name
    )
    if outcome is None:
        raise web.HTTPNotFound
    if isinstance(outcome, tuple):
        return await show_case(request, failed="reply", typed=text, form=form, lacking=outcome)
    raise web.HTTPSeeOther(f"/cases/{number}?done={outcome}#reply")


async def overrule(request: web.Request) -> web.StreamResponse:
    """Send a reply that was held back, for a reason; only the one that is shown."""
    reason = clean(text_of(await request.post(), "reason")).strip()
    if not MIN_REASON <= len(reason) <= MAX_REASON:
        return await show_case(request, failed="overrule", typed=reason)
    number, id = number_of(request), int(request.match_info["reply"])
    if not await request.app[DESK].overrule(number, id, reason, by=_by(request)):
        raise web.HTTPNotFound
    raise web.HTTPSeeOther(f"/cases/{number}?done=overruled#reply")


def _by(request: web.Request) -> Author:
    return author(account_of(request), address_of(request))
