"""Polls as citizens see them: what is asked now, and one answer from each browser, without a name."""

import hmac
import secrets
from datetime import date

from aiohttp import web

from gateway.web.floods import SESSIONS, TooManyMessagesError, origin_of
from gateway.web.forms import read_form
from gateway.web.ports import Limits, Polling
from gateway.web.rendering import Pages
from groundwork.clock import Clock
from hotline.calendar import CITY_TIME
from hotline.polls import Answer, Poll, lacking

COOKIE = "huying_poll"
_YEAR = 365 * 24 * 3600


class PollPages:
    """``/polls`` and ``/polls/{id}``; ``key`` turns a browser's cookie into what answers are told apart by."""

    def __init__(
        self, pages: Pages, polls: Polling, limits: Limits, *, key: bytes, clock: Clock, secure: bool
    ) -> None:
        self._pages, self._polls, self._limits = pages, polls, limits
        self._key, self._clock, self._secure = key, clock, secure

    def routes(self) -> tuple[web.RouteDef, ...]:
        """Return the routes of the pages."""
        return (
            web.get("/polls", self.listed),
            web.get(r"/polls/{id:\d{1,17}}", self.show),
            web.post(r"/polls/{id:\d{1,17}}", self.answer),
        )

    async def listed(self, request: web.Request) -> web.Response:
        """Show what is asked now."""
        open_now = [poll for poll in await self._polls.listed() if poll.is_open(self._today())]
        return self._pages.respond(request, "polls.html", polls=open_now)

    async def show(self, request: web.Request) -> web.Response:
        """Show one poll with its form, or that it is over."""
        return self._page(request, await self._find(request), done=request.query.get("done", ""))

    async def answer(self, request: web.Request) -> web.Response:
        """Count an answer; a second one from the same browser changes nothing."""
        poll, form = await self._find(request), await read_form(request)
        place = form.get("option", "")
        answer = Answer(
            option=int(place) if place.isascii() and place.isdigit() and len(place) < 3 else -1,
            area=form.get("area", ""), group=form.get("group", ""), day=self._today(),
        )  # fmt: skip
        if not poll.is_open(answer.day):
            return self._page(request, poll)
        if wrong := lacking(poll, answer):
            return self._page(request, poll, failed=wrong, typed=form)
        token = request.cookies.get(COOKIE, "") or await self._new_voter(request)
        voter = hmac.digest(self._key, f"{poll.id}:{token[:100]}".encode(), "sha256")
        new = await self._polls.answer(poll.id, _as_asked(poll, answer), voter=voter)
        response = web.Response(
            status=303, headers={"Location": f"/polls/{poll.id}?done={'yes' if new else 'again'}"}
        )
        response.set_cookie(
            COOKIE, token, max_age=_YEAR, path="/polls", httponly=True, samesite="Lax", secure=self._secure
        )
        return response

    async def _new_voter(self, request: web.Request) -> str:
        origin = origin_of(request)
        wait = (await self._limits.take((SESSIONS, origin))).wait if origin is not None else 0.0
        if wait > 0:
            raise TooManyMessagesError(wait)
        return secrets.token_urlsafe(16)

    async def _find(self, request: web.Request) -> Poll:
        poll = await self._polls.find(int(request.match_info["id"]))
        if poll is None:
            raise web.HTTPNotFound
        return poll

    def _page(
        self, request: web.Request, poll: Poll, *, failed: str = "", done: str = "", typed: dict[str, str] | None = None
    ) -> web.Response:  # fmt: skip
        return self._pages.respond(
            request, "poll.html", status=422 if failed else 200, personal=True, poll=poll, failed=failed, done=done,
            typed=typed or {}, is_open=poll.is_open(self._today()),
        )  # fmt: skip

    def _today(self) -> date:
        return self._clock().astimezone(CITY_TIME).date()


def _as_asked(poll: Poll, answer: Answer) -> Answer:
    """Return the answer without area or group where the poll asks for none."""
    return Answer(
        option=answer.option, area=answer.area if poll.areas else "", group=answer.group if poll.groups else "",
        day=answer.day,
    )  # fmt: skip
