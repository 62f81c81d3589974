"""``/meeting``, ``/letters`` and ``/files``: the lists that the texts ask for, the first two as workbooks too."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from aiohttp import web

from dispatch_desk.cases import Case
from dispatch_desk.gatherings import Gatherings, Letter
from dispatch_desk.web.look import LOOK
from dispatch_desk.web.pages import scope_of
from dispatch_desk.web.reports import asked_period, book
from dispatch_desk.web.supervision import SUPERVISION
from dispatch_desk.workbook import one_sheet
from groundwork.sheets import Value
from hotline.casework import Step, Taken
from hotline.meetings import Point, has_meeting
from hotline.periods import Period
from hotline.supervising import Matter
from staff.guard import account_of, form_token_of

GATHERINGS: web.AppKey[Gatherings] = web.AppKey("gatherings", Gatherings)
#: Steps of a letter that its ledger shows, in order.
OF_LETTERS = (Step.REPLY, Step.HAND_IN, Step.REVIEW, Step.SEND_UP)
_WORDS: Mapping[str, Any] = json.loads(
    Path(__file__).with_name("gathering_words.json").read_text(encoding="utf-8")
)
_MONTHS_SHOWN = 12


async def meeting(request: web.Request) -> web.StreamResponse:
    """Show what the meeting of a month has to decide, and what it decided."""
    lists, period = request.app[GATHERINGS], _period(request)
    points = await lists.agenda(period)
    return _page(request, "meeting.html", period=period, points=points, known=has_meeting(lists.pack))


async def meeting_book(request: web.Request) -> web.StreamResponse:
    """Return the agenda of a month as a workbook."""
    period = _period(request)
    points = await request.app[GATHERINGS].agenda(period)
    return _book("meeting", period, [_point(case, point) for case, point in points])


async def letters(request: web.Request) -> web.StreamResponse:
    """Show the ledger of letters of a month."""
    period, lists = _period(request), request.app[GATHERINGS]
    return _page(
        request, "letters.html", period=period, letters=await lists.letters(period), ledger=lists.ledger, of_letters=OF_LETTERS
    )  # fmt: skip


async def letters_book(request: web.Request) -> web.StreamResponse:
    """Return the ledger of a month as a workbook."""
    period = _period(request)
    found = await request.app[GATHERINGS].letters(period)
    return _book("letters", period, [_letter(one) for one in found])


async def ledgers_book(request: web.Request) -> web.StreamResponse:
    """Return what was entered in the ledgers in a month as a workbook."""
    period = _period(request)
    found = await request.app[GATHERINGS].ledgers(period)
    rows = [_entered(case, one) for case, one in found]
    return _book("ledgers", period, rows)


async def abnormal_book(request: web.Request) -> web.StreamResponse:
    """Return what open cases call for now, and to whom it goes, as a workbook for those above."""
    board = await request.app[SUPERVISION].board()
    rows = [_calling(case, matter) for case, oversight in board.calling for matter in oversight.calling]
    return _book("abnormal", Period.at(request.app[GATHERINGS].clock()), rows)


async def files(request: web.Request) -> web.StreamResponse:
    """Show the closed cases with what their files lack; a unit sees those that it led."""
    lists, scope = request.app[GATHERINGS], scope_of(account_of(request))
    if scope == "":
        return request.app[LOOK].page("no_unit.html", account=account_of(request))
    period = _period(request)
    files = await lists.archive(period, scope)
    return _page(request, "files.html", period=period, files=files, law=lists.archive_law)


def _page(request: web.Request, template: str, **values: Any) -> web.Response:
    now = request.app[GATHERINGS].clock()
    month = Period.at(now)
    return request.app[LOOK].page(
        template, account=account_of(request), form_token=form_token_of(request), now=now,
        periods=[month.before(n) for n in range(_MONTHS_SHOWN)], **values,
    )  # fmt: skip


def _period(request: web.Request) -> Period:
    return asked_period(request, request.app[GATHERINGS].clock())


def _book(name: str, period: Period, rows: Sequence[Sequence[Value]]) -> web.Response:
    return book(f"{name}-{period.name}", one_sheet(_WORDS["titles"][name], _WORDS[name], rows))


def _entered(case: Case, one: Taken) -> list[Value]:
    return [
        one.data.get("basis", ""), case.number, _title(case), case.lead_unit, one.at, one.data.get("reason", "")
    ]  # fmt: skip


def _calling(case: Case, matter: Matter) -> list[Value]:
    law = f"{matter.law.instrument}{matter.law.article}"
    told = "\n".join(_WORDS["roles"].get(role, role) for role in matter.to)
    return [
        case.number, _title(case), case.lead_unit, matter.says, law, told, _WORDS["steps"].get(matter.step, matter.step)
    ]  # fmt: skip


def _point(case: Case, point: Point) -> list[Value]:
    law = f"{point.law.instrument}{point.law.article}"
    return [
        case.number, _title(case), "\n".join(case.units), point.says, law, point.put_at, point.reason, point.decided_at,
        point.decision,
    ]  # fmt: skip


def _letter(letter: Letter) -> list[Value]:
    case, due = letter.case, letter.due
    done = (letter.steps.get(step) for step in OF_LETTERS)
    return [
        case.number, _title(case), case.ticket["channel"], case.filed_at, case.lead_unit, due and due.at,
        *(one and one.at for one in done),
    ]  # fmt: skip


def _title(case: Case) -> str:
    label = str(case.ticket["kind_label"])
    return f"{_WORDS['confidential']}{label}" if case.confidential else case.ticket["title"] or label
