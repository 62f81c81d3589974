"""``/ops/polls``: dispatchers begin a poll that was set from above and see live what comes in."""

from collections.abc import Mapping
from datetime import date

from aiohttp import web

from gateway.store.polls import Polls
from groundwork.addresses import address_of
from groundwork.clock import Clock
from hotline.calendar import CITY_TIME
from hotline.citypack import CityPack
from hotline.message import clean
from hotline.polls import Poll, fault_of, poll_rule, results
from staff.guard import account_of, form_token_of, text_of
from staff.look import Look
from staff.signing_in import author

FIELDS = ("question", "options", "ordered_by", "first", "last", "areas", "system", "groups")


class PollingPages:
    """The pages for dispatchers, in cities whose text asks for opinions."""

    def __init__(self, look: Look, polls: Polls, pack: CityPack, *, clock: Clock) -> None:
        self._look, self._polls, self._pack, self._clock = look, polls, pack, clock

    def routes(self) -> tuple[web.RouteDef, ...]:
        """Return the routes for dispatchers."""
        return (
            web.get("/ops/polls", self.listed),
            web.post("/ops/polls", self.begin),
            web.get(r"/ops/polls/{id:\d{1,17}}", self.show),
        )

    async def listed(self, request: web.Request) -> web.StreamResponse:
        """List the polls, with the form for another."""
        return await self._page(request)

    async def begin(self, request: web.Request) -> web.StreamResponse:
        """Begin a poll, or say what is wrong with it."""
        form = await request.post()
        typed = {name: clean(text_of(form, name)).strip() for name in FIELDS}
        typed["areas"] = "\n".join(str(one) for one in form.getall("areas", []))
        poll = self._poll(typed)
        wrong = "days" if poll is None else fault_of(poll)
        if poll_rule(self._pack) is None:
            raise web.HTTPNotFound
        if poll is None or wrong:
            return await self._page(request, failed=wrong, typed=typed)
        by = author(account_of(request), address_of(request))
        id = await self._polls.add(poll, by=by, at=self._clock())
        raise web.HTTPSeeOther(f"/ops/polls/{id}")

    async def show(self, request: web.Request) -> web.StreamResponse:
        """Show what came in so far, in all and by area, group and day."""
        poll = await self._polls.find(int(request.match_info["id"]))
        if poll is None:
            raise web.HTTPNotFound
        found = results(poll, await self._polls.answers(poll.id))
        return self._look.page(
            "poll_results.html", account=account_of(request), form_token=form_token_of(request), poll=poll, found=found,
            rule=poll_rule(self._pack), is_open=poll.is_open(self._today()),
        )  # fmt: skip

    async def _page(
        self, request: web.Request, *, failed: str = "", typed: Mapping[str, str] | None = None
    ) -> web.Response:
        return self._look.page(
            "polls.html", status=422 if failed else 200, account=account_of(request), form_token=form_token_of(request),
            rule=poll_rule(self._pack), polls=await self._polls.listed(), today=self._today(), failed=failed,
            typed=typed or dict.fromkeys(FIELDS, ""), areas=self._areas(),
        )  # fmt: skip

    def _areas(self) -> list[str]:
        return [area.name for area in self._pack.gazetteer.areas if area.is_county]

    def _poll(self, typed: Mapping[str, str]) -> Poll | None:
        """Return the poll that was typed, ``None`` where a day is none."""
        try:
            first, last = (date.fromisoformat(typed[name]) for name in ("first", "last"))
        except ValueError:
            return None
        chosen = typed["areas"].splitlines()
        return Poll(
            id=0, question=typed["question"], options=_lines(typed["options"]), ordered_by=typed["ordered_by"],
            first=first, last=last, areas=tuple(name for name in self._areas() if name in chosen),
            system=typed["system"], groups=_lines(typed["groups"]),
        )  # fmt: skip

    def _today(self) -> date:
        return self._clock().astimezone(CITY_TIME).date()


def _lines(text: str) -> tuple[str, ...]:
    return tuple(filter(None, map(str.strip, text.splitlines())))
