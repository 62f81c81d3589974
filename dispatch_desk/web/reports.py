"""``/reports``: figures of a period, scores with their arithmetic, places; a unit sees its own alone."""

import json
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from aiohttp import web

from dispatch_desk.publishing import Publishing
from dispatch_desk.replying import MAX_REASON, MIN_REASON
from dispatch_desk.reporting import Reporting
from dispatch_desk.web.look import LOOK
from dispatch_desk.web.pages import SIGNERS, scope_of
from dispatch_desk.workbook import written
from groundwork.addresses import address_of
from hotline.bodies import Unit
from hotline.citypack import CityPack
from hotline.figures import Rate, is_reckoned
from hotline.marks import Entry, Part, hundredths, is_for
from hotline.message import clean
from hotline.periods import Period
from staff.accounts import Role
from staff.guard import account_of, form_token_of, text_of
from staff.signing_in import author

KEEPERS = SIGNERS
READERS = (*KEEPERS, Role.UNIT)
PUBLISHING: web.AppKey[Publishing] = web.AppKey("publishing", Publishing)
REPORTING: web.AppKey[Reporting] = web.AppKey("reporting", Reporting)
WORDS: Mapping[str, Any] = json.loads(
    Path(__file__).with_name("report_words.json").read_text(encoding="utf-8")
)
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_MOST = Decimal(1_000_000)
_MONTHS_SHOWN = 12


async def report(request: web.Request) -> web.StreamResponse:
    """Show the figures of a period, unit by unit, each with its numerator and denominator."""
    account, period = account_of(request), _period(request)
    if scope_of(account) == "":
        return request.app[LOOK].page("no_unit.html", account=account)
    found = await request.app[REPORTING].report(period, unit=scope_of(account))
    return _page(
        request,
        "report.html",
        published=request.app[PUBLISHING].circular_law,
        period=period,
        report=found,
        columns=columns_of(request.app[REPORTING].pack),
    )


async def workbook(request: web.Request) -> web.StreamResponse:
    """Return the figures and the lines of the scores as a workbook."""
    period, scope, reporting = _period(request), scope_of(account_of(request)), request.app[REPORTING]
    found = await reporting.report(period, unit=scope)
    scores = await reporting.scores(period)
    sheets = {name: one for name, one in scores.sheets.items() if scope in (None, name)}
    return book(f"report-{period.name}", written(found, sheets, columns_of(reporting.pack), WORDS))


async def ranking(request: web.Request) -> web.StreamResponse:
    """Show the scores of all units, the lists of places, and whom the text picks out."""
    period, apart = _period(request), _apart(request)
    scores = await request.app[REPORTING].scores(period, apart=apart)
    return _page(request, "ranking.html", period=period, scores=scores, apart=apart)


async def sheet(request: web.Request) -> web.StreamResponse:
    """Show how one unit's score comes about."""
    return await _sheet(request)


async def enter(request: web.Request) -> web.StreamResponse:
    """Enter what the system cannot know, for a reason."""
    form, period, unit = await request.post(), _period(request), _unit(request)
    reason = clean(text_of(form, "reason")).strip()
    part, value = _part(request, unit, text_of(form, "part")), _number(text_of(form, "value"))
    if part is None or value is None or not MIN_REASON <= len(reason) <= MAX_REASON:
        failed = "part" if part is None else "value" if value is None else "reason"
        return await _sheet(request, failed=failed, typed=reason)
    rule, item = part.key
    entry = Entry(
        unit=unit.name, month=_month(period, request.app[REPORTING].clock()), rule=rule, item=item, value=value, reason=reason
    )  # fmt: skip
    await request.app[REPORTING].enter(entry, by=author(account_of(request), address_of(request)))
    raise web.HTTPSeeOther(f"{request.path.removesuffix('/entries')}?period={period.name}&done=entered")


async def withdraw(request: web.Request) -> web.StreamResponse:
    """Let an entry count no more; a second click changes nothing."""
    by = author(account_of(request), address_of(request))
    await request.app[REPORTING].withdraw(int(request.match_info["entry"]), by=by)
    number, period = request.match_info["unit"], _period(request)
    raise web.HTTPSeeOther(f"/reports/units/{number}?period={period.name}&done=withdrawn")


