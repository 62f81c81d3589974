"""The first page, and the switch between its two sizes."""

import re
from collections.abc import Sequence

from aiohttp import web

from gateway.web.forms import read_form
from gateway.web.ports import Articles, CallIns
from gateway.web.rendering import CARE_COOKIE, Pages
from hotline.call_in import CallIn
from hotline.errors import StorageAwayError
from hotline.understanding import Hit

SHOWN_QUESTIONS = 4
_PLACE = re.compile(r"/(?!/)[A-Za-z0-9_/-]*")
_YEAR = 365 * 24 * 3600


class Portal:
    """``/`` and ``/mode``."""

    def __init__(self, pages: Pages, articles: Articles, call_ins: CallIns | None, *, secure: bool) -> None:
        self._pages, self._articles, self._call_ins, self._secure = pages, articles, call_ins, secure

    def routes(self) -> tuple[web.RouteDef, ...]:
        """Return the routes of the page."""
        return (web.get("/", self.show), web.post("/mode", self.switch))

    async def show(self, request: web.Request) -> web.Response:
        """Show the entries, the emergency numbers, common questions and what the city promises."""
        return self._pages.respond(
            request, "portal.html", articles=await self._common(), call_ins=await self._coming()
        )

    async def switch(self, request: web.Request) -> web.Response:
        """Remember the size that the reader wants and go back."""
        form = await read_form(request)
        back = form.get("back", "/")
        response = web.Response(status=303, headers={"Location": back if _PLACE.fullmatch(back) else "/"})
        keep_mode(response, form.get("mode", ""), secure=self._secure)
        return response

    async def _coming(self) -> Sequence[CallIn]:
        try:
            return await self._call_ins.coming() if self._call_ins else ()
        except StorageAwayError:
            return ()

    async def _common(self) -> tuple[Hit, ...]:
        try:
            return (await self._articles.listed())[:SHOWN_QUESTIONS]
        except StorageAwayError:
            return ()  # the emergency numbers and the entries must be there all the same


def keep_mode(response: web.StreamResponse, mode: str, *, secure: bool) -> None:
    """Remember ``mode`` in the reader's browser; anything but ``care`` is the usual one."""
    if mode == "care":
        response.set_cookie(
            CARE_COOKIE, mode, max_age=_YEAR, path="/", httponly=True, samesite="Lax", secure=secure
        )
    else:
        response.del_cookie(CARE_COOKIE, path="/")
