"""``/calls``: whom to call about a reply; and on a case's page everything that comes after one."""

from collections.abc import Sequence
from typing import Any

from aiohttp import web

from dispatch_desk.cases import Case
from dispatch_desk.clocks import countdown
from dispatch_desk.following import MAX_WORDS, REDONE, Filled
from dispatch_desk.followups import Followups
from dispatch_desk.web.archive import ARCHIVING
from dispatch_desk.web.look import LOOK
from dispatch_desk.web.pages import DESK, SIGNERS, number_of, scope_of, show_case
from groundwork.addresses import address_of
from groundwork.audit import Action
from hotline.casework import Step, Taken
from hotline.following_up import ASIDE, Outcome, Stage
from hotline.message import SOLVED, clean
from hotline.texting import WAY
from staff.accounts import Role
from staff.guard import account_of, form_token_of, text_of
from staff.signing_in import author

FOLLOWUPS: web.AppKey[Followups] = web.AppKey("followups", Followups)
STEPS = (
    Step.FOLLOW_UP, Step.SET_RATING_ASIDE, Step.REDO, Step.COORDINATE, Step.EVALUATE, Step.CLOSE, Step.ARCHIVE,
)  # fmt: skip
OF_UNITS = (Step.SET_RATING_ASIDE,)  #: a unit proposes it, the centre decides (R-BD-9)


async def calls(request: web.Request) -> web.StreamResponse:
    """List whom to call, what is due first on top; those who may rate on their own channel first come last."""
    desk = request.app[DESK]
    now = desk.clock()
    rows = [
        (case, stands, countdown(due, since=due.since or case.filed_at, now=now) if due else None)
        for case, stands, due in await request.app[FOLLOWUPS].waiting()
    ]
    ready = [row for row in rows if row[1].stage is Stage.CALLABLE]
    later = [row for row in rows if row[1].stage in (Stage.ASKED, Stage.WAITING)]
    return request.app[LOOK].page(
        "calls.html", account=account_of(request), form_token=form_token_of(request), now=now, ready=ready, later=later,
        asking=request.app[FOLLOWUPS].asking, text_asks=WAY in request.app[FOLLOWUPS].asking.ways,
    )  # fmt: skip


async def take(request: web.Request) -> web.StreamResponse:
    """Take a step after the reply, or show what is in its way; a unit may propose that a rating be set aside."""
    step, account, number = Step(request.match_info["step"]), account_of(request), number_of(request)
    unit = scope_of(account)
    if unit is not None and step not in OF_UNITS:
        raise web.HTTPForbidden
    by = author(account, address_of(request))
    if step is Step.ARCHIVE:
        reason = _filled(await request.post()).reason
        hindered = await request.app[ARCHIVING].put_away(number, by=by, reason=reason)
    else:
        mover = request.app[FOLLOWUPS].following.mover(
            step, _filled(await request.post()), unit=unit or "", by=account.id
        )
        hindered = await request.app[DESK].move(number, mover, unit=unit, action=Action.CASE_STEP, by=by)
    if hindered is None:
        raise web.HTTPNotFound
    if hindered:
        return await show_case(request, failed=step, typed=hindered)
    raise web.HTTPSeeOther(f"/cases/{number}?done={step}#after")


async def panel(request: web.Request, case: Case, taken: Sequence[Taken]) -> dict[str, Any]:
    """Return what ``after.html`` shows of a case."""
    return {
        "after": request.app[FOLLOWUPS].following.after(case, taken, request.app[DESK].clock()),
        "outcomes": list(Outcome),
        "asides": ASIDE,
        "solvedness": SOLVED,
        "redone": REDONE,
        "longest_words": MAX_WORDS,
        "of_units": OF_UNITS,
        "follows": account_of(request).role in SIGNERS,
        "proposes": account_of(request).role is Role.UNIT,
    }


def _filled(form: Any) -> Filled:
    values = {
        name: clean(text_of(form, name)).strip()[:MAX_WORDS]
        for name in ("result", "grade", "solved", "category", "reason", "day")
    }
    return Filled(**values)
