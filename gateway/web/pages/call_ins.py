"""``/ops/call-ins``: the days on which leaders take calls are announced, and what was taken on them is noted."""

from collections.abc import Mapping
from datetime import date, time

from aiohttp import web

from gateway.store.call_ins import CallIns
from groundwork.addresses import address_of
from hotline.call_in import LONGEST, CallIn, call_in_rules, fault_of
from hotline.citypack import CityPack
from hotline.message import clean
from hotline.ticket import is_ticket_number, normalised
from staff.guard import account_of, form_token_of, text_of
from staff.look import Look
from staff.signing_in import author

AT = "/ops/call-ins"
MOST_CALLS, MOST_TICKETS = 9_999, 500
_FIELDS = ("day", "first", "last", "leader", "place")


class CallInPages:
    """The page for dispatchers."""

    def __init__(self, look: Look, call_ins: CallIns, pack: CityPack) -> None:
        self._look, self._call_ins, self._rules = look, call_ins, call_in_rules(pack)

    def routes(self) -> tuple[web.RouteDef, ...]:
        """Return the routes for dispatchers."""
        one = rf"{AT}/{{id:\d{{1,17}}}}"
        return (
            web.get(AT, self.show),
            web.post(AT, self.announce),
            web.post(f"{one}/take-back", self.take_back),
            web.post(f"{one}/calls", self.note),
        )

    async def show(self, request: web.Request) -> web.StreamResponse:
        """Show the days, the latest first."""
        return await self._page(request)

    async def announce(self, request: web.Request) -> web.StreamResponse:
        """Announce a day, or say what the text asks that it lacks."""
        form = await request.post()
        typed = {name: clean(text_of(form, name)).strip()[: LONGEST + 1] for name in _FIELDS}
        one = _call_in(typed)
        if one is None or self._rules is None:
            return await self._page(request, failed="day", typed=typed)
        if wrong := fault_of(self._rules, one, today=self._call_ins.today()):
            return await self._page(request, failed=wrong, typed=typed)
        await self._call_ins.announce(one, by=author(account_of(request), address_of(request)))
        raise web.HTTPSeeOther(f"{AT}?done=announced")

    async def take_back(self, request: web.Request) -> web.StreamResponse:
        """Announce a day no more; a second click changes nothing."""
        by = author(account_of(request), address_of(request))
        await self._call_ins.take_back(int(request.match_info["id"]), by=by)
        raise web.HTTPSeeOther(f"{AT}?done=taken_back")

    async def note(self, request: web.Request) -> web.StreamResponse:
        """Note how many calls were taken and which tickets came of them."""
        form = await request.post()
        calls, words = text_of(form, "calls").strip(), text_of(form, "tickets").split()
        numbers = [normalised(word) for word in words]
        if not _is_count(calls) or len(numbers) > MOST_TICKETS or not all(map(is_ticket_number, numbers)):
            return await self._page(request, failed="calls")
        by = author(account_of(request), address_of(request))
        await self._call_ins.note(int(request.match_info["id"]), int(calls), numbers, by=by)
        raise web.HTTPSeeOther(f"{AT}?done=noted")

    async def _page(
        self, request: web.Request, *, failed: str = "", typed: Mapping[str, str] | None = None
    ) -> web.Response:
        return self._look.page(
            "call-ins.html", status=422 if failed else 200, account=account_of(request),
            form_token=form_token_of(request), rules=self._rules, days=await self._call_ins.latest(),
            today=self._call_ins.today(), failed=failed, typed=typed or dict.fromkeys(_FIELDS, ""), longest=LONGEST,
            done=request.query.get("done", ""),
        )  # fmt: skip


def _call_in(typed: Mapping[str, str]) -> CallIn | None:
    try:
        return CallIn(
            day=date.fromisoformat(typed["day"]), first=time.fromisoformat(typed["first"]),
            last=time.fromisoformat(typed["last"]), leader=typed["leader"], place=typed["place"],
        )  # fmt: skip
    except ValueError:
        return None


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 6 and int(text) <= MOST_CALLS
