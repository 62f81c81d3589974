"""The forms by which steps are taken on a case: one for every step, made from the city's rule."""

from collections.abc import Iterable, Mapping
from typing import Any

from aiohttp import web

from dispatch_desk.web.pages import DESK, METRICS, number_of, scope_of, show_case
from groundwork.addresses import address_of
from hotline.message import clean
from hotline.vocabulary import CONTENTS
from staff.guard import account_of
from staff.signing_in import author

MOST = 5_000  #: characters of one field


async def take(request: web.Request) -> web.StreamResponse:
    """Take the step whose form was sent, or show the case again with what is missing or forbids it."""
    form = await bounded(request)
    account, number, id = account_of(request), number_of(request), request.match_info["step"]
    by = author(account, address_of(request))
    entered = await request.app[DESK].step(
        number, id, form, unit=scope_of(account), by=by, writer=account.name
    )
    if entered is None:
        raise web.HTTPNotFound
    if not entered.taken:
        return await show_case(request, failed=f"step-{id}", form=form, lacking=entered.lacking)
    raise web.HTTPSeeOther(f"/cases/{number}?done=step#casework")


async def sign(request: web.Request) -> web.StreamResponse:
    """Sign the case; a second click changes nothing."""
    account, number = account_of(request), number_of(request)
    by = author(account, address_of(request))
    entered = await request.app[DESK].sign(number, unit=scope_of(account), by=by)
    if entered is None:
        raise web.HTTPNotFound
    if entered.taken and not entered.again:
        request.app[METRICS].signed.inc()
    raise web.HTTPSeeOther(f"/cases/{number}?done=signed")


async def bounded(request: web.Request) -> Mapping[str, str]:
    """Return the contents that the form of a step holds; one that is too long is a 413."""
    form = read(await request.post())
    if any(len(value) > MOST for value in form.values()):
        raise web.HTTPRequestEntityTooLarge(max_size=MOST, actual_size=max(map(len, form.values())))
    return form


def read(posted: Any) -> Mapping[str, str]:
    """Return the contents that a form holds; of those with several choices one a line."""
    return {name: _joined(posted.getall(name)) for name in CONTENTS if name in posted}


def _joined(values: Iterable[object]) -> str:
    return "\n".join(clean(value).strip() for value in values if isinstance(value, str))
