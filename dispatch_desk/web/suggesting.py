"""On a case's page: what may help with the reply; and the button that takes a wording over into it."""

from collections.abc import Sequence
from typing import Any

from aiohttp import web

from dispatch_desk.cases import Case
from dispatch_desk.suggesting import Suggesting
from dispatch_desk.web.pages import DESK, number_of, scope_of, show_case
from dispatch_desk.web.steps import read
from hotline.casework import Taken
from hotline.message import clean
from staff.guard import account_of, text_of

SUGGESTING: web.AppKey[Suggesting] = web.AppKey("suggesting", Suggesting)


async def panel(request: web.Request, case: Case, _: Sequence[Taken]) -> dict[str, Any]:
    """Return what ``suggested.html`` shows of a case."""
    unit = scope_of(account_of(request))
    return {"suggested": await request.app[SUGGESTING].of(case, unit=unit)}


async def take_over(request: web.Request) -> web.StreamResponse:
    """Show the case again with an article's wording under what stands in the reply's form; nothing is sent or kept."""
    posted, unit = await request.post(), scope_of(account_of(request))
    found = await request.app[DESK].find(number_of(request), unit=unit)
    if found is None:
        raise web.HTTPNotFound
    text = clean(text_of(posted, "text")).strip()
    wording = (await request.app[SUGGESTING].of(found[0], unit=unit)).wording(text_of(posted, "wording"))
    return await show_case(
        request,
        failed="" if wording else "wording",
        typed="\n".join(filter(None, (text, wording))),
        form=read(posted),
        taken_over=True,
    )
