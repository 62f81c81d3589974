"""``/leading``: what went up to a leader by itself, and on each case the leader's words and joint supervision.

Leaders reach no other page of a case: nobody's name or number is here, and no file that a citizen sent.
"""

from collections.abc import Mapping, Sequence

from aiohttp import web

from dispatch_desk.desk import Desk
from dispatch_desk.leading import Leading, Raised
from dispatch_desk.replying import Outcome
from dispatch_desk.web.look import LOOK
from dispatch_desk.web.pages import DESK, next_clock, number_of, timeline
from dispatch_desk.web.steps import bounded
from dispatch_desk.web.supervision import SUPERVISION
from groundwork.addresses import address_of
from groundwork.identities import redacted
from hotline.casework import LEADER
from staff.accounts import Account, Role
from staff.guard import account_of, form_token_of
from staff.signing_in import author

LEADING: web.AppKey[Leading] = web.AppKey("leading", Leading)
LEADERS = (Role.LEADER,)


async def listed(request: web.Request) -> web.StreamResponse:
    """List the open cases that went up to whoever is signed in, those that wait for a word first."""
    await request.app[SUPERVISION].raise_up()
    leading, account = request.app[LEADING], account_of(request)
    found = await leading.listed(account.unit)
    return request.app[LOOK].page(
        "leading.html", account=account, form_token=form_token_of(request), now=request.app[DESK].clock(),
        waiting=[one for one in found if not one.acts], seen_to=[one for one in found if one.acts],
        reach=leading.reach(account.unit),
    )  # fmt: skip


async def case(request: web.Request) -> web.StreamResponse:
    """Show one of them: why it went up, what is asked, how it stands, and what a leader may do."""
    return await _show(request, await _found(request))


async def take(request: web.Request) -> web.StreamResponse:
    """Take a leader's step, or show the case again with what is missing or forbids it."""
    raised, form, id = await _found(request), await bounded(request), request.match_info["step"]
    account, number = account_of(request), raised.case.number
    entered = await request.app[DESK].step(
        number, id, form, unit=_acting(request, account), by=author(account, address_of(request)),
        writer=account.name, hand=LEADER,
    )  # fmt: skip
    if entered is None:
        raise web.HTTPNotFound
    if not entered.taken:
        return await _show(request, raised, failed=f"step-{id}", form=form, lacking=entered.lacking)
    raise web.HTTPSeeOther(f"/leading/{number}?done=step#casework")


async def _found(request: web.Request) -> Raised:
    raised = await request.app[LEADING].find(number_of(request), account_of(request).unit)
    if raised is None:
        raise web.HTTPNotFound
    return raised


async def _show(
    request: web.Request, raised: Raised, *, failed: str = "", form: Mapping[str, str] | None = None,
    lacking: Sequence[str] = (),
) -> web.Response:  # fmt: skip
    desk, account, shown = request.app[DESK], account_of(request), raised.case
    found = await desk.find(shown.number, unit=None)
    casework = await desk.casework(shown, unit=_acting(request, account), hand=LEADER)
    return request.app[LOOK].page(
        "led.html", status=422 if failed else 200, account=account, form_token=form_token_of(request), now=desk.clock(),
        raised=raised, case=shown, ticket=shown.ticket, timeline=timeline(found[1] if found else (), casework),
        clock=next_clock(shown, desk.clock()), casework=casework, units=desk.units(), failed=failed, form=form or {},
        lacking=lacking, done=request.query.get("done", ""), answer=await _answer(desk, shown.number),
        at=f"/leading/{shown.number}",
    )  # fmt: skip


async def _answer(desk: Desk, number: str) -> str:
    """Return the reply that the citizen got, without what tells who somebody is; a unit may have named them."""
    reply = await desk.last_reply(number)
    return "" if reply is None or reply.outcome is Outcome.HELD else redacted(reply.draft.text)


def _acting(request: web.Request, account: Account) -> str:
    """Return under which name a leader's step stands: the body's, or what the city's text calls its own leaders."""
    reach = request.app[LEADING].reach(account.unit)
    return account.unit or next((one.rule.label for one in reach), "")
