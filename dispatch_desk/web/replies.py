"""The form for a unit's reply, and the one by which the centre sends a reply that was held back."""

from aiohttp import web

from dispatch_desk.replying import MAX_REASON, MAX_REPLY, MIN_REASON
from dispatch_desk.web.pages import DESK, number_of, scope_of, show_case
from groundwork.addresses import address_of
from groundwork.audit import Author
from hotline.message import clean
from staff.guard import account_of, text_of
from staff.signing_in import author


async def enter(request: web.Request) -> web.StreamResponse:
    """Send a unit's reply, or hold it back with what was found in it; a second click changes nothing."""
    text = clean(text_of(await request.post(), "text")).strip()
    if not 0 < len(text) <= MAX_REPLY:
        return await show_case(request, failed="reply", typed=text)
    number, unit = number_of(request), scope_of(account_of(request))
    outcome = await request.app[DESK].reply(number, text, unit=unit, by=_by(request))
    if outcome is None:
        raise web.HTTPNotFound
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
