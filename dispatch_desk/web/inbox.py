"""The inbox: the list as its address asks for it, and the stream that tells open pages of news."""

import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from dispatch_desk.cases import State
from dispatch_desk.inbox import Inbox, asked_at
from dispatch_desk.live import Live, News
from dispatch_desk.store.listing import COLUMNS, MARKS, MOST, ORDERS, VIEWS, Asked, Key, Row
from dispatch_desk.web.look import LOOK
from dispatch_desk.web.pages import next_clock, scope_of
from hotline.citypack import CityPack
from hotline.ticket import ALPHABET, normalised
from staff.guard import account_of, session_stands

INBOX: web.AppKey[Inbox] = web.AppKey("inbox", Inbox)
LIVE: web.AppKey[Live] = web.AppKey("live", Live)
PACK: web.AppKey[CityPack] = web.AppKey("pack", CityPack)
HEARTBEAT = 15.0  #: seconds between two looks whether the session still stands
_STREAM = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",  # proxies would hold the news back
}
_EPOCH, _MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)


async def inbox(request: web.Request) -> web.StreamResponse:
    """List the cases: danger that nobody signed yet first, then what is due first, or the newest first."""
    account = account_of(request)
    scope = scope_of(account)
    if scope == "":
        return request.app[LOOK].page("no_unit.html", account=account)
    inbox, pack = request.app[INBOX], request.app[PACK]
    now = inbox.clock()
    asked = read(request.query, asked_at(now, scope=scope))
    listing = await inbox.listing(asked)
    rows = listing.rows
    return request.app[LOOK].page(
        "inbox.html",
        account=account,
        now=now,
        rows=[(row.case, next_clock(row.case, now)) for row in rows],
        asked=asked,
        counts=listing.counts,
        most=MOST,
        here_is=address(asked),
        tabs={view: address(replace(asked, view=view)) for view in VIEWS},
        newest=address(replace(asked_at(now, scope=scope), order="new")),
        earlier=_beside(asked, rows[0], backwards=True) if listing.earlier and rows else "",
        later=_beside(asked, rows[-1], backwards=False) if listing.later and rows else "",
        choices=_choices(pack, scope),
        narrowed=len(asked.marks) + sum(map(bool, (asked.unit, asked.number, *asked.columns.values()))),
    )


async def events(request: web.Request) -> web.StreamResponse:
    """Tell an open list of news, nothing of what cases say, for as long as its session stands."""
    account = account_of(request)
    response = web.StreamResponse(headers=_STREAM)
    await response.prepare(request)
    if (scope := scope_of(account)) == "":
        return response
    with request.app[LIVE].watching(scope) as viewer:
        await response.write(b"retry: 5000\nevent: begun\ndata: {}\n\n")
        while await session_stands(request) and not viewer.over:
            news = await viewer.next(HEARTBEAT)
            await response.write(_told(news) if news else b":\n\n")
    return response


def read(query: Mapping[str, str], everything: Asked) -> Asked:
    """Return what an address asks for; what it cannot mean is left out."""
    view, order = query.get("view", ""), query.get("order", "")
    asked = replace(
        everything,
        view=view if view in VIEWS else "all",
        order=order if order in ORDERS else "due",
        number=_letters(query.get("q", "")),
        unit=_plain(query.get("unit", "")),
        columns={name: _plain(query.get(name, "")) for name in COLUMNS},
        marks={name for name in MARKS if query.get(name) == "1"},
    )
    for name, backwards in (("after", False), ("before", True)):
        if key := _key(query.get(name, ""), asked.order, backwards=backwards):
            return replace(asked, key=key)
    return asked


def address(asked: Asked) -> str:
    """Return the address of the list that is asked for."""
    query = {"unit": asked.unit, "q": asked.number, **asked.columns, **dict.fromkeys(asked.marks, "1")}
    query["view"] = "" if asked.view == "all" else asked.view
    query["order"] = "" if asked.order == "due" else asked.order
    if asked.key:
        at = asked.key.at
        place = at if isinstance(at, int) else (at - _EPOCH) // _MICROSECOND
        query["before" if asked.key.backwards else "after"] = f"{place}.{asked.key.number}"
    return "?" + urlencode({name: value for name, value in query.items() if value})


def _beside(asked: Asked, row: Row, *, backwards: bool) -> str:
    return address(replace(asked, key=Key(at=row.at, number=row.case.number, backwards=backwards)))


def _key(text: str, order: str, *, backwards: bool) -> Key | None:
    place, _, number = text.partition(".")
    digits = place.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) < 20 and abs(int(place)) < 2**63):
        return None
    try:
        at = int(place) if order == "due" else _EPOCH + timedelta(microseconds=int(place))
    except OverflowError:
        return None
    return Key(at=at, number=_letters(number), backwards=backwards)


def _plain(typed: str) -> str:
    return typed[:200].replace("\0", "")


def _letters(typed: str) -> str:
    return "".join(letter for letter in normalised(typed) if letter in ALPHABET)[:17]


def _told(news: News) -> bytes:
    return f"event: news\ndata: {json.dumps(asdict(news))}\n\n".encode()


def _choices(pack: CityPack, scope: str | None) -> dict[str, Any]:
    return {
        "units": [unit.name for unit in pack.units] if scope is None else [],
        "kinds": {kind.id: kind.label for kind in pack.kinds.values()},
        "classes": {one.id: one.label for one in pack.classes.values()},
        "channels": {rule.id: rule.label for rule in pack.channels},
        "states": [state.value for state in State],
    }
