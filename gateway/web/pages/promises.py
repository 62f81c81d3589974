"""What the city's text promises, on one page."""

from aiohttp import web

from gateway.web.promises import promises_of
from gateway.web.rendering import WORDS, Pages, plain_date
from groundwork.clock import Clock
from hotline.calendar import CITY_TIME
from hotline.citypack import CityPack


class PromisesPage:
    """``/promises``, by the law of the day on which it is read."""

    def __init__(self, pages: Pages, pack: CityPack, *, clock: Clock) -> None:
        self._pages, self._pack, self._clock = pages, pack, clock

    def routes(self) -> tuple[web.RouteDef, ...]:
        """Return the route of the page."""
        return (web.get("/promises", self.show),)

    async def show(self, request: web.Request) -> web.Response:
        """Show who is served, what is led elsewhere, how long what takes, and what the text is silent about."""
        pack = self._pack.on(self._clock().astimezone(CITY_TIME).date())
        promises = promises_of(pack, WORDS, write=plain_date)
        return self._pages.respond(request, "promises.html", promises=promises)