async def confirm(request: web.Request) -> web.StreamResponse:
    """Note who above confirmed an entry of money; a second click changes nothing."""
    confirmation = clean(text_of(await request.post(), "reason")).strip()
    if not MIN_REASON <= len(confirmation) <= MAX_REASON:
        return await _sheet(request, failed="confirmation", typed=confirmation)
    by, period = author(account_of(request), address_of(request)), _period(request)
    await request.app[REPORTING].confirm(int(request.match_info["entry"]), confirmation, by=by)
    raise web.HTTPSeeOther(f"/reports/units/{request.match_info['unit']}?period={period.name}&done=confirmed")


async def _sheet(request: web.Request, *, failed: str = "", typed: str = "") -> web.Response:
    unit, period, reporting = _unit(request), _period(request), request.app[REPORTING]
    scores = await reporting.scores(period, apart=_apart(request))
    return _page(
        request, "score.html", status=422 if failed else 200, period=period, unit=unit, sheet=scores.sheets[unit.name],
        parts=[part for part in reporting.enterable() if is_for(part, unit) or part.scored == "money"],
        entries=[one for one in scores.entries if one.unit == unit.name], failed=failed, typed=typed,
        often=[one for one in scores.often if one.unit == unit.name],
        waits_for=reporting.waits_for,
        says={part.key: part.says for part in reporting.enterable()}, apart=_apart(request),
        number=reporting.pack.units.index(unit), may_enter=account_of(request).role in KEEPERS,
    )  # fmt: skip


def _page(request: web.Request, template: str, *, status: int = 200, **values: Any) -> web.Response:
    reporting, now = request.app[REPORTING], request.app[REPORTING].clock()
    month = Period.at(now)
    rhythms = ("month", "quarter", "half_year", "year")
    return request.app[LOOK].page(
        template, status=status, account=account_of(request), form_token=form_token_of(request), now=now,
        numbers={unit.name: n for n, unit in enumerate(reporting.pack.units)}, percent=percent, hundredths=hundredths,
        groups={group.id: group.label for group in reporting.pack.groups}, apart_rule=reporting.apart(),
        periods=[*(Period.at(now, every) for every in rhythms[1:]), *(month.before(n) for n in range(_MONTHS_SHOWN))],
        done=request.query.get("done", ""), longest={"reason": MAX_REASON, "least": MIN_REASON}, **values,
    )  # fmt: skip


def columns_of(pack: CityPack) -> dict[str, str]:
    """Return the figures that are shown: those of every city, then the measures of the city's own text."""
    own = {f"city-{one.id}": one.label for one in pack.measures if is_reckoned(one.counts, one.over)}
    return dict(WORDS["columns"]) | own


def percent(rate: Rate) -> str:
    """Return a rate in hundredths of a percent; empty where nothing was asked."""
    return "" if rate.value is None else f"{hundredths(100 * rate.value)}%"


def book(name: str, body: bytes) -> web.Response:
    """Return a workbook as a file of that name."""
    headers = {"Content-Disposition": f'attachment; filename="{name}.xlsx"', "Cache-Control": "no-store"}
    return web.Response(body=body, content_type=_XLSX, headers=headers)


def asked_period(request: web.Request, now: datetime) -> Period:
    """Return the period in the address, the month of ``now`` where there is none."""
    try:
        return Period.of(request.query["period"])
    except (KeyError, ValueError):
        return Period.at(now)


def _period(request: web.Request) -> Period:
    return asked_period(request, request.app[REPORTING].clock())


def _month(period: Period, now: datetime) -> Period:
    """Return the month that an entry made on the page of ``period`` belongs to."""
    return Period.at(now) if now in period else [*period.months()][-1]


def _apart(request: web.Request) -> bool | None:
    asked = request.query.get("apart")
    return None if asked not in ("yes", "no") else asked == "yes"


def _unit(request: web.Request) -> Unit:
    """Return the unit in the address; of another unit, a unit's account learns as little as of none."""
    every, number = request.app[REPORTING].pack.units, int(request.match_info["unit"])
    scope = scope_of(account_of(request))
    if number >= len(every) or scope not in (None, every[number].name):
        raise web.HTTPNotFound
    return every[number]


def _part(request: web.Request, unit: Unit, key: str) -> Part | None:
    parts = request.app[REPORTING].enterable()
    return next(
        (one for one in parts if "/".join(one.key) == key and (is_for(one, unit) or one.scored == "money")),
        None,
    )


def _number(text: str) -> Decimal | None:
    try:
        value = Decimal(text.strip())
    except InvalidOperation:
        return None
    return value if value.is_finite() and abs(value) <= _MOST else None
